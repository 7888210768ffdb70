// An echo server and its client in one loop: one line goes there and comes back.
#include <netinet/in.h>
#include <reactor/check.h>
#include <reactor/mailbox.h>
#include <reactor/reactor.h>
#ifdef REACTOR_HAS_TLS
#include <reactor/tls.h>
#endif

#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view kLine = "hello, reactor\n";
constexpr reactor::Duration kPatience = std::chrono::seconds{30};

class EchoServer final : public reactor::Acceptor, public reactor::Handler {
 public:
  explicit EchoServer(reactor::Reactor& reactor) : reactor_(reactor) {}

  void on_accept(int fd, const reactor::Address& /*peer*/) override { reactor_.adopt(fd, *this); }
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override {
    connection.send(bytes);
    return bytes.size();
  }
  void on_close(reactor::Connection& /*connection*/, reactor::CloseReason /*reason*/,
                int /*error*/) override {}

 private:
  reactor::Reactor& reactor_;
};

class EchoClient final : public reactor::Handler {
 public:
  bool echoed() const { return echoed_; }

  void on_open(reactor::Connection& connection) override { connection.send(kLine); }
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override {
    if (bytes.size() < kLine.size()) {
      return 0;  // comes again with what is missing
    }
    echoed_ = bytes == kLine;
    connection.finish();
    return bytes.size();
  }
  void on_close(reactor::Connection& connection, reactor::CloseReason reason,
                int /*error*/) override {
    std::printf("client: %s\n", reactor::to_string(reason));
    connection.reactor().stop();
  }

 private:
  bool echoed_ = false;
};

class Deadline final : public reactor::TimerHandler {
 public:
  explicit Deadline(reactor::Reactor& reactor) : reactor_(reactor) {
    reactor.timers().arm(reactor.now() + kPatience, *this);
  }
  void on_timer(std::uint64_t /*argument*/) override { reactor_.stop(); }

 private:
  reactor::Reactor& reactor_;
};

int echo_once() {
  reactor::Reactor reactor(reactor::make_net());
  EchoServer server(reactor);
  EchoClient client;
  Deadline deadline(reactor);

  const auto listening = reactor.listen(reactor::Address::ipv4(INADDR_LOOPBACK, 0), server);
  if (listening.listener == nullptr) {
    std::fprintf(stderr, "listen: %s\n", std::strerror(listening.error));
    return 1;
  }
  int error = 0;
  if (reactor.connect(listening.listener->local_address(), client, error) == nullptr) {
    std::fprintf(stderr, "connect: %s\n", std::strerror(error));
    return 1;
  }
  reactor.run();
  CHECK(reactor.stats().accepted == 1, "one client, so one connection", reactor.stats().accepted);
  std::puts(client.echoed() ? "ok" : "the line did not come back");
  return client.echoed() ? 0 : 1;
}

}  // namespace

int main() {
  try {
#ifdef REACTOR_HAS_TLS
    std::string error;
    const auto tls = reactor::TlsClientContext::load({}, error);
    CHECK(tls && tls->new_transport("localhost") != nullptr, "no TLS", error);
#endif
    return echo_once();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
