#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tools/loadgen/result.h"

namespace loadgen {

// What one sender has sent and waits to see acknowledged, by its own numbers, which go up by one.
// Acknowledgements usually come in that order, but need not. A ring that grows to the most that
// ever waited: no memory is taken per message. A plain value.
class PendingAcks {
 public:
  struct Times {
    std::int64_t due_ns = 0;
    std::int64_t sent_ns = 0;
  };

  // The next number was sent.
  void add(const Times& times);
  // Nothing when it does not wait: it was never sent, or is acknowledged.
  std::optional<Times> take(std::uint64_t number);

  // How it went so far.
  AckResult result() const { return {end_, waiting_, unexpected_}; }

 private:
  struct Entry {
    Times times;
    bool waits = false;
  };

  Entry& at(std::uint64_t number) { return ring_[number & (ring_.size() - 1)]; }
  void grow();

  std::vector<Entry> ring_;  // a power of two of them, or none
  std::uint64_t begin_ = 0;  // the lowest that waits, or the next
  std::uint64_t end_ = 0;    // the next
  std::uint64_t waiting_ = 0;
  std::uint64_t unexpected_ = 0;
};

}  // namespace loadgen
