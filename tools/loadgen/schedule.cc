#include "tools/loadgen/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace loadgen {
namespace {

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Schedule::Schedule(const Stage& stage, Duration ramp, Arrivals arrivals, std::uint64_t seed)
    : rate_(stage.messages_per_second),
      ramp_seconds_(to_seconds(std::min(ramp, stage.duration))),
      seconds_(to_seconds(stage.duration)),
      arrivals_(arrivals),
      random_(seed) {}

std::optional<Duration> Schedule::next() {
  // Inverts the expected count: independent exponential steps of it make a Poisson process,
  // whatever the rate does meanwhile (time-rescaling theorem).
  if (arrivals_ == Arrivals::kPoisson) {
    messages_ += std::exponential_distribution<double>()(random_);
  } else {
    messages_ = static_cast<double>(count_++);
  }
  const double at = seconds_until(messages_);
  if (!(at < seconds_)) {
    return std::nullopt;
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(at));
}

double Schedule::seconds_until(double messages) const {
  if (rate_ <= 0) {
    return std::numeric_limits<double>::infinity();
  }
  const double in_ramp = rate_ * ramp_seconds_ / 2;
  if (messages < in_ramp) {
    return std::sqrt(2 * messages * ramp_seconds_ / rate_);
  }
  return ramp_seconds_ + (messages - in_ramp) / rate_;
}

}  // namespace loadgen
