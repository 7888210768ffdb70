#include <cstddef>
#include <string>

#include "tests/chat/hub_fixture.h"

namespace chat {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HubRooms : public HubTest {
 protected:
  RoomId join(const SessionRef& who, std::string_view room) {
    const Events events = apply(who, Verb::kJoin, room);
    EXPECT_EQ(events.at(0).kind, EventKind::kJoined) << events.at(0);
    return events.at(0).room_id;
  }

  SessionRef alice_ = enter("Alice");
  SessionRef bob_ = enter("Bob", 2);
};

// JOIN 0
TEST_F(HubRooms, PartWithoutARoom_IsFromAllInIrc) {
  const SessionRef carol = enter_irc("Carol");
  apply(carol, Verb::kJoin, "dev");
  apply(carol, Verb::kJoin, "tea");
  EXPECT_THAT(what_is_told(carol, apply(carol, Verb::kPart)),
              ElementsAre(is_of_room(EventKind::kParted, carol, "dev"),
                          is_of_room(EventKind::kParted, carol, "tea")));
  EXPECT_EQ(hub_->room_count(), 1U) << "the lobby is left";
  EXPECT_THAT(what_is_told(carol, apply(carol, Verb::kPart)), IsEmpty());
  apply(carol, Verb::kBroadcast, "", "still here");
  EXPECT_EQ(hub_->last_id(), 1U);
}

TEST_F(HubRooms, Join_MakesTheRoomAndConfirms) {
  const RoomId dev = join(alice_, "Dev");
  EXPECT_NE(dev, kLobby);
  EXPECT_NE(dev, kNoRoom);
  EXPECT_EQ(hub_->room_count(), 2U);
  EXPECT_THAT(hub_->members_by_shard(dev), ElementsAre(1));
}

TEST_F(HubRooms, Join_FindsARoomIgnoringCaseAndShowsItAsFirstSpelled) {
  const RoomId dev = join(alice_, "Dev");
  EXPECT_THAT(
      apply(bob_, Verb::kJoin, "dEV"),
      ElementsAre(AllOf(is_of_room(EventKind::kJoined, bob_, "Dev"), Field(&Seen::room_id, dev))));
  EXPECT_EQ(hub_->room_count(), 2U);
  EXPECT_THAT(hub_->members_by_shard(dev), ElementsAre(1, 0, 1));
}

TEST_F(HubRooms, JoinAgain_IsConfirmedAgainAndChangesNothing) {
  const RoomId dev = join(alice_, "dev");
  apply(alice_, Verb::kTopic, "dev", "tea");
  settle_presence();
  EXPECT_THAT(apply(alice_, Verb::kJoin, "dev"),
              ElementsAre(is_of_room(EventKind::kJoined, alice_, "dev")));
  EXPECT_THAT(apply(alice_, Verb::kJoin, "LOBBY"),
              ElementsAre(is_of_room(EventKind::kJoined, alice_, "lobby")));
  EXPECT_THAT(hub_->members_by_shard(dev), ElementsAre(1));
  EXPECT_THAT(hub_->members_by_shard(kLobby), ElementsAre(1, 0, 1));
  EXPECT_EQ(hub_->next_deadline(), std::nullopt) << "nothing to tell";
}

TEST_F(HubRooms, BadRoomName_IsRefused) {
  const std::string longest(limits_.room_name_length_max, 'r');
  for (const std::string& name : {std::string(), std::string("#dev"), std::string("a b"),
                                  std::string("a=1"), std::string("a,b"), longest + 'r'}) {
    EXPECT_THAT(apply(alice_, Verb::kJoin, name),
                ElementsAre(is_error(ErrorCode::kInvalidName, alice_, name)));
  }
  EXPECT_EQ(hub_->room_count(), 1U);
  join(alice_, longest);
}

TEST_F(HubRooms, RoomsPerClient_AreBoundedAndTheLobbyIsNotCounted) {
  limits_.rooms_per_client_max = 2;
  start();
  const SessionRef carol = enter("Carol");
  join(carol, "a");
  join(carol, "b");
  EXPECT_THAT(apply(carol, Verb::kJoin, "c"),
              ElementsAre(AllOf(is_error(ErrorCode::kForbidden, carol, "c"),
                                Field(&Seen::text, HasSubstr("2")))));
  EXPECT_EQ(hub_->room_count(), 3U) << "a refused room is not left behind";
  join(carol, "B");
  join(carol, "lobby");
  apply(carol, Verb::kPart, "a");
  join(carol, "c");
}

TEST_F(HubRooms, Rooms_AreBoundedInAll) {
  limits_.rooms_max = 1;
  start();
  const SessionRef carol = enter("Carol");
  const SessionRef dave = enter("Dave");
  join(carol, "a");
  EXPECT_THAT(apply(dave, Verb::kJoin, "b"),
              ElementsAre(is_error(ErrorCode::kUnavailable, dave, "b")));
  join(dave, "A");
}

TEST_F(HubRooms, Part_IsConfirmedAndTheLastMemberTakesTheRoomAlong) {
  const RoomId dev = join(alice_, "dev");
  join(bob_, "dev");
  EXPECT_THAT(apply(alice_, Verb::kPart, "DEV"),
              ElementsAre(AllOf(is_of_room(EventKind::kParted, alice_, "dev"),
                                Field(&Seen::room_id, dev))));
  EXPECT_THAT(hub_->members_by_shard(dev), ElementsAre(0, 0, 1));
  EXPECT_THAT(apply(bob_, Verb::kPart, "dev"),
              ElementsAre(is_of_room(EventKind::kParted, bob_, "dev")));
  EXPECT_THAT(hub_->members_by_shard(dev), IsEmpty());
  EXPECT_EQ(hub_->room_count(), 1U);
}

TEST_F(HubRooms, RoomMadeAgain_HasANewNumberAndForgotItsTopicAndSpelling) {
  const RoomId first = join(alice_, "dev");
  apply(alice_, Verb::kTopic, "dev", "old");
  apply(alice_, Verb::kPart, "dev");
  const Events events = apply(bob_, Verb::kJoin, "DEV");
  EXPECT_THAT(events, ElementsAre(is_of_room(EventKind::kJoined, bob_, "DEV")));
  EXPECT_GT(events[0].room_id, first);
}

TEST_F(HubRooms, Part_IsRefusedForTheLobbyUnknownAndOtherRooms) {
  join(bob_, "dev");
  EXPECT_THAT(apply(alice_, Verb::kPart, "lobby"),
              ElementsAre(is_error(ErrorCode::kForbidden, alice_, "lobby")));
  EXPECT_THAT(apply(alice_, Verb::kPart, "nope"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, alice_, "nope")));
  EXPECT_THAT(apply(alice_, Verb::kPart, ""),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, alice_, "")));
  EXPECT_THAT(apply(alice_, Verb::kPart, "dev"),
              ElementsAre(is_error(ErrorCode::kForbidden, alice_, "dev")));
}

TEST_F(HubRooms, Disconnect_LeavesEveryRoom) {
  const RoomId dev = join(alice_, "dev");
  const RoomId tea = join(alice_, "tea");
  join(bob_, "tea");
  settle_presence();
  apply(alice_, Verb::kDisconnect);
  EXPECT_THAT(hub_->members_by_shard(dev), IsEmpty());
  EXPECT_THAT(hub_->members_by_shard(tea), ElementsAre(0, 0, 1));
  EXPECT_THAT(apply(bob_, Verb::kRooms), ElementsAre(has_text("lobby=1,tea=1")));
  EXPECT_THAT(
      advance(limits_.presence_interval),
      ElementsAre(AllOf(Field(&Seen::kind, EventKind::kPresenceLeft), Field(&Seen::room, "lobby"),
                        has_text("Alice")),
                  AllOf(Field(&Seen::kind, EventKind::kPresenceLeft), Field(&Seen::room, "tea"),
                        Field(&Seen::room_id, tea), has_text("Alice"))));
}

TEST_F(HubRooms, RoomThatIsGone_GetsNoNotices) {
  settle_presence();
  join(alice_, "dev");
  apply(alice_, Verb::kPart, "dev");
  EXPECT_EQ(hub_->next_deadline(), std::nullopt);
  EXPECT_THAT(advance(limits_.presence_interval), IsEmpty());
}

TEST_F(HubRooms, Say_GoesToTheRoomWithoutTheSender) {
  const RoomId dev = join(alice_, "Dev");
  join(bob_, "dev");
  const Events events = apply(alice_, Verb::kSay, "DEV", "hi: there");
  ASSERT_THAT(events, ElementsAre(AllOf(is(EventKind::kMessage, SessionRef{}, "Alice"),
                                        has_text("hi: there"))));
  EXPECT_EQ(events[0].room_id, dev);
  EXPECT_EQ(events[0].room, "Dev");
  EXPECT_EQ(events[0].except, alice_);
  EXPECT_EQ(events[0].id, 1U);
  EXPECT_EQ(events[0].unix_ms, time_.unix_ms);
}

TEST_F(HubRooms, SayToTheLobby_IsABroadcast) {
  for (const Events& events :
       {apply(alice_, Verb::kSay, "Lobby", "hi"), apply(alice_, Verb::kBroadcast, "", "hi")}) {
    EXPECT_THAT(events,
                ElementsAre(AllOf(is(EventKind::kMessage, SessionRef{}, "Alice"),
                                  Field(&Seen::room_id, kLobby), Field(&Seen::room, "lobby"),
                                  Field(&Seen::except, alice_), has_text("hi"))));
  }
}

TEST_F(HubRooms, SayAndTopic_NeedARoomOneIsIn) {
  join(bob_, "dev");
  for (const Verb verb : {Verb::kSay, Verb::kTopic}) {
    EXPECT_THAT(apply(alice_, verb, "nope", "x"),
                ElementsAre(is_error(ErrorCode::kUnknownTarget, alice_, "nope")));
    EXPECT_THAT(apply(alice_, verb, "DEV", "x"),
                ElementsAre(is_error(ErrorCode::kForbidden, alice_, "DEV")));
  }
  EXPECT_EQ(hub_->last_id(), 0U);
}

TEST_F(HubRooms, Topic_IsToldToAllMembersTheSetterToo) {
  const RoomId dev = join(alice_, "dev");
  EXPECT_THAT(apply(alice_, Verb::kTopic, "dev", "tea at 4"),
              ElementsAre(AllOf(is(EventKind::kTopic, SessionRef{}, "Alice"), has_text("tea at 4"),
                                Field(&Seen::room_id, dev), Field(&Seen::room, "dev"),
                                Field(&Seen::id, 1U), Field(&Seen::except, SessionRef{}))));
}

TEST_F(HubRooms, TopicOfTheLobby_CannotBeSet) {
  EXPECT_THAT(apply(alice_, Verb::kTopic, "lobby", "mine"),
              ElementsAre(is_error(ErrorCode::kForbidden, alice_, "lobby")));
}

TEST_F(HubRooms, Joiner_IsToldTheTopicAloneWithItsFirstNumberAndTime) {
  const RoomId dev = join(alice_, "dev");
  apply(alice_, Verb::kTopic, "dev", "tea");
  const std::int64_t set_at_ms = time_.unix_ms;
  advance(std::chrono::minutes{5});
  apply(alice_, Verb::kBroadcast, "", "hi");
  apply(alice_, Verb::kDisconnect);
  EXPECT_EQ(hub_->room_count(), 1U);
  alice_ = enter("Alice2");
  join(alice_, "dev");
  apply(alice_, Verb::kTopic, "dev", "coffee");
  const std::int64_t set_again_at_ms = time_.unix_ms;
  ASSERT_NE(set_at_ms, set_again_at_ms);
  advance(std::chrono::minutes{5});
  const Events events = apply(bob_, Verb::kJoin, "dev");
  ASSERT_THAT(events,
              ElementsAre(is_of_room(EventKind::kJoined, bob_, "dev"),
                          AllOf(is(EventKind::kTopic, bob_, "Alice2"), has_text("coffee"))));
  EXPECT_EQ(events[1].unix_ms, set_again_at_ms);
  EXPECT_EQ(events[1].id, 3U);
  EXPECT_EQ(events[1].room, "dev");
  EXPECT_GT(events[1].room_id, dev);
  EXPECT_EQ(hub_->last_id(), 3U) << "telling it again is no new message";
}

TEST_F(HubRooms, ClearedTopic_IsToldOnceAndNotToJoiners) {
  join(alice_, "dev");
  apply(alice_, Verb::kTopic, "dev", "tea");
  EXPECT_THAT(apply(alice_, Verb::kTopic, "dev", ""),
              ElementsAre(AllOf(is(EventKind::kTopic, SessionRef{}, "Alice"), has_text(""))));
  EXPECT_THAT(apply(bob_, Verb::kJoin, "dev"),
              ElementsAre(is_of_room(EventKind::kJoined, bob_, "dev")));
}

TEST_F(HubRooms, TopicOfSomeoneWhoLeft_KeepsHisName) {
  join(alice_, "dev");
  join(bob_, "dev");
  apply(alice_, Verb::kTopic, "dev", "tea");
  apply(alice_, Verb::kDisconnect);
  const SessionRef carol = enter("Carol");
  EXPECT_THAT(apply(carol, Verb::kJoin, "dev"),
              ElementsAre(is_of_room(EventKind::kJoined, carol, "dev"),
                          is(EventKind::kTopic, carol, "Alice")));
}

TEST_F(HubRooms, ListOfARoom_IsOpenToAllAndSorted) {
  const SessionRef zoe = enter("zoe");
  join(zoe, "Dev");
  join(alice_, "dev");
  EXPECT_THAT(apply(bob_, Verb::kList, "dEv"),
              ElementsAre(AllOf(is(EventKind::kClientList, bob_, "Dev"), has_text("Alice,zoe"))));
  EXPECT_THAT(
      apply(bob_, Verb::kList, "lobby"),
      ElementsAre(AllOf(is(EventKind::kClientList, bob_, "lobby"), has_text("Alice,Bob,zoe"))));
  EXPECT_THAT(apply(bob_, Verb::kList, "nope"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, bob_, "nope")));
}

TEST_F(HubRooms, Rooms_AreListedLobbyFirstThenSorted) {
  join(alice_, "Zen");
  join(alice_, "dev");
  join(bob_, "dev");
  join(bob_, "arts");
  EXPECT_THAT(apply(alice_, Verb::kRooms),
              ElementsAre(AllOf(is(EventKind::kRoomList, alice_, ""),
                                has_text("lobby=2,arts=1,dev=2,Zen=1"))));
}

TEST_F(HubRooms, MembersByShard_CountsEachShardAlone) {
  const RoomId dev = join(bob_, "dev");
  const SessionRef carol = enter("Carol", 2);
  join(carol, "dev");
  join(alice_, "dev");
  EXPECT_THAT(hub_->members_by_shard(dev), ElementsAre(1, 0, 2));
  EXPECT_THAT(hub_->members_by_shard(12345), IsEmpty());
  EXPECT_THAT(hub_->members_by_shard(kNoRoom), IsEmpty());
}

}  // namespace
}  // namespace chat
