#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"
#include "chat/storage/audience.h"
#include "chat/storage/message_store.h"
#include "reactor/reactor.h"

namespace chat {

struct StoreMetrics;

// What is to be read from the store for one session: messages behind `after` and before `bound`.
struct PageRequest {
  enum class Kind : std::uint8_t {
    kScan,           // what the audience hears, looking at `count` messages
    kHistory,        // the first `count` messages of the key
    kHistoryLast,    // the last `count` messages of the key; the next page's kind is kHistory
    kHistoryAround,  // `count` messages of the key, half of them before the middle; likewise
    kTargets,        // the last message before `bound` of each of the targets, without its text
  };
  // One of several histories that are asked for their last message.
  struct Target {
    std::string key;
    MessageId after = 0;
  };
  Kind kind = Kind::kScan;
  MessageId after = 0;
  MessageId bound = 0;
  std::size_t count = 0;
  Audience audience;
  std::string key;
  // Of a history; 0: does not matter.
  std::int64_t since_unix_ms = 0;   // nothing that is earlier
  std::int64_t before_unix_ms = 0;  // nothing that is not earlier; kHistoryAround: the middle
  MessageId middle = 0;             // of kHistoryAround; 0: the time says it
  std::vector<Target> targets;      // of kTargets
};

// What a store has to say, on the hub's thread.
class StoreEvents {
 public:
  // Everything that was appended is kept up to this message; numbers up to ids_reserved may be
  // given away. 0: nothing new about that.
  virtual void on_kept(MessageId id, MessageId ids_reserved) = 0;
  // Nothing can be kept at the moment, for this reason; empty: it can again.
  virtual void on_store_failure(std::string_view why) = 0;
  virtual void on_page(const SessionRef& reader, Page page) = 0;

 protected:
  ~StoreEvents() = default;
};

// The hub's way to the store: nothing here blocks. What is read sees everything that was appended
// before. Used on the hub's thread only, but for is_congested().
class StorePort {
 public:
  virtual ~StorePort() = default;

  // The record's views are used during the call only.
  virtual void append(const Record& record) = 0;
  virtual void read(const SessionRef& reader, PageRequest request) = 0;
  // The turn ends: what was gathered goes to the store.
  virtual void end_turn() = 0;
  // So much waits for the store that who publishes has to wait, too: until the next event. Any
  // thread may ask.
  virtual bool is_congested() const = 0;
};

// What a server keeps its log in: the store, what it had before, and the way to it. loop: the
// hub's, where events is called; they and metrics outlive the port.
struct Storage {
  using MakePort = std::function<std::unique_ptr<StorePort>(
      std::unique_ptr<MessageStore> store, reactor::Reactor& loop, StoreEvents& events,
      StoreMetrics& metrics)>;

  std::unique_ptr<MessageStore> store;
  Recovered recovered;
  MakePort make_port;
  // A message is delivered when it is kept, not before.
  bool delivers_when_kept = false;
};

}  // namespace chat
