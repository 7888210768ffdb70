#include "tools/loadgen/worker_pool.h"

#include <algorithm>
#include <chrono>

namespace loadgen {

WorkerPool::WorkerPool(const Plan& plan, std::uint64_t run_key, const NetFactory& make_net,
                       ReportSink& reports)
    : layout_(plan, run_key), format_(run_key), context_{plan, layout_, format_, {}, {}} {
  if (layout_.rooms_are_split()) {
    for (std::size_t room = 0; room < layout_.rooms(); ++room) {
      context_.shared_orders.push_back(std::make_unique<SharedRoomOrder>(layout_.senders()));
    }
  }
  for (std::size_t i = 0; i < layout_.threads(); ++i) {
    std::unique_ptr<reactor::Net> net = make_net();
    if (i == 0) {
      context_.origin = net->now();
    }
    workers_.push_back(std::make_unique<Worker>(context_, i, std::move(net), reports));
  }
}

WorkerPool::~WorkerPool() {
  if (!threads_.empty()) {
    tell_all({.kind = WorkerOrder::Kind::kQuit});
    join();
  }
}

void WorkerPool::start() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    threads_.emplace_back([&worker] { worker->run(); });
  }
}

void WorkerPool::tell_all(const WorkerOrder& order) {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->mailbox().post(order);
  }
}

WorkerPool::Sums WorkerPool::sums() const {
  const auto load = [](const auto& from) { return from.load(std::memory_order_relaxed); };
  Sums sums;
  sums.stages_begun = UINT64_MAX;
  for (const std::unique_ptr<Worker>& worker : workers_) {
    const Progress& progress = worker->progress();
    // In the order of a worker's turn backwards: who has begun a stage is seen sending in it.
    sums.stages_begun =
        std::min(sums.stages_begun, progress.stages_begun.load(std::memory_order_acquire));
    sums.ready += load(progress.ready);
    sums.open += load(progress.open);
    sums.lost += load(progress.lost);
    sums.sent += load(progress.sent);
    sums.due += load(progress.due);
    sums.delivered += load(progress.delivered);
    sums.due_slow += load(progress.due_slow);
    sums.delivered_slow += load(progress.delivered_slow);
    sums.is_sending |= progress.is_sending.load(std::memory_order_acquire);
    const Duration ended = std::chrono::nanoseconds{load(progress.sending_ended_ns)};
    sums.sending_ended = std::max(sums.sending_ended, context_.origin + ended);
  }
  return sums;
}

void WorkerPool::join() {
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

std::string WorkerPool::first_error() const {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    if (!worker->crowd().first_error().empty()) {
      return worker->crowd().first_error();
    }
  }
  return {};
}

}  // namespace loadgen
