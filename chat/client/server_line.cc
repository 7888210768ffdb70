#include "chat/client/server_line.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace chat {
namespace {

struct VerbShape {
  std::string_view name;
  ServerVerb verb;
  std::size_t field_count;
};

constexpr std::array kShapes{
    VerbShape{"MESSAGE", ServerVerb::kMessage, 2},
    VerbShape{"ROOM_MESSAGE", ServerVerb::kRoomMessage, 3},
    VerbShape{"DIRECT", ServerVerb::kDirect, 2},
    VerbShape{"PONG", ServerVerb::kPong, 1},
    VerbShape{"CLIENT_LIST", ServerVerb::kClientList, 1},
    VerbShape{"ROOM_LIST", ServerVerb::kRoomList, 1},
    VerbShape{"END", ServerVerb::kEnd, 1},
    VerbShape{"JOINED", ServerVerb::kJoined, 1},
    VerbShape{"PARTED", ServerVerb::kParted, 1},
    VerbShape{"TOPIC", ServerVerb::kTopic, 3},
    VerbShape{"REQUEST", ServerVerb::kRequest, 1},
    VerbShape{"ERROR", ServerVerb::kError, 3},
    VerbShape{"WELCOME", ServerVerb::kWelcome, 3},
    VerbShape{"REGISTERED", ServerVerb::kRegistered, 1},
    VerbShape{"SESSION", ServerVerb::kSession, 1},
    VerbShape{"RESUMED", ServerVerb::kResumed, 1},
    VerbShape{"ACK", ServerVerb::kAck, 2},
    VerbShape{"GAP", ServerVerb::kGap, 2},
    VerbShape{"BYE", ServerVerb::kBye, 1},
};

// The kinds of STATUS, each with fields of its own.
constexpr std::array kStatusShapes{
    VerbShape{"JOINED", ServerVerb::kStatusJoined, 2},
    VerbShape{"LEFT", ServerVerb::kStatusLeft, 2},
    VerbShape{"CHAT_STARTED", ServerVerb::kStatusChatStarted, 1},
    VerbShape{"CHAT_ENDED", ServerVerb::kStatusChatEnded, 1},
    VerbShape{"CHAT_DECLINED", ServerVerb::kStatusChatDeclined, 1},
    VerbShape{"CHAT_EXPIRED", ServerVerb::kStatusChatExpired, 1},
};

// Takes what stands before the separator off the front of text, and the separator with it.
std::string_view take_until(std::string_view& text, char separator) {
  const std::string_view head = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), head.size() + 1));
  return head;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

void parse_tags(std::string_view tags, ServerLine& line) {
  while (!tags.empty()) {
    std::string_view value = take_until(tags, ';');
    const std::string_view key = take_until(value, '=');
    if (key == "id") {
      line.client_id = value;
    } else if (key == "ts") {
      line.unix_ms = parse_number<std::int64_t>(value);
    } else if (key == "room") {
      line.room = value;
    } else if (key == "to") {
      line.to = value;
    }
  }
}

// The tag "id" is the server's number in front of a delivery and our own word in front of an error.
void assign_id(ServerLine& line) {
  const std::string_view tag = std::exchange(line.client_id, {});
  switch (line.verb) {
    case ServerVerb::kError:
      line.client_id = tag;
      return;
    case ServerVerb::kAck:
      line.client_id = line.fields[0];
      line.id = parse_number<std::uint64_t>(line.fields[1]);
      return;
    case ServerVerb::kGap:
      line.from = parse_number<std::uint64_t>(line.fields[0]);
      line.id = parse_number<std::uint64_t>(line.fields[1]);
      return;
    default:
      if (is_delivery(line.verb)) {
        line.id = parse_number<std::uint64_t>(tag);
      }
  }
}

template <std::size_t kCount>
const VerbShape* find_shape(const std::array<VerbShape, kCount>& shapes, std::string_view name) {
  const auto* found = std::find_if(shapes.begin(), shapes.end(),
                                   [name](const VerbShape& shape) { return shape.name == name; });
  return found == shapes.end() ? nullptr : found;
}

}  // namespace

bool is_delivery(ServerVerb verb) {
  return verb == ServerVerb::kMessage || verb == ServerVerb::kDirect ||
         verb == ServerVerb::kRoomMessage || verb == ServerVerb::kTopic;
}

ServerLine parse_server_line(std::string_view line) {
  ServerLine parsed;
  if (line.starts_with('@')) {
    line.remove_prefix(1);
    parse_tags(take_until(line, ' '), parsed);
  }
  parsed.verb_name = take_until(line, ':');
  const VerbShape* shape = nullptr;
  if (parsed.verb_name == "STATUS") {
    shape = find_shape(kStatusShapes, take_until(line, ':'));
  } else {
    shape = find_shape(kShapes, parsed.verb_name);
  }
  if (shape != nullptr) {
    parsed.verb = shape->verb;
    for (std::size_t i = 0; i + 1 < shape->field_count; ++i) {
      parsed.fields[i] = take_until(line, ':');
    }
    parsed.fields[shape->field_count - 1] = line;
  }
  assign_id(parsed);
  return parsed;
}

}  // namespace chat
