#include "chat/admission.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "reactor/check.h"

namespace chat {

Admission::Admission(const Limits& limits, std::size_t clients_max)
    : clients_max_(clients_max),
      per_address_max_(limits.clients_per_address_max),
      limit_loopback_(limits.limit_loopback) {}

Admission::Verdict Admission::admit(const reactor::Endpoint& peer) {
  if (count_ >= clients_max_) {
    return Verdict::kFull;
  }
  if (!count(peer)) {
    release(peer);
    return Verdict::kTooManyFromAddress;
  }
  return Verdict::kWelcome;
}

bool Admission::count(const reactor::Endpoint& peer) {
  ++count_;
  return !counts_by_address(peer) || ++by_host_[host_of(peer)] <= per_address_max_;
}

bool Admission::move(const reactor::Endpoint& from, const reactor::Endpoint& to) {
  release(from);
  return count(to);
}

void Admission::release(const reactor::Endpoint& peer) {
  CHECK(count_ > 0, "released more than were admitted", peer.to_string());
  --count_;
  if (!counts_by_address(peer)) {
    return;
  }
  const auto of_host = by_host_.find(host_of(peer));
  CHECK(of_host != by_host_.end(), "released but never admitted", peer.to_string());
  if (--of_host->second == 0) {
    by_host_.erase(of_host);
  }
}

std::size_t Admission::HostHash::operator()(const Host& host) const {
  std::array<char, 16> bytes{};
  std::copy(host.begin(), host.end(), bytes.begin());
  return std::hash<std::string_view>{}({bytes.data(), bytes.size()});
}

bool Admission::counts_by_address(const reactor::Endpoint& peer) const {
  return per_address_max_ > 0 && (limit_loopback_ || !peer.is_loopback());
}

Admission::Host Admission::host_of(const reactor::Endpoint& peer) {
  Host host = peer.host;
  const auto interface_part = host.begin() + 8;
  if (peer.family == AF_INET6) {
    std::fill(interface_part, host.end(), std::uint8_t{0});
  } else if (peer.family == AF_UNIX) {
    // Unix sockets have no host; no /64 looks like this.
    std::fill(interface_part, host.end(), std::uint8_t{0xFF});
  }
  return host;
}

}  // namespace chat
