#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/server.h"
#include "chat/storage/open_storage.h"
#include "tests/tools/loadgen_workers_sim.h"

namespace sim {

using loadgen::Duration;
using loadgen::Plan;
using loadgen::Worker;

// A bare relay that does something wrong with every so many of its deliveries.
class Relay final : private reactor::Acceptor, private reactor::Handler {
 public:
  enum class Fault : std::uint8_t { kDouble, kDrop, kCorrupt };

  Relay(std::unique_ptr<reactor::Net> net, Fault fault) : loop_(std::move(net)), fault_(fault) {}
  ~Relay() { loop_.close_all(); }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  reactor::Address listen() {
    return loop_.listen(reactor::Address::ipv4(INADDR_LOOPBACK, 0), *this)
        .listener->local_address();
  }
  void turn() { loop_.turn(Duration::zero()); }
  std::uint64_t faults() const { return deliveries_ / kEvery; }

 private:
  static constexpr std::uint64_t kEvery = 101;

  void on_accept(int fd, const reactor::Address& /*peer*/) override { loop_.adopt(fd, *this); }
  void on_open(reactor::Connection& connection) override {
    members_.push_back(&connection);
    connection.send("welcome\n");
  }
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override {
    const std::size_t whole = bytes.rfind('\n') + 1;
    for (std::size_t at = 0; at < whole;) {
      const std::size_t end = bytes.find('\n', at) + 1;
      for (reactor::Connection* member : members_) {
        if (member != &connection) {
          deliver(*member, std::string(bytes.substr(at, end - at)));
        }
      }
      at = end;
    }
    return whole;
  }
  void on_close(reactor::Connection& connection, reactor::CloseReason /*reason*/,
                int /*error*/) override {
    std::erase(members_, &connection);
  }

  void deliver(reactor::Connection& member, std::string line) {
    const bool is_wrong = ++deliveries_ % kEvery == 0;
    if (is_wrong && fault_ == Fault::kCorrupt) {
      line[line.size() / 2] = '?';
    }
    if (!is_wrong || fault_ != Fault::kDrop) {
      member.send(line);
    }
    if (is_wrong && fault_ == Fault::kDouble) {
      member.send(line);
    }
  }

  reactor::Reactor loop_;
  const Fault fault_;
  std::vector<reactor::Connection*> members_;
  std::uint64_t deliveries_ = 0;
};

// The load generator's workers against a whole chat server, or a relay.
class LoadSim final : public loadgen::WorkersSim {
 public:
  explicit LoadSim(std::uint64_t seed, Plan plan = {}, std::uint16_t server_threads = 1,
                   const chat::Limits& limits = {}, const chat::TransportSource& transports = {})
      : WorkersSim(seed, std::move(plan)) {
    spdlog::set_level(spdlog::level::off);
    chat::ServerOptions options;
    options.limits = limits;
    options.limits.clients_max = 1000;
    options.threads = server_threads;
    options.transports = transports;
    server_ = std::make_unique<chat::Server>(
        options, [this] { return world.make_net(); }, chat::open_memory_storage());
    reactor::Address bound;
    EXPECT_EQ(server_->listen(reactor::Address::ipv4(INADDR_LOOPBACK, 0), bound), 0);
    start(bound);
  }
  LoadSim(std::uint64_t seed, Plan plan, Relay::Fault fault) : WorkersSim(seed, std::move(plan)) {
    relay_ = std::make_unique<Relay>(world.make_net(), fault);
    plan_.target.kinds.front().kind.protocol = loadgen::Protocol::kLines;
    start(relay_->listen());
  }

  // The workers take their turns in any order.
  void tick() override {
    if (server_ != nullptr && server_turns) {
      for (const auto& shard : server_->shards()) {
        shard->reactor().turn(Duration::zero());
      }
    }
    if (relay_ != nullptr) {
      relay_->turn();
    }
    std::vector<Worker*> workers;
    for (const auto& worker : pool().workers()) {
      workers.push_back(worker.get());
    }
    std::shuffle(workers.begin(), workers.end(), world.random());
    for (Worker* worker : workers) {
      if (workers_turn) {
        worker->turn(Duration::zero());
      }
    }
    world.advance(kTick);
  }

  void run_stage(double messages_per_second, Duration duration) {
    begin_stage(messages_per_second, duration);
    drain();
  }

  // Messages that are on their way.
  std::uint64_t in_flight() {
    std::uint64_t sum = 0;
    for (const auto& worker : pool().workers()) {
      for (const auto& client : worker->crowd().clients()) {
        sum += client->in_flight;
      }
    }
    return sum;
  }

  void stop_server() { server_.reset(); }
  const Relay& relay() const { return *relay_; }

  bool server_turns = true;
  bool workers_turn = true;

 private:
  std::unique_ptr<chat::Server> server_;
  std::unique_ptr<Relay> relay_;
};

}  // namespace sim
