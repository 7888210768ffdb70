#pragma once

#include <atomic>
#include <cstdint>

namespace chat {

// A number about a running server that one thread writes and any thread may read, without a lock
// and without a locked instruction. Every value that is read was there at some time; what is read
// of several need not fit together to the last unit.
class Counter {
 public:
  // The writing thread:
  void add(std::uint64_t count = 1) { set(value() + count); }
  // REQUIRES: so much is there.
  void subtract(std::uint64_t count = 1) { set(value() - count); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }

  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace chat
