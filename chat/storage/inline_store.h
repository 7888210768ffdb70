#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "chat/storage/store_metrics.h"
#include "chat/storage/store_port.h"
#include "chat/storage/store_queue.h"
#include "reactor/reactor.h"

namespace chat {

// A store that works on the hub's thread: for one that never blocks and never fails.
class InlineStore final : public StorePort {
 public:
  InlineStore(std::unique_ptr<MessageStore> store, reactor::Reactor& loop, StoreEvents& events,
              StoreMetrics& metrics)
      : loop_(loop), events_(events), metrics_(metrics), store_(std::move(store)) {}
  InlineStore(const InlineStore&) = delete;
  InlineStore& operator=(const InlineStore&) = delete;
  ~InlineStore() override { store_->close(); }

  void append(const Record& record) override;
  void read(const SessionRef& reader, PageRequest request) override {
    reads_.push_back({reader, std::move(request)});
  }
  void end_turn() override;
  bool is_congested() const override { return false; }

 private:
  static constexpr reactor::Duration kPruneInterval = std::chrono::seconds{1};

  reactor::Reactor& loop_;
  StoreEvents& events_;
  StoreMetrics& metrics_;  // nothing ever waits here, so only what is kept is counted
  const std::unique_ptr<MessageStore> store_;
  MessageId kept_ = 0;  // in this turn
  std::vector<StoreWork::Read> reads_;
  reactor::TimePoint next_prune_;
};

}  // namespace chat
