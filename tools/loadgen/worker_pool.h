#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tools/loadgen/layout.h"
#include "tools/loadgen/plan.h"
#include "tools/loadgen/worker.h"

namespace loadgen {

using NetFactory = std::function<std::unique_ptr<reactor::Net>()>;

// The workers of a run and their threads. Owned and used by the conductor's thread.
class WorkerPool {
 public:
  // Sums of the workers' progress.
  struct Sums {
    std::uint64_t ready = 0;
    std::uint64_t open = 0;
    std::uint64_t lost = 0;
    std::uint64_t sent = 0;
    std::uint64_t due = 0;
    std::uint64_t delivered = 0;
    std::uint64_t due_slow = 0;
    std::uint64_t delivered_slow = 0;
    std::uint64_t stages_begun = 0;  // by the one who has begun the fewest
    bool is_sending = false;         // any of them
    // When the last of them had sent what the stage asked for. REQUIRES: !is_sending.
    reactor::TimePoint sending_ended;
  };

  // run_key: tells this run's names and payloads from those of another. plan and reports outlive
  // the pool.
  WorkerPool(const Plan& plan, std::uint64_t run_key, const NetFactory& make_net,
             ReportSink& reports);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  // Makes them quit if they run.
  ~WorkerPool();

  void start();
  void tell_all(const WorkerOrder& order);
  Sums sums() const;
  // Waits until the workers have quit, as they were told; then their results are complete.
  void join();

  const Plan& plan() const { return context_.plan; }
  const Layout& layout() const { return layout_; }
  const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }
  // By room; empty when no room is split over threads.
  const std::vector<std::unique_ptr<SharedRoomOrder>>& shared_orders() const {
    return context_.shared_orders;
  }
  // Why the first connection was lost or refused. REQUIRES: joined.
  std::string first_error() const;

 private:
  const Layout layout_;
  const PayloadFormat format_;
  RunContext context_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace loadgen
