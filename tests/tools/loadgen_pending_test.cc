#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tools/loadgen/outbox.h"
#include "tools/loadgen/pending_acks.h"

namespace loadgen {
namespace {

TEST(PendingAcks, GiveBackWhenEachWasDueAndSent_Once) {
  PendingAcks pending;
  pending.add({10, 11});
  pending.add({20, 22});
  pending.add({30, 33});
  EXPECT_EQ(pending.take(1)->due_ns, 20) << "in any order";
  EXPECT_EQ(pending.take(0)->sent_ns, 11);
  EXPECT_FALSE(pending.take(0)) << "twice";
  EXPECT_FALSE(pending.take(1));
  EXPECT_FALSE(pending.take(3)) << "not sent yet";
  EXPECT_FALSE(pending.take(UINT64_MAX));
  EXPECT_EQ(pending.result().asked, 3U);
  EXPECT_EQ(pending.result().missing, 1U);
  EXPECT_EQ(pending.result().unexpected, 4U);
}

TEST(PendingAcks, AgreeWithAMap_HoweverManyWaitAndInWhichOrderTheyCome) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    PendingAcks pending;
    std::map<std::uint64_t, std::int64_t> model;
    std::uint64_t next = 0;
    std::uint64_t unexpected = 0;
    for (int step = 0; step < 5000; ++step) {
      if (random() % 100 < 52) {
        const auto time = static_cast<std::int64_t>(random() % 1'000'000);
        model[next++] = time;
        pending.add({time, time + 1});
        continue;
      }
      // Mostly what has waited longest.
      std::uint64_t number = random() % (next + 2);
      if (random() % 10 > 0 && !model.empty()) {
        number = model.begin()->first;
      }
      const auto found = model.find(number);
      const auto taken = pending.take(number);
      ASSERT_EQ(taken.has_value(), found != model.end()) << number;
      if (taken) {
        ASSERT_EQ(taken->due_ns, found->second);
        ASSERT_EQ(taken->sent_ns, found->second + 1);
        model.erase(found);
      } else {
        ++unexpected;
      }
    }
    EXPECT_EQ(pending.result().asked, next);
    EXPECT_EQ(pending.result().missing, model.size());
    EXPECT_EQ(pending.result().unexpected, unexpected);
  }
}

TEST(Outbox, KeepsWhatIsNotAcknowledged_InItsOrder) {
  Outbox outbox;
  for (const std::uint64_t number : {3, 4, 7, 9}) {
    outbox.add(number, "text " + std::to_string(number));
  }
  EXPECT_TRUE(outbox.take(7));
  EXPECT_FALSE(outbox.take(7));
  EXPECT_FALSE(outbox.take(5));
  EXPECT_FALSE(outbox.take(10));
  EXPECT_FALSE(outbox.refuse(7));
  EXPECT_TRUE(outbox.refuse(4));
  EXPECT_TRUE(outbox.take(3));
  ASSERT_EQ(outbox.size(), 2U);
  EXPECT_EQ(outbox.messages()[0].payload, "text 4");
  EXPECT_TRUE(outbox.messages()[0].is_refused);
  EXPECT_EQ(outbox.messages()[1].number, 9U);
  EXPECT_FALSE(outbox.messages()[1].is_refused);
}

}  // namespace
}  // namespace loadgen
