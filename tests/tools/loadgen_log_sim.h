#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/sim_world.h"
#include "tests/tools/loadgen_fake_chat.h"
#include "tools/loadgen/findings.h"
#include "tools/loadgen/worker_pool.h"

namespace loadgen {

// The load generator's workers against a FakeChat on the simulated OS: one thread, its own clock,
// everything decided by one seed.
class LogSim final : private ReportSink {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds{1};

  LogSim(std::uint64_t seed, Plan plan, const FakeFaults& faults = {})
      : world(seed), plan_(std::move(plan)), chat_(world.make_net(), disk_, faults) {
    plan_.target.addresses = {chat_.listen()};
    ReportSink& reports = *this;
    pool_ = std::make_unique<WorkerPool>(
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

  void tick() {
    chat_.turn();
    for (const auto& worker : pool_->workers()) {
      worker->turn(Duration::zero());
    }
    world.advance(kTick);
  }
  void run_for(Duration time) {
    for (; time.count() > 0; time -= kTick) {
      tick();
    }
  }
  void run_until(const std::function<bool()>& condition, const char* what) {
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
  // Sends everything that is asked for; what is on its way then may come or not.
  void run_stage(double messages_per_second, Duration duration) {
    WorkerOrder order;
    order.kind = WorkerOrder::Kind::kStage;
    order.stage = {messages_per_second, duration};
    order.start = world.now() + std::chrono::milliseconds{20};
    order.seed = plan_.seed;
    order.measured = true;
    pool_->tell_all(order);
    run_until([this, begun = ++stages_begun_] { return pool_->sums().stages_begun == begun; },
              "the stage begins");
    run_until([this] { return !pool_->sums().is_sending; }, "everything is sent");
    tell_all(WorkerOrder::Kind::kStop);
  }
  void drain() {
    run_until([this] { return pool_->sums().delivered >= pool_->sums().due; },
              "everything has come");
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
  const FakeChat& chat() const { return chat_; }
  // Sums of the reports.
  const WorkerReport& reported() const { return reported_; }

  sim::World world;

 private:
  void post(WorkerReport report) override {
    --reports_left_;
    reported_.sent += report.sent;
    reported_.delivered += report.delivered;
    reported_.latency.corrected.add(report.latency.corrected);
    reported_.acks.corrected.add(report.acks.corrected);
    reported_.acks.uncorrected.add(report.acks.uncorrected);
  }

  Plan plan_;
  FakeDisk disk_;
  FakeChat chat_;
  std::unique_ptr<WorkerPool> pool_;
  WorkerReport reported_;
  std::size_t reports_left_ = 0;
  std::uint64_t stages_begun_ = 0;
};

}  // namespace loadgen
