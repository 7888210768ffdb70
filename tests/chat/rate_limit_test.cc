#include "chat/rate_limit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace chat {
namespace {

using reactor::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr reactor::TimePoint kStart{std::chrono::hours{1}};

TEST(RateLimit, RateOfZero_IsNoLimit) {
  RateLimit limit(0, 1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(limit.take(UINT32_MAX, kStart), Duration::zero());
  }
}

TEST(RateLimit, Burst_MayBeUsedAtOnceAndNotMore) {
  RateLimit limit(10, 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(limit.take(1, kStart), Duration::zero()) << i;
  }
  EXPECT_EQ(limit.take(1, kStart), milliseconds{100});
}

TEST(RateLimit, RefusedTake_TakesNothing) {
  RateLimit limit(10, 5);
  limit.take(4, kStart);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limit.take(2, kStart), milliseconds{100});
  }
  EXPECT_EQ(limit.take(1, kStart), Duration::zero()) << "the last token is still there";
}

TEST(RateLimit, WaitThatWasTold_IsEnough) {
  for (const std::uint32_t rate : {1U, 3U, 7U, 20U, 32768U, 999'999'937U, UINT32_MAX}) {
    RateLimit limit(rate, 13);
    reactor::TimePoint now = kStart;
    for (std::uint32_t i = 0; i < 100; ++i) {
      const Duration wait = limit.take(i % 15, now);
      if (wait > Duration::zero()) {
        EXPECT_GT(limit.take(i % 15, now + wait - Duration{1}), Duration::zero()) << rate;
        EXPECT_EQ(limit.take(i % 15, now + wait), Duration::zero()) << rate << ' ' << i;
        now += wait;
      }
    }
  }
}

TEST(RateLimit, Tokens_FlowInAtTheRateUpToTheBurst) {
  RateLimit limit(20, 60);
  EXPECT_EQ(limit.take(60, kStart), Duration::zero());
  EXPECT_EQ(limit.take(20, kStart + seconds{1}), Duration::zero());
  EXPECT_EQ(limit.take(1, kStart + seconds{1}), milliseconds{50});
  const reactor::TimePoint much_later = kStart + seconds{3600};
  EXPECT_EQ(limit.take(60, much_later), Duration::zero());
  EXPECT_EQ(limit.take(1, much_later), milliseconds{50}) << "a long rest saves no more";
}

TEST(RateLimit, SteadyUseBelowTheRate_IsNeverRefused) {
  RateLimit limit(3, 1);
  reactor::TimePoint now = kStart;
  for (int i = 0; i < 1000; ++i, now += milliseconds{334}) {
    EXPECT_EQ(limit.take(1, now), Duration::zero()) << i;
  }
}

TEST(RateLimit, SteadyUseAboveTheRate_GetsTheRate) {
  RateLimit limit(10, 1);
  int taken = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    taken += limit.take(1, kStart + milliseconds{ms}) == Duration::zero() ? 1 : 0;
  }
  EXPECT_EQ(taken, 600);
}

TEST(RateLimit, CountAboveTheBurst_IsTreatedAsTheBurst) {
  RateLimit limit(10, 5);
  EXPECT_EQ(limit.take(UINT32_MAX, kStart), Duration::zero());
  EXPECT_EQ(limit.take(1000, kStart), milliseconds{500});
  EXPECT_EQ(limit.take(1000, kStart + milliseconds{500}), Duration::zero());
}

TEST(RateLimit, WholeBurstOneByOne_FitsWhateverTheRate) {
  for (const std::uint32_t rate : {3U, 7U, 11U, 32768U, 1'000'003U}) {
    RateLimit limit(rate, 1000);
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(limit.take(1, kStart), Duration::zero()) << rate << ' ' << i;
    }
    EXPECT_GT(limit.take(1000, kStart), Duration::zero()) << rate;
  }
}

TEST(RateLimit, LargestNumbers_DoNotOverflow) {
  RateLimit limit(1, UINT32_MAX);
  EXPECT_EQ(limit.take(UINT32_MAX, kStart), Duration::zero());
  EXPECT_EQ(limit.take(1, kStart), seconds{1});
}

TEST(RateLimit, Client_CostsSixteenBytes) { EXPECT_EQ(sizeof(RateLimit), 16U); }

TEST(RateLimit, Owing_TakesWhatIsNotThereAndSaysWhenItIsPaid) {
  RateLimit limit(10, 5);
  EXPECT_EQ(limit.owe(5, kStart), Duration::zero());
  EXPECT_EQ(limit.owe(1, kStart), milliseconds{100});
  EXPECT_EQ(limit.owe(2, kStart), milliseconds{300}) << "and what was owed before";
  EXPECT_EQ(limit.take(1, kStart), milliseconds{400});
  EXPECT_EQ(limit.take(1, kStart + milliseconds{400}), Duration::zero());
}

TEST(RateLimit, OwingMoreThanTheBurst_IsOwingTheBurst) {
  RateLimit limit(10, 5);
  EXPECT_EQ(limit.owe(5, kStart), Duration::zero());
  EXPECT_EQ(limit.owe(UINT32_MAX, kStart), milliseconds{500});
  RateLimit none(0, 1);
  EXPECT_EQ(none.owe(UINT32_MAX, kStart), Duration::zero());
}

}  // namespace
}  // namespace chat
