#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "reactor/connection.h"
#include "reactor/listener.h"
#include "reactor/net.h"
#include "reactor/slab.h"
#include "reactor/timers.h"

namespace reactor {

// The loop's view of a Mailbox, whatever it carries.
class MailboxBase {
 public:
  // Delivers up to budget items; true when more are waiting.
  virtual bool drain(std::size_t budget) = 0;

 protected:
  ~MailboxBase() = default;
};

// Called once at the end of every turn.
class TurnHandler {
 public:
  // Everything that arrived was handled, nothing is flushed yet: the place to hand over what the
  // turn has gathered.
  virtual void on_turn_end() = 0;
  // The flush is over: what was given to Connection::send_borrowed is not used any more. See
  // Reactor::turn_again for whoever gathers something here.
  virtual void on_flushed() {}

 protected:
  ~TurnHandler() = default;
};

// Counts since the start. Plain numbers of the loop's thread.
struct Stats {
  std::uint64_t turns = 0;
  std::uint64_t events = 0;
  std::uint64_t stale_events = 0;  // for descriptors that were gone
  std::uint64_t reads = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t writes = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t accepted = 0;
  std::uint64_t accept_errors = 0;
  std::uint64_t shed = 0;        // refused because the descriptors ran out
  std::uint64_t handshakes = 0;  // complete
  std::array<std::uint64_t, kCloseReasonCount> closes{};
};

// The event loop: one thread, one Net, a slab of connections. One turn is
//   wait → mark ready → read and dispatch → timers → mailboxes → end of turn → flush → reap
// and nothing is written to a socket outside the flush, so everything that a turn produces for a
// connection leaves in one gathered write. Everything but stop() and wake() belongs to the thread
// that runs it (before it runs, to the thread that made it).
class Reactor final : private TimerHandler {
 public:
  static constexpr std::size_t kMailBudget = 1024;  // items per mailbox and turn

  explicit Reactor(std::unique_ptr<Net> net, const ConnectionLimits& limits = {});
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  // Closes what is still open with kLoopStopped; handlers get their on_close.
  ~Reactor();

  struct ListenResult {
    Listener* listener = nullptr;  // owned by the reactor
    int error = 0;                 // an errno value when listener is null
  };
  // acceptor is not owned and outlives the listener.
  ListenResult listen(const Address& address, Acceptor& acceptor,
                      const ListenOptions& options = {});
  void stop_listening(Listener& listener);

  // Takes over a connected descriptor. handler is not owned; its on_open is called before this
  // returns. Null, with fd closed, when it can't be watched: then handler was never called.
  Connection* adopt(int fd, Handler& handler);
  // Closes an accepted descriptor that nobody wants.
  void discard(int fd);
  // Begins a connection, from the host of `from` unless that is empty; on_open or on_close
  // (kConnectFailed) follows in a later turn. Null, with error set to an errno value, when it can't
  // even begin.
  Connection* connect(const Address& address, Handler& handler, int& error,
                      const Address& from = {});
  // Closes every connection at once with kLoopStopped; all on_close calls are made before it
  // returns; adopt and connect give null meanwhile. For an orderly end, finish them first. Not
  // from a callback.
  void close_all();
  // The connection that token names, or null when it is gone or closed.
  Connection* find(Token token);

  // Turns until stop().
  void run();
  // One turn; waits for events no longer than wait_max (none: until there are some).
  void turn(std::optional<Duration> wait_max = std::nullopt);
  // Any thread; async-signal-safe. run() returns after the current turn.
  void stop() noexcept;
  // Any thread; async-signal-safe. The loop makes another turn.
  void wake() noexcept { net_->wake(); }

  // The next turn follows without waiting, so that what is gathered after TurnHandler::on_turn_end
  // is handed over too. The loop itself sees to it after on_drained and on_close.
  void turn_again() { turn_again_ = true; }

  // While held, no connection is read, opened or accepted, and nobody is idle; all else goes on.
  // For a consumer on another thread that can't keep up: the loop looks again at least every
  // millisecond.
  void hold_reading(bool held) { reading_held_ = held; }

  TimePoint now() const { return now_; }             // as of the turn's beginning
  std::int64_t unix_ms() const { return unix_ms_; }  // the same
  // What time it is by now, asked of the system: for measuring what a turn takes.
  TimePoint read_clock() { return net_->now(); }
  Timers& timers() { return timers_; }
  const Stats& stats() const { return stats_; }
  // Enough for this turn: what can wait should wait until after the flush. See Connection::send.
  bool turn_is_full() const { return turn_is_full_; }
  BufferPool& pool() { return pool_; }
  std::size_t connection_count() const { return connections_.size(); }
  const ConnectionLimits& limits() const { return limits_; }
  void set_turn_handler(TurnHandler& handler) { turn_handler_ = &handler; }

  void add_mailbox(MailboxBase& mailbox);
  void remove_mailbox(MailboxBase& mailbox);

 private:
  friend class Connection;
  friend class Listener;

  static constexpr std::uint32_t kListenerBit = 1U << 31;  // in Token::index
  static constexpr Duration kHeldWait = std::chrono::milliseconds{1};
  static constexpr Duration kTrimInterval = std::chrono::seconds{1};
  // The timer argument of the reactor itself; any other is a packed connection token.
  static constexpr std::uint64_t kTrimTimer = UINT64_MAX;

  // The steps of a turn.
  std::optional<Duration> wait_time(std::optional<Duration> wait_max) const;
  void mark_ready(std::span<const Ready> batch);
  void dispatch_ready();
  void dispatch_handshakes();
  void drain_mailboxes();
  void flush();
  void write_until_blocked();
  void reap();

  void on_timer(std::uint64_t argument) override;
  void assert_in_loop_thread() const;

  // For connections and listeners.
  Connection* add_connection(int fd, Handler& handler, bool connecting, int& error);
  void add_ready(Connection& connection);
  void add_ready(Listener& listener);
  void add_dirty(Connection& connection);
  void add_handshake(Connection& connection);
  void add_closing(Connection& connection);

  std::unique_ptr<Net> net_;
  const ConnectionLimits limits_;
  TimePoint now_;
  std::int64_t unix_ms_ = 0;
  Timers timers_;
  BufferPool pool_;
  Slab<Connection> connections_;
  std::vector<std::unique_ptr<Listener>> listeners_;  // by token index; null where one was
  std::vector<MailboxBase*> mailboxes_;
  TurnHandler* turn_handler_ = nullptr;
  // Every read lands here, behind the connection's tail; of secured ones what was opened does,
  // and the bytes of the wire in the other.
  std::vector<char> scratch_;
  std::vector<char> wire_scratch_;  // empty until a connection is secured

  // Work lists. A connection is on each at most once and taken off before it is released. What is
  // added while a list is worked on waits for the next turn, except for closing_.
  std::vector<Connection*> ready_;
  std::vector<Connection*> dispatching_;
  // Whose handshakes wait for a later turn, in order. They count as being on the ready list, but
  // only those are looked at whose turn it is. By token: they may be gone by then.
  std::deque<Token> handshakes_;
  std::vector<Listener*> ready_listeners_;
  std::vector<Listener*> accepting_;
  std::vector<Connection*> dirty_;
  std::vector<Connection*> flushing_;
  std::vector<Connection*> closing_;
  std::vector<Connection*> writers_;  // one for each of write_ops_
  std::vector<WriteOp> write_ops_;

  std::size_t handshake_steps_left_ = 0;  // in this turn
  bool more_mail_ = false;
  bool turn_again_ = false;
  bool turn_is_full_ = false;  // enough was read in this turn, or some output needs the flush
  bool reading_held_ = false;
  bool closing_all_ = false;
  TimerId trim_timer_;
  std::thread::id thread_;  // none until the first turn
  std::atomic<bool> stopping_{false};
  Stats stats_;
};

}  // namespace reactor
