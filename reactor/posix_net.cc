#include "reactor/posix_net.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <sys/sysctl.h>
#include <sys/syslimits.h>
#endif

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "reactor/check.h"

namespace reactor {
namespace {

constexpr std::size_t kDescriptorTableMax = 65'536;  // half a megabyte on Linux
constexpr int kKeepaliveIdleSeconds = 60;
constexpr int kKeepaliveIntervalSeconds = 15;
constexpr int kKeepaliveCount = 4;

#if defined(MSG_NOSIGNAL)
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;
#endif

// A descriptor that is closed unless it is released. Where close() is interrupted the descriptor
// is gone all the same, or may be another thread's by now: it is never tried again.
class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

int open_reserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

int set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : errno;
}

bool is_tcp(const Address& address) {
  return address.family() == AF_INET || address.family() == AF_INET6;
}

// Fails only for a peer that is gone already, which the next read tells.
void set_tcp_options(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#if defined(TCP_KEEPIDLE)
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
#else
  set_option(fd, IPPROTO_TCP, TCP_KEEPALIVE, kKeepaliveIdleSeconds);  // macOS's name for it
#endif
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveCount);
}

#if !defined(SOCK_NONBLOCK)
// Between a descriptor's birth and this another thread may fork; macOS offers nothing better.
int set_nonblocking_cloexec(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
      ::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    return errno;
  }
  return 0;
}
#endif

// Where the send flag does not exist, or is newer than the system, the socket itself is told.
int forbid_sigpipe([[maybe_unused]] int fd) {
#if defined(SO_NOSIGPIPE)
  return set_option(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
#else
  return 0;
#endif
}

Opened open_socket(int family) {
#if defined(SOCK_NONBLOCK)
  OwnedFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) {
    return {-1, errno};
  }
#else
  OwnedFd fd(::socket(family, SOCK_STREAM, 0));
  if (fd.get() < 0) {
    return {-1, errno};
  }
  if (const int error = set_nonblocking_cloexec(fd.get()); error != 0) {
    return {-1, error};
  }
#endif
  if (const int error = forbid_sigpipe(fd.get()); error != 0) {
    return {-1, error};
  }
  return {fd.release(), 0};
}

Opened accept_socket(int listener, sockaddr* peer, socklen_t* size) {
#if defined(SOCK_NONBLOCK)
  OwnedFd fd(::accept4(listener, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.get() < 0) {
    return {-1, errno};
  }
#else
  OwnedFd fd(::accept(listener, peer, size));
  if (fd.get() < 0) {
    return {-1, errno};
  }
  if (const int error = set_nonblocking_cloexec(fd.get()); error != 0) {
    return {-1, error};
  }
#endif
  // macOS refuses options for a peer that is gone already, and what could still raise SIGPIPE
  // must not be handed up.
  if (forbid_sigpipe(fd.get()) != 0) {
    return {-1, ECONNABORTED};
  }
  return {fd.release(), 0};
}

int bind_to(int fd, const Address& address) {
  return ::bind(fd, address.data(), address.size()) == 0 ? 0 : errno;
}

// With the port chosen by connect, each source and destination has all ports to itself.
void defer_port_choice([[maybe_unused]] int fd) {
#if defined(IP_BIND_ADDRESS_NO_PORT)
  set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
#endif
}

// True for a socket file that its server left behind: it is one, and nobody answers there.
bool is_stale(const Address& address) {
  struct stat file {};
  if (::lstat(address.path().c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) {
    return false;
  }
  const Opened probe = open_socket(AF_UNIX);
  if (probe.error != 0) {
    return false;
  }
  const OwnedFd fd(probe.fd);
  return ::connect(fd.get(), address.data(), address.size()) != 0 && errno == ECONNREFUSED;
}

ssize_t send_parts(const WriteOp& op) {
  if (op.part_count == 1) {
    return ::send(op.fd, op.parts[0].iov_base, op.parts[0].iov_len, kSendFlags);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(op.parts);
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(op.part_count);
  return ::sendmsg(op.fd, &message, kSendFlags);
}

#if defined(__APPLE__)
// macOS reports no hard limit but refuses more than the kernel allows one process.
rlim_t system_descriptor_limit() {
  int limit = 0;
  std::size_t size = sizeof(limit);
  if (::sysctlbyname("kern.maxfilesperproc", &limit, &size, nullptr, 0) == 0 && limit > 0) {
    return static_cast<rlim_t>(limit);
  }
  return OPEN_MAX;
}
#endif

// The table never shrinks: having had a descriptor with the highest number is enough. Failing costs
// nothing but time later.
void grow_descriptor_table(std::size_t descriptors) {
  const OwnedFd any(open_reserve());
  const OwnedFd highest(::fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(descriptors) - 1));
}

}  // namespace

PosixNet::PosixNet() : reserve_fd_(open_reserve()) {
  if (reserve_fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot reserve a descriptor");
  }
}

PosixNet::~PosixNet() {
  if (reserve_fd_ >= 0) {
    ::close(reserve_fd_);
  }
}

Opened PosixNet::listen(const Address& address, const ListenOptions& options) {
  const Opened opened = open_socket(address.family());
  if (opened.error != 0) {
    return opened;
  }
  OwnedFd fd(opened.fd);
  int error = 0;
  if (is_tcp(address)) {
    error = set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (error == 0 && address.family() == AF_INET6) {
    error = set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  if (error == 0) {
    error = is_tcp(address) ? bind_to(fd.get(), address) : bind_unix(fd.get(), address);
  }
  if (error == 0 && ::listen(fd.get(), options.backlog) != 0) {
    error = errno;
  }
  if (error != 0) {
    close(fd.release());
    return {-1, error};
  }
  return {fd.release(), 0};
}

// Two servers that start at the same instant may both find the file stale; the later one wins the
// path, and the earlier one notices at its end that the file is no longer its own.
int PosixNet::bind_unix(int fd, const Address& address) {
  const std::string path = address.path();
  int error = bind_to(fd, address);
  if (error == EADDRINUSE && is_stale(address)) {
    error = ::unlink(path.c_str()) == 0 || errno == ENOENT ? bind_to(fd, address) : errno;
  }
  if (error != 0) {
    return error;
  }
  struct stat file {};
  if (::lstat(path.c_str(), &file) == 0) {
    socket_files_[fd] = {path, file.st_dev, file.st_ino};
  }
  return 0;
}

Address PosixNet::local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  auto* const any = reinterpret_cast<sockaddr*>(&storage);
  const int result = ::getsockname(fd, any, &size);
  CHECK(result == 0, "the address of a descriptor that is no socket:", fd, errno);
  return Address::from_sockaddr(any, size).value_or(Address());
}

Accepted PosixNet::accept(int listener) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  auto* const any = reinterpret_cast<sockaddr*>(&storage);
  const Opened opened = accept_socket(listener, any, &size);
  if (opened.error != 0) {
    return {-1, opened.error, {}};
  }
  const Address peer = Address::from_sockaddr(any, size).value_or(Address());
  if (is_tcp(peer)) {
    set_tcp_options(opened.fd);
  }
  return {opened.fd, 0, peer};
}

bool PosixNet::shed(int listener) {
  if (reserve_fd_ < 0) {
    // Another thread took the descriptor between our giving it up and taking it back.
    reserve_fd_ = open_reserve();
  }
  if (reserve_fd_ < 0) {
    return false;
  }
  ::close(std::exchange(reserve_fd_, -1));
  const Opened opened = accept_socket(listener, nullptr, nullptr);
  if (opened.error == 0) {
    ::close(opened.fd);
  }
  reserve_fd_ = open_reserve();
  return opened.error == 0;
}

Opened PosixNet::connect(const Address& address, const Address& from) {
  const Opened opened = open_socket(address.family());
  if (opened.error != 0) {
    return opened;
  }
  OwnedFd fd(opened.fd);
  if (is_tcp(address)) {
    set_tcp_options(fd.get());
  }
  if (from.family() != AF_UNSPEC) {
    defer_port_choice(fd.get());
    if (const int error = bind_to(fd.get(), from); error != 0) {
      return {-1, error};
    }
  }
  // An interrupted connect goes on in the background like any other of a nonblocking socket.
  if (::connect(fd.get(), address.data(), address.size()) != 0 && errno != EINPROGRESS &&
      errno != EINTR) {
    return {-1, errno};
  }
  return {fd.release(), 0};
}

int PosixNet::connect_error(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

IoResult PosixNet::read(int fd, std::span<char> into) {
  CHECK(!into.empty(), "a read of nothing would look like the end of the stream");
  const ssize_t count = ::read(fd, into.data(), into.size());
  if (count < 0) {
    return {0, errno};
  }
  return {static_cast<std::size_t>(count), 0};
}

void PosixNet::write_batch(std::span<WriteOp> ops) {
  for (WriteOp& op : ops) {
    CHECK(op.part_count >= 1 && op.part_count <= WriteOp::kPartsMax,
          "parts of a write:", op.part_count);
    const ssize_t count = send_parts(op);
    op.result = count < 0 ? IoResult{0, errno} : IoResult{static_cast<std::size_t>(count), 0};
  }
}

void PosixNet::shutdown_write(int fd) { ::shutdown(fd, SHUT_WR); }

void PosixNet::close(int fd) {
  if (const auto found = socket_files_.find(fd); found != socket_files_.end()) {
    const SocketFile file = std::move(found->second);
    socket_files_.erase(found);
    struct stat now {};
    if (::lstat(file.path.c_str(), &now) == 0 && now.st_dev == file.device &&
        now.st_ino == file.inode) {
      ::unlink(file.path.c_str());
    }
  }
  ::close(fd);
}

TimePoint PosixNet::now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

std::int64_t PosixNet::unix_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot read the descriptor limit");
  }
  rlimit raised = limit;
#if defined(__APPLE__)
  raised.rlim_cur = std::min(limit.rlim_max, system_descriptor_limit());
#else
  raised.rlim_cur = limit.rlim_max;
#endif
  if (raised.rlim_cur > limit.rlim_cur && ::setrlimit(RLIMIT_NOFILE, &raised) == 0) {
    limit = raised;
  }
  const auto descriptors = static_cast<std::size_t>(limit.rlim_cur);
  grow_descriptor_table(std::min(descriptors, kDescriptorTableMax));
  return descriptors;
}

}  // namespace reactor
