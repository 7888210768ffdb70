// The limit: how fast one thread can relay lines through epoll and TCP when there is no chat in
// between. Every line that a client sends goes to all others; nobody has a name. It is the
// yardstick of bench/compare, so it does the least that is still correct and bounded:
//   - one recv per ready connection and turn, straight into the batch of that turn;
//   - one send per recipient and turn, straight from the batch, which all recipients share. As a
//     connection is read once a turn, its own lines are one stretch of the batch, easily left out;
//   - bytes are kept for a connection only when the kernel did not take them.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kBacklog = 4096;
constexpr std::size_t kReadBytes = std::size_t{64} << 10;  // of one connection in a turn
constexpr std::size_t kLineBytesMax = std::size_t{64} << 10;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::size_t kUnsentBytesMax = std::size_t{4} << 20;
constexpr std::string_view kGreeting = "hello\n";

struct Connection {
  bool open = false;
  bool writable = true;  // as far as known: EAGAIN clears it, EPOLLOUT sets it
  bool ready = false;    // on the list of those to read
  bool ended = false;    // the peer has hung up: read until the end, a short read proves nothing
  std::size_t own_begin = 0;  // the stretch of the batch that it said itself
  std::size_t own_end = 0;
  std::string unfinished;  // the start of a line
  std::string unsent;      // not empty only while not writable
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "limit: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

class Relay {
 public:
  explicit Relay(int listener) : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) {
      fail("epoll_create1");
    }
    watch(listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    for (;;) {
      wait();
      read_ready();
      send_batch();
      reap();
    }
  }

 private:
  void watch(int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
      fail("epoll_ctl");
    }
  }

  void wait() {
    const int timeout_ms = ready_.empty() ? -1 : 0;
    const int count =
        epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
    if (count < 0 && errno != EINTR) {
      fail("epoll_wait");
    }
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      const int fd = event.data.fd;
      if (fd == listener_) {
        accept_all();
        continue;
      }
      Connection& connection = at(fd);
      if ((event.events & EPOLLOUT) != 0) {
        connection.writable = true;
        if (!connection.unsent.empty()) {
          const std::string rest = std::move(connection.unsent);
          connection.unsent.clear();
          send_parts(fd, connection, rest, {});
        }
      }
      if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        connection.ended |= (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        mark_ready(fd, connection);
      }
    }
  }

  void accept_all() {
    int fd = 0;
    while ((fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (static_cast<std::size_t>(fd) >= connections_.size()) {
        connections_.resize(static_cast<std::size_t>(fd) + 1);
      }
      at(fd).open = true;
      watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
      send_parts(fd, at(fd), kGreeting, {});
    }
    if (errno == EMFILE || errno == ENFILE) {
      fail("accept4");  // whoever measures wants to know, not to wait
    }
  }

  void mark_ready(int fd, Connection& connection) {
    if (connection.open && !connection.ready) {
      connection.ready = true;
      ready_.push_back(fd);
    }
  }

  void read_ready() {
    std::swap(ready_, reading_);
    for (const int fd : reading_) {
      Connection& connection = at(fd);
      connection.ready = false;
      if (!connection.open) {
        continue;
      }
      const bool fits = used_ + kLineBytesMax + kReadBytes <= batch_.size();
      if (!fits || !read_drains(fd, connection)) {
        mark_ready(fd, connection);
      }
    }
    reading_.clear();
  }

  // Puts the connection's finished lines into the batch. False: there may be more to read.
  bool read_drains(int fd, Connection& connection) {
    char* const start = batch_.data() + used_;
    const std::size_t begun = connection.unfinished.size();
    const ssize_t got = recv(fd, start + begun, kReadBytes, 0);
    if (got <= 0) {
      if (got == 0 || errno != EAGAIN) {
        close_later(fd, connection);
      }
      return true;
    }
    connection.unfinished.copy(start, begun);
    const std::string_view bytes(start, begun + static_cast<std::size_t>(got));
    const std::size_t finished = bytes.rfind('\n') + 1;
    connection.unfinished.assign(bytes.substr(finished));
    if (connection.unfinished.size() > kLineBytesMax) {
      close_later(fd, connection);
    }
    connection.own_begin = used_;
    used_ += finished;
    connection.own_end = used_;
    // A stream that gave less than was asked for has no more (epoll(7)), unless it is at its end.
    return static_cast<std::size_t>(got) < kReadBytes && !connection.ended;
  }

  void send_batch() {
    if (used_ == 0) {
      return;
    }
    const std::string_view batch(batch_.data(), used_);
    const std::size_t count = connections_.size();
    // Each time the golden ratio further round: everybody is early as often as late.
    turned_ += 0x9E3779B9U;
    const std::size_t first = (turned_ * count) >> 32U;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t index = first + i < count ? first + i : first + i - count;
      Connection& connection = connections_[index];
      if (connection.open) {
        send_parts(static_cast<int>(index), connection, batch.substr(0, connection.own_begin),
                   batch.substr(connection.own_end));
        connection.own_begin = connection.own_end = 0;
      }
    }
    used_ = 0;
  }

  void send_parts(int fd, Connection& connection, std::string_view first, std::string_view second) {
    while (connection.writable && first.size() + second.size() > 0) {
      const ssize_t sent = send_once(fd, first, second);
      if (sent >= 0) {
        const std::size_t of_first = std::min(first.size(), static_cast<std::size_t>(sent));
        first.remove_prefix(of_first);
        second.remove_prefix(static_cast<std::size_t>(sent) - of_first);
      } else if (errno == EAGAIN) {
        connection.writable = false;
      } else {
        close_later(fd, connection);
        return;
      }
    }
    connection.unsent.append(first).append(second);
    if (connection.unsent.size() > kUnsentBytesMax) {
      close_later(fd, connection);
    }
  }

  static ssize_t send_once(int fd, std::string_view first, std::string_view second) {
    if (first.empty() || second.empty()) {
      const std::string_view all = first.empty() ? second : first;
      return send(fd, all.data(), all.size(), MSG_NOSIGNAL);
    }
    std::array<iovec, 2> parts{{{const_cast<char*>(first.data()), first.size()},
                                {const_cast<char*>(second.data()), second.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    return sendmsg(fd, &message, MSG_NOSIGNAL);
  }

  void close_later(int fd, Connection& connection) {
    if (connection.open) {
      connection.open = false;
      closed_.push_back(fd);
    }
  }

  // At the end of the turn, so that none of its events can mean a newer connection.
  void reap() {
    for (const int fd : closed_) {
      std::erase(ready_, fd);
      at(fd) = Connection{};
      close(fd);
    }
    closed_.clear();
  }

  Connection& at(int fd) { return connections_[static_cast<std::size_t>(fd)]; }

  int listener_;
  int epoll_;
  std::array<epoll_event, 1024> events_{};
  std::vector<Connection> connections_;  // by descriptor
  std::vector<int> ready_;
  std::vector<int> reading_;
  std::vector<int> closed_;
  std::vector<char> batch_ = std::vector<char>(kBatchBytes);
  std::size_t used_ = 0;
  std::uint32_t turned_ = 0;  // a full turn is 2^32
};

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, kBacklog) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    fail("cannot listen");
  }
  std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "--port") {
    std::fprintf(stderr, "usage: limit --port N   (0: any)\n");
    return 2;
  }
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  Relay(listen_on(static_cast<std::uint16_t>(std::atoi(argv[2])))).run();
}
