#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "reactor/check.h"
#include "tools/loadgen/result_json.h"

// Any bytes as a result: either one line that says what is wrong, or a result that is written and
// read back without a change.
namespace loadgen {
namespace {

void check(std::string_view text) {
  const ReadResult read = from_json(text);
  CHECK(read.result.has_value() == read.error.empty(), "neither result nor error", read.error);
  if (!read.result) {
    CHECK(read.error.find('\n') == std::string::npos, "more than one line", read.error);
    return;
  }
  const std::string written = to_json(*read.result);
  const ReadResult again = from_json(written);
  CHECK(again.result.has_value(), "what was written can't be read", again.error);
  // Durations are on their buckets' bounds after the second reading at the latest.
  const std::string settled = to_json(*again.result);
  CHECK(to_json(*from_json(settled).result) == settled, "reading changed something");
}

}  // namespace
}  // namespace loadgen

// libFuzzer chose the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  loadgen::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
