// Connection::send_borrowed, and TurnArena, the memory that is made for it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/turn_arena.h"
#include "tests/reactor/reactor_fixture.h"

namespace reactor_test {
namespace {

// What is lent for a turn is overwritten as soon as the loop says that it is done with it.
class BorrowedTest : public ReactorFixture, public reactor::TurnHandler {
 protected:
  void start_lending(const ConnectionLimits& limits = {}) {
    start(limits);
    loop->set_turn_handler(*this);
  }

  std::string_view lend(std::string_view bytes) {
    EXPECT_LE(used + bytes.size(), memory.size());
    const std::size_t at = used;
    bytes.copy(memory.data() + at, bytes.size());
    used += bytes.size();
    return std::string_view(memory).substr(at, bytes.size());
  }

  void on_turn_end() override {}
  void on_flushed() override {
    std::fill(memory.begin(), memory.end(), '#');
    used = 0;
    ++flushes;
  }

  std::string memory = std::string(std::size_t{1} << 20, '#');
  std::size_t used = 0;
  int flushes = 0;
};

TEST_F(BorrowedTest, WhatLiesOneBehindTheOther_LeavesInOneWriteAndNoBuffer) {
  start_lending();
  const Link link = connect();
  turn_until_quiet();
  net->forget();
  for (int i = 0; i < 100; ++i) {
    link.connection().send_borrowed(lend("message\n"));
  }
  EXPECT_EQ(link.connection().bytes_queued(), 800U);
  EXPECT_EQ(loop->pool().bytes_lent(), 0U);
  turn();
  EXPECT_EQ(net->of(CallKind::kWrite, link.fd).size(), 1U);
  EXPECT_EQ(world.peer_read(link.peer).size(), 800U);
  EXPECT_EQ(link.connection().bytes_queued(), 0U);
}

TEST_F(BorrowedTest, GapsAndOwnBytesBetween_KeepTheOrder) {
  start_lending();
  const Link link = connect();
  turn_until_quiet();
  std::string expected;
  for (int i = 0; i < 7; ++i) {
    lend("not for this one");
    link.connection().send_borrowed(lend("lent" + std::to_string(i)));
    expected += "lent" + std::to_string(i);
    if (i % 3 == 2) {
      link.connection().send("own");
      expected += "own";
    }
  }
  turn();
  EXPECT_EQ(read_all(link.peer), expected);
}

TEST_F(BorrowedTest, WhatTheKernelDoesNotTake_IsKept) {
  start_lending();
  world.socket_buffer_bytes = 1000;
  const Link link = connect();
  turn_until_quiet();
  const std::string long_text(5000, 'a');
  link.connection().send_borrowed(lend(long_text));
  lend("gap");
  link.connection().send_borrowed(lend("end"));
  turn();
  EXPECT_EQ(link.connection().bytes_queued(), 4003U);
  EXPECT_EQ(read_all(link.peer), long_text + "end");
}

TEST_F(BorrowedTest, SentInOnDrained_IsKeptForTheNextFlush) {
  start_lending({.out_bytes_max = 10'000, .out_high_mark_bytes = 1000, .out_low_mark_bytes = 500});
  const Link link = connect();
  turn_until_quiet();
  link.handler.drained = [this](Connection& connection) {
    connection.send_borrowed(lend("drained"));
  };
  link.connection().send(std::string(2000, 'x'));
  EXPECT_EQ(read_all(link.peer), std::string(2000, 'x') + "drained");
}

TEST_F(BorrowedTest, SentInOnClose_IsLentUntilTheNextFlush) {
  start_lending();
  const Link gone = connect();
  const Link told = connect();
  turn_until_quiet();
  gone.handler.closed = [&](Connection&) {
    told.connection().send_borrowed(lend("somebody left"));
  };
  world.peer_close(gone.peer);
  EXPECT_EQ(read_all(told.peer), "somebody left");
}

TEST_F(BorrowedTest, PassingTheMaximum_ClosesAsOwnBytesDo) {
  start_lending({.out_bytes_max = 1000, .out_high_mark_bytes = 500, .out_low_mark_bytes = 100});
  const Link link = connect();
  turn_until_quiet();
  link.connection().send_borrowed(lend(std::string(900, 'x')));
  EXPECT_TRUE(link.connection().above_high_mark());
  link.connection().send_borrowed(lend(std::string(101, 'x')));
  turn();
  EXPECT_EQ(link.handler.closes, (Closes{{CloseReason::kOutputOverflow, 0}}));
}

TEST_F(BorrowedTest, FinishedWithBorrowedBytes_SendsThemFirst) {
  start_lending();
  world.socket_buffer_bytes = 100;
  const Link link = connect();
  turn_until_quiet();
  link.connection().send_borrowed(lend(std::string(300, 'x')));
  link.connection().finish();
  EXPECT_EQ(read_all(link.peer), std::string(300, 'x'));
  EXPECT_TRUE(world.peer_at_end(link.peer));
  world.peer_close(link.peer);
  turn_until_quiet();
}

// Peers of every speed, whole turns of both kinds of sends, writes of any length: each gets
// exactly what was sent to it.
TEST_F(BorrowedTest, AnyMixtureUnderFaults_ArrivesAsItWasSent) {
  start_lending();
  world.socket_buffer_bytes = 700;
  world.faults.partial_write = 300;
  world.faults.eintr = 100;
  constexpr std::size_t kPeers = 6;
  std::vector<Link> links;
  for (std::size_t i = 0; i < kPeers; ++i) {
    links.push_back(connect());
  }
  std::vector<std::string> expected(kPeers);
  std::vector<std::string> received(kPeers);
  for (int round = 0; round < 2000; ++round) {
    for (std::size_t messages = world.below(6); messages > 0; --messages) {
      const std::string text(1 + world.below(90), static_cast<char>('a' + world.below(26)));
      const std::string_view lent = lend(text);
      for (std::size_t i = 0; i < kPeers; ++i) {
        if (world.chance(150) || links[i].connection().bytes_queued() > 100'000) {
          continue;
        }
        world.chance(100) ? links[i].connection().send(text)
                          : links[i].connection().send_borrowed(lent);
        expected[i] += text;
      }
    }
    turn();
    for (std::size_t i = 0; i < kPeers; ++i) {
      received[i] += world.peer_read(links[i].peer, world.below(100 * (i + 1)));
    }
  }
  for (std::size_t i = 0; i < kPeers; ++i) {
    received[i] += read_all(links[i].peer);
    EXPECT_EQ(received[i], expected[i]) << i;
    EXPECT_GT(expected[i].size(), 10'000U);
  }
  EXPECT_GT(flushes, 2000);
}

TEST(TurnArena, WhatIsAdded_StaysAndLiesOneBehindTheOther) {
  reactor::BufferPool pool;
  reactor::TurnArena arena(pool);
  const std::string_view first = arena.add("first");
  const std::string_view second = arena.add("second");
  EXPECT_EQ(first.data() + first.size(), second.data());
  std::vector<std::string_view> more;
  for (int i = 0; i < 1000; ++i) {
    more.push_back(arena.add(std::string(1000, static_cast<char>('a' + i % 26))));
  }
  EXPECT_EQ(arena.add(std::string(std::size_t{1} << 20, 'z')).size(), std::size_t{1} << 20);
  EXPECT_EQ(first, "first");
  EXPECT_EQ(second, "second");
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(more[static_cast<std::size_t>(i)],
              std::string(1000, static_cast<char>('a' + i % 26)));
  }
  arena.clear();
  EXPECT_EQ(pool.bytes_lent(), 0U);
}

}  // namespace
}  // namespace reactor_test
