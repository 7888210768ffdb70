#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "reactor/net.h"
#include "reactor/ring_buffer.h"
#include "reactor/timers.h"
#include "reactor/transport.h"

namespace reactor {

class Connection;
class Reactor;

// Why a connection ended. Exactly one is reported for each.
enum class CloseReason : std::uint8_t {
  kPeerClosed,       // the peer ended its half and has got its answers
  kPeerReset,        // the connection broke while reading or writing
  kByHandler,        // the handler closed or finished it; it knows why
  kIdle,             // nothing was read for idle_timeout
  kStalled,          // output was pending and nothing drained for stall_timeout
  kOutputOverflow,   // more than out_bytes_max were waiting to be sent
  kInputOverflow,    // the handler left more than tail_bytes_max unconsumed
  kConnectFailed,    // a connection that was begun could not be made
  kLoopStopped,      // the reactor was destroyed with the connection still open
  kTransportFailed,  // the handshake or a record was not right; see Connection::transport
};
inline constexpr std::size_t kCloseReasonCount = 10;
const char* to_string(CloseReason reason);

// What the owner of a connection implements. Called on the loop's thread. Callbacks may send to,
// finish or close any connection of the loop, this one included, and must not throw.
class Handler {
 public:
  // The connection can be used: at once for adopted ones, when it is made for begun ones.
  virtual void on_open(Connection&) {}
  // The handshake that Connection::secure began is complete: transport()->agreement() tells of it.
  virtual void on_secured(Connection&) {}
  // bytes: everything received and not yet consumed. Returns how many bytes from the front are
  // done with; the rest comes again, in front of what arrives next.
  virtual std::size_t on_data(Connection& connection, std::string_view bytes) = 0;
  // The peer has ended its half: no more on_data. Answers can still be sent; unless the handler
  // finishes the connection itself, it is closed after linger_timeout. Default: finishes it.
  virtual void on_end(Connection& connection);
  // Nothing was read for idle_timeout. Default: closes the connection with kIdle.
  virtual void on_idle(Connection& connection);
  // The output had passed the high mark and has drained to the low mark.
  virtual void on_drained(Connection&) {}
  // The last call for this connection, once; the handler may delete itself. error is an errno
  // value where the system named one, else 0. Never called from inside another callback or send.
  virtual void on_close(Connection& connection, CloseReason reason, int error) = 0;

 protected:
  ~Handler() = default;
};

// Bounds on what one connection may hold and how long it may take. One set per Reactor.
struct ConnectionLimits {
  std::size_t out_bytes_max = std::size_t{4} << 20;
  std::size_t out_high_mark_bytes = std::size_t{1} << 20;
  std::size_t out_low_mark_bytes = std::size_t{256} << 10;
  std::size_t tail_bytes_max = std::size_t{64} << 10;
  // At most this much is read from one connection in one turn; the rest follows next turn.
  std::size_t read_budget_bytes = std::size_t{64} << 10;
  // After this much was read from all connections together, the rest waits for the next turn.
  std::size_t turn_read_budget_bytes = std::size_t{1} << 20;
  Duration idle_timeout{0};                           // 0: may be idle for ever
  Duration stall_timeout = std::chrono::seconds{30};  // 0: may stall for ever
  // How long a finished connection may take to be flushed and to be ended by the peer.
  Duration linger_timeout = std::chrono::seconds{5};
  // Steps of handshakes in one turn, of all connections together: they are what costs most, so the
  // rest waits for the next turn, behind everybody else's flush. A handshake has two or three.
  std::size_t turn_handshake_steps_max = 1;
};

// One nonblocking stream and its state machine. Made and owned by its Reactor, valid until its
// handler's on_close returns; used on the loop's thread only. Others refer to it by token().
class Connection {
 public:
  Connection(Reactor& reactor, int fd, Token token, Handler& handler, bool connecting);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Token token() const { return token_; }
  Reactor& reactor() const { return reactor_; }
  Handler& handler() const { return handler_; }
  // False once it is finished, closed or not connected yet: nothing more can be sent.
  bool is_open() const { return state_ == State::kOpen; }

  // Queues bytes; the flush at the end of the turn sends them. Ignored unless is_open(). Passing
  // out_bytes_max closes the connection (kOutputOverflow). While more than the high mark is
  // queued the connection is not read (backpressure), until it has drained to the low mark.
  // Crossing the high mark also ends the reading of this turn for everybody: the flush comes
  // before more is queued, so that only who is slow gets near the maximum, not who was not asked.
  void send(std::string_view bytes);
  // Like send, but does not copy bytes: they stay as they are until TurnHandler::on_flushed. What
  // follows in memory on what was sent before costs nothing more to send, so a fan-out lays its
  // messages one behind the other and gives each recipient the same stretch of memory. What the
  // flush leaves over is copied then.
  void send_borrowed(std::string_view bytes);
  // From now on transport stands between this connection and its socket: on_data gets, and send
  // takes, plain bytes; what was sent before still leaves as it is. To be called in on_open, or in
  // on_data by who has seen that the peer speaks TLS: what on_data leaves unconsumed then belongs
  // to the handshake. What is sent before the handshake is complete waits for it; on_secured
  // follows. A handshake has no deadline of its own. The end of the stream is believed also when
  // the peer has not announced it. Ignored unless is_open(). REQUIRES: not secured yet.
  void secure(std::unique_ptr<Transport> transport);
  // Null while it is not secured. In on_close it tells why it has failed.
  const Transport* transport() const { return secured_ ? secured_->transport.get() : nullptr; }
  // Ends in order: delivers no more, sends what is queued, ends our half, waits for the peer to
  // end his, closes; all within linger_timeout.
  void finish(CloseReason reason = CloseReason::kByHandler);
  // Ends at once; what is queued is lost. on_close follows at the end of the turn.
  void close(CloseReason reason = CloseReason::kByHandler, int error = 0);

  // on_drained comes after the next flush that leaves no more than the low mark, once, also when
  // the output was not above the high mark meanwhile. For whoever fills the output as it drains.
  void ask_for_drained();

  void pause_reading();
  // Hands over again what on_data left unconsumed, then reads on.
  void resume_reading();

  // What was sent and has not left; of a secured connection, as it waits: sealed or not yet.
  std::size_t bytes_queued() const { return output_.size() + beside_bytes_; }
  bool above_high_mark() const { return above_high_mark_; }

 private:
  friend class Reactor;

  enum class State : std::uint8_t {
    kConnecting,
    kOpen,
    kFinishing,  // flushing what is queued
    kLingering,  // our half has ended; waiting for the peer's
    kClosed,     // unwatched; the descriptor is closed when it is reaped
  };

  // What a secured connection has besides.
  struct Secured {
    Secured(std::unique_ptr<Transport> owned, BufferPool& pool)
        : transport(std::move(owned)), unsealed(pool) {}

    std::unique_ptr<Transport> transport;
    RingBuffer unsealed;        // goes before what is borrowed; output_ is sealed
    bool tail_is_wire = false;  // input_tail_ is not opened yet
    bool ended = false;         // our last word is sealed, or there is none to be said
  };
  // A flush seals no more than makes this much to be written: what does not drain stays as it was
  // queued, once, and what does goes on in the next turn.
  static constexpr std::size_t kSealedBytesMax = std::size_t{48} << 10;

  // The steps of a turn, in order. The reactor calls them.
  void note_ready(const Ready& ready);
  void dispatch();
  // True when there is something for write_op.
  bool prepare_write() { return secured_ == nullptr ? wants_write() : seal_output(); }
  WriteOp write_op() const;
  void note_written(const IoResult& result);
  void after_flush();
  void note_drained();
  void on_deadline();

  void finish_connecting();
  bool is_ending() const { return state_ == State::kFinishing || state_ == State::kLingering; }
  bool wants_read() const;
  bool wants_redelivery() const;
  bool may_deliver() const;
  // Something is to be written, now or later.
  bool has_output() const {
    return secured_ == nullptr ? bytes_queued() > 0 : has_secured_output();
  }
  bool wants_write() const { return writable_ && (!output_.empty() || borrowed_count_ > 0); }
  bool note_queued(std::size_t bytes);
  void own_borrowed();
  void append(std::string_view bytes);
  void consume_output(std::size_t bytes);
  void consume_borrowed(std::size_t bytes);
  void drop_output();
  // One read; false when there is no point in another one now.
  bool read_once(std::size_t& budget);
  std::span<char> behind_tail();
  void redeliver_tail();
  void deliver(std::string_view bytes);
  void end_of_stream();
  void end_output();

  // Of a secured connection.
  bool is_handshaking() const;
  bool handshake_waits() const;
  bool opens_wire() const;
  bool wire_waits() const { return secured_ != nullptr && secured_->tail_is_wire && opens_wire(); }
  // The peer's last word was found and has not been told.
  bool end_waits() const {
    return secured_ != nullptr && secured_->transport->state() == Transport::State::kPeerEnded &&
           !peer_ended_;
  }
  void keep_wire(std::string_view bytes);
  void redeliver_wire();
  void open_wire(std::string_view wire);
  void note_answered(std::size_t bytes);
  void note_handshake(std::uint32_t steps);
  bool has_secured_output() const;
  bool seal_output();
  bool seal_record();
  std::string_view next_record();
  void drop_unsealed();
  void fail_transport();

  TimePoint next_deadline() const;
  void arm_deadline();

  Reactor& reactor_;
  Handler& handler_;
  RingBuffer input_tail_;
  RingBuffer output_;  // to be written; goes before what is borrowed
  // Two: one more than a sender needs who does not get his own messages.
  static constexpr std::size_t kBorrowedMax = 2;
  std::array<std::string_view, kBorrowedMax> borrowed_;
  std::uint32_t beside_bytes_ = 0;    // queued but not in output_: borrowed, or not sealed yet
  std::unique_ptr<Secured> secured_;  // null: plain
  TimePoint last_read_;
  TimePoint last_progress_;  // of the output
  TimePoint linger_until_;
  TimePoint deadline_armed_for_ = TimePoint::max();
  TimerId deadline_;
  Token token_;
  int fd_;
  int error_ = 0;
  State state_;
  CloseReason reason_ = CloseReason::kByHandler;
  bool readable_ = false;
  bool writable_ = false;  // only EAGAIN clears it, only an event sets it
  bool paused_ = false;
  bool peer_ended_ = false;
  bool above_high_mark_ = false;
  bool drained_asked_for_ = false;
  bool redeliver_ = false;  // resumed with a tail that on_data has to see again
  std::uint8_t borrowed_count_ = 0;
  bool on_ready_list_ = false;
  bool on_dirty_list_ = false;
};

}  // namespace reactor
