#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/loadgen_example_result.h"
#include "tools/loadgen/report_csv.h"
#include "tools/loadgen/report_hgrm.h"
#include "tools/loadgen/report_html.h"
#include "tools/loadgen/report_text.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::size_t occurrences(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + what.size())) {
    ++count;
  }
  return count;
}

// Columns of a terminal: the bytes that begin a character.
std::size_t columns_of(std::string_view line) {
  std::size_t columns = 0;
  for (const char c : line) {
    columns += (static_cast<unsigned char>(c) & 0xC0U) == 0x80 ? 0 : 1;
  }
  return columns;
}

// ---- units

TEST(Units, Durations_HaveThreeDigitsAndTheUnitThatFits) {
  EXPECT_EQ(format_duration_ns(0), "0 ns");
  EXPECT_EQ(format_duration_ns(842), "842 ns");
  EXPECT_EQ(format_duration_ns(1'000), "1.00 µs");
  EXPECT_EQ(format_duration_ns(12'345), "12.3 µs");
  EXPECT_EQ(format_duration_ns(4'072'000), "4.07 ms");
  EXPECT_EQ(format_duration_ns(345'600'000), "346 ms");
  EXPECT_EQ(format_duration_ns(1.2e9), "1.20 s");
  EXPECT_EQ(format_duration_ns(75e9), "75.0 s");
  EXPECT_EQ(format_duration_ns(185e9), "3 min 05 s");
  EXPECT_EQ(format_duration_ns(7800e9), "2 h 10 min");
}

TEST(Units, WhatRoundsUpToTheNextUnit_IsShownInIt) {
  EXPECT_EQ(format_duration_ns(999.4), "999 ns");
  EXPECT_EQ(format_duration_ns(999.6), "1.00 µs");
  EXPECT_EQ(format_duration_ns(999'499), "999 µs");
  EXPECT_EQ(format_duration_ns(999'999), "1.00 ms");
  EXPECT_EQ(format_duration_ns(9'996'000), "10.0 ms");
  EXPECT_EQ(format_duration_ns(119.6e9), "2 min 00 s");
  EXPECT_EQ(format_duration_ns(7199.6e9), "2 h 00 min");
  EXPECT_EQ(format_bytes(1023), "1,023 B");
  EXPECT_EQ(format_bytes(1024), "1.00 KiB");
  EXPECT_EQ(format_bytes(1024 * 1023.7), "1.00 MiB");
}

TEST(Units, Counts_HaveThousandsSeparators) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1'000), "1,000");
  EXPECT_EQ(format_count(29'820'150), "29,820,150");
  EXPECT_EQ(format_number(0.25), "0.25");
  EXPECT_EQ(format_number(12.46), "12.5");
  EXPECT_EQ(format_number(4995.3), "4,995");
}

TEST(Units, WhatIsNoQuantity_IsZero) {
  EXPECT_EQ(format_duration_ns(-5), "0 ns");
  EXPECT_EQ(format_duration_ns(NAN), "0 ns");
  EXPECT_EQ(format_count(-1), "0");
  EXPECT_EQ(format_number(INFINITY), "0");
  EXPECT_EQ(format_bytes(-1), "0 B");
  EXPECT_EQ(format_percent(NAN), "0.0 %");
}

TEST(Units, Percent) { EXPECT_EQ(format_percent(0.9741), "97.4 %"); }

TEST(Units, Printable_LeavesNoControlCharacters) {
  EXPECT_EQ(printable("a\x1b[2J\r\n\x7f"
                      "b"),
            "a?[2J???b");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m µs …"),
            "?31m µs …");
}

// ---- text

TEST(TextReport, SaysWhatWasAskedFoundAndConcluded) {
  const std::string text = text_report(example_result());
  EXPECT_THAT(text, HasSubstr("fanout        localhost:8888"));
  EXPECT_THAT(text, HasSubstr("clients 200"));
  EXPECT_THAT(text, HasSubstr("5,000 per second asked, 4,995 per second sent (149,850 in 30.0 s)"));
  EXPECT_THAT(text, HasSubstr("deliveries    994,005 per second (29,820,150)"));
  EXPECT_THAT(text, HasSubstr("200 registered in 21.3 ms, 9,390 per second"));
  EXPECT_THAT(text, HasSubstr("mean latencies: 1.05 ms to 1.29 ms, median 1.16 ms"));
  EXPECT_THAT(text, HasSubstr("1,104,450 deliveries per CPU-second\n"));
  EXPECT_THAT(text, HasSubstr("all 29,820,150 deliveries came, once each, in order and undamaged"));
  EXPECT_EQ(lines_of(text).back(), "verdict       passed");
}

TEST(TextReport, TellsOfTheBusiestThread_WhereSeveralWork) {
  Result result = example_result();
  result.server.busiest_thread_seconds = result.server.cpu_seconds;
  EXPECT_THAT(text_report(result), Not(HasSubstr("its busiest thread:")));
  result.server.busiest_thread_seconds = 20;
  EXPECT_THAT(text_report(result),
              HasSubstr("its busiest thread: 20.0 s, 1,491,008 deliveries per CPU-second\n"));
}

TEST(TextReport, ShowsCorrectedAndUncorrectedLatencySideBySide) {
  Result result;
  result.total.latency.corrected.record(250);
  result.total.latency.uncorrected.record(42);
  const std::string text = text_report(result);
  EXPECT_THAT(text, ContainsRegex("  corrected +250 ns +250 ns +250 ns +250 ns +250 ns +250 ns"));
  EXPECT_THAT(text, ContainsRegex("  uncorrected +42 ns +42 ns"));
  EXPECT_THAT(text, Not(HasSubstr("lateness")));
}

TEST(TextReport, FitsAPage) {
  for (const Result& result : {example_result(), example_broken_result(), Result{}}) {
    const std::vector<std::string> lines = lines_of(text_report(result));
    EXPECT_LE(lines.size(), 44U);
    for (const std::string& line : lines) {
      EXPECT_LE(columns_of(line), 80U) << line;
    }
  }
}

TEST(TextReport, OfTheWorstRun_StaysBoundedAndPrintable) {
  Result result = example_broken_result();
  result.target = std::string(300, 'x');
  result.reasons.assign(1000, std::string(250, 'y') + "\x1b[2J");
  result.warnings.assign(1000,
                         "a warning of some words that goes on and on and on and on and on "
                         "until it fills more than one line \xC3\xA4\xC3\xB6\xC3\xBC");
  result.stages.assign(100, result.total);
  for (RoomResult& room : result.rooms) {
    room.integrity.lost = 1;
  }
  const std::string text = text_report(result);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(text, HasSubstr("… and 994 more"));
  EXPECT_THAT(text, HasSubstr("… and 88 more"));
  EXPECT_THAT(text, HasSubstr("… and 35 more of 40 rooms"));
  const std::vector<std::string> lines = lines_of(text);
  EXPECT_LE(lines.size(), 100U);
  for (const std::string& line : lines) {
    EXPECT_LE(columns_of(line), 80U) << line;
  }
}

TEST(TextReport, SeveralStages_GetARowEach) {
  Result result = example_result();
  EXPECT_THAT(text_report(result), Not(HasSubstr("\nstage ")));
  result.stages.push_back(result.total);
  result.stages[1].objectives_kept = false;
  result.stages[1].asked_per_second = 7000;
  const std::string text = text_report(result);
  EXPECT_THAT(text, ContainsRegex("\n1 +5,000 +4,995 +994,005 +1.1[0-9] ms"));
  EXPECT_THAT(text, ContainsRegex("\n2 missed +7,000 [^\n]* 90.0 %\n"));
}

TEST(TextReport, NamesBrokenRoomsOnlyAndWhyTheRunFailed) {
  const std::string text = text_report(example_broken_result());
  EXPECT_THAT(text, HasSubstr("BROKEN: 27 lost, 3 doubled, 2 out of order, 1 corrupted"));
  EXPECT_THAT(text, HasSubstr("(5 members): 7 lost, 3 doubled"));
  EXPECT_THAT(text, HasSubstr("r20 (5 members): 1 lost"));
  EXPECT_THAT(text, Not(HasSubstr("r8 ")));
  EXPECT_THAT(text, HasSubstr("MEMBERS DISAGREE: in r3"));
  EXPECT_THAT(text, HasSubstr("because       27 deliveries were lost"));
  EXPECT_THAT(text, HasSubstr("warning       the server's memory"));
  EXPECT_THAT(text, HasSubstr("1 corrupted, 3\n              connections lost;"));
  EXPECT_EQ(lines_of(text).back(), "verdict       INTEGRITY BROKEN");
}

TEST(TextReport, SaysWhatWasNotMeasured) {
  Result result;
  result.workload = "idle";
  const std::string text = text_report(result);
  EXPECT_THAT(text, HasSubstr("messages      none sent"));
  EXPECT_THAT(text, HasSubstr("server        not watched"));
  EXPECT_THAT(text, HasSubstr("integrity     nothing was to be delivered"));
  EXPECT_THAT(text, Not(HasSubstr("fairness")));
}

TEST(TextReport, ClosedLoopAndHighestRate_AreSaid) {
  Result result = example_result();
  result.closed_loop = true;
  result.max_rate_kept = 7300;
  const std::string text = text_report(result);
  EXPECT_THAT(text, HasSubstr("as many as are answered, 4,995 per second sent"));
  EXPECT_THAT(text, HasSubstr("7,300 messages per second keep the objectives"));
}

TEST(TextReport, TellsOfAcknowledgements) {
  Result result = example_result();
  EXPECT_THAT(text_report(result), Not(HasSubstr("ack")));
  result.acks = {1000, 2, 0};
  result.total.acks.corrected.record(7'340'000);
  result.total.acks.uncorrected.record(6'290'000);
  const std::string text = text_report(result);
  EXPECT_THAT(text, ContainsRegex("\nacks, from due +7.34 ms +7.34 ms"));
  EXPECT_THAT(text, ContainsRegex("\n  from sent +6.29 ms"));
  EXPECT_THAT(text, HasSubstr("acknowledged  998 of 1,000 messages\n"));
}

TEST(TextReport, TellsOfSlowReaders) {
  Result result = example_result();
  result.slow_readers.readers = 20;
  result.slow_readers.behind_max = 12'345;
  result.slow_readers.catching_up.record(500'000'000);
  result.slow_readers.catching_up.record(500'000'000);
  result.slow_readers.messages = 20'000;
  result.slow_readers.bytes = std::uint64_t{30} << 20;
  result.slow_readers.never = 3;
  const std::string text = text_report(result);
  EXPECT_THAT(text, HasSubstr("slow readers  20, 12,345 messages behind at most"));
  EXPECT_THAT(text, HasSubstr("caught up 2 times, each at 20,000 messages or 30.0 MiB a second\n"));
  EXPECT_THAT(text, HasSubstr("3 NEVER CAUGHT UP"));
  EXPECT_THAT(text, ContainsRegex("\ncatching up +500 ms"));
}

TEST(TextReport, TellsOfReconnects) {
  Result result = example_result();
  result.reconnects.clients = 50;
  result.reconnects.dropped = 1;
  result.reconnects.resuming.record(1'000'000);
  result.reconnects.catching_up.record(2'000'000);
  result.reconnects.gaps = 2;
  result.reconnects.gap_messages = 7;
  result.reconnects.first_gap = "11 to 16";
  const std::string text = text_report(result);
  EXPECT_THAT(text, HasSubstr("50 clients lost their connection 1 time and resumed 1 time"));
  EXPECT_THAT(text, HasSubstr("2 GAPS of 7 numbers, the first from 11 to 16"));
  EXPECT_THAT(text, ContainsRegex("\nresumed +1.00 ms"));
  EXPECT_THAT(text, ContainsRegex("\ncaught up +2.0[0-9] ms"));
}

TEST(TextReport, TellsOfKills_AndNamesTheOffenders) {
  Result result;
  result.workload = "crash";
  result.total.sent = 500;
  result.total.seconds = 10;
  result.crash.kills = 50;
  result.crash.sent_again = 12;
  result.crash.restarting.record(80'000'000);
  result.crash.returning.record(95'000'000);
  result.crash.history.in_history = 499;
  result.crash.history.heard_and_gone = 3;
  result.crash.history.offenders = {"message 17 of client 3\x1b[2J", "message 18 of client 3"};
  const std::string text = text_report(result);
  EXPECT_THAT(text, HasSubstr("messages      50.0 per second sent (500 in 10.0 s)"));
  EXPECT_THAT(text, HasSubstr("kills         50; 12 messages sent again"));
  EXPECT_THAT(text, HasSubstr("history       499 messages; 3 heard and announced as gone"));
  EXPECT_THAT(text, HasSubstr("offenders     message 17 of client 3?[2J\n"));
  EXPECT_THAT(text, HasSubstr("\n              message 18 of client 3\n"));
  EXPECT_THAT(text, ContainsRegex("\nrestarted +[78][0-9].[0-9] ms"));
  EXPECT_THAT(text, ContainsRegex("\nall back +9[0-9].[0-9] ms"));
}

TEST(TextReport, EachVerdictReadsDifferently) {
  std::set<std::string> verdicts;
  for (const Verdict verdict : {Verdict::kPassed, Verdict::kInvalid, Verdict::kObjectiveMissed,
                                Verdict::kIntegrityBroken}) {
    Result result;
    result.verdict = verdict;
    verdicts.insert(lines_of(text_report(result)).back());
  }
  EXPECT_EQ(verdicts.size(), 4U);
}

// ---- CSV

TEST(Csv, HasARowForEachSampleUnderItsHeader) {
  Result result;
  Sample sample;
  sample.at_seconds = -0.5;
  sample.seconds = 1;
  sample.sent = 10;
  sample.delivered = 2000;
  sample.errors = 3;
  sample.connections = 200;
  sample.p50_ns = 1'100'000;
  sample.p99_ns = 2'200'000;
  sample.max_ns = 3'300'000;
  sample.asked_per_second = 12.5;
  sample.server_cpu = 0.25;
  sample.generator_cpu = 0.125;
  sample.server_memory_bytes = 4'000'000;
  sample.acknowledged = 9;
  sample.ack_p50_ns = 4'400'000;
  sample.ack_p99_ns = 5'500'000;
  result.samples = {sample};
  EXPECT_EQ(to_csv(result),
            "at_seconds,interval_seconds,asked_messages_per_second,sent_messages,deliveries,errors,"
            "connections,p50_ns,p99_ns,max_ns,server_cpu_processors,generator_cpu_processors,"
            "server_memory_bytes,acknowledgements,ack_p50_ns,ack_p99_ns\r\n"
            "-0.500,1.000,12.500,10,2000,3,200,1100000,2200000,3300000,0.2500,0.1250,4000000,9,"
            "4400000,5500000\r\n");
}

TEST(Csv, OfNoSamples_IsAHeader) { EXPECT_EQ(lines_of(to_csv(Result{})).size(), 1U); }

// ---- hgrm

struct HgrmLine {
  double value_ms = 0;
  double share = 0;
  std::uint64_t count = 0;
};

std::vector<HgrmLine> percentile_lines(const std::string& hgrm) {
  std::vector<HgrmLine> result;
  for (const std::string& line : lines_of(hgrm)) {
    std::istringstream stream(line);
    HgrmLine one;
    if (stream >> one.value_ms >> one.share >> one.count) {
      result.push_back(one);
    }
  }
  return result;
}

TEST(Hgrm, OfThreeDurations_IsTheWholeFile) {
  Histogram histogram;
  for (const std::int64_t duration_ns : {1, 2, 3}) {
    histogram.record(duration_ns * 1'048'576 - 1);  // bounds of buckets
  }
  EXPECT_EQ(to_hgrm(histogram),
            "       Value     Percentile TotalCount 1/(1-Percentile)\n"
            "\n"
            "       1.049 0.000000000000          1           1.00\n"
            "       1.049 0.100000000000          1           1.11\n"
            "       1.049 0.200000000000          1           1.25\n"
            "       1.049 0.300000000000          1           1.43\n"
            "       2.097 0.400000000000          2           1.67\n"
            "       2.097 0.500000000000          2           2.00\n"
            "       2.097 0.550000000000          2           2.22\n"
            "       2.097 0.600000000000          2           2.50\n"
            "       2.097 0.650000000000          2           2.86\n"
            "       3.146 0.700000000000          3           3.33\n"
            "       3.146 1.000000000000          3\n"
            "#[Mean    =        2.097, StdDeviation   =        0.856]\n"
            "#[Max     =        3.146, Total count    =            3]\n"
            "#[Buckets =           35, SubBuckets     =          256]\n");
}

TEST(Hgrm, LinesAreThePercentilesOfTheHistogram) {
  const Histogram histogram = example_result().total.latency.corrected;
  const std::vector<HgrmLine> lines = percentile_lines(to_hgrm(histogram));
  ASSERT_GT(lines.size(), 50U);
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    EXPECT_LT(lines[i].share, lines[i + 1].share);
    EXPECT_LE(lines[i].value_ms, lines[i + 1].value_ms);
    EXPECT_GE(static_cast<double>(lines[i].count),
              lines[i].share * static_cast<double>(histogram.count()) - 1e-6);
    // Rounded to microseconds, and the smallest is known more exactly than its bucket.
    const auto percentile_ms =
        static_cast<double>(histogram.percentile_ns(lines[i].share * 100)) / 1e6;
    EXPECT_NEAR(lines[i].value_ms, percentile_ms, percentile_ms * 0.01 + 0.001) << lines[i].share;
  }
  EXPECT_EQ(lines.back().share, 1);
  EXPECT_EQ(lines.back().count, histogram.count());
  EXPECT_NEAR(lines.back().value_ms, static_cast<double>(histogram.max_ns()) / 1e6, 0.001);
}

TEST(Hgrm, OfNothing_HasNoLinesButTheFooter) {
  EXPECT_TRUE(percentile_lines(to_hgrm(Histogram())).empty());
  EXPECT_THAT(to_hgrm(Histogram()), HasSubstr("Total count    =            0]"));
}

// ---- HTML

TEST(HtmlReport, SaysWhatTheTextSays) {
  const std::string html = to_html(example_result());
  EXPECT_THAT(html, HasSubstr("<h1>localhost:8888 · fanout</h1>"));
  EXPECT_THAT(html, HasSubstr("<div class=\"verdict good\">passed</div>"));
  EXPECT_THAT(html, HasSubstr("<b>994,005</b>"));
  EXPECT_THAT(html, HasSubstr("<b>1,104,450</b>"));
  EXPECT_THAT(html, HasSubstr("<td>Uncorrected</td>"));
  EXPECT_EQ(occurrences(html, "<svg "), 7U);
}

TEST(HtmlReport, TellsOfServersWithALog) {
  Result result = example_result();
  const std::size_t figures = occurrences(to_html(result), "<svg ");
  result.total.acks.corrected.record(7'340'000);
  result.samples[3].ack_p99_ns = 7'340'000;
  result.samples[3].acknowledged = 10;
  result.slow_readers.readers = 20;
  result.crash.kills = 1;
  result.crash.history.offenders = {"<message 17>"};
  const std::string html = to_html(result);
  EXPECT_THAT(html, HasSubstr("<td>acks, from due</td>"));
  EXPECT_THAT(html, HasSubstr("p99 of acknowledgements</span><b>7.34 ms</b>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">slow readers</th><td>20, 0 messages behind"));
  EXPECT_THAT(html, HasSubstr("<td>&lt;message 17&gt;</td>"));
  EXPECT_EQ(occurrences(html, "<svg "), figures + 1) << "acknowledgements over time";
}

TEST(HtmlReport, NeedsNothingFromElsewhere) {
  const std::string html = to_html(example_result());
  for (const char* outside : {"http:", "https:", "<script", "<link", "<img", "url(", "@import"}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
}

TEST(HtmlReport, TextFromElsewhere_IsOnlyText) {
  const std::string hostile = "<script>alert(\"1\")</script>' onload='x\x1b";
  Result result = example_broken_result();
  result.target = result.workload = result.machine = result.started_at = hostile;
  result.version = result.command_line = result.disagreement = hostile;
  result.reasons = result.warnings = {hostile};
  result.settings = {{hostile, hostile}};
  result.rooms[7].name = hostile;
  const std::string html = to_html(result);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("' onload")));
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
  // Target and workload are in the title too.
  EXPECT_EQ(
      occurrences(html, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#39;x?"),
      14U);
}

TEST(HtmlReport, EveryElementThatOpens_Closes) {
  static const std::regex tag_pattern("<(/?)([a-z0-9]+)[^>]*?(/?)>");
  static const std::set<std::string> empty_elements{"meta"};
  for (const Result& result : {example_result(), example_broken_result(), Result{}}) {
    const std::string html = to_html(result);
    std::vector<std::string> open;
    for (std::sregex_iterator it(html.begin(), html.end(), tag_pattern);
         it != std::sregex_iterator(); ++it) {
      const std::string name = (*it)[2];
      if ((*it)[1] == "/") {
        ASSERT_FALSE(open.empty());
        ASSERT_EQ(open.back(), name);
        open.pop_back();
      } else if ((*it)[3] != "/" && !empty_elements.contains(name)) {
        open.push_back(name);
      }
    }
    EXPECT_THAT(open, ElementsAre());
  }
}

TEST(HtmlReport, BrokenRooms_AreNamedAndBounded) {
  Result result = example_broken_result();
  const std::string html = to_html(result);
  EXPECT_THAT(html, HasSubstr("verdict bad"));
  EXPECT_THAT(html, HasSubstr("<td>r20</td>"));
  EXPECT_THAT(html, Not(HasSubstr("<td>r8</td>")));
  result.rooms.assign(500, result.rooms[20]);
  EXPECT_THAT(to_html(result), HasSubstr("… and 450 more broken rooms."));
}

TEST(HtmlReport, SeveralStages_GetATable) {
  Result result = example_result();
  EXPECT_THAT(to_html(result), Not(HasSubstr("<h2>Stages</h2>")));
  result.stages.push_back(result.total);
  result.stages[1].objectives_kept = false;
  EXPECT_THAT(to_html(result), HasSubstr("<h2>Stages</h2>"));
  EXPECT_THAT(to_html(result), HasSubstr("<td>2 objective missed</td><td>5,000</td>"));
}

}  // namespace
}  // namespace loadgen
