#include "chat/storage/gaps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/chat/storage/store_fixture.h"

namespace chat {
namespace {

TEST(Gaps, Nothing_HasNone) { EXPECT_EQ(Gaps().within(0, 1000), Gap{}); }

TEST(Gaps, Deleted_IsFromTheBeginningOn) {
  Gaps gaps;
  gaps.delete_to(10);
  EXPECT_EQ(gaps.within(0, 1000), (Gap{{1, 10}}));
  EXPECT_EQ(gaps.within(4, 7), (Gap{{5, 7}}));
  EXPECT_EQ(gaps.within(9, 10), (Gap{{10, 10}}));
  EXPECT_EQ(gaps.within(10, 1000), Gap{});
  gaps.delete_to(4);
  EXPECT_EQ(gaps.deleted_to(), 10U) << "never goes back";
}

TEST(Gaps, Lost_AreCutToWhatIsAsked) {
  Gaps gaps;
  gaps.add_lost({20, 29});
  gaps.add_lost({40, 49});
  EXPECT_EQ(gaps.within(0, 100), (Gap{{20, 29}, {40, 49}}));
  EXPECT_EQ(gaps.within(24, 44), (Gap{{25, 29}, {40, 44}}));
  EXPECT_EQ(gaps.within(29, 39), Gap{});
  EXPECT_EQ(gaps.within(28, 40), (Gap{{29, 29}, {40, 40}}));
  EXPECT_EQ(gaps.within(21, 23), (Gap{{22, 23}}));
}

TEST(Gaps, WhatTouches_IsOneGap) {
  Gaps gaps;
  gaps.add_lost({20, 29});
  gaps.add_lost({30, 39});
  gaps.delete_to(19);
  EXPECT_EQ(gaps.last_lost(), (IdRange{20, 39}));
  EXPECT_EQ(gaps.within(0, 100), (Gap{{1, 39}}));
}

TEST(Gaps, LossBeforeWhatWasDeleted_IsPartOfIt) {
  Gaps gaps;
  gaps.add_lost({20, 29});
  gaps.add_lost({40, 49});
  gaps.delete_to(35);
  EXPECT_EQ(gaps.within(0, 100), (Gap{{1, 35}, {40, 49}}));
}

TEST(Gaps, WhatIsNoRange_IsNone) {
  Gaps gaps;
  gaps.add_lost({5, 4});
  EXPECT_EQ(gaps.within(0, 100), Gap{});
  EXPECT_EQ(gaps.last_lost(), IdRange{});
  gaps.add_lost({7, 8});
  EXPECT_EQ(gaps.within(7, 7), Gap{}) << "nothing was asked for";
  EXPECT_EQ(gaps.within(kNewest, 8), Gap{});
}

TEST(Gaps, Reach_EndsBeforeOneLossTooMany) {
  Gaps gaps;
  EXPECT_EQ(gaps.reach(0, 1), kNewest);
  gaps.add_lost({20, 29});
  gaps.add_lost({40, 49});
  gaps.add_lost({60, 69});
  EXPECT_EQ(gaps.reach(0, 1), 39U);
  EXPECT_EQ(gaps.reach(0, 2), 59U);
  EXPECT_EQ(gaps.reach(0, 3), kNewest);
  EXPECT_EQ(gaps.reach(25, 1), 39U) << "in the middle of one";
  EXPECT_EQ(gaps.reach(29, 1), 59U);
  EXPECT_EQ(gaps.reach(kNewest, 1), kNewest);
}

// Against a plain list of numbers.
TEST(Gaps, AnyGaps_AreThoseOfAPlainList) {
  std::mt19937 random(4);
  for (int run = 0; run < 300; ++run) {
    Gaps gaps;
    std::vector<bool> gone(101, false);
    for (MessageId first = 1 + random() % 20; first < 90; first += 1 + random() % 30) {
      const MessageId last = std::min<MessageId>(100, first + random() % 10);
      gaps.add_lost({first, last});
      std::fill(gone.begin() + static_cast<int>(first), gone.begin() + static_cast<int>(last) + 1,
                true);
    }
    const MessageId deleted_to = random() % 60;
    gaps.delete_to(deleted_to);
    std::fill(gone.begin() + 1, gone.begin() + static_cast<int>(deleted_to) + 1, true);
    const MessageId after = random() % 100;
    const MessageId last = after + random() % (101 - after);
    Gap expected;
    for (MessageId id = after + 1; id <= last; ++id) {
      if (!gone[id]) {
        continue;
      }
      if (id > after + 1 && gone[id - 1]) {
        expected.back().last = id;
      } else {
        expected.push_back({id, id});
      }
    }
    ASSERT_EQ(gaps.within(after, last), expected) << "run " << run << ": " << after << ".." << last;
  }
}

}  // namespace
}  // namespace chat
