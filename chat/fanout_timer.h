#pragma once

#include <cstdint>
#include <vector>

#include "chat/metrics.h"
#include "reactor/net.h"

namespace chat {

// Deliveries that wait for the end of the turn in which they are made, because only the flush shows
// how long they took: gathered by when their messages were taken, which all messages of one turn of
// the hub were at once. Owned by the Shard, used on its thread.
class FanoutTimer {
 public:
  void delivered(reactor::TimePoint taken, std::uint64_t deliveries) {
    if (waiting_.empty() || waiting_.back().taken != taken) {
      waiting_.push_back({taken, 0});
    }
    waiting_.back().deliveries += deliveries;
  }

  // now: read after the flush.
  void flushed(reactor::TimePoint now, ShardMetrics& metrics) {
    for (const Deliveries& those : waiting_) {
      metrics.fanout.record(now - those.taken, those.deliveries);
      metrics.recent_fanout.record(now, now - those.taken, those.deliveries);
    }
    waiting_.clear();
  }

 private:
  struct Deliveries {
    reactor::TimePoint taken;
    std::uint64_t deliveries = 0;
  };

  std::vector<Deliveries> waiting_;  // kept for its memory
};

}  // namespace chat
