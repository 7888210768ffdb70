#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactor/reactor.h"
#include "tests/reactor/recording_net.h"
#include "tests/sim/sim_world.h"

namespace reactor_test {

using reactor::Address;
using reactor::CloseReason;
using reactor::Connection;
using reactor::ConnectionLimits;
using reactor::Duration;
using reactor::Ready;
using reactor::Token;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Writes down what it is told; what else it does, a test scripts.
class ScriptedHandler final : public reactor::Handler {
 public:
  struct Closed {
    CloseReason reason;
    int error;
    bool operator==(const Closed&) const = default;
  };

  Connection* connection = nullptr;  // null before on_open and after on_close
  std::string received;              // what was consumed
  std::vector<std::string> deliveries;
  std::vector<Closed> closes;
  int opens = 0;
  int ends = 0;
  int idles = 0;
  int drains = 0;
  int handshakes = 0;
  bool is_used = false;  // a connection was made with it, so one on_close has to come

  std::function<void(Connection&)> open, secured, end, idle, drained;
  std::function<std::size_t(Connection&, std::string_view)> data;  // default: consumes all
  std::function<void(Connection&)> closed;

  void forget_script() {
    open = secured = end = idle = drained = closed = nullptr;
    data = nullptr;
  }

  void on_open(Connection& opened) override {
    const Inside inside;
    connection = &opened;
    ++opens;
    run(open, opened);
  }
  void on_secured(Connection& done) override {
    const Inside inside;
    EXPECT_EQ(&done, connection) << "secured before on_open or after on_close";
    ++handshakes;
    run(secured, done);
  }
  std::size_t on_data(Connection& from, std::string_view bytes) override {
    const Inside inside;
    EXPECT_EQ(&from, connection) << "data before on_open or after on_close";
    EXPECT_FALSE(bytes.empty());
    deliveries.emplace_back(bytes);
    const std::size_t consumed = data ? data(from, bytes) : bytes.size();
    received += bytes.substr(0, consumed);
    return consumed;
  }
  void on_end(Connection& ended) override {
    const Inside inside;
    ++ends;
    end ? end(ended) : Handler::on_end(ended);
  }
  void on_idle(Connection& idling) override {
    const Inside inside;
    ++idles;
    idle ? idle(idling) : Handler::on_idle(idling);
  }
  void on_drained(Connection& empty) override {
    const Inside inside;
    ++drains;
    run(drained, empty);
  }
  void on_close(Connection& gone, CloseReason reason, int error) override {
    EXPECT_EQ(callbacks_running, 0) << "on_close from inside another callback";
    const Inside inside;
    connection = nullptr;
    closes.push_back({reason, error});
    run(closed, gone);
  }

 private:
  struct Inside {
    Inside() { ++callbacks_running; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside() { --callbacks_running; }
  };

  static void run(const std::function<void(Connection&)>& script, Connection& argument) {
    if (script) {
      script(argument);
    }
  }

  inline static int callbacks_running = 0;
};

using Closes = std::vector<ScriptedHandler::Closed>;

// One end in the simulation, the other at the reactor.
struct Link {
  ScriptedHandler& handler;
  int peer;  // the peer's descriptor in the world
  int fd;    // the reactor's
  Connection& connection() const { return *handler.connection; }
};

// A reactor on the simulated OS. Every test ends with: nothing open, nothing misused.
class ReactorFixture : public testing::Test, public reactor::Acceptor {
 protected:
  void start(const ConnectionLimits& limits = {}) {
    auto recording = std::make_unique<RecordingNet>(world);
    net = recording.get();
    loop = std::make_unique<reactor::Reactor>(std::move(recording), limits);
    const auto listening = loop->listen(Address::ipv4(0x7F000001, 0), *this);
    ASSERT_NE(listening.listener, nullptr);
    listener = listening.listener;
    address = listener->local_address();
  }

  void TearDown() override {
    // What a script captured is gone by now.
    for (ScriptedHandler& handler : handlers) {
      handler.forget_script();
    }
    stop();
    EXPECT_EQ(world.mistakes(), std::vector<std::string>{});
    EXPECT_EQ(world.server_descriptors(), 0U);
    for (const ScriptedHandler& handler : handlers) {
      EXPECT_EQ(handler.closes.size(), handler.is_used ? 1U : 0U) << "on_close, exactly once";
    }
  }

  void stop() { loop.reset(); }

  void on_accept(int fd, const Address& /*peer*/) override {
    accepted_fd = fd;
    if (accepting_handlers.empty()) {
      accepting_handlers.push_back(&new_handler());
    }
    ScriptedHandler& handler = *accepting_handlers.front();
    accepting_handlers.pop_front();
    handler.is_used = loop->adopt(fd, handler) != nullptr;
  }

  // Begins a connection of the reactor's own.
  ScriptedHandler& begin(const Address& to) {
    ScriptedHandler& handler = new_handler();
    int error = 0;
    handler.is_used = loop->connect(to, handler, error) != nullptr;
    EXPECT_EQ(error, 0);
    return handler;
  }

  ScriptedHandler& new_handler() { return handlers.emplace_back(); }

  // A peer connects; one turn accepts it.
  Link connect() {
    ScriptedHandler& handler = new_handler();
    accepting_handlers.push_back(&handler);
    const int peer = connect_peer();
    turn();
    EXPECT_NE(handler.connection, nullptr) << "not accepted in one turn";
    return {handler, peer, accepted_fd};
  }

  int connect_peer() { return world.peer_connect(address, Address::ipv4(0x7F000001, 9)); }

  void turn(int count = 1) {
    for (int i = 0; i < count; ++i) {
      loop->turn();
    }
  }

  // Turns until the loop would sleep. Returns how many turns had something to do.
  int turn_until_quiet() {
    for (int turns = 0; turns < 10'000; ++turns) {
      loop->turn();
      if (net->batch_entries == 0 && net->timeouts.back() != Duration::zero() &&
          !net->sim.pending()) {
        return turns;
      }
    }
    ADD_FAILURE() << "the loop never becomes quiet";
    return 0;
  }

  // The peer reads all that comes until nothing more does.
  std::string read_all(int peer) {
    std::string bytes;
    for (;;) {
      turn_until_quiet();
      const std::string more = world.peer_read(peer);
      if (more.empty()) {
        return bytes;
      }
      bytes += more;
    }
  }

  // Time passes; the loop looks at it once.
  void pass(Duration time) {
    world.advance(time);
    turn();
  }

  // The output of link is blocked with that much still queued.
  void block_output(const Link& link, std::size_t bytes_left) {
    link.connection().send(std::string(world.socket_buffer_bytes + bytes_left, 'x'));
    turn_until_quiet();
    ASSERT_EQ(link.connection().bytes_queued(), bytes_left);
  }

  // The loop wants to poll instead of sleep; makes that turn.
  bool polls_next() {
    turn();
    return net->timeouts.back() == Duration::zero();
  }

  sim::World world{1};
  RecordingNet* net = nullptr;
  std::deque<ScriptedHandler> handlers;
  std::deque<ScriptedHandler*> accepting_handlers;
  int accepted_fd = -1;
  std::unique_ptr<reactor::Reactor> loop;
  reactor::Listener* listener = nullptr;  // until stop_listening
  Address address;                        // its
};

}  // namespace reactor_test
