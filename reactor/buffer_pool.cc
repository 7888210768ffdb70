#include "reactor/buffer_pool.h"

#include <algorithm>
#include <bit>

#include "reactor/check.h"

namespace reactor {

namespace {

constexpr std::size_t kSmallestLog2 = 9;  // 512 bytes
static_assert(BufferPool::kBlockBytesMin == 1U << kSmallestLog2);

}  // namespace

std::size_t BufferPool::class_of(std::size_t bytes) {
  if (bytes <= kBlockBytesMin) {
    return 0;
  }
  return static_cast<std::size_t>(std::bit_width(bytes - 1)) - kSmallestLog2;
}

BufferPool::~BufferPool() {
  CHECK(bytes_lent_ == 0, "a ring buffer outlives its pool", bytes_lent_);
  for (SizeClass& size_class : classes_) {
    for (char* data : size_class.kept) {
      delete[] data;
    }
  }
}

Block BufferPool::borrow(std::size_t bytes) {
  CHECK(bytes <= kBlockBytesMax, "no block is that large", bytes);
  const std::size_t index = class_of(bytes);
  const std::uint32_t capacity = kBlockBytesMin << index;
  SizeClass& size_class = classes_[index];
  ++size_class.lent;
  size_class.lent_peak = std::max(size_class.lent_peak, size_class.lent);
  bytes_lent_ += capacity;
  if (size_class.kept.empty()) {
    return {new char[capacity], capacity};
  }
  char* data = size_class.kept.back();
  size_class.kept.pop_back();
  bytes_kept_ -= capacity;
  return {data, capacity};
}

void BufferPool::give_back(Block block) {
  SizeClass& size_class = classes_[class_of(block.capacity)];
  CHECK(size_class.lent > 0, "a block is returned twice", block.capacity);
  --size_class.lent;
  bytes_lent_ -= block.capacity;
  size_class.kept.push_back(block.data);
  bytes_kept_ += block.capacity;
}

void BufferPool::trim() {
  for (std::size_t index = 0; index < kClasses; ++index) {
    SizeClass& size_class = classes_[index];
    const std::size_t keep = size_class.lent_peak - size_class.lent;
    while (size_class.kept.size() > keep) {
      delete[] size_class.kept.back();
      size_class.kept.pop_back();
      bytes_kept_ -= kBlockBytesMin << index;
    }
    if (size_class.lent_peak == 0) {  // unused; a list that is empty only now is soon filled again
      size_class.kept.shrink_to_fit();
    }
    size_class.lent_peak = size_class.lent;
  }
}

}  // namespace reactor
