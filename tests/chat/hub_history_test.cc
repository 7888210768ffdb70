// Histories, acknowledgements, and what a store that fails means.
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

class HubHistory : public HubTest {
 protected:
  Events say(const SessionRef& from, std::string_view text, std::string_view client_id) {
    Command command;
    command.verb = Verb::kBroadcast;
    command.text = text;
    command.client_id = client_id;
    return apply(from, command);
  }

  Events history(const SessionRef& from, std::string_view room, MessageId id, bool before,
                 std::uint32_t count = 10) {
    Command command;
    command.verb = Verb::kHistory;
    command.target = room;
    command.id = id;
    command.before = before;
    command.count = count;
    return apply(from, command);
  }

  // The range of the numbers behind `from` and before `bound`.
  static auto asks_for(const SessionRef& to, std::string_view key, MessageId from,
                       MessageId bound) {
    return AllOf(Field("kind", &Seen::kind, EventKind::kHistory), Field("to", &Seen::to, to),
                 Field("text", &Seen::text, std::string(key)), Field("from", &Seen::from, from),
                 Field("bound", &Seen::id, bound));
  }
  static auto is_ack(const SessionRef& to, std::string_view client_id, MessageId id) {
    return AllOf(is(EventKind::kAck, to, ""),
                 Field("client id", &Seen::client_id, std::string(client_id)),
                 Field("id", &Seen::id, id));
  }
};

TEST_F(HubHistory, EndsWhereTheClientIs) {
  const SessionRef alice = enter("Alice");
  apply(alice, Verb::kBroadcast, "", "1");
  apply(alice, Verb::kBroadcast, "", "2");
  EXPECT_THAT(history(alice, "lobby", 0, true), ElementsAre(asks_for(alice, "lobby", 0, 3)));
  EXPECT_THAT(history(alice, "lobby", 2, true), ElementsAre(asks_for(alice, "lobby", 0, 2)));
  EXPECT_THAT(history(alice, "lobby", 99, true), ElementsAre(asks_for(alice, "lobby", 0, 3)));
  EXPECT_THAT(history(alice, "lobby", 1, false), ElementsAre(asks_for(alice, "lobby", 1, 3)));
  EXPECT_THAT(history(alice, "lobby", UINT64_MAX, false),
              ElementsAre(asks_for(alice, "lobby", 3, 3)))
      << "a store may know of no number that is so great";
}

TEST_F(HubHistory, BothEnds_CanBeGiven) {
  const SessionRef alice = enter("Alice");
  for (const char* text : {"1", "2", "3", "4"}) {
    apply(alice, Verb::kBroadcast, "", text);
  }
  Command command;
  command.verb = Verb::kHistory;
  command.target = "lobby";
  command.count = 10;
  command.id = 1;
  command.bound = 4;
  EXPECT_THAT(apply(alice, command), ElementsAre(asks_for(alice, "lobby", 1, 4)));
  command.bound = 99;
  EXPECT_THAT(apply(alice, command), ElementsAre(asks_for(alice, "lobby", 1, 5)));
  command.before = true;
  command.id = 4;
  command.bound = 1;
  EXPECT_THAT(apply(alice, command), ElementsAre(asks_for(alice, "lobby", 1, 4)));
  command.id = 0;
  EXPECT_THAT(apply(alice, command), ElementsAre(asks_for(alice, "lobby", 1, 5)));
}

TEST_F(HubHistory, EndsCanBeTimes_AndAreNoPartOfIt) {
  const SessionRef alice = enter("Alice");
  Command command;
  command.verb = Verb::kHistory;
  command.target = "lobby";
  command.count = 10;
  command.id_unix_ms = 500;
  const auto is_within = [&](std::int64_t since, std::int64_t before) {
    return ElementsAre(AllOf(asks_for(alice, "lobby", 0, 1),
                             Field("since", &Seen::since_unix_ms, since),
                             Field("before", &Seen::before_unix_ms, before)));
  };
  EXPECT_THAT(apply(alice, command), is_within(501, 0));
  command.bound_unix_ms = 700;
  EXPECT_THAT(apply(alice, command), is_within(501, 700));
  command.before = true;
  EXPECT_THAT(apply(alice, command), is_within(701, 500));
  command.bound_unix_ms = 0;
  EXPECT_THAT(apply(alice, command), is_within(0, 500));
}

TEST_F(HubHistory, Around_HasAMiddle) {
  limits_.history_since_join = true;
  start();
  const SessionRef alice = enter("Alice");
  apply(alice, Verb::kBroadcast, "", "1");
  const SessionRef bob = enter("Bob");
  Command command;
  command.verb = Verb::kHistory;
  command.target = "lobby";
  command.count = 10;
  command.around = true;
  command.id = 99;
  const auto is_around = [&](MessageId middle, std::int64_t unix_ms) {
    return ElementsAre(AllOf(asks_for(bob, "lobby", 1, 2), Field(&Seen::around, true),
                             Field("middle", &Seen::middle, middle),
                             Field("its time", &Seen::before_unix_ms, unix_ms)));
  };
  EXPECT_THAT(apply(bob, command), is_around(2, 0));
  command.id = 0;
  command.id_unix_ms = 500;
  EXPECT_THAT(apply(bob, command), is_around(0, 500));
}

// By what the client sees which of its questions is answered.
TEST_F(HubHistory, HowItWasAsked_ComesBack) {
  const SessionRef alice = enter("Alice");
  Command command;
  command.verb = Verb::kHistory;
  command.peer = "LATEST #Lobby";
  command.count = 10;
  const auto has_asked = Field("target", &Seen::target, "LATEST #Lobby");
  for (const char* target : {"Lobby", "@Bob", "nowhere", "@b b"}) {
    command.target = target;
    EXPECT_THAT(apply(alice, command), ElementsAre(has_asked)) << target;
  }
  EXPECT_THAT(apply(alice, Verb::kSay, "nowhere", "x"),
              ElementsAre(Field("target", &Seen::target, "")));
}

TEST_F(HubHistory, Targets_AreTheRoomsAndTheLatestCorrespondents) {
  limits_.correspondents_max = 2;
  start();
  const SessionRef bob = enter("Bob");
  const SessionRef carl = enter("Carl");
  const SessionRef alice = enter_irc("Alice");
  apply(alice, Verb::kJoin, "Dev");
  Command command;
  command.verb = Verb::kTargets;
  command.peer = "TARGETS 1 2 3";
  std::string name = "Alice";
  const auto tells = [&](const char* text) {
    return ElementsAre(
        AllOf(is(EventKind::kTargets, alice, ""), Field("target", &Seen::target, "TARGETS 1 2 3"),
              Field("room", &Seen::room, name), Field("bound", &Seen::id, hub_->last_id() + 1),
              Field("text", &Seen::text, text)));
  };
  EXPECT_THAT(apply(alice, command), tells("0 lobby\n0 dev\n"));
  apply(bob, Verb::kDirect, "alice", "first");
  apply(alice, Verb::kDirect, "alice", "second");
  apply(alice, Verb::kDirect, "BOB", "third");
  apply(carl, Verb::kDirect, "alice", "fourth");
  EXPECT_THAT(apply(alice, command), tells("0 lobby\n0 dev\n0 @alice:bob\n0 @alice:carl\n"))
      << "two of three, each once";
  EXPECT_THAT(apply(bob, command), ElementsAre(Field("text", &Seen::text, "0 lobby\n")))
      << "who never asks has none";
  apply(alice, Verb::kRename, "Ann");
  name = "Ann";
  EXPECT_THAT(apply(alice, command), tells("0 lobby\n0 dev\n")) << "that was another name";
  apply(alice, Verb::kDirect, "Bob", "fifth");
  EXPECT_THAT(apply(alice, command), tells("0 lobby\n0 dev\n4 @ann:bob\n"));
}

TEST_F(HubHistory, TargetsSinceJoin_LeaveOutWhatWasBefore) {
  limits_.history_since_join = true;
  start();
  const SessionRef bob = enter("Bob");
  apply(bob, Verb::kBroadcast, "", "1");
  const SessionRef alice = enter_irc("Alice");
  apply(bob, Verb::kBroadcast, "", "2");
  apply(alice, Verb::kJoin, "dev");
  Command command;
  command.verb = Verb::kTargets;
  command.peer = "TARGETS 1 2 3";
  EXPECT_THAT(apply(alice, command), ElementsAre(Field("text", &Seen::text, "1 lobby\n2 dev\n")));
}

TEST_F(HubHistory, CountIsBounded) {
  const SessionRef alice = enter("Alice");
  EXPECT_THAT(history(alice, "lobby", 0, true, UINT32_MAX),
              ElementsAre(Field(&Seen::count, limits_.history_count_max)));
}

TEST_F(HubHistory, OfARoom_IsForItsMembers) {
  const SessionRef alice = enter("Alice");
  const SessionRef bob = enter("Bob");
  apply(alice, Verb::kJoin, "dev");
  EXPECT_THAT(history(alice, "DEV", 0, true), ElementsAre(asks_for(alice, "dev", 0, 1)));
  EXPECT_THAT(history(bob, "dev", 0, true),
              ElementsAre(is_error(ErrorCode::kForbidden, bob, "dev")));
  EXPECT_THAT(history(bob, "nowhere", 0, true),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, bob, "nowhere")));
}

TEST_F(HubHistory, SinceJoin_HidesWhatWasBefore) {
  limits_.history_since_join = true;
  start();
  const SessionRef alice = enter("Alice");
  apply(alice, Verb::kBroadcast, "", "1");
  const SessionRef bob = enter("Bob");
  apply(alice, Verb::kBroadcast, "", "2");
  apply(bob, Verb::kJoin, "dev");
  apply(alice, Verb::kBroadcast, "", "3");
  EXPECT_THAT(history(bob, "lobby", 0, true), ElementsAre(asks_for(bob, "lobby", 1, 4)));
  EXPECT_THAT(history(bob, "dev", 0, true), ElementsAre(asks_for(bob, "dev", 2, 4)));
  EXPECT_THAT(history(bob, "dev", 1, false), ElementsAre(asks_for(bob, "dev", 2, 4)));
  EXPECT_THAT(history(bob, "dev", 3, false), ElementsAre(asks_for(bob, "dev", 3, 4)));
}

// Somebody else may have had the name before.
TEST_F(HubHistory, OfPrivateMessages_BeginsWithTheSession) {
  const SessionRef bob = enter("Bob");
  apply(bob, Verb::kBroadcast, "", "1");
  const SessionRef alice = enter("Alice");
  apply(bob, Verb::kDirect, "Alice", "2");
  EXPECT_THAT(history(alice, "@bob", 0, true), ElementsAre(asks_for(alice, "@alice:bob", 1, 3)));
  EXPECT_THAT(history(bob, "@ALICE", 0, true), ElementsAre(asks_for(bob, "@alice:bob", 0, 3)));
  for (const char* nobody : {"@", "@a:b", "@@bob", "@ bob"}) {
    EXPECT_THAT(history(alice, nobody, 0, true),
                ElementsAre(is_error(ErrorCode::kInvalidName, alice, nobody)));
  }
}

TEST_F(HubHistory, EveryMessage_IsKeptAsItWasSent) {
  const SessionRef alice = enter_resumable("Alice");
  enter("Bob");
  apply(alice, Verb::kJoin, "Dev");
  take_kept();
  say(alice, "one", "c1");
  apply(alice, Verb::kDirect, "bob", "two");
  apply(alice, Verb::kSay, "dev", "three");
  apply(alice, Verb::kTopic, "dev", "four");
  const std::vector<Kept> kept = take_kept();
  ASSERT_THAT(kept, SizeIs(4));
  const std::vector<EventKind> kinds{EventKind::kMessage, EventKind::kDirect, EventKind::kMessage,
                                     EventKind::kTopic};
  const std::vector<std::string> rooms{"lobby", "Bob", "Dev", "Dev"};
  const std::vector<std::string> texts{"one", "two", "three", "four"};
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].kind, Record::Kind::kMessage);
    EXPECT_EQ(kept[i].message, kinds[i]);
    EXPECT_EQ(kept[i].id, i + 1);
    EXPECT_EQ(kept[i].room, rooms[i]);
    EXPECT_EQ(kept[i].sender, "Alice");
    EXPECT_EQ(kept[i].text, texts[i]);
    EXPECT_EQ(kept[i].session, "token1");
    EXPECT_EQ(kept[i].client_id, i == 0 ? "c1" : "");
  }
}

TEST_F(HubHistory, TopicGoesWithItsRoom) {
  const SessionRef alice = enter("Alice");
  for (const char* room : {"dev", "tea"}) {
    apply(alice, Verb::kJoin, room);
  }
  apply(alice, Verb::kTopic, "dev", "compilers");
  take_kept();
  apply(alice, Verb::kQuit);
  const std::vector<Kept> kept = take_kept();
  ASSERT_THAT(kept, SizeIs(1)) << "tea had none";
  EXPECT_EQ(kept[0].kind, Record::Kind::kRoomGone);
  EXPECT_EQ(kept[0].room, "dev");
}

TEST_F(HubHistory, Message_IsAcknowledgedWhenItIsKept) {
  const SessionRef alice = enter_resumable("Alice");
  EXPECT_THAT(say(alice, "one", "c1"), ElementsAre(Field(&Seen::kind, EventKind::kMessage)));
  say(alice, "two", "");
  say(alice, "three", "c3");
  EXPECT_THAT(on_kept(2), ElementsAre(is_ack(alice, "c1", 1)));
  EXPECT_THAT(on_kept(0), IsEmpty());
  EXPECT_THAT(on_kept(3), ElementsAre(is_ack(alice, "c3", 3)));
  EXPECT_THAT(on_kept(3), IsEmpty());
}

TEST_F(HubHistory, WithoutTheCapability_NothingIsAcknowledged) {
  const SessionRef alice = enter("Alice");
  say(alice, "one", "c1");
  EXPECT_THAT(on_kept(1), IsEmpty());
  EXPECT_THAT(say(alice, "one", "c1"), IsEmpty()) << "but sent again it is known";
}

TEST_F(HubHistory, SentAgain_IsNotDeliveredAgain) {
  const SessionRef alice = enter_resumable("Alice");
  say(alice, "one", "c1");
  EXPECT_THAT(say(alice, "one", "c1"), IsEmpty()) << "not kept yet";
  EXPECT_THAT(on_kept(1), ElementsAre(is_ack(alice, "c1", 1), is_ack(alice, "c1", 1)));
  EXPECT_THAT(say(alice, "one", "c1"), ElementsAre(is_ack(alice, "c1", 1)));
  EXPECT_EQ(hub_->last_id(), 1U);
}

TEST_F(HubHistory, SentAgainByWhoCameBack_IsKnown) {
  const SessionRef alice = enter_resumable("Alice");
  say(alice, "one", "c1");
  apply(alice, Verb::kDisconnect);
  EXPECT_THAT(on_kept(1), IsEmpty()) << "nobody is there";
  const SessionRef again = new_session();
  Command resume;
  resume.verb = Verb::kResume;
  resume.target = "token1";
  resume.capabilities = kResumable;
  apply(again, resume);
  EXPECT_THAT(say(again, "one", "c1"), ElementsAre(is_ack(again, "c1", 1)));
}

TEST_F(HubHistory, KeptWhileSomebodyElseResumes_IsAcknowledgedToTheNewConnection) {
  const SessionRef alice = enter_resumable("Alice");
  say(alice, "one", "c1");
  apply(alice, Verb::kDisconnect);
  const SessionRef again = new_session();
  Command resume;
  resume.verb = Verb::kResume;
  resume.target = "token1";
  resume.capabilities = kResumable;
  apply(again, resume);
  EXPECT_THAT(on_kept(1), ElementsAre(is_ack(again, "c1", 1)));
}

TEST_F(HubHistory, SameIdOfSomebodyElse_IsAnotherMessage) {
  const SessionRef alice = enter_resumable("Alice");
  const SessionRef bob = enter_resumable("Bob");
  say(alice, "one", "c1");
  EXPECT_THAT(say(bob, "two", "c1"), ElementsAre(Field(&Seen::id, 2U)));
}

TEST_F(HubHistory, SentAgainTooLate_IsANewMessage) {
  const SessionRef alice = enter_resumable("Alice");
  say(alice, "one", "c1");
  advance(limits_.retry_window);
  EXPECT_THAT(say(alice, "one", "c1"), IsEmpty());
  advance(std::chrono::milliseconds{1});
  EXPECT_THAT(say(alice, "one", "c1"), ElementsAre(Field(&Seen::id, 2U)));
}

TEST_F(HubHistory, EveryKindOfMessage_IsKnownWhenItIsSentAgain) {
  const SessionRef alice = enter_resumable("Alice");
  enter("Bob");
  apply(alice, Verb::kJoin, "dev");
  for (const Verb verb : {Verb::kBroadcast, Verb::kDirect, Verb::kSay, Verb::kTopic}) {
    Command command;
    command.verb = verb;
    command.target = verb == Verb::kDirect ? "Bob" : "dev";
    command.text = "x";
    const std::string client_id = "c" + std::to_string(static_cast<int>(verb));
    command.client_id = client_id;
    EXPECT_THAT(apply(alice, command), SizeIs(1));
    const MessageId last = hub_->last_id();
    EXPECT_THAT(apply(alice, command), IsEmpty());
    EXPECT_EQ(hub_->last_id(), last);
  }
}

TEST_F(HubHistory, Refusal_NamesTheMessage) {
  const SessionRef alice = enter_resumable("Alice");
  Command command;
  command.verb = Verb::kDirect;
  command.target = "Nobody";
  command.text = "x";
  command.client_id = "c1";
  EXPECT_THAT(apply(alice, command),
              ElementsAre(AllOf(is_error(ErrorCode::kUnknownTarget, alice, "Nobody"),
                                Field(&Seen::client_id, "c1"))));
  enter("Nobody");
  EXPECT_THAT(apply(alice, command), ElementsAre(Field(&Seen::kind, EventKind::kDirect)))
      << "what was refused may be sent again";
}

TEST_F(HubHistory, StoreThatFails_LetsNothingBeSent) {
  const SessionRef alice = enter_resumable("Alice");
  const SessionRef bob = enter("Bob");
  apply(alice, Verb::kJoin, "dev");
  take_kept();
  hub_->on_store_failure("the disk is full");
  for (const Verb verb :
       {Verb::kBroadcast, Verb::kPlain, Verb::kDirect, Verb::kSay, Verb::kTopic}) {
    const Events events = apply(alice, verb, verb == Verb::kDirect ? "Bob" : "dev", "x");
    ASSERT_THAT(events, SizeIs(1));
    EXPECT_EQ(events[0].code, ErrorCode::kInternal);
    EXPECT_NE(events[0].text.find("the disk is full"), std::string::npos) << events[0].text;
  }
  EXPECT_THAT(apply(alice, Verb::kJoin, "tea"),
              ElementsAre(is_error(ErrorCode::kInternal, alice, "")))
      << "the stay is to be kept, too";
  EXPECT_EQ(hub_->last_id(), 0U);
  EXPECT_EQ(hub_->room_count(), 2U);
  EXPECT_THAT(take_kept(), IsEmpty());
  // The rest goes on.
  EXPECT_THAT(apply(bob, Verb::kList), ElementsAre(has_text("Alice,Bob")));
  EXPECT_THAT(apply(bob, Verb::kJoin, "tea"), Contains(Field(&Seen::kind, EventKind::kJoined)));
  hub_->on_store_failure("");
  EXPECT_THAT(say(alice, "x", ""), ElementsAre(Field(&Seen::id, 1U)));
}

TEST_F(HubHistory, StoreThatFails_BeginsNoSessions) {
  hub_->on_store_failure("the disk is full");
  Command command;
  command.verb = Verb::kRegister;
  command.target = "Alice";
  command.capabilities = kResumable;
  EXPECT_THAT(apply(new_session(), command),
              ElementsAre(Field(&Seen::kind, EventKind::kRegistered)));
  EXPECT_THAT(take_kept(), IsEmpty());
}

TEST_F(HubHistory, NumbersThatAreNotReserved_AreNotGivenAway) {
  Recovered recovered;
  recovered.ids_reserved = 1;
  start(recovered);
  const SessionRef alice = enter("Alice");
  EXPECT_THAT(say(alice, "one", ""), ElementsAre(Field(&Seen::id, 1U)));
  const std::vector<Kept> kept = take_kept();
  ASSERT_THAT(kept, SizeIs(2));
  EXPECT_EQ(kept[0].kind, Record::Kind::kIdsReserved) << "in time";
  EXPECT_THAT(say(alice, "two", ""), ElementsAre(is_error(ErrorCode::kInternal, alice, "")));
  hub_->on_kept(1, kept[0].id);
  EXPECT_THAT(say(alice, "two", ""), ElementsAre(Field(&Seen::id, 2U)));
}

TEST_F(HubHistory, RememberedMessages_AreBounded) {
  limits_.retries_max = 2;
  start();
  const SessionRef alice = enter_resumable("Alice");
  say(alice, "one", "c1");
  say(alice, "two", "c2");
  say(alice, "three", "c3");
  EXPECT_THAT(say(alice, "three", "c3"), IsEmpty());
  EXPECT_THAT(say(alice, "two", "c2"), IsEmpty());
  EXPECT_THAT(say(alice, "one", "c1"), ElementsAre(Field(&Seen::id, 4U)));
}

}  // namespace
}  // namespace chat
