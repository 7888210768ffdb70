#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "chat/counter.h"
#include "chat/end_reason.h"
#include "chat/latency_histogram.h"
#include "chat/storage/store_metrics.h"
#include "reactor/net.h"

namespace chat {

// What a connection speaks.
enum class Protocol : std::uint8_t {
  kOpening,  // nothing that is known yet
  kNative,
  kIrc,
  kWebSocket,  // whatever is spoken inside
  kHttp,
};
inline constexpr std::size_t kProtocolCount = 5;

// As metrics call it: snake_case.
std::string_view label_of(Protocol protocol);
std::string_view label_of(EndReason reason);

// What belongs to different writers is kept on different cache lines.
inline constexpr std::size_t kCacheLineBytes = 64;

// Written by one shard's thread.
struct alignas(kCacheLineBytes) ShardMetrics {
  std::array<Counter, kProtocolCount> sessions;  // now
  Counter sessions_opened;
  std::array<Counter, kEndReasonCount> sessions_closed;
  Counter lagging_sessions;  // now: those with a feed
  Counter deliveries;
  Counter bytes_received;
  Counter bytes_sent;
  Counter tls_handshakes;  // that were completed
  // From when the hub takes a message until the flush that follows its delivery; of each delivery.
  LatencyHistogram fanout;
  RecentLatencies recent_fanout;
  LatencyHistogram turns;  // without the wait

  Counter& sessions_speaking(Protocol protocol) {
    return sessions[static_cast<std::size_t>(protocol)];
  }
  Counter& closed_for(EndReason reason) {
    return sessions_closed[static_cast<std::size_t>(reason)];
  }
};

// Written by shard 0's thread.
struct alignas(kCacheLineBytes) HubMetrics {
  Counter messages;          // that got their number
  Counter clients;           // now: registered and connected
  Counter detached_clients;  // now: those who have lost the connection and may come back
  Counter rooms;             // now
  Counter connections_refused;
};

// All of it as plain numbers, summed up over the shards.
struct MetricsReading {
  std::array<std::uint64_t, kProtocolCount> sessions{};
  std::uint64_t sessions_opened = 0;
  std::array<std::uint64_t, kEndReasonCount> sessions_closed{};
  std::uint64_t lagging_sessions = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t tls_handshakes = 0;
  LatencyCounts fanout;
  LatencyCounts turns;

  std::uint64_t messages = 0;
  std::uint64_t clients = 0;
  std::uint64_t detached_clients = 0;
  std::uint64_t rooms = 0;
  std::uint64_t connections_refused = 0;

  std::uint64_t store_queue_bytes = 0;
  std::uint64_t store_records_kept = 0;
  std::uint64_t store_failing = 0;
  LatencyCounts store_commits;

  std::uint64_t sessions_speaking(Protocol protocol) const {
    return sessions[static_cast<std::size_t>(protocol)];
  }
};

// What a server counts about itself. Owned by the Server and there before and after everything
// that writes to it; each part is written by one thread, all are read by any.
struct Metrics {
  explicit Metrics(std::size_t shard_count) : shards(shard_count) {}

  MetricsReading read() const;
  // Of the last seconds, from all shards.
  LatencyCounts recent_fanout(reactor::TimePoint now) const;

  std::vector<ShardMetrics> shards;  // by index
  HubMetrics hub;
  alignas(kCacheLineBytes) StoreMetrics store;
};

}  // namespace chat
