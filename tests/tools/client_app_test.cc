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
  EXPECT_EQ(peer().lines, (Sent{"HELLO:1:tags,ack,resume,presence", "REGISTER:Alice"}));
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

// With a server that acknowledges, resumes and keeps a history.
class ClientAppSessionTest : public ClientAppTest {
 protected:
  static constexpr const char* kWelcome = "WELCOME:1:tags,ack,resume,presence:\n";

  void begin_session(ClientApp::Use use = ClientApp::Use::kInteractive) {
    ClientOptions options;
    options.name = "Alice";
    options.addresses = {server.address()};
    options.history_on_entry = use == ClientApp::Use::kInteractive ? 20 : 0;
    app = std::make_unique<ClientApp>(reactor, options, DisplayOptions{.own_name = "Alice"}, use,
                                      output);
    app->client().start();
    settle();
    say(kWelcome + std::string("REGISTERED:Alice\nSESSION:token\n"));
  }
  // Comes back to a server that answers the RESUME like this.
  void come_back(const std::string& answer) {
    peer().hang_up();
    settle();
    world.advance(milliseconds{15'000});
    settle();
    say(kWelcome + answer);
  }
  std::string message(int id, const std::string& room, const std::string& text) const {
    const std::string head = room == "lobby" ? "MESSAGE:" : "ROOM_MESSAGE:" + room + ":";
    return "@id=" + std::to_string(id) + ";ts=" + std::to_string(world.unix_ms()) +
           ";room=" + room + " " + head + "Bob:" + text + "\n";
  }
  // Without the time in front of it.
  Lines take_shown_without_times() {
    Lines shown = take_shown();
    for (std::string& line : shown) {
      const bool has_time = line.size() > 9 && line[2] == ':' && line[5] == ':' && line[8] == ' ';
      line.erase(0, has_time ? 9 : 0);
    }
    return shown;
  }
};

TEST_F(ClientAppSessionTest, OnEntering_TheLastMessagesAreShownAsHistory) {
  begin_session();
  say(message(3, "lobby", "hi") + "GAP:4:6\n" + message(7, "lobby", "there") +
      "END:HISTORY:lobby\nCLIENT_LIST:Alice\nEND:LIST\n" + message(8, "lobby", "now"));
  EXPECT_EQ(output.lines[2].substr(8), " [Bob]: hi") << "with its time";
  EXPECT_EQ(
      take_shown_without_times(),
      (Lines{"* you are Alice; type a message, or help", "* said before you came:", "[Bob]: hi",
             "* messages may be missing here: the server has not kept everything", "[Bob]: there",
             "* end of the history", "[Bob]: now"}));
  EXPECT_EQ(app->complete_word("send B").insertion, "Bob ");
}

TEST_F(ClientAppSessionTest, OnEnteringAnEmptyLobby_NothingIsShown) {
  begin_session();
  say("END:HISTORY:lobby\n");
  EXPECT_EQ(take_shown(), Lines{"* you are Alice; type a message, or help"});
}

TEST_F(ClientAppSessionTest, HistoryCommand_ShowsWhatItFinds) {
  begin_session(ClientApp::Use::kScript);
  EXPECT_EQ(type("history"), Sent{"@id=c1 HISTORY:lobby:before:0:20"});
  EXPECT_EQ(type("history dev 5"), Sent{"@id=c2 HISTORY:dev:before:0:5"});
  EXPECT_EQ(type("history @Bob"), Sent{"@id=c3 HISTORY:@Bob:before:0:20"});
  EXPECT_EQ(type("history attic"), Sent{"@id=c4 HISTORY:attic:before:0:20"});
  say(message(1, "lobby", "hi") + "END:HISTORY:lobby\n" + message(2, "dev", "ho") +
      "END:HISTORY:dev\nEND:HISTORY:@Bob\n@id=c4 ERROR:404:attic:no such room\n");
  EXPECT_EQ(take_shown_without_times(),
            (Lines{"* history of the lobby:", "[Bob]: hi", "* end of the history",
                   "* history of dev:", "[dev] [Bob]: ho", "* end of the history",
                   "* no history of your private messages with Bob", "! attic: no such room"}));
  say("STATUS:CHAT_STARTED:Bob\n");
  EXPECT_EQ(type("history 3"), Sent{"@id=c5 HISTORY:@Bob:before:0:3"});
}

TEST_F(ClientAppTest, HistoryOfAServerThatKeepsNone_IsToldToBeImpossible) {
  begin();
  EXPECT_EQ(type("history"), Sent{});
  EXPECT_EQ(take_shown(), Lines{"! this server keeps no history"});
}

TEST_F(ClientAppSessionTest, QuestionsThatAreLost_AreTold) {
  begin_session(ClientApp::Use::kScript);
  type("list");
  type("rooms");
  type("history");
  take_shown();
  come_back("RESUMED:Alice\n");
  Lines shown = take_shown();
  ASSERT_EQ(shown.size(), 5U);
  EXPECT_EQ(shown[0], "! no history of the lobby: the connection was lost");
  EXPECT_EQ(shown[1].rfind("* connection lost (", 0), 0U);
  EXPECT_EQ(shown[2], "! list: the connection was lost before the answer came");
  EXPECT_EQ(shown[3], "! rooms: the connection was lost before the answer came");
  EXPECT_EQ(shown[4], "* back as Alice");
  EXPECT_EQ(app->failures(), 3U);
}

TEST_F(ClientAppSessionTest, MessageThatStaysUnconfirmed_ShowsInThePrompt) {
  begin_session();
  EXPECT_EQ(type("hello"), Sent{"@id=c2 BROADCAST:hello"});
  world.advance(milliseconds{999});
  settle();
  EXPECT_EQ(output.prompt, "> ") << "that is usual";
  world.advance(milliseconds{1});
  settle();
  EXPECT_EQ(output.prompt, "(1 not confirmed) > ");
  type("more");
  EXPECT_EQ(output.prompt, "(2 not confirmed) > ");
  say("END:HISTORY:lobby\nACK:c2:5\n");
  EXPECT_EQ(output.prompt, "(1 not confirmed) > ");
  say("ACK:c3:6\n");
  EXPECT_EQ(output.prompt, "> ");
  type("again");
  say("ACK:c4:7\n");
  world.advance(milliseconds{1000});
  settle();
  EXPECT_EQ(output.prompt, "> ");
}

TEST_F(ClientAppSessionTest, UnconfirmedMessage_IsSentAgainAfterTheConnectionWasLost) {
  begin_session(ClientApp::Use::kScript);
  type("hello");
  come_back("RESUMED:Alice\n");
  EXPECT_EQ(take_shown().back(), "* back as Alice");
  say("ACK:c1:5\n");
  EXPECT_EQ(app->client().unconfirmed(), 0U);
  EXPECT_EQ(app->failures(), 0U);
}

TEST_F(ClientAppSessionTest, SessionThatIsOver_IsToldWithWhatItMayHaveCost) {
  begin_session(ClientApp::Use::kScript);
  say(message(9, "lobby", "hi"));
  type("hello");
  take_shown();
  come_back("ERROR:404::over\nREGISTERED:Alice\nSESSION:another\n");
  say(message(12, "lobby", "missed") + "END:HISTORY:lobby\nEND:HISTORY:lobby\n");
  const Lines shown = take_shown_without_times();
  EXPECT_EQ(
      Lines(shown.begin() + 1, shown.end()),
      (Lines{"* back as Alice",
             "* your session was over: private messages of the time between may be missing",
             "! not confirmed, so perhaps not delivered: hello",
             "* said in the lobby while you were away:", "[Bob]: missed", "* end of the history"}));
  EXPECT_EQ(app->failures(), 1U);
}

TEST_F(ClientAppSessionTest, RefusedMessage_IsToldAndCounts) {
  begin_session(ClientApp::Use::kScript);
  type("send Zed hi");
  say("@id=c1 ERROR:404:Zed:nobody; LIST tells\n");
  EXPECT_EQ(take_shown(), Lines{"! Zed: nobody; not delivered to Zed: hi"});
  EXPECT_EQ(app->failures(), 1U);
}

TEST_F(ClientAppSessionTest, QuitWithUnconfirmedMessages_TellsWhyItTakesSoLong) {
  begin_session();
  say("END:HISTORY:lobby\n");
  type("hello");
  type("quit");
  take_shown();
  world.advance(milliseconds{1000});
  settle();
  EXPECT_EQ(take_shown(), Lines{"* waiting for the server to confirm what you have sent (1 left)"});
  say("ACK:c2:5\nBYE:bye\n");
  peer().hang_up();
  settle();
  EXPECT_TRUE(app->has_ended());
}

}  // namespace
}  // namespace chat
