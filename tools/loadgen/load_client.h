#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "reactor/reactor.h"
#include "tools/loadgen/layout.h"
#include "tools/loadgen/room_order.h"
#include "tools/loadgen/wire.h"

namespace loadgen {

class LoadClient;

// What a client needs of whoever owns it.
class ClientHost {
 public:
  // Logged in, or resumed.
  virtual void on_ready(LoadClient& client) = 0;
  // Bytes have come; the deliveries in them follow.
  virtual void on_received() = 0;
  virtual void on_delivery(LoadClient& client, std::string_view payload) = 0;
  // The connection is gone, the last call for it: the host may delete the client or, if its wire
  // resumes, connect it again. why: empty when the client had quit or dropped it.
  virtual void on_gone(LoadClient& client, std::string_view why) = 0;

  // As in WireEvents.
  virtual void on_ack(LoadClient& client, std::uint64_t number, std::uint64_t id) = 0;
  virtual void on_not_taken(LoadClient& client, std::uint64_t number, std::string_view why) = 0;
  virtual void on_gap(LoadClient& client, std::uint64_t first, std::uint64_t last) = 0;
  virtual void on_caught_up(LoadClient& client) = 0;

 protected:
  ~ClientHost() = default;
};

// Who wants to know how much a client reads, as it is he who lets it read.
class ReadingPace {
 public:
  // So many bytes were read and dealt with.
  virtual void on_read(LoadClient& client, std::size_t bytes) = 0;

 protected:
  ~ReadingPace() = default;
};

// What a client is in the layout.
struct ClientPlace {
  std::uint32_t number = 0;  // of the sender, in what it publishes
  std::size_t room = 0;      // where it listens
  std::size_t kind = 0;
  Role role = Role::kOrdinary;
};
ClientPlace place_in(const Layout& layout, std::size_t client);

// Bounds for the reactor that runs load clients.
reactor::ConnectionLimits load_client_limits();

// One client of the server: its connection, if it has one, the wire it speaks, and what was counted
// of it. Used on its owner's thread only.
class LoadClient final : public reactor::Handler, private WireEvents {
 public:
  // new_transport: null: it is not secured; else it outlives the client, as host does.
  LoadClient(ClientHost& host, const ClientPlace& place, std::unique_ptr<Wire> wire,
             const tools::NewTransport* new_transport = nullptr);
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;
  virtual ~LoadClient() = default;

  // Returns an errno value or 0; then on_ready or on_gone follows. REQUIRES: is_away().
  int connect(reactor::Reactor& loop, const reactor::Address& to, const reactor::Address& from);
  // REQUIRES: is_ready().
  void publish(std::string_view payload);
  // Likewise; see Wire::publish_numbered.
  void publish_numbered(std::uint64_t number, std::string_view payload);
  // See Wire::fence. REQUIRES: is_ready().
  void fence();
  // Says goodbye and ends the connection in order; on_gone follows.
  void quit();
  // Loses the connection: at once, with what is on its way, or as one does whose process ends.
  // on_gone follows. REQUIRES: is_ready().
  void drop(bool abruptly);
  // The server is of no use to it: on_gone follows, with this reason.
  void give_up(std::string_view why);

  // From now on pace decides when it reads; null: it reads what there is.
  void set_pace(ReadingPace* pace) { pace_ = pace; }
  void pause_reading();
  void resume_reading();

  std::uint32_t number() const { return place_.number; }
  std::size_t room() const { return place_.room; }
  std::size_t kind() const { return place_.kind; }
  Role role() const { return place_.role; }
  bool is_ready() const { return state_ == State::kReady && connection_ != nullptr; }
  // Whether the server would have none of it, or it had given up, when its connection ended.
  bool is_refused() const { return state_ == State::kRefused; }
  bool is_away() const { return connection_ == nullptr; }
  // Whether it ever was, though it may be gone since.
  bool has_been_ready() const { return has_been_ready_; }
  reactor::TimePoint connected_at() const { return connected_at_; }
  // Of the delivery that is being reported; see Wire.
  std::uint64_t delivery_id() const { return wire_->delivery_id(); }

  Follower follower;
  std::uint64_t next_sequence = 0;  // of what it sends
  std::uint64_t in_flight = 0;      // closed loop: sent and not yet seen by everybody
  // Of the deliveries while a stage was measured.
  double latency_sum_ns = 0;
  std::uint64_t latency_count = 0;

 private:
  enum class State : std::uint8_t { kLoggingIn, kReady, kRefused, kQuitting, kDropping };

  void on_open(reactor::Connection& connection) override;
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override;
  void on_close(reactor::Connection& connection, reactor::CloseReason reason, int error) override;
  void on_ready() override;
  void on_delivery(std::string_view payload) override;
  void on_refused(std::string_view why) override;
  void on_ack(std::uint64_t number, std::uint64_t id) override { host_.on_ack(*this, number, id); }
  void on_not_taken(std::uint64_t number, std::string_view why) override {
    host_.on_not_taken(*this, number, why);
  }
  void on_gap(std::uint64_t first, std::uint64_t last) override {
    host_.on_gap(*this, first, last);
  }
  void on_caught_up() override { host_.on_caught_up(*this); }
  bool is_over() const { return state_ != State::kLoggingIn && state_ != State::kReady; }
  void send_answers();

  ClientHost& host_;
  std::unique_ptr<Wire> wire_;
  const tools::NewTransport* const new_transport_;
  ReadingPace* pace_ = nullptr;
  reactor::Connection* connection_ = nullptr;
  reactor::TimePoint connected_at_;
  std::string refusal_;
  std::string answers_;
  const ClientPlace place_;
  State state_ = State::kLoggingIn;
  bool has_been_ready_ = false;
};

}  // namespace loadgen
