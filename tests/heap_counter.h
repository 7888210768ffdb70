#pragma once

#include <cstddef>

namespace tests {

// What the process has asked of operator new. A test program that links heap_counter.cc has its
// global operator new and delete replaced by counting ones.
struct HeapCounter {
  std::size_t allocations = 0;  // ever
  // Requested and not yet deleted; what malloc itself adds to a block is taken to be 16 bytes.
  std::size_t bytes_live = 0;
};
extern HeapCounter heap;

}  // namespace tests
