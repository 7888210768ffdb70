#include "chat/storage/memory_store.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "reactor/check.h"

namespace chat {
namespace {

// Dropping one segment frees this part of the memory, or so much.
constexpr std::uint64_t kSegmentShare = 16;
constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{256} << 10;
// What the first message of a history takes beside its key, about.
constexpr std::uint64_t kHistoryBytes = 128;
constexpr std::size_t kMessagesDeletedAtOnce = 256;

template <class Segment>
const StoredMessage& last_of(const Segment& segment) {
  return *std::prev(segment.end());
}

}  // namespace

MemoryStore::MemoryStore(Retention retention)
    : retention_(retention),
      segment_bytes_(std::min(retention.bytes_max / kSegmentShare, kSegmentBytesMax)) {
  CHECK(retention.bytes_max > 0, "memory without a bound");
}

// What nobody keeps needs no reservation.
Recovered MemoryStore::recover(std::int64_t /*retries_since_ms*/) {
  Recovered recovered;
  recovered.ids_reserved = std::numeric_limits<MessageId>::max();
  return recovered;
}

std::string MemoryStore::apply(std::span<const Record> records) {
  for (const Record& record : records) {
    // The rest is of use after a restart only.
    if (record.kind == Record::Kind::kMessage && record.id > last_id_) {
      append(record);
    }
  }
  while (bytes_used_ > retention_.bytes_max && !segments_.empty()) {
    drop_oldest_segment();
  }
  return {};
}

void MemoryStore::append(const Record& record) {
  if (segments_.empty() || segments_.back().bytes() >= segment_bytes_) {
    segments_.emplace_back();
  }
  Segment& segment = segments_.back();
  const std::size_t before = segment.bytes();
  segment.add({record.message, record.id, record.unix_ms, record.room, record.sender, record.text,
               record.notice});
  std::string key = history_key_of(record.message, record.room, record.sender);
  bytes_used_ += segment.bytes() - before + sizeof(MessageId);
  auto history = histories_.find(key);
  if (history == histories_.end()) {
    bytes_used_ += kHistoryBytes + key.size();
    history = histories_.emplace(std::move(key), Ids()).first;
  }
  history->second.push_back(record.id);
  last_id_ = record.id;
}

void MemoryStore::drop_oldest_segment() {
  const Segment& segment = segments_.front();
  const MessageId last = last_of(segment).id;
  for (const StoredMessage& message : segment) {
    const auto history =
        histories_.find(history_key_of(message.kind, message.room, message.sender));
    if (history == histories_.end() || history->second.front() > last) {
      continue;  // done for a message before
    }
    Ids& ids = history->second;
    ids.erase(ids.begin(), std::upper_bound(ids.begin(), ids.end(), last));
    if (ids.empty()) {
      bytes_used_ -= kHistoryBytes + history->first.size();
      histories_.erase(history);
    }
  }
  bytes_used_ -= segment.bytes() + segment.size() * sizeof(MessageId);
  segments_.pop_front();
  gaps_.delete_to(last);
}

Page MemoryStore::scan(MessageId after, std::size_t messages_max, const Audience& audience) {
  CHECK(messages_max > 0, "not to be scanned", messages_max);
  Page page;
  page.read_to = after;
  std::size_t count = 0;
  const bool is_all = for_each_behind(after, [&](const StoredMessage& message) {
    if (count == messages_max || page.is_full()) {
      return false;
    }
    if (audience.hears(message.kind, message.id, message.room, message.sender)) {
      page.messages.add(message);
    }
    page.read_to = message.id;
    ++count;
    return true;
  });
  if (is_all) {
    page.read_to = std::max(after, last_id_);
  }
  page.is_end = is_all;
  page.gaps = gaps_.within(after, page.read_to);
  return page;
}

Page MemoryStore::history(std::string_view key, MessageId after, MessageId bound,
                          std::size_t count) {
  CHECK(count > 0, "not to be read", count);
  const std::span<const MessageId> ids = ids_of(key, after, bound);
  Page page;
  page.read_to = after;
  while (page.messages.size() < std::min(count, ids.size()) && !page.is_full()) {
    page.read_to = ids[page.messages.size()];
    page.messages.add(find(page.read_to));
  }
  const bool is_all = page.messages.size() == ids.size();
  if (is_all) {
    page.read_to = std::max(after, std::min(std::max<MessageId>(bound, 1) - 1, last_id_));
  }
  page.is_end = is_all || page.messages.size() == count;
  page.gaps = gaps_.within(after, page.read_to);
  return page;
}

MessageStore::Found MemoryStore::find_last(std::string_view key, MessageId after, MessageId bound,
                                           std::size_t count) {
  CHECK(count > 0, "not to be looked for", count);
  const std::span<const MessageId> ids = ids_of(key, after, bound);
  return {{}, ids.size() <= count ? after : ids[ids.size() - count] - 1};
}

MessageStore::Found MemoryStore::find_time(std::int64_t unix_ms) {
  const auto is_earlier = [unix_ms](const StoredMessage& message) {
    return message.unix_ms < unix_ms;
  };
  const auto segment = std::partition_point(
      segments_.begin(), segments_.end(),
      [&](const Segment& candidate) { return is_earlier(last_of(candidate)); });
  if (segment == segments_.end()) {
    return {{}, last_id_};
  }
  const auto message = std::partition_point(segment->begin(), segment->end(), is_earlier);
  return {{}, std::max(message->id - 1, gaps_.deleted_to())};
}

std::span<const MessageId> MemoryStore::ids_of(std::string_view key, MessageId after,
                                               MessageId bound) const {
  const auto history = histories_.find(key);
  if (history == histories_.end()) {
    return {};
  }
  const Ids& ids = history->second;
  const auto first = std::upper_bound(ids.begin(), ids.end(), std::max(after, gaps_.deleted_to()));
  return {first, std::lower_bound(first, ids.end(), bound)};
}

bool MemoryStore::prune(std::int64_t now_unix_ms) {
  if (retention_.age_max_ms == 0) {
    return false;
  }
  // Clocks are set back now and then: what stands before something old is old.
  MessageId overdue = 0;
  std::size_t count = 0;
  for_each_behind(0, [&](const StoredMessage& message) {
    overdue = message.unix_ms < now_unix_ms - retention_.age_max_ms ? message.id : overdue;
    return ++count < kMessagesDeletedAtOnce;
  });
  if (overdue == 0) {
    return false;
  }
  gaps_.delete_to(overdue);
  while (!segments_.empty() && last_of(segments_.front()).id <= overdue) {
    drop_oldest_segment();
  }
  return true;
}

template <class Use>
bool MemoryStore::for_each_behind(MessageId after, Use&& use) const {
  const MessageId read = std::max(after, gaps_.deleted_to());
  auto segment =
      std::partition_point(segments_.begin(), segments_.end(),
                           [&](const Segment& candidate) { return last_of(candidate).id <= read; });
  for (; segment != segments_.end(); ++segment) {
    auto message =
        std::partition_point(segment->begin(), segment->end(),
                             [&](const StoredMessage& candidate) { return candidate.id <= read; });
    for (; message != segment->end(); ++message) {
      if (!use(*message)) {
        return false;
      }
    }
  }
  return true;
}

const StoredMessage& MemoryStore::find(MessageId id) const {
  const StoredMessage* found = nullptr;
  for_each_behind(id - 1, [&](const StoredMessage& message) {
    found = &message;
    return false;
  });
  CHECK(found != nullptr && found->id == id, "a history has what the log has not", id);
  return *found;
}

}  // namespace chat
