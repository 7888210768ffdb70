#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactor/reactor.h"
#include "tests/sim/sim_world.h"

namespace reactor_test {

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

  Echo(sim::World& world, void (*opened)(Connection&)) : world_(world), opened_(opened) {}

  void on_accept(int fd, const Address& /*peer*/) override { loop->adopt(fd, *this); }
  void on_open(Connection& connection) override {
    ++open;
    opened_(connection);
  }
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
  void (*opened_)(Connection&);
};

// An echo server and its clients on a simulated OS that does everything an OS may do to them. A
// Client says what is special about its kind:
//   static void on_accepted(Connection&)   the server's end is open
//   Client(sim::World&, int fd)            the client's end
//   bool ready()                           it can send
//   void send(std::string_view)            queues bytes
//   bool flush(std::size_t bytes_max)      writes as much as there is room for; true: nothing is
//   left void read(std::size_t bytes_max) void end()                             ends its half; all
//   is flushed const std::string& received()
template <class Client>
class EchoRun {
 public:
  explicit EchoRun(std::uint64_t seed) : world_(seed), echo_(world_, &Client::on_accepted) {
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
    while (peers_.size() < client_count || world_.chance(995)) {
      act(client_count);
      turn();
    }
    calm_down();
    check_peers();
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

  // A peer that writes random bytes and reads them back, and may leave at any point.
  struct Peer {
    Peer(sim::World& world, int peer_fd)
        : fd(peer_fd), client(world, peer_fd), left_to_send(world.below(30'000)) {}

    int fd;
    Client client;
    std::string sent;
    std::size_t left_to_send;
    bool ended = false;  // its half
    bool reset = false;
  };

  void act(std::size_t client_count) {
    if (peers_.size() < client_count && world_.chance(200)) {
      peers_.emplace_back(world_, world_.peer_connect(address_, Address::ipv4(0x7F000001, 9)));
    }
    for (Peer& peer : peers_) {
      if (world_.chance(300)) {
        write_some(peer);
      }
      if (world_.chance(300)) {
        peer.client.read(world_.below(3000));
      }
      if (world_.chance(2) && !peer.reset) {
        world_.peer_reset(peer.fd);
        peer.reset = true;
      }
    }
  }

  void write_some(Peer& peer) {
    if (peer.reset || !peer.client.flush(world_.below(2000)) || peer.ended ||
        !peer.client.ready()) {
      return;
    }
    std::string bytes(std::min<std::size_t>(peer.left_to_send, world_.below(2000)), '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(world_.below(256));
    }
    peer.client.send(bytes);
    peer.sent += bytes;
    peer.left_to_send -= bytes.size();
    if (peer.client.flush(world_.below(2000)) && peer.left_to_send == 0) {
      peer.ended = true;
      peer.client.end();
    }
  }

  // Faults stop, every client sends and reads its rest; then all has to come to an end.
  void calm_down() {
    world_.faults = {};
    for (int turns = 0; turns < 20'000 && echo_.open > 0; ++turns) {
      for (Peer& peer : peers_) {
        write_some(peer);
        peer.client.read(SIZE_MAX);
      }
      turn();
    }
    for (Peer& peer : peers_) {
      peer.client.read(SIZE_MAX);
    }
  }

  void check_peers() {
    std::size_t resets = 0;
    std::size_t incomplete = 0;
    for (const Peer& peer : peers_) {
      EXPECT_TRUE(peer.sent.starts_with(peer.client.received())) << "not the bytes that were sent";
      resets += peer.reset ? 1 : 0;
      incomplete += !peer.reset && peer.client.received() != peer.sent ? 1 : 0;
    }
    const std::uint64_t accepted = loop_->stats().accepted;
    EXPECT_LE(incomplete, peers_.size() - accepted) << "accepted ones get everything back";
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
  std::deque<Peer> peers_;
};

// SEED=n runs one seed alone.
template <class Client>
void run_echo_seeds(std::uint64_t last, const char* test) {
  std::uint64_t first = 1;
  if (const char* seed = std::getenv("SEED")) {
    first = last = std::strtoull(seed, nullptr, 10);
  }
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    EchoRun<Client>(seed).run();
    ASSERT_FALSE(testing::Test::HasFailure()) << "to repeat it: SEED=" << seed << ' ' << test;
  }
}

}  // namespace reactor_test
