// The reactor on real sockets: every backend that can run here, over IPv4, IPv6 and Unix sockets.
// On Linux kqueue runs on a simulated kevent.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>

#include "reactor/kqueue_net.h"
#include "reactor/mailbox.h"
#include "reactor/reactor.h"
#if defined(__linux__)
#include "reactor/epoll_net.h"
#include "reactor/uring_net.h"
#endif

namespace reactor {
namespace {

constexpr Duration kPatience = std::chrono::seconds{60};

struct Backend {
  const char* name;
  std::unique_ptr<Net> (*make)();
};

const Backend kBackends[] = {
#if defined(__linux__)
    {"epoll", []() -> std::unique_ptr<Net> { return std::make_unique<EpollNet>(); }},
    {"io_uring", []() -> std::unique_ptr<Net> { return std::make_unique<UringNet>(1); }},
#endif
    {"kqueue", []() -> std::unique_ptr<Net> { return std::make_unique<KqueueNet>(); }},
};

enum class Transport { kIpv4, kIpv6, kUnix };

// Ends a run that would otherwise hang.
class Watchdog final : public TimerHandler {
 public:
  explicit Watchdog(Reactor& reactor) : reactor_(reactor) {
    reactor.timers().arm(reactor.now() + kPatience, *this);
  }
  void on_timer(std::uint64_t /*argument*/) override {
    ADD_FAILURE() << "nothing has come to an end";
    reactor_.stop();
  }

 private:
  Reactor& reactor_;
};

class EchoServer final : public Acceptor, public Handler {
 public:
  Reactor* reactor = nullptr;
  int accepted = 0;
  CloseReason reason{};  // of the last one closed
  int error = 0;
  std::function<void(Connection&)> opened, ended;
  std::function<void()> closed;

  void on_accept(int fd, const Address& /*peer*/) override {
    ++accepted;
    reactor->adopt(fd, *this);
  }
  void on_open(Connection& connection) override {
    if (opened) {
      opened(connection);
    }
  }
  std::size_t on_data(Connection& connection, std::string_view bytes) override {
    connection.send(bytes);
    return bytes.size();
  }
  void on_end(Connection& connection) override {
    if (ended) {
      ended(connection);
    }
    connection.finish(CloseReason::kPeerClosed);
  }
  void on_close(Connection& /*connection*/, CloseReason why, int what) override {
    reason = why;
    error = what;
    if (closed) {
      closed();
    }
  }
};

// Sends `total` bytes while it reads them back, then finishes.
class EchoClient final : public Handler {
 public:
  EchoClient(std::size_t total, std::function<void()> done)
      : total_(total), done_(std::move(done)) {}

  std::size_t bytes_back() const { return back_; }
  bool all_in_order() const { return in_order_ && back_ == total_; }

  void on_open(Connection& connection) override { send_more(connection); }
  std::size_t on_data(Connection& connection, std::string_view bytes) override {
    for (const char byte : bytes) {
      in_order_ &= byte == byte_at(back_++);
    }
    send_more(connection);
    if (back_ == total_) {
      connection.finish();
    }
    return bytes.size();
  }
  void on_close(Connection& /*connection*/, CloseReason reason, int error) override {
    EXPECT_EQ(reason, CloseReason::kByHandler) << to_string(reason) << ' ' << std::strerror(error);
    done_();
  }

 private:
  static constexpr std::size_t kQueueMax = std::size_t{512} << 10;  // it would not be read above

  static char byte_at(std::size_t position) {
    return static_cast<char>(position * 31 + (position >> 12));
  }

  void send_more(Connection& connection) {
    std::array<char, 4096> chunk;
    while (sent_ < total_ && connection.bytes_queued() < kQueueMax) {
      std::size_t size = 0;
      while (size < chunk.size() && sent_ < total_) {
        chunk[size++] = byte_at(sent_++);
      }
      connection.send({chunk.data(), size});
    }
  }

  std::size_t total_;
  std::function<void()> done_;
  std::size_t sent_ = 0;
  std::size_t back_ = 0;
  bool in_order_ = true;
};

class Loopback : public testing::TestWithParam<std::tuple<Backend, Transport>> {
 protected:
  Loopback() : reactor(std::get<Backend>(GetParam()).make()), watchdog(reactor) {
    std::string pattern = (std::filesystem::temp_directory_path() / "loopXXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    server.reactor = &reactor;
    const Reactor::ListenResult listening = reactor.listen(wanted_address(), server);
    EXPECT_EQ(listening.error, 0) << std::strerror(listening.error);
    if (listening.listener != nullptr) {
      address = listening.listener->local_address();
    }
  }
  ~Loopback() override { std::filesystem::remove_all(directory); }

  Address wanted_address() const {
    switch (std::get<Transport>(GetParam())) {
      case Transport::kIpv4:
        return Address::ipv4(INADDR_LOOPBACK, 0);
      case Transport::kIpv6:
        return Address::ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0);
      case Transport::kUnix:
        break;
    }
    return Address::unix_path(directory + "/socket").value();
  }

  // A peer that is not a reactor: a blocking socket.
  int connect_raw() const {
    const int fd = ::socket(address.family(), SOCK_STREAM, 0);
    EXPECT_EQ(::connect(fd, address.data(), address.size()), 0) << std::strerror(errno);
    return fd;
  }

  static std::string read_to_end(int fd) {
    std::string bytes;
    std::array<char, 4096> chunk;
    for (;;) {
      const ssize_t count = ::read(fd, chunk.data(), chunk.size());
      if (count <= 0) {
        EXPECT_EQ(count, 0) << std::strerror(errno);
        return bytes;
      }
      bytes.append(chunk.data(), static_cast<std::size_t>(count));
    }
  }

  std::string directory;
  EchoServer server;
  Reactor reactor;
  Watchdog watchdog;
  Address address;
};

TEST_P(Loopback, EightMebibytesBothWaysAtOnce_ComeBackInOrder) {
  EchoClient client(std::size_t{8} << 20, [this] { reactor.stop(); });
  int error = 0;
  ASSERT_NE(reactor.connect(address, client, error), nullptr) << std::strerror(error);
  reactor.run();
  EXPECT_TRUE(client.all_in_order()) << client.bytes_back();
}

TEST_P(Loopback, ThousandConnectionsAtOnce_AllGetTheirAnswers) {
  constexpr int kClients = 1000;
  ASSERT_GE(raise_descriptor_limit(), 2U * kClients + 100);
  int left = kClients;
  std::deque<EchoClient> clients;
  for (int i = 0; i < kClients; ++i) {
    EchoClient& client = clients.emplace_back(100, [&] {
      if (--left == 0) {
        reactor.stop();
      }
    });
    int error = 0;
    ASSERT_NE(reactor.connect(address, client, error), nullptr) << std::strerror(error);
  }
  reactor.run();
  EXPECT_EQ(server.accepted, kClients);
  for (const EchoClient& client : clients) {
    EXPECT_TRUE(client.all_in_order());
  }
}

TEST_P(Loopback, HalfClosedPeer_GetsItsAnswerThenTheEnd) {
  server.ended = [](Connection& connection) { connection.send(" and goodbye"); };
  server.closed = [this] { reactor.stop(); };
  const int peer = connect_raw();
  ASSERT_EQ(::write(peer, "hello", 5), 5);
  ASSERT_EQ(::shutdown(peer, SHUT_WR), 0);
  reactor.run();
  EXPECT_EQ(server.reason, CloseReason::kPeerClosed);
  EXPECT_EQ(read_to_end(peer), "hello and goodbye");
  ::close(peer);
}

TEST_P(Loopback, PeerThatResets_IsReportedAsLost) {
  const int peer = connect_raw();
  server.opened = [](Connection& connection) { connection.send("never read"); };
  server.closed = [this] { reactor.stop(); };
  const linger at_once{1, 0};
  ASSERT_EQ(::setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  while (reactor.stats().bytes_written == 0 && !HasFailure()) {
    reactor.turn();
  }
  ::close(peer);
  reactor.run();
  EXPECT_EQ(server.reason, CloseReason::kPeerReset);
  EXPECT_EQ(server.error, ECONNRESET);
}

std::string transport_name(Transport transport) {
  switch (transport) {
    case Transport::kIpv4:
      return "ipv4";
    case Transport::kIpv6:
      return "ipv6";
    case Transport::kUnix:
      break;
  }
  return "unix";
}

INSTANTIATE_TEST_SUITE_P(Backends, Loopback,
                         testing::Combine(testing::ValuesIn(kBackends),
                                          testing::Values(Transport::kIpv4, Transport::kIpv6,
                                                          Transport::kUnix)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  transport_name(std::get<1>(test.param));
                         });

class Threads : public testing::TestWithParam<Backend> {};

// Counts turns for another thread to wait for.
class TurnCounter final : public TurnHandler {
 public:
  void on_turn_end() override {
    const std::lock_guard lock(mutex_);
    ++turns_;
    changed_.notify_all();
  }
  int turns() {
    const std::lock_guard lock(mutex_);
    return turns_;
  }
  bool wait_for_more_than(int turns) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return turns_ > turns; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int turns_ = 0;
};

TEST_P(Threads, WakeFromAnotherThread_MakesATurnAndStopEndsTheRun) {
  Reactor reactor(GetParam().make());
  TurnCounter counter;
  reactor.set_turn_handler(counter);
  std::thread thread([&reactor] { reactor.run(); });
  for (int i = 0; i < 1000 && !HasFailure(); ++i) {
    const int turns = counter.turns();
    reactor.wake();
    EXPECT_TRUE(counter.wait_for_more_than(turns)) << "a wake-up was lost";
  }
  reactor.stop();
  thread.join();
}

TEST_P(Threads, StoppedBeforeItRuns_DoesNotRun) {
  Reactor reactor(GetParam().make());
  reactor.stop();
  reactor.run();
  EXPECT_EQ(reactor.stats().turns, 0U);
}

// Plays a ball to the player on the other reactor's thread until it was returned often enough.
class Player final : public MailHandler<int> {
 public:
  static constexpr int kReturns = 20'000;

  explicit Player(std::unique_ptr<Net> net)
      : reactor_(std::move(net)), watchdog_(reactor_), mailbox_(reactor_, *this) {}

  void play_against(Player& other) { other_ = &other; }
  void serve() { mailbox_.post(0); }
  void run() { reactor_.run(); }
  int last_seen() const { return last_seen_; }

  void on_mail(int& ball) override {
    EXPECT_TRUE(last_seen_ == -1 || ball == last_seen_ + 2);
    last_seen_ = ball;
    if (ball <= kReturns) {
      other_->mailbox_.post(ball + 1);
    }
    if (ball >= kReturns) {
      reactor_.stop();
    }
  }

 private:
  Reactor reactor_;
  Watchdog watchdog_;
  Mailbox<int> mailbox_;
  Player* other_ = nullptr;
  int last_seen_ = -1;
};

TEST_P(Threads, MailBetweenTwoReactors_ArrivesOnceAndInOrder) {
  Player here(GetParam().make());
  Player there(GetParam().make());
  here.play_against(there);
  there.play_against(here);
  std::thread thread([&there] { there.run(); });
  here.serve();
  here.run();
  thread.join();
  EXPECT_EQ(here.last_seen(), Player::kReturns);
  EXPECT_EQ(there.last_seen(), Player::kReturns + 1);
}

INSTANTIATE_TEST_SUITE_P(Backends, Threads, testing::ValuesIn(kBackends),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace reactor
