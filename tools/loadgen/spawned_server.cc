#include "tools/loadgen/spawned_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

namespace loadgen {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartMax{10};
constexpr std::chrono::seconds kStopMax{2};
constexpr std::chrono::milliseconds kLook{10};
constexpr std::size_t kOutputShownBytesMax = 4096;

int open_scratch_file() {
  std::FILE* file = std::tmpfile();
  if (file == nullptr) {
    throw std::runtime_error("cannot make a temporary file for the server's output");
  }
  const int fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
  std::fclose(file);
  return fd;
}

bool is_any_listening(const std::string& host_and_port) {
  const std::vector<reactor::Address> addresses = reactor::resolve(host_and_port).addresses;
  return std::any_of(addresses.begin(), addresses.end(), is_listening);
}

}  // namespace

bool is_listening(const reactor::Address& address) {
  const int fd = socket(address.family(), SOCK_STREAM, 0);
  if (fd < 0) {
    return false;
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  int error = connect(fd, address.data(), address.size()) == 0 ? 0 : errno;
  pollfd waiting{fd, POLLOUT, 0};
  if (error == EINPROGRESS && poll(&waiting, 1, 1000) == 1) {
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  close(fd);
  return error == 0;
}

SpawnedServer::SpawnedServer(const std::string& command, const std::string& host_and_port)
    : log_fd_(open_scratch_file()),
      host_and_port_(host_and_port),
      target_was_free_(!is_any_listening(host_and_port)) {
  const std::string line = "exec " + command;
  pid_ = fork();
  if (pid_ == 0) {
    dup2(log_fd_, STDOUT_FILENO);
    dup2(log_fd_, STDERR_FILENO);
    setpgid(0, 0);  // Ctrl-C is for us; we end the server in order
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);  // even when we are killed
#endif
    execl("/bin/sh", "sh", "-c", line.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  if (pid_ < 0 || !wait_until_up()) {
    const std::string wrote = output();
    stop();
    close(log_fd_);
    throw std::runtime_error(fmt::format(
        "the server did not come up: {}\nit neither said \"listening on ADDRESS\" nor took "
        "a connection at {}{}{}",
        command, host_and_port_, wrote.empty() ? "" : "; it wrote:\n", wrote));
  }
}

SpawnedServer::~SpawnedServer() {
  stop();
  close(log_fd_);
}

bool SpawnedServer::wait_until_up() {
  const Clock::time_point deadline = Clock::now() + kStartMax;
  while (Clock::now() < deadline && !has_ended()) {
    // Servers of other kinds use these words too, for something that is no address of ours.
    if (const std::string announced = announced_address();
        !announced.empty() && is_any_listening(announced)) {
      host_and_port_ = announced;
      return true;
    }
    if (target_was_free_ && is_any_listening(host_and_port_)) {
      return true;
    }
    std::this_thread::sleep_for(kLook);
  }
  return false;
}

std::string SpawnedServer::announced_address() const {
  constexpr std::string_view kMarker = "listening on ";
  const std::string log = output();
  const std::size_t at = log.find(kMarker);
  const std::size_t end = at == std::string::npos ? at : log.find('\n', at);
  if (end == std::string::npos) {
    return {};
  }
  return log.substr(at + kMarker.size(), end - at - kMarker.size());
}

bool SpawnedServer::has_ended() {
  ended_ = ended_ || waitpid(pid_, nullptr, WNOHANG) == pid_;
  return ended_;
}

std::string SpawnedServer::output() const {
  std::string bytes(kOutputShownBytesMax, '\0');
  const ssize_t count = pread(log_fd_, bytes.data(), bytes.size(), 0);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

void SpawnedServer::kill() {
  if (!has_ended()) {
    ::kill(-pid_, SIGKILL);  // its process group
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    ended_ = true;
  }
}

void SpawnedServer::stop() {
  if (pid_ <= 0 || has_ended()) {
    return;
  }
  ::kill(pid_, SIGTERM);
  const Clock::time_point deadline = Clock::now() + kStopMax;
  while (!has_ended() && Clock::now() < deadline) {
    std::this_thread::sleep_for(kLook);
  }
  if (!has_ended()) {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

}  // namespace loadgen
