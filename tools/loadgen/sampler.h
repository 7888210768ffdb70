#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "reactor/mailbox.h"
#include "reactor/reactor.h"
#include "tools/loadgen/process_probe.h"
#include "tools/loadgen/result.h"
#include "tools/loadgen/worker.h"

namespace loadgen {

// Puts the workers' reports together, interval by interval, and looks at the server's process
// between them. Owned by the conductor, on whose thread everything but post() is called.
class Sampler final : public ReportSink, private reactor::MailHandler<WorkerReport> {
 public:
  // What the conductor knows of the interval that ends.
  struct Known {
    double asked_per_second = 0;
    std::uint64_t connections = 0;
    std::uint64_t errors = 0;  // since the start
  };

  // server_pid: 0: none is watched.
  Sampler(reactor::Reactor& loop, const Plan& plan, int server_pid);

  // Any thread.
  void post(WorkerReport report) override { mailbox_.post(std::move(report)); }

  // The time that samples count from, those that were made before too.
  void set_origin(reactor::TimePoint origin);
  // The workers were just asked to report. REQUIRES: !is_waiting().
  void expect_reports(const Known& known);
  bool is_waiting() const { return reports_left_ > 0; }

  // From now on everything is counted for a stage too. REQUIRES: !is_waiting().
  void begin_stage();
  // What was counted since begin_stage; the caller fills in what was asked. REQUIRES:
  // !is_waiting().
  StageResult end_stage();

  const std::vector<Sample>& samples() const { return samples_; }
  std::uint64_t memory_bytes() const { return last_use_.resident_bytes; }
  std::uint64_t memory_peak_bytes() const { return memory_peak_bytes_; }
  bool sees_server() const { return sees_server_; }

 private:
  void look_at_server();
  void on_mail(WorkerReport& report) override;
  void complete();

  reactor::Reactor& loop_;
  reactor::Mailbox<WorkerReport> mailbox_;
  const std::size_t workers_;
  const bool is_mixed_;
  const int server_pid_;
  reactor::TimePoint origin_;
  bool sees_server_ = false;
  ProcessUse last_use_;
  std::uint64_t memory_peak_bytes_ = 0;

  // The interval that is being reported.
  std::size_t reports_left_ = 0;
  Sample sample_;
  Histogram corrected_;
  Histogram acks_;
  double cpu_seconds_before_ = 0;  // of the server
  double generator_cpu_seconds_ = 0;
  std::uint64_t errors_before_ = 0;
  reactor::TimePoint sampled_at_;
  std::vector<Sample> samples_;

  // The stage.
  StageResult stage_;
  reactor::TimePoint stage_began_;
  ProcessUse stage_use_before_;
  std::vector<double> thread_cpu_seconds_;
};

}  // namespace loadgen
