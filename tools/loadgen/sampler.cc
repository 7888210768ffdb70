#include "tools/loadgen/sampler.h"

#include <algorithm>
#include <utility>

#include "reactor/check.h"

namespace loadgen {
namespace {

double seconds_between(reactor::TimePoint from, reactor::TimePoint to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Sampler::Sampler(reactor::Reactor& loop, const Plan& plan, int server_pid)
    : loop_(loop),
      mailbox_(loop, *this),
      workers_(plan.threads),
      is_mixed_(plan.target.is_mixed()),
      server_pid_(server_pid),
      origin_(loop.now()),
      sampled_at_(loop.now()),
      stage_began_(loop.now()),
      thread_cpu_seconds_(plan.threads) {
  look_at_server();
  cpu_seconds_before_ = last_use_.cpu_seconds;
}

void Sampler::set_origin(reactor::TimePoint origin) {
  const double later = seconds_between(origin_, origin);
  for (Sample& sample : samples_) {
    sample.at_seconds -= later;
  }
  origin_ = origin;
}

void Sampler::look_at_server() {
  if (server_pid_ == 0) {
    return;
  }
  const std::optional<ProcessUse> use = look_at_process(server_pid_);
  sees_server_ = use.has_value();
  if (use) {
    last_use_ = *use;
    memory_peak_bytes_ = std::max(memory_peak_bytes_, use->resident_bytes);
  }
}

void Sampler::expect_reports(const Known& known) {
  CHECK(!is_waiting(), "reports are asked for before the last ones have come", reports_left_);
  const reactor::TimePoint now = loop_.now();
  look_at_server();
  sample_ = {};
  sample_.at_seconds = seconds_between(origin_, now);
  sample_.seconds = seconds_between(std::exchange(sampled_at_, now), now);
  sample_.connections = known.connections;
  sample_.asked_per_second = known.asked_per_second;
  sample_.errors = known.errors - std::exchange(errors_before_, known.errors);
  sample_.server_memory_bytes = last_use_.resident_bytes;
  const double cpu = last_use_.cpu_seconds;
  sample_.server_cpu = cpu - std::exchange(cpu_seconds_before_, cpu);  // a rate when complete
  corrected_.clear();
  acks_.clear();
  generator_cpu_seconds_ = 0;
  reports_left_ = workers_;
}

void Sampler::on_mail(WorkerReport& report) {
  CHECK(is_waiting(), "a report that nobody has asked for");
  sample_.sent += report.sent;
  sample_.delivered += report.delivered;
  acks_.add(report.acks.corrected);
  generator_cpu_seconds_ += report.cpu_seconds;
  stage_.sent += report.sent;
  stage_.delivered += report.delivered;
  for (const Latency& latency : report.latency) {
    corrected_.add(latency.corrected);
    stage_.latency.add(latency);
  }
  if (is_mixed_) {
    add_by_kind(report.latency, stage_.of_kinds);
  }
  stage_.acks.add(report.acks);
  stage_.lateness.add(report.lateness);
  stage_.generator_cpu_seconds += report.cpu_seconds;
  thread_cpu_seconds_[report.thread] += report.cpu_seconds;
  if (--reports_left_ == 0) {
    complete();
  }
}

void Sampler::complete() {
  const double seconds = std::max(sample_.seconds, 1e-9);
  sample_.server_cpu /= seconds;
  sample_.generator_cpu = generator_cpu_seconds_ / seconds;
  sample_.p50_ns = corrected_.percentile_ns(50);
  sample_.p99_ns = corrected_.percentile_ns(99);
  sample_.max_ns = corrected_.max_ns();
  sample_.acknowledged = acks_.count();
  sample_.ack_p50_ns = acks_.percentile_ns(50);
  sample_.ack_p99_ns = acks_.percentile_ns(99);
  samples_.push_back(sample_);
}

void Sampler::begin_stage() {
  CHECK(!is_waiting(), "a stage begins inside a sample");
  look_at_server();
  stage_ = {};
  stage_began_ = loop_.now();
  stage_use_before_ = last_use_;
  std::fill(thread_cpu_seconds_.begin(), thread_cpu_seconds_.end(), 0);
}

StageResult Sampler::end_stage() {
  CHECK(!is_waiting(), "a stage ends inside a sample");
  const double seconds = std::max(seconds_between(stage_began_, sampled_at_), 1e-9);
  stage_.server_cpu_seconds = last_use_.cpu_seconds - stage_use_before_.cpu_seconds;
  stage_.server_busiest_thread_seconds = busiest_thread_between(stage_use_before_, last_use_);
  stage_.server_load = load_between(stage_use_before_, last_use_, seconds);
  const double busiest = *std::max_element(thread_cpu_seconds_.begin(), thread_cpu_seconds_.end());
  stage_.generator_busiest_thread = busiest / seconds;
  return std::exchange(stage_, {});
}

}  // namespace loadgen
