#include "tests/integration/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): macOS declares it nowhere

namespace integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kListening = "listening on ";

#ifdef MSG_NOSIGNAL
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;
#endif

[[noreturn]] void throw_errno(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

// Waits for events on fd; false when the deadline has passed.
bool poll_until(int fd, short events, steady_clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    pollfd watched{fd, events, 0};
    const int ready = poll(&watched, 1, std::max(0, static_cast<int>(left.count())));
    if (ready > 0) {
      return true;
    }
    if (ready == 0 || errno != EINTR) {
      return false;
    }
  }
}

// Starts the program with both its outputs going to output_fd; returns its pid.
pid_t spawn(const std::string& program, const std::vector<std::string>& args, int output_fd) {
  std::vector<std::string> words{program};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output_fd, STDERR_FILENO);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw_errno(error, program.c_str());
  }
  return pid;
}

bool has_option(const std::vector<std::string>& args, std::string_view name) {
  return std::any_of(args.begin(), args.end(),
                     [name](const std::string& arg) { return arg.starts_with(name); });
}

// A free port, and nothing on the disk, unless the args say otherwise.
std::vector<std::string> with_defaults(std::vector<std::string> args) {
  if (!has_option(args, "--listen")) {
    args.insert(args.end(), {"--listen", "127.0.0.1:0"});
  }
  if (!has_option(args, "--data")) {
    args.insert(args.end(), {"--durability", "none"});
  }
  return args;
}

// The port at the end of the first line that tells where the server listens, 0 if it has none.
std::uint16_t port_in(std::string_view log) {
  const std::string_view from = log.substr(log.find(kListening) + kListening.size());
  const std::string_view address = from.substr(0, from.find('\n'));
  const std::string_view digits = address.substr(address.rfind(':') + 1);
  std::uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

}  // namespace

Process::Process(const std::string& program, const std::vector<std::string>& args) {
  std::array<int, 2> output{};
  if (pipe(output.data()) != 0) {
    throw_errno(errno, "pipe");
  }
  // Or a process that is started later would hold this one's pipe.
  fcntl(output[0], F_SETFD, FD_CLOEXEC);
  fcntl(output[1], F_SETFD, FD_CLOEXEC);
  try {
    pid_ = spawn(program, args, output[1]);
  } catch (...) {
    close(output[0]);
    close(output[1]);
    throw;
  }
  close(output[1]);
  output_fd_ = output[0];
  output_reader_ = std::thread([this] { read_output(); });
}

Process::~Process() {
  if (!exit_code_) {
    kill(pid_, SIGKILL);
    reap();
  }
  output_reader_.join();
  close(output_fd_);
}

void Process::read_output() {
  std::array<char, 4096> bytes{};
  while (true) {
    const ssize_t count = read(output_fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    const std::lock_guard lock(mutex_);
    if (count > 0) {
      output_.append(bytes.data(), static_cast<std::size_t>(count));
    } else {
      output_ended_ = true;
    }
    changed_.notify_all();
    if (count <= 0) {
      return;
    }
  }
}

std::string Process::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}

::testing::AssertionResult Process::wait_for_output(std::string_view text,
                                                    milliseconds patience) const {
  std::unique_lock lock(mutex_);
  const auto written = [&] { return output_.find(text) != std::string::npos; };
  changed_.wait_for(lock, patience, [&] { return output_ended_ || written(); });
  if (written()) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "waited for '" << text << "' in\n" << output_;
}

void Process::terminate() const {
  // Once it was waited for, the number may be somebody else's.
  if (!exit_code_) {
    kill(pid_, SIGTERM);
  }
}

std::optional<int> Process::wait_exit(milliseconds patience) {
  if (exit_code_) {
    return exit_code_;
  }
  {
    // The end of its output is the sign that can be waited for with a limit.
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [this] { return output_ended_; })) {
      return std::nullopt;
    }
  }
  reap();
  return exit_code_;
}

void Process::reap() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ServerProcess::ServerProcess(const std::string& program, const std::vector<std::string>& args)
    : Process(program, with_defaults(args)) {
  if (!wait_for_output(kListening)) {
    throw std::runtime_error("the server did not come up:\n" + output());
  }
  port_ = port_in(output());
}

LineClient::LineClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  if (fd_ < 0) {
    throw_errno(errno, "socket");
  }
  fcntl(fd_, F_SETFD, FD_CLOEXEC);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
#ifdef SO_NOSIGPIPE
  setsockopt(fd_, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int error = errno;
    close(fd_);
    throw_errno(error, "connect");
  }
  fcntl(fd_, F_SETFL, O_NONBLOCK);
}

LineClient::LineClient(LineClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), ended_(other.ended_), unread_(std::move(other.unread_)) {}

LineClient::~LineClient() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

bool LineClient::send_line(std::string_view line) { return send_bytes(std::string(line) + '\n'); }

bool LineClient::send_bytes(std::string_view bytes) {
  const auto deadline = steady_clock::now() + kPatience;
  while (!bytes.empty()) {
    const ssize_t count = send(fd_, bytes.data(), bytes.size(), kSendFlags);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR && (errno != EAGAIN || !poll_until(fd_, POLLOUT, deadline))) {
      return false;
    }
  }
  return true;
}

bool LineClient::read_more(steady_clock::time_point deadline) {
  std::array<char, 4096> bytes{};
  while (!ended_ && poll_until(fd_, POLLIN, deadline)) {
    const ssize_t count = recv(fd_, bytes.data(), bytes.size(), 0);
    if (count > 0) {
      unread_.append(bytes.data(), static_cast<std::size_t>(count));
      return true;
    }
    ended_ = count == 0 || (errno != EINTR && errno != EAGAIN);
  }
  return false;
}

std::optional<std::string> LineClient::read_line(milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  while (true) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    if (!read_more(deadline)) {
      return std::nullopt;
    }
  }
}

::testing::AssertionResult LineClient::expect_line(std::string_view expected,
                                                   milliseconds patience) {
  const std::optional<std::string> line = read_line(patience);
  if (line == expected) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << "expected '" << expected << "', got "
         << (line ? "'" + *line + "'" : std::string(ended_ ? "the end" : "nothing in time"));
}

::testing::AssertionResult LineClient::expect_end(milliseconds patience) {
  const std::optional<std::string> line = read_line(patience);
  if (line) {
    return ::testing::AssertionFailure() << "expected the end, got '" << *line << "'";
  }
  if (!ended_ || !unread_.empty()) {
    return ::testing::AssertionFailure() << "the end did not come; unread: '" << unread_ << "'";
  }
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult LineClient::register_as(std::string_view name) {
  if (!send_line("REGISTER:" + std::string(name))) {
    return ::testing::AssertionFailure() << "cannot send";
  }
  return expect_line("REGISTERED:" + std::string(name));
}

}  // namespace integration
