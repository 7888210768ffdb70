#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reactor/address.h"
#include "reactor/net.h"
#include "tools/loadgen/wire.h"

namespace loadgen {

using reactor::Duration;

enum class Workload : std::uint8_t { kFanout, kDirect, kRooms, kChurn, kIdle, kStorm };
const char* to_string(Workload workload);

// When messages are due: evenly spaced, or at random with the same mean (a Poisson process, as
// independent people make it).
enum class Arrivals : std::uint8_t { kFixed, kPoisson };
const char* to_string(Arrivals arrivals);

// A part of the run with one rate of its own.
struct Stage {
  double messages_per_second = 0;  // 0 in a closed loop
  Duration duration{};

  bool operator==(const Stage&) const = default;
};

// How long payloads are: each range is taken as often as its weight says, and every length in it
// equally often.
struct SizeRange {
  std::size_t bytes_min = 64;
  std::size_t bytes_max = 64;
  double weight = 1;

  bool operator==(const SizeRange&) const = default;
};

// What a percentile of the corrected latency must stay below, as in p99<10ms.
struct Objective {
  double percent = 99;  // 100: the slowest
  std::uint64_t below_ns = 0;

  std::string to_string() const;
  bool operator==(const Objective&) const = default;
};

struct Target {
  Protocol protocol = Protocol::kNative;
  std::string host_and_port = "localhost:8888";
  std::vector<reactor::Address> addresses;  // resolved, in the order to try

  std::string to_string() const;
};

// Everything that a run is to do. Made by the options, checked, then only read.
struct Plan {
  Target target;
  std::string spawn;   // a command that starts the server; empty: it runs already
  int server_pid = 0;  // 0: not watched

  Workload workload = Workload::kFanout;
  Arrivals arrivals = Arrivals::kFixed;
  bool closed_loop = false;
  bool find_max = false;
  bool spin = false;

  std::size_t clients = 200;
  std::size_t rooms = 1;
  std::size_t senders = 1;
  // Messages on their way at most, in a closed loop. One is there when all have it whose clients
  // are on the sender's thread.
  std::size_t window = 128;
  std::size_t threads = 1;
  std::size_t connects_at_once = 256;
  double connects_per_second = 0;  // 0: as fast as they are answered
  double churns_per_second = 0;    // clients that leave, each replaced by a new one
  std::uint64_t seed = 1;

  std::vector<SizeRange> sizes = std::vector<SizeRange>(1);
  std::vector<Stage> stages;
  std::vector<Objective> objectives;
  std::vector<reactor::Address> source_addresses;  // empty: the system's choice
  Duration warm_up = std::chrono::seconds{2};      // at the first stage's rate; not measured
  Duration ramp_up{};  // of the warm-up's rate, from nothing; part of it
};

}  // namespace loadgen
