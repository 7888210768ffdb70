// An echo server that speaks TLS, on a simulated OS that does everything an OS may do to it.
#include <gtest/gtest.h>

#include "tests/reactor/echo_run.h"
#include "tests/reactor/tls_peer.h"

namespace reactor_test {
namespace {

// Half of them end without saying so.
class TlsClient {
 public:
  TlsClient(sim::World& world, int fd)
      : world_(world),
        peer_(world, fd, TlsWorld::get().client.new_transport("localhost")),
        says_goodbye_(world.chance(500)) {}

  static void on_accepted(Connection& connection) {
    connection.secure(TlsWorld::get().server.new_transport());
  }
  bool ready() const { return peer_.is_ready(); }
  void send(std::string_view bytes) { peer_.send(bytes); }
  bool flush(std::size_t bytes_max) {
    peer_.write_some(bytes_max);
    return peer_.unsent() == 0;
  }
  void read(std::size_t bytes_max) { peer_.read_some(bytes_max); }
  void end() {
    if (!says_goodbye_) {
      world_.peer_shutdown_write(peer_.fd());
      return;
    }
    peer_.end.end();
    peer_.write_some();
  }
  const std::string& received() const { return peer_.received(); }

 private:
  sim::World& world_;
  TlsPeer peer_;
  bool says_goodbye_;
};

TEST(TlsEchoUnderFaults, EveryByteComesBackInOrderAndNothingIsLeftBehind) {
  run_echo_seeds<TlsClient>(150, "reactor_tls_tests --gtest_filter=TlsEchoUnderFaults.*");
}

}  // namespace
}  // namespace reactor_test
