#pragma once

#include <cmath>
#include <cstdint>
#include <random>

#include "tools/loadgen/result.h"

namespace loadgen {

// What example_result differs in. Same values, same result.
struct Example {
  double latency_factor = 1;
  double server_cpu = 0.9;  // processors used
  double seconds = 30;
  double messages_per_second = 5000;
  std::uint64_t members = 200;
  std::uint64_t bytes_per_connection = 1010;
  unsigned seed = 1;
};

// Latencies as a chat server has them: most near 1 ms, a long tail.
inline std::int64_t example_latency_ns(std::mt19937& random, double factor) {
  std::lognormal_distribution<double> usual(std::log(1.1e6), 0.35);
  const bool in_tail = random() % 400 == 0;
  return static_cast<std::int64_t>(factor * usual(random) * (in_tail ? 6 : 1));
}

inline StageResult example_stage(const Example& example, std::mt19937& random) {
  constexpr int kRecorded = 20'000;
  StageResult stage;
  stage.asked_per_second = example.messages_per_second;
  stage.seconds = example.seconds;
  stage.delivering_seconds = example.seconds;
  stage.sent = static_cast<std::uint64_t>(example.messages_per_second * example.seconds * 0.999);
  stage.delivered = stage.sent * (example.members - 1);
  for (int i = 0; i < kRecorded; ++i) {
    const std::int64_t latency_ns = example_latency_ns(random, example.latency_factor);
    const auto lateness_ns = static_cast<std::int64_t>(random() % 60'000);
    stage.latency.uncorrected.record(latency_ns);
    stage.latency.corrected.record(latency_ns + lateness_ns);
    stage.lateness.record(lateness_ns);
  }
  stage.server_cpu_seconds = example.server_cpu * example.seconds;
  stage.server_load = example.server_cpu;
  stage.generator_cpu_seconds = 0.7 * example.seconds;
  stage.generator_busiest_thread = 0.7;
  return stage;
}

inline Sample example_sample(const Example& example, std::mt19937& random, double at_seconds) {
  std::uniform_real_distribution<double> noise(0.95, 1.05);
  const bool warm_up = at_seconds <= 0;
  Sample sample;
  sample.at_seconds = at_seconds;
  sample.seconds = 1;
  sample.asked_per_second = example.messages_per_second;
  sample.sent =
      static_cast<std::uint64_t>(example.messages_per_second * noise(random) * (warm_up ? 0.5 : 1));
  sample.delivered = sample.sent * (example.members - 1);
  sample.connections = example.members;
  sample.p50_ns = static_cast<std::uint64_t>(1.13e6 * example.latency_factor * noise(random));
  sample.p99_ns =
      static_cast<std::uint64_t>(2.7e6 * example.latency_factor * noise(random) * noise(random));
  sample.max_ns = sample.p99_ns * 5;
  sample.server_cpu = example.server_cpu * noise(random);
  sample.generator_cpu = 0.7 * noise(random);
  sample.server_memory_bytes = 5'300'000 + static_cast<std::uint64_t>(4000 * (at_seconds + 5));
  return sample;
}

// A run of a fan-out that went well, with every part of a result filled.
inline Result example_result(const Example& example = {}) {
  std::mt19937 random(example.seed);
  Result result;
  result.version = "0.2.0";
  result.started_at = "2026-03-01T12:00:00Z";
  result.command_line = "chat-loadgen --rate 5k --duration 30s --server-pid 4711 localhost:8888";
  result.target = "localhost:8888";
  result.workload = "fanout";
  result.machine = "Intel Xeon Platinum 8481C, 2 processors, Linux 6.1.0";
  result.settings = {{"arrivals", "fixed"},
                     {"clients", std::to_string(example.members)},
                     {"payload", "64 B"},
                     {"senders", "1"},
                     {"stages", "30s@5k"}};
  result.registration.clients = example.members;
  result.registration.seconds = 0.0213;
  for (std::uint64_t i = 0; i < example.members; ++i) {
    result.registration.latency.record(static_cast<std::int64_t>(2'000'000 + random() % 9'000'000));
  }
  result.total = example_stage(example, random);
  result.stages = {result.total};
  result.integrity.expected = result.total.delivered;
  result.integrity.delivered = result.total.delivered;
  result.rooms = {{"lobby", example.members, result.integrity}};
  result.fairness = {1.05e6, 1.16e6, 1.29e6};
  result.server.pid = 4711;
  result.server.cpu_seconds = result.total.server_cpu_seconds;
  result.server.memory_before_bytes = 4'800'000;
  result.server.memory_registered_bytes =
      4'800'000 + example.members * example.bytes_per_connection;
  result.server.memory_peak_bytes = 5'450'000;
  result.server.deliveries_per_cpu_second =
      static_cast<double>(result.total.delivered) / result.server.cpu_seconds;
  result.server.bytes_per_connection = static_cast<double>(example.bytes_per_connection);
  for (int second = -1; second <= static_cast<int>(example.seconds); ++second) {
    result.samples.push_back(example_sample(example, random, second));
  }
  return result;
}

// The same with two kinds of clients: what half of them got came later.
inline Result example_mixed_result() {
  Result result = example_result();
  result.target = "{native,irc+ws}://localhost:8888";
  for (const char* scheme : {"native", "irc+ws"}) {
    KindResult& kind = result.kinds.emplace_back();
    kind.scheme = scheme;
    kind.clients = 100;
    kind.registration.record(2'000'000);
    kind.integrity.expected = kind.integrity.delivered = result.integrity.delivered / 2;
  }
  result.total.of_kinds.resize(2);
  for (int i = 0; i < 1000; ++i) {
    result.total.of_kinds[0].corrected.record(1'000'000);
    result.total.of_kinds[1].corrected.record(4'000'000);
  }
  result.stages = {result.total};
  return result;
}

// What is wrong everywhere at once: a broken room with a hostile name among whole ones, and all
// that a report can have to say.
inline Result example_broken_result() {
  Result result = example_result();
  result.verdict = Verdict::kIntegrityBroken;
  result.rooms.clear();
  for (int i = 0; i < 40; ++i) {
    result.rooms.push_back({"r" + std::to_string(i), 5, {100, 100, 0, 0, 0, 0}});
  }
  result.rooms[7] = {"<b>&\"\x1b[31m'", 5, {1234567, 1234560, 7, 3, 2, 1}};
  for (int i = 20; i < 40; ++i) {
    result.rooms[static_cast<std::size_t>(i)].integrity = {100, 99, 1, 0, 0, 0};
  }
  result.integrity = {};
  for (const RoomResult& room : result.rooms) {
    result.integrity.add(room.integrity);
  }
  result.disagreement = "in r3, c12 saw 4:17 before 9:3, c40 the other way round";
  result.reasons = {"27 deliveries were lost, 3 came twice, 2 out of order and 1 was corrupted"};
  result.warnings = {"the server's memory grew by 40 % while the run went on"};
  result.connections_lost = 3;
  result.churned = 1500;
  return result;
}

}  // namespace loadgen
