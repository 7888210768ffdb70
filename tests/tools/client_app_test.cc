#include "tools/client_app.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/chat/client_scripted_server.h"
#include "tests/sim/sim_world.h"

namespace chat {
namespace {

using chat_test::Peer;
using chat_test::ScriptedServer;
using std::chrono::milliseconds;

struct FakeOutput final : public Output {
  std::vector<std::string> lines;
  std::string prompt;

  void print(std::string_view text) override { lines.emplace_back(text); }
  void set_prompt(std::string_view text) override { prompt = text; }
  bool flush() override { return true; }
};

using Lines = std::vector<std::string>;
using Sent = std::deque<std::string>;

// The program's middle: what is typed goes in at one end, a scripted server is at the other.
class ClientAppTest : public testing::Test {
 protected:
  void begin(ClientApp::Use use = ClientApp::Use::kInteractive) {
    ClientOptions options;
    options.name = "Alice";
    options.addresses = {server.address()};
    app = std::make_unique<ClientApp>(reactor, options, DisplayOptions{.own_name = "Alice"}, use,
                                      output);
    app->client().start();
    settle();
    welcome();
    if (use == ClientApp::Use::kInteractive) {
      say("CLIENT_LIST:Alice,Bob\nEND:LIST\n");
    }
    output.lines.clear();
  }

  void welcome() {
    peer().say("WELCOME:1:tags,presence:\nREGISTERED:Alice\n");
    settle();
  }

  Peer& peer() { return server.peers.back(); }
  void say(std::string_view bytes) {
    peer().say(bytes);
    settle();
    peer().lines.clear();
  }
  // Types a line and returns what the server got.
  Sent type(std::string_view line) {
    peer().lines.clear();
    app->on_typed(line);
    settle();
    return peer().lines;
  }
  Lines take_shown() { return std::exchange(output.lines, {}); }

  void settle() {
    for (int i = 0; i < 20; ++i) {
      reactor.turn();
      server.loop.turn();
    }
  }

  sim::World world{1};
  ScriptedServer server{world};
  reactor::Reactor reactor{world.make_net()};
  FakeOutput output;
  std::unique_ptr<ClientApp> app;
};

TEST_F(ClientAppTest, TypedLines_BecomeTheProtocols) {
  begin();
  EXPECT_EQ(type("Hello everyone!"), Sent{"BROADCAST:Hello everyone!"});
  EXPECT_EQ(type("send Bob hi"), Sent{"CHAT:Bob:hi"});
  EXPECT_EQ(type("list"), Sent{"LIST"});
  EXPECT_EQ(type("list dev"), Sent{"LIST:dev"});
  EXPECT_EQ(type("rooms"), Sent{"ROOMS"});
  EXPECT_EQ(type("join dev"), Sent{"JOIN:dev"});
  EXPECT_EQ(type("part dev"), Sent{"PART:dev"});
  EXPECT_EQ(type("say dev hi"), Sent{"SAY:dev:hi"});
  EXPECT_EQ(type("topic dev it"), Sent{"TOPIC:dev:it"});
  EXPECT_EQ(type("request Bob"), Sent{"REQUEST:Bob"});
  EXPECT_EQ(type("//list"), Sent{"BROADCAST:list"});
  EXPECT_EQ(take_shown(), Lines{});
  EXPECT_EQ(type("help"), Sent{});
  EXPECT_EQ(take_shown(), Lines{std::string(command_help())});
}

TEST_F(ClientAppTest, Mistakes_AreExplainedAndNotSent) {
  begin();
  EXPECT_EQ(type("send Bob"), Sent{});
  EXPECT_EQ(type("/dance"), Sent{});
  EXPECT_EQ(type(std::string(5000, 'x')), Sent{});
  EXPECT_EQ(type("accept"), Sent{});
  EXPECT_EQ(type("leave"), Sent{});
  EXPECT_EQ(take_shown(),
            (Lines{"! usage: send <name> <message>", "! no such command: /dance; try help",
                   "! longer than 4096 bytes: that was not sent",
                   "! nobody has asked for a private chat", "! you are not in a private chat"}));
}

TEST_F(ClientAppTest, PrivateChat_TakesWhatIsTypedUntilItEnds) {
  begin();
  EXPECT_EQ(output.prompt, "> ");
  say("STATUS:CHAT_STARTED:Bob\n");
  EXPECT_EQ(output.prompt, "Bob> ");
  EXPECT_EQ(type("just us"), Sent{"CHAT:Bob:just us"});
  EXPECT_EQ(type("leave"), Sent{"LEAVE"});
  say("STATUS:CHAT_ENDED:Bob\n");
  EXPECT_EQ(output.prompt, "> ");
  EXPECT_EQ(type("all"), Sent{"BROADCAST:all"});
}

TEST_F(ClientAppTest, Accept_AnswersWhoAskedLast) {
  begin();
  say("REQUEST:Bob\nREQUEST:Carol\nREQUEST:Dave\n");
  EXPECT_EQ(type("decline"), Sent{"DECLINE:Dave"});
  EXPECT_EQ(type("accept Bob"), Sent{"ACCEPT:Bob"});
  EXPECT_EQ(type("accept"), Sent{"ACCEPT:Carol"});
  EXPECT_EQ(type("accept"), Sent{});
}

TEST_F(ClientAppTest, Lists_AreShownAsAskedFor) {
  begin();
  type("list");
  type("list dev");
  type("list nowhere");
  type("list");
  say("CLIENT_LIST:Alice,Bob\nCLIENT_LIST:Carol\nEND:LIST\nCLIENT_LIST:Bob\nEND:LIST\n"
      "ERROR:404:nowhere:there is no such room\nCLIENT_LIST:Alice\nEND:LIST\n");
  EXPECT_EQ(take_shown(), (Lines{"Clients: Alice, Bob", "Clients: Carol", "Clients in dev: Bob",
                                 "! nowhere: there is no such room", "Clients: Alice"}));
}

TEST_F(ClientAppTest, NamesForCompletion_ComeFromAllThatIsHeard) {
  begin();
  say("STATUS:JOINED:lobby:Carol\nMESSAGE:Dave:x\nDIRECT:Erin:x\nROOM_MESSAGE:dev:Fred:x\n");
  for (const char* name : {"Bob", "Carol", "Dave", "Erin", "Fred"}) {
    EXPECT_EQ(app->complete_word(std::string("send ") + name).insertion, std::string(name) + " ");
  }
  say("STATUS:LEFT:lobby:Carol\n");
  EXPECT_TRUE(app->complete_word("send Carol").candidates.empty());
  EXPECT_TRUE(app->complete_word("send Alice").candidates.empty()) << "nobody writes to himself";
  say("ROOM_LIST:lobby=2,dev=1\nJOINED:design\n");
  EXPECT_EQ(app->complete_word("join de").candidates, (Lines{"design", "dev"}));
}

TEST_F(ClientAppTest, NamesOfAHostileServer_AreNotCompleted) {
  begin();
  say("STATUS:JOINED:lobby:Mal\x1b[2J,Mallory quit\nSTATUS:CHAT_STARTED:Mal\x1b[2J\n");
  EXPECT_TRUE(app->complete_word("send Mal").candidates.empty());
  EXPECT_EQ(output.prompt, "> ");
}

TEST_F(ClientAppTest, LostSession_IsToldAndSoIsTheReturn) {
  begin();
  say("JOINED:dev\nSTATUS:CHAT_STARTED:Bob\n");
  take_shown();
  peer().say("BYE:server shutting down\n");
  peer().hang_up();
  settle();
  Lines shown = take_shown();
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].rfind("* connection lost (server shutting down), trying again in ", 0), 0U)
      << shown[0];
  EXPECT_EQ(shown[1], "* the private chat with Bob has ended");
  app->on_typed("anybody?");
  EXPECT_EQ(take_shown(), Lines{"! not connected: that was not sent"});
  world.advance(milliseconds{250});
  settle();
  welcome();
  EXPECT_EQ(take_shown(), Lines{"* back as Alice"});
  EXPECT_EQ(peer().lines.back(), "LIST");
  EXPECT_EQ(*(peer().lines.end() - 2), "JOIN:dev") << "rooms are joined again";
}

TEST_F(ClientAppTest, LongWaits_AreToldAndShortOnesAreNot) {
  begin();
  server.shut();
  peer().hang_up();
  settle();
  take_shown();
  for (int i = 0; i < 20; ++i) {
    world.advance(milliseconds{15'000});
    settle();
  }
  const Lines shown = take_shown();
  EXPECT_GE(shown.size(), 10U);
  EXPECT_LT(shown.size(), 20U);
  for (const std::string& line : shown) {
    EXPECT_EQ(line.rfind("* still not connected (Connection refused), trying again in ", 0), 0U);
    EXPECT_EQ(line.substr(line.size() - 2), " s") << line;
  }
}

TEST_F(ClientAppTest, Script_AsksForNothingByItself) {
  begin(ClientApp::Use::kScript);
  EXPECT_EQ(peer().lines, (Sent{"HELLO:1:tags,presence", "REGISTER:Alice"}));
}

TEST_F(ClientAppTest, Quit_EndsInOrder) {
  begin();
  EXPECT_EQ(type("quit"), Sent{"QUIT"});
  EXPECT_TRUE(app->has_quit());
  EXPECT_FALSE(app->has_ended());
  peer().say("BYE:bye\n");
  peer().hang_up();
  settle();
  EXPECT_TRUE(app->has_ended());
  EXPECT_EQ(app->outcome().end, ClientEnd::kQuit);
}

}  // namespace
}  // namespace chat
