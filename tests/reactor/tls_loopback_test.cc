// TLS on real sockets: both ends in loops of their own, with one context for all.
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "reactor/reactor.h"
#include "tests/reactor/tls_fixture.h"

namespace reactor_test {
namespace {

using reactor::Address;
using reactor::CloseReason;
using reactor::Connection;
using reactor::Reactor;

constexpr reactor::Duration kPatience = std::chrono::seconds{60};

// Ends a run that would otherwise hang.
class Watchdog final : public reactor::TimerHandler {
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

// Echoes; speaks TLS with whoever begins so, and plainly with all others.
class SniffingEcho final : public reactor::Acceptor, public reactor::Handler {
 public:
  SniffingEcho(Reactor& reactor, reactor::TlsServerContext context)
      : reactor_(reactor), context_(std::move(context)) {}

  void on_accept(int fd, const Address& /*peer*/) override { reactor_.adopt(fd, *this); }
  std::size_t on_data(Connection& connection, std::string_view bytes) override {
    if (connection.transport() == nullptr && bytes.front() == '\x16') {
      connection.secure(context_.new_transport());
      return 0;
    }
    connection.send(bytes);
    return bytes.size();
  }
  void on_close(Connection& /*connection*/, CloseReason reason, int error) override {
    EXPECT_EQ(reason, CloseReason::kPeerClosed) << to_string(reason) << ' ' << std::strerror(error);
  }

 private:
  Reactor& reactor_;
  reactor::TlsServerContext context_;
};

// Sends a text while it reads it back, then finishes. The last one to close stops the loop.
class EchoClient final : public reactor::Handler {
 public:
  EchoClient(std::string text, const reactor::TlsClientContext* context, int& running)
      : text_(std::move(text)), context_(context), running_(running) {
    ++running_;
  }

  bool has_all() const { return back_ == text_; }

  void on_open(Connection& connection) override {
    if (context_ != nullptr) {
      connection.secure(context_->new_transport("127.0.0.1"));
    }
    send_more(connection);
  }
  std::size_t on_data(Connection& connection, std::string_view bytes) override {
    back_ += bytes;
    send_more(connection);
    if (back_.size() == text_.size()) {
      connection.finish();
    }
    return bytes.size();
  }
  void on_close(Connection& connection, CloseReason reason, int error) override {
    EXPECT_EQ(reason, CloseReason::kByHandler) << to_string(reason) << ' ' << std::strerror(error);
    if (--running_ == 0) {
      connection.reactor().stop();
    }
  }

 private:
  static constexpr std::size_t kQueueMax = std::size_t{256} << 10;  // it would not be read above

  void send_more(Connection& connection) {
    if (connection.bytes_queued() < kQueueMax) {
      const std::string_view more = std::string_view(text_).substr(sent_, kQueueMax);
      connection.send(more);
      sent_ += more.size();
    }
  }

  const std::string text_;
  const reactor::TlsClientContext* context_;
  int& running_;
  std::string back_;
  std::size_t sent_ = 0;
};

// One loop with its server and its clients, plain ones and secured ones.
void echo_in_a_loop(const reactor::TlsServerContext& server_context,
                    const reactor::TlsClientContext& client_context) {
  Reactor reactor(reactor::make_net());
  SniffingEcho echo(reactor, server_context);
  const auto listening = reactor.listen(Address::ipv4(INADDR_LOOPBACK, 0), echo);
  ASSERT_NE(listening.listener, nullptr) << std::strerror(listening.error);
  int running = 0;
  std::deque<EchoClient> clients;
  for (const std::size_t size : {5U, 70'000U, 3'000'000U}) {
    for (const auto* context : {&client_context, static_cast<decltype(&client_context)>(nullptr)}) {
      std::string text(size, '\0');
      for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>('a' + (i * 31 + (i >> 12)) % 26);
      }
      int error = 0;
      EchoClient& client = clients.emplace_back(std::move(text), context, running);
      ASSERT_NE(reactor.connect(listening.listener->local_address(), client, error), nullptr);
    }
  }
  Watchdog watchdog(reactor);
  reactor.run();
  for (const EchoClient& client : clients) {
    EXPECT_TRUE(client.has_all());
  }
  EXPECT_EQ(reactor.stats().handshakes, clients.size()) << "two for each of half of them";
  reactor.turn(reactor::Duration::zero());  // the echo hears of the last ends
  reactor.close_all();
}

TEST(TlsLoopback, PlainAndSecuredClientsOfOnePort_InManyLoopsWithOneContext) {
  TestCertificates certificates;
  const reactor::TlsServerContext server = TlsWorld::load_server_of(certificates.issue());
  std::string error;
  const auto client = reactor::TlsClientContext::load({.ca_file = certificates.ca_file()}, error);
  ASSERT_TRUE(client) << error;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { echo_in_a_loop(server, *client); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace reactor_test
