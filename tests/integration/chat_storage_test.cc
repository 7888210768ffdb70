// What chat-server keeps, as an operator meets it: a real process, a real disk, kill -9.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tests/integration/process.h"

namespace integration {
namespace {

using ::testing::HasSubstr;

class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "chatXXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string path() const { return path_ + "/data"; }

 private:
  std::string path_;
};

class ChatStorage : public ::testing::Test {
 protected:
  std::unique_ptr<ServerProcess> start(std::vector<std::string> args = {}) {
    args.insert(args.end(), {"--data", directory_.path()});
    return std::make_unique<ServerProcess>(CHAT_SERVER_PATH, args);
  }
  // What a server says that cannot begin.
  std::string complaint() {
    Process server(CHAT_SERVER_PATH, {"--listen", "127.0.0.1:0", "--data", directory_.path()});
    EXPECT_EQ(server.wait_exit(), 1);
    return server.output();
  }

  static void kill_now(ServerProcess& server) {
    ::kill(server.pid(), SIGKILL);
    EXPECT_EQ(server.wait_exit(), 128 + SIGKILL);
  }

  Directory directory_;
};

// Says HELLO and REGISTER or RESUME; returns the token.
std::string enter(LineClient& client, std::string_view name) {
  EXPECT_TRUE(client.send_line("HELLO:1:tags,ack,resume"));
  EXPECT_TRUE(client.send_line("REGISTER:" + std::string(name)));
  EXPECT_THAT(client.read_line().value_or(""), HasSubstr("WELCOME:1:tags,ack,resume:"));
  EXPECT_TRUE(client.expect_line("REGISTERED:" + std::string(name)));
  const std::string session = client.read_line().value_or("");
  EXPECT_TRUE(session.starts_with("SESSION:")) << session;
  return session.substr(session.find(':') + 1);
}

std::uint64_t number_behind(std::string_view line, std::string_view what) {
  const std::size_t at = line.find(what);
  std::uint64_t number = 0;
  if (at != std::string_view::npos) {
    std::from_chars(line.data() + at + what.size(), line.data() + line.size(), number);
  }
  return number;
}

// Sends so many and returns the last number that was acknowledged.
std::uint64_t say(LineClient& client, int first, int last) {
  std::uint64_t id = 0;
  for (int i = first; i <= last; ++i) {
    EXPECT_TRUE(client.send_line(fmt::format("@id=c{0} BROADCAST:message {0}", i)));
  }
  for (int i = first; i <= last; ++i) {
    const std::string line = client.read_line().value_or("nothing");
    const std::string ack = "ACK:c" + std::to_string(i) + ":";
    EXPECT_TRUE(line.starts_with(ack)) << line;
    EXPECT_GT(number_behind(line, ack), id) << "numbers only grow";
    id = number_behind(line, ack);
  }
  return id;
}

void expect_history(LineClient& client, int first, int last) {
  ASSERT_TRUE(client.send_line("HISTORY:lobby:after:0:1000"));
  int next = first;
  for (std::string line = client.read_line().value_or("");
       !line.empty() && line != "END:HISTORY:lobby"; line = client.read_line().value_or("")) {
    if (!line.starts_with("GAP:")) {
      EXPECT_THAT(line, HasSubstr(":message " + std::to_string(next)));
      ++next;
    }
  }
  EXPECT_EQ(next, last + 1);
}

TEST_F(ChatStorage, KilledServer_HasEverythingThatItAcknowledged) {
  std::unique_ptr<ServerProcess> server = start();
  std::uint64_t last_id = 0;
  std::string token;
  {
    LineClient alice(server->port());
    token = enter(alice, "Alice");
    last_id = say(alice, 1, 50);
    kill_now(*server);
  }
  for (int life = 1; life <= 3; ++life) {
    server = start();
    LineClient alice(server->port());
    ASSERT_TRUE(alice.send_line("HELLO:1:tags,ack,resume"));
    ASSERT_TRUE(alice.send_line("RESUME:" + token + ":" + std::to_string(last_id)));
    ASSERT_TRUE(alice.read_line());
    ASSERT_TRUE(alice.expect_line("RESUMED:Alice"));
    const std::string gap = alice.read_line().value_or("");
    EXPECT_TRUE(gap.starts_with("GAP:")) << "what was lost, if anything, is told: " << gap;
    // Sent again: it is known, and has its old number.
    ASSERT_TRUE(alice.send_line("@id=c" + std::to_string(50 * life) + " BROADCAST:again"));
    ASSERT_TRUE(
        alice.expect_line("ACK:c" + std::to_string(50 * life) + ":" + std::to_string(last_id)));
    expect_history(alice, 1, 50 * life);
    const std::uint64_t id = say(alice, 50 * life + 1, 50 * life + 50);
    EXPECT_GT(id, last_id);
    last_id = id;
    kill_now(*server);
  }
}

TEST_F(ChatStorage, StoppedServer_GoesOnWithTheNextNumberAndWithoutAGap) {
  std::unique_ptr<ServerProcess> server = start();
  std::string token;
  {
    LineClient alice(server->port());
    token = enter(alice, "Alice");
    EXPECT_EQ(say(alice, 1, 3), 3U);
    server->terminate();
    EXPECT_EQ(server->wait_exit(), 0) << server->output();
  }
  server = start({"--durability", "sync"});
  LineClient bob(server->port());
  enter(bob, "Bob");
  LineClient alice(server->port());
  ASSERT_TRUE(alice.send_line("HELLO:1:tags,ack,resume"));
  ASSERT_TRUE(alice.send_line("RESUME:" + token + ":3"));
  ASSERT_TRUE(alice.read_line());
  ASSERT_TRUE(alice.expect_line("RESUMED:Alice"));
  EXPECT_EQ(say(alice, 4, 4), 4U);
  EXPECT_THAT(bob.read_line().value_or(""), HasSubstr("@id=4;"));
  expect_history(alice, 1, 4);
}

// A server that knows one sent message at a time has forgotten the first c1 when the second comes;
// the one after it looks back for two minutes, and finds both.
TEST_F(ChatStorage, ClientIdThatWasUsedAgain_IsKnownAfterARestartAsTheNewestMessages) {
  std::unique_ptr<ServerProcess> server = start({"--retries-max", "1"});
  std::string token;
  {
    LineClient alice(server->port());
    token = enter(alice, "Alice");
    EXPECT_EQ(say(alice, 1, 2), 2U);
    EXPECT_EQ(say(alice, 1, 1), 3U);
  }
  server->terminate();
  EXPECT_EQ(server->wait_exit(), 0) << server->output();
  server = start();
  LineClient alice(server->port());
  ASSERT_TRUE(alice.send_line("HELLO:1:tags,ack,resume"));
  ASSERT_TRUE(alice.send_line("RESUME:" + token + ":3"));
  ASSERT_TRUE(alice.read_line());
  ASSERT_TRUE(alice.expect_line("RESUMED:Alice"));
  EXPECT_EQ(say(alice, 1, 1), 3U) << "sent again";
  EXPECT_EQ(say(alice, 2, 3), 4U);
}

TEST_F(ChatStorage, SecondServerOnTheSameDirectory_SaysWhatToDo) {
  const std::unique_ptr<ServerProcess> server = start();
  const std::string said = complaint();
  EXPECT_THAT(said, HasSubstr("another server uses " + directory_.path()));
  EXPECT_THAT(said, HasSubstr("--data"));
  LineClient alice(server->port());
  enter(alice, "Alice");
  say(alice, 1, 1);
}

TEST_F(ChatStorage, ForeignFile_IsLeftAlone) {
  std::filesystem::create_directories(directory_.path());
  const std::string text = "not a database, but dear to somebody; " + std::string(8000, 'x');
  std::ofstream(directory_.path() + "/chat.db") << text;
  EXPECT_THAT(complaint(), HasSubstr("chat.db"));
  std::ifstream file(directory_.path() + "/chat.db");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(ChatStorage, Data_IsForItsUserAlone) {
  const std::unique_ptr<ServerProcess> server = start();
  struct stat status {};
  ASSERT_EQ(::stat(directory_.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((directory_.path() + "/chat.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(ChatStorage, WithoutDurability_NothingIsWritten) {
  ServerProcess server(CHAT_SERVER_PATH, {"--data", directory_.path(), "--durability", "none"});
  LineClient alice(server.port());
  enter(alice, "Alice");
  say(alice, 1, 3);
  expect_history(alice, 1, 3);
  EXPECT_FALSE(std::filesystem::exists(directory_.path()));
}

}  // namespace
}  // namespace integration
