#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "reactor/address.h"

namespace reactor {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Names one watched descriptor for as long as it lives: a slot and how often the slot was used
// before. An event that carries an outdated generation is about a descriptor that is gone.
struct Token {
  std::uint32_t index = UINT32_MAX;
  std::uint32_t generation = 0;

  bool operator==(const Token&) const = default;
  constexpr std::uint64_t pack() const { return std::uint64_t{generation} << 32 | index; }
  static constexpr Token unpack(std::uint64_t packed) {
    return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
  }
};

// What a backend reports of one descriptor. The portability contract, weaker than either system:
// - edge-triggered: reported at least once after each change from "would block" to ready, and
//   again only when more happens; whoever stops before "would block" must remember that himself;
// - spurious: any flag may be reported although the call would block;
// - split: readable and writable of one descriptor may come in separate entries of one batch;
// - hang-up is a hint: data may still be there, so read until end of stream before believing it.
struct Ready {
  Token token;
  bool readable = false;
  bool writable = false;
  bool hangup = false;
};

// bytes moved, or error (an errno value, 0 for none). From read, {0, 0} is the end of the stream.
struct IoResult {
  std::size_t bytes = 0;
  int error = 0;
};

// One gathered write: what to send where, and after write_batch what came of it.
struct WriteOp {
  static constexpr int kPartsMax = 4;

  int fd = -1;
  int part_count = 0;  // at least 1
  iovec parts[kPartsMax];
  IoResult result;
};

struct Opened {
  int fd = -1;
  int error = 0;  // an errno value; 0 when fd is valid
};

struct Accepted {
  int fd = -1;
  int error = 0;  // an errno value; 0 when fd is valid
  Address peer;
};

struct ListenOptions {
  int backlog = 4096;  // the kernel cuts it to its own limit (net.core.somaxconn)
};

// Every call that the loop makes to the operating system, and the only seam of the reactor: three
// real backends, a simulated one in the tests, and whatever counts calls in the benchmarks.
// One Net belongs to one Reactor and is used on its thread; only wake() may come from elsewhere.
// Calls never block except wait(). Errors are errno values, handed up as they are; EINTR too, so
// that the simulation can inject it and the loop's handling is tested.
class Net {
 public:
  // wait() hands out at most this many entries; the rest comes with the next call.
  static constexpr int kEventsMax = 512;

  virtual ~Net() = default;

  // Reports fd from now on under token: readable, writable and hang-up, edge-triggered, until
  // unwatch. Called once for each descriptor, never modified. Returns an errno value or 0. What is
  // ready already is reported by the next wait().
  virtual int watch(int fd, Token token) = 0;
  // Ends the reports for fd. Entries that wait() returned before may still name it.
  virtual void unwatch(int fd) = 0;
  // Sleeps until something is ready, wake() was called or the timeout is over (none: no limit;
  // zero: does not sleep). May return early with nothing. The span is valid until the next call.
  virtual std::span<const Ready> wait(std::optional<Duration> timeout) = 0;
  // Ends the current or the next wait(). Any thread; async-signal-safe.
  virtual void wake() noexcept = 0;

  // A nonblocking, close-on-exec socket that listens on address. An IPv6 socket takes IPv6 only.
  // A Unix socket file that nobody listens on any more is replaced, and removed again by close().
  virtual Opened listen(const Address& address, const ListenOptions& options) = 0;
  // The address that a listening or connected socket is bound to (the real port after port 0).
  virtual Address local_address(int fd) = 0;
  // Takes one connection, nonblocking, close-on-exec, without delay (TCP_NODELAY), with TCP
  // keepalive, so that a peer that vanished is found. EAGAIN: none is waiting.
  virtual Accepted accept(int listener) = 0;
  // For EMFILE and ENFILE: gives up the reserve descriptor to take one waiting connection, closes
  // that and takes the reserve back. False when there was none to take or no reserve.
  virtual bool shed(int listener) = 0;
  // Begins a connection; it is made, or has failed, when fd is reported writable. It comes from the
  // host of `from`, whose port may be 0, or from what the system chooses when `from` is empty.
  virtual Opened connect(const Address& address, const Address& from) = 0;
  // What became of a begun connection: 0 or an errno value (SO_ERROR, read once).
  virtual int connect_error(int fd) = 0;

  virtual IoResult read(int fd, std::span<char> into) = 0;
  // Sends every op's parts without SIGPIPE and without blocking; fills in each result. The buffers
  // are not used after it returns.
  virtual void write_batch(std::span<WriteOp> ops) = 0;
  // Ends our half of the stream. Errors don't matter: the peer may be gone.
  virtual void shutdown_write(int fd) = 0;
  // REQUIRES: fd is not watched.
  virtual void close(int fd) = 0;

  // Monotonic: for deadlines.
  virtual TimePoint now() = 0;
  // Milliseconds since 1970, which can jump: for time stamps shown to people only.
  virtual std::int64_t unix_ms() = 0;
};

enum class Backend : std::uint8_t {
  kAuto,     // the fastest that works here
  kEpoll,    // Linux
  kIoUring,  // Linux: epoll tells what is ready, io_uring takes the flush
  kKqueue,   // macOS and BSD
};
const char* to_string(Backend backend);

// Those that make_net takes on this system, kAuto first.
std::span<const Backend> backends();

struct BackendChoice {
  Backend backend = Backend::kAuto;  // never kAuto
  int refusal = 0;  // the errno value with which the kernel has refused io_uring, if it was asked
};

// What make_net(wanted) would make here: io_uring becomes epoll where the kernel refuses it.
// REQUIRES: wanted is one of backends(). Throws as make_net does.
BackendChoice choose_backend(Backend wanted);

// REQUIRES: backend is one of backends(). Throws std::system_error when the system has no
// descriptors left for it.
std::unique_ptr<Net> make_net(Backend backend = Backend::kAuto);

// Raises the soft limit of open descriptors to the hard limit and returns what it now is. To be
// called while the process has one thread: it also makes room in the table of descriptors for so
// many, 65,536 at most. A table that has to grow under several threads makes Linux wait until no
// processor can be looking at the old one (expand_fdtable in fs/file.c), 10 to 20 ms each time that
// the number of connections doubles.
std::size_t raise_descriptor_limit();

}  // namespace reactor
