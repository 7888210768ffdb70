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

#include "tests/integration/process.h"
#include "tools/loadgen/result_json.h"

namespace integration {
namespace {

using Args = std::vector<std::string>;
using loadgen::Integrity;

constexpr const char* kLoadgen = CHAT_LOADGEN_PATH;
constexpr const char* kFaultyServer = FAULTY_CHAT_SERVER_PATH;
constexpr std::chrono::milliseconds kRunPatience{60'000};

// The exit codes that chat-loadgen promises.
constexpr int kPassed = 0;
constexpr int kCouldNotRun = 1;
constexpr int kUsage = 2;
constexpr int kInvalid = 98;
constexpr int kObjectiveMissed = 99;
constexpr int kIntegrityBroken = 100;

struct Outcome {
  int exit_code = -1;
  std::string output;
};

Outcome run_loadgen(const Args& args) {
  Process process(kLoadgen, args);
  const int exit_code = process.wait_exit(kRunPatience).value_or(-1);
  return {exit_code, process.output()};
}

// A run with what its --json file says.
struct Measured : Outcome {
  loadgen::Result result;
};

Measured measure(std::uint16_t port, Args args) {
  const std::string path = fmt::format("{}loadgen_test.{}.json", testing::TempDir(), getpid());
  std::filesystem::remove(path);
  args.insert(args.end(), {fmt::format("127.0.0.1:{}", port), "--json", path});
  Measured measured;
  static_cast<Outcome&>(measured) = run_loadgen(args);
  std::ifstream file(path);
  const std::string json{std::istreambuf_iterator<char>(file), {}};
  loadgen::ReadResult read = loadgen::from_json(json);
  EXPECT_EQ(read.error, "") << measured.output;
  measured.result = read.result.value_or(loadgen::Result{});
  EXPECT_EQ(static_cast<int>(measured.result.verdict), measured.exit_code) << measured.output;
  std::filesystem::remove(path);
  return measured;
}

std::uint64_t faults_made(const Process& server) {
  const std::string output = server.output();
  std::uint64_t count = 0;
  for (std::size_t at = 0; (at = output.find("fault\n", at)) != std::string::npos; ++at) {
    ++count;
  }
  return count;
}

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

TEST(Loadgen, EveryWorkload_PassesAgainstOurServer) {
  // In a closed loop nothing depends on how punctual this machine is.
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
    EXPECT_EQ(measured.exit_code, kPassed) << shown;
    EXPECT_TRUE(measured.result.integrity.intact()) << shown;
    EXPECT_EQ(measured.result.integrity.delivered, measured.result.integrity.expected) << shown;
    EXPECT_EQ(measured.result.registration.clients, 20U) << shown;
  }
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
  };
  for (const Args& args : mistakes) {
    const Outcome run = run_loadgen(args);
    EXPECT_EQ(run.exit_code, kUsage) << fmt::format("{}\n{}", fmt::join(args, " "), run.output);
    EXPECT_FALSE(run.output.empty());
  }
}

TEST(Loadgen, NobodyListening_IsOneClearLineAndExitCode1) {
  // Bound but not listening: nobody else gets the port, and nobody answers there.
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_GE(fd, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(fd, any, size), 0);
  ASSERT_EQ(getsockname(fd, any, &size), 0);
  const Outcome run =
      run_loadgen({fmt::format("127.0.0.1:{}", ntohs(address.sin_port)), "--quiet"});
  close(fd);
  EXPECT_EQ(run.exit_code, kCouldNotRun) << run.output;
  EXPECT_EQ(std::count(run.output.begin(), run.output.end(), '\n'), 1) << run.output;
}

}  // namespace
}  // namespace integration
