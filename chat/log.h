#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"

namespace chat {

// The recent tail of the ordered log, in memory, bounded by bytes: the oldest entries make room
// for new ones. One per shard, holding what was delivered there; owned by the shard and used on
// its thread, shared by all feeds. Appending copies into one fixed block, which is allocated for
// the first entry, and allocates nothing else.
class Log {
 public:
  // What the log keeps of a message (kMessage, kDirect, kTopic).
  struct Entry {
    EventKind kind = EventKind::kMessage;
    RoomId room_id = kNoRoom;
    MessageId id = 0;
    std::int64_t unix_ms = 0;
    bool notice = false;
    std::string_view room;
    std::string_view subject;
    std::string_view origin;
    std::string_view text;
    std::string_view tags;
  };

  // Keeps at most bytes_max bytes of entries; 0 keeps nothing.
  explicit Log(std::size_t bytes_max) : capacity_(bytes_max) {}

  // What is kept stays without holes: an entry too large for the whole log is not kept, and nor is
  // anything before it. REQUIRES: event.id > last_id().
  void append(const Event& event);
  MessageId first_id() const;                     // of the oldest entry kept; 0 when empty
  MessageId last_id() const { return last_id_; }  // of the newest ever appended; 0: there was none
  std::size_t size() const { return size_; }      // entries kept
  // Of what was appended everything behind this is kept.
  MessageId dropped_to() const { return dropped_to_; }

  // Where a reader of one log stands: everything up to and including `after` was read. Setting
  // `after` moves it. The rest is the log's own memory of the place.
  struct Cursor {
    MessageId after = 0;
    MessageId remembered_after = 0;
    std::uint64_t position = 0;
  };
  // The first entry behind the cursor, which moves there; false at the end of the log. Skips what
  // is no longer kept: compare first_id() before. The entry's views are valid until append.
  bool next(Cursor& cursor, Entry& entry) const;

  // The entry, which next() has just given, as it looks on the wire; encoded when it is asked for
  // the first time, and kept as long as the entry: about as much memory again for each format that
  // is asked for. Valid until the next call.
  std::string_view encoded(const Entry& entry, const WireFormat& format, const Limits& limits);
  std::size_t encoded_count() const { return encoded_.size(); }  // entries

 private:
  // Positions count all bytes ever written, so they only grow; the place in the block is the
  // position modulo the capacity. Entries are contiguous: one that doesn't fit before the end of
  // the block begins at its start.
  struct Header {
    MessageId id;
    std::int64_t unix_ms;
    RoomId room_id;
    std::uint32_t room_bytes;
    std::uint32_t subject_bytes;
    std::uint32_t origin_bytes;
    std::uint32_t text_bytes;
    std::uint32_t tags_bytes;
    EventKind kind;
    bool notice;
  };
  // Where to begin looking for an id; one about every kMarkStride bytes.
  struct Mark {
    MessageId id = 0;
    std::uint64_t position = 0;
  };
  static constexpr std::size_t kMarkStride = std::size_t{16} << 10;

  static std::size_t record_bytes(const Header& header);
  Header header_at(std::uint64_t position) const;
  std::uint64_t round_up(std::uint64_t position) const;
  // Where the entry behind the end of another one begins.
  std::uint64_t step_over_gap(std::uint64_t position) const;
  std::uint64_t find_behind(MessageId after) const;
  const Mark& mark(std::size_t index) const;
  void make_room(std::uint64_t new_tail);
  void drop_oldest();
  void drop_everything();
  void set_mark(MessageId id, std::uint64_t position);
  void write(std::uint64_t position, const Header& header, const Event& event);

  std::size_t capacity_;
  std::unique_ptr<char[]> block_;
  std::uint64_t head_ = 0;  // of the oldest entry, if there is one
  std::uint64_t tail_ = 0;  // behind the newest entry
  std::uint64_t gap_ = 0;   // where the block's end was last left empty, up to a full lap
  std::size_t size_ = 0;
  MessageId last_id_ = 0;
  MessageId dropped_to_ = 0;
  struct Encoded {
    WireFormat format;
    std::string bytes;
  };
  std::unordered_map<MessageId, std::vector<Encoded>> encoded_;
  std::vector<Mark> marks_;  // a ring
  std::size_t mark_first_ = 0;
  std::size_t mark_count_ = 0;
};

}  // namespace chat
