// What is counted on one thread and read on others, for the thread sanitizer to look at.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <semaphore>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "chat/fanout_timer.h"
#include "chat/metrics.h"
#include "chat/storage/message_store.h"
#include "chat/storage/store_worker.h"
#include "chat/web/metrics_text.h"
#include "chat/web/stats_json.h"
#include "reactor/reactor.h"

namespace chat {
namespace {

using reactor::TimePoint;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{std::chrono::hours{1}};
constexpr std::uint64_t kTurns = 20'000;

// Each turn is long, so that the windows of what is recent turn often.
void work_as_a_shard(ShardMetrics& metrics) {
  FanoutTimer timer;
  TimePoint now = kStart;
  for (std::uint64_t turn = 0; turn < kTurns; ++turn) {
    metrics.sessions_speaking(Protocol::kIrc).add();
    metrics.deliveries.add(3);
    timer.delivered(now, 3);
    now += milliseconds{700};
    timer.flushed(now, metrics);
    metrics.turns.record(microseconds{turn});
    metrics.sessions_speaking(Protocol::kIrc).subtract();
  }
}

void read_while(const std::atomic<bool>& somebody_works, const Metrics& metrics) {
  const ServerInfo info;
  MetricsReading last;
  TimePoint now = kStart;
  do {
    const MetricsReading reading = metrics.read();
    EXPECT_GE(reading.deliveries, last.deliveries);
    EXPECT_GE(reading.fanout.total(), last.fanout.total());
    EXPECT_GE(reading.turns.sum_ns, last.turns.sum_ns);
    EXPECT_LE(reading.sessions_speaking(Protocol::kIrc), metrics.shards.size());
    const LatencyCounts recent = metrics.recent_fanout(now);
    EXPECT_LE(recent.total(), 3 * kTurns * metrics.shards.size());
    if (const auto p99 = recent.quantile(0.99)) {
      EXPECT_GT(*p99, milliseconds{500});
      EXPECT_LT(*p99, seconds{1});
    }
    EXPECT_FALSE(metrics_text(metrics, info).empty());
    EXPECT_FALSE(stats_json(metrics, info, now, 0).empty());
    last = reading;
    now += milliseconds{700};
  } while (somebody_works && !::testing::Test::HasFailure());
}

TEST(MetricsThreads, Readers_SeeNumbersThatOnlyGrow) {
  Metrics metrics(2);
  std::atomic<bool> somebody_works = true;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] { read_while(somebody_works, metrics); });
  }
  std::vector<std::thread> shards;
  for (ShardMetrics& shard : metrics.shards) {
    shards.emplace_back([&shard] { work_as_a_shard(shard); });
  }
  for (std::thread& shard : shards) {
    shard.join();
  }
  somebody_works = false;
  for (std::thread& reader : readers) {
    reader.join();
  }
  const MetricsReading reading = metrics.read();
  EXPECT_EQ(reading.deliveries, 6 * kTurns);
  EXPECT_EQ(reading.fanout.total(), 6 * kTurns);
  EXPECT_EQ(reading.turns.total(), 2 * kTurns);
  EXPECT_EQ(reading.sessions_speaking(Protocol::kIrc), 0U);
}

// Keeps nothing before it may.
class SlowStore final : public MessageStore {
 public:
  explicit SlowStore(std::counting_semaphore<>& may_keep) : may_keep_(may_keep) {}

  Recovered recover(std::int64_t /*retries_since_ms*/) override { return {}; }
  std::string apply(std::span<const Record> /*records*/) override {
    may_keep_.acquire();
    return {};
  }
  Page scan(MessageId /*after*/, std::size_t /*messages_max*/,
            const Audience& /*audience*/) override {
    return {};
  }
  Page history(std::string_view /*key*/, MessageId /*after*/, MessageId /*bound*/,
               std::size_t /*count*/) override {
    return {};
  }
  Found find_last(std::string_view /*key*/, MessageId after, MessageId /*bound*/,
                  std::size_t /*count*/) override {
    return {{}, after};
  }
  Found find_time(std::int64_t /*unix_ms*/) override { return {}; }
  bool prune(std::int64_t /*now_unix_ms*/) override { return false; }
  void close() override {}

 private:
  std::counting_semaphore<>& may_keep_;
};

class LastKept final : public StoreEvents {
 public:
  void on_kept(MessageId id, MessageId /*ids_reserved*/) override { id_ = id; }
  void on_store_failure(std::string_view /*why*/) override {}
  void on_page(const SessionRef& /*reader*/, Page /*page*/) override {}

  MessageId id() const { return id_; }

 private:
  MessageId id_ = 0;
};

TEST(MetricsThreads, WhatWaitsForTheStore_IsCountedUntilItIsKept) {
  std::counting_semaphore<> may_keep(0);
  StoreMetrics metrics;
  reactor::Reactor loop(reactor::make_net());
  LastKept kept;
  StoreWorker worker(std::make_unique<SlowStore>(may_keep), 1000, loop, kept, metrics);
  const std::string text(500, 'x');
  std::uint64_t bytes = 0;
  for (MessageId id = 1; id <= 5; ++id) {
    Record record;
    record.id = id;
    record.text = text;
    worker.append(record);
    worker.end_turn();
    EXPECT_GE(metrics.queue_bytes(), bytes + text.size()) << "nothing can be kept yet";
    bytes = metrics.queue_bytes();
  }
  EXPECT_TRUE(worker.is_congested());
  EXPECT_EQ(metrics.records_kept.value(), 0U);
  may_keep.release(5);  // one transaction each, at most
  for (int turns = 0; kept.id() < 5 && turns < 1000; ++turns) {
    loop.turn(seconds{1});
  }
  EXPECT_EQ(kept.id(), 5U);
  EXPECT_EQ(metrics.queue_bytes(), 0U);
  EXPECT_EQ(metrics.bytes_queued.value(), bytes);
  EXPECT_EQ(metrics.records_kept.value(), 5U);
  LatencyCounts commits;
  metrics.commits.add_to(commits);
  EXPECT_GE(commits.total(), 1U);
  EXPECT_LE(commits.total(), 5U);
}

}  // namespace
}  // namespace chat
