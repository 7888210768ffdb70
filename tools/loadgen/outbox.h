#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace loadgen {

// What one sender has sent and not yet seen acknowledged, with the payloads, so that it can send
// them again. A plain value.
class Outbox {
 public:
  struct Message {
    std::uint64_t number = 0;
    std::string payload;
    bool is_refused = false;  // the server has not taken it
  };

  // REQUIRES: number is above all before.
  void add(std::uint64_t number, std::string_view payload);
  // It is acknowledged. False: it is not waiting.
  bool take(std::uint64_t number);
  // The server has not taken it: it is to be sent again. False: it is not waiting.
  bool refuse(std::uint64_t number);

  // In the order in which they were sent.
  std::deque<Message>& messages() { return messages_; }
  std::size_t size() const { return messages_.size(); }
  bool empty() const { return messages_.empty(); }

 private:
  std::deque<Message>::iterator find(std::uint64_t number);

  std::deque<Message> messages_;
};

}  // namespace loadgen
