#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/chat/irc_fixture.h"

// Whole sessions, line by line as irssi 1.4, WeeChat 3.8 and irc-framework 4.14 send them: what
// each line becomes, and what it is answered by the codec alone.
namespace chat {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::string_view kOffered =
    ":irc.test CAP * LS :account-tag away-notify batch cap-notify echo-message extended-join "
    "invite-notify labeled-response message-tags multi-prefix server-time setname "
    "standard-replies userhost-in-names\r\n";
constexpr std::string_view kWelcome = ":irc.test 001 ";

struct Step {
  std::string_view line;
  std::vector<Verb> becomes;
  std::string_view answer_begins = {};
  std::string_view target = {};  // of the first command
  std::string_view text = {};
};

void walk(const std::vector<Step>& steps) {
  IrcClient client;
  std::size_t number = 0;
  for (const Step& step : steps) {
    SCOPED_TRACE("line " + std::to_string(++number) + ": " + std::string(step.line));
    client.commands.clear();
    const std::string answer = client.ask(step.line);
    std::vector<Verb> verbs;
    for (const SeenCommand& command : client.commands) {
      verbs.push_back(command.verb);
    }
    EXPECT_THAT(verbs, ElementsAreArray(step.becomes));
    EXPECT_THAT(answer, StartsWith(std::string(step.answer_begins)));
    if (step.answer_begins.empty()) {
      EXPECT_THAT(answer, IsEmpty());
    }
    if (!step.target.empty() || !step.text.empty()) {
      ASSERT_FALSE(client.commands.empty());
      EXPECT_EQ(client.commands[0].target, step.target);
      EXPECT_EQ(client.commands[0].text, step.text);
    }
  }
}

TEST(IrcSession, Irssi) {
  using enum Verb;
  walk({
      {"CAP LS 302", {kAnswer}, kOffered},
      {"JOIN :", {kReject}, ":irc.test 451 * :You have not registered\r\n"},
      {"CAP REQ :multi-prefix extended-join setname invite-notify away-notify server-time",
       {kHello},
       ":irc.test CAP * ACK :multi-prefix extended-join setname invite-notify away-notify "
       "server-time\r\n"},
      {"CAP END", {}},
      {"NICK tester", {}},
      {"USER root root 127.0.0.1 :root", {kRegister}, kWelcome, "tester", "root"},
      {"MODE tester +i", {kMode}, "", "", "+i"},
      {"MODE #lobby", {kMode}, "", "lobby", ""},
      {"WHO #lobby %tcuhnfdar,743", {kWho}, "", "#lobby", "%tcuhnfdar,743"},
      {"MODE #lobby b", {kMode}, "", "lobby", "b"},
      {"PING irc.test", {kPing}, ":irc.test PONG irc.test :irc.test\r\n"},
      {"PONG :irc.test", {}},
      {"JOIN #dev", {kJoin}, "", "dev", ""},
      {"PRIVMSG #dev :\x01"
       "ACTION waves\x01",
       {kSay},
       "",
       "dev",
       "\x01"
       "ACTION waves\x01"},
      {"WHOIS bob bob", {kWhois}, "", "bob", ""},
      {"TOPIC #dev :tea", {kTopic}, "", "dev", "tea"},
      {"PART #dev ", {kPart}, "", "dev", ""},
      {"QUIT :leaving", {kQuit}, "", "", "leaving"},
  });
}

TEST(IrcSession, WeeChat) {
  using enum Verb;
  walk({
      {"CAP LS 302", {kAnswer}, kOffered},
      {"NICK wtester", {}},
      {"USER root 0 * :root", {}},
      {"CAP REQ :away-notify cap-notify extended-join invite-notify message-tags multi-prefix "
       "server-time setname userhost-in-names",
       {kHello},
       ":irc.test CAP * ACK :away-notify cap-notify extended-join invite-notify message-tags "
       "multi-prefix server-time setname userhost-in-names\r\n"},
      {"CAP END", {kRegister}, kWelcome, "wtester", "root"},
      {"MODE #lobby", {kMode}, "", "lobby", ""},
      {"WHO #lobby %cuhsnfdar", {kWho}, "", "#lobby", "%cuhsnfdar"},
      {"JOIN #dev secret", {kJoin}, "", "dev", "secret"},
      {"@+typing=active TAGMSG #dev", {kTagMessage}, "", "#dev", ""},
      {"PRIVMSG bob :hi there", {kDirect}, "", "bob", "hi there"},
      {"AWAY :tea", {kAway}, "", "", "tea"},
      {"NICK taken", {kRename}, "", "taken", ""},
      {"QUIT :WeeChat 3.8", {kQuit}, "", "", "WeeChat 3.8"},
  });
}

TEST(IrcSession, IrcFramework) {
  using enum Verb;
  walk({
      {"CAP LS 302", {kAnswer}, kOffered},
      {"NICK taken", {}},
      {"USER fw 0 * Fw", {}},
      {"CAP REQ :account-tag away-notify batch cap-notify echo-message extended-join invite-notify "
       "message-tags multi-prefix server-time setname userhost-in-names",
       {kHello},
       ":irc.test CAP * ACK :account-tag away-notify batch cap-notify echo-message extended-join "
       "invite-notify message-tags multi-prefix server-time setname userhost-in-names\r\n"},
      {"CAP END", {kRegister}, ":irc.test 433 * taken :Nickname is already in use\r\n"},
      {"NICK fw", {kRegister}, kWelcome, "fw", "Fw"},
      {"PING 1795420381920", {kPing}, ":irc.test PONG irc.test :1795420381920\r\n"},
      {"JOIN #a", {kJoin}, "", "a", ""},
      {"PRIVMSG #a hi", {kSay}, "", "a", "hi"},
      // What a program on top of it may ask for.
      {"CAP REQ :labeled-response", {kHello}, ":irc.test CAP fw ACK :labeled-response\r\n"},
      {"@label=7 PING x", {kPing, kLabelEnd}, "@label=7 :irc.test PONG irc.test :x\r\n"},
      {"@label=8 NOTICE bob :hi", {kDirect, kLabelEnd}, "@label=8 :irc.test ACK\r\n", "bob", "hi"},
      {"WHOIS bob", {kWhois}, "", "bob", ""},
      {"QUIT bye", {kQuit}, "", "", "bye"},
  });
}

}  // namespace
}  // namespace chat
