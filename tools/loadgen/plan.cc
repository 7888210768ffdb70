#include "tools/loadgen/plan.h"

#include <fmt/format.h>

#include "tools/loadgen/units.h"

namespace loadgen {

const char* to_string(Workload workload) {
  switch (workload) {
    case Workload::kFanout:
      return "fanout";
    case Workload::kDirect:
      return "direct";
    case Workload::kRooms:
      return "rooms";
    case Workload::kChurn:
      return "churn";
    case Workload::kIdle:
      return "idle";
    case Workload::kStorm:
      return "storm";
  }
  return "unknown";
}

const char* to_string(Arrivals arrivals) {
  return arrivals == Arrivals::kFixed ? "fixed" : "poisson";
}

std::string Objective::to_string() const {
  const std::string name = percent == 100 ? "max" : fmt::format("p{:g}", percent);
  return name + " < " + format_duration_ns(static_cast<double>(below_ns));
}

std::string Target::to_string() const {
  return fmt::format("{}://{}", traits_of(protocol).scheme, host_and_port);
}

}  // namespace loadgen
