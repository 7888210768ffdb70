#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "chat/message.h"

namespace chat {

// What programs have called the messages that they sent a short while ago, so that one that is sent
// again is not delivered again. The oldest are forgotten after a while, and earlier when they are
// too many. A plain state machine, owned by the Hub; times are wall-clock, because what is
// remembered outlives a restart.
class Retries {
 public:
  Retries(std::int64_t window_ms, std::size_t count_max)
      : window_ms_(window_ms), count_max_(count_max) {}

  // REQUIRES: not remembered.
  void remember(ClientId client, std::string_view client_id, MessageId id, std::int64_t unix_ms);
  // The message that the client has called so; 0: none, or it is forgotten.
  MessageId find(ClientId client, std::string_view client_id);
  void forget_before(std::int64_t unix_ms);

  std::size_t size() const { return ids_.size(); }

 private:
  struct Remembered {
    const std::string* key = nullptr;  // in ids_
    std::int64_t unix_ms = 0;
  };

  const std::string& key_of(ClientId client, std::string_view client_id);
  void forget_oldest();

  const std::int64_t window_ms_;
  const std::size_t count_max_;
  std::unordered_map<std::string, MessageId> ids_;
  std::deque<Remembered> oldest_first_;
  std::string key_;  // kept for its memory
};

}  // namespace chat
