#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/batch.h"
#include "chat/message.h"
#include "chat/storage/audience.h"

namespace chat {

// A session's stays that have ended are remembered up to this many; the oldest are forgotten first.
inline constexpr std::size_t kPastStaysMax = 64;

// A page ends with the message that makes it so large: whatever is in the store, one reader costs
// no more than this and one message.
inline constexpr std::size_t kPageBytesMax = std::size_t{64} << 10;

// What is to be kept, in the order in which the hub decided it. Views into a Batch.
struct Record {
  enum class Kind : std::uint8_t {
    kMessage,       // id, unix_ms, message, room, sender, text; for retries session and client_id
    kIdsReserved,   // id: all numbers up to it may be given away from now on
    kSessionBegan,  // session, sender: its name, id: it hears what is behind this
    kSessionEnded,  // session
    kJoined,        // session, room, id: it hears what is behind this
    kParted,        // session, room, id: the last message it hears; the stay is the past's now
    kRoomState,  // room, text: who moderates it and how, as chat/room_modes.h writes it; in place
                 // of what was kept before
    kRoomGone,   // room: its topic and its state go with it; its history stays
  };

  Kind kind = Kind::kMessage;
  EventKind message = EventKind::kMessage;  // kMessage, kDirect, or kTopic: the room's from now on
  MessageId id = 0;
  std::int64_t unix_ms = 0;
  std::string_view room;  // as it is shown; for kDirect the recipient's name
  std::string_view sender;
  std::string_view text;
  std::string_view session;    // the token of a session that can be resumed; else empty
  std::string_view client_id;  // as the sender calls the message; else empty
  bool notice = false;         // of a message
};

template <class Copy>
void rehome(Record& record, Copy&& copy) {
  record.room = copy(record.room);
  record.sender = copy(record.sender);
  record.text = copy(record.text);
  record.session = copy(record.session);
  record.client_id = copy(record.client_id);
}

// A message as it is read back. Views into a Page.
struct StoredMessage {
  EventKind kind = EventKind::kMessage;
  MessageId id = 0;
  std::int64_t unix_ms = 0;
  std::string_view room;  // as in Record
  std::string_view sender;
  std::string_view text;
  bool notice = false;
};

template <class Copy>
void rehome(StoredMessage& message, Copy&& copy) {
  message.room = copy(message.room);
  message.sender = copy(message.sender);
  message.text = copy(message.text);
}

// Numbers that are gone: `first` to `last`, both included.
struct IdRange {
  MessageId first = 0;
  MessageId last = 0;
  bool operator==(const IdRange&) const = default;
};

// Part of an answer, the oldest message first.
struct Page {
  std::string error;  // empty: all well; else in plain words, and nothing else means anything
  Batch<StoredMessage> messages;
  MessageId read_to = 0;      // everything up to this was looked at: the next page begins behind it
  bool is_end = false;        // there is no next page
  std::vector<IdRange> gaps;  // in what was looked at: deleted by age or bytes, or lost in a crash

  bool is_full() const { return messages.bytes() >= kPageBytesMax; }
};

// What a server begins with.
struct Recovered {
  struct Session {
    std::string token;
    Audience audience;
  };
  struct RoomTopic {
    std::string room;
    std::string set_by;
    std::string text;
    MessageId id = 0;
    std::int64_t unix_ms = 0;
  };
  struct RoomState {
    std::string room;
    std::string text;
  };
  // The newest message that a session has called so. Older ones that it called the same were
  // forgotten when this one came.
  struct Retry {
    std::string session;
    std::string client_id;
    MessageId id = 0;
    std::int64_t unix_ms = 0;
  };
  MessageId last_id = 0;       // no number up to it may be given away again
  MessageId ids_reserved = 0;  // and those up to this, some at least, may be given away already
  std::vector<Session> sessions;
  std::vector<RoomTopic> topics;
  std::vector<RoomState> rooms;
  std::vector<Retry> retries;  // the oldest message first; none twice
};

struct Retention {
  std::int64_t age_max_ms = 0;  // 0: for ever
  std::uint64_t bytes_max = 0;  // of what the store uses; 0: no limit
};

// Keeps the log and what is needed to go on after a restart. A plain state machine that blocks
// while it works: whoever owns it gives it a thread of its own, or calls it where nobody minds. One
// thread at a time.
class MessageStore {
 public:
  struct Found {
    std::string error;  // as in Page
    MessageId after = 0;
  };

  virtual ~MessageStore() = default;

  // What was kept before this start. Called once, first; throws std::runtime_error with one line.
  // retries_since_ms: older messages' client ids are of no use any more.
  virtual Recovered recover(std::int64_t retries_since_ms) = 0;
  // Keeps all of it or, when it can't, nothing, and returns why in one line; empty: it is kept as
  // durably as the store was asked to. REQUIRES: what failed comes again before anything new, and
  // what is new may come behind it in the same call.
  virtual std::string apply(std::span<const Record> records) = 0;
  // What the audience hears of the messages behind `after`, looking at no more than messages_max.
  // REQUIRES: messages_max > 0.
  virtual Page scan(MessageId after, std::size_t messages_max, const Audience& audience) = 0;
  // The first `count` messages of a history that are behind `after` and before `bound`; what a page
  // has no room for is in the next one. REQUIRES: count > 0.
  virtual Page history(std::string_view key, MessageId after, MessageId bound,
                       std::size_t count) = 0;
  // Behind which number the last `count` of them begin; `after` when there are no more than that.
  // REQUIRES: count > 0.
  virtual Found find_last(std::string_view key, MessageId after, MessageId bound,
                          std::size_t count) = 0;
  // Behind which number the messages that are not earlier than this begin; the last number when
  // there are none. Clocks are set back now and then: then it is one of the places where a message
  // that is earlier is followed by one that is not.
  virtual Found find_time(std::int64_t unix_ms) = 0;
  // Deletes a little of what is older or more than is to be kept, and does other work that can
  // wait. To be called about once a second, however busy the store is; and again, after what waits
  // to be kept, while it returns true: there may be more to do.
  virtual bool prune(std::int64_t now_unix_ms) = 0;
  // The server stops in order: nothing is lost between this and the next start.
  virtual void close() = 0;
};

}  // namespace chat
