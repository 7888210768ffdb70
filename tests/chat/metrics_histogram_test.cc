#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "chat/latency_histogram.h"

namespace chat {
namespace {

using reactor::Duration;
using reactor::TimePoint;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

LatencyCounts counts_of(const LatencyHistogram& histogram) {
  LatencyCounts counts;
  histogram.add_to(counts);
  return counts;
}

std::vector<std::int64_t> bounds_ns() {
  std::vector<std::int64_t> bounds;
  for (std::int64_t octave = 1000; octave < 16'777'216'000; octave *= 2) {
    bounds.push_back(octave);
    bounds.push_back(octave * 3 / 2);
  }
  bounds.push_back(16'777'216'000);
  return bounds;
}

// The first whose bound is not below it, looked for one by one.
std::size_t bucket_of(std::int64_t ns) {
  static const std::vector<std::int64_t> bounds = bounds_ns();
  std::size_t bucket = 0;
  while (bucket < bounds.size() && ns > bounds[bucket]) {
    ++bucket;
  }
  return bucket;
}

// Of any magnitude; every fourth is a bound or next to one.
std::int64_t some_latency_ns(std::mt19937_64& random) {
  if (random() % 4 == 0) {
    const std::vector<std::int64_t> bounds = bounds_ns();
    return bounds[random() % bounds.size()] + static_cast<std::int64_t>(random() % 3) - 1;
  }
  return static_cast<std::int64_t>(random() >> (28 + random() % 36));  // up to 68 s
}

TEST(LatencyHistogram, Bounds_AreTwoToEachDoubling) {
  const std::vector<std::int64_t> bounds = bounds_ns();
  ASSERT_EQ(bounds.size(), kLatencyBoundCount);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    EXPECT_EQ(latency_bound(i), nanoseconds{bounds[i]}) << i;
  }
}

TEST(LatencyHistogram, RandomLatencies_AreCountedInTheirBuckets) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    LatencyHistogram histogram;
    LatencyCounts expected;
    std::uint64_t total = 0;
    for (int i = 0; i < 2000; ++i) {
      const std::int64_t ns = some_latency_ns(random);
      const std::uint64_t weight = random() % 100;
      histogram.record(nanoseconds{ns}, weight);
      expected.buckets[bucket_of(ns)] += weight;
      expected.sum_ns += static_cast<std::uint64_t>(ns) * weight;
      total += weight;
    }
    const LatencyCounts counts = counts_of(histogram);
    ASSERT_EQ(counts.buckets, expected.buckets) << "seed " << seed;
    ASSERT_EQ(counts.sum_ns, expected.sum_ns) << "seed " << seed;
    ASSERT_EQ(counts.total(), total) << "seed " << seed;
  }
}

// The true quantile and the one that is told lie in the same bucket.
TEST(LatencyHistogram, RandomQuantiles_AreAsExactAsABucketIsWide) {
  const std::vector<std::int64_t> bounds = bounds_ns();
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    LatencyHistogram histogram;
    std::vector<std::int64_t> latencies;
    for (std::uint64_t n = 1 + random() % 300; n > 0; --n) {
      const std::int64_t ns = some_latency_ns(random);
      const std::uint64_t weight = 1 + random() % 5;
      histogram.record(nanoseconds{ns}, weight);
      latencies.insert(latencies.end(), weight, ns);
    }
    std::ranges::sort(latencies);
    const LatencyCounts counts = counts_of(histogram);
    Duration last{};
    for (const double p : {0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
      const double rank = std::ceil(p * static_cast<double>(latencies.size()));
      const auto place = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
      const std::size_t bucket = bucket_of(latencies[place]);
      const Duration told = counts.quantile(p).value();
      const std::int64_t lower = bucket == 0 ? 0 : bounds[bucket - 1];
      ASSERT_GE(told, nanoseconds{lower}) << "seed " << seed << " p " << p;
      ASSERT_LE(told, nanoseconds{bounds[std::min(bucket, bounds.size() - 1)]})
          << "seed " << seed << " p " << p;
      ASSERT_GE(told, last) << "seed " << seed << " p " << p;
      last = told;
    }
  }
}

TEST(LatencyHistogram, Quantile_IsInterpolatedInsideABucket) {
  LatencyHistogram histogram;
  histogram.record(microseconds{100}, 4);  // between 96 and 128
  EXPECT_EQ(counts_of(histogram).quantile(0), microseconds{96});
  EXPECT_EQ(counts_of(histogram).quantile(0.25), microseconds{104});
  EXPECT_EQ(counts_of(histogram).quantile(0.5), microseconds{112});
  EXPECT_EQ(counts_of(histogram).quantile(1), microseconds{128});
  histogram.record(milliseconds{100}, 4);  // between 98.304 and 131.072
  EXPECT_EQ(counts_of(histogram).quantile(0.5), microseconds{128});
  EXPECT_EQ(counts_of(histogram).quantile(0.75), microseconds{114'688});
}

TEST(LatencyHistogram, NothingCounted_HasNoQuantile) {
  LatencyHistogram histogram;
  EXPECT_FALSE(counts_of(histogram).quantile(0.5));
  histogram.record(seconds{1}, 0);
  EXPECT_FALSE(counts_of(histogram).quantile(0.5));
}

TEST(LatencyHistogram, TooLong_CountsAsTheLastBound) {
  LatencyHistogram histogram;
  histogram.record(seconds{1000});
  EXPECT_EQ(counts_of(histogram).buckets.back(), 1U);
  EXPECT_EQ(counts_of(histogram).quantile(0.5), latency_bound(kLatencyBoundCount - 1));
  EXPECT_EQ(counts_of(histogram).sum_ns, 1'000'000'000'000U);
}

TEST(LatencyHistogram, TimeThatWentBack_CountsAsNone) {
  LatencyHistogram histogram;
  histogram.record(seconds{-1}, 2);
  EXPECT_EQ(counts_of(histogram).buckets.front(), 2U);
  EXPECT_EQ(counts_of(histogram).sum_ns, 0U);
}

std::uint64_t recent(const RecentLatencies& latencies, TimePoint now) {
  LatencyCounts counts;
  latencies.add_to(counts, now);
  return counts.total();
}

TEST(RecentLatencies, Windows_TakeTurns) {
  const TimePoint start{RecentLatencies::kWindow * 100};
  RecentLatencies latencies;
  EXPECT_EQ(recent(latencies, start), 0U);
  latencies.record(start, milliseconds{1}, 1);
  latencies.record(start + milliseconds{4999}, milliseconds{1}, 10);
  EXPECT_EQ(recent(latencies, start + milliseconds{4999}), 11U);
  latencies.record(start + seconds{5}, milliseconds{1}, 100);
  EXPECT_EQ(recent(latencies, start + seconds{5}), 111U) << "this window and the one before";
  EXPECT_EQ(recent(latencies, start + milliseconds{9999}), 111U);
  EXPECT_EQ(recent(latencies, start + seconds{10}), 100U) << "nothing new, but the first is old";
  latencies.record(start + seconds{10}, milliseconds{1}, 1000);
  EXPECT_EQ(recent(latencies, start + seconds{10}), 1100U) << "the first is used again";
  EXPECT_EQ(recent(latencies, start + seconds{20}), 0U) << "silence";
}

TEST(RecentLatencies, ReaderWhoseClockIsBehind_SeesWhatIsNew) {
  const TimePoint start{RecentLatencies::kWindow * 100};
  RecentLatencies latencies;
  latencies.record(start, milliseconds{1});
  EXPECT_EQ(recent(latencies, start - nanoseconds{1}), 1U);
}

TEST(RecentLatencies, RandomTimes_AreCountedInThisWindowAndTheOneBefore) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    RecentLatencies latencies;
    std::vector<LatencyCounts> windows(1000);
    Duration now{};
    for (int i = 0; i < 300; ++i) {
      now += milliseconds{random() % (random() % 10 == 0 ? 12'000 : 1000)};
      const std::int64_t ns = some_latency_ns(random);
      const auto window = static_cast<std::size_t>(now / seconds{5});
      if (random() % 4 != 0) {
        latencies.record(TimePoint{now}, nanoseconds{ns}, 2);
        windows[window].buckets[bucket_of(ns)] += 2;
        windows[window].sum_ns += 2 * static_cast<std::uint64_t>(ns);
      }
      LatencyCounts expected = windows[window];
      if (window > 0) {
        const LatencyCounts& before = windows[window - 1];
        expected.sum_ns += before.sum_ns;
        std::ranges::transform(expected.buckets, before.buckets, expected.buckets.begin(),
                               std::plus{});
      }
      LatencyCounts counts;
      latencies.add_to(counts, TimePoint{now});
      ASSERT_EQ(counts.buckets, expected.buckets) << "seed " << seed << " at " << now.count();
      ASSERT_EQ(counts.sum_ns, expected.sum_ns) << "seed " << seed << " at " << now.count();
    }
  }
}

}  // namespace
}  // namespace chat
