// chat-loadgen as a user meets it: real processes, exit codes, files; and what it finds in a server
// that is broken on purpose.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/loadgen_run.h"
#include "tests/integration/process.h"

namespace integration {
namespace {

using loadgen::Integrity;

constexpr const char* kFaultyServer = FAULTY_CHAT_SERVER_PATH;

// A port of 127.0.0.1 where nobody answers, and that nobody else gets while this lives.
class BoundPort {
 public:
  BoundPort() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    auto* const any = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(bind(fd_, any, size), 0);
    EXPECT_EQ(getsockname(fd_, any, &size), 0);
  }
  ~BoundPort() { close(fd_); }
  BoundPort(const BoundPort&) = delete;
  BoundPort& operator=(const BoundPort&) = delete;

  std::uint16_t port() const { return ntohs(address_.sin_port); }

 private:
  int fd_;
  sockaddr_in address_{};
};

// Three of twelve speak, so that members can disagree about an order. After a loss the generator
// waits in vain at the end of the warm-up, too, so there is none.
const Args kShortRun{"--clients", "12",        "--senders", "3",          "--rate",
                     "200",       "--warm-up", "0s",        "--duration", "1s"};

struct Breakage {
  std::string fault;
  std::uint64_t Integrity::*counter;
  std::string words;  // of the report
};

std::ostream& operator<<(std::ostream& out, const Breakage& breakage) {
  return out << breakage.fault;
}

class LoadgenOfBrokenServer : public testing::TestWithParam<Breakage> {};
INSTANTIATE_TEST_SUITE_P(Faults, LoadgenOfBrokenServer,
                         testing::Values(Breakage{"drop", &Integrity::lost, "lost"},
                                         Breakage{"swap", &Integrity::reordered, "out of order"},
                                         Breakage{"double", &Integrity::doubled, "twice"},
                                         Breakage{"corrupt", &Integrity::corrupted, "corrupted"}),
                         [](const auto& tested) { return tested.param.fault; });

TEST_P(LoadgenOfBrokenServer, CountsEveryFaultAndEndsWith100) {
  const ServerProcess server(kFaultyServer, {"--fault", GetParam().fault, "--every", "101"});
  const Measured measured = measure(server.port(), kShortRun);
  EXPECT_EQ(measured.exit_code, kIntegrityBroken) << measured.output;
  EXPECT_NE(measured.output.find(GetParam().words), std::string::npos) << measured.output;
  EXPECT_GT(faults_made(server), 0U);
  const std::uint64_t found = measured.result.integrity.*GetParam().counter;
  EXPECT_GE(found, faults_made(server)) << measured.output;
  // When the one who is served first gets a swapped pair, all others seem to be wrong.
  if (GetParam().fault != "swap") {
    EXPECT_EQ(found, faults_made(server)) << measured.output;
  }
}

TEST(Loadgen, OneFaultAmongThousands_IsFound) {
  const ServerProcess server(kFaultyServer, {"--fault", "drop", "--every", "1500"});
  const Measured measured = measure(server.port(), kShortRun);
  EXPECT_EQ(measured.exit_code, kIntegrityBroken) << measured.output;
  EXPECT_EQ(faults_made(server), 1U);
  EXPECT_EQ(measured.result.integrity.lost, 1U);
  EXPECT_EQ(measured.result.integrity.delivered + 1, measured.result.integrity.expected);
}

TEST(Loadgen, SoundServer_HasEveryDeliveryAccountedFor) {
  const ServerProcess server(kFaultyServer, {"--fault", "none"});
  const Measured measured = measure(server.port(), kShortRun);
  // A machine too busy for the generator to be punctual makes a run invalid, but no less intact.
  EXPECT_TRUE(measured.exit_code == kPassed || measured.exit_code == kInvalid) << measured.output;
  EXPECT_TRUE(measured.result.integrity.intact());
  EXPECT_GT(measured.result.integrity.delivered, 0U);
  EXPECT_EQ(measured.result.integrity.delivered, measured.result.integrity.expected);
}

TEST(Loadgen, StalledServer_CannotHide) {
  // 12 clients hear 200 messages a second, 2,200 deliveries: the stall comes a second after the
  // warm-up, and the messages of a third of the time wait for its end.
  const ServerProcess server(kFaultyServer, {"--fault", "stall", "--every", "2640"});
  const Measured measured =
      measure(server.port(), {"--clients", "12", "--rate", "200", "--warm-up", "200ms",
                              "--duration", "3s", "--slo", "p99<200ms"});
  EXPECT_EQ(measured.exit_code, kObjectiveMissed) << measured.output;
  EXPECT_EQ(faults_made(server), 1U);
  EXPECT_TRUE(measured.result.integrity.intact());
  const loadgen::Latency& latency = measured.result.total.latency;
  EXPECT_GE(latency.corrected.percentile_ns(99), 500'000'000U);
  EXPECT_LT(latency.uncorrected.percentile_ns(50), latency.corrected.percentile_ns(99) / 2);
}

TEST(Loadgen, WhatComesLate_CountsAsDeliveredLate) {
  // The stall begins after nine tenths of the second in which messages are sent.
  const ServerProcess server(kFaultyServer, {"--fault", "stall", "--every", "1980"});
  const Measured measured = measure(
      server.port(), {"--clients", "12", "--rate", "200", "--warm-up", "0s", "--duration", "1s"});
  const loadgen::StageResult& total = measured.result.total;
  EXPECT_TRUE(measured.result.integrity.intact()) << measured.output;
  EXPECT_EQ(total.delivered, 2200U);
  EXPECT_GE(total.delivering_seconds, 1.8);
  EXPECT_LE(total.delivered_per_second(), 2200 / 1.8);
  EXPECT_LT(total.seconds, total.delivering_seconds);
}

TEST(Loadgen, EveryReport_IsWritten) {
  const ServerProcess server(CHAT_SERVER_PATH);
  const std::string base = fmt::format("{}loadgen_test.{}", testing::TempDir(), getpid());
  const Measured measured = measure(
      server.port(), {"--clients", "4", "--closed-loop", "--window", "4", "--warm-up", "0s",
                      "--duration", "100ms", "--server-pid", std::to_string(server.pid()), "--csv",
                      base + ".csv", "--hgrm", base + ".hgrm", "--html", base + ".html"});
  EXPECT_EQ(measured.result.server.pid, server.pid()) << measured.output;
  EXPECT_GT(measured.result.server.memory_peak_bytes, 0U);
  EXPECT_GT(measured.result.server.cpu_seconds, 0);
  const auto first_line_of = [&base](const char* ending) {
    const std::string path = base + ending;
    std::string line;
    std::getline(std::ifstream(path), line);
    std::filesystem::remove(path);
    return line;
  };
  EXPECT_TRUE(first_line_of(".csv").starts_with("at_seconds,"));
  EXPECT_TRUE(first_line_of(".hgrm").find("Percentile") != std::string::npos);
  EXPECT_TRUE(first_line_of(".html").starts_with("<!DOCTYPE html>"));
}

TEST(Loadgen, EveryWorkload_PassesAgainstOurServer) {
  // In a closed loop nothing depends on how punctual this machine is; only where it has many
  // processors the generator can be the limit.
  const std::vector<Args> workloads{
      {"--workload", "fanout", "--closed-loop", "--window", "4"},
      {"--workload", "fanout", "--closed-loop", "--window", "8", "--senders", "8"},
      {"--workload", "direct", "--closed-loop", "--window", "20"},
      {"--workload", "rooms", "--closed-loop", "--window", "8", "--rooms", "4", "--senders", "8"},
      {"--workload", "rooms", "--closed-loop", "--window", "4", "--rooms", "2", "--threads", "2"},
      {"--workload", "fanout", "--closed-loop", "--window", "4", "--senders", "4", "--threads",
       "2"},
      {"--workload", "churn", "--closed-loop", "--window", "4"},
      {"--workload", "storm", "--closed-loop", "--window", "4"},
      {"--workload", "idle"},
  };
  const ServerProcess server(CHAT_SERVER_PATH, {"--threads", "2"});
  for (Args args : workloads) {
    args.insert(args.end(), {"--clients", "20", "--warm-up", "100ms", "--duration", "500ms"});
    const Measured measured = measure(server.port(), args);
    const std::string shown = fmt::format("{}\n{}", fmt::join(args, " "), measured.output);
    EXPECT_TRUE(measured.exit_code == kPassed || measured.exit_code == kInvalid) << shown;
    EXPECT_TRUE(measured.result.integrity.intact()) << shown;
    EXPECT_EQ(measured.result.integrity.delivered, measured.result.integrity.expected) << shown;
    EXPECT_EQ(measured.result.registration.clients, 20U) << shown;
  }
}

// A directory that is gone with the test.
class Scratch {
 public:
  Scratch() : path_(fmt::format("{}loadgen_test.{}.data", testing::TempDir(), getpid())) {
    std::filesystem::remove_all(path_);
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Some five of its ten megabytes a second are more than the system's buffers hold.
const Args kSlowRun{"--workload", "slow-readers", "--clients",  "10",   "--slow-share", "20%",
                    "--rate",     "1000",         "--size",     "4000", "--warm-up",    "0s",
                    "--duration", "4s",           "--slow-for", "3s"};
const Args kReconnectRun{
    "--workload",       "reconnect", "--clients", "12", "--reconnect-share", "25%", "--rate", "200",
    "--reconnect-rate", "20",        "--warm-up", "0s", "--duration",        "2s"};

TEST(Loadgen, SlowReaders_AreServedInTheEnd) {
  const ServerProcess server(CHAT_SERVER_PATH);
  const Measured measured = measure(server.port(), kSlowRun);
  EXPECT_TRUE(measured.exit_code == kPassed || measured.exit_code == kInvalid) << measured.output;
  EXPECT_TRUE(measured.result.integrity.intact()) << measured.output;
  EXPECT_EQ(measured.result.integrity.delivered, 4000U * 9) << measured.output;
  EXPECT_EQ(measured.result.slow_readers.readers, 2U);
  EXPECT_EQ(measured.result.slow_readers.never, 0U);
  EXPECT_GT(measured.result.slow_readers.behind_max, 2500U) << measured.output;
  EXPECT_GE(measured.result.slow_readers.catching_up.count(), 2U);
}

TEST(Loadgen, SlowReadersOfAServerThatDropsForThem_LoseIt) {
  const ServerProcess server(kFaultyServer, {"--fault", "drop-slow"});
  const Measured measured = measure(server.port(), kSlowRun);
  EXPECT_EQ(measured.exit_code, kIntegrityBroken) << measured.output;
  EXPECT_GT(faults_made(server), 0U);
  EXPECT_EQ(measured.result.integrity.lost, faults_made(server)) << measured.output;
}

TEST(Loadgen, Reconnects_MissNothing) {
  const ServerProcess server(CHAT_SERVER_PATH);
  const Measured measured = measure(server.port(), kReconnectRun);
  EXPECT_TRUE(measured.exit_code == kPassed || measured.exit_code == kInvalid) << measured.output;
  EXPECT_TRUE(measured.result.integrity.intact()) << measured.output;
  EXPECT_EQ(measured.result.integrity.delivered, 400U * 11) << measured.output;
  EXPECT_GT(measured.result.reconnects.dropped, 5U);
  EXPECT_EQ(measured.result.reconnects.catching_up.count(), measured.result.reconnects.dropped);
  EXPECT_EQ(measured.result.reconnects.gaps, 0U);
}

TEST(Loadgen, ReconnectsThatAreDoubledOrSkipped_AreFound) {
  for (const bool doubles : {false, true}) {
    const ServerProcess server(kFaultyServer,
                               {"--fault", doubles ? "double-resumed" : "skip-resumed"});
    const Measured measured = measure(server.port(), kReconnectRun);
    EXPECT_EQ(measured.exit_code, kIntegrityBroken) << measured.output;
    EXPECT_GT(faults_made(server), 0U);
    const Integrity& found = measured.result.integrity;
    EXPECT_EQ(doubles ? found.doubled : found.lost, faults_made(server)) << measured.output;
  }
}

TEST(Loadgen, Acknowledgements_AreMeasured) {
  const Scratch data;
  const ServerProcess server(CHAT_SERVER_PATH, {"--data", data.path()});
  const std::vector<Args> workloads{
      {"--workload", "fanout"}, {"--workload", "rooms", "--rooms", "2"}, {"--workload", "direct"}};
  for (Args args : workloads) {
    args.insert(args.end(), {"--ack", "--clients", "10", "--rate", "100", "--warm-up", "0s",
                             "--duration", "500ms", "--slo", "ack-max<1m"});
    const Measured measured = measure(server.port(), args);
    EXPECT_TRUE(measured.exit_code == kPassed || measured.exit_code == kInvalid) << measured.output;
    EXPECT_EQ(measured.result.acks.asked, 50U) << measured.output;
    EXPECT_EQ(measured.result.acks.missing, 0U) << measured.output;
    EXPECT_EQ(measured.result.total.acks.corrected.count(), 50U) << measured.output;
  }
}

Measured crash(const std::string& command, Args args) {
  args.insert(args.end(), {"--workload", "crash", "--clients", "6", "--senders", "3", "--rate",
                           "200", "--kill-every", "100ms"});
  if (!command.empty()) {
    args.insert(args.end(), {"--spawn", command});
  }
  return measure(std::move(args));
}

TEST(Loadgen, ServerThatIsKilled_KeepsWhatItHasAcknowledged) {
  for (const char* durability : {"commit", "sync"}) {
    const Scratch data;
    const Measured measured = crash(fmt::format("{} --listen 127.0.0.1:0 --data {} --durability {}",
                                                CHAT_SERVER_PATH, data.path(), durability),
                                    {"--kills", "4"});
    EXPECT_EQ(measured.exit_code, kPassed) << measured.output;
    EXPECT_EQ(measured.result.crash.kills, 4U) << measured.output;
    const loadgen::HistoryResult& history = measured.result.crash.history;
    EXPECT_GT(history.acknowledged, 10U) << measured.output;
    EXPECT_EQ(history.in_history, history.acknowledged) << measured.output;
    EXPECT_GT(measured.result.server.memory_peak_bytes, 0U);
  }
}

TEST(Loadgen, Crash_FindsTheServerBesideItself) {
  const Measured measured = crash("", {"--kills", "1"});
  EXPECT_EQ(measured.exit_code, kPassed) << measured.output;
  EXPECT_EQ(measured.result.crash.kills, 1U) << measured.output;
}

TEST(Loadgen, ServerThatForgetsWhenItIsKilled_IsFoundAndTheMessageNamed) {
  const Scratch data;
  const Measured measured =
      crash(fmt::format("{} --forget --data {}", kFaultyServer, data.path()), {"--kills", "3"});
  EXPECT_EQ(measured.exit_code, kIntegrityBroken) << measured.output;
  EXPECT_GT(measured.result.crash.history.missing, 0U) << measured.output;
  ASSERT_FALSE(measured.result.crash.history.offenders.empty()) << measured.output;
  const std::string& offender = measured.result.crash.history.offenders.front();
  EXPECT_TRUE(offender.starts_with("message ")) << offender;
  EXPECT_NE(offender.find("was acknowledged and is not in the history after kill"),
            std::string::npos)
      << offender;
  EXPECT_NE(measured.output.find("offenders"), std::string::npos) << measured.output;
}

TEST(Loadgen, ServerThatKeepsNothing_HasBrokenItsWord) {
  const Measured measured = crash(
      fmt::format("{} --listen 127.0.0.1:0 --durability none", CHAT_SERVER_PATH), {"--kills", "1"});
  EXPECT_EQ(measured.exit_code, kIntegrityBroken) << measured.output;
  EXPECT_GT(measured.result.crash.history.missing, 0U) << measured.output;
}

TEST(Loadgen, RateAtWhichNothingComes_IsNotKept) {
  const ServerProcess server(kFaultyServer, {"--fault", "drop", "--every", "1"});
  // So low that the search ends with its first trial: each waits in vain for what is lost.
  const Measured measured = measure(server.port(), {"--clients", "4", "--find-max", "--rate", "0.9",
                                                    "--warm-up", "0s", "--duration", "300ms"});
  EXPECT_EQ(measured.exit_code, kIntegrityBroken) << measured.output;
  EXPECT_EQ(measured.result.stages.size(), 1U);
  EXPECT_EQ(measured.result.max_rate_kept, 0) << measured.output;
}

TEST(Loadgen, InterruptedBeforeAnythingIsMeasured_IsNoRun) {
  struct Interruption {
    const char* phase;
    Args args;
  };
  const std::vector<Interruption> interruptions{
      {"warming up", {"--warm-up", "60s"}},
      {"trial 1", {"--find-max", "--warm-up", "0s", "--duration", "60s"}},
  };
  const ServerProcess server(CHAT_SERVER_PATH);
  for (const Interruption& interruption : interruptions) {
    Args args = interruption.args;
    args.insert(args.end(), {"--clients", "4", fmt::format("127.0.0.1:{}", server.port())});
    Process process(kLoadgen, args);
    ASSERT_TRUE(process.wait_for_output(interruption.phase));
    process.terminate();
    EXPECT_EQ(process.wait_exit(), kCouldNotRun) << process.output();
    EXPECT_NE(process.output().find("interrupted before anything was measured"), std::string::npos)
        << process.output();
  }
}

TEST(Loadgen, SpawnedServerThatNamesItsAddressInWordsOfItsOwn_IsFoundAtTheTarget) {
  const std::uint16_t port = BoundPort().port();
  const std::string command = fmt::format(
      "sh -c 'echo \"Now listening on [127.0.0.1]:{0} (socket 5).\"; exec {1} --listen "
      "127.0.0.1:{0}'",
      port, CHAT_SERVER_PATH);
  const Measured measured =
      measure(port, {"--spawn", command, "--clients", "4", "--closed-loop", "--window", "4",
                     "--warm-up", "0s", "--duration", "100ms"});
  EXPECT_TRUE(measured.exit_code == kPassed || measured.exit_code == kInvalid) << measured.output;
  EXPECT_GT(measured.result.integrity.delivered, 0U) << measured.output;
}

TEST(Loadgen, UsageErrors_AreToldAndEndWith2) {
  const std::vector<Args> mistakes{
      {"--no-such-option"},
      {"--clients", "none"},
      {"--clients", "0"},
      {"--workload", "nonsense"},
      {"--slo", "p99"},
      {"--duration", "-1s"},
      {"--stages", "1s"},
      {"--size", "5"},
      {"gopher://localhost"},
      {"lines://localhost:1", "--workload", "direct"},
      {"--closed-loop", "--rate", "100"},
      {"nats://localhost:1", "--ack"},
      {"nats://localhost:1", "--workload", "reconnect"},
      {"--workload", "crash", "localhost:1"},
  };
  for (const Args& args : mistakes) {
    const Outcome run = run_loadgen(args);
    EXPECT_EQ(run.exit_code, kUsage) << fmt::format("{}\n{}", fmt::join(args, " "), run.output);
    EXPECT_FALSE(run.output.empty());
  }
}

TEST(Loadgen, NobodyListening_IsOneClearLineAndExitCode1) {
  const BoundPort nobody;
  const Outcome run = run_loadgen({fmt::format("127.0.0.1:{}", nobody.port()), "--quiet"});
  EXPECT_EQ(run.exit_code, kCouldNotRun) << run.output;
  EXPECT_EQ(std::count(run.output.begin(), run.output.end(), '\n'), 1) << run.output;
}

}  // namespace
}  // namespace integration
