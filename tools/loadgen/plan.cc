#include "tools/loadgen/plan.h"

#include <fmt/format.h>

#include <algorithm>

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
    case Workload::kSlowReaders:
      return "slow-readers";
    case Workload::kReconnect:
      return "reconnect";
    case Workload::kCrash:
      return "crash";
  }
  return "unknown";
}

const char* to_string(Arrivals arrivals) {
  return arrivals == Arrivals::kFixed ? "fixed" : "poisson";
}

std::size_t pick_size(const std::vector<SizeRange>& sizes, std::mt19937_64& random) {
  double weights = 0;
  for (const SizeRange& range : sizes) {
    weights += range.weight;
  }
  double at = sizes.size() == 1 ? 0 : std::uniform_real_distribution<double>(0, weights)(random);
  const SizeRange* picked = &sizes.back();
  for (const SizeRange& range : sizes) {
    if (at < range.weight) {
      picked = &range;
      break;
    }
    at -= range.weight;
  }
  return picked->bytes_min == picked->bytes_max ? picked->bytes_min
                                                : std::uniform_int_distribution<std::size_t>(
                                                      picked->bytes_min, picked->bytes_max)(random);
}

std::string Objective::to_string() const {
  const std::string name = percent == 100 ? "max" : fmt::format("p{:g}", percent);
  return (of_acks ? "ack " : "") + name + " < " + format_duration_ns(static_cast<double>(below_ns));
}

bool Target::has_tls() const {
  return std::any_of(kinds.begin(), kinds.end(),
                     [](const KindShare& one) { return one.kind.over_tls; });
}

bool Target::has_websocket() const {
  return std::any_of(kinds.begin(), kinds.end(),
                     [](const KindShare& one) { return one.kind.in_websocket; });
}

bool Target::echoes() const { return traits_of(kinds.front().kind.protocol).echoes; }

WebSocketPlace Target::place() const {
  WebSocketPlace place;
  place.host = host_and_port.starts_with("unix:") ? host : host_and_port;
  place.path = path.empty() ? place.path : path;
  return place;
}

const tools::NewTransport* Target::transport_for(const Kind& kind) const {
  return kind.over_tls ? &new_transport : nullptr;
}

std::string Target::to_string() const {
  std::vector<std::string_view> schemes;
  for (const KindShare& one : kinds) {
    schemes.push_back(scheme_of(one.kind));
  }
  return is_mixed() ? fmt::format("{{{}}}://{}{}", fmt::join(schemes, ","), host_and_port, path)
                    : fmt::format("{}://{}{}", schemes.front(), host_and_port, path);
}

}  // namespace loadgen
