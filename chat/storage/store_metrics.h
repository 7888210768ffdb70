#pragma once

#include <algorithm>
#include <cstdint>

#include "chat/counter.h"
#include "chat/latency_histogram.h"

namespace chat {

// What is counted about keeping messages. Outlives the way to the store; any thread reads.
struct StoreMetrics {
  // The hub's thread:
  Counter bytes_queued;  // ever handed to the store

  // The store's thread; the hub's for a store without one:
  Counter bytes_kept;  // of those
  Counter records_kept;
  Counter failing;           // 1 while nothing can be kept
  LatencyHistogram commits;  // of a transaction, from its first try on

  std::uint64_t queue_bytes() const {
    const std::uint64_t kept = bytes_kept.value();
    return std::max(bytes_queued.value(), kept) - kept;
  }
};

}  // namespace chat
