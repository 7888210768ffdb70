#include "reactor/net.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "reactor/kqueue_net.h"
#if defined(__linux__)
#include "reactor/epoll_net.h"
#include "tests/sim/kevent/sim_kevent.h"
#endif

// The contract of net.h, kept by every backend that can run here: on Linux both, kqueue on a
// simulated kevent.

namespace reactor {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::IsEmpty;

constexpr Duration kNoTime{0};
constexpr Duration kPatience = std::chrono::seconds{10};

std::vector<std::string> take_backend_mistakes() {
#if defined(__linux__)
  return sim_kevent::take_mistakes();
#else
  return {};
#endif
}

// A directory that goes away with its test; short enough for a socket's path.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "netXXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

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

int int_option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

Address loopback(const std::string& text) {
  const Resolved resolved = resolve(text);
  return resolved.addresses.empty() ? Address() : resolved.addresses.front();
}

template <class Backend>
class NetContract : public ::testing::Test {
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
    EXPECT_THAT(take_backend_mistakes(), IsEmpty());
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
    pair.far = own(net_.connect(net_.local_address(listener)).fd);
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

#if defined(__linux__)
using Backends = ::testing::Types<EpollNet, KqueueNet>;
#else
using Backends = ::testing::Types<KqueueNet>;
#endif
TYPED_TEST_SUITE(NetContract, Backends);

constexpr Token kToken{7, 3};
constexpr Token kOther{8, 1};

// ---- watching and waiting

TYPED_TEST(NetContract, WhatIsReadyBeforeWatch_IsReportedByTheNextWait) {
  const auto pair = this->unix_pair();
  this->write(pair.far, "hello");
  this->watch(pair.near, kToken);
  const auto seen = this->wait_until(
      [](auto& s) { return s[kToken.pack()].readable && s[kToken.pack()].writable; });
  EXPECT_TRUE(seen.at(kToken.pack()).readable);
  EXPECT_TRUE(seen.at(kToken.pack()).writable);
  EXPECT_FALSE(seen.at(kToken.pack()).hangup);
}

TYPED_TEST(NetContract, UnreadData_IsNotReportedAgainUntilMoreArrives) {
  const auto pair = this->unix_pair();
  this->watch(pair.near, kToken);
  this->write(pair.far, "one");
  EXPECT_TRUE(this->wait_for(kToken, &Ready::readable).readable);
  this->forget_reports();
  EXPECT_THAT(this->net_.wait(kNoTime), IsEmpty()) << "nothing has changed";
  this->write(pair.far, "two");
  EXPECT_TRUE(this->wait_for(kToken, &Ready::readable).readable);
  IoResult end;
  EXPECT_EQ(this->drain(pair.near, end), "onetwo");
  EXPECT_EQ(end.error, EAGAIN);
}

TYPED_TEST(NetContract, FullSocket_IsReportedWritableOnceThePeerHasRead) {
  const auto pair = this->tcp_pair();
  this->watch(pair.near, kToken);
  const std::string chunk(1 << 20, 'x');
  while (this->write(pair.near, chunk).error == 0) {
  }
  this->forget_reports();
  IoResult end;
  const auto seen = this->wait_until([&](auto& s) {
    this->drain(pair.far, end);
    return s[kToken.pack()].writable;
  });
  EXPECT_TRUE(seen.at(kToken.pack()).writable);
  EXPECT_EQ(this->write(pair.near, "more").bytes, 4U);
}

TYPED_TEST(NetContract, HangUp_IsReportedWithDataStillToRead) {
  const auto pair = this->tcp_pair();
  this->watch(pair.near, kToken);
  this->write(pair.far, "bye");
  this->close(pair.far);
  const Ready ready = this->wait_for(kToken, &Ready::hangup);
  EXPECT_TRUE(ready.hangup);
  EXPECT_TRUE(ready.readable) << "a hang-up is learnt of by reading";
  IoResult end;
  EXPECT_EQ(this->drain(pair.near, end), "bye");
  EXPECT_EQ(end.error, 0) << "the end of the stream is {0, 0}";
}

TYPED_TEST(NetContract, HalfClosedPeer_IsReportedAndCanStillBeWrittenTo) {
  const auto pair = this->tcp_pair();
  this->watch(pair.near, kToken);
  this->net_.shutdown_write(pair.far);
  EXPECT_TRUE(this->wait_for(kToken, &Ready::hangup).readable);
  IoResult end;
  EXPECT_EQ(this->drain(pair.near, end), "");
  EXPECT_EQ(end.error, 0);
  EXPECT_EQ(this->write(pair.near, "answer").bytes, 6U);
  this->unwatch(pair.near);
  this->close(pair.near);
  int error = -1;
  EXPECT_EQ(this->read_to_end(pair.far, error), "answer");
  EXPECT_EQ(error, 0);
}

TYPED_TEST(NetContract, Reset_IsReportedAndReadTellsTheError) {
  const auto pair = this->tcp_pair();
  this->watch(pair.near, kToken);
  this->forget_reports();
  const linger abort{1, 0};
  ASSERT_EQ(::setsockopt(pair.far, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort)), 0);
  this->close(pair.far);
  const auto seen = this->wait_until([](auto& s) {
    return s[kToken.pack()].hangup && s[kToken.pack()].readable && s[kToken.pack()].writable;
  });
  EXPECT_TRUE(seen.at(kToken.pack()).hangup);
  EXPECT_TRUE(seen.at(kToken.pack()).readable);
  EXPECT_TRUE(seen.at(kToken.pack()).writable);
  std::array<char, 8> buffer{};
  EXPECT_EQ(this->net_.read(pair.near, buffer).error, ECONNRESET);
}

TYPED_TEST(NetContract, Unwatched_IsNotReportedAnyMore) {
  const auto pair = this->unix_pair();
  this->watch(pair.near, kToken);
  this->write(pair.far, "pending");
  this->unwatch(pair.near);
  EXPECT_THAT(this->net_.wait(kNoTime), IsEmpty());
}

TYPED_TEST(NetContract, ReusedDescriptor_IsReportedUnderItsNewTokenOnly) {
  const auto gone = this->unix_pair();
  this->watch(gone.near, kToken);
  this->write(gone.far, "for the old one");
  this->unwatch(gone.near);
  this->close(gone.near);
  const auto pair = this->unix_pair();
  ASSERT_EQ(pair.near, gone.near) << "the system hands out the lowest free number";
  this->watch(pair.near, kOther);
  this->write(pair.far, "for the new one");
  const auto seen = this->wait_until([](auto& s) { return s[kOther.pack()].readable; });
  EXPECT_TRUE(seen.at(kOther.pack()).readable);
  EXPECT_EQ(seen.count(kToken.pack()), 0U);
}

TYPED_TEST(NetContract, BadDescriptor_CannotBeWatched) {
  const auto pair = this->unix_pair();
  this->close(pair.near);
  EXPECT_EQ(this->net_.watch(pair.near, kToken), EBADF);
}

TYPED_TEST(NetContract, MoreReadyThanABatchHolds_AreAllReportedWithTheNextWaits) {
  DescriptorLimit limit;
  ASSERT_GE(raise_descriptor_limit(), 2000U);
  std::set<std::uint64_t> expected;
  for (std::uint32_t i = 0; i < 600; ++i) {
    const auto pair = this->unix_pair();
    this->watch(pair.near, {i, 1});
    this->write(pair.far, "x");
    expected.insert(Token{i, 1}.pack());
  }
  std::set<std::uint64_t> readable;
  std::set<std::uint64_t> writable;
  for (auto batch = this->net_.wait(kNoTime); !batch.empty(); batch = this->net_.wait(kNoTime)) {
    ASSERT_LE(batch.size(), std::size_t{Net::kEventsMax});
    for (const Ready& ready : batch) {
      (ready.readable ? readable : writable).insert(ready.token.pack());
      if (ready.writable) {
        writable.insert(ready.token.pack());
      }
    }
  }
  EXPECT_EQ(readable, expected);
  EXPECT_EQ(writable, expected);
}

TYPED_TEST(NetContract, WaitWithNothingToReport_SleepsForItsWholeTimeout) {
  constexpr Duration kTimeout = std::chrono::microseconds{3300};
  const TimePoint begin = this->net_.now();
  EXPECT_THAT(this->net_.wait(kTimeout), IsEmpty());
  EXPECT_GE(this->net_.now() - begin, kTimeout);
}

TYPED_TEST(NetContract, SignalDuringWait_EndsItWithNothing) {
  const CountedSignal signal(SIGUSR1);
  std::atomic<bool> done = false;
  std::thread sender([&done, waiter = ::pthread_self()] {
    while (!done) {
      ::pthread_kill(waiter, SIGUSR1);
      std::this_thread::yield();
    }
  });
  EXPECT_THAT(this->net_.wait(std::nullopt), IsEmpty());
  done = true;
  sender.join();
  EXPECT_GT(CountedSignal::count, 0);
}

// ---- waking

TYPED_TEST(NetContract, WakeFromAnotherThread_EndsAWaitWithoutLimit) {
  std::thread waker([this] { this->net_.wake(); });
  EXPECT_THAT(this->net_.wait(std::nullopt), IsEmpty());
  waker.join();
}

TYPED_TEST(NetContract, ManyWakes_EndOneWaitAndNoMore) {
  for (int i = 0; i < 1000; ++i) {
    this->net_.wake();
  }
  EXPECT_THAT(this->net_.wait(std::nullopt), IsEmpty());
  constexpr Duration kTimeout = std::chrono::milliseconds{2};
  const TimePoint begin = this->net_.now();
  this->net_.wait(kTimeout);
  EXPECT_GE(this->net_.now() - begin, kTimeout) << "a wake-up was left over";
}

TYPED_TEST(NetContract, WakeAfterEachWait_IsNeverLost) {
  constexpr int kRounds = 2000;
  std::atomic<int> asked = 0;
  std::thread waker([&] {
    for (int answered = 0; answered < kRounds;) {
      if (asked > answered) {
        ++answered;
        this->net_.wake();
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    ++asked;
    this->net_.wait(std::nullopt);  // never returns if its wake-up was lost
  }
  waker.join();
}

TYPED_TEST(NetContract, Wake_LeavesErrnoAlone) {
  errno = ENOTTY;
  this->net_.wake();
  EXPECT_EQ(errno, ENOTTY);
}

TYPED_TEST(NetContract, WakeAmongReadySockets_HidesNoneOfThem) {
  const auto pair = this->unix_pair();
  this->watch(pair.near, kToken);
  this->write(pair.far, "x");
  this->net_.wake();
  EXPECT_TRUE(this->wait_for(kToken, &Ready::readable).readable);
}

// ---- listening, accepting, connecting

TYPED_TEST(NetContract, Listen_AtPort0_TellsTheRealPort) {
  for (const char* const address : {"127.0.0.1:0", "[::1]:0"}) {
    const int listener = this->listen(loopback(address));
    EXPECT_NE(this->net_.local_address(listener).port(), 0) << address;
  }
}

TYPED_TEST(NetContract, Connection_IsReportedToBothSides) {
  const ScratchDirectory scratch;
  for (const std::string& text :
       {std::string("127.0.0.1:0"), std::string("[::1]:0"), "unix:" + scratch.file("chat.sock")}) {
    const int listener = this->listen(loopback(text));
    this->watch(listener, kToken);
    const Opened client = this->net_.connect(this->net_.local_address(listener));
    ASSERT_EQ(client.error, 0) << text;
    this->own(client.fd);
    this->watch(client.fd, kOther);
    const auto seen = this->wait_until(
        [](auto& s) { return s[kToken.pack()].readable && s[kOther.pack()].writable; });
    EXPECT_TRUE(seen.at(kToken.pack()).readable) << text;
    EXPECT_TRUE(seen.at(kOther.pack()).writable) << text;
    EXPECT_EQ(this->net_.connect_error(client.fd), 0) << text;

    const int accepted = this->accept(listener);
    EXPECT_EQ(this->last_peer_.to_string(),
              text.starts_with("unix") ? "unix:" : this->net_.local_address(client.fd).to_string());
    EXPECT_TRUE(this->last_peer_.endpoint().is_loopback()) << text;
    EXPECT_EQ(this->net_.accept(listener).error, EAGAIN) << text;
    EXPECT_EQ(this->write(client.fd, "ping").bytes, 4U) << text;
    this->unwatch(client.fd);
    this->close(client.fd);
    int error = -1;
    EXPECT_EQ(this->read_to_end(accepted, error), "ping") << text;
    EXPECT_EQ(error, 0) << text;
    this->unwatch(listener);
  }
}

TYPED_TEST(NetContract, ConnectToAClosedPort_IsReportedAndConnectErrorTellsWhy) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  const Address address = this->net_.local_address(listener);
  this->close(listener);
  const Opened client = this->net_.connect(address);
  ASSERT_EQ(client.error, 0);
  this->watch(this->own(client.fd), kToken);
  EXPECT_TRUE(this->wait_for(kToken, &Ready::writable).writable);
  EXPECT_EQ(this->net_.connect_error(client.fd), ECONNREFUSED);
  EXPECT_EQ(this->net_.connect_error(client.fd), 0) << "the error can be read once";
}

TYPED_TEST(NetContract, ConnectToAMissingUnixSocket_FailsAtOnce) {
  const ScratchDirectory scratch;
  EXPECT_EQ(this->net_.connect(loopback("unix:" + scratch.file("nobody"))).error, ENOENT);
}

TYPED_TEST(NetContract, AddressInUse_IsRefused) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  EXPECT_EQ(this->net_.listen(this->net_.local_address(listener), {}).error, EADDRINUSE);
}

TYPED_TEST(NetContract, PortOfAServerThatJustClosed_CanBeListenedOnAgain) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  const Address address = this->net_.local_address(listener);
  const int client = this->own(this->net_.connect(address).fd);
  // The side that closes first keeps the port busy for a minute, unless told otherwise.
  this->close(this->accept(listener));
  int error = -1;
  this->read_to_end(client, error);
  this->close(client);
  this->close(listener);
  this->listen(address);
}

TYPED_TEST(NetContract, EveryInterface_HasRoomForIpv4AndIpv6OnOnePort) {
  int error = EADDRINUSE;
  // Someone else may have the other family's port; not ten times in a row.
  for (int attempt = 0; attempt < 10 && error == EADDRINUSE; ++attempt) {
    const int v4 = this->listen(Address::ipv4(INADDR_ANY, 0));
    const Opened v6 = this->net_.listen(Address::ipv6({}, this->net_.local_address(v4).port()), {});
    error = v6.error;
    if (error == 0) {
      this->own(v6.fd);
    }
  }
  EXPECT_EQ(error, 0);
}

TYPED_TEST(NetContract, LiveUnixSocket_IsNotTakenOver) {
  const ScratchDirectory scratch;
  const Address address = loopback("unix:" + scratch.file("live"));
  const int listener = this->listen(address);
  EXPECT_EQ(this->net_.listen(address, {}).error, EADDRINUSE);
  this->own(this->net_.connect(address).fd);
  // The second server's look was the first in the queue.
  this->accept(listener);
  this->accept(listener);
}

TYPED_TEST(NetContract, StaleUnixSocket_IsReplaced) {
  const ScratchDirectory scratch;
  const Address address = loopback("unix:" + scratch.file("stale"));
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(dead, address.data(), address.size()), 0);
  ASSERT_EQ(::listen(dead, 1), 0);
  ::close(dead);
  ASSERT_TRUE(std::filesystem::exists(address.path()));
  const int listener = this->listen(address);
  this->own(this->net_.connect(address).fd);
  this->accept(listener);
}

TYPED_TEST(NetContract, UnixSocketWhereAnotherFileIs_LeavesThatFileAlone) {
  const ScratchDirectory scratch;
  const std::string path = scratch.file("notes.txt");
  std::ofstream(path) << "keep me";
  EXPECT_EQ(this->net_.listen(loopback("unix:" + path), {}).error, EADDRINUSE);
  std::string content;
  std::getline(std::ifstream(path), content);
  EXPECT_EQ(content, "keep me");
}

TYPED_TEST(NetContract, ClosedUnixListener_RemovesItsFile) {
  const ScratchDirectory scratch;
  const Address address = loopback("unix:" + scratch.file("mine"));
  const int listener = this->listen(address);
  EXPECT_TRUE(std::filesystem::exists(address.path()));
  this->close(listener);
  EXPECT_FALSE(std::filesystem::exists(address.path()));
}

TYPED_TEST(NetContract, ClosedUnixListener_LeavesTheFileOfItsSuccessorAlone) {
  const ScratchDirectory scratch;
  const Address address = loopback("unix:" + scratch.file("shared"));
  const int first = this->listen(address);
  std::filesystem::remove(address.path());
  const int second = this->listen(address);
  this->close(first);
  EXPECT_TRUE(std::filesystem::exists(address.path()));
  this->own(this->net_.connect(address).fd);
  this->accept(second);
}

TYPED_TEST(NetContract, EverySocket_IsNonblockingAndCloseOnExec) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  const int client = this->own(this->net_.connect(this->net_.local_address(listener)).fd);
  const int accepted = this->accept(listener);
  for (const int fd : {listener, client, accepted}) {
    EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK) << fd;
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC) << fd;
  }
}

TYPED_TEST(NetContract, TcpConnections_DontDelayAndKeepAlive) {
  const auto pair = this->tcp_pair();
  for (const int fd : {pair.near, pair.far}) {
    EXPECT_NE(int_option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_NE(int_option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_EQ(int_option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 15);
    EXPECT_EQ(int_option(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
#if defined(TCP_KEEPIDLE)
    EXPECT_EQ(int_option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
#else
    EXPECT_EQ(int_option(fd, IPPROTO_TCP, TCP_KEEPALIVE), 60);
#endif
  }
}

TYPED_TEST(NetContract, NoDescriptorsLeft_WaitingPeersAreShedAndAcceptingWorksAgainLater) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  const Address address = this->net_.local_address(listener);
  const std::array clients = {this->own(this->net_.connect(address).fd),
                              this->own(this->net_.connect(address).fd)};
  DescriptorLimit limit;
  const int lowest_free = ::dup(listener);
  ::close(lowest_free);
  limit.set(static_cast<rlim_t>(lowest_free));

  // Looked at when descriptors are to be had again: the sanitizers need some to judge a call.
  const int first_accept = this->net_.accept(listener).error;
  const bool first_shed = this->net_.shed(listener);
  const int second_accept = this->net_.accept(listener).error;
  const bool second_shed = this->net_.shed(listener);
  const bool third_shed = this->net_.shed(listener);
  limit.restore();

  EXPECT_EQ(first_accept, EMFILE);
  EXPECT_TRUE(first_shed);
  EXPECT_EQ(second_accept, EMFILE) << "the reserve was not taken back";
  EXPECT_TRUE(second_shed);
  EXPECT_FALSE(third_shed) << "there is nobody left to shed";
  for (const int client : clients) {
    int error = EAGAIN;
    EXPECT_EQ(this->read_to_end(client, error), "");
    EXPECT_THAT(error, AnyOf(Eq(0), Eq(ECONNRESET))) << "a peer that was shed is still waiting";
  }
  this->own(this->net_.connect(address).fd);
  this->accept(listener);
}

// ---- reading and writing

TYPED_TEST(NetContract, ReadOfNothing_IsEagain) {
  const auto pair = this->tcp_pair();
  std::array<char, 8> buffer{};
  const IoResult result = this->net_.read(pair.near, buffer);
  EXPECT_EQ(result.bytes, 0U);
  EXPECT_EQ(result.error, EAGAIN);
}

TYPED_TEST(NetContract, TwoParts_ArriveInOrder) {
  const auto pair = this->tcp_pair();
  EXPECT_EQ(this->write(pair.near, "first ", "second").bytes, 12U);
  this->close(pair.near);
  int error = -1;
  EXPECT_EQ(this->read_to_end(pair.far, error), "first second");
}

TYPED_TEST(NetContract, MoreThanTheSocketTakes_IsWrittenInPartThenEagain) {
  for (const bool two_parts : {false, true}) {
    const auto pair = this->unix_pair();
    const std::string head(300'000, 'h');
    const std::string tail(300'000, 't');
    const IoResult result =
        two_parts ? this->write(pair.near, head, tail) : this->write(pair.near, head + tail);
    EXPECT_EQ(result.error, 0);
    EXPECT_GT(result.bytes, 0U);
    EXPECT_LT(result.bytes, head.size() + tail.size());
    while (this->write(pair.near, "x").error == 0) {
    }
    const IoResult refused = this->write(pair.near, head, tail);
    EXPECT_EQ(refused.error, EAGAIN);
    EXPECT_EQ(refused.bytes, 0U);
    IoResult end;
    EXPECT_EQ(this->drain(pair.far, end).substr(0, result.bytes),
              (head + tail).substr(0, result.bytes));
  }
}

TYPED_TEST(NetContract, Batch_GivesEveryWriteItsOwnResult) {
  const auto good = this->unix_pair();
  const auto gone = this->unix_pair();
  const auto full = this->unix_pair();
  this->close(gone.far);
  const std::string chunk(100'000, 'x');
  while (this->write(full.near, chunk).error == 0) {
  }
  std::string text = "hello";
  std::array<WriteOp, 4> ops;
  const std::array fds = {gone.near, good.near, full.near, good.far};
  for (std::size_t i = 0; i < ops.size(); ++i) {
    ops[i].fd = fds[i];
    ops[i].part_count = 1;
    ops[i].parts[0] = {text.data(), text.size()};
  }
  this->net_.write_batch(ops);
  EXPECT_EQ(ops[0].result.error, EPIPE);
  EXPECT_EQ(ops[1].result.bytes, 5U);
  EXPECT_EQ(ops[1].result.error, 0);
  EXPECT_EQ(ops[2].result.error, EAGAIN);
  EXPECT_EQ(ops[3].result.bytes, 5U);
}

TYPED_TEST(NetContract, WriteToAPeerThatIsGone_IsAnErrorAndNoSignal) {
  const CountedSignal signal(SIGPIPE);
  const auto tcp = this->tcp_pair();
  const auto local = this->unix_pair();
  for (const auto& pair : {tcp, local}) {
    const linger abort{1, 0};
    ::setsockopt(pair.far, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    this->close(pair.far);
    int error = -1;
    this->read_to_end(pair.near, error);  // takes the reset, so that the writes meet its result
    EXPECT_EQ(this->write(pair.near, "one part").error, EPIPE);
    EXPECT_EQ(this->write(pair.near, "two ", "parts").error, EPIPE);
  }
  EXPECT_EQ(CountedSignal::count, 0);
}

// ---- the clock and the limit

TYPED_TEST(NetContract, Clocks_GoForwardAndTellTheTime) {
  const TimePoint first = this->net_.now();
  EXPECT_GE(this->net_.now(), first);
  const std::int64_t before = static_cast<std::int64_t>(std::time(nullptr)) * 1000;
  EXPECT_GE(this->net_.unix_ms() + 1000, before);
}

TEST(DescriptorLimits, Raise_GoesToTheHardLimitAndTellsIt) {
  DescriptorLimit limit;
  limit.set(std::min<rlim_t>(limit.soft(), 256));
  const std::size_t raised = raise_descriptor_limit();
  const DescriptorLimit now;
  EXPECT_EQ(now.soft(), raised);
#if defined(__linux__)
  EXPECT_EQ(raised, limit.hard());
#else
  EXPECT_GT(raised, 256U);
#endif
}

#if defined(__linux__)

std::set<int> open_eventfds() {
  std::set<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone).string() == "anon_inode:[eventfd]") {
      found.insert(std::stoi(entry.path().filename().string()));
    }
  }
  return found;
}

TEST(EpollNet, WakeWhoseCounterIsFull_StillWakes) {
  const std::set<int> before = open_eventfds();
  EpollNet net;
  std::set<int> made = open_eventfds();
  std::erase_if(made, [&](int fd) { return before.contains(fd); });
  ASSERT_EQ(made.size(), 1U);
  const std::uint64_t full = UINT64_MAX - 1;
  ASSERT_EQ(::write(*made.begin(), &full, sizeof(full)), static_cast<ssize_t>(sizeof(full)));
  EXPECT_THAT(net.wait(std::nullopt), IsEmpty());
  net.wake();
  EXPECT_THAT(net.wait(std::nullopt), IsEmpty());  // never returns if the wake-up was lost
}

#endif

}  // namespace
}  // namespace reactor
