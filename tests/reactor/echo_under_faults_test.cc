// An echo server on a simulated OS that does everything an OS may do to it, seed by seed.
#include <gtest/gtest.h>

#include "tests/reactor/echo_run.h"

namespace reactor_test {
namespace {

class PlainClient {
 public:
  PlainClient(sim::World& world, int fd) : world_(world), fd_(fd) {}

  static void on_accepted(Connection& /*connection*/) {}
  static bool ready() { return true; }
  void send(std::string_view bytes) { to_send_ += bytes; }
  bool flush(std::size_t bytes_max) {
    to_send_.erase(0, world_.peer_write(fd_, std::string_view(to_send_).substr(0, bytes_max)));
    return to_send_.empty();
  }
  void read(std::size_t bytes_max) { received_ += world_.peer_read(fd_, bytes_max); }
  void end() { world_.peer_shutdown_write(fd_); }
  const std::string& received() const { return received_; }

 private:
  sim::World& world_;
  int fd_;
  std::string to_send_;
  std::string received_;
};

TEST(EchoUnderFaults, EveryByteComesBackInOrderAndNothingIsLeftBehind) {
  run_echo_seeds<PlainClient>(300, "reactor_tests --gtest_filter=EchoUnderFaults.*");
}

}  // namespace
}  // namespace reactor_test
