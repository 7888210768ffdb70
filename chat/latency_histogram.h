#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "chat/counter.h"
#include "reactor/net.h"

namespace chat {

// The bounds of the buckets: 1, 1.5, 2, 3, 4, 6, 8 … µs, two to each doubling, up to 17 s. Buckets
// that grow with what they hold are equally exact everywhere: the idea of HdrHistogram, in small.
inline constexpr std::size_t kLatencyBoundCount = 49;
// The last bucket has no bound.
inline constexpr std::size_t kLatencyBucketCount = kLatencyBoundCount + 1;

// The longest that the bucket takes. REQUIRES: bucket < kLatencyBoundCount.
constexpr reactor::Duration latency_bound(std::size_t bucket) {
  const reactor::Duration octave = std::chrono::microseconds{std::int64_t{1} << (bucket / 2)};
  return bucket % 2 == 0 ? octave : octave + octave / 2;
}

// Latencies as they were counted: a plain value.
struct LatencyCounts {
  std::array<std::uint64_t, kLatencyBucketCount> buckets{};
  std::uint64_t sum_ns = 0;

  std::uint64_t total() const;
  // How long the fastest part p took at most, interpolated between the bounds of a bucket; nothing
  // when nothing was counted. What is beyond the last bound counts as if it were there.
  // REQUIRES: 0 <= p <= 1.
  std::optional<reactor::Duration> quantile(double p) const;
};

// Counts how long something took. One thread writes, any thread reads: see Counter. No allocation.
class LatencyHistogram {
 public:
  // The writing thread. weight: of so many that took as long.
  void record(reactor::Duration latency, std::uint64_t weight = 1);
  void clear();

  void add_to(LatencyCounts& counts) const;

 private:
  std::array<Counter, kLatencyBucketCount> buckets_;
  Counter sum_ns_;
};

// The same for what was recorded in the last five to ten seconds: two windows take turns. Who reads
// while one of them begins anew may count a part of what was in it before, or less than is in it by
// now; nothing more can go wrong.
class RecentLatencies {
 public:
  static constexpr reactor::Duration kWindow = std::chrono::seconds{5};

  // The writing thread. now: never goes back.
  void record(reactor::TimePoint now, reactor::Duration latency, std::uint64_t weight = 1);

  void add_to(LatencyCounts& counts, reactor::TimePoint now) const;

 private:
  struct Window {
    std::atomic<std::int64_t> number{INT64_MIN};  // since the clock's beginning
    LatencyHistogram latencies;
  };

  static std::int64_t number_at(reactor::TimePoint now) { return now.time_since_epoch() / kWindow; }

  std::array<Window, 2> windows_;
};

}  // namespace chat
