#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tools/loadgen/plan_text.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string describe(const SlowReaderPlan& plan) {
  const std::string rate =
      plan.bytes_per_second == 0 ? "nothing" : format_bytes(plan.bytes_per_second) + "/s";
  return fmt::format("{} of the clients read {} for {:g}s at a time", format_percent(plan.share),
                     rate, seconds_of(plan.spell));
}

std::string describe(const ReconnectPlan& plan) {
  return fmt::format("{:g}/s by {} of the clients", plan.per_second, format_percent(plan.share));
}

std::string describe(const std::vector<KindShare>& kinds) {
  std::vector<std::string> shares;
  shares.reserve(kinds.size());
  for (const KindShare& one : kinds) {
    shares.push_back(fmt::format("{}={}", scheme_of(one.kind), one.share));
  }
  return fmt::format("{}", fmt::join(shares, ","));
}

std::string describe(const CrashPlan& plan) {
  return fmt::format("{}, one in {:g}s", plan.kills, seconds_of(plan.every));
}

}  // namespace

std::vector<Setting> describe(const Plan& plan) {
  std::vector<Setting> settings;
  const auto add = [&settings](const char* name, std::string value) {
    settings.push_back({name, std::move(value)});
  };
  add("clients", format_count(static_cast<double>(plan.clients)));
  if (plan.target.is_mixed()) {
    add("mix", describe(plan.target.kinds));
  }
  add("rooms", format_count(static_cast<double>(plan.rooms)));
  add("senders", format_count(static_cast<double>(plan.senders)));
  std::vector<std::string> sizes;
  for (const SizeRange& range : plan.sizes) {
    sizes.push_back(range.bytes_min == range.bytes_max
                        ? fmt::format("{}", range.bytes_min)
                        : fmt::format("{}-{}", range.bytes_min, range.bytes_max));
    if (plan.sizes.size() > 1) {
      sizes.back() += fmt::format(":{:g}", range.weight);
    }
  }
  add("payload bytes", fmt::format("{}", fmt::join(sizes, ",")));
  if (plan.acks) {
    add("acknowledgements", "measured");
  }
  if (plan.workload == Workload::kSlowReaders) {
    add("slow readers", describe(plan.slow_readers));
  }
  if (plan.workload == Workload::kReconnect) {
    add("reconnects", describe(plan.reconnects));
  }
  if (plan.workload == Workload::kCrash) {
    add("kills", describe(plan.crash));
  }
  if (plan.closed_loop) {
    add("loop", fmt::format("closed, {} in flight", plan.window));
  } else {
    add("loop", fmt::format("open, {} arrivals", to_string(plan.arrivals)));
  }
  std::vector<std::string> stages;
  for (const Stage& stage : plan.stages) {
    const double seconds = std::chrono::duration<double>(stage.duration).count();
    stages.push_back(plan.closed_loop || stage.messages_per_second == 0
                         ? fmt::format("{:g}s", seconds)
                         : fmt::format("{:g}s@{:g}", seconds, stage.messages_per_second));
  }
  add("stages", fmt::format("{}", fmt::join(stages, ",")));
  add("warm-up", fmt::format("{:g}s", std::chrono::duration<double>(plan.warm_up).count()));
  if (plan.ramp_up.count() > 0) {
    add("ramp-up", fmt::format("{:g}s", std::chrono::duration<double>(plan.ramp_up).count()));
  }
  if (plan.connects_per_second > 0) {
    add("connects", fmt::format("{:g}/s", plan.connects_per_second));
  }
  if (plan.churns_per_second > 0) {
    add("churn", fmt::format("{:g} clients/s", plan.churns_per_second));
  }
  add("threads", fmt::format("{}{}", plan.threads, plan.spin ? ", spinning" : ""));
  std::vector<std::string> objectives;
  for (const Objective& objective : plan.objectives) {
    objectives.push_back(objective.to_string());
  }
  if (!objectives.empty()) {
    add("objectives", fmt::format("{}", fmt::join(objectives, ", ")));
  }
  if (plan.find_max) {
    add("search", "highest rate that keeps the objectives");
  }
  return settings;
}

}  // namespace loadgen
