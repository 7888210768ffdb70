#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "reactor/epoll_net.h"

namespace reactor {

// EpollNet with a faster flush: the writes of a turn go to the kernel in one call, through an
// io_uring, and all have their results when it returns. Where the kernel refuses the ring, at the
// start or later, they go one by one as before.
class UringNet : public EpollNet {
 public:
  // Fewer writes than this are no faster through the ring (bench/README.md).
  static constexpr std::size_t kRingOpsMin = 4;

  // Throws std::system_error when the system has no descriptors left for epoll.
  explicit UringNet(std::size_t ring_ops_min = kRingOpsMin);
  ~UringNet() override;

  void write_batch(std::span<WriteOp> ops) final;

  // The errno value with which the kernel has refused the ring; 0 while there is one.
  int refusal() const { return refusal_; }

 private:
  class Ring;

  std::size_t ring_ops_min_;
  int refusal_ = 0;
  std::unique_ptr<Ring> ring_;  // null once it was refused
};

}  // namespace reactor
