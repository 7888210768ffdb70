#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "reactor/net.h"

// The few plain types that everything in the chat speaks. They hold views: whoever hands one on
// for longer than the call copies the text first (see batch.h).
namespace chat {

// The number of a message in the one total order: from 1, never reused, never going back.
using MessageId = std::uint64_t;

// Names one client for as long as the server runs, whatever connections it has. Never reused.
using ClientId = std::uint64_t;

// Names one session of the server: the shard that runs it and its connection there. Never reused,
// because the token carries a generation.
struct SessionRef {
  static constexpr std::uint16_t kNoShard = UINT16_MAX;

  std::uint16_t shard = kNoShard;
  reactor::Token token;

  bool operator==(const SessionRef&) const = default;
  explicit operator bool() const { return shard != kNoShard; }
};

struct SessionRefHash {
  std::size_t operator()(const SessionRef& ref) const {
    return std::hash<std::uint64_t>{}(ref.token.pack() * 0x9E3779B97F4A7C15U + ref.shard);
  }
};

// Names one room while it exists. The lobby is always there.
using RoomId = std::uint32_t;
inline constexpr RoomId kLobby = 0;
inline constexpr RoomId kNoRoom = UINT32_MAX;
inline constexpr std::string_view kLobbyName = "lobby";

enum class ErrorCode : std::uint16_t {
  kNone = 0,
  kMalformed = 400,
  kRegisterFirst = 401,
  kForbidden = 403,
  kUnknownTarget = 404,  // no such name or room
  kUnknownVerb = 405,
  kTaken = 409,
  kTooLong = 413,
  kInvalidName = 422,
  kTooFast = 429,
  kGone = 440,  // that part of the history
  kInternal = 500,
  kUnavailable = 503,  // full, or shutting down
};

// What a program has asked for in its HELLO.
struct Capabilities {
  bool tags = false;
  bool ack = false;
  bool resume = false;
  bool presence = false;

  bool operator==(const Capabilities&) const = default;
};

enum class Verb : std::uint8_t {
  kHello,      // capabilities; text: those granted, "tags,presence"
  kRegister,   // target: the name; capabilities
  kResume,     // target: the session's token; id: the last message that was seen; capabilities
  kBroadcast,  // text
  kPlain,      // text, typed by hand: to the private chat's peer if there is one, else to everyone
  kDirect,     // target: a name; text
  kList,       // target: a room, or empty for everyone
  kRooms,
  kJoin,     // target: a room
  kPart,     // target: a room
  kSay,      // target: a room; text
  kTopic,    // target: a room; text, empty to clear it
  kRequest,  // target: a name
  kAccept,   // target: a name
  kDecline,  // target: a name
  kLeave,    // ends the private chat
  kHistory,  // target: a room, or @ and a name for what was said to and by it in private; id,
             // count, before: the last ones before id (0: of all), else the first ones behind it
  kPing,     // text, returned as it is
  kHelp,
  kQuit,
  // Not spoken by clients:
  kReject,      // a line that could not be taken: code, target (the subject) and text of the answer
  kPeerEnded,   // the client has ended its half, and reads on
  kDisconnect,  // the connection is gone
};

// One thing a session wants, on its way to the hub. Everything that gets an answer goes this way,
// refusals too, so that answers come in the order of the questions.
struct Command {
  Verb verb = Verb::kPlain;
  ErrorCode code = ErrorCode::kNone;  // of kReject
  std::string_view target;
  std::string_view text;
  std::string_view client_id;  // how a program calls what it sends; empty: it does not
  Capabilities capabilities;
  MessageId id = 0;
  std::uint32_t count = 0;
  bool before = false;
};

enum class EventKind : std::uint8_t {
  // To one session (Event::to):
  kWelcome,     // text: the capabilities granted
  kRegistered,  // subject: the name
  kSession,     // text: the token to resume with
  kResumed,     // subject: the name; id: the last message that was seen; from: the last there is
  kAck,         // client_id, id: of the message
  kError,       // code, subject, text; client_id if it answers what has one
  kPong,        // text
  kHelp,
  kBye,           // text: the reason; the session ends
  kClientList,    // subject: the room or empty; text: all names, sorted, comma-separated
  kRoomList,      // text: "lobby=12,dev=3"
  kJoined,        // room: confirmed, and the session is a member behind `from`
  kParted,        // room: confirmed, and the session is none any more behind `from`
  kDirect,        // subject: the sender; room: the recipient; text; a private message
  kRequest,       // subject: who asks for a private chat
  kChatStarted,   // subject: the peer
  kChatEnded,     // subject: the peer
  kChatDeclined,  // subject: who declined
  kChatExpired,   // subject: who did not answer in time
  kGap,           // from, id: the first and the last of the messages that are gone
  kHistoryEnd,    // room: as it was asked for
  // To the members of a room (Event::room_id), Event::except left out:
  kMessage,         // subject: the sender; text
  kTopic,           // subject: who set it; text; with Event::to set, for one who has just joined
  kPresenceJoined,  // text: names, comma-separated; to members who asked for presence
  kPresenceLeft,    // likewise
  // To a shard, about one of its sessions (Event::to); nobody is told:
  kHeard,    // room, from, id: it hears of the room what is behind `from`, up to id (0: for ever)
  kHistory,  // text: the history's key; room: as it was asked for; the last `count` messages
             // (before)
             // or the first ones of those behind `from` and before `id`
};

// One thing that happened, on its way from the hub to the shards. Events to a room go once to
// each shard that has members there.
struct Event {
  EventKind kind = EventKind::kError;
  ErrorCode code = ErrorCode::kNone;
  RoomId room_id = kNoRoom;
  SessionRef to;
  SessionRef except;
  MessageId id = 0;          // of what is in the log: kMessage, kDirect, kTopic; else 0
  std::int64_t unix_ms = 0;  // when the hub ordered it
  std::string_view room;
  std::string_view subject;
  std::string_view text;
  std::string_view client_id;
  MessageId from = 0;
  std::uint32_t count = 0;
  bool before = false;
};

// What has just got its number. A topic that one is told who has joined later has had it before.
inline bool is_new_message(const Event& event) {
  return event.kind == EventKind::kMessage || event.kind == EventKind::kDirect ||
         (event.kind == EventKind::kTopic && !event.to);
}

}  // namespace chat
