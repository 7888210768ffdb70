#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "tests/tools/loadgen_example_result.h"
#include "tools/loadgen/bootstrap.h"
#include "tools/loadgen/compare.h"
#include "tools/loadgen/result_json.h"

namespace loadgen {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class Compare : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "compare-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }

  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) {
    std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  std::string write(const std::string& name, const Result& result) {
    return write(name, to_json(result));
  }

  // As many runs as there are factors, joined by commas.
  std::string write_runs(const std::string& name, const std::vector<double>& latency_factors) {
    std::string side;
    unsigned number = 0;
    for (const double factor : latency_factors) {
      Example example;
      example.latency_factor = factor;
      example.seed = ++number;
      side += side.empty() ? "" : ",";
      side += write(name + std::to_string(number), example_result(example));
    }
    return side;
  }

  std::string directory_;
};

std::string text_of(const std::vector<std::string>& sides) {
  const CompareReport report = compare(sides);
  EXPECT_EQ(report.exit_code, 0) << report.text;
  return report.text;
}

TEST_F(Compare, RunWithItself_ShowsNoDifference) {
  const std::string run = write("a.json", example_result());
  const std::string text = text_of({run, run});
  EXPECT_THAT(text,
              ContainsRegex("p50 latency +1.1[0-9] ms +1.1[0-9] ms +1.000 [^\n]*no difference"));
  EXPECT_THAT(text, ContainsRegex("deliveries/s +994,005 +994,005 +1.000 [^\n]*no difference"));
  EXPECT_THAT(text, ContainsRegex("deliveries/CPU-s +1,104,450 [^\n]*no difference"));
  EXPECT_THAT(text, Not(HasSubstr("better\n")));
  EXPECT_THAT(text, Not(HasSubstr("worse\n")));
}

TEST_F(Compare, OneRunOnASide_IsComparedByItsSecondsAndSaysSo) {
  Example faster;
  faster.latency_factor = 0.8;
  faster.server_cpu = 0.7;
  const std::string text =
      text_of({write("a.json", example_result()), write("b.json", example_result(faster))});
  EXPECT_THAT(text, ContainsRegex("p50 latency [^\n]* better\n"));
  EXPECT_THAT(text, ContainsRegex("p99 latency [^\n]* better\n"));
  EXPECT_THAT(text, ContainsRegex("deliveries/CPU-s [^\n]* better\n"));
  EXPECT_THAT(text, HasSubstr("A single run cannot show what"));
  // Seconds know neither of these.
  EXPECT_THAT(text, ContainsRegex("p99.9 latency [^\n]* – +not known\n"));
  EXPECT_THAT(text, ContainsRegex("memory/connection [^\n]* – +not known\n"));
}

TEST_F(Compare, SlowerSide_IsWorseAndTheOtherWayRoundBetter) {
  const std::string slow = write_runs("slow", {1.3, 1.32, 1.28, 1.31, 1.29});
  const std::string fast = write_runs("fast", {1, 1.02, 0.98, 1.01, 0.99});
  EXPECT_THAT(text_of({fast, slow}),
              ContainsRegex("p50 latency [^\n]* 1.[23][0-9]+ [^\n]* worse\n"));
  EXPECT_THAT(text_of({slow, fast}), ContainsRegex("p50 latency [^\n]* 0.7[0-9]+ [^\n]* better\n"));
}

TEST_F(Compare, RunsThatVaryMoreThanTheyDiffer_ShowNoDifference) {
  const std::string text = text_of(
      {write_runs("a", {1, 1.3, 0.8, 1.2, 0.9}), write_runs("b", {1.05, 0.85, 1.35, 0.9, 1.2})});
  EXPECT_THAT(text, ContainsRegex("p50 latency [^\n]* no difference\n"));
  EXPECT_THAT(text,
              HasSubstr("medians of 5 and 5 runs; intervals are from a bootstrap over the runs"));
  EXPECT_THAT(text, Not(HasSubstr("single run")));
}

TEST_F(Compare, DifferenceBelowOnePercent_CountsAsNone) {
  Example example;
  example.bytes_per_connection = 1000;
  const std::string base =
      write("a.json", example_result(example)) + "," + write("a2.json", example_result(example));
  example.bytes_per_connection = 1009;
  const std::string near =
      write("b.json", example_result(example)) + "," + write("b2.json", example_result(example));
  example.bytes_per_connection = 1011;
  const std::string far =
      write("c.json", example_result(example)) + "," + write("c2.json", example_result(example));
  EXPECT_THAT(text_of({base, near}), ContainsRegex("memory/connection [^\n]* no difference\n"));
  EXPECT_THAT(text_of({base, far}), ContainsRegex("memory/connection [^\n]* worse\n"));
}

TEST_F(Compare, FewRuns_AreSaidToBeFew) {
  const std::string a = write_runs("a", {1, 1.1, 1.2});
  EXPECT_THAT(text_of({a, write_runs("b", {1, 1.1})}), HasSubstr("take 5 or more"));
  EXPECT_THAT(text_of({write_runs("c", {1, 1, 1, 1, 1}), write_runs("d", {1, 1, 1, 1, 1})}),
              Not(HasSubstr("take 5 or more")));
}

TEST_F(Compare, EveryFurtherSide_IsComparedWithTheFirst) {
  const std::string run = write("a.json", example_result());
  const std::string text = text_of({run, run, run});
  EXPECT_THAT(text, HasSubstr("B/A"));
  EXPECT_THAT(text, HasSubstr("C/A"));
  EXPECT_THAT(text, Not(HasSubstr("C/B")));
}

TEST_F(Compare, SameFiles_GiveTheSameText) {
  const std::string a = write_runs("a", {1, 1.1, 0.9});
  const std::string b = write_runs("b", {1.2, 1, 1.1});
  EXPECT_EQ(text_of({a, b}), text_of({a, b}));
  EXPECT_EQ(text_of({a, b.substr(0, b.find(','))}), text_of({a, b.substr(0, b.find(','))}));
}

TEST_F(Compare, WhatOneSideHasNotMeasured_IsLeftOut) {
  Result unwatched = example_result();
  unwatched.server = {};
  const std::string text = text_of({write("a.json", example_result()), write("b.json", unwatched)});
  EXPECT_THAT(text, HasSubstr("p50 latency"));
  EXPECT_THAT(text, Not(HasSubstr("deliveries/CPU-s")));
  EXPECT_THAT(text, Not(HasSubstr("memory/connection")));
  const std::string nothing = write("c.json", Result{});
  EXPECT_THAT(text_of({nothing, nothing}), HasSubstr("nothing was measured on both sides"));
}

TEST_F(Compare, RunsTooShort_HaveNoInterval) {
  Example brief;
  brief.seconds = 5;
  const std::string run = write("a.json", example_result(brief));
  EXPECT_THAT(text_of({run, run}), ContainsRegex("p50 latency [^\n]* – +not known\n"));
}

TEST_F(Compare, WarmUpAndDrain_AreNotCompared) {
  Result base = example_result();
  Result other = base;
  for (Sample& sample : other.samples) {
    if (sample.at_seconds <= 0) {
      sample.p50_ns *= 1000;
      sample.delivered *= 1000;
    }
  }
  Sample drain = base.samples.back();
  drain.at_seconds += 1;
  drain.asked_per_second = 0;
  drain.p50_ns *= 1000;
  other.samples.push_back(drain);
  const std::string a = write("a.json", base);
  const std::string with_itself = text_of({a, a});
  const std::string with_other = text_of({a, write("b.json", other)});
  EXPECT_EQ(with_itself.substr(with_itself.find("\n\n")),
            with_other.substr(with_other.find("\n\n")));
}

TEST_F(Compare, TrialsOfASearch_AreNotTakenForSecondsOfTheBest) {
  Result result = example_result();
  result.max_rate_kept = 7000;
  const std::string run = write("a.json", result);
  const std::string text = text_of({run, run});
  EXPECT_THAT(text, ContainsRegex("highest rate kept +7,000 +7,000 +1.000"));
  EXPECT_THAT(text, ContainsRegex("p50 latency [^\n]* – +not known\n"));
}

TEST_F(Compare, RunsNotMadeAlike_AreWarnedOf) {
  Result other = example_result();
  other.target = "nats://localhost:4222";
  const std::string base = write("a.json", example_result());
  EXPECT_THAT(text_of({base, write("b.json", other)}), Not(HasSubstr("WARNING")))
      << "servers are there to be compared";
  other.settings[1].value = "500";
  other.settings.push_back({"window", "128"});
  const std::string others = write("b.json", other) + "," + write("c.json", other);
  EXPECT_THAT(text_of({base, others}),
              ContainsRegex("WARNING: .*a.json was not made like .*b.json, .*c.json: "
                            "clients \\(200 and 500\\), window \\(none and 128\\)\n"));
}

TEST_F(Compare, RunsThatDidNotPass_AreWarnedOf) {
  Result invalid = example_result();
  invalid.verdict = Verdict::kInvalid;
  invalid.reasons = {"the generator was\nlate"};
  const std::string text = text_of({write("a.json", example_result()), write("b.json", invalid)});
  EXPECT_THAT(text,
              ContainsRegex("WARNING: .*b.json did not pass: invalid, the generator was.late\n"));
}

TEST_F(Compare, SameFileTwiceOnASide_IsWarnedOf) {
  const std::string run = write("a.json", example_result());
  EXPECT_THAT(text_of({run + "," + run, run}), HasSubstr("WARNING: A has " + run + " twice"));
}

TEST_F(Compare, FilesThatCannotBeRead_AreNamed) {
  const std::string good = write("a.json", example_result());
  const std::string missing = directory_ + "/none.json";
  const CompareReport report = compare({good, missing});
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(report.text, missing + ": No such file or directory\n");
  const std::string broken = write("b.json", "{\"schema\": 1, \"version\": 3}");
  EXPECT_EQ(compare({broken, good}).text, broken + ": version: not a string\n");
  EXPECT_EQ(compare({broken, good}).exit_code, 1);
  EXPECT_EQ(compare({directory_, good}).exit_code, 1);
  EXPECT_EQ(compare({write("empty.json", std::string()), good}).exit_code, 1);
}

TEST_F(Compare, WithoutTwoSides_SaysHowItIsUsed) {
  const std::string good = write("a.json", example_result());
  for (const std::vector<std::string>& sides :
       std::vector<std::vector<std::string>>{{}, {good}, {good, ""}, {good, good + ","}}) {
    EXPECT_EQ(compare(sides).exit_code, 2);
    EXPECT_THAT(compare(sides).text, HasSubstr("usage: chat-loadgen compare"));
  }
}

// ---- the intervals themselves

double noisy(std::mt19937& random, double mean) {
  return mean * std::exp(std::normal_distribution<double>(0, 0.1)(random));
}

TEST(Bootstrap, OfRuns_CoversTheTruthAboutAsOftenAsItSays) {
  constexpr int kTrials = 100;
  for (const std::size_t runs : {2U, 3U, 5U}) {
    std::mt19937 random(static_cast<unsigned>(runs));
    int covered = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<double> base(runs);
      std::vector<double> other(runs);
      std::generate(base.begin(), base.end(), [&] { return noisy(random, 1); });
      std::generate(other.begin(), other.end(), [&] { return noisy(random, 2); });
      const Factors factors = bootstrap_runs(base, other);
      const double ratio = median(other) / median(base);
      covered += ratio * factors.lowest <= 2 && 2 <= ratio * factors.highest ? 1 : 0;
    }
    EXPECT_GE(covered, 90) << runs << " runs";
  }
}

TEST(Bootstrap, OfSecondsThatDependOnEachOther_CoversTheTruth) {
  constexpr int kTrials = 50;
  std::mt19937 random(1);
  const auto run = [&](double mean) {
    std::vector<Second> seconds;
    double drift = 0;
    for (int i = 0; i < 60; ++i) {
      drift = 0.5 * drift + std::normal_distribution<double>(0, 0.1)(random);
      seconds.push_back({mean * std::exp(drift), 1});
    }
    return seconds;
  };
  int covered = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    const std::vector<Second> base = run(1);
    const std::vector<Second> other = run(3);
    double base_sum = 0;
    double other_sum = 0;
    for (std::size_t i = 0; i < base.size(); ++i) {
      base_sum += base[i].amount;
      other_sum += other[i].amount;
    }
    const Factors factors = bootstrap_seconds(base, other);
    const double ratio = other_sum / base_sum;
    covered += ratio * factors.lowest <= 3 && 3 <= ratio * factors.highest ? 1 : 0;
  }
  EXPECT_GE(covered, 43);
}

TEST(Bootstrap, OfEqualRuns_HasNoWidth) {
  const std::vector<double> base{2, 2, 2};
  const std::vector<double> other{4, 4, 4};
  const Factors factors = bootstrap_runs(base, other);
  EXPECT_EQ(factors.lowest, 1);
  EXPECT_EQ(factors.highest, 1);
}

TEST(Bootstrap, OfFewerRuns_IsWider) {
  const auto width = [](const std::vector<double>& runs) {
    const Factors factors = bootstrap_runs(runs, runs);
    return factors.highest / factors.lowest;
  };
  EXPECT_GT(width({1, 1.1}), 2 * width({1, 1.1, 1, 1.1, 1, 1.1}));
}

TEST(Bootstrap, OfARunThatMostlyStalled_StaysFinite) {
  std::vector<Second> stalled(30, Second{0, 1});
  stalled[7] = {1000, 1};
  const std::vector<Second> steady(30, Second{33, 1});
  const Factors factors = bootstrap_seconds(steady, stalled);
  EXPECT_LT(factors.lowest, 0.01);
  EXPECT_GT(factors.lowest, 0);
  EXPECT_LT(factors.highest, 100);
}

TEST(Bootstrap, OfFiguresThatNoRunHasMade_StaysFinite) {
  std::vector<Second> absurd(30, Second{1, 1});
  absurd[7] = {1e308, 1};  // drawn twice, it is more than a number can be
  const std::vector<Second> steady(30, Second{1, 1});
  for (const Factors& factors :
       {bootstrap_seconds(steady, absurd), bootstrap_seconds(absurd, steady)}) {
    EXPECT_GT(factors.lowest, 0);
    EXPECT_TRUE(std::isfinite(factors.highest)) << factors.highest;
  }
}

TEST(Median, IsTheMiddleOrBetweenTheMiddleTwo) {
  EXPECT_EQ(median(std::vector<double>{3, 1, 2}), 2);
  EXPECT_EQ(median(std::vector<double>{4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median(std::vector<double>{7}), 7);
}

}  // namespace
}  // namespace loadgen
