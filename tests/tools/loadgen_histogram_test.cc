#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "tools/loadgen/histogram.h"

namespace loadgen {
namespace {

using Durations = std::vector<std::uint64_t>;

Histogram histogram_of(const Durations& durations) {
  Histogram histogram;
  for (const std::uint64_t duration_ns : durations) {
    histogram.record(static_cast<std::int64_t>(duration_ns));
  }
  return histogram;
}

// Of every magnitude alike, so that all parts of the histogram are met.
Durations random_durations(unsigned seed, std::size_t count) {
  std::mt19937_64 random(seed);
  Durations durations(count);
  std::generate(durations.begin(), durations.end(),
                [&] { return (random() >> 22U) >> random() % 42; });
  return durations;
}

// At or above the duration, by less than 1 %.
void expect_close_from_above(std::uint64_t actual_ns, std::uint64_t exact_ns, const char* what) {
  EXPECT_GE(actual_ns, exact_ns) << what;
  EXPECT_LT(static_cast<double>(actual_ns - exact_ns), 0.01 * static_cast<double>(exact_ns) + 0.5)
      << what << " of " << exact_ns;
}

void expect_same(const Histogram& one, const Histogram& other) {
  EXPECT_EQ(one.count(), other.count());
  EXPECT_EQ(one.min_ns(), other.min_ns());
  EXPECT_EQ(one.max_ns(), other.max_ns());
  EXPECT_DOUBLE_EQ(one.mean_ns(), other.mean_ns());
  for (double percent = 0; percent <= 100; percent += 0.5) {
    EXPECT_EQ(one.percentile_ns(percent), other.percentile_ns(percent)) << percent << " %";
  }
}

TEST(Histogram, OfNothing_IsZeroEverywhere) {
  const Histogram histogram;
  EXPECT_TRUE(histogram.empty());
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min_ns(), 0U);
  EXPECT_EQ(histogram.max_ns(), 0U);
  EXPECT_EQ(histogram.mean_ns(), 0);
  EXPECT_EQ(histogram.standard_deviation_ns(), 0);
  EXPECT_EQ(histogram.percentile_ns(0), 0U);
  EXPECT_EQ(histogram.percentile_ns(99), 0U);
  EXPECT_EQ(histogram.percentile_ns(100), 0U);
  EXPECT_EQ(histogram.share_within(0), 1);
  EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, OfOneDuration_SaysItEverywhere) {
  const Histogram histogram = histogram_of({1'234'567});
  EXPECT_EQ(histogram.min_ns(), 1'234'567U);
  EXPECT_EQ(histogram.max_ns(), 1'234'567U);
  EXPECT_EQ(histogram.percentile_ns(0), 1'234'567U);
  EXPECT_EQ(histogram.percentile_ns(50), 1'234'567U);
  EXPECT_EQ(histogram.percentile_ns(100), 1'234'567U);
  EXPECT_EQ(histogram.mean_ns(), 1'234'567.0);
}

TEST(Histogram, ShortDurations_AreExact) {
  for (std::uint64_t duration_ns = 0; duration_ns < Histogram::kSubBuckets; ++duration_ns) {
    const auto buckets = histogram_of({duration_ns}).buckets();
    ASSERT_EQ(buckets.size(), 1U);
    EXPECT_EQ(buckets[0].highest_ns, duration_ns);
  }
}

TEST(Histogram, AtEveryBitWidth_TheErrorIsBelowOnePercent) {
  std::mt19937_64 random(1);
  for (int bits = 1; bits <= 42; ++bits) {
    const std::uint64_t lowest = std::uint64_t{1} << (bits - 1);
    const std::uint64_t highest = lowest * 2 - 1;
    Durations durations{lowest, lowest + (highest - lowest) / 2, highest};
    for (int i = 0; i < 200; ++i) {
      durations.push_back(lowest + random() % (highest - lowest + 1));
    }
    for (const std::uint64_t duration_ns : durations) {
      const auto buckets = histogram_of({duration_ns}).buckets();
      ASSERT_EQ(buckets.size(), 1U);
      ASSERT_EQ(std::bit_width(buckets[0].highest_ns), bits) << duration_ns;
      expect_close_from_above(buckets[0].highest_ns, duration_ns, "bucket");
    }
  }
}

TEST(Histogram, Buckets_FollowEachOtherWithoutGapsOrOverlaps) {
  // Walks from bucket to bucket: behind the last duration of one begins the next one.
  std::uint64_t duration_ns = 0;
  std::size_t buckets = 0;
  while (duration_ns <= Histogram::kLongestNs) {
    const std::uint64_t highest = histogram_of({duration_ns}).buckets().at(0).highest_ns;
    ASSERT_GE(highest, duration_ns);
    ASSERT_EQ(histogram_of({highest}).buckets().at(0).highest_ns, highest);
    duration_ns = highest + 1;
    ++buckets;
  }
  EXPECT_EQ(duration_ns, Histogram::kLongestNs + 1);
  EXPECT_EQ(buckets, 256U + 34U * 128U);
}

TEST(Histogram, NegativeDurations_CountAsZero) {
  Histogram histogram;
  histogram.record(-1);
  histogram.record(INT64_MIN);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.max_ns(), 0U);
  EXPECT_EQ(histogram.share_within(0), 1);
}

TEST(Histogram, EndlessDurations_CountAsTheLongest) {
  Histogram histogram;
  histogram.record(INT64_MAX);
  histogram.record(static_cast<std::int64_t>(Histogram::kLongestNs));
  EXPECT_EQ(histogram.min_ns(), Histogram::kLongestNs);
  EXPECT_EQ(histogram.max_ns(), Histogram::kLongestNs);
  EXPECT_EQ(histogram.percentile_ns(50), Histogram::kLongestNs);
  EXPECT_EQ(histogram.share_within(UINT64_MAX), 1);
}

TEST(Histogram, Percentiles_AreThoseOfTheSortedDurations) {
  for (const std::size_t count : {1U, 2U, 3U, 10U, 99U, 1000U, 4321U, 20'000U}) {
    Durations durations = random_durations(static_cast<unsigned>(count), count);
    const Histogram histogram = histogram_of(durations);
    std::sort(durations.begin(), durations.end());
    // In hundredths of a percent, so that the rank is exact.
    for (const std::size_t hundredths :
         {0U, 1U, 100U, 2500U, 5000U, 9000U, 9900U, 9990U, 9999U, 10'000U}) {
      const std::size_t rank = std::max<std::size_t>(1, (hundredths * count + 9999) / 10'000);
      SCOPED_TRACE(testing::Message() << hundredths << "/100 % of " << count);
      expect_close_from_above(histogram.percentile_ns(static_cast<double>(hundredths) / 100),
                              durations[rank - 1], "percentile");
    }
    EXPECT_EQ(histogram.percentile_ns(100), durations.back());
    EXPECT_EQ(histogram.min_ns(), durations.front());
  }
}

TEST(Histogram, Percentiles_NeverFall) {
  const Histogram histogram = histogram_of(random_durations(7, 500));
  std::uint64_t previous_ns = 0;
  for (double percent = 0; percent <= 100; percent += 0.1) {
    EXPECT_GE(histogram.percentile_ns(percent), previous_ns) << percent;
    previous_ns = histogram.percentile_ns(percent);
  }
}

TEST(Histogram, PercentilesOutOfRange_AreTheExtremes) {
  const Histogram histogram = histogram_of({10, 20, 30});
  EXPECT_EQ(histogram.percentile_ns(-5), 10U);
  EXPECT_EQ(histogram.percentile_ns(250), 30U);
}

TEST(Histogram, MeanAndStandardDeviation_AreThoseOfTheDurations) {
  const Durations durations = random_durations(3, 5000);
  const Histogram histogram = histogram_of(durations);
  double sum = 0;
  for (const std::uint64_t duration_ns : durations) {
    sum += static_cast<double>(duration_ns);
  }
  const double mean = sum / static_cast<double>(durations.size());
  double squares = 0;
  for (const std::uint64_t duration_ns : durations) {
    squares += std::pow(static_cast<double>(duration_ns) - mean, 2);
  }
  const double deviation = std::sqrt(squares / static_cast<double>(durations.size()));
  EXPECT_NEAR(histogram.mean_ns(), mean, mean * 1e-9);
  EXPECT_NEAR(histogram.standard_deviation_ns(), deviation, deviation * 0.01);
}

TEST(Histogram, ShareWithin_IsThatOfTheDurations) {
  const Durations durations = random_durations(4, 3000);
  const Histogram histogram = histogram_of(durations);
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    const auto within = std::count_if(durations.begin(), durations.end(),
                                      [&](std::uint64_t one) { return one <= bucket.highest_ns; });
    EXPECT_DOUBLE_EQ(histogram.share_within(bucket.highest_ns),
                     static_cast<double>(within) / static_cast<double>(durations.size()));
  }
  EXPECT_EQ(histogram_of({100, 200}).share_within(99), 0);
}

TEST(Histogram, Add_IsAsIfAllWereRecordedInOne) {
  Durations durations = random_durations(5, 700);
  const Durations more = random_durations(6, 900);
  Histogram sum = histogram_of(durations);
  sum.add(histogram_of(more));
  durations.insert(durations.end(), more.begin(), more.end());
  expect_same(sum, histogram_of(durations));
}

TEST(Histogram, AddNothing_ChangesNothing) {
  const Durations durations = random_durations(5, 70);
  Histogram sum = histogram_of(durations);
  sum.add(Histogram());
  expect_same(sum, histogram_of(durations));
  Histogram from_nothing;
  from_nothing.add(histogram_of(durations));
  expect_same(from_nothing, histogram_of(durations));
}

TEST(Histogram, Clear_ForgetsEverything) {
  Histogram histogram = histogram_of(random_durations(8, 100));
  histogram.clear();
  expect_same(histogram, Histogram());
  histogram.record(5);
  EXPECT_EQ(histogram.min_ns(), 5U);
  EXPECT_EQ(histogram.max_ns(), 5U);
}

TEST(Histogram, Buckets_ComeShortestFirstAndHoldEveryDuration) {
  const Histogram histogram = histogram_of(random_durations(9, 2000));
  std::uint64_t sum = 0;
  std::uint64_t previous_ns = 0;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    EXPECT_TRUE(sum == 0 || bucket.highest_ns > previous_ns);
    EXPECT_GT(bucket.count, 0U);
    previous_ns = bucket.highest_ns;
    sum += bucket.count;
  }
  EXPECT_EQ(sum, histogram.count());
}

TEST(Histogram, FromBuckets_IsTheSameToTheBucket) {
  const Histogram histogram = histogram_of(random_durations(10, 2000));
  const Histogram again = Histogram::from_buckets(histogram.buckets());
  EXPECT_EQ(again.count(), histogram.count());
  expect_close_from_above(again.max_ns(), histogram.max_ns(), "max");
  expect_close_from_above(again.min_ns(), histogram.min_ns(), "min");
  EXPECT_NEAR(again.mean_ns(), histogram.mean_ns(), histogram.mean_ns() * 0.01);
  // Between the extremes, percentiles are buckets already.
  for (double percent = 1; percent < 100; percent += 1) {
    EXPECT_EQ(again.percentile_ns(percent), histogram.percentile_ns(percent)) << percent;
  }
  // What came from buckets makes these buckets again, and nothing is lost any more.
  expect_same(Histogram::from_buckets(again.buckets()), again);
}

TEST(Histogram, FromBucketsOfAnotherKind_KeepsCountsAndBounds) {
  const Histogram histogram =
      Histogram::from_buckets({{1000, 3}, {2000, 0}, {UINT64_MAX, 2}, {1001, 1}});
  EXPECT_EQ(histogram.count(), 6U);
  EXPECT_EQ(histogram.min_ns(), 1000U);
  EXPECT_EQ(histogram.max_ns(), Histogram::kLongestNs);
}

}  // namespace
}  // namespace loadgen
