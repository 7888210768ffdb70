// What a whole server does with the store behind it, on the simulated OS.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "chat/storage/message_store.h"
#include "tests/sim/chat_sim.h"

namespace {

using sim::ChatSim;
using sim::Peer;

class ChatStore : public testing::Test {
 protected:
  chat::ServerOptions options = ChatSim::default_options();
};

class RecordCounter final : public sim::JournalWatcher {
 public:
  void on_start(chat::MessageStore& /*store*/, const chat::Recovered& /*recovered*/) override {}
  void on_record(const chat::Record& /*record*/) override { ++records; }

  int records = 0;
};

TEST_F(ChatStore, StoreThatKeepsNothing_HoldsUpWhoeverGivesItMore) {
  constexpr int kLines = 200;
  RecordCounter counter;
  sim::SimStorage storage;
  storage.queue_bytes_max = 4096;
  storage.watcher = &counter;
  for (const std::string& line : std::vector<std::string>{
           "SAY:dev:what is said ", "TOPIC:dev:what it is about ", "MODE:dev:+l 5"}) {
    ChatSim sim(1, options, storage);
    Peer* alice = sim.join_as("Alice", "tags,resume");
    alice->send_line("JOIN:dev");
    sim.settle();
    // Back on a connection by which nothing was kept yet.
    const auto session = std::ranges::find_if(
        alice->lines(), [](const std::string& told) { return told.starts_with("SESSION:"); });
    ASSERT_NE(session, alice->lines().end());
    const std::string resume = "RESUME:" + session->substr(8) + ":0";
    alice->close();
    sim.settle();
    alice = sim.connect();
    alice->send_line("HELLO:1:tags,resume");
    alice->send_line(resume);
    sim.settle();
    sim.hold_store(true);
    counter.records = 0;
    for (int i = 0; i < kLines; ++i) {
      alice->send_line(line + std::to_string(i));
      sim.settle();
    }
    EXPECT_GT(counter.records, 1) << line;
    EXPECT_LT(counter.records, kLines / 2) << line;
    sim.hold_store(false);
    sim.settle();
    EXPECT_GE(counter.records, kLines) << line;
  }
}

// The simulation makes no turn that a real loop would sleep instead of: what a turn leaves for the
// next one must come without somebody else's help.
TEST_F(ChatStore, Histories_AreAnsweredAtOnce) {
  for (const std::uint16_t threads : std::initializer_list<std::uint16_t>{1, 2}) {
    for (const bool on_disk : {false, true}) {
      options.threads = threads;
      ChatSim sim(1, options, on_disk ? std::optional(sim::SimStorage{}) : std::nullopt);
      Peer* alice = sim.join_as("Alice", "tags,resume");
      Peer* bob = sim.join_as("Bob", "tags,resume");
      alice->send_line("BROADCAST:hi");
      sim.settle();
      for (const std::size_t times : {1U, 2U}) {
        for (Peer* peer : {alice, bob}) {
          peer->send_line("HISTORY:lobby:before:0:10");
          sim.settle();
          EXPECT_EQ(peer->count("END:HISTORY:lobby"), times) << threads << " threads " << on_disk;
        }
      }
    }
  }
}

TEST_F(ChatStore, ReaderFarBehind_IsFedFromTheStoreWithoutAnybodysHelp) {
  options.limits.out_high_mark_bytes = 16 << 10;
  options.limits.out_low_mark_bytes = 512;  // a message at a time, so that pages end with a drain
  options.limits.tail_bytes = 8 << 10;
  for (const std::uint16_t threads : std::initializer_list<std::uint16_t>{1, 2}) {
    options.threads = threads;
    ChatSim sim(1, options, sim::SimStorage{});
    Peer* alice = sim.join_as("Alice");
    Peer* bob = sim.join_as("Bob");
    for (Peer* slow : {alice, bob}) {
      Peer* fast = slow == alice ? bob : alice;
      slow->reads = false;
      const std::size_t before = slow->count("@");
      for (int i = 0; i < 300; ++i) {
        fast->send_line("BROADCAST:" + std::string(1000, 'x'));
        sim.settle();
      }
      slow->reads = true;
      sim.settle();
      EXPECT_EQ(slow->count("@"), before + 300) << threads << " threads";
    }
  }
}

}  // namespace
