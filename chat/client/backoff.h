#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace chat {

// How long to wait before the next attempt: a random time below a ceiling that doubles with every
// attempt ("full jitter"), so that a thousand clients which lost their server at the same moment
// don't come back at the same moment.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // REQUIRES: 1 ms <= first <= max.
  Backoff(Milliseconds first, Milliseconds max, std::uint64_t seed)
      : first_(first), max_(max), ceiling_(first), random_(seed) {}

  Milliseconds next() {
    std::uniform_int_distribution<Milliseconds::rep> distribution(1, ceiling_.count());
    ceiling_ = std::min(ceiling_ * 2, max_);
    return Milliseconds(distribution(random_));
  }
  void reset() { ceiling_ = first_; }

 private:
  Milliseconds first_;
  Milliseconds max_;
  Milliseconds ceiling_;
  std::mt19937_64 random_;
};

}  // namespace chat
