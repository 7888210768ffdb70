#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/loadgen/histogram.h"

namespace loadgen {

// What a run has found. Plain values, filled by the run, read by the reports; written to and read
// back from JSON. Times are nanoseconds since the start of the first stage unless named otherwise.

// How one run ended; also the program's exit code.
enum class Verdict : std::uint8_t {
  kPassed = 0,
  kInvalid = 98,          // the generator was the limit: the numbers say little of the server
  kObjectiveMissed = 99,  // an --slo
  kIntegrityBroken = 100,
};
const char* to_string(Verdict verdict);  // "passed", "invalid", "objective_missed", …

// Deliveries counted against what should have come.
struct Integrity {
  std::uint64_t expected = 0;   // deliveries that should have come
  std::uint64_t delivered = 0;  // that came, each counted once
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;
  std::uint64_t reordered = 0;  // came out of the room's order
  std::uint64_t corrupted = 0;  // not what was sent, or not from us

  bool intact() const { return lost == 0 && doubled == 0 && reordered == 0 && corrupted == 0; }
  void add(const Integrity& other);
};

struct RoomResult {
  std::string name;
  std::uint64_t members = 0;
  Integrity integrity;
};

// Latency from when a message was due (corrected for coordinated omission) and from when it was
// really sent, to each of its deliveries.
struct Latency {
  Histogram corrected;
  Histogram uncorrected;
};

struct StageResult {
  double asked_per_second = 0;    // messages; 0 in a closed loop
  double seconds = 0;             // as long as messages were sent
  double delivering_seconds = 0;  // until the last delivery: a server that is behind takes longer
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  Latency latency;
  Histogram lateness;             // of our own sends
  double server_cpu_seconds = 0;  // 0 when the server is not watched
  // Of what its busiest thread could use, or of what all of them may: whichever share is larger.
  double server_load = 0;
  double generator_cpu_seconds = 0;
  double generator_busiest_thread = 0;  // its CPU time as a share of wall time, 0 to 1
  bool objectives_kept = true;

  double sent_per_second() const { return seconds > 0 ? static_cast<double>(sent) / seconds : 0; }
  double delivered_per_second() const {
    return delivering_seconds > 0 ? static_cast<double>(delivered) / delivering_seconds : 0;
  }
  // Processors that the server used: 1 is one of them fully.
  double server_cpu() const {
    return delivering_seconds > 0 ? server_cpu_seconds / delivering_seconds : 0;
  }
};

// One second of the run, for the plots.
struct Sample {
  double at_seconds = 0;  // the end of the interval; below 0 before the first stage
  double seconds = 0;     // its length
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t errors = 0;
  std::uint64_t connections = 0;  // open at its end
  std::uint64_t p50_ns = 0;       // corrected
  std::uint64_t p99_ns = 0;
  std::uint64_t max_ns = 0;
  double asked_per_second = 0;  // messages
  double server_cpu = 0;        // processors used: 1 is one of them fully
  double generator_cpu = 0;
  std::uint64_t server_memory_bytes = 0;  // resident
};

// How clients got in.
struct Registration {
  std::uint64_t clients = 0;
  double seconds = 0;
  Histogram latency;  // from connect to ready
};

// What was seen of the server's process. Zero when it was not watched.
struct ServerUse {
  int pid = 0;
  double cpu_seconds = 0;                     // while the stages ran and drained
  std::uint64_t memory_before_bytes = 0;      // resident, before the first client
  std::uint64_t memory_registered_bytes = 0;  // with all clients there and idle
  std::uint64_t memory_peak_bytes = 0;
  double deliveries_per_cpu_second = 0;
  double bytes_per_connection = 0;
};

// How evenly the members of rooms are served: the members' own mean latencies, compared.
struct Fairness {
  double fastest_mean_ns = 0;
  double median_mean_ns = 0;
  double slowest_mean_ns = 0;
};

struct Setting {
  std::string name;
  std::string value;
};

struct Result {
  std::string version;     // of the load generator
  std::string started_at;  // ISO 8601, UTC
  std::string command_line;
  std::string target;  // as in nats://localhost:4222
  std::string workload;
  std::string machine;            // processor and system, in a few words
  std::vector<Setting> settings;  // what the run was asked to do, to be shown

  Verdict verdict = Verdict::kPassed;
  // Each in one sentence. Reasons go with a verdict that is not kPassed; warnings don't change it.
  std::vector<std::string> reasons;
  std::vector<std::string> warnings;

  bool closed_loop = false;
  Registration registration;
  std::vector<StageResult> stages;  // with --find-max, the trials in the order made
  StageResult total;                // of all stages; with --find-max, of the best trial
  double max_rate_kept = 0;         // --find-max: messages per second; 0: none or not asked
  std::vector<RoomResult> rooms;
  Integrity integrity;
  std::string disagreement;  // the first that was seen: who saw what in which order; or empty
  Fairness fairness;
  ServerUse server;
  std::vector<Sample> samples;
  std::uint64_t connections_lost = 0;
  std::uint64_t churned = 0;  // clients that left and were replaced
};

}  // namespace loadgen
