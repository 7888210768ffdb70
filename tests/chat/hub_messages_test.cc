// What IRC clients know of messages: echoes, notices, tags, labels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/chat/hub_fixture.h"

namespace chat {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class HubMessages : public HubTest {
 protected:
  // With what an IRC client has asked for.
  SessionRef enter_with(std::string_view name, Capabilities capabilities) {
    Command command = irc_registration(name);
    command.capabilities = capabilities;
    const SessionRef ref = new_session();
    apply(ref, command);
    return ref;
  }
  static Command message(Verb verb, std::string_view target, std::string_view text) {
    Command command;
    command.verb = verb;
    command.target = target;
    command.text = text;
    command.client_id = "l1";
    return command;
  }

  static constexpr Capabilities kEchoing{.irc = true, .echo = true, .labels = true};
};

auto in_room(std::string_view room, RoomId id) {
  return AllOf(Field("room", &Seen::room, std::string(room)), Field("room_id", &Seen::room_id, id));
}

TEST_F(HubMessages, Message_TellsWhereItsSenderIs) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter("Bob");
  apply(alice, Verb::kJoin, "dev");
  EXPECT_THAT(apply(alice, Verb::kBroadcast, "", "hi"),
              ElementsAre(Field(&Seen::origin, "user@token1.client")));
  EXPECT_THAT(apply(bob, Verb::kDirect, "Alice", "hi"),
              ElementsAre(Field(&Seen::origin, "Bob@unknown")));
  EXPECT_THAT(apply(alice, Verb::kTopic, "dev", "tea"),
              ElementsAre(Field(&Seen::origin, "user@token1.client")));
}

TEST_F(HubMessages, Echo_IsTheMessageWithItsNumberForTheSenderAlone) {
  const SessionRef alice = enter_with("Alice", kEchoing);
  Command command = message(Verb::kSay, "LOBBY", "hi");
  command.tags = "+typing=done";
  const Events events = apply(alice, command);
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].kind, EventKind::kMessage);
  EXPECT_EQ(events[0].except, alice);
  EXPECT_EQ(events[0].tags, "+typing=done");
  EXPECT_EQ(events[0].client_id, "");
  EXPECT_THAT(
      events[1],
      AllOf(is(EventKind::kEcho, alice, "Alice"), has_text("hi"), in_room("lobby", kLobby),
            Field(&Seen::id, 1U), Field(&Seen::unix_ms, time_.unix_ms),
            Field(&Seen::tags, "+typing=done"), Field(&Seen::client_id, "l1"),
            Field(&Seen::origin, "user@token1.client"), Field(&Seen::except, SessionRef{})));
}

TEST_F(HubMessages, EchoOfAPrivateMessage_NamesTheRecipient) {
  const SessionRef alice = enter_with("Alice", kEchoing);
  const SessionRef bob = enter("Bob");
  EXPECT_THAT(apply(alice, message(Verb::kDirect, "bob", "hi")),
              ElementsAre(AllOf(is(EventKind::kDirect, bob, "Alice"), Field(&Seen::client_id, "")),
                          AllOf(is(EventKind::kEcho, alice, "Alice"), in_room("Bob", kNoRoom),
                                Field(&Seen::client_id, "l1"), Field(&Seen::id, 1U))));
}

TEST_F(HubMessages, MessageToOneself_ComesTwiceAndOnlyTheEchoAnswers) {
  const SessionRef alice = enter_with("Alice", kEchoing);
  EXPECT_THAT(
      apply(alice, message(Verb::kDirect, "alice", "hi")),
      ElementsAre(AllOf(is(EventKind::kDirect, alice, "Alice"), Field(&Seen::client_id, "")),
                  AllOf(is(EventKind::kEcho, alice, "Alice"), Field(&Seen::client_id, "l1"))));
  const SessionRef bob = enter("Bob");
  EXPECT_THAT(apply(bob, Verb::kDirect, "Bob", "hi"),
              ElementsAre(is(EventKind::kDirect, bob, "Bob")));
}

TEST_F(HubMessages, WhatIsRefused_IsNotEchoed) {
  const SessionRef alice = enter_with("Alice", kEchoing);
  EXPECT_THAT(apply(alice, message(Verb::kSay, "nowhere", "hi")),
              ElementsAre(AllOf(is_error(ErrorCode::kUnknownTarget, alice, "nowhere"),
                                Field(&Seen::client_id, "l1"))));
}

TEST_F(HubMessages, Label_IsNoReasonToTakeAMessageForAnother) {
  const SessionRef alice = enter_with("Alice", {.ack = true, .irc = true, .labels = true});
  for (MessageId id = 1; id <= 2; ++id) {
    EXPECT_THAT(
        apply(alice, message(Verb::kBroadcast, "", "hi")),
        ElementsAre(AllOf(is(EventKind::kMessage, SessionRef{}, "Alice"), Field(&Seen::id, id))));
  }
  for (const Kept& kept : take_kept()) {
    EXPECT_EQ(kept.client_id, "") << kept;
  }
  EXPECT_THAT(on_kept(2), IsEmpty());
}

TEST_F(HubMessages, Notice_IsOneForEverybodyAndInTheStore) {
  const SessionRef alice = enter_with("Alice", kEchoing);
  enter("Bob");
  take_kept();
  for (Command command :
       {message(Verb::kSay, "lobby", "hi"), message(Verb::kDirect, "bob", "hi")}) {
    command.notice = true;
    EXPECT_THAT(apply(alice, command), AllOf(SizeIs(2), Each(Field(&Seen::notice, true))));
    EXPECT_TRUE(take_kept().back().notice);
  }
  EXPECT_FALSE(apply(alice, Verb::kBroadcast, "", "hi")[0].notice);
  EXPECT_FALSE(take_kept().back().notice);
}

TEST_F(HubMessages, Notice_IsNeverAnsweredWithARefusal) {
  const SessionRef alice = enter_irc("Alice");
  for (Command command : {message(Verb::kSay, "nowhere", "hi"), message(Verb::kDirect, "no", "hi"),
                          message(Verb::kReject, "", "too fast")}) {
    command.notice = true;
    EXPECT_THAT(apply(alice, command), IsEmpty());
    command.notice = false;
    EXPECT_THAT(apply(alice, command), SizeIs(1));
  }
  hub_->on_store_failure("disk on fire");
  Command command = message(Verb::kBroadcast, "", "hi");
  command.notice = true;
  EXPECT_THAT(apply(alice, command), IsEmpty());
}

TEST_F(HubMessages, Tags_GoWithTheMessageAndNotIntoTheStore) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter("Bob");
  Command command = message(Verb::kDirect, "Bob", "hi");
  command.tags = "+draft/reply=5";
  EXPECT_THAT(apply(alice, command), ElementsAre(AllOf(is(EventKind::kDirect, bob, "Alice"),
                                                       Field(&Seen::tags, "+draft/reply=5"))));
}

TEST_F(HubMessages, TagMessage_GoesToTheMembersAndIsNotKept) {
  const SessionRef alice = enter_with("Alice", kEchoing);
  Command command = message(Verb::kTagMessage, "#Lobby", "");
  command.tags = "+typing=active";
  take_kept();
  EXPECT_THAT(
      apply(alice, command),
      ElementsAre(AllOf(is(EventKind::kTagMessage, SessionRef{}, "Alice"), in_room("lobby", kLobby),
                        Field(&Seen::except, alice), Field(&Seen::tags, "+typing=active"),
                        Field(&Seen::id, 1U), Field(&Seen::client_id, ""),
                        Field(&Seen::origin, "user@token1.client")),
                  AllOf(is(EventKind::kTagMessage, alice, "Alice"), in_room("lobby", kLobby),
                        Field(&Seen::id, 1U), Field(&Seen::client_id, "l1"))));
  EXPECT_THAT(apply(alice, command), Each(Field(&Seen::id, 2U)));
  EXPECT_THAT(take_kept(), IsEmpty());
  EXPECT_EQ(hub_->last_id(), 0U);
}

TEST_F(HubMessages, TagMessage_GoesToOne) {
  const SessionRef alice = enter_with("Alice", kEchoing);
  const SessionRef bob = enter_irc("Bob");
  enter("Carol");
  Command command = message(Verb::kTagMessage, "bob", "");
  command.tags = "+typing=active";
  EXPECT_THAT(apply(alice, command),
              ElementsAre(AllOf(is(EventKind::kTagMessage, bob, "Alice"), in_room("Bob", kNoRoom),
                                Field(&Seen::client_id, "")),
                          AllOf(is(EventKind::kTagMessage, alice, "Alice"), in_room("Bob", kNoRoom),
                                Field(&Seen::client_id, "l1"))));
  command.target = "carol";
  EXPECT_THAT(apply(alice, command), ElementsAre(is(EventKind::kTagMessage, alice, "Alice")))
      << "who can't read it";
  command.target = "alice";
  EXPECT_THAT(apply(alice, command),
              ElementsAre(Field(&Seen::client_id, ""), Field(&Seen::client_id, "l1")));
}

TEST_F(HubMessages, TagMessageToNobody_IsRefused) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter_irc("Bob");
  apply(bob, Verb::kJoin, "dev");
  EXPECT_THAT(apply(alice, message(Verb::kTagMessage, "nobody", "")),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, alice, "nobody")));
  EXPECT_THAT(apply(alice, message(Verb::kTagMessage, "#nowhere", "")),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, alice, "nowhere")));
  EXPECT_THAT(apply(alice, message(Verb::kTagMessage, "#dev", "")),
              ElementsAre(is_error(ErrorCode::kForbidden, alice, "dev")));
}

TEST_F(HubMessages, TagMessageInANativeRoom_CostsNothing) {
  const SessionRef alice = enter("Alice");
  EXPECT_THAT(apply(alice, message(Verb::kTagMessage, "#lobby", "")), IsEmpty());
}

}  // namespace
}  // namespace chat
