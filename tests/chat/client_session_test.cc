#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "chat/client/client.h"
#include "tests/chat/client_fixture.h"

// Sessions that outlive their connections: what is acknowledged, what is sent again, and what
// happens when the server has forgotten.
namespace chat {
namespace {

using chat_test::Ends;
using std::chrono::milliseconds;

using Lines = std::deque<std::string>;
using Strings = std::vector<std::string>;

const char* const kWelcome = "WELCOME:1:tags,ack,resume,presence:line=4096\n";

class ClientSessionTest : public chat_test::ClientFixture {
 protected:
  void begin() { begin(options()); }
  void begin(ClientOptions with) {
    start(std::move(with));
    say(std::string(kWelcome) + "REGISTERED:Alice\nSESSION:token\n");
    ASSERT_TRUE(client->is_ready());
    peer().lines.clear();
  }

  // Connects again and has the session resumed. Returns what the client asked for.
  std::string resume() {
    reconnect();
    std::string asked = take_greeting();
    say(std::string(kWelcome) + "RESUMED:Alice\n");
    return asked;
  }

  // Connects again and has the session gone. What is said then is left in peer().lines.
  void lose_session() {
    reconnect();
    take_greeting();
    say(std::string(kWelcome) + "ERROR:404::over\n");
    EXPECT_EQ(peer().take_line(), "REGISTER:Alice") << "on the same connection";
    say("REGISTERED:Alice\nSESSION:another\n");
  }

  std::string take_greeting() {
    EXPECT_EQ(peer().take_line(), "HELLO:1:tags,ack,resume,presence");
    return peer().take_line();
  }
};

TEST_F(ClientSessionTest, Session_BeginsWhenTheTokenIsThere) {
  start(options());
  say(std::string(kWelcome) + "REGISTERED:Alice\n");
  EXPECT_FALSE(client->is_ready()) << "what is sent now could not be sent again safely";
  say("SESSION:token\n");
  EXPECT_TRUE(client->is_ready());
  EXPECT_EQ(recorder.lines, Strings{});
}

TEST_F(ClientSessionTest, TokenThatDoesNotCome_IsDoneWithout) {
  start(options());
  say(std::string(kWelcome) + "REGISTERED:Alice\n@id=5;room=lobby MESSAGE:Bob:hi\n");
  EXPECT_TRUE(client->is_ready());
  EXPECT_EQ(recorder.lines, Strings{"MESSAGE|Bob|hi|"});
  reconnect();
  EXPECT_EQ(take_greeting(), "REGISTER:Alice");
}

TEST_F(ClientSessionTest, LostConnection_IsResumedBehindWhatWasSeen) {
  begin();
  say("@id=5;room=lobby MESSAGE:Bob:hi\n@id=9 DIRECT:Bob:psst\n");
  EXPECT_EQ(resume(), "RESUME:token:9");
  EXPECT_EQ(recorder.ready, (Strings{"Alice", "Alice resumed"}));
  say("GAP:10:14\n@id=15;room=lobby MESSAGE:Bob:again\n");
  EXPECT_EQ(recorder.lines,
            (Strings{"MESSAGE|Bob|hi|", "DIRECT|Bob|psst|", "GAP|10|14|", "MESSAGE|Bob|again|"}));
  EXPECT_EQ(resume(), "RESUME:token:15");
  say("GAP:16:30\n");
  EXPECT_EQ(resume(), "RESUME:token:30") << "a gap that was told is not told again";
}

TEST_F(ClientSessionTest, NothingSeen_IsResumedFromTheBegin) {
  begin();
  EXPECT_EQ(resume(), "RESUME:token:0");
}

TEST_F(ClientSessionTest, OldTopicOfAJoinedRoom_DoesNotTurnThePositionBack) {
  begin();
  say("@id=9;room=lobby MESSAGE:Bob:hi\nJOINED:dev\n@id=3;room=dev TOPIC:dev:Bob:old\n");
  EXPECT_EQ(recorder.lines.back(), "TOPIC|dev|Bob|old");
  EXPECT_EQ(resume(), "RESUME:token:9");
}

TEST_F(ClientSessionTest, Messages_AreAcknowledgedUnderTheirIds) {
  begin();
  client->broadcast("a: b");
  client->direct("Bob", "psst");
  client->say("dev", "hi");
  client->set_topic("dev", "");
  client->list();
  settle();
  EXPECT_EQ(peer().lines, (Lines{"@id=c1 BROADCAST:a: b", "@id=c2 CHAT:Bob:psst",
                                 "@id=c3 SAY:dev:hi", "@id=c4 TOPIC:dev:", "LIST"}));
  EXPECT_EQ(client->unconfirmed(), 4U);
  EXPECT_EQ(client->unconfirmed_since(), reactor.now());
  say("ACK:c1:20\nACK:c2:21\nACK:c3:22\nACK:c4:23\nACK:c4:23\nACK:x:y\nACK\n");
  EXPECT_EQ(client->unconfirmed(), 0U);
  EXPECT_FALSE(client->unconfirmed_since());
  EXPECT_EQ(recorder.acknowledged, 4);
  EXPECT_EQ(resume(), "RESUME:token:23") << "an acknowledgement counts as seen";
}

TEST_F(ClientSessionTest, ResumedSession_JoinsItsRoomsAgainUnseen) {
  begin();
  client->join("dev");
  settle();
  say("JOINED:dev\n");
  recorder.lines.clear();
  resume();
  EXPECT_EQ(peer().lines, (Lines{"@id=c2 HISTORY:dev:after:9223372036854775807:1", "JOIN:dev"}))
      << "a server that was killed may have forgotten it";
  say("END:HISTORY:dev\nJOINED:dev\nTOPIC:dev:Bob:news\n");
  EXPECT_EQ(recorder.lines, Strings{"TOPIC|dev|Bob|news"});
  say("JOINED:dev\n");
  EXPECT_EQ(recorder.lines.back(), "JOINED|dev||") << "somebody has asked for that one";
}

TEST_F(ClientSessionTest, WhatIsNotAnswered_IsSentAgainUnderItsIdsInOrder) {
  begin();
  client->broadcast("one");
  client->join("dev");
  client->say("dev", "two");
  client->part("ops");
  client->broadcast("three");
  settle();
  say("ACK:c1:7\n");
  EXPECT_EQ(resume(), "RESUME:token:7");
  EXPECT_EQ(peer().lines, (Lines{"@id=c2 JOIN:dev", "@id=c3 SAY:dev:two", "@id=c4 PART:ops",
                                 "@id=c5 BROADCAST:three"}));
  say("JOINED:dev\nACK:c3:8\nPARTED:ops\n");
  EXPECT_EQ(client->unconfirmed(), 1U);
  resume();
  EXPECT_EQ(peer().lines, (Lines{"@id=c6 HISTORY:dev:after:9223372036854775807:1", "JOIN:dev",
                                 "@id=c5 BROADCAST:three"}));
  client->broadcast("four");
  settle();
  EXPECT_EQ(peer().lines.back(), "@id=c7 BROADCAST:four");
  EXPECT_EQ(recorder.undelivered, Strings{});
}

TEST_F(ClientSessionTest, RefusedMessage_IsToldWithItsTextAndNotSentAgain) {
  begin();
  client->direct("Zed", "hi: there");
  client->join("attic");
  settle();
  say("@id=c1 ERROR:404:Zed:nobody\n@id=c2 ERROR:503:attic:full\n@id=c9 ERROR:500::what\n");
  EXPECT_EQ(recorder.undelivered, Strings{"Zed: hi: there (404)"});
  EXPECT_EQ(recorder.lines, (Strings{"ERROR|503|attic|full", "ERROR|500||what"}));
  resume();
  EXPECT_EQ(peer().lines, Lines{});
}

TEST_F(ClientSessionTest, MoreThanCanBeSentAgain_HasToWait) {
  begin();
  for (std::size_t i = 0; i < Outbox::kLinesMax; ++i) {
    EXPECT_FALSE(client->is_congested());
    ASSERT_EQ(client->broadcast("x"), SendResult::kQueued);
  }
  EXPECT_TRUE(client->is_congested());
  EXPECT_EQ(client->broadcast("x"), SendResult::kTooMany);
  settle();
  say("ACK:c1:1\n");
  EXPECT_FALSE(client->is_congested());
  EXPECT_EQ(client->broadcast("x"), SendResult::kQueued);
}

TEST_F(ClientSessionTest, LongestMessagesInTheGreatestNumber_CanAllBeSentAgain) {
  begin();
  const std::string text(Client::kSentLineBytesMax - std::string_view("BROADCAST:").size(), 'x');
  while (client->broadcast(text) == SendResult::kQueued) {
    settle();
  }
  EXPECT_EQ(client->unconfirmed(), Outbox::kLinesMax);
  resume();
  for (int i = 0; i < 50; ++i) {
    settle();
  }
  EXPECT_EQ(peer().lines.size(), Outbox::kLinesMax);
  EXPECT_TRUE(client->is_ready());
}

TEST_F(ClientSessionTest, SessionThatIsOver_IsFollowedByAnotherInTheSameRooms) {
  begin();
  client->join("Dev");
  client->join("ops");
  client->broadcast("heard?");
  settle();
  say("JOINED:dev\n@id=40;room=lobby MESSAGE:Bob:hi\n");
  lose_session();
  EXPECT_EQ(recorder.ready, (Strings{"Alice", "Alice again"}));
  EXPECT_EQ(recorder.undelivered, Strings{": heard? (unknown)"}) << "told, and not sent again";
  EXPECT_EQ(peer().lines, (Lines{"@id=c4 JOIN:dev", "@id=c5 JOIN:ops", "PING:history-1",
                                 "@id=c6 HISTORY:lobby:after:40:200"}));
  say("JOINED:dev\nJOINED:ops\nPONG:history-1\nEND:HISTORY:lobby\n");
  EXPECT_EQ(peer().lines.back(), "@id=c7 HISTORY:dev:after:40:200");
  say("END:HISTORY:dev\n");
  EXPECT_EQ(peer().lines.back(), "@id=c8 HISTORY:ops:after:40:200");
  say("END:HISTORY:ops\n@id=60;room=lobby MESSAGE:Bob:now\n");
  EXPECT_EQ(recorder.histories,
            (Strings{"missed lobby: end", "missed dev: end", "missed ops: end"}));
  EXPECT_EQ(resume(), "RESUME:another:60");
}

TEST_F(ClientSessionTest, BusyServer_IsAskedForTheSameSessionAgain) {
  begin();
  reconnect();
  for (const char* refusal : {"ERROR:503::full\n", "ERROR:429::slowly\n", "ERROR:500::ill\n"}) {
    EXPECT_EQ(take_greeting(), "RESUME:token:0");
    recorder.retries.clear();
    say(kWelcome + std::string(refusal));
    ASSERT_EQ(recorder.retries.size(), 1U);
    pass(recorder.retries[0].second);
  }
  EXPECT_EQ(take_greeting(), "RESUME:token:0");
}

TEST_F(ClientSessionTest, ServerThatHasBecomeAnOldOne_IsEnteredAsBefore) {
  begin();
  client->join("dev");
  client->broadcast("heard?");
  settle();
  say("JOINED:dev\n");
  reconnect();
  take_greeting();
  say("WELCOME:1:tags,presence:\nERROR:405:RESUME:unknown verb\n");
  EXPECT_EQ(peer().take_line(), "REGISTER:Alice");
  say("REGISTERED:Alice\n");
  EXPECT_EQ(peer().lines, Lines{"JOIN:dev"});
  EXPECT_EQ(recorder.undelivered, Strings{": heard? (unknown)"});
  EXPECT_EQ(recorder.histories, Strings{});
  client->broadcast("untagged");
  settle();
  EXPECT_EQ(peer().lines.back(), "BROADCAST:untagged");
  reconnect();
  EXPECT_EQ(take_greeting(), "REGISTER:Alice");
}

TEST_F(ClientSessionTest, Quit_WaitsForTheAcknowledgement) {
  begin();
  client->broadcast("one");
  client->join("dev");
  client->quit();
  EXPECT_EQ(client->broadcast("too late"), SendResult::kNotConnected);
  settle();
  EXPECT_EQ(peer().lines, (Lines{"@id=c1 BROADCAST:one", "@id=c2 JOIN:dev"}));
  say("ACK:c1:5\n");
  EXPECT_EQ(peer().lines.back(), "@id=c2 JOIN:dev");
  say("JOINED:dev\n");
  EXPECT_EQ(peer().lines.back(), "QUIT");
  say("BYE:bye\n");
  peer().hang_up();
  settle();
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kQuit, "bye"}}));
  EXPECT_EQ(recorder.undelivered, Strings{});
}

TEST_F(ClientSessionTest, QuitOverALostConnection_StillSendsWhatWasSaid) {
  begin();
  client->broadcast("one");
  client->quit();
  settle();
  EXPECT_EQ(resume(), "RESUME:token:0");
  EXPECT_EQ(peer().lines, Lines{"@id=c1 BROADCAST:one"});
  say("ACK:c1:5\n");
  EXPECT_EQ(peer().lines.back(), "QUIT");
}

TEST_F(ClientSessionTest, QuitWithoutAcknowledgement_EndsInTimeAndTells) {
  begin();
  client->broadcast("one");
  client->broadcast("two");
  client->quit();
  settle();
  pass(milliseconds{9'999});
  say("ACK:c1:5\n");
  pass(milliseconds{9'999});
  EXPECT_EQ(peer().lines.back(), "@id=c2 BROADCAST:two") << "as long as something comes";
  pass(milliseconds{1});
  EXPECT_EQ(peer().lines.back(), "QUIT");
  say("BYE:bye\n");
  peer().hang_up();
  settle();
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kQuit, "bye"}}));
  EXPECT_EQ(recorder.undelivered, Strings{": two (unknown)"});
}

TEST_F(ClientSessionTest, QuitWithoutServer_EndsInTimeAndTells) {
  begin();
  client->broadcast("one");
  settle();
  server.shut();
  peer().hang_up();
  settle();
  client->quit();
  pass(milliseconds{9'999});
  EXPECT_EQ(recorder.ends, Ends{});
  pass(milliseconds{1});
  pass(milliseconds{1});
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kQuit, ""}}));
  EXPECT_EQ(recorder.undelivered, Strings{": one (unknown)"});
}

TEST_F(ClientSessionTest, ServerThatStaysAway_LeavesNothingUntold) {
  ClientOptions with = options();
  with.attempts_max = 2;
  begin(std::move(with));
  client->broadcast("one");
  settle();
  server.shut();
  peer().hang_up();
  settle();
  pass(milliseconds{15'000});
  pass(milliseconds{15'000});
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kLost, "Connection refused"}}));
  EXPECT_EQ(recorder.undelivered, Strings{": one (unknown)"});
}

}  // namespace
}  // namespace chat
