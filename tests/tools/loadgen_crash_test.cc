// Killing a server again and again: a whole crash run against a small chat server, sound or broken,
// on the simulated OS.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/sim_world.h"
#include "tests/tools/loadgen_fake_chat.h"
#include "tools/loadgen/crash_run.h"
#include "tools/loadgen/findings.h"
#include "tools/loadgen/live.h"

namespace loadgen {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeeds = 10;

// A FakeChat that can be killed. From the first kill on it is broken.
class KillableChat final : public CrashServer {
 public:
  KillableChat(sim::World& world, const FakeFaults& faults) : world_(world), faults_(faults) {}

  Started start() override {
    world_.advance(milliseconds{50});
    if (faults_.does_not_start && kills_ > 1) {
      return {std::nullopt, "it is broken"};
    }
    chat_ = std::make_unique<FakeChat>(world_.make_net(), disk,
                                       kills_ == 0 ? first_faults_of(faults_) : faults_);
    return {chat_->listen(), {}};
  }
  void kill() override {
    ++kills_;
    chat_.reset();
  }
  int pid() const override { return 0; }
  void turn() {
    if (chat_ != nullptr) {
      chat_->turn();
    }
  }

  FakeDisk disk;

 private:
  // Everybody gets in.
  static FakeFaults first_faults_of(FakeFaults faults) {
    faults.never_acknowledges = false;
    return faults;
  }

  sim::World& world_;
  const FakeFaults faults_;
  std::unique_ptr<FakeChat> chat_;
  int kills_ = 0;
};

class Phases final : public RunWatcher {
 public:
  void on_progress(const Outlook& outlook) override {
    if (seen.empty() || seen.back() != outlook.phase) {
      seen.push_back(outlook.phase);
    }
  }
  std::vector<std::string> seen;
};

Plan crash_plan() {
  Plan plan;
  plan.workload = Workload::kCrash;
  plan.clients = 8;
  plan.senders = 3;
  plan.crash = {6, milliseconds{300}};
  plan.stages = {{400, seconds{10}}};
  return plan;
}

struct Outcome {
  Result result;
  std::string error;
  std::vector<std::string> phases;
};

Outcome run_crash(std::uint64_t seed, const FakeFaults& faults, Plan plan = crash_plan(),
                  bool has_trouble = false, Duration interrupt_after = std::chrono::hours{1}) {
  sim::World world(seed);
  if (has_trouble) {
    world.faults.partial_read = 200;
    world.faults.partial_write = 200;
    world.faults.eintr = 100;
    world.faults.delayed_event = 100;
  }
  plan.seed = seed;
  KillableChat chat(world, faults);
  Phases phases;
  CrashRun run(plan, /*run_key=*/7, world.make_net(), chat, phases);
  run.begin();
  constexpr int kTicksMax = 200'000;
  const reactor::TimePoint began = world.now();
  bool is_interrupted = false;
  for (int i = 0; i < kTicksMax && !run.is_over(); ++i) {
    if (world.now() - began >= interrupt_after && !std::exchange(is_interrupted, true)) {
      run.interrupt();
    }
    chat.turn();
    run.turn(Duration::zero());
    world.advance(milliseconds{1});
  }
  EXPECT_TRUE(run.is_over()) << "it never ends: " << fmt::format("{}", phases.seen.back());
  if (!run.is_over()) {
    return {};
  }
  Outcome outcome;
  outcome.result = run.finish();
  outcome.error = run.error();
  outcome.phases = std::move(phases.seen);
  judge(plan, outcome.result);
  return outcome;
}

std::string all_of(const Result& result) {
  return fmt::format("{}\n{}", fmt::join(result.reasons, "\n"),
                     fmt::join(result.crash.history.offenders, "\n"));
}

TEST(CrashRun, OfASoundServer_ProvesThatNothingWasLost) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const Outcome outcome = run_crash(seed, {}, crash_plan(), seed % 2 == 0);
    const Result& result = outcome.result;
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(result.verdict, Verdict::kPassed) << all_of(result);
    EXPECT_EQ(result.crash.kills, 6U);
    EXPECT_EQ(result.crash.restarting.count(), 6U);
    EXPECT_GE(result.crash.restarting.min_ns(), 49'000'000U);
    EXPECT_GT(result.crash.returning.count(), 0U);
    EXPECT_GT(result.acks.asked, 100U);
    EXPECT_EQ(result.acks.missing, 0U);
    EXPECT_EQ(result.acks.unexpected, 0U);
    EXPECT_EQ(result.crash.history.acknowledged, result.acks.asked);
    EXPECT_EQ(result.crash.history.in_history, result.acks.asked);
    EXPECT_EQ(result.integrity.delivered, result.acks.asked * 7);
    EXPECT_EQ(result.integrity.expected, result.acks.asked * 7);
    EXPECT_EQ(result.connections_lost, 0U);
    EXPECT_EQ(result.registration.clients, 8U);
    if (HasFailure()) {
      return;
    }
  }
}

TEST(CrashRun, TellsHowFarItIs) {
  const std::vector<std::string> phases = run_crash(1, {}).phases;
  EXPECT_EQ(phases.front(), "connecting");
  EXPECT_EQ(phases.at(1), "kill 1 of 6");
  EXPECT_EQ(phases.at(6), "kill 6 of 6");
  EXPECT_EQ(phases.at(7), "settling");
  EXPECT_EQ(phases.back(), "reading the history");
}

TEST(CrashRun, WhatWasHeardAndNotKept_IsSentAgainUnderTheSameNumber) {
  std::uint64_t sent_again = 0;
  std::uint64_t gone = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Result result = run_crash(seed, {}).result;
    sent_again += result.crash.sent_again;
    gone += result.crash.history.heard_and_gone;
    EXPECT_EQ(result.crash.history.repeated, 0U);
  }
  EXPECT_GT(sent_again, 0U);
  EXPECT_GT(gone, 0U) << "a server that delivers before it keeps loses something in a kill";
}

TEST(CrashRun, SomethingWasThereBefore_AndDoesNotMatter) {
  sim::World world(1);
  KillableChat chat(world, {});
  chat.disk.messages = {{5, "somebody", "old"}, {6, "somebody", "news"}};
  chat.disk.ids_reserved = 1000;
  Phases phases;
  const Plan plan = crash_plan();
  CrashRun run(plan, 7, world.make_net(), chat, phases);
  run.begin();
  for (int i = 0; i < 100'000 && !run.is_over(); ++i) {
    chat.turn();
    run.turn(Duration::zero());
    world.advance(milliseconds{1});
  }
  ASSERT_TRUE(run.is_over());
  Result result = run.finish();
  judge(plan, result);
  EXPECT_EQ(result.verdict, Verdict::kPassed) << all_of(result);
}

TEST(CrashRun, OfAServerThatRefusesForAWhile_SendsAgain) {
  FakeFaults faults;
  faults.refuses_first = true;
  const Result result = run_crash(1, faults).result;
  EXPECT_EQ(result.verdict, Verdict::kPassed) << all_of(result);
  EXPECT_GE(result.crash.sent_again, result.acks.asked);
}

struct Breakage {
  const char* name;
  bool FakeFaults::*fault;
  std::uint64_t HistoryResult::*counter;
  const char* reason;
};

std::ostream& operator<<(std::ostream& out, const Breakage& breakage) {
  return out << breakage.name;
}

class CrashOfBrokenServer : public testing::TestWithParam<Breakage> {};
INSTANTIATE_TEST_SUITE_P(
    Faults, CrashOfBrokenServer,
    testing::Values(
        Breakage{"ForgetsTheLast", &FakeFaults::forgets_the_last, &HistoryResult::missing,
                 "acknowledged message"},
        Breakage{"AcknowledgesEarly", &FakeFaults::acknowledges_early, &HistoryResult::missing,
                 "acknowledged message"},
        Breakage{"ReusesIds", &FakeFaults::reuses_ids, &HistoryResult::ids_reused, "two messages"},
        Breakage{"HidesGaps", &FakeFaults::hides_gaps, &HistoryResult::vanished, "neither"},
        Breakage{"ChangesHistory", &FakeFaults::changes_history, &HistoryResult::foreign,
                 "not what anybody has sent"}),
    [](const auto& tested) { return tested.param.name; });

TEST_P(CrashOfBrokenServer, IsFoundAndNamed) {
  FakeFaults faults;
  faults.*GetParam().fault = true;
  std::uint64_t found = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = run_crash(seed, faults);
    EXPECT_EQ(outcome.error, "");
    const Result& result = outcome.result;
    found += result.crash.history.*GetParam().counter;
    if (result.crash.history.*GetParam().counter > 0) {
      EXPECT_EQ(result.verdict, Verdict::kIntegrityBroken);
      EXPECT_NE(all_of(result).find(GetParam().reason), std::string::npos) << all_of(result);
      EXPECT_FALSE(result.crash.history.offenders.empty());
    }
  }
  EXPECT_GE(found, kSeeds / 2) << "chance may spare a run, but not most of them";
}

TEST(CrashRun, OfAServerThatForgetsWhatWasRetried_FindsItTwice) {
  FakeFaults faults;
  faults.forgets_retries = true;
  std::uint64_t repeated = 0;
  for (std::uint64_t seed = 1; seed <= 4 * kSeeds; ++seed) {
    // It keeps and is killed before its acknowledgement has arrived: that takes a slow network.
    repeated += run_crash(seed, faults, crash_plan(), true).result.crash.history.repeated;
  }
  EXPECT_GT(repeated, 0U);
}

TEST(CrashRun, EndsEarly_WhenSomethingIsMissingAlready) {
  FakeFaults faults;
  faults.forgets_the_last = true;
  const Result result = run_crash(1, faults).result;
  EXPECT_LT(result.crash.kills, 6U);
  EXPECT_NE(result.crash.ended.find("something acknowledged was missing"), std::string::npos);
  EXPECT_NE(result.crash.history.offenders.at(0).find("after kill"), std::string::npos);
}

TEST(CrashRun, ResumingThatDoublesOrSkips_IsFound) {
  for (const bool doubles : {false, true}) {
    FakeFaults faults;
    (doubles ? faults.resumes_one_early : faults.resumes_one_late) = true;
    Integrity found;
    for (std::uint64_t seed = 1; seed <= 2 * kSeeds; ++seed) {
      // A slow network, so that there is something to be missed.
      const Result result = run_crash(seed, faults, crash_plan(), true).result;
      found.add(result.integrity);
      EXPECT_EQ(result.verdict == Verdict::kIntegrityBroken, !result.integrity.intact());
    }
    EXPECT_GT(doubles ? found.doubled : found.lost, 0U);
    EXPECT_EQ(doubles ? found.lost : found.doubled, 0U);
  }
}

TEST(CrashRun, SessionsThatAreOver_AreLost) {
  FakeFaults faults;
  faults.forgets_sessions = true;
  const Result result = run_crash(1, faults).result;
  EXPECT_EQ(result.verdict, Verdict::kIntegrityBroken);
  EXPECT_EQ(result.crash.sessions_lost, 8U);
  ASSERT_FALSE(result.warnings.empty());
  EXPECT_NE(result.warnings[0].find("ERROR:404"), std::string::npos) << result.warnings[0];
}

TEST(CrashRun, NeverAnswered_EndsInBoundedTime) {
  for (const bool of_resume : {false, true}) {
    FakeFaults faults;
    (of_resume ? faults.never_answers_resume : faults.never_acknowledges) = true;
    Plan plan = crash_plan();
    plan.crash.every = milliseconds{500};
    const Outcome outcome = run_crash(1, faults, plan);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.result.verdict, Verdict::kIntegrityBroken);
    EXPECT_GT(outcome.result.acks.missing, 0U);
  }
}

TEST(CrashRun, ServerThatDoesNotComeUpAgain_IsBroken) {
  FakeFaults faults;
  faults.does_not_start = true;
  const Outcome outcome = run_crash(1, faults);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.result.verdict, Verdict::kIntegrityBroken);
  EXPECT_EQ(outcome.result.crash.ended,
            "after kill 2: the server did not come up again: it is broken");
}

TEST(CrashRun, HistoryThatGoesBack_IsSaid) {
  FakeFaults faults;
  faults.history_goes_back = true;
  const Outcome outcome = run_crash(1, faults);
  EXPECT_EQ(outcome.result.verdict, Verdict::kIntegrityBroken);
  EXPECT_NE(outcome.result.crash.ended.find("the history goes back"), std::string::npos)
      << outcome.result.crash.ended;
}

TEST(CrashRun, ServerWithoutALog_IsNoRun) {
  FakeFaults faults;
  faults.grants_nothing = true;
  const Outcome outcome = run_crash(1, faults);
  EXPECT_NE(outcome.error.find("could not log in"), std::string::npos) << outcome.error;
}

TEST(CrashRun, Interrupted_IsWhatItWasUntilThen) {
  const Outcome outcome = run_crash(1, {}, crash_plan(), false, milliseconds{900});
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.result.verdict, Verdict::kPassed) << all_of(outcome.result);
  EXPECT_LT(outcome.result.crash.kills, 6U);
  EXPECT_GT(outcome.result.crash.history.in_history, 0U);
  ASSERT_EQ(outcome.result.warnings.size(), 1U);
  const Outcome early = run_crash(1, {}, crash_plan(), false, milliseconds{1});
  EXPECT_EQ(early.error, "interrupted before anything was measured");
}

TEST(ScratchDirectory, IsThereAndGoneUnlessKept) {
  std::string path;
  {
    ScratchDirectory directory;
    path = directory.path();
    std::ofstream(path + "/file") << "text";
    EXPECT_TRUE(std::filesystem::exists(path + "/file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  {
    ScratchDirectory directory;
    path = directory.path();
    directory.keep();
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove_all(path);
}

TEST(ChatServerCommand, NamesItsData) {
  const std::string command = chat_server_command("/tmp/it's there");
  EXPECT_NE(command.find("--listen 127.0.0.1:0"), std::string::npos) << command;
  EXPECT_TRUE(command.ends_with(R"(--data '/tmp/it'\''s there')")) << command;
}

}  // namespace
}  // namespace loadgen
