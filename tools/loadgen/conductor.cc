#include "tools/loadgen/conductor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tools/loadgen/findings.h"

namespace loadgen {
namespace {

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Conductor::Conductor(const Plan& plan, int server_pid, std::uint64_t run_key,
                     const NetFactory& make_net, RunWatcher& watcher)
    : plan_(plan),
      watcher_(watcher),
      loop_(make_net()),
      sampler_(loop_, plan.threads, server_pid),
      pool_(plan, run_key, make_net, sampler_),
      stage_plan_(make_stage_plan(plan)) {
  result_.server.pid = server_pid;
  result_.server.memory_before_bytes = sampler_.memory_bytes();
}

Conductor::~Conductor() { loop_.timers().cancel(timer_); }

Result Conductor::run() {
  pool_.start();
  pool_.tell_all({.kind = WorkerOrder::Kind::kConnect});
  loop_.turn(Duration::zero());
  last_sample_ = now();
  enter(Phase::kConnecting);
  timer_ = loop_.timers().arm(now() + kLookInterval, *this);
  while (phase_ != Phase::kOver) {
    loop_.turn();
  }
  pool_.tell_all({.kind = WorkerOrder::Kind::kQuit});
  pool_.join();
  collect_findings(pool_, result_);
  result_.samples = sampler_.samples();
  result_.server.memory_peak_bytes = sampler_.memory_peak_bytes();
  result_.server.pid = sampler_.sees_server() ? result_.server.pid : 0;
  if (!error_.empty() && !pool_.first_error().empty()) {
    error_ += ": " + pool_.first_error();
  }
  return std::move(result_);
}

void Conductor::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_relaxed);
  loop_.wake();
}

void Conductor::on_timer(std::uint64_t /*argument*/) {
  timer_ = loop_.timers().arm(now() + kLookInterval, *this);
  sums_ = pool_.sums();
  switch (phase_) {
    case Phase::kConnecting:
      await_connections();
      break;
    case Phase::kSending:
      await_sent();
      break;
    case Phase::kDraining:
      await_drained();
      break;
    case Phase::kReporting:
      if (!sampler_.is_waiting()) {
        finish_stage();
      }
      break;
    case Phase::kOver:
      break;
  }
  if (now() >= last_sample_ + kSampleInterval && !sampler_.is_waiting() && phase_ != Phase::kOver) {
    last_sample_ += kSampleInterval;
    sample();
    show();
  }
}

void Conductor::enter(Phase phase, Duration planned) {
  phase_ = phase;
  phase_began_ = now();
  phase_planned_ = planned;
  last_progress_at_ = now();
  show();
}

// True when progress has been the same for so long.
bool Conductor::nothing_moves(std::uint64_t progress, Duration patience) {
  if (std::exchange(last_progress_, progress) != progress) {
    last_progress_at_ = now();
  }
  return now() - last_progress_at_ > patience;
}

void Conductor::await_connections() {
  if (sums_.ready >= plan_.clients) {
    if (!sampler_.is_waiting()) {
      finish_connecting();
    }
  } else if (sums_.lost > 0) {
    give_up(fmt::format("client {} of {} could not log in", sums_.ready + 1, plan_.clients));
  } else if (nothing_moves(sums_.ready, kConnectPatience)) {
    give_up(fmt::format("only {} of {} clients could log in within {} s, then no more did",
                        sums_.ready, plan_.clients, kConnectPatience / std::chrono::seconds{1}));
  } else if (interrupted_) {
    give_up("interrupted before everybody was connected");
  }
}

void Conductor::finish_connecting() {
  result_.registration.clients = plan_.clients;
  result_.registration.seconds = to_seconds(now() - phase_began_);
  sample();
  result_.server.memory_registered_bytes = sampler_.memory_bytes();
  is_warm_up_ = plan_.warm_up > Duration::zero();
  if (is_warm_up_) {
    begin_stage({plan_.stages.front().messages_per_second, plan_.warm_up}, plan_.ramp_up);
  } else {
    begin_next_stage();
  }
}

void Conductor::begin_next_stage() {
  const StageResult* previous = result_.stages.empty() ? nullptr : &result_.stages.back();
  const std::optional<Stage> next =
      interrupted_ && previous != nullptr ? std::nullopt : stage_plan_->next(previous);
  if (next) {
    begin_stage(*next, {});
  } else {
    phase_ = Phase::kOver;
  }
}

void Conductor::begin_stage(const Stage& stage, Duration ramp) {
  stage_ = stage;
  ++stages_begun_;
  stage_start_ = now() + kStageLead;
  WorkerOrder order;
  order.kind = WorkerOrder::Kind::kStage;
  order.stage = stage;
  order.start = stage_start_;
  order.ramp = ramp;
  order.seed = plan_.seed + stages_begun_;
  order.measured = !is_warm_up_;
  is_begun_ = false;
  pool_.tell_all(order);
  enter(Phase::kSending, stage.duration);
}

void Conductor::await_sent() {
  // The sample that was asked for before the stage must be there: it is not the stage's.
  if (!is_begun_) {
    if (sampler_.is_waiting()) {
      return;
    }
    is_begun_ = true;
    sampler_.begin_stage();
    if (!is_warm_up_ && result_.stages.empty()) {
      sampler_.set_origin(stage_start_);
    }
  }
  if (interrupted_) {
    pool_.tell_all({.kind = WorkerOrder::Kind::kStop});
  }
  const bool time_is_over = now() >= stage_start_ + stage_.duration || interrupted_;
  if (time_is_over && sums_.stages_begun >= stages_begun_ && !sums_.is_sending) {
    const Duration took = now() - stage_start_;
    // The end is noticed a look later than it came.
    stage_seconds_ = to_seconds(
        took > stage_.duration + 2 * kLookInterval || interrupted_ ? took : stage_.duration);
    enter(Phase::kDraining);
  }
}

void Conductor::await_drained() {
  const bool comes_and_goes = plan_.workload == Workload::kChurn;
  const bool has_come = !comes_and_goes && sums_.delivered >= sums_.due;
  const Duration patience = comes_and_goes ? kChurnDrainPatience : kDrainPatience;
  if ((has_come || nothing_moves(sums_.delivered, patience)) && !sampler_.is_waiting()) {
    sample();
    enter(Phase::kReporting);
  }
}

void Conductor::finish_stage() {
  StageResult stage = sampler_.end_stage();
  stage.asked_per_second = plan_.closed_loop ? 0 : stage_.messages_per_second;
  stage.seconds = stage_seconds_;
  if (!std::exchange(is_warm_up_, false)) {
    stage.objectives_kept = keeps(plan_.objectives, stage.latency.corrected);
    result_.stages.push_back(std::move(stage));
    if (plan_.workload == Workload::kIdle) {
      // By now the server has given back what logging in needed.
      result_.server.memory_registered_bytes = sampler_.memory_bytes();
    }
  }
  begin_next_stage();
}

void Conductor::give_up(std::string why) {
  error_ = std::move(why);
  phase_ = Phase::kOver;
}

void Conductor::sample() {
  const bool sends = phase_ != Phase::kConnecting && !plan_.closed_loop;
  sampler_.expect_reports({sends ? stage_.messages_per_second : 0, sums_.open, sums_.lost});
  pool_.tell_all({.kind = WorkerOrder::Kind::kReport});
}

void Conductor::show() {
  static constexpr std::string_view kPhases[] = {"connecting", "", "draining", "draining", "done"};
  Outlook outlook;
  outlook.phase = kPhases[static_cast<std::size_t>(phase_)];
  if (phase_ == Phase::kSending) {
    outlook.phase = is_warm_up_ ? "warming up"
                                : fmt::format("{} {}", stage_plan_->is_search() ? "trial" : "stage",
                                              result_.stages.size() + 1);
  }
  const double left = to_seconds(phase_began_ + phase_planned_ - now());
  outlook.seconds_left = std::max(0.0, left);
  outlook.clients = sums_.ready;
  outlook.clients_asked = plan_.clients;
  outlook.sample = sampler_.samples().empty() ? nullptr : &sampler_.samples().back();
  watcher_.on_progress(outlook);
}

}  // namespace loadgen
