#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "chat/message.h"

namespace chat {

// The recent tail of the ordered log, in memory, bounded by bytes: the oldest entries make room
// for new ones. One per shard, holding what was delivered there; owned by the shard and used on
// its thread. Appending copies into one fixed block and allocates nothing.
class Log {
 public:
  // What the log keeps of a message (kMessage, kDirect, kTopic).
  struct Entry {
    EventKind kind = EventKind::kMessage;
    RoomId room_id = kNoRoom;
    MessageId id = 0;
    std::int64_t unix_ms = 0;
    std::string_view room;
    std::string_view subject;
    std::string_view text;
  };

  // Keeps at most bytes_max bytes of entries; 0 keeps nothing.
  explicit Log(std::size_t bytes_max);

  // REQUIRES: event.id > last_id().
  void append(const Event& event);
  MessageId first_id() const;  // of the oldest entry kept; 0 when empty
  MessageId last_id() const;   // of the newest entry ever appended; 0 when there was none
  std::size_t size() const;    // entries kept

  // Where a reader stands: everything up to and including `after` was read.
  struct Cursor {
    MessageId after = 0;
  };
  // The first entry behind the cursor, which moves there; false at the end of the log. Skips what
  // is no longer kept: compare first_id() before. The entry's views are valid until append.
  bool next(Cursor& cursor, Entry& entry) const;

 private:
  // The author of log.cc completes this part.
};

}  // namespace chat
