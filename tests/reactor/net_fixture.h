#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/kqueue_net.h"
#if defined(__linux__)
#include "reactor/epoll_net.h"
#include "reactor/uring_net.h"
#include "tests/sim/kevent/sim_kevent.h"
#endif

// What the tests of net.h's contract share. Every backend that can run here keeps it: on Linux
// all, kqueue on a simulated kevent, io_uring without its ring where the kernel refuses that.

namespace reactor {

#if defined(__linux__)

class UringNetForEveryWrite final : public UringNet {
 public:
  UringNetForEveryWrite() : UringNet(1) {}
};

using Backends = ::testing::Types<EpollNet, KqueueNet, UringNetForEveryWrite>;
#else
using Backends = ::testing::Types<KqueueNet>;
#endif

inline constexpr Duration kNoTime{0};
inline constexpr Duration kPatience = std::chrono::seconds{10};
inline constexpr Token kToken{7, 3};
inline constexpr Token kOther{8, 1};

inline std::vector<std::string> take_backend_mistakes() {
#if defined(__linux__)
  return sim_kevent::take_mistakes();
#else
  return {};
#endif
}

class DescriptorLimit {
 public:
  DescriptorLimit() { ::getrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;
  ~DescriptorLimit() { restore(); }
  rlim_t soft() const { return before_.rlim_cur; }
  rlim_t hard() const { return before_.rlim_max; }
  void set(rlim_t soft) {
    rlimit limit = before_;
    limit.rlim_cur = soft;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  void restore() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// Installs a handler that only counts, without SA_RESTART.
class CountedSignal {
 public:
  explicit CountedSignal(int number) : number_(number) {
    count = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { ++count; };
    ::sigaction(number, &action, &before_);
  }
  CountedSignal(const CountedSignal&) = delete;
  CountedSignal& operator=(const CountedSignal&) = delete;
  ~CountedSignal() { ::sigaction(number_, &before_, nullptr); }

  static inline std::atomic<int> count = 0;

 private:
  int number_;
  struct sigaction before_ {};
};

inline Address loopback(const std::string& text) {
  const Resolved resolved = resolve(text);
  return resolved.addresses.empty() ? Address() : resolved.addresses.front();
}

// A backend and its descriptors, which it closes, and looks for mistakes, at the end of a test.
template <class Backend>
class NetFixture : public ::testing::Test {
 protected:
  struct Pair {
    int near = -1;
    int far = -1;
  };

  void TearDown() override {
    for (const int fd : watched_) {
      net_.unwatch(fd);
    }
    for (const int fd : open_) {
      net_.close(fd);
    }
    EXPECT_THAT(take_backend_mistakes(), ::testing::IsEmpty());
  }

  int own(int fd) {
    EXPECT_GE(fd, 0);
    open_.insert(fd);
    return fd;
  }
  void close(int fd) {
    open_.erase(fd);
    net_.close(fd);
  }
  void watch(int fd, Token token) {
    ASSERT_EQ(net_.watch(fd, token), 0);
    watched_.insert(fd);
  }
  void unwatch(int fd) {
    watched_.erase(fd);
    net_.unwatch(fd);
  }

  int listen(const Address& address) {
    const Opened opened = net_.listen(address, {});
    EXPECT_EQ(opened.error, 0) << address.to_string();
    return own(opened.fd);
  }
  int accept(int listener) {
    Accepted accepted{-1, EAGAIN, {}};
    const TimePoint end = net_.now() + kPatience;
    while (accepted.error == EAGAIN && net_.now() < end) {
      accepted = net_.accept(listener);
    }
    EXPECT_EQ(accepted.error, 0);
    last_peer_ = accepted.peer;
    return own(accepted.fd);
  }
  Pair tcp_pair(const std::string& address = "127.0.0.1:0") {
    const int listener = listen(loopback(address));
    Pair pair;
    pair.far = own(net_.connect(net_.local_address(listener), {}).fd);
    pair.near = accept(listener);
    close(listener);
    return pair;
  }
  // Its changes are seen at once, so that "nothing more is reported" can be asserted.
  Pair unix_pair() {
    std::array<int, 2> fds{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()), 0);
    for (const int fd : fds) {
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
      own(fd);
    }
    return {fds[0], fds[1]};
  }

  IoResult write(int fd, std::string_view bytes) { return write(fd, bytes, {}); }
  IoResult write(int fd, std::string_view first, std::string_view second) {
    WriteOp op;
    op.fd = fd;
    op.part_count = second.empty() ? 1 : 2;
    op.parts[0] = {const_cast<char*>(first.data()), first.size()};
    op.parts[1] = {const_cast<char*>(second.data()), second.size()};
    net_.write_batch({&op, 1});
    return op.result;
  }
  // Reads what is there, up to the first result without bytes, which it returns in end.
  std::string drain(int fd, IoResult& end) {
    std::string bytes;
    std::array<char, 4096> buffer{};
    for (;;) {
      end = net_.read(fd, buffer);
      if (end.bytes == 0) {
        return bytes;
      }
      bytes.append(buffer.data(), end.bytes);
    }
  }
  // Drains until the stream ends or breaks; on TCP that may take a moment to arrive.
  std::string read_to_end(int fd, int& error) {
    std::string bytes;
    IoResult end{0, EAGAIN};
    for (const TimePoint limit = net_.now() + kPatience; net_.now() < limit;) {
      bytes += drain(fd, end);
      if (end.error != EAGAIN) {
        break;
      }
    }
    error = end.error;
    return bytes;
  }

  // Waits and merges what is reported of each token until enough(seen).
  using Seen = std::map<std::uint64_t, Ready>;
  Seen wait_until(const std::function<bool(Seen&)>& enough) {
    Seen seen;
    const TimePoint end = net_.now() + kPatience;
    do {
      for (const Ready& ready : net_.wait(std::chrono::milliseconds{100})) {
        Ready& merged = seen[ready.token.pack()];
        merged.readable |= ready.readable;
        merged.writable |= ready.writable;
        merged.hangup |= ready.hangup;
      }
    } while (!enough(seen) && net_.now() < end);
    return seen;
  }
  Ready wait_for(Token token, bool Ready::*flag) {
    return wait_until([&](Seen& seen) { return seen[token.pack()].*flag; })[token.pack()];
  }
  // A wait may end early now and then: a signal interrupts it, or the kernel, which takes down the
  // ring of the test before. Not ten times one after the other.
  static bool once_in_ten(const std::function<bool()>& attempt) {
    bool succeeded = false;
    for (int i = 0; i < 10 && !succeeded; ++i) {
      succeeded = attempt();
    }
    return succeeded;
  }
  bool sleeps_for(Duration timeout) {
    const TimePoint begin = net_.now();
    EXPECT_THAT(net_.wait(timeout), ::testing::IsEmpty());
    return net_.now() - begin >= timeout;
  }
  void forget_reports() {
    while (!net_.wait(kNoTime).empty()) {
    }
  }

  Backend net_;
  Address last_peer_;

 private:
  std::set<int> open_;
  std::set<int> watched_;
};

}  // namespace reactor
