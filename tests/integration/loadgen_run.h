#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/integration/process.h"
#include "tools/loadgen/result.h"

// Runs of chat-loadgen as a process of its own.
namespace integration {

using Args = std::vector<std::string>;

inline constexpr const char* kLoadgen = CHAT_LOADGEN_PATH;
inline constexpr std::chrono::milliseconds kRunPatience{60'000};

// The exit codes that chat-loadgen promises.
inline constexpr int kPassed = 0;
inline constexpr int kCouldNotRun = 1;
inline constexpr int kUsage = 2;
inline constexpr int kInvalid = 98;
inline constexpr int kObjectiveMissed = 99;
inline constexpr int kIntegrityBroken = 100;

struct Outcome {
  int exit_code = -1;
  std::string output;
};
Outcome run_loadgen(const Args& args);

// A run with what its --json file says.
struct Measured : Outcome {
  loadgen::Result result;
};
Measured measure(Args args);
// Against 127.0.0.1.
Measured measure(std::uint16_t port, Args args);

// How often a faulty_chat_server has done wrong.
std::uint64_t faults_made(const Process& server);

}  // namespace integration
