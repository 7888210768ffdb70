// A server that says back every WebSocket message, built on the chat's own HTTP and WebSocket, for
// conformance suites and for other people's clients, on "/" and "/echo".

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/web/http_conversation.h"
#include "chat/web/websocket_parser.h"
#include "reactor/reactor.h"

namespace {

struct Settings {
  std::uint16_t port = 0;
  std::size_t message_bytes_max = std::size_t{64} << 20;
};

class EchoServer;

// One connection: HTTP until it is upgraded, echoes from then on. Deletes itself in on_close.
class EchoSession final : public reactor::Handler, private chat::WebSocketSink {
 public:
  explicit EchoSession(EchoServer& server);
  virtual ~EchoSession() = default;

  void on_open(reactor::Connection& connection) override { connection_ = &connection; }
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override;
  void on_close(reactor::Connection&, reactor::CloseReason, int) override { delete this; }

 private:
  bool on_message(chat::WebSocketOpcode kind, std::string_view payload, std::size_t) override {
    return say(kind, payload);
  }
  bool on_ping(std::string_view payload, std::size_t) override {
    return say(chat::WebSocketOpcode::kPong, payload);
  }
  bool on_pong(std::string_view, std::size_t) override { return true; }
  void on_close(chat::CloseCode code, std::string_view) override { end(code, {}); }
  void on_broken(chat::CloseCode code, std::string_view why) override { end(code, why); }

  std::size_t talk_http(std::string_view bytes);
  bool say(chat::WebSocketOpcode opcode, std::string_view payload);
  void end(chat::CloseCode code, std::string_view why);

  chat::HttpConversation http_;
  chat::WebSocketParser frames_;
  reactor::Connection* connection_ = nullptr;
  bool upgraded_ = false;
};

class EchoServer final : public reactor::Acceptor {
 public:
  explicit EchoServer(const Settings& settings)
      : loop_(reactor::make_net(), connection_limits(settings)) {
    limits.ws_message_bytes_max = settings.message_bytes_max;
    limits.ws_fragments_max = settings.message_bytes_max;
    site.router.add_websocket("/");
    site.router.add_websocket("/echo");
    site.origins.allowed = {"*"};
  }

  int serve(std::uint16_t port);

  void on_accept(int fd, const reactor::Address&) override {
    auto session = std::make_unique<EchoSession>(*this);
    if (loop_.adopt(fd, *session) != nullptr) {
      static_cast<void>(session.release());  // until its on_close
    }
  }

  chat::HttpSite site;
  chat::Limits limits;
  chat::WebSocketReaders readers;

 private:
  static reactor::ConnectionLimits connection_limits(const Settings& settings) {
    reactor::ConnectionLimits limits;
    limits.out_bytes_max = 4 * settings.message_bytes_max + limits.out_bytes_max;
    return limits;
  }

  reactor::Reactor loop_;
};

EchoSession::EchoSession(EchoServer& server)
    : http_(server.site, server.limits, false), frames_(server.limits, server.readers) {}

std::size_t EchoSession::on_data(reactor::Connection&, std::string_view bytes) {
  const std::size_t consumed = upgraded_ ? 0 : talk_http(bytes);
  if (upgraded_ && connection_->is_open()) {
    return consumed + frames_.parse(bytes.substr(consumed), *this);
  }
  return consumed;
}

std::size_t EchoSession::talk_http(std::string_view bytes) {
  using Next = chat::HttpConversation::Next;
  std::size_t consumed = 0;
  while (true) {
    std::string out;
    const chat::HttpConversation::Step step =
        http_.parse(bytes.substr(consumed), connection_->reactor().unix_ms(), out);
    consumed += step.consumed;
    connection_->send(out);
    upgraded_ = step.next == Next::kUpgrade;
    if (step.next == Next::kEnd) {
      connection_->finish();
    }
    if (step.next != Next::kAnswer) {
      return consumed;
    }
  }
}

bool EchoSession::say(chat::WebSocketOpcode opcode, std::string_view payload) {
  std::string out;
  chat::append_ws_frame(out, opcode, payload);
  connection_->send(out);
  return connection_->is_open();
}

void EchoSession::end(chat::CloseCode code, std::string_view why) {
  std::string out;
  chat::append_ws_close(out, code, why);
  connection_->send(out);
  connection_->finish();
}

int EchoServer::serve(std::uint16_t port) {
  constexpr std::uint32_t kLoopback = 0x7F000001;
  const reactor::Reactor::ListenResult result =
      loop_.listen(reactor::Address::ipv4(kLoopback, port), *this);
  if (result.listener == nullptr) {
    fmt::print(stderr, "cannot listen on port {}: {}\n", port, std::strerror(result.error));
    return 1;
  }
  fmt::print("listening on {}\n", result.listener->local_address().port());
  std::fflush(stdout);
  loop_.run();  // until a signal ends the process
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Settings settings;
    CLI::App app("Says back every WebSocket message");
    app.add_option("--port", settings.port, "on 127.0.0.1; 0: any that is free");
    app.add_option("--message-bytes-max", settings.message_bytes_max, "longer ones get a 1009")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 30));
    CLI11_PARSE(app, argc, argv);
    return EchoServer(settings).serve(settings.port);
  } catch (const std::exception& error) {
    fmt::print(stderr, "websocket_echo: {}\n", error.what());
    return 1;
  }
}
