#pragma once

#include <sys/epoll.h>

#include <array>

#include "reactor/posix_net.h"

namespace reactor {

// The backend for Linux: everything is registered once, edge-triggered, and never modified.
class EpollNet final : public PosixNet {
 public:
  // Throws std::system_error when the system has no descriptors left.
  EpollNet();
  ~EpollNet() override;

  int watch(int fd, Token token) override;
  void unwatch(int fd) override;
  std::span<const Ready> wait(std::optional<Duration> timeout) override;
  void wake() noexcept override;

 private:
  int epoll_fd_;
  int wake_fd_;
  std::array<epoll_event, kEventsMax> events_;
  std::array<Ready, kEventsMax> ready_;
};

}  // namespace reactor
