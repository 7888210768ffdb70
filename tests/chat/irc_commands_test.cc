#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/chat/irc_fixture.h"

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::StartsWith;

SeenCommand said(Verb verb, std::string target = {}, std::string text = {}, std::string peer = {}) {
  SeenCommand command;
  command.verb = verb;
  command.target = std::move(target);
  command.text = std::move(text);
  command.peer = std::move(peer);
  return command;
}

SeenCommand counted(SeenCommand command, std::uint32_t count) {
  command.count = count;
  return command;
}

struct Case {
  std::string line;
  SeenCommand expected;
};

const std::vector<Case>& commands_as_they_should_be() {
  static const std::vector<Case> cases{
      {"TOPIC #dev", said(Verb::kTopicOf, "dev")},
      {"TOPIC #dev :", said(Verb::kTopic, "dev")},
      {"TOPIC #dev :tea: at 5", said(Verb::kTopic, "dev", "tea: at 5")},
      {"NAMES", said(Verb::kNames)},
      {"NAMES #dev", said(Verb::kNames, "dev")},
      {"NAMES #dev,#b", said(Verb::kNames, "dev")},
      {"WHO", said(Verb::kWho)},
      {"WHO #dev", said(Verb::kWho, "#dev")},
      {"WHO #lobby %tcuhnfdar,743", said(Verb::kWho, "#lobby", "%tcuhnfdar,743")},
      {"WHO b*b o", said(Verb::kWho, "b*b", "o")},
      {"WHOIS bob", said(Verb::kWhois, "bob")},
      {"WHOIS irc.test bob", said(Verb::kWhois, "bob")},
      {"WHOWAS bob", said(Verb::kWhowas, "bob")},
      {"WHOWAS bob 3", counted(said(Verb::kWhowas, "bob"), 3)},
      {"WHOWAS bob -1", said(Verb::kWhowas, "bob")},
      {"LIST", said(Verb::kListRooms)},
      {"LIST >3,*dev*", said(Verb::kListRooms, "", ">3,*dev*")},
      {"MODE #dev", said(Verb::kMode, "dev")},
      {"MODE #dev b", said(Verb::kMode, "dev", "b")},
      {"MODE #dev +o-k bob :secret", said(Verb::kMode, "dev", "+o-k bob secret")},
      {"MODE alice +i", said(Verb::kMode, "", "+i", "alice")},
      {"MODE alice", said(Verb::kMode, "", "", "alice")},
      {"KICK #dev bob", said(Verb::kKick, "dev", "", "bob")},
      {"KICK #dev bob :spam: again", said(Verb::kKick, "dev", "spam: again", "bob")},
      {"INVITE bob #dev", said(Verb::kInvite, "dev", "", "bob")},
      {"AWAY", said(Verb::kAway)},
      {"AWAY :", said(Verb::kAway)},
      {"AWAY :tea time", said(Verb::kAway, "", "tea time")},
      {"ISON bob :carl dave", said(Verb::kIsOn, "", "bob carl dave")},
      {"USERHOST a b c d e f", said(Verb::kUserHost, "", "a b c d e f")},
      {"LUSERS", said(Verb::kCounts)},
      {"MOTD", said(Verb::kMotd)},
      {"MONITOR + bob,carl", said(Verb::kMonitor, "", "+ bob,carl")},
      {"MONITOR L", said(Verb::kMonitor, "", "L")},
      {"SETNAME :Alice B.", said(Verb::kRealName, "", "Alice B.")},
      {"setname Al", said(Verb::kRealName, "", "Al")},
  };
  return cases;
}

TEST(IrcCommands, Lines_BecomeCommands) {
  IrcClient client;
  client.log_in();
  for (const Case& c : commands_as_they_should_be()) {
    EXPECT_EQ(client.command(c.line), c.expected) << c.line;
  }
}

TEST(IrcCommands, MissingParameters_Are461) {
  IrcClient client;
  client.log_in();
  for (const std::string_view line :
       {"JOIN", "PART", "TOPIC", "MODE", "KICK #a", "INVITE bob", "ISON", "USERHOST", "MONITOR",
        "TAGMSG", "KICK #a :", "PART :"}) {
    const std::string name(line.substr(0, line.find(' ')));
    EXPECT_EQ(client.ask(line), ":irc.test 461 alice " + name + " :Not enough parameters\r\n")
        << line;
  }
}

TEST(IrcCommands, WhatIsNoRoom_Is403) {
  IrcClient client;
  client.log_in();
  for (const std::string_view line :
       {"TOPIC dev", "PART dev", "JOIN dev", "KICK dev bob", "INVITE bob dev"}) {
    EXPECT_EQ(client.ask(line), ":irc.test 403 alice dev :No such channel\r\n") << line;
  }
  for (const std::string_view line : {"MODE #", "PART #"}) {
    EXPECT_EQ(client.ask(line), ":irc.test 403 alice # :No such channel\r\n") << line;
  }
  EXPECT_EQ(client.ask("NAMES dev"), ":irc.test 366 alice dev :End of /NAMES list\r\n");
  EXPECT_EQ(client.ask("NAMES #"), ":irc.test 366 alice # :End of /NAMES list\r\n");
}

TEST(IrcCommands, MissingName_Is431) {
  IrcClient client;
  client.log_in();
  for (const std::string_view line : {"WHOIS", "WHOIS :", "WHOWAS", "NICK"}) {
    EXPECT_EQ(client.ask(line), ":irc.test 431 alice :No nickname given\r\n") << line;
  }
}

TEST(IrcCommands, Kick_TakesNamesOrPairs) {
  IrcClient client;
  client.log_in();
  const SeenCommand bob = said(Verb::kKick, "a", "x", "bob");
  EXPECT_THAT(client.commands_of("KICK #a bob,carl x"),
              ElementsAre(bob, said(Verb::kKick, "a", "x", "carl")));
  EXPECT_THAT(client.commands_of("KICK #a,#b bob,carl x"),
              ElementsAre(bob, said(Verb::kKick, "b", "x", "carl")));
  EXPECT_THAT(client.commands_of("KICK #a,#b bob x"), ElementsAre(bob));
  EXPECT_THAT(client.commands_of("KICK #a 1,2,3,4,5,6"), SizeIs(4));
}

TEST(IrcCommands, LongTexts_AreCut) {
  IrcClient client;
  client.log_in();
  const std::string text(450, 'x');
  EXPECT_EQ(client.command("TOPIC #dev :" + text).text.size(), 390U);
  EXPECT_EQ(client.command("AWAY :" + text).text.size(), 300U);
  EXPECT_EQ(client.command("KICK #dev bob :" + text).text.size(), 300U);
}

TEST(IrcCommands, RealNameThatIsNone_Fails) {
  IrcClient client;
  client.log_in();
  for (const std::string& line :
       {std::string("SETNAME"), std::string("SETNAME :"), "SETNAME :" + std::string(151, 'x')}) {
    EXPECT_EQ(client.ask(line),
              ":irc.test FAIL SETNAME INVALID_REALNAME :Realname is not valid\r\n");
  }
}

TEST(IrcCommands, WhatTheServerKnowsOfItself_IsAnswered) {
  IrcClient client;
  client.log_in();
  EXPECT_THAT(client.ask("VERSION"), StartsWith(":irc.test 351 alice reactor-chat-1 irc.test :\r\n"
                                                ":irc.test 005 alice NETWORK=TestNet "));
  EXPECT_EQ(client.ask("ADMIN"),
            ":irc.test 423 alice irc.test :No administrative info available\r\n");
  EXPECT_EQ(client.ask("INFO"),
            ":irc.test 371 alice :reactor-chat-1\r\n:irc.test 374 alice :End of /INFO list\r\n");
}

}  // namespace
}  // namespace chat
