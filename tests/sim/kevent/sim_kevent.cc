#include "sim_kevent.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <utility>

namespace {

using Clock = std::chrono::steady_clock;
using Key = std::pair<std::uintptr_t, int>;  // ident and filter: what names a knote

constexpr int kListMax = 512;  // entries a careful program asks for

struct Knote {
  void* udata = nullptr;
  bool clear = false;      // EV_CLEAR
  bool active = false;     // waiting in Kqueue::active
  bool triggered = false;  // EVFILT_USER only
  ino_t inode = 0;         // of the socket, to notice that ident names another one by now
};

// What the manual's filters look at, taken from a descriptor at this moment.
struct State {
  bool ready = false;
  bool ended = false;
  bool broken = false;
  std::intptr_t data = 0;
};

State read_state(int fd) {
  pollfd poller{fd, POLLIN | POLLRDHUP, 0};
  ::poll(&poller, 1, 0);
  int bytes = 0;
  if (::ioctl(fd, FIONREAD, &bytes) != 0) {
    bytes = (poller.revents & POLLIN) != 0 ? 1 : 0;  // a listener: connections waiting
  }
  return {.ready = poller.revents != 0,
          .ended = (poller.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0,
          .broken = (poller.revents & POLLERR) != 0,
          .data = bytes};
}

State write_state(int fd) {
  pollfd poller{fd, POLLOUT, 0};
  ::poll(&poller, 1, 0);
  int capacity = 0;
  socklen_t size = sizeof(capacity);
  ::getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &capacity, &size);
  int queued = 0;
  ::ioctl(fd, TIOCOUTQ, &queued);
  return {.ready = poller.revents != 0,
          .ended = (poller.revents & (POLLHUP | POLLERR)) != 0,
          .broken = (poller.revents & POLLERR) != 0,
          .data = std::max(0, capacity - queued)};
}

// One kqueue. Its descriptor is an epoll set of three: one edge-triggered set for each filter, so
// that arriving data does not count as news about writing, and an eventfd for user events.
class Kqueue {
 public:
  Kqueue()
      : fd_(::epoll_create1(0)),
        read_epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        write_epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        user_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    for (const int part : {read_epoll_, write_epoll_, user_fd_}) {
      epoll_event event{};
      event.events = EPOLLIN;
      usable_ = usable_ && ::epoll_ctl(fd_, EPOLL_CTL_ADD, part, &event) == 0;
    }
  }
  Kqueue(const Kqueue&) = delete;
  Kqueue& operator=(const Kqueue&) = delete;
  ~Kqueue() {
    for (const int part : {read_epoll_, write_epoll_, user_fd_}) {
      ::close(part);
    }
  }

  int fd() const { return fd_; }
  bool usable() const { return usable_; }
  // False once the program closed its descriptor, whatever has that number now.
  bool is_open() const {
    epoll_event event{};
    event.events = EPOLLIN;
    return ::epoll_ctl(fd_, EPOLL_CTL_MOD, user_fd_, &event) == 0;
  }

  int change(const struct kevent& change);
  int scan(std::span<struct kevent> events, const timespec* timeout);
  std::size_t knote_count() const;
  void check_descriptors();

 private:
  int add(const struct kevent& change);
  int remove(const Key& key);
  int trigger(Knote& knote, const Key& key);
  int epoll_of(int filter) const { return filter == EVFILT_READ ? read_epoll_ : write_epoll_; }
  void activate(const Key& key, Knote& knote);
  void gather();
  void gather_filter(int filter);
  int hand_out(std::span<struct kevent> events);
  static bool report(const Key& key, Knote& knote, struct kevent& event);

  const int fd_;
  const int read_epoll_;
  const int write_epoll_;
  const int user_fd_;
  bool usable_ = true;
  mutable std::mutex mutex_;
  std::map<Key, Knote> knotes_;
  std::list<Key> active_;
};

// The kqueues of this process and what tests told them.
class World {
 public:
  std::shared_ptr<Kqueue> open() {
    auto made = std::make_shared<Kqueue>();
    const std::lock_guard lock(mutex_);
    forget_closed();
    kqueues_[made->fd()] = made;
    return made;
  }

  std::shared_ptr<Kqueue> find(int fd) {
    const std::lock_guard lock(mutex_);
    const auto found = kqueues_.find(fd);
    return found == kqueues_.end() || !found->second->is_open() ? nullptr : found->second;
  }

  std::vector<std::shared_ptr<Kqueue>> all() {
    const std::lock_guard lock(mutex_);
    forget_closed();
    std::vector<std::shared_ptr<Kqueue>> open;
    for (const auto& [fd, kqueue] : kqueues_) {
      open.push_back(kqueue);
    }
    return open;
  }

  void record_mistake(std::string mistake) {
    const std::lock_guard lock(mutex_);
    mistakes_.push_back(std::move(mistake));
  }
  std::vector<std::string> take_mistakes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(mistakes_, {});
  }

  void inject_eintr(int count) {
    const std::lock_guard lock(mutex_);
    eintr_left_ = count;
  }
  bool take_eintr() {
    const std::lock_guard lock(mutex_);
    return eintr_left_ > 0 && eintr_left_-- > 0;
  }

  void fail_next_add(int filter, int error) {
    const std::lock_guard lock(mutex_);
    add_failure_ = {filter, error};
  }
  int take_add_failure(int filter) {
    const std::lock_guard lock(mutex_);
    if (!add_failure_ || add_failure_->first != filter) {
      return 0;
    }
    return std::exchange(add_failure_, std::nullopt)->second;
  }

  void shuffle_events(std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    random_.reset();
    if (seed != 0) {
      random_.emplace(seed);
    }
  }
  void shuffle(std::list<Key>& keys) {
    const std::lock_guard lock(mutex_);
    if (random_) {
      std::vector<Key> drawn(keys.begin(), keys.end());
      std::shuffle(drawn.begin(), drawn.end(), *random_);
      std::copy(drawn.begin(), drawn.end(), keys.begin());
    }
  }

 private:
  void forget_closed() {
    std::erase_if(kqueues_, [](const auto& entry) { return !entry.second->is_open(); });
  }

  std::mutex mutex_;
  std::map<int, std::shared_ptr<Kqueue>> kqueues_;
  std::vector<std::string> mistakes_;
  int eintr_left_ = 0;
  std::optional<std::pair<int, int>> add_failure_;
  std::optional<std::mt19937_64> random_;
};

World& world() {
  static World the_world;
  return the_world;
}

std::string describe_lost(const Key& key) {
  return "descriptor " + std::to_string(key.first) + " was closed with its " +
         (key.second == EVFILT_READ ? "read" : "write") + " filter still registered";
}

int Kqueue::change(const struct kevent& change) {
  const std::lock_guard lock(mutex_);
  const Key key{change.ident, change.filter};
  constexpr int kKnownFlags = EV_ADD | EV_DELETE | EV_CLEAR | EV_RECEIPT;
  const bool known_filter =
      change.filter == EVFILT_READ || change.filter == EVFILT_WRITE || change.filter == EVFILT_USER;
  if (!known_filter || (change.flags & ~kKnownFlags) != 0) {
    return EINVAL;
  }
  if (change.filter != EVFILT_USER && ::fcntl(static_cast<int>(change.ident), F_GETFD) < 0) {
    return EBADF;
  }
  if ((change.flags & EV_ADD) != 0) {
    if (const int error = add(change); error != 0) {
      return error;
    }
  }
  const auto found = knotes_.find(key);
  if (found == knotes_.end()) {
    return ENOENT;
  }
  if ((change.flags & EV_DELETE) != 0) {
    return remove(key);
  }
  if (change.filter == EVFILT_USER && (change.fflags & NOTE_TRIGGER) != 0) {
    return trigger(found->second, key);
  }
  return 0;
}

int Kqueue::add(const struct kevent& change) {
  const Key key{change.ident, change.filter};
  if (const int error = world().take_add_failure(change.filter); error != 0) {
    return error;
  }
  struct stat file {};
  if (change.filter != EVFILT_USER) {
    const int fd = static_cast<int>(change.ident);
    ::fstat(fd, &file);
    const auto known = knotes_.find(key);
    if (known != knotes_.end() && known->second.inode != file.st_ino) {
      world().record_mistake(describe_lost(key));
      remove(key);
    }
    epoll_event event{};
    event.events = (change.filter == EVFILT_READ ? EPOLLIN | EPOLLRDHUP : EPOLLOUT) | EPOLLET;
    event.data.u64 = change.ident;
    if (::epoll_ctl(epoll_of(change.filter), EPOLL_CTL_ADD, fd, &event) != 0 && errno != EEXIST) {
      return errno;
    }
  }
  Knote& knote = knotes_[key];
  knote.udata = change.udata;
  knote.clear = (change.flags & EV_CLEAR) != 0;
  knote.inode = file.st_ino;
  // Active at once if it holds; the scan looks whether it does.
  if (change.filter != EVFILT_USER) {
    activate(key, knote);
  }
  return 0;
}

int Kqueue::remove(const Key& key) {
  if (key.second != EVFILT_USER) {
    ::epoll_ctl(epoll_of(key.second), EPOLL_CTL_DEL, static_cast<int>(key.first), nullptr);
  }
  active_.remove(key);
  knotes_.erase(key);
  return 0;
}

int Kqueue::trigger(Knote& knote, const Key& key) {
  knote.triggered = true;
  activate(key, knote);
  const std::uint64_t one = 1;
  return ::write(user_fd_, &one, sizeof(one)) == sizeof(one) ? 0 : errno;
}

void Kqueue::activate(const Key& key, Knote& knote) {
  if (!knote.active) {
    knote.active = true;
    active_.push_back(key);
  }
}

// Turns what the kernel has reported since the last time into active knotes.
void Kqueue::gather() {
  gather_filter(EVFILT_READ);
  gather_filter(EVFILT_WRITE);
  std::uint64_t triggers = 0;
  [[maybe_unused]] const ssize_t count = ::read(user_fd_, &triggers, sizeof(triggers));
}

void Kqueue::gather_filter(int filter) {
  std::array<epoll_event, 64> news{};
  int count = 0;
  do {
    count = ::epoll_wait(epoll_of(filter), news.data(), static_cast<int>(news.size()), 0);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t ident = news[static_cast<std::size_t>(i)].data.u64;
      const Key key{ident, filter};
      if (const auto found = knotes_.find(key); found != knotes_.end()) {
        activate(key, found->second);
      }
    }
  } while (count == static_cast<int>(news.size()));
}

// Fills in what a knote has to say; false when what made it active is over.
bool Kqueue::report(const Key& key, Knote& knote, struct kevent& event) {
  EV_SET(&event, key.first, static_cast<std::int16_t>(key.second), 0, 0, 0, knote.udata);
  event.flags = knote.clear ? EV_CLEAR : 0;
  if (key.second == EVFILT_USER) {
    return knote.clear ? std::exchange(knote.triggered, false) : knote.triggered;
  }
  const int fd = static_cast<int>(key.first);
  const State state = key.second == EVFILT_READ ? read_state(fd) : write_state(fd);
  event.data = state.data;
  if (state.ended) {
    event.flags |= EV_EOF;
    // Looking at the error itself would take it from the program; any broken connection will do.
    event.fflags = state.broken ? ECONNRESET : 0;
  }
  return state.ready;
}

int Kqueue::hand_out(std::span<struct kevent> events) {
  world().shuffle(active_);
  std::size_t used = 0;
  std::list<Key> still_active;
  while (used < events.size() && !active_.empty()) {
    const Key key = active_.front();
    active_.pop_front();
    Knote& knote = knotes_.at(key);
    knote.active = false;
    if (!report(key, knote, events[used])) {
      continue;
    }
    ++used;
    if (!knote.clear) {
      knote.active = true;
      still_active.push_back(key);
    }
  }
  active_.splice(active_.end(), still_active);
  return static_cast<int>(used);
}

int Kqueue::scan(std::span<struct kevent> events, const timespec* timeout) {
  Clock::time_point until = Clock::time_point::max();
  if (timeout != nullptr) {
    until = Clock::now() + std::chrono::seconds(timeout->tv_sec) +
            std::chrono::nanoseconds(timeout->tv_nsec);
  }
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      gather();
      if (const int count = hand_out(events); count > 0) {
        return count;
      }
    }
    int sleep_ms = -1;
    if (timeout != nullptr) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      if (left.count() <= 0) {
        return 0;
      }
      sleep_ms = static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
    }
    epoll_event ignored{};
    if (::epoll_wait(fd_, &ignored, 1, sleep_ms) < 0) {
      return -1;
    }
  }
}

std::size_t Kqueue::knote_count() const {
  const std::lock_guard lock(mutex_);
  return knotes_.size();
}

void Kqueue::check_descriptors() {
  const std::lock_guard lock(mutex_);
  std::vector<Key> lost;
  for (const auto& [key, knote] : knotes_) {
    struct stat file {};
    if (key.second != EVFILT_USER &&
        (::fstat(static_cast<int>(key.first), &file) != 0 || file.st_ino != knote.inode)) {
      lost.push_back(key);
    }
  }
  for (const Key& key : lost) {
    world().record_mistake(describe_lost(key));
    remove(key);
  }
}

}  // namespace

int kqueue() {
  const auto made = world().open();
  if (made->usable()) {
    return made->fd();
  }
  const int error = errno;
  ::close(made->fd());
  errno = error;
  return -1;
}

int kevent(int kqueue_fd, const struct kevent* changes, int change_count, struct kevent* events,
           int event_count, const timespec* timeout) {
  const auto kqueue = world().find(kqueue_fd);
  if (kqueue == nullptr) {
    errno = EBADF;
    return -1;
  }
  if (std::max(change_count, event_count) > kListMax) {
    world().record_mistake("kevent was given a list of " +
                           std::to_string(std::max(change_count, event_count)) + " entries");
  }
  int answers = 0;
  for (int i = 0; i < change_count; ++i) {
    const int error = kqueue->change(changes[i]);
    if (error == 0 && (changes[i].flags & EV_RECEIPT) == 0) {
      continue;
    }
    if (answers == event_count) {
      errno = error;
      return error == 0 ? 0 : -1;
    }
    events[answers] = changes[i];
    events[answers].flags |= EV_ERROR;
    events[answers].data = error;
    ++answers;
  }
  if (answers > 0 || event_count == 0) {
    return answers;
  }
  if (world().take_eintr()) {
    errno = EINTR;
    return -1;
  }
  return kqueue->scan({events, static_cast<std::size_t>(event_count)}, timeout);
}

namespace sim_kevent {

void inject_eintr(int count) { world().inject_eintr(count); }
void shuffle_events(std::uint64_t seed) { world().shuffle_events(seed); }
void fail_next_add(int filter, int error) { world().fail_next_add(filter, error); }

std::vector<std::string> take_mistakes() {
  for (const auto& kqueue : world().all()) {
    kqueue->check_descriptors();
  }
  return world().take_mistakes();
}

std::size_t knote_count() {
  std::size_t count = 0;
  for (const auto& kqueue : world().all()) {
    count += kqueue->knote_count();
  }
  return count;
}

}  // namespace sim_kevent
