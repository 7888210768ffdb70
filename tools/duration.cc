#include "tools/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

namespace tools {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kUnits{
    {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

// Some thirty years: what a deadline can be in nanoseconds, and longer than anybody waits.
constexpr milliseconds kLongest{1'000'000'000'000};

}  // namespace

milliseconds parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : kUnits) {
    if (error == std::errc{} && unit == name && count >= 0 && count <= kLongest.count() / factor) {
      return milliseconds{count * factor};
    }
  }
  return milliseconds{-1};
}

std::string show_duration(milliseconds value) {
  return value.count() % 1000 == 0 ? fmt::format("{}s", value.count() / 1000)
                                   : fmt::format("{}ms", value.count());
}

}  // namespace tools
