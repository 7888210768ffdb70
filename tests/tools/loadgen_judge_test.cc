#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/loadgen/conductor.h"
#include "tools/loadgen/findings.h"
#include "tools/loadgen/live.h"

namespace loadgen {
namespace {

constexpr std::int64_t kMs = 1'000'000;

void record(Histogram& histogram, std::int64_t duration_ns, int times = 100) {
  for (int i = 0; i < times; ++i) {
    histogram.record(duration_ns);
  }
}

// Ten seconds that went as asked: nothing late, nothing busy.
StageResult good_stage(double rate = 100, std::int64_t latency_ns = 2 * kMs) {
  StageResult stage;
  stage.asked_per_second = rate;
  stage.seconds = 10;
  stage.delivering_seconds = 10;
  stage.sent = static_cast<std::uint64_t>(rate * 10);
  stage.delivered = stage.sent * 9;
  record(stage.latency.corrected, latency_ns);
  record(stage.latency.uncorrected, latency_ns);
  record(stage.lateness, kMs / 10);
  stage.generator_busiest_thread = 0.3;
  return stage;
}

Result judged(const Plan& plan, Result result) {
  judge(plan, result);
  return result;
}

Result with_stages(std::vector<StageResult> stages) {
  Result result;
  result.stages = std::move(stages);
  return result;
}

std::string reasons_of(const Result& result) {
  return fmt::format("{}", fmt::join(result.reasons, "\n"));
}

TEST(Judge, NothingWrong_Passes) {
  const Result result = judged({}, with_stages({good_stage()}));
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_EQ(reasons_of(result), "");
  EXPECT_TRUE(result.warnings.empty());
}

TEST(Judge, NoStagesAtAll_Passes) { EXPECT_EQ(judged({}, {}).verdict, Verdict::kPassed); }

TEST(Judge, Total_IsTheSumOfTheStages) {
  StageResult second = good_stage(500, 4 * kMs);
  second.seconds = 30;
  second.delivering_seconds = 32;
  second.sent = 15'000;
  second.delivered = 1000;
  second.server_cpu_seconds = 3;
  second.generator_cpu_seconds = 2;
  second.generator_busiest_thread = 0.5;
  second.objectives_kept = false;
  const StageResult total = judged({}, with_stages({good_stage(), second})).total;
  EXPECT_EQ(total.seconds, 40);
  EXPECT_EQ(total.delivering_seconds, 42);
  EXPECT_EQ(total.sent, 16'000U);
  EXPECT_EQ(total.delivered, 10'000U);
  EXPECT_EQ(total.asked_per_second, 400);
  EXPECT_EQ(total.latency.corrected.count(), 200U);
  EXPECT_EQ(total.latency.uncorrected.count(), 200U);
  EXPECT_EQ(total.lateness.count(), 200U);
  EXPECT_EQ(total.server_cpu_seconds, 3);
  EXPECT_EQ(total.generator_cpu_seconds, 2);
  EXPECT_EQ(total.generator_busiest_thread, 0.5);
  EXPECT_FALSE(total.objectives_kept);
}

TEST(Judge, EachBrokenPromise_IsToldAndBreaksIntegrity) {
  struct Case {
    Integrity integrity;
    std::uint64_t connections_lost;
    const char* told;
  };
  const std::vector<Case> cases{
      {{.lost = 1234}, 0, "1,234 deliveries were lost"},
      {{.doubled = 2}, 0, "2 deliveries came twice"},
      {{.reordered = 3}, 0, "3 deliveries came out of order"},
      {{.corrupted = 4}, 0, "4 deliveries were corrupted"},
      {{}, 5, "5 connections were lost"},
      {{.lost = 1}, 0, "1 delivery was lost"},
      {{}, 1, "1 connection was lost"},
  };
  for (const Case& tested : cases) {
    Result result = with_stages({good_stage()});
    result.integrity = tested.integrity;
    result.connections_lost = tested.connections_lost;
    result = judged({}, result);
    EXPECT_EQ(result.verdict, Verdict::kIntegrityBroken) << tested.told;
    EXPECT_EQ(reasons_of(result), tested.told);
  }
}

TEST(Judge, CouldNotSendWhatWasAsked_IsInvalid) {
  StageResult stage = good_stage(1000);
  stage.sent = 9'899;
  const Result result = judged({}, with_stages({stage}));
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_EQ(reasons_of(result), "asked to send 1,000 messages/s, could send 990");
  stage.sent = 9'900;
  EXPECT_EQ(judged({}, with_stages({stage})).verdict, Verdict::kPassed);
}

TEST(Judge, OneStageOfMany_ThatCouldNotBeSent_IsInvalid) {
  StageResult stage = good_stage(50);
  stage.sent = 400;
  const Result result = judged({}, with_stages({good_stage(10'000), stage}));
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
}

TEST(Judge, BusyGenerator_IsInvalid) {
  StageResult stage = good_stage();
  stage.generator_busiest_thread = 0.91;
  Result result = judged({}, with_stages({stage}));
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_NE(reasons_of(result).find("the generator was busy for 91.0 % of the time"),
            std::string::npos)
      << reasons_of(result);
  stage.generator_busiest_thread = 0.9;
  EXPECT_EQ(judged({}, with_stages({stage})).verdict, Verdict::kPassed);
}

TEST(Judge, BusyGeneratorInAClosedLoop_IsInvalidUnlessTheServerWasBusier) {
  Plan plan;
  plan.closed_loop = true;
  StageResult stage = good_stage(0);
  stage.generator_busiest_thread = 0.95;
  EXPECT_EQ(judged(plan, with_stages({stage})).verdict, Verdict::kInvalid)
      << "nobody has watched the server";
  stage.server_load = 0.99;
  EXPECT_EQ(judged(plan, with_stages({stage})).verdict, Verdict::kPassed);
  stage.server_load = 0.89;
  EXPECT_EQ(judged(plan, with_stages({stage})).verdict, Verdict::kInvalid);
}

TEST(Judge, LateGenerator_IsInvalid_WhenMostOfTheLatencyIsItsOwn) {
  StageResult stage = good_stage(100, 10 * kMs);
  stage.lateness.clear();
  record(stage.lateness, 6 * kMs);
  const Result result = judged({}, with_stages({stage}));
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_NE(reasons_of(result).find("the generator sent late itself: p99 6."), std::string::npos)
      << reasons_of(result);
}

TEST(Judge, LateGenerator_IsAWarning_WhenAGoodPartOfTheLatencyIsItsOwn) {
  StageResult stage = good_stage(100, 10 * kMs);
  stage.lateness.clear();
  record(stage.lateness, 2 * kMs);
  const Result result = judged({}, with_stages({stage}));
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  ASSERT_EQ(result.warnings.size(), 1U);
  EXPECT_NE(result.warnings[0].find("--spin"), std::string::npos) << result.warnings[0];
}

TEST(Judge, LatenessBelowAMillisecond_IsNotWorthAWord) {
  StageResult stage = good_stage(100, kMs);
  stage.lateness.clear();
  record(stage.lateness, kMs * 9 / 10);
  const Result result = judged({}, with_stages({stage}));
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_TRUE(result.warnings.empty());
}

TEST(Judge, MissedObjective_NamesTheStageAndWhatWasFound) {
  Plan plan;
  plan.objectives = {{99, 3 * kMs}, {100, 100 * kMs}};
  const Result result = judged(plan, with_stages({good_stage(), good_stage(200, 20 * kMs)}));
  EXPECT_EQ(result.verdict, Verdict::kObjectiveMissed);
  ASSERT_EQ(result.reasons.size(), 1U) << reasons_of(result);
  EXPECT_TRUE(result.reasons[0].starts_with("objective p99 < 3.00 ms missed in stage 2: 20."))
      << result.reasons[0];
}

TEST(Judge, ObjectiveOfAcknowledgements_IsHeldAgainstThese) {
  Plan plan;
  plan.acks = true;
  plan.objectives = {{99, 10 * kMs, true}};
  StageResult stage = good_stage(100, 50 * kMs);
  record(stage.acks.corrected, 5 * kMs);
  EXPECT_EQ(judged(plan, with_stages({stage})).verdict, Verdict::kPassed);
  record(stage.acks.corrected, 20 * kMs);
  const Result result = judged(plan, with_stages({stage}));
  EXPECT_EQ(result.verdict, Verdict::kObjectiveMissed);
  EXPECT_TRUE(result.reasons[0].starts_with("objective ack p99 < 10.0 ms missed in stage 1: 20."))
      << result.reasons[0];
  EXPECT_FALSE(keeps(plan.objectives, stage));
  EXPECT_EQ(result.total.acks.corrected.count(), 200U);
}

TEST(Judge, EachPromiseOfALog_IsToldAndBreaksIntegrity) {
  struct Case {
    void (*breaks)(Result& result);
    const char* told;
  };
  const std::vector<Case> cases{
      {[](Result& r) { r.acks.missing = 1; }, "1 message was never acknowledged"},
      {[](Result& r) { r.acks.unexpected = 2; },
       "2 acknowledgements were for nothing that waited for one"},
      {[](Result& r) { r.slow_readers.never = 1; }, "1 slow reader never caught up"},
      {[](Result& r) {
         r.reconnects.gaps = 2;
         r.reconnects.gap_messages = 1000;
         r.reconnects.first_gap = "11 to 16";
       },
       "resuming met with 2 gaps of 1,000 numbers in all, the first from 11 to 16"},
      {[](Result& r) { r.crash.ended = "it did not come up"; }, "it did not come up"},
      {[](Result& r) { r.crash.sessions_lost = 1; }, "1 session was lost"},
      {[](Result& r) { r.crash.history.missing = 1; },
       "1 acknowledged message is not in the history"},
      {[](Result& r) { r.crash.history.vanished = 2; },
       "2 delivered messages are neither in the history nor in a gap"},
      {[](Result& r) { r.crash.history.repeated = 1; }, "1 message is in the history again"},
      {[](Result& r) { r.crash.history.foreign = 1; },
       "1 message in the history is not what anybody has sent"},
      {[](Result& r) { r.crash.history.ids_reused = 1; }, "1 number was given to two messages"},
      {[](Result& r) { r.crash.history.ids_back = 1; },
       "1 message has a number from before a kill"},
      {[](Result& r) { r.crash.history.ids_changed = 1; },
       "1 message has another number than was acknowledged"},
  };
  for (const Case& tested : cases) {
    Result result = with_stages({good_stage()});
    tested.breaks(result);
    result = judged({}, result);
    EXPECT_EQ(result.verdict, Verdict::kIntegrityBroken) << tested.told;
    EXPECT_EQ(reasons_of(result), tested.told);
  }
}

TEST(Judge, SlowReadersWhomTheSystemsBuffersServed_AreAWarning) {
  Result result = with_stages({good_stage()});
  result.slow_readers.readers = 8;
  result.slow_readers.messages = 1000;
  result.slow_readers.bytes = 1'000'000;
  result.slow_readers.behind_max = 5000;
  const Result judged_result = judged({}, result);
  EXPECT_EQ(judged_result.verdict, Verdict::kPassed);
  ASSERT_EQ(judged_result.warnings.size(), 1U);
  EXPECT_NE(judged_result.warnings[0].find("4.77 MiB behind at most"), std::string::npos)
      << judged_result.warnings[0];
  result.slow_readers.behind_max = 7000;
  EXPECT_TRUE(judged({}, result).warnings.empty());
  result.slow_readers.messages = 0;
  EXPECT_EQ(judged({}, result).warnings.size(), 1U) << "they never caught up, nor fell behind";
}

TEST(Judge, TheGravestFinding_IsTheVerdict_AndAllAreTold) {
  Plan plan;
  plan.objectives = {{99, 1 * kMs}};
  StageResult stage = good_stage();
  Result result = with_stages({stage});
  EXPECT_EQ(judged(plan, result).verdict, Verdict::kObjectiveMissed);
  result.stages[0].generator_busiest_thread = 1;
  EXPECT_EQ(judged(plan, result).verdict, Verdict::kInvalid);
  EXPECT_EQ(judged(plan, result).reasons.size(), 2U);
  result.integrity.lost = 1;
  EXPECT_EQ(judged(plan, result).verdict, Verdict::kIntegrityBroken);
  EXPECT_EQ(judged(plan, result).reasons.size(), 3U);
}

TEST(Judge, WatchedServer_HasItsCostWorkedOut) {
  Plan plan;
  plan.clients = 100;
  StageResult stage = good_stage(1000);
  stage.delivered = 90'000;
  stage.server_cpu_seconds = 4.5;
  stage.server_busiest_thread_seconds = 3;
  Result result = with_stages({stage});
  result.server.pid = 4711;
  result.server.memory_before_bytes = 1'000'000;
  result.server.memory_registered_bytes = 1'100'000;
  const ServerUse server = judged(plan, result).server;
  EXPECT_EQ(server.cpu_seconds, 4.5);
  EXPECT_EQ(server.busiest_thread_seconds, 3);
  EXPECT_EQ(server.deliveries_per_cpu_second, 20'000);
  EXPECT_EQ(server.bytes_per_connection, 1000);
}

TEST(Judge, UnwatchedServer_HasNone) {
  StageResult stage = good_stage();
  stage.server_cpu_seconds = 4.5;
  const ServerUse server = judged({}, with_stages({stage})).server;
  EXPECT_EQ(server.cpu_seconds, 0);
  EXPECT_EQ(server.deliveries_per_cpu_second, 0);
}

// ---- --find-max

class JudgeSearch : public testing::Test {
 protected:
  JudgeSearch() {
    plan.find_max = true;
    plan.objectives = {{99, 10 * kMs}};
  }
  // A trial that keeps the objective or not.
  static StageResult trial(double rate, bool kept) {
    StageResult stage = good_stage(rate, kept ? 2 * kMs : 40 * kMs);
    stage.objectives_kept = kept;
    return stage;
  }

  Plan plan;
};

TEST_F(JudgeSearch, Total_IsTheBestTrial_WhateverWasMissedAboveIt) {
  const Result result = judged(plan, with_stages({trial(100, true), trial(400, false),
                                                  trial(200, true), trial(280, false)}));
  EXPECT_EQ(result.verdict, Verdict::kPassed) << reasons_of(result);
  EXPECT_EQ(result.max_rate_kept, 200);
  EXPECT_EQ(result.total.asked_per_second, 200);
  EXPECT_EQ(result.total.sent, 2000U);
}

TEST_F(JudgeSearch, NothingKept_IsAMissedObjective) {
  const Result result = judged(plan, with_stages({trial(100, false), trial(50, false)}));
  EXPECT_EQ(result.verdict, Verdict::kObjectiveMissed);
  EXPECT_EQ(reasons_of(result), "no rate was found that keeps the objectives");
  EXPECT_EQ(result.max_rate_kept, 0);
  EXPECT_EQ(result.total.asked_per_second, 50);
}

TEST_F(JudgeSearch, LostDeliveries_BreakItStill) {
  Result result = with_stages({trial(100, true)});
  result.integrity.lost = 1;
  EXPECT_EQ(judged(plan, result).verdict, Verdict::kIntegrityBroken);
}

TEST_F(JudgeSearch, EndedByTheGenerator_IsInvalid) {
  StageResult busy = trial(280, false);
  busy.generator_busiest_thread = 0.95;
  StageResult late = trial(280, false);
  record(late.lateness, 30 * kMs);
  StageResult short_of = trial(280, true);
  short_of.sent = 2000;
  for (const StageResult& decider : {busy, late, short_of}) {
    const Result result = judged(plan, with_stages({trial(200, true), trial(400, false), decider}));
    EXPECT_EQ(result.verdict, Verdict::kInvalid);
    EXPECT_EQ(result.max_rate_kept, 200);
    ASSERT_EQ(result.reasons.size(), 1U) << reasons_of(result);
    EXPECT_TRUE(result.reasons[0].starts_with(
        "the search ended at 280 messages/s where the generator, not the server, was the limit"))
        << result.reasons[0];
  }
}

TEST_F(JudgeSearch, GeneratorAtItsLimitFarAboveTheAnswer_DoesNotMatter) {
  StageResult busy = trial(400, false);
  busy.generator_busiest_thread = 0.99;
  record(busy.lateness, 30 * kMs);
  const Result result =
      judged(plan, with_stages({trial(200, true), busy, trial(280, false), trial(240, true)}));
  EXPECT_EQ(result.verdict, Verdict::kPassed) << reasons_of(result);
  EXPECT_EQ(result.max_rate_kept, 240);
}

// ---- what is shown meanwhile

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char byte : text) {
    columns += (static_cast<unsigned char>(byte) & 0xC0) != 0x80 ? 1 : 0;
  }
  return columns;
}

TEST(Live, Describe_ShowsThePhaseAndTheLatestSecond) {
  Sample sample;
  sample.seconds = 1;
  sample.sent = 1000;
  sample.delivered = 199'000;
  sample.p50_ns = 1'130'000;
  sample.p99_ns = 2'710'000;
  Outlook outlook{"stage 2", 67.4, 200, 200, &sample};
  EXPECT_EQ(describe(outlook),
            "stage 2 1:07 left · 1,000 sent/s · 199k delivered/s · p50 1.13 ms p99 2.71 ms");
  sample.errors = 3;
  EXPECT_NE(describe(outlook).find("3 errors"), std::string::npos) << describe(outlook);
}

TEST(Live, Describe_OfConnecting_CountsTheClients) {
  EXPECT_EQ(describe({"connecting", 0, 150, 200, nullptr}), "connecting: 150 of 200 clients");
}

TEST(Live, Describe_WithoutASample_IsThePhase) {
  EXPECT_EQ(describe({"warming up", 2, 200, 200, nullptr}), "warming up 0:02 left");
  EXPECT_EQ(describe({"draining", 0, 200, 200, nullptr}), "draining");
}

TEST(Live, Describe_NeverIsWiderThanATerminal) {
  for (const std::uint64_t count : {0ULL, 9ULL, 999ULL, 123'456ULL, 999'999ULL, 4'000'000'000ULL}) {
    for (const std::uint64_t latency_ns :
         {999ULL, 999'999ULL, 999'999'999ULL, 3'599'000'000'000ULL}) {
      for (const std::uint64_t errors : {0ULL, 1ULL, 1'000'000ULL}) {
        for (const double left : {0.0, 9.0, 604'800.0}) {
          Sample sample;
          sample.seconds = 0.999;
          sample.sent = count;
          sample.delivered = count * 1000;
          sample.p50_ns = latency_ns;
          sample.p99_ns = latency_ns;
          sample.errors = errors;
          for (const char* phase : {"warming up", "stage 1000", "trial 24", "draining"}) {
            const std::string line = describe({phase, left, 200, 200, &sample});
            EXPECT_LE(columns_of(line), 79U) << line;
            EXPECT_EQ(line.find('\n'), std::string::npos);
          }
          EXPECT_LE(columns_of(describe({"connecting", left, count, count + 1, &sample})), 79U);
        }
      }
    }
  }
}

class File {
 public:
  File() : file_(std::tmpfile()) {}
  ~File() { std::fclose(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::FILE* get() { return file_; }
  std::string content() {
    std::string text(static_cast<std::size_t>(std::ftell(file_)), '\0');
    std::rewind(file_);
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }

 private:
  std::FILE* file_;
};

TEST(Live, InAPipe_WritesALineWhenThePhaseChanges) {
  File out;
  {
    Live live(out.get(), false);
    live.on_progress({"connecting", 0, 0, 200, nullptr});
    live.on_progress({"connecting", 0, 100, 200, nullptr});
    live.on_progress({"warming up", 2, 200, 200, nullptr});
    live.on_progress({"warming up", 1, 200, 200, nullptr});
    live.on_progress({"stage 1", 10, 200, 200, nullptr});
  }
  EXPECT_EQ(out.content(),
            "connecting: 0 of 200 clients\nwarming up 0:02 left\nstage 1 0:10 left\n");
}

TEST(Live, OnATerminal_WritesOverItsLineAndLeavesItEmpty) {
  File out;
  {
    Live live(out.get(), true);
    live.on_progress({"warming up", 2, 200, 200, nullptr});
    live.on_progress({"warming up", 1, 200, 200, nullptr});
  }
  EXPECT_EQ(out.content(), "\r\x1b[Kwarming up 0:02 left\r\x1b[Kwarming up 0:01 left\r\x1b[K");
}

TEST(Live, OnATerminalThatNeverShowedAnything_WritesNothing) {
  File out;
  { const Live live(out.get(), true); }
  EXPECT_EQ(out.content(), "");
}

}  // namespace
}  // namespace loadgen
