#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "tools/loadgen/room_order.h"

namespace loadgen {

// The order of a room whose members are spread over several threads: each thread's own order is
// held against it, as each member's is against his thread's. Every thread that has members in the
// room takes part as one Follower. Any thread may call.
class SharedRoomOrder {
 public:
  explicit SharedRoomOrder(std::size_t sender_count) : order_(sender_count) {}

  void add(Follower& thread) {
    const std::lock_guard lock(mutex_);
    order_.add(thread);
  }

  // The thread's members have seen these, in this order; clears them.
  void deliver(Follower& thread, std::vector<MessageKey>& keys) {
    const std::lock_guard lock(mutex_);
    for (const MessageKey key : keys) {
      order_.deliver(thread, key, completed_);
    }
    completed_.clear();
    keys.clear();
  }

  // REQUIRES: no thread delivers any more.
  const std::string& disagreement() const { return order_.disagreement(); }

 private:
  std::mutex mutex_;
  RoomOrder order_;
  std::vector<MessageKey> completed_;  // of no interest here
};

}  // namespace loadgen
