#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/loadgen/room_order.h"
#include "tools/loadgen/room_share.h"

namespace loadgen {
namespace {

using Keys = std::vector<MessageKey>;

// The first so many messages of sender 0.
Keys numbered(std::uint64_t count) {
  Keys keys;
  for (std::uint64_t i = 0; i < count; ++i) {
    keys.push_back({0, i});
  }
  return keys;
}

// A room with three senders' worth of messages.
class RoomOrderTest : public testing::Test {
 protected:
  Follower& member(std::uint32_t id) {
    followers_.push_back(std::make_unique<Follower>());
    followers_.back()->id = id;
    order.add(*followers_.back());
    return *followers_.back();
  }
  Follower& sender(std::uint32_t number) {
    followers_.push_back(std::make_unique<Follower>());
    followers_.back()->id = number;
    followers_.back()->not_from = number;
    order.add(*followers_.back());
    return *followers_.back();
  }
  Follower& guest(std::uint32_t id) {
    followers_.push_back(std::make_unique<Follower>());
    followers_.back()->id = id;
    followers_.back()->is_guest = true;
    return *followers_.back();
  }
  void deliver(Follower& follower, const Keys& keys) {
    for (const MessageKey key : keys) {
      order.deliver(follower, key, completed);
    }
  }

  RoomOrder order{3};
  Keys completed;

 private:
  std::vector<std::unique_ptr<Follower>> followers_;
};

void expect_counts(const Follower& follower, const Integrity& expected) {
  EXPECT_EQ(follower.integrity.delivered, expected.delivered) << "client " << follower.id;
  EXPECT_EQ(follower.integrity.lost, expected.lost) << "client " << follower.id;
  EXPECT_EQ(follower.integrity.doubled, expected.doubled) << "client " << follower.id;
  EXPECT_EQ(follower.integrity.reordered, expected.reordered) << "client " << follower.id;
}

TEST_F(RoomOrderTest, OnceAndInOrder_IsIntact) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  deliver(alice, numbered(3));
  deliver(bob, numbered(3));
  for (Follower* follower : {&alice, &bob}) {
    order.close(*follower);
    expect_counts(*follower, {.delivered = 3});
  }
  EXPECT_EQ(order.disagreement(), "");
}

TEST_F(RoomOrderTest, Deliver_TellsWhoseWasTheFirst) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  EXPECT_TRUE(order.deliver(alice, {0, 0}, completed));
  EXPECT_FALSE(order.deliver(bob, {0, 0}, completed));
  EXPECT_TRUE(order.deliver(bob, {0, 1}, completed));
  EXPECT_FALSE(order.deliver(alice, {0, 1}, completed));
}

TEST_F(RoomOrderTest, LostInTheMiddle_IsNotDelivered) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  deliver(alice, numbered(4));
  deliver(bob, {{0, 0}, {0, 3}});
  order.close(bob);
  expect_counts(bob, {.delivered = 2});
  EXPECT_EQ(order.disagreement(), "");
}

TEST_F(RoomOrderTest, LostInTheMiddleByTheFirst_IsNotDelivered) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  deliver(bob, {{0, 0}, {0, 3}});
  deliver(alice, {{0, 0}});
  order.close(bob);
  expect_counts(bob, {.delivered = 2});
}

TEST_F(RoomOrderTest, LostAtTheEnd_IsNotDelivered) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  deliver(alice, numbered(4));
  deliver(bob, numbered(2));
  order.close(bob);
  expect_counts(bob, {.delivered = 2});
}

TEST_F(RoomOrderTest, DoubledAtOnceAndLater_IsCountedAsOftenAsItCame) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  deliver(alice, numbered(3));
  deliver(bob, {{0, 0}, {0, 0}, {0, 1}, {0, 2}, {0, 0}});
  expect_counts(bob, {.delivered = 3, .doubled = 2});
  EXPECT_EQ(order.doubled(), 2U);
  EXPECT_EQ(order.disagreement(), "");
}

TEST_F(RoomOrderTest, DoubledAfterItIsForgotten_IsCounted) {
  Follower& alice = member(1);
  constexpr std::uint64_t kMany = 10'000;
  deliver(alice, numbered(kMany));
  ASSERT_LT(order.remembered(), kMany);
  deliver(alice, {{0, 0}});
  expect_counts(alice, {.delivered = kMany, .doubled = 1});
}

TEST_F(RoomOrderTest, SwappedForOneMember_IsReorderedAndTold) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  deliver(alice, {{0, 0}, {1, 0}, {0, 1}});
  deliver(bob, {{1, 0}, {0, 0}, {0, 1}});
  expect_counts(alice, {.delivered = 3});
  expect_counts(bob, {.delivered = 3, .reordered = 1});
  EXPECT_EQ(order.disagreement(),
            "client 2 got message 0 of client 0 after later ones; another member got it before "
            "them");
}

TEST_F(RoomOrderTest, Disagreement_NamesTheKindOfWhoDisagrees) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  alice.kind = "native";
  bob.kind = "irc";
  deliver(alice, {{0, 0}, {0, 1}});
  deliver(bob, {{0, 1}, {0, 0}});
  EXPECT_TRUE(order.disagreement().starts_with("client 2 (irc) got message 0 of client 0"))
      << order.disagreement();
}

TEST_F(RoomOrderTest, Disagreement_IsTheFirstThatWasSeen) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  deliver(alice, numbered(4));
  deliver(bob, {{0, 1}, {0, 0}, {0, 3}, {0, 2}});
  expect_counts(bob, {.delivered = 4, .reordered = 2});
  EXPECT_NE(order.disagreement().find("message 0 of"), std::string::npos) << order.disagreement();
}

TEST_F(RoomOrderTest, MuchLaterThanInItsPlace_IsReorderedOnce) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  deliver(alice, numbered(5));
  deliver(bob, {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 0}});
  expect_counts(bob, {.delivered = 5, .reordered = 1});
}

TEST_F(RoomOrderTest, SwappedForEverybody_IsReorderedAgainstItsSender) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  for (Follower* follower : {&alice, &bob}) {
    deliver(*follower, {{0, 1}, {0, 0}, {0, 2}});
    expect_counts(*follower, {.delivered = 3, .reordered = 1});
  }
  EXPECT_EQ(order.disagreement(), "") << "they agree";
}

TEST_F(RoomOrderTest, SwappedForTheFirst_IsNotHeldAgainstTheOthers) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  Follower& carol = sender(2);
  deliver(alice, {{0, 1}, {0, 0}, {0, 2}});
  deliver(bob, {{0, 0}, {0, 1}, {0, 2}});
  deliver(carol, {{0, 0}, {0, 1}, {0, 2}});
  expect_counts(alice, {.delivered = 3, .reordered = 1});
  expect_counts(bob, {.delivered = 3});
  expect_counts(carol, {.delivered = 3});
  EXPECT_EQ(completed.size(), 3U);
}

TEST_F(RoomOrderTest, LostToWhoIsAheadOfTheOthers_IsNotHeldAgainstThem) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  Follower& carol = sender(1);
  deliver(alice, {{0, 0}, {0, 2}, {1, 0}, {0, 3}, {0, 4}});
  deliver(bob, {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {0, 3}, {0, 4}});
  deliver(carol, numbered(5));
  expect_counts(alice, {.delivered = 5});
  expect_counts(bob, {.delivered = 6});
  expect_counts(carol, {.delivered = 5});
  EXPECT_EQ(order.disagreement(), "");
  EXPECT_EQ(completed.size(), 5U);
  deliver(alice, {{0, 1}});
  expect_counts(alice, {.delivered = 6, .reordered = 1});
  EXPECT_EQ(completed.size(), 6U);
}

TEST_F(RoomOrderTest, OwnMessages_AreNotExpected) {
  Follower& alice = sender(0);
  Follower& bob = member(2);
  deliver(bob, {{0, 0}, {1, 0}, {0, 1}});
  deliver(alice, {{1, 0}});
  order.close(alice);
  expect_counts(alice, {.delivered = 1});
  EXPECT_EQ(completed.size(), 3U) << "nobody waits for a sender to hear himself";
}

TEST_F(RoomOrderTest, OwnMessageThatComesBack_IsDoubled) {
  Follower& alice = sender(0);
  member(2);
  deliver(alice, {{0, 0}});
  expect_counts(alice, {.doubled = 1});
}

TEST_F(RoomOrderTest, SenderWhoIsReadFirst_SaysNothingOfHisOwnPlace) {
  Follower& alice = sender(0);
  Follower& bob = sender(1);
  Follower& carol = member(2);
  // As everybody was sent it: Alice's, Bob's, Alice's.
  EXPECT_FALSE(order.deliver(alice, {1, 0}, completed)) << "nobody who hears all has had it";
  deliver(bob, {{0, 0}, {0, 1}});
  deliver(carol, {{0, 0}, {1, 0}, {0, 1}});
  expect_counts(alice, {.delivered = 1});
  expect_counts(bob, {.delivered = 2});
  expect_counts(carol, {.delivered = 3});
  EXPECT_EQ(completed.size(), 3U);
}

TEST_F(RoomOrderTest, SenderWhoseMessagesAreForgotten_HasLostNothing) {
  Follower& alice = sender(0);
  Follower& bob = member(2);
  constexpr std::uint64_t kMany = 20'000;
  deliver(bob, numbered(kMany));
  ASSERT_LT(order.remembered(), kMany / 2);
  deliver(bob, {{1, 0}});
  deliver(alice, {{1, 0}});
  deliver(alice, {{1, 1}});
  deliver(bob, {{1, 1}});
  order.close(alice);
  expect_counts(alice, {.delivered = 2});
  EXPECT_EQ(completed.size(), kMany + 2);
}

TEST_F(RoomOrderTest, SwappedForASender_IsReordered) {
  Follower& alice = sender(0);
  Follower& bob = member(2);
  deliver(alice, {{1, 1}, {1, 0}});
  deliver(bob, {{1, 0}, {0, 0}, {1, 1}});
  expect_counts(alice, {.delivered = 2, .reordered = 1});
}

TEST_F(RoomOrderTest, WhatOnlyASenderGot_IsDeliveredToHim) {
  Follower& alice = sender(0);
  Follower& bob = member(2);
  deliver(bob, {{1, 1}});
  deliver(alice, {{1, 0}, {1, 0}, {1, 1}});
  order.close(alice);
  order.close(bob);
  expect_counts(alice, {.delivered = 2, .doubled = 1});
  expect_counts(bob, {.delivered = 1});
}

TEST_F(RoomOrderTest, GuestWhoComesInTheMiddle_NeedsWhatIsBehindHisFirst) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  Follower& late = guest(9);
  deliver(alice, numbered(6));
  deliver(late, {{0, 2}, {0, 3}, {0, 4}, {0, 5}});
  deliver(bob, numbered(6));
  order.leave(late, completed);
  expect_counts(late, {.delivered = 4});
  EXPECT_EQ(late.integrity.expected, 4U);
}

TEST_F(RoomOrderTest, GuestWhoMissesSomething_HasLostIt) {
  Follower& alice = member(1);
  Follower& late = guest(9);
  member(2);
  deliver(alice, numbered(8));
  deliver(late, {{0, 2}, {0, 3}, {0, 6}, {0, 5}, {0, 3}});
  order.leave(late, completed);
  expect_counts(late, {.delivered = 4, .lost = 1, .doubled = 1, .reordered = 1});
  EXPECT_EQ(late.integrity.expected, 5U) << "not the one behind his last";
}

TEST_F(RoomOrderTest, GuestWhoIsReadFirst_SaysNothingOfWhatWasBeforeHim) {
  Follower& alice = member(1);
  Follower& late = guest(9);
  deliver(late, {{0, 1}, {0, 2}});
  deliver(alice, numbered(3));
  order.leave(late, completed);
  order.close(alice);
  expect_counts(late, {.delivered = 2});
  expect_counts(alice, {.delivered = 3});
  EXPECT_EQ(order.disagreement(), "");
}

TEST_F(RoomOrderTest, GuestBehindEverybodyElse_IsNotHeldAgainstWhatIsForgotten) {
  Follower& alice = member(1);
  Follower& late = guest(9);
  deliver(alice, numbered(3));
  deliver(late, {{0, 1}, {0, 2}});
  deliver(alice, {{0, 3}});
  deliver(late, {{0, 3}});
  order.leave(late, completed);
  expect_counts(late, {.delivered = 3});
}

TEST_F(RoomOrderTest, GuestWhoGotNothing_CountsForNothing) {
  Follower& alice = member(1);
  Follower& late = guest(9);
  deliver(alice, numbered(3));
  order.leave(late, completed);
  expect_counts(late, {});
}

TEST_F(RoomOrderTest, GuestWhoLeaves_IsNotWaitedForAnyMore) {
  Follower& alice = member(1);
  Follower& late = guest(9);
  deliver(late, {{0, 0}});
  deliver(alice, numbered(3));
  EXPECT_EQ(completed, numbered(1));
  completed.clear();
  order.leave(late, completed);
  EXPECT_EQ(completed, (Keys{{0, 1}, {0, 2}}));
  completed.clear();
  deliver(alice, {{0, 3}});
  EXPECT_EQ(completed, (Keys{{0, 3}}));
}

TEST_F(RoomOrderTest, Completed_TellsEachMessageOnceWhenTheLastOneHasIt) {
  Follower& alice = member(1);
  Follower& bob = member(2);
  Follower& carol = member(3);
  deliver(alice, numbered(2));
  deliver(bob, {{0, 1}, {0, 0}});
  EXPECT_TRUE(completed.empty());
  deliver(carol, {{0, 0}});
  EXPECT_EQ(completed, numbered(1));
  deliver(carol, {{0, 0}, {0, 1}, {0, 1}});
  EXPECT_EQ(completed, numbered(2));
}

TEST_F(RoomOrderTest, AloneInTheRoom_CompletesAtOnce) {
  Follower& alice = member(1);
  deliver(alice, numbered(3));
  EXPECT_EQ(completed, numbered(3));
}

TEST_F(RoomOrderTest, WhatAllHaveSeen_IsForgotten) {
  Follower& alice = sender(0);
  Follower& bob = member(2);
  std::size_t most = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    deliver(bob, {{0, i}, {1, i}});
    if (i >= 10) {
      deliver(alice, {{1, i - 10}});
    }
    most = std::max(most, order.remembered());
  }
  EXPECT_LT(most, 10'000U);
  EXPECT_EQ(completed.size(), 200'000U - 10);
}

TEST(RoomOrder, WhatOneMemberNeverGets_IsForgottenBeyondTheMost) {
  constexpr std::size_t kMost = 5000;
  constexpr std::uint64_t kMany = 100'000;
  RoomOrder order(1, kMost);
  Follower alice;
  Follower deaf;
  Keys completed;
  order.add(alice);
  order.add(deaf);
  std::size_t most = 0;
  for (const MessageKey key : numbered(kMany)) {
    order.deliver(alice, key, completed);
    most = std::max(most, order.remembered());
  }
  EXPECT_LE(most, 2 * kMost);
  order.deliver(deaf, {0, kMany - 1}, completed);
  EXPECT_EQ(completed, (Keys{{0, kMany - 1}}));
  order.close(alice);
  order.close(deaf);
  expect_counts(alice, {.delivered = kMany});
  expect_counts(deaf, {.delivered = 1});
}

TEST(RoomOrder, WhatOnlySendersGet_IsRememberedUpToTheMost) {
  constexpr std::size_t kMost = 50;
  RoomOrder order(2, kMost);
  Follower listener;
  Follower sender;
  sender.not_from = 0;
  Keys completed;
  order.add(listener);
  order.add(sender);
  for (int i = 0; i < 500; ++i) {
    order.deliver(sender, {1, 0}, completed);
  }
  EXPECT_EQ(sender.early.size(), kMost);
  order.close(sender);
  expect_counts(sender, {.delivered = 1, .doubled = 499});
}

TEST(SharedRoomOrder, ThreadsThatAgree_AreIntact) {
  SharedRoomOrder shared(2);
  Follower one;
  Follower two;
  shared.add(one);
  shared.add(two);
  Keys keys = numbered(3);
  shared.deliver(one, keys);
  EXPECT_TRUE(keys.empty());
  keys = numbered(2);
  shared.deliver(two, keys);
  keys = {{0, 2}, {1, 0}};
  shared.deliver(two, keys);
  EXPECT_TRUE(one.integrity.intact());
  EXPECT_TRUE(two.integrity.intact());
  EXPECT_EQ(shared.disagreement(), "");
}

TEST(SharedRoomOrder, ThreadsThatEachAgreeWithThemselves_AreHeldAgainstEachOther) {
  SharedRoomOrder shared(2);
  Follower one;
  Follower two;
  two.id = 1;
  shared.add(one);
  shared.add(two);
  Keys keys{{0, 0}, {1, 0}};
  shared.deliver(one, keys);
  keys = {{1, 0}, {0, 0}};
  shared.deliver(two, keys);
  EXPECT_EQ(one.integrity.reordered + two.integrity.reordered, 1U);
  EXPECT_EQ(shared.disagreement(),
            "client 1 got message 0 of client 0 after later ones; another member got it before "
            "them");
}

}  // namespace
}  // namespace loadgen
