#pragma once

#include <sys/epoll.h>

#include <array>

#include "reactor/posix_net.h"

namespace reactor {

// The backend for Linux: everything is registered once, edge-triggered, and never modified.
class EpollNet : public PosixNet {
 public:
  // Throws std::system_error when the system has no descriptors left.
  EpollNet();
  ~EpollNet() override;

  int watch(int fd, Token token) final;
  void unwatch(int fd) final;
  std::span<const Ready> wait(std::optional<Duration> timeout) final;
  void wake() noexcept final;

 private:
  int wait_for_events(std::optional<Duration> timeout);

  int epoll_fd_;
  int wake_fd_;
  bool waits_finely_ = true;  // until the system refuses: then timeouts are whole milliseconds
  std::array<epoll_event, kEventsMax> events_;
  std::array<Ready, kEventsMax> ready_;
};

}  // namespace reactor
