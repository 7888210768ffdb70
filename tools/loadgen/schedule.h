#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "tools/loadgen/plan.h"

namespace loadgen {

// When the messages of one stage are due, counted from the stage's start: evenly or as a Poisson
// process, at a rate that may rise in a straight line before it stays. The same arguments give the
// same times, so that several threads can each take their share of one schedule. A plain value.
class Schedule {
 public:
  // ramp: how long the rate rises from nothing; part of the stage's duration.
  Schedule(const Stage& stage, Duration ramp, Arrivals arrivals, std::uint64_t seed);

  // The next message's time; nothing when the stage is over.
  std::optional<Duration> next();

 private:
  // The moment at which so many messages should have been sent.
  double seconds_until(double messages) const;

  double rate_;
  double ramp_seconds_;
  double seconds_;
  Arrivals arrivals_;
  double messages_ = 0;  // expected before the next one
  std::uint64_t count_ = 0;
  std::mt19937_64 random_;
};

}  // namespace loadgen
