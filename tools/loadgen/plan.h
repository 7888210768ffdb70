#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "reactor/address.h"
#include "reactor/net.h"
#include "tools/client_tls.h"
#include "tools/loadgen/kind.h"

namespace loadgen {

using reactor::Duration;

enum class Workload : std::uint8_t {
  kFanout,
  kDirect,
  kRooms,
  kChurn,
  kIdle,
  kStorm,
  kSlowReaders,  // some read slowly or not at all for a while
  kReconnect,    // some lose their connection and resume, again and again
  kCrash,        // the server is killed and started again, again and again
};
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

// REQUIRES: not empty.
std::size_t pick_size(const std::vector<SizeRange>& sizes, std::mt19937_64& random);

// What a percentile of the corrected latency must stay below, as in p99<10ms.
struct Objective {
  double percent = 99;  // 100: the slowest
  std::uint64_t below_ns = 0;
  bool of_acks = false;  // of the acknowledgements, not of the deliveries

  std::string to_string() const;
  bool operator==(const Objective&) const = default;
};

// Some of the clients read only so much, for so long; then they catch up as fast as they can, and
// begin again.
struct SlowReaderPlan {
  double share = 0.04;          // of the clients
  double bytes_per_second = 0;  // 0: nothing
  Duration spell = std::chrono::seconds{20};

  bool operator==(const SlowReaderPlan&) const = default;
};

// Some of the clients drop their connection and resume, in turn.
struct ReconnectPlan {
  double share = 0.1;      // of the clients
  double per_second = 10;  // of all of them together

  bool operator==(const ReconnectPlan&) const = default;
};

// The server is killed at random moments.
struct CrashPlan {
  std::size_t kills = 50;
  Duration every = std::chrono::seconds{1};  // the mean time from the start to the kill

  bool operator==(const CrashPlan&) const = default;
};

// Clients of one kind, and how many of them there are for so many of the others.
struct KindShare {
  Kind kind;
  std::size_t share = 1;

  bool operator==(const KindShare&) const = default;
};

struct Target {
  // At least one; if there are more, there are clients of every kind.
  std::vector<KindShare> kinds = std::vector<KindShare>(1);
  std::string host_and_port = "localhost:8888";
  std::string host = "localhost";  // for which the server's certificate has to be
  std::string path;                // of the WebSocket; empty: the usual one
  std::string ca_file;             // over TLS: whom to trust; empty: whom the system trusts
  bool verify = true;              // over TLS: whether to trust only these

  // Found out before the run.
  std::vector<reactor::Address> addresses;  // resolved, in the order to try
  tools::NewTransport new_transport;        // null: nobody is over TLS

  bool is_mixed() const { return kinds.size() > 1; }
  bool has_tls() const;
  bool has_websocket() const;
  bool echoes() const;  // all of them get back what they have said
  WebSocketPlace place() const;
  // Null: connections of this kind are not secured.
  const tools::NewTransport* transport_for(const Kind& kind) const;
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
  bool acks = false;  // what is sent is to be acknowledged, and that is measured

  SlowReaderPlan slow_readers;  // of kSlowReaders
  ReconnectPlan reconnects;     // of kReconnect
  CrashPlan crash;              // of kCrash

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
