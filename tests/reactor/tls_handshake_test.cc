// Handshakes of connections on the simulated OS: how they begin, take turns, and fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/reactor/tls_connection_fixture.h"

namespace reactor_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using State = reactor::Transport::State;

class TlsHandshakeTest : public TlsConnectionTest {};

// The handshake.

TEST_F(TlsHandshakeTest, WhoHasSeenAHello_HandsItToTheHandshake) {
  start();
  const Link link = connect();
  link.handler.data = [&link](Connection& connection, std::string_view bytes) {
    EXPECT_EQ(bytes.front(), '\x16');
    link.handler.data = nullptr;
    secure(connection);
    return std::size_t{0};
  };
  TlsPeer& peer = peer_of(link.peer);
  settle(peer);
  ASSERT_TRUE(peer.is_ready());
  peer.send("hello");
  settle(peer);
  ASSERT_EQ(link.handler.deliveries.size(), 2U) << "the hello and what was said";
  EXPECT_EQ(link.handler.received, "hello");
  EXPECT_EQ(link.handler.handshakes, 1);
  EXPECT_EQ(link.connection().transport()->agreement().version, "TLSv1.3");
  EXPECT_EQ(loop->stats().handshakes, 1U);
  EXPECT_EQ(loop->pool().bytes_lent(), 0U) << "no buffer of who is idle";
}

TEST_F(TlsHandshakeTest, AHelloInPieces_IsSniffedByItsFirst) {
  start();
  const Link link = connect();
  link.handler.data = [&link](Connection& connection, std::string_view bytes) {
    EXPECT_EQ(bytes, "\x16");
    link.handler.data = nullptr;
    secure(connection);
    return std::size_t{0};
  };
  TlsPeer& peer = peer_of(link.peer);
  for (int i = 0; i < 5; ++i) {
    peer.write_some(1);
    turn();
  }
  settle(peer);
  EXPECT_TRUE(peer.is_ready());
  EXPECT_EQ(link.handler.deliveries.size(), 1U);
}

TEST_F(TlsHandshakeTest, SecuredWhilePaused_BeginsWhenResumed) {
  start();
  const Link link = connect();
  link.handler.data = [&link](Connection& connection, std::string_view) {
    link.handler.data = nullptr;
    connection.pause_reading();
    return std::size_t{0};
  };
  TlsPeer& peer = peer_of(link.peer);
  peer.write_some();
  turn_until_quiet();
  secure(link.connection());
  turn_until_quiet();
  EXPECT_EQ(world.peer_read(link.peer), "") << "paused";
  link.connection().resume_reading();
  settle(peer);
  EXPECT_TRUE(peer.is_ready());
}

TEST_F(TlsHandshakeTest, BothEndsInOneLoop_WhatWasSentEarlyArrives) {
  start();
  ScriptedHandler& server = new_handler();
  accepting_handlers.push_back(&server);
  server.open = [](Connection& connection) {
    secure(connection);
    connection.send("from the server");
  };
  ScriptedHandler& client = begin(address);
  client.open = [](Connection& connection) {
    connection.secure(tls().client.new_transport("127.0.0.1"));
    connection.send("from the client");
  };
  turn_until_quiet();
  EXPECT_EQ(server.received, "from the client");
  EXPECT_EQ(client.received, "from the server");
  EXPECT_EQ(server.handshakes, 1);
  EXPECT_EQ(client.handshakes, 1);
  client.connection->finish();
  turn_until_quiet();
  EXPECT_EQ(client.closes, (Closes{{CloseReason::kByHandler, 0}}));
  EXPECT_EQ(server.closes, (Closes{{CloseReason::kPeerClosed, 0}}));
}

TEST_F(TlsHandshakeTest, SentAboveTheHighMarkBeforeTheHandshake_IsNoDeadlock) {
  start({.out_high_mark_bytes = 10'000, .out_low_mark_bytes = 1'000});
  const Secured secured = connect_silent();
  const std::string much(100'000, 'm');
  secured.connection().send(much);
  EXPECT_TRUE(secured.connection().above_high_mark());
  settle(secured.peer);
  EXPECT_EQ(secured.peer.received(), much);
  EXPECT_EQ(secured.handler().drains, 1);
}

TEST_F(TlsHandshakeTest, StepsOfHandshakes_AreBoundedPerTurn_AndNobodyElseWaits) {
  start({.turn_handshake_steps_max = 1});
  const Link other = connect();
  other.handler.data = [](Connection& connection, std::string_view bytes) {
    connection.send(bytes);
    return bytes.size();
  };
  std::vector<Secured> crowd;
  for (int i = 0; i < 10; ++i) {
    crowd.push_back(connect_silent());
  }
  for (const Secured& secured : crowd) {
    secured.peer.write_some();
  }
  for (std::size_t turns = 1; turns <= crowd.size(); ++turns) {
    world.peer_write(other.peer, "?");
    turn();
    EXPECT_EQ(world.peer_read(other.peer), "?");
    std::size_t answered = 0;
    for (const Secured& secured : crowd) {
      secured.peer.read_some();
      answered += secured.peer.raw().empty() ? 0 : 1;
    }
    EXPECT_EQ(answered, turns);
  }
  for (const Secured& secured : crowd) {
    settle(secured.peer);
    EXPECT_TRUE(secured.peer.is_ready());
  }
}

TEST_F(TlsHandshakeTest, WhoWaitsForHisStep_IsNotOvertakenByNewcomers) {
  start({.turn_handshake_steps_max = 2});
  std::vector<Secured> crowd;
  for (int i = 0; i < 10; ++i) {
    crowd.push_back(connect_silent());
  }
  const auto answered = [&crowd](std::size_t from, std::size_t to) {
    std::size_t count = 0;
    for (std::size_t i = from; i < to; ++i) {
      crowd[i].peer.read_some();
      count += crowd[i].peer.raw().empty() ? 0 : 1;
    }
    return count;
  };
  for (const Secured& secured : crowd) {
    secured.peer.write_some();
  }
  for (std::size_t turns = 1; turns <= 5; ++turns) {
    const int newcomer = connect_peer();
    ScriptedHandler& handler = new_handler();
    handler.open = secure;
    accepting_handlers.push_back(&handler);
    crowd.push_back({{handler, newcomer, -1}, peer_of(newcomer)});
    crowd.back().peer.write_some();
    turn();
    EXPECT_EQ(answered(0, 10), 2 * turns);
    EXPECT_EQ(answered(10, crowd.size()), 0U);
  }
  for (const Secured& secured : crowd) {
    settle(secured.peer);
    EXPECT_TRUE(secured.peer.is_ready());
  }
}

TEST_F(TlsHandshakeTest, ClosedWhileItWaitsForItsStep) {
  start({.turn_handshake_steps_max = 1});
  std::vector<Secured> crowd;
  for (int i = 0; i < 4; ++i) {
    crowd.push_back(connect_silent());
    crowd.back().peer.write_some();
  }
  turn();
  for (std::size_t i : {1, 2}) {
    crowd[i].connection().close();
  }
  settle(crowd[3].peer);
  EXPECT_TRUE(crowd[3].peer.is_ready());
  EXPECT_EQ(crowd[1].handler().closes, (Closes{{CloseReason::kByHandler, 0}}));
}

TEST_F(TlsHandshakeTest, HalfAHello_CostsNoStep) {
  start({.turn_handshake_steps_max = 1});
  std::vector<Secured> dawdlers;
  for (int i = 0; i < 10; ++i) {
    dawdlers.push_back(connect_silent());
    dawdlers.back().peer.write_some(100);
  }
  const Secured quick = connect_silent();
  quick.peer.write_some();
  turn(2);
  quick.peer.read_some();
  EXPECT_TRUE(quick.peer.is_ready());
}

TEST_F(TlsHandshakeTest, ClosedInsideOnSecured) {
  start();
  const Secured secured = connect_silent();
  secured.handler().secured = [](Connection& connection) { connection.close(CloseReason::kIdle); };
  settle(secured.peer);
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kIdle, 0}}));
}

TEST_F(TlsHandshakeTest, PausedInsideOnSecured_WhatCameAlongWaits) {
  start();
  const Secured secured = connect_silent();
  secured.handler().secured = [](Connection& connection) { connection.pause_reading(); };
  secured.peer.write_some();
  turn_until_quiet();
  secured.peer.read_some();  // now it is ready, and its last step has not left
  secured.peer.send("along with it");
  settle(secured.peer);
  EXPECT_EQ(secured.handler().handshakes, 1);
  EXPECT_EQ(secured.handler().received, "");
  secured.connection().resume_reading();
  turn_until_quiet();
  EXPECT_EQ(secured.handler().received, "along with it");
}

TEST_F(TlsHandshakeTest, IdleInTheMiddleOfTheHandshake) {
  start({.idle_timeout = seconds{10}});
  const Secured secured = connect_silent();
  secured.peer.write_some(100);
  turn_until_quiet();
  pass(seconds{11});
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kIdle, 0}}));
}

// What is not right.

TEST_F(TlsHandshakeTest, HttpWithoutTls_EndsWithAReasonInWords) {
  start();
  const Secured secured = connect_silent();
  world.peer_write(secured.peer.fd(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  turn_until_quiet();
  EXPECT_TRUE(world.peer_at_end(secured.peer.fd()));
  world.peer_close(secured.peer.fd());
  turn_until_quiet();
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kTransportFailed, 0}}));
  EXPECT_THAT(failures, ElementsAre("HTTP without TLS has come"));
  EXPECT_EQ(secured.handler().deliveries.size(), 0U);
}

TEST_F(TlsHandshakeTest, ARecordThatIsNotRight_EndsWithItsAlertBehindWhatWasRight) {
  start();
  const Secured secured = connect_tls();
  secured.peer.send("right");
  secured.peer.send_raw(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'w'));
  secured.peer.send("not heard any more");
  settle(secured.peer);
  EXPECT_EQ(secured.handler().received, "right");
  EXPECT_EQ(secured.peer.end.state(), State::kFailed);
  EXPECT_THAT(secured.peer.end.transport->failure(), HasSubstr("bad record mac"))
      << "the alert has arrived";
  world.peer_close(secured.peer.fd());
  turn_until_quiet();
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kTransportFailed, 0}}));
  EXPECT_EQ(secured.handler().ends, 0);
}

TEST_F(TlsHandshakeTest, FailedAfterFinish_KeepsTheReasonAndEnds) {
  start();
  const Secured secured = connect_silent();
  secured.connection().send("waits for the handshake");
  secured.connection().finish();
  world.peer_write(secured.peer.fd(), "this is no handshake");
  turn_until_quiet();
  EXPECT_TRUE(world.peer_at_end(secured.peer.fd()));
  world.peer_close(secured.peer.fd());
  turn_until_quiet();
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kByHandler, 0}}));
}

TEST_F(TlsHandshakeTest, ServerOfSomebodyElse_IsRefusedByTheClientAndBothSayWhy) {
  start();
  ScriptedHandler& server = new_handler();
  accepting_handlers.push_back(&server);
  server.open = [](Connection& connection) { secure(connection); };
  ScriptedHandler& client = begin(address);
  client.open = [](Connection& connection) {
    connection.secure(tls().client.new_transport("example.org"));
    connection.send("a secret");
  };
  for (ScriptedHandler* handler : {&server, &client}) {
    handler->closed = [this](Connection& connection) {
      failures.push_back(connection.transport()->failure());
    };
  }
  turn_until_quiet();
  EXPECT_EQ(client.closes, (Closes{{CloseReason::kTransportFailed, 0}}));
  EXPECT_EQ(server.closes, (Closes{{CloseReason::kTransportFailed, 0}}));
  EXPECT_EQ(server.received, "");
  EXPECT_THAT(failures, testing::UnorderedElementsAre("the certificate is not for example.org",
                                                      HasSubstr("the peer has refused: ")));
}

TEST_F(TlsHandshakeTest, LoopStopsInTheMiddleOfAHandshake) {
  start();
  const Secured secured = connect_silent();
  secured.connection().send("waits");
  secured.peer.write_some();
  turn();
  stop();
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kLoopStopped, 0}}));
}

}  // namespace
}  // namespace reactor_test
