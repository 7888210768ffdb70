// Whole servers on the simulated OS, driven by chance: everything that goes wrong on a network goes
// wrong here, and the promises of the chat have to hold. One seed decides one run.
//
//   CHAT_SIM_SEED=17 …      runs only this seed
//   CHAT_SIM_SEEDS=5000 …   runs so many

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/chat_sim.h"
#include "tests/sim/order_oracle.h"

namespace {

using sim::ChatSim;
using sim::Peer;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeedsByDefault = 400;
constexpr int kRooms = 3;

std::uint64_t env_or(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// One client of a run and what is known about it.
struct Actor {
  Peer* peer = nullptr;
  std::string name;
  bool by_hand = false;
  bool steady = true;  // never ended by the test
  int sent = 0;
  std::vector<std::string> texts;  // sent where the observer has to see them
};

class Run {
 public:
  Run(std::uint64_t seed, std::uint16_t threads)
      : sim_(seed, options(threads)), observer_(enter_observer()) {
    choose_faults();
  }

  // Empty, or what is broken.
  std::string play() {
    for (std::size_t i = 0, count = 4 + random(8); i < count; ++i) {
      add_actor(i);
    }
    for (std::size_t i = 0, steps = 1500 + random(2500); i < steps; ++i) {
      if (sim_.world().chance(60)) {
        act(actors_[random(actors_.size())]);
      }
      disturb();
      sim_.step();
      if (std::string broken = sim_.broken_invariant(); !broken.empty()) {
        return broken;
      }
    }
    return wind_up();
  }

  // Everything that everybody got, for whoever looks into a failing seed.
  void dump() const {
    const auto show = [](std::string_view name, const Peer& peer) {
      for (const std::string& line : peer.lines()) {
        fmt::print("{} < {}\n", name, line.substr(0, 120));
      }
    };
    show("observer", *observer_);
    for (const Actor& actor : actors_) {
      fmt::print("{}: steady {}, open {}, unsent {}\n", actor.name, actor.steady,
                 actor.peer->open(), actor.peer->bytes_unsent());
      show(actor.name, *actor.peer);
    }
  }

 private:
  static chat::ServerOptions options(std::uint16_t threads) {
    chat::ServerOptions options = ChatSim::default_options();
    options.threads = threads;
    // Small enough for the marks to be met.
    options.limits.out_bytes_max = 256 << 10;
    options.limits.out_high_mark_bytes = 8 << 10;
    options.limits.out_low_mark_bytes = 2 << 10;
    options.limits.tail_bytes = 4 << 10;
    options.limits.handover_bytes_max = 4 << 10;
    return options;
  }

  std::size_t random(std::size_t bound) { return sim_.world().below(bound); }

  Peer* enter_observer() {
    Peer* observer = sim_.join_as("observer");
    for (int room = 0; room < kRooms; ++room) {
      observer->send_line(fmt::format("JOIN:r{}", room));
    }
    sim_.settle();
    return observer;
  }

  void choose_faults() {
    const auto up_to = [this](int most) {
      return sim_.world().chance(500) ? static_cast<int>(random(static_cast<std::size_t>(most)))
                                      : 0;
    };
    sim_.world().faults = {up_to(800), up_to(800), up_to(200), up_to(100),
                           up_to(300), up_to(500), 0};
    sim_.world().socket_buffer_bytes = 256 << random(8);
  }

  void add_actor(std::size_t index) {
    Actor actor;
    actor.peer = sim_.connect(
        make_speech(sim_.world().chance(300) ? sim::Speaks::kWebSocket : sim::Speaks::kNative));
    actor.name = fmt::format("a{}", index);
    actor.by_hand = sim_.world().chance(300);
    if (!actor.by_hand) {
      actor.peer->send_line(sim_.world().chance(500) ? "HELLO:1:tags" : "HELLO:1:tags,presence");
    }
    actor.peer->send_line("REGISTER:" + actor.name);
    actors_.push_back(actor);
  }

  void act(Actor& actor) {
    const std::string text = fmt::format("{}.{}", actor.name, actor.sent++);
    const std::size_t room = random(kRooms);
    switch (random(9)) {
      case 0:
      case 1:
        actor.peer->send_line("BROADCAST:" + text);
        actor.texts.push_back(text);
        break;
      case 2:
        actor.peer->send_line("CHAT:observer:" + text);
        actor.texts.push_back(text);
        break;
      case 3:
        actor.peer->send_line(fmt::format("JOIN:r{}", room));
        break;
      case 4:
        // Only a member may speak, so this one counts for the order only.
        actor.peer->send_line(fmt::format("SAY:r{}:{}", room, text));
        break;
      case 5:
        actor.peer->send_line(fmt::format("PART:r{}", room));
        break;
      case 6:
        actor.peer->send_line(nonsense());
        break;
      case 7:
        actor.peer->send_line(fmt::format("REQUEST:a{}", random(actors_.size())));
        break;
      default:
        actor.peer->send_line(fmt::format("ACCEPT:a{}", random(actors_.size())));
        break;
    }
  }

  std::string nonsense() {
    switch (random(6)) {
      case 0:
        return "CHAT:nobody";
      case 1:
        return "LIST:" + std::string(random(200), 'x');
      case 2:
        return "JOIN:\x01\xff\xfe";
      case 3:
        return "SAY:lobby:" + std::string(4096 + random(9000), 'y');
      case 4:
        return "LIST";
      default:
        return "PING:" + std::string(random(100), 'p');
    }
  }

  void disturb() {
    sim::World& world = sim_.world();
    if (world.chance(2)) {
      world.jump_wall_clock(static_cast<std::int64_t>(random(20'000)) - 10'000);
    }
    if (world.chance(1)) {
      world.advance(milliseconds{random(2000)});
    }
    if (world.chance(2)) {
      Actor& actor = actors_[random(actors_.size())];
      actor.peer->reads = !actor.peer->reads;
    }
    if (world.chance(2)) {
      // No descriptor is left for anybody, or there are plenty again.
      descriptors_ran_out_ = true;
      world.descriptors_max = world.chance(500) ? world.server_descriptors() : 100'000;
    }
    if (world.chance(1)) {
      end_one(actors_[random(actors_.size())]);
      add_actor(actors_.size());
    }
  }

  void end_one(Actor& actor) {
    actor.steady = false;
    switch (random(4)) {
      case 0:
        actor.peer->reset();
        break;
      case 1:
        actor.peer->close();
        break;
      case 2:
        actor.peer->shutdown_write();
        break;
      default:
        actor.peer->send_line("QUIT");
        break;
    }
  }

  // The faults stop, everybody reads, everybody who is left says one last thing everywhere.
  std::string wind_up() {
    sim_.world().faults = {};
    sim_.world().descriptors_max = 100'000;
    for (const Actor& actor : actors_) {
      actor.peer->reads = true;
    }
    sim_.pass(seconds{1});  // accepting goes on after a pause
    for (Actor& actor : actors_) {
      // Whoever came when there were no descriptors may have been sent away, but nobody else.
      actor.steady &= actor.peer->open() || !descriptors_ran_out_ ||
                      actor.peer->count("REG") != 0 || actor.peer->count("WELCOME") != 0;
    }
    for (Actor& actor : actors_) {
      if (actor.steady) {
        const std::string text = fmt::format("{}.last", actor.name);
        actor.peer->send_line("BROADCAST:" + text);
        actor.texts.push_back(text);
        for (int room = 0; room < kRooms; ++room) {
          actor.peer->send_line(fmt::format("SAY:r{}:{}.last{}", room, actor.name, room));
        }
      }
    }
    sim_.settle();
    std::string broken = check_orders();
    if (broken.empty()) {
      broken = check_nothing_is_lost();
    }
    return broken.empty() ? sim_.leftovers() : broken;
  }

  std::string check_orders() {
    const sim::Transcript observer = sim::read_transcript(observer_->lines());
    for (const Actor& actor : actors_) {
      const sim::Transcript transcript = sim::read_transcript(actor.peer->lines());
      if (actor.steady && !actor.peer->open()) {
        return fmt::format("{} was closed although it did nothing wrong; its last line: {}",
                           actor.name,
                           actor.peer->lines().empty() ? "none" : actor.peer->lines().back());
      }
      if (actor.steady && transcript.name != actor.name) {
        return fmt::format("{} was not registered", actor.name);
      }
      if (std::string broken = sim::check_against(observer, transcript, actor.steady);
          !broken.empty()) {
        return broken;
      }
      if (std::string broken = check_last_words(actor, transcript); !broken.empty()) {
        return broken;
      }
    }
    return {};
  }

  // Everybody who is left has heard the last words of everybody else, in the lobby at least.
  std::string check_last_words(const Actor& actor, const sim::Transcript& transcript) {
    if (!actor.steady) {
      return {};
    }
    std::multiset<std::string_view> heard;
    for (const sim::Transcript::Stay& stay : transcript.stays) {
      for (const sim::Delivery& delivery : stay.deliveries) {
        heard.insert(delivery.text);
      }
    }
    for (const Actor& other : actors_) {
      const std::string words = fmt::format("{}.last", other.name);
      if (other.steady && &other != &actor && heard.count(words) != 1) {
        return fmt::format("{} heard \"{}\" {} times", actor.name, words, heard.count(words));
      }
    }
    return {};
  }

  // What a steady client sent to everybody or to the observer arrived there once, in order.
  std::string check_nothing_is_lost() {
    std::map<std::string, std::vector<std::string>, std::less<>> seen;
    for (const std::string& line : observer_->lines()) {
      for (const std::string_view verb : {" MESSAGE:", " DIRECT:"}) {
        if (const std::size_t at = line.find(verb); at != std::string::npos) {
          const std::string rest = line.substr(at + verb.size());
          const std::size_t colon = rest.find(':');
          seen[rest.substr(0, colon)].push_back(rest.substr(colon + 1));
        }
      }
    }
    for (const Actor& actor : actors_) {
      if (actor.steady && seen[actor.name] != actor.texts) {
        return fmt::format("of {} the observer saw {} messages, {} were sent, or not in order",
                           actor.name, seen[actor.name].size(), actor.texts.size());
      }
    }
    return {};
  }

  ChatSim sim_;
  Peer* observer_;
  std::vector<Actor> actors_;
  bool descriptors_ran_out_ = false;
};

void run_seeds(std::uint16_t threads) {
  const std::uint64_t only = env_or("CHAT_SIM_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : env_or("CHAT_SIM_SEEDS", kSeedsByDefault) / 4;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    Run run(seed, threads);
    const std::string broken = run.play();
    if (only != 0 && !broken.empty()) {
      run.dump();
    }
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    ASSERT_EQ(broken, "") << "seed " << seed << "; repeat it with: CHAT_SIM_SEED=" << seed
                          << " sim_tests --gtest_filter=" << test->test_suite_name() << '.'
                          << test->name();
  }
}

TEST(RandomChat, OneThread_KeepsItsPromisesWhateverHappens) { run_seeds(1); }
TEST(RandomChat, TwoThreads_KeepTheirPromisesWhateverHappens) { run_seeds(2); }
TEST(RandomChat, ThreeThreads_KeepTheirPromisesWhateverHappens) { run_seeds(3); }
TEST(RandomChat, FourThreads_KeepTheirPromisesWhateverHappens) { run_seeds(4); }

}  // namespace
