#include "reactor/epoll_net.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <limits>
#include <system_error>

#include "reactor/check.h"

namespace reactor {
namespace {

// Marks the wake-up's entry; no descriptor has this token.
constexpr std::uint64_t kWakeMark = std::numeric_limits<std::uint64_t>::max();

// glibc has it since 2.35, Linux since 5.11.
#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 35)
#define REACTOR_HAS_EPOLL_PWAIT2
#endif
#endif

#if defined(REACTOR_HAS_EPOLL_PWAIT2)
timespec to_timespec(Duration time) {
  const auto whole_seconds = std::chrono::floor<std::chrono::seconds>(time);
  timespec converted{};
  converted.tv_sec = static_cast<time_t>(whole_seconds.count());
  converted.tv_nsec = static_cast<long>((time - whole_seconds).count());
  return converted;
}
#endif

// Rounded up: a timer must not be looked at just before it is due, again and again.
int to_timeout_ms(std::optional<Duration> timeout) {
  if (!timeout) {
    return -1;
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, std::numeric_limits<int>::max()));
}

Ready to_ready(const epoll_event& event) {
  const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
  const bool peer_ended = (event.events & EPOLLRDHUP) != 0;
  return {.token = Token::unpack(event.data.u64),
          .readable = broken || peer_ended || (event.events & EPOLLIN) != 0,
          .writable = broken || (event.events & EPOLLOUT) != 0,
          .hangup = broken || peer_ended};
}

int add(int epoll_fd, int fd, std::uint32_t events, std::uint64_t mark) {
  epoll_event event{};
  event.events = events | EPOLLET;
  event.data.u64 = mark;
  return ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

}  // namespace

EpollNet::EpollNet()
    : epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  int error = epoll_fd_ < 0 || wake_fd_ < 0 ? errno : 0;
  if (error == 0) {
    error = add(epoll_fd_, wake_fd_, EPOLLIN, kWakeMark);
  }
  if (error != 0) {
    ::close(epoll_fd_);
    ::close(wake_fd_);
    throw std::system_error(error, std::generic_category(), "cannot set up epoll");
  }
}

EpollNet::~EpollNet() {
  ::close(epoll_fd_);
  ::close(wake_fd_);
}

int EpollNet::watch(int fd, Token token) {
  CHECK(token.pack() != kWakeMark, "the wake-up's own token");
  return add(epoll_fd_, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, token.pack());
}

void EpollNet::unwatch(int fd) {
  const int result = ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  CHECK(result == 0, "unwatch of a descriptor that is not watched:", fd, errno);
}

// Milliseconds are too coarse for who sends by a schedule, and enough for who does not sleep at all
// or without limit.
int EpollNet::wait_for_events(std::optional<Duration> timeout) {
#if defined(REACTOR_HAS_EPOLL_PWAIT2)
  if (waits_finely_ && timeout && timeout->count() > 0) {
    const timespec limit = to_timespec(*timeout);
    const int count = ::epoll_pwait2(epoll_fd_, events_.data(), kEventsMax, &limit, nullptr);
    // EPERM is what sandboxes answer that were made before this call was.
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) {
      return count;
    }
    waits_finely_ = false;
  }
#endif
  return ::epoll_wait(epoll_fd_, events_.data(), kEventsMax, to_timeout_ms(timeout));
}

std::span<const Ready> EpollNet::wait(std::optional<Duration> timeout) {
  const int count = wait_for_events(timeout);
  if (count < 0) {
    CHECK(errno == EINTR, "waiting for epoll's events failed with errno", errno);
    return {};
  }
  std::size_t used = 0;
  for (const epoll_event& event : std::span(events_).first(static_cast<std::size_t>(count))) {
    if (event.data.u64 != kWakeMark) {
      ready_[used++] = to_ready(event);
    }
  }
  return std::span(ready_).first(used);
}

// Every write is an edge of its own, whatever the counter holds, so nobody has to read it back
// until it is full: one system call for a wake-up instead of two.
void EpollNet::wake() noexcept {
  const int saved_errno = errno;
  const std::uint64_t one = 1;
  while (::write(wake_fd_, &one, sizeof(one)) < 0 && (errno == EAGAIN || errno == EINTR)) {
    std::uint64_t emptied = 0;
    [[maybe_unused]] const ssize_t count = ::read(wake_fd_, &emptied, sizeof(emptied));
  }
  errno = saved_errno;
}

}  // namespace reactor
