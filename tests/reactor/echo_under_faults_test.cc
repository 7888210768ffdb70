// An echo server on a simulated OS that does everything an OS may do to it, seed by seed.
// SEED=n runs one seed alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "reactor/reactor.h"
#include "tests/sim/sim_world.h"

namespace reactor_test {
namespace {

using reactor::Address;
using reactor::CloseReason;
using reactor::Connection;
using reactor::ConnectionLimits;
using reactor::Reactor;

// Sends back what it gets: all at once, in pieces, or later.
class Echo final : public reactor::Handler, public reactor::Acceptor {
 public:
  Reactor* loop = nullptr;
  int open = 0;
  std::vector<CloseReason> closes;
  std::vector<Connection*> paused;

  explicit Echo(sim::World& world) : world_(world) {}

  void on_accept(int fd, const Address& /*peer*/) override { loop->adopt(fd, *this); }
  void on_open(Connection& /*connection*/) override { ++open; }
  std::size_t on_data(Connection& connection, std::string_view bytes) override {
    std::size_t count = bytes.size();
    if (connection.bytes_queued() + count > loop->limits().out_bytes_max / 2) {
      count = std::min<std::size_t>(count, 10);  // flow control is the echo's own affair here
    }
    if (world_.chance(100)) {
      count = world_.below(count + 1);
    }
    connection.send(bytes.substr(0, count));
    if (count < bytes.size() || world_.chance(50)) {
      connection.pause_reading();
      paused.push_back(&connection);
    }
    return count;
  }
  void on_close(Connection& connection, CloseReason reason, int /*error*/) override {
    --open;
    closes.push_back(reason);
    std::erase(paused, &connection);
  }

  void resume_some() {
    std::vector<Connection*> waiting;
    waiting.swap(paused);
    for (Connection* connection : waiting) {
      if (world_.chance(500)) {
        paused.push_back(connection);
      } else {
        connection->resume_reading();
      }
    }
  }

 private:
  sim::World& world_;
};

// A peer that writes random bytes and reads them back, and may leave at any point.
struct Client {
  int fd = -1;
  std::string sent;
  std::string received;
  std::size_t left_to_send = 0;
  bool ended = false;  // its half
  bool reset = false;
};

class EchoRun {
 public:
  explicit EchoRun(std::uint64_t seed) : world_(seed), echo_(world_) {
    world_.faults = {.partial_read = pick(400),
                     .partial_write = pick(400),
                     .eintr = pick(200),
                     .spurious = pick(100),
                     .short_batch = pick(300),
                     .delayed_event = pick(300),
                     .aborted_accept = pick(200)};
    world_.socket_buffer_bytes = 64 + world_.below(8000);
    ConnectionLimits limits;
    limits.read_budget_bytes = 1 + world_.below(4000);
    limits.out_bytes_max = 20'000;
    limits.out_high_mark_bytes = 4'000;
    limits.out_low_mark_bytes = world_.below(4'000);
    limits.tail_bytes_max = 8'000;
    limits.linger_timeout = limits.stall_timeout = std::chrono::hours{1};  // nobody is that slow
    loop_ = std::make_unique<Reactor>(world_.make_net(), limits);
    echo_.loop = loop_.get();
    const auto listening = loop_->listen(Address::ipv4(0x7F000001, 0), echo_);
    address_ = listening.listener->local_address();
  }

  void run() {
    const std::size_t client_count = 1 + world_.below(12);
    while (clients_.size() < client_count || world_.chance(995)) {
      act(client_count);
      turn();
    }
    calm_down();
    check_clients();
    EXPECT_EQ(echo_.open, 0) << "connections are left";
    EXPECT_EQ(loop_->connection_count(), 0U);
    EXPECT_EQ(loop_->pool().bytes_lent(), 0U);
    loop_.reset();
    EXPECT_EQ(world_.server_descriptors(), 0U);
    EXPECT_EQ(world_.mistakes(), std::vector<std::string>{});
  }

 private:
  int pick(int per_mille_max) {
    return world_.chance(500)
               ? 0
               : static_cast<int>(world_.below(static_cast<std::size_t>(per_mille_max)));
  }

  void turn() {
    world_.advance(std::chrono::milliseconds{world_.below(20)});
    loop_->turn(reactor::Duration::zero());
    echo_.resume_some();
  }

  void act(std::size_t client_count) {
    if (clients_.size() < client_count && world_.chance(200)) {
      Client& client = clients_.emplace_back();
      client.fd = world_.peer_connect(address_, Address::ipv4(0x7F000001, 9));
      client.left_to_send = world_.below(30'000);
    }
    for (Client& client : clients_) {
      if (world_.chance(300)) {
        write_some(client);
      }
      if (world_.chance(300)) {
        client.received += world_.peer_read(client.fd, world_.below(3000));
      }
      if (world_.chance(2) && !client.reset) {
        world_.peer_reset(client.fd);
        client.reset = true;
      }
    }
  }

  void write_some(Client& client) {
    if (client.reset || client.ended) {
      return;
    }
    std::string bytes(std::min<std::size_t>(client.left_to_send, world_.below(2000)), '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(world_.below(256));
    }
    bytes.resize(world_.peer_write(client.fd, bytes));
    client.sent += bytes;
    client.left_to_send -= bytes.size();
    if (client.left_to_send == 0) {
      client.ended = true;
      world_.peer_shutdown_write(client.fd);
    }
  }

  // Faults stop, every client sends and reads its rest; then all has to come to an end.
  void calm_down() {
    world_.faults = {};
    for (int turns = 0; turns < 20'000 && echo_.open > 0; ++turns) {
      for (Client& client : clients_) {
        write_some(client);
        client.received += world_.peer_read(client.fd);
      }
      turn();
    }
    for (Client& client : clients_) {
      client.received += world_.peer_read(client.fd);
    }
  }

  void check_clients() {
    std::size_t resets = 0;
    std::size_t incomplete = 0;
    for (const Client& client : clients_) {
      EXPECT_TRUE(client.sent.starts_with(client.received)) << "not the bytes that were sent";
      resets += client.reset ? 1 : 0;
      incomplete += !client.reset && client.received != client.sent ? 1 : 0;
    }
    const std::uint64_t accepted = loop_->stats().accepted;
    EXPECT_LE(incomplete, clients_.size() - accepted) << "accepted ones get everything back";
    EXPECT_EQ(echo_.closes.size(), accepted) << "one reason for each";
    for (const CloseReason reason : echo_.closes) {
      EXPECT_TRUE(reason == CloseReason::kPeerClosed || reason == CloseReason::kPeerReset)
          << to_string(reason);
    }
    EXPECT_LE(loop_->stats().closes[static_cast<std::size_t>(CloseReason::kPeerReset)], resets);
  }

  sim::World world_;
  Echo echo_;
  std::unique_ptr<Reactor> loop_;
  Address address_;
  std::vector<Client> clients_;
};

TEST(EchoUnderFaults, EveryByteComesBackInOrderAndNothingIsLeftBehind) {
  std::uint64_t first = 1;
  std::uint64_t last = 300;
  if (const char* seed = std::getenv("SEED")) {
    first = last = std::strtoull(seed, nullptr, 10);
  }
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    EchoRun(seed).run();
    ASSERT_FALSE(testing::Test::HasFailure())
        << "to repeat it: SEED=" << seed << " reactor_tests --gtest_filter=EchoUnderFaults.*";
  }
}

}  // namespace
}  // namespace reactor_test
