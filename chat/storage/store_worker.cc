#include "chat/storage/store_worker.h"

#include <chrono>
#include <iterator>
#include <utility>

namespace chat {
namespace {

StoreQueue::Time current_time() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::time_point_cast<reactor::Duration>(std::chrono::steady_clock::now()),
          std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

}  // namespace

StoreWorker::StoreWorker(std::unique_ptr<MessageStore> store, std::size_t queue_bytes_max,
                         reactor::Reactor& loop, StoreEvents& events, StoreMetrics& metrics)
    : queue_bytes_max_(queue_bytes_max),
      metrics_(metrics),
      replies_(events),
      mailbox_(loop, replies_),
      queue_(std::move(store), current_time, metrics),
      thread_([this] { run(); }) {}

StoreWorker::~StoreWorker() {
  end_turn();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  queue_.close();
}

void StoreWorker::read(const SessionRef& reader, PageRequest request) {
  gathered_reads_.push_back({reader, std::move(request)});
}

void StoreWorker::end_turn() {
  if (gathered_records_.empty() && gathered_reads_.empty()) {
    return;
  }
  queued_bytes_ += gathered_records_.bytes();
  metrics_.bytes_queued.add(gathered_records_.bytes());
  {
    const std::lock_guard lock(mutex_);
    if (!gathered_records_.empty()) {
      handed_over_.records.push_back(std::exchange(gathered_records_, {}));
    }
    std::move(gathered_reads_.begin(), gathered_reads_.end(),
              std::back_inserter(handed_over_.reads));
  }
  gathered_reads_.clear();
  changed_.notify_one();
}

void StoreWorker::run() {
  while (wait_for_work()) {
    work();
  }
}

// Returns when something was handed over or is due; false when the server stops and nothing is
// left.
bool StoreWorker::wait_for_work() {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, queue_.next_deadline(),
                      [this] { return !handed_over_.empty() || stopping_; });
  if (stopping_ && handed_over_.empty()) {
    return false;
  }
  queue_.add(std::exchange(handed_over_, {}));
  return true;
}

void StoreWorker::work() {
  const std::size_t waiting = queue_.bytes();
  std::vector<StoreReply> replies;
  queue_.work(replies);
  failing_ = queue_.is_failing();
  const std::size_t kept = waiting - queue_.bytes();
  queued_bytes_ -= kept;
  metrics_.bytes_kept.add(kept);
  for (StoreReply& reply : replies) {
    mailbox_.post(std::move(reply));
  }
}

}  // namespace chat
