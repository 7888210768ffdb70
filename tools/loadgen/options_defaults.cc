#include <algorithm>

#include "tools/loadgen/layout.h"
#include "tools/loadgen/options_given.h"

namespace loadgen {
namespace {

// What a workload is when nothing else is said.
struct Defaults {
  std::size_t clients = 200;
  std::size_t rooms = 1;
  double rate = 100;
  Duration duration = std::chrono::seconds{10};
  Duration warm_up = std::chrono::seconds{2};
  std::size_t payload_bytes = 64;
};

Defaults defaults_of(Workload workload) {
  using std::chrono::seconds;
  switch (workload) {
    case Workload::kDirect:
      return {.rate = 1000};
    case Workload::kRooms:
      return {.rooms = 20, .rate = 1000};
    case Workload::kIdle:
      return {.clients = 10'000, .rate = 0, .warm_up = seconds{0}};
    case Workload::kStorm:
      return {.clients = 1000, .rate = 10, .duration = seconds{2}, .warm_up = seconds{0}};
    case Workload::kSlowReaders:
      // More in a spell than the system's buffers hold, or the server would not notice.
      return {.rate = 500, .duration = seconds{60}, .payload_bytes = 1000};
    case Workload::kCrash:
      return {.clients = 20, .rate = 500, .warm_up = seconds{0}};
    case Workload::kFanout:
    case Workload::kChurn:
    case Workload::kReconnect:
      break;
  }
  return {};
}

std::size_t default_senders(const Plan& plan) {
  switch (plan.workload) {
    case Workload::kDirect:
      return plan.clients;
    case Workload::kRooms:
      return std::max(plan.rooms, plan.target.kinds.size());
    case Workload::kCrash:
      return 5;
    default:
      return plan.target.kinds.size();  // where there are several, one of each
  }
}

// As long as the kinds that are there can take.
std::size_t default_payload_bytes(const Defaults& defaults, const Plan& plan) {
  std::size_t bytes = defaults.payload_bytes;
  for (const KindShare& share : plan.target.kinds) {
    bytes = std::min(bytes, traits_of(share.kind.protocol).payload_bytes_max);
  }
  return bytes;
}

void fill_in_log_workloads(Plan& plan, const GivenOptions& given) {
  plan.slow_readers.share = given.slow_share.value_or(plan.slow_readers.share);
  plan.slow_readers.bytes_per_second = given.slow_rate.value_or(0);
  plan.slow_readers.spell = given.slow_for.value_or(plan.slow_readers.spell);
  plan.reconnects.share = given.reconnect_share.value_or(plan.reconnects.share);
  plan.reconnects.per_second = given.reconnect_rate.value_or(plan.reconnects.per_second);
  plan.crash.kills = given.kills.value_or(plan.crash.kills);
  plan.crash.every = given.kill_every.value_or(plan.crash.every);
}

}  // namespace

std::size_t senders_max(const Plan& plan) {
  const std::size_t with_a_role = std::min(plan.clients, clients_with_a_role(plan));
  if (plan.workload == Workload::kDirect || plan.target.echoes()) {
    return plan.clients - with_a_role;
  }
  const std::size_t steady =
      plan.workload == Workload::kChurn ? plan.clients / 2 : plan.clients - with_a_role;
  const std::size_t groups = plan.rooms * (plan.threads > plan.rooms ? plan.threads : 1);
  return steady > groups ? steady - groups : 0;
}

void fill_in(Plan& plan, const GivenOptions& given) {
  fill_in_log_workloads(plan, given);
  const Defaults defaults = defaults_of(plan.workload);
  plan.clients = given.clients.value_or(defaults.clients);
  plan.rooms = given.rooms.value_or(std::clamp<std::size_t>(plan.clients / 2, 1, defaults.rooms));
  plan.senders = given.senders.value_or(
      std::min(default_senders(plan), std::max<std::size_t>(1, senders_max(plan))));
  const std::size_t payload_bytes = default_payload_bytes(defaults, plan);
  plan.sizes = given.sizes.value_or(std::vector<SizeRange>{{payload_bytes, payload_bytes, 1}});
  plan.window = given.window.value_or(std::max(plan.window, plan.senders));
  plan.warm_up = given.warm_up.value_or(std::max<Duration>(defaults.warm_up, plan.ramp_up));
  constexpr Duration kTrial = std::chrono::seconds{3};
  plan.stages = given.stages.value_or(
      std::vector<Stage>{{given.rate.value_or(defaults.rate),
                          given.duration.value_or(plan.find_max ? kTrial : defaults.duration)}});
  if (plan.closed_loop) {
    plan.stages.front().messages_per_second = 0;
  }
  if (plan.workload == Workload::kCrash) {
    plan.stages.front().duration = plan.crash.every * static_cast<std::int64_t>(plan.crash.kills);
  }
  if (plan.workload == Workload::kChurn) {
    plan.churns_per_second = given.churn_rate.value_or(20);
  }
  if (plan.workload == Workload::kStorm) {
    plan.connects_at_once = plan.clients;
  }
  if (plan.find_max && plan.objectives.empty()) {
    plan.objectives.push_back({99, 10'000'000});
  }
}

}  // namespace loadgen
