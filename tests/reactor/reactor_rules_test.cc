// The rules of an edge-triggered loop, as reactor/README.md numbers them, on the simulated OS.
// Rule 7 is about real sockets: net_test.cc; rule 8: backpressure_test.cc. More of rule 5:
// connection_test.cc; of rule 6: listener_test.cc; of rule 10: mailbox_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "reactor/mailbox.h"
#include "tests/reactor/reactor_fixture.h"

namespace reactor_test {
namespace {

using testing::ElementsAre;

class ReactorRules : public ReactorFixture {};

// Rule 1: only EAGAIN proves that a socket is drained.

TEST_F(ReactorRules, ReadBudgetSpent_ConnectionStaysReadyAndTheLoopPolls) {
  start({.read_budget_bytes = 1000});
  const Link link = connect();
  turn_until_quiet();
  world.peer_write(link.peer, std::string(2500, 'x'));
  turn();
  EXPECT_EQ(link.handler.received.size(), 1000U);
  EXPECT_TRUE(polls_next());
  EXPECT_EQ(link.handler.received.size(), 2000U) << "no edge came, and none is needed";
  EXPECT_TRUE(polls_next());
  EXPECT_EQ(link.handler.received.size(), 2500U);
  EXPECT_EQ(net->of(CallKind::kRead, link.fd).back().error, EAGAIN);
  EXPECT_FALSE(polls_next());
}

TEST_F(ReactorRules, TurnBudgetSpent_TheOthersComeFirstInTheNextTurn) {
  start({.read_budget_bytes = 1000, .turn_read_budget_bytes = 2000});
  std::vector<Link> links;
  for (int i = 0; i < 4; ++i) {
    links.push_back(connect());
  }
  turn_until_quiet();
  for (const Link& link : links) {
    world.peer_write(link.peer, std::string(4000, 'x'));
  }
  for (int round = 1; round <= 4; ++round) {
    turn(2);
    for (const Link& link : links) {
      EXPECT_EQ(link.handler.received.size(), 1000U * static_cast<std::size_t>(round));
    }
  }
}

TEST_F(ReactorRules, HighMarkCrossed_FlushComesBeforeMoreIsRead) {
  start({.out_bytes_max = 4000, .out_high_mark_bytes = 1000, .out_low_mark_bytes = 500});
  const Link reader = connect();
  std::vector<Link> writers;
  for (int i = 0; i < 10; ++i) {
    writers.push_back(connect());
    writers.back().handler.data = [&reader](Connection&, std::string_view bytes) {
      reader.connection().send(std::string(1500, 'x'));
      return bytes.size();
    };
  }
  turn_until_quiet();
  for (const Link& writer : writers) {
    world.peer_write(writer.peer, "go");
  }
  std::size_t got = 0;
  for (int i = 0; i < 20; ++i) {
    turn();
    got += world.peer_read(reader.peer).size();
  }
  EXPECT_EQ(got, 15'000U);
  EXPECT_TRUE(reader.handler.closes.empty()) << "who reads all the time is not taken for slow";
}

TEST_F(ReactorRules, ShortRead_IsNotTakenForTheEndOfTheData) {
  start();
  const Link link = connect();
  world.faults.partial_read = 1000;
  world.peer_write(link.peer, std::string(5000, 'x'));
  turn();
  EXPECT_EQ(link.handler.received.size(), 5000U);
  EXPECT_EQ(net->of(CallKind::kRead, link.fd).back().error, EAGAIN);
}

TEST_F(ReactorRules, InterruptedRead_IsTriedAgain) {
  start();
  const Link link = connect();
  world.faults.eintr = 500;
  world.peer_write(link.peer, "all of it");
  turn();
  EXPECT_EQ(link.handler.received, "all of it");
}

TEST_F(ReactorRules, Resumed_SeesItsTailAgainAndWhatCameMeanwhile) {
  start();
  const Link link = connect();
  link.handler.data = [](Connection& connection, std::string_view) {
    connection.pause_reading();
    return std::size_t{0};
  };
  world.peer_write(link.peer, "first ");
  turn();
  world.peer_write(link.peer, "second");
  turn_until_quiet();
  EXPECT_THAT(link.handler.deliveries, ElementsAre("first ")) << "paused";

  link.handler.data = nullptr;
  link.connection().resume_reading();
  EXPECT_TRUE(polls_next()) << "no edge comes for bytes that are here already";
  EXPECT_THAT(link.handler.deliveries, ElementsAre("first ", "first ", "second"));
  EXPECT_EQ(link.handler.received, "first second");
}

TEST_F(ReactorRules, ReadingHeld_NothingIsReadOrAcceptedUntilReleased) {
  start();
  const Link link = connect();
  turn_until_quiet();
  loop->hold_reading(true);
  world.peer_write(link.peer, "later");
  connect_peer();
  turn(3);
  EXPECT_EQ(link.handler.received, "");
  EXPECT_EQ(loop->connection_count(), 1U);
  EXPECT_EQ(net->timeouts.back(), milliseconds{1}) << "looks again, without spinning";
  link.connection().send("all else goes on");
  turn();
  EXPECT_EQ(world.peer_read(link.peer), "all else goes on");

  loop->hold_reading(false);
  EXPECT_TRUE(polls_next());
  EXPECT_EQ(link.handler.received, "later");
  EXPECT_EQ(loop->connection_count(), 2U);
}

// What a handler gathers behind the end of a turn is not left for whoever wakes the loop next.

TEST_F(ReactorRules, Closed_IsFollowedByAnotherTurnAtOnce) {
  start();
  const Link link = connect();
  turn_until_quiet();
  world.peer_close(link.peer);
  turn();
  EXPECT_EQ(link.handler.closes.size(), 1U);
  EXPECT_TRUE(polls_next());
  EXPECT_FALSE(polls_next());
}

TEST_F(ReactorRules, Drained_IsFollowedByAnotherTurnAtOnce) {
  start();
  const Link link = connect();
  turn_until_quiet();
  link.connection().ask_for_drained();
  turn();
  EXPECT_EQ(link.handler.drains, 1);
  EXPECT_TRUE(polls_next());
  EXPECT_FALSE(polls_next());
}

TEST_F(ReactorRules, AskedForAnotherTurn_MakesOne) {
  start();
  turn_until_quiet();
  loop->turn_again();
  EXPECT_TRUE(polls_next());
  EXPECT_FALSE(polls_next());
}

// Rule 2: events are recorded for the whole batch first, work runs after.

TEST_F(ReactorRules, HandlerClosesInTheMiddleOfABatch_NoEntryOfThatBatchIsStale) {
  start();
  const Link link = connect();
  turn_until_quiet();
  link.handler.data = [](Connection& connection, std::string_view bytes) {
    connection.close();
    return bytes.size();
  };
  world.peer_write(link.peer, "x");
  net->edit_batch = [token = link.connection().token()](std::vector<Ready>& batch) {
    batch = {{token, true, false, false}, {token, false, true, false}};
  };
  turn();
  EXPECT_EQ(loop->stats().stale_events, 0U) << "work ran before all events were recorded";
  EXPECT_EQ(link.handler.closes.size(), 1U);
}

TEST_F(ReactorRules, EventsSplitAsKqueueDoesIt_AreOneDispatchAndOneWrite) {
  start();
  const Link link = connect();
  turn_until_quiet();
  link.handler.data = [](Connection& connection, std::string_view bytes) {
    connection.send(bytes);
    return bytes.size();
  };
  world.peer_write(link.peer, "echo");
  net->edit_batch = [token = link.connection().token()](std::vector<Ready>& batch) {
    batch = {{token, false, true, false}, {token, true, false, false}, {token, true, false, true}};
  };
  net->forget();
  turn();
  EXPECT_THAT(link.handler.deliveries, ElementsAre("echo"));
  EXPECT_EQ(net->of(CallKind::kRead, link.fd).size(), 2U) << "the data, then EAGAIN";
  EXPECT_EQ(net->of(CallKind::kWrite, link.fd).size(), 1U);
  EXPECT_EQ(world.peer_read(link.peer), "echo");
}

// Rule 3: stale events are dropped; closing, reaping and on_close.

TEST_F(ReactorRules, EventForAConnectionThatIsGone_DoesNotReachItsSuccessor) {
  start();
  const Link old = connect();
  const Token stale = old.connection().token();
  old.connection().close();
  turn();
  const Link link = connect();
  turn_until_quiet();
  ASSERT_EQ(link.connection().token().index, stale.index) << "the slot is used again";
  EXPECT_EQ(loop->find(stale), nullptr);

  world.peer_write(link.peer, "x");
  net->edit_batch = [stale](std::vector<Ready>& batch) {
    batch = {{stale, true, true, true}, {{12'345, 0}, true, true, true}};
  };
  net->forget();
  const std::uint64_t stale_before = loop->stats().stale_events;
  turn();
  EXPECT_EQ(loop->stats().stale_events, stale_before + 2);
  EXPECT_TRUE(net->of(CallKind::kRead, link.fd).empty());
  EXPECT_TRUE(net->of(CallKind::kWrite, link.fd).empty());
}

TEST_F(ReactorRules, ClosedInACallback_DescriptorAndSlotLastUntilTheTurnReaps) {
  start();
  const Link link = connect();
  const Token token = link.connection().token();
  link.handler.data = [&](Connection& connection, std::string_view bytes) {
    connection.close();
    EXPECT_EQ(loop->find(token), nullptr) << "closed is gone for everybody else";
    EXPECT_EQ(net->of(CallKind::kUnwatch, link.fd).size(), 1U);
    EXPECT_TRUE(net->of(CallKind::kClose, link.fd).empty());
    const ScriptedHandler& other = begin(address);
    EXPECT_EQ(other.closes.size(), 0U);
    EXPECT_EQ(loop->connection_count(), 2U) << "the slot is not free yet";
    return bytes.size();
  };
  world.peer_write(link.peer, "x");
  turn();
  EXPECT_EQ(net->of(CallKind::kClose, link.fd).size(), 1U);
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kByHandler, 0}}));
  EXPECT_EQ(loop->connection_count(), 1U);
}

TEST_F(ReactorRules, ClosedAgainAndAgain_OnCloseComesOnceWithTheFirstReason) {
  start();
  const Link link = connect();
  link.handler.data = [](Connection& connection, std::string_view bytes) {
    connection.close(CloseReason::kStalled, 7);
    connection.close(CloseReason::kIdle, 8);
    connection.finish();
    connection.send("into the void");
    connection.resume_reading();
    return bytes.size();
  };
  world.peer_write(link.peer, "x");
  turn_until_quiet();
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kStalled, 7}}));
  EXPECT_EQ(loop->stats().closes[static_cast<std::size_t>(CloseReason::kStalled)], 1U);
}

TEST_F(ReactorRules, TwoThatCloseEachOtherInOneBatch_OnlyOneIsCalled) {
  start();
  const Link a = connect();
  const Link b = connect();
  a.handler.data = [&](Connection&, std::string_view bytes) {
    b.connection().close();
    return bytes.size();
  };
  b.handler.data = [&](Connection&, std::string_view bytes) {
    a.connection().close();
    return bytes.size();
  };
  world.peer_write(a.peer, "x");
  world.peer_write(b.peer, "x");
  turn();
  EXPECT_EQ(a.handler.deliveries.size() + b.handler.deliveries.size(), 1U);
  EXPECT_EQ(a.handler.closes.size() + b.handler.closes.size(), 1U);
}

TEST_F(ReactorRules, StateIsLookedAtAgainAfterOnData) {
  start();
  const Link closes = connect();
  const Link pauses = connect();
  closes.handler.data = [](Connection& connection, std::string_view bytes) {
    connection.close();
    return bytes.size();
  };
  pauses.handler.data = [](Connection& connection, std::string_view bytes) {
    connection.pause_reading();
    return bytes.size();
  };
  turn_until_quiet();
  world.peer_write(closes.peer, "x");
  world.peer_write(pauses.peer, "x");
  net->forget();
  turn();
  EXPECT_EQ(net->of(CallKind::kRead, closes.fd).size(), 1U);
  EXPECT_EQ(net->of(CallKind::kRead, pauses.fd).size(), 1U);
}

// Rule 4: registered once; writable is cached.

TEST_F(ReactorRules, Connection_IsWatchedOnceWhateverHappens) {
  start();
  world.socket_buffer_bytes = 100;
  const Link link = connect();
  link.handler.data = [](Connection& connection, std::string_view bytes) {
    connection.send(std::string(1000, 'x'));
    return bytes.size();
  };
  for (int i = 0; i < 5; ++i) {
    world.peer_write(link.peer, "x");
    turn();
    link.connection().pause_reading();
    read_all(link.peer);
    link.connection().resume_reading();
  }
  EXPECT_EQ(net->of(CallKind::kWatch, link.fd).size(), 1U);
  EXPECT_TRUE(net->of(CallKind::kUnwatch, link.fd).empty());
}

TEST_F(ReactorRules, BetweenEagainAndTheEvent_NothingIsWritten) {
  start();
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  turn_until_quiet();
  net->forget();
  link.connection().send(std::string(3000, 'x'));
  turn();
  ASSERT_EQ(net->of(CallKind::kWrite, link.fd).size(), 2U) << "a partial one, then EAGAIN";
  EXPECT_EQ(net->of(CallKind::kWrite, link.fd)[0].bytes, 1000U);
  EXPECT_EQ(net->of(CallKind::kWrite, link.fd)[1].error, EAGAIN);

  net->forget();
  link.connection().send("more");
  turn(3);
  EXPECT_TRUE(net->of(CallKind::kWrite, link.fd).empty());

  EXPECT_EQ(world.peer_read(link.peer).size(), 1000U);
  turn();
  EXPECT_EQ(net->of(CallKind::kWrite, link.fd).size(), 2U);
  EXPECT_EQ(read_all(link.peer).size(), 2004U);
}

TEST_F(ReactorRules, BeforeTheFirstEvent_NothingIsWritten) {
  start();
  ScriptedHandler& handler = new_handler();
  handler.open = [](Connection& connection) { connection.send("welcome"); };
  accepting_handlers.push_back(&handler);
  const int peer = connect_peer();
  turn();
  EXPECT_EQ(net->count(CallKind::kWrite), 0U);
  turn();
  EXPECT_EQ(net->count(CallKind::kWrite), 1U);
  EXPECT_EQ(world.peer_read(peer), "welcome");
}

// Rule 5: hang-up flags are hints.

TEST_F(ReactorRules, HangUpWithDataStillThere_IsReadToItsEnd) {
  start({.read_budget_bytes = 1000});
  const Link link = connect();
  turn_until_quiet();
  world.peer_write(link.peer, std::string(5000, 'x'));
  world.peer_close(link.peer);
  net->edit_batch = [](std::vector<Ready>& batch) {
    for (Ready& ready : batch) {
      ready.hangup = true;
    }
  };
  turn_until_quiet();
  EXPECT_EQ(link.handler.received.size(), 5000U);
  EXPECT_EQ(link.handler.ends, 1);
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kPeerClosed, 0}}));
}

TEST_F(ReactorRules, HangUpThatIsNoneOfTheKind_ClosesNothing) {
  start();
  const Link link = connect();
  turn_until_quiet();
  net->edit_batch = [token = link.connection().token()](std::vector<Ready>& batch) {
    batch = {{token, true, true, true}};
  };
  turn(3);
  net->edit_batch = nullptr;
  world.peer_write(link.peer, "still here");
  turn();
  EXPECT_EQ(link.handler.received, "still here");
}

TEST_F(ReactorRules, HalfClosedPeer_GetsItsAnswersThenTheEnd) {
  start();
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  link.handler.end = [](Connection& connection) {
    connection.send(std::string(3500, 'a'));
    connection.finish(CloseReason::kPeerClosed);
  };
  world.peer_write(link.peer, "question");
  world.peer_shutdown_write(link.peer);
  turn_until_quiet();
  EXPECT_EQ(link.handler.closes.size(), 0U) << "the answer is not out yet";
  EXPECT_FALSE(world.peer_at_end(link.peer));
  EXPECT_EQ(read_all(link.peer), std::string(3500, 'a'));
  EXPECT_TRUE(world.peer_at_end(link.peer));
  EXPECT_EQ(net->of(CallKind::kShutdown, link.fd).size(), 1U);
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kPeerClosed, 0}}));
}

TEST_F(ReactorRules, FinishedButThePeerNeverEnds_IsClosedAtTheDeadline) {
  start({.linger_timeout = seconds{5}});
  const Link link = connect();
  turn_until_quiet();
  link.connection().finish();
  turn_until_quiet();
  EXPECT_EQ(net->of(CallKind::kShutdown, link.fd).size(), 1U);
  pass(milliseconds{4999});
  EXPECT_EQ(link.handler.closes.size(), 0U);
  pass(milliseconds{1});
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kByHandler, 0}}));
}

// Rule 6: accepting.

TEST_F(ReactorRules, AcceptGoesOnPastAbortedAndInterruptedUntilEagain) {
  start();
  for (int i = 0; i < 5; ++i) {
    connect_peer();
  }
  net->accept_errors = {ECONNABORTED, EINTR, ECONNABORTED, EPROTO};
  turn();
  EXPECT_EQ(loop->connection_count(), 5U);
  EXPECT_EQ(loop->stats().accept_errors, 4U);
}

TEST_F(ReactorRules, OutOfDescriptors_ShedsAndRetriesWhileEverybodyElseWorks) {
  start();
  const Link link = connect();
  turn_until_quiet();
  world.descriptors_max = world.server_descriptors();
  const int refused = connect_peer();
  turn();
  EXPECT_EQ(loop->stats().shed, 1U);
  EXPECT_TRUE(world.peer_at_end(refused)) << "told at once instead of hanging in the backlog";
  world.peer_write(link.peer, "still served");
  turn();
  EXPECT_EQ(link.handler.received, "still served");
  EXPECT_EQ(loop->timers().size(), 1U) << "the retry";
}

// Rule 9: time is read once a turn; activity does no heap work.

TEST_F(ReactorRules, Time_IsReadOnceATurn) {
  start();
  const Link link = connect();
  link.handler.data = [this](Connection& connection, std::string_view bytes) {
    world.advance(seconds{1});
    connection.send(bytes);
    return bytes.size();
  };
  turn_until_quiet();
  world.peer_write(link.peer, "tick");
  net->forget();
  const reactor::TimePoint before = world.now();
  turn();
  EXPECT_EQ(net->now_calls, 1);
  EXPECT_EQ(loop->now(), before) << "the same all through the turn";
}

TEST_F(ReactorRules, Activity_MovesTheDeadlineWithoutTouchingTheTimer) {
  start({.idle_timeout = seconds{10}});
  const Link link = connect();
  const reactor::TimePoint due = *loop->timers().next_due();
  for (int i = 0; i < 9; ++i) {
    world.advance(seconds{1});
    world.peer_write(link.peer, "x");
    turn_until_quiet();
    EXPECT_EQ(loop->timers().next_due(), due);
    EXPECT_EQ(loop->timers().size(), 1U);
  }
  pass(seconds{1});
  EXPECT_EQ(link.handler.idles, 0) << "the timer fired early";
  EXPECT_EQ(loop->timers().next_due(), world.now() + seconds{9}) << "and armed itself again";
  pass(seconds{9});
  EXPECT_EQ(link.handler.idles, 1);
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kIdle, 0}}));
}

// Rule 10: a mailbox wakes the loop only when it was empty, and is drained in bounded steps.

class Counter final : public reactor::MailHandler<int> {
 public:
  std::vector<int> received;
  void on_mail(int& mail) override { received.push_back(mail); }
};

TEST_F(ReactorRules, FullMailbox_WakesOnceAndIsDrainedInStepsWhileTheLoopPolls) {
  start();
  Counter counter;
  {
    reactor::Mailbox<int> mailbox(*loop, counter);
    turn_until_quiet();
    constexpr int kBudget = static_cast<int>(reactor::Reactor::kMailBudget);
    for (int i = 0; i < 2 * kBudget + 1; ++i) {
      mailbox.post(i);
    }
    EXPECT_EQ(net->sim.wakes, 1U);
    turn();
    EXPECT_EQ(counter.received.size(), reactor::Reactor::kMailBudget);
    EXPECT_TRUE(polls_next());
    EXPECT_TRUE(polls_next());
    EXPECT_EQ(counter.received.size(), 2 * reactor::Reactor::kMailBudget + 1);
    EXPECT_TRUE(std::is_sorted(counter.received.begin(), counter.received.end()));
    EXPECT_FALSE(polls_next());
  }
}

// Rule 11: shutdown.

TEST_F(ReactorRules, ReactorDestroyed_EveryOpenConnectionIsToldOnce) {
  start();
  const Link idle = connect();
  const Link busy = connect();
  const Link paused = connect();
  const Link closed = connect();
  busy.connection().send(std::string(100'000, 'x'));
  paused.connection().pause_reading();
  ScriptedHandler& connecting = begin(address);
  closed.connection().close(CloseReason::kIdle);
  stop();
  for (const ScriptedHandler* handler :
       {&idle.handler, &busy.handler, &paused.handler, &connecting}) {
    EXPECT_EQ(handler->closes, (Closes{{CloseReason::kLoopStopped, 0}}));
  }
  EXPECT_EQ(closed.handler.closes, (Closes{{CloseReason::kIdle, 0}}));
  EXPECT_EQ(world.server_descriptors(), 0U);
}

TEST_F(ReactorRules, StoppingInOrder_FlushesFinishesAndClosesWithinTheDeadline) {
  start({.linger_timeout = seconds{2}});
  const Link polite = connect();
  const Link silent = connect();
  turn_until_quiet();
  loop->stop_listening(*listener);
  for (const Link& link : {polite, silent}) {
    link.connection().send("bye");
    link.connection().finish();
  }
  turn_until_quiet();
  EXPECT_EQ(connect_peer(), -1) << "nobody listens any more";
  EXPECT_EQ(world.peer_read(polite.peer), "bye");
  EXPECT_TRUE(world.peer_at_end(polite.peer));
  world.peer_close(polite.peer);
  turn_until_quiet();
  EXPECT_EQ(loop->connection_count(), 1U);
  pass(seconds{2});
  EXPECT_EQ(loop->connection_count(), 0U);
}

}  // namespace
}  // namespace reactor_test
