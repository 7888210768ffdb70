#pragma once

#include <string>
#include <string_view>

#include "tests/reactor/tls_fixture.h"
#include "tests/sim/sim_world.h"

namespace reactor_test {

// A client of the simulated world that speaks TLS: the far end of a connection of the reactor.
class TlsPeer {
 public:
  TlsPeer(sim::World& world, int peer_fd, std::unique_ptr<reactor::Transport> transport)
      : end(std::move(transport)), world_(world), fd_(peer_fd) {}

  TlsEnd end;

  int fd() const { return fd_; }
  const std::string& received() const { return end.received; }
  bool is_ready() const { return end.transport->is_ready(); }
  // All sealed at once, whatever the socket takes.
  void send(std::string_view plain) {
    while (!plain.empty()) {
      const std::string_view record = plain.substr(0, reactor::Transport::kRecordBytesMax);
      EXPECT_TRUE(end.send(record));
      plain.remove_prefix(record.size());
    }
  }
  // What has been sealed and has not left yet.
  std::size_t unsent() {
    collect();
    return to_send_.size();
  }

  void write_some(std::size_t bytes_max = SIZE_MAX) {
    collect();
    to_send_.erase(0, world_.peer_write(fd_, std::string_view(to_send_).substr(0, bytes_max)));
  }
  void read_some(std::size_t bytes_max = SIZE_MAX) {
    const std::string wire = world_.peer_read(fd_, bytes_max);
    raw_ += wire;
    if (!wire.empty() && end.state() != reactor::Transport::State::kFailed) {
      end.take(wire);
    }
  }
  // All that has come from the wire.
  const std::string& raw() const { return raw_; }
  // Sends these bytes as they are, behind what is sealed.
  void send_raw(std::string_view wire) {
    collect();
    to_send_ += wire;
  }

 private:
  void collect() { to_send_ += end.wire(); }

  sim::World& world_;
  int fd_;
  std::string to_send_;
  std::string raw_;
};

}  // namespace reactor_test
