#include "chat/storage/audience.h"

#include <gtest/gtest.h>

namespace chat {
namespace {

constexpr auto kMessage = EventKind::kMessage;
constexpr auto kDirect = EventKind::kDirect;
constexpr auto kTopic = EventKind::kTopic;

TEST(HistoryKey, Room_IsItsNameInSmallLetters) {
  EXPECT_EQ(history_key_of_room("Dev_Ops-1"), "dev_ops-1");
  EXPECT_EQ(history_key_of(kMessage, "Dev", "Alice"), "dev");
  EXPECT_EQ(history_key_of(kTopic, "Dev", "Alice"), "dev");
}

TEST(HistoryKey, Pair_IsTheSameFromBothEnds) {
  EXPECT_EQ(history_key_of_pair("Bob", "alice"), "@alice:bob");
  EXPECT_EQ(history_key_of_pair("ALICE", "bob"), "@alice:bob");
  EXPECT_EQ(history_key_of(kDirect, "Bob", "Alice"), "@alice:bob");
  EXPECT_EQ(history_key_of_pair("bob", "BOB"), "@bob:bob");
}

TEST(Audience, Room_IsHeardBehindWhereItWasJoined) {
  Audience audience("Bob", 0);
  audience.joined("Dev", 10);
  EXPECT_FALSE(audience.hears(kMessage, 10, "dev", "Alice"));
  EXPECT_TRUE(audience.hears(kMessage, 11, "dev", "Alice"));
  EXPECT_TRUE(audience.hears(kMessage, 11, "DEV", "Alice")) << "names ignore case";
  EXPECT_FALSE(audience.hears(kMessage, 11, "ops", "Alice"));
}

TEST(Audience, RoomThatWasParted_IsHeardUpToThere) {
  Audience audience("Bob", 0);
  audience.joined("dev", 10);
  audience.parted("DEV", 20);
  EXPECT_TRUE(audience.hears(kMessage, 20, "dev", "Alice"));
  EXPECT_FALSE(audience.hears(kMessage, 21, "dev", "Alice"));
}

TEST(Audience, RoomThatWasJoinedAgain_HasAHoleBetween) {
  Audience audience("Bob", 0);
  audience.joined("dev", 10);
  audience.parted("dev", 20);
  audience.joined("dev", 30);
  EXPECT_TRUE(audience.hears(kMessage, 15, "dev", "Alice"));
  EXPECT_FALSE(audience.hears(kMessage, 25, "dev", "Alice"));
  EXPECT_TRUE(audience.hears(kMessage, 31, "dev", "Alice"));
}

TEST(Audience, StayInWhichNothingWasSaid_LeavesNothing) {
  Audience audience("Bob", 0);
  audience.joined("dev", 0);
  audience.parted("dev", 0);
  EXPECT_TRUE(audience.stays().empty()) << "until 0 would mean: still a member";
  EXPECT_FALSE(audience.hears(kMessage, 1, "dev", "Alice"));
}

TEST(Audience, OwnMessages_AreNotHeardButOwnTopicsAre) {
  Audience audience("Bob", 0);
  audience.joined("dev", 0);
  EXPECT_FALSE(audience.hears(kMessage, 1, "dev", "bob"));
  EXPECT_TRUE(audience.hears(kTopic, 2, "dev", "bob")) << "who sets a topic is told so live, too";
}

TEST(Audience, PrivateMessage_IsHeardByItsRecipientOnly) {
  const Audience bob("Bob", 0);
  EXPECT_TRUE(bob.hears(kDirect, 1, "bob", "Alice"));
  EXPECT_TRUE(bob.hears(kDirect, 1, "Bob", "Bob")) << "a note to oneself";
  EXPECT_FALSE(bob.hears(kDirect, 1, "Carol", "Alice"));
  EXPECT_FALSE(bob.hears(kDirect, 1, "Carol", "Bob")) << "its sender has it";
}

TEST(Audience, PrivateMessage_ToAnEarlierBearerOfTheName_IsNotHeard) {
  const Audience bob("Bob", 100);
  EXPECT_FALSE(bob.hears(kDirect, 100, "Bob", "Alice"));
  EXPECT_TRUE(bob.hears(kDirect, 101, "Bob", "Alice"));
}

TEST(Audience, RoomNamedLikeTheClient_IsStillARoom) {
  Audience audience("Bob", 0);
  EXPECT_FALSE(audience.hears(kMessage, 1, "bob", "Alice"));
  audience.joined("alice", 0);
  EXPECT_FALSE(audience.hears(kDirect, 1, "alice", "Carol"));
}

TEST(Audience, JoiningTwice_IsABugOfOurs) {
  Audience audience("Bob", 0);
  audience.joined("dev", 1);
  EXPECT_DEATH(audience.joined("DEV", 2), "joined twice");
  EXPECT_DEATH(audience.parted("ops", 2), "without having joined");
}

}  // namespace
}  // namespace chat
