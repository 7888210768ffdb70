#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

#include "chat/protocol/native.h"
#include "chat/protocol/utf8.h"

namespace chat {
namespace {

// Written for somebody in nc who has typed `help`.
constexpr std::string_view kHelpLines =
    "HELP:First take a name: REGISTER:name\n"
    "HELP:Then every line you type goes to everybody in the lobby. Besides:\n"
    "HELP:  send name text       tell it to one person only\n"
    "HELP:  say text             send a line that would be taken for a command\n"
    "HELP:  list                 who is here; LIST:room for who is in a room\n"
    "HELP:  ROOMS                which rooms there are\n"
    "HELP:  JOIN:room            enter a room, a new one too; PART:room to leave it\n"
    "HELP:  SAY:room:text        talk in a room\n"
    "HELP:  TOPIC:room:text      say what a room is about\n"
    "HELP:  MODE:room            what holds in a room; MODE:room:+o name, MODE:room:+k key, ...\n"
    "HELP:  KICK:room:name:why   put somebody out of your room; MODE:room:+b name for good\n"
    "HELP:  INVITE:room:name     ask somebody in; JOIN:room:key where there is a key\n"
    "HELP:  REQUEST:name         ask for a private chat; the other says ACCEPT:you or DECLINE:you\n"
    "HELP:  LEAVE                end the private chat\n"
    "HELP:  quit                 go\n";

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, std::numeric_limits<Number>::digits10 + 2> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    out.append(part);
  }
}

void append_line(std::string& out, std::initializer_list<std::string_view> parts) {
  append(out, parts);
  out.push_back('\n');
}

void append_welcome(std::string& out, std::string_view capabilities, const Limits& limits) {
  append(out, {"WELCOME:1:", capabilities, ":line="});
  append_number(out, limits.line_bytes_max);
  out.append(",name=");
  append_number(out, limits.name_length_max);
  out.append(",room=");
  append_number(out, limits.room_name_length_max);
  out.append(",rooms=");
  append_number(out, limits.rooms_per_client_max);
  out.push_back('\n');
}

// What an error is about is what the peer sent, so it can be anything: it must not look like the
// next field, nor be longer than any right name could be.
void append_subject(std::string& out, std::string_view subject, const Limits& limits) {
  const std::size_t bytes_max = std::max(limits.name_length_max, limits.room_name_length_max);
  for (const char c : cut_text(subject, bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool harmless = c != ':' && byte >= 0x20 && byte != 0x7F;
    out.push_back(harmless ? c : '?');
  }
}

void append_error(std::string& out, const Event& event, const Limits& limits) {
  if (!event.client_id.empty()) {
    append(out, {"@id=", event.client_id, " "});
  }
  out.append("ERROR:");
  append_number(out, static_cast<unsigned>(event.code()));
  out.push_back(':');
  append_subject(out, event.subject, limits);
  append_line(out, {":", event.text});
}

// Where to end a line that has room for so many bytes of a comma-separated list: in front of a
// comma, or at the end. An item that is longer than a line gets one for itself.
std::size_t items_that_fit(std::string_view items, std::size_t bytes_max) {
  if (items.size() <= bytes_max) {
    return items.size();
  }
  const std::size_t last = items.rfind(',', bytes_max);
  return std::min(last != std::string_view::npos ? last : items.find(','), items.size());
}

// One line, or several that begin alike. room: empty for lists that have none in front.
void append_list(std::string& out, std::string_view verb, std::string_view room,
                 std::string_view items, const Limits& limits) {
  const std::string_view colon = room.empty() ? "" : ":";
  const std::size_t taken = verb.size() + room.size() + colon.size();
  const std::size_t left = limits.line_bytes_max - std::min(taken, limits.line_bytes_max);
  while (true) {
    const std::size_t size = items_that_fit(items, left);
    append_line(out, {verb, room, colon, items.substr(0, size)});
    if (size == items.size()) {
      return;
    }
    items.remove_prefix(size + 1);
  }
}

void append_tags(std::string& out, const Event& event, WireFormat format) {
  if (format.dialect != WireFormat::Dialect::kTagged) {
    return;
  }
  out.append("@id=");
  append_number(out, event.id);
  out.append(";ts=");
  append_number(out, event.unix_ms);
  append(out, {event.kind == EventKind::kDirect ? ";to=" : ";room=", event.room});
  out.push_back(' ');
}

void append_message(std::string& out, const Event& event, WireFormat format) {
  append_tags(out, event, format);
  if (event.kind == EventKind::kDirect) {
    const bool by_hand = format.dialect == WireFormat::Dialect::kByHand;
    append_line(out, {by_hand ? "MESSAGE:" : "DIRECT:", event.subject, ":", event.text});
  } else if (event.kind == EventKind::kTopic) {
    append_line(out, {"TOPIC:", event.room, ":", event.subject, ":", event.text});
  } else if (event.room_id == kLobby) {
    append_line(out, {"MESSAGE:", event.subject, ":", event.text});
  } else {
    append_line(out, {"ROOM_MESSAGE:", event.room, ":", event.subject, ":", event.text});
  }
}

// To those who have asked for them.
void append_notice(std::string& out, const Event& event, WireFormat format, const Limits& limits) {
  if (!format.has(WireFormat::kPresence)) {
    return;
  }
  if (event.kind == EventKind::kPresenceJoined) {
    append_list(out, "STATUS:JOINED:", event.room, event.text, limits);
  } else if (event.kind == EventKind::kPresenceLeft) {
    append_list(out, "STATUS:LEFT:", event.room, event.text, limits);
  } else if (event.kind == EventKind::kRenamed) {
    append_line(out, {"STATUS:RENAMED:", event.subject, ":", event.target});
  } else {
    append_line(out, {"STATUS:MODE:", event.room, ":", event.subject, ":", event.text});
  }
}

void append_mode_list(std::string& out, const Event& event, bool program, const Limits& limits) {
  std::string room_and_letter(event.room);
  room_and_letter += ':';
  room_and_letter += event.target;
  append_list(out, "MODE_LIST:", room_and_letter, event.text, limits);
  out.append(program ? "END:MODE_LIST\n" : "");
}

// The others see that somebody is there no more.
void append_kick(std::string& out, const Event& event) {
  if (event.to) {
    append_line(out, {"STATUS:KICKED:", event.room, ":", event.subject, ":", event.text});
    append_line(out, {"PARTED:", event.room});
  }
}

}  // namespace

void encode_native(const Event& event, WireFormat format, const Limits& limits, std::string& out) {
  const bool program = format.dialect != WireFormat::Dialect::kByHand;
  switch (event.kind) {
    case EventKind::kWelcome:
      return append_welcome(out, event.text, limits);
    case EventKind::kRegistered:
      return append_line(out, {"REGISTERED:", event.subject});
    case EventKind::kSession:
      return append_line(out, {"SESSION:", event.text});
    case EventKind::kResumed:
      return append_line(out, {"RESUMED:", event.subject});
    case EventKind::kAck:
      append(out, {"ACK:", event.client_id, ":"});
      append_number(out, event.id);
      out.push_back('\n');
      return;
    case EventKind::kGap:
      out.append("GAP:");
      append_number(out, event.from);
      out.push_back(':');
      append_number(out, event.id);
      out.push_back('\n');
      return;
    case EventKind::kHistoryEnd:
      return append_line(out, {"END:HISTORY:", event.room});
    case EventKind::kHeard:
    case EventKind::kHistory:
    case EventKind::kTargets:
      return;
    case EventKind::kError:
      return append_error(out, event, limits);
    case EventKind::kPong:
      return append_line(out, {"PONG:", event.text});
    case EventKind::kHelp:
      out.append(kHelpLines);
      return;
    case EventKind::kBye:
      return append_line(out, {"BYE:", event.text});
    case EventKind::kClientList:
      append_list(out, "CLIENT_LIST:", {}, event.text, limits);
      out.append(program ? "END:LIST\n" : "");
      return;
    case EventKind::kRoomList:
      append_list(out, "ROOM_LIST:", {}, event.text, limits);
      out.append(program ? "END:ROOMS\n" : "");
      return;
    case EventKind::kJoined:
      return append_line(out, {"JOINED:", event.room});
    case EventKind::kParted:
      return append_line(out, {"PARTED:", event.room});
    case EventKind::kRequest:
      return append_line(out, {"REQUEST:", event.subject});
    case EventKind::kChatStarted:
      return append_line(out, {"STATUS:CHAT_STARTED:", event.subject});
    case EventKind::kChatEnded:
      return append_line(out, {"STATUS:CHAT_ENDED:", event.subject});
    case EventKind::kChatDeclined:
      return append_line(out, {"STATUS:CHAT_DECLINED:", event.subject});
    case EventKind::kChatExpired:
      return append_line(out, {"STATUS:CHAT_EXPIRED:", event.subject});
    case EventKind::kMessage:
    case EventKind::kDirect:
    case EventKind::kTopic:
      return append_message(out, event, format);
    case EventKind::kPresenceJoined:
    case EventKind::kPresenceLeft:
    case EventKind::kRenamed:
    case EventKind::kModeChanged:
      return append_notice(out, event, format, limits);
    case EventKind::kKicked:
      return append_kick(out, event);
    case EventKind::kInvited:
      return append_line(out, {"STATUS:INVITED:", event.room, ":", event.subject});
    case EventKind::kInviting:
      return append_line(out, {"INVITED:", event.room, ":", event.target});
    case EventKind::kModes:
      return append_line(out, {"MODES:", event.room, ":", event.text});
    case EventKind::kModeList:
      return append_mode_list(out, event, program, limits);
    // What only IRC tells.
    case EventKind::kEcho:
    case EventKind::kAnswer:
    case EventKind::kLabelEnd:
    case EventKind::kEntered:
    case EventKind::kLeft:
    case EventKind::kQuit:
    case EventKind::kAway:
    case EventKind::kRealName:
    case EventKind::kTagMessage:
      return;
  }
}

}  // namespace chat
