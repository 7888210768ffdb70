#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "chat/metrics.h"
#include "chat/web/stats_json.h"

namespace chat {
namespace {

using nlohmann::json;
using reactor::TimePoint;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kNow{std::chrono::hours{1}};
constexpr std::int64_t kStartedUnixMs = 1'760'000'000'250;

ServerInfo some_info() {
  ServerInfo info;
  info.started_unix_ms = kStartedUnixMs;
  return info;
}

void fill(Metrics& metrics) {
  for (ShardMetrics& shard : metrics.shards) {
    shard.sessions_speaking(Protocol::kOpening).set(50);
    shard.sessions_speaking(Protocol::kNative).set(1);
    shard.sessions_speaking(Protocol::kIrc).set(2);
    shard.sessions_speaking(Protocol::kWebSocket).set(3);
    shard.sessions_speaking(Protocol::kHttp).set(4);
    shard.deliveries.set(5);
    shard.bytes_received.set(6);
    shard.bytes_sent.set(5'000'000'000);
    shard.lagging_sessions.set(7);
    shard.recent_fanout.record(kNow, microseconds{120}, 100);
    shard.recent_fanout.record(kNow, milliseconds{6}, 2);
  }
  metrics.hub.clients.set(8);
  metrics.hub.rooms.set(9);
  metrics.hub.messages.set(10);
}

TEST(StatsJson, Object_HasWhatPeopleLookAt) {
  Metrics metrics(2);
  fill(metrics);
  const std::string text = stats_json(metrics, some_info(), kNow, kStartedUnixMs + 12'500);
  const json stats = json::parse(text);
  const json connections{{"native", 2}, {"irc", 4}, {"websocket", 6}, {"http", 8}};
  EXPECT_EQ(stats["connections"], connections);
  EXPECT_EQ(stats["uptime_seconds"], 12.5);
  EXPECT_EQ(stats["clients"], 8);
  EXPECT_EQ(stats["rooms"], 9);
  EXPECT_EQ(stats["messages"], 10);
  EXPECT_EQ(stats["deliveries"], 10);
  EXPECT_EQ(stats["bytes_in"], 12);
  EXPECT_EQ(stats["bytes_out"], 10'000'000'000);
  EXPECT_EQ(stats["lagging_sessions"], 14);
  EXPECT_GE(stats["fanout_seconds"]["p50"], 96e-6);
  EXPECT_LE(stats["fanout_seconds"]["p50"], 128e-6);
  EXPECT_GE(stats["fanout_seconds"]["p99"], 4.096e-3);
  EXPECT_LE(stats["fanout_seconds"]["p99"], 6.144e-3);
  EXPECT_EQ(stats["fanout_seconds"].size(), 2U);
  EXPECT_EQ(stats.size(), 10U);
}

TEST(StatsJson, NothingDeliveredInTheLastSeconds_HasNoQuantiles) {
  Metrics metrics(2);
  fill(metrics);
  const std::string text = stats_json(metrics, some_info(), kNow + seconds{30}, kStartedUnixMs);
  EXPECT_TRUE(json::parse(text)["fanout_seconds"]["p50"].is_null()) << text;
  EXPECT_TRUE(json::parse(text)["fanout_seconds"]["p99"].is_null()) << text;
}

TEST(StatsJson, WallClockThatWentBack_GivesNoNegativeUptime) {
  const Metrics metrics(1);
  const std::string text = stats_json(metrics, some_info(), kNow, kStartedUnixMs - 1);
  EXPECT_EQ(json::parse(text)["uptime_seconds"], 0);
}

}  // namespace
}  // namespace chat
