// Who comes and goes, as IRC clients are told: at once, and of each by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/chat/hub_fixture.h"

namespace chat {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;

auto has_origin(std::string_view origin) {
  return Field("origin", &Seen::origin, std::string(origin));
}
auto is_to_room(EventKind kind, std::string_view room, const SessionRef& except,
                std::string_view subject) {
  return AllOf(is(kind, SessionRef{}, subject), Field("room", &Seen::room, std::string(room)),
               Field("except", &Seen::except, except));
}
auto is_answer(std::uint32_t number) {
  return AllOf(Field("kind", &Seen::kind, EventKind::kAnswer),
               Field("count", &Seen::count, number));
}

class HubPeople : public HubTest {
 protected:
  Events without_answers(Events events) {
    std::erase_if(events, [](const Seen& event) { return event.kind == EventKind::kAnswer; });
    return events;
  }
};

TEST_F(HubPeople, Registered_IsToldItsOrigin) {
  const SessionRef ref = new_session();
  EXPECT_THAT(apply(ref, irc_registration("Alice")).front(),
              AllOf(is(EventKind::kRegistered, ref, "Alice"), has_origin("user@token1.client")));
}

TEST_F(HubPeople, NativeClient_IsItsOwnUser) {
  Command command;
  command.verb = Verb::kRegister;
  command.target = "Bob";
  command.host = "127.0.0.1";
  EXPECT_THAT(apply(new_session(), command), ElementsAre(has_origin("Bob@localhost")));
}

TEST_F(HubPeople, User_HasNothingThatMeansSomethingElse) {
  const auto user_of = [&](std::string_view name, std::string_view user) {
    Command command = irc_registration(name);
    command.user = user;
    command.host = "unix";
    return apply(new_session(), command).front().origin;
  };
  EXPECT_EQ(user_of("a", "~ro!ot@ex*am?ple :,\x01\xC3\xA9"), "~rootexample@localhost");
  EXPECT_EQ(user_of("b", "@!"), "b@localhost");
  EXPECT_EQ(user_of("c", std::string(500, 'u')), std::string(kUserBytesMax, 'u') + "@localhost");
}

TEST_F(HubPeople, SameAddress_IsShownUnderTheSameLabelWhileItIsKnown) {
  limits_.cloaks_kept_max = 0;
  start();
  const auto host_of = [&](const SessionRef& ref, std::string_view name, std::string_view host) {
    Command command = irc_registration(name);
    command.host = host;
    return apply(ref, command).front().origin;
  };
  const SessionRef alice = new_session();
  EXPECT_EQ(host_of(alice, "alice", "192.0.2.7"), "user@token1.client");
  const SessionRef bob = new_session();
  EXPECT_EQ(host_of(bob, "bob", "192.0.2.7"), "user@token1.client");
  apply(alice, Verb::kQuit);
  EXPECT_EQ(host_of(new_session(), "carol", "192.0.2.7"), "user@token1.client");
  apply(bob, Verb::kQuit);
  EXPECT_EQ(host_of(new_session(), "dave", "192.0.2.7"), "user@token1.client");
}

TEST_F(HubPeople, WhoComes_IsToldToIrcClientsAtOnce) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef ref = new_session();
  const Events events = apply(ref, Verb::kRegister, "Bob");
  ASSERT_THAT(events, ElementsAre(is(EventKind::kRegistered, ref, "Bob"),
                                  is_to_room(EventKind::kEntered, "lobby", ref, "Bob")));
  EXPECT_THAT(events[1],
              AllOf(has_origin("Bob@unknown"), has_text("Bob"), Field(&Seen::room_id, kLobby)));
  EXPECT_THAT(apply(ref, Verb::kJoin, "dev"),
              ElementsAre(is_of_room(EventKind::kJoined, ref, "dev")))
      << "nobody there";
  EXPECT_THAT(without_answers(apply(alice, Verb::kJoin, "dev")),
              ElementsAre(AllOf(is_of_room(EventKind::kJoined, alice, "dev"), has_text("Real Name"),
                                has_origin("user@token1.client")),
                          AllOf(is_to_room(EventKind::kEntered, "dev", alice, "Alice"),
                                has_text("Real Name"))));
}

TEST_F(HubPeople, AllNativeChat_PaysNothing) {
  const SessionRef alice = enter("Alice");
  const SessionRef bob = enter("Bob");
  apply(alice, Verb::kJoin, "dev");
  EXPECT_EQ(apply(bob, Verb::kJoin, "dev").size(), 1U);
  EXPECT_EQ(apply(bob, Verb::kPart, "dev").size(), 1U);
  EXPECT_THAT(apply(bob, Verb::kDisconnect), IsEmpty());
  const SessionRef carol = enter_irc("Carol");
  apply(carol, Verb::kQuit);
  EXPECT_THAT(apply(alice, Verb::kDisconnect), IsEmpty()) << "nor after the last IRC client left";
}

TEST_F(HubPeople, WhoLeavesARoom_IsToldItsIrcMembersWithTheReason) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter("Bob");
  apply(alice, Verb::kJoin, "dev");
  apply(bob, Verb::kJoin, "dev");
  EXPECT_THAT(apply(bob, Verb::kPart, "dev", "tea"),
              ElementsAre(AllOf(is_of_room(EventKind::kParted, bob, "dev"), has_text("tea"),
                                has_origin("Bob@unknown")),
                          AllOf(is_to_room(EventKind::kLeft, "dev", bob, "Bob"), has_text("tea"))));
}

TEST_F(HubPeople, WhoGoes_IsToldOnceWhateverRoomsTheyShared) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter_irc("Bob");
  for (const char* room : {"dev", "tea"}) {
    apply(alice, Verb::kJoin, room);
    apply(bob, Verb::kJoin, room);
  }
  EXPECT_THAT(apply(bob, Verb::kQuit, "", "good night"),
              ElementsAre(AllOf(is_to_room(EventKind::kQuit, "lobby", bob, "Bob"),
                                has_text("Quit: good night"), has_origin("user@token1.client")),
                          is(EventKind::kBye, bob, "")));
  const SessionRef carol = enter("Carol");
  EXPECT_THAT(
      apply(carol, Verb::kQuit),
      ElementsAre(AllOf(is_to_room(EventKind::kQuit, "lobby", carol, "Carol"), has_text("Quit")),
                  is(EventKind::kBye, carol, "")));
}

TEST_F(HubPeople, LostConnection_IsToldWithItsReason) {
  enter_irc("Alice");
  const SessionRef bob = enter("Bob");
  const SessionRef carol = enter("Carol");
  const SessionRef dave = enter("Dave");
  EXPECT_THAT(apply(bob, Verb::kDisconnect), ElementsAre(has_text("connection closed")));
  EXPECT_THAT(apply(carol, Verb::kPeerEnded),
              ElementsAre(has_text("connection closed"), is(EventKind::kBye, carol, "")));
  EXPECT_THAT(apply(dave, Verb::kDisconnect, "", "idle timeout"),
              ElementsAre(has_text("idle timeout")));
}

TEST_F(HubPeople, LostConnectionThatMayComeBack_IsGoneWhenItDoesNot) {
  enter_irc("Alice");
  const SessionRef bob = enter_resumable("Bob");
  settle_presence();
  EXPECT_THAT(apply(bob, Verb::kDisconnect), IsEmpty());
  EXPECT_THAT(advance(limits_.resume_window),
              Contains(AllOf(is_to_room(EventKind::kQuit, "lobby", SessionRef{}, "Bob"),
                             has_text("connection lost"))));
}

TEST_F(HubPeople, ResumedFromElsewhere_IsWhereItIsNow) {
  const SessionRef bob = enter_resumable("Bob");
  apply(bob, Verb::kDisconnect);
  Command resume;
  resume.verb = Verb::kResume;
  resume.target = "token1";
  resume.host = "192.0.2.9";
  EXPECT_THAT(apply(new_session(), resume).back(), has_origin("Bob@token2.client"));
}

TEST_F(HubPeople, RegistrationInIrc_IsAWelcomeAndALobby) {
  info_.message_of_the_day = {"Be kind.", std::string(600, 'x')};
  enter("Bob");
  enter_irc("carol");
  const SessionRef ref = new_session();
  const Events events = apply(ref, irc_registration("Alice"));
  ASSERT_EQ(events.size(), 14U);
  EXPECT_THAT(events[0], is(EventKind::kRegistered, ref, "Alice"));
  EXPECT_THAT(events[1],
              AllOf(is_answer(251), has_text(":There are 3 users and 0 invisible on 1 servers")));
  EXPECT_THAT(events[2], AllOf(is_answer(254), has_text("1 :channels formed")));
  EXPECT_THAT(events[3], AllOf(is_answer(255), has_text(":I have 3 clients and 0 servers")));
  EXPECT_THAT(events[4], AllOf(is_answer(265), has_text("3 3 :Current local users 3, max 3")));
  EXPECT_THAT(events[5], AllOf(is_answer(266), has_text("3 3 :Current global users 3, max 3")));
  EXPECT_THAT(events[6], AllOf(is_answer(375), has_text(":- reactor-chat Message of the day - ")));
  EXPECT_THAT(events[7], AllOf(is_answer(372), has_text(":- Be kind.")));
  EXPECT_EQ(events[8].text.size(), 510 - std::string(":reactor-chat 372 Alice ").size());
  EXPECT_THAT(events[9], is_answer(376));
  EXPECT_THAT(events[10], is_of_room(EventKind::kJoined, ref, "lobby"));
  EXPECT_THAT(events[11], AllOf(is_answer(353), has_text("= #lobby :Alice Bob carol")));
  EXPECT_THAT(events[12], AllOf(is_answer(366), has_text("#lobby :End of /NAMES list")));
  EXPECT_THAT(events[13], is_to_room(EventKind::kEntered, "lobby", ref, "Alice"));
}

TEST_F(HubPeople, NoMessageOfTheDay_IsSaid) {
  const SessionRef alice = enter_irc("Alice");
  EXPECT_THAT(apply(alice, Verb::kMotd), ElementsAre(is_answer(422)));
}

TEST_F(HubPeople, MostClients_AreRemembered) {
  const SessionRef alice = enter_irc("Alice");
  apply(enter("Bob"), Verb::kQuit);
  EXPECT_THAT(apply(alice, Verb::kCounts),
              Contains(AllOf(is_answer(265), has_text("1 2 :Current local users 1, max 2"))));
}

TEST_F(HubPeople, LongListOfNames_IsContinuedInLinesThatFit) {
  constexpr int kOthers = 200;
  for (int i = 0; i < kOthers; ++i) {
    enter("a_rather_long_name_" + std::to_string(1000 + i));
  }
  Command command = irc_registration("Alice");
  command.capabilities.userhost_in_names = true;
  const SessionRef alice = new_session();
  apply(alice, command);
  const Events events = apply(alice, Verb::kNames, "LOBBY");
  std::string names;
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    EXPECT_THAT(events[i], is_answer(353));
    const std::string line = ":reactor-chat 353 Alice " + events[i].text;
    EXPECT_LE(line.size(), 510U);
    EXPECT_GT(line.size(), 440U + (i + 2 < events.size() ? 0 : -440)) << "as few as will do";
    ASSERT_TRUE(events[i].text.starts_with("= #lobby :"));
    names += events[i].text.substr(10) + " ";
  }
  EXPECT_THAT(events.back(), is_answer(366));
  std::string expected;
  for (int i = 0; i < kOthers; ++i) {
    const std::string name = "a_rather_long_name_" + std::to_string(1000 + i);
    expected.append(name).append("!").append(name).append("@unknown ");
  }
  EXPECT_EQ(names, expected + "Alice!user@token1.client ");
}

TEST_F(HubPeople, JoinAgain_IsNothingNewInIrc) {
  const SessionRef alice = enter_irc("Alice");
  EXPECT_THAT(apply(alice, Verb::kJoin, "lobby"), IsEmpty());
}

TEST_F(HubPeople, WhatTheCodecAnswers_ComesBackInItsPlace) {
  const SessionRef ref = new_session();
  Command command;
  command.verb = Verb::kAnswer;
  command.text = "CAP * LS :";
  command.client_id = "l1";
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(apply(ref, command),
                ElementsAre(AllOf(is(EventKind::kAnswer, ref, ""), has_text("CAP * LS :"),
                                  Field(&Seen::client_id, "l1"), Field(&Seen::count, 0U))));
    hub_->begin_drain();
  }
  command.verb = Verb::kLabelEnd;
  EXPECT_THAT(apply(ref, command),
              ElementsAre(AllOf(is(EventKind::kLabelEnd, ref, ""), Field(&Seen::client_id, "l1"))));
}

TEST_F(HubPeople, EverythingThatAnswersAQuestion_HasItsClientId) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter_irc("Bob");
  Command command;
  command.verb = Verb::kJoin;
  command.target = "dev";
  command.client_id = "l7";
  const Events events = apply(alice, command);
  EXPECT_GT(events.size(), 2U);
  for (const Seen& event : events) {
    EXPECT_EQ(event.client_id, event.to == alice ? "l7" : "") << event;
  }
  EXPECT_THAT(apply(bob, Verb::kJoin, "dev"), Each(Field(&Seen::client_id, "")));
  EXPECT_THAT(advance(limits_.presence_interval), Each(Field(&Seen::client_id, "")));
}

TEST_F(HubPeople, NewName_IsToldOnceAndIsInAllLists) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter_irc("Bob");
  for (const char* room : {"dev", "tea"}) {
    apply(alice, Verb::kJoin, room);
    apply(bob, Verb::kJoin, room);
  }
  settle_presence();
  EXPECT_THAT(apply(alice, Verb::kRename, "zoe"),
              ElementsAre(AllOf(is(EventKind::kRenamed, alice, "Alice"),
                                Field(&Seen::target, "zoe"), has_origin("user@token1.client")),
                          AllOf(is_to_room(EventKind::kRenamed, "lobby", alice, "Alice"),
                                Field(&Seen::target, "zoe"), Field(&Seen::room_id, kLobby))));
  for (const char* room : {"dev", "tea"}) {
    EXPECT_THAT(apply(bob, Verb::kNames, room)[0],
                has_text("= #" + std::string(room) + " :Bob @zoe"));
  }
  EXPECT_THAT(apply(bob, Verb::kList), ElementsAre(has_text("Bob,zoe")));
  EXPECT_THAT(apply(bob, Verb::kDirect, "ZOE", "hi"),
              ElementsAre(is(EventKind::kDirect, alice, "Bob")));
  EXPECT_THAT(apply(bob, Verb::kDirect, "Alice", "hi"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, bob, "Alice")));
  EXPECT_THAT(advance(limits_.presence_interval), IsEmpty());
  apply(alice, Verb::kQuit);
  EXPECT_THAT(apply(bob, Verb::kList, "dev"), ElementsAre(has_text("Bob")));
}

TEST_F(HubPeople, NewName_IsRefusedLikeAFirstOne) {
  const SessionRef alice = enter_irc("Alice");
  enter("Bob");
  EXPECT_THAT(apply(alice, Verb::kRename, "bob"),
              ElementsAre(is_error(ErrorCode::kTaken, alice, "bob")));
  EXPECT_THAT(apply(alice, Verb::kRename, "9lives"),
              ElementsAre(is_error(ErrorCode::kInvalidName, alice, "9lives")));
  EXPECT_THAT(apply(alice, Verb::kRename, "Alice"), IsEmpty());
  EXPECT_THAT(
      apply(alice, Verb::kRename, "ALICE"),
      Contains(AllOf(is(EventKind::kRenamed, alice, "Alice"), Field(&Seen::target, "ALICE"))));
  const SessionRef carol = enter_resumable("Carol");
  EXPECT_THAT(apply(carol, Verb::kRename, "Caroline"),
              ElementsAre(is_error(ErrorCode::kForbidden, carol, "Caroline")));
}

TEST_F(HubPeople, NewName_ComesBehindTheNoticesOfTheOldOne) {
  const SessionRef alice = enter_irc("Alice");
  const Events events = apply(alice, Verb::kRename, "Alicia");
  ASSERT_EQ(events.size(), 3U);
  EXPECT_THAT(events[0],
              AllOf(is(EventKind::kPresenceJoined, SessionRef{}, ""), has_text("Alice")));
  EXPECT_EQ(hub_->next_deadline(), std::nullopt);
  apply(alice, Verb::kQuit);
  EXPECT_THAT(advance(limits_.presence_interval), ElementsAre(has_text("Alicia")));
}

TEST_F(HubPeople, NewName_KeepsRolesAndPrivateChat) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter("Bob");
  apply(alice, Verb::kJoin, "dev");
  apply(bob, Verb::kRequest, "Alice");
  apply(alice, Verb::kRename, "Alicia");
  EXPECT_THAT(apply(alice, Verb::kAccept, "Bob"),
              ElementsAre(is(EventKind::kChatStarted, alice, "Bob"),
                          is(EventKind::kChatStarted, bob, "Alicia")));
  EXPECT_THAT(apply(alice, Verb::kMode, "dev", "+m"), ElementsAre(has_text("+m")));
}

TEST_F(HubPeople, PrivateHistory_BeginsWithTheName) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter("Bob");
  apply(bob, Verb::kDirect, "Alice", "one");
  Command history;
  history.verb = Verb::kHistory;
  history.target = "@Bob";
  history.count = 10;
  EXPECT_THAT(apply(alice, history), ElementsAre(Field(&Seen::from, 0U)));
  apply(alice, Verb::kRename, "ALICE");
  EXPECT_THAT(apply(alice, history), ElementsAre(Field(&Seen::from, 0U))) << "the same name";
  apply(alice, Verb::kRename, "Eve");
  EXPECT_THAT(apply(alice, history),
              ElementsAre(AllOf(Field(&Seen::from, 1U), has_text("@bob:eve"))));
}

TEST_F(HubPeople, NewRealName_IsToldAllTheOneToo) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter_irc("Bob");
  EXPECT_THAT(apply(alice, Verb::kRealName, "", "Alice A."),
              ElementsAre(AllOf(is_to_room(EventKind::kRealName, "lobby", SessionRef{}, "Alice"),
                                has_text("Alice A."), has_origin("user@token1.client"))));
  EXPECT_THAT(apply(bob, Verb::kWhois, "Alice")[0],
              has_text("Alice user token1.client * :Alice A."));
  EXPECT_EQ(apply(alice, Verb::kRealName, "", std::string(1000, 'a'))[0].text.size(),
            kRealNameBytesMax);
}

TEST_F(HubPeople, Away_IsToldOnceAndAnsweredAlways) {
  const SessionRef alice = enter_irc("Alice");
  EXPECT_THAT(apply(alice, Verb::kAway, "", "at lunch"),
              ElementsAre(AllOf(is_answer(306), has_text(":You have been marked as being away")),
                          AllOf(is_to_room(EventKind::kAway, "lobby", alice, "Alice"),
                                has_text("at lunch"))));
  EXPECT_THAT(apply(alice, Verb::kAway, "", "at lunch"), ElementsAre(is_answer(306)));
  EXPECT_THAT(
      apply(alice, Verb::kAway),
      ElementsAre(AllOf(is_answer(305), has_text(":You are no longer marked as being away")),
                  AllOf(is_to_room(EventKind::kAway, "lobby", alice, "Alice"), has_text(""))));
  EXPECT_THAT(apply(alice, Verb::kAway), ElementsAre(is_answer(305)));
  EXPECT_EQ(apply(alice, Verb::kAway, "", std::string(1000, 'a'))[1].text.size(), kAwayBytesMax);
}

TEST_F(HubPeople, WhoComesWhileAway_IsKnownToBe) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter_irc("Bob");
  apply(bob, Verb::kJoin, "dev");
  apply(alice, Verb::kAway, "", "at lunch");
  EXPECT_THAT(without_answers(apply(alice, Verb::kJoin, "dev")),
              ElementsAre(is_of_room(EventKind::kJoined, alice, "dev"),
                          is_to_room(EventKind::kEntered, "dev", alice, "Alice"),
                          AllOf(is_to_room(EventKind::kAway, "dev", alice, "Alice"),
                                has_text("at lunch"))));
}

TEST_F(HubPeople, WhoWritesToSomebodyAway_IsToldInIrc) {
  const SessionRef alice = enter_irc("Alice");
  const SessionRef bob = enter_irc("Bob");
  const SessionRef carol = enter("Carol");
  apply(alice, Verb::kAway, "", "at lunch");
  EXPECT_THAT(
      apply(bob, Verb::kDirect, "alice", "hi"),
      ElementsAre(is(EventKind::kDirect, alice, "Bob"),
                  AllOf(is_answer(301), has_text("Alice :at lunch"), Field(&Seen::to, bob))));
  EXPECT_EQ(apply(carol, Verb::kDirect, "alice", "hi").size(), 1U);
  Command notice;
  notice.verb = Verb::kDirect;
  notice.target = "alice";
  notice.notice = true;
  EXPECT_EQ(apply(bob, notice).size(), 1U);
  apply(bob, Verb::kJoin, "dev");
  Command invite;
  invite.verb = Verb::kInvite;
  invite.target = "dev";
  invite.peer = "Alice";
  EXPECT_THAT(apply(bob, invite).back(), is_answer(301));
}

class HubMonitor : public HubPeople {
 protected:
  Events monitor(std::string_view text) { return apply(alice_, Verb::kMonitor, "", text); }

  SessionRef alice_ = enter_irc("Alice");
};

auto tells(std::uint32_t number, std::string_view text) {
  return AllOf(is_answer(number), has_text(text));
}

TEST_F(HubMonitor, Watched_AreToldAtOnceAndWhenTheyComeAndGo) {
  const SessionRef bob = enter("Bob");
  EXPECT_THAT(monitor("+ bob,carol,Dave"),
              ElementsAre(tells(730, ":Bob!Bob@unknown"), tells(731, ":carol,Dave")));
  EXPECT_THAT(apply(bob, Verb::kQuit),
              Contains(AllOf(tells(731, ":Bob"), Field(&Seen::to, alice_))));
  const SessionRef carol = new_session();
  EXPECT_THAT(apply(carol, Verb::kRegister, "Carol"),
              Contains(AllOf(tells(730, ":Carol!Carol@unknown"), Field(&Seen::to, alice_),
                             Field(&Seen::client_id, ""))));
}

TEST_F(HubMonitor, NewName_GoesAndComes) {
  const SessionRef bob = enter_irc("Bob");
  monitor("+ bob,eve");
  const Events events = apply(bob, Verb::kRename, "Eve");
  EXPECT_THAT(events, Contains(tells(731, ":Bob")));
  EXPECT_THAT(events.back(), tells(730, ":Eve!user@token1.client"));
  EXPECT_THAT(apply(bob, Verb::kRename, "EVE"), Not(Contains(is_answer(730))));
}

TEST_F(HubMonitor, Names_AreWatchedUntilTheyAreNot) {
  monitor("+ a,b");
  EXPECT_THAT(monitor("- A,c"), IsEmpty());
  EXPECT_THAT(monitor("L"), ElementsAre(tells(732, ":b"), tells(733, ":End of MONITOR list")));
  EXPECT_THAT(apply(new_session(), Verb::kRegister, "a"), Not(Contains(is_answer(730))));
  EXPECT_THAT(monitor("S"), ElementsAre(tells(731, ":b")));
  EXPECT_THAT(monitor("C"), IsEmpty());
  EXPECT_THAT(monitor("L"), ElementsAre(is_answer(733)));
  EXPECT_THAT(monitor("S"), IsEmpty());
  EXPECT_THAT(monitor(""), IsEmpty());
}

TEST_F(HubMonitor, Names_AreBoundedAndMasksAreNone) {
  limits_.monitor_max = 2;
  start();
  alice_ = enter_irc("Alice");
  EXPECT_THAT(monitor("+ a,*!*@*,,a,b,c,d"),
              ElementsAre(tells(731, ":a,a,b"), tells(734, "2 c,d :Monitor list is full")));
  EXPECT_THAT(monitor("L"), ElementsAre(tells(732, ":a,b"), is_answer(733)));
}

TEST_F(HubMonitor, WhoIsGone_IsToldNothingMore) {
  const SessionRef bob = enter_irc("Bob");
  apply(bob, Verb::kMonitor, "", "+ carol");
  monitor("+ carol");
  apply(bob, Verb::kQuit);
  const Events events = apply(new_session(), Verb::kRegister, "carol");
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const Seen& event) { return event.count == 730; }),
            1);
}

TEST_F(HubMonitor, LongLists_AreContinued) {
  std::string names;
  for (int i = 0; i < 60; ++i) {
    names += "somebody_" + std::to_string(100 + i) + ",";
  }
  const Events events = monitor("+ " + names);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].text.substr(1) + "," + events[1].text.substr(1) + ",", names);
}

}  // namespace
}  // namespace chat
