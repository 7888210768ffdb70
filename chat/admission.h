#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "chat/limits.h"
#include "reactor/address.h"

namespace chat {

// Decides who may connect: counts connections in all and per address. IPv6 hosts count by their
// /64, since that is what one subscriber has. A plain state machine of shard 0's thread.
class Admission {
 public:
  enum class Verdict : std::uint8_t { kWelcome, kFull, kTooManyFromAddress };

  // clients_max: the resolved limit, not 0.
  Admission(const Limits& limits, std::size_t clients_max);

  // Counts the connection when it is welcome.
  Verdict admit(const reactor::Endpoint& peer);
  // REQUIRES: peer was admitted and not released since.
  void release(const reactor::Endpoint& peer);
  std::size_t count() const { return count_; }

 private:
  // The author of admission.cc completes this part.
};

}  // namespace chat
