#include "tools/loadgen/wire_framed.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace loadgen {
namespace {

constexpr std::size_t kShownBytesMax = 200;

// Ends up on somebody's terminal, whatever the server sent.
void append_harmless(std::string_view said, std::string& out) {
  for (const char c : said.substr(0, kShownBytesMax)) {
    out.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  if (said.size() > kShownBytesMax) {
    out.append("...");
  }
}

}  // namespace

std::size_t FramedWire::parse(std::string_view bytes, std::string& out, WireEvents& events) {
  report_to(&events);
  std::size_t used = 0;
  while (!over_ && used < bytes.size()) {
    const std::string_view window = bytes.substr(used, kFrameBytesMax);
    const std::size_t frame = parse_frame(window, out);
    if (frame == 0 && !over_ && window.size() == kFrameBytesMax) {
      refuse("the server says more at once than any message is long", window);
    }
    if (frame == 0) {
      break;
    }
    used += frame;
  }
  report_to(nullptr);
  return over_ ? bytes.size() : used;
}

void FramedWire::quit(std::string& out) {
  over_ = true;
  say_goodbye(out);
}

void FramedWire::report_ready() {
  if (!ready_) {
    ready_ = true;
    events_->on_ready();
  }
}

void FramedWire::refuse(std::string_view why, std::string_view said) {
  over_ = true;
  events_->on_refused(refusal(why, said));
}

void LineWire::take_line(std::string_view line, std::string& out, WireEvents& events) {
  if (!is_over()) {
    report_to(&events);
    on_line(line, out);
    report_to(nullptr);
  }
}

std::size_t LineWire::parse_frame(std::string_view bytes, std::string& out) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    return 0;
  }
  on_line(without_cr(bytes.substr(0, end)), out);
  return end + 1;
}

std::string refusal(std::string_view why, std::string_view said) {
  std::string reason(why);
  if (!said.empty()) {
    reason.append(": ");
    append_harmless(said, reason);
  }
  return reason;
}

std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

std::optional<std::size_t> parse_length(std::string_view digits) {
  std::size_t length = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, length);
  if (error != std::errc() || rest != end || length > Wire::kFrameBytesMax) {
    return std::nullopt;
  }
  return length;
}

}  // namespace loadgen
