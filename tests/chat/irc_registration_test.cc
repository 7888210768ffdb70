#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "chat/protocol/irc_isupport.h"
#include "tests/chat/irc_fixture.h"

namespace chat {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::string_view kAllCapabilities =
    "account-tag away-notify batch cap-notify echo-message extended-join invite-notify "
    "labeled-response message-tags multi-prefix server-time setname standard-replies "
    "userhost-in-names";

TEST(IrcRegistration, NameThatIsNone_IsRefusedAtOnce) {
  IrcClient client;
  client.send("CAP LS 302\r\n");
  EXPECT_EQ(client.ask("NICK 1st"), ":irc.test 432 * 1st :Erroneous nickname\r\n");
  EXPECT_EQ(client.ask("NICK alice"), "");
  client.ask("USER al 0 * :Alice");
  EXPECT_THAT(client.ask("CAP END"), testing::StartsWith(":irc.test 001 alice :"));
}

TEST(IrcRegistration, NickAndUser_RegisterInEitherOrder) {
  for (const std::string_view bytes :
       {"NICK alice\r\nUSER al 0 * :Alice A.\r\n", "user al 0 * :Alice A.\nnick alice\n"}) {
    IrcClient client;
    client.send(bytes);
    ASSERT_THAT(client.commands, SizeIs(1));
    const SeenCommand& command = client.commands[0];
    EXPECT_EQ(command.verb, Verb::kRegister);
    EXPECT_EQ(command.target, "alice");
    EXPECT_EQ(command.user, "~al");
    EXPECT_EQ(command.text, "Alice A.");
    EXPECT_TRUE(client.capabilities[0].irc);
    EXPECT_FALSE(client.capabilities[0].echo || client.capabilities[0].labels);
  }
}

TEST(IrcRegistration, Welcome_SaysWhereOneIs) {
  IrcClient client;
  client.send("NICK alice\r\nUSER al 0 * :Alice A.\r\n");
  const std::vector<std::string> lines = irc_lines(client.output);
  ASSERT_THAT(lines, SizeIs(testing::Ge(5U)));
  EXPECT_EQ(lines[0], ":irc.test 001 alice :Welcome to the TestNet Network, alice!~al@here");
  EXPECT_EQ(lines[1], ":irc.test 002 alice :Your host is irc.test, running version reactor-chat-1");
  EXPECT_EQ(lines[2], ":irc.test 003 alice :This server was created 2023-11-14 22:13:20 UTC");
  EXPECT_EQ(lines[3], ":irc.test 004 alice irc.test reactor-chat-1 i beIiklmnostv beIklov");
  EXPECT_THAT(lines[4], StartsWith(":irc.test 005 alice NETWORK=TestNet CASEMAPPING=ascii "));
}

TEST(IrcRegistration, Isupport_TellsTheLimitsInForce) {
  IrcClient client;
  client.limits.name_length_max = 9;
  client.limits.room_name_length_max = 20;
  client.limits.rooms_per_client_max = 7;
  client.limits.room_list_max = 11;
  client.limits.monitor_max = 13;
  client.send("NICK alice\r\nUSER al 0 * :Alice A.\r\n");
  std::string tokens;
  for (const std::string& line : irc_lines(client.output)) {
    if (line.starts_with(":irc.test 005 alice ")) {
      EXPECT_THAT(line, testing::EndsWith(" :are supported by this server"));
      const std::string here = line.substr(20, line.find(" :are") - 20);
      EXPECT_LE(std::ranges::count(here, ' ') + 1, 13);
      tokens += here + " ";
    }
  }
  for (const std::string_view token :
       {"CASEMAPPING=ascii",
        "CHANTYPES=#",
        "PREFIX=(ov)@+",
        "CHANMODES=beI,k,l,imnst",
        "NICKLEN=9",
        "CHANNELLEN=21",
        "CHANLIMIT=#:7",
        "USERLEN=16",
        "TOPICLEN=390",
        "KICKLEN=300",
        "AWAYLEN=300",
        "NAMELEN=150",
        "KEYLEN=32",
        "MODES=4",
        "MAXLIST=beI:11",
        "MONITOR=13",
        "MAXTARGETS=4",
        "EXCEPTS=e",
        "INVEX=I",
        "ELIST=MNU",
        "UTF8ONLY",
        "WHOX",
        "TARGMAX=PRIVMSG:4,NOTICE:4,TAGMSG:4,KICK:4,JOIN:,PART:,NAMES:1,WHOIS:1"}) {
    EXPECT_THAT(tokens, HasSubstr(std::string(token) + " "));
  }
}

TEST(IrcRegistration, NetworkWithSpaces_IsOneToken) {
  ServerInfo server = irc_server();
  server.network = "A b c";
  EXPECT_THAT(irc_isupport(Limits(), server).front(), StartsWith("NETWORK=A\\x20b\\x20c CASE"));
}

TEST(IrcRegistration, User_IsMadeHarmlessAndShort) {
  const std::vector<std::pair<std::string, std::string>> said_and_shown{
      {"al", "~al"},
      {"a!l@x*y?z,", "~alxyz"},
      {"~al", "~al"},
      {std::string(40, 'x'), "~" + std::string(15, 'x')},
      {"\xC3\xA9\xC3\xA9", "~user"},
  };
  for (const auto& [said, shown] : said_and_shown) {
    IrcClient client;
    client.send("NICK alice\r\nUSER " + said + " 0 * :Alice\r\n");
    ASSERT_THAT(client.commands, SizeIs(1));
    EXPECT_EQ(client.commands[0].user, shown);
  }
}

TEST(IrcRegistration, RealName_IsCutBetweenCharacters) {
  std::string said = "x";
  for (int i = 0; i < 75; ++i) {
    said += "\xC3\xA9";
  }
  IrcClient client;
  client.send("NICK alice\r\nUSER al 0 * :" + said + "\r\n");
  ASSERT_THAT(client.commands, SizeIs(1));
  EXPECT_EQ(client.commands[0].text, said.substr(0, 149));
}

TEST(IrcRegistration, MissingParameters_AreToldByCommand) {
  IrcClient client;
  for (const std::string_view line : {"USER", "USER al 0 *", "USER al 0 * :", "USER :"}) {
    EXPECT_EQ(client.ask(line), ":irc.test 461 * USER :Not enough parameters\r\n") << line;
  }
  EXPECT_EQ(client.ask("PASS"), ":irc.test 461 * PASS :Not enough parameters\r\n");
  EXPECT_EQ(client.ask("NICK"), ":irc.test 431 * :No nickname given\r\n");
  EXPECT_EQ(client.ask("NICK :"), ":irc.test 431 * :No nickname given\r\n");
}

TEST(IrcRegistration, Password_IsAcceptedAndForgotten) {
  IrcClient client;
  EXPECT_THAT(client.ask("PASS secret"), IsEmpty());
  EXPECT_THAT(client.commands, IsEmpty());
  client.log_in();
  EXPECT_EQ(client.ask("PASS secret"), ":irc.test 462 alice :You may not reregister\r\n");
}

TEST(IrcRegistration, TakenName_LeavesEverythingElseAndWaitsForAnother) {
  IrcClient client;
  client.send("NICK taken\r\n");
  EXPECT_EQ(client.ask("USER al 0 * :Alice A."),
            ":irc.test 433 * taken :Nickname is already in use\r\n");
  EXPECT_THAT(client.ask("CAP END"), IsEmpty());
  const std::string welcome = client.ask("NICK alice");
  EXPECT_THAT(welcome, StartsWith(":irc.test 001 alice :Welcome"));
  EXPECT_EQ(client.commands.back().text, "Alice A.");
}

TEST(IrcRegistration, NamePastTheFirst_IsSentThereToo) {
  IrcClient client;
  client.taken_name = "nobody-answers";
  client.send("NICK first\r\nNICK second\r\nUSER al 0 * :Alice A.\r\n");
  ASSERT_THAT(client.commands, SizeIs(1));
  EXPECT_EQ(client.commands[0].target, "second");
}

TEST(IrcRegistration, EverythingElse_Is451Before) {
  IrcClient client;
  for (const std::string_view line : {"JOIN #a", "JOIN :", "PRIVMSG bob :hi", "VERSION", "MOTD"}) {
    EXPECT_EQ(client.ask(line), ":irc.test 451 * :You have not registered\r\n") << line;
  }
  EXPECT_EQ(client.ask("PING :x"), ":irc.test PONG irc.test :x\r\n");
  EXPECT_THAT(client.ask("PONG :x"), IsEmpty());
  EXPECT_EQ(client.command("QUIT :bye").verb, Verb::kQuit);
}

TEST(IrcRegistration, WhatFollowsAtOnce_GoesToTheHub) {
  IrcClient client;
  client.send("NICK taken\r\nUSER al 0 * :Alice A.\r\nJOIN #a\r\n");
  ASSERT_THAT(client.commands, SizeIs(2));
  EXPECT_EQ(client.commands[1].verb, Verb::kJoin);
}

TEST(IrcRegistration, Afterwards_NickRenamesAndUserIsRefused) {
  IrcClient client;
  client.log_in();
  const SeenCommand command = client.command("NICK alison");
  EXPECT_EQ(command.verb, Verb::kRename);
  EXPECT_EQ(command.target, "alison");
  EXPECT_EQ(client.ask("USER al 0 * :x"), ":irc.test 462 alice :You may not reregister\r\n");
}

TEST(IrcCap, Ls_ListsEverythingAndSuspendsRegistration) {
  IrcClient client;
  EXPECT_EQ(client.ask("CAP LS 302"),
            ":irc.test CAP * LS :" + std::string(kAllCapabilities) + "\r\n");
  EXPECT_THAT(client.ask("NICK alice"), IsEmpty());
  EXPECT_THAT(client.ask("USER al 0 * :Alice"), IsEmpty());
  EXPECT_THAT(client.ask("CAP END"), StartsWith(":irc.test 001 alice"));
}

TEST(IrcCap, Req_SuspendsRegistrationToo) {
  IrcClient client;
  EXPECT_EQ(client.ask("CAP REQ :server-time"), ":irc.test CAP * ACK :server-time\r\n");
  EXPECT_THAT(client.ask("NICK alice"), IsEmpty());
  EXPECT_THAT(client.ask("USER al 0 * :Alice"), IsEmpty());
  EXPECT_THAT(client.ask("cap end"), StartsWith(":irc.test 001 alice"));
}

TEST(IrcCap, EverythingOffered_IsGranted) {
  IrcClient client;
  const std::string all(kAllCapabilities);
  EXPECT_EQ(client.ask("CAP REQ :" + all), ":irc.test CAP * ACK :" + all + "\r\n");
  EXPECT_EQ(client.ask("CAP LIST"), ":irc.test CAP * LIST :" + all + "\r\n");
  const Capabilities& capabilities = client.capabilities.back();
  EXPECT_TRUE(capabilities.irc && capabilities.echo && capabilities.labels &&
              capabilities.multi_prefix && capabilities.userhost_in_names);
  EXPECT_EQ(client.codec.format().features,
            WireFormat::kMessageTags | WireFormat::kServerTime | WireFormat::kExtendedJoin |
                WireFormat::kAwayNotify | WireFormat::kSetName | WireFormat::kInviteNotify);
}

TEST(IrcCap, Req_IsTakenWholeOrNotAtAll) {
  IrcClient client;
  EXPECT_EQ(client.ask("CAP REQ :foo multi-prefix bar"),
            ":irc.test CAP * NAK :foo multi-prefix bar\r\n");
  EXPECT_EQ(client.ask("CAP REQ :multi-prefix -bar"), ":irc.test CAP * NAK :multi-prefix -bar\r\n");
  EXPECT_EQ(client.ask("CAP REQ :Multi-Prefix"), ":irc.test CAP * NAK :Multi-Prefix\r\n");
  EXPECT_EQ(client.ask("CAP LIST"), ":irc.test CAP * LIST :\r\n");
  EXPECT_EQ(client.ask("CAP REQ :multi-prefix server-time  "),
            ":irc.test CAP * ACK :multi-prefix server-time\r\n");
  EXPECT_EQ(client.ask("CAP REQ :-multi-prefix -batch"),
            ":irc.test CAP * ACK :-multi-prefix -batch\r\n");
  EXPECT_EQ(client.ask("CAP LIST"), ":irc.test CAP * LIST :server-time\r\n");
}

TEST(IrcCap, RequestThatNoAnswerHasRoomFor_IsRefused) {
  IrcClient client;
  std::string request = "batch";
  while (request.size() < 400) {
    request += " batch";
  }
  EXPECT_THAT(client.ask("CAP REQ :" + request), StartsWith(":irc.test CAP * NAK :batch batch"));
}

TEST(IrcCap, AfterRegistration_TheHubHearsOfIt) {
  IrcClient client;
  client.log_in();
  EXPECT_EQ(client.ask("CAP REQ :echo-message"), ":irc.test CAP alice ACK :echo-message\r\n");
  EXPECT_EQ(client.commands.back().verb, Verb::kHello);
  EXPECT_TRUE(client.capabilities.back().echo);
  EXPECT_EQ(client.ask("CAP LIST"), ":irc.test CAP alice LIST :echo-message\r\n");
  EXPECT_THAT(client.ask("CAP END"), IsEmpty());
}

TEST(IrcCap, Labels_NeedBatches) {
  IrcClient client;
  client.ask("CAP REQ :labeled-response");
  EXPECT_FALSE(client.capabilities.back().labels);
  client.ask("CAP REQ :batch");
  EXPECT_TRUE(client.capabilities.back().labels);
}

TEST(IrcCap, Version302_BringsNoticesThatStay) {
  IrcClient client;
  client.ask("CAP LS 302");
  EXPECT_EQ(client.ask("CAP LIST"), ":irc.test CAP * LIST :cap-notify\r\n");
  EXPECT_EQ(client.ask("CAP REQ :-cap-notify"), ":irc.test CAP * NAK :-cap-notify\r\n");
  EXPECT_EQ(client.ask("CAP REQ :cap-notify"), ":irc.test CAP * ACK :cap-notify\r\n");
  IrcClient older;
  older.ask("CAP LS");
  EXPECT_EQ(older.ask("CAP REQ :cap-notify"), ":irc.test CAP * ACK :cap-notify\r\n");
  EXPECT_EQ(older.ask("CAP REQ :-cap-notify"), ":irc.test CAP * ACK :-cap-notify\r\n");
}

TEST(IrcCap, Sts_IsOfferedWithItsValueAndNeverGranted) {
  ServerInfo server = irc_server();
  server.sts = "port=6697";
  IrcClient client(server);
  EXPECT_THAT(client.ask("CAP LS 302"), HasSubstr(" sts=port=6697\r\n"));
  EXPECT_THAT(client.ask("CAP LS 307"), HasSubstr(" sts=port=6697\r\n"));
  EXPECT_THAT(client.ask("CAP LS"), Not(HasSubstr("=")));
  EXPECT_EQ(client.ask("CAP REQ :sts"), ":irc.test CAP * NAK :sts\r\n");
}

TEST(IrcCap, UnknownSubcommand_Is410) {
  IrcClient client;
  EXPECT_EQ(client.ask("CAP FOO"), ":irc.test 410 * FOO :Invalid CAP command\r\n");
  EXPECT_EQ(client.ask("CAP"), ":irc.test 410 * * :Invalid CAP command\r\n");
  EXPECT_EQ(client.ask("CAP :a b"), ":irc.test 410 * a?b :Invalid CAP command\r\n");
}

}  // namespace
}  // namespace chat
