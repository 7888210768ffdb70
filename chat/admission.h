#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "chat/limits.h"
#include "reactor/address.h"

namespace chat {

// Decides who may connect: counts connections in all and per address. IPv6 hosts count by their
// /64, since that is what one subscriber has; local peers (loopback, Unix sockets) count in all
// only, unless Limits::limit_loopback is set. A limit of 0 per address is none. A plain state
// machine of shard 0's thread.
class Admission {
 public:
  enum class Verdict : std::uint8_t { kWelcome, kFull, kTooManyFromAddress };

  // clients_max: the resolved limit, not 0.
  Admission(const Limits& limits, std::size_t clients_max);

  // Counts the connection when it is welcome.
  Verdict admit(const reactor::Endpoint& peer);
  // A connection that was admitted for `from` is one for `to` in truth, and counts for it; false
  // when that has too many now. REQUIRES: as for release.
  bool move(const reactor::Endpoint& from, const reactor::Endpoint& to);
  // REQUIRES: peer was admitted and not released since.
  void release(const reactor::Endpoint& peer);
  std::size_t count() const { return count_; }

 private:
  using Host = std::array<std::uint8_t, 16>;
  struct HostHash {
    std::size_t operator()(const Host& host) const;
  };

  // False when there are more than there may be; counted all the same.
  bool count(const reactor::Endpoint& peer);
  bool counts_by_address(const reactor::Endpoint& peer) const;
  static Host host_of(const reactor::Endpoint& peer);

  std::size_t clients_max_;
  std::size_t per_address_max_;
  bool limit_loopback_;
  std::size_t count_ = 0;
  std::unordered_map<Host, std::size_t, HostHash> by_host_;
};

}  // namespace chat
