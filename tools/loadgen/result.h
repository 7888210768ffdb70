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

// What the clients of one kind of a mix have come to, beside their latency.
struct KindResult {
  std::string scheme;  // as in irc+ws
  std::uint64_t clients = 0;
  Histogram registration;  // from connect to ready
  Integrity integrity;     // of what they got
};

// Latency from when a message was due (corrected for coordinated omission) and from when it was
// really sent, to each of its deliveries.
struct Latency {
  Histogram corrected;
  Histogram uncorrected;

  void add(const Latency& other);
};

// Adds those of each kind to what there is of it.
void add_by_kind(const std::vector<Latency>& kinds, std::vector<Latency>& sums);

struct StageResult {
  double asked_per_second = 0;    // messages; 0 in a closed loop
  double seconds = 0;             // as long as messages were sent
  double delivering_seconds = 0;  // until the last delivery: a server that is behind takes longer
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  Latency latency;
  std::vector<Latency> of_kinds;  // of a mix: the same, by kind of the receiver
  Latency acks;                   // from when due and from when sent, to the acknowledgement
  Histogram lateness;             // of our own sends
  double server_cpu_seconds = 0;  // 0 when the server is not watched
  double server_busiest_thread_seconds = 0;  // of the same, the thread's that used most
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
  std::uint64_t acknowledged = 0;         // messages
  std::uint64_t ack_p50_ns = 0;           // corrected
  std::uint64_t ack_p99_ns = 0;
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
  double busiest_thread_seconds = 0;          // of the same, the thread's that used most
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

// What became of those who read slowly. Messages and bytes are those of all readers together.
struct SlowReaderResult {
  std::uint64_t readers = 0;
  std::uint64_t behind_max = 0;  // messages that one of them had yet to get
  Histogram catching_up;         // from the end of a spell until all that was missed had come
  std::uint64_t messages = 0;    // that came meanwhile
  std::uint64_t bytes = 0;
  std::uint64_t never = 0;  // readers who had not caught up in the end

  double messages_per_second() const { return per_second(messages); }  // of one reader
  double bytes_per_second() const { return per_second(bytes); }
  void add(const SlowReaderResult& other);

 private:
  double per_second(std::uint64_t count) const;
};

// What became of those who lost their connection.
struct ReconnectResult {
  std::uint64_t clients = 0;
  std::uint64_t dropped = 0;
  Histogram resuming;              // from connect to resumed
  Histogram catching_up;           // from connect until all that was missed had come
  std::uint64_t gaps = 0;          // that were announced
  std::uint64_t gap_messages = 0;  // numbers in them
  std::string first_gap;           // in words

  void add(const ReconnectResult& other);
};

// Acknowledgements that were asked for.
struct AckResult {
  std::uint64_t asked = 0;
  std::uint64_t missing = 0;
  std::uint64_t unexpected = 0;  // of nothing that waited for one

  void add(const AckResult& other);
};

// What was acknowledged and delivered, held against the server's history.
struct HistoryResult {
  std::uint64_t acknowledged = 0;
  std::uint64_t in_history = 0;      // messages
  std::uint64_t heard_and_gone = 0;  // delivered, never acknowledged, and announced as gone
  // Broken promises: messages that …
  std::uint64_t missing = 0;           // were acknowledged and are not in the history
  std::uint64_t vanished = 0;          // were delivered and are neither there nor announced as gone
  std::uint64_t repeated = 0;          // are there more than once
  std::uint64_t foreign = 0;           // are there and are not what anybody has sent
  std::uint64_t ids_reused = 0;        // have a number that another one had
  std::uint64_t ids_back = 0;          // have a number below one from before the kill
  std::uint64_t ids_changed = 0;       // have another number than was acknowledged
  std::vector<std::string> offenders;  // the first of them, each in a sentence

  bool intact() const;
};

// What became of a server that was killed again and again.
struct CrashResult {
  std::uint64_t kills = 0;
  Histogram restarting;          // from the kill until the server listened again
  Histogram returning;           // from the kill until everybody had resumed
  std::uint64_t sent_again = 0;  // messages, because no acknowledgement had come
  std::uint64_t sessions_lost = 0;
  std::string ended;  // why there were no more kills, when that was not the plan
  HistoryResult history;
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
  std::vector<KindResult> kinds;  // of a mix
  Integrity integrity;
  std::string disagreement;  // the first that was seen: who saw what in which order; or empty
  Fairness fairness;
  ServerUse server;
  std::vector<Sample> samples;
  std::uint64_t connections_lost = 0;
  std::uint64_t churned = 0;  // clients that left and were replaced
  SlowReaderResult slow_readers;
  ReconnectResult reconnects;
  AckResult acks;
  CrashResult crash;
};

}  // namespace loadgen
