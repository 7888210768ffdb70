#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "tools/loadgen/findings.h"
#include "tools/loadgen/stage_plan.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

// Above this share of a processor a thread of the generator has no time left to be punctual.
constexpr double kBusyShareMax = 0.9;
// The server was the limit when its load was at least this.
constexpr double kServerBusyShareMin = 0.9;
// Our own lateness is part of the corrected latency: what share of its p99 it may be before that is
// said, and before the run is invalid. Below kLatenessIgnoredNs it does not matter.
constexpr double kLatenessShareTold = 0.1;
constexpr double kLatenessShareMax = 0.5;
constexpr double kLatenessIgnoredNs = 1e6;

void add_stage(const StageResult& stage, StageResult& total) {
  total.seconds += stage.seconds;
  total.delivering_seconds += stage.delivering_seconds;
  total.sent += stage.sent;
  total.delivered += stage.delivered;
  total.latency.add(stage.latency);
  add_by_kind(stage.of_kinds, total.of_kinds);
  total.acks.add(stage.acks);
  total.lateness.add(stage.lateness);
  total.server_cpu_seconds += stage.server_cpu_seconds;
  total.server_busiest_thread_seconds += stage.server_busiest_thread_seconds;
  total.server_load = std::max(total.server_load, stage.server_load);
  total.generator_cpu_seconds += stage.generator_cpu_seconds;
  total.generator_busiest_thread =
      std::max(total.generator_busiest_thread, stage.generator_busiest_thread);
  total.objectives_kept = total.objectives_kept && stage.objectives_kept;
}

std::string format_p99(const Histogram& histogram) {
  return format_duration_ns(static_cast<double>(histogram.percentile_ns(99)));
}

// How much of the slowest latencies may be our own lateness; 0 when it is too little to matter.
double lateness_share(const StageResult& stage) {
  const auto late = static_cast<double>(stage.lateness.percentile_ns(99));
  const auto p99 = static_cast<double>(stage.latency.corrected.percentile_ns(99));
  return late > kLatenessIgnoredNs ? late / std::max(p99, 1.0) : 0;
}

void sum_up_stages(Result& result) {
  double asked = 0;
  for (const StageResult& stage : result.stages) {
    add_stage(stage, result.total);
    asked += stage.asked_per_second * stage.seconds;
  }
  result.total.asked_per_second = result.total.seconds > 0 ? asked / result.total.seconds : 0;
}

void sum_up_search(const Plan& plan, Result& result) {
  for (const StageResult& trial : result.stages) {
    if (has_passed(plan, trial) && trial.asked_per_second > result.max_rate_kept) {
      result.max_rate_kept = trial.asked_per_second;
      result.total = trial;
    }
  }
  if (result.max_rate_kept == 0 && !result.stages.empty()) {
    result.total = result.stages.back();
  }
}

void sum_up_server(const Plan& plan, Result& result) {
  ServerUse& server = result.server;
  if (server.pid == 0) {
    return;
  }
  server.cpu_seconds = result.total.server_cpu_seconds;
  server.busiest_thread_seconds = result.total.server_busiest_thread_seconds;
  if (server.cpu_seconds > 0) {
    server.deliveries_per_cpu_second =
        static_cast<double>(result.total.delivered) / server.cpu_seconds;
  }
  if (server.memory_registered_bytes > server.memory_before_bytes) {
    server.bytes_per_connection =
        static_cast<double>(server.memory_registered_bytes - server.memory_before_bytes) /
        static_cast<double>(plan.clients);
  }
}

// What of a stage says more of the generator than of the server.
std::vector<std::string> own_limits(const Plan& plan, const StageResult& stage) {
  std::vector<std::string> limits;
  if (!was_sent(plan, stage)) {
    limits.push_back(fmt::format("asked to send {} messages/s, could send {}",
                                 format_number(stage.asked_per_second),
                                 format_number(stage.sent_per_second())));
  }
  const bool server_was_limit = plan.closed_loop && stage.server_load > kServerBusyShareMin;
  if (stage.generator_busiest_thread > kBusyShareMax && !server_was_limit) {
    limits.push_back(
        fmt::format("the generator was busy for {} of the time: it was the limit, not the server "
                    "(--threads, another machine, or a lower rate)",
                    format_percent(stage.generator_busiest_thread)));
  }
  if (lateness_share(stage) > kLatenessShareMax) {
    limits.push_back(fmt::format(
        "the generator sent late itself: p99 {} of a latency of {} (--spin, --threads, or a lower "
        "rate)",
        format_p99(stage.lateness), format_p99(stage.latency.corrected)));
  }
  return limits;
}

void find_invalid_stages(const Plan& plan, Result& result) {
  for (std::size_t i = 0; i < result.stages.size(); ++i) {
    for (const std::string& limit : own_limits(plan, result.stages[i])) {
      result.reasons.push_back(result.stages.size() > 1 ? fmt::format("stage {}: {}", i + 1, limit)
                                                        : limit);
    }
  }
}

// A search has found nothing when what ended it was the generator.
void find_invalid_search(const Plan& plan, Result& result) {
  if (result.max_rate_kept > 0) {
    const std::vector<std::string> limits = own_limits(plan, result.total);
    result.reasons.insert(result.reasons.end(), limits.begin(), limits.end());
  }
  const StageResult* lowest_missed = nullptr;
  for (const StageResult& trial : result.stages) {
    if (!has_passed(plan, trial) &&
        (lowest_missed == nullptr || trial.asked_per_second < lowest_missed->asked_per_second)) {
      lowest_missed = &trial;
    }
  }
  if (lowest_missed == nullptr) {
    return;
  }
  const std::vector<std::string> limits = own_limits(plan, *lowest_missed);
  if (!limits.empty()) {
    result.reasons.push_back(
        fmt::format("the search ended at {} messages/s where the generator, not the server, was "
                    "the limit: {}",
                    format_number(lowest_missed->asked_per_second), limits.front()));
  }
}

void warn_of_lateness(Result& result) {
  const double share = lateness_share(result.total);
  if (share > kLatenessShareTold && share <= kLatenessShareMax) {
    result.warnings.push_back(
        fmt::format("the generator's own lateness (p99 {}) is a good part of the latency; --spin "
                    "makes it punctual",
                    format_p99(result.total.lateness)));
  }
}

// What a reader does not take is in the system's buffers first, some 4 MB on Linux, and then in the
// server's; before that the server has nothing to show.
void warn_of_readers_too_fast(Result& result) {
  constexpr double kNoticedBytes = 6e6;
  const SlowReaderResult& slow = result.slow_readers;
  if (slow.readers == 0) {
    return;
  }
  const double bytes_behind = slow.messages == 0 ? 0
                                                 : static_cast<double>(slow.bytes) /
                                                       static_cast<double>(slow.messages) *
                                                       static_cast<double>(slow.behind_max);
  if (bytes_behind < kNoticedBytes) {
    result.warnings.push_back(
        fmt::format("the slow readers were {} behind at most: the system's buffers can hold that, "
                    "and the server may not have noticed (a longer --slow-for, --rate, --size)",
                    format_bytes(bytes_behind)));
  }
}

std::uint64_t value_of(const Objective& objective, const StageResult& stage) {
  const Latency& latency = objective.of_acks ? stage.acks : stage.latency;
  return latency.corrected.percentile_ns(objective.percent);
}

void find_missed(const Plan& plan, Result& result) {
  if (plan.find_max) {
    if (result.max_rate_kept == 0) {
      result.reasons.emplace_back("no rate was found that keeps the objectives");
    }
    return;
  }
  for (const Objective& objective : plan.objectives) {
    for (std::size_t i = 0; i < result.stages.size(); ++i) {
      const std::uint64_t found = value_of(objective, result.stages[i]);
      if (found >= objective.below_ns) {
        result.reasons.push_back(fmt::format("objective {} missed in stage {}: {}",
                                             objective.to_string(), i + 1,
                                             format_duration_ns(static_cast<double>(found))));
      }
    }
  }
}

// Reasons that count something.
class Counts {
 public:
  explicit Counts(Result& result) : result_(result) {}

  void tell(std::uint64_t count, const char* one, const char* many) {
    if (count > 0) {
      result_.reasons.push_back(format_count(static_cast<double>(count)) +
                                (count == 1 ? one : many));
    }
  }

 private:
  Result& result_;
};

void find_broken_log(Result& result) {
  Counts counts(result);
  const ReconnectResult& reconnects = result.reconnects;
  if (reconnects.gaps > 0) {
    result.reasons.push_back(fmt::format(
        "resuming met with {} gap{} of {} numbers in all, the first from {}",
        format_count(static_cast<double>(reconnects.gaps)), reconnects.gaps == 1 ? "" : "s",
        format_count(static_cast<double>(reconnects.gap_messages)), reconnects.first_gap));
  }
  counts.tell(result.slow_readers.never, " slow reader never caught up",
              " slow readers never caught up");
  counts.tell(result.acks.missing, " message was never acknowledged",
              " messages were never acknowledged");
  counts.tell(result.acks.unexpected, " acknowledgement was for nothing that waited for one",
              " acknowledgements were for nothing that waited for one");
}

void find_broken_by_crash(Result& result) {
  const CrashResult& crash = result.crash;
  const HistoryResult& history = crash.history;
  Counts counts(result);
  if (!crash.ended.empty()) {
    result.reasons.push_back(crash.ended);
  }
  counts.tell(crash.sessions_lost, " session was lost", " sessions were lost");
  counts.tell(history.missing, " acknowledged message is not in the history",
              " acknowledged messages are not in the history");
  counts.tell(history.vanished, " delivered message is neither in the history nor in a gap",
              " delivered messages are neither in the history nor in a gap");
  counts.tell(history.repeated, " message is in the history again",
              " messages are in the history again");
  counts.tell(history.foreign, " message in the history is not what anybody has sent",
              " messages in the history are not what anybody has sent");
  counts.tell(history.ids_reused, " number was given to two messages",
              " numbers were given to two messages");
  counts.tell(history.ids_back, " message has a number from before a kill",
              " messages have numbers from before a kill");
  counts.tell(history.ids_changed, " message has another number than was acknowledged",
              " messages have other numbers than were acknowledged");
}

void find_broken(Result& result) {
  const Integrity& found = result.integrity;
  Counts counts(result);
  counts.tell(found.lost, " delivery was lost", " deliveries were lost");
  counts.tell(found.doubled, " delivery came twice", " deliveries came twice");
  counts.tell(found.reordered, " delivery came out of order", " deliveries came out of order");
  counts.tell(found.corrupted, " delivery was corrupted", " deliveries were corrupted");
  counts.tell(result.connections_lost, " connection was lost", " connections were lost");
  find_broken_log(result);
  find_broken_by_crash(result);
}

}  // namespace

bool keeps(const std::vector<Objective>& objectives, const StageResult& stage) {
  return std::all_of(objectives.begin(), objectives.end(), [&](const Objective& objective) {
    return value_of(objective, stage) < objective.below_ns;
  });
}

// The gravest finding is the verdict; what is less grave is still told.
void judge(const Plan& plan, Result& result) {
  if (plan.find_max) {
    sum_up_search(plan, result);
  } else {
    sum_up_stages(result);
  }
  sum_up_server(plan, result);
  find_broken(result);
  if (!result.reasons.empty()) {
    result.verdict = Verdict::kIntegrityBroken;
  }
  const std::size_t broken = result.reasons.size();
  if (plan.find_max) {
    find_invalid_search(plan, result);
  } else {
    find_invalid_stages(plan, result);
  }
  warn_of_lateness(result);
  warn_of_readers_too_fast(result);
  if (result.reasons.size() > broken && result.verdict == Verdict::kPassed) {
    result.verdict = Verdict::kInvalid;
  }
  const std::size_t before_missed = result.reasons.size();
  find_missed(plan, result);
  if (result.reasons.size() > before_missed && result.verdict == Verdict::kPassed) {
    result.verdict = Verdict::kObjectiveMissed;
  }
}

}  // namespace loadgen
