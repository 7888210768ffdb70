#include <string>

#include "chat/names.h"
#include "tests/chat/hub_fixture.h"

namespace chat {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HubNames : public HubTest {};

TEST(Names, LettersDigitsUnderscoreAndDash_AreNamesThatBeginWithALetterOrUnderscore) {
  for (const std::string name : {"a", "Z", "_", "Alice", "_9", "a-b_c-1", "__--"}) {
    EXPECT_TRUE(is_valid_name(name, 32)) << name;
  }
}

TEST(Names, EverythingElse_IsNone) {
  using namespace std::string_literals;
  for (const std::string& name :
       {""s, "9a"s, "-a"s, "a b"s, "a:b"s, "a,b"s, "a=b"s, "a\0b"s, "\0"s, "\xC3\xA9mile"s, "a\n"s,
        "a\x7F"s, "\xFF\xFE"s, "a@"s, "a["s, "a`"s, "a{"s, "a/"s}) {
    EXPECT_FALSE(is_valid_name(name, 32)) << name;
  }
}

TEST(Names, Length_IsBounded) {
  EXPECT_TRUE(is_valid_name(std::string(32, 'x'), 32));
  EXPECT_FALSE(is_valid_name(std::string(33, 'x'), 32));
}

TEST(Names, Comparing_IgnoresTheCaseOfAsciiLettersOnly) {
  EXPECT_EQ(compare_ignoring_case("aLiCe", "AlIcE"), 0);
  EXPECT_LT(compare_ignoring_case("Alice", "bob"), 0);
  EXPECT_GT(compare_ignoring_case("bob", "Alice"), 0);
  EXPECT_LT(compare_ignoring_case("Al", "alice"), 0);
  EXPECT_GT(compare_ignoring_case("alice", "Al"), 0);
  EXPECT_LT(compare_ignoring_case("", "a"), 0);
  EXPECT_NE(compare_ignoring_case("\xC3\x89", "\xC3\xA9"), 0);
  EXPECT_LT(compare_ignoring_case("z", "\xC3"), 0) << "bytes compare unsigned";
  EXPECT_NE(compare_ignoring_case("[", "{"), 0) << "only letters have a case";
}

TEST_F(HubNames, Register_IsConfirmedWithTheNameAsSpelled) {
  EXPECT_THAT(apply(session(1), Verb::kRegister, "Alice"),
              ElementsAre(is(EventKind::kRegistered, session(1), "Alice")));
  EXPECT_EQ(hub_->client_count(), 1U);
  EXPECT_THAT(hub_->members_by_shard(kLobby), ElementsAre(1));
}

TEST_F(HubNames, TakenName_IsRefusedIgnoringCaseAndTheOwnerKeepsIt) {
  const SessionRef alice = enter("Alice");
  EXPECT_THAT(apply(session(50), Verb::kRegister, "aLICE"),
              ElementsAre(is_error(ErrorCode::kTaken, session(50), "aLICE")));
  EXPECT_EQ(hub_->client_count(), 1U);
  EXPECT_THAT(apply(session(50), Verb::kRegister, "Bob"),
              ElementsAre(is(EventKind::kRegistered, session(50), "Bob")))
      << "whoever was refused may try again";
  EXPECT_THAT(apply(session(50), Verb::kDirect, "ALICE", "hi"),
              ElementsAre(is(EventKind::kDirect, alice, "Bob")));
}

TEST_F(HubNames, BadName_IsRefusedAndSaysHowNamesLook) {
  for (const std::string name : {"", "9", "a b", "na:me", "\xFF", "x\r"}) {
    EXPECT_THAT(apply(session(1), Verb::kRegister, name),
                ElementsAre(is_error(ErrorCode::kInvalidName, session(1), name)));
  }
  const std::string long_name(limits_.name_length_max + 1, 'a');
  EXPECT_THAT(apply(session(1), Verb::kRegister, long_name),
              ElementsAre(AllOf(is_error(ErrorCode::kInvalidName, session(1), long_name),
                                ::testing::Field(&Seen::text, HasSubstr("32")))));
  EXPECT_EQ(hub_->client_count(), 0U);
}

TEST_F(HubNames, SecondRegister_IsRefusedAndNamesTheFirst) {
  const SessionRef alice = enter("Alice");
  EXPECT_THAT(apply(alice, Verb::kRegister, "Bob"),
              ElementsAre(AllOf(is_error(ErrorCode::kForbidden, alice, "Bob"),
                                ::testing::Field(&Seen::text, HasSubstr("Alice")))));
  EXPECT_THAT(apply(alice, Verb::kList), ElementsAre(has_text("Alice")));
}

TEST_F(HubNames, NameOfSomeoneWhoWent_IsFreeAgain) {
  apply(enter("Alice"), Verb::kDisconnect);
  EXPECT_EQ(hub_->client_count(), 0U);
  enter("alice");
}

TEST_F(HubNames, EverythingButAFew_NeedsRegistration) {
  for (const Verb verb : {Verb::kBroadcast, Verb::kPlain, Verb::kDirect, Verb::kList, Verb::kRooms,
                          Verb::kJoin, Verb::kPart, Verb::kSay, Verb::kTopic, Verb::kRequest,
                          Verb::kAccept, Verb::kDecline, Verb::kLeave}) {
    EXPECT_THAT(apply(session(1), verb, "x", "y"),
                ElementsAre(AllOf(is_error(ErrorCode::kRegisterFirst, session(1), ""),
                                  ::testing::Field(&Seen::text, HasSubstr("REGISTER:<name>")))));
  }
  EXPECT_EQ(hub_->client_count(), 0U);
  EXPECT_EQ(hub_->last_id(), 0U);
}

TEST_F(HubNames, Hello_IsWelcomeBeforeAndAfterRegistration) {
  for (const SessionRef& who : {session(90), enter("Alice")}) {
    EXPECT_THAT(apply(who, Verb::kHello, "", "tags,presence"),
                ElementsAre(AllOf(is(EventKind::kWelcome, who, ""), has_text("tags,presence"))));
  }
}

TEST_F(HubNames, PingAndHelp_AreAnsweredToAnybody) {
  for (const SessionRef& who : {session(90), enter("Alice")}) {
    EXPECT_THAT(apply(who, Verb::kPing, "", "x:y"),
                ElementsAre(AllOf(is(EventKind::kPong, who, ""), has_text("x:y"))));
    EXPECT_THAT(apply(who, Verb::kHelp), ElementsAre(is(EventKind::kHelp, who, "")));
  }
}

TEST_F(HubNames, RejectedLine_IsAnsweredWithItsCodeSubjectAndText) {
  for (const SessionRef& who : {session(90), enter("Alice")}) {
    Command rejected;
    rejected.verb = Verb::kReject;
    rejected.refusal = Refusal::kUnknownVerb;
    rejected.target = "FOO";
    rejected.text = "no such verb";
    EXPECT_THAT(apply(who, rejected),
                ElementsAre(AllOf(is_error(ErrorCode::kUnknownVerb, who, "FOO"),
                                  has_text("no such verb"))));
  }
}

TEST_F(HubNames, Quit_SaysByeAndForgetsTheClient) {
  const SessionRef alice = enter("Alice");
  EXPECT_THAT(apply(alice, Verb::kQuit),
              ElementsAre(AllOf(is(EventKind::kBye, alice, ""), has_text("bye"))));
  EXPECT_EQ(hub_->client_count(), 0U);
  EXPECT_THAT(apply(alice, Verb::kDisconnect), IsEmpty());
  EXPECT_THAT(apply(session(77), Verb::kQuit), ElementsAre(is(EventKind::kBye, session(77), "")))
      << "nobody has to register in order to leave";
}

TEST_F(HubNames, DisconnectOfAStranger_IsNothing) {
  enter("Alice");
  EXPECT_THAT(apply(session(55), Verb::kDisconnect), IsEmpty());
  EXPECT_EQ(hub_->client_count(), 1U);
}

TEST_F(HubNames, SessionsWithOneTokenOnTwoShards_AreTwo) {
  apply(session(7, 0), Verb::kRegister, "Alice");
  apply(session(7, 1), Verb::kRegister, "Bob");
  EXPECT_EQ(hub_->client_count(), 2U);
  EXPECT_THAT(hub_->members_by_shard(kLobby), ElementsAre(1, 1));
  apply(session(7, 0), Verb::kDisconnect);
  EXPECT_THAT(apply(session(7, 1), Verb::kList), ElementsAre(has_text("Bob")));
  EXPECT_THAT(hub_->members_by_shard(kLobby), ElementsAre(0, 1));
}

TEST_F(HubNames, List_IsSortedIgnoringCase) {
  const SessionRef zoe = enter("Zoe");
  for (const std::string name : {"bob", "Charlie", "alice", "_x", "B", "BOBBY"}) {
    enter(name);
  }
  EXPECT_THAT(apply(zoe, Verb::kList),
              ElementsAre(AllOf(is(EventKind::kClientList, zoe, ""),
                                has_text("_x,alice,B,bob,BOBBY,Charlie,Zoe"))));
}

TEST_F(HubNames, WhileDraining_EverythingButLeavingAndPingIsRefused) {
  const SessionRef alice = enter("Alice");
  const SessionRef bob = enter("Bob");
  hub_->begin_drain();
  EXPECT_THAT(apply(alice, Verb::kBroadcast, "", "hi"),
              ElementsAre(is_error(ErrorCode::kUnavailable, alice, "")));
  EXPECT_THAT(apply(alice, Verb::kJoin, "dev"),
              ElementsAre(is_error(ErrorCode::kUnavailable, alice, "dev")));
  for (const Verb verb : {Verb::kHello, Verb::kRegister, Verb::kHelp, Verb::kList}) {
    EXPECT_THAT(apply(session(9), verb),
                ElementsAre(AllOf(is_error(ErrorCode::kUnavailable, session(9), ""),
                                  has_text("the server is shutting down"))));
  }
  EXPECT_EQ(hub_->last_id(), 0U);
  EXPECT_THAT(apply(alice, Verb::kPing), ElementsAre(is(EventKind::kPong, alice, "")));
  EXPECT_THAT(apply(alice, Verb::kQuit), ElementsAre(is(EventKind::kBye, alice, "")));
  EXPECT_THAT(apply(bob, Verb::kDisconnect), IsEmpty());
  EXPECT_EQ(hub_->client_count(), 0U);
}

TEST_F(HubNames, Arrivals_AreToldTogetherAfterTheInterval) {
  EXPECT_EQ(hub_->next_deadline(), std::nullopt);
  enter("Bob");
  const auto due = time_.now + limits_.presence_interval;
  EXPECT_EQ(hub_->next_deadline(), due);
  EXPECT_THAT(advance(limits_.presence_interval / 2), IsEmpty());
  enter("Alice");
  apply(enter("Fly"), Verb::kDisconnect);
  EXPECT_EQ(hub_->next_deadline(), due) << "the first of them sets the time";
  EXPECT_THAT(advance(limits_.presence_interval / 2),
              ElementsAre(AllOf(is(EventKind::kPresenceJoined, SessionRef{}, ""),
                                has_text("Alice,Bob"), ::testing::Field(&Seen::room_id, kLobby),
                                ::testing::Field(&Seen::room, "lobby"))));
  EXPECT_EQ(hub_->next_deadline(), std::nullopt);
}

TEST_F(HubNames, ArrivalsAndDepartures_AreOneNoticeEach) {
  const SessionRef alice = enter("Alice");
  const SessionRef bob = enter("Bob");
  settle_presence();
  apply(bob, Verb::kQuit);
  enter("Charlie");
  apply(alice, Verb::kDisconnect);
  EXPECT_THAT(
      advance(limits_.presence_interval),
      ElementsAre(AllOf(is(EventKind::kPresenceJoined, SessionRef{}, ""), has_text("Charlie")),
                  AllOf(is(EventKind::kPresenceLeft, SessionRef{}, ""), has_text("Alice,Bob"))));
}

}  // namespace
}  // namespace chat
