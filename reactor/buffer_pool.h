#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace reactor {

struct Block {
  char* data = nullptr;
  std::uint32_t capacity = 0;  // a power of two
};

// Lends power-of-two blocks to the ring buffers of one loop and keeps returned ones for the next
// borrower, so a steady load allocates nothing. trim() gives back what a past peak needed and the
// present does not. Owned by the Reactor; used on its thread only; outlives every block.
class BufferPool {
 public:
  static constexpr std::uint32_t kBlockBytesMin = 512;
  static constexpr std::uint32_t kBlockBytesMax = 1U << 30;

  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  // The smallest block with room for bytes. REQUIRES: bytes <= kBlockBytesMax.
  Block borrow(std::size_t bytes);
  void give_back(Block block);

  // Frees the blocks that were not needed at any time since the last call. The high-water mark
  // decides, so blocks that one turn uses and returns stay.
  void trim();

  std::size_t bytes_lent() const { return bytes_lent_; }
  std::size_t bytes_kept() const { return bytes_kept_; }

 private:
  struct SizeClass {
    std::vector<char*> kept;
    std::size_t lent = 0;
    std::size_t lent_peak = 0;  // since the last trim
  };

  static constexpr std::size_t kClasses = 22;  // 2^9 … 2^30
  static std::size_t class_of(std::size_t bytes);

  std::array<SizeClass, kClasses> classes_;
  std::size_t bytes_lent_ = 0;
  std::size_t bytes_kept_ = 0;
};

}  // namespace reactor
