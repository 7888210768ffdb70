#include "reactor/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/reactor/reactor_fixture.h"

namespace reactor_test {
namespace {

using reactor::Listener;

class ListenerTest : public ReactorFixture {
 protected:
  void connect_peers(int count) {
    for (int i = 0; i < count; ++i) {
      peers.push_back(connect_peer());
    }
  }

  // Nothing more fits into the descriptor table.
  void exhaust_descriptors() { world.descriptors_max = world.server_descriptors(); }
  void relieve_descriptors() { world.descriptors_max = 100'000; }

  std::size_t refused() const {
    return static_cast<std::size_t>(std::count_if(
        peers.begin(), peers.end(), [this](int peer) { return world.peer_at_end(peer); }));
  }

  std::vector<int> peers;
};

TEST_F(ListenerTest, PortZero_IsGivenARealOne) {
  start();
  EXPECT_NE(listener->local_address().port(), 0);
}

TEST_F(ListenerTest, AddressInUse_IsAnError) {
  start();
  const auto second = loop->listen(listener->local_address(), *this);
  EXPECT_EQ(second.listener, nullptr);
  EXPECT_EQ(second.error, EADDRINUSE);
}

TEST_F(ListenerTest, SocketThatCannotBeWatched_IsClosed) {
  start();
  net->watch_error = ENOSPC;
  const auto second = loop->listen(Address::ipv4(0x7F000001, 0), *this);
  EXPECT_EQ(second.listener, nullptr);
  EXPECT_EQ(second.error, ENOSPC);
  EXPECT_EQ(world.server_descriptors(), 1U);
}

TEST_F(ListenerTest, Burst_IsAcceptedInOneTurnUpToTheBudgetAndTheRestWithoutAnEdge) {
  start();
  connect_peers(Listener::kAcceptBudget + 10);
  turn();
  EXPECT_EQ(loop->connection_count(), static_cast<std::size_t>(Listener::kAcceptBudget));
  EXPECT_TRUE(polls_next());
  EXPECT_EQ(loop->connection_count(), static_cast<std::size_t>(Listener::kAcceptBudget + 10));
  EXPECT_EQ(loop->stats().accepted, static_cast<std::uint64_t>(Listener::kAcceptBudget + 10));
}

TEST_F(ListenerTest, OutOfDescriptors_ShedsInBoundedSteps) {
  start();
  exhaust_descriptors();
  connect_peers(Listener::kShedBudget + 10);
  turn_until_quiet();
  EXPECT_EQ(refused(), static_cast<std::size_t>(Listener::kShedBudget));
  pass(Listener::kRetryDelay);
  turn_until_quiet();
  EXPECT_EQ(refused(), static_cast<std::size_t>(Listener::kShedBudget + 10));
  EXPECT_EQ(loop->stats().shed, static_cast<std::uint64_t>(Listener::kShedBudget + 10));
}

TEST_F(ListenerTest, DescriptorsFreedMeanwhile_TheRetryAcceptsWithoutAnEdge) {
  start();
  exhaust_descriptors();
  connect_peers(Listener::kShedBudget + 10);
  turn_until_quiet();
  relieve_descriptors();
  turn_until_quiet();
  EXPECT_EQ(loop->connection_count(), 0U) << "no edge comes for those that wait already";
  pass(Listener::kRetryDelay);
  turn();
  EXPECT_EQ(loop->connection_count(), 10U);
}

TEST_F(ListenerTest, NoReserveDescriptor_WaitsForTheRetryInsteadOfSpinning) {
  start();
  net->accept_errors = {ENFILE, EMFILE};
  connect_peers(1);
  turn();
  EXPECT_FALSE(polls_next());
  EXPECT_EQ(net->timeouts.back(), Listener::kRetryDelay);
}

TEST_F(ListenerTest, KernelOutOfMemory_RetriesLaterAndRefusesNobody) {
  start();
  net->accept_errors = {ENOBUFS};
  connect_peers(1);
  turn_until_quiet();
  EXPECT_EQ(loop->connection_count(), 0U);
  EXPECT_EQ(net->count(CallKind::kShed), 0U);
  pass(Listener::kRetryDelay);
  turn();
  EXPECT_EQ(loop->connection_count(), 1U);
}

TEST_F(ListenerTest, StoppedWhileRetrying_TheTimerIsGone) {
  start();
  exhaust_descriptors();
  connect_peers(1);
  turn_until_quiet();
  ASSERT_EQ(loop->timers().size(), 1U);
  loop->stop_listening(*listener);
  EXPECT_EQ(loop->timers().size(), 0U);
  pass(Listener::kRetryDelay);
}

TEST_F(ListenerTest, StoppedWithPeersWaiting_TheyAreRefused) {
  start();
  connect_peers(3);
  loop->stop_listening(*listener);
  turn();
  EXPECT_EQ(loop->connection_count(), 0U);
  EXPECT_EQ(refused(), 3U);
  EXPECT_EQ(world.server_descriptors(), 0U);
}

TEST_F(ListenerTest, EventForAListenerThatIsGone_IsDropped) {
  start();
  Token token;
  net->edit_batch = [&token](std::vector<Ready>& batch) { token = batch.at(0).token; };
  connect_peers(1);
  turn();
  loop->stop_listening(*listener);
  net->edit_batch = [&token](std::vector<Ready>& batch) { batch = {{token, true, false, false}}; };
  turn();
  EXPECT_EQ(loop->stats().stale_events, 0U) << "it lasts until the turn reaps";
  turn();
  EXPECT_EQ(loop->stats().stale_events, 1U);
}

// Stops its own listener, and takes no more than one connection.
class OnlyOne final : public reactor::Acceptor {
 public:
  reactor::Reactor* loop = nullptr;
  Listener* listener = nullptr;
  int accepted = 0;

  void on_accept(int fd, const Address&) override {
    ++accepted;
    loop->discard(fd);
    loop->stop_listening(*listener);
  }
};

TEST_F(ListenerTest, StoppedInOnAccept_AcceptsNoMore) {
  start();
  OnlyOne acceptor;
  const auto listening = loop->listen(Address::ipv4(0x7F000001, 0), acceptor);
  ASSERT_NE(listening.listener, nullptr);
  acceptor.loop = loop.get();
  acceptor.listener = listening.listener;
  const Address own_address = listening.listener->local_address();
  for (int i = 0; i < 3; ++i) {
    peers.push_back(world.peer_connect(own_address, Address::ipv4(0x7F000001, 9)));
  }
  turn_until_quiet();
  EXPECT_EQ(acceptor.accepted, 1);
  EXPECT_EQ(refused(), 3U);
  EXPECT_EQ(world.peer_connect(own_address, Address::ipv4(0x7F000001, 9)), -1);
}

TEST_F(ListenerTest, SeveralListeners_AcceptIndependently) {
  start();
  const auto second = loop->listen(Address::ipv4(0x7F000001, 0), *this);
  ASSERT_NE(second.listener, nullptr);
  connect_peers(2);
  world.peer_connect(second.listener->local_address(), Address::ipv4(0x7F000001, 9));
  turn();
  EXPECT_EQ(loop->connection_count(), 3U);
  loop->stop_listening(*listener);
  world.peer_connect(second.listener->local_address(), Address::ipv4(0x7F000001, 9));
  turn();
  EXPECT_EQ(loop->connection_count(), 4U);
}

}  // namespace
}  // namespace reactor_test
