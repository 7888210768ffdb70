#include "chat/web/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "chat/metrics.h"
#include "tests/chat/metrics_text_checker.h"

namespace chat {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

ServerInfo some_info() {
  ServerInfo info;
  info.version = "1.2.3";
  info.started_unix_ms = 1'760'000'000'250;
  return info;
}

void fill(Metrics& metrics) {
  ShardMetrics& first = metrics.shards[0];
  first.sessions_speaking(Protocol::kOpening).set(7);
  first.sessions_speaking(Protocol::kIrc).set(1);
  first.sessions_opened.set(20);
  first.closed_for(EndReason::kQuit).set(3);
  first.deliveries.set(1000);
  first.bytes_received.set(10'000'000'000);
  first.tls_handshakes.set(2);
  first.fanout.record(microseconds{120}, 10);
  first.turns.record(seconds{20});
  ShardMetrics& second = metrics.shards[1];
  second.sessions_speaking(Protocol::kNative).set(2);
  second.sessions_speaking(Protocol::kWebSocket).set(4);
  second.sessions_opened.set(10);
  second.closed_for(EndReason::kQuit).set(1);
  second.closed_for(EndReason::kServerStopping).set(5);
  second.lagging_sessions.set(6);
  second.deliveries.set(3567);
  second.bytes_sent.set(8);
  second.fanout.record(microseconds{2}, 5);
  metrics.hub.messages.set(123);
  metrics.hub.clients.set(11);
  metrics.hub.detached_clients.set(12);
  metrics.hub.rooms.set(13);
  metrics.hub.connections_refused.set(14);
  metrics.store.bytes_queued.set(500);
  metrics.store.bytes_kept.set(420);
  metrics.store.records_kept.set(15);
  metrics.store.failing.set(1);
  metrics.store.commits.record(milliseconds{1}, 2);
}

// Without the buckets, of which there are many.
std::string short_of(const std::string& text) {
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    const std::string line = text.substr(begin, end - begin);
    result += line.find("_bucket{") == std::string::npos ? line : "";
    begin = end;
  }
  return result;
}

constexpr const char* kPage =
    R"(# HELP reactor_chat_connections Connections now, by what they speak.
# TYPE reactor_chat_connections gauge
reactor_chat_connections{protocol="opening"} 7
reactor_chat_connections{protocol="native"} 2
reactor_chat_connections{protocol="irc"} 1
reactor_chat_connections{protocol="websocket"} 4
reactor_chat_connections{protocol="http"} 0
# HELP reactor_chat_clients Clients registered and connected now.
# TYPE reactor_chat_clients gauge
reactor_chat_clients 11
# HELP reactor_chat_detached_clients Clients that have lost the connection and may come back.
# TYPE reactor_chat_detached_clients gauge
reactor_chat_detached_clients 12
# HELP reactor_chat_rooms Rooms now, the lobby included.
# TYPE reactor_chat_rooms gauge
reactor_chat_rooms 13
# HELP reactor_chat_lagging_sessions Sessions fed from the log now because they read too slowly or catch up.
# TYPE reactor_chat_lagging_sessions gauge
reactor_chat_lagging_sessions 6
# HELP reactor_chat_sessions_opened_total Connections taken.
# TYPE reactor_chat_sessions_opened_total counter
reactor_chat_sessions_opened_total 30
# HELP reactor_chat_sessions_closed_total Connections that have ended, by why.
# TYPE reactor_chat_sessions_closed_total counter
reactor_chat_sessions_closed_total{reason="quit"} 4
reactor_chat_sessions_closed_total{reason="peer_closed"} 0
reactor_chat_sessions_closed_total{reason="connection_lost"} 0
reactor_chat_sessions_closed_total{reason="idle"} 0
reactor_chat_sessions_closed_total{reason="ping_timeout"} 0
reactor_chat_sessions_closed_total{reason="stalled"} 0
reactor_chat_sessions_closed_total{reason="output_overflow"} 0
reactor_chat_sessions_closed_total{reason="input_overflow"} 0
reactor_chat_sessions_closed_total{reason="registration_timeout"} 0
reactor_chat_sessions_closed_total{reason="resumed_elsewhere"} 0
reactor_chat_sessions_closed_total{reason="served"} 0
reactor_chat_sessions_closed_total{reason="protocol_error"} 0
reactor_chat_sessions_closed_total{reason="tls_failed"} 0
reactor_chat_sessions_closed_total{reason="refused"} 0
reactor_chat_sessions_closed_total{reason="server_stopping"} 5
# HELP reactor_chat_connections_refused_total Connections turned away because there were too many.
# TYPE reactor_chat_connections_refused_total counter
reactor_chat_connections_refused_total 14
# HELP reactor_chat_tls_handshakes_total TLS handshakes completed.
# TYPE reactor_chat_tls_handshakes_total counter
reactor_chat_tls_handshakes_total 2
# HELP reactor_chat_messages_total Messages accepted.
# TYPE reactor_chat_messages_total counter
reactor_chat_messages_total 123
# HELP reactor_chat_deliveries_total Events given to the outputs of connections: each message once for each recipient.
# TYPE reactor_chat_deliveries_total counter
reactor_chat_deliveries_total 4567
# HELP reactor_chat_received_bytes_total Bytes read from connections.
# TYPE reactor_chat_received_bytes_total counter
reactor_chat_received_bytes_total 10000000000
# HELP reactor_chat_sent_bytes_total Bytes written to connections.
# TYPE reactor_chat_sent_bytes_total counter
reactor_chat_sent_bytes_total 8
# HELP reactor_chat_fanout_latency_seconds From accepting a message to having written it to a recipient, for each delivery.
# TYPE reactor_chat_fanout_latency_seconds histogram
reactor_chat_fanout_latency_seconds_sum 0.00121
reactor_chat_fanout_latency_seconds_count 15
# HELP reactor_chat_loop_turn_seconds How long a turn of an event loop took, without waiting.
# TYPE reactor_chat_loop_turn_seconds histogram
reactor_chat_loop_turn_seconds_sum 20
reactor_chat_loop_turn_seconds_count 1
# HELP reactor_chat_store_queue_bytes What waits to be kept.
# TYPE reactor_chat_store_queue_bytes gauge
reactor_chat_store_queue_bytes 80
# HELP reactor_chat_store_records_total Records kept.
# TYPE reactor_chat_store_records_total counter
reactor_chat_store_records_total 15
# HELP reactor_chat_store_commit_seconds How long a transaction of the store took until it was kept.
# TYPE reactor_chat_store_commit_seconds histogram
reactor_chat_store_commit_seconds_sum 0.002
reactor_chat_store_commit_seconds_count 2
# HELP reactor_chat_store_failing 1 while nothing can be kept.
# TYPE reactor_chat_store_failing gauge
reactor_chat_store_failing 1
# HELP reactor_chat_build_info 1; its labels say what is running.
# TYPE reactor_chat_build_info gauge
reactor_chat_build_info{version="1.2.3"} 1
# HELP process_start_time_seconds When the server started, in seconds since 1970.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1760000000.25
)";

TEST(MetricsText, Page_HasEverythingThatIsCounted) {
  Metrics metrics(2);
  fill(metrics);
  const std::string text = metrics_text(metrics, some_info());
  EXPECT_EQ(short_of(text), kPage);
  EXPECT_EQ(parse_metrics_page(text).mistake, "");
}

TEST(MetricsText, Histogram_HasCumulativeBucketsWithTheirBounds) {
  Metrics metrics(1);
  metrics.shards[0].turns.record(nanoseconds{1500}, 2);
  metrics.shards[0].turns.record(milliseconds{600}, 3);
  metrics.shards[0].turns.record(seconds{60}, 4);
  const std::string text = metrics_text(metrics, some_info());
  const auto bucket = [](const char* bound, int count) {
    return std::string("reactor_chat_loop_turn_seconds_bucket{le=\"") + bound + "\"} " +
           std::to_string(count) + '\n';
  };
  EXPECT_THAT(text, HasSubstr("histogram\n" + bucket("1e-06", 0) + bucket("1.5e-06", 2) +
                              bucket("2e-06", 2) + bucket("3e-06", 2) + bucket("4e-06", 2) +
                              bucket("6e-06", 2) + bucket("8e-06", 2) + bucket("1.2e-05", 2)));
  EXPECT_THAT(text, HasSubstr(bucket("0.393216", 2) + bucket("0.524288", 2) +
                              bucket("0.786432", 5) + bucket("1.048576", 5)));
  EXPECT_THAT(text, HasSubstr(bucket("12.582912", 5) + bucket("16.777216", 5) + bucket("+Inf", 9) +
                              "reactor_chat_loop_turn_seconds_sum 241.800003\n"
                              "reactor_chat_loop_turn_seconds_count 9\n"));
}

TEST(MetricsText, LabelValues_AreEscaped) {
  const Metrics metrics(1);
  ServerInfo info = some_info();
  info.version = "a\\b\"c\nd{},=e";
  const std::string text = metrics_text(metrics, info);
  EXPECT_THAT(text, HasSubstr("build_info{version=\"a\\\\b\\\"c\\nd{},=e\"} 1\n"));
  const MetricsPage page = parse_metrics_page(text);
  EXPECT_EQ(page.mistake, "");
  EXPECT_EQ(page.samples.count("reactor_chat_build_info{version=" + info.version + "}"), 1U);
}

// Numbers that a double holds, most of them small.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : random_(seed) {}
  std::uint64_t next() { return random_() >> (11 + random_() % 53); }

 private:
  std::mt19937_64 random_;
};

TEST(MetricsText, RandomNumbers_StandOnThePage) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Numbers numbers(seed);
    Metrics metrics(1 + seed % 4);
    double deliveries = 0;
    double irc = 0;
    double refused = 0;
    double latencies = 0;
    for (ShardMetrics& shard : metrics.shards) {
      for (Counter* counter : {&shard.deliveries, &shard.sessions_speaking(Protocol::kIrc),
                               &shard.closed_for(EndReason::kRefused)}) {
        counter->set(numbers.next() >> 2);  // the sum is exact, too
      }
      deliveries += static_cast<double>(shard.deliveries.value());
      irc += static_cast<double>(shard.sessions_speaking(Protocol::kIrc).value());
      refused += static_cast<double>(shard.closed_for(EndReason::kRefused).value());
      for (int i = 0; i < 20; ++i) {
        shard.fanout.record(nanoseconds{numbers.next() >> 16}, 3);
        latencies += 3;
      }
    }
    const MetricsPage page = parse_metrics_page(metrics_text(metrics, some_info()));
    ASSERT_EQ(page.mistake, "") << "seed " << seed;
    ASSERT_EQ(page.samples.at("reactor_chat_deliveries_total"), deliveries) << "seed " << seed;
    ASSERT_EQ(page.samples.at("reactor_chat_connections{protocol=irc}"), irc) << "seed " << seed;
    ASSERT_EQ(page.samples.at("reactor_chat_sessions_closed_total{reason=refused}"), refused)
        << "seed " << seed;
    ASSERT_EQ(page.samples.at("reactor_chat_fanout_latency_seconds_count"), latencies)
        << "seed " << seed;
  }
}

// What makes a page wrong, behind a head that is right.
struct Bad {
  const char* head;
  std::vector<const char*> rest;
};

TEST(MetricsText, Checker_FindsWhatIsWrong) {
  constexpr const char* kCounter = "# HELP a_total Text.\n# TYPE a_total counter\n";
  constexpr const char* kHistogram = "# HELP h Text.\n# TYPE h histogram\n";
  const auto mistake_in = [](const std::string& head, const char* rest) {
    return parse_metrics_page(head + rest).mistake;
  };
  ASSERT_EQ(mistake_in(kCounter, "a_total{x=\"y\",z=\"\\n\"} 1\n"), "");
  ASSERT_EQ(mistake_in(kHistogram,
                       "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
                       "h_sum 1.5\nh_count 2\n"),
            "");
  const Bad bad_pages{
      "",
      {"", "a_total 1\n", "# TYPE a_total counter\na_total 1\n",
       "# HELP a_total Text.\na_total 1\n", "# HELP a Text.\n# TYPE a counter\na 1\n",
       "# HELP a_total Text.\n# TYPE a_total gauge\na_total 1\n",
       "# HELP a Text.\n# TYPE a guage\na 1\n", "# HELP a Text.\n# TYPE b gauge\na 1\n",
       "# HELP a_ms Text.\n# TYPE a_ms gauge\na_ms 1\n"}};
  const Bad bad_counters{
      kCounter,
      {"",
       "a_total 1",
       "a_total 1\n\n",
       "a_total  1\n",
       "a_total 1 \n",
       "a_total nan\n",
       "a_total 0x10\n",
       "a_total inf\n",
       "a_total -1\n",
       "b_total 1\n",
       "1_total 1\n",
       "a_total 1\na_total 1\n",
       "a_total{x=\"y\"} 1\na_total{x=\"y\"} 1\n",
       "a_total{x=y} 1\n",
       "a_total{x=\"y} 1\n",
       "a_total{x=\"\\t\"} 1\n",
       "a_total{x=\"1\",x=\"2\"} 1\n",
       "a_total{1=\"y\"} 1\n",
       "a_total{x=\"y\"}1\n",
       "a_total{x=\"y\" 1\n",
       "a_total 1\n# HELP a_total Text.\n# TYPE a_total counter\na_total{x=\"y\"} 1\n"}};
  const Bad bad_histograms{
      kHistogram,
      {"h 2\n", "h_bucket{le=\"+Inf\"} 2\nh_sum 1.5\n", "h_bucket{le=\"+Inf\"} 2\nh_count 2\n",
       "h_bucket{le=\"+Inf\"} 2\nh_sum 1.5\nh_count 3\n",
       "h_bucket{le=\"1\"} 2\nh_sum 1.5\nh_count 2\n",
       "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 1.5\nh_count 2\n",
       "h_bucket{le=\"+Inf\"} 2\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n",
       "h_bucket{le=\"2\"} 2\nh_bucket{le=\"1\"} 2\nh_sum 1\nh_count 2\n"}};
  for (const Bad& bad : {bad_pages, bad_counters, bad_histograms}) {
    for (const char* rest : bad.rest) {
      EXPECT_NE(mistake_in(bad.head, rest), "") << bad.head << rest;
    }
  }
}

}  // namespace
}  // namespace chat
