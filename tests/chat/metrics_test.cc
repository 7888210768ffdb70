#include "chat/metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <string_view>

#include "chat/fanout_timer.h"
#include "chat/storage/memory_store.h"
#include "chat/storage/open_storage.h"
#include "reactor/reactor.h"

namespace chat {
namespace {

using reactor::TimePoint;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{std::chrono::hours{1}};

TEST(Metrics, EveryValue_HasALabelOfItsOwn) {
  std::set<std::string_view> labels{"unknown"};
  for (std::size_t i = 0; i < kProtocolCount; ++i) {
    EXPECT_TRUE(labels.insert(label_of(static_cast<Protocol>(i))).second) << i;
  }
  labels = {"unknown"};
  for (std::size_t i = 0; i < kEndReasonCount; ++i) {
    EXPECT_TRUE(labels.insert(label_of(static_cast<EndReason>(i))).second) << i;
  }
  EXPECT_EQ(label_of(static_cast<EndReason>(kEndReasonCount)), "unknown") << "one is not counted";
  EXPECT_EQ(label_of(static_cast<Protocol>(kProtocolCount)), "unknown") << "one is not counted";
}

TEST(Metrics, ReadSums_WhatTheShardsHave) {
  Metrics metrics(3);
  std::uint64_t one = 1;
  for (ShardMetrics& shard : metrics.shards) {
    shard.sessions_speaking(Protocol::kHttp).add(one);
    shard.sessions_opened.add(one);
    shard.closed_for(EndReason::kStalled).add(one);
    shard.lagging_sessions.add(one);
    shard.deliveries.add(one);
    shard.bytes_received.add(one);
    shard.bytes_sent.add(one);
    shard.tls_handshakes.add(one);
    shard.fanout.record(milliseconds{1}, one);
    shard.turns.record(milliseconds{2}, one);
    shard.recent_fanout.record(kStart, milliseconds{1}, one);
    one *= 10;
  }
  const MetricsReading reading = metrics.read();
  EXPECT_EQ(reading.sessions_speaking(Protocol::kHttp), 111U);
  EXPECT_EQ(reading.sessions_opened, 111U);
  EXPECT_EQ(reading.sessions_closed[static_cast<std::size_t>(EndReason::kStalled)], 111U);
  EXPECT_EQ(reading.lagging_sessions, 111U);
  EXPECT_EQ(reading.deliveries, 111U);
  EXPECT_EQ(reading.bytes_received, 111U);
  EXPECT_EQ(reading.bytes_sent, 111U);
  EXPECT_EQ(reading.tls_handshakes, 111U);
  EXPECT_EQ(reading.fanout.total(), 111U);
  EXPECT_EQ(reading.turns.sum_ns, 222'000'000U);
  EXPECT_EQ(metrics.recent_fanout(kStart).total(), 111U);
}

TEST(Metrics, QueueOfTheStore_IsNeverNegative) {
  StoreMetrics store;
  store.bytes_queued.add(100);
  store.bytes_kept.add(70);
  EXPECT_EQ(store.queue_bytes(), 30U);
  store.bytes_kept.add(70);
  EXPECT_EQ(store.queue_bytes(), 0U) << "read while both change";
}

class NoEvents final : public StoreEvents {
 public:
  void on_kept(MessageId /*id*/, MessageId /*ids_reserved*/) override {}
  void on_store_failure(std::string_view /*why*/) override {}
  void on_page(const SessionRef& /*reader*/, Page /*page*/) override {}
};

TEST(Metrics, StoreInMemory_CountsWhatItKeeps) {
  StoreMetrics metrics;
  reactor::Reactor loop(reactor::make_net());
  NoEvents events;
  const Storage memory = open_memory_storage();
  const std::unique_ptr<StorePort> port =
      memory.make_port(std::make_unique<MemoryStore>(Retention{0, 1000}), loop, events, metrics);
  Record record;
  record.id = 1;
  port->append(record);
  EXPECT_EQ(metrics.records_kept.value(), 1U);
  EXPECT_EQ(metrics.queue_bytes(), 0U);
}

TEST(FanoutTimer, Deliveries_TakeFromTheirMessageToTheFlush) {
  Metrics metrics(1);
  ShardMetrics& shard = metrics.shards[0];
  FanoutTimer timer;
  timer.flushed(kStart, shard);
  timer.delivered(kStart, 5);
  timer.delivered(kStart, 6);
  timer.delivered(kStart + microseconds{50}, 7);
  EXPECT_EQ(metrics.read().fanout.total(), 0U) << "not written yet";
  timer.flushed(kStart + microseconds{100}, shard);
  const LatencyCounts counts = metrics.read().fanout;
  EXPECT_EQ(counts.total(), 18U);
  EXPECT_EQ(counts.sum_ns, (11U * 100 + 7 * 50) * 1000U);
  EXPECT_EQ(metrics.recent_fanout(kStart).buckets, counts.buckets);
  timer.flushed(kStart + seconds{1}, shard);
  EXPECT_EQ(metrics.read().fanout.total(), 18U) << "each once";
}

}  // namespace
}  // namespace chat
