#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "tests/reactor/reactor_fixture.h"
#include "tests/reactor/tls_peer.h"

namespace reactor_test {

inline TlsWorld& tls() { return TlsWorld::get(); }

inline void secure(Connection& connection) { connection.secure(tls().server.new_transport()); }

// A reactor on the simulated OS, and peers that speak TLS.
class TlsConnectionTest : public ReactorFixture {
 protected:
  struct Secured {
    Link link;
    TlsPeer& peer;
    Connection& connection() const { return link.connection(); }
    ScriptedHandler& handler() const { return link.handler; }
  };

  TlsPeer& peer_of(int fd) {
    return peers.emplace_back(world, fd, tls().client.new_transport("localhost"));
  }

  // Accepted, its handshake not begun by the peer yet.
  Secured connect_silent() {
    const Link link = connect();
    link.handler.closed = [this](Connection& connection) {
      failures.push_back(connection.transport()->failure());
    };
    secure(link.connection());
    return {link, peer_of(link.peer)};
  }

  Secured connect_tls() {
    const Secured secured = connect_silent();
    settle(secured.peer);
    EXPECT_TRUE(secured.peer.is_ready());
    EXPECT_EQ(secured.handler().handshakes, 1);
    secured.peer.read_some();
    return secured;
  }

  // Both ends say what they have to say, until nobody has anything more.
  void settle(TlsPeer& peer) {
    for (int i = 0; i < 2000; ++i) {
      const std::size_t unsent = peer.unsent();
      const std::size_t heard = peer.raw().size();
      peer.write_some();
      const int turns = turn_until_quiet();
      peer.read_some();
      if (turns == 0 && peer.unsent() == unsent && peer.raw().size() == heard) {
        return;
      }
    }
    ADD_FAILURE() << "they never end";
  }

  std::deque<TlsPeer> peers;
  std::vector<std::string> failures;  // of the transports that were closed, in that order
};

}  // namespace reactor_test
