#pragma once

#include <sys/types.h>
// After types.h, which it needs on macOS.
#include <sys/event.h>

#include <array>

#include "reactor/posix_net.h"

namespace reactor {

// The backend for macOS and BSD. Each descriptor has two filters, for reading and for writing,
// which report separately; both are added with one call and deleted with one, before the close.
class KqueueNet final : public PosixNet {
 public:
  // Throws std::system_error when the system has no descriptors left.
  KqueueNet();
  ~KqueueNet() override;

  int watch(int fd, Token token) override;
  void unwatch(int fd) override;
  std::span<const Ready> wait(std::optional<Duration> timeout) override;
  void wake() noexcept override;

 private:
  int kqueue_fd_;
  std::array<struct kevent, kEventsMax> events_;
  std::array<Ready, kEventsMax> ready_;
};

}  // namespace reactor
