#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "reactor/reactor.h"
#include "tests/sim/sim_world.h"

namespace chat_test {

// The server's end of a connection: what it was sent, line by line, and a way to answer.
class Peer final : public reactor::Handler {
 public:
  std::deque<std::string> lines;
  reactor::Connection* connection = nullptr;      // null when it is gone
  std::unique_ptr<reactor::Transport> transport;  // until it is open; null: without TLS

  void say(std::string_view bytes) const { connection->send(bytes); }
  void hang_up() const { connection->finish(); }
  std::string take_line() {
    if (lines.empty()) {
      return "(nothing)";
    }
    std::string line = std::move(lines.front());
    lines.pop_front();
    return line;
  }

  void on_open(reactor::Connection& opened) override {
    connection = &opened;
    if (transport) {
      opened.secure(std::move(transport));
    }
  }
  std::size_t on_data(reactor::Connection&, std::string_view bytes) override {
    std::size_t done = 0;
    for (std::size_t end = 0; (end = bytes.find('\n', done)) != std::string_view::npos;) {
      lines.emplace_back(bytes.substr(done, end - done));
      done = end + 1;
    }
    return done;
  }
  void on_close(reactor::Connection&, reactor::CloseReason, int) override { connection = nullptr; }
};

// A server that says what the test makes it say.
class ScriptedServer final : public reactor::Acceptor {
 public:
  explicit ScriptedServer(sim::World& world) : loop(world.make_net()) { open(reactor::Address()); }

  void open(const reactor::Address& address) {
    const auto result = loop.listen(
        address.family() == AF_UNSPEC ? reactor::Address::ipv4(0x7F000001, 0) : address, *this);
    ASSERT_NE(result.listener, nullptr);
    listener = result.listener;
  }
  void shut() {
    address_was = listener->local_address();
    loop.stop_listening(*listener);
  }
  reactor::Address address() const { return listener->local_address(); }
  void on_accept(int fd, const reactor::Address&) override {
    Peer& peer = peers.emplace_back();
    peer.transport = new_transport ? new_transport() : nullptr;
    loop.adopt(fd, peer);
  }

  std::deque<Peer> peers;
  reactor::Reactor loop;
  reactor::Listener* listener = nullptr;
  reactor::Address address_was;
  std::function<std::unique_ptr<reactor::Transport>()> new_transport;  // null: without TLS
};

}  // namespace chat_test
