#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
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

SeenCommand said(Verb verb, std::string target = {}, std::string text = {}) {
  SeenCommand command;
  command.verb = verb;
  command.target = std::move(target);
  command.text = std::move(text);
  return command;
}

SeenCommand too_long() {
  SeenCommand command = said(Verb::kReject, "", "Input line was too long");
  command.refusal = Refusal::kTooLong;
  return command;
}

TEST(IrcCodec, Messages_GoToRoomsAndNames) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.command("PRIVMSG #dev :hi: all"), said(Verb::kSay, "dev", "hi: all"));
  EXPECT_EQ(client.command("privmsg bob hi"), said(Verb::kDirect, "bob", "hi"));
  SeenCommand notice = said(Verb::kSay, "dev", "beep");
  notice.notice = true;
  EXPECT_EQ(client.command("NOTICE #dev :beep"), notice);
  EXPECT_THAT(client.commands_of("PRIVMSG #dev,bob,#x :hi"),
              ElementsAre(said(Verb::kSay, "dev", "hi"), said(Verb::kDirect, "bob", "hi"),
                          said(Verb::kSay, "x", "hi")));
}

TEST(IrcCodec, MessagesThatAreNone_AreRefused) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.ask("PRIVMSG"), ":irc.test 411 alice :No recipient given (PRIVMSG)\r\n");
  EXPECT_EQ(client.ask("PRIVMSG #dev"), ":irc.test 412 alice :No text to send\r\n");
  EXPECT_EQ(client.ask("PRIVMSG #dev :"), ":irc.test 412 alice :No text to send\r\n");
  EXPECT_EQ(client.ask("PRIVMSG a,b,c,d,e :hi"),
            ":irc.test 407 alice a,b,c,d,e :Too many targets\r\n");
  for (const std::string_view line : {"NOTICE", "NOTICE #dev", "NOTICE a,b,c,d,e :hi"}) {
    EXPECT_THAT(client.commands_of(line), IsEmpty()) << line;
  }
}

TEST(IrcCodec, Join_TakesRoomsWithTheirKeys) {
  IrcClient client;
  client.log_in();
  EXPECT_THAT(client.commands_of("JOIN #a,#b,#c k1,,k3"),
              ElementsAre(said(Verb::kJoin, "a", "k1"), said(Verb::kJoin, "b"),
                          said(Verb::kJoin, "c", "k3")));
  EXPECT_EQ(client.command("JOIN 0"), said(Verb::kPart));
  EXPECT_EQ(client.ask("JOIN dev"), ":irc.test 403 alice dev :No such channel\r\n");
  EXPECT_EQ(client.ask("JOIN"), ":irc.test 461 alice JOIN :Not enough parameters\r\n");
  EXPECT_EQ(client.ask("JOIN :"), ":irc.test 461 alice JOIN :Not enough parameters\r\n");
}

TEST(IrcCodec, Part_TakesRoomsAndAReason) {
  IrcClient client;
  client.log_in();
  EXPECT_THAT(client.commands_of("PART #a,#b :tea time"),
              ElementsAre(said(Verb::kPart, "a", "tea time"), said(Verb::kPart, "b", "tea time")));
  EXPECT_EQ(client.ask("PART #"), ":irc.test 403 alice # :No such channel\r\n");
  EXPECT_EQ(client.ask("PART dev"), ":irc.test 403 alice dev :No such channel\r\n");
}

TEST(IrcCodec, Quit_CarriesItsReason) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.command("QUIT :tea time"), said(Verb::kQuit, "", "tea time"));
  EXPECT_EQ(client.command("QUIT"), said(Verb::kQuit));
}

TEST(IrcCodec, Ping_IsAnswered) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.ask("PING :a b"), ":irc.test PONG irc.test :a b\r\n");
  EXPECT_EQ(client.ask("PING"), ":irc.test 409 alice :No origin specified\r\n");
  EXPECT_EQ(client.ask("PING :"), ":irc.test 409 alice :No origin specified\r\n");
}

TEST(IrcCodec, LongestPing_IsAnsweredInALineThatIsNotTooLong) {
  IrcClient client;
  client.log_in();
  const std::string answer = client.ask("PING " + std::string(505, 'x'));
  EXPECT_EQ(answer.size(), 512U);
  EXPECT_THAT(answer, StartsWith(":irc.test PONG irc.test :" + std::string(450, 'x')));
}

TEST(IrcCodec, ServersPing_IsAnsweredWithSilence) {
  IrcClient client;
  client.log_in();
  std::string out;
  EXPECT_TRUE(client.codec.ping(out));
  EXPECT_EQ(out, "PING :irc.test\r\n");
  EXPECT_THAT(client.commands_of("PONG :irc.test"), IsEmpty());
}

TEST(IrcCodec, UnknownCommand_Is421) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.ask("NOPE a b"), ":irc.test 421 alice NOPE :Unknown command\r\n");
  const std::string answer = client.ask(std::string(100, 'x'));
  EXPECT_EQ(answer, ":irc.test 421 alice " + std::string(32, 'x') + " :Unknown command\r\n");
}

TEST(IrcCodec, BlankLines_AreIgnored) {
  IrcClient client;
  client.log_in();
  for (const std::string_view line : {"", "  ", "@a=b", ":alice"}) {
    EXPECT_THAT(client.commands_of(line), IsEmpty()) << line;
  }
}

TEST(IrcCodec, LineThatIsNoText_IsRefusedByCommand) {
  using namespace std::string_literals;
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.ask("privmsg bob :hi\xAA"),
            ":irc.test FAIL PRIVMSG INVALID_UTF8 :Message rejected: it is not UTF-8\r\n");
  EXPECT_EQ(client.ask("\xFF\xFE"),
            ":irc.test FAIL * INVALID_UTF8 :Message rejected: it is not UTF-8\r\n");
  EXPECT_EQ(client.ask("PRIVMSG bob :a\0b"s),
            ":irc.test FAIL PRIVMSG INVALID_UTF8 :Message rejected: it is not UTF-8\r\n");
}

TEST(IrcCodec, LineOfTheGreatestLength_IsTaken) {
  IrcClient client;
  client.log_in();
  const std::string longest = "PRIVMSG bob :" + std::string(497, 'x');
  ASSERT_EQ(longest.size(), 510U);
  EXPECT_EQ(client.command(longest).text, std::string(497, 'x'));
  EXPECT_THAT(client.commands_of(longest + "x"), ElementsAre(too_long()));
  EXPECT_EQ(client.ask(longest + "x"), ":irc.test 417 alice :Input line was too long\r\n");
  EXPECT_EQ(client.command("PING a").text, "a");
}

TEST(IrcCodec, Tags_HaveTheirOwnLength) {
  IrcClient client;
  client.log_in("message-tags");
  const std::string tags = "@foo=bar;+baz=" + std::string(4'081, 'a');
  const std::string longest = " PRIVMSG bob :" + std::string(497, 'x');
  ASSERT_EQ(tags.size(), 4'095U);
  EXPECT_EQ(client.command(tags + longest).tags, "+baz=" + std::string(4'081, 'a'));
  EXPECT_THAT(client.commands_of(tags + "a TAGMSG bob"), ElementsAre(too_long()));
  EXPECT_THAT(client.commands_of(tags + longest + "x"), ElementsAre(too_long()));
  EXPECT_THAT(client.commands_of("@" + std::string(9'000, 'a')), ElementsAre(too_long()));
}

TEST(IrcCodec, LimitForLines_BindsIrcToo) {
  IrcClient client;
  client.limits.line_bytes_max = 64;
  client.log_in();
  EXPECT_THAT(client.commands_of(std::string(64, 'x')), SizeIs(1));
  EXPECT_THAT(client.commands_of("PING " + std::string(60, 'x')), ElementsAre(too_long()));
  EXPECT_THAT(client.commands_of("@" + std::string(64, 'x') + " PING x"), ElementsAre(too_long()));
}

TEST(IrcCodec, TooLongLineInOneBytePieces_IsNotKept) {
  IrcClient client;
  client.log_in();
  for (const char c : std::string(20'000, '\xFF')) {
    client.send({&c, 1});
    ASSERT_LE(client.pending.size(), 511U);
  }
  EXPECT_THAT(client.commands, IsEmpty()) << "answered before its end";
  client.send("\nPING a\n");
  EXPECT_THAT(client.commands, ElementsAre(too_long(), said(Verb::kPing, "", "a")));
  EXPECT_THAT(client.wire_bytes, ElementsAre(20'001U, 7U));
}

TEST(IrcCodec, WireBytes_AreCountedOncePerLine) {
  IrcClient client;
  client.log_in();
  client.commands_of("JOIN #a,#b");
  EXPECT_THAT(client.wire_bytes, ElementsAre(12U, 0U));
}

TEST(IrcCodec, SinkThatWantsNoMore_StopsBehindThatLine) {
  IrcClient client;
  client.log_in();
  client.commands_max = 2;
  client.send("JOIN #a,#b,#c\r\nPING a\r\n");
  EXPECT_THAT(client.commands,
              ElementsAre(said(Verb::kJoin, "a"), said(Verb::kJoin, "b"), said(Verb::kJoin, "c")));
  EXPECT_EQ(client.pending, "PING a\r\n");
}

TEST(IrcCodec, ClientTags_AreHandedOnAsTheyStand) {
  IrcClient client;
  client.log_in("message-tags");
  EXPECT_EQ(client.command("@+a=b\\:c;+d;+e/f.g=  PRIVMSG bob :hi").tags, "+a=b\\:c;+d;+e/f.g=");
  EXPECT_EQ(client.command("@x=1;+a=b;;label=y;+c;+;+=z PRIVMSG bob :hi").tags, "+a=b;+c");
  EXPECT_EQ(client.command("@x=1 PRIVMSG bob :hi").tags, "");
  EXPECT_EQ(client.command("@+a=\rb;+c PRIVMSG bob :hi").tags, "+c");
  SeenCommand tag_message = said(Verb::kTagMessage, "#dev");
  tag_message.tags = "+typing=active";
  EXPECT_EQ(client.command("@+typing=active TAGMSG #dev"), tag_message);
}

TEST(IrcCodec, ClientTags_AreForWhoKnowsThem) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.command("@+a=b PRIVMSG bob :hi").tags, "");
  EXPECT_THAT(client.ask("@+a=b TAGMSG bob"), StartsWith(":irc.test 421 alice TAGMSG :"));
}

std::vector<std::string> conversations() {
  const std::string longest(510, 'y');
  return {
      "CAP LS 302\r\nNICK alice\r\nUSER al 0 * :Alice\r\nCAP REQ :batch labeled-response "
      "message-tags\r\nCAP END\r\nJOIN #a,#b k\r\n@label=1;+x=y PRIVMSG #a,bob :\xE2\x82\xAC\r\n"
      "@label=2 NOPE\r\nQUIT\r\n",
      "\n\r\n\r\r\n  \nNICK\nUSER a b c d\nnick x\nPING :\xFF\n@label=1 PING 1\nPRIVMSG x :a\rb\n",
      longest + "\n" + longest + "\r\n" + longest + "z\n" + longest + "z\r\n" + longest +
          "\rz\nPING 1\n@a=b " + longest + "\n@a=b " + longest + "z\n@" + std::string(4'095, 'a') +
          "\n@" + std::string(4'096, 'a') + "\nPING 2\n@a=",
  };
}

void expect_same(const IrcClient& split, const IrcClient& whole, const std::string& how) {
  ASSERT_EQ(split.commands, whole.commands) << how;
  ASSERT_EQ(split.wire_bytes, whole.wire_bytes) << how;
  ASSERT_EQ(split.output, whole.output) << how;
  ASSERT_EQ(split.pending, whole.pending) << how;
  ASSERT_EQ(split.codec.format(), whole.codec.format()) << how;
}

TEST(IrcCodec, EverySplitInTwo_GivesTheSame) {
  for (const std::string& bytes : conversations()) {
    IrcClient whole;
    whole.send(bytes);
    ASSERT_FALSE(whole.commands.empty());
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      IrcClient split;
      split.send(std::string_view(bytes).substr(0, at));
      split.send(std::string_view(bytes).substr(at));
      ASSERT_NO_FATAL_FAILURE(expect_same(split, whole, "split at " + std::to_string(at)));
    }
  }
}

TEST(IrcCodec, AnySplitInMany_GivesTheSame) {
  for (const std::string& bytes : conversations()) {
    IrcClient whole;
    whole.send(bytes);
    for (std::uint32_t seed = 1; seed <= 100; ++seed) {
      std::mt19937 random(seed);
      std::uniform_int_distribution<std::size_t> piece_bytes(0, seed % 2 == 0 ? 3 : 700);
      IrcClient split;
      for (std::string_view rest = bytes; !rest.empty();) {
        const std::size_t size = std::min(piece_bytes(random), rest.size());
        split.send(rest.substr(0, size));
        rest.remove_prefix(size);
      }
      ASSERT_NO_FATAL_FAILURE(expect_same(split, whole, "seed " + std::to_string(seed)));
    }
  }
}

}  // namespace
}  // namespace chat
