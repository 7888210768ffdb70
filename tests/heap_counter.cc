#include "tests/heap_counter.h"

#include <cstdlib>
#include <new>

namespace tests {

HeapCounter heap;

}  // namespace tests

namespace {

// In front of each block stands its size.
constexpr std::size_t kHeaderBytes = alignof(std::max_align_t);

}  // namespace

// The array and nothrow forms of the standard library call these.
void* operator new(std::size_t bytes) {
  void* const block = std::malloc(kHeaderBytes + bytes);
  if (block == nullptr) {
    throw std::bad_alloc();
  }
  ++tests::heap.allocations;
  tests::heap.bytes_live += kHeaderBytes + bytes;
  *static_cast<std::size_t*>(block) = bytes;
  return static_cast<char*>(block) + kHeaderBytes;
}

void operator delete(void* memory) noexcept {
  if (memory != nullptr) {
    void* const block = static_cast<char*>(memory) - kHeaderBytes;
    tests::heap.bytes_live -= kHeaderBytes + *static_cast<std::size_t*>(block);
    std::free(block);
  }
}

void operator delete(void* memory, std::size_t /*bytes*/) noexcept { operator delete(memory); }
