#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/server.h"
#include "chat/storage/open_storage.h"
#include "tests/sim/sim_world.h"
#include "tools/loadgen/findings.h"
#include "tools/loadgen/worker_pool.h"

namespace sim {

using loadgen::Duration;
using loadgen::Plan;
using loadgen::Worker;
using loadgen::WorkerOrder;
using loadgen::WorkerPool;
using loadgen::WorkerReport;

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

// The load generator's workers against a whole chat server, or a relay, on the simulated OS: one
// thread, its own clock, everything decided by one seed.
class LoadSim final : private loadgen::ReportSink {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds{1};
  static constexpr Duration kStageLead = std::chrono::milliseconds{20};

  explicit LoadSim(std::uint64_t seed, Plan plan = {}, std::uint16_t server_threads = 1,
                   const chat::Limits& limits = {})
      : world(seed), plan_(std::move(plan)) {
    spdlog::set_level(spdlog::level::off);
    chat::ServerOptions options;
    options.limits = limits;
    options.limits.clients_max = 1000;
    options.threads = server_threads;
    server_ = std::make_unique<chat::Server>(
        options, [this] { return world.make_net(); }, chat::open_memory_storage());
    reactor::Address bound;
    EXPECT_EQ(server_->listen(reactor::Address::ipv4(INADDR_LOOPBACK, 0), bound), 0);
    plan_.target.addresses = {bound};
    pool_ = make_pool();
  }
  LoadSim(std::uint64_t seed, Plan plan, Relay::Fault fault) : world(seed), plan_(std::move(plan)) {
    relay_ = std::make_unique<Relay>(world.make_net(), fault);
    plan_.target.protocol = loadgen::Protocol::kLines;
    plan_.target.addresses = {relay_->listen()};
    pool_ = make_pool();
  }

  // A load generator of its own, that gives its clients the names of every other one here.
  std::unique_ptr<WorkerPool> make_pool() {
    loadgen::ReportSink& reports = *this;
    return std::make_unique<WorkerPool>(
        plan_, /*run_key=*/7, [this] { return world.make_net(); }, reports);
  }

  void make_trouble() {
    world.faults.partial_read = 200;
    world.faults.partial_write = 200;
    world.faults.eintr = 100;
    world.faults.spurious = 50;
    world.faults.short_batch = 100;
    world.faults.delayed_event = 100;
  }

  // One turn for everybody in any order, then a little time passes.
  void tick() {
    if (server_ != nullptr && server_turns) {
      for (const auto& shard : server_->shards()) {
        shard->reactor().turn(Duration::zero());
      }
    }
    if (relay_ != nullptr) {
      relay_->turn();
    }
    std::vector<Worker*> workers;
    for (const auto& worker : pool_->workers()) {
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
  void run_for(Duration time) {
    for (; time.count() > 0; time -= kTick) {
      tick();
    }
  }
  template <class Condition>
  void run_until(const Condition& condition, const char* what) {
    constexpr int kTicksMax = 20'000;
    for (int i = 0; i < kTicksMax; ++i) {
      if (condition()) {
        return;
      }
      tick();
    }
    ADD_FAILURE() << "never: " << what;
  }

  void connect() {
    pool_->tell_all({.kind = WorkerOrder::Kind::kConnect});
    run_until([this] { return pool_->sums().ready >= plan_.clients; }, "everybody is logged in");
  }
  void begin_stage(double messages_per_second, Duration duration, Duration ramp = {}) {
    WorkerOrder order;
    order.kind = WorkerOrder::Kind::kStage;
    order.stage = {messages_per_second, duration};
    order.start = world.now() + kStageLead;
    order.ramp = ramp;
    order.seed = plan_.seed;
    order.measured = true;
    pool_->tell_all(order);
    run_until([this, begun = ++stages_begun_] { return pool_->sums().stages_begun == begun; },
              "the stage begins");
  }
  void await_sent() {
    run_until([this] { return !pool_->sums().is_sending; }, "everything is sent");
  }
  void drain() {
    await_sent();
    run_until([this] { return pool_->sums().delivered >= pool_->sums().due; },
              "everything has come");
  }
  void run_stage(double messages_per_second, Duration duration) {
    begin_stage(messages_per_second, duration);
    drain();
  }
  // Who reads slowly does so no more.
  void catch_up() {
    pool_->tell_all({.kind = WorkerOrder::Kind::kCatchUp});
    run_until([this] { return pool_->sums().delivered_slow >= pool_->sums().due_slow; },
              "the slow readers have caught up");
  }
  // Everybody says goodbye; what was found.
  loadgen::Result quit() {
    reports_left_ = plan_.threads;
    pool_->tell_all({.kind = WorkerOrder::Kind::kReport});
    run_until([this] { return reports_left_ == 0; }, "all have reported");
    pool_->tell_all({.kind = WorkerOrder::Kind::kQuit});
    run_until(
        [this] {
          return std::all_of(pool_->workers().begin(), pool_->workers().end(),
                             [](const auto& worker) { return worker->has_quit(); });
        },
        "all have quit");
    loadgen::Result result;
    loadgen::collect_findings(*pool_, result);
    return result;
  }

  // Messages that are on their way.
  std::uint64_t in_flight() const {
    std::uint64_t sum = 0;
    for (const auto& worker : pool_->workers()) {
      for (const auto& client : worker->crowd().clients()) {
        sum += client->in_flight;
      }
    }
    return sum;
  }

  void stop_server() { server_.reset(); }
  const Relay& relay() const { return *relay_; }
  WorkerPool& pool() { return *pool_; }
  // Sums of the reports.
  const WorkerReport& reported() const { return reported_; }

  World world;
  bool server_turns = true;
  bool workers_turn = true;

 private:
  void post(WorkerReport report) override {
    --reports_left_;
    reported_.sent += report.sent;
    reported_.delivered += report.delivered;
    reported_.latency.corrected.add(report.latency.corrected);
    reported_.latency.uncorrected.add(report.latency.uncorrected);
    reported_.lateness.add(report.lateness);
    reported_.acks.corrected.add(report.acks.corrected);
  }

  Plan plan_;
  std::unique_ptr<chat::Server> server_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<WorkerPool> pool_;
  WorkerReport reported_;
  std::size_t reports_left_ = 0;
  std::uint64_t stages_begun_ = 0;
};

}  // namespace sim
