#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tools/loadgen_command_line.h"
#include "tools/loadgen/options.h"
#include "tools/loadgen/plan_text.h"

namespace loadgen {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(LoadgenOptions, Defaults_AreAFanOutThatTakesTwelveSeconds) {
  const ParsedOptions parsed = parse({});
  ASSERT_FALSE(parsed.is_over) << parsed.output;
  const Plan& plan = parsed.options.plan;
  EXPECT_EQ(plan.target.to_string(), "native://localhost:8888");
  EXPECT_EQ(plan.workload, Workload::kFanout);
  EXPECT_EQ(plan.clients, 200U);
  EXPECT_EQ(plan.rooms, 1U);
  EXPECT_EQ(plan.senders, 1U);
  EXPECT_EQ(plan.sizes, (std::vector<SizeRange>{{64, 64, 1}}));
  EXPECT_EQ(plan.stages, (std::vector<Stage>{{100, seconds{10}}}));
  EXPECT_EQ(plan.warm_up, seconds{2});
  EXPECT_EQ(plan.threads, 1U);
  EXPECT_FALSE(plan.closed_loop || plan.find_max || plan.spin);
  EXPECT_TRUE(plan.objectives.empty());
  EXPECT_FALSE(parsed.options.quiet);
  EXPECT_EQ(parsed.options.json_path, "");
  EXPECT_EQ(parsed.options.command_line, "chat-loadgen");
}

struct Expected {
  std::size_t clients;
  std::size_t rooms;
  std::size_t senders;
  double rate;
  Duration duration;
  Duration warm_up;
};

TEST(LoadgenOptions, EveryWorkload_HasDefaultsOfItsOwn) {
  const auto expect = [](const char* workload, const Expected& expected) {
    const Plan plan = plan_of({"--workload", workload});
    EXPECT_EQ(plan.clients, expected.clients) << workload;
    EXPECT_EQ(plan.rooms, expected.rooms) << workload;
    EXPECT_EQ(plan.senders, expected.senders) << workload;
    EXPECT_EQ(plan.stages, (std::vector<Stage>{{expected.rate, expected.duration}})) << workload;
    EXPECT_EQ(plan.warm_up, expected.warm_up) << workload;
  };
  expect("fanout", {200, 1, 1, 100, seconds{10}, seconds{2}});
  expect("direct", {200, 1, 200, 1000, seconds{10}, seconds{2}});
  expect("rooms", {200, 20, 20, 1000, seconds{10}, seconds{2}});
  expect("churn", {200, 1, 1, 100, seconds{10}, seconds{2}});
  expect("idle", {10'000, 1, 1, 0, seconds{10}, seconds{0}});
  expect("storm", {1000, 1, 1, 10, seconds{2}, seconds{0}});
  expect("slow-readers", {200, 1, 1, 500, seconds{60}, seconds{2}});
  expect("reconnect", {200, 1, 1, 100, seconds{10}, seconds{2}});
  expect("crash", {20, 1, 5, 500, seconds{50}, seconds{0}});
  EXPECT_EQ(plan_of({"--workload", "churn"}).churns_per_second, 20);
  EXPECT_EQ(plan_of({"--workload", "storm"}).connects_at_once, 1000U) << "all at once";
  EXPECT_EQ(plan_of({}).churns_per_second, 0);
  EXPECT_EQ(plan_of({}).sizes, (std::vector<SizeRange>{{64, 64, 1}}));
  EXPECT_EQ(plan_of({"--workload", "slow-readers"}).sizes,
            (std::vector<SizeRange>{{1000, 1000, 1}}));
  EXPECT_EQ(plan_of({"--workload", "slow-readers", "--mix", "native,irc"}).sizes,
            (std::vector<SizeRange>{{400, 400, 1}}))
      << "an IRC line takes no more";
  EXPECT_EQ(plan_of({"--workload", "slow-readers"}).slow_readers,
            (SlowReaderPlan{0.04, 0, seconds{20}}));
  EXPECT_EQ(plan_of({"--workload", "reconnect"}).reconnects, (ReconnectPlan{0.1, 10}));
  EXPECT_EQ(plan_of({"--workload", "crash"}).crash, (CrashPlan{50, seconds{1}}));
}

TEST(LoadgenOptions, EveryOption_ArrivesInThePlan) {
  const ParsedOptions parsed = parse({"nats://10.0.0.1:1",
                                      "--workload",
                                      "rooms",
                                      "--clients",
                                      "1000",
                                      "--rooms",
                                      "50",
                                      "--senders",
                                      "70",
                                      "--size",
                                      "32-512",
                                      "--rate",
                                      "5k",
                                      "--duration",
                                      "1m",
                                      "--warm-up",
                                      "5s",
                                      "--ramp-up",
                                      "3s",
                                      "--arrivals",
                                      "poisson",
                                      "--slo",
                                      "p99<10ms",
                                      "--slo",
                                      "max<1s",
                                      "--connect-rate",
                                      "500",
                                      "--source-ip",
                                      "127.0.0.2-127.0.0.3",
                                      "--threads",
                                      "4",
                                      "--spin",
                                      "--seed",
                                      "7",
                                      "--server-pid",
                                      "4711",
                                      "--json",
                                      "a",
                                      "--csv",
                                      "b",
                                      "--hgrm",
                                      "c",
                                      "--html",
                                      "d",
                                      "--quiet"});
  ASSERT_FALSE(parsed.is_over) << parsed.output;
  const Plan& plan = parsed.options.plan;
  EXPECT_EQ(plan.target.to_string(), "nats://10.0.0.1:1");
  EXPECT_EQ(plan.workload, Workload::kRooms);
  EXPECT_EQ(plan.clients, 1000U);
  EXPECT_EQ(plan.rooms, 50U);
  EXPECT_EQ(plan.senders, 70U);
  EXPECT_EQ(plan.sizes, (std::vector<SizeRange>{{32, 512, 1}}));
  EXPECT_EQ(plan.stages, (std::vector<Stage>{{5000, minutes{1}}}));
  EXPECT_EQ(plan.warm_up, seconds{5});
  EXPECT_EQ(plan.ramp_up, seconds{3});
  EXPECT_EQ(plan.arrivals, Arrivals::kPoisson);
  EXPECT_EQ(plan.objectives, (std::vector<Objective>{{99, 10'000'000}, {100, 1'000'000'000}}));
  EXPECT_EQ(plan.connects_per_second, 500);
  EXPECT_EQ(plan.source_addresses.size(), 2U);
  EXPECT_EQ(plan.threads, 4U);
  EXPECT_TRUE(plan.spin);
  EXPECT_EQ(plan.seed, 7U);
  EXPECT_EQ(plan.server_pid, 4711);
  EXPECT_EQ(parsed.options.json_path, "a");
  EXPECT_EQ(parsed.options.csv_path, "b");
  EXPECT_EQ(parsed.options.hgrm_path, "c");
  EXPECT_EQ(parsed.options.html_path, "d");
  EXPECT_TRUE(parsed.options.quiet);
}

TEST(LoadgenOptions, TheOtherOptions_ArriveToo) {
  EXPECT_EQ(plan_of({"--workload", "churn", "--churn-rate", "5"}).churns_per_second, 5);
  EXPECT_EQ(plan_of({"--stages", "1s@5,2s@6"}).stages,
            (std::vector<Stage>{{5, seconds{1}}, {6, seconds{2}}}));
  EXPECT_EQ(plan_of({"--spawn", "chat-server --listen 127.0.0.1:0"}).spawn,
            "chat-server --listen 127.0.0.1:0");
  EXPECT_EQ(plan_of({"--workload", "slow-readers", "--slow-share", "25%", "--slow-rate", "10k",
                     "--slow-for", "3s"})
                .slow_readers,
            (SlowReaderPlan{0.25, 10'000, seconds{3}}));
  EXPECT_EQ(
      plan_of({"--workload", "reconnect", "--reconnect-share", "0.5", "--reconnect-rate", "2.5"})
          .reconnects,
      (ReconnectPlan{0.5, 2.5}));
  const Plan crash = plan_of({"--workload", "crash", "--kills", "7", "--kill-every", "200ms"});
  EXPECT_EQ(crash.crash, (CrashPlan{7, milliseconds{200}}));
  EXPECT_EQ(crash.stages, (std::vector<Stage>{{500, milliseconds{1400}}}));
  EXPECT_FALSE(plan_of({}).acks);
  EXPECT_TRUE(plan_of({"--ack"}).acks);
  EXPECT_EQ(plan_of({"--ack", "--slo", "ack-p99<50ms"}).objectives,
            (std::vector<Objective>{{99, 50'000'000, true}}));
  const Plan closed = plan_of({"--closed-loop", "--window", "16"});
  EXPECT_TRUE(closed.closed_loop);
  EXPECT_EQ(closed.window, 16U);
  EXPECT_EQ(closed.stages, (std::vector<Stage>{{0, seconds{10}}}));
}

TEST(LoadgenOptions, FindMax_HasAnObjectiveAndShortTrials) {
  const Plan plan = plan_of({"--find-max"});
  EXPECT_TRUE(plan.find_max);
  EXPECT_EQ(plan.objectives, (std::vector<Objective>{{99, 10'000'000}}));
  EXPECT_EQ(plan.stages, (std::vector<Stage>{{100, seconds{3}}}));
  EXPECT_EQ(plan_of({"--find-max", "--slo", "p50<1ms"}).objectives,
            (std::vector<Objective>{{50, 1'000'000}}));
}

TEST(LoadgenOptions, WarmUp_IsAtLeastAsLongAsTheRamp) {
  EXPECT_EQ(plan_of({"--ramp-up", "5s"}).warm_up, seconds{5});
  EXPECT_EQ(plan_of({"--ramp-up", "1s"}).warm_up, seconds{2});
}

TEST(LoadgenOptions, Rooms_HaveOneSenderEachAndTwoClientsAtLeast) {
  EXPECT_EQ(plan_of({"--workload", "rooms", "--clients", "1000", "--rooms", "50"}).senders, 50U);
  const Plan small = plan_of({"--workload", "rooms", "--clients", "10"});
  EXPECT_EQ(small.rooms, 5U);
  EXPECT_EQ(small.senders, 5U);
}

TEST(LoadgenOptions, Window_IsOneForEachSenderAtLeast) {
  EXPECT_EQ(plan_of({"--closed-loop"}).window, 128U);
  EXPECT_EQ(plan_of({"--closed-loop", "--workload", "direct"}).window, 200U);
}

TEST(LoadgenOptions, CommandLine_IsKeptAsItCouldBeTypedAgain) {
  EXPECT_EQ(parse({"--spawn", "chat-server --threads 2", "--slo", "p99<10ms", "--seed", "3"})
                .options.command_line,
            "chat-loadgen --spawn 'chat-server --threads 2' --slo 'p99<10ms' --seed 3");
  EXPECT_EQ(parse({"--spawn", "it's"}).options.command_line, R"(chat-loadgen --spawn 'it'\''s')");
}

TEST(LoadgenOptions, EveryMistake_IsToldInTwoLinesAndEndsWith2) {
  const std::vector<std::vector<std::string>> mistakes{
      {"--no-such-option"},
      {"localhost", "localhost"},
      {"gopher://localhost"},
      {"--clients"},
      {"--clients", "none"},
      {"--clients", "-1"},
      {"--clients", "0"},
      {"--clients", "1"},
      {"--clients", "16777216"},
      {"--clients", "99999999999999999999"},
      {"--rooms", "0"},
      {"--rooms", "101"},
      {"--senders", "0"},
      {"--senders", "200"},
      {"--senders", "201"},
      {"--workload", "nonsense"},
      {"--workload", "direct", "--clients", "201"},
      {"--workload", "direct", "--rooms", "2"},
      {"--workload", "churn", "--senders", "100"},
      {"redis://localhost", "--workload", "churn", "--senders", "200"},
      {"lines://localhost", "--workload", "direct"},
      {"lines://localhost", "--rooms", "2"},
      {"lines://localhost", "--workload", "rooms", "--rooms", "1"},
      {"irc://localhost", "--size", "401"},
      {"irc://localhost", "--size", "64,32-401"},
      {"--size", "5"},
      {"--size", "5000"},
      {"--rate", "0"},
      {"--rate", "-5"},
      {"--rate", "fast"},
      {"--duration", "-1s"},
      {"--duration", "0"},
      {"--duration", "73h"},
      {"--stages", "40h@1,40h@1"},
      {"--stages", "1s"},
      {"--stages", "1s@1", "--rate", "5"},
      {"--stages", "1s@1", "--duration", "5s"},
      {"--warm-up", "soon"},
      {"--ramp-up", "3s", "--warm-up", "2s"},
      {"--arrivals", "late"},
      {"--closed-loop", "--rate", "100"},
      {"--closed-loop", "--stages", "1s@1"},
      {"--closed-loop", "--find-max"},
      {"--closed-loop", "--ramp-up", "1s"},
      {"--closed-loop", "--arrivals", "poisson"},
      {"--closed-loop", "--window", "0"},
      {"--closed-loop", "--window", "9", "--senders", "10"},
      {"--closed-loop", "--workload", "idle"},
      {"--window", "10"},
      {"--find-max", "--stages", "1s@1"},
      {"--find-max", "--rate", "0"},
      {"--slo", "p99"},
      {"--slo", "p99<10ms", "--slo", "fast"},
      {"--workload", "idle", "--rate", "5"},
      {"--workload", "idle", "--find-max"},
      {"--workload", "idle", "--slo", "p99<10ms"},
      {"--workload", "idle", "--senders", "2"},
      {"--workload", "idle", "--size", "512"},
      {"--churn-rate", "5"},
      {"--workload", "churn", "--churn-rate", "x"},
      {"--connect-rate", "x"},
      {"--source-ip", "localhost"},
      {"--threads", "0"},
      {"--threads", "257"},
      {"--threads", "51"},
      {"--threads", "3", "--clients", "8"},
      {"--seed", "x"},
      {"--server-pid", "x"},
      {"--server-pid", "-1"},
      {"--server-pid", "1", "--spawn", "chat-server"},
      {"--json"},
      {"--ack", "--workload", "churn"},
      {"--ack", "--workload", "slow-readers"},
      {"--ack", "nats://localhost"},
      {"--slo", "ack-p99<50ms"},
      {"--slo", "ack<50ms", "--ack"},
      {"--slow-share", "4%"},
      {"--slow-rate", "5"},
      {"--slow-for", "5s"},
      {"--workload", "slow-readers", "--slow-share", "4"},
      {"--workload", "slow-readers", "--slow-share", "100%"},
      {"--workload", "slow-readers", "--slow-share", "0"},
      {"--workload", "slow-readers", "--slow-share", "-1%"},
      {"--workload", "slow-readers", "--slow-for", "0"},
      {"--workload", "slow-readers", "--slow-rate", "fast"},
      {"--workload", "slow-readers", "--closed-loop"},
      {"--workload", "slow-readers", "--senders", "192"},
      {"redis://h", "--workload", "slow-readers", "--senders", "193"},
      {"--workload", "slow-readers", "--clients", "4", "--slow-share", "99%"},
      {"--reconnect-share", "4%"},
      {"--reconnect-rate", "4"},
      {"--workload", "reconnect", "--reconnect-share", "1"},
      {"--workload", "reconnect", "--reconnect-rate", "0"},
      {"--workload", "reconnect", "--closed-loop"},
      {"--workload", "reconnect", "irc://localhost"},
      {"--kills", "5"},
      {"--kill-every", "1s"},
      {"--workload", "crash", "--kills", "0"},
      {"--workload", "crash", "--kills", "100001"},
      {"--workload", "crash", "--kill-every", "0"},
      {"--workload", "crash", "--kill-every", "61m"},
      {"--workload", "crash", "--duration", "5s"},
      {"--workload", "crash", "--stages", "5s@1"},
      {"--workload", "crash", "--warm-up", "5s"},
      {"--workload", "crash", "--closed-loop"},
      {"--workload", "crash", "--find-max"},
      {"--workload", "crash", "--slo", "p99<1s"},
      {"--workload", "crash", "--ack"},
      {"--workload", "crash", "--threads", "2"},
      {"--workload", "crash", "--rooms", "2"},
      {"--workload", "crash", "--server-pid", "1"},
      {"--workload", "crash", "--rate", "0.5"},
      {"--workload", "crash", "--rate", "1M"},
      {"--workload", "crash", "localhost:8888"},
      {"--workload", "crash", "--spawn", "nats-server", "nats://localhost"},
      {"native://localhost/ws"},
      {"nats://localhost/room"},
      {"--ca", "ca.pem"},
      {"--insecure"},
      {"ws://localhost", "--insecure"},
      {"tls://localhost", "--insecure", "--ca", "ca.pem"},
      {"ircs://localhost", "--ack"},
      {"irc+ws://localhost", "--workload", "reconnect"},
      {"irc+wss://localhost", "--workload", "crash", "--spawn", "chat-server"},
      {"--mix", "native"},
      {"--mix", "native,nats"},
      {"--mix", "native,irc", "native://localhost"},
      {"--mix", "native,irc", "localhost/ws"},
      {"--mix", "native,irc", "--size", "401"},
      {"--mix", "native,irc", "--ack"},
      {"--mix", "native,irc", "--workload", "reconnect"},
      {"--mix", "native,ws", "--workload", "crash", "--spawn", "chat-server"},
      {"--mix", "native,irc,ws", "--rooms", "10", "--clients", "29"},
      {"--mix", "native,tls,ws,wss,irc", "--threads", "4", "--clients", "19"},
      {"--mix", "native,ws", "--insecure"},
  };
  for (const std::vector<std::string>& words : mistakes) {
    const ParsedOptions parsed = parse(words);
    std::string line;
    for (const std::string& word : words) {
      line += word + " ";
    }
    EXPECT_TRUE(parsed.is_over) << line;
    EXPECT_EQ(parsed.exit_code, 2) << line;
    EXPECT_EQ(std::count(parsed.output.begin(), parsed.output.end(), '\n'), 2) << line << "\n"
                                                                               << parsed.output;
    EXPECT_TRUE(parsed.output.ends_with("chat-loadgen --help tells what there is\n")) << line;
  }
}

TEST(LoadgenOptions, MistakesInTheNumbers_AreToldInWords) {
  const auto told = [](const std::vector<std::string>& words) { return parse(words).output; };
  EXPECT_NE(told({"--size", "5"}).find("--size"), std::string::npos);
  EXPECT_NE(told({"--size", "5"}).find("\"5\""), std::string::npos);
  EXPECT_NE(told({"--senders", "200"}).find("at most 199"), std::string::npos);
  EXPECT_NE(told({"irc://h", "--size", "500"}).find("400"), std::string::npos);
  EXPECT_NE(told({"--threads", "257"}).find("--threads"), std::string::npos)
      << told({"--threads", "257"});
}

TEST(LoadgenOptions, WhatIrcCannot_IsToldWithItsReason) {
  const auto told = [](std::vector<std::string> words) {
    words.insert(words.end(), {"--mix", "native,irc+ws"});
    return parse(words).output;
  };
  EXPECT_NE(told({"--size", "32-401"}).find("irc+ws:// takes at most 400 bytes, as its lines"),
            std::string::npos)
      << told({"--size", "32-401"});
  EXPECT_NE(told({"--ack"}).find("irc+ws:// has neither acknowledgements nor sessions"),
            std::string::npos)
      << told({"--ack"});
}

TEST(LoadgenOptions, Mix_SaysWhatIsSpoken_AndTheTargetWhere) {
  const Plan plan = plan_of({"--mix", "native=2,irc,wss", "chat.example/chat", "--ca", "ca.pem"});
  EXPECT_EQ(plan.target.to_string(), "{native,irc,wss}://chat.example:8888/chat");
  EXPECT_EQ(plan.target.ca_file, "ca.pem");
  EXPECT_TRUE(plan.target.verify);
  EXPECT_EQ(plan.senders, 3U) << "one of each";
  EXPECT_EQ(plan_of({"--mix", "native,ws", "--senders", "1"}).senders, 1U);
  EXPECT_EQ(plan_of({"--mix", "native,irc"}).target.to_string(), "{native,irc}://localhost:8888");
  EXPECT_FALSE(plan_of({"wss://h", "--insecure"}).target.verify);
}

TEST(LoadgenOptions, AllMaySend_WhereTheyHearThemselvesOrOnlyOneOther) {
  EXPECT_EQ(plan_of({"redis://h", "--senders", "200"}).senders, 200U);
  EXPECT_EQ(plan_of({"--workload", "direct", "--senders", "200"}).senders, 200U);
  EXPECT_EQ(plan_of({"redis://h", "--workload", "slow-readers", "--senders", "192"}).senders, 192U);
}

TEST(LoadgenOptions, WhoIsSlowOrReconnects_SendsNothing) {
  EXPECT_EQ(plan_of({"--workload", "slow-readers", "--senders", "191"}).senders, 191U);
  EXPECT_EQ(plan_of({"--workload", "reconnect", "--senders", "179"}).senders, 179U);
}

std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

TEST(LoadgenOptions, Help_FitsATerminalAndHasThreeExamples) {
  for (const bool all : {false, true}) {
    const ParsedOptions parsed = parse({all ? "--help-all" : "--help"});
    EXPECT_TRUE(parsed.is_over);
    EXPECT_EQ(parsed.exit_code, 0);
    std::istringstream help(parsed.output);
    int lines = 0;
    int examples = 0;
    for (std::string line; std::getline(help, line); ++lines) {
      EXPECT_LE(columns_of(line), 80U) << line;
      examples += line.starts_with("  chat-loadgen") ? 1 : 0;
    }
    EXPECT_EQ(examples, 3);
    EXPECT_EQ(lines <= 50, !all) << lines << " lines\n" << parsed.output;
    EXPECT_EQ(parsed.output.find("--seed") != std::string::npos, all);
  }
}

TEST(LoadgenOptions, Version_IsTold) {
  const ParsedOptions parsed = parse({"--version"});
  EXPECT_TRUE(parsed.is_over);
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_EQ(parsed.output, "chat-loadgen " CHAT_VERSION "\n");
}

std::string setting(const Plan& plan, const std::string& name) {
  for (const Setting& setting : describe(plan)) {
    if (setting.name == name) {
      return setting.value;
    }
  }
  return "none";
}

TEST(LoadgenOptions, Describe_TellsWhatWasAsked) {
  const Plan plan = plan_of({"--clients",  "1000",
                             "--rooms",    "5",
                             "--senders",  "10",
                             "--size",     "64:9,100-512:1",
                             "--stages",   "30s@1k,1m@2.5k",
                             "--warm-up",  "4s",
                             "--ramp-up",  "3s",
                             "--arrivals", "poisson",
                             "--threads",  "2",
                             "--spin",     "--slo",
                             "p99<10ms",   "--slo",
                             "max<1s",     "--connect-rate",
                             "500"});
  EXPECT_EQ(setting(plan, "clients"), "1,000");
  EXPECT_EQ(setting(plan, "rooms"), "5");
  EXPECT_EQ(setting(plan, "senders"), "10");
  EXPECT_EQ(setting(plan, "payload bytes"), "64:9,100-512:1");
  EXPECT_EQ(setting(plan, "loop"), "open, poisson arrivals");
  EXPECT_EQ(setting(plan, "stages"), "30s@1000,60s@2500");
  EXPECT_EQ(setting(plan, "warm-up"), "4s");
  EXPECT_EQ(setting(plan, "ramp-up"), "3s");
  EXPECT_EQ(setting(plan, "connects"), "500/s");
  EXPECT_EQ(setting(plan, "threads"), "2, spinning");
  EXPECT_EQ(setting(plan, "objectives"), "p99 < 10.0 ms, max < 1.00 s");
  EXPECT_EQ(setting(plan, "churn"), "none");
  EXPECT_EQ(setting(plan, "search"), "none");
}

TEST(LoadgenOptions, Describe_OfAMix) {
  EXPECT_EQ(setting(plan_of({"--mix", "native=2,irc,ws"}), "mix"), "native=2,irc=1,ws=1");
  EXPECT_EQ(setting(plan_of({"ws://localhost"}), "mix"), "none");
}

TEST(LoadgenOptions, Describe_OfAServerWithALog) {
  EXPECT_EQ(setting(plan_of({"--ack"}), "acknowledgements"), "measured");
  EXPECT_EQ(setting(plan_of({}), "acknowledgements"), "none");
  EXPECT_EQ(setting(plan_of({"--workload", "slow-readers"}), "slow readers"),
            "4.0 % of the clients read nothing for 20s at a time");
  EXPECT_EQ(setting(plan_of({"--workload", "slow-readers", "--slow-rate", "2048"}), "slow readers"),
            "4.0 % of the clients read 2.00 KiB/s for 20s at a time");
  EXPECT_EQ(setting(plan_of({"--workload", "reconnect"}), "reconnects"),
            "10/s by 10.0 % of the clients");
  EXPECT_EQ(setting(plan_of({"--workload", "crash"}), "kills"), "50, one in 1s");
}

TEST(LoadgenOptions, Crash_NeedsNoTarget_OrACommandForIt) {
  EXPECT_EQ(plan_of({"--workload", "crash"}).spawn, "");
  const Plan plan =
      plan_of({"--workload", "crash", "--spawn", "chat-server --listen :7000", "localhost:7000"});
  EXPECT_EQ(plan.target.host_and_port, "localhost:7000");
}

TEST(LoadgenOptions, Describe_OfAClosedLoopASearchAndChurn) {
  const Plan closed = plan_of({"--closed-loop", "--window", "7"});
  EXPECT_EQ(setting(closed, "loop"), "closed, 7 in flight");
  EXPECT_EQ(setting(closed, "stages"), "10s");
  EXPECT_NE(setting(plan_of({"--find-max"}), "search"), "none");
  EXPECT_EQ(setting(plan_of({"--workload", "churn", "--churn-rate", "2.5"}), "churn"),
            "2.5 clients/s");
}

}  // namespace
}  // namespace loadgen
