#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/tools/loadgen_command_line.h"
#include "tools/loadgen/layout.h"
#include "tools/loadgen/payload.h"
#include "tools/loadgen/plan_text.h"

namespace loadgen {
namespace {

std::vector<Plan> many_plans() {
  std::vector<Plan> plans;
  for (const char* workload :
       {"fanout", "direct", "rooms", "churn", "storm", "slow-readers", "reconnect"}) {
    for (const char* clients : {"40", "200", "1002"}) {
      for (const char* threads : {"1", "2", "3", "5"}) {
        plans.push_back(
            plan_of({"--workload", workload, "--clients", clients, "--threads", threads}));
      }
    }
  }
  plans.push_back(
      plan_of({"--clients", "100", "--rooms", "3", "--senders", "20", "--threads", "8"}));
  plans.push_back(plan_of({"--clients", "100", "--rooms", "3", "--senders", "20", "--threads", "8",
                           "--workload", "slow-readers", "--slow-share", "50%"}));
  plans.push_back(plan_of({"--clients", "7", "--rooms", "3", "--senders", "2", "--threads", "3"}));
  return plans;
}

std::string shown(const Plan& plan) {
  std::string text = to_string(plan.workload);
  for (const Setting& setting : describe(plan)) {
    text += ", " + setting.name + " " + setting.value;
  }
  return text;
}

TEST(Layout, EveryClient_HasARoomAndAThread) {
  for (const Plan& plan : many_plans()) {
    const Layout layout(plan, 1);
    std::vector<std::size_t> members(layout.rooms());
    std::vector<std::size_t> steady(layout.rooms());
    std::vector<std::size_t> slow(layout.rooms());
    std::vector<std::size_t> of_thread(layout.threads());
    for (std::size_t client = 0; client < layout.clients(); ++client) {
      ASSERT_LT(layout.listens_in(client), layout.rooms()) << shown(plan);
      ASSERT_LT(layout.thread_of(client), layout.threads()) << shown(plan);
      ++members[layout.listens_in(client)];
      steady[layout.listens_in(client)] += layout.is_steady(client) ? 1 : 0;
      slow[layout.listens_in(client)] += layout.role_of(client) == Role::kSlow ? 1 : 0;
      ++of_thread[layout.thread_of(client)];
    }
    for (std::size_t room = 0; room < layout.rooms(); ++room) {
      EXPECT_EQ(layout.members_of(room), members[room]) << shown(plan);
      EXPECT_EQ(layout.steady_members_of(room), steady[room]) << shown(plan);
      EXPECT_EQ(layout.slow_members_of(room), slow[room]) << shown(plan);
    }
    EXPECT_TRUE(std::all_of(of_thread.begin(), of_thread.end(), [](auto n) { return n > 0; }))
        << shown(plan);
  }
}

TEST(Layout, RoomsAreOnSeveralThreads_OnlyWhenItSaysSo) {
  for (const Plan& plan : many_plans()) {
    const Layout layout(plan, 1);
    std::vector<std::set<std::size_t>> threads(layout.rooms());
    for (std::size_t client = 0; client < layout.clients(); ++client) {
      threads[layout.listens_in(client)].insert(layout.thread_of(client));
    }
    const bool is_split = std::any_of(threads.begin(), threads.end(),
                                      [](const auto& some) { return some.size() > 1; });
    EXPECT_EQ(layout.rooms_are_split(), is_split) << shown(plan);
  }
}

TEST(Layout, EveryRoomOnEveryThread_HasSomebodyWhoStaysAndOnlyListens) {
  for (const Plan& plan : many_plans()) {
    const Layout layout(plan, 1);
    std::set<std::pair<std::size_t, std::size_t>> used;
    std::set<std::pair<std::size_t, std::size_t>> heard;
    for (std::size_t client = 0; client < layout.clients(); ++client) {
      const std::pair place{layout.listens_in(client), layout.thread_of(client)};
      used.insert(place);
      const bool hears_himself =
          client < layout.senders() && layout.speaks_in(client) == layout.listens_in(client);
      if (layout.is_steady(client) && layout.role_of(client) == Role::kOrdinary && !hears_himself) {
        heard.insert(place);
      }
    }
    EXPECT_EQ(used, heard) << shown(plan);
  }
}

// Plans of mixes, each with how many of which kind there are to be.
struct MixedPlan {
  Plan plan;
  std::vector<std::size_t> clients;
};

std::vector<MixedPlan> mixed_plans() {
  const auto mixed = [](std::vector<std::string> words, const char* mix) {
    words.insert(words.end(), {"--mix", mix});
    return plan_of(words);
  };
  return {
      {mixed({"--clients", "12"}, "native=50,irc=25,ws=25"), {6, 3, 3}},
      {mixed({"--clients", "200"}, "native,irc"), {100, 100}},
      {mixed({"--clients", "100"}, "native=98,irc=1,ws=1"), {98, 1, 1}},
      {mixed({"--clients", "30", "--workload", "rooms", "--rooms", "10"}, "native,irc,ws"),
       {10, 10, 10}},
      {mixed({"--clients", "80", "--workload", "rooms", "--rooms", "10"}, "native=3,irc=4,ws=1"),
       {30, 40, 10}},
      {mixed({"--clients", "48", "--threads", "2"}, "native,irc"), {24, 24}},
      {mixed({"--clients", "48", "--threads", "3"}, "native=2,irc,ws"), {24, 12, 12}},
      {mixed({"--clients", "20", "--workload", "direct"}, "native,ws"), {10, 10}},
  };
}

TEST(Layout, Mix_HasTheSharesThatWereAskedFor) {
  for (const MixedPlan& mixed : mixed_plans()) {
    const Layout layout(mixed.plan, 1);
    std::vector<std::size_t> clients(mixed.clients.size());
    for (std::size_t client = 0; client < layout.clients(); ++client) {
      ASSERT_LT(layout.kind_of(client), clients.size());
      ++clients[layout.kind_of(client)];
    }
    EXPECT_EQ(clients, mixed.clients) << shown(mixed.plan);
  }
}

TEST(Layout, EveryRoomOfAMix_HasEveryKind_OnEveryThread) {
  for (const MixedPlan& mixed : mixed_plans()) {
    if (mixed.plan.workload == Workload::kDirect) {
      continue;  // whose rooms have one member
    }
    const Layout layout(mixed.plan, 1);
    std::vector<std::set<std::size_t>> kinds(layout.rooms() * layout.threads());
    for (std::size_t client = 0; client < layout.clients(); ++client) {
      const std::size_t thread = layout.rooms_are_split() ? layout.thread_of(client) : 0;
      kinds[thread * layout.rooms() + layout.listens_in(client)].insert(layout.kind_of(client));
    }
    kinds.resize(layout.rooms() * (layout.rooms_are_split() ? layout.threads() : 1));
    for (const std::set<std::size_t>& in_room : kinds) {
      EXPECT_EQ(in_room.size(), mixed.clients.size()) << shown(mixed.plan);
    }
  }
}

TEST(Layout, SendersOfAMix_AreOfEveryKind) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--clients", "12", "--mix", "native=9,irc,ws"},
           {"--clients", "30", "--mix", "native,irc,ws", "--workload", "rooms", "--rooms", "10"}}) {
    const Plan plan = plan_of(words);
    const Layout layout(plan, 1);
    std::set<std::size_t> kinds;
    for (std::size_t sender = 0; sender < layout.senders(); ++sender) {
      kinds.insert(layout.kind_of(sender));
    }
    EXPECT_EQ(kinds.size(), 3U) << shown(plan);
  }
}

TEST(Layout, MixedLobby_IsARoomLikeAnyOther) {
  EXPECT_EQ(Layout(plan_of({}), 1).channel_of(0).kind, Channel::Kind::kLobby);
  const Channel channel = Layout(plan_of({"--mix", "native,irc"}), 1).channel_of(0);
  EXPECT_EQ(channel.kind, Channel::Kind::kRoom) << "IRC has no room that everybody is in";
}

TEST(Layout, Senders_AreTheFirst_AndStay) {
  for (const Plan& plan : many_plans()) {
    const Layout layout(plan, 1);
    for (std::size_t sender = 0; sender < layout.senders(); ++sender) {
      EXPECT_TRUE(layout.is_steady(sender)) << shown(plan);
      EXPECT_EQ(layout.role_of(sender), Role::kOrdinary) << shown(plan);
    }
  }
}

TEST(Layout, Roles_GoToTheLast_AndToOneAtLeast) {
  const auto with_a_role = [](const std::vector<std::string>& words) {
    const Layout layout(plan_of(words), 1);
    return layout.clients() - layout.ordinary();
  };
  EXPECT_EQ(with_a_role({"--clients", "500"}), 0U);
  EXPECT_EQ(with_a_role({"--workload", "slow-readers", "--clients", "500"}), 20U);
  EXPECT_EQ(with_a_role({"--workload", "slow-readers", "--clients", "4"}), 1U);
  EXPECT_EQ(with_a_role({"--workload", "reconnect", "--clients", "200"}), 20U);
  const Layout layout(plan_of({"--workload", "reconnect", "--clients", "10"}), 1);
  EXPECT_EQ(layout.role_of(8), Role::kOrdinary);
  EXPECT_EQ(layout.role_of(9), Role::kReconnecting);
}

TEST(Layout, Pairs_TalkToEachOther_OnOneThread) {
  const Layout layout(plan_of({"--workload", "direct", "--clients", "10", "--threads", "2"}), 1);
  for (std::size_t client = 0; client < 10; ++client) {
    const std::size_t other = client ^ 1;
    EXPECT_EQ(layout.speaks_in(client), layout.listens_in(other));
    EXPECT_EQ(layout.speaks_in(other), layout.listens_in(client));
    EXPECT_EQ(layout.thread_of(client), layout.thread_of(other));
    EXPECT_EQ(layout.members_of(layout.listens_in(client)), 1U);
    const Channel channel = layout.channel_of(client);
    EXPECT_EQ(channel.kind, Channel::Kind::kDirect);
    EXPECT_EQ(channel.listens, layout.client_name(client));
    EXPECT_EQ(channel.speaks, layout.client_name(other));
  }
}

TEST(Layout, Channels_AreTheLobbyForOneRoomAndRoomsElse) {
  const Layout lobby(plan_of({}), 1);
  EXPECT_EQ(lobby.channel_of(5).kind, Channel::Kind::kLobby);
  const Layout rooms(plan_of({"--workload", "rooms", "--rooms", "1"}), 1);
  EXPECT_EQ(rooms.channel_of(5).kind, Channel::Kind::kRoom);
  const Layout several(plan_of({"--rooms", "3"}), 1);
  EXPECT_EQ(several.channel_of(5).kind, Channel::Kind::kRoom);
  EXPECT_EQ(several.channel_of(5).listens, several.room_name(2));
  EXPECT_EQ(several.channel_of(5).speaks, several.room_name(2));
}

TEST(Layout, Windows_AddUp) {
  for (const std::size_t senders : {1U, 3U, 7U, 128U}) {
    for (const std::size_t window : {128U, 129U, 1000U}) {
      const Layout layout(plan_of({"--closed-loop", "--senders", std::to_string(senders),
                                   "--window", std::to_string(window)}),
                          1);
      std::size_t sum = 0;
      for (std::size_t sender = 0; sender < senders; ++sender) {
        EXPECT_GE(layout.window_of(sender), 1U);
        sum += layout.window_of(sender);
      }
      EXPECT_EQ(sum, window) << senders;
    }
  }
}

bool is_legal_name(const std::string& name, std::size_t characters_max, const char* beside) {
  return !name.empty() && name.size() <= characters_max && std::isalpha(name[0]) != 0 &&
         std::all_of(name.begin(), name.end(), [beside](unsigned char byte) {
           return std::isalnum(byte) != 0 ||
                  std::string_view(beside).find(static_cast<char>(byte)) != std::string::npos;
         });
}

TEST(Layout, Names_AreUniqueAndLegalEverywhere) {
  for (const std::uint64_t run_key : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    const Layout layout(plan_of({"--clients", "4000", "--rooms", "2000", "--senders", "1"}),
                        run_key);
    std::set<std::string> names;
    for (std::uint64_t client = 0; client < 10'000; ++client) {
      const std::string name = layout.client_name(client);
      EXPECT_TRUE(is_legal_name(name, 9, "")) << name;
      EXPECT_TRUE(names.insert(name).second) << name;
    }
    EXPECT_TRUE(names.insert(layout.client_name(kSendersMax - 1)).second);
    for (std::size_t room = 0; room < layout.rooms(); ++room) {
      EXPECT_TRUE(is_legal_name(layout.room_name(room), 12, "-")) << layout.room_name(room);
      EXPECT_TRUE(names.insert(layout.room_name(room)).second);
    }
  }
}

TEST(Layout, AnotherRun_HasOtherNames) {
  const Plan plan = plan_of({});
  EXPECT_NE(Layout(plan, 1).client_name(0), Layout(plan, 2).client_name(0));
  EXPECT_NE(Layout(plan, 1).room_name(0), Layout(plan, 2).room_name(0));
}

}  // namespace
}  // namespace loadgen
