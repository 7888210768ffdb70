#pragma once

#include <cstdint>
#include <optional>

#include "reactor/net.h"

namespace chat {

// A token bucket: tokens flow in at a rate up to a burst, each use takes some. The generic cell
// rate form (ITU-T I.371, "virtual scheduling"): one time stamp is the whole state.
// 16 bytes a client; used by one Session on its thread.
class RateLimit {
 public:
  // rate: tokens per second, 0 for no limit; burst: tokens that may be used at once, at least 1.
  RateLimit(std::uint32_t rate, std::uint32_t burst) : rate_(rate), burst_(burst) {}

  // Takes count tokens and returns zero, or takes none and returns how long to wait until they
  // will be there. A count above the burst is treated as the burst.
  reactor::Duration take(std::uint32_t count, reactor::TimePoint now);
  // Takes count tokens, there or not, and returns how long it is until nothing is owed any more.
  reactor::Duration owe(std::uint32_t count, reactor::TimePoint now);

 private:
  reactor::Duration time_for(std::uint32_t tokens) const;

  std::uint32_t rate_;
  std::uint32_t burst_;
  reactor::TimePoint full_at_{};  // when the bucket will be full again
};

}  // namespace chat
