#include "tools/loadgen/pending_acks.h"

#include <algorithm>
#include <utility>

namespace loadgen {

void PendingAcks::add(const Times& times) {
  if (end_ - begin_ == ring_.size()) {
    grow();
  }
  at(end_) = {times, true};
  ++end_;
  ++waiting_;
}

std::optional<PendingAcks::Times> PendingAcks::take(std::uint64_t number) {
  if (number < begin_ || number >= end_ || !std::exchange(at(number).waits, false)) {
    ++unexpected_;
    return std::nullopt;
  }
  const Times times = at(number).times;
  --waiting_;
  while (begin_ < end_ && !at(begin_).waits) {
    ++begin_;
  }
  return times;
}

void PendingAcks::grow() {
  constexpr std::size_t kFirst = 64;
  std::vector<Entry> larger(std::max(kFirst, 2 * ring_.size()));
  for (std::uint64_t number = begin_; number < end_; ++number) {
    larger[number & (larger.size() - 1)] = at(number);
  }
  ring_ = std::move(larger);
}

}  // namespace loadgen
