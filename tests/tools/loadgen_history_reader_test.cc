// Reading a history, whatever the server makes of it.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sim/sim_world.h"
#include "tools/loadgen/history_reader.h"
#include "tools/loadgen/load_client.h"

namespace loadgen {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

// Says its next line whenever it is asked for a history, and then nothing more.
class ScriptedServer final : private reactor::Acceptor, private reactor::Handler {
 public:
  ScriptedServer(std::unique_ptr<reactor::Net> net, Lines answers)
      : loop_(std::move(net)), answers_(std::move(answers)) {}
  ~ScriptedServer() { loop_.close_all(); }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  reactor::Address listen() {
    return loop_.listen(reactor::Address::ipv4(INADDR_LOOPBACK, 0), *this)
        .listener->local_address();
  }
  void turn() { loop_.turn(reactor::Duration::zero()); }

  Lines asked;
  bool hangs_up = false;  // when it has nothing more to say

 private:
  void on_accept(int fd, const reactor::Address& /*peer*/) override { loop_.adopt(fd, *this); }
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      return 0;
    }
    const std::string line(bytes.substr(0, end));
    asked.push_back(line);
    if (line.starts_with("HISTORY:") && next_ < answers_.size()) {
      connection.send(answers_[next_++]);
    } else if (line.starts_with("HISTORY:") && hangs_up) {
      connection.finish();
    }
    return end + 1 + (connection.is_open() ? on_rest(connection, bytes.substr(end + 1)) : 0);
  }
  std::size_t on_rest(reactor::Connection& connection, std::string_view bytes) {
    return bytes.empty() ? 0 : on_data(connection, bytes);
  }
  void on_close(reactor::Connection& /*connection*/, reactor::CloseReason /*reason*/,
                int /*error*/) override {}

  reactor::Reactor loop_;
  Lines answers_;
  std::size_t next_ = 0;
};

// A reader and what it has read.
class Reading final : private HistoryReader::Sink {
 public:
  explicit Reading(Lines answers, bool hangs_up = false, bool has_trouble = false)
      : loop(world.make_net(), load_client_limits()),
        reader(loop, target, *this),
        server(world.make_net(), std::move(answers)) {
    server.hangs_up = hangs_up;
    if (has_trouble) {
      world.faults.partial_read = 500;
      world.faults.partial_write = 500;
    }
  }
  ~Reading() { loop.close_all(); }

  void read_behind(std::uint64_t after, std::size_t items_max = 100) {
    reader.read_behind(after, server.listen(), "Anna", items_max);
    run();
  }
  void read_last() {
    reader.read_last(server.listen(), "Anna");
    run();
  }
  void run() {
    for (int i = 0; i < 30'000 && !is_over; ++i) {
      server.turn();
      loop.turn(reactor::Duration::zero());
      world.advance(milliseconds{1});
    }
    EXPECT_TRUE(is_over) << "it never ends";
  }

  sim::World world{1};
  reactor::Reactor loop;
  const Target target;
  HistoryReader reader;
  ScriptedServer server;
  Lines events;
  bool is_over = false;
  std::string error;

 private:
  void on_kept(std::uint64_t id, std::string_view text) override {
    events.push_back(fmt::format("{} {}", id, text));
  }
  void on_gap(std::uint64_t first, std::uint64_t last) override {
    events.push_back(fmt::format("gap {} {}", first, last));
  }
  void on_history_read(const std::string& why) override {
    EXPECT_FALSE(is_over) << "twice";
    is_over = true;
    error = why;
  }
};

const std::string kEnd = "END:HISTORY:lobby\n";

std::string message(std::uint64_t id, const char* text = "a: b") {
  return fmt::format("@id={};ts=1;room=lobby MESSAGE:Bob:{}\n", id, text);
}

TEST(HistoryReader, ReadsPageAfterPage_UntilOneIsEmpty) {
  for (const bool has_trouble : {false, true}) {
    Reading reading({message(5) + message(7) + kEnd, "GAP:8:10\n" + message(11) + kEnd, kEnd},
                    false, has_trouble);
    reading.read_behind(4);
    EXPECT_EQ(reading.error, "");
    EXPECT_EQ(reading.events, (Lines{"5 a: b", "7 a: b", "gap 8 10", "11 a: b"}));
    EXPECT_EQ(reading.server.asked,
              (Lines{"HELLO:1:tags", "REGISTER:Anna", "HISTORY:lobby:after:4:1000",
                     "HISTORY:lobby:after:7:1000", "HISTORY:lobby:after:11:1000", "QUIT"}));
  }
}

TEST(HistoryReader, GapAtTheEnd_IsReadAndLeftBehind) {
  Reading reading({message(5) + "GAP:6:9\n" + kEnd, kEnd});
  reading.read_behind(0);
  EXPECT_EQ(reading.events, (Lines{"5 a: b", "gap 6 9"}));
  EXPECT_EQ(reading.server.asked[3], "HISTORY:lobby:after:9:1000");
}

TEST(HistoryReader, Last_IsOneMessageOrNone) {
  Reading reading({message(17) + kEnd});
  reading.read_last();
  EXPECT_EQ(reading.events, (Lines{"17 a: b"}));
  EXPECT_EQ(reading.server.asked[2], "HISTORY:lobby:before:0:1");
  Reading empty({kEnd});
  empty.read_last();
  EXPECT_TRUE(empty.events.empty());
  EXPECT_EQ(empty.error, "");
}

TEST(HistoryReader, CanReadAgain) {
  Reading reading({message(5) + kEnd, kEnd, message(6) + kEnd, kEnd});
  reading.read_behind(0);
  reading.is_over = false;
  reading.read_behind(5);
  EXPECT_EQ(reading.events, (Lines{"5 a: b", "6 a: b"}));
}

TEST(HistoryReader, WhatElseAServerSays_IsIgnored) {
  Reading reading({"STATUS:JOINED:lobby:Bob\nNEWS\n\n" + message(5) + "PONG:x\n" + kEnd, kEnd});
  reading.read_behind(0);
  EXPECT_EQ(reading.events, (Lines{"5 a: b"}));
}

TEST(HistoryReader, Nonsense_EndsWithItsReason) {
  struct Case {
    std::string said;
    const char* error;
  };
  const std::vector<Case> cases{
      {message(5) + message(5), "the history goes back: 5 behind 5"},
      {message(5) + message(4), "the history goes back: 4 behind 5"},
      {message(2), "the history goes back: 2 behind 2"},
      {"MESSAGE:Bob:hi\n", "the history has a message without a number"},
      {"@id=x MESSAGE:Bob:hi\n", "the history has a message without a number"},
      {"GAP:4:3\n", "the history has a gap that is none: GAP:4:3"},
      {"GAP:2:3\n", "the history has a gap that is none: GAP:2:3"},
      {"GAP:3\n", "the history has a gap that is none: GAP:3"},
      {"GAP:3:4:5\n", "the history has a gap that is none: GAP:3:4:5"},
      {"GAP:\x1b:4\n", "the history has a gap that is none: GAP:?:4"},
      {"ERROR:403:lobby:no\x1b[2J\n", "the server says: ERROR:403:lobby:no?[2J"},
      {"BYE:shutting down\n", "the server says: BYE:shutting down"},
      {std::string(60'000, 'x'), "the server says more at once than any message is long"},
  };
  for (const Case& tested : cases) {
    Reading reading({tested.said + (tested.said.size() < 1000 ? kEnd : "")});
    reading.read_behind(2);
    EXPECT_EQ(reading.error.substr(0, reading.error.find(": xxx")), tested.error);
  }
}

TEST(HistoryReader, MoreThanThereCanBe_IsNotReadForEver) {
  Lines pages;
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    pages.push_back(message(id) + kEnd);
  }
  Reading reading(pages);
  reading.read_behind(0, 50);
  EXPECT_EQ(reading.error, "the history has more messages than were ever sent");
  EXPECT_EQ(reading.events.size(), 50U);
  Lines gaps;
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    gaps.push_back(fmt::format("GAP:{0}:{0}\n", id) + kEnd);
  }
  Reading of_gaps(gaps);
  of_gaps.read_behind(0, 50);
  EXPECT_EQ(of_gaps.error, "the history has more messages than were ever sent");
}

TEST(HistoryReader, ServerThatSaysNothing_IsNotWaitedForForEver) {
  Reading reading({message(5)});
  const reactor::TimePoint began = reading.world.now();
  reading.read_behind(0);
  EXPECT_EQ(reading.error, "the history was asked for, and nothing came for 10 s");
  EXPECT_LT(reading.world.now() - began, seconds{13});
}

TEST(HistoryReader, ServerThatGoesAway_IsSaid) {
  Reading reading({message(5) + kEnd}, /*hangs_up=*/true);
  reading.read_behind(0);
  EXPECT_EQ(reading.error,
            "the connection for the history was lost: the server closed the connection");
  Reading nobody({});
  reactor::Address closed = reactor::Address::ipv4(INADDR_LOOPBACK, 9);
  nobody.reader.read_last(closed, "Anna");
  nobody.run();
  EXPECT_EQ(nobody.error, "the connection for the history was lost: Connection refused");
}

}  // namespace
}  // namespace loadgen
