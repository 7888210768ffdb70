#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "tools/loadgen/schedule.h"
#include "tools/loadgen/stage_plan.h"

namespace loadgen {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

std::vector<Duration> times_of(Schedule schedule) {
  std::vector<Duration> times;
  while (const std::optional<Duration> time = schedule.next()) {
    times.push_back(*time);
  }
  return times;
}

std::vector<Duration> fixed_times(double rate, Duration duration, Duration ramp = {}) {
  return times_of({{rate, duration}, ramp, Arrivals::kFixed, 1});
}

std::vector<Duration> poisson_times(double rate, Duration duration, std::uint64_t seed,
                                    Duration ramp = {}) {
  return times_of({{rate, duration}, ramp, Arrivals::kPoisson, seed});
}

// As many as should come, give or take so many standard deviations of a Poisson count.
void expect_count_near(double expected, std::size_t count, const char* what) {
  constexpr double kDeviations = 6;
  EXPECT_NEAR(static_cast<double>(count), expected, kDeviations * std::sqrt(expected)) << what;
}

TEST(Schedule, Fixed_IsEvenlySpacedFromTheBeginning) {
  const std::vector<Duration> times = fixed_times(1000, seconds{2});
  ASSERT_EQ(times.size(), 2000U);
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(times[i].count()), static_cast<double>(i) * 1e6, 1) << i;
  }
}

TEST(Schedule, Fixed_DoesNotDriftOverHours) {
  const std::vector<Duration> times = fixed_times(3, std::chrono::hours{100});
  ASSERT_EQ(times.size(), 3U * 360'000);
  EXPECT_NEAR(static_cast<double>(times.back().count()), 360'000e9 - 1e9 / 3, 64);
}

TEST(Schedule, LessThanOneMessage_IsTheOneAtTheBeginning) {
  EXPECT_EQ(fixed_times(0.1, seconds{3}), std::vector<Duration>{Duration::zero()});
}

TEST(Schedule, NoRate_NoMessages) {
  EXPECT_TRUE(fixed_times(0, seconds{3}).empty());
  EXPECT_TRUE(poisson_times(0, seconds{3}, 1).empty());
  EXPECT_TRUE(poisson_times(0, seconds{3}, 1, seconds{1}).empty());
}

TEST(Schedule, NoTime_NoMessages) {
  EXPECT_TRUE(fixed_times(1000, {}).empty());
  EXPECT_TRUE(fixed_times(1000, {}, seconds{1}).empty());
}

TEST(Schedule, AtItsEnd_StaysThere) {
  Schedule schedule({2, seconds{1}}, {}, Arrivals::kFixed, 1);
  EXPECT_TRUE(schedule.next());
  EXPECT_TRUE(schedule.next());
  EXPECT_FALSE(schedule.next());
  EXPECT_FALSE(schedule.next());
}

TEST(Schedule, Ramp_RisesInAStraightLineThenStays) {
  const std::vector<Duration> times = fixed_times(1000, seconds{4}, seconds{2});
  // Half of the rate on average while it rises.
  ASSERT_EQ(times.size(), 1000U + 2000U);
  const auto before = [&times](Duration time) {
    return std::lower_bound(times.begin(), times.end(), time) - times.begin();
  };
  EXPECT_NEAR(static_cast<double>(before(milliseconds{500})), 62.5, 1.5);  // rate * t² / (2 * ramp)
  EXPECT_NEAR(static_cast<double>(before(seconds{1})), 250, 1.5);
  EXPECT_NEAR(static_cast<double>(before(seconds{2})), 1000, 1.5);
  EXPECT_NEAR(static_cast<double>(before(seconds{3})), 2000, 1.5);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

TEST(Schedule, RampAsLongAsTheStage_NeverStays) {
  EXPECT_EQ(fixed_times(1000, seconds{2}, seconds{2}).size(), 1000U);
}

TEST(Schedule, Poisson_HasTheRateAndTheSpreadOfIndependentPeople) {
  constexpr double kRate = 5000;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const std::vector<Duration> times = poisson_times(kRate, seconds{20}, seed);
    expect_count_near(kRate * 20, times.size(), "in all");
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 1; i < times.size(); ++i) {
      const double gap = std::chrono::duration<double>(times[i] - times[i - 1]).count() * kRate;
      sum += gap;
      squares += gap * gap;
    }
    const double mean = sum / static_cast<double>(times.size() - 1);
    const double variance = squares / static_cast<double>(times.size() - 1) - mean * mean;
    EXPECT_NEAR(mean, 1, 0.03) << "seed " << seed;
    EXPECT_NEAR(variance, 1, 0.1) << "seed " << seed;
  }
}

TEST(Schedule, Poisson_RampsLikeFixed) {
  const std::vector<Duration> times = poisson_times(10'000, seconds{4}, 3, seconds{2});
  const auto until = [&times](Duration time) {
    return static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), time) -
                                    times.begin());
  };
  expect_count_near(2500, until(seconds{1}), "in the first half of the ramp");
  expect_count_near(10'000, until(seconds{2}), "in the ramp");
  expect_count_near(30'000, times.size(), "in all");
}

TEST(Schedule, SameSeed_SameTimes_AnotherSeed_OtherTimes) {
  EXPECT_EQ(poisson_times(1000, seconds{2}, 7), poisson_times(1000, seconds{2}, 7));
  EXPECT_NE(poisson_times(1000, seconds{2}, 7), poisson_times(1000, seconds{2}, 8));
}

TEST(StagePlan, List_IsThePlansStagesInTheirOrder) {
  Plan plan;
  plan.stages = {{1000, seconds{30}}, {5000, seconds{60}}};
  const std::unique_ptr<StagePlan> stages = make_stage_plan(plan);
  StageResult missed;
  missed.objectives_kept = false;
  EXPECT_FALSE(stages->is_search());
  EXPECT_EQ(stages->next(nullptr), plan.stages[0]);
  EXPECT_EQ(stages->next(&missed), plan.stages[1]) << "a missed objective ends nothing";
  EXPECT_EQ(stages->next(&missed), std::nullopt);
}

StageResult sent_of(double asked, std::uint64_t sent) {
  StageResult stage;
  stage.asked_per_second = asked;
  stage.seconds = 10;
  stage.sent = sent;
  return stage;
}

TEST(StagePlan, HasPassed_NeedsTheObjectivesAndTheMessages) {
  const Plan plan;
  EXPECT_TRUE(has_passed(plan, sent_of(1000, 10'000)));
  EXPECT_TRUE(has_passed(plan, sent_of(1000, 9'900)));
  EXPECT_FALSE(has_passed(plan, sent_of(1000, 9'899)));
  StageResult missed = sent_of(1000, 10'000);
  missed.objectives_kept = false;
  EXPECT_FALSE(has_passed(plan, missed));
}

TEST(StagePlan, RandomArrivals_MayBeFewerByChance) {
  Plan plan;
  plan.arrivals = Arrivals::kPoisson;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const auto sent = poisson_times(10, seconds{10}, seed).size();
    ASSERT_TRUE(was_sent(plan, sent_of(10, sent))) << sent << " of 100, seed " << seed;
  }
  EXPECT_FALSE(was_sent(plan, sent_of(10, 50)));
  EXPECT_FALSE(was_sent(plan, sent_of(10'000, 97'000))) << "of many, chance takes a small share";
}

struct Search {
  double kept = 0;  // the highest rate that was
  double missed = std::numeric_limits<double>::infinity();
  std::vector<double> rates;
};

// A server that keeps the objectives up to so many messages a second.
Search search(double first, double capacity) {
  Plan plan;
  plan.find_max = true;
  plan.stages = {{first, seconds{3}}};
  const std::unique_ptr<StagePlan> stages = make_stage_plan(plan);
  EXPECT_TRUE(stages->is_search());
  Search found;
  StageResult result;
  const StageResult* previous = nullptr;
  while (const std::optional<Stage> stage = stages->next(previous)) {
    EXPECT_EQ(stage->duration, seconds{3});
    const double rate = stage->messages_per_second;
    found.rates.push_back(rate);
    result = {};
    result.asked_per_second = rate;
    result.seconds = 3;
    result.sent = static_cast<std::uint64_t>(std::ceil(rate * 3));
    result.objectives_kept = rate <= capacity;
    (result.objectives_kept ? found.kept : found.missed) = rate;
    previous = &result;
  }
  return found;
}

TEST(StagePlan, Search_ClosesInOnTheCapacityFromBelowAndFromAbove) {
  for (const double capacity : {3.0, 77.0, 1000.0, 12'345.6, 999'999.0}) {
    for (const double first : {1.0, 100.0, 1000.0, 50'000.0}) {
      const Search found = search(first, capacity);
      EXPECT_LE(found.rates.size(), static_cast<std::size_t>(kTrialsMax));
      EXPECT_LE(found.kept, capacity) << "from " << first;
      EXPECT_GT(found.missed, capacity) << "from " << first;
      if (found.rates.size() < static_cast<std::size_t>(kTrialsMax)) {
        EXPECT_LE(found.missed, found.kept * kSearchPrecision) << "from " << first;
      }
      EXPECT_LE(found.missed, found.kept * 2) << "from " << first;
    }
  }
}

TEST(StagePlan, Search_NearTheAnswer_TakesFewTrials) {
  EXPECT_LE(search(1000, 3000).rates.size(), 8U);
  EXPECT_LE(search(1000, 300).rates.size(), 8U);
}

TEST(StagePlan, Search_WhereNothingKeeps_GivesUpAtTheLowestRate) {
  const Search found = search(100, 0);
  EXPECT_EQ(found.kept, 0);
  EXPECT_EQ(found.rates, (std::vector<double>{100, 50, 25, 12.5, 6.25, 3.125, 1.5625, 0.78125}));
}

TEST(StagePlan, Search_WhereEverythingKeeps_EndsAfterTheMostTrials) {
  const Search found = search(100, std::numeric_limits<double>::infinity());
  ASSERT_EQ(found.rates.size(), static_cast<std::size_t>(kTrialsMax));
  EXPECT_EQ(found.kept, found.rates.back());
}

}  // namespace
}  // namespace loadgen
