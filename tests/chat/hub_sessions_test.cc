// Sessions that outlive their connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/chat/hub_fixture.h"

namespace chat {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

auto is_kept(Record::Kind kind, std::string_view session, std::string_view room, MessageId id) {
  return AllOf(Field("kind", &Kept::kind, kind), Field("session", &Kept::session, session),
               Field("room", &Kept::room, room), Field("id", &Kept::id, id));
}

// room, from, until as in EventKind::kHeard.
auto hears(const SessionRef& to, std::string_view room, MessageId from, MessageId until) {
  return AllOf(is(EventKind::kHeard, to, "Alice"), Field("room", &Seen::room, std::string(room)),
               Field("from", &Seen::from, from), Field("id", &Seen::id, until));
}

class HubSessions : public HubTest {
 protected:
  Events resume(const SessionRef& from, std::string_view token, MessageId last_id = 0) {
    Command command;
    command.verb = Verb::kResume;
    command.target = token;
    command.id = last_id;
    command.capabilities = kResumable;
    return apply(from, command);
  }
};

TEST_F(HubSessions, RegisteringWithResume_GivesAToken) {
  const SessionRef alice = new_session();
  Command command;
  command.verb = Verb::kRegister;
  command.target = "Alice";
  command.capabilities.resume = true;
  EXPECT_THAT(apply(alice, command),
              ElementsAre(is(EventKind::kRegistered, alice, "Alice"),
                          AllOf(is(EventKind::kSession, alice, ""), has_text("token1"))));
  EXPECT_THAT(take_kept(), ElementsAre(is_kept(Record::Kind::kSessionBegan, "token1", "", 0)));
}

TEST_F(HubSessions, WithoutResume_ThereIsNoTokenAndNoWayBack) {
  const SessionRef alice = enter("Alice");
  apply(alice, Verb::kDisconnect);
  EXPECT_EQ(hub_->client_count(), 0U);
  EXPECT_THAT(take_kept(), IsEmpty());
}

TEST_F(HubSessions, HelloAfterRegistering_GivesATokenOnce) {
  const SessionRef alice = enter("Alice");
  apply(alice, Verb::kJoin, "dev");
  Command hello;
  hello.verb = Verb::kHello;
  hello.capabilities = kResumable;
  EXPECT_THAT(apply(alice, hello),
              ElementsAre(is(EventKind::kWelcome, alice, ""), is(EventKind::kSession, alice, "")));
  EXPECT_THAT(take_kept(), ElementsAre(is_kept(Record::Kind::kSessionBegan, "token1", "", 0),
                                       is_kept(Record::Kind::kJoined, "token1", "dev", 0),
                                       is_kept(Record::Kind::kRoomState, "", "dev", 0)));
  EXPECT_THAT(apply(alice, hello), SizeIs(1));
}

TEST_F(HubSessions, LostConnection_KeepsNameAndRoomsForAWhile) {
  const SessionRef alice = enter_resumable("Alice");
  apply(alice, Verb::kJoin, "dev");
  const SessionRef bob = enter("Bob");
  settle_presence();
  EXPECT_THAT(apply(alice, Verb::kDisconnect), IsEmpty());
  EXPECT_THAT(advance(limits_.resume_window - std::chrono::milliseconds{1}), IsEmpty())
      << "nobody is told";
  EXPECT_THAT(apply(bob, Verb::kList), ElementsAre(has_text("Alice,Bob")));
  EXPECT_THAT(apply(bob, Verb::kList, "dev"), ElementsAre(has_text("Alice")));
  EXPECT_THAT(apply(new_session(), Verb::kRegister, "alice"),
              ElementsAre(Field("code", &Seen::code, ErrorCode::kTaken)));
}

TEST_F(HubSessions, WhoDoesNotComeBack_HasLeft) {
  const SessionRef alice = enter_resumable("Alice");
  apply(alice, Verb::kJoin, "dev");
  take_kept();
  const SessionRef bob = enter("Bob");
  settle_presence();
  apply(alice, Verb::kDisconnect);
  EXPECT_EQ(hub_->next_deadline(), time_.now + limits_.resume_window);
  advance(limits_.resume_window);
  EXPECT_THAT(take_kept(), ElementsAre(is_kept(Record::Kind::kRoomGone, "", "dev", 0),
                                       is_kept(Record::Kind::kSessionEnded, "token1", "", 0)));
  EXPECT_THAT(apply(bob, Verb::kList), ElementsAre(has_text("Bob")));
  EXPECT_EQ(hub_->room_count(), 1U);
  EXPECT_THAT(resume(new_session(), "token1"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, session(3), "")));
  EXPECT_THAT(advance(limits_.presence_interval),
              ElementsAre(AllOf(is(EventKind::kPresenceLeft, {}, ""), has_text("Alice"))));
}

TEST_F(HubSessions, WithoutAWindow_LostIsLost) {
  limits_.resume_window = std::chrono::milliseconds{0};
  start();
  apply(enter_resumable("Alice"), Verb::kDisconnect);
  EXPECT_EQ(hub_->client_count(), 0U);
}

TEST_F(HubSessions, Quit_EndsTheSession) {
  const SessionRef alice = enter_resumable("Alice");
  take_kept();
  apply(alice, Verb::kQuit);
  EXPECT_THAT(take_kept(), ElementsAre(is_kept(Record::Kind::kSessionEnded, "token1", "", 0)));
  EXPECT_THAT(resume(new_session(), "token1"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, session(2), "")));
}

// As when its process has died: the system says goodbye for it.
TEST_F(HubSessions, EndOfTheClientsHalf_IsALostConnection) {
  const SessionRef alice = enter_resumable("Alice");
  EXPECT_THAT(apply(alice, Verb::kPeerEnded), ElementsAre(is(EventKind::kBye, alice, "")));
  EXPECT_EQ(resume(new_session(), "token1").back().kind, EventKind::kResumed);
  const SessionRef bob = enter("Bob");
  apply(bob, Verb::kPeerEnded);
  EXPECT_EQ(hub_->client_count(), 1U);
}

TEST_F(HubSessions, Resume_TellsTheShardWhatIsHeardAndFromWhere) {
  const SessionRef bob = enter("Bob");
  apply(bob, Verb::kBroadcast, "", "1");
  const SessionRef alice = enter_resumable("Alice");
  apply(alice, Verb::kJoin, "tea");
  apply(bob, Verb::kBroadcast, "", "2");
  apply(alice, Verb::kJoin, "dev");
  apply(bob, Verb::kBroadcast, "", "3");
  apply(alice, Verb::kPart, "tea");
  apply(bob, Verb::kBroadcast, "", "4");
  apply(alice, Verb::kDisconnect);
  apply(bob, Verb::kBroadcast, "", "5");

  const SessionRef again = new_session(2);
  EXPECT_THAT(
      resume(again, "token1", 2),
      ElementsAre(hears(again, "lobby", 1, 0), hears(again, "tea", 1, 3), hears(again, "dev", 2, 0),
                  AllOf(is(EventKind::kResumed, again, "Alice"), Field(&Seen::id, 2U),
                        Field(&Seen::from, 5U))));
  EXPECT_THAT(apply(bob, Verb::kDirect, "Alice", "6"), ElementsAre(Field(&Seen::to, again)));
  EXPECT_EQ(hub_->members_by_shard(kLobby), (std::vector<std::uint32_t>{1, 0, 1}));
}

TEST_F(HubSessions, ResumeBehindAnEndedStay_DoesNotMentionIt) {
  const SessionRef bob = enter("Bob");
  const SessionRef alice = enter_resumable("Alice");
  apply(alice, Verb::kJoin, "tea");
  apply(bob, Verb::kBroadcast, "", "1");
  apply(alice, Verb::kPart, "tea");
  apply(bob, Verb::kBroadcast, "", "2");
  const SessionRef again = new_session();
  EXPECT_THAT(resume(again, "token1", 1),
              ElementsAre(is(EventKind::kBye, alice, ""), hears(again, "lobby", 0, 0),
                          is(EventKind::kResumed, again, "Alice")));
}

TEST_F(HubSessions, NumberFromTheFuture_IsTakenForNow) {
  enter_resumable("Alice");
  const Events events = resume(new_session(), "token1", UINT64_MAX);
  EXPECT_EQ(events.back().kind, EventKind::kResumed);
  EXPECT_EQ(events.back().id, 0U);
}

TEST_F(HubSessions, ResumeOfALiveSession_TakesItOver) {
  const SessionRef alice = enter_resumable("Alice");
  const SessionRef again = new_session(1);
  EXPECT_THAT(resume(again, "token1"), Contains(AllOf(is(EventKind::kBye, alice, ""),
                                                      has_text("resumed by another connection"))));
  EXPECT_THAT(apply(alice, Verb::kDisconnect), IsEmpty()) << "its end is nobody's end";
  EXPECT_EQ(hub_->client_count(), 1U);
  EXPECT_THAT(apply(alice, Verb::kBroadcast, "", "x"),
              ElementsAre(is_error(ErrorCode::kRegisterFirst, alice, "")));
}

TEST_F(HubSessions, ResumeByWhoIsRegistered_IsRefused) {
  enter_resumable("Alice");
  const SessionRef bob = enter("Bob");
  EXPECT_THAT(resume(bob, "token1"), ElementsAre(is_error(ErrorCode::kForbidden, bob, "")));
}

TEST_F(HubSessions, UnknownToken_IsRefusedAndRegisteringStillWorks) {
  const SessionRef somebody = new_session();
  EXPECT_THAT(resume(somebody, ""), ElementsAre(is_error(ErrorCode::kUnknownTarget, somebody, "")));
  EXPECT_THAT(resume(somebody, "token1"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, somebody, "")));
  EXPECT_THAT(apply(somebody, Verb::kRegister, "Bob"),
              ElementsAre(is(EventKind::kRegistered, somebody, "Bob")));
}

TEST_F(HubSessions, WhoIsAway_GetsPrivateMessagesLater) {
  const SessionRef alice = enter_resumable("Alice");
  const SessionRef bob = enter("Bob");
  apply(alice, Verb::kDisconnect);
  take_kept();
  EXPECT_THAT(apply(bob, Verb::kDirect, "Alice", "psst"), IsEmpty()) << "nobody to tell";
  const std::vector<Kept> kept = take_kept();
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(kept[0].message, EventKind::kDirect);
  EXPECT_EQ(kept[0].room, "Alice");
  EXPECT_EQ(kept[0].text, "psst");
}

TEST_F(HubSessions, WhoIsAway_CannotBeAskedForAPrivateChat) {
  const SessionRef alice = enter_resumable("Alice");
  const SessionRef bob = enter("Bob");
  apply(alice, Verb::kDisconnect);
  EXPECT_THAT(apply(bob, Verb::kRequest, "Alice"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, bob, "Alice")));
  EXPECT_THAT(apply(bob, Verb::kAccept, "Alice"), SizeIs(1));
  EXPECT_THAT(apply(bob, Verb::kDecline, "Alice"), SizeIs(1));
}

TEST_F(HubSessions, PrivateChat_EndsWithTheConnection) {
  const SessionRef alice = enter_resumable("Alice");
  const SessionRef bob = enter("Bob");
  for (const bool takes_over : {false, true}) {
    const SessionRef current = takes_over ? session(3) : alice;
    apply(bob, Verb::kRequest, "Alice");
    apply(current, Verb::kAccept, "Bob");
    const Events events =
        takes_over ? resume(session(4), "token1") : apply(alice, Verb::kDisconnect);
    EXPECT_THAT(events, Contains(is(EventKind::kChatEnded, bob, "Alice")));
    if (!takes_over) {
      resume(session(3), "token1");
    }
  }
}

TEST_F(HubSessions, TooManyWhoAreAway_EndTheOldest) {
  limits_.detached_max = 2;
  start();
  for (const char* name : {"Alice", "Bob", "Carol"}) {
    apply(enter_resumable(name), Verb::kDisconnect);
    advance(std::chrono::milliseconds{1});
  }
  EXPECT_EQ(hub_->client_count(), 2U);
  EXPECT_EQ(resume(new_session(), "token1").back().kind, EventKind::kError);
  EXPECT_EQ(resume(new_session(), "token2").back().kind, EventKind::kResumed);
}

TEST_F(HubSessions, WithNoPlaceForWhoIsAway_LostIsLost) {
  limits_.detached_max = 0;
  start();
  apply(enter_resumable("Alice"), Verb::kDisconnect);
  EXPECT_EQ(hub_->client_count(), 0U);
  EXPECT_THAT(take_kept(), Contains(is_kept(Record::Kind::kSessionEnded, "token1", "", 0)));
  EXPECT_EQ(resume(new_session(), "token1").back().kind, EventKind::kError);
  const SessionRef bob = enter_resumable("Bob");
  EXPECT_EQ(resume(new_session(), "token2").back().kind, EventKind::kResumed)
      << "who is there can be taken over";
  EXPECT_THAT(apply(bob, Verb::kDisconnect), IsEmpty());
}

TEST_F(HubSessions, PastStays_AreRememberedUpToTheMost) {
  const SessionRef bob = enter("Bob");
  const SessionRef alice = enter_resumable("Alice");
  for (std::size_t i = 0; i < kPastStaysMax + 1; ++i) {
    apply(alice, Verb::kJoin, "r" + std::to_string(i));
    apply(bob, Verb::kBroadcast, "", "x");
    apply(alice, Verb::kPart, "r" + std::to_string(i));
  }
  const Events events = resume(new_session(), "token1");
  EXPECT_THAT(events, SizeIs(kPastStaysMax + 3)) << "BYE, the lobby, the stays, RESUMED";
  for (const Seen& event : events) {
    EXPECT_NE(event.room, "r0") << "the oldest goes first";
  }
}

TEST_F(HubSessions, Stays_AreKeptForRestarts) {
  const SessionRef alice = enter_resumable("Alice");
  const SessionRef bob = enter("Bob");
  apply(bob, Verb::kBroadcast, "", "1");
  take_kept();
  apply(alice, Verb::kJoin, "Dev");
  apply(bob, Verb::kBroadcast, "", "2");
  apply(alice, Verb::kPart, "dev");
  std::vector<Kept> kept = take_kept();
  std::erase_if(kept, [](const Kept& one) { return one.session.empty(); });
  EXPECT_THAT(kept, ElementsAre(is_kept(Record::Kind::kJoined, "token1", "Dev", 1),
                                is_kept(Record::Kind::kParted, "token1", "Dev", 2)));
}

// What a store gives back after a restart.
Recovered recovered_alice() {
  Recovered recovered = nothing_recovered();
  recovered.last_id = 40;
  Audience audience("Alice", 10);
  audience.add({"dev", 20, 0});
  audience.add({"tea", 12, 15});
  recovered.sessions.push_back({"old-token", audience});
  recovered.topics.push_back({"Dev", "Bob", "compilers", 30, 1234});
  recovered.topics.push_back({"gone", "Bob", "nobody comes back here", 31, 1234});
  recovered.retries.push_back({"old-token", "c7", 38, 1'000'000});
  recovered.retries.push_back({"forgotten-token", "c8", 39, 1'000'000});
  return recovered;
}

TEST_F(HubSessions, Restart_GoesOnWithNumbersSessionsAndTopics) {
  start(recovered_alice());
  EXPECT_EQ(hub_->last_id(), 40U);
  EXPECT_EQ(hub_->client_count(), 1U);
  EXPECT_THAT(take_kept(), ElementsAre(is_kept(Record::Kind::kRoomGone, "", "gone", 0)));
  const SessionRef bob = enter("Bob");
  EXPECT_THAT(apply(bob, Verb::kRegister, "alice"), SizeIs(1));
  EXPECT_THAT(apply(bob, Verb::kList), ElementsAre(has_text("Alice,Bob")));
  EXPECT_THAT(apply(bob, Verb::kJoin, "DEV"),
              ElementsAre(is_of_room(EventKind::kJoined, bob, "dev"),
                          AllOf(has_text("compilers"), Field(&Seen::id, 30U))));
  EXPECT_THAT(apply(bob, Verb::kBroadcast, "", "x"), ElementsAre(Field(&Seen::id, 41U)));
  const SessionRef alice = new_session();
  EXPECT_THAT(resume(alice, "old-token", 14),
              ElementsAre(hears(alice, "lobby", 10, 0), hears(alice, "tea", 12, 15),
                          hears(alice, "dev", 20, 0),
                          AllOf(is(EventKind::kResumed, alice, "Alice"), Field(&Seen::id, 14U),
                                Field(&Seen::from, 41U))));
}

TEST_F(HubSessions, RestartWithLessPlaceForWhoIsAway_EndsTheOldest) {
  Recovered recovered = recovered_alice();
  Audience bob("Bob", 15);
  bob.add({"tea", 20, 0});
  recovered.sessions.push_back({"bobs-token", bob});
  limits_.detached_max = 1;
  start(recovered);
  EXPECT_EQ(hub_->client_count(), 1U);
  EXPECT_EQ(hub_->room_count(), 2U) << "the lobby and Bob's";
  EXPECT_THAT(take_kept(), ElementsAre(is_kept(Record::Kind::kSessionEnded, "old-token", "", 0),
                                       is_kept(Record::Kind::kRoomGone, "", "Dev", 0),
                                       is_kept(Record::Kind::kRoomGone, "", "gone", 0)));
  EXPECT_EQ(resume(new_session(), "old-token").back().kind, EventKind::kError);
  EXPECT_EQ(resume(new_session(), "bobs-token").back().kind, EventKind::kResumed);
  limits_.detached_max = 0;
  start(recovered);
  EXPECT_EQ(hub_->client_count(), 0U);
}

TEST_F(HubSessions, RestartedRetry_IsKnown) {
  start(recovered_alice());
  resume(session(1), "old-token", 40);
  Command say;
  say.verb = Verb::kBroadcast;
  say.text = "again";
  say.client_id = "c7";
  EXPECT_THAT(apply(session(1), say),
              ElementsAre(AllOf(is(EventKind::kAck, session(1), ""), Field(&Seen::id, 38U),
                                Field(&Seen::client_id, "c7"))));
  EXPECT_EQ(hub_->last_id(), 40U);
}

TEST_F(HubSessions, WhoDoesNotComeBackAfterARestart_HasLeft) {
  start(recovered_alice());
  take_kept();
  EXPECT_EQ(hub_->next_deadline(), time_.now + limits_.resume_window);
  advance(limits_.resume_window);
  EXPECT_EQ(hub_->client_count(), 0U);
  EXPECT_EQ(hub_->room_count(), 1U);
  EXPECT_THAT(take_kept(), Contains(is_kept(Record::Kind::kSessionEnded, "old-token", "", 0)));
}

}  // namespace
}  // namespace chat
