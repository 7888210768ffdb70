// Slow readers, reconnects and acknowledgements: the load generator's workers against a small chat
// server with a log, sound or broken, on the simulated OS.

#include "tests/tools/loadgen_log_sim.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace loadgen {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeeds = 10;

void expect_intact(const Result& result) {
  EXPECT_EQ(result.disagreement, "");
  EXPECT_EQ(result.connections_lost, 0U);
  EXPECT_EQ(result.integrity.expected, result.integrity.delivered);
  EXPECT_TRUE(result.integrity.intact());
}

// ---- slow readers

Plan slow_plan(double bytes_per_second = 0) {
  Plan plan = plan_of(Workload::kSlowReaders, 20, 2);
  plan.slow_readers = {0.2, bytes_per_second, milliseconds{500}};
  plan.sizes = {{200, 200, 1}};
  return plan;
}

TEST(SlowReaders, FallBehindAndCatchUp_AgainAndAgain_AndMissNothing) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Plan plan = slow_plan();
    plan.threads = 1 + seed % 2;
    LogSim sim(seed, plan);
    sim.make_trouble();
    sim.connect();
    // Ends in the middle of a spell: at 3 s one ends, too, and they may just have caught up.
    sim.run_stage(400, milliseconds{3250});
    sim.drain();
    EXPECT_LT(sim.pool().sums().delivered_slow, sim.pool().sums().due_slow) << "they are behind";
    sim.catch_up();
    const Result result = sim.quit();
    expect_intact(result);
    EXPECT_EQ(result.integrity.expected, 1300U * 19);
    EXPECT_EQ(sim.pool().sums().due, 1300U * 15) << "the others";
    EXPECT_EQ(sim.pool().sums().due_slow, 1300U * 4);
    EXPECT_EQ(sim.latency().corrected.count(), 1300U * 15) << "latency is the others'";
    EXPECT_EQ(sim.reported().delivered, 1300U * 19);
    EXPECT_EQ(result.slow_readers.readers, 4U);
    EXPECT_EQ(result.slow_readers.never, 0U);
    EXPECT_GE(result.slow_readers.behind_max, 190U) << "half a second's worth";
    EXPECT_GE(result.slow_readers.catching_up.count(), 4U * 3);
    EXPECT_GT(result.slow_readers.messages_per_second(), 400) << "or they would never";
    EXPECT_GT(result.slow_readers.bytes, result.slow_readers.messages * 200);
    if (HasFailure()) {
      return;
    }
  }
}

TEST(SlowReaders, ReadAsMuchAsTheyMay) {
  // 400 messages/s of some 270 bytes are 108 kB/s; at 27 kB/s they fall behind by three quarters.
  LogSim sim(1, slow_plan(27'000));
  sim.connect();
  sim.run_stage(400, milliseconds{480});
  sim.drain();
  const double share = static_cast<double>(sim.pool().sums().delivered_slow) /
                       static_cast<double>(sim.pool().sums().due_slow);
  EXPECT_GT(share, 0.15);
  EXPECT_LT(share, 0.45);
  sim.catch_up();
  expect_intact(sim.quit());
}

TEST(SlowReaders, WhoIsFastEnoughAtItsRate_NeverCatchesUpAsItNeverFallsBehind) {
  LogSim sim(2, slow_plan(1e9));
  sim.connect();
  sim.run_stage(400, seconds{2});
  sim.drain();
  sim.tell_all(WorkerOrder::Kind::kCatchUp);
  sim.run_for(milliseconds{100});
  const Result result = sim.quit();
  expect_intact(result);
  EXPECT_EQ(result.slow_readers.never, 0U);
  EXPECT_LT(result.slow_readers.behind_max, 20U);
}

TEST(SlowReaders, OfAServerThatDropsWhatTheyAreTooSlowFor_LoseAllOfThat) {
  FakeFaults faults;
  faults.drops_when_full = true;
  LogSim sim(3, slow_plan(), faults);
  sim.world.socket_buffer_bytes = 4 << 10;
  sim.connect();
  sim.run_stage(400, seconds{1});
  sim.drain();
  sim.tell_all(WorkerOrder::Kind::kCatchUp);
  sim.run_for(seconds{1});
  const Result result = sim.quit();
  EXPECT_GT(sim.chat().faults_made(), 100U);
  EXPECT_EQ(result.integrity.lost, sim.chat().faults_made());
  EXPECT_EQ(result.integrity.delivered + result.integrity.lost, result.integrity.expected);
}

TEST(SlowReaders, WhoWasCutOff_HasNeverCaughtUp) {
  // The server's reactor closes who takes nothing for half a minute.
  Plan plan = slow_plan();
  plan.slow_readers.spell = seconds{60};
  LogSim sim(4, plan);
  sim.world.socket_buffer_bytes = 4 << 10;
  sim.connect();
  sim.run_stage(100, seconds{50});
  sim.drain();
  sim.tell_all(WorkerOrder::Kind::kCatchUp);
  sim.run_for(seconds{1});
  const Result result = sim.quit();
  EXPECT_EQ(result.connections_lost, 4U);
  EXPECT_EQ(result.slow_readers.never, 4U);
  EXPECT_GT(result.integrity.lost, 0U);
}

// ---- reconnects

Plan reconnect_plan() {
  Plan plan = plan_of(Workload::kReconnect, 20, 2);
  plan.reconnects = {0.3, 20};
  return plan;
}

TEST(Reconnects, HaveEverythingOnceAndInOrder_OverAllConnections) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Plan plan = reconnect_plan();
    plan.seed = seed;
    plan.threads = 1 + seed % 2;
    LogSim sim(seed, plan);
    sim.make_trouble();
    sim.connect();
    sim.run_stage(300, seconds{3});
    sim.drain();
    sim.run_stage(300, seconds{1});
    sim.drain();
    EXPECT_EQ(sim.pool().sums().open, 20U) << "all are back";
    const Result result = sim.quit();
    expect_intact(result);
    EXPECT_EQ(result.integrity.expected, 1200U * 19);
    EXPECT_EQ(sim.latency().corrected.count(), 1200U * 13) << "of those who stay";
    EXPECT_EQ(result.reconnects.clients, 6U);
    EXPECT_GT(result.reconnects.dropped, 30U);
    EXPECT_LE(result.reconnects.dropped, 82U);
    EXPECT_EQ(result.reconnects.resuming.count(), result.reconnects.dropped);
    EXPECT_EQ(result.reconnects.catching_up.count(), result.reconnects.dropped);
    EXPECT_GE(result.reconnects.catching_up.percentile_ns(50),
              result.reconnects.resuming.percentile_ns(50));
    EXPECT_EQ(result.reconnects.gaps, 0U);
    EXPECT_EQ(result.registration.latency.count(), 20U) << "resuming is no registration";
    if (HasFailure()) {
      return;
    }
  }
}

TEST(Reconnects, OfAServerThatSaysTheLastMessageAgain_AreDoubled) {
  FakeFaults faults;
  faults.resumes_one_early = true;
  LogSim sim(1, reconnect_plan(), faults);
  sim.connect();
  sim.run_stage(300, seconds{2});
  sim.drain();
  const Result result = sim.quit();
  EXPECT_GT(sim.chat().faults_made(), 20U);
  EXPECT_EQ(result.integrity.doubled, sim.chat().faults_made());
  EXPECT_EQ(result.integrity.lost, 0U);
}

TEST(Reconnects, OfAServerThatLeavesOutTheFirst_AreLost) {
  FakeFaults faults;
  faults.resumes_one_late = true;
  LogSim sim(2, reconnect_plan(), faults);
  sim.connect();
  sim.run_stage(300, seconds{2});
  sim.run_for(seconds{1});
  const Result result = sim.quit();
  EXPECT_GT(sim.chat().faults_made(), 20U);
  EXPECT_EQ(result.integrity.lost, sim.chat().faults_made());
  EXPECT_EQ(result.integrity.doubled, 0U);
}

TEST(Reconnects, WhatIsAnnouncedAsGone_IsLostAndTold) {
  FakeFaults faults;
  faults.gap_for_the_first = true;
  LogSim sim(3, reconnect_plan(), faults);
  sim.connect();
  sim.run_stage(300, seconds{2});
  sim.run_for(seconds{1});
  const Result result = sim.quit();
  EXPECT_GT(result.reconnects.gaps, 20U);
  EXPECT_EQ(result.reconnects.gaps, sim.chat().faults_made());
  EXPECT_EQ(result.reconnects.gap_messages, sim.chat().faults_made());
  EXPECT_NE(result.reconnects.first_gap, "");
  EXPECT_EQ(result.integrity.lost, sim.chat().faults_made());
}

TEST(Reconnects, ToSessionsThatAreOver_AreLostConnections) {
  FakeFaults faults;
  faults.forgets_sessions = true;
  LogSim sim(4, reconnect_plan(), faults);
  sim.connect();
  sim.run_stage(300, seconds{2});
  sim.run_for(seconds{1});
  const Result result = sim.quit();
  EXPECT_EQ(result.connections_lost, 6U) << "each once, and then they stay away";
  EXPECT_NE(sim.pool().first_error().find("ERROR:404"), std::string::npos)
      << sim.pool().first_error();
  EXPECT_GT(result.integrity.lost, 0U);
}

TEST(Reconnects, ThatAreNeverAnswered_AreDroppedNoMore) {
  FakeFaults faults;
  faults.never_answers_resume = true;
  LogSim sim(4, reconnect_plan(), faults);
  sim.connect();
  sim.run_stage(300, seconds{2});
  sim.run_for(seconds{1});
  const Result result = sim.quit();
  EXPECT_EQ(sim.chat().faults_made(), 6U);
  EXPECT_EQ(result.reconnects.dropped, 6U);
  EXPECT_TRUE(result.reconnects.resuming.empty());
  EXPECT_GT(result.integrity.lost, 0U);
}

TEST(Reconnects, WithAServerThatGrantsNoSessions_NobodyGetsIn) {
  FakeFaults faults;
  faults.grants_nothing = true;
  LogSim sim(5, reconnect_plan(), faults);
  sim.tell_all(WorkerOrder::Kind::kConnect);
  sim.run_until([&] { return sim.pool().sums().lost == 6; }, "all who want sessions are refused");
  EXPECT_NE(sim.pool().first_error().find("without sessions"), std::string::npos)
      << sim.pool().first_error();
}

TEST(Reconnects, QuitInTheMiddle_Ends) {
  LogSim sim(6, reconnect_plan());
  sim.connect();
  sim.run_stage(300, seconds{1});
  EXPECT_EQ(sim.quit().connections_lost, 0U);
  EXPECT_TRUE(sim.world.mistakes().empty());
}

// ---- acknowledgements

TEST(Acks, EveryMessageHasOne_AndItsLatency) {
  for (const bool has_trouble : {false, true}) {
    Plan plan = plan_of(Workload::kFanout, 10, 3);
    plan.acks = true;
    LogSim sim(1, plan);
    if (has_trouble) {
      sim.make_trouble();
    }
    sim.connect();
    sim.run_stage(500, seconds{1});
    EXPECT_EQ(sim.pool().sums().due, 500U * 10) << "nine deliveries and an acknowledgement each";
    sim.drain();
    const Result result = sim.quit();
    expect_intact(result);
    EXPECT_EQ(result.acks.asked, 500U);
    EXPECT_EQ(result.acks.missing, 0U);
    EXPECT_EQ(result.acks.unexpected, 0U);
    EXPECT_EQ(sim.reported().acks.corrected.count(), 500U);
    EXPECT_EQ(sim.reported().acks.uncorrected.count(), 500U);
    EXPECT_GE(sim.reported().acks.corrected.min_ns(), sim.reported().acks.uncorrected.min_ns());
    EXPECT_GT(sim.reported().acks.corrected.percentile_ns(50),
              sim.latency().corrected.percentile_ns(50))
        << "it keeps what it says only now and then";
  }
}

TEST(Acks, ThatNeverCome_AreMissing) {
  Plan plan = plan_of(Workload::kFanout, 5, 1);
  plan.acks = true;
  FakeFaults faults;
  faults.never_acknowledges = true;
  LogSim sim(2, plan, faults);
  sim.connect();
  sim.run_stage(100, seconds{1});
  sim.run_for(seconds{1});
  const Result result = sim.quit();
  EXPECT_EQ(result.acks.asked, 100U);
  EXPECT_EQ(result.acks.missing, 100U);
  EXPECT_TRUE(result.integrity.intact());
}

TEST(Acks, OfAServerThatRefuses_AreALostConnection) {
  Plan plan = plan_of(Workload::kFanout, 5, 1);
  plan.acks = true;
  FakeFaults faults;
  faults.refuses_first = true;
  LogSim sim(3, plan, faults);
  sim.connect();
  sim.run_stage(100, milliseconds{100});
  const Result result = sim.quit();
  EXPECT_EQ(result.connections_lost, 1U);
  EXPECT_NE(sim.pool().first_error().find("ERROR:500"), std::string::npos)
      << sim.pool().first_error();
}

}  // namespace
}  // namespace loadgen
