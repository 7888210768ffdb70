// Secured connections on the simulated OS: the rules of the loop hold for them too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/reactor/raw_tls.h"
#include "tests/reactor/tls_connection_fixture.h"

namespace reactor_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using State = reactor::Transport::State;

// The kinds of the records that some bytes of the wire begin with.
std::vector<int> record_kinds(std::string_view wire) {
  std::vector<int> kinds;
  const auto byte = [&wire](std::size_t i) { return static_cast<unsigned char>(wire[i]); };
  while (wire.size() >= 5) {
    kinds.push_back(byte(0));
    wire.remove_prefix(std::min(wire.size(), std::size_t{5} + (byte(3) << 8) + byte(4)));
  }
  return kinds;
}

// Reading.

TEST_F(TlsConnectionTest, RecordsThatCameTogether_AreOneDelivery) {
  start();
  const Secured secured = connect_tls();
  for (const char* line : {"one\n", "two\n", "three\n"}) {
    secured.peer.send(line);
  }
  settle(secured.peer);
  EXPECT_THAT(secured.handler().deliveries, ElementsAre("one\ntwo\nthree\n"));
}

TEST_F(TlsConnectionTest, StoppedByItsBudget_StaysOnTheReadyList) {
  start({.read_budget_bytes = 500});
  const Secured secured = connect_tls();
  const std::string text(4000, 't');
  secured.peer.send(text);
  secured.peer.write_some();
  int turns = 0;
  while (polls_next() || turns == 0) {
    ASSERT_LT(++turns, 50);
  }
  EXPECT_EQ(secured.handler().received, text);
  EXPECT_GE(turns, 4000 / 500 - 1);
}

TEST_F(TlsConnectionTest, WhatOnDataLeaves_ComesAgainInFrontOfWhatIsOpenedNext) {
  start();
  const Secured secured = connect_tls();
  secured.handler().data = [](Connection&, std::string_view bytes) {
    return bytes.find('\n') == std::string_view::npos ? 0 : bytes.rfind('\n') + 1;
  };
  secured.peer.send("one\ntw");
  settle(secured.peer);
  secured.peer.send("o\n");
  settle(secured.peer);
  EXPECT_THAT(secured.handler().deliveries, ElementsAre("one\ntw", "two\n"));
}

TEST_F(TlsConnectionTest, PausedWithOpenedBytesLeft_ResumingBringsThemThoughNoEdgeComes) {
  start();
  const Secured secured = connect_tls();
  secured.handler().data = [](Connection& connection, std::string_view) {
    connection.pause_reading();
    return std::size_t{1};
  };
  secured.peer.send("abc");
  secured.peer.send(std::string(50'000, 'x'));
  settle(secured.peer);
  EXPECT_EQ(secured.handler().received, "a");
  EXPECT_GT(secured.peer.unsent(), 0U) << "nothing is read while opened bytes wait";
  secured.handler().data = nullptr;
  secured.connection().resume_reading();
  EXPECT_TRUE(polls_next());
  settle(secured.peer);
  EXPECT_EQ(secured.handler().received.size(), 50'003U);
}

TEST_F(TlsConnectionTest, TailOverItsBound_ClosesTheConnection) {
  start({.tail_bytes_max = 1000});
  const Secured secured = connect_tls();
  secured.handler().data = [](Connection&, std::string_view) { return std::size_t{0}; };
  secured.peer.send(std::string(1001, 'x'));
  settle(secured.peer);
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kInputOverflow, 0}}));
}

// Writing.

TEST_F(TlsConnectionTest, WhatOneTurnGathers_LeavesInOneRecord) {
  start();
  const Secured secured = connect_tls();
  const std::size_t before = secured.peer.raw().size();
  const std::string lent = "lent ";
  const std::string lent_too = "lent too ";
  for (int i = 0; i < 50; ++i) {
    secured.connection().send("owned ");
  }
  secured.connection().send_borrowed(lent);
  secured.connection().send_borrowed(lent_too);
  turn();
  secured.peer.read_some();
  EXPECT_THAT(secured.peer.received(), StartsWith("owned owned "));
  EXPECT_THAT(secured.peer.received(), HasSubstr("owned lent lent too "));
  EXPECT_THAT(record_kinds(secured.peer.raw().substr(before)), ElementsAre(0x17));
}

TEST_F(TlsConnectionTest, WhatIsOnlyLent_LeavesInOneRecord) {
  start();
  const Secured secured = connect_tls();
  const std::size_t before = secured.peer.raw().size();
  const std::string lent = "lent ";
  const std::string lent_too = "lent too";
  secured.connection().send_borrowed(lent);
  secured.connection().send_borrowed(lent_too);
  turn();
  secured.peer.read_some();
  EXPECT_EQ(secured.peer.received(), "lent lent too");
  EXPECT_THAT(record_kinds(secured.peer.raw().substr(before)), ElementsAre(0x17));
}

TEST_F(TlsConnectionTest, AShortWriteAndAFullSocket_KeepTheOrder) {
  start();
  const Secured secured = connect_tls();
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string piece(997, static_cast<char>('a' + i % 26));
    secured.connection().send(piece);
    expected += piece;
    if (i % 50 == 0) {
      turn();
      secured.peer.read_some(777);
    }
  }
  settle(secured.peer);
  EXPECT_EQ(secured.peer.received(), expected);
  EXPECT_EQ(secured.connection().bytes_queued(), 0U);
  EXPECT_EQ(loop->pool().bytes_lent(), 0U);
}

TEST_F(TlsConnectionTest, WhatDoesNotDrain_IsSealedOnlyAsFarAsItMayLeaveSoon) {
  start();
  const Secured secured = connect_tls();
  const std::size_t much = 1'000'000;
  secured.connection().send(std::string(much, 'x'));
  turn_until_quiet();
  const std::size_t left = much - world.socket_buffer_bytes;
  EXPECT_NEAR(static_cast<double>(secured.connection().bytes_queued()), static_cast<double>(left),
              2000)
      << "counts what is sealed too";
  EXPECT_LE(loop->pool().bytes_lent(), (std::size_t{1} << 20) + (std::size_t{64} << 10));
  settle(secured.peer);
  EXPECT_EQ(secured.peer.received().size(), much);
}

TEST_F(TlsConnectionTest, SlowReader_IsNotReadAboveTheHighMarkAndHearsOfTheLowMark) {
  start({.out_high_mark_bytes = 50'000, .out_low_mark_bytes = 20'000});
  const Secured secured = connect_tls();
  secured.connection().send(std::string(100'000, 'x'));
  turn_until_quiet();
  EXPECT_TRUE(secured.connection().above_high_mark());
  secured.peer.send("unheard");
  secured.peer.write_some();
  turn_until_quiet();
  EXPECT_EQ(secured.handler().received, "");
  settle(secured.peer);
  EXPECT_EQ(secured.handler().drains, 1);
  EXPECT_EQ(secured.handler().received, "unheard") << "no edge comes for it";
}

// Each update of keys is answered with another.
TEST_F(TlsConnectionTest, WhoAsksForAnswersOfTlsAndDoesNotReadThem_IsNotReadAboveTheHighMark) {
  start({.out_bytes_max = 10'000, .out_high_mark_bytes = 2'000, .out_low_mark_bytes = 100});
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  secure(link.connection());
  const RawContext context = raw_client_context();
  RawTls client(context.get());
  std::string to_send;
  const auto write = [&] {
    to_send += client.wire();
    to_send.erase(0, world.peer_write(link.peer, to_send));
    turn_until_quiet();
  };
  while (link.handler.handshakes == 0) {
    ASSERT_TRUE(client.take(world.peer_read(link.peer)));
    write();
  }
  for (int i = 0; i < 3000; ++i) {
    ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(client.ssl()), 1);
    client.send("x");
    write();
  }
  EXPECT_TRUE(link.connection().above_high_mark());
  EXPECT_LE(link.connection().bytes_queued(), 4'000U);
  EXPECT_GT(to_send.size(), 100'000U) << "nobody reads any more";
  EXPECT_TRUE(link.handler.closes.empty());
}

TEST_F(TlsConnectionTest, OutputOverflow) {
  start({.out_bytes_max = 100'000, .out_high_mark_bytes = 50'000, .out_low_mark_bytes = 100});
  const Secured secured = connect_tls();
  secured.connection().send(std::string(100'000, 'x'));
  turn_until_quiet();
  EXPECT_TRUE(secured.connection().is_open());
  secured.connection().send(std::string(100'000 - secured.connection().bytes_queued(), 'y'));
  EXPECT_TRUE(secured.connection().is_open()) << "exactly the bound is allowed";
  secured.connection().send("z");
  turn();
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kOutputOverflow, 0}}));
}

TEST_F(TlsConnectionTest, Stalled) {
  start({.stall_timeout = seconds{30}});
  const Secured secured = connect_tls();
  secured.connection().send(std::string(100'000, 'x'));
  turn_until_quiet();
  pass(seconds{29});
  EXPECT_EQ(secured.handler().closes.size(), 0U);
  secured.peer.read_some(10);
  turn_until_quiet();
  pass(seconds{29});
  EXPECT_EQ(secured.handler().closes.size(), 0U) << "there was progress";
  pass(seconds{2});
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kStalled, 0}}));
}

TEST_F(TlsConnectionTest, SentButNeverHandshaken_Stalls) {
  start({.stall_timeout = seconds{30}});
  const Secured secured = connect_silent();
  secured.connection().send("nobody listens");
  turn_until_quiet();
  pass(seconds{31});
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kStalled, 0}}));
}

// Ends.

TEST_F(TlsConnectionTest, Finish_SendsAllThenTheLastWordThenEnds) {
  start();
  const Secured secured = connect_tls();
  const std::string text(100'000, 't');
  secured.connection().send(text);
  secured.connection().finish();
  settle(secured.peer);
  EXPECT_EQ(secured.peer.received(), text);
  EXPECT_EQ(secured.peer.end.state(), State::kPeerEnded);
  EXPECT_TRUE(world.peer_at_end(secured.peer.fd()));
  world.peer_close(secured.peer.fd());
  turn_until_quiet();
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kByHandler, 0}}));
}

TEST_F(TlsConnectionTest, FinishBeforeTheHandshake_WhatWasSentStillArrives) {
  start();
  const Secured secured = connect_silent();
  secured.connection().send("no room for you");
  secured.connection().finish();
  settle(secured.peer);
  EXPECT_EQ(secured.peer.received(), "no room for you");
  EXPECT_EQ(secured.peer.end.state(), State::kPeerEnded);
  EXPECT_EQ(secured.handler().handshakes, 0) << "who has finished is told no more";
}

TEST_F(TlsConnectionTest, FinishWhereTheHelloWasSeen_WhatWasSentStillArrives) {
  start();
  const Link link = connect();
  link.handler.data = [](Connection& connection, std::string_view) {
    secure(connection);
    connection.send("no room for you");
    connection.finish();
    return std::size_t{0};
  };
  TlsPeer& peer = peer_of(link.peer);
  settle(peer);
  EXPECT_EQ(peer.received(), "no room for you");
  EXPECT_EQ(link.handler.deliveries.size(), 1U);
}

TEST_F(TlsConnectionTest, FinishBeforeTheHandshakeWithNothingToSay_EndsAtOnce) {
  start();
  const Secured secured = connect_silent();
  secured.connection().finish();
  turn_until_quiet();
  EXPECT_TRUE(world.peer_at_end(secured.peer.fd()));
}

TEST_F(TlsConnectionTest, FinishBeforeAHandshakeThatNeverComes_LastsNoLongerThanTheLinger) {
  start({.linger_timeout = seconds{5}});
  const Secured secured = connect_silent();
  secured.connection().send("nobody listens");
  secured.connection().finish();
  turn_until_quiet();
  EXPECT_EQ(secured.handler().closes.size(), 0U);
  pass(seconds{6});
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kByHandler, 0}}));
}

TEST_F(TlsConnectionTest, PeersLastWord_IsTheEndAndItStillGetsItsAnswers) {
  start();
  const Secured secured = connect_tls();
  secured.handler().end = [](Connection& connection) {
    connection.send("the answer");
    connection.finish(CloseReason::kPeerClosed);
  };
  secured.peer.send("a question");
  secured.peer.end.end();
  settle(secured.peer);
  EXPECT_EQ(secured.handler().received, "a question");
  EXPECT_EQ(secured.handler().ends, 1);
  EXPECT_EQ(secured.peer.received(), "the answer");
  EXPECT_EQ(secured.peer.end.state(), State::kPeerEnded);
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kPeerClosed, 0}}));
}

TEST_F(TlsConnectionTest, PausedWithTheLastWordBehindTheRest_TheRestComesBeforeTheEnd) {
  start();
  const Secured secured = connect_tls();
  secured.handler().data = [](Connection& connection, std::string_view) {
    connection.pause_reading();
    return std::size_t{2};
  };
  secured.peer.send("a question");
  secured.peer.end.end();
  settle(secured.peer);
  EXPECT_EQ(secured.handler().received, "a ");
  EXPECT_EQ(secured.handler().ends, 0);
  secured.handler().data = nullptr;
  secured.connection().resume_reading();
  turn_until_quiet();
  EXPECT_EQ(secured.handler().received, "a question");
  EXPECT_EQ(secured.handler().ends, 1);
}

TEST_F(TlsConnectionTest, EndOfTheStreamWithoutALastWord_IsTheEndToo) {
  start();
  const Secured secured = connect_tls();
  secured.peer.send("a question");
  secured.peer.write_some();
  world.peer_shutdown_write(secured.peer.fd());
  settle(secured.peer);
  EXPECT_EQ(secured.handler().received, "a question");
  EXPECT_EQ(secured.handler().ends, 1);
  EXPECT_EQ(secured.peer.end.state(), State::kPeerEnded) << "we take leave as we should";
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kPeerClosed, 0}}));
}

TEST_F(TlsConnectionTest, EndOfTheStreamInTheHandshake_LeavesNothing) {
  start();
  const Secured secured = connect_silent();
  secured.connection().send("never to be sealed");
  secured.peer.write_some(100);
  turn_until_quiet();
  world.peer_shutdown_write(secured.peer.fd());
  turn_until_quiet();
  EXPECT_EQ(secured.handler().ends, 1);
  EXPECT_EQ(secured.handler().closes, (Closes{{CloseReason::kPeerClosed, 0}}));
}

TEST_F(TlsConnectionTest, ResetInTheHandshake) {
  start();
  const Secured secured = connect_silent();
  secured.peer.write_some();
  turn();
  world.peer_reset(secured.peer.fd());
  turn_until_quiet();
  ASSERT_EQ(secured.handler().closes.size(), 1U);
  EXPECT_EQ(secured.handler().closes[0].reason, CloseReason::kPeerReset);
}

}  // namespace
}  // namespace reactor_test
