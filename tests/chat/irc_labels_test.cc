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
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::string_view kWithLabels = "batch labeled-response message-tags";

Event numeric(std::string_view label, std::string_view text) {
  Event event;
  event.kind = EventKind::kAnswer;
  event.to.shard = 0;
  event.client_id = label;
  event.count = 311;
  event.text = text;
  return event;
}

Event end_of(std::string_view label) {
  Event event;
  event.kind = EventKind::kLabelEnd;
  event.to.shard = 0;
  event.client_id = label;
  return event;
}

TEST(IrcLabels, LabelledLine_IsSubmittedUnderItsLabel) {
  IrcClient client;
  client.log_in(kWithLabels);
  const std::vector<SeenCommand> commands = client.commands_of("@label=x7 JOIN #a,#b");
  ASSERT_THAT(commands, SizeIs(3));
  EXPECT_EQ(commands[2].verb, Verb::kLabelEnd);
  for (const SeenCommand& command : commands) {
    EXPECT_EQ(command.client_id, "x7");
  }
  EXPECT_TRUE(client.capabilities.back().labels);
}

TEST(IrcLabels, WithoutTheCapability_AreIgnored) {
  for (const std::string_view capabilities : {"", "labeled-response", "batch"}) {
    IrcClient client;
    client.log_in(capabilities);
    EXPECT_EQ(client.ask("@label=x7 PING a"), ":irc.test PONG irc.test :a\r\n");
    EXPECT_EQ(client.command("@label=x7 PRIVMSG bob :hi").client_id, "");
  }
}

TEST(IrcLabels, OneLine_CarriesTheLabel) {
  IrcClient client;
  client.log_in(kWithLabels);
  EXPECT_EQ(client.ask("@label=x7 PING a"), "@label=x7 :irc.test PONG irc.test :a\r\n");
  EXPECT_EQ(client.ask("@label=x8 NOPE"),
            "@label=x8 :irc.test 421 alice NOPE :Unknown command\r\n");
}

TEST(IrcLabels, LabelStandsAmongOtherTags) {
  IrcClient client;
  client.log_in(kWithLabels);
  Event echo;
  echo.kind = EventKind::kEcho;
  echo.to.shard = 0;
  echo.client_id = "x7";
  echo.id = 9;
  echo.subject = "alice";
  echo.origin = "~al@here";
  echo.room = "bob";
  echo.text = "hi";
  EXPECT_THAT(client.told(echo), IsEmpty());
  EXPECT_EQ(client.told(end_of("x7")), "@label=x7;msgid=9 :alice!~al@here PRIVMSG bob :hi\r\n");
}

TEST(IrcLabels, NoAnswer_IsAnAck) {
  IrcClient client;
  client.log_in(kWithLabels);
  EXPECT_EQ(client.ask("@label=x7 PONG a"), "@label=x7 :irc.test ACK\r\n");
  EXPECT_EQ(client.ask("@label=x8 NOTICE"), "@label=x8 :irc.test ACK\r\n");
}

TEST(IrcLabels, SeveralLines_AreABatch) {
  IrcClient client;
  client.log_in(kWithLabels);
  EXPECT_THAT(client.told(numeric("x7", "bob :1")), IsEmpty());
  EXPECT_THAT(client.told(numeric("x7", "bob :2")), IsEmpty());
  EXPECT_THAT(irc_lines(client.told(end_of("x7"))),
              ElementsAre("@label=x7 :irc.test BATCH +L1 labeled-response",
                          "@batch=L1 :irc.test 311 alice bob :1",
                          "@batch=L1 :irc.test 311 alice bob :2", ":irc.test BATCH -L1"));
  client.told(numeric("x7", "bob :1"));
  client.told(numeric("x7", "bob :2"));
  EXPECT_THAT(client.told(end_of("x7")),
              StartsWith("@label=x7 :irc.test BATCH +L2 labeled-response\r\n"));
}

TEST(IrcLabels, WhatAnswersNothing_IsToldAtOnce) {
  IrcClient client;
  client.log_in(kWithLabels);
  EXPECT_THAT(client.told(numeric("x7", "bob :1")), IsEmpty());
  EXPECT_EQ(client.told(numeric("", "carl :1")), ":irc.test 311 alice carl :1\r\n");
  EXPECT_EQ(client.told(end_of("x7")), "@label=x7 :irc.test 311 alice bob :1\r\n");
}

TEST(IrcLabels, LongAnswer_IsABatchThatBeginsBeforeItEnds) {
  IrcClient client;
  client.log_in(kWithLabels);
  const std::string text = ":" + std::string(400, 'x');
  std::string out;
  std::size_t told = 0;
  while (out.empty()) {
    out = client.told(numeric("x7", text));
    ++told;
    ASSERT_LE(told, 100U) << "all of it is held back";
  }
  const std::vector<std::string> lines = irc_lines(out);
  ASSERT_THAT(lines, SizeIs(told + 1));
  EXPECT_EQ(lines[0], "@label=x7 :irc.test BATCH +L1 labeled-response");
  EXPECT_THAT(lines.back(), StartsWith("@batch=L1 :irc.test 311 alice :xxx"));
  EXPECT_THAT(client.told(numeric("x7", ":more")), "@batch=L1 :irc.test 311 alice :more\r\n");
  EXPECT_EQ(client.told(end_of("x7")), ":irc.test BATCH -L1\r\n");
}

TEST(IrcLabels, AnswerWhoseEndIsLost_EndsWithTheNextOne) {
  IrcClient client;
  client.log_in(kWithLabels);
  client.told(numeric("x7", "bob :1"));
  EXPECT_EQ(client.told(numeric("x8", "bob :2")), "@label=x7 :irc.test 311 alice bob :1\r\n");
  EXPECT_EQ(client.told(end_of("x8")), "@label=x8 :irc.test 311 alice bob :2\r\n");
}

TEST(IrcLabels, LabelThatCanBeNone_IsIgnored) {
  IrcClient client;
  client.log_in(kWithLabels);
  const std::string longest(64, 'x');
  EXPECT_THAT(client.ask("@label=" + longest + " PING a"), StartsWith("@label=" + longest + " "));
  for (const std::string& label : {std::string(65, 'x'), std::string("a\rb"), std::string()}) {
    EXPECT_EQ(client.ask("@label=" + label + " PING a"), ":irc.test PONG irc.test :a\r\n");
  }
}

TEST(IrcLabels, LineThatIsNoText_IsAnsweredUnderItsLabel) {
  IrcClient client;
  client.log_in(kWithLabels);
  EXPECT_EQ(client.ask("@label=x7 PRIVMSG bob :\xAA"),
            "@label=x7 :irc.test FAIL PRIVMSG INVALID_UTF8 :Message rejected: it is not UTF-8\r\n");
  EXPECT_THAT(client.ask("@label=\xAA PING a"), StartsWith(":irc.test FAIL PING INVALID_UTF8 :"));
}

TEST(IrcLabels, EscapedLabel_ComesBackAsItStood) {
  IrcClient client;
  client.log_in(kWithLabels);
  EXPECT_EQ(client.ask("@label=a\\:b\\s\\\\ PING a"),
            "@label=a\\:b\\s\\\\ :irc.test PONG irc.test :a\r\n");
}

TEST(IrcLabels, Request_IsAnsweredUnderItsLabelEvenIfItEndsLabels) {
  IrcClient client;
  client.log_in(kWithLabels);
  EXPECT_EQ(client.ask("@label=x7 CAP REQ :-batch"),
            "@label=x7 :irc.test CAP alice ACK :-batch\r\n");
  EXPECT_EQ(client.ask("@label=x8 PING a"), ":irc.test PONG irc.test :a\r\n");
}

}  // namespace
}  // namespace chat
