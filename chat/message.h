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

// What an error is, roughly: what programs that speak the native protocol decide by.
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

// Why the hub did not do what it was asked to: one for each answer that some protocol tells apart
// from the others. code_of says what it is in the native protocol, irc_encode.cc in IRC.
enum class Refusal : std::uint8_t {
  kNone,
  kMalformed,
  kRegisterFirst,
  kRegisteredAlready,
  kForbidden,  // for a reason that is only in the text
  kNoSuchName,
  kNoSuchRoom,
  kNoRequest,  // for a private chat
  kNoSuchSession,
  kUnknownVerb,
  kNameTaken,
  kBusy,  // with another private chat, or asked already
  kInvalidName,
  kInvalidRoomName,
  kTooLong,
  kTooFast,
  kTooManyRooms,  // that one is in
  kNoRoomLeft,    // on the server
  kNotInRoom,
  kNotInLobby,  // which can be neither left nor changed
  kNotOperator,
  kBanned,
  kInviteOnly,
  kWrongKey,
  kRoomIsFull,
  kCannotSpeak,  // the room is moderated, or takes nothing from outside or from who is banned
  kTargetNotInRoom,
  kTargetInRoom,
  kGone,
  kInternal,
  kShuttingDown,
};

constexpr ErrorCode code_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return ErrorCode::kNone;
    case Refusal::kMalformed:
      return ErrorCode::kMalformed;
    case Refusal::kRegisterFirst:
      return ErrorCode::kRegisterFirst;
    case Refusal::kNoSuchName:
    case Refusal::kNoSuchRoom:
    case Refusal::kNoRequest:
    case Refusal::kNoSuchSession:
    case Refusal::kTargetNotInRoom:
      return ErrorCode::kUnknownTarget;
    case Refusal::kUnknownVerb:
      return ErrorCode::kUnknownVerb;
    case Refusal::kNameTaken:
    case Refusal::kBusy:
    case Refusal::kTargetInRoom:
      return ErrorCode::kTaken;
    case Refusal::kInvalidName:
    case Refusal::kInvalidRoomName:
      return ErrorCode::kInvalidName;
    case Refusal::kTooLong:
      return ErrorCode::kTooLong;
    case Refusal::kTooFast:
      return ErrorCode::kTooFast;
    case Refusal::kGone:
      return ErrorCode::kGone;
    case Refusal::kInternal:
      return ErrorCode::kInternal;
    case Refusal::kNoRoomLeft:
    case Refusal::kShuttingDown:
      return ErrorCode::kUnavailable;
    case Refusal::kRegisteredAlready:
    case Refusal::kForbidden:
    case Refusal::kTooManyRooms:
    case Refusal::kNotInRoom:
    case Refusal::kNotInLobby:
    case Refusal::kNotOperator:
    case Refusal::kBanned:
    case Refusal::kInviteOnly:
    case Refusal::kWrongKey:
    case Refusal::kRoomIsFull:
    case Refusal::kCannotSpeak:
      return ErrorCode::kForbidden;
  }
  return ErrorCode::kInternal;
}

// What the hub knows of how a client wants to be told things. What only changes how they look is
// in its WireFormat.
struct Capabilities {
  // What a program of the native protocol has asked for in its HELLO.
  bool tags = false;
  bool ack = false;
  bool resume = false;
  bool presence = false;
  // Of IRC clients.
  bool irc = false;     // is told at once, and of each by itself, who comes, goes and is renamed
  bool echo = false;    // is told what it has said itself
  bool labels = false;  // its client ids only mark the answers: the same one again is a new message
  bool multi_prefix = false;       // is told all roles of a member, not only the highest
  bool userhost_in_names = false;  // is told user and host in lists of names, too

  bool operator==(const Capabilities&) const = default;
};

enum class Verb : std::uint8_t {
  kHello,      // capabilities; text: those granted, "tags,presence"
  kRegister,   // target: the name; user, host, text: how it calls itself in words; capabilities
  kResume,     // target: the session's token; id: the last message that was seen; capabilities
  kBroadcast,  // text
  kPlain,      // text, typed by hand: to the private chat's peer if there is one, else to everyone
  kDirect,     // target: a name; text
  kList,       // target: a room, or empty for everyone
  kRooms,
  kJoin,     // target: a room; text: its key, if it has one
  kPart,     // target: a room, or empty in IRC for all but the lobby; text: why
  kSay,      // target: a room; text
  kTopic,    // target: a room; text, empty to clear it
  kRequest,  // target: a name
  kAccept,   // target: a name
  kDecline,  // target: a name
  kLeave,    // ends the private chat
  kHistory,  // target: a room, or @ and a name for what was said to and by it in private; id,
             // count, before: the last ones before id (0: of all), else the first ones behind it;
             // bound: on its other side nothing from there on; around: id, and about as many before
             // as behind it; id_unix_ms, bound_unix_ms: the same as times; peer: how it was asked
  kPing,     // text, returned as it is
  kHelp,
  kQuit,    // text: why
  kMode,    // target: a room, or empty and peer: a name; text: the changes, "+o-k alice *"; empty:
            // asks
  kKick,    // target: a room; peer: a name; text: why
  kInvite,  // target: a room; peer: a name
  // Spoken in IRC only:
  kTagMessage,  // target: a room with # in front, or a name; tags
  kRename,      // target: the new name
  kRealName,    // text: how the client calls itself in words
  kAway,        // text: why; empty: is back
  kTopicOf,     // target: a room
  kNames,       // target: a room, or empty for all
  kWho,         // target: a room with # in front, a mask, or a name; text: the fields asked for
  kWhois,       // target: a name
  kWhowas,      // target: a name; count: at most so many, 0: all
  kIsOn,        // text: names, space-separated
  kUserHost,    // text: names, space-separated
  kListRooms,   // text: what to list, as in LIST
  kTargets,     // with whom and where there is history; peer: how it was asked
  kCounts,      // of clients and rooms (LUSERS)
  kMotd,
  kMonitor,   // text: as in MONITOR, "+ alice,bob"
  kAnswer,    // text: an answer that the codec has by itself, on its way through the hub so that
              // answers come in the order of the questions; count: its number, or 0
  kLabelEnd,  // everything that client_id has asked for is answered
  // Not spoken by clients:
  kReject,      // a line that could not be taken: refusal, target (the subject), text of the answer
  kPeerEnded,   // the client has ended its half, and reads on; text: in what words others are told
  kDisconnect,  // the connection is gone; text: likewise; both empty: in the hub's
};

// One thing a session wants, on its way to the hub. Everything that gets an answer goes this way,
// refusals too, so that answers come in the order of the questions.
struct Command {
  Verb verb = Verb::kPlain;
  Refusal refusal = Refusal::kNone;  // of kReject
  std::string_view target;
  std::string_view peer;
  std::string_view text;
  std::string_view tags;       // of a message: what IRC clients tell each other, "+typing=done"
  std::string_view user;       // how it calls its account
  std::string_view host;       // where it is, as shown to others
  std::string_view client_id;  // how a program calls what it sends; empty: it does not
  Capabilities capabilities;
  MessageId id = 0;
  MessageId bound = 0;
  std::int64_t id_unix_ms = 0;
  std::int64_t bound_unix_ms = 0;
  std::uint32_t count = 0;
  bool before = false;
  bool around = false;
  bool notice = false;  // a message that nobody answers by itself, refusals included

  ErrorCode code() const { return code_of(refusal); }
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
  kJoined,        // room: confirmed, and the session is a member behind `from`; subject: its name;
                  // text: how it calls itself in words
  kParted,        // room: confirmed, and the session is none any more behind `from`; subject, text
  kDirect,        // subject: the sender; room: the recipient; text; a private message
  kRequest,       // subject: who asks for a private chat
  kChatStarted,   // subject: the peer
  kChatEnded,     // subject: the peer
  kChatDeclined,  // subject: who declined
  kChatExpired,   // subject: who did not answer in time
  kGap,           // from, id: the first and the last of the messages that are gone
  kHistoryEnd,    // room: as it was asked for
  kModes,         // room; text: "+kn secret"; what it was asked for
  kModeList,      // room; target: the letter, "b"; text: the masks, comma-separated; likewise
  kInvited,       // subject: by whom; room
  kInviting,      // target: who is invited; room; confirmed
  kEcho,          // what the session has said itself: like kMessage, or without room_id kDirect
  kAnswer,    // text: of kAnswer, or what the hub answers to questions that only IRC has; count:
              // its number in IRC, and the session's name goes before text; 0: text is all
  kLabelEnd,  // client_id: as in kLabelEnd
  // To the members of a room (Event::room_id), Event::except left out:
  kMessage,         // subject: the sender; text
  kTopic,           // subject: who set it; text; with Event::to set, for one who has just joined or
                    // asks
  kPresenceJoined,  // text: names, comma-separated; to members who asked for presence
  kPresenceLeft,    // likewise
  kEntered,         // subject; text: how it calls itself in words; at once, to IRC clients
  kLeft,            // subject; text: why; likewise
  kQuit,            // subject, who was in the lobby like everybody; text: why; likewise
  kRenamed,         // subject: the name before; target: the name now; in the lobby, and with
                    // Event::to set, to the one who has it
  kAway,            // subject; text: why; empty: is back; in the lobby
  kRealName,        // subject; text; in the lobby
  kKicked,          // subject: by whom; target: who; text: why; with Event::to set, for the one who
                    // is no member any more behind `from`
  kModeChanged,     // subject: by whom; text: "+o-k alice"
  kTagMessage,      // subject; tags; id: of its own kind; with Event::to set, to one: room is then
                    // its name, or, when the subject is told what it has said itself, as in kEcho
  // To a shard, about one of its sessions (Event::to); nobody is told:
  kHeard,    // room, from, id: it hears of the room what is behind `from`, up to id (0: for ever)
  kHistory,  // text: the history's key; room: as it was asked for; the last `count` messages
             // (before)
             // or the first ones of those behind `from` and before `id`, none of them earlier than
             // since_unix_ms nor as late as before_unix_ms (0: does not matter); around: half of
             // them before the middle, which is a number, or if that is 0 before_unix_ms
  kTargets,  // likewise the last message before `id` of each of several histories; text: a line for
             // each, "12 dev": the number behind which it is, and the key; room: the session's name
};

// One thing that happened, on its way from the hub to the shards. Events to a room go once to
// each shard that has members there.
struct Event {
  EventKind kind = EventKind::kError;
  Refusal refusal = Refusal::kNone;
  bool notice = false;  // as in Command
  bool before = false;
  bool around = false;
  RoomId room_id = kNoRoom;
  SessionRef to;
  SessionRef except;
  MessageId id = 0;          // of what is in the log: kMessage, kDirect, kTopic; of others as said
  std::int64_t unix_ms = 0;  // when the hub ordered it
  reactor::TimePoint taken;  // likewise, by the monotonic clock
  std::string_view room;
  std::string_view subject;
  std::string_view origin;  // of the subject: "user@host"; empty when nobody knows any more
  std::string_view target;  // of kHistory, what it brings and its end or refusal: how it was asked
  std::string_view text;
  std::string_view tags;
  std::string_view client_id;  // of what this answers, if it has one
  MessageId from = 0;
  std::uint32_t count = 0;
  MessageId middle = 0;  // from here on of kHistory
  std::int64_t since_unix_ms = 0;
  std::int64_t before_unix_ms = 0;

  ErrorCode code() const { return code_of(refusal); }
};

// What has just got its number. A topic that one is told who has joined later has had it before.
inline bool is_new_message(const Event& event) {
  return event.kind == EventKind::kMessage || event.kind == EventKind::kDirect ||
         (event.kind == EventKind::kTopic && !event.to);
}

}  // namespace chat
