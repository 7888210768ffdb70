#include "tools/loadgen/preflight.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <thread>
#include <utility>

#include "reactor/net.h"
#include "tools/loadgen/spawned_server.h"

namespace loadgen {
namespace {

// What the generator needs for itself: its output, files, one set for each thread's loop.
constexpr std::size_t kOwnDescriptors = 32;
constexpr std::size_t kDescriptorsPerThread = 8;

std::string check_descriptors(const Plan& plan) {
  const std::size_t needed =
      plan.clients + kOwnDescriptors + (plan.threads + 1) * kDescriptorsPerThread;
  const std::size_t limit = reactor::raise_descriptor_limit();
  if (needed <= limit) {
    return {};
  }
  return fmt::format(
      "{} clients need {} descriptors and this process may have {}: raise the hard limit "
      "(ulimit -Hn), or --clients {}",
      plan.clients, needed, limit, limit - std::min(limit, needed - plan.clients));
}

// How many ports the system hands out for connections from one address to one server.
std::size_t ports_per_source() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  std::size_t first = 0;
  std::size_t last = 0;
  constexpr std::size_t kUsual = 16'384;  // 49152 to 65535 (RFC 6335), where nobody tells
  return file >> first >> last && last >= first ? last - first + 1 : kUsual;
}

bool is_ipv4_loopback(const reactor::Address& address) {
  return address.family() == AF_INET && address.endpoint().is_loopback();
}

std::string check_ports(Plan& plan) {
  const reactor::Address& to = plan.target.addresses.front();
  if (to.family() == AF_UNIX) {
    return {};
  }
  const std::size_t ports = ports_per_source();
  const std::size_t sources_needed = (plan.clients + ports - 1) / ports;
  if (plan.source_addresses.empty() && sources_needed > 1 && is_ipv4_loopback(to)) {
    for (std::size_t i = 0; i < sources_needed; ++i) {
      plan.source_addresses.push_back(
          reactor::Address::ipv4(INADDR_LOOPBACK + static_cast<std::uint32_t>(i), 0));
    }
  }
  if (std::max<std::size_t>(plan.source_addresses.size(), 1) >= sources_needed) {
    return {};
  }
  return fmt::format(
      "{} clients need {} addresses of this machine, as each has {} ports: name them with "
      "--source-ip, or use fewer clients",
      plan.clients, sources_needed, ports);
}

}  // namespace

std::string prepare(Plan& plan) {
  if (std::string mistake = check_descriptors(plan); !mistake.empty()) {
    return mistake;
  }
  if (std::string mistake = prepare_tls(plan.target); !mistake.empty()) {
    return mistake;
  }
  const reactor::Resolved resolved = reactor::resolve(plan.target.host_and_port);
  if (resolved.addresses.empty()) {
    return fmt::format("{}: {}", plan.target.host_and_port, resolved.error);
  }
  for (const reactor::Address& address : resolved.addresses) {
    if (is_listening(address)) {
      plan.target.addresses = {address};
      return check_ports(plan);
    }
  }
  return fmt::format(
      "nobody listens at {}: start a server there (chat-server), name another target, or let "
      "--spawn start one",
      plan.target.host_and_port);
}

std::string prepare_tls(Target& target) {
  if (!target.has_tls()) {
    return {};
  }
  tools::LoadedClientTls loaded =
      tools::load_client_tls({target.ca_file, target.verify}, target.host);
  target.new_transport = std::move(loaded.new_transport);
  return target.new_transport ? std::string() : std::move(loaded.error);
}

std::string describe_machine() {
  std::string processor = "unknown processor";
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) {
      processor = line.substr(line.find(": ") + 2);
      break;
    }
  }
  utsname system{};
  uname(&system);
  return fmt::format("{} × {}, {} {}", std::thread::hardware_concurrency(), processor,
                     system.sysname, system.release);
}

}  // namespace loadgen
