#include "reactor/reactor.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "reactor/check.h"

namespace reactor {

Reactor::Reactor(std::unique_ptr<Net> net, const ConnectionLimits& limits)
    : net_(std::move(net)),
      limits_(limits),
      now_(net_->now()),
      unix_ms_(net_->unix_ms()),
      scratch_(limits.tail_bytes_max +
               2 * (limits.read_budget_bytes + Transport::kRecordBytesMax)) {
  CHECK(limits.out_low_mark_bytes <= limits.out_high_mark_bytes &&
            limits.out_high_mark_bytes <= limits.out_bytes_max &&
            limits.out_bytes_max <= BufferPool::kBlockBytesMax && limits.read_budget_bytes > 0 &&
            limits.turn_handshake_steps_max > 0,
        "output marks: low <= high <= max", limits.out_low_mark_bytes, limits.out_high_mark_bytes,
        limits.out_bytes_max);
}

Reactor::~Reactor() {
  close_all();
  CHECK(mailboxes_.empty(), "a mailbox outlives its reactor");
}

void Reactor::close_all() {
  closing_all_ = true;
  connections_.for_each(
      [](Connection& connection) { connection.close(CloseReason::kLoopStopped); });
  reap();
  closing_all_ = false;
}

Reactor::ListenResult Reactor::listen(const Address& address, Acceptor& acceptor,
                                      const ListenOptions& options) {
  assert_in_loop_thread();
  const Opened opened = net_->listen(address, options);
  if (opened.error != 0) {
    return {nullptr, opened.error};
  }
  const Token token{static_cast<std::uint32_t>(listeners_.size()) | kListenerBit, 0};
  if (const int error = net_->watch(opened.fd, token); error != 0) {
    net_->close(opened.fd);
    return {nullptr, error};
  }
  listeners_.push_back(std::make_unique<Listener>(*this, opened.fd, token, acceptor));
  return {listeners_.back().get(), 0};
}

void Reactor::stop_listening(Listener& listener) {
  assert_in_loop_thread();
  listener.close();  // the object goes when the turn reaps: it may be accepting right now
}

Connection* Reactor::adopt(int fd, Handler& handler) {
  int error = 0;
  Connection* connection = add_connection(fd, handler, false, error);
  if (connection != nullptr) {
    handler.on_open(*connection);
  }
  return connection;
}

void Reactor::discard(int fd) { net_->close(fd); }

Connection* Reactor::connect(const Address& address, Handler& handler, int& error,
                             const Address& from) {
  const Opened opened = net_->connect(address, from);
  if (opened.error != 0) {
    error = opened.error;
    return nullptr;
  }
  return add_connection(opened.fd, handler, true, error);
}

Connection* Reactor::add_connection(int fd, Handler& handler, bool connecting, int& error) {
  assert_in_loop_thread();
  const Token token = connections_.next_token();
  CHECK(token.index < kListenerBit, "out of connection slots");
  error = closing_all_ ? ECANCELED : net_->watch(fd, token);
  if (error != 0) {
    net_->close(fd);
    return nullptr;
  }
  Connection& connection = connections_.emplace(token, *this, fd, token, handler, connecting);
  connection.arm_deadline();
  return &connection;
}

Connection* Reactor::find(Token token) {
  Connection* connection = connections_.find(token);
  return connection != nullptr && connection->state_ != Connection::State::kClosed ? connection
                                                                                   : nullptr;
}

void Reactor::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    turn();
  }
}

void Reactor::stop() noexcept {
  stopping_.store(true, std::memory_order_release);
  wake();
}

void Reactor::turn(std::optional<Duration> wait_max) {
  if (thread_ == std::thread::id{}) {
    thread_ = std::this_thread::get_id();
  }
  assert_in_loop_thread();
  const std::span<const Ready> batch = net_->wait(wait_time(wait_max));
  now_ = net_->now();
  unix_ms_ = net_->unix_ms();
  ++stats_.turns;
  turn_is_full_ = false;
  turn_again_ = false;
  handshake_steps_left_ = limits_.turn_handshake_steps_max;
  mark_ready(batch);
  dispatch_ready();
  timers_.fire(now_);
  drain_mailboxes();
  if (turn_handler_ != nullptr) {
    turn_handler_->on_turn_end();
  }
  flush();
  if (turn_handler_ != nullptr) {
    turn_handler_->on_flushed();
  }
  reap();
  if (pool_.bytes_kept() > 0 && !timers_.armed(trim_timer_)) {
    trim_timer_ = timers_.arm(now_ + kTrimInterval, *this, kTrimTimer);
  }
}

std::optional<Duration> Reactor::wait_time(std::optional<Duration> wait_max) const {
  const bool work_to_read =
      !reading_held_ && !(ready_.empty() && handshakes_.empty() && ready_listeners_.empty());
  if (work_to_read || more_mail_ || turn_again_ || !dirty_.empty() || !closing_.empty()) {
    return Duration::zero();
  }
  std::optional<Duration> wait = wait_max;
  const auto at_most = [&wait](Duration limit) { wait = wait ? std::min(*wait, limit) : limit; };
  if (const std::optional<TimePoint> due = timers_.next_due()) {
    // now_ is as old as the turn was long: a timer would be late by that.
    at_most(std::max(*due - net_->now(), Duration::zero()));
  }
  if (reading_held_) {
    at_most(kHeldWait);
  }
  return wait;
}

void Reactor::mark_ready(std::span<const Ready> batch) {
  stats_.events += batch.size();
  for (const Ready& ready : batch) {
    if ((ready.token.index & kListenerBit) != 0) {
      const std::uint32_t index = ready.token.index & ~kListenerBit;
      if (index < listeners_.size() && listeners_[index] != nullptr) {
        add_ready(*listeners_[index]);
      } else {
        ++stats_.stale_events;
      }
    } else if (Connection* connection = find(ready.token)) {
      connection->note_ready(ready);
    } else {
      ++stats_.stale_events;
    }
  }
}

void Reactor::dispatch_ready() {
  if (reading_held_) {
    return;
  }
  accepting_.swap(ready_listeners_);
  dispatching_.swap(ready_);
  for (Listener* listener : accepting_) {
    listener->on_ready_list_ = false;
    listener->accept_burst();
  }
  const std::uint64_t bytes_read_max = stats_.bytes_read + limits_.turn_read_budget_bytes;
  dispatch_handshakes();
  std::size_t done = 0;
  while (done < dispatching_.size() && !turn_is_full_) {
    Connection* connection = dispatching_[done++];
    connection->on_ready_list_ = false;
    connection->dispatch();
    turn_is_full_ |= stats_.bytes_read >= bytes_read_max;
  }
  // Who had no turn comes first in the next one, before those that were stopped by their budget.
  ready_.insert(ready_.begin(), dispatching_.begin() + static_cast<std::ptrdiff_t>(done),
                dispatching_.end());
  accepting_.clear();
  dispatching_.clear();
}

// Before everybody else, or newcomers would overtake them.
void Reactor::dispatch_handshakes() {
  while (!handshakes_.empty() && handshake_steps_left_ > 0 && !turn_is_full_) {
    Connection* connection = find(handshakes_.front());
    handshakes_.pop_front();
    if (connection != nullptr) {
      connection->on_ready_list_ = false;
      connection->dispatch();
    }
  }
}

void Reactor::drain_mailboxes() {
  more_mail_ = false;
  // By index: what is delivered may add mailboxes.
  for (std::size_t i = 0; i < mailboxes_.size(); ++i) {
    more_mail_ |= mailboxes_[i]->drain(kMailBudget);
  }
}

void Reactor::flush() {
  flushing_.swap(dirty_);
  for (Connection* connection : flushing_) {
    connection->on_dirty_list_ = false;
    if (connection->prepare_write()) {
      writers_.push_back(connection);
    }
  }
  write_until_blocked();
  for (Connection* connection : flushing_) {
    connection->after_flush();
  }
  flushing_.clear();
  for (Connection* connection : dirty_) {
    connection->own_borrowed();  // sent by a handler that was told of the flush
  }
}

void Reactor::write_until_blocked() {
  while (!writers_.empty()) {
    for (const Connection* connection : writers_) {
      write_ops_.push_back(connection->write_op());
    }
    net_->write_batch(write_ops_);
    stats_.writes += write_ops_.size();
    std::size_t unfinished = 0;
    for (std::size_t i = 0; i < writers_.size(); ++i) {
      Connection* connection = writers_[i];
      connection->note_written(write_ops_[i].result);
      if (connection->prepare_write()) {
        writers_[unfinished++] = connection;  // only EAGAIN proves that the socket is full
      }
    }
    writers_.resize(unfinished);
    write_ops_.clear();
  }
}

void Reactor::reap() {
  turn_again_ |= !closing_.empty();
  // By index: a handler's on_close may close more connections.
  for (std::size_t i = 0; i < closing_.size(); ++i) {
    Connection& connection = *closing_[i];
    net_->close(connection.fd_);
    ++stats_.closes[static_cast<std::size_t>(connection.reason_)];
    connection.handler_.on_close(connection, connection.reason_, connection.error_);
    if (connection.on_ready_list_) {
      std::erase(ready_, &connection);
    }
    if (connection.on_dirty_list_) {
      std::erase(dirty_, &connection);
    }
    connections_.release(connection.token());
  }
  closing_.clear();
  for (std::unique_ptr<Listener>& listener : listeners_) {
    if (listener != nullptr && listener->closed_) {
      std::erase(ready_listeners_, listener.get());
      listener.reset();
    }
  }
}

void Reactor::on_timer(std::uint64_t argument) {
  if (argument == kTrimTimer) {
    pool_.trim();
  } else if (Connection* connection = find(Token::unpack(argument))) {
    connection->on_deadline();
  }
}

void Reactor::add_mailbox(MailboxBase& mailbox) { mailboxes_.push_back(&mailbox); }

void Reactor::remove_mailbox(MailboxBase& mailbox) { std::erase(mailboxes_, &mailbox); }

void Reactor::add_ready(Connection& connection) {
  if (!std::exchange(connection.on_ready_list_, true)) {
    ready_.push_back(&connection);
  }
}

void Reactor::add_handshake(Connection& connection) {
  if (!std::exchange(connection.on_ready_list_, true)) {
    handshakes_.push_back(connection.token());
  }
}

void Reactor::add_ready(Listener& listener) {
  if (!std::exchange(listener.on_ready_list_, true)) {
    ready_listeners_.push_back(&listener);
  }
}

void Reactor::add_dirty(Connection& connection) {
  if (!std::exchange(connection.on_dirty_list_, true)) {
    dirty_.push_back(&connection);
  }
}

void Reactor::add_closing(Connection& connection) { closing_.push_back(&connection); }

void Reactor::assert_in_loop_thread() const {
  CHECK(thread_ == std::thread::id{} || thread_ == std::this_thread::get_id(),
        "a reactor is used by a thread that does not run it");
}

}  // namespace reactor
