#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/chat/irc_fixture.h"

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Event to_alice(EventKind kind, std::string_view subject = {}, std::string_view text = {}) {
  Event event;
  event.kind = kind;
  event.to.shard = 0;
  event.subject = subject;
  event.origin = "~x@there";
  event.text = text;
  event.unix_ms = IrcClient::kNow;
  return event;
}

Event in_dev(Event event) {
  event.room_id = 5;
  event.room = "dev";
  return event;
}

Event refusal(Refusal refusal, std::string_view subject, std::string_view text) {
  Event event = to_alice(EventKind::kError, subject, text);
  event.refusal = refusal;
  return event;
}

TEST(IrcAnswer, HubsNumerics_ArePrintedBehindTheName) {
  IrcClient client;
  client.log_in();
  Event event = to_alice(EventKind::kAnswer, {}, "= #dev :@alice bob");
  event.count = 353;
  EXPECT_EQ(client.told(event), ":irc.test 353 alice = #dev :@alice bob\r\n");
  event.count = 5;
  EXPECT_EQ(client.told(event), ":irc.test 005 alice = #dev :@alice bob\r\n");
  event.count = 0;
  event.text = "FAIL * X :y";
  EXPECT_EQ(client.told(event), ":irc.test FAIL * X :y\r\n");
  event.text = ":alice!~x@there MODE alice :+i";
  EXPECT_EQ(client.told(event), ":alice!~x@there MODE alice :+i\r\n");
}

TEST(IrcAnswer, LongNumeric_IsCut) {
  IrcClient client;
  client.log_in();
  const std::string text = ":" + std::string(1'000, 'x');
  Event event = to_alice(EventKind::kAnswer, {}, text);
  event.count = 372;
  EXPECT_EQ(client.told(event).size(), 512U);
}

TEST(IrcAnswer, OwnComingAndGoing_LooksAsItDoesToOthers) {
  IrcClient client;
  client.log_in();
  using enum EventKind;
  EXPECT_EQ(client.told(in_dev(to_alice(kJoined, "alice", "Alice A."))),
            ":alice!~x@there JOIN #dev\r\n");
  EXPECT_EQ(client.told(in_dev(to_alice(kParted, "alice", "tea"))),
            ":alice!~x@there PART #dev :tea\r\n");
  Event kicked = in_dev(to_alice(kKicked, "bob", "spam"));
  kicked.target = "alice";
  EXPECT_EQ(client.told(kicked), ":bob!~x@there KICK #dev alice :spam\r\n");
  EXPECT_EQ(client.told(to_alice(kBye, {}, "Quit: tea")), "ERROR :Closing link: Quit: tea\r\n");
}

TEST(IrcAnswer, OwnJoin_HasTheRealNameForWhoAskedForIt) {
  IrcClient client;
  client.log_in("extended-join server-time");
  EXPECT_EQ(client.told(in_dev(to_alice(EventKind::kJoined, "alice", "Alice A."))),
            "@time=2023-11-14T22:13:20.123Z :alice!~x@there JOIN #dev * :Alice A.\r\n");
}

TEST(IrcAnswer, NewName_StandsInEverythingBehind) {
  IrcClient client;
  client.log_in();
  Event renamed = to_alice(EventKind::kRenamed, "alice");
  renamed.target = "alison";
  EXPECT_EQ(client.told(renamed), ":alice!~x@there NICK alison\r\n");
  EXPECT_EQ(client.ask("NOPE"), ":irc.test 421 alison NOPE :Unknown command\r\n");
  EXPECT_EQ(client.ask("CAP LIST"), ":irc.test CAP alison LIST :\r\n");
}

TEST(IrcAnswer, PrivateMessages_AreDeliveries) {
  IrcClient client;
  client.log_in("message-tags");
  Event direct = to_alice(EventKind::kDirect, "bob", "hi");
  direct.room = "alice";
  direct.id = 4;
  EXPECT_EQ(client.told(direct), "@msgid=4 :bob!~x@there PRIVMSG alice :hi\r\n");
}

TEST(IrcAnswer, Topic_IsToldWithWhoSetItWhen) {
  IrcClient client;
  client.log_in();
  EXPECT_THAT(irc_lines(client.told(in_dev(to_alice(EventKind::kTopic, "bob", "tea: at 5")))),
              ElementsAre(":irc.test 332 alice #dev :tea: at 5",
                          ":irc.test 333 alice #dev bob 1700000000"));
  EXPECT_EQ(client.told(in_dev(to_alice(EventKind::kTopic))),
            ":irc.test 331 alice #dev :No topic is set\r\n");
}

TEST(IrcAnswer, Invitations_AreToldToBothSides) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.told(in_dev(to_alice(EventKind::kInvited, "bob"))),
            ":bob!~x@there INVITE alice #dev\r\n");
  Event inviting = in_dev(to_alice(EventKind::kInviting));
  inviting.target = "bob";
  EXPECT_EQ(client.told(inviting), ":irc.test 341 alice bob #dev\r\n");
}

TEST(IrcAnswer, Modes_Are324) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.told(in_dev(to_alice(EventKind::kModes, {}, "+kn secret"))),
            ":irc.test 324 alice #dev +kn secret\r\n");
}

TEST(IrcAnswer, WhatOnlyNativeClientsDo_IsToldInWords) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.told(to_alice(EventKind::kRequest, "bob")),
            ":irc.test NOTICE alice :bob asks for a private chat; just write to them\r\n");
  for (const EventKind kind : {EventKind::kChatStarted, EventKind::kChatEnded,
                               EventKind::kChatDeclined, EventKind::kChatExpired}) {
    const std::string told = client.told(to_alice(kind, "bob"));
    EXPECT_THAT(told, StartsWith(":irc.test NOTICE alice :"));
    EXPECT_THAT(told, testing::HasSubstr("bob"));
  }
}

TEST(IrcAnswer, WhatIrcHasNoWordFor_IsNothing) {
  using enum EventKind;
  IrcClient client;
  client.log_in();
  for (const EventKind kind :
       {kSession, kResumed, kAck, kHelp, kClientList, kRoomList, kHeard, kPresenceJoined}) {
    EXPECT_THAT(client.told(to_alice(kind, "bob", "x")), IsEmpty()) << static_cast<int>(kind);
  }
}

TEST(IrcAnswer, Gap_IsNoted) {
  IrcClient client;
  client.log_in("standard-replies");
  EXPECT_THAT(client.told(to_alice(EventKind::kGap)),
              StartsWith(":irc.test NOTE * MESSAGES_GONE :Messages may be missing here"));
  IrcClient plain;
  plain.log_in();
  EXPECT_THAT(plain.told(to_alice(EventKind::kGap)),
              StartsWith(":irc.test NOTICE alice :Messages may be missing here"));
}

TEST(IrcAnswer, Time_IsTheHubs) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.ask("TIME"),
            ":irc.test 391 alice irc.test 1700000000 :2023-11-14 22:13:20 UTC\r\n");
}

TEST(IrcAnswer, EveryRefusalWithANumeric_HasItsParameters) {
  struct Case {
    Refusal refusal;
    std::string expected;
  };
  const std::vector<Case> cases{
      {Refusal::kNoSuchName, "401 alice bob :No such nick/channel"},
      {Refusal::kNoSuchRoom, "403 alice #bob :No such channel"},
      {Refusal::kCannotSpeak, "404 alice #bob :Cannot send to channel"},
      {Refusal::kTooManyRooms, "405 alice #bob :You have joined too many channels"},
      {Refusal::kTooLong, "417 alice :why: because"},
      {Refusal::kUnknownVerb, "421 alice bob :why: because"},
      {Refusal::kInvalidName, "432 alice bob :Erroneous nickname"},
      {Refusal::kNameTaken, "433 alice bob :Nickname is already in use"},
      {Refusal::kNoRoomLeft, "437 alice #bob :The server has no room for another channel"},
      {Refusal::kTargetNotInRoom, "441 alice bob #dev :They aren't on that channel"},
      {Refusal::kNotInRoom, "442 alice #bob :You're not on that channel"},
      {Refusal::kTargetInRoom, "443 alice bob #dev :is already on channel"},
      {Refusal::kRegisterFirst, "451 alice :You have not registered"},
      {Refusal::kMalformed, "461 alice bob :why: because"},
      {Refusal::kRegisteredAlready, "462 alice :You may not reregister"},
      {Refusal::kRoomIsFull, "471 alice #bob :Cannot join channel (+l)"},
      {Refusal::kInviteOnly, "473 alice #bob :Cannot join channel (+i)"},
      {Refusal::kBanned, "474 alice #bob :Cannot join channel (+b)"},
      {Refusal::kWrongKey, "475 alice #bob :Cannot join channel (+k)"},
      {Refusal::kInvalidRoomName, "403 alice #bob :No channel can have this name"},
      {Refusal::kNotOperator, "482 alice #bob :You're not channel operator"},
      {Refusal::kNotInLobby, "482 alice #bob :Nobody can leave or change this channel"},
  };
  IrcClient client;
  client.log_in();
  for (const Case& c : cases) {
    Event event = refusal(c.refusal, "bob", "why: because");
    event.room = "dev";
    EXPECT_EQ(client.told(event), ":irc.test " + c.expected + "\r\n");
  }
}

TEST(IrcAnswer, RefusalWithoutANumeric_IsAStandardReply) {
  struct Case {
    Refusal refusal;
    std::string expected;
  };
  const std::vector<Case> cases{
      {Refusal::kTooFast, "FAIL * RATE_LIMITED :why: because"},
      {Refusal::kShuttingDown, "FAIL * SHUTTING_DOWN :why: because"},
      {Refusal::kInternal, "FAIL * INTERNAL_ERROR :why: because"},
      {Refusal::kGone, "FAIL * MESSAGES_GONE :why: because"},
      {Refusal::kForbidden, "FAIL * FORBIDDEN bob :why: because"},
      {Refusal::kNoRequest, "FAIL * FORBIDDEN bob :why: because"},
      {Refusal::kNoSuchSession, "FAIL * FORBIDDEN bob :why: because"},
      {Refusal::kBusy, "FAIL * FORBIDDEN bob :why: because"},
  };
  IrcClient client;
  client.log_in("standard-replies");
  IrcClient plain;
  plain.log_in();
  for (const Case& c : cases) {
    const Event event = refusal(c.refusal, "bob", "why: because");
    EXPECT_EQ(client.told(event), ":irc.test " + c.expected + "\r\n");
    EXPECT_EQ(plain.told(event), ":irc.test NOTICE alice :why: because\r\n");
  }
}

TEST(IrcAnswer, SubjectThatIsNoWord_IsMadeOne) {
  IrcClient client;
  client.log_in();
  const std::vector<std::pair<std::string, std::string>> said_and_shown{
      {"", "*"}, {"a b", "a?b"}, {":x", "?x"}, {"a\rb", "a b"}, {"::", "?:"}};
  for (const auto& [said, shown] : said_and_shown) {
    EXPECT_EQ(client.told(refusal(Refusal::kNoSuchName, said, "")),
              ":irc.test 401 alice " + shown + " :No such nick/channel\r\n");
  }
  EXPECT_EQ(client.told(refusal(Refusal::kNoSuchRoom, "#dev", "")),
            ":irc.test 403 alice #dev :No such channel\r\n");
  EXPECT_EQ(client.told(refusal(Refusal::kNoSuchRoom, "", "")),
            ":irc.test 403 alice # :No such channel\r\n");
}

}  // namespace
}  // namespace chat
