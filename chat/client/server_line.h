#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chat {

// What a server can say. The names on the wire are those of chat/PROTOCOL.md.
enum class ServerVerb : std::uint8_t {
  kUnknown,  // from a newer server: to be ignored
  kWelcome,
  kRegistered,
  kSession,
  kResumed,
  kAck,
  kGap,
  kMessage,
  kDirect,
  kRoomMessage,
  kTopic,
  kClientList,
  kRoomList,
  kEnd,
  kJoined,
  kParted,
  kRequest,
  kStatusJoined,
  kStatusLeft,
  kStatusChatStarted,
  kStatusChatEnded,
  kStatusChatDeclined,
  kStatusChatExpired,
  kPong,
  kBye,
  kError,
};

// One line of a server, taken apart. The views point into the line.
struct ServerLine {
  static constexpr std::size_t kFieldsMax = 3;

  // The message's number in the one order: of a delivery, of what an ACK is about, of the last one
  // that is gone in a GAP.
  std::optional<std::uint64_t> id;
  std::optional<std::uint64_t> from;    // the first that is gone in a GAP
  std::optional<std::int64_t> unix_ms;  // when the server ordered it
  std::string_view room;                // of the tag; empty without one
  std::string_view to;                  // whom a private message was for; likewise
  std::string_view client_id;  // how we called what an ACK or an ERROR answers; empty: unknown
  ServerVerb verb = ServerVerb::kUnknown;
  std::string_view verb_name;
  // As many as the verb has; the last one is the rest of the line. Missing ones are empty.
  std::array<std::string_view, kFieldsMax> fields;
};

// MESSAGE, DIRECT, ROOM_MESSAGE or TOPIC: what is in the server's log, and said by somebody.
bool is_delivery(ServerVerb verb);

// line: without its line end. Any bytes are legal: what makes no sense becomes kUnknown.
ServerLine parse_server_line(std::string_view line);

}  // namespace chat
