// Reports of runs with clients of several kinds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <sstream>
#include <string>

#include "tests/tools/loadgen_example_result.h"
#include "tools/loadgen/report_html.h"
#include "tools/loadgen/report_text.h"

namespace loadgen {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(MixReport, Text_ShowsTheKindsUnderWhatTheyAreTogether) {
  const std::string text = text_report(example_mixed_result());
  const std::size_t together = text.find("\n  corrected ");
  const std::size_t first = text.find("\n    native        1.00 ms");
  const std::size_t second = text.find("\n    irc+ws        4.00 ms");
  const std::size_t next = text.find("\n  uncorrected ");
  ASSERT_NE(second, std::string::npos) << text;
  EXPECT_TRUE(together < first && first < second && second < next) << text;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 100U) << line;  // of bytes, some of which share a column
  }
}

TEST(MixReport, Text_NamesTheKindThatWentWrong) {
  Result result = example_mixed_result();
  EXPECT_THAT(text_report(result), Not(HasSubstr("irc+ws (100 clients)")));
  result.kinds[1].integrity.lost = 3;
  result.integrity.lost = 3;
  const std::string text = text_report(result);
  EXPECT_THAT(text, HasSubstr("irc+ws (100 clients): 3 lost"));
  EXPECT_THAT(text, Not(HasSubstr("native (100 clients)")));
}

TEST(MixReport, Html_HasTheKindsSideBySide) {
  Result result = example_mixed_result();
  result.kinds[1].integrity.reordered = 17;
  const std::string html = to_html(result);
  EXPECT_THAT(html, HasSubstr("Kinds of clients"));
  EXPECT_THAT(html, ContainsRegex("<td>native</td><td>100</td><td>2.00 ms</td><td>2.00 ms</td>"
                                  "<td>1.00 ms</td>"));
  EXPECT_THAT(html, ContainsRegex("<td>irc\\+ws</td>.*<td>4.00 ms</td>.*<td>17</td>"));
}

TEST(MixReport, RunOfOneKind_SaysNothingOfKinds) {
  EXPECT_THAT(to_html(example_result()), Not(HasSubstr("Kinds of clients")));
  EXPECT_THAT(text_report(example_result()), Not(HasSubstr("    native")));
}

TEST(MixReport, KindsWithoutTheirLatencies_AreNotMadeUp) {
  Result result = example_mixed_result();
  result.total.of_kinds.clear();
  EXPECT_THAT(to_html(result), Not(HasSubstr("Kinds of clients")));
  EXPECT_THAT(text_report(result), Not(HasSubstr("    native")));
}

}  // namespace
}  // namespace loadgen
