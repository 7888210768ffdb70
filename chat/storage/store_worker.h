#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "chat/storage/store_metrics.h"
#include "chat/storage/store_port.h"
#include "chat/storage/store_queue.h"
#include "reactor/mailbox.h"

namespace chat {

// A store with a thread of its own, which may block. Everything that was appended while it worked
// is kept in one transaction: the slower the disk is, the more messages share one sync.
class StoreWorker final : public StorePort {
 public:
  // loop: the hub's; events is called there. queue_bytes_max: of what waits, before it is
  // congested. metrics outlives this.
  StoreWorker(std::unique_ptr<MessageStore> store, std::size_t queue_bytes_max,
              reactor::Reactor& loop, StoreEvents& events, StoreMetrics& metrics);
  StoreWorker(const StoreWorker&) = delete;
  StoreWorker& operator=(const StoreWorker&) = delete;
  // Keeps what was appended, if it can, and closes the store.
  ~StoreWorker() override;

  void append(const Record& record) override { gathered_records_.add(record); }
  void read(const SessionRef& reader, PageRequest request) override;
  void end_turn() override;
  // Not while nothing can be kept: then there is nothing to wait for.
  bool is_congested() const override { return queued_bytes_ > queue_bytes_max_ && !failing_; }

 private:
  // Hands replies to the events, on the hub's thread.
  class Replies final : public reactor::MailHandler<StoreReply> {
   public:
    explicit Replies(StoreEvents& events) : events_(events) {}
    void on_mail(StoreReply& reply) override { tell(events_, reply); }

   private:
    StoreEvents& events_;
  };

  // The worker's thread:
  void run();
  bool wait_for_work();
  void work();

  const std::size_t queue_bytes_max_;
  StoreMetrics& metrics_;
  Replies replies_;
  reactor::Mailbox<StoreReply> mailbox_;

  // The hub's thread:
  Batch<Record> gathered_records_;
  std::vector<StoreWork::Read> gathered_reads_;

  // Counted before it is queued, so that nobody who was told to wait is forgotten: see
  // Switchboard::must_wait_for_store.
  std::atomic<std::size_t> queued_bytes_{0};
  std::atomic<bool> failing_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  StoreWork handed_over_;  // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_

  StoreQueue queue_;    // the worker's thread
  std::thread thread_;  // the last: it uses all of the above
};

}  // namespace chat
