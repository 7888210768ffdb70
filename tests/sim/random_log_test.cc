// Whole servers with their store on a simulated disk: connections are lost, readers are slow, the
// disk fails, the server is killed and the power goes, and still nobody misses a message without
// being told, none comes twice, and what was acknowledged is there. One seed decides one run.
//
//   CHAT_SIM_SEED=17 …      runs only this seed
//   CHAT_SIM_SEEDS=5000 …   runs so many

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "tests/sim/chat_sim.h"
#include "tests/sim/log_actor.h"
#include "tests/sim/log_oracle.h"

namespace {

using sim::ChatSim;
using sim::LogActor;
using sim::LogOracle;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeedsByDefault = 1000;

std::uint64_t env_or(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What may go wrong in a run beside connections and slow readers.
struct Trouble {
  bool delivers_when_kept = false;
  bool server_is_killed = false;
  bool power_fails = false;
  bool disk_fails = false;
  bool history_is_short = false;  // old messages are deleted while the run goes on
};

class LogRun {
 public:
  LogRun(std::uint64_t seed, std::uint16_t threads, const Trouble& trouble)
      : trouble_(trouble),
        oracle_(!trouble.delivers_when_kept, trouble.history_is_short),
        sim_(seed, options(threads), storage()) {
    sim_.world().socket_buffer_bytes = 256 << random(6);
    for (std::size_t i = 0, count = 3 + random(5); i < count; ++i) {
      actors_.emplace_back(sim_, fmt::format("a{}", i));
      actors_.back().come_back();
    }
  }

  // Empty, or what is broken.
  std::string play() {
    for (std::size_t i = 0, steps = 1000 + random(2000); i < steps; ++i) {
      LogActor& actor = actors_[random(actors_.size())];
      if (sim_.world().chance(100)) {
        actor.act(names());
      }
      disturb(actor);
      sim_.step();
      actor.digest();
      if (std::string broken = sim_.broken_invariant(); !broken.empty()) {
        return broken;
      }
    }
    return wind_up();
  }

  void dump() const {
    for (const auto& [id, message] : oracle_.messages()) {
      fmt::print("{} {}: {} in {} ({})\n", id, message.sender, message.text, message.room,
                 message.session);
    }
    for (const LogActor& actor : actors_) {
      for (const auto& [token, lines] : actor.transcripts()) {
        for (const std::string& line : lines) {
          fmt::print("{} {} < {}\n", actor.name(), token, line.substr(0, 120));
        }
      }
    }
  }

 private:
  static chat::ServerOptions options(std::uint16_t threads) {
    chat::ServerOptions options = ChatSim::default_options();
    options.threads = threads;
    // Small enough for the marks to be met.
    options.limits.out_bytes_max = 256 << 10;
    options.limits.out_high_mark_bytes = 800;
    options.limits.out_low_mark_bytes = 200;
    options.limits.tail_bytes = 1 << 10;
    options.limits.handover_bytes_max = 4 << 10;
    options.limits.resume_window = seconds{20};
    options.limits.history_since_join = true;
    return options;
  }

  sim::SimStorage storage() {
    sim::SimStorage storage;
    storage.delivers_when_kept = trouble_.delivers_when_kept;
    storage.queue_bytes_max = 2 << 10;
    storage.watcher = &oracle_;
    if (trouble_.history_is_short) {
      storage.retention.age_max_ms = 1500;
    }
    return storage;
  }

  std::size_t random(std::size_t bound) { return sim_.world().below(bound); }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const LogActor& actor : actors_) {
      names.push_back(actor.name());
    }
    return names;
  }

  void disturb(LogActor& actor) {
    sim::World& world = sim_.world();
    if (world.chance(10)) {
      actor.lose_connection();
    }
    if (world.chance(60)) {
      actor.come_back();
    }
    if (world.chance(15) && actor.has_connection()) {
      actor.peer()->reads = !actor.peer()->reads;
    }
    if (world.chance(3)) {
      world.advance(milliseconds{random(1500)});
    }
    if (trouble_.disk_fails && world.chance(5)) {
      disk_works_ = !disk_works_;
      sim_.disk().faults = disk_works_ ? sim::DiskFaults{} : sim::DiskFaults{0, 0, 100, 100};
    }
    if (trouble_.server_is_killed && world.chance(3)) {
      begin_anew();
    }
  }

  void begin_anew() {
    sim_.disk().faults = {};
    disk_works_ = true;
    if (trouble_.power_fails || random(2) == 0) {
      sim_.crash(trouble_.power_fails);
    } else {
      sim_.restart();
    }
  }

  // Nothing goes wrong any more, everybody is there and reads.
  std::string wind_up() {
    sim_.disk().faults = {};
    for (int round = 0; round < 20; ++round) {
      for (LogActor& actor : actors_) {
        actor.come_back();
        if (actor.has_connection()) {
          actor.peer()->reads = true;
        }
      }
      sim_.pass(milliseconds{200});
      for (LogActor& actor : actors_) {
        actor.digest();
      }
    }
    if (std::string broken = check_clients(); !broken.empty()) {
      return broken;
    }
    sim_.restart();  // the oracle looks at the store
    if (!oracle_.mistake().empty()) {
      return oracle_.mistake();
    }
    if (std::string broken = check_acknowledged(); !broken.empty()) {
      return broken;
    }
    return sim_.leftovers();
  }

  std::string check_clients() {
    for (const LogActor& actor : actors_) {
      if (std::string missing = actor.what_is_missing(); !missing.empty()) {
        return missing;
      }
      for (const auto& [token, lines] : actor.transcripts()) {
        const bool is_there = token == actor.token();
        if (std::string broken = oracle_.check_transcript(token, lines, is_there);
            !broken.empty()) {
          return broken;
        }
      }
    }
    return oracle_.mistake();
  }

  std::string check_acknowledged() {
    for (const LogActor& actor : actors_) {
      for (const LogActor::Acknowledged& one : actor.acknowledged()) {
        if (std::string broken =
                oracle_.check_acknowledged(one.token, one.client_id, one.id, one.text);
            !broken.empty()) {
          return broken;
        }
      }
    }
    return {};
  }

  const Trouble trouble_;
  LogOracle oracle_;
  ChatSim sim_;
  std::deque<LogActor> actors_;
  bool disk_works_ = true;
};

constexpr Trouble kNone;
constexpr Trouble kSync{.delivers_when_kept = true};
constexpr Trouble kKills{.server_is_killed = true};
constexpr Trouble kPower{.server_is_killed = true, .power_fails = true};
constexpr Trouble kSyncAndPower{
    .delivers_when_kept = true, .server_is_killed = true, .power_fails = true};
constexpr Trouble kDisk{.disk_fails = true};
constexpr Trouble kSyncAndDisk{.delivers_when_kept = true, .disk_fails = true};
constexpr Trouble kRetention{.history_is_short = true};
constexpr Trouble kEverything{
    .server_is_killed = true, .power_fails = true, .disk_fails = true, .history_is_short = true};

struct Scenario {
  const char* name;
  const Trouble* trouble;
};

class RandomLog : public testing::TestWithParam<Scenario> {};

TEST_P(RandomLog, NothingIsMissedOrDoubledWhateverHappens) {
  constexpr std::uint64_t kScenarios = 9;
  const std::uint64_t only = env_or("CHAT_SIM_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last =
      only != 0 ? only : (env_or("CHAT_SIM_SEEDS", kSeedsByDefault) + kScenarios - 1) / kScenarios;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    LogRun run(seed, static_cast<std::uint16_t>(1 + seed % 3), *GetParam().trouble);
    const std::string broken = run.play();
    if (only != 0 && !broken.empty()) {
      run.dump();
    }
    ASSERT_EQ(broken, "") << "seed " << seed << "; repeat it with: CHAT_SIM_SEED=" << seed
                          << " sim_tests --gtest_filter=*NothingIsMissedOrDoubled*/"
                          << GetParam().name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Whatever, RandomLog,
    testing::Values(Scenario{"None", &kNone}, Scenario{"Sync", &kSync}, Scenario{"Kills", &kKills},
                    Scenario{"Power", &kPower}, Scenario{"SyncAndPower", &kSyncAndPower},
                    Scenario{"Disk", &kDisk}, Scenario{"SyncAndDisk", &kSyncAndDisk},
                    Scenario{"Retention", &kRetention}, Scenario{"Everything", &kEverything}),
    [](const testing::TestParamInfo<Scenario>& scenario) { return scenario.param.name; });

}  // namespace
