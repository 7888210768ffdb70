#include <cstddef>
#include <string>

#include "tests/chat/hub_fixture.h"

namespace chat {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HubPrivateChat : public HubTest {
 protected:
  SessionRef alice_ = enter("Alice");
  SessionRef bob_ = enter("Bob", 1);
  SessionRef carol_ = enter("Carol");
};

TEST_F(HubPrivateChat, Direct_GoesToOneSessionAndHasANumber) {
  const Events events = apply(alice_, Verb::kDirect, "bob", "psst");
  ASSERT_THAT(events, ElementsAre(AllOf(is(EventKind::kDirect, bob_, "Alice"), has_text("psst"))));
  EXPECT_EQ(events[0].id, 1U);
  EXPECT_EQ(events[0].unix_ms, time_.unix_ms);
  EXPECT_EQ(events[0].room_id, kNoRoom);
}

TEST_F(HubPrivateChat, DirectToNobody_IsUnknownAndToOneselfIsAllowed) {
  for (const std::string name : {"Nobody", "", "a b", "\xFF"}) {
    EXPECT_THAT(apply(alice_, Verb::kDirect, name, "x"),
                ElementsAre(is_error(ErrorCode::kUnknownTarget, alice_, name)));
  }
  EXPECT_THAT(apply(alice_, Verb::kDirect, "Alice", "note"),
              ElementsAre(is(EventKind::kDirect, alice_, "Alice")));
}

TEST_F(HubPrivateChat, Request_ReachesTheOtherAndTheAskerHearsNothingYet) {
  EXPECT_THAT(apply(alice_, Verb::kRequest, "BOB"),
              ElementsAre(is(EventKind::kRequest, bob_, "Alice")));
}

TEST_F(HubPrivateChat, Accept_StartsTheChatForBoth) {
  apply(alice_, Verb::kRequest, "Bob");
  EXPECT_THAT(apply(bob_, Verb::kAccept, "alice"),
              ElementsAre(is(EventKind::kChatStarted, bob_, "Alice"),
                          is(EventKind::kChatStarted, alice_, "Bob")));
  EXPECT_THAT(apply(bob_, Verb::kAccept, "Alice"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, bob_, "Alice")))
      << "a request is used up by accepting it";
}

TEST_F(HubPrivateChat, Plain_GoesToThePeerDuringTheChatAndToTheLobbyOtherwise) {
  EXPECT_THAT(apply(alice_, Verb::kPlain, "", "hi"),
              ElementsAre(AllOf(is(EventKind::kMessage, SessionRef{}, "Alice"),
                                ::testing::Field(&Seen::room_id, kLobby),
                                ::testing::Field(&Seen::except, alice_))));
  apply(alice_, Verb::kRequest, "Bob");
  apply(bob_, Verb::kAccept, "Alice");
  EXPECT_THAT(apply(alice_, Verb::kPlain, "", "psst"),
              ElementsAre(AllOf(is(EventKind::kDirect, bob_, "Alice"), has_text("psst"))));
  EXPECT_THAT(apply(bob_, Verb::kPlain, "", "what"),
              ElementsAre(is(EventKind::kDirect, alice_, "Bob")));
  EXPECT_THAT(apply(bob_, Verb::kBroadcast, "", "all"),
              ElementsAre(is(EventKind::kMessage, SessionRef{}, "Bob")));
  apply(bob_, Verb::kLeave);
  EXPECT_THAT(apply(alice_, Verb::kPlain, "", "hi"),
              ElementsAre(is(EventKind::kMessage, SessionRef{}, "Alice")));
}

TEST_F(HubPrivateChat, Decline_AnswersBothAndUsesUpTheRequest) {
  apply(alice_, Verb::kRequest, "Bob");
  EXPECT_THAT(apply(bob_, Verb::kDecline, "Alice"),
              ElementsAre(is(EventKind::kChatDeclined, alice_, "Bob"),
                          is(EventKind::kChatDeclined, bob_, "Alice")));
  EXPECT_THAT(apply(bob_, Verb::kAccept, "Alice"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, bob_, "Alice")));
  EXPECT_THAT(apply(alice_, Verb::kRequest, "Bob"),
              ElementsAre(is(EventKind::kRequest, bob_, "Alice")))
      << "asking again is allowed";
}

TEST_F(HubPrivateChat, AnswerWithoutRequest_IsUnknown) {
  apply(alice_, Verb::kRequest, "Bob");
  for (const Verb verb : {Verb::kAccept, Verb::kDecline}) {
    EXPECT_THAT(apply(bob_, verb, "Carol"),
                ElementsAre(is_error(ErrorCode::kUnknownTarget, bob_, "Carol")));
    EXPECT_THAT(apply(bob_, verb, "Nobody"),
                ElementsAre(is_error(ErrorCode::kUnknownTarget, bob_, "Nobody")));
    EXPECT_THAT(apply(alice_, verb, "Bob"),
                ElementsAre(is_error(ErrorCode::kUnknownTarget, alice_, "Bob")))
        << "nobody answers his own request";
    EXPECT_THAT(apply(alice_, verb, "Alice"),
                ElementsAre(is_error(ErrorCode::kUnknownTarget, alice_, "Alice")));
  }
}

TEST_F(HubPrivateChat, Request_IsRefusedForNobodyAndOneself) {
  EXPECT_THAT(apply(alice_, Verb::kRequest, "Nobody"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, alice_, "Nobody")));
  EXPECT_THAT(apply(alice_, Verb::kRequest, "ALICE"),
              ElementsAre(is_error(ErrorCode::kForbidden, alice_, "ALICE")));
}

TEST_F(HubPrivateChat, RepeatedRequest_IsRefusedAndRefreshesNothing) {
  apply(alice_, Verb::kRequest, "Bob");
  const auto due = time_.now + limits_.request_timeout;
  advance(limits_.request_timeout / 2);
  EXPECT_THAT(apply(alice_, Verb::kRequest, "Bob"),
              ElementsAre(is_error(ErrorCode::kTaken, alice_, "Bob")));
  EXPECT_EQ(hub_->next_deadline(), due);
}

TEST_F(HubPrivateChat, RequestToSomeoneWhoAsked_Accepts) {
  apply(alice_, Verb::kRequest, "Bob");
  EXPECT_THAT(apply(bob_, Verb::kRequest, "Alice"),
              ElementsAre(is(EventKind::kChatStarted, bob_, "Alice"),
                          is(EventKind::kChatStarted, alice_, "Bob")));
  settle_presence();
  EXPECT_EQ(hub_->next_deadline(), std::nullopt) << "no request is left to expire";
}

TEST_F(HubPrivateChat, Request_IsRefusedWhenEitherIsBusy) {
  const auto [dave, erin] = enter_chatting("Dave", "Erin");
  EXPECT_THAT(apply(alice_, Verb::kRequest, "Dave"),
              ElementsAre(is_error(ErrorCode::kTaken, alice_, "Dave")));
  EXPECT_THAT(apply(dave, Verb::kRequest, "Alice"),
              ElementsAre(is_error(ErrorCode::kTaken, dave, "Alice")));
  EXPECT_THAT(apply(dave, Verb::kRequest, "Erin"),
              ElementsAre(is_error(ErrorCode::kTaken, dave, "Erin")));
  apply(erin, Verb::kLeave);
  EXPECT_THAT(apply(alice_, Verb::kRequest, "Dave"),
              ElementsAre(is(EventKind::kRequest, dave, "Alice")));
}

TEST_F(HubPrivateChat, Accept_IsRefusedWhileEitherIsBusyAndWorksAfterwards) {
  apply(alice_, Verb::kRequest, "Bob");
  apply(carol_, Verb::kRequest, "Alice");
  apply(alice_, Verb::kAccept, "Carol");
  EXPECT_THAT(apply(bob_, Verb::kAccept, "Alice"),
              ElementsAre(is_error(ErrorCode::kTaken, bob_, "Alice")))
      << "the asker is busy";
  apply(alice_, Verb::kLeave);
  EXPECT_THAT(apply(bob_, Verb::kAccept, "Alice"),
              ElementsAre(is(EventKind::kChatStarted, bob_, "Alice"),
                          is(EventKind::kChatStarted, alice_, "Bob")));
}

TEST_F(HubPrivateChat, AcceptDuringAnotherChat_AsksToLeaveFirst) {
  apply(alice_, Verb::kRequest, "Bob");
  apply(carol_, Verb::kRequest, "Bob");
  apply(bob_, Verb::kAccept, "Alice");
  const Events events = apply(bob_, Verb::kAccept, "Carol");
  ASSERT_THAT(events, ElementsAre(is_error(ErrorCode::kTaken, bob_, "Carol")));
  EXPECT_THAT(events[0].text, ::testing::HasSubstr("LEAVE"));
}

TEST_F(HubPrivateChat, RequestsWaitingForOne_AreBounded) {
  limits_.requests_per_client_max = 2;
  start();
  alice_ = enter("Alice");
  for (const std::string name : {"A", "B"}) {
    EXPECT_THAT(apply(enter(name), Verb::kRequest, "Alice"),
                ElementsAre(is(EventKind::kRequest, alice_, name)));
  }
  const SessionRef late = enter("C");
  EXPECT_THAT(apply(late, Verb::kRequest, "Alice"),
              ElementsAre(is_error(ErrorCode::kTooFast, late, "Alice")));
  apply(alice_, Verb::kDecline, "A");
  EXPECT_THAT(apply(late, Verb::kRequest, "Alice"),
              ElementsAre(is(EventKind::kRequest, alice_, "C")));
}

TEST_F(HubPrivateChat, Request_ExpiresAndOnlyTheAskerIsTold) {
  apply(alice_, Verb::kRequest, "Bob");
  settle_presence();
  advance(std::chrono::seconds{1});
  apply(carol_, Verb::kRequest, "Bob");
  const auto left = limits_.request_timeout - limits_.presence_interval - std::chrono::seconds{1};
  EXPECT_EQ(hub_->next_deadline(), time_.now + left);
  EXPECT_THAT(advance(left - reactor::Duration{1}), IsEmpty());
  EXPECT_THAT(advance(reactor::Duration{1}),
              ElementsAre(is(EventKind::kChatExpired, alice_, "Bob")));
  EXPECT_THAT(apply(bob_, Verb::kAccept, "Alice"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, bob_, "Alice")));
  EXPECT_THAT(advance(limits_.presence_interval + std::chrono::seconds{1}),
              ElementsAre(is(EventKind::kChatExpired, carol_, "Bob")));
  EXPECT_EQ(hub_->next_deadline(), std::nullopt);
}

TEST_F(HubPrivateChat, Leave_EndsTheChatForBothOnce) {
  apply(alice_, Verb::kRequest, "Bob");
  apply(bob_, Verb::kAccept, "Alice");
  EXPECT_THAT(apply(alice_, Verb::kLeave), ElementsAre(is(EventKind::kChatEnded, alice_, "Bob"),
                                                       is(EventKind::kChatEnded, bob_, "Alice")));
  for (const SessionRef& who : {alice_, bob_, carol_}) {
    EXPECT_THAT(apply(who, Verb::kLeave),
                ElementsAre(is_error(ErrorCode::kForbidden, who, "LEAVE")));
  }
}

TEST_F(HubPrivateChat, PeerThatGoes_EndsTheChat) {
  apply(alice_, Verb::kRequest, "Bob");
  apply(bob_, Verb::kAccept, "Alice");
  EXPECT_THAT(apply(bob_, Verb::kDisconnect),
              ElementsAre(is(EventKind::kChatEnded, alice_, "Bob")));
  EXPECT_THAT(apply(alice_, Verb::kPlain, "", "hi"),
              ElementsAre(is(EventKind::kMessage, SessionRef{}, "Alice")));
}

TEST_F(HubPrivateChat, QuitDuringTheChat_TellsThePeerAndSaysBye) {
  apply(alice_, Verb::kRequest, "Bob");
  apply(bob_, Verb::kAccept, "Alice");
  EXPECT_THAT(apply(alice_, Verb::kQuit), ElementsAre(is(EventKind::kChatEnded, bob_, "Alice"),
                                                      is(EventKind::kBye, alice_, "")));
}

TEST_F(HubPrivateChat, AskerThatGoes_TakesTheRequestAlong) {
  apply(alice_, Verb::kRequest, "Bob");
  apply(alice_, Verb::kRequest, "Carol");
  EXPECT_THAT(apply(alice_, Verb::kDisconnect), IsEmpty());
  EXPECT_THAT(apply(bob_, Verb::kAccept, "Alice"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, bob_, "Alice")));
  enter("Alice");
  EXPECT_THAT(apply(carol_, Verb::kAccept, "Alice"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, carol_, "Alice")))
      << "another one of the same name did not ask";
  settle_presence();
  EXPECT_EQ(hub_->next_deadline(), std::nullopt);
}

TEST_F(HubPrivateChat, AskedWhoGoes_CountsAsDeclining) {
  apply(alice_, Verb::kRequest, "Bob");
  apply(carol_, Verb::kRequest, "Bob");
  EXPECT_THAT(apply(bob_, Verb::kDisconnect),
              ElementsAre(is(EventKind::kChatDeclined, alice_, "Bob"),
                          is(EventKind::kChatDeclined, carol_, "Bob")));
  settle_presence();
  EXPECT_EQ(hub_->next_deadline(), std::nullopt);
}

TEST_F(HubPrivateChat, PeerThatGoesWithRequestsOpenBothWays_LeavesNoTrace) {
  const SessionRef dave = enter("Dave");
  apply(alice_, Verb::kRequest, "Bob");
  apply(carol_, Verb::kRequest, "Alice");
  apply(dave, Verb::kRequest, "Alice");
  apply(alice_, Verb::kAccept, "Dave");
  EXPECT_THAT(apply(alice_, Verb::kDisconnect),
              ElementsAre(is(EventKind::kChatEnded, dave, "Alice"),
                          is(EventKind::kChatDeclined, carol_, "Alice")));
  settle_presence();
  EXPECT_EQ(hub_->next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace chat
