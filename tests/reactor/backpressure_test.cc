// Rule 8 of reactor/README.md: output is bounded by bytes and by time without progress, and marks
// tell who sends when to wait and when to go on.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/reactor/reactor_fixture.h"

namespace reactor_test {
namespace {

class Backpressure : public ReactorFixture {};

TEST_F(Backpressure, MoreThanOutBytesMax_ClosesTheConnectionAndNobodyElse) {
  start({.out_bytes_max = 5000, .out_high_mark_bytes = 4000, .out_low_mark_bytes = 1000});
  const Link link = connect();
  const Link other = connect();
  link.connection().send(std::string(5000, 'x'));
  EXPECT_EQ(link.connection().bytes_queued(), 5000U) << "exactly the bound is allowed";
  link.connection().send("y");
  turn();
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kOutputOverflow, 0}}));
  EXPECT_TRUE(other.connection().is_open());
}

TEST_F(Backpressure, AboveTheHighMark_IsNotReadUntilDrainedToTheLowMark) {
  start({.out_bytes_max = 10'000, .out_high_mark_bytes = 4000, .out_low_mark_bytes = 1000});
  world.socket_buffer_bytes = 500;
  const Link link = connect();
  turn_until_quiet();
  link.connection().send(std::string(4000, 'x'));
  EXPECT_FALSE(link.connection().above_high_mark());
  link.connection().send(std::string(1000, 'x'));
  EXPECT_TRUE(link.connection().above_high_mark());
  world.peer_write(link.peer, "are you listening?");
  turn_until_quiet();
  while (link.connection().bytes_queued() > 1000) {
    EXPECT_TRUE(link.connection().above_high_mark()) << link.connection().bytes_queued();
    EXPECT_EQ(link.handler.received, "");
    EXPECT_EQ(link.handler.drains, 0);
    ASSERT_GT(world.peer_read(link.peer).size(), 0U);
    turn();
  }
  EXPECT_FALSE(link.connection().above_high_mark());
  EXPECT_EQ(link.handler.drains, 1);
  EXPECT_TRUE(polls_next()) << "reading goes on without an edge";
  EXPECT_EQ(link.handler.received, "are you listening?");
  read_all(link.peer);
  EXPECT_EQ(link.handler.drains, 1);
}

TEST_F(Backpressure, OutputWithoutProgressForStallTimeout_ClosesTheConnection) {
  start({.stall_timeout = seconds{30}});
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  turn_until_quiet();
  link.connection().send(std::string(3000, 'x'));
  turn();
  pass(seconds{29});
  world.peer_read(link.peer, 1);
  turn();
  pass(seconds{29});
  EXPECT_EQ(link.handler.closes.size(), 0U) << "one byte is progress";
  pass(seconds{1});
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kStalled, 0}}));
}

TEST_F(Backpressure, OverflowInsideOnData_LosesTheConnectionNotTheTurn) {
  start({.out_bytes_max = 1000, .out_high_mark_bytes = 1000, .out_low_mark_bytes = 0});
  const Link link = connect();
  const Link other = connect();
  link.handler.data = [&](Connection& connection, std::string_view bytes) {
    connection.send(std::string(1001, 'x'));
    EXPECT_FALSE(connection.is_open());
    EXPECT_EQ(link.handler.closes.size(), 0U) << "never from inside send";
    other.connection().send("unharmed");
    return bytes.size();
  };
  world.peer_write(link.peer, "x");
  turn_until_quiet();
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kOutputOverflow, 0}}));
  EXPECT_EQ(world.peer_read(other.peer), "unharmed");
}

TEST_F(Backpressure, ClosedInOnDrained_IsLeftAlone) {
  start({.out_bytes_max = 10'000, .out_high_mark_bytes = 100, .out_low_mark_bytes = 50});
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  link.handler.drained = [](Connection& connection) { connection.close(); };
  turn_until_quiet();
  block_output(link, 500);
  world.peer_write(link.peer, "unread");
  read_all(link.peer);
  EXPECT_EQ(link.handler.drains, 1);
  EXPECT_EQ(link.handler.received, "");
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kByHandler, 0}}));
}

TEST_F(Backpressure, SendsAgainInOnDrained_IsToldAgain) {
  start({.out_bytes_max = 10'000, .out_high_mark_bytes = 100, .out_low_mark_bytes = 50});
  const Link link = connect();
  turn_until_quiet();
  link.handler.drained = [&](Connection& connection) {
    if (link.handler.drains < 5) {
      connection.send(std::string(1000, 'x'));
    } else {
      connection.finish();
    }
  };
  link.connection().send(std::string(1000, 'x'));
  EXPECT_EQ(read_all(link.peer).size(), 5000U);
  EXPECT_EQ(link.handler.drains, 5);
  EXPECT_TRUE(world.peer_at_end(link.peer));
}

TEST_F(Backpressure, AskedForDrained_IsToldOnceThoughItWasNeverAboveTheHighMark) {
  start({.out_bytes_max = 10'000, .out_high_mark_bytes = 5000, .out_low_mark_bytes = 100});
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  turn_until_quiet();
  link.connection().send(std::string(2000, 'x'));
  link.connection().ask_for_drained();
  turn_until_quiet();
  EXPECT_EQ(link.handler.drains, 0) << "1,000 bytes wait";
  EXPECT_EQ(read_all(link.peer).size(), 2000U);
  EXPECT_EQ(link.handler.drains, 1);
  link.connection().send("more");
  turn_until_quiet();
  EXPECT_EQ(link.handler.drains, 1);
}

TEST_F(Backpressure, AskedForDrainedWithNothingToSend_IsToldInThisTurn) {
  start();
  const Link link = connect();
  turn_until_quiet();
  link.connection().ask_for_drained();
  turn_until_quiet();
  EXPECT_EQ(link.handler.drains, 1);
}

TEST_F(Backpressure, AskedForDrainedAndEnding_IsNotTold) {
  start();
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  turn_until_quiet();
  link.connection().send(std::string(2000, 'x'));
  link.connection().ask_for_drained();
  link.connection().finish();
  EXPECT_EQ(read_all(link.peer).size(), 2000U);
  EXPECT_EQ(link.handler.drains, 0);
}

}  // namespace
}  // namespace reactor_test
