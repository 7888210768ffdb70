// The connection state machine against anything that peers, handlers, time and the system can do
// in any order. The bytes of the input are the script of all of them.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/check.h"
#include "reactor/reactor.h"
#include "tests/fuzz/toy_transport.h"
#include "tests/sim/sim_world.h"

namespace {

using reactor::Address;
using reactor::CloseReason;
using reactor::Connection;
using reactor::Reactor;
using std::chrono::milliseconds;

constexpr std::size_t kConnectionsMax = 24;

// Hands out the input byte by byte, then zeros.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : rest_(data), size_(size) {}
  bool at_end() const { return size_ == 0; }
  std::uint8_t next() {
    if (size_ == 0) {
      return 0;
    }
    --size_;
    return *rest_++;
  }

 private:
  const std::uint8_t* rest_;
  std::size_t size_;
};

// What every stream carries in both directions, so that each end can check what it gets; between
// it come the bytes that only a transport has a use for.
char byte_at(std::size_t position) { return static_cast<char>(position % 251); }

std::string pattern(std::size_t from, std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = byte_at(from + i);
  }
  return bytes;
}

// Returns how many bytes of it there are.
std::size_t check_pattern(std::string_view bytes, std::size_t from) {
  std::size_t count = 0;
  for (const char byte : bytes) {
    if (ToyTransport::is_data(byte)) {
      CHECK(byte == byte_at(from + count), "bytes are lost, repeated or out of order", from, count);
      ++count;
    }
  }
  return count;
}

class Run;

// The handler of one connection. Does in each callback what the script says.
class End final : public reactor::Handler {
 public:
  End(Run& run, bool is_client) : run_(run), is_client_(is_client) {}

  Connection* connection = nullptr;  // null before on_open and after on_close
  bool used = false;
  int closes = 0;

  void act(std::uint8_t action, std::uint8_t amount);
  void act_by_script();

  void on_open(Connection& opened) override;
  void on_secured(Connection& secured) override;
  std::size_t on_data(Connection& from, std::string_view bytes) override;
  void on_end(Connection& ended) override;
  void on_idle(Connection& idle) override;
  void on_drained(Connection& drained) override;
  void on_close(Connection& gone, CloseReason reason, int error) override;

 private:
  Run& run_;
  const bool is_client_;
  std::size_t received_ = 0;  // consumed
  std::size_t sent_ = 0;
  bool paused_ = false;
  bool ended_ = false;  // by the peer
};

struct Peer {
  int fd;
  std::size_t sent = 0;
  std::size_t received = 0;
};

class Run final : public reactor::Acceptor {
 public:
  Run(const std::uint8_t* data, std::size_t size);

  void play();
  // Peers leave, faults stop, time passes: nothing may be left.
  void end();

  void on_accept(int fd, const Address& peer) override;
  void begin();
  End& any_end() { return ends_[script.next() % ends_.size()]; }

  Script script;
  int callbacks_running = 0;

 private:
  void step();
  void act_of_peer(Peer& peer, std::uint8_t action);
  bool is_quiet() {
    return !net_->pending() && loop_->connection_count() == 0 && loop_->timers().size() == 0;
  }
  void turn() { loop_->turn(reactor::Duration::zero()); }

  sim::World world_;
  std::deque<End> ends_;
  std::vector<Peer> peers_;
  sim::SimNet* net_ = nullptr;
  std::unique_ptr<Reactor> loop_;
  reactor::Listener* listener_ = nullptr;
  bool held_ = false;
};

class InCallback {
 public:
  explicit InCallback(Run& run) : run_(run) { ++run_.callbacks_running; }
  InCallback(const InCallback&) = delete;
  InCallback& operator=(const InCallback&) = delete;
  ~InCallback() { --run_.callbacks_running; }

 private:
  Run& run_;
};

void End::act(std::uint8_t action, std::uint8_t amount) {
  if (connection == nullptr) {
    return;
  }
  switch (action % 8) {
    case 0:
      if (amount % 2 == 0 && connection->transport() == nullptr) {
        connection->secure(std::make_unique<ToyTransport>(is_client_));
      }
      break;
    case 1:
    case 2: {
      const bool was_open = connection->is_open();
      const std::size_t count = std::size_t{amount} * (action % 8 == 1 ? 1 : 16);
      connection->send(pattern(sent_, count));
      sent_ += was_open ? count : 0;
      break;
    }
    case 3:
      connection->pause_reading();
      paused_ = true;
      break;
    case 4:
      paused_ = false;
      connection->resume_reading();
      break;
    case 5:
      connection->finish();
      break;
    case 6:
      if (amount % 4 == 0) {
        connection->close(CloseReason::kIdle, amount);
      }
      break;
    case 7:
      run_.begin();
      break;
    default:
      break;
  }
}

void End::act_by_script() {
  const std::uint8_t action = run_.script.next();
  act(action, run_.script.next());
}

void End::on_open(Connection& opened) {
  const InCallback inside(run_);
  CHECK(connection == nullptr && closes == 0, "opened twice or after its close");
  connection = &opened;
  act_by_script();
}

void End::on_secured(Connection& secured) {
  const InCallback inside(run_);
  CHECK(&secured == connection && secured.is_open(), "secured out of season");
  CHECK(secured.transport()->is_ready(), "told too early");
  act_by_script();
}

std::size_t End::on_data(Connection& from, std::string_view bytes) {
  const InCallback inside(run_);
  CHECK(&from == connection && !paused_ && !ended_, "data for one who gets none", paused_, ended_);
  CHECK(!from.above_high_mark() && from.is_open() && !bytes.empty(), "data out of season");
  check_pattern(bytes, received_);
  const std::uint8_t choice = run_.script.next();
  if (static_cast<unsigned char>(bytes.front()) == ToyTransport::kHello && choice % 4 != 0 &&
      from.transport() == nullptr) {
    from.secure(std::make_unique<ToyTransport>(is_client_));
    act_by_script();
    return 0;
  }
  const std::size_t count = choice < 128 ? bytes.size() : choice % (bytes.size() + 1);
  act(run_.script.next(), choice);
  if (choice % 16 == 7) {
    run_.any_end().act(run_.script.next(), choice);
  }
  received_ += check_pattern(bytes.substr(0, count), received_);
  return count;
}

void End::on_end(Connection& ended) {
  const InCallback inside(run_);
  CHECK(&ended == connection && !ended_, "the end comes twice");
  ended_ = true;
  const std::uint8_t choice = run_.script.next();
  act(choice, 200);
  if (choice < 192) {
    Handler::on_end(ended);
  }
}

void End::on_idle(Connection& idle) {
  const InCallback inside(run_);
  CHECK(&idle == connection, "idle after the close");
  if (run_.script.next() < 128) {
    Handler::on_idle(idle);
  }
}

void End::on_drained(Connection& drained) {
  const InCallback inside(run_);
  CHECK(&drained == connection && !drained.above_high_mark(), "drained, but not really");
  act_by_script();
}

void End::on_close(Connection& gone, CloseReason reason, int /*error*/) {
  CHECK(run_.callbacks_running == 0, "closed from inside another callback");
  const InCallback inside(run_);
  CHECK(++closes == 1, "closed twice");
  CHECK(connection == &gone || (connection == nullptr && reason != CloseReason::kIdle),
        "somebody else's close");
  connection = nullptr;
  const std::uint8_t choice = run_.script.next();
  if (choice >= 128) {
    run_.any_end().act(choice, run_.script.next());
  }
}

Run::Run(const std::uint8_t* data, std::size_t size) : script(data, size), world_(script.next()) {
  const auto fault = [this] { return (script.next() % 8) * 50; };
  world_.faults = {.partial_read = fault(),
                   .partial_write = fault(),
                   .eintr = fault(),
                   .spurious = fault(),
                   .short_batch = fault(),
                   .delayed_event = fault(),
                   .aborted_accept = fault()};
  world_.socket_buffer_bytes = 1 + std::size_t{script.next()} * 16;
  world_.descriptors_max = 4 + script.next() % 32;
  auto net = std::make_unique<sim::SimNet>(world_);
  net_ = net.get();
  loop_ = std::make_unique<Reactor>(std::move(net),
                                    reactor::ConnectionLimits{
                                        .out_bytes_max = 20'000,
                                        .out_high_mark_bytes = 2'000,
                                        .out_low_mark_bytes = std::size_t{script.next()} * 4,
                                        .tail_bytes_max = 1 + std::size_t{script.next()} * 4,
                                        .read_budget_bytes = 1 + std::size_t{script.next()} * 8,
                                        .idle_timeout = milliseconds{script.next() * 100},
                                        .stall_timeout = milliseconds{script.next() * 100},
                                        .linger_timeout = milliseconds{script.next() * 50},
                                        .turn_handshake_steps_max = 2,
                                    });
  listener_ = loop_->listen(Address::ipv4(0x7F000001, 0), *this).listener;
}

void Run::on_accept(int fd, const Address& /*peer*/) {
  if (ends_.size() >= kConnectionsMax) {
    loop_->discard(fd);
    return;
  }
  End& end = ends_.emplace_back(*this, false);
  end.used = true;
  CHECK(loop_->adopt(fd, end) != nullptr, "adopt failed");
}

void Run::begin() {
  if (ends_.size() >= kConnectionsMax) {
    return;
  }
  End& end = ends_.emplace_back(*this, true);
  int error = 0;
  end.used = loop_->connect(listener_->local_address(), end, error) != nullptr;
}

void Run::act_of_peer(Peer& peer, std::uint8_t action) {
  switch (action % 8) {
    case 0: {
      const std::uint8_t special = ToyTransport::kHello + script.next() % 5;
      world_.peer_write(peer.fd, {reinterpret_cast<const char*>(&special), 1});
      break;
    }
    case 1:
    case 2:
      peer.sent += world_.peer_write(peer.fd, pattern(peer.sent, std::size_t{script.next()} * 8));
      break;
    case 3:
    case 4: {
      const std::string bytes = world_.peer_read(peer.fd, std::size_t{script.next()} * 8);
      peer.received += check_pattern(bytes, peer.received);
      break;
    }
    case 5:
      world_.peer_shutdown_write(peer.fd);
      break;
    case 6:
      world_.peer_reset(peer.fd);
      break;
    default:
      world_.peer_close(peer.fd);
  }
}

void Run::step() {
  const std::uint8_t choice = script.next();
  switch (choice % 8) {
    case 0:
      if (peers_.size() < kConnectionsMax) {
        peers_.push_back(
            {world_.peer_connect(listener_->local_address(), Address::ipv4(0x7F000001, 9))});
      }
      break;
    case 1:
    case 2:
    case 3:
      if (!peers_.empty()) {
        act_of_peer(peers_[script.next() % peers_.size()], choice / 8);
      }
      break;
    case 4:
      if (!ends_.empty()) {
        any_end().act(choice / 8, script.next());
      }
      break;
    case 5:
      world_.advance(milliseconds{script.next() * 40});
      turn();
      break;
    case 6:
      held_ = choice >= 224;
      loop_->hold_reading(held_);
      [[fallthrough]];
    default:
      turn();
  }
}

void Run::play() {
  while (!script.at_end()) {
    step();
    CHECK(world_.mistakes().empty(), world_.mistakes().front());
  }
}

void Run::end() {
  world_.faults = {};
  world_.descriptors_max = 1000;
  loop_->hold_reading(false);
  for (const Peer& peer : peers_) {
    world_.peer_close(peer.fd);
  }
  // A second at a time: retries, accepts and deadlines follow from one another.
  for (int i = 0; i < 100 && !is_quiet(); ++i) {
    for (End& end : ends_) {
      if (end.connection != nullptr) {
        end.connection->finish();
      }
    }
    for (int turns = 0; turns < 2 || (net_->pending() && turns < 1000); ++turns) {
      turn();
    }
    world_.advance(std::chrono::seconds{1});
  }
  CHECK(!net_->pending(), "the loop never becomes quiet");
  CHECK(loop_->connection_count() == 0, "connections are left", loop_->connection_count());
  CHECK(loop_->pool().bytes_lent() == 0 && loop_->pool().bytes_kept() == 0, "buffers are left",
        loop_->pool().bytes_lent(), loop_->pool().bytes_kept());
  CHECK(loop_->timers().size() == 0, "timers are left", loop_->timers().size());
  loop_.reset();
  CHECK(world_.server_descriptors() == 0, "descriptors are left", world_.server_descriptors());
  CHECK(world_.mistakes().empty(), world_.mistakes().front());
  for (const End& end : ends_) {
    CHECK(end.closes == (end.used ? 1 : 0), "on_close does not come exactly once", end.closes);
  }
}

}  // namespace

// libFuzzer chose the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run run(data, size);
  run.play();
  run.end();
  return 0;
}
