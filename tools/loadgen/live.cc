#include "tools/loadgen/live.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <string>

#include "tools/loadgen/units.h"

namespace loadgen {

std::string describe(const Outlook& outlook) {
  std::string line = outlook.phase;
  if (outlook.clients < outlook.clients_asked) {
    return fmt::format("{}: {} of {} clients", line, outlook.clients, outlook.clients_asked);
  }
  if (outlook.seconds_left > 0) {
    const int left = static_cast<int>(std::lround(outlook.seconds_left));
    line += fmt::format(" {}:{:02} left", left / 60, left % 60);
  }
  if (outlook.sample != nullptr && outlook.sample->seconds > 0) {
    const Sample& sample = *outlook.sample;
    line += fmt::format(" · {} sent/s · {} delivered/s",
                        format_number(static_cast<double>(sample.sent) / sample.seconds),
                        format_count(static_cast<double>(sample.delivered) / sample.seconds));
    if (sample.delivered > 0) {
      line +=
          fmt::format(" · p50 {} p99 {}", format_duration_ns(static_cast<double>(sample.p50_ns)),
                      format_duration_ns(static_cast<double>(sample.p99_ns)));
    }
    if (sample.errors > 0) {
      line += fmt::format(" · {} errors", sample.errors);
    }
  }
  return line;
}

Live::Live(std::FILE* out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}

Live::~Live() {
  if (is_terminal_) {
    std::fputs("\r\x1b[K", out_);
    std::fflush(out_);
  }
}

void Live::on_progress(const Outlook& outlook) {
  if (is_terminal_) {
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
