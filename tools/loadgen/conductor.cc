#include "tools/loadgen/conductor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tools/loadgen/findings.h"

namespace loadgen {
namespace {

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Duration pause_between_connects(const Plan& plan) {
  if (plan.connects_per_second == 0) {
    return {};
  }
  const std::chrono::duration<double> pause{static_cast<double>(plan.threads) /
                                            plan.connects_per_second};
  return std::chrono::duration_cast<Duration>(pause);
}

}  // namespace

Conductor::Conductor(const Plan& plan, int server_pid, std::uint64_t run_key,
                     const NetFactory& make_net, RunWatcher& watcher)
    : plan_(plan),
      watcher_(watcher),
      loop_(make_net()),
      sampler_(loop_, plan, server_pid),
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
  sampled_at_ = now();
  sample_due_ = now() + kSampleInterval;
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
  if (interrupted_) {
    result_.warnings.emplace_back("interrupted: this is what was measured until then");
  }
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
    case Phase::kCatchingUp:
      await_caught_up();
      break;
    case Phase::kOver:
      break;
  }
  if (now() >= sample_due_ && !sampler_.is_waiting() && phase_ != Phase::kOver) {
    // Those that were missed are not made up for.
    sample_due_ = now() + kSampleInterval - (now() - sample_due_) % kSampleInterval;
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
  } else if (nothing_moves(sums_.ready, kConnectPatience + pause_between_connects(plan_))) {
    give_up(fmt::format("only {} of {} clients could log in, then no more did", sums_.ready,
                        plan_.clients));
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
  if (interrupted_ && previous == nullptr) {
    give_up("interrupted before anything was measured");
    return;
  }
  const std::optional<Stage> next = interrupted_ ? std::nullopt : stage_plan_->next(previous);
  if (next) {
    begin_stage(*next, {});
  } else if (plan_.workload == Workload::kSlowReaders) {
    begin_to_catch_up();
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
    // Who is behind sends for longer; an interruption may come before the beginning.
    sending_took_ = std::max(sums_.sending_ended - stage_start_,
                             interrupted_ ? Duration::zero() : stage_.duration);
    pool_.tell_all({.kind = WorkerOrder::Kind::kStop});  // who is away comes back
    last_progress_ = sums_.delivered;
    enter(Phase::kDraining);
  }
}

void Conductor::await_drained() {
  const bool is_in_vain = nothing_moves(sums_.delivered, kDrainPatience);
  const bool has_come = sums_.delivered >= sums_.due;
  if ((has_come || is_in_vain) && !sampler_.is_waiting()) {
    // The last delivery is noticed up to a look later than it came.
    delivering_took_ = std::max(sending_took_, last_progress_at_ - kLookInterval - stage_start_);
    sample();
    enter(Phase::kReporting);
  }
}

void Conductor::finish_stage() {
  StageResult stage = sampler_.end_stage();
  stage.asked_per_second = plan_.closed_loop ? 0 : stage_.messages_per_second;
  stage.seconds = to_seconds(sending_took_);
  stage.delivering_seconds = to_seconds(delivering_took_);
  const std::uint64_t missing = sums_.due - std::min(sums_.due, sums_.delivered);
  const bool all_came = missing <= std::exchange(missing_, missing);
  // Half a trial does not tell what the other half would have done to the server.
  const bool is_whole = sending_took_ >= stage_.duration;
  const bool counts = is_whole || (sending_took_ > Duration::zero() && !stage_plan_->is_search());
  if (!std::exchange(is_warm_up_, false) && counts) {
    // What never came is in no histogram, but has kept no objective.
    stage.objectives_kept =
        keeps(plan_.objectives, stage) && (all_came || plan_.objectives.empty());
    result_.stages.push_back(std::move(stage));
    if (plan_.workload == Workload::kIdle) {
      // By now the server has given back what logging in needed.
      result_.server.memory_registered_bytes = sampler_.memory_bytes();
    }
  }
  begin_next_stage();
}

void Conductor::begin_to_catch_up() {
  pool_.tell_all({.kind = WorkerOrder::Kind::kCatchUp});
  last_progress_ = sums_.delivered_slow;
  enter(Phase::kCatchingUp);
}

void Conductor::await_caught_up() {
  const bool has_come = sums_.delivered_slow >= sums_.due_slow;
  const bool is_in_vain =
      nothing_moves(sums_.delivered_slow, kDrainPatience) || now() - phase_began_ > kCatchUpMax;
  if (has_come || is_in_vain) {
    phase_ = Phase::kOver;
  }
}

void Conductor::give_up(std::string why) {
  error_ = std::move(why);
  phase_ = Phase::kOver;
}

// Over the time since the last sample: nothing is asked for before a stage and while it drains.
double Conductor::asked_per_second() const {
  const reactor::TimePoint begin = std::max(sampled_at_, stage_start_);
  const reactor::TimePoint end = std::min(now(), stage_start_ + stage_.duration);
  if (plan_.closed_loop || stages_begun_ == 0 || end <= begin) {
    return 0;
  }
  return stage_.messages_per_second * to_seconds(end - begin) / to_seconds(now() - sampled_at_);
}

void Conductor::sample() {
  sampler_.expect_reports({asked_per_second(), sums_.open, sums_.lost});
  sampled_at_ = now();
  pool_.tell_all({.kind = WorkerOrder::Kind::kReport});
}

void Conductor::show() {
  static constexpr std::string_view kPhases[] = {"connecting",  "",    "draining", "draining",
                                                 "catching up", "done"};
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
