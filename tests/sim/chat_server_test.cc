// What a whole server does in one particular situation, on the simulated OS.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chat/storage/open_storage.h"
#include "tests/reactor/recording_net.h"
#include "tests/sim/chat_sim.h"

namespace {

using sim::ChatSim;
using sim::Peer;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ChatServer : public testing::Test {
 protected:
  chat::ServerOptions options = ChatSim::default_options();
};

TEST_F(ChatServer, SilentConnection_IsNothingYetAndClosedAtTheRegistrationTimeout) {
  ChatSim sim(1, options);
  Peer* peer = sim.connect();
  sim.pass(seconds{29});
  EXPECT_TRUE(peer->open());
  EXPECT_TRUE(peer->lines().empty()) << "the server never speaks first";
  sim.pass(seconds{2});
  EXPECT_FALSE(peer->open());
  EXPECT_TRUE(peer->lines().empty());
  EXPECT_EQ(sim.leftovers(), "");
}

TEST_F(ChatServer, NativeClientWithoutName_IsToldAndClosedAtTheRegistrationTimeout) {
  ChatSim sim(1, options);
  Peer* peer = sim.connect();
  peer->send_line("PING:1");
  sim.pass(seconds{31});
  EXPECT_FALSE(peer->open());
  EXPECT_EQ(peer->count("BYE:"), 1U);
}

TEST_F(ChatServer, RegisteredClient_MayBeSilentForEverByDefault) {
  ChatSim sim(1, options);
  Peer* alice = sim.join_as("Alice");
  sim.pass(std::chrono::minutes{5});
  EXPECT_TRUE(alice->open());
}

TEST_F(ChatServer, IdleTimeout_ClosesWhoSaysNothingAndKeepsWhoDoes) {
  options.limits.idle_timeout = milliseconds{60'000};
  ChatSim sim(1, options);
  Peer* silent = sim.join_as("Silent");
  Peer* lively = sim.join_as("Lively");
  for (int i = 0; i < 3; ++i) {
    sim.pass(seconds{25});
    lively->send_line("PING:1");
  }
  EXPECT_FALSE(silent->open());
  EXPECT_EQ(silent->count("BYE:"), 1U);
  EXPECT_TRUE(lively->open());
}

TEST_F(ChatServer, PeerThatNeverReads_CostsBoundedMemoryAndDelaysNobody) {
  options.limits.out_bytes_max = 64 << 10;
  options.limits.out_high_mark_bytes = 32 << 10;
  options.limits.out_low_mark_bytes = 8 << 10;
  ChatSim sim(1, options);
  Peer* stuck = sim.join_as("Stuck");
  Peer* alice = sim.join_as("Alice");
  Peer* bob = sim.join_as("Bob");
  stuck->reads = false;
  const std::string text(1000, 'x');
  for (std::size_t i = 1; i <= 200; ++i) {
    alice->send_line("BROADCAST:" + text);
    sim.settle();
    ASSERT_EQ(bob->count("@"), i) << "a reader waits for a stuck one";
    ASSERT_EQ(sim.broken_invariant(), "");
    // Beside what reading and writing needs for a moment.
    ASSERT_LT(sim.server().shards()[0]->reactor().pool().bytes_lent(), 128U << 10);
  }
  stuck->reads = true;
  sim.settle();
  EXPECT_TRUE(stuck->open());
  EXPECT_EQ(stuck->count("@"), 200U) << "late, but all of it";
  EXPECT_EQ(sim.leftovers(), "");
}

TEST_F(ChatServer, PeerThatTakesNothing_IsClosedAtTheStallTimeout) {
  ChatSim sim(1, options);
  Peer* stuck = sim.join_as("Stuck");
  Peer* alice = sim.join_as("Alice");
  stuck->reads = false;
  alice->send_line("BROADCAST:" + std::string(4000, 'x'));
  for (int i = 0; i < 6; ++i) {
    alice->send_line("BROADCAST:" + std::string(4000, 'y'));
  }
  sim.settle();
  sim.pass(seconds{29});
  EXPECT_EQ(sim.hub().client_count(), 2U);
  sim.pass(seconds{2});
  EXPECT_EQ(sim.hub().client_count(), 1U);
  EXPECT_EQ(sim.server()
                .shards()[0]
                ->metrics()
                .sessions_closed[static_cast<std::size_t>(chat::EndReason::kStalled)]
                .value(),
            1U);
}

TEST_F(ChatServer, SlowReader_BelowTheMaximum_GetsEverythingInOrder) {
  ChatSim sim(1, options);
  Peer* slow = sim.join_as("Slow");
  Peer* alice = sim.join_as("Alice");
  slow->reads = false;
  for (int i = 0; i < 500; ++i) {
    alice->send_line(fmt::format("BROADCAST:{} {}", i, std::string(200, 'x')));
    sim.settle();
  }
  slow->reads = true;
  sim.settle();
  ASSERT_EQ(slow->count("@"), 500U);
  std::size_t next = 0;
  for (const std::string& line : slow->lines()) {
    if (line.starts_with("@")) {
      EXPECT_NE(line.find(fmt::format("MESSAGE:Alice:{} x", next)), std::string::npos) << line;
      ++next;
    }
  }
}

// Whoever is written to last waits for the writes to all others.
TEST_F(ChatServer, MembersOfARoom_TakeTurnsInBeingServedFirstAndLast) {
  constexpr std::size_t kListeners = 5;
  constexpr int kMessages = 200;
  spdlog::set_level(spdlog::level::off);
  sim::World world(1);
  reactor_test::RecordingNet* net = nullptr;
  chat::Server server(
      options,
      [&] {
        auto made = std::make_unique<reactor_test::RecordingNet>(world);
        net = made.get();
        return made;
      },
      chat::open_memory_storage());
  const auto turn = [&] { server.shards()[0]->reactor().turn(reactor::Duration::zero()); };
  reactor::Address address;
  ASSERT_EQ(server.listen(reactor::Address::ipv4(INADDR_LOOPBACK, 0), address), 0);
  std::vector<Peer> peers;
  for (std::size_t i = 0; i <= kListeners; ++i) {
    const auto port = static_cast<std::uint16_t>(1024 + i);
    const reactor::Address from = reactor::Address::ipv4(INADDR_LOOPBACK, port);
    peers.emplace_back(world, world.peer_connect(address, from),
                       sim::make_speech(sim::Speaks::kNative));
    peers[i].send_line(fmt::format("REGISTER:c{}", i));
    peers[i].write_some(SIZE_MAX);
  }
  for (int i = 0; i < 10; ++i) {
    turn();
  }
  ASSERT_EQ(server.switchboard().hub().client_count(), peers.size());
  std::map<int, int> first;  // how often, by descriptor
  std::map<int, int> last;
  for (int i = 0; i < kMessages; ++i) {
    net->forget();
    peers[0].send_line("BROADCAST:hello");
    peers[0].write_some(SIZE_MAX);
    turn();
    std::vector<int> served;
    for (const auto& call : net->calls) {
      if (call.kind == reactor_test::CallKind::kWrite) {
        served.push_back(call.fd);
      }
    }
    ASSERT_EQ(served.size(), kListeners);
    ++first[served.front()];
    ++last[served.back()];
  }
  for (const auto& times : {first, last}) {
    EXPECT_EQ(times.size(), kListeners);
    for (const auto& [fd, count] : times) {
      EXPECT_LE(count, kMessages / 2) << "descriptor " << fd;
    }
  }
}

TEST_F(ChatServer, HalfClosedClient_GetsItsAnswersThenByeThenTheEnd) {
  for (const std::uint16_t threads : std::initializer_list<std::uint16_t>{1, 2}) {
    options.threads = threads;
    ChatSim sim(1, options);
    ASSERT_NE(sim.connect(), nullptr);  // takes shard 0, so that with two threads ours is remote
    Peer* peer = sim.connect();
    peer->send_line("REGISTER:Alice");
    peer->send_line("list");
    peer->send_line("PING:end");
    peer->write_some(SIZE_MAX);
    peer->shutdown_write();
    sim.settle();
    EXPECT_EQ(peer->lines(), (std::vector<std::string>{"REGISTERED:Alice", "CLIENT_LIST:Alice",
                                                       "PONG:end", "BYE:bye"}))
        << threads << " threads";
    EXPECT_FALSE(peer->open());
    EXPECT_EQ(sim.hub().client_count(), 0U);
  }
}

TEST_F(ChatServer, OutOfDescriptors_RefusesNewcomersAndServesTheOthers) {
  ChatSim sim(1, options);
  Peer* alice = sim.join_as("Alice");
  Peer* bob = sim.join_as("Bob");
  sim.world().descriptors_max = sim.world().server_descriptors();
  Peer* late = sim.connect();
  late->send_line("REGISTER:Late");
  sim.settle();
  EXPECT_TRUE(late->at_end()) << "told at once by the end of the connection, not left hanging";
  alice->send_line("BROADCAST:still here");
  sim.settle();
  EXPECT_EQ(bob->count("@"), 1U);
  sim.world().descriptors_max = 1000;
  sim.pass(seconds{1});
  Peer* later = sim.join_as("Later");
  EXPECT_TRUE(later->got("REGISTERED:Later"));
}

TEST_F(ChatServer, FullServer_SaysSoToNewcomers) {
  options.limits.clients_max = 2;
  ChatSim sim(1, options);
  Peer* alice = sim.join_as("Alice");
  sim.join_as("Bob");
  Peer* third = sim.connect();
  sim.settle();
  EXPECT_EQ(third->lines(),
            std::vector<std::string>{"ERROR:503::the server is full, try again later"});
  EXPECT_FALSE(third->open());
  alice->send_line("QUIT");
  sim.settle();
  EXPECT_TRUE(sim.join_as("Third")->got("REGISTERED:Third"));
  EXPECT_EQ(sim.leftovers(), "");
}

TEST_F(ChatServer, RefusalsThatNobodyReads_AreBounded) {
  options.limits.clients_max = 1;
  options.limits.refusals_max = 4;
  ChatSim sim(1, options);
  sim.join_as("Alice");
  for (int i = 0; i < 50; ++i) {
    sim.connect()->reads = false;
  }
  sim.settle();
  EXPECT_LE(sim.server().shards()[0]->reactor().connection_count(), 5U);
  EXPECT_EQ(sim.server().metrics().hub.connections_refused.value(), 50U);
}

TEST_F(ChatServer, TooManyFromOneAddress_AreRefusedOthersAreNot) {
  options.limits.clients_per_address_max = 2;
  ChatSim sim(1, options);
  sim.connect("192.0.2.1");
  sim.connect("192.0.2.1");
  Peer* third = sim.connect("192.0.2.1");
  Peer* other = sim.connect("192.0.2.2");
  sim.settle();
  EXPECT_EQ(third->count("ERROR:503:"), 1U);
  EXPECT_TRUE(other->open());
  for (int i = 0; i < 5; ++i) {
    Peer* local = sim.connect("127.0.0.1");
    sim.settle();
    EXPECT_TRUE(local->open()) << "loopback is left alone";
  }
}

TEST_F(ChatServer, LimitLoopback_BindsLocalClientsToo) {
  options.limits.clients_per_address_max = 2;
  options.limits.limit_loopback = true;
  ChatSim sim(1, options);
  sim.connect();
  sim.connect();
  Peer* third = sim.connect();
  sim.settle();
  EXPECT_EQ(third->count("ERROR:503:"), 1U);
}

TEST_F(ChatServer, FloodFromOutside_GetsA429ThatSaysWhenToRetryAndItIsTrue) {
  options.limits.messages_per_second_max = 10;
  options.limits.messages_burst = 5;
  ChatSim sim(1, options);
  Peer* bob = sim.join_as("Bob");
  Peer* flood = sim.connect("192.0.2.1");
  flood->send_line("REGISTER:Flood");
  for (int i = 0; i < 20; ++i) {
    flood->send_line(fmt::format("BROADCAST:{}", i));
  }
  sim.settle();
  EXPECT_EQ(bob->count("@"), 4U) << "the burst, one of which was the registration";
  EXPECT_EQ(flood->count("ERROR:429:"), 16U);
  const std::string& refusal = flood->lines().back();
  const std::size_t at = refusal.find("retry in ");
  ASSERT_NE(at, std::string::npos) << refusal;
  const int wait_ms = std::stoi(refusal.substr(at + 9));
  EXPECT_LE(wait_ms, 100);
  sim.pass(milliseconds{wait_ms});
  flood->send_line("BROADCAST:now");
  sim.settle();
  EXPECT_EQ(bob->count("@"), 5U);
}

TEST_F(ChatServer, ByteRate_IsLimitedToo) {
  options.limits.bytes_per_second_max = 1000;
  options.limits.bytes_burst = 4096;
  ChatSim sim(1, options);
  Peer* bob = sim.join_as("Bob");
  Peer* flood = sim.connect("192.0.2.1");
  flood->send_line("REGISTER:Flood");
  for (int i = 0; i < 10; ++i) {
    flood->send_line("BROADCAST:" + std::string(1000, 'x'));
  }
  sim.settle();
  EXPECT_EQ(bob->count("@"), 4U);
  EXPECT_EQ(flood->count("ERROR:429:"), 6U);
}

TEST_F(ChatServer, RatesLeaveLoopbackAlone) {
  options.limits.messages_per_second_max = 1;
  options.limits.messages_burst = 1;
  ChatSim sim(1, options);
  Peer* bob = sim.join_as("Bob");
  Peer* alice = sim.join_as("Alice");
  for (int i = 0; i < 50; ++i) {
    alice->send_line("BROADCAST:x");
  }
  sim.settle();
  EXPECT_EQ(bob->count("@"), 50U);
}

TEST_F(ChatServer, ThousandArrivalsInASecond_MakeFewNoticesToEach) {
  for (const std::uint16_t threads : std::initializer_list<std::uint16_t>{1, 3}) {
    options.threads = threads;
    options.limits.clients_max = 2000;
    ChatSim sim(1, options);
    Peer* witness = sim.join_as("witness", "presence");
    std::vector<Peer*> crowd;
    for (int i = 0; i < 1000; ++i) {
      Peer* peer = sim.connect();
      peer->send_line("HELLO:1:presence");
      peer->send_line(fmt::format("REGISTER:c{}", i));
      if (i % 100 == 99) {
        sim.pass(milliseconds{100});
      }
    }
    sim.pass(seconds{1});
    std::size_t names = 0;
    for (const std::string& line : witness->lines()) {
      if (line.starts_with("STATUS:JOINED:lobby:")) {
        names += 1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), ','));
      }
    }
    EXPECT_GE(names, 1000U) << "everybody is named";
    EXPECT_LE(witness->count("STATUS:JOINED:"), 10U);
    std::uint64_t deliveries = 0;
    for (const auto& shard : sim.server().shards()) {
      deliveries += shard->metrics().deliveries.value();
    }
    EXPECT_LT(deliveries, 12'000U) << "not a million";
  }
}

TEST_F(ChatServer, PresenceIsForThoseWhoAskedForIt) {
  ChatSim sim(1, options);
  Peer* asked = sim.join_as("asked", "presence");
  Peer* program = sim.join_as("program", "");
  Peer* by_hand = sim.connect();
  by_hand->send_line("REGISTER:hand");
  sim.settle();
  sim.join_as("Newcomer");
  sim.pass(seconds{1});
  EXPECT_EQ(asked->count("STATUS:JOINED:"), 1U);
  EXPECT_EQ(program->count("STATUS:"), 0U);
  EXPECT_EQ(by_hand->count("STATUS:"), 0U);
}

TEST_F(ChatServer, HelloAfterRegistering_ChangesWhatTheMemberGets) {
  ChatSim sim(1, options);
  Peer* alice = sim.join_as("Alice");
  Peer* bob = sim.connect();
  bob->send_line("REGISTER:Bob");
  sim.settle();
  alice->send_line("BROADCAST:one");
  sim.settle();
  bob->send_line("HELLO:1:tags");
  sim.settle();
  alice->send_line("BROADCAST:two");
  sim.settle();
  EXPECT_TRUE(bob->got("MESSAGE:Alice:one"));
  EXPECT_EQ(bob->count("@id="), 1U);
}

TEST_F(ChatServer, Drain_TellsEverybodyOnEveryShardAndEnds) {
  for (const std::uint16_t threads : std::initializer_list<std::uint16_t>{1, 2, 4}) {
    options.threads = threads;
    ChatSim sim(1, options);
    std::vector<Peer*> peers;
    for (int i = 0; i < 8; ++i) {
      peers.push_back(sim.join_as(fmt::format("c{}", i)));
    }
    sim.server().drain();
    sim.settle();
    sim.pass(milliseconds{100});
    EXPECT_TRUE(sim.server().drained());
    for (const Peer* peer : peers) {
      EXPECT_EQ(peer->count("BYE:"), 1U) << threads << " threads";
      EXPECT_FALSE(peer->open());
    }
    EXPECT_EQ(sim.connect(), nullptr) << "nobody listens any more";
  }
}

TEST_F(ChatServer, DrainWithPeersThatDoNotLeave_EndsAtItsTimeout) {
  ChatSim sim(1, options);
  Peer* stuck = sim.join_as("Stuck");
  stuck->reads = false;
  sim.server().drain();
  sim.pass(seconds{4});
  EXPECT_FALSE(sim.server().drained());
  sim.pass(seconds{2});
  EXPECT_TRUE(sim.server().drained());
}

TEST_F(ChatServer, SlowestThread_HoldsBackThePublishersAndNothingIsLost) {
  options.threads = 2;
  options.limits.handover_bytes_max = 1000;
  ChatSim sim(1, options);
  Peer* near = sim.join_as("near");
  Peer* far = sim.join_as("far");
  // Only shard 0 runs: what it has for shard 1 is bounded.
  for (int i = 0; i < 2000; ++i) {
    near->send_line(fmt::format("BROADCAST:{} {}", i, std::string(100, 'x')));
  }
  for (int i = 0; i < 200; ++i) {
    near->write_some(4000);
    sim.server().shards()[0]->reactor().turn(reactor::Duration::zero());
  }
  EXPECT_GT(near->bytes_unsent(), 100'000U) << "the publisher was not held back";
  for (int i = 0; i < 2000 && far->count("@") < 2000; ++i) {
    sim.pass(milliseconds{1});  // so often it looks again
  }
  EXPECT_EQ(far->count("@"), 2000U);
}

TEST_F(ChatServer, FloodsOfTinyMessages_FillNobodysOutputWhoReads) {
  for (const std::uint16_t threads : std::initializer_list<std::uint16_t>{1, 2}) {
    options.threads = threads;
    ChatSim sim(1, options);
    sim.world().socket_buffer_bytes = 4 << 20;
    Peer* near = sim.join_as("near");
    Peer* far = sim.join_as("far");
    constexpr int kFloods = 12;
    constexpr int kLines = 10'000;
    std::string lines;
    for (int i = 0; i < kLines; ++i) {
      lines += "a\n";
    }
    for (int i = 0; i < kFloods; ++i) {
      Peer* flood = sim.connect();
      flood->send_line(fmt::format("REGISTER:flood{}", i));
      flood->send_bytes(lines);
    }
    sim.settle();
    EXPECT_EQ(near->count("@"), std::size_t{kFloods} * kLines) << threads << " threads";
    EXPECT_EQ(far->count("@"), std::size_t{kFloods} * kLines) << threads << " threads";
  }
}

TEST_F(ChatServer, BadInput_GetsAnErrorAndCostsNobodyElseAnything) {
  ChatSim sim(1, options);
  Peer* alice = sim.join_as("Alice");
  Peer* bob = sim.join_as("Bob");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {std::string(10'000, 'x'), "ERROR:413:"},
      {std::string("BROADCAST:\0x", 12), "ERROR:400:"},
      {"BROADCAST:\xff\xfe", "ERROR:400:"},
      {"NOSUCHVERB:x", "ERROR:405:"},
      {"CHAT:Bob", "ERROR:400:"},
      {"JOIN:no spaces", "ERROR:422:"},
      {"REGISTER:Other", "ERROR:403:"},
      {"CHAT:nobody:x", "ERROR:404:"},
      {"SAY:nowhere:x", "ERROR:404:"},
      {"PART:lobby", "ERROR:403:"},
  };
  for (const auto& [line, answer] : cases) {
    const std::size_t before = alice->count(answer);
    alice->send_line(line);
    sim.settle();
    EXPECT_EQ(alice->count(answer), before + 1) << line.substr(0, 40);
  }
  Peer* stranger = sim.connect();
  stranger->send_line("BROADCAST:hi");
  stranger->send_line("REGISTER:aLICE");
  stranger->send_line("REGISTER:1x");
  sim.settle();
  EXPECT_EQ(stranger->count("ERROR:401:"), 1U);
  EXPECT_EQ(stranger->count("ERROR:409:aLICE:"), 1U);
  EXPECT_EQ(stranger->count("ERROR:422:1x:"), 1U);
  EXPECT_EQ(bob->count("@"), 0U);
  alice->send_line("BROADCAST:fine");
  sim.settle();
  EXPECT_EQ(bob->count("@"), 1U);
}

// The simulation makes no turn that a real loop would sleep instead of: what a turn leaves for the
// next one must come without somebody else's help.
TEST_F(ChatServer, Leaving_IsTakenNoteOfAtOnce) {
  for (const std::uint16_t threads : std::initializer_list<std::uint16_t>{1, 2}) {
    options.threads = threads;
    ChatSim sim(1, options);
    sim.join_as("Alice");
    Peer* bob = sim.join_as("Bob");
    bob->reset();
    sim.settle();
    EXPECT_EQ(sim.server().switchboard().admission().count(), 1U) << threads << " threads";
    EXPECT_EQ(sim.join_as("bob")->count("REGISTERED:"), 1U) << threads << " threads";
  }
}

TEST_F(ChatServer, ThousandsOfConnectsThatVanish_LeaveNothingBehind) {
  ChatSim sim(1, options);
  sim.world().faults.aborted_accept = 200;
  for (int i = 0; i < 3000; ++i) {
    Peer* peer = sim.connect();
    peer->send_bytes("REG");
    peer->write_some(SIZE_MAX);
    if (i % 3 == 0) {
      peer->reset();
    } else if (i % 3 == 1) {
      peer->close();
    }
    sim.step();
  }
  EXPECT_EQ(sim.leftovers(), "");
}

}  // namespace
