#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/batch.h"
#include "chat/storage/gaps.h"
#include "chat/storage/message_store.h"

namespace chat {

// Keeps the log in memory: nothing outlives the server, and the oldest messages make room for new
// ones. Never fails, and is quick enough to be called on a loop's thread.
class MemoryStore final : public MessageStore {
 public:
  // REQUIRES: retention.bytes_max > 0.
  explicit MemoryStore(Retention retention);

  Recovered recover(std::int64_t retries_since_ms) override;
  std::string apply(std::span<const Record> records) override;
  Page scan(MessageId after, std::size_t messages_max, const Audience& audience) override;
  Page history(std::string_view key, MessageId after, MessageId bound, std::size_t count) override;
  Found find_last(std::string_view key, MessageId after, MessageId bound,
                  std::size_t count) override;
  Found find_time(std::int64_t unix_ms) override;
  bool prune(std::int64_t now_unix_ms) override;
  void close() override {}

  std::uint64_t bytes_used() const { return bytes_used_; }

 private:
  // Messages are kept, and their memory is given back, by the segment: so many of them share their
  // memory that nothing is allocated for most of them.
  using Segment = Batch<StoredMessage>;
  using Ids = std::vector<MessageId>;

  void append(const Record& record);
  void drop_oldest_segment();
  // The numbers of the history's messages behind `after` and before `bound`.
  std::span<const MessageId> ids_of(std::string_view key, MessageId after, MessageId bound) const;
  // Calls use for each message behind `after`, the oldest first, until it returns false. Returns
  // whether it never did.
  template <class Use>
  bool for_each_behind(MessageId after, Use&& use) const;
  const StoredMessage& find(MessageId id) const;

  const Retention retention_;
  const std::uint64_t segment_bytes_;
  std::deque<Segment> segments_;                       // the oldest first, none empty
  std::map<std::string, Ids, std::less<>> histories_;  // what is in the segments
  Gaps gaps_;  // of what is in the segments some of the oldest may be deleted already
  std::uint64_t bytes_used_ = 0;
  MessageId last_id_ = 0;
};

}  // namespace chat
