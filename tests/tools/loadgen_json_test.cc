#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/tools/loadgen_example_result.h"
#include "tools/loadgen/result.h"
#include "tools/loadgen/result_json.h"

namespace loadgen {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// A result with nothing left at its default.
Result full_result() {
  Result result = example_broken_result();
  result.stages.push_back(result.total);
  result.stages[1].objectives_kept = false;
  result.stages[1].asked_per_second = 12345.678901234567;
  result.closed_loop = true;
  result.max_rate_kept = 98765.5;
  result.samples[3].errors = 17;
  result.samples[3].acknowledged = 18;
  result.samples[3].ack_p50_ns = 19;
  result.samples[3].ack_p99_ns = 20;
  result.stages[1].acks.corrected.record(1000);
  result.acks = {5, 4, 3};
  result.slow_readers.readers = 21;
  result.slow_readers.behind_max = 22;
  result.slow_readers.catching_up = Histogram::from_buckets({{1003, 2}});
  result.slow_readers.messages = 23;
  result.slow_readers.bytes = 24;
  result.slow_readers.never = 25;
  result.reconnects.clients = 26;
  result.reconnects.dropped = 27;
  result.reconnects.gaps = 28;
  result.reconnects.gap_messages = 29;
  result.reconnects.first_gap = "1 to 2";
  result.stages[1].of_kinds.resize(2);
  result.stages[1].of_kinds[1].corrected.record(1000);
  result.kinds.resize(2);
  result.kinds[0].scheme = "native";
  result.kinds[1].scheme = "irc+ws";
  result.kinds[1].clients = 43;
  result.kinds[1].registration = Histogram::from_buckets({{1003, 2}});
  result.kinds[1].integrity = {44, 45, 46, 47, 48, 49};
  result.crash.kills = 30;
  result.crash.sent_again = 31;
  result.crash.sessions_lost = 32;
  result.crash.ended = "it ended";
  result.crash.history = {33, 34, 35, 36, 37, 38, 39, 40, 41, 42, {"one", "two"}};
  return result;
}

Result read_back(const Result& result) {
  ReadResult read = from_json(to_json(result));
  EXPECT_EQ(read.error, "");
  return read.result ? *read.result : Result{};
}

// Changes one thing in what to_json writes and says why that can't be read.
template <class Change>
std::string error_after(Change change) {
  json object = json::parse(to_json(full_result()));
  change(object);
  const ReadResult read = from_json(object.dump());
  EXPECT_FALSE(read.result.has_value());
  EXPECT_THAT(read.error, Not(HasSubstr("\n")));
  return read.error;
}

TEST(ResultJson, HasTheFieldsUnderTheirNames) {
  const Result result = full_result();
  const json object = json::parse(to_json(result));
  EXPECT_EQ(object["schema"], 1);
  EXPECT_EQ(object["verdict"], "integrity_broken");
  EXPECT_EQ(object["exit_code"], 100);
  EXPECT_EQ(object["target"], "localhost:8888");
  EXPECT_EQ(object["settings"]["clients"], "200");
  EXPECT_EQ(object["total"]["sent"], result.total.sent);
  EXPECT_EQ(object["total"]["delivered_per_second"], result.total.delivered_per_second());
  EXPECT_EQ(object["stages"][1]["objectives_kept"], false);
  EXPECT_EQ(object["server"]["deliveries_per_cpu_second"], result.server.deliveries_per_cpu_second);
  EXPECT_EQ(object["rooms"][7]["integrity"]["reordered"], 2);
  EXPECT_EQ(object["samples"][3]["p99_ns"], result.samples[3].p99_ns);
  EXPECT_EQ(object["disagreement"], result.disagreement);
}

TEST(ResultJson, HistogramsCarryTheirPercentilesAndBuckets) {
  const Histogram& corrected = full_result().total.latency.corrected;
  const json object = json::parse(to_json(full_result()))["total"]["latency"]["corrected"];
  EXPECT_EQ(object["count"], corrected.count());
  EXPECT_EQ(object["min_ns"], corrected.min_ns());
  EXPECT_EQ(object["mean_ns"], corrected.mean_ns());
  EXPECT_EQ(object["p50_ns"], corrected.percentile_ns(50));
  EXPECT_EQ(object["p90_ns"], corrected.percentile_ns(90));
  EXPECT_EQ(object["p99_ns"], corrected.percentile_ns(99));
  EXPECT_EQ(object["p999_ns"], corrected.percentile_ns(99.9));
  EXPECT_EQ(object["p9999_ns"], corrected.percentile_ns(99.99));
  EXPECT_EQ(object["max_ns"], corrected.max_ns());
  ASSERT_EQ(object["buckets"].size(), corrected.buckets().size());
  EXPECT_EQ(object["buckets"][5][0], corrected.buckets()[5].highest_ns);
  EXPECT_EQ(object["buckets"][5][1], corrected.buckets()[5].count);
}

TEST(ResultJson, ReadBack_IsTheSameResult) {
  const Result before = full_result();
  const Result after = read_back(before);
  EXPECT_EQ(after.verdict, before.verdict);
  EXPECT_EQ(after.command_line, before.command_line);
  EXPECT_EQ(after.reasons, before.reasons);
  EXPECT_EQ(after.closed_loop, before.closed_loop);
  EXPECT_EQ(after.max_rate_kept, before.max_rate_kept);
  ASSERT_EQ(after.settings.size(), before.settings.size());
  ASSERT_EQ(after.stages.size(), 2U);
  EXPECT_EQ(after.stages[1].asked_per_second, before.stages[1].asked_per_second);
  EXPECT_FALSE(after.stages[1].objectives_kept);
  EXPECT_EQ(after.total.latency.corrected.count(), before.total.latency.corrected.count());
  EXPECT_EQ(after.total.latency.corrected.percentile_ns(99),
            before.total.latency.corrected.percentile_ns(99));
  ASSERT_EQ(after.samples.size(), before.samples.size());
  EXPECT_EQ(after.samples[0].at_seconds, -1);
  EXPECT_EQ(after.samples[3].errors, 17U);
  ASSERT_EQ(after.rooms.size(), 40U);
  EXPECT_EQ(after.rooms[7].name, before.rooms[7].name);
}

TEST(ResultJson, MoreKindsThanThereAre_AreNotRead) {
  EXPECT_THAT(error_after([](json& object) { object["kinds"] = json(9, object["kinds"][0]); }),
              HasSubstr("more than 8 kinds"));
  EXPECT_THAT(error_after([](json& object) {
                object["total"]["of_kinds"] = json(9, object["total"]["latency"]);
              }),
              HasSubstr("more than 8 kinds"));
}

TEST(ResultJson, ReadBackAndWrittenAgain_LosesNothing) {
  // The first reading rounds the extremes of histograms to their buckets; from then on nothing may
  // change, so every field is written and read.
  const std::string once = to_json(read_back(full_result()));
  EXPECT_EQ(to_json(*from_json(once).result), once);
  json before = json::parse(to_json(full_result()));
  json after = json::parse(once);
  for (json* object : {&before, &after}) {
    object->erase("registration");
    object->erase("total");
    object->erase("stages");
  }
  EXPECT_EQ(before, after);
}

TEST(ResultJson, EmptyResult_ComesBack) {
  const Result after = read_back(Result{});
  EXPECT_EQ(after.verdict, Verdict::kPassed);
  EXPECT_TRUE(after.samples.empty());
  EXPECT_TRUE(after.total.lateness.empty());
}

TEST(ResultJson, EveryVerdict_ComesBackWithItsExitCode) {
  for (const Verdict verdict : {Verdict::kPassed, Verdict::kInvalid, Verdict::kObjectiveMissed,
                                Verdict::kIntegrityBroken}) {
    Result result;
    result.verdict = verdict;
    EXPECT_EQ(read_back(result).verdict, verdict);
    EXPECT_EQ(json::parse(to_json(result))["exit_code"], static_cast<int>(verdict));
  }
}

TEST(ResultJson, LargestNumbers_ComeBackExactly) {
  Result result;
  result.integrity.expected = UINT64_MAX;
  result.server.pid = INT32_MAX;
  EXPECT_EQ(read_back(result).integrity.expected, UINT64_MAX);
  EXPECT_EQ(read_back(result).server.pid, INT32_MAX);
}

TEST(ResultJson, TextThatIsNotUtf8_IsWrittenAsReplacementCharacters) {
  Result result;
  result.reasons = {"it said \xff\xfe"};
  EXPECT_EQ(read_back(result).reasons.at(0), "it said \xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(ResultJson, UnknownKeys_AreIgnored) {
  json object = json::parse(to_json(full_result()));
  object["new"] = {1, 2, 3};
  object["total"]["newer"] = "x";
  EXPECT_TRUE(from_json(object.dump()).result.has_value());
}

TEST(ResultJson, OfAnEarlierVersion_HasNothingOfWhatCameLater) {
  json object = json::parse(to_json(full_result()));
  for (const char* later : {"slow_readers", "reconnects", "acks", "crash"}) {
    EXPECT_EQ(object.erase(later), 1U) << later;
  }
  object["total"].erase("acks");
  for (json& stage : object["stages"]) {
    stage.erase("acks");
  }
  for (json& sample : object["samples"]) {
    sample.erase("acknowledged");
    sample.erase("ack_p50_ns");
    sample.erase("ack_p99_ns");
  }
  const ReadResult read = from_json(object.dump());
  ASSERT_TRUE(read.result.has_value()) << read.error;
  EXPECT_EQ(read.result->crash.kills, 0U);
  EXPECT_TRUE(read.result->total.acks.corrected.empty());
  EXPECT_EQ(read.result->integrity.lost, full_result().integrity.lost);
}

TEST(ResultJson, WhatCameLater_IsReadAsStrictly) {
  EXPECT_EQ(error_after([](json& o) { o["crash"].erase("kills"); }), "crash.kills: missing");
  EXPECT_EQ(error_after([](json& o) { o["acks"] = 1; }), "acks: not an object");
  EXPECT_EQ(error_after([](json& o) { o["samples"][3]["ack_p99_ns"] = -1; }),
            "samples[3].ack_p99_ns: not a whole number of 0 or more");
}

TEST(ResultJson, OtherText_IsNoResult) {
  EXPECT_EQ(from_json("").error, "not JSON (byte 1)");
  EXPECT_EQ(from_json("{\"schema\": 1,").error, "not JSON (byte 14)");
  EXPECT_EQ(from_json("[1]").error, "JSON, but not a result of chat-loadgen");
  EXPECT_EQ(from_json("{}").error, "JSON, but not a result of chat-loadgen");
  EXPECT_EQ(from_json("{\"schema\": 1e999}").error, "JSON with a number that is out of range");
  EXPECT_EQ(from_json("{\"schema\": 1}").error, "version: missing");
}

TEST(ResultJson, DeepNesting_IsNoResult) {
  EXPECT_THAT(from_json(std::string(1'000'000, '[')).error, HasSubstr("not JSON"));
  const std::string closed = std::string(200'000, '[') + std::string(200'000, ']');
  EXPECT_EQ(from_json(closed).error, "JSON, but not a result of chat-loadgen");
}

TEST(ResultJson, TooLong_IsNotLookedAt) {
  EXPECT_EQ(from_json(std::string(kJsonBytesMax + 1, ' ')).error, "longer than 64.0 MiB");
}

TEST(ResultJson, ErrorsNameThePlace) {
  EXPECT_EQ(error_after([](json& o) { o["schema"] = 2; }),
            "not of schema 1, the one that is read here");
  EXPECT_EQ(error_after([](json& o) { o["samples"][3].erase("p99_ns"); }),
            "samples[3].p99_ns: missing");
  EXPECT_EQ(error_after([](json& o) { o["verdict"] = "fine"; }), "verdict: not a verdict");
  EXPECT_EQ(error_after([](json& o) { o["total"]["latency"]["corrected"] = 3; }),
            "total.latency.corrected: not an object");
  EXPECT_EQ(error_after([](json& o) { o["settings"]["\x1b[31m"] = 1; }),
            "settings.?[31m: not a string");
}

TEST(ResultJson, ValuesOfAnotherKind_AreRefused) {
  EXPECT_EQ(error_after([](json& o) { o["churned"] = -1; }),
            "churned: not a whole number of 0 or more");
  EXPECT_EQ(error_after([](json& o) { o["churned"] = 1.5; }),
            "churned: not a whole number of 0 or more");
  EXPECT_EQ(error_after([](json& o) { o["churned"] = nullptr; }),
            "churned: not a whole number of 0 or more");
  EXPECT_EQ(error_after([](json& o) { o["closed_loop"] = 1; }),
            "closed_loop: neither true nor false");
  EXPECT_EQ(error_after([](json& o) { o["reasons"] = "none"; }), "reasons: not an array");
  EXPECT_EQ(error_after([](json& o) { o["reasons"] = {1}; }), "reasons[0]: not a string");
  EXPECT_EQ(error_after([](json& o) { o["max_rate_kept"] = "fast"; }),
            "max_rate_kept: not a number");
  EXPECT_EQ(error_after([](json& o) { o["server"]["pid"] = std::int64_t{INT32_MAX} + 1; }),
            "server.pid: not a whole number of 0 or more that fits");
  EXPECT_EQ(error_after([](json& o) { o["settings"] = json::array(); }), "settings: not an object");
  EXPECT_EQ(error_after([](json& o) { o["rooms"] = json::object(); }), "rooms: not an array");
}

TEST(ResultJson, BucketsThatMakeNoHistogram_AreRefused) {
  const auto error_with = [](std::uint64_t count, const json& buckets) {
    return error_after([&](json& o) {
      o["total"]["lateness"]["count"] = count;
      o["total"]["lateness"]["buckets"] = buckets;
    });
  };
  const std::string none = "total.lateness: the buckets make no histogram";
  EXPECT_EQ(error_with(2, {{20, 1}, {10, 1}}), none);
  EXPECT_EQ(error_with(2, {{10, 1}, {10, 1}}), none);
  EXPECT_EQ(error_with(0, {{10, 0}}), none);
  EXPECT_EQ(error_with(1, {{Histogram::kLongestNs + 1, 1}}), none);
  EXPECT_EQ(error_with(5, {{10, UINT64_MAX}, {20, 6}}), none);
  EXPECT_EQ(error_with(3, {{10, 1}, {20, 1}}),
            "total.lateness: count is not the sum of the buckets");
  EXPECT_EQ(error_with(1, json::array({json::array({1, 1, 1})})),
            "total.lateness.buckets[0]: not a pair");
  EXPECT_EQ(error_with(1, {{10, -1}}),
            "total.lateness.buckets[0]: not a whole number of 0 or more");
}

TEST(ResultJson, MoreStagesThanMemory_AreRefused) {
  EXPECT_EQ(error_after([](json& o) {
              o["stages"] = json::array();
              for (int i = 0; i < 1001; ++i) {
                o["stages"].push_back(json::object());
              }
            }),
            "stages: more than 1000 stages");
}

TEST(ResultJson, CutOffAnywhere_IsRefusedInOneLine) {
  const std::string whole = to_json(full_result());
  for (std::size_t size = 0; size < whole.size() - 3; size += 997) {
    const ReadResult read = from_json(whole.substr(0, size));
    EXPECT_FALSE(read.result.has_value()) << size;
    EXPECT_THAT(read.error, HasSubstr("not JSON"));
  }
}

}  // namespace
}  // namespace loadgen
