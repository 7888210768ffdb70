#include "tools/loadgen/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/loadgen/units.h"

namespace loadgen {

namespace {

constexpr std::size_t kColumnsMax = 79;

// "0.25", "9,999", "12.3k", "4.56M": in as few columns as three digits need.
std::string format_short(double number) {
  constexpr double kShortened = 10'000;
  std::string_view unit;
  for (const std::string_view next : {"k", "M", "G"}) {
    // What would be rounded up to a thousand belongs to the next unit.
    if (number < (unit.empty() ? kShortened : 999.5)) {
      break;
    }
    number /= 1000;
    unit = next;
  }
  return format_number(number).append(unit);
}

std::size_t columns_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::string describe(const Outlook& outlook) {
  std::string line = outlook.phase;
  if (outlook.clients < outlook.clients_asked) {
    return fmt::format("{}: {} of {} clients", line, outlook.clients, outlook.clients_asked);
  }
  if (outlook.seconds_left > 0) {
    const int left = static_cast<int>(std::lround(outlook.seconds_left));
    line += fmt::format(" {}:{:02} left", left / 60, left % 60);
  }
  if (outlook.sample == nullptr || outlook.sample->seconds <= 0) {
    return line;
  }
  const auto add = [&line](const std::string& part) {
    if (columns_of(line) + columns_of(part) <= kColumnsMax) {
      line += part;
    }
  };
  const Sample& sample = *outlook.sample;
  const auto rate = [&sample](std::uint64_t count) {
    return format_short(static_cast<double>(count) / sample.seconds);
  };
  add(fmt::format(" · {} sent/s", rate(sample.sent)));
  add(fmt::format(" · {} delivered/s", rate(sample.delivered)));
  if (sample.errors > 0) {
    add(fmt::format(" · {} errors", format_count(static_cast<double>(sample.errors))));
  }
  if (sample.p99_ns > 0) {
    add(fmt::format(" · p50 {} p99 {}", format_duration_ns(static_cast<double>(sample.p50_ns)),
                    format_duration_ns(static_cast<double>(sample.p99_ns))));
  }
  return line;
}

Live::Live(std::FILE* out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}

Live::~Live() {
  if (is_terminal_ && has_shown_) {
    std::fputs("\r\x1b[K", out_);
    std::fflush(out_);
  }
}

void Live::on_progress(const Outlook& outlook) {
  if (is_terminal_) {
    has_shown_ = true;
    fmt::print(out_, "\r\x1b[K{}", describe(outlook));
    std::fflush(out_);
    return;
  }
  const reactor::TimePoint now = std::chrono::steady_clock::now();
  if (outlook.phase != last_phase_ || now >= next_plain_) {
    last_phase_ = outlook.phase;
    next_plain_ = now + kPlainInterval;
    fmt::print(out_, "{}\n", describe(outlook));
    std::fflush(out_);
  }
}

}  // namespace loadgen
