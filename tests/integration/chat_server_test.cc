// chat-server as an operator meets it: a real process, real sockets, signals and exit codes.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/process.h"

namespace integration {
namespace {

constexpr const char* kServer = CHAT_SERVER_PATH;

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(ChatServerProcess, FiveHundredClientsAtOnce_AllHearEverything) {
  constexpr std::size_t kClients = 500;
  for (const std::string threads : {"1", "3"}) {
    const ServerProcess server(kServer, {"--threads", threads});
    std::vector<LineClient> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.emplace_back(server.port());
      ASSERT_TRUE(clients.back().send_line(fmt::format("REGISTER:c{}", i)));
    }
    for (std::size_t i = 0; i < kClients; ++i) {
      ASSERT_TRUE(clients[i].expect_line(fmt::format("REGISTERED:c{}", i)));
    }
    // Everybody speaks once; what everybody hears is the same order, less his own.
    for (std::size_t i = 0; i < kClients; ++i) {
      ASSERT_TRUE(clients[i].send_line(fmt::format("BROADCAST:from {}", i)));
    }
    LineClient& first = clients.front();
    std::vector<std::string> order;
    for (std::size_t i = 1; i < kClients; ++i) {
      const auto line = first.read_line();
      ASSERT_TRUE(line.has_value()) << "after " << i << " messages";
      order.push_back(*line);
    }
    for (std::size_t i = 1; i < kClients; ++i) {
      const std::string own = fmt::format("MESSAGE:c{}:from {}", i, i);
      const std::string of_first = "MESSAGE:c0:from 0";
      bool heard_first = false;
      for (std::size_t at = 0; at < order.size();) {
        if (order[at] == own) {
          ++at;
          continue;
        }
        const auto line = clients[i].read_line();
        ASSERT_TRUE(line.has_value());
        if (*line == of_first && !heard_first) {
          heard_first = true;
          continue;
        }
        ASSERT_EQ(*line, order[at]) << "client " << i;
        ++at;
      }
    }
  }
}

TEST(ChatServerProcess, Sigterm_TellsEverybodyFlushesAndLeavesWith0) {
  ServerProcess server(kServer, {"--threads", "2"});
  std::vector<LineClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(server.port());
    ASSERT_TRUE(clients.back().register_as(fmt::format("c{}", i)));
  }
  server.terminate();
  for (LineClient& client : clients) {
    EXPECT_TRUE(client.expect_line("BYE:server shutting down"));
    EXPECT_TRUE(client.expect_end());
  }
  clients.clear();
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_NE(server.output().find("stopped: 0 messages"), std::string::npos) << server.output();
}

TEST(ChatServerProcess, ClientsThatDoNotLeave_AreLeftAtTheDrainTimeout) {
  ServerProcess server(kServer, {"--drain-timeout", "100ms"});
  LineClient client(server.port());
  ASSERT_TRUE(client.register_as("Stays"));
  server.terminate();
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST(ChatServerProcess, SecondSignal_LeavesAtOnce) {
  ServerProcess server(kServer, {"--drain-timeout", "1h"});
  LineClient client(server.port());
  ASSERT_TRUE(client.register_as("Stays"));
  server.terminate();
  ASSERT_TRUE(server.wait_for_output("stopping"));
  server.terminate();
  EXPECT_EQ(server.wait_exit(), 128 + SIGTERM);
}

TEST(ChatServerProcess, AddressInUse_IsOneClearLineAndExitCode1) {
  const ServerProcess first(kServer);
  Process second(kServer, {"--listen", fmt::format("127.0.0.1:{}", first.port())});
  EXPECT_EQ(second.wait_exit(), 1);
  EXPECT_NE(second.output().find("is in use"), std::string::npos) << second.output();
  EXPECT_EQ(lines_in(second.output()), 1U) << second.output();
}

TEST(ChatServerProcess, BadFlag_IsOneClearLineAndExitCode2) {
  Process server(kServer, {"--no-such-flag"});
  EXPECT_EQ(server.wait_exit(), 2);
  EXPECT_EQ(lines_in(server.output()), 1U) << server.output();
}

TEST(ChatServerProcess, MoreClientsThanDescriptors_IsOneClearLineAndExitCode1) {
  Process server(kServer, {"--clients-max", "2000000000"});
  EXPECT_EQ(server.wait_exit(), 1);
  EXPECT_NE(server.output().find("too few file descriptors"), std::string::npos);
  EXPECT_EQ(lines_in(server.output()), 1U) << server.output();
}

TEST(ChatServerProcess, UnixSocket_ServesAndItsFileGoesWithTheServer) {
  const std::string path = fmt::format("{}chat_server_test.{}.sock", testing::TempDir(), getpid());
  ServerProcess server(kServer, {"--listen", "127.0.0.1:0", "--listen", "unix:" + path});
  ASSERT_TRUE(server.wait_for_output("unix:" + path));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::string hello = "REGISTER:Local\n";
  ASSERT_EQ(write(fd, hello.data(), hello.size()), static_cast<ssize_t>(hello.size()));
  const std::string expected = "REGISTERED:Local\n";
  std::string got(expected.size(), '\0');
  EXPECT_EQ(recv(fd, got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(got.size()));
  EXPECT_EQ(got, expected);
  close(fd);
  server.terminate();
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_NE(access(path.c_str(), F_OK), 0) << "the socket file is still there";
}

TEST(ChatServerProcess, DefaultLog_HasALineForComingAndGoingAndNoneForMessages) {
  ServerProcess server(kServer);
  LineClient alice(server.port());
  ASSERT_TRUE(alice.register_as("Alice"));
  ASSERT_TRUE(alice.send_line("BROADCAST:a secret"));
  ASSERT_TRUE(alice.send_line("QUIT"));
  ASSERT_TRUE(alice.expect_line("BYE:bye"));
  ASSERT_TRUE(server.wait_for_output("Alice left: quit"));
  EXPECT_NE(server.output().find("Alice registered from 127.0.0.1:"), std::string::npos);
  EXPECT_EQ(server.output().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace integration
