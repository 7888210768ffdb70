#pragma once

#include <atomic>
#include <cstddef>

namespace chat {

// How many bytes of commands and events are on their way between the threads of one server. While
// there are too many, no shard reads from its clients, so that nobody publishes faster than the
// slowest thread can take. Shared by all shards; any thread.
class Handover {
 public:
  explicit Handover(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void sent(std::size_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void taken(std::size_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  bool congested() const { return bytes_.load(std::memory_order_relaxed) > bytes_max_; }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace chat
