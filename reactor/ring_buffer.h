#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "reactor/buffer_pool.h"

namespace reactor {

// A first-in-first-out queue of bytes in one power-of-two block that is borrowed when the first
// byte comes, exchanged for a larger one when it is full, and returned with the last byte: an
// empty ring owns no memory. Owned by a Connection; used on its loop's thread only.
class RingBuffer {
 public:
  explicit RingBuffer(BufferPool& pool) : pool_(&pool) {}
  RingBuffer(const RingBuffer&) = delete;
  RingBuffer& operator=(const RingBuffer&) = delete;
  ~RingBuffer() { clear(); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return block_.capacity; }

  // REQUIRES: size() + bytes.size() <= BufferPool::kBlockBytesMax.
  void append(std::string_view bytes);
  // The content in order: the second part is empty unless the content wraps.
  std::array<std::string_view, 2> parts() const;
  // Copies the content to out, which has room for size() bytes.
  void copy_to(char* out) const;
  // Drops the oldest bytes. REQUIRES: count <= size().
  void consume(std::size_t count);
  void clear() { consume(size_); }

 private:
  void grow(std::size_t bytes);

  BufferPool* pool_;
  Block block_;
  std::uint32_t head_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace reactor
