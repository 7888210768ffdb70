// Who moderates a room, and how: the same rules in every protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tests/chat/hub_fixture.h"

namespace chat {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

auto is_answer(std::uint32_t number, std::string_view text) {
  return AllOf(Field("kind", &Seen::kind, EventKind::kAnswer), Field("count", &Seen::count, number),
               has_text(text));
}

class HubModeration : public HubTest {
 protected:
  Events mode(const SessionRef& who, std::string_view changes, std::string_view room = "dev") {
    return apply(who, Verb::kMode, room, changes);
  }
  Events with_peer(const SessionRef& who, Verb verb, std::string_view peer,
                   std::string_view text = {}, std::string_view room = "dev") {
    Command command;
    command.verb = verb;
    command.target = room;
    command.peer = peer;
    command.text = text;
    return apply(who, command);
  }
  bool may_join(const SessionRef& who, std::string_view key = {}) {
    const Events events = apply(who, Verb::kJoin, "dev", key);
    const bool may = events.front().kind == EventKind::kJoined;
    if (may) {
      apply(who, Verb::kPart, "dev");
    }
    return may;
  }
  Refusal why_not(const Events& events) {
    EXPECT_EQ(events.size(), 1U);
    return events.empty() || events[0].kind != EventKind::kError ? Refusal::kNone
                                                                 : events[0].refusal;
  }
  Refusal why_not_join(const SessionRef& who, std::string_view key = {}) {
    return why_not(apply(who, Verb::kJoin, "dev", key));
  }
  bool may_speak(const SessionRef& who) {
    const Events events = apply(who, Verb::kSay, "dev", "hi");
    EXPECT_EQ(events.size(), 1U);
    if (events[0].kind != EventKind::kMessage) {
      EXPECT_EQ(events[0].refusal, Refusal::kCannotSpeak) << events[0];
      EXPECT_EQ(events[0].room, "dev");
    }
    return events[0].kind == EventKind::kMessage;
  }
  // "+o", what a room is, and no more.
  std::string modes_of(const SessionRef& who) {
    const Events events = mode(who, "");
    EXPECT_THAT(events, ElementsAre(Field(&Seen::kind, EventKind::kModes)));
    return events[0].text;
  }

  // The operator of dev, a member, and somebody outside.
  SessionRef alice_ = enter("Alice");
  SessionRef bob_ = enter("Bob");
  SessionRef carol_ = enter("Carol");
  bool is_made_ = (apply(alice_, Verb::kJoin, "dev"), apply(bob_, Verb::kJoin, "dev"), true);
};

TEST_F(HubModeration, WhoMakesARoom_IsItsOperator) {
  const SessionRef eve = enter_irc("Eve");
  EXPECT_THAT(apply(eve, Verb::kNames, "dev"),
              ElementsAre(is_answer(353, "= #dev :@Alice Bob"),
                          is_answer(366, "#dev :End of /NAMES list")));
  EXPECT_EQ(modes_of(alice_), "+n");
}

TEST_F(HubModeration, OperatorWhoLeft_IsNoneWhenBack) {
  apply(alice_, Verb::kPart, "dev");
  apply(alice_, Verb::kJoin, "dev");
  EXPECT_EQ(why_not(mode(alice_, "+i")), Refusal::kNotOperator);
}

TEST_F(HubModeration, Modes_AreShownToMembersWithTheKey) {
  mode(alice_, "+kl secret 20");
  EXPECT_EQ(modes_of(bob_), "+nkl secret 20");
  EXPECT_EQ(modes_of(carol_), "+nkl * 20");
  const SessionRef eve = enter_irc("Eve");
  EXPECT_THAT(mode(eve, ""),
              ElementsAre(is_answer(324, "#dev +nkl * 20"), is_answer(329, "#dev 1000")));
  apply(eve, Verb::kJoin, "dev", "secret");
  EXPECT_THAT(mode(eve, ""), Contains(is_answer(324, "#dev +nkl secret 20")));
}

TEST_F(HubModeration, Change_IsToldTheRoomAndAnsweredToWhoAsked) {
  EXPECT_THAT(
      mode(alice_, "+s-n+k tea"),
      ElementsAre(AllOf(is(EventKind::kModeChanged, SessionRef{}, "Alice"), has_text("+s-n+k tea"),
                        Field(&Seen::room, "dev"), Field(&Seen::except, alice_),
                        Field(&Seen::origin, "Alice@unknown")),
                  AllOf(is_of_room(EventKind::kModes, alice_, "dev"), has_text("+sk tea"))));
  const SessionRef eve = enter_irc("Eve");
  apply(eve, Verb::kJoin, "dev", "tea");
  mode(alice_, "+o Eve");
  EXPECT_THAT(mode(eve, "-k x"),
              ElementsAre(AllOf(is(EventKind::kModeChanged, SessionRef{}, "Eve"), has_text("-k *"),
                                Field(&Seen::except, SessionRef{}))));
}

TEST_F(HubModeration, WhatChangesNothing_IsNotTold) {
  EXPECT_THAT(mode(alice_, "+n-s-l+o-v-k Alice Bob x"),
              ElementsAre(Field(&Seen::kind, EventKind::kModes)));
  mode(alice_, "+bkl bob!*@* tea 5");
  EXPECT_THAT(mode(alice_, "+bkl BOB tea 5"), ElementsAre(Field(&Seen::kind, EventKind::kModes)));
}

TEST_F(HubModeration, Modes_AreForOperatorsToChange) {
  EXPECT_EQ(why_not(mode(bob_, "+i")), Refusal::kNotOperator);
  EXPECT_EQ(why_not(mode(carol_, "+i")), Refusal::kNotInRoom);
  EXPECT_EQ(why_not(mode(carol_, "+i", "nowhere")), Refusal::kNoSuchRoom);
  EXPECT_EQ(why_not(mode(alice_, "+i", "lobby")), Refusal::kNotInLobby);
  EXPECT_EQ(modes_of(alice_), "+n");
  mode(alice_, "+o bob");
  mode(bob_, "+i-o alice");
  EXPECT_EQ(modes_of(alice_), "+in");
  EXPECT_EQ(why_not(mode(alice_, "-i")), Refusal::kNotOperator);
}

TEST_F(HubModeration, Lobby_IsWhatItIs) {
  EXPECT_THAT(mode(alice_, "", "lobby"),
              ElementsAre(AllOf(is_of_room(EventKind::kModes, alice_, "lobby"), has_text("+nt"))));
  EXPECT_EQ(why_not(with_peer(alice_, Verb::kKick, "Bob", "", "lobby")), Refusal::kNotInLobby);
  EXPECT_EQ(why_not(with_peer(alice_, Verb::kInvite, "Bob", "", "lobby")), Refusal::kTargetInRoom);
}

TEST_F(HubModeration, InviteOnly_LetsInvitedInOnce) {
  mode(alice_, "+i");
  EXPECT_EQ(why_not_join(carol_), Refusal::kInviteOnly);
  EXPECT_EQ(why_not(with_peer(bob_, Verb::kInvite, "Carol")), Refusal::kNotOperator);
  EXPECT_THAT(with_peer(alice_, Verb::kInvite, "carol"),
              ElementsAre(AllOf(is(EventKind::kInvited, carol_, "Alice"), Field(&Seen::room, "dev"),
                                Field(&Seen::origin, "Alice@unknown")),
                          AllOf(is(EventKind::kInviting, alice_, "Alice"),
                                Field(&Seen::target, "Carol"), Field(&Seen::room, "dev"))));
  EXPECT_TRUE(may_join(carol_));
  EXPECT_EQ(why_not_join(carol_), Refusal::kInviteOnly) << "an invitation is for once";
}

TEST_F(HubModeration, Invitation_LetsPastTheLimitTooButNotPastKeyAndBan) {
  mode(alice_, "+l 2");
  EXPECT_EQ(why_not_join(carol_), Refusal::kRoomIsFull);
  with_peer(bob_, Verb::kInvite, "Carol");
  mode(alice_, "+k tea");
  EXPECT_EQ(why_not_join(carol_), Refusal::kWrongKey);
  mode(alice_, "-k+b * carol");
  EXPECT_EQ(why_not_join(carol_), Refusal::kBanned);
  mode(alice_, "-b carol");
  EXPECT_TRUE(may_join(carol_));
}

TEST_F(HubModeration, InvitationByAnOperator_LetsPastABanOnce) {
  mode(alice_, "+b carol");
  with_peer(alice_, Verb::kInvite, "Carol");
  with_peer(bob_, Verb::kInvite, "Carol");
  EXPECT_TRUE(may_join(carol_)) << "what a member says takes nothing away";
  EXPECT_EQ(why_not_join(carol_), Refusal::kBanned) << "an invitation is for once";
}

TEST_F(HubModeration, Invitations_AreForThisLifeOfTheRoomAndBounded) {
  limits_.invitations_per_client_max = 2;
  start();
  const SessionRef dave = enter("Dave");
  const SessionRef eve = enter("Eve");
  for (const char* room : {"a", "b", "c"}) {
    apply(dave, Verb::kJoin, room);
    mode(dave, "+i", room);
    with_peer(dave, Verb::kInvite, "Eve", "", room);
  }
  EXPECT_EQ(why_not(apply(eve, Verb::kJoin, "a")), Refusal::kInviteOnly) << "the oldest is gone";
  EXPECT_EQ(apply(eve, Verb::kJoin, "b")[0].kind, EventKind::kJoined);
  apply(dave, Verb::kPart, "c");
  apply(dave, Verb::kJoin, "c");
  mode(dave, "+i", "c");
  EXPECT_EQ(why_not(apply(eve, Verb::kJoin, "c")), Refusal::kInviteOnly) << "another room";
}

TEST_F(HubModeration, Invitation_NeedsARoomThatOneIsInAndSomebodyWhoIsNot) {
  EXPECT_EQ(why_not(with_peer(carol_, Verb::kInvite, "Bob")), Refusal::kNotInRoom);
  EXPECT_EQ(why_not(with_peer(alice_, Verb::kInvite, "Nobody")), Refusal::kNoSuchName);
  EXPECT_EQ(why_not(with_peer(alice_, Verb::kInvite, "Carol", "", "no")), Refusal::kNoSuchRoom);
  const Events events = with_peer(alice_, Verb::kInvite, "BOB");
  EXPECT_EQ(why_not(events), Refusal::kTargetInRoom);
  EXPECT_EQ(events[0].subject, "Bob");
  EXPECT_EQ(events[0].room, "dev");
}

TEST_F(HubModeration, InviteException_NeedsNoInvitation) {
  mode(alice_, "+iI *!*@unknown");
  EXPECT_TRUE(may_join(carol_));
  mode(alice_, "-I+I *!*@unknown *!*@known");
  EXPECT_EQ(why_not_join(carol_), Refusal::kInviteOnly);
}

TEST_F(HubModeration, Key_IsNeededToTheLetter) {
  mode(alice_, "+k Tea");
  EXPECT_EQ(why_not_join(carol_), Refusal::kWrongKey);
  EXPECT_EQ(why_not_join(carol_, "tea"), Refusal::kWrongKey);
  EXPECT_TRUE(may_join(carol_, "Tea"));
  mode(alice_, "-k");
  EXPECT_TRUE(may_join(carol_)) << "-k needs no parameter";
}

TEST_F(HubModeration, KeyOfANewRoom_IsNotLookedAt) {
  EXPECT_EQ(apply(carol_, Verb::kJoin, "new", "tea")[0].kind, EventKind::kJoined);
  EXPECT_EQ(apply(bob_, Verb::kJoin, "new")[0].kind, EventKind::kJoined);
}

TEST_F(HubModeration, Limit_CountsMembers) {
  mode(alice_, "+l 2");
  EXPECT_EQ(why_not_join(carol_), Refusal::kRoomIsFull);
  mode(alice_, "+l 3");
  EXPECT_TRUE(may_join(carol_));
  mode(alice_, "-l");
  EXPECT_EQ(modes_of(alice_), "+n");
}

TEST_F(HubModeration, Ban_KeepsOutAndQuietUnlessThereIsAnException) {
  mode(alice_, "+b *!*@UNKNOWN");
  EXPECT_EQ(why_not_join(carol_), Refusal::kBanned);
  EXPECT_FALSE(may_speak(bob_));
  EXPECT_TRUE(may_speak(alice_)) << "operators may always speak";
  mode(alice_, "+v bob");
  EXPECT_TRUE(may_speak(bob_));
  mode(alice_, "-v bob");
  EXPECT_FALSE(may_speak(bob_));
  mode(alice_, "+e b?b");
  EXPECT_TRUE(may_speak(bob_));
  EXPECT_EQ(why_not_join(carol_), Refusal::kBanned);
  mode(alice_, "+e carol");
  EXPECT_TRUE(may_join(carol_));
}

TEST_F(HubModeration, Moderated_LetsOperatorsAndVoicesSpeak) {
  EXPECT_TRUE(may_speak(bob_));
  mode(alice_, "+m");
  EXPECT_FALSE(may_speak(bob_));
  EXPECT_TRUE(may_speak(alice_));
  mode(alice_, "+v Bob");
  EXPECT_TRUE(may_speak(bob_));
  mode(alice_, "-m");
  mode(alice_, "-v Bob");
  EXPECT_TRUE(may_speak(bob_));
}

TEST_F(HubModeration, Outside_MayBeHeardWhenTheRoomSaysSo) {
  EXPECT_FALSE(may_speak(carol_));
  mode(alice_, "-n");
  const Events events = apply(carol_, Verb::kSay, "dev", "hi");
  EXPECT_THAT(events, ElementsAre(AllOf(is(EventKind::kMessage, SessionRef{}, "Carol"),
                                        Field(&Seen::room, "dev"), Field(&Seen::except, carol_))));
  mode(alice_, "+m");
  EXPECT_FALSE(may_speak(carol_));
  mode(alice_, "-m+b carol");
  EXPECT_FALSE(may_speak(carol_));
}

TEST_F(HubModeration, TagMessages_FollowTheRulesOfSpeaking) {
  const SessionRef eve = enter_irc("Eve");
  apply(eve, Verb::kJoin, "dev");
  mode(alice_, "+m");
  EXPECT_EQ(why_not(apply(eve, Verb::kTagMessage, "#dev")), Refusal::kCannotSpeak);
}

TEST_F(HubModeration, LockedTopic_IsForOperators) {
  EXPECT_EQ(apply(bob_, Verb::kTopic, "dev", "tea")[0].kind, EventKind::kTopic);
  mode(alice_, "+t");
  EXPECT_EQ(why_not(apply(bob_, Verb::kTopic, "dev", "coffee")), Refusal::kNotOperator);
  mode(alice_, "+v bob");
  EXPECT_EQ(why_not(apply(bob_, Verb::kTopic, "dev", "coffee")), Refusal::kNotOperator);
  EXPECT_EQ(apply(alice_, Verb::kTopic, "dev", "coffee")[0].kind, EventKind::kTopic);
}

TEST_F(HubModeration, SecretRoom_IsNotThereForWhoIsNotInIt) {
  const SessionRef eve = enter_irc("Eve");
  apply(alice_, Verb::kTopic, "dev", "tea");
  mode(alice_, "+s");
  EXPECT_THAT(apply(carol_, Verb::kRooms), ElementsAre(has_text("lobby=4")));
  EXPECT_THAT(apply(bob_, Verb::kRooms), ElementsAre(has_text("lobby=4,dev=2")));
  EXPECT_EQ(why_not(apply(carol_, Verb::kList, "dev")), Refusal::kNoSuchRoom);
  EXPECT_EQ(why_not(mode(carol_, "")), Refusal::kNotInRoom);
  EXPECT_EQ(why_not(apply(eve, Verb::kTopicOf, "dev")), Refusal::kNotInRoom);
  EXPECT_THAT(apply(eve, Verb::kNames, "dev"),
              ElementsAre(is_answer(366, "#dev :End of /NAMES list")));
  EXPECT_THAT(apply(eve, Verb::kWhois, "Alice"), Not(Contains(Field(&Seen::count, 319U))));
  EXPECT_THAT(apply(eve, Verb::kListRooms), Not(Contains(Field(&Seen::count, 322U))));
  apply(eve, Verb::kJoin, "dev");
  EXPECT_THAT(apply(eve, Verb::kNames, "dev"), Contains(is_answer(353, "@ #dev :@Alice Bob Eve")));
  EXPECT_THAT(apply(eve, Verb::kWhois, "Alice"), Contains(is_answer(319, "Alice :@#dev")));
  EXPECT_THAT(apply(eve, Verb::kListRooms), Contains(is_answer(322, "#dev 3 :tea")));
}

TEST_F(HubModeration, Roles_AreForMembers) {
  const Events absent = mode(alice_, "+o Carol");
  ASSERT_EQ(absent.size(), 2U);
  EXPECT_EQ(absent[0].refusal, Refusal::kTargetNotInRoom);
  EXPECT_EQ(absent[0].subject, "Carol");
  EXPECT_EQ(absent[0].room, "dev");
  EXPECT_EQ(mode(alice_, "+o nobody")[0].refusal, Refusal::kNoSuchName);
  EXPECT_THAT(mode(alice_, "+ov bob BOB"), Contains(has_text("+ov Bob Bob")));
  const SessionRef eve = enter_irc("Eve");
  EXPECT_THAT(apply(eve, Verb::kNames, "dev"), Contains(is_answer(353, "= #dev :@Alice @Bob")));
  Command caps;
  caps.verb = Verb::kHello;
  caps.capabilities = {.irc = true, .multi_prefix = true};
  apply(eve, caps);
  EXPECT_THAT(apply(eve, Verb::kNames, "dev"), Contains(is_answer(353, "= #dev :@Alice @+Bob")));
}

TEST_F(HubModeration, Lists_AreToldOnceEachHoweverOftenTheyAreNamed) {
  mode(alice_, "+bbe x y!*@* z");
  EXPECT_THAT(mode(bob_, "bbb+b"),
              ElementsAre(AllOf(is_of_room(EventKind::kModeList, bob_, "dev"),
                                Field(&Seen::target, "b"), has_text("x!*@*,y!*@*"))));
  EXPECT_THAT(mode(bob_, "I"), ElementsAre(AllOf(is_of_room(EventKind::kModeList, bob_, "dev"),
                                                 Field(&Seen::target, "I"), has_text(""))));
  const SessionRef eve = enter_irc("Eve");
  EXPECT_THAT(mode(eve, "+bb"), ElementsAre(is_answer(367, "#dev x!*@* Alice 1000"),
                                            is_answer(367, "#dev y!*@* Alice 1000"),
                                            is_answer(368, "#dev :End of channel ban list")));
  EXPECT_THAT(mode(eve, "e"), ElementsAre(is_answer(348, "#dev z!*@* Alice 1000"),
                                          is_answer(349, "#dev :End of channel exception list")));
  EXPECT_THAT(mode(eve, "I"),
              ElementsAre(is_answer(347, "#dev :End of channel invite exception list")));
}

TEST_F(HubModeration, Lists_AreBoundedTogether) {
  limits_.room_list_max = 2;
  start();
  const SessionRef eve = enter_irc("Eve");
  apply(eve, Verb::kJoin, "dev");
  EXPECT_THAT(mode(eve, "+be x y"), ElementsAre(has_text("+be x!*@* y!*@*")));
  EXPECT_THAT(mode(eve, "+I z"), ElementsAre(is_answer(478, "#dev I :Channel list is full")));
  EXPECT_THAT(mode(eve, "-b+I X z"), ElementsAre(has_text("-b+I x!*@* z!*@*")));
  const SessionRef dave = enter("Dave");
  apply(dave, Verb::kJoin, "dev");
  mode(eve, "+o dave");
  EXPECT_THAT(mode(dave, "+b q"), ElementsAre(is_error(ErrorCode::kMalformed, dave, "MODE"),
                                              Field(&Seen::kind, EventKind::kModes)));
}

TEST_F(HubModeration, Mistakes_AreToldOnceOfEachLetterAndTheRestIsDone) {
  const SessionRef eve = enter_irc("Eve");
  apply(eve, Verb::kJoin, "dev");
  mode(alice_, "+o Eve");
  EXPECT_THAT(mode(eve, "+xx\x01\xFFsoo"),
              ElementsAre(is_answer(472, "x :is unknown mode char to me"),
                          is_answer(696, "#dev o * :You must give a parameter"), has_text("+s")));
  EXPECT_THAT(mode(eve, "+\x01"), ElementsAre(is_answer(472, "? :is unknown mode char to me")));
  EXPECT_THAT(mode(eve, "+klb a,b 0 a,b"),
              ElementsAre(is_answer(696, "#dev k * :This can't be its parameter"),
                          is_answer(696, "#dev l 0 :This can't be its parameter"),
                          is_answer(696, "#dev b a,b :This can't be its parameter")));
  for (const char* limit : {"-5", "x", "5x", "99999999999"}) {
    EXPECT_THAT(mode(eve, std::string("+l ") + limit), ElementsAre(Field(&Seen::count, 696U)));
  }
  EXPECT_THAT(mode(alice_, "+x"), ElementsAre(is_error(ErrorCode::kMalformed, alice_, "MODE")));
}

TEST_F(HubModeration, ParametersOfOneCommand_AreBounded) {
  static_assert(kModeParametersMax == 4);
  EXPECT_THAT(mode(alice_, "+bbbbb+s a b c d e"),
              Contains(has_text("+bbbb a!*@* b!*@* c!*@* d!*@*")));
  EXPECT_EQ(modes_of(alice_), "+n") << "what stands behind is not looked at";
}

TEST_F(HubModeration, Kick_IsToldTheVictimFirstWhoIsThenNoMember) {
  const SessionRef eve = enter_irc("Eve");
  apply(eve, Verb::kJoin, "dev");
  apply(alice_, Verb::kSay, "dev", "hi");
  settle_presence();
  EXPECT_THAT(
      with_peer(alice_, Verb::kKick, "BOB", "enough"),
      ElementsAre(AllOf(is(EventKind::kKicked, bob_, "Alice"), Field(&Seen::target, "Bob"),
                        has_text("enough"), Field(&Seen::room, "dev"), Field(&Seen::from, 1U),
                        Field(&Seen::origin, "Alice@unknown")),
                  AllOf(is(EventKind::kKicked, SessionRef{}, "Alice"), Field(&Seen::target, "Bob"),
                        Field(&Seen::except, bob_), has_text("enough"))));
  EXPECT_FALSE(may_speak(bob_));
  EXPECT_THAT(advance(limits_.presence_interval),
              ElementsAre(AllOf(is(EventKind::kPresenceLeft, SessionRef{}, ""),
                                Field(&Seen::room, "dev"), has_text("Bob"))));
}

TEST_F(HubModeration, KickInANativeRoom_IsToldTheVictimOnly) {
  EXPECT_THAT(with_peer(alice_, Verb::kKick, "Bob"),
              ElementsAre(is(EventKind::kKicked, bob_, "Alice")));
}

TEST_F(HubModeration, Kick_IsForOperatorsAndOfMembers) {
  EXPECT_EQ(why_not(with_peer(bob_, Verb::kKick, "Alice")), Refusal::kNotOperator);
  EXPECT_EQ(why_not(with_peer(carol_, Verb::kKick, "Alice")), Refusal::kNotInRoom);
  EXPECT_EQ(why_not(with_peer(alice_, Verb::kKick, "Alice", "", "no")), Refusal::kNoSuchRoom);
  for (const char* name : {"Carol", "Nobody"}) {
    const Events events = with_peer(alice_, Verb::kKick, name);
    EXPECT_EQ(why_not(events), Refusal::kTargetNotInRoom);
    EXPECT_EQ(events[0].subject, name);
    EXPECT_EQ(events[0].room, "dev");
  }
}

TEST_F(HubModeration, LastOneWhoKicksHimself_TakesTheRoomAlong) {
  apply(bob_, Verb::kPart, "dev");
  EXPECT_EQ(with_peer(alice_, Verb::kKick, "Alice").size(), 1U);
  EXPECT_EQ(hub_->room_count(), 1U);
}

TEST_F(HubModeration, KickedWhileTheConnectionIsLost_IsNoMemberWhenBack) {
  const SessionRef dave = enter_resumable("Dave");
  apply(dave, Verb::kJoin, "dev");
  apply(alice_, Verb::kSay, "dev", "one");
  apply(dave, Verb::kDisconnect);
  take_kept();
  EXPECT_THAT(with_peer(alice_, Verb::kKick, "Dave"), IsEmpty());
  EXPECT_THAT(take_kept(), ElementsAre(AllOf(Field(&Kept::kind, Record::Kind::kParted),
                                             Field(&Kept::room, "dev"), Field(&Kept::id, 1U))));
  Command resume;
  resume.verb = Verb::kResume;
  resume.target = "token1";
  EXPECT_THAT(apply(new_session(), resume),
              Contains(AllOf(Field(&Seen::kind, EventKind::kHeard), Field(&Seen::room, "dev"),
                             Field(&Seen::id, 1U))));
}

TEST_F(HubModeration, LongReason_IsCut) {
  const Events events = with_peer(alice_, Verb::kKick, "Bob", std::string(1000, 'r'));
  EXPECT_EQ(events[0].text.size(), kReasonBytesMax);
}

// What outlives the server.
class HubRoomState : public HubModeration {
 protected:
  static Recovered::Session session_of(std::string_view name, std::string_view room) {
    Audience audience(name, 0);
    audience.joined(room, 0);
    return {"token of " + std::string(name), audience};
  }
  std::vector<std::string> states() {
    std::vector<std::string> states;
    for (const Kept& kept : take_kept()) {
      if (kept.kind == Record::Kind::kRoomState) {
        states.push_back(kept.room + ": " + kept.text);
      } else if (kept.kind == Record::Kind::kRoomGone) {
        states.push_back(kept.room + " is gone");
      }
    }
    return states;
  }
};

TEST_F(HubRoomState, RoomThatNobodyCanComeBackTo_IsNotKept) {
  mode(alice_, "+i");
  apply(alice_, Verb::kPart, "dev");
  apply(bob_, Verb::kPart, "dev");
  EXPECT_THAT(states(), IsEmpty());
}

TEST_F(HubRoomState, RoomOfWhoCanComeBack_IsKeptAsItChangesUntilItIsGone) {
  mode(alice_, "+s");
  const SessionRef dave = enter_resumable("Dave");
  EXPECT_THAT(states(), IsEmpty());
  apply(dave, Verb::kJoin, "Dev");
  EXPECT_THAT(states(), ElementsAre("dev: t=1000000 n=ns"));
  mode(alice_, "+kol tea Dave 5");
  EXPECT_THAT(states(), ElementsAre("dev: t=1000000 n=ns k=tea l=5 o=Dave"));
  mode(alice_, "+vb Dave x");
  EXPECT_THAT(states(),
              ElementsAre("dev: t=1000000 n=ns k=tea l=5 o=Dave v=Dave b=x!*@*,Alice,1000000"));
  mode(alice_, "+s");
  EXPECT_THAT(states(), IsEmpty()) << "nothing was changed";
  apply(dave, Verb::kPart, "dev");
  EXPECT_THAT(states(), ElementsAre("dev: t=1000000 n=ns k=tea l=5 b=x!*@*,Alice,1000000"))
      << "who comes back as a member is no operator any more";
  apply(alice_, Verb::kPart, "dev");
  EXPECT_THAT(states(), IsEmpty());
  apply(bob_, Verb::kPart, "dev");
  EXPECT_THAT(states(), ElementsAre("dev is gone"));
}

TEST_F(HubRoomState, WhoCanComeBackFromNowOn_IsKeptWithHisRooms) {
  Command hello;
  hello.verb = Verb::kHello;
  hello.capabilities = kResumable;
  apply(alice_, hello);
  EXPECT_THAT(states(), ElementsAre("dev: t=1000000 n=n o=Alice"));
}

TEST_F(HubRoomState, StartedAgain_TheRoomIsAsItWas) {
  Recovered recovered = nothing_recovered();
  recovered.sessions.push_back(session_of("Dave", "dev"));
  recovered.sessions.push_back(session_of("Eve", "dev"));
  recovered.sessions.push_back(session_of("Fay", "old"));
  recovered.rooms.push_back({"Dev", "t=5000 n=mn k=tea o=Dave o=Gone v=Eve b=x!*@*,Alice,7000"});
  recovered.rooms.push_back({"gone", "n=n"});
  start(recovered);
  EXPECT_THAT(states(), ElementsAre("gone is gone"));
  const auto resume = [&](std::string_view name) {
    Command command;
    command.verb = Verb::kResume;
    command.target = name;
    const SessionRef ref = new_session();
    apply(ref, command);
    return ref;
  };
  const SessionRef dave = resume("token of Dave");
  const SessionRef eve = resume("token of Eve");
  const SessionRef irc = enter_irc("Irc");
  EXPECT_EQ(why_not(apply(irc, Verb::kJoin, "dev")), Refusal::kWrongKey);
  apply(irc, Verb::kJoin, "dev", "tea");
  EXPECT_THAT(apply(irc, Verb::kNames, "dev"), Contains(is_answer(353, "= #Dev :@Dave +Eve Irc")));
  EXPECT_THAT(mode(irc, ""),
              ElementsAre(is_answer(324, "#Dev +mnk tea"), is_answer(329, "#Dev 5")));
  EXPECT_THAT(mode(irc, "b"), Contains(is_answer(367, "#Dev x!*@* Alice 7")));
  EXPECT_EQ(apply(eve, Verb::kSay, "dev", "hi")[0].kind, EventKind::kMessage);
  EXPECT_EQ(why_not(apply(irc, Verb::kSay, "dev", "hi")), Refusal::kCannotSpeak);
  mode(dave, "-m");
  EXPECT_THAT(states(), ElementsAre(HasSubstr("n=n ")));
  EXPECT_THAT(mode(irc, "", "old"),
              ElementsAre(is_answer(324, "#old +n"), is_answer(329, "#old 1000")))
      << "of which nothing was kept";
}

TEST_F(HubRoomState, StoreThatFails_LetsNoKeptRoomBeChanged) {
  const SessionRef dave = enter_resumable("Dave");
  apply(dave, Verb::kJoin, "dev");
  hub_->on_store_failure("disk on fire");
  EXPECT_EQ(why_not(mode(alice_, "+i")), Refusal::kInternal);
  hub_->on_store_failure("");
  EXPECT_EQ(modes_of(alice_), "+n");
}

}  // namespace
}  // namespace chat
