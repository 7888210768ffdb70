#include "reactor/kqueue_net.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

#include "reactor/check.h"

namespace reactor {
namespace {

static_assert(sizeof(void*) >= sizeof(std::uint64_t), "udata has to carry a packed token");

constexpr std::uintptr_t kWakeIdent = 0;
// The kernels refuse timeouts of years; wait() may return early.
constexpr Duration kWaitMax = std::chrono::hours{24};

using Changes = std::array<struct kevent, 2>;  // one each for reading and writing
using Errors = std::array<int, 2>;

Changes change_both(int fd, std::uint16_t flags, Token token) {
  // The kernel hands the pointer back as it is and never looks behind it.
  void* const udata = reinterpret_cast<void*>(token.pack());  // NOLINT(performance-no-int-to-ptr)
  Changes changes{};
  EV_SET(&changes[0], fd, EVFILT_READ, flags, 0, 0, udata);
  EV_SET(&changes[1], fd, EVFILT_WRITE, flags, 0, 0, udata);
  return changes;
}

// Makes both changes with one call and returns what became of each. EV_RECEIPT: the second is
// tried even if the first failed, and no pending event takes the place of an answer.
Errors change_filters(int kqueue_fd, const Changes& changes) {
  Changes receipts{};
  const timespec no_time{};
  int count = 0;
  do {
    count = ::kevent(kqueue_fd, changes.data(), static_cast<int>(changes.size()), receipts.data(),
                     static_cast<int>(receipts.size()), &no_time);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    return {errno, errno};
  }
  CHECK(count == static_cast<int>(receipts.size()), "kevent answered", count, "of 2 changes");
  return {static_cast<int>(receipts[0].data), static_cast<int>(receipts[1].data)};
}

Ready to_ready(const struct kevent& event) {
  const bool error = (event.flags & EV_ERROR) != 0;
  const bool ended = (event.flags & EV_EOF) != 0;
  const auto packed = reinterpret_cast<std::uintptr_t>(event.udata);
  return {.token = Token::unpack(packed),
          .readable = error || event.filter == EVFILT_READ,
          .writable = error || event.filter == EVFILT_WRITE,
          .hangup = error || ended};
}

}  // namespace

KqueueNet::KqueueNet() : kqueue_fd_(::kqueue()) {
  struct kevent change {};
  EV_SET(&change, kWakeIdent, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, nullptr);
  if (kqueue_fd_ < 0 || ::fcntl(kqueue_fd_, F_SETFD, FD_CLOEXEC) < 0 ||
      ::kevent(kqueue_fd_, &change, 1, nullptr, 0, nullptr) < 0) {
    const int error = errno;
    ::close(kqueue_fd_);
    throw std::system_error(error, std::generic_category(), "cannot set up kqueue");
  }
}

KqueueNet::~KqueueNet() { ::close(kqueue_fd_); }

int KqueueNet::watch(int fd, Token token) {
  const auto [read_error, write_error] =
      change_filters(kqueue_fd_, change_both(fd, EV_ADD | EV_CLEAR | EV_RECEIPT, token));
  // A write end whose reader is gone: the read filter reports the end of it.
  if (read_error == 0 && (write_error == 0 || write_error == EPIPE)) {
    return 0;
  }
  // Whichever of the two was added must not outlive the refusal.
  change_filters(kqueue_fd_, change_both(fd, EV_DELETE | EV_RECEIPT, token));
  return read_error != 0 ? read_error : write_error;
}

// Closing would delete the filters too, but only with the last descriptor of the socket: one that
// a child process inherited would keep them, and their events, alive.
void KqueueNet::unwatch(int fd) {
  for (const int error : change_filters(kqueue_fd_, change_both(fd, EV_DELETE | EV_RECEIPT, {}))) {
    CHECK(error == 0 || error == ENOENT, "unwatch of descriptor", fd, "failed with errno", error);
  }
}

std::span<const Ready> KqueueNet::wait(std::optional<Duration> timeout) {
  timespec limit{};
  if (timeout) {
    const Duration bounded = std::clamp(*timeout, Duration::zero(), kWaitMax);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(bounded);
    limit.tv_sec = static_cast<std::time_t>(seconds.count());
    limit.tv_nsec = static_cast<long>((bounded - seconds).count());
  }
  const int count = ::kevent(kqueue_fd_, nullptr, 0, events_.data(),
                             static_cast<int>(events_.size()), timeout ? &limit : nullptr);
  if (count < 0) {
    CHECK(errno == EINTR, "kevent failed with errno", errno);
    return {};
  }
  std::size_t used = 0;
  for (const struct kevent& event : std::span(events_).first(static_cast<std::size_t>(count))) {
    if (event.filter != EVFILT_USER) {
      ready_[used++] = to_ready(event);
    }
  }
  return std::span(ready_).first(used);
}

void KqueueNet::wake() noexcept {
  const int saved_errno = errno;
  struct kevent trigger {};
  EV_SET(&trigger, kWakeIdent, EVFILT_USER, 0, NOTE_TRIGGER, 0, nullptr);
  while (::kevent(kqueue_fd_, &trigger, 1, nullptr, 0, nullptr) < 0 && errno == EINTR) {
  }
  errno = saved_errno;
}

}  // namespace reactor
