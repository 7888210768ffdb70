#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactor/net.h"

namespace sim {

class SimNet;

// How often what goes wrong, in calls out of a thousand. All zero: a perfect network.
struct Faults {
  int partial_read = 0;    // read returns less than there is
  int partial_write = 0;   // write takes less than there is room for
  int eintr = 0;           // read, write, accept are interrupted
  int spurious = 0;        // a report of readiness that is not there
  int short_batch = 0;     // wait returns fewer events than are ready
  int delayed_event = 0;   // an event is held back until the next wait
  int aborted_accept = 0;  // ECONNABORTED
};

// Thrown by SimNet::wait when there is nothing to return and the loop is ready to sleep. The turn
// has not begun yet.
struct WouldSleep {};

// The operating system of a simulated run: sockets, a clock, a descriptor table and a seeded
// source of trouble. Single-threaded: several reactors and any number of peers take turns.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Faults faults;
  bool loops_sleep = false;                    // see WouldSleep; else wait() returns with nothing
  std::size_t socket_buffer_bytes = 16 << 10;  // of each direction of each socket
  std::size_t descriptors_max = 100'000;       // of the server's side; beyond it EMFILE

  // A Net of this world for one reactor.
  std::unique_ptr<reactor::Net> make_net();

  reactor::TimePoint now() const { return now_; }
  void advance(reactor::Duration by) { now_ += by; }
  void jump_wall_clock(std::int64_t by_ms) { wall_offset_ms_ += by_ms; }
  std::int64_t unix_ms() const;

  // The peers' side: plain calls, no reactor. A peer's fd is valid until peer_close or peer_reset.
  // -1 when nobody listens there.
  int peer_connect(const reactor::Address& to, const reactor::Address& from);
  // Takes as much as the far buffer has room for and returns how much.
  std::size_t peer_write(int fd, std::string_view bytes);
  std::string peer_read(int fd, std::size_t bytes_max = SIZE_MAX);
  // True when the server has ended its half and everything was read, or has reset the connection.
  bool peer_at_end(int fd) const;
  void peer_shutdown_write(int fd);
  void peer_close(int fd);
  void peer_reset(int fd);

  std::mt19937_64& random() { return random_; }
  // True in `per_mille` out of a thousand calls.
  bool chance(int per_mille);
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  // The server's process has died: the system closes whatever it had open. REQUIRES: its nets are
  // gone.
  void end_server_process();

  // What the run has to leave behind: nothing.
  std::size_t server_descriptors() const { return server_descriptors_; }
  // Mistakes a real kernel would not report: closing a watched descriptor, using a closed one.
  const std::vector<std::string>& mistakes() const { return mistakes_; }

 private:
  friend class SimNet;

  struct Socket {
    std::string inbox;  // written by the far end, not yet read
    int far = -1;       // the other end's fd; -1 when that is closed
    bool server_side = false;
    bool far_ended = false;  // end of stream after inbox
    bool ended = false;      // our half
    bool reset = false;      // ECONNRESET/EPIPE from now on
    bool was_full = false;   // a write hit EAGAIN: room makes an edge
    reactor::Address local;
    reactor::Address peer;
    SimNet* watcher = nullptr;
    reactor::Token token;
    bool edge_readable = false;
    bool edge_writable = false;
    bool edge_hangup = false;
  };
  struct ListenSocket {
    reactor::Address address;
    std::deque<int> backlog;
    SimNet* watcher = nullptr;
    reactor::Token token;
    bool edge = false;
  };

  int new_fd() { return next_fd_++; }
  std::pair<int, int> new_pair(const reactor::Address& local, const reactor::Address& remote);
  Socket* find(int fd);
  ListenSocket* listener_at(const reactor::Address& address);
  std::size_t deliver(Socket& from, std::string_view bytes);
  std::size_t room_of(const Socket& socket) const;
  void drained(Socket& reader);
  void end_half(Socket& socket);
  void break_connection(int fd);
  void release(int fd);
  void mistake(std::string what) { mistakes_.push_back(std::move(what)); }

  std::mt19937_64 random_;
  reactor::TimePoint now_{std::chrono::hours{1}};
  std::int64_t wall_offset_ms_ = 1'700'000'000'000;
  std::map<int, Socket> sockets_;
  std::map<int, ListenSocket> listeners_;
  std::size_t server_descriptors_ = 0;
  int next_fd_ = 3;
  std::uint16_t next_port_ = 40'000;
  std::vector<std::string> mistakes_;
};

// One reactor's Net in a World. wait() never sleeps: whoever runs the simulation moves the clock.
class SimNet final : public reactor::Net {
 public:
  explicit SimNet(World& world) : world_(world) {}

  // Whether wait() would return something: the run is quiet when no net has anything pending.
  bool pending() const;
  // Counters for the tests.
  std::uint64_t waits = 0;
  std::uint64_t wakes = 0;
  std::uint64_t write_batches = 0;
  std::uint64_t writes = 0;

  int watch(int fd, reactor::Token token) override;
  void unwatch(int fd) override;
  std::span<const reactor::Ready> wait(std::optional<reactor::Duration> timeout) override;
  void wake() noexcept override;
  reactor::Opened listen(const reactor::Address& address,
                         const reactor::ListenOptions& options) override;
  reactor::Address local_address(int fd) override;
  reactor::Accepted accept(int listener) override;
  bool shed(int listener) override;
  reactor::Opened connect(const reactor::Address& address, const reactor::Address& from) override;
  int connect_error(int fd) override;
  reactor::IoResult read(int fd, std::span<char> into) override;
  void write_batch(std::span<reactor::WriteOp> ops) override;
  void shutdown_write(int fd) override;
  void close(int fd) override;
  reactor::TimePoint now() override { return world_.now(); }
  std::int64_t unix_ms() override { return world_.unix_ms(); }

 private:
  reactor::IoResult write_one(const reactor::WriteOp& op);
  void collect();

  World& world_;
  bool woken_ = false;
  std::vector<reactor::Ready> batch_;
};

}  // namespace sim
