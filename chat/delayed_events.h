#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "chat/batch.h"
#include "chat/message.h"

namespace chat {

// Shards by their index, a bit each.
using ShardSet = std::uint64_t;
inline constexpr std::uint16_t kShardsMax = 64;

// Events that are delivered when the messages among them are kept, in the order in which the hub
// decided them: nothing overtakes a message that waits. Gathered by the turn, as the store keeps
// them. A plain queue, owned by the Switchboard.
class DelayedEvents {
 public:
  bool empty() const { return groups_.empty(); }
  void add(const Event& event, ShardSet shards);
  // What comes later waits for itself.
  void end_turn() { is_open_ = false; }

  // Calls deliver(event, shards) for everything that need not wait any more, now that messages are
  // kept up to this one.
  template <class Deliver>
  void release(MessageId kept, Deliver&& deliver) {
    while (!groups_.empty() && groups_.front().last_message <= kept) {
      const Group group = std::move(groups_.front());
      groups_.pop_front();
      is_open_ = is_open_ && !groups_.empty();
      auto shards = group.shards.begin();
      for (const Event& event : group.events) {
        deliver(event, *shards++);
      }
    }
  }

 private:
  struct Group {
    MessageId last_message = 0;
    Batch<Event> events;
    std::vector<ShardSet> shards;  // of each
  };

  std::deque<Group> groups_;
  bool is_open_ = false;  // the last group takes more
};

}  // namespace chat
