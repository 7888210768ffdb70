#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "reactor/reactor.h"
#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"
#include "tools/loadgen/run.h"
#include "tools/loadgen/sampler.h"
#include "tools/loadgen/stage_plan.h"
#include "tools/loadgen/worker_pool.h"

namespace loadgen {

// Leads one run from the first connection to the last: a state machine that looks at its workers
// every few milliseconds and tells them what comes next. Used on one thread; its workers have
// theirs.
class Conductor final : public Run, private reactor::TimerHandler {
 public:
  // server_pid: 0: none is watched. plan and watcher outlive the conductor.
  Conductor(const Plan& plan, int server_pid, std::uint64_t run_key, const NetFactory& make_net,
            RunWatcher& watcher);
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;
  ~Conductor() override;

  Result run() override;
  const std::string& error() const override { return error_; }
  void interrupt() noexcept override;

 private:
  enum class Phase : std::uint8_t {
    kConnecting,
    kSending,   // warm-up or a stage
    kDraining,  // everything is sent, not everything has come
    kReporting,
    kCatchingUp,  // all stages are over; those who read slowly get the rest
    kOver,
  };

  static constexpr Duration kLookInterval = std::chrono::milliseconds{5};
  static constexpr Duration kSampleInterval = std::chrono::seconds{1};
  // Between the order to begin a stage and its beginning: workers have to have heard of it.
  static constexpr Duration kStageLead = std::chrono::milliseconds{20};
  // Without one delivery for so long, what is missing is lost.
  static constexpr Duration kDrainPatience = std::chrono::seconds{5};
  // The longest that the slow readers may take in the end, even if they get something all the time.
  static constexpr Duration kCatchUpMax = std::chrono::minutes{2};
  // Without one client getting in for so long, no more will.
  static constexpr Duration kConnectPatience = std::chrono::seconds{10};

  void on_timer(std::uint64_t argument) override;

  // The steps of a run, in order.
  void await_connections();
  void finish_connecting();
  void begin_next_stage();
  void begin_stage(const Stage& stage, Duration ramp);
  void await_sent();
  void await_drained();
  void finish_stage();
  void begin_to_catch_up();
  void await_caught_up();
  void give_up(std::string why);

  void enter(Phase phase, Duration planned = {});
  double asked_per_second() const;
  void sample();
  void show();
  bool nothing_moves(std::uint64_t progress, Duration patience);
  reactor::TimePoint now() const { return loop_.now(); }

  const Plan& plan_;
  RunWatcher& watcher_;
  reactor::Reactor loop_;
  Sampler sampler_;
  WorkerPool pool_;
  const std::unique_ptr<StagePlan> stage_plan_;
  WorkerPool::Sums sums_;  // as of the latest look
  reactor::TimerId timer_;
  std::atomic<bool> interrupted_{false};

  Phase phase_ = Phase::kConnecting;
  reactor::TimePoint phase_began_;
  Duration phase_planned_{};
  reactor::TimePoint sample_due_;
  reactor::TimePoint sampled_at_;
  std::uint64_t last_progress_ = 0;
  reactor::TimePoint last_progress_at_;

  Stage stage_;
  bool is_warm_up_ = false;
  bool is_begun_ = false;  // what is reported from now on is the stage's
  std::uint64_t stages_begun_ = 0;
  reactor::TimePoint stage_start_;
  Duration sending_took_{};
  Duration delivering_took_{};
  std::uint64_t missing_ = 0;  // deliveries that had not come when the latest stage ended

  Result result_;
  std::string error_;
};

}  // namespace loadgen
