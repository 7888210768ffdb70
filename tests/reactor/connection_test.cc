#include "reactor/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "tests/reactor/reactor_fixture.h"

namespace reactor_test {
namespace {

using testing::ElementsAre;

class ConnectionTest : public ReactorFixture {
 protected:
  // Nothing that the loop begins is ever reported until this is undone.
  void lose_all_events() {
    net->edit_batch = [](std::vector<Ready>& batch) { batch.clear(); };
  }
};

// Input.

TEST_F(ConnectionTest, WhatOnDataLeaves_ComesAgainInFrontOfWhatArrivesNext) {
  start();
  const Link link = connect();
  link.handler.data = [](Connection&, std::string_view bytes) {
    return bytes.find('\n') == std::string_view::npos ? 0 : bytes.rfind('\n') + 1;
  };
  world.peer_write(link.peer, "one\ntw");
  turn();
  world.peer_write(link.peer, "o");
  turn();
  world.peer_write(link.peer, "\n");
  turn();
  EXPECT_THAT(link.handler.deliveries, ElementsAre("one\ntw", "two", "two\n"));
  EXPECT_EQ(link.handler.received, "one\ntwo\n");
  EXPECT_EQ(loop->pool().bytes_lent(), 0U) << "no tail, no buffer";
}

TEST_F(ConnectionTest, TailOverItsBound_ClosesTheConnection) {
  start({.tail_bytes_max = 1000});
  const Link link = connect();
  link.handler.data = [](Connection&, std::string_view) { return std::size_t{0}; };
  world.peer_write(link.peer, std::string(1000, 'x'));
  turn();
  EXPECT_EQ(link.handler.closes.size(), 0U) << "exactly the bound is allowed";
  world.peer_write(link.peer, "y");
  turn();
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kInputOverflow, 0}}));
}

TEST_F(ConnectionTest, PausedWithMoreThanTheBound_IsKeptAndJudgedWhenResumed) {
  start({.tail_bytes_max = 1000, .read_budget_bytes = 4000});
  const Link keen = connect();
  const Link lazy = connect();
  for (const Link& link : {keen, lazy}) {
    link.handler.data = [](Connection& connection, std::string_view) {
      connection.pause_reading();
      return std::size_t{0};
    };
    world.peer_write(link.peer, std::string(9000, 'x'));
  }
  turn_until_quiet();
  EXPECT_EQ(keen.handler.deliveries.back().size(), 4000U);
  keen.handler.data = nullptr;
  lazy.handler.data = [](Connection&, std::string_view) { return std::size_t{0}; };
  keen.connection().resume_reading();
  lazy.connection().resume_reading();
  turn_until_quiet();
  EXPECT_EQ(keen.handler.received.size(), 9000U);
  EXPECT_EQ(lazy.handler.closes, (Closes{{CloseReason::kInputOverflow, 0}}));
}

TEST_F(ConnectionTest, ResumedInsideOnData_NothingIsHandedOverTwice) {
  start();
  const Link link = connect();
  link.handler.data = [](Connection& connection, std::string_view bytes) {
    connection.pause_reading();
    connection.resume_reading();
    return bytes.size() < 6 ? 0 : bytes.size();
  };
  world.peer_write(link.peer, "abc");
  turn_until_quiet();
  world.peer_write(link.peer, "def");
  turn_until_quiet();
  EXPECT_THAT(link.handler.deliveries, ElementsAre("abc", "abcdef"));
}

TEST_F(ConnectionTest, ResumedAboveTheHighMark_SeesItsTailOnlyWhenDrained) {
  start({.out_bytes_max = 10'000, .out_high_mark_bytes = 1000, .out_low_mark_bytes = 500});
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  turn_until_quiet();
  link.handler.data = [](Connection& connection, std::string_view) {
    connection.pause_reading();
    return std::size_t{0};
  };
  world.peer_write(link.peer, "tail");
  turn_until_quiet();
  block_output(link, 2000);
  link.handler.data = nullptr;
  link.connection().resume_reading();
  turn_until_quiet();
  EXPECT_EQ(link.handler.received, "") << "its answers would only make the queue longer";
  read_all(link.peer);
  EXPECT_EQ(link.handler.received, "tail");
}

TEST_F(ConnectionTest, PeerThatEndsWhilePaused_EndsAfterTheRestWasRead) {
  start();
  const Link link = connect();
  turn_until_quiet();
  link.connection().pause_reading();
  world.peer_write(link.peer, "last words");
  world.peer_close(link.peer);
  turn_until_quiet();
  EXPECT_EQ(link.handler.ends, 0);
  link.connection().resume_reading();
  turn_until_quiet();
  EXPECT_EQ(link.handler.received, "last words");
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kPeerClosed, 0}}));
}

// Output.

TEST_F(ConnectionTest, AllThatIsSentInATurn_LeavesInOneWrite) {
  start();
  const Link link = connect();
  turn_until_quiet();
  net->forget();
  for (int i = 0; i < 100; ++i) {
    link.connection().send("message;");
  }
  EXPECT_EQ(net->count(CallKind::kWrite), 0U) << "nothing is written outside the flush";
  turn();
  EXPECT_EQ(net->count(CallKind::kWrite), 1U);
  EXPECT_EQ(world.peer_read(link.peer).size(), 800U);
  EXPECT_EQ(loop->pool().bytes_lent(), 0U);
}

TEST_F(ConnectionTest, SendToAConnectionThatIsNotOpen_IsIgnored) {
  start();
  const Link finished = connect();
  turn_until_quiet();
  finished.connection().finish();
  finished.connection().send("too late");
  EXPECT_EQ(read_all(finished.peer), "");

  const Link closed = connect();
  turn_until_quiet();
  closed.connection().close();
  closed.connection().send("too late");
  turn();
  EXPECT_EQ(loop->pool().bytes_lent(), 0U);
  EXPECT_EQ(read_all(closed.peer), "");
}

// Ending.

TEST_F(ConnectionTest, FinishedWhileBlocked_SendsAllThatWasQueuedFirst) {
  start();
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  turn_until_quiet();
  block_output(link, 5000);
  link.connection().finish();
  turn_until_quiet();
  EXPECT_TRUE(net->of(CallKind::kShutdown, link.fd).empty());
  EXPECT_EQ(read_all(link.peer).size(), 6000U);
  EXPECT_EQ(net->of(CallKind::kShutdown, link.fd).size(), 1U);
  EXPECT_EQ(link.handler.closes.size(), 0U) << "waits for the peer's end";
  world.peer_close(link.peer);
  turn_until_quiet();
  EXPECT_EQ(link.handler.closes.size(), 1U);
}

TEST_F(ConnectionTest, FinishedTwice_KeepsTheFirstReason) {
  start();
  const Link link = connect();
  turn_until_quiet();
  link.connection().finish(CloseReason::kIdle);
  link.connection().finish(CloseReason::kStalled);
  link.connection().close(CloseReason::kPeerReset, EPIPE);
  turn();
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kIdle, 0}}));
}

TEST_F(ConnectionTest, FinishedWithUnreadInput_ReadsOnSoThatTheAnswerSurvives) {
  start({.read_budget_bytes = 100});
  const Link link = connect();
  turn_until_quiet();
  link.handler.data = [](Connection& connection, std::string_view bytes) {
    connection.send("ERROR: too much");
    connection.finish();
    return bytes.size();
  };
  world.peer_write(link.peer, std::string(5000, 'x'));
  turn_until_quiet();
  EXPECT_EQ(link.handler.deliveries.size(), 1U) << "what follows is dropped";
  world.peer_shutdown_write(link.peer);
  turn_until_quiet();
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kByHandler, 0}}));
  EXPECT_EQ(world.peer_read(link.peer), "ERROR: too much") << "a reset would have destroyed it";
}

TEST_F(ConnectionTest, FinishedWhilePausedAndBlocked_StillTakesWhatThePeerIsSending) {
  start();
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  turn_until_quiet();
  link.connection().pause_reading();
  EXPECT_EQ(world.peer_write(link.peer, std::string(2000, 'x')), 1000U);
  block_output(link, 500);
  link.connection().finish();
  turn_until_quiet();
  // A peer that reads only after it has written everything would wait for ever otherwise.
  EXPECT_EQ(world.peer_write(link.peer, std::string(1000, 'x')), 1000U);
  EXPECT_EQ(read_all(link.peer).size(), 1500U);
}

TEST_F(ConnectionTest, HalfClosedPeerThatIsKept_IsServedUntilTheDeadline) {
  start({.linger_timeout = seconds{5}});
  const Link link = connect();
  link.handler.end = [](Connection&) {};
  world.peer_shutdown_write(link.peer);
  turn_until_quiet();
  pass(seconds{4});
  link.connection().send("an answer that took its time");
  turn();
  EXPECT_EQ(world.peer_read(link.peer), "an answer that took its time");
  pass(seconds{1});
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kPeerClosed, 0}}));
}

TEST_F(ConnectionTest, PeerReset_IsReportedWithItsError) {
  start();
  const Link reading = connect();
  const Link writing = connect();
  turn_until_quiet();
  writing.connection().pause_reading();
  world.peer_reset(reading.peer);
  world.peer_reset(writing.peer);
  writing.connection().send("x");
  turn_until_quiet();
  EXPECT_EQ(reading.handler.closes, (Closes{{CloseReason::kPeerReset, ECONNRESET}}));
  EXPECT_EQ(writing.handler.closes, (Closes{{CloseReason::kPeerReset, EPIPE}}));
}

// Time.

TEST_F(ConnectionTest, IdleButKept_IsAskedAgainAfterAnotherTimeout) {
  start({.idle_timeout = seconds{10}});
  const Link link = connect();
  link.handler.idle = [](Connection& connection) { connection.send("PING\n"); };
  for (int i = 1; i <= 3; ++i) {
    pass(seconds{10});
    EXPECT_EQ(link.handler.idles, i);
  }
  turn_until_quiet();
  EXPECT_EQ(world.peer_read(link.peer), "PING\nPING\nPING\n");
}

TEST_F(ConnectionTest, NotReadBecauseItIsAboveTheHighMark_IsNotIdle) {
  start({.out_bytes_max = 10'000,
         .out_high_mark_bytes = 1000,
         .out_low_mark_bytes = 500,
         .idle_timeout = seconds{10},
         .stall_timeout = seconds{30}});
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  turn_until_quiet();
  block_output(link, 2000);
  for (int i = 0; i < 4; ++i) {
    world.peer_write(link.peer, "x");
    world.peer_read(link.peer, 10);
    pass(seconds{10});
  }
  EXPECT_EQ(link.handler.idles, 0);
  pass(seconds{30});
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kStalled, 0}}));
}

TEST_F(ConnectionTest, ReadingHeld_NobodyIsIdle) {
  start({.idle_timeout = seconds{10}});
  const Link link = connect();
  loop->hold_reading(true);
  pass(seconds{10});
  EXPECT_EQ(link.handler.idles, 0);
  loop->hold_reading(false);
  pass(seconds{10});
  EXPECT_EQ(link.handler.idles, 1);
}

TEST_F(ConnectionTest, WithoutAStallTimeout_PendingOutputIsNoReasonToClose) {
  start({.idle_timeout = seconds{10}, .stall_timeout = seconds{0}});
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  link.handler.idle = [](Connection&) {};
  turn_until_quiet();
  block_output(link, 500);
  pass(seconds{10});
  EXPECT_EQ(link.handler.idles, 1);
  EXPECT_EQ(link.handler.closes.size(), 0U);
}

// Connecting.

TEST_F(ConnectionTest, Connect_OpensInALaterTurnAndTalksBothWays) {
  start();
  ScriptedHandler& server = new_handler();
  accepting_handlers.push_back(&server);
  server.open = [](Connection& connection) { connection.send("hello client"); };
  ScriptedHandler& client = begin(address);
  client.open = [](Connection& connection) { connection.send("hello server"); };
  EXPECT_EQ(client.opens, 0);
  turn_until_quiet();
  EXPECT_EQ(client.opens, 1);
  EXPECT_EQ(client.received, "hello client");
  EXPECT_EQ(server.received, "hello server");
}

TEST_F(ConnectionTest, ConnectRefused_IsReportedWithItsError) {
  start();
  ScriptedHandler& client = begin(Address::ipv4(0x7F000001, 1));
  turn_until_quiet();
  EXPECT_EQ(client.opens, 0);
  EXPECT_EQ(client.closes, (Closes{{CloseReason::kConnectFailed, ECONNREFUSED}}));
}

TEST_F(ConnectionTest, ConnectWithoutAnswer_FailsAfterStallTimeout) {
  start({.stall_timeout = seconds{30}});
  ScriptedHandler& client = begin(address);
  lose_all_events();
  pass(seconds{29});
  EXPECT_EQ(client.closes.size(), 0U);
  pass(seconds{1});
  EXPECT_EQ(client.closes, (Closes{{CloseReason::kConnectFailed, ETIMEDOUT}}));
  EXPECT_EQ(client.opens, 0);
}

TEST_F(ConnectionTest, ReportedWritableBeforeItIsMade_GoesOnConnecting) {
  start();
  net->forced_connect_error = EINPROGRESS;
  ScriptedHandler& client = begin(address);
  Connection* connecting = nullptr;
  net->edit_batch = [](std::vector<Ready>& batch) { batch = {{{0, 0}, true, true, true}}; };
  turn(2);
  connecting = loop->find({0, 0});
  ASSERT_NE(connecting, nullptr);
  EXPECT_FALSE(connecting->is_open());
  connecting->send("ignored until it is open");
  net->forced_connect_error = 0;
  turn();
  EXPECT_EQ(client.opens, 1);
  EXPECT_EQ(client.connection->bytes_queued(), 0U);
}

TEST_F(ConnectionTest, GivenUpWhileConnecting_IsClosedWithoutHavingBeenOpen) {
  start();
  int error = 0;
  for (const bool in_order : {true, false}) {
    ScriptedHandler& client = new_handler();
    Connection* connection = loop->connect(address, client, error);
    ASSERT_NE(connection, nullptr);
    client.is_used = true;
    in_order ? connection->finish() : connection->close();
    turn();
    EXPECT_EQ(client.opens, 0);
    EXPECT_EQ(client.closes, (Closes{{CloseReason::kByHandler, 0}}));
  }
}

TEST_F(ConnectionTest, DescriptorThatCannotBeWatched_IsClosedAndItsHandlerNeverCalled) {
  start();
  net->watch_error = ENOSPC;
  ScriptedHandler& client = new_handler();
  int error = 0;
  EXPECT_EQ(loop->connect(address, client, error), nullptr);
  EXPECT_EQ(error, ENOSPC);
  const int peer = connect_peer();
  turn();
  EXPECT_EQ(loop->connection_count(), 0U);
  EXPECT_TRUE(world.peer_at_end(peer));
}

// What handlers may do.

TEST_F(ConnectionTest, ClosedInOnOpen_NeverSeesData) {
  start();
  ScriptedHandler& handler = new_handler();
  handler.open = [](Connection& connection) { connection.close(CloseReason::kIdle); };
  accepting_handlers.push_back(&handler);
  world.peer_write(connect_peer(), "x");
  turn_until_quiet();
  EXPECT_EQ(handler.deliveries.size(), 0U);
  EXPECT_EQ(handler.closes, (Closes{{CloseReason::kIdle, 0}}));
}

class SelfDeletingHandler final : public reactor::Handler {
 public:
  explicit SelfDeletingHandler(int& deleted) : deleted_(deleted) {}
  std::size_t on_data(Connection&, std::string_view bytes) override { return bytes.size(); }
  void on_close(Connection&, CloseReason, int) override {
    ++deleted_;
    delete this;
  }

 private:
  ~SelfDeletingHandler() = default;
  int& deleted_;
};

TEST_F(ConnectionTest, HandlersThatDeleteThemselvesInOnClose_AreNotCalledAgain) {
  start();
  int deleted = 0;
  int error = 0;
  for (int i = 0; i < 4; ++i) {
    Connection* connection = loop->connect(address, *new SelfDeletingHandler(deleted), error);
    turn_until_quiet();
    connection->send(std::string(100'000, 'x'));
    if (i % 2 == 0) {
      connection->close();
    }
  }
  turn_until_quiet();
  EXPECT_EQ(deleted, 2);
  stop();
  EXPECT_EQ(deleted, 4);
}

TEST_F(ConnectionTest, OnCloseSendsToAndClosesOthers_TheyAreServedInTurn) {
  start();
  const Link first = connect();
  const Link second = connect();
  const Link third = connect();
  turn_until_quiet();
  first.handler.closed = [&](Connection&) {
    second.connection().close(CloseReason::kIdle);
    third.connection().send("somebody left");
  };
  second.handler.closed = [&](Connection&) { third.connection().finish(); };
  first.connection().close();
  turn();
  EXPECT_EQ(second.handler.closes, (Closes{{CloseReason::kIdle, 0}}));
  EXPECT_TRUE(polls_next()) << "there is something to flush";
  EXPECT_EQ(world.peer_read(third.peer), "somebody left");
  EXPECT_TRUE(world.peer_at_end(third.peer));
}

TEST_F(ConnectionTest, OnCloseBeginsAndAdoptsConnections_TheyWork) {
  start();
  const Link link = connect();
  turn_until_quiet();
  ScriptedHandler* successor = nullptr;
  link.handler.closed = [&](Connection&) { successor = &begin(address); };
  link.connection().close();
  turn_until_quiet();
  ASSERT_NE(successor, nullptr);
  EXPECT_EQ(successor->opens, 1);
  EXPECT_EQ(loop->connection_count(), 2U) << "the new one and its accepted end";
}

TEST_F(ConnectionTest, OnCloseReconnectsWhileTheReactorIsDestroyed_NothingIsLeftOpen) {
  start();
  const Link link = connect();
  turn_until_quiet();
  ScriptedHandler& never_used = new_handler();
  link.handler.closed = [&](Connection& gone) {
    int error = 0;
    EXPECT_EQ(gone.reactor().connect(Address::ipv4(0x7F000001, 1), never_used, error), nullptr);
    EXPECT_EQ(error, ECANCELED);
  };
  stop();
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kLoopStopped, 0}}));
}

class ClosingTimer final : public reactor::TimerHandler {
 public:
  std::function<void()> then;
  void on_timer(std::uint64_t) override { then(); }
};

TEST_F(ConnectionTest, TimerClosesConnectionsWhoseDeadlinesAreDueToo_TheyDoNotFire) {
  start({.idle_timeout = seconds{10}});
  ClosingTimer timer;
  loop->timers().arm(world.now() + seconds{9}, timer);
  const Link a = connect();
  const Link b = connect();
  const reactor::TimerId cancelled = loop->timers().arm(world.now() + seconds{10}, timer);
  timer.then = [&] {
    a.connection().close();
    b.connection().finish();
    loop->timers().cancel(cancelled);
  };
  pass(seconds{11});
  EXPECT_EQ(a.handler.idles, 0);
  EXPECT_EQ(b.handler.idles, 0);
  EXPECT_EQ(a.handler.closes, (Closes{{CloseReason::kByHandler, 0}}));
  EXPECT_EQ(b.handler.closes.size(), 0U);
}

TEST_F(ConnectionTest, CloseReasons_HaveDistinctNames) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < reactor::kCloseReasonCount; ++i) {
    const std::string name = to_string(static_cast<CloseReason>(i));
    EXPECT_NE(name, "unknown");
    EXPECT_THAT(names, testing::Not(testing::Contains(name)));
    names.push_back(name);
  }
}

}  // namespace
}  // namespace reactor_test
