#include "chat/client/client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/chat/client_fixture.h"
#include "tests/chat/client_scripted_server.h"
#include "tests/sim/sim_world.h"

namespace chat {
namespace {

using chat_test::Ends;
using chat_test::Recorder;
using chat_test::ScriptedServer;
using reactor::Address;
using std::chrono::milliseconds;

// With a server that knows nothing of sessions, acknowledgements and histories.
class ClientTest : public chat_test::ClientFixture {
 protected:
  // Starts and registers.
  void begin(ClientOptions with) {
    start(std::move(with));
    welcome();
    ASSERT_TRUE(client->is_ready());
  }

  // The last client that came is welcome.
  void welcome() {
    say("WELCOME:1:tags,presence:line=4096\nREGISTERED:Alice\n");
    peer().lines.clear();
  }
};

TEST_F(ClientTest, Start_SaysHelloAndRegisters) {
  start(options());
  EXPECT_EQ(peer().take_line(), "HELLO:1:tags,ack,resume,presence");
  EXPECT_EQ(peer().take_line(), "REGISTER:Alice");
  EXPECT_FALSE(client->is_ready());
  peer().say("WELCOME:1:tags:line=4096\r\nREGISTERED:Alice\r\n");
  settle();
  EXPECT_TRUE(client->is_ready());
  EXPECT_EQ(client->capabilities(), "tags");
  EXPECT_EQ(recorder.ready, std::vector<std::string>{"Alice"});
  EXPECT_EQ(recorder.lines, std::vector<std::string>{}) << "registration is the client's business";
}

TEST_F(ClientTest, Commands_AreLinesOfTheProtocol) {
  begin(options());
  client->broadcast("hi: all");
  client->direct("Bob", "hi");
  client->list();
  client->list("dev");
  client->rooms();
  client->join("dev");
  client->part("dev");
  client->say("dev", "x:y");
  client->set_topic("dev", "");
  client->request("Bob");
  client->accept("Bob");
  client->decline("Bob");
  client->leave();
  client->send_line("PING:1");
  settle();
  const std::deque<std::string> expected{
      "BROADCAST:hi: all", "CHAT:Bob:hi", "LIST",        "LIST:dev",   "ROOMS",
      "JOIN:dev",          "PART:dev",    "SAY:dev:x:y", "TOPIC:dev:", "REQUEST:Bob",
      "ACCEPT:Bob",        "DECLINE:Bob", "LEAVE",       "PING:1"};
  EXPECT_EQ(peer().lines, expected);
}

TEST_F(ClientTest, LinesInAnyPieces_ArriveWhole) {
  begin(options());
  for (const char c : std::string("@id=1 MESSAGE:Bob:hi\nPONG:x\r\n")) {
    peer().say(std::string(1, c));
    settle();
  }
  EXPECT_EQ(recorder.lines, (std::vector<std::string>{"MESSAGE|Bob|hi|", "PONG|x||"}));
}

TEST_F(ClientTest, WhatIsNoLine_IsNotSent) {
  begin(options());
  EXPECT_EQ(client->broadcast("a\nQUIT"), SendResult::kMalformed);
  EXPECT_EQ(client->broadcast("a\rb"), SendResult::kMalformed);
  EXPECT_EQ(client->broadcast(std::string(1, '\0')), SendResult::kMalformed);
  EXPECT_EQ(client->direct("Bob:hi", "there"), SendResult::kMalformed);
  EXPECT_EQ(client->join("a:b"), SendResult::kMalformed);
  const std::size_t room = Client::kSentLineBytesMax - std::string_view("BROADCAST:").size();
  EXPECT_EQ(client->broadcast(std::string(room + 1, 'x')), SendResult::kTooLong);
  EXPECT_EQ(client->broadcast(std::string(room, 'x')), SendResult::kQueued);
  settle();
  ASSERT_EQ(peer().lines.size(), 1U);
  EXPECT_EQ(peer().lines[0].size(), Client::kSentLineBytesMax);
}

TEST_F(ClientTest, WithoutSession_NothingIsSent) {
  start(options());
  EXPECT_EQ(client->broadcast("hi"), SendResult::kNotConnected);
  EXPECT_FALSE(client->is_congested());
}

TEST_F(ClientTest, NameWithALineEnd_IsRefusedBeforeConnecting) {
  ClientOptions with = options();
  with.name = "Alice\nQUIT";
  start(std::move(with));
  ASSERT_EQ(recorder.ends.size(), 1U);
  EXPECT_EQ(recorder.ends[0].first, ClientEnd::kRefused);
  EXPECT_TRUE(server.peers.empty());
}

TEST_F(ClientTest, NobodyThere_EndsTheFirstAttempt) {
  server.shut();
  ClientOptions with = options();
  with.addresses = {server.address_was};
  start(std::move(with));
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kUnreachable, "Connection refused"}}));
  pass(milliseconds{60'000});
  EXPECT_TRUE(server.peers.empty());
}

TEST_F(ClientTest, Addresses_AreTriedInTurn) {
  ClientOptions with = options();
  with.addresses = {Address::ipv4(0x7F000001, 1), Address::ipv4(0x7F000001, 2), server.address()};
  begin(std::move(with));
  EXPECT_EQ(recorder.ready.size(), 1U);
}

TEST_F(ClientTest, SilentServer_EndsTheFirstAttemptInTime) {
  start(options());
  pass(milliseconds{9'999});
  EXPECT_EQ(recorder.ends, Ends{});
  pass(milliseconds{1});
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kUnreachable, "the server does not answer"}}));
}

TEST_F(ClientTest, TakenName_EndsTheFirstAttempt) {
  start(options());
  peer().say("WELCOME:1:tags:\nERROR:409:Alice:somebody has it\n");
  settle();
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kNameTaken, "somebody has it"}}));
}

TEST_F(ClientTest, RefusedName_EndsWithTheServersReason) {
  start(options());
  peer().say("ERROR:422:Alice:no such names here\n");
  settle();
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kRefused, "no such names here"}}));
}

TEST_F(ClientTest, ClosedBeforeRegistration_TellsTheServersLastWords) {
  start(options());
  peer().say("BYE:full\n");
  peer().hang_up();
  settle();
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kUnreachable, "full"}}));
}

TEST_F(ClientTest, LostSession_ComesBack) {
  begin(options());
  peer().say("BYE:restarting\n");
  peer().hang_up();
  settle();
  ASSERT_EQ(recorder.losses.size(), 1U);
  const auto [reason, wait] = recorder.losses[0];
  EXPECT_EQ(reason, "restarting");
  EXPECT_GE(wait, milliseconds{1});
  EXPECT_LE(wait, milliseconds{250});
  EXPECT_FALSE(client->is_ready());
  pass(wait - milliseconds{1});
  EXPECT_EQ(server.peers.size(), 1U) << "it waits as long as it said";
  pass(milliseconds{1});
  ASSERT_EQ(server.peers.size(), 2U);
  EXPECT_EQ(peer().take_line(), "HELLO:1:tags,ack,resume,presence");
  EXPECT_EQ(peer().take_line(), "REGISTER:Alice");
  welcome();
  EXPECT_EQ(recorder.ready, (std::vector<std::string>{"Alice", "Alice again"}));
}

TEST_F(ClientTest, ServerThatIsAway_IsTriedAgainLessAndLessOften) {
  begin(options());
  server.shut();
  peer().hang_up();
  settle();
  milliseconds longest{0};
  for (std::size_t i = 0; i < 40; ++i) {
    pass(i == 0 ? recorder.losses.at(0).second : recorder.retries.at(i - 1).second);
    ASSERT_EQ(recorder.retries.size(), i + 1);
    EXPECT_LE(recorder.retries[i].second, milliseconds{15'000});
    longest = std::max(longest, recorder.retries[i].second);
  }
  EXPECT_GT(longest, milliseconds{10'000});
  EXPECT_EQ(recorder.ends, Ends{}) << "it never gives up by itself";
  server.open(server.address_was);
  pass(recorder.retries.back().second);
  welcome();
  EXPECT_TRUE(client->is_ready());
}

TEST_F(ClientTest, GivesUp_AfterSoManyAttempts) {
  ClientOptions with = options();
  with.attempts_max = 3;
  begin(std::move(with));
  server.shut();
  peer().hang_up();
  settle();
  for (int i = 0; i < 3; ++i) {
    pass(milliseconds{15'000});
  }
  EXPECT_EQ(recorder.retries.size(), 2U);
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kLost, "Connection refused"}}));
}

TEST_F(ClientTest, LongSession_BeginsTheBackoffAnew) {
  ClientOptions with = options();
  with.backoff_first = milliseconds{10};
  begin(std::move(with));
  // Sessions that end at once, until the ceiling is reached.
  for (std::size_t i = 0; i < 20; ++i) {
    peer().hang_up();
    settle();
    pass(recorder.losses.at(i).second);
    welcome();
  }
  EXPECT_GT(recorder.losses.back().second, milliseconds{10});
  pass(milliseconds{15'000});
  peer().hang_up();
  settle();
  EXPECT_LE(recorder.losses.back().second, milliseconds{10});
}

TEST_F(ClientTest, NameStillHeldOnReturn_IsTriedAgainThenGivenUp) {
  ClientOptions with = options();
  with.name_attempts_max = 3;
  begin(std::move(with));
  peer().hang_up();
  settle();
  for (int i = 0; i < 2; ++i) {
    pass(milliseconds{15'000});
    peer().say("ERROR:409:Alice:taken\n");
    settle();
    EXPECT_EQ(recorder.ends, Ends{});
  }
  pass(milliseconds{15'000});
  peer().say("ERROR:409:Alice:taken\n");
  settle();
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kNameTaken, "taken"}}));
}

TEST_F(ClientTest, BusyServer_RefusesAtFirstButNotOnReturn) {
  begin(options());
  peer().hang_up();
  settle();
  pass(recorder.losses.at(0).second);
  peer().say("ERROR:503::full\n");
  settle();
  ASSERT_EQ(recorder.retries.size(), 1U);
  EXPECT_EQ(recorder.retries[0].first, "full");
  pass(recorder.retries[0].second);
  peer().say("ERROR:403::go away\n");
  settle();
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kRefused, "go away"}}));
}

TEST_F(ClientTest, LineThatIsTooLong_EndsTheConnection) {
  begin(options());
  peer().say("MESSAGE:Bob:" + std::string(Client::kReceivedLineBytesMax - 12, 'x') + "\n");
  settle();
  EXPECT_EQ(recorder.lines.size(), 1U) << "as long as allowed";
  peer().say(std::string(Client::kReceivedLineBytesMax + 1, 'x'));
  settle();
  ASSERT_EQ(recorder.losses.size(), 1U);
  EXPECT_EQ(recorder.losses[0].first, "the server sent a line of more than 16384 bytes");
}

TEST_F(ClientTest, IdleSession_IsKeptAliveWithPings) {
  begin(options());
  for (int i = 0; i < 10; ++i) {
    pass(milliseconds{30'000});
    EXPECT_EQ(peer().take_line(), "PING:keep-alive");
    peer().say("PONG:keep-alive\n");
    settle();
  }
  EXPECT_TRUE(client->is_ready());
  EXPECT_EQ(recorder.lines, std::vector<std::string>{}) << "answers to its own pings";
}

TEST_F(ClientTest, ServerThatAnswersNoPing_IsLost) {
  begin(options());
  for (int i = 0; i < 3; ++i) {
    pass(milliseconds{30'000});
    EXPECT_TRUE(client->is_ready());
  }
  EXPECT_EQ(peer().lines.size(), 3U);
  pass(milliseconds{30'000});
  EXPECT_EQ(recorder.losses.size(), 1U);
}

TEST_F(ClientTest, Quit_WaitsForTheServersGoodbye) {
  begin(options());
  client->broadcast("one more");
  client->quit();
  EXPECT_EQ(client->broadcast("too late"), SendResult::kNotConnected);
  settle();
  EXPECT_EQ(peer().lines, (std::deque<std::string>{"BROADCAST:one more", "QUIT"}));
  EXPECT_EQ(recorder.ends, Ends{});
  peer().say("MESSAGE:Bob:last\nBYE:bye\n");
  peer().hang_up();
  settle();
  EXPECT_EQ(recorder.lines, std::vector<std::string>{"MESSAGE|Bob|last|"});
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kQuit, "bye"}}));
}

TEST_F(ClientTest, ConnectionThatBreaksBeforeTheGoodbye_IsLost) {
  begin(options());
  client->quit();
  settle();
  peer().hang_up();
  settle();
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kLost, "the server closed the connection"}}));
}

TEST_F(ClientTest, ServerThatSaysNoGoodbye_IsNotWaitedForForever) {
  begin(options());
  client->quit();
  settle();
  // Once because the QUIT has still been on its way when it was looked at first.
  pass(milliseconds{10'000});
  pass(milliseconds{10'000});
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kLost, "the server did not say goodbye"}}));
}

TEST_F(ClientTest, QuitWithoutSession_EndsAtOnceButNotInsideTheCall) {
  begin(options());
  peer().hang_up();
  settle();
  client->quit();
  EXPECT_EQ(recorder.ends, Ends{});
  settle();
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kQuit, ""}}));
}

TEST_F(ClientTest, SlowServer_CongestsAndIsTold) {
  begin(options());
  peer().connection->pause_reading();
  const std::string text(4000, 'x');
  for (int i = 0; i < 1000 && !client->is_congested(); ++i) {
    ASSERT_EQ(client->broadcast(text), SendResult::kQueued);
    reactor.turn();
  }
  EXPECT_TRUE(client->is_congested());
  EXPECT_EQ(recorder.sent, 0);
  peer().connection->resume_reading();
  for (int i = 0; i < 200 && recorder.sent == 0; ++i) {
    settle();
  }
  EXPECT_EQ(recorder.sent, 1);
  EXPECT_FALSE(client->is_congested());
}

TEST_F(ClientTest, DestroyedInASession_IsNotCalledAnyMore) {
  begin(options());
  peer().say("MESSAGE:Bob:hi\n");
  server.loop.turn();
  client.reset();
  settle();
  EXPECT_EQ(recorder.lines, std::vector<std::string>{});
  EXPECT_EQ(recorder.ends, Ends{});
}

// Whatever the network does to the bytes, lines arrive whole, once and in order.
TEST(ClientOnABadNetwork, EveryLine_ArrivesOnceInOrder) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    sim::World world{seed};
    ScriptedServer server{world};
    reactor::Reactor reactor{world.make_net()};
    world.faults = {.partial_read = 300,
                    .partial_write = 300,
                    .eintr = 100,
                    .spurious = 100,
                    .short_batch = 100,
                    .delayed_event = 200};
    Recorder recorder;
    ClientOptions options;
    options.name = "Alice";
    options.addresses = {server.address()};
    Client client(reactor, options, recorder);
    client.start();
    std::vector<std::string> expected;
    for (int i = 0; i < 2000 && recorder.lines.size() < 50; ++i) {
      reactor.turn();
      server.loop.turn();
      if (!server.peers.empty() && server.peers[0].connection != nullptr && i % 10 == 0) {
        if (expected.empty()) {
          server.peers[0].say("WELCOME:1:tags:\nREGISTERED:Alice\n");
        }
        if (expected.size() < 50) {
          const std::string text(world.below(200), 'x');
          server.peers[0].say("MESSAGE:" + std::to_string(expected.size()) + ":" + text + "\n");
          expected.push_back("MESSAGE|" + std::to_string(expected.size()) + "|" + text + "|");
        }
      }
    }
    EXPECT_EQ(recorder.lines, expected) << "seed " << seed;
    EXPECT_EQ(recorder.lines.size(), 50U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace chat
