#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tools/loadgen/options_given.h"
#include "tools/loadgen/payload.h"

namespace loadgen {
namespace {

constexpr std::size_t kThreadsMax = 256;
constexpr std::size_t kKillsMax = 100'000;
constexpr std::chrono::minutes kKillEveryMax{60};
// A crash run keeps some 100 bytes of each.
constexpr double kCrashMessagesMax = 20e6;

std::size_t longest(const std::vector<SizeRange>& sizes) {
  return std::max_element(
             sizes.begin(), sizes.end(),
             [](const SizeRange& a, const SizeRange& b) { return a.bytes_max < b.bytes_max; })
      ->bytes_max;
}

// In four parts: who is where, what the protocol can do, when what is sent, and what belongs to the
// workloads of a server with a log.
std::string find_mistake_in_crowd(const Plan& plan, const GivenOptions& given) {
  if (plan.clients < 2 || plan.clients >= kSendersMax) {
    return fmt::format("--clients: at least 2, fewer than {}", kSendersMax);
  }
  if (plan.workload == Workload::kDirect && (plan.clients % 2 != 0 || plan.rooms > 1)) {
    return "--workload direct: an even number of --clients, who talk in pairs, and no --rooms";
  }
  if (plan.rooms == 0 || plan.rooms > plan.clients / 2) {
    return "--rooms: at least 1, and two clients for each";
  }
  if (plan.senders == 0 || plan.senders > plan.clients) {
    return "--senders: at least 1, at most --clients";
  }
  const std::size_t rooms = plan.workload == Workload::kDirect ? plan.clients / 2 : plan.rooms;
  if (plan.threads == 0 || plan.threads > kThreadsMax ||
      (plan.threads > rooms && plan.clients < 4 * plan.threads * rooms)) {
    return fmt::format(
        "--threads: at least 1, at most {}, and each needs a room of its own or "
        "four clients in every room",
        kThreadsMax);
  }
  if (plan.senders > senders_max(plan)) {
    return fmt::format(
        "--senders: at most {} here, so that in every room somebody who stays only "
        "listens and can tell the order of all messages",
        senders_max(plan));
  }
  if (given.churn_rate && plan.workload != Workload::kChurn) {
    return "--churn-rate belongs to --workload churn";
  }
  if (plan.workload == Workload::kChurn && plan.senders == plan.clients) {
    return "--senders: they stay, and --workload churn needs clients who come and go";
  }
  if (plan.server_pid != 0 && !plan.spawn.empty()) {
    return "--spawn watches the server that it starts: leave out --server-pid";
  }
  return {};
}

std::string find_mistake_in_protocol(const Plan& plan, const Kind& kind) {
  const ProtocolTraits& traits = traits_of(kind.protocol);
  if ((plan.rooms > 1 || plan.workload == Workload::kRooms) && !traits.has_rooms) {
    return fmt::format("{}:// has no rooms", scheme_of(kind));
  }
  if (plan.workload == Workload::kDirect && !traits.has_direct) {
    return fmt::format("{}:// has no direct messages", scheme_of(kind));
  }
  if (longest(plan.sizes) > traits.payload_bytes_max) {
    return fmt::format("--size: {}:// takes at most {} bytes{}", scheme_of(kind),
                       traits.payload_bytes_max,
                       kind.protocol == Protocol::kIrc ? ", as its lines have 512" : "");
  }
  return {};
}

std::string find_mistake_in_target(const Plan& plan, const GivenOptions& given) {
  const Target& target = plan.target;
  if (given.mix && given.target && given.target->find("://") != std::string::npos) {
    return "--mix says what is spoken: give the target as host:port";
  }
  if (target.is_mixed() && plan.workload == Workload::kCrash) {
    return "--mix: --workload crash is of one kind";
  }
  const std::size_t groups = plan.rooms * (plan.threads > plan.rooms ? plan.threads : 1);
  if (target.is_mixed() && plan.workload != Workload::kDirect &&
      plan.clients < groups * target.kinds.size()) {
    return "--mix: a client of each kind for every room, or more --clients for so many --threads";
  }
  if (!target.path.empty() && !target.has_websocket()) {
    return fmt::format(
        "\"{}\" is a path, and only ws://, wss://, irc+ws:// and irc+wss:// have one", target.path);
  }
  if ((!target.verify || !target.ca_file.empty()) && !target.has_tls()) {
    return "--ca and --insecure belong to tls://, wss://, ircs:// and irc+wss://";
  }
  if (!target.verify && !target.ca_file.empty()) {
    return "--insecure trusts anybody: leave out --ca";
  }
  for (const KindShare& one : target.kinds) {
    if (std::string mistake = find_mistake_in_protocol(plan, one.kind); !mistake.empty()) {
      return mistake;
    }
  }
  return {};
}

std::string find_mistake_in_time(const Plan& plan, const GivenOptions& given) {
  const bool rate_given = given.rate || given.stages || plan.find_max || plan.ramp_up.count() > 0 ||
                          plan.arrivals != Arrivals::kFixed;
  if (plan.workload == Workload::kIdle &&
      (rate_given || plan.closed_loop || !plan.objectives.empty() || given.senders ||
       given.sizes)) {
    return "--workload idle sends nothing: leave out --senders, --size, --rate, --stages, "
           "--ramp-up, --arrivals, --find-max, --closed-loop and --slo";
  }
  if (plan.closed_loop && rate_given) {
    return "--closed-loop has no rate: leave out --rate, --stages, --ramp-up, --arrivals and "
           "--find-max";
  }
  if (given.window && !plan.closed_loop) {
    return "--window belongs to --closed-loop";
  }
  if (plan.window < plan.senders) {
    return "--window: at least one message for each of --senders";
  }
  if (given.stages && (given.rate || given.duration)) {
    return "--stages stands for --rate and --duration: give one or the other";
  }
  if (plan.find_max && given.stages) {
    return "--find-max looks for the rate itself: give --rate to begin with, and --duration";
  }
  if (given.rate == 0.0) {
    return "--rate: more than 0";
  }
  if (plan.stages.front().duration.count() == 0) {
    return "--duration: more than 0";
  }
  Duration in_all = plan.warm_up;
  for (const Stage& stage : plan.stages) {
    in_all += stage.duration;
  }
  if (in_all > kRunMax) {
    return fmt::format("--duration, --stages, --warm-up: at most {} h in all", kRunMax.count());
  }
  if (plan.ramp_up > plan.warm_up) {
    return "--ramp-up is part of --warm-up: not longer";
  }
  return {};
}

std::string find_misplaced(const Plan& plan, const GivenOptions& given) {
  if ((given.slow_share || given.slow_rate || given.slow_for) &&
      plan.workload != Workload::kSlowReaders) {
    return "--slow-share, --slow-rate and --slow-for belong to --workload slow-readers";
  }
  if ((given.reconnect_share || given.reconnect_rate) && plan.workload != Workload::kReconnect) {
    return "--reconnect-share and --reconnect-rate belong to --workload reconnect";
  }
  if ((given.kills || given.kill_every) && plan.workload != Workload::kCrash) {
    return "--kills and --kill-every belong to --workload crash";
  }
  return {};
}

std::string find_mistake_in_acks(const Plan& plan) {
  const bool has_acks = plan.workload == Workload::kFanout || plan.workload == Workload::kRooms ||
                        plan.workload == Workload::kDirect;
  if (plan.acks && !has_acks) {
    return fmt::format("--ack measures with --workload fanout, rooms and direct, not {}",
                       to_string(plan.workload));
  }
  const bool has_objective =
      std::any_of(plan.objectives.begin(), plan.objectives.end(),
                  [](const Objective& objective) { return objective.of_acks; });
  if (has_objective && !plan.acks) {
    return "--slo of acknowledgements: they are asked for with --ack";
  }
  return {};
}

bool is_share(double share) { return share > 0 && share < 1; }

std::string find_mistake_in_crash(const Plan& plan, const GivenOptions& given) {
  if (plan.crash.kills == 0 || plan.crash.kills > kKillsMax) {
    return fmt::format("--kills: at least 1, at most {}", kKillsMax);
  }
  if (plan.crash.every.count() == 0 || plan.crash.every > kKillEveryMax) {
    return fmt::format("--kill-every: more than 0, at most {} min", kKillEveryMax.count());
  }
  if (given.duration || given.stages || given.warm_up || plan.find_max || plan.closed_loop ||
      !plan.objectives.empty() || plan.acks) {
    return "--workload crash lasts for --kills, one in --kill-every: leave out --duration, "
           "--stages, --warm-up, --ramp-up, --find-max, --closed-loop, --slo and --ack";
  }
  if (plan.threads > 1 || plan.rooms > 1 || plan.spin || plan.connects_per_second > 0 ||
      !plan.source_addresses.empty() || plan.server_pid != 0) {
    return "--workload crash is one thread and the lobby: leave out --threads, --rooms, --spin, "
           "--connect-rate, --source-ip and --server-pid";
  }
  if (given.target && plan.spawn.empty()) {
    return "--workload crash kills only what it has started: say with --spawn how, or leave out "
           "the target";
  }
  const double seconds = std::chrono::duration<double>(plan.crash.every).count() *
                         static_cast<double>(plan.crash.kills);
  const double rate = plan.stages.front().messages_per_second;
  if (rate < 1 || rate * seconds > kCrashMessagesMax) {
    return fmt::format(
        "--rate: at least 1, and every message is remembered: at most {} in all --kills",
        kCrashMessagesMax);
  }
  return {};
}

std::string find_mistake_in_log(const Plan& plan, const GivenOptions& given) {
  const bool needs_log =
      plan.acks || plan.workload == Workload::kReconnect || plan.workload == Workload::kCrash;
  for (const KindShare& one : plan.target.kinds) {
    if (needs_log && !traits_of(one.kind.protocol).has_log) {
      return fmt::format(
          "{}:// has neither acknowledgements nor sessions that can be resumed: --ack, --workload "
          "reconnect and crash need native://, tls://, ws:// or wss://",
          scheme_of(one.kind));
    }
  }
  if (plan.workload == Workload::kSlowReaders &&
      (!is_share(plan.slow_readers.share) || plan.slow_readers.spell.count() == 0)) {
    return "--slow-share, --slow-for: more than 0, and not all of the clients";
  }
  if (plan.workload == Workload::kReconnect &&
      (!is_share(plan.reconnects.share) || plan.reconnects.per_second == 0)) {
    return "--reconnect-share, --reconnect-rate: more than 0, and not all of the clients";
  }
  if (plan.closed_loop &&
      (plan.workload == Workload::kSlowReaders || plan.workload == Workload::kReconnect)) {
    return "--closed-loop would wait for those who are slow or away: leave it out";
  }
  if (plan.workload == Workload::kCrash) {
    return find_mistake_in_crash(plan, given);
  }
  return find_mistake_in_acks(plan);
}

}  // namespace

std::string find_mistake(const Plan& plan, const GivenOptions& given) {
  std::string mistake = find_misplaced(plan, given);
  if (mistake.empty()) {
    mistake = find_mistake_in_log(plan, given);
  }
  if (mistake.empty()) {
    mistake = find_mistake_in_crowd(plan, given);
  }
  if (mistake.empty()) {
    mistake = find_mistake_in_target(plan, given);
  }
  return mistake.empty() ? find_mistake_in_time(plan, given) : mistake;
}

}  // namespace loadgen
