#pragma once

#include "reactor/net.h"
#include "reactor/timers.h"

namespace reactor {

class Reactor;

// Receives accepted descriptors and owns them from then on: hands each to Reactor::adopt (of this
// loop, or of another by way of a mailbox) or to Reactor::discard.
class Acceptor {
 public:
  virtual void on_accept(int fd, const Address& peer) = 0;

 protected:
  ~Acceptor() = default;
};

// One listening socket. Made and owned by its Reactor; used on the loop's thread only.
class Listener final : private TimerHandler {
 public:
  // At most this many connections are accepted in one turn; the rest follows next turn.
  static constexpr int kAcceptBudget = 16;
  // After the descriptors ran out, accepting pauses for this long.
  static constexpr Duration kRetryDelay = std::chrono::milliseconds{100};
  // Waiting connections that are refused at once when the descriptors ran out, per attempt: their
  // peers see the end now instead of hanging in the backlog.
  static constexpr int kShedBudget = 64;

  Listener(Reactor& reactor, int fd, Token token, Acceptor& acceptor);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // The address it is bound to, with the real port where 0 was asked for.
  const Address& local_address() const { return local_address_; }

 private:
  friend class Reactor;

  // Accepts until EAGAIN; stopped by the budget, it stays on the ready list.
  void accept_burst();
  void shed();
  void retry_later();
  void close();
  void on_timer(std::uint64_t argument) override;

  Reactor& reactor_;
  Acceptor& acceptor_;
  Address local_address_;
  TimerId retry_;
  Token token_;
  int fd_;
  bool on_ready_list_ = false;
  bool closed_ = false;  // deleted when the turn reaps
};

}  // namespace reactor
