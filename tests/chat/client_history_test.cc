#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/client/client.h"
#include "chat/client/history.h"
#include "tests/chat/client_fixture.h"

namespace chat {
namespace {

using std::chrono::milliseconds;

using Lines = std::deque<std::string>;
using Strings = std::vector<std::string>;

std::string lobby(int id, const std::string& text = "x") {
  return "@id=" + std::to_string(id) + ";ts=1;room=lobby MESSAGE:Bob:" + text + "\n";
}

std::string dev(int id, const std::string& sender = "Bob") {
  return "@id=" + std::to_string(id) + ";ts=1;room=dev ROOM_MESSAGE:dev:" + sender + ":x\n";
}

constexpr std::string_view kNothingSeen = "nothing had been seen before that tells where to begin";

class ClientHistoryTest : public chat_test::ClientFixture {
 protected:
  void begin(std::uint32_t history_on_entry = 0) {
    ClientOptions with = options();
    with.history_on_entry = history_on_entry;
    start(std::move(with));
    welcome("REGISTERED:Alice\nSESSION:token\n");
    ASSERT_TRUE(client->is_ready());
    take_greeting();
  }

  void welcome(const std::string& rest) { say("WELCOME:1:tags,ack,resume,presence:\n" + rest); }

  std::string take_greeting() {
    EXPECT_EQ(peer().take_line(), "HELLO:1:tags,ack,resume,presence");
    return peer().take_line();
  }

  std::string resume() {
    reconnect();
    std::string asked = take_greeting();
    welcome("RESUMED:Alice\n");
    return asked;
  }

  void lose_session() {
    reconnect();
    take_greeting();
    welcome("ERROR:404::over\nREGISTERED:Alice\nSESSION:another\n");
    EXPECT_EQ(peer().take_line(), "REGISTER:Alice");
  }
};

TEST_F(ClientHistoryTest, History_IsAskedForAndArrivesAsAWhole) {
  begin();
  EXPECT_EQ(client->history("dev", 50), SendResult::kQueued);
  EXPECT_EQ(client->history("@Bob", 3), SendResult::kQueued);
  settle();
  EXPECT_EQ(peer().lines,
            (Lines{"@id=c1 HISTORY:dev:before:0:50", "@id=c2 HISTORY:@Bob:before:0:3"}));
  say("GAP:1:4\n" + dev(5) + dev(7, "Alice") + "END:HISTORY:dev\n");
  say("@id=6;ts=1;to=Bob DIRECT:Alice:psst\n@id=8;ts=1;to=Alice DIRECT:Bob:ah\n");
  EXPECT_EQ(recorder.histories,
            Strings{"asked dev: GAP|1|4|; ROOM_MESSAGE|dev|Bob|x; ROOM_MESSAGE|dev|Alice|x; end"});
  say("END:HISTORY:@Bob\n");
  EXPECT_EQ(recorder.histories.back(), "asked @Bob: DIRECT|Alice|psst|; DIRECT|Bob|ah|; end");
  EXPECT_EQ(recorder.lines, Strings{});
}

TEST_F(ClientHistoryTest, WhatIsSaidMeanwhile_IsNoPartOfIt) {
  begin();
  client->history("lobby", 5);
  settle();
  say(lobby(10, "live") + "STATUS:LEFT:lobby:Carol\n" + dev(11) + lobby(9, "old") +
      lobby(10, "live"));
  EXPECT_EQ(recorder.lines, Strings{"STATUS|lobby|Carol|"})
      << "who knows yet where the history begins?";
  say("END:HISTORY:lobby\n" + lobby(12, "now"));
  EXPECT_EQ(recorder.lines, (Strings{"STATUS|lobby|Carol|", "MESSAGE|Bob|live|",
                                     "ROOM_MESSAGE|dev|Bob|x", "MESSAGE|Bob|now|"}));
  EXPECT_EQ(recorder.histories, Strings{"asked lobby: MESSAGE|Bob|old|; MESSAGE|Bob|live|; end"});
}

TEST_F(ClientHistoryTest, RefusedHistory_IsTheServersError) {
  begin();
  client->history("attic", 5);
  client->history("dev", 5);
  client->history("lobby", 5);
  settle();
  say(lobby(3) + "ERROR:404:attic:no such room\n@id=c2 ERROR:500::ill\n");
  EXPECT_EQ(recorder.lines,
            (Strings{"MESSAGE|Bob|x|", "ERROR|404|attic|no such room", "ERROR|500||ill"}));
  EXPECT_EQ(recorder.histories, Strings{});
  say(lobby(3) + "END:HISTORY:lobby\n");
  EXPECT_EQ(recorder.histories, Strings{"asked lobby: MESSAGE|Bob|x|; end"});
}

TEST_F(ClientHistoryTest, LostAnswer_CostsNothingButTheAnswer) {
  begin();
  say(lobby(4));
  client->history("lobby", 5);
  client->broadcast("mine");
  settle();
  say(lobby(7) + "ACK:c2:8\n" + lobby(4));
  EXPECT_EQ(resume(), "RESUME:token:4") << "7 was not shown yet";
  EXPECT_EQ(recorder.histories, Strings{"asked lobby: failed, the connection was lost; end"});
  EXPECT_EQ(peer().lines, Lines{}) << "the acknowledgement was heard";
  say(lobby(7));
  EXPECT_EQ(recorder.lines, (Strings{"MESSAGE|Bob|x|", "MESSAGE|Bob|x|"}));
}

TEST_F(ClientHistoryTest, ServerThatDoesNotAnswer_DelaysTheChatForALimitedTime) {
  begin(5);
  client->history("dev", 5);
  settle();
  say(lobby(7));
  pass(milliseconds{29'999});
  EXPECT_TRUE(client->is_ready());
  pass(milliseconds{1});
  EXPECT_FALSE(client->is_ready());
  EXPECT_EQ(recorder.histories, (Strings{"entry lobby: failed, the server does not answer; end",
                                         "asked dev: failed, the connection was lost; end"}));
  pass(milliseconds{15'000});
  EXPECT_EQ(take_greeting(), "RESUME:token:0");
  welcome("RESUMED:Alice\n" + lobby(7));
  EXPECT_EQ(peer().lines, Lines{}) << "it is not asked once more";
  EXPECT_EQ(recorder.lines, Strings{"MESSAGE|Bob|x|"});
}

TEST_F(ClientHistoryTest, EndlessAnswer_EndsTheConnection) {
  begin(5);
  const std::string line = lobby(3, std::string(15'000, 'x'));
  for (int i = 0; i < 600 && client->is_ready(); ++i) {
    say(line);
  }
  EXPECT_FALSE(client->is_ready());
  ASSERT_EQ(recorder.losses.size(), 1U);
  EXPECT_EQ(recorder.losses[0].first, "too much was said before the end of a history");
  EXPECT_EQ(recorder.histories.size(), 1U);
}

TEST_F(ClientHistoryTest, HistoriesAtATime_AreLimited) {
  begin();
  for (std::size_t i = 0; i < Client::kQuestionsMax; ++i) {
    EXPECT_FALSE(client->is_congested());
    ASSERT_EQ(client->history("lobby", 1), SendResult::kQueued);
  }
  EXPECT_TRUE(client->is_congested());
  EXPECT_EQ(client->history("lobby", 1), SendResult::kTooMany);
}

TEST_F(ClientHistoryTest, WhatIsNoQuestion_IsNotAsked) {
  EXPECT_EQ((start(options()), client->history("lobby", 1)), SendResult::kNotConnected);
  welcome("REGISTERED:Alice\nSESSION:token\n");
  EXPECT_EQ(client->history("a:b", 1), SendResult::kMalformed);
  EXPECT_EQ(client->history("a\nb", 1), SendResult::kMalformed);
  EXPECT_EQ(client->history(std::string(5000, 'x'), 1), SendResult::kTooLong);
}

TEST_F(ClientHistoryTest, ServerWithoutHistories_IsNotAsked) {
  ClientOptions with = options();
  with.history_on_entry = 20;
  start(std::move(with));
  say("WELCOME:1:tags,presence:\nREGISTERED:Alice\n");
  take_greeting();
  EXPECT_EQ(client->history("lobby", 1), SendResult::kUnsupported);
  EXPECT_EQ(peer().lines, Lines{});
  reconnect();
  say("WELCOME:1:tags,presence:\nREGISTERED:Alice\n");
  take_greeting();
  EXPECT_EQ(peer().lines, Lines{});
  EXPECT_EQ(recorder.histories, Strings{});
}

TEST_F(ClientHistoryTest, OnEntry_WhatWasSaidBeforeComesFirst) {
  begin(20);
  EXPECT_EQ(peer().take_line(), "@id=c1 HISTORY:lobby:before:0:20");
  say(lobby(7, "live") + "STATUS:JOINED:lobby:Bob\n" + lobby(8, "more") + lobby(5) +
      lobby(7, "live") + lobby(8, "more") + "END:HISTORY:lobby\n");
  EXPECT_EQ(recorder.histories, Strings{"entry lobby: MESSAGE|Bob|x|; end"});
  EXPECT_EQ(recorder.lines,
            (Strings{"STATUS|lobby|Bob|", "MESSAGE|Bob|live|", "MESSAGE|Bob|more|"}))
      << "and nothing comes twice";
  EXPECT_EQ(resume(), "RESUME:token:8");
  EXPECT_EQ(peer().lines, Lines{}) << "once is enough";
}

TEST_F(ClientHistoryTest, EntryThatIsLost_IsAskedForAgain) {
  begin(20);
  say(lobby(5) + lobby(6));
  EXPECT_EQ(resume(), "RESUME:token:0");
  EXPECT_EQ(peer().take_line(), "@id=c2 HISTORY:lobby:before:0:20");
  lose_session();
  EXPECT_EQ(peer().take_line(), "@id=c3 HISTORY:lobby:before:0:20");
  say(lobby(5) + lobby(6) + "END:HISTORY:lobby\n");
  EXPECT_EQ(recorder.histories,
            (Strings{"missed lobby: failed, " + std::string(kNothingSeen) + "; end",
                     "entry lobby: MESSAGE|Bob|x|; MESSAGE|Bob|x|; end"}))
      << "more than these may have been said since the first attempt";
}

TEST_F(ClientHistoryTest, AfterALostSession_WhatWasMissedComesBeforeWhatIsLive) {
  begin();
  say(lobby(40));
  lose_session();
  say(lobby(51, "live") + "@id=52;to=Alice DIRECT:Bob:psst\n");
  EXPECT_EQ(recorder.lines.size(), 1U);
  say(lobby(44) + "GAP:45:49\n" + "END:HISTORY:lobby\n");
  EXPECT_EQ(recorder.histories, Strings{"missed lobby: MESSAGE|Bob|x|; GAP|45|49|; more"});
  EXPECT_EQ(peer().lines.back(), "@id=c2 HISTORY:lobby:after:49:200");
  EXPECT_EQ(recorder.lines.size(), 1U) << "in their order";
  say(lobby(50, "between") + lobby(51, "live") + "END:HISTORY:lobby\n");
  EXPECT_EQ(recorder.histories.back(),
            "missed lobby: MESSAGE|Bob|between|; MESSAGE|Bob|live|; end");
  EXPECT_EQ(recorder.lines, (Strings{"MESSAGE|Bob|x|", "DIRECT|Bob|psst|"}))
      << "what the history had is not shown again";
  say(lobby(53, "on"));
  EXPECT_EQ(recorder.lines.back(), "MESSAGE|Bob|on|");
}

TEST_F(ClientHistoryTest, CatchingUp_ShowsWhatHasBecomeOfOnesOwnMessages) {
  begin();
  say(lobby(40));
  client->broadcast("heard?");
  settle();
  lose_session();
  EXPECT_EQ(recorder.undelivered, Strings{": heard? (unknown)"});
  say("@id=41;ts=1;room=lobby MESSAGE:Alice:heard?\nEND:HISTORY:lobby\n");
  EXPECT_EQ(recorder.histories, Strings{"missed lobby: MESSAGE|Alice|heard?|; more"});
}

TEST_F(ClientHistoryTest, CatchingUpThatIsInterrupted_GoesOnWhereItWas) {
  begin();
  client->join("dev");
  settle();
  say("JOINED:dev\n" + lobby(40));
  lose_session();
  say("JOINED:dev\n" + lobby(44) + "END:HISTORY:lobby\nEND:HISTORY:lobby\n" + lobby(51) + dev(52) +
      dev(45) + "END:HISTORY:dev\n" + dev(46));
  EXPECT_EQ(recorder.lines.size(), 3U) << "51 and 52 wait";
  EXPECT_EQ(resume(), "RESUME:another:0");
  EXPECT_EQ(peer().lines, (Lines{"@id=c7 HISTORY:dev:after:9223372036854775807:1", "JOIN:dev",
                                 "PING:history-2", "@id=c8 HISTORY:dev:after:45:200"}));
  say(lobby(51) + dev(52) + "END:HISTORY:dev\nPONG:history-2\n" + dev(46) + dev(52) +
      "END:HISTORY:dev\n");
  EXPECT_EQ(recorder.histories,
            (Strings{"missed lobby: MESSAGE|Bob|x|; more", "missed lobby: end",
                     "missed dev: ROOM_MESSAGE|dev|Bob|x; more",
                     "missed dev: ROOM_MESSAGE|dev|Bob|x; ROOM_MESSAGE|dev|Bob|x; end"}));
  EXPECT_EQ(recorder.lines,
            (Strings{"JOINED|dev||", "MESSAGE|Bob|x|", "JOINED|dev||", "MESSAGE|Bob|x|"}));
  EXPECT_EQ(resume(), "RESUME:another:52");
}

TEST_F(ClientHistoryTest, RoomThatAResumedSessionWasForgottenIn_IsCaughtUpWith) {
  begin();
  client->join("dev");
  client->join("ops");
  settle();
  say("JOINED:dev\nJOINED:ops\n" + dev(40));
  EXPECT_EQ(resume(), "RESUME:token:40");
  EXPECT_EQ(peer().lines,
            (Lines{"@id=c3 HISTORY:dev:after:9223372036854775807:1",
                   "@id=c4 HISTORY:ops:after:9223372036854775807:1", "JOIN:dev", "JOIN:ops"}));
  say(lobby(42, "meanwhile") + "@id=c3 ERROR:403:dev:not in it\nEND:HISTORY:ops\n");
  EXPECT_EQ(peer().lines.back(), "@id=c5 HISTORY:dev:after:40:200");
  EXPECT_EQ(recorder.lines.size(), 3U) << "nothing is shown that would move the position";
  say("JOINED:dev\n@id=30;room=dev TOPIC:dev:Bob:old\nJOINED:ops\nPONG:history-1\n" + dev(44) +
      dev(41) + dev(43) + "END:HISTORY:dev\n");
  EXPECT_EQ(recorder.histories,
            Strings{"missed dev: ROOM_MESSAGE|dev|Bob|x; ROOM_MESSAGE|dev|Bob|x; more"});
  EXPECT_EQ(peer().lines.back(), "@id=c6 HISTORY:dev:after:43:200");
  say(dev(44) + "END:HISTORY:dev\n");
  EXPECT_EQ(recorder.histories.back(), "missed dev: ROOM_MESSAGE|dev|Bob|x; end");
  EXPECT_EQ(recorder.lines.size(), 5U);
  EXPECT_EQ(recorder.lines[3], "MESSAGE|Bob|meanwhile|");
  EXPECT_EQ(recorder.lines[4], "TOPIC|dev|Bob|old");
  EXPECT_EQ(resume(), "RESUME:token:44");
}

TEST_F(ClientHistoryTest, RoomJoinedAgainOnAConnectionThatIsLost_IsStillCaughtUpWith) {
  begin();
  client->join("dev");
  settle();
  say("JOINED:dev\n" + dev(40));
  resume();  // the server hears of the JOIN, and nobody of what it was asked in front of it
  EXPECT_EQ(resume(), "RESUME:token:40");
  say("END:HISTORY:dev\nJOINED:dev\n");
  EXPECT_EQ(peer().lines.back(), "@id=c4 HISTORY:dev:after:40:200")
      << "in the room now, but nobody knows since when";
}

TEST_F(ClientHistoryTest, RoomWhoseJoinedWasLost_IsKnownByWhatIsSaidInIt) {
  begin();
  client->join("dev");
  settle();
  say(dev(40));
  resume();
  EXPECT_EQ(peer().lines.front(), "@id=c2 HISTORY:dev:after:9223372036854775807:1");
}

TEST_F(ClientHistoryTest, WhatWasShownBetweenTwoHistories_DoesNotComeAgain) {
  begin();
  client->history("dev", 5);
  client->history("lobby", 5);
  settle();
  say(lobby(10, "live") + "END:HISTORY:dev\n");
  EXPECT_EQ(recorder.lines, Strings{"MESSAGE|Bob|live|"});
  EXPECT_EQ(resume(), "RESUME:token:10");
}

TEST_F(ClientHistoryTest, GapAndOldTopicInFrontOfAHistory_AreNoPartOfIt) {
  begin();
  say(lobby(4));
  resume();
  client->join("dev");
  client->history("dev", 5);
  client->history("dev", 7);
  settle();
  EXPECT_EQ(peer().lines, (Lines{"@id=c1 JOIN:dev", "PING:history-1",
                                 "@id=c2 HISTORY:dev:before:0:5", "@id=c3 HISTORY:dev:before:0:7"}))
      << "marked once, as long as nothing else is asked for";
  say("GAP:5:9\nJOINED:dev\n@id=8;room=dev TOPIC:dev:Bob:old\nPONG:history-1\n");
  EXPECT_EQ(recorder.lines,
            (Strings{"MESSAGE|Bob|x|", "JOINED|dev||", "GAP|5|9|", "TOPIC|dev|Bob|old"}));
  say(dev(12) + "END:HISTORY:dev\n" + dev(12) + "END:HISTORY:dev\n");
  EXPECT_EQ(recorder.histories, (Strings{"asked dev: ROOM_MESSAGE|dev|Bob|x; end",
                                         "asked dev: ROOM_MESSAGE|dev|Bob|x; end"}));
}

TEST_F(ClientHistoryTest, LiveMessageInFrontOfAGapThatReachesBeyondIt_IsNoPartOfTheHistory) {
  begin();
  client->history("dev", 5);
  settle();
  say(dev(60) + "GAP:1:62\nEND:HISTORY:dev\n");
  EXPECT_EQ(recorder.lines, Strings{"ROOM_MESSAGE|dev|Bob|x"});
  EXPECT_EQ(recorder.histories, Strings{"asked dev: GAP|1|62|; end"});
}

TEST_F(ClientHistoryTest, RoomThatCannotBeEnteredAgain_IsToldAndLeftOut) {
  begin();
  client->join("dev");
  settle();
  say("JOINED:dev\n" + lobby(40));
  lose_session();
  say("@id=c2 ERROR:503:dev:full\nEND:HISTORY:lobby\n@id=c4 ERROR:404:dev:no such room\n");
  EXPECT_EQ(recorder.histories,
            (Strings{"missed lobby: end", "missed dev: failed, no such room; end"}));
  EXPECT_EQ(recorder.lines.back(), "ERROR|503|dev|full");
  lose_session();
  EXPECT_EQ(peer().lines, Lines{"@id=c5 HISTORY:lobby:after:40:200"});
}

TEST_F(ClientHistoryTest, SessionThatSawNothing_IsCaughtUpFromTheOneBefore) {
  begin();
  say(lobby(40));
  lose_session();
  say("END:HISTORY:lobby\n");
  client->join("dev");
  settle();
  say("JOINED:dev\n");
  lose_session();
  EXPECT_EQ(peer().lines,
            (Lines{"@id=c3 JOIN:dev", "PING:history-1", "@id=c4 HISTORY:lobby:after:40:200"}));
  say("END:HISTORY:lobby\n");
  EXPECT_EQ(peer().lines.back(), "@id=c5 HISTORY:dev:after:40:200");
}

TEST_F(ClientHistoryTest, WithoutAnythingSeenBefore_WhatWasMissedIsToldToBeUnknown) {
  begin();
  lose_session();
  EXPECT_EQ(peer().lines, Lines{});
  EXPECT_EQ(recorder.histories,
            Strings{"missed lobby: failed, " + std::string(kNothingSeen) + "; end"});
}

TEST_F(ClientHistoryTest, TooMuchLiveDuringACatchingUp_IsFetchedByResuming) {
  begin();
  say(lobby(40));
  lose_session();
  const std::string text(15'000, 'x');
  for (int i = 0; i < 600 && client->is_ready(); ++i) {
    // Each question is answered with one old message more, so that it never comes to an end.
    say(lobby(10'000 + i, text) + lobby(41 + i) + "END:HISTORY:lobby\n");
  }
  EXPECT_FALSE(client->is_ready());
  EXPECT_NE(recorder.histories.back().find("failed"), std::string::npos);
  const std::size_t shown = recorder.lines.size();
  pass(milliseconds{15'000});
  EXPECT_EQ(take_greeting(), "RESUME:another:0");
  welcome("RESUMED:Alice\n" + lobby(45) + lobby(10'000, "last"));
  EXPECT_EQ(recorder.lines.size(), shown + 1) << "45 was shown as part of the history";
  EXPECT_EQ(recorder.lines.back(), "MESSAGE|Bob|last|");
  EXPECT_EQ(resume(), "RESUME:another:10000") << "what was held back was not seen";
}

TEST_F(ClientHistoryTest, EndOfTheClient_HoldsNothingBack) {
  begin();
  say(lobby(40));
  lose_session();
  say(lobby(51, "live") + lobby(44) + "END:HISTORY:lobby\n" + lobby(52, "more"));
  client->quit();
  settle();
  EXPECT_EQ(peer().lines.back(), "QUIT");
  say("BYE:bye\n");
  peer().hang_up();
  settle();
  EXPECT_EQ(recorder.ends.size(), 1U);
  EXPECT_EQ(recorder.histories.back(), "missed lobby: failed, the client has ended; end");
  EXPECT_EQ(recorder.lines, (Strings{"MESSAGE|Bob|x|", "MESSAGE|Bob|live|", "MESSAGE|Bob|more|"}));
}

// What a server may say that is out of its mind, out of season included.
TEST_F(ClientHistoryTest, HostileServer_DoesNoHarm) {
  static constexpr const char* kLines[] = {"END:HISTORY:lobby",
                                           "END:HISTORY:dev",
                                           "END:LIST",
                                           "GAP:1:18446744073709551615",
                                           "GAP:9:1",
                                           "GAP:x:y",
                                           "ACK:c1:9",
                                           "ACK:c2:0",
                                           "ACK::",
                                           "@id=c1 ERROR:500::x",
                                           "ERROR:403:dev:x",
                                           "ERROR:404:lobby:x",
                                           "SESSION:other",
                                           "RESUMED:Mallory",
                                           "REGISTERED:Bob",
                                           "WELCOME:1::",
                                           "JOINED:dev",
                                           "JOINED:",
                                           "PARTED:dev",
                                           "PONG:keep-alive"};
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    begin(20);
    for (int i = 0; i < 60; ++i) {
      const int id = static_cast<int>(random() % 20);
      const std::uint64_t choice = random() % 10;
      if (peer().connection == nullptr) {
        pass(milliseconds{15'000});
      } else if (choice < 6) {
        say(kLines[random() % std::size(kLines)] + std::string("\n"));
      } else if (choice < 8) {
        say(random() % 2 == 0 ? lobby(id) : dev(id, random() % 2 == 0 ? "Alice" : "Bob"));
      } else if (choice == 8) {
        client->history(random() % 2 == 0 ? "dev" : "@Bob", 3);
        client->broadcast("x");
      } else if (client->is_ready()) {
        reconnect();
        welcome(random() % 2 == 0 ? "RESUMED:Alice\n"
                                  : "ERROR:404::over\nREGISTERED:Alice\nSESSION:token\n");
      }
    }
    client->quit();
    for (int i = 0; i < 10 && recorder.ends.empty(); ++i) {
      pass(milliseconds{15'000});
    }
    EXPECT_EQ(recorder.ends.size(), 1U) << "seed " << seed;
    recorder = {};
    client.reset();
  }
}

}  // namespace
}  // namespace chat
