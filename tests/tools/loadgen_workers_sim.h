#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "tests/sim/sim_world.h"
#include "tools/loadgen/findings.h"
#include "tools/loadgen/worker_pool.h"

namespace loadgen {

inline Plan plan_of(Workload workload, std::size_t clients, std::size_t senders) {
  Plan plan;
  plan.workload = workload;
  plan.clients = clients;
  plan.senders = senders;
  return plan;
}

// The load generator's workers against something on the simulated OS, which is what a subclass
// adds: one thread, its own clock, everything decided by one seed.
class WorkersSim : private ReportSink {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds{1};
  static constexpr Duration kStageLead = std::chrono::milliseconds{20};

  WorkersSim(std::uint64_t seed, Plan plan) : world(seed), plan_(std::move(plan)) {}

  // A load generator of its own, that gives its clients the names of every other one here.
  std::unique_ptr<WorkerPool> make_pool() {
    ReportSink& reports = *this;
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

  // One turn for everybody, then a little time passes.
  virtual void tick() = 0;
  void run_for(Duration time) {
    for (; time.count() > 0; time -= kTick) {
      tick();
    }
  }
  template <class Condition>
  void run_until(const Condition& condition, const char* what) {
    constexpr int kTicksMax = 60'000;
    for (int i = 0; i < kTicksMax; ++i) {
      if (condition()) {
        return;
      }
      tick();
    }
    ADD_FAILURE() << "never: " << what;
  }

  void tell_all(WorkerOrder::Kind kind) { pool_->tell_all({.kind = kind}); }
  void connect() {
    tell_all(WorkerOrder::Kind::kConnect);
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
  // Who reads slowly does so no more.
  void catch_up() {
    tell_all(WorkerOrder::Kind::kCatchUp);
    run_until([this] { return pool_->sums().delivered_slow >= pool_->sums().due_slow; },
              "the slow readers have caught up");
  }
  // Everybody says goodbye; what was found.
  Result quit() {
    reports_left_ = plan_.threads;
    tell_all(WorkerOrder::Kind::kReport);
    run_until([this] { return reports_left_ == 0; }, "all have reported");
    tell_all(WorkerOrder::Kind::kQuit);
    run_until(
        [this] {
          return std::all_of(pool_->workers().begin(), pool_->workers().end(),
                             [](const auto& worker) { return worker->has_quit(); });
        },
        "all have quit");
    Result result;
    collect_findings(*pool_, result);
    return result;
  }

  WorkerPool& pool() { return *pool_; }
  // Sums of the reports.
  const WorkerReport& reported() const { return reported_; }
  // Of all kinds together.
  Latency latency() const {
    Latency sum;
    for (const Latency& one : reported_.latency) {
      sum.add(one);
    }
    return sum;
  }

  sim::World world;

 protected:
  ~WorkersSim() = default;

  // From now on there is something to connect to.
  void start(const reactor::Address& server) {
    plan_.target.addresses = {server};
    pool_ = make_pool();
  }

  Plan plan_;

 private:
  void post(WorkerReport report) override {
    --reports_left_;
    reported_.sent += report.sent;
    reported_.delivered += report.delivered;
    add_by_kind(report.latency, reported_.latency);
    reported_.lateness.add(report.lateness);
    reported_.acks.add(report.acks);
  }

  std::unique_ptr<WorkerPool> pool_;
  WorkerReport reported_;
  std::size_t reports_left_ = 0;
  std::uint64_t stages_begun_ = 0;
};

}  // namespace loadgen
