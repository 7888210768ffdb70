#include "reactor/turn_arena.h"

#include <algorithm>
#include <cstring>

namespace reactor {

std::string_view TurnArena::add(std::string_view bytes) {
  if (blocks_.empty() || blocks_.back().capacity - used_ < bytes.size()) {
    blocks_.push_back(pool_->borrow(std::max(kBlockBytes, bytes.size())));
    used_ = 0;
  }
  char* const at = blocks_.back().data + used_;
  std::memcpy(at, bytes.data(), bytes.size());
  used_ += bytes.size();
  return {at, bytes.size()};
}

void TurnArena::clear() {
  for (const Block block : blocks_) {
    pool_->give_back(block);
  }
  blocks_.clear();
  used_ = 0;
}

}  // namespace reactor
