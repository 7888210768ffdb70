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
  events_ = &events;
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
  events_ = nullptr;
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
  std::string reason(why);
  if (!said.empty()) {
    reason.append(": ");
    append_harmless(said, reason);
  }
  events_->on_refused(reason);
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
