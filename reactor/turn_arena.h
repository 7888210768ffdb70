#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "reactor/buffer_pool.h"

namespace reactor {

// Memory for what one turn sends to many: bytes are laid one behind the other and stay where they
// are until clear(), so that Connection::send_borrowed can hand the same stretch to every
// recipient. Its blocks are lent by the loop's pool, which outlives it. Used on the loop's thread
// only.
class TurnArena {
 public:
  explicit TurnArena(BufferPool& pool) : pool_(&pool) {}
  TurnArena(const TurnArena&) = delete;
  TurnArena& operator=(const TurnArena&) = delete;
  TurnArena(TurnArena&&) = default;
  ~TurnArena() { clear(); }

  // Copies bytes behind what was added last, but for the rare case that its block is full. Valid
  // until clear().
  std::string_view add(std::string_view bytes);
  // REQUIRES: nobody borrows any of it.
  void clear();

 private:
  // Large enough for the messages of a busy turn to lie in one stretch.
  static constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

  BufferPool* pool_;
  std::vector<Block> blocks_;
  std::size_t used_ = 0;  // of the last block
};

}  // namespace reactor
