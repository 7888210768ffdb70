#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "reactor/reactor.h"
#include "tools/loadgen/room_order.h"
#include "tools/loadgen/wire.h"

namespace loadgen {

class LoadClient;

// What a client needs of its crowd.
class ClientHost {
 public:
  virtual void on_ready(LoadClient& client) = 0;
  // Bytes have come; the deliveries in them follow.
  virtual void on_received() = 0;
  virtual void on_delivery(LoadClient& client, std::string_view payload) = 0;
  // The connection is gone, the last call for this client: the host may delete it. why: empty when
  // the client had quit.
  virtual void on_gone(LoadClient& client, std::string_view why) = 0;

 protected:
  ~ClientHost() = default;
};

// One connection to the server, with the wire it speaks and what was counted of it. Owned by its
// Crowd; used on its thread only.
class LoadClient final : public reactor::Handler, private WireEvents {
 public:
  // number: of the sender, in what it publishes; room: where it listens, as the layout counts them.
  LoadClient(ClientHost& host, std::uint32_t number, std::size_t room, std::unique_ptr<Wire> wire);
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;
  virtual ~LoadClient() = default;

  // Returns an errno value or 0; then on_ready or on_gone follows.
  int connect(reactor::Reactor& loop, const reactor::Address& to, const reactor::Address& from);
  // REQUIRES: is_ready().
  void publish(std::string_view payload);
  // Says goodbye and ends the connection in order; on_gone follows.
  void quit();

  std::uint32_t number() const { return number_; }
  std::size_t room() const { return room_; }
  bool is_ready() const { return state_ == State::kReady && connection_ != nullptr; }
  // Whether it ever was, though it may be gone since.
  bool has_been_ready() const { return has_been_ready_; }
  reactor::TimePoint connected_at() const { return connected_at_; }

  Follower follower;
  std::uint64_t next_sequence = 0;  // of what it sends
  std::uint64_t in_flight = 0;      // closed loop: sent and not yet seen by everybody
  // Of the deliveries while a stage was measured.
  double latency_sum_ns = 0;
  std::uint64_t latency_count = 0;

 private:
  enum class State : std::uint8_t { kLoggingIn, kReady, kRefused, kQuitting };

  void on_open(reactor::Connection& connection) override;
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override;
  void on_close(reactor::Connection& connection, reactor::CloseReason reason, int error) override;
  void on_ready() override;
  void on_delivery(std::string_view payload) override;
  void on_refused(std::string_view why) override;
  void send_answers();

  ClientHost& host_;
  std::unique_ptr<Wire> wire_;
  reactor::Connection* connection_ = nullptr;
  reactor::TimePoint connected_at_;
  std::string refusal_;
  std::string answers_;
  std::size_t room_;
  std::uint32_t number_;
  State state_ = State::kLoggingIn;
  bool has_been_ready_ = false;
};

}  // namespace loadgen
