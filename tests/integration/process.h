#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// Real processes and sockets for the integration tests. Every wait is bounded.
namespace integration {

inline constexpr std::chrono::milliseconds kPatience{10'000};

// A process of our own: started by the constructor, gone when the object is. Its standard output
// and error are read by a thread, so that it never waits for us; its standard input is empty.
class Process {
 public:
  // args: without the program's name. Throws std::system_error when it cannot be started.
  Process(const std::string& program, const std::vector<std::string>& args);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Kills the process if it still runs.
  ~Process();

  pid_t pid() const { return pid_; }
  // What it has written so far.
  std::string output() const;
  // Waits until it has written the text.
  ::testing::AssertionResult wait_for_output(std::string_view text,
                                             std::chrono::milliseconds patience = kPatience) const;

  // Asks it to stop (SIGTERM).
  void terminate() const;
  // The exit code once it has ended, 128 + number if a signal ended it; nothing if it still runs
  // when patience is over.
  std::optional<int> wait_exit(std::chrono::milliseconds patience = kPatience);

 private:
  void read_output();
  // REQUIRES: the process has ended or will at once.
  void reap();

  pid_t pid_ = -1;
  int output_fd_ = -1;
  std::optional<int> exit_code_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::string output_;         // guarded by mutex_
  bool output_ended_ = false;  // guarded by mutex_
  std::thread output_reader_;
};

// A chat-server that listens.
class ServerProcess : public Process {
 public:
  // Returns when the server listens. Adds --listen 127.0.0.1:0 to args that have no --listen, and
  // --durability none to those that have no --data.
  // Throws std::runtime_error, with what the server wrote, when it does not come up.
  explicit ServerProcess(const std::string& program, const std::vector<std::string>& args = {});

  // Where it listens first; 0 if that is a Unix socket.
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
};

// A client that speaks lines over a socket to 127.0.0.1, as nc would. Throws std::system_error
// when it cannot connect.
class LineClient {
 public:
  explicit LineClient(std::uint16_t port);
  LineClient(LineClient&& other) noexcept;
  LineClient& operator=(LineClient&& other) = delete;
  ~LineClient();

  // False when the server is gone or takes nothing for kPatience.
  bool send_line(std::string_view line);
  bool send_bytes(std::string_view bytes);

  // The next line without its end; nothing at the end of the stream or when patience is over.
  std::optional<std::string> read_line(std::chrono::milliseconds patience = kPatience);
  ::testing::AssertionResult expect_line(std::string_view expected,
                                         std::chrono::milliseconds patience = kPatience);
  // The server has ended its half and left nothing unread.
  ::testing::AssertionResult expect_end(std::chrono::milliseconds patience = kPatience);

  // Says REGISTER and waits for the answer.
  ::testing::AssertionResult register_as(std::string_view name);

  int fd() const { return fd_; }

 private:
  // Reads once what there is. False: nothing came in time, or the stream has ended.
  bool read_more(std::chrono::steady_clock::time_point deadline);

  int fd_ = -1;
  bool ended_ = false;
  std::string unread_;
};

}  // namespace integration
