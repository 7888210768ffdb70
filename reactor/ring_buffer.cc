#include "reactor/ring_buffer.h"

#include <algorithm>
#include <cstring>

#include "reactor/check.h"

namespace reactor {

void RingBuffer::append(std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  if (size_ + bytes.size() > block_.capacity) {
    grow(size_ + bytes.size());
  }
  const std::uint32_t tail = (head_ + size_) & (block_.capacity - 1);
  const std::size_t before_wrap = std::min<std::size_t>(bytes.size(), block_.capacity - tail);
  std::memcpy(block_.data + tail, bytes.data(), before_wrap);
  std::memcpy(block_.data, bytes.data() + before_wrap, bytes.size() - before_wrap);
  size_ += static_cast<std::uint32_t>(bytes.size());
}

std::array<std::string_view, 2> RingBuffer::parts() const {
  if (size_ == 0) {
    return {};
  }
  const std::size_t before_wrap = std::min<std::size_t>(size_, block_.capacity - head_);
  return {std::string_view(block_.data + head_, before_wrap),
          std::string_view(block_.data, size_ - before_wrap)};
}

void RingBuffer::copy_to(char* out) const {
  for (const std::string_view part : parts()) {
    out = std::copy(part.begin(), part.end(), out);
  }
}

void RingBuffer::consume(std::size_t count) {
  CHECK(count <= size_, "more is consumed than there is", count, size_);
  size_ -= static_cast<std::uint32_t>(count);
  if (size_ != 0) {
    head_ = (head_ + static_cast<std::uint32_t>(count)) & (block_.capacity - 1);
    return;
  }
  head_ = 0;
  if (block_.data != nullptr) {
    pool_->give_back(block_);
    block_ = {};
  }
}

void RingBuffer::grow(std::size_t bytes) {
  const Block larger = pool_->borrow(bytes);
  copy_to(larger.data);
  if (block_.data != nullptr) {
    pool_->give_back(block_);
  }
  block_ = larger;
  head_ = 0;
}

}  // namespace reactor
