#include "tools/client_display.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <vector>

namespace chat {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kDim = "2";
constexpr std::string_view kRed = "31";
constexpr std::string_view kPrivate = "3";  // italic
// Names keep their colour, so that the eye follows who says what.
constexpr std::array<std::string_view, 6> kNameColors{"1;31", "1;32", "1;33",
                                                      "1;34", "1;35", "1;36"};

struct Decoded {
  char32_t code_point = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

// The code point at the front of text. REQUIRES: text is not empty.
Decoded decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) {
    return {lead, 1};
  }
  const std::size_t bytes = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) {
    return {};
  }
  char32_t code_point = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80) {
      return {};
    }
    code_point = code_point << 6U | (next & 0x3FU);
  }
  const bool overlong = (bytes == 3 && code_point < 0x800) || (bytes == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (overlong || surrogate || code_point > 0x10FFFF) {
    return {};
  }
  return {code_point, bytes};
}

bool is_between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool is_harmful(char32_t c) {
  return is_between(c, 0x80, 0x9F) ||      // C1
         is_between(c, 0x2028, 0x202E) ||  // line separators, then embeddings and overrides
         is_between(c, 0x2066, 0x2069);    // isolates
}

std::vector<std::string_view> split_list(std::string_view list) {
  std::vector<std::string_view> items;
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    items.push_back(item);
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
  return items;
}

// "lobby=12" as "lobby (12)".
std::string describe_room(std::string_view item) {
  const std::size_t equals = item.find('=');
  if (equals == std::string_view::npos) {
    return std::string(item);
  }
  return fmt::format("{} ({})", item.substr(0, equals), item.substr(equals + 1));
}

std::string describe_rooms(std::string_view list) {
  std::string text;
  for (const std::string_view item : split_list(list)) {
    text += text.empty() ? "" : ", ";
    text += describe_room(item);
  }
  return text;
}

std::string topic(const ServerLine& line) {
  const auto& [room, sender, text] = line.fields;
  if (text.empty()) {
    return fmt::format("{} cleared the topic of {}", sender, room);
  }
  return fmt::format("{} set the topic of {}: {}", sender, room, text);
}

std::string refusal(const ServerLine& line) {
  const std::string_view code = line.fields[0];
  const std::string_view subject = line.fields[1];
  std::string_view text = line.fields[2];
  // The advice that follows tells how to say it in the protocol.
  if (code == "403" || code == "404") {
    text = text.substr(0, text.find("; "));
  }
  return subject.empty() ? std::string(text) : fmt::format("{}: {}", subject, text);
}

std::tm local_time(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  return local;
}

std::string time_of_day(const std::tm& time) {
  return fmt::format("{:02}:{:02}:{:02}", time.tm_hour, time.tm_min, time.tm_sec);
}

}  // namespace

std::string sanitize(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded decoded = decode(text);
    const char32_t c = decoded.code_point;
    if (decoded.bytes == 0 || is_harmful(c)) {
      out += kReplacement;
    } else if (c == '\t') {
      out += ' ';
    } else if (c < 0x20) {
      // The control pictures, U+2400 and on, stand in the order of the characters they picture.
      out += "\xE2\x90";
      out += static_cast<char>(0x80 + c);
    } else if (c == 0x7F) {
      out += "\xE2\x90\xA1";
    } else {
      out += text.substr(0, decoded.bytes);
    }
    text.remove_prefix(std::max<std::size_t>(decoded.bytes, 1));
  }
  return out;
}

std::string Display::server_line(const ServerLine& line, std::int64_t unix_ms) const {
  const std::string text = content(line);
  return text.empty() ? text : with_time(text, line.unix_ms.value_or(unix_ms));
}

std::string Display::history_line(const ServerLine& line, std::int64_t unix_ms) const {
  std::string text = content(line);
  if (!line.unix_ms) {
    return text;
  }
  const std::tm today = local_time(unix_ms);
  const std::tm day = local_time(*line.unix_ms);
  const bool is_today = day.tm_year == today.tm_year && day.tm_yday == today.tm_yday;
  const std::string time = is_today
                               ? time_of_day(day)
                               : fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", day.tm_year + 1900,
                                             day.tm_mon + 1, day.tm_mday, day.tm_hour, day.tm_min);
  return fmt::format("{} {}", paint(kDim, time), text);
}

std::string Display::undelivered(const Undelivered& message, std::int64_t unix_ms) const {
  const std::string to = message.target.empty() ? "" : fmt::format(" to {}", message.target);
  if (message.refusal == nullptr) {
    return error(fmt::format("not confirmed, so perhaps not delivered{}: {}", to, message.text),
                 unix_ms);
  }
  return error(fmt::format("{}; not delivered{}: {}", refusal(*message.refusal), to, message.text),
               unix_ms);
}

std::string Display::notice(std::string_view text, std::int64_t unix_ms) const {
  return with_time(paint(kDim, "* " + sanitize(text)), unix_ms);
}

std::string Display::error(std::string_view text, std::int64_t unix_ms) const {
  return with_time(paint(kRed, "! " + sanitize(text)), unix_ms);
}

std::string Display::client_list(std::string_view names, std::string_view room,
                                 std::int64_t unix_ms) const {
  const std::string_view in = room.empty() ? "" : " in ";
  return with_time(
      sanitize(fmt::format("Clients{}{}: {}", in, room, fmt::join(split_list(names), ", "))),
      unix_ms);
}

// Without a time; empty for what is not shown as it is.
std::string Display::content(const ServerLine& line) const {
  switch (line.verb) {
    case ServerVerb::kMessage:
    case ServerVerb::kDirect:
    case ServerVerb::kRoomMessage:
      return message(line);
    case ServerVerb::kRoomList:
      return sanitize("Rooms: " + describe_rooms(line.fields[0]));
    case ServerVerb::kError:
      return paint(kRed, "! " + sanitize(refusal(line)));
    default: {
      const std::string text = news(line);
      return text.empty() ? text : paint(kDim, "* " + sanitize(text));
    }
  }
}

std::string Display::message(const ServerLine& line) const {
  if (line.verb == ServerVerb::kRoomMessage) {
    return fmt::format("[{}] {}: {}", sanitize(line.fields[0]), sender(line.fields[1]),
                       sanitize(line.fields[2]));
  }
  if (line.verb == ServerVerb::kDirect) {
    return fmt::format("{}: {} {}", sender(line.fields[0]), sanitize(line.fields[1]),
                       paint(kPrivate, "(private)"));
  }
  return fmt::format("{}: {}", sender(line.fields[0]), sanitize(line.fields[1]));
}

std::string Display::news(const ServerLine& line) const {
  const std::string_view subject = line.fields[0];
  switch (line.verb) {
    case ServerVerb::kJoined:
      return fmt::format("you joined {}", subject);
    case ServerVerb::kParted:
      return fmt::format("you left {}", subject);
    case ServerVerb::kTopic:
      return topic(line);
    case ServerVerb::kGap:
      return "messages may be missing here: the server has not kept everything";
    case ServerVerb::kRequest:
      return fmt::format("{} asks for a private chat: accept or decline", subject);
    case ServerVerb::kStatusJoined:
      return presence(line, "joined");
    case ServerVerb::kStatusLeft:
      return presence(line, "left");
    case ServerVerb::kStatusChatStarted:
      return fmt::format("private chat with {}: only {} sees what you type, until you leave",
                         subject, subject);
    case ServerVerb::kStatusChatEnded:
      return fmt::format("the private chat with {} has ended", subject);
    case ServerVerb::kStatusChatDeclined:
      return fmt::format("{} declined", subject);
    case ServerVerb::kStatusChatExpired:
      return fmt::format("{} did not answer", subject);
    default:
      return {};
  }
}

std::string Display::presence(const ServerLine& line, std::string_view what) const {
  std::vector<std::string_view> names = split_list(line.fields[1]);
  std::erase(names, options_.own_name);
  if (names.empty()) {
    return {};
  }
  const std::string_view room = line.fields[0] == "lobby" ? "" : line.fields[0];
  return fmt::format("{} {}{}{}", fmt::join(names, ", "), what, room.empty() ? "" : " ", room);
}

std::string Display::sender(std::string_view name) const {
  std::size_t hash = 0;
  for (const char c : name) {
    hash = hash * 31 + static_cast<unsigned char>(c);
  }
  return "[" + paint(kNameColors[hash % kNameColors.size()], sanitize(name)) + "]";
}

std::string Display::with_time(std::string_view text, std::int64_t unix_ms) const {
  if (!options_.timestamps) {
    return std::string(text);
  }
  return fmt::format("{} {}", paint(kDim, time_of_day(local_time(unix_ms))), text);
}

std::string Display::paint(std::string_view code, std::string_view text) const {
  return options_.color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace chat
