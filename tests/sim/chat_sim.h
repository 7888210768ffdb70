#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/server.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_store.h"
#include "tests/sim/sim_world.h"
#include "tests/sim/speech.h"

namespace sim {

// A peer that speaks lines. Everything it does is decided by the test; what it got is kept.
class Peer {
 public:
  // speech: null for one that speaks nothing that would be lines; see bytes().
  Peer(World& world, int fd, std::unique_ptr<Speech> speech);

  // Queued here until the simulated network takes it.
  void send_line(std::string_view line);
  void send_bytes(std::string_view bytes) { unsent_.append(bytes); }
  // Moves at most so many bytes each way.
  void write_some(std::size_t bytes_max);
  void read_some(std::size_t bytes_max);
  void shutdown_write();
  void close();
  void reset();

  const std::vector<std::string>& lines() const { return lines_; }
  // What was read and is no line, or not yet.
  const std::string& bytes() const { return partial_line_; }
  // How many of the lines begin so.
  std::size_t count(std::string_view prefix) const;
  bool got(std::string_view line) const;
  bool open() const { return open_; }
  bool at_end() const { return !open_ || world_->peer_at_end(fd_); }
  std::size_t bytes_unsent() const { return unsent_.size(); }

  bool reads = true;  // false: a peer that never reads

 private:
  World* world_;
  std::unique_ptr<Speech> speech_;
  int fd_;
  bool open_ = true;
  std::string unsent_;
  std::string partial_line_;
  std::vector<std::string> lines_;
};

// How a simulated server keeps what it is told.
struct SimStorage {
  bool delivers_when_kept = false;
  chat::Retention retention;
  std::size_t queue_bytes_max = std::size_t{64} << 10;
  JournalWatcher* watcher = nullptr;  // outlives the simulation
};

// A whole chat server on the simulated OS, one thread, everything decided by one seed. With storage
// it keeps its log in SQLite on a simulated disk, else in memory.
class ChatSim {
 public:
  explicit ChatSim(std::uint64_t seed, chat::ServerOptions options = default_options(),
                   std::optional<SimStorage> storage = std::nullopt);
  ~ChatSim();

  static chat::ServerOptions default_options();

  World& world() { return world_; }
  chat::Server& server() { return *server_; }
  chat::Hub& hub() { return server_->switchboard().hub(); }
  // REQUIRES: there is storage.
  Disk& disk() { return *disk_; }

  // The server's process is killed, with the power if the disk is to lose what was not synced, and
  // another one starts. Returns what that begins with. REQUIRES: there is storage.
  chat::Recovered crash(bool power_fails);
  // The server is told to stop, tells everybody, ends in order, and another one starts.
  chat::Recovered restart();

  // Null when the connection is refused at once.
  Peer* connect(std::string_view ipv4 = "127.0.0.1") {
    return connect(make_speech(Speaks::kNative), ipv4);
  }
  Peer* connect(std::unique_ptr<Speech> speech, std::string_view ipv4 = "127.0.0.1");
  // Connects, introduces itself as a program and registers; settles.
  Peer* join_as(std::string_view name, std::string_view capabilities = "tags",
                Speaks speaks = Speaks::kNative);
  // The store's thread is not given the processor until it is let go.
  void hold_store(bool held) { store_is_held_ = held; }
  // Lets one actor, drawn by chance, do one thing.
  void step();
  // Lets everybody act until nothing moves any more, without passing time.
  void settle();
  // Lets time pass in small steps, acting in between.
  void pass(reactor::Duration time);

  // The invariants that hold at any time; empty or what is broken.
  std::string broken_invariant();
  // Closes every peer, lets everything come to rest and looks at what is left; empty or what.
  std::string leftovers();
  std::uint64_t sessions_ever() const;
  std::uint64_t ends() const;

 private:
  static void turn(chat::Shard& shard);
  std::uint64_t activity() const;
  bool anything_pending() const;
  chat::Recovered start_server();
  chat::Storage open_storage();

  World world_;
  std::vector<SimNet*> nets_;
  chat::ServerOptions options_;
  std::optional<SimStorage> storage_;
  std::unique_ptr<Disk> disk_;
  SimStore* store_ = nullptr;  // the server's
  bool store_is_held_ = false;
  std::unique_ptr<chat::Server> server_;
  reactor::Address address_ = reactor::Address::ipv4(0x7F000001, 0);  // the port, once there is one
  std::vector<std::unique_ptr<Peer>> peers_;
  std::uint16_t next_peer_port_ = 1024;
};

}  // namespace sim
