#include "chat/log.h"

#include <algorithm>
#include <cstring>

#include "chat/protocol/encode.h"
#include "reactor/check.h"

namespace chat {

void Log::append(const Event& event) {
  CHECK(event.id > last_id_, "the log goes back", event.id, last_id_);
  last_id_ = event.id;
  Header header{};
  header.id = event.id;
  header.unix_ms = event.unix_ms;
  header.room_id = event.room_id;
  header.room_bytes = static_cast<std::uint32_t>(event.room.size());
  header.subject_bytes = static_cast<std::uint32_t>(event.subject.size());
  header.origin_bytes = static_cast<std::uint32_t>(event.origin.size());
  header.text_bytes = static_cast<std::uint32_t>(event.text.size());
  header.tags_bytes = static_cast<std::uint32_t>(event.tags.size());
  header.kind = event.kind;
  header.notice = event.notice;
  const std::size_t bytes = record_bytes(header);
  if (bytes > capacity_) {
    drop_everything();
    return;
  }
  if (!block_) {
    block_ = std::make_unique_for_overwrite<char[]>(capacity_);
    // Marks lie at least a stride apart, and all of them within one capacity.
    marks_.resize(capacity_ / kMarkStride + 1);
  }
  const bool fits = capacity_ - tail_ % capacity_ >= bytes;
  const std::uint64_t start = fits ? tail_ : round_up(tail_);
  make_room(start + bytes);
  if (!fits) {
    gap_ = tail_;
  }
  if (size_ == 0) {
    head_ = start;
  }
  write(start, header, event);
  set_mark(event.id, start);
  tail_ = start + bytes;
  ++size_;
}

MessageId Log::first_id() const { return size_ == 0 ? 0 : header_at(head_).id; }

bool Log::next(Cursor& cursor, Entry& entry) const {
  const bool remembers = cursor.remembered_after == cursor.after && cursor.position >= head_ &&
                         cursor.position <= tail_;
  const std::uint64_t position =
      size_ == 0 ? tail_ : step_over_gap(remembers ? cursor.position : find_behind(cursor.after));
  cursor.remembered_after = cursor.after;
  cursor.position = position;
  if (position == tail_) {
    return false;
  }
  const Header header = header_at(position);
  const char* text = &block_[position % capacity_ + sizeof(Header)];
  entry.kind = header.kind;
  entry.room_id = header.room_id;
  entry.id = header.id;
  entry.unix_ms = header.unix_ms;
  entry.notice = header.notice;
  const auto take = [&text](std::uint32_t bytes) {
    const std::string_view taken(text, bytes);
    text += bytes;
    return taken;
  };
  entry.room = take(header.room_bytes);
  entry.subject = take(header.subject_bytes);
  entry.origin = take(header.origin_bytes);
  entry.text = take(header.text_bytes);
  entry.tags = take(header.tags_bytes);
  cursor.after = header.id;
  cursor.remembered_after = header.id;
  cursor.position = position + record_bytes(header);
  return true;
}

std::string_view Log::encoded(const Entry& entry, const WireFormat& format, const Limits& limits) {
  std::vector<Encoded>& all = encoded_[entry.id];
  const auto found = std::ranges::find(all, format, &Encoded::format);
  if (found != all.end()) {
    return found->bytes;
  }
  Event event;
  event.kind = entry.kind;
  event.notice = entry.notice;
  event.room_id = entry.room_id;
  event.id = entry.id;
  event.unix_ms = entry.unix_ms;
  event.room = entry.room;
  event.subject = entry.subject;
  event.origin = entry.origin;
  event.text = entry.text;
  event.tags = entry.tags;
  all.push_back({format, {}});
  encode_delivery(event, format, limits, all.back().bytes);
  return all.back().bytes;
}

std::size_t Log::record_bytes(const Header& header) {
  return sizeof(Header) + header.room_bytes + header.subject_bytes + header.origin_bytes +
         header.text_bytes + header.tags_bytes;
}

Log::Header Log::header_at(std::uint64_t position) const {
  Header header{};
  std::memcpy(&header, &block_[position % capacity_], sizeof(Header));
  return header;
}

std::uint64_t Log::round_up(std::uint64_t position) const {
  return (position + capacity_ - 1) / capacity_ * capacity_;
}

std::uint64_t Log::step_over_gap(std::uint64_t position) const {
  return position == gap_ && position != tail_ ? round_up(position) : position;
}

std::uint64_t Log::find_behind(MessageId after) const {
  std::size_t low = 0;
  std::size_t high = mark_count_;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (mark(middle).id <= after) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  std::uint64_t position = low == 0 ? head_ : mark(low - 1).position;
  while (position != tail_) {
    const Header header = header_at(position);
    if (header.id > after) {
      break;
    }
    position = step_over_gap(position + record_bytes(header));
  }
  return position;
}

const Log::Mark& Log::mark(std::size_t index) const {
  return marks_[(mark_first_ + index) % marks_.size()];
}

// The gap must still be the one before: the oldest entries may lie in front of it.
void Log::make_room(std::uint64_t new_tail) {
  while (size_ > 0 && new_tail - head_ > capacity_) {
    drop_oldest();
  }
  while (mark_count_ > 0 && (size_ == 0 || mark(0).position < head_)) {
    mark_first_ = (mark_first_ + 1) % marks_.size();
    --mark_count_;
  }
}

void Log::drop_oldest() {
  const Header header = header_at(head_);
  dropped_to_ = header.id;
  head_ = step_over_gap(head_ + record_bytes(header));
  --size_;
  if (!encoded_.empty()) {
    encoded_.erase(header.id);
  }
}

void Log::drop_everything() {
  dropped_to_ = last_id_;
  encoded_.clear();
  head_ = tail_;
  size_ = 0;
  mark_count_ = 0;
}

void Log::set_mark(MessageId id, std::uint64_t position) {
  if (mark_count_ > 0 && position - mark(mark_count_ - 1).position < kMarkStride) {
    return;
  }
  CHECK(mark_count_ < marks_.size(), "more marks than strides", mark_count_);
  marks_[(mark_first_ + mark_count_) % marks_.size()] = {id, position};
  ++mark_count_;
}

void Log::write(std::uint64_t position, const Header& header, const Event& event) {
  char* to = &block_[position % capacity_];
  const auto put = [&to](const void* from, std::size_t bytes) {
    if (bytes > 0) {
      std::memcpy(to, from, bytes);
      to += bytes;
    }
  };
  put(&header, sizeof(Header));
  put(event.room.data(), event.room.size());
  put(event.subject.data(), event.subject.size());
  put(event.origin.data(), event.origin.size());
  put(event.text.data(), event.text.size());
  put(event.tags.data(), event.tags.size());
}

}  // namespace chat
