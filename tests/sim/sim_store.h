#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "chat/storage/store_port.h"
#include "chat/storage/store_queue.h"
#include "reactor/mailbox.h"
#include "tests/sim/sim_world.h"

namespace sim {

// Hears what the hub decides to keep, in its order, and may look at the store when a server begins.
class JournalWatcher {
 public:
  virtual void on_start(chat::MessageStore& store, const chat::Recovered& recovered) = 0;
  virtual void on_record(const chat::Record& record) = 0;

 protected:
  ~JournalWatcher() = default;
};

// A server's store, with a "thread" that makes a step when the simulation says so. What waits for
// it and what it has to say goes as long ways as with a real thread.
class SimStore final : public chat::StorePort {
 public:
  SimStore(World& world, std::unique_ptr<chat::MessageStore> store, std::size_t queue_bytes_max,
           reactor::Reactor& loop, chat::StoreEvents& events, chat::StoreMetrics& metrics,
           JournalWatcher* watcher)
      : queue_(
            std::move(store),
            [&world] {
              return chat::StoreQueue::Time{world.now(), world.unix_ms()};
            },
            metrics),
        queue_bytes_max_(queue_bytes_max),
        replies_(events),
        mailbox_(loop, replies_),
        watcher_(watcher) {}
  SimStore(const SimStore&) = delete;
  SimStore& operator=(const SimStore&) = delete;
  ~SimStore() override {
    if (!abandoned_) {
      end_turn();
      queue_.add(std::exchange(handed_over_, {}));
      queue_.close();
    }
  }

  void append(const chat::Record& record) override {
    if (watcher_ != nullptr) {
      watcher_->on_record(record);
    }
    gathered_.add(record);
  }
  void read(const chat::SessionRef& reader, chat::PageRequest request) override {
    reads_.push_back({reader, std::move(request)});
  }
  void end_turn() override {
    queued_bytes_ += gathered_.bytes();
    if (!gathered_.empty()) {
      handed_over_.records.push_back(std::exchange(gathered_, {}));
    }
    for (chat::StoreWork::Read& read : reads_) {
      handed_over_.reads.push_back(std::move(read));
    }
    reads_.clear();
  }
  bool is_congested() const override {
    return queued_bytes_ > queue_bytes_max_ && !queue_.is_failing();
  }

  // What a store's thread does when it is given the processor.
  void work() {
    queue_.add(std::exchange(handed_over_, {}));
    const std::size_t waiting = queue_.bytes();
    std::vector<chat::StoreReply> replies;
    queue_.work(replies);
    queued_bytes_ -= waiting - queue_.bytes();
    for (chat::StoreReply& reply : replies) {
      mailbox_.post(std::move(reply));
    }
  }
  bool has_work() const { return !handed_over_.empty(); }
  // The process dies: nothing more is kept, and nothing is closed in order.
  void abandon() { abandoned_ = true; }

 private:
  class Replies final : public reactor::MailHandler<chat::StoreReply> {
   public:
    explicit Replies(chat::StoreEvents& events) : events_(events) {}
    void on_mail(chat::StoreReply& reply) override { chat::tell(events_, reply); }

   private:
    chat::StoreEvents& events_;
  };

  chat::StoreQueue queue_;
  const std::size_t queue_bytes_max_;
  std::size_t queued_bytes_ = 0;
  Replies replies_;
  reactor::Mailbox<chat::StoreReply> mailbox_;
  JournalWatcher* watcher_;
  chat::Batch<chat::Record> gathered_;
  std::vector<chat::StoreWork::Read> reads_;
  chat::StoreWork handed_over_;
  bool abandoned_ = false;
};

}  // namespace sim
