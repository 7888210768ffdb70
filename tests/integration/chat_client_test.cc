#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/process.h"
#include "tests/integration/pty.h"

// chat-client as its users meet it: in a terminal and in a pipe, with a real chat-server.
namespace integration {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kClient = CHAT_CLIENT_PATH;
constexpr const char* kServer = CHAT_SERVER_PATH;

constexpr const char* kCtrlC = "\x03";
constexpr const char* kCtrlD = "\x04";
constexpr const char* kEnter = "\r";
constexpr const char* kUp = "\x1b[A";
constexpr const char* kLeft = "\x1b[D";

class ChatClient : public testing::Test {
 protected:
  std::string address() const { return "127.0.0.1:" + std::to_string(server->port()); }

  std::vector<std::string> arguments(const std::string& name) const {
    return {name, "--server", address()};
  }

  // A client in a terminal, with its prompt.
  std::unique_ptr<Pty> open(const std::string& name, std::size_t columns = 80) const {
    auto pty = std::make_unique<Pty>(kClient, arguments(name), columns);
    EXPECT_TRUE(pty->wait_for_end({">"}));
    return pty;
  }

  // A client in a pipe, fed by a command of the shell. Tells the exit code at the end.
  std::unique_ptr<Process> pipe_from(const std::string& command, const std::string& name,
                                     const std::string& more = "") const {
    return std::make_unique<Process>(
        "/bin/sh", std::vector<std::string>{"-c", command + " | '" + kClient + "' " + name +
                                                      " --server " + address() + " " + more});
  }

  std::unique_ptr<ServerProcess> server = std::make_unique<ServerProcess>(kServer);
};

class ChatClientInATerminal : public ChatClient {
 protected:
  ChatClientInATerminal() : bob(server->port()) {
    EXPECT_TRUE(bob.register_as("Bob"));
    alice = open("Alice");
  }

  LineClient bob;
  std::unique_ptr<Pty> alice;
};

TEST_F(ChatClientInATerminal, IncomingMessage_LeavesTheHalfTypedLineAlone) {
  alice->type("I am just ");
  ASSERT_TRUE(alice->wait_for_end({"> I am just"}));
  ASSERT_TRUE(bob.send_line("do you hear me?"));
  EXPECT_TRUE(alice->wait_for_end({"[Bob]: do you hear me?", "> I am just"}));
  EXPECT_EQ(alice->cursor_column(), std::string_view("> I am just ").size());
  alice->type("typing");
  alice->type(kEnter);
  EXPECT_TRUE(alice->wait_for_end({"[Bob]: do you hear me?", "> I am just typing", ">"}));
  EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:I am just typing"));
}

TEST_F(ChatClientInATerminal, CursorWithinTheLine_StaysThere) {
  alice->type("abcdef");
  alice->type(kLeft);
  alice->type(kLeft);
  ASSERT_TRUE(alice->wait_for_end({"> abcdef"}));
  ASSERT_TRUE(bob.send_line("one"));
  ASSERT_TRUE(bob.send_line("two"));
  EXPECT_TRUE(alice->wait_for_end({"[Bob]: one", "[Bob]: two", "> abcdef"}));
  alice->type("X");
  alice->type(kEnter);
  EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:abcdXef"));
}

TEST_F(ChatClientInATerminal, LineOfSeveralRows_MovesDownAsAWhole) {
  const auto narrow = open("Narrow", 20);
  narrow->type("this line has more than two rows");
  const std::vector<std::string> typed{"> this line has more", " than two rows"};
  ASSERT_TRUE(narrow->wait_for_end(typed));
  ASSERT_TRUE(bob.send_line("hi"));
  EXPECT_TRUE(narrow->wait_for_end({"[Bob]: hi", typed[0], typed[1]}));
  narrow->type("!");
  EXPECT_TRUE(narrow->wait_for_end({"[Bob]: hi", typed[0], " than two rows!"}));
  // A row that is full to its edge has the cursor in the next one.
  narrow->type(" 1234");
  ASSERT_TRUE(narrow->wait_for_line(" than two rows! 1234"));
  ASSERT_TRUE(bob.send_line("again"));
  EXPECT_TRUE(narrow->wait_for_line("[Bob]: again"));
  narrow->type("5");
  EXPECT_TRUE(
      narrow->wait_for_end({"[Bob]: hi", "[Bob]: again", typed[0], " than two rows! 1234", "5"}));
}

TEST_F(ChatClientInATerminal, Tab_CompletesCommandsAndNames) {
  ASSERT_TRUE(bob.send_line("hi"));
  ASSERT_TRUE(alice->wait_for_line("[Bob]: hi")) << "or his name may not be known yet";
  alice->type("se\t");
  ASSERT_TRUE(alice->wait_for_end({"> send"}));
  alice->type("bo\t");
  ASSERT_TRUE(alice->wait_for_end({"> send Bob"}));
  alice->type("psst");
  alice->type(kEnter);
  EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:psst"));
}

TEST_F(ChatClientInATerminal, TabWithSeveralChoices_ShowsThemAboveTheLine) {
  LineClient second(server->port());
  ASSERT_TRUE(second.register_as("Bobby"));
  ASSERT_TRUE(second.send_line("hi"));
  ASSERT_TRUE(alice->wait_for_line("[Bobby]: hi"));
  alice->type("send b\t\t");
  EXPECT_TRUE(alice->wait_for_end({"Bob  Bobby", "> send Bob"}));
}

TEST_F(ChatClientInATerminal, ArrowUp_BringsBackWhatWasTyped) {
  alice->type("first\rsecond\r");
  ASSERT_TRUE(alice->wait_for_end({"> first", "> second", ">"}));
  alice->type(kUp);
  alice->type(kUp);
  ASSERT_TRUE(alice->wait_for_end({"> first"}));
  alice->type(kEnter);
  for (const char* text : {"first", "second", "first"}) {
    EXPECT_TRUE(bob.expect_line(std::string("MESSAGE:Alice:") + text));
  }
}

TEST_F(ChatClientInATerminal, PastedLines_AreSentInOrderAndShownOnce) {
  std::string paste;
  std::vector<std::string> shown;
  for (int i = 0; i < 40; ++i) {
    paste += "line " + std::to_string(i) + "\r";
    shown.push_back("> line " + std::to_string(i));
  }
  shown.emplace_back(">");
  alice->type(paste);
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:line " + std::to_string(i)));
  }
  EXPECT_TRUE(alice->wait_for_end(shown));
}

TEST_F(ChatClientInATerminal, PrivateChat_ShowsInThePrompt) {
  ASSERT_TRUE(bob.send_line("REQUEST:Alice"));
  ASSERT_TRUE(alice->wait_for_line("* Bob asks for a private chat: accept or decline"));
  alice->type("accept\r");
  ASSERT_TRUE(bob.expect_line("STATUS:CHAT_STARTED:Alice"));
  ASSERT_TRUE(alice->wait_for_end({"> accept", "Bob>"}));
  alice->type("only you\r");
  EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:only you"));
  ASSERT_TRUE(bob.send_line("only me"));
  EXPECT_TRUE(alice->wait_for_end({"Bob> only you", "[Bob]: only me (private)", "Bob>"}));
  alice->type("leave\r");
  EXPECT_TRUE(alice->wait_for_end({"Bob> leave", ">"}));
}

TEST_F(ChatClientInATerminal, ControlCharactersOfOthers_DoNothing) {
  const std::string turn_around = std::string("\xE2") + "\x80\xAE";  // U+202E
  ASSERT_TRUE(bob.send_line("\x1b[2Jboo\x07" + turn_around + "oob"));
  EXPECT_TRUE(alice->wait_for_end({"[Bob]: ␛[2Jboo␇\uFFFDoob", ">"}));
  EXPECT_THAT(alice->bytes(), Not(HasSubstr("\x1b[2J")));
}

TEST_F(ChatClientInATerminal, Terminal_IsColoured) {
  ASSERT_TRUE(bob.send_line("hi"));
  ASSERT_TRUE(alice->wait_for_line("[Bob]: hi"));
  EXPECT_THAT(alice->bytes(), HasSubstr("\x1b[2m* you are Alice; type a message, or help\x1b[0m"));
}

TEST_F(ChatClientInATerminal, CtrlC_LeavesInOrderWithTheTerminalAsItWas) {
  alice->type("half a line");
  ASSERT_TRUE(alice->wait_for_end({"> half a line"}));
  EXPECT_FALSE(alice->is_cooked());
  alice->type(kCtrlC);
  EXPECT_EQ(alice->wait_exit(), 0);
  EXPECT_TRUE(alice->is_cooked());
  ASSERT_TRUE(bob.send_line("send Alice still there?"));
  EXPECT_THAT(bob.read_line().value_or(""), StartsWith("ERROR:404:Alice:"));
}

TEST_F(ChatClientInATerminal, CtrlD_LeavesInOrderWithTheTerminalAsItWas) {
  alice->type(kCtrlD);
  EXPECT_EQ(alice->wait_exit(), 0);
  EXPECT_TRUE(alice->is_cooked());
}

TEST_F(ChatClientInATerminal, Quit_EndsIt) {
  alice->type("Quit\r");
  EXPECT_EQ(alice->wait_exit(), 0);
  EXPECT_TRUE(alice->is_cooked());
}

TEST_F(ChatClientInATerminal, StoppedAndContinued_GoesOnWhereItWas) {
  alice->type("half ");
  ASSERT_TRUE(alice->wait_for_end({"> half"}));
  alice->signal(SIGTSTP);
  ASSERT_TRUE(alice->wait_stopped());
  EXPECT_TRUE(alice->is_cooked()) << "the shell gets its terminal back";
  alice->signal(SIGCONT);
  ASSERT_TRUE(alice->wait_for_end({"> half", "> half"}));
  EXPECT_FALSE(alice->is_cooked());
  alice->type("done\r");
  EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:half done"));
}

TEST_F(ChatClientInATerminal, ServerThatComesBack_IsJoinedAgain) {
  const std::string at = address();
  server.reset();
  ASSERT_TRUE(alice->wait_for_text("* connection lost ("));
  alice->type("hello?\r");
  ASSERT_TRUE(alice->wait_for_text("! not connected: that was not sent"));
  server = std::make_unique<ServerProcess>(kServer, std::vector<std::string>{"--listen", at});
  ASSERT_TRUE(alice->wait_for_line("* back as Alice"));
  LineClient carol(server->port());
  ASSERT_TRUE(carol.register_as("Carol"));
  alice->type("hello!\r");
  EXPECT_TRUE(carol.expect_line("MESSAGE:Alice:hello!"));
}

class ChatClientInAPipe : public ChatClient {};

TEST_F(ChatClientInAPipe, EveryLine_IsSentBeforeItLeaves) {
  LineClient bob(server->port());
  ASSERT_TRUE(bob.register_as("Bob"));
  const auto alice =
      pipe_from("printf 'hello\\r\\nsend Bob hi\\n//list\\nlist\\nno line end'", "Alice");
  EXPECT_EQ(alice->wait_exit(), 0);
  EXPECT_EQ(alice->output(), "Clients: Alice, Bob\n") << "no prompt, no colours, nothing else";
  for (const char* text : {"hello", "hi", "list", "no line end"}) {
    EXPECT_TRUE(bob.expect_line(std::string("MESSAGE:Alice:") + text));
  }
}

TEST_F(ChatClientInAPipe, ManyLines_ArriveCompleteAndInOrder) {
  constexpr int kLines = 20'000;
  LineClient bob(server->port());
  ASSERT_TRUE(bob.register_as("Bob"));
  const auto alice = pipe_from("seq 1 " + std::to_string(kLines), "Alice");
  for (int i = 1; i <= kLines; ++i) {
    ASSERT_TRUE(bob.expect_line("MESSAGE:Alice:" + std::to_string(i)));
  }
  EXPECT_EQ(alice->wait_exit(), 0);
}

TEST_F(ChatClientInAPipe, RegularFile_IsReadToItsEnd) {
  LineClient bob(server->port());
  ASSERT_TRUE(bob.register_as("Bob"));
  const std::string path = testing::TempDir() + "chat_client_test_lines";
  std::ofstream(path) << "from a file\nquit\nnot this\n";
  Process alice("/bin/sh", {"-c", std::string("'") + kClient + "' Alice --server " + address() +
                                      " < '" + path + "'"});
  EXPECT_EQ(alice.wait_exit(), 0);
  EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:from a file"));
  EXPECT_TRUE(bob.send_line("send Alice gone?"));
  EXPECT_THAT(bob.read_line().value_or(""), StartsWith("ERROR:404:")) << "quit ended it";
  std::remove(path.c_str());
}

TEST_F(ChatClientInAPipe, LineThatIsTooLong_IsToldAndCostsOnlyItself) {
  LineClient bob(server->port());
  ASSERT_TRUE(bob.register_as("Bob"));
  const auto alice =
      pipe_from("{ head -c 100000 /dev/zero | tr '\\0' x; printf '\\nshort\\n'; }", "Alice");
  EXPECT_EQ(alice->wait_exit(), 1);
  EXPECT_EQ(alice->output(),
            "! longer than 4096 bytes: that was not sent\n"
            "chat-client: 1 line was not delivered, or may not have been\n");
  EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:short"));
}

TEST_F(ChatClientInAPipe, ColorAlways_ColoursPipesToo) {
  const auto alice = pipe_from("echo list Nowhere", "Alice", "--color always");
  EXPECT_EQ(alice->wait_exit(), 0);
  EXPECT_THAT(alice->output(), StartsWith("\x1b[31m! Nowhere: "));
}

TEST_F(ChatClientInAPipe, Timestamps_BeginTheLines) {
  const auto alice = pipe_from("echo list", "Alice", "--timestamps");
  EXPECT_EQ(alice->wait_exit(), 0);
  EXPECT_THAT(alice->output(), testing::MatchesRegex("..:..:.. Clients: Alice\n"));
}

TEST_F(ChatClientInAPipe, OutputThatCannotBeWritten_EndsItWithAnError) {
  const auto alice = pipe_from("echo list", "Alice", "> /dev/full");
  EXPECT_EQ(alice->wait_exit(), 1);
}

TEST_F(ChatClientInAPipe, TakenName_IsExplainedWithAWayOut) {
  LineClient other(server->port());
  ASSERT_TRUE(other.register_as("Alice"));
  const auto alice = pipe_from("true", "alice");
  EXPECT_EQ(alice->wait_exit(), 1);
  EXPECT_EQ(alice->output(), "chat-client: \"alice\" is taken; try: chat-client alice2 --server " +
                                 address() + "\n");
}

TEST_F(ChatClientInAPipe, NobodyThere_IsExplainedAtOnce) {
  const std::string at = address();
  server->terminate();
  ASSERT_EQ(server->wait_exit(), 0);
  Process alice(kClient, {"Alice", "--server", at});
  EXPECT_EQ(alice.wait_exit(), 1);
  EXPECT_EQ(alice.output(), "chat-client: can't reach " + at +
                                " (Connection refused); is a chat-server running there?\n");
}

TEST_F(ChatClientInAPipe, UnixSocket_WorksLikeAnyOther) {
  const std::string path = testing::TempDir() + "chat_client_test.sock";
  ServerProcess local(kServer, {"--listen", "unix:" + path});
  Process alice("/bin/sh",
                {"-c", std::string("echo list | '") + kClient + "' Alice --server unix:" + path});
  EXPECT_EQ(alice.wait_exit(), 0);
  EXPECT_EQ(alice.output(), "Clients: Alice\n");
}

TEST(ChatClientOptions, Help_FitsAScreen) {
  Process help(kClient, {"--help"});
  EXPECT_EQ(help.wait_exit(), 0);
  const std::string text = help.output();
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 24);
  for (const char* option : {"name", "--server", "--color", "--timestamps", "--version"}) {
    EXPECT_THAT(text, HasSubstr(option));
  }
}

TEST(ChatClientOptions, Version_IsTold) {
  Process version(kClient, {"--version"});
  EXPECT_EQ(version.wait_exit(), 0);
  EXPECT_THAT(version.output(), StartsWith("chat-client "));
}

TEST(ChatClientOptions, WrongUse_IsExitCode2) {
  const std::vector<std::vector<std::string>> wrong{
      {}, {"Alice", "Bob"}, {"Alice", "--color", "pink"}, {"Alice", "--nonsense"}, {"not a name"}};
  for (const auto& arguments : wrong) {
    Process client(kClient, arguments);
    EXPECT_EQ(client.wait_exit(), 2) << testing::PrintToString(arguments);
    EXPECT_NE(client.output(), "");
  }
}

}  // namespace
}  // namespace integration
