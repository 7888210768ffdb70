#include "chat/presence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr reactor::Duration kInterval = std::chrono::milliseconds{200};
constexpr reactor::TimePoint kStart{std::chrono::hours{1}};
constexpr RoomId kDev = 7;

class PresenceTest : public ::testing::Test {
 protected:
  Presence presence_{kInterval};
};

TEST_F(PresenceTest, NothingGathered_IsNeverDue) {
  EXPECT_EQ(presence_.due(), std::nullopt);
  EXPECT_THAT(presence_.take(), IsEmpty());
}

TEST_F(PresenceTest, FirstNotice_SetsTheTimeForAllOfTheInterval) {
  presence_.joined(kLobby, "Alice", kStart);
  presence_.left(kDev, "Bob", kStart + kInterval / 2);
  EXPECT_EQ(presence_.due(), kStart + kInterval);
}

TEST_F(PresenceTest, Take_HandsOverEachRoomSortedAndBeginsAnew) {
  presence_.joined(kDev, "bob", kStart);
  presence_.joined(kLobby, "bob", kStart);
  presence_.joined(kLobby, "alice", kStart);
  presence_.left(kLobby, "carol", kStart);
  const auto changes = presence_.take();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_THAT(changes.at(kLobby).joined, ElementsAre("alice", "bob"));
  EXPECT_THAT(changes.at(kLobby).left, ElementsAre("carol"));
  EXPECT_THAT(changes.at(kDev).joined, ElementsAre("bob"));
  EXPECT_THAT(changes.at(kDev).left, IsEmpty());

  EXPECT_EQ(presence_.due(), std::nullopt);
  const reactor::TimePoint later = kStart + std::chrono::seconds{9};
  presence_.left(kLobby, "bob", later);
  EXPECT_EQ(presence_.due(), later + kInterval);
  EXPECT_THAT(presence_.take().at(kLobby).joined, IsEmpty());
}

TEST_F(PresenceTest, WhoCameAndWent_IsNotTold) {
  presence_.joined(kLobby, "Alice", kStart);
  presence_.left(kLobby, "Alice", kStart);
  EXPECT_EQ(presence_.due(), std::nullopt) << "nothing is left to tell";
  EXPECT_THAT(presence_.take(), IsEmpty());
}

TEST_F(PresenceTest, WhoWentAndCameBack_IsNotTold) {
  presence_.left(kLobby, "Alice", kStart);
  presence_.joined(kLobby, "Alice", kStart);
  EXPECT_THAT(presence_.take(), IsEmpty());
}

TEST_F(PresenceTest, OnlyTheLastStateCounts) {
  for (int i = 0; i < 3; ++i) {
    presence_.joined(kLobby, "Alice", kStart);
    presence_.left(kLobby, "Alice", kStart);
  }
  presence_.joined(kLobby, "Alice", kStart);
  EXPECT_THAT(presence_.take().at(kLobby).joined, ElementsAre("Alice"));
}

TEST_F(PresenceTest, TakingBackInOneRoom_LeavesTheOthersAlone) {
  presence_.joined(kLobby, "Alice", kStart);
  presence_.joined(kDev, "Alice", kStart);
  presence_.left(kDev, "Alice", kStart);
  EXPECT_EQ(presence_.due(), kStart + kInterval);
  const auto changes = presence_.take();
  EXPECT_EQ(changes.size(), 1U);
  EXPECT_THAT(changes.at(kLobby).joined, ElementsAre("Alice"));
}

TEST_F(PresenceTest, ForgottenRoom_IsNotTold) {
  presence_.joined(kDev, "Alice", kStart);
  presence_.joined(kLobby, "Alice", kStart);
  presence_.forget(kDev);
  presence_.forget(99);
  EXPECT_EQ(presence_.due(), kStart + kInterval);
  presence_.forget(kLobby);
  EXPECT_EQ(presence_.due(), std::nullopt);
  EXPECT_THAT(presence_.take(), IsEmpty());
}

TEST_F(PresenceTest, AThousandArrivals_AreOneChange) {
  for (int i = 0; i < 1000; ++i) {
    presence_.joined(kLobby, "name" + std::to_string(i), kStart + std::chrono::microseconds{i});
  }
  EXPECT_EQ(presence_.due(), kStart + kInterval);
  const auto changes = presence_.take();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes.at(kLobby).joined.size(), 1000U);
}

}  // namespace
}  // namespace chat
