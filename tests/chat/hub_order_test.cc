#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/chat/hub_oracle.h"

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

class HubOrder : public HubTest {};

TEST_F(HubOrder, EveryMessage_GetsTheNextNumberFromOne) {
  const SessionRef alice = enter("Alice");
  const SessionRef bob = enter("Bob", 1);
  apply(alice, Verb::kJoin, "dev");
  EXPECT_EQ(hub_->last_id(), 0U) << "only messages are numbered";
  MessageId expected = 0;
  for (int round = 0; round < 3; ++round) {
    const auto expect_next = [&](const Events& events) {
      EXPECT_THAT(events, ElementsAre(Field(&Seen::id, ++expected)));
      EXPECT_EQ(hub_->last_id(), expected);
    };
    expect_next(apply(alice, Verb::kBroadcast, "", "a"));
    expect_next(apply(bob, Verb::kPlain, "", "b"));
    expect_next(apply(bob, Verb::kDirect, "Alice", "c"));
    expect_next(apply(alice, Verb::kSay, "dev", "d"));
    expect_next(apply(alice, Verb::kTopic, "dev", "e"));
  }
}

TEST_F(HubOrder, WhatIsRefused_GetsNoNumber) {
  const SessionRef alice = enter("Alice");
  apply(alice, Verb::kBroadcast, "", "one");
  apply(alice, Verb::kDirect, "Nobody", "x");
  apply(alice, Verb::kSay, "nowhere", "x");
  apply(alice, Verb::kTopic, "lobby", "x");
  apply(session(99), Verb::kBroadcast, "", "x");
  EXPECT_EQ(hub_->last_id(), 1U);
  EXPECT_THAT(apply(alice, Verb::kBroadcast, "", "two"), ElementsAre(Field(&Seen::id, 2U)));
}

TEST_F(HubOrder, TimeStamps_AreThoseOfTheCommand) {
  const SessionRef alice = enter("Alice");
  time_.unix_ms = 123;
  EXPECT_THAT(apply(alice, Verb::kBroadcast, "", "x"), ElementsAre(Field(&Seen::unix_ms, 123)));
  time_.unix_ms = 7;  // the wall clock may jump back, the order does not
  EXPECT_THAT(apply(alice, Verb::kBroadcast, "", "x"),
              ElementsAre(::testing::AllOf(Field(&Seen::unix_ms, 7), Field(&Seen::id, 2U))));
}

// Random commands with hostile arguments; after each, the hub must have said exactly what the
// oracle says and be in the oracle's state.
class HubRandom : public HubTest {
 protected:
  static constexpr int kSessions = 8;
  static constexpr int kCommands = 500;

  void run(std::uint32_t seed) {
    random_.seed(seed);
    limits_.rooms_max = 3;
    limits_.rooms_per_client_max = 2;
    limits_.requests_per_client_max = 2;
    limits_.history_count_max = 5;
    limits_.correspondents_max = 2;
    limits_.invitations_per_client_max = 1000;
    start();
    HubOracle oracle(limits_);
    room_ids_.clear();
    room_id_max_ = kLobby;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      connect(i);
    }
    const int drain_at = seed % 4 == 0 ? kCommands * 9 / 10 : kCommands;
    for (int i = 0; i < kCommands && !HasFailure(); ++i) {
      if (i == drain_at) {
        hub_->begin_drain();
        oracle.draining = true;
      }
      SCOPED_TRACE("command " + std::to_string(i));
      step(oracle);
    }
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  void connect(std::size_t i) {
    sessions_[i] = {static_cast<std::uint16_t>(i % 3),
                    {static_cast<std::uint32_t>(i), ++generation_}};
  }

  std::string any_name() {
    static const std::vector<std::string> names = {
        "Alice", "alice", "ALICE", "Bob", "bob", "Carol", "Dave",  "_e-1",  "f",   "Gina",
        "dev",   "DEV",   "tea",   "Tea", "art", "zen",   "lobby", "LOBBY", "ops", "qa"};
    static const std::vector<std::string> hostile = {"",
                                                     " ",
                                                     "9lives",
                                                     "-x",
                                                     "a b",
                                                     "a:b",
                                                     "a,b",
                                                     "a=b",
                                                     "=",
                                                     std::string(1, '\0'),
                                                     "x\n",
                                                     "\xFF",
                                                     "\xC3\xA9",
                                                     "[x]",
                                                     "../etc",
                                                     "%s%n",
                                                     std::string(32, 'n'),
                                                     std::string(33, 'n'),
                                                     std::string(64, 'r'),
                                                     std::string(65, 'r'),
                                                     std::string(5000, 'h')};
    return below(8) == 0 ? hostile[below(hostile.size())] : names[below(names.size())];
  }
  std::string any_text() {
    static const std::vector<std::string> texts = {
        "hello", "", "a:b:c", std::string("\0\n\r\xFF", 4), std::string(4096, 't'), "%s", "tea"};
    return texts[below(texts.size())];
  }
  std::string any_modes() {
    static const std::vector<std::string> modes = {"",
                                                   "+i",
                                                   "-i",
                                                   "+m",
                                                   "-m",
                                                   "+n",
                                                   "-n",
                                                   "+s",
                                                   "-s",
                                                   "+t",
                                                   "-t",
                                                   "+k tea",
                                                   "-k",
                                                   "+l 2",
                                                   "-l",
                                                   "+l 0",
                                                   "+l x",
                                                   "b",
                                                   "+e",
                                                   "bbI",
                                                   "+b ?o*!*@*",
                                                   "-x",
                                                   "+k",
                                                   "+m-n",
                                                   "+imt-s+s",
                                                   "+z-i",
                                                   "+bb c* *!a*@*",
                                                   "-b+b bob b*!*@unknown",
                                                   "-bb c* ?o*!*@*",
                                                   "-b b*!*@unknown",
                                                   "  +m  "};
    if (below(2) == 0) {
      static const std::vector<std::string> roles = {"+o ", "-o ", "+v ", "-v ", "+ov ", "b "};
      return roles[below(roles.size())] + any_name() + " " + any_name();
    }
    return modes[below(modes.size())];
  }
  Verb any_verb() {
    static const std::vector<Verb> often = {
        Verb::kRegister, Verb::kRegister, Verb::kJoin,   Verb::kJoin,   Verb::kJoin,
        Verb::kRequest,  Verb::kRequest,  Verb::kAccept, Verb::kPart,   Verb::kDecline,
        Verb::kMode,     Verb::kMode,     Verb::kMode,   Verb::kMode,   Verb::kKick,
        Verb::kInvite,   Verb::kSay,      Verb::kSay,    Verb::kRename, Verb::kTopic,
        Verb::kDirect,   Verb::kDirect,   Verb::kTargets};
    if (below(3) > 0) {
      return often[below(often.size())];
    }
    constexpr std::size_t kVerbs = static_cast<std::size_t>(Verb::kDisconnect) + 1;
    const Verb verb = static_cast<Verb>(below(kVerbs));
    const bool ends = verb == Verb::kQuit || verb == Verb::kPeerEnded || verb == Verb::kDisconnect;
    return ends && below(2) == 0 ? Verb::kPlain : verb;
  }
  // Each session has its own: native, or IRC with and without echo.
  Capabilities capabilities_of(std::size_t session) {
    return {.irc = session % 2 == 1, .echo = session % 4 == 1};
  }

  void step(HubOracle& oracle) {
    std::vector<std::string> said;
    std::vector<std::string> expected;
    Events events;
    if (below(10) == 0) {
      const std::array<reactor::Duration, 4> jumps = {
          std::chrono::milliseconds{1}, limits_.presence_interval / 2, limits_.presence_interval,
          limits_.request_timeout / 3};
      events = advance(jumps[below(jumps.size())]);
      expected = oracle.tick(time_);
    } else {
      const std::size_t who = below(sessions_.size());
      const std::string target = below(4) == 0 ? "@#"[below(2)] + any_name() : any_name();
      const std::string peer = any_name();
      const Verb verb = any_verb();
      const std::string text = verb == Verb::kMode ? any_modes() : any_text();
      const Refusal refusal = verb == Verb::kReject ? Refusal::kMalformed : Refusal::kNone;
      Command command;
      command.verb = verb;
      command.refusal = refusal;
      command.target = target;
      command.text = text;
      command.peer = peer;
      command.capabilities = capabilities_of(who);
      command.notice = below(8) == 0;
      command.id = below(8);
      command.count = 1 + static_cast<std::uint32_t>(below(8));
      command.before = below(2) == 0;
      command.bound = below(2) == 0 ? 0 : below(8);
      SCOPED_TRACE("verb " + std::to_string(static_cast<int>(verb)) + " target " + target +
                   " peer " + peer + " text " + text);
      events = apply(sessions_[who], command);
      expected = oracle.apply(sessions_[who], command, time_);
      if (verb == Verb::kDisconnect) {
        connect(who);
      }
    }
    for (const Seen& event : events) {
      if (event.kind == EventKind::kAnswer) {
        continue;  // to questions that only IRC has
      }
      said.push_back(HubOracle::line(event));
      check_room(event);
    }
    EXPECT_EQ(said, expected);
    check_state(oracle);
  }

  // Each life of a room has a number of its own.
  void check_room(const Seen& event) {
    const bool is_private_echo = event.room_id == kNoRoom && (event.kind == EventKind::kEcho ||
                                                              event.kind == EventKind::kTagMessage);
    if (event.kind == EventKind::kDirect || event.kind == EventKind::kHistory ||
        event.kind == EventKind::kTargets || event.kind == EventKind::kError || is_private_echo) {
      EXPECT_EQ(event.room_id, kNoRoom) << "names no room of its own";
      return;
    }
    if (event.room.empty()) {
      EXPECT_EQ(event.room_id, kNoRoom) << event;
      return;
    }
    const auto known = room_ids_.find(event.room);
    if (known != room_ids_.end()) {
      EXPECT_EQ(event.room_id, known->second) << event;
    } else if (event.room == "lobby") {
      EXPECT_EQ(event.room_id, kLobby) << event;
    } else {
      EXPECT_GT(event.room_id, room_id_max_) << event;
      room_id_max_ = event.room_id;
    }
    room_ids_[event.room] = event.room_id;
  }

  void check_state(const HubOracle& oracle) {
    EXPECT_EQ(hub_->client_count(), oracle.client_count());
    EXPECT_EQ(hub_->room_count(), oracle.rooms().size());
    EXPECT_EQ(hub_->last_id(), oracle.last_id());
    EXPECT_EQ(hub_->next_deadline(), oracle.next_deadline());
    for (auto known = room_ids_.begin(); known != room_ids_.end();) {
      const HubOracle::Room* room = oracle.find_room(known->first);
      const bool lives = room != nullptr && room->name == known->first;
      if (lives) {
        std::vector<std::uint32_t> counts(3);
        for (const SessionRef& member : room->members) {
          ++counts[member.shard];
        }
        std::vector<std::uint32_t> of_hub = hub_->members_by_shard(known->second);
        of_hub.resize(3);
        EXPECT_EQ(of_hub, counts) << known->first;
        ++known;
      } else {
        EXPECT_TRUE(hub_->members_by_shard(known->second).empty()) << known->first;
        known = room_ids_.erase(known);
      }
    }
  }

  std::mt19937 random_;
  std::array<SessionRef, kSessions> sessions_;
  std::uint32_t generation_ = 0;
  std::map<std::string, RoomId> room_ids_;  // of the rooms that live
  RoomId room_id_max_ = kLobby;
};

TEST_F(HubRandom, AnyCommands_AreAnsweredAsTheOracleSays) {
  const char* const only = std::getenv("CHAT_HUB_SEED");
  const std::uint32_t first = only == nullptr ? 1 : static_cast<std::uint32_t>(std::atoi(only));
  const std::uint32_t last = only == nullptr ? 200 : first;
  for (std::uint32_t seed = first; seed <= last; ++seed) {
    run(seed);
    if (HasFailure()) {
      FAIL() << "seed " << seed << "; repeat with\n  CHAT_HUB_SEED=" << seed
             << " ctest -R HubRandom --output-on-failure";
    }
  }
}

}  // namespace
}  // namespace chat
