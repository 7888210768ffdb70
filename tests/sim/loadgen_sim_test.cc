// The load generator's workers against a whole chat server, on the simulated OS: one thread, its
// own clock, everything decided by one seed.

#include "tests/sim/loadgen_sim.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loadgen {
namespace {

using sim::LoadSim;
using sim::Relay;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeeds = 20;

void expect_intact(const Result& result) {
  EXPECT_EQ(result.disagreement, "");
  EXPECT_EQ(result.connections_lost, 0U);
  EXPECT_EQ(result.integrity.expected, result.integrity.delivered);
  EXPECT_EQ(result.integrity.lost, 0U);
  EXPECT_EQ(result.integrity.doubled, 0U);
  EXPECT_EQ(result.integrity.reordered, 0U);
  EXPECT_EQ(result.integrity.corrupted, 0U);
}

TEST(LoadgenSim, FanOut_SendsWhatIsAskedAndFindsItIntact) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    LoadSim sim(seed, plan_of(Workload::kFanout, 20, 3));
    sim.make_trouble();
    sim.connect();
    sim.run_stage(500, seconds{1});
    sim.run_stage(1000, milliseconds{500});
    const Result result = sim.quit();
    expect_intact(result);
    EXPECT_EQ(result.integrity.delivered, 1000U * 19);
    EXPECT_EQ(sim.reported().sent, 1000U);
    EXPECT_EQ(sim.reported().delivered, 1000U * 19);
    EXPECT_EQ(sim.reported().lateness.count(), 1000U);
    EXPECT_EQ(sim.latency().corrected.count(), 1000U * 19);
    EXPECT_EQ(result.registration.latency.count(), 20U);
    EXPECT_GT(result.fairness.median_mean_ns, 0);
    EXPECT_LE(result.fairness.fastest_mean_ns, result.fairness.slowest_mean_ns);
    if (HasFailure()) {
      return;
    }
  }
}

TEST(LoadgenSim, EveryWorkload_IsIntact_HoweverManyThreads) {
  std::vector<Plan> plans{
      plan_of(Workload::kFanout, 24, 12), plan_of(Workload::kDirect, 20, 20),
      plan_of(Workload::kRooms, 24, 12),  plan_of(Workload::kStorm, 50, 1),
      plan_of(Workload::kFanout, 24, 12), plan_of(Workload::kDirect, 20, 7),
      plan_of(Workload::kRooms, 24, 12),
  };
  plans[2].rooms = 4;
  for (std::size_t i = 4; i < plans.size(); ++i) {
    plans[i].threads = 2;
  }
  plans[6].rooms = 3;
  for (const Plan& plan : plans) {
    for (std::uint64_t seed = 1; seed <= kSeeds / 4; ++seed) {
      SCOPED_TRACE(
          fmt::format("{}, {} threads, seed {}", to_string(plan.workload), plan.threads, seed));
      LoadSim sim(seed, plan, seed % 2 == 0 ? 2 : 1);
      sim.make_trouble();
      sim.connect();
      sim.run_stage(400, seconds{1});
      const Result result = sim.quit();
      expect_intact(result);
      EXPECT_EQ(sim.reported().sent, 400U);
      EXPECT_EQ(result.rooms.size(), sim.pool().layout().rooms());
      if (HasFailure()) {
        return;
      }
    }
  }
}

TEST(LoadgenSim, ClosedLoop_KeepsItsWindowFullAndNeverMore) {
  std::vector<Plan> plans{plan_of(Workload::kFanout, 16, 3), plan_of(Workload::kFanout, 16, 3),
                          plan_of(Workload::kDirect, 16, 8)};
  plans[1].threads = 2;
  for (Plan& plan : plans) {
    plan.closed_loop = true;
    plan.window = 8;
    for (std::uint64_t seed = 1; seed <= kSeeds / 4; ++seed) {
      SCOPED_TRACE(
          fmt::format("{}, {} threads, seed {}", to_string(plan.workload), plan.threads, seed));
      LoadSim sim(seed, plan);
      sim.make_trouble();
      sim.connect();
      sim.begin_stage(0, seconds{1});
      std::uint64_t most = 0;
      sim.run_until(
          [&] {
            most = std::max(most, sim.in_flight());
            return !sim.pool().sums().is_sending;
          },
          "everything is sent");
      EXPECT_EQ(most, plan.window);
      sim.drain();
      EXPECT_EQ(sim.in_flight(), 0U);
      expect_intact(sim.quit());
      EXPECT_GT(sim.reported().sent, plan.window * 10);
      EXPECT_TRUE(sim.reported().lateness.empty()) << "nothing is due in a closed loop";
      if (HasFailure()) {
        return;
      }
    }
  }
}

TEST(LoadgenSim, ClosedLoop_BeginsWithItsStage) {
  Plan plan = plan_of(Workload::kFanout, 4, 1);
  plan.closed_loop = true;
  plan.window = 2;
  LoadSim sim(1, plan);
  sim.connect();
  sim.begin_stage(0, seconds{1});
  sim.run_for(LoadSim::kStageLead / 2);
  EXPECT_EQ(sim.pool().sums().sent, 0U);
  sim.run_for(LoadSim::kStageLead);
  EXPECT_GE(sim.pool().sums().sent, 2U);
}

TEST(LoadgenSim, Churn_ReplacesClients_AndWhoStaysMissesNothing) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Plan plan = plan_of(Workload::kChurn, 32, 3);
    plan.churns_per_second = 50;
    plan.threads = 1 + seed % 2;
    LoadSim sim(seed, plan);
    sim.make_trouble();
    sim.connect();
    sim.begin_stage(500, seconds{2});
    sim.await_sent();
    sim.run_for(milliseconds{500});
    EXPECT_EQ(sim.pool().sums().open, plan.clients);
    EXPECT_EQ(sim.pool().sums().due, 1000U * 15) << "to those who stay";
    EXPECT_EQ(sim.pool().sums().delivered, 1000U * 15) << "what guests get is not waited for";
    const Result result = sim.quit();
    expect_intact(result);
    // Slow networks leave some no time to be back when their turn comes again.
    EXPECT_GT(result.churned, 50U);
    EXPECT_LE(result.churned, 126U);
    EXPECT_GE(result.integrity.delivered, 1000U * 15);
    if (HasFailure()) {
      return;
    }
  }
}

TEST(LoadgenSim, SlowReadersOfOurServer_MissNothing) {
  for (std::uint64_t seed = 1; seed <= kSeeds / 2; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Plan plan = plan_of(Workload::kSlowReaders, 20, 2);
    plan.slow_readers = {0.2, 0, milliseconds{500}};
    plan.sizes = {{100, 400, 1}};
    plan.threads = 1 + seed % 2;
    // They are far above the mark in every spell, and behind what the server has in memory.
    chat::Limits limits;
    limits.out_high_mark_bytes = 16 << 10;
    limits.out_low_mark_bytes = 4 << 10;
    limits.tail_bytes = 32 << 10;
    LoadSim sim(seed, plan, seed % 3 == 0 ? 2 : 1, limits);
    sim.make_trouble();
    sim.connect();
    sim.run_stage(400, seconds{2});
    sim.catch_up();
    const Result result = sim.quit();
    expect_intact(result);
    EXPECT_EQ(result.integrity.delivered, 800U * 19);
    EXPECT_EQ(result.slow_readers.never, 0U);
    EXPECT_GT(result.slow_readers.behind_max, 150U);
    if (HasFailure()) {
      return;
    }
  }
}

TEST(LoadgenSim, ReconnectsToOurServer_MissNothing) {
  for (std::uint64_t seed = 1; seed <= kSeeds / 2; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Plan plan = plan_of(Workload::kReconnect, 20, 2);
    plan.reconnects = {0.3, 20};
    plan.rooms = 1 + seed % 2;
    plan.threads = 1 + seed % 2;
    plan.seed = seed;
    LoadSim sim(seed, plan, seed % 3 == 0 ? 2 : 1);
    sim.make_trouble();
    sim.connect();
    sim.begin_stage(300, seconds{2});
    sim.await_sent();
    sim.tell_all(WorkerOrder::Kind::kStop);
    sim.drain();
    const Result result = sim.quit();
    expect_intact(result);
    EXPECT_GT(result.reconnects.dropped, 10U);
    EXPECT_EQ(result.reconnects.catching_up.count(), result.reconnects.dropped);
    EXPECT_EQ(result.reconnects.gaps, 0U);
    if (HasFailure()) {
      return;
    }
  }
}

TEST(LoadgenSim, OurServerAcknowledgesEverything) {
  std::vector<Plan> plans{plan_of(Workload::kFanout, 20, 4), plan_of(Workload::kDirect, 20, 20),
                          plan_of(Workload::kRooms, 20, 5)};
  plans[2].rooms = 4;
  for (Plan& plan : plans) {
    plan.acks = true;
    for (std::uint64_t seed = 1; seed <= kSeeds / 4; ++seed) {
      SCOPED_TRACE(fmt::format("{}, seed {}", to_string(plan.workload), seed));
      LoadSim sim(seed, plan, seed % 2 == 0 ? 2 : 1);
      sim.make_trouble();
      sim.connect();
      sim.run_stage(400, seconds{1});
      const Result result = sim.quit();
      expect_intact(result);
      EXPECT_EQ(result.acks.asked, 400U);
      EXPECT_EQ(result.acks.missing + result.acks.unexpected, 0U);
      EXPECT_EQ(sim.reported().acks.corrected.count(), 400U);
      if (HasFailure()) {
        return;
      }
    }
  }
}

TEST(LoadgenSim, Quit_LeavesNothingBehind) {
  LoadSim sim(3, plan_of(Workload::kFanout, 20, 1));
  sim.make_trouble();
  sim.connect();
  EXPECT_EQ(sim.pool().sums().open, 20U);
  sim.run_stage(100, milliseconds{200});
  expect_intact(sim.quit());
  sim.world.faults = {};
  sim.run_for(seconds{1});
  EXPECT_EQ(sim.pool().sums().open, 0U);
  EXPECT_EQ(sim.world.server_descriptors(), 1U) << "the listener";
  EXPECT_TRUE(sim.world.mistakes().empty()) << sim.world.mistakes().front();
}

TEST(LoadgenSim, QuitInTheMiddleOfLoggingIn_Ends) {
  LoadSim sim(4, plan_of(Workload::kFanout, 20, 1));
  sim.tell_all(WorkerOrder::Kind::kConnect);
  sim.tick();
  const Result result = sim.quit();
  EXPECT_EQ(result.connections_lost, 0U);
  EXPECT_TRUE(sim.world.mistakes().empty());
}

TEST(LoadgenSim, Stop_EndsAStageEarly) {
  LoadSim sim(5, plan_of(Workload::kFanout, 5, 1));
  sim.connect();
  sim.begin_stage(100, seconds{100});
  sim.run_for(seconds{1});
  EXPECT_TRUE(sim.pool().sums().is_sending);
  sim.tell_all(WorkerOrder::Kind::kStop);
  sim.drain();
  const Result result = sim.quit();
  expect_intact(result);
  EXPECT_NEAR(static_cast<double>(sim.reported().sent), 98, 3);
}

TEST(LoadgenSim, Ramp_SendsHalfAsManyAndTheStageAfterItAll) {
  LoadSim sim(6, plan_of(Workload::kFanout, 5, 1));
  sim.connect();
  sim.begin_stage(1000, seconds{1}, seconds{1});
  sim.drain();
  EXPECT_EQ(sim.pool().sums().sent, 500U);
  sim.run_stage(1000, seconds{1});
  EXPECT_EQ(sim.pool().sums().sent, 1500U);
}

TEST(LoadgenSim, ConnectRate_IsKept) {
  Plan plan = plan_of(Workload::kIdle, 50, 1);
  plan.connects_per_second = 100;
  LoadSim sim(7, plan);
  const reactor::TimePoint began = sim.world.now();
  sim.connect();
  const Duration took = sim.world.now() - began;
  EXPECT_GE(took, milliseconds{480});
  EXPECT_LE(took, milliseconds{600});
  EXPECT_EQ(sim.quit().connections_lost, 0U);
}

TEST(LoadgenSim, ConnectsAtOnce_AreNoMoreThanAllowed) {
  Plan plan = plan_of(Workload::kIdle, 50, 1);
  plan.connects_at_once = 4;
  LoadSim sim(8, plan);
  sim.tell_all(WorkerOrder::Kind::kConnect);
  std::uint64_t most = 0;
  sim.run_until(
      [&] {
        const WorkerPool::Sums sums = sim.pool().sums();
        most = std::max(most, sums.open - sums.ready);
        return sums.ready == plan.clients;
      },
      "everybody is logged in");
  EXPECT_EQ(most, 4U);
}

TEST(LoadgenSim, NobodyListening_IsLostWithAReason) {
  LoadSim sim(9, plan_of(Workload::kFanout, 5, 1));
  sim.stop_server();
  sim.tell_all(WorkerOrder::Kind::kConnect);
  sim.run_until([&sim] { return sim.pool().sums().lost == 5; }, "all connects fail");
  EXPECT_EQ(sim.pool().first_error(), "Connection refused");
  EXPECT_EQ(sim.quit().connections_lost, 5U);
}

TEST(LoadgenSim, NamesThatAreTaken_AreLostWithTheServersWords) {
  LoadSim sim(10, plan_of(Workload::kFanout, 5, 1));
  const std::unique_ptr<WorkerPool> other = sim.make_pool();
  sim.connect();
  other->tell_all({.kind = WorkerOrder::Kind::kConnect});
  sim.run_until(
      [&] {
        other->workers()[0]->turn(Duration::zero());
        return other->sums().lost == 5;
      },
      "all are refused");
  EXPECT_NE(other->first_error().find("the server says"), std::string::npos)
      << other->first_error();
  EXPECT_EQ(sim.quit().connections_lost, 0U);
}

TEST(LoadgenSim, ServerThatGoesAway_IsSeenByAll) {
  LoadSim sim(11, plan_of(Workload::kFanout, 10, 1));
  sim.connect();
  sim.begin_stage(100, seconds{2});
  sim.run_for(seconds{1});
  sim.stop_server();
  sim.await_sent();
  const Result result = sim.quit();
  EXPECT_EQ(result.connections_lost, 10U);
  EXPECT_NE(sim.pool().first_error(), "");
}

TEST(LoadgenSim, DoubledDeliveries_AreCounted_AndTheOthersAwaited) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    LoadSim sim(seed, plan_of(Workload::kFanout, 10, 3), Relay::Fault::kDouble);
    sim.make_trouble();
    sim.connect();
    sim.run_stage(1000, seconds{1});
    const Integrity integrity = sim.quit().integrity;
    EXPECT_EQ(integrity.doubled, sim.relay().faults());
    EXPECT_EQ(integrity.delivered, 9000U);
    EXPECT_EQ(integrity.lost, 0U);
    EXPECT_EQ(integrity.reordered, 0U);
    if (HasFailure()) {
      return;
    }
  }
}

TEST(LoadgenSim, DroppedDeliveries_AreLost) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    LoadSim sim(seed, plan_of(Workload::kFanout, 10, 3), Relay::Fault::kDrop);
    sim.make_trouble();
    sim.connect();
    sim.begin_stage(1000, seconds{1});
    sim.await_sent();
    sim.run_for(milliseconds{500});
    const Integrity integrity = sim.quit().integrity;
    EXPECT_EQ(integrity.lost, sim.relay().faults());
    EXPECT_EQ(integrity.expected, 9000U);
    EXPECT_EQ(integrity.delivered + integrity.lost, 9000U);
    EXPECT_EQ(integrity.doubled, 0U);
    if (HasFailure()) {
      return;
    }
  }
}

TEST(LoadgenSim, CorruptedDeliveries_AreNeverTakenForWhatTheyWere) {
  LoadSim sim(1, plan_of(Workload::kFanout, 10, 3), Relay::Fault::kCorrupt);
  sim.connect();
  sim.begin_stage(1000, seconds{1});
  sim.await_sent();
  sim.run_for(milliseconds{500});
  const Integrity integrity = sim.quit().integrity;
  EXPECT_EQ(integrity.corrupted, sim.relay().faults());
  EXPECT_EQ(integrity.lost, integrity.corrupted) << "what it was did not come";
}

TEST(LoadgenSim, ServerThatStalls_CannotHide) {
  LoadSim sim(12, plan_of(Workload::kFanout, 10, 1));
  sim.connect();
  sim.begin_stage(1000, seconds{10});
  sim.run_for(seconds{4});
  sim.server_turns = false;
  sim.run_for(seconds{1});
  sim.server_turns = true;
  sim.drain();
  expect_intact(sim.quit());
  const Latency latency = sim.latency();
  EXPECT_GE(latency.corrected.max_ns(), 900'000'000U);
  EXPECT_LE(latency.uncorrected.percentile_ns(50), 20'000'000U);
  // All that was due meanwhile has waited, each for what was left of the second.
  const double waited = 1 - latency.corrected.share_within(100'000'000);
  EXPECT_NEAR(waited, 0.09, 0.01);
}

TEST(LoadgenSim, ServerThatStalls_HidesFromAClosedLoop) {
  Plan plan = plan_of(Workload::kFanout, 10, 1);
  plan.closed_loop = true;
  plan.window = 1;
  LoadSim sim(13, plan);
  sim.connect();
  sim.begin_stage(0, seconds{10});
  sim.run_for(seconds{4});
  sim.server_turns = false;
  sim.run_for(seconds{1});
  sim.server_turns = true;
  sim.drain();
  expect_intact(sim.quit());
  const double waited = 1 - sim.latency().corrected.share_within(100'000'000);
  EXPECT_GT(waited, 0);
  EXPECT_LT(waited, 0.001) << "a single message of thousands: why the loop is open by default";
}

TEST(LoadgenSim, GeneratorThatStalls_KnowsItAndCountsItIn) {
  LoadSim sim(14, plan_of(Workload::kFanout, 10, 1));
  sim.connect();
  sim.begin_stage(1000, seconds{10});
  sim.run_for(seconds{4});
  sim.workers_turn = false;
  sim.run_for(seconds{1});
  sim.workers_turn = true;
  sim.drain();
  expect_intact(sim.quit());
  EXPECT_EQ(sim.reported().sent, 10'000U) << "what was due meanwhile was sent late";
  EXPECT_GE(sim.reported().lateness.max_ns(), 900'000'000U);
  EXPECT_GE(sim.latency().corrected.max_ns(), 900'000'000U);
  EXPECT_NEAR(1 - sim.latency().corrected.share_within(100'000'000), 0.09, 0.01);
  // From when they were really sent, they were fast: the omission that the correction is for.
  EXPECT_LT(1 - sim.latency().uncorrected.share_within(100'000'000), 0.01);
}

TEST(LoadgenSim, GeneratorThatIsFarTooSlow_GivesUpTheRestOfTheStage) {
  LoadSim sim(15, plan_of(Workload::kFanout, 5, 1));
  sim.connect();
  sim.begin_stage(1000, seconds{1});
  sim.run_for(milliseconds{500});
  sim.workers_turn = false;
  sim.run_for(seconds{2});
  sim.workers_turn = true;
  sim.drain();
  expect_intact(sim.quit());
  EXPECT_LT(sim.reported().sent, 600U);
}

}  // namespace
}  // namespace loadgen
