#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat/batch.h"
#include "chat/storage/message_store.h"
#include "chat/storage/store_metrics.h"
#include "chat/storage/store_port.h"
#include "reactor/net.h"

namespace chat {

// What is on its way to a store.
struct StoreWork {
  struct Read {
    SessionRef reader;
    PageRequest request;
  };

  std::vector<Batch<Record>> records;
  std::vector<Read> reads;

  bool empty() const { return records.empty() && reads.empty(); }
};

// What the store has to say, for StoreEvents.
struct StoreReply {
  MessageId kept_id = 0;
  MessageId ids_reserved = 0;
  std::optional<std::string> failure;
  SessionRef reader;  // none: no page
  Page page;
};

void tell(StoreEvents& events, StoreReply& reply);
Page read_page(MessageStore& store, const PageRequest& request);

// Works off what waits for a store: first everything that is to be kept, in one transaction (group
// commit), then what is to be read. What can't be kept waits and is tried again. A plain state
// machine that blocks as long as its store does; one thread at a time.
class StoreQueue {
 public:
  struct Time {
    reactor::TimePoint now;
    std::int64_t unix_ms = 0;
  };

  using Clock = std::function<Time()>;

  // metrics outlives the queue.
  StoreQueue(std::unique_ptr<MessageStore> store, Clock clock, StoreMetrics& metrics)
      : store_(std::move(store)), clock_(std::move(clock)), metrics_(metrics) {}

  void add(StoreWork work);
  // Does everything that can be done now; what there is to say goes behind `replies`.
  void work(std::vector<StoreReply>& replies);
  // When work() has something to do next, if nothing is added.
  reactor::TimePoint next_deadline() const;
  // Of what waits to be kept.
  std::size_t bytes() const { return bytes_; }
  bool is_failing() const { return !failure_.empty(); }
  // The server stops: tries once more to keep what waits, and closes the store.
  void close();

 private:
  static constexpr reactor::Duration kRetryInterval = std::chrono::seconds{1};
  static constexpr reactor::Duration kPruneInterval = std::chrono::seconds{1};

  void keep(reactor::TimePoint now, std::vector<StoreReply>& replies);
  std::string keep_all();
  void note_kept();
  void note_failure(std::string why, std::vector<StoreReply>& replies);
  void answer_reads(std::vector<StoreReply>& replies);

  const std::unique_ptr<MessageStore> store_;
  const Clock clock_;
  StoreMetrics& metrics_;
  StoreWork waiting_;
  std::size_t bytes_ = 0;
  std::string failure_;           // empty: there is none
  reactor::TimePoint first_try_;  // to keep what waits
  reactor::TimePoint next_try_;
  reactor::TimePoint next_prune_;
  std::vector<Record> records_;  // kept for its memory
};

}  // namespace chat
