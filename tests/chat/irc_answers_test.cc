// What IRC clients are answered, word for word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/chat/hub_fixture.h"

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class IrcAnswersTest : public HubTest {
 protected:
  using Lines = std::vector<std::string>;

  // "311 alice …" of all that alice is answered.
  Lines ask(const SessionRef& who, Verb verb, std::string_view target = {},
            std::string_view text = {}, std::uint32_t count = 0) {
    Command command;
    command.verb = verb;
    command.target = target;
    command.text = text;
    command.count = count;
    Lines lines;
    for (const Seen& event : apply(who, command)) {
      EXPECT_EQ(event.kind, EventKind::kAnswer) << event;
      EXPECT_EQ(event.to, who);
      EXPECT_LE((":reactor-chat 999 Alice " + event.text).size(), 510U);
      lines.push_back(std::to_string(event.count) + " " + event.text);
    }
    return lines;
  }
  SessionRef enter_from(std::string_view name, std::string_view user, std::string_view host,
                        std::string_view real_name) {
    Command command = irc_registration(name);
    command.user = user;
    command.host = host;
    command.text = real_name;
    const SessionRef ref = new_session();
    apply(ref, command);
    return ref;
  }
  void set_capabilities(const SessionRef& who, const Capabilities& capabilities) {
    Command command;
    command.verb = Verb::kHello;
    command.capabilities = capabilities;
    apply(who, command);
  }

  SessionRef alice_ = enter_from("Alice", "al", "192.0.2.1", "Alice A.");
  SessionRef bob_ = enter("Bob");
};

TEST_F(IrcAnswersTest, Names_OfAllAreThoseOfTheRoomsOneSees) {
  apply(alice_, Verb::kJoin, "dev");
  apply(bob_, Verb::kJoin, "tea");
  apply(bob_, Verb::kJoin, "hidden");
  apply(bob_, Verb::kMode, "hidden", "+s");
  EXPECT_THAT(ask(alice_, Verb::kNames),
              ElementsAre("353 = #dev :@Alice", "353 = #tea :@Bob", "366 * :End of /NAMES list"));
  EXPECT_THAT(ask(alice_, Verb::kNames, "nowhere"),
              ElementsAre("366 #nowhere :End of /NAMES list"));
}

TEST_F(IrcAnswersTest, NamesOfAll_AreBounded) {
  limits_.who_replies_max = 2;
  start();
  const SessionRef eve = enter_irc("Eve");
  const SessionRef dave = enter("Dave");
  for (const char* room : {"a", "b"}) {
    apply(eve, Verb::kJoin, room);
    apply(dave, Verb::kJoin, room);
  }
  apply(dave, Verb::kPart, "a");
  EXPECT_THAT(ask(eve, Verb::kNames),
              ElementsAre("353 = #a :@Eve", "353 = #b :Dave", "366 * :End of /NAMES list"));
  EXPECT_THAT(ask(eve, Verb::kNames, "b"),
              ElementsAre("353 = #b :Dave @Eve", "366 #b :End of /NAMES list"));
}

TEST_F(IrcAnswersTest, Who_TellsOfARoomItsMembersWithTheirRoles) {
  apply(bob_, Verb::kJoin, "Dev");
  apply(alice_, Verb::kJoin, "dev");
  apply(bob_, Verb::kMode, "dev", "+v Bob");
  apply(alice_, Verb::kAway, "", "tea");
  EXPECT_THAT(
      ask(alice_, Verb::kWho, "#DEV"),
      ElementsAre("352 #Dev al token1.client reactor-chat Alice G :0 Alice A.",
                  "352 #Dev Bob unknown reactor-chat Bob H@ :0 Bob", "315 #DEV :End of /WHO list"));
  set_capabilities(alice_, {.irc = true, .multi_prefix = true});
  EXPECT_THAT(ask(alice_, Verb::kWho, "#dev")[1],
              "352 #Dev Bob unknown reactor-chat Bob H@+ :0 Bob");
}

TEST_F(IrcAnswersTest, Who_FindsByNameAndByMask) {
  const std::string alice = "352 * al token1.client reactor-chat Alice H :0 Alice A.";
  const std::string bob = "352 * Bob unknown reactor-chat Bob H :0 Bob";
  const auto end = [](std::string_view mask) {
    return "315 " + std::string(mask) + " :End of /WHO list";
  };
  EXPECT_THAT(ask(alice_, Verb::kWho, "bOB"), ElementsAre(bob, end("bOB")));
  EXPECT_THAT(ask(alice_, Verb::kWho, "al?c*"), ElementsAre(alice, end("al?c*")));
  EXPECT_THAT(ask(alice_, Verb::kWho, "al"), ElementsAre(alice, end("al"))) << "the user";
  EXPECT_THAT(ask(alice_, Verb::kWho, "*.client"), ElementsAre(alice, end("*.client")));
  EXPECT_THAT(ask(alice_, Verb::kWho, "*A."), ElementsAre(alice, end("*A."))) << "the real name";
  EXPECT_THAT(ask(alice_, Verb::kWho, "*"), ElementsAre(alice, bob, end("*")));
  EXPECT_THAT(ask(alice_, Verb::kWho, "0"), ElementsAre(alice, bob, end("0")));
  EXPECT_THAT(ask(alice_, Verb::kWho), ElementsAre(alice, bob, end("*")));
  EXPECT_THAT(ask(alice_, Verb::kWho, "nobody"), ElementsAre(end("nobody")));
  EXPECT_THAT(ask(alice_, Verb::kWho, "#nowhere"), ElementsAre(end("#nowhere")));
  EXPECT_THAT(ask(alice_, Verb::kWho, "*", "o"), ElementsAre(end("*"))) << "nobody runs the server";
  EXPECT_THAT(ask(alice_, Verb::kWho, "x y"), ElementsAre(end("*"))) << "no word";
}

TEST_F(IrcAnswersTest, Who_IsBounded) {
  limits_.who_replies_max = 2;
  start();
  const SessionRef eve = enter_irc("Eve");
  enter("Dave");
  EXPECT_EQ(ask(eve, Verb::kWho, "*").size(), 3U);
  enter("Fay");
  for (const char* what : {"*", "#lobby"}) {
    const Lines lines = ask(eve, Verb::kWho, what);
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[2],
              "416 " + std::string(what) + " :Too many lines in the answer; ask for fewer");
  }
}

TEST_F(IrcAnswersTest, ChosenFields_ComeInTheirOrder) {
  apply(alice_, Verb::kJoin, "dev");
  advance(std::chrono::seconds{90});
  const std::string all =
      "354 123 #dev al 255.255.255.255 token1.client reactor-chat Alice H@ 0 90 0 n/a :Alice A.";
  EXPECT_THAT(ask(alice_, Verb::kWho, "#dev", "%tcuihsnfdlaor,123"),
              ElementsAre(all, "315 #dev :End of /WHO list"));
  EXPECT_THAT(ask(alice_, Verb::kWho, "#dev", "%roaldfnshiuct,123")[0], all);
  EXPECT_THAT(ask(alice_, Verb::kWho, "bob", "%tn,42")[0], "354 42 Bob");
  EXPECT_THAT(ask(alice_, Verb::kWho, "bob", "%cn")[0], "354 * Bob");
  for (const char* token : {"1234", "", "4x"}) {
    EXPECT_THAT(ask(alice_, Verb::kWho, "bob", std::string("%nt,") + token)[0], "354 0 Bob");
  }
  EXPECT_THAT(ask(alice_, Verb::kWho, "bob", "o%n"), ElementsAre("315 bob :End of /WHO list"));
}

TEST_F(IrcAnswersTest, Whois_TellsWhatThereIs) {
  apply(alice_, Verb::kJoin, "dev");
  apply(bob_, Verb::kJoin, "dev");
  apply(bob_, Verb::kJoin, "tea");
  advance(std::chrono::seconds{100});
  apply(bob_, Verb::kSay, "dev", "hi");
  advance(std::chrono::seconds{7});
  EXPECT_THAT(
      ask(alice_, Verb::kWhois, "BOB"),
      ElementsAre("311 Bob Bob unknown * :Bob", "319 Bob :#dev @#tea",
                  "312 Bob reactor-chat :reactor-chat", "317 Bob 7 1000 :seconds idle, signon time",
                  "318 Bob :End of /WHOIS list"));
  apply(alice_, Verb::kPart, "dev");
  apply(alice_, Verb::kAway, "", "at lunch");
  EXPECT_THAT(
      ask(alice_, Verb::kWhois, "alice"),
      ElementsAre("311 Alice al token1.client * :Alice A.", "312 Alice reactor-chat :reactor-chat",
                  "301 Alice :at lunch", "317 Alice 107 1000 :seconds idle, signon time",
                  "318 Alice :End of /WHOIS list"));
  EXPECT_THAT(ask(alice_, Verb::kWhois, "nobody"),
              ElementsAre("401 nobody :No such nick/channel", "318 nobody :End of /WHOIS list"));
}

TEST_F(IrcAnswersTest, Whois_ContinuesALongListOfRooms) {
  std::string expected;
  for (std::size_t i = 0; i < limits_.rooms_per_client_max; ++i) {
    std::string room(limits_.room_name_length_max - 2, 'r');
    room += std::to_string(10 + i);
    apply(bob_, Verb::kJoin, room);
    expected += "@#" + room + " ";
  }
  std::string rooms;
  for (const std::string& line : ask(alice_, Verb::kWhois, "Bob")) {
    if (line.starts_with("319 Bob :")) {
      rooms += line.substr(9) + " ";
    }
  }
  EXPECT_EQ(rooms, expected);
}

TEST_F(IrcAnswersTest, Whowas_TellsTheLatestFirst) {
  EXPECT_THAT(ask(alice_, Verb::kWhowas, "eve"),
              ElementsAre("406 eve :There was no such nickname", "369 eve :End of WHOWAS"));
  apply(enter_from("Eve", "one", "unix", "First"), Verb::kQuit);
  time_.unix_ms = 86'400'000;
  apply(enter_from("eve", "two", "unix", "Second"), Verb::kDisconnect);
  const std::string first = "314 Eve one localhost * :First";
  const std::string second = "314 eve two localhost * :Second";
  EXPECT_THAT(
      ask(alice_, Verb::kWhowas, "EVE"),
      ElementsAre(second, "312 eve reactor-chat :1970-01-02 00:00:00 UTC", first,
                  "312 Eve reactor-chat :1970-01-01 00:16:40 UTC", "369 EVE :End of WHOWAS"));
  EXPECT_THAT(ask(alice_, Verb::kWhowas, "eve", "", 1),
              ElementsAre(second, "312 eve reactor-chat :1970-01-02 00:00:00 UTC",
                          "369 eve :End of WHOWAS"));
}

TEST_F(IrcAnswersTest, Whowas_RemembersSoMany) {
  limits_.whowas_max = 2;
  start();
  const SessionRef eve = enter_irc("Eve");
  for (const char* name : {"a", "b", "c"}) {
    apply(enter(name), Verb::kQuit);
  }
  EXPECT_EQ(ask(eve, Verb::kWhowas, "a")[0], "406 a :There was no such nickname");
  EXPECT_EQ(ask(eve, Verb::kWhowas, "b").size(), 3U);
  EXPECT_EQ(ask(eve, Verb::kWhowas, "c").size(), 3U);
}

TEST_F(IrcAnswersTest, NewName_LeavesTheOldOneBehind) {
  apply(alice_, Verb::kRename, "Alicia");
  EXPECT_EQ(ask(alice_, Verb::kWhowas, "alice")[0], "314 Alice al token1.client * :Alice A.");
}

TEST_F(IrcAnswersTest, IsOn_NamesThoseWhoAre) {
  EXPECT_THAT(ask(alice_, Verb::kIsOn, "", "ALICE nobody  bob"), ElementsAre("303 :Alice Bob"));
  EXPECT_THAT(ask(alice_, Verb::kIsOn, "", "nobody"), ElementsAre("303 :"));
  EXPECT_THAT(ask(alice_, Verb::kIsOn), ElementsAre("303 :"));
}

TEST_F(IrcAnswersTest, UserHost_TellsOfFiveWhereTheyAre) {
  EXPECT_THAT(ask(alice_, Verb::kUserHost, "", "alice nobody bob"),
              ElementsAre("302 :Alice=+al@token1.client Bob=+Bob@unknown"));
  apply(alice_, Verb::kAway, "", "tea");
  EXPECT_THAT(ask(alice_, Verb::kUserHost, "", "alice"),
              ElementsAre("302 :Alice=-al@token1.client"));
  EXPECT_THAT(ask(alice_, Verb::kUserHost, "", "n n n n n alice"), ElementsAre("302 :"));
}

class IrcList : public IrcAnswersTest {
 protected:
  IrcList() {
    for (const char* room : {"dev", "tea", "art"}) {
      apply(bob_, Verb::kJoin, room);
    }
    apply(alice_, Verb::kJoin, "tea");
    apply(alice_, Verb::kTopic, "tea", "with milk: yes");
  }
  // The rooms' names.
  Lines list(std::string_view wanted) {
    Lines lines = ask(alice_, Verb::kListRooms, "", wanted);
    EXPECT_EQ(lines.front(), "321 Channel :Users  Name");
    EXPECT_EQ(lines.back(), "323 :End of /LIST");
    Lines names;
    for (const std::string& line : lines) {
      if (line.starts_with("322 ")) {
        names.push_back(line.substr(4, line.find(' ', 4) - 4));
      }
    }
    return names;
  }
};

TEST_F(IrcList, TellsOfEachRoomButTheLobby) {
  EXPECT_THAT(ask(alice_, Verb::kListRooms),
              ElementsAre("321 Channel :Users  Name", "322 #art 1 :", "322 #dev 1 :",
                          "322 #tea 2 :with milk: yes", "323 :End of /LIST"));
  EXPECT_THAT(list("#lobby"), ElementsAre("#lobby")) << "who names it is told";
  EXPECT_THAT(list("*"), ElementsAre("#art", "#dev", "#tea"));
}

TEST_F(IrcList, IsChosenByNameMaskAndSize) {
  EXPECT_THAT(list("#DEV"), ElementsAre("#dev"));
  EXPECT_THAT(list("#tea,#art"), ElementsAre("#art", "#tea"));
  EXPECT_THAT(list("*e*"), ElementsAre("#dev", "#tea"));
  EXPECT_THAT(list("!*e*"), ElementsAre("#art"));
  EXPECT_THAT(list("*e*,!#t*"), ElementsAre("#dev"));
  EXPECT_THAT(list(">1"), ElementsAre("#tea"));
  EXPECT_THAT(list("<2"), ElementsAre("#art", "#dev"));
  EXPECT_THAT(list(">0,<3,*t*"), ElementsAre("#art", "#tea"));
  EXPECT_THAT(list("<1"), IsEmpty());
  EXPECT_THAT(list("#nowhere"), IsEmpty());
}

TEST_F(IrcList, IsBounded) {
  limits_.who_replies_max = 2;
  start();
  const SessionRef eve = enter_irc("Eve");
  for (const char* room : {"a", "b", "c"}) {
    apply(eve, Verb::kJoin, room);
  }
  EXPECT_THAT(ask(eve, Verb::kListRooms),
              ElementsAre("321 Channel :Users  Name", "322 #a 1 :", "322 #b 1 :",
                          "416 LIST :Too many rooms; ask for fewer", "323 :End of /LIST"));
}

TEST_F(IrcList, LongTopic_IsCut) {
  apply(alice_, Verb::kTopic, "tea", std::string(1000, 't'));
  EXPECT_EQ(ask(alice_, Verb::kListRooms)[3].size(),
            510 - std::string(":reactor-chat 322 Alice ").size() + std::string("322 ").size());
}

TEST_F(IrcAnswersTest, TopicOf_IsToldAsToWhoJoins) {
  apply(bob_, Verb::kJoin, "dev");
  EXPECT_THAT(ask(alice_, Verb::kTopicOf, "DEV"), ElementsAre("331 #dev :No topic is set"));
  apply(bob_, Verb::kTopic, "dev", "tea");
  EXPECT_THAT(apply(alice_, Verb::kTopicOf, "dev"),
              ElementsAre(::testing::AllOf(is(EventKind::kTopic, alice_, "Bob"), has_text("tea"))));
  EXPECT_THAT(apply(alice_, Verb::kTopicOf, "no"),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, alice_, "no")));
  EXPECT_THAT(ask(alice_, Verb::kTopicOf, "lobby"), ElementsAre("331 #lobby :No topic is set"));
}

class IrcUserMode : public IrcAnswersTest {
 protected:
  Lines mode(std::string_view peer, std::string_view text) {
    Command command;
    command.verb = Verb::kMode;
    command.peer = peer;
    command.text = text;
    Lines lines;
    for (const Seen& event : apply(alice_, command)) {
      lines.push_back(std::to_string(event.count) + " " + event.text);
    }
    return lines;
  }
};

TEST_F(IrcUserMode, Invisible_CanBeSaidAndIsCounted) {
  EXPECT_THAT(mode("ALICE", ""), ElementsAre("221 +"));
  EXPECT_THAT(mode("Alice", "+i"), ElementsAre("0 :Alice!al@token1.client MODE Alice :+i"));
  EXPECT_THAT(mode("Alice", "+i"), IsEmpty());
  EXPECT_THAT(mode("Alice", ""), ElementsAre("221 +i"));
  EXPECT_EQ(ask(alice_, Verb::kCounts)[0], "251 :There are 1 users and 1 invisible on 1 servers");
  EXPECT_THAT(mode("Alice", "-i"), ElementsAre("0 :Alice!al@token1.client MODE Alice :-i"));
  mode("Alice", "+i");
  apply(alice_, Verb::kQuit);
  alice_ = enter_irc("Alice");
  EXPECT_EQ(ask(alice_, Verb::kCounts)[0], "251 :There are 2 users and 0 invisible on 1 servers");
}

TEST_F(IrcUserMode, Invisible_IsFoundByMaskByWhoSharesARoom) {
  const std::string end = "315 al* :End of /WHO list";
  const std::string alice = "352 * al token1.client reactor-chat Alice H :0 Alice A.";
  const SessionRef eve = enter_irc("Eve");
  EXPECT_THAT(ask(eve, Verb::kWho, "al*"), ElementsAre(alice, end));
  mode("Alice", "+i");
  EXPECT_THAT(ask(eve, Verb::kWho, "al*"), ElementsAre(end));
  EXPECT_THAT(ask(eve, Verb::kWho, "alice"), ElementsAre(alice, "315 alice :End of /WHO list"));
  EXPECT_EQ(ask(eve, Verb::kWho, "#lobby").size(), 4U) << "its members know each other";
  EXPECT_THAT(ask(alice_, Verb::kWho, "al*"), ElementsAre(alice, end)) << "itself";
  apply(alice_, Verb::kJoin, "dev");
  EXPECT_THAT(ask(eve, Verb::kWho, "al*"), ElementsAre(end)) << "elsewhere";
  apply(eve, Verb::kJoin, "dev");
  EXPECT_THAT(ask(eve, Verb::kWho, "al*"), ElementsAre(alice, end));
}

TEST_F(IrcUserMode, UnknownFlagsAndOthers_AreRefused) {
  EXPECT_THAT(mode("Alice", "+xiy"),
              ElementsAre("0 :Alice!al@token1.client MODE Alice :+i", "501 :Unknown MODE flag"));
  EXPECT_THAT(mode("Bob", "+i"), ElementsAre("502 :Can't change or see the modes of other users"));
  Command command;
  command.verb = Verb::kMode;
  command.peer = "nobody";
  EXPECT_THAT(apply(alice_, command),
              ElementsAre(is_error(ErrorCode::kUnknownTarget, alice_, "nobody")));
}

}  // namespace
}  // namespace chat
