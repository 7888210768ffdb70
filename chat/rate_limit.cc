#include "chat/rate_limit.h"

#include <algorithm>

#include "reactor/check.h"

namespace chat {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

// Rounded down, so that a whole burst taken one by one fits as well as taken at once.
reactor::Duration RateLimit::time_for(std::uint32_t tokens) const {
  return reactor::Duration(kNsPerSecond * tokens / rate_);
}

reactor::Duration RateLimit::take(std::uint32_t count, reactor::TimePoint now) {
  if (rate_ == 0) {
    return reactor::Duration::zero();
  }
  CHECK(burst_ > 0, "a bucket that holds nothing");
  const reactor::TimePoint full_at = std::max(full_at_, now) + time_for(std::min(count, burst_));
  const reactor::Duration wait = full_at - now - time_for(burst_);
  if (wait > reactor::Duration::zero()) {
    return wait;
  }
  full_at_ = full_at;
  return reactor::Duration::zero();
}

reactor::Duration RateLimit::owe(std::uint32_t count, reactor::TimePoint now) {
  const reactor::Duration wait = take(count, now);
  if (wait > reactor::Duration::zero()) {
    full_at_ = std::max(full_at_, now) + time_for(std::min(count, burst_));
  }
  return wait;
}

}  // namespace chat
