#include "reactor/connection.h"

#include <algorithm>
#include <cerrno>

#include "reactor/check.h"
#include "reactor/reactor.h"

namespace reactor {

const char* to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::kPeerClosed:
      return "closed by peer";
    case CloseReason::kPeerReset:
      return "connection lost";
    case CloseReason::kByHandler:
      return "closed by us";
    case CloseReason::kIdle:
      return "idle";
    case CloseReason::kStalled:
      return "stalled";
    case CloseReason::kOutputOverflow:
      return "output overflow";
    case CloseReason::kInputOverflow:
      return "input overflow";
    case CloseReason::kConnectFailed:
      return "connect failed";
    case CloseReason::kLoopStopped:
      return "loop stopped";
    case CloseReason::kTransportFailed:
      return "transport failed";
  }
  return "unknown";
}

void Handler::on_end(Connection& connection) { connection.finish(CloseReason::kPeerClosed); }

void Handler::on_idle(Connection& connection) { connection.close(CloseReason::kIdle); }

Connection::Connection(Reactor& reactor, int fd, Token token, Handler& handler, bool connecting)
    : reactor_(reactor),
      handler_(handler),
      input_tail_(reactor.pool_),
      output_(reactor.pool_),
      last_read_(reactor.now()),
      last_progress_(reactor.now()),
      token_(token),
      fd_(fd),
      state_(connecting ? State::kConnecting : State::kOpen) {}

void Connection::send(std::string_view bytes) {
  if (note_queued(bytes.size())) {
    own_borrowed();
    append(bytes);
  }
}

void Connection::send_borrowed(std::string_view bytes) {
  if (!note_queued(bytes.size())) {
    return;
  }
  if (borrowed_count_ > 0) {
    std::string_view& last = borrowed_[borrowed_count_ - 1];
    if (last.data() + last.size() == bytes.data()) {
      last = std::string_view(last.data(), last.size() + bytes.size());
      beside_bytes_ += static_cast<std::uint32_t>(bytes.size());
      return;
    }
    if (borrowed_count_ == kBorrowedMax) {
      own_borrowed();
    }
  }
  borrowed_[borrowed_count_++] = bytes;
  beside_bytes_ += static_cast<std::uint32_t>(bytes.size());
}

// Makes room for so many more bytes of output. False when they are not to be queued.
bool Connection::note_queued(std::size_t bytes) {
  if (!is_open() || bytes == 0) {
    return false;
  }
  const ConnectionLimits& limits = reactor_.limits();
  const std::size_t queued = bytes_queued() + bytes;
  if (queued > limits.out_bytes_max) {
    close(CloseReason::kOutputOverflow);
    return false;
  }
  if (queued == bytes) {
    last_progress_ = reactor_.now();
  }
  if (queued > limits.out_high_mark_bytes && !above_high_mark_) {
    above_high_mark_ = true;
    reactor_.turn_is_full_ = true;
  }
  if (!on_dirty_list_) {
    reactor_.add_dirty(*this);
  }
  return true;
}

// Copies what is borrowed: its owner is about to need the memory, or something comes behind it.
void Connection::own_borrowed() {
  for (std::size_t i = 0; i < borrowed_count_; ++i) {
    beside_bytes_ -= static_cast<std::uint32_t>(borrowed_[i].size());
    append(borrowed_[i]);
  }
  borrowed_count_ = 0;
}

void Connection::append(std::string_view bytes) {
  if (secured_ == nullptr) {
    output_.append(bytes);
    return;
  }
  secured_->unsealed.append(bytes);
  beside_bytes_ += static_cast<std::uint32_t>(bytes.size());
}

void Connection::consume_output(std::size_t bytes) {
  const std::size_t owned = std::min(bytes, output_.size());
  output_.consume(owned);
  consume_borrowed(bytes - owned);
}

void Connection::consume_borrowed(std::size_t bytes) {
  CHECK(bytes <= beside_bytes_, "more was written than there is", bytes, beside_bytes_);
  beside_bytes_ -= static_cast<std::uint32_t>(bytes);
  while (bytes > 0 && bytes >= borrowed_[0].size()) {
    bytes -= borrowed_[0].size();
    std::shift_left(borrowed_.begin(), borrowed_.end(), 1);
    --borrowed_count_;
  }
  if (bytes > 0) {
    borrowed_[0].remove_prefix(bytes);
  }
}

void Connection::drop_output() {
  output_.clear();
  borrowed_count_ = 0;
  beside_bytes_ = 0;
  if (secured_ != nullptr) {
    secured_->unsealed.clear();
  }
}

void Connection::finish(CloseReason reason) {
  if (state_ == State::kConnecting) {
    close(reason);
  }
  if (state_ != State::kOpen) {
    return;
  }
  state_ = State::kFinishing;
  reason_ = reason;
  linger_until_ = reactor_.now() + reactor_.limits().linger_timeout;
  arm_deadline();
  reactor_.add_dirty(*this);  // the flush ends our half once nothing is queued
  if (wants_redelivery() || wants_read()) {
    reactor_.add_ready(*this);  // what was left unread while paused or above the high mark
  }
}

void Connection::close(CloseReason reason, int error) {
  if (state_ == State::kClosed) {
    return;
  }
  if (!is_ending()) {
    reason_ = reason;
    error_ = error;
  }
  state_ = State::kClosed;
  reactor_.net_->unwatch(fd_);
  reactor_.timers().cancel(deadline_);
  input_tail_.clear();
  drop_output();
  reactor_.add_closing(*this);
}

void Connection::pause_reading() { paused_ = true; }

void Connection::resume_reading() {
  if (!paused_) {
    return;
  }
  paused_ = false;
  // No edge comes for bytes that are here already, in our tail or in the kernel.
  redeliver_ = !input_tail_.empty();
  if (wants_redelivery() || wants_read()) {
    reactor_.add_ready(*this);
  }
}

void Connection::note_ready(const Ready& ready) {
  // A hang-up is a hint: the read that follows finds out what it means.
  readable_ |= ready.readable || ready.hangup;
  writable_ |= ready.writable || ready.hangup;
  if (state_ == State::kConnecting || wants_read()) {
    reactor_.add_ready(*this);
  }
  if (writable_ && has_output()) {
    reactor_.add_dirty(*this);
  }
}

void Connection::dispatch() {
  if (state_ == State::kConnecting && writable_) {
    finish_connecting();
  }
  if (wants_redelivery() && !handshake_waits()) {
    redeliver_tail();
  }
  std::size_t budget = reactor_.limits().read_budget_bytes;
  while (budget > 0 && wants_read() && !reactor_.turn_is_full_ && !handshake_waits()) {
    if (!read_once(budget)) {
      return;
    }
  }
  if (wants_redelivery() || wants_read()) {  // stopped by a budget: no edge will come for the rest
    handshake_waits() ? reactor_.add_handshake(*this) : reactor_.add_ready(*this);
  }
}

void Connection::finish_connecting() {
  const int error = reactor_.net_->connect_error(fd_);
  if (error == EINPROGRESS) {
    writable_ = false;  // a spurious report
    return;
  }
  if (error != 0) {
    close(CloseReason::kConnectFailed, error);
    return;
  }
  state_ = State::kOpen;
  last_read_ = reactor_.now();
  arm_deadline();
  handler_.on_open(*this);
}

bool Connection::wants_read() const {
  if (!(readable_ || end_waits()) || peer_ended_ || wire_waits()) {
    return false;
  }
  // An ending connection is read to its end and the bytes are dropped: closing with unread bytes
  // would reset the connection and could destroy our last answers on their way.
  return is_ending() || may_deliver();
}

bool Connection::wants_redelivery() const {
  return redeliver_ && (may_deliver() || (is_ending() && wire_waits()));
}

// A handshake goes on above the high mark: what is queued waits for it.
bool Connection::may_deliver() const {
  return state_ == State::kOpen && !paused_ && (!above_high_mark_ || is_handshaking());
}

// Puts the tail to the front of the scratch; what is received goes behind it.
std::span<char> Connection::behind_tail() {
  input_tail_.copy_to(reactor_.scratch_.data());
  return std::span(reactor_.scratch_).subspan(input_tail_.size());
}

bool Connection::read_once(std::size_t& budget) {
  if (end_waits()) {
    end_of_stream();
    return false;
  }
  std::span<char> space = secured_ == nullptr ? behind_tail() : std::span(reactor_.wire_scratch_);
  space = space.first(std::min(budget, space.size()));
  const IoResult result = reactor_.net_->read(fd_, space);
  ++reactor_.stats_.reads;
  if (result.error == EINTR) {
    --budget;  // bounds how often we try again
    return true;
  }
  if (result.error == EAGAIN || result.error == EWOULDBLOCK) {
    readable_ = false;
    return false;
  }
  if (result.error != 0) {
    close(CloseReason::kPeerReset, result.error);
    return false;
  }
  if (result.bytes == 0) {
    end_of_stream();
    return false;
  }
  budget -= result.bytes;
  reactor_.stats_.bytes_read += result.bytes;
  last_read_ = reactor_.now();
  if (secured_ != nullptr) {
    open_wire(std::string_view(space.data(), result.bytes));
  } else if (state_ == State::kOpen) {
    deliver(std::string_view(reactor_.scratch_.data(), input_tail_.size() + result.bytes));
  }
  return true;
}

void Connection::redeliver_tail() {
  if (wire_waits()) {
    redeliver_wire();
    return;
  }
  input_tail_.copy_to(reactor_.scratch_.data());
  deliver(std::string_view(reactor_.scratch_.data(), input_tail_.size()));
}

void Connection::deliver(std::string_view bytes) {
  const bool was_secured = secured_ != nullptr;
  const std::size_t consumed = handler_.on_data(*this, bytes);
  CHECK(consumed <= bytes.size(), "a handler consumed more than it got", consumed, bytes.size());
  redeliver_ = false;  // though resumed meanwhile: the handler has just seen all of it
  input_tail_.clear();
  const std::string_view rest = bytes.substr(consumed);
  if (secured_ != nullptr && !was_secured) {
    keep_wire(rest);
    return;
  }
  if (!is_open()) {
    return;
  }
  // A handler that has paused has not had the chance to take all; it is not read meanwhile.
  if (rest.size() > reactor_.limits().tail_bytes_max && !paused_) {
    close(CloseReason::kInputOverflow);
    return;
  }
  input_tail_.append(rest);
}

void Connection::end_of_stream() {
  peer_ended_ = true;
  readable_ = false;
  input_tail_.clear();
  if (secured_ != nullptr) {
    reactor_.add_dirty(*this);  // what waits for a handshake waits in vain now
  }
  if (state_ == State::kLingering) {
    close();
    return;
  }
  if (state_ == State::kOpen) {
    linger_until_ = reactor_.now() + reactor_.limits().linger_timeout;
    arm_deadline();
    handler_.on_end(*this);
  }
}

WriteOp Connection::write_op() const {
  WriteOp op;
  op.fd = fd_;
  const auto add = [&op](std::string_view part) {
    op.parts[op.part_count++] = {const_cast<char*>(part.data()), part.size()};
  };
  if (!output_.empty()) {
    const auto [first, second] = output_.parts();
    add(first);
    if (!second.empty()) {
      add(second);
    }
  }
  for (std::size_t i = 0; i < borrowed_count_; ++i) {
    add(borrowed_[i]);
  }
  return op;
}

void Connection::note_written(const IoResult& result) {
  if (state_ == State::kClosed || result.error == EINTR) {
    return;
  }
  if (result.error == EAGAIN || result.error == EWOULDBLOCK) {
    writable_ = false;
    return;
  }
  if (result.error != 0) {
    close(CloseReason::kPeerReset, result.error);
    return;
  }
  reactor_.stats_.bytes_written += result.bytes;
  if (result.bytes > 0) {
    last_progress_ = reactor_.now();
    consume_output(result.bytes);
  }
}

void Connection::after_flush() {
  own_borrowed();
  if ((above_high_mark_ || drained_asked_for_) &&
      bytes_queued() <= reactor_.limits().out_low_mark_bytes) {
    note_drained();
  }
  if (state_ == State::kFinishing && !has_output()) {
    end_output();
  } else if (!output_.empty()) {
    arm_deadline();
  }
}

void Connection::note_drained() {
  const bool was_above_high_mark = std::exchange(above_high_mark_, false);
  drained_asked_for_ = false;
  if (state_ == State::kOpen) {
    handler_.on_drained(*this);
    reactor_.turn_again();
  }
  if (was_above_high_mark && (wants_redelivery() || wants_read())) {
    reactor_.add_ready(*this);
  }
}

void Connection::ask_for_drained() {
  drained_asked_for_ = true;
  if (!on_dirty_list_) {
    reactor_.add_dirty(*this);
  }
}

void Connection::end_output() {
  reactor_.net_->shutdown_write(fd_);
  state_ = State::kLingering;
  if (peer_ended_) {
    close();
  }
}

TimePoint Connection::next_deadline() const {
  const ConnectionLimits& limits = reactor_.limits();
  TimePoint due = TimePoint::max();
  if (is_ending() || peer_ended_) {
    due = std::min(due, linger_until_);
  }
  if (limits.stall_timeout.count() > 0 && (state_ == State::kConnecting || has_output())) {
    due = std::min(due, last_progress_ + limits.stall_timeout);
  }
  if (limits.idle_timeout.count() > 0 && state_ == State::kOpen) {
    due = std::min(due, last_read_ + limits.idle_timeout);
  }
  return due;
}

void Connection::arm_deadline() {
  const TimePoint due = next_deadline();
  if (due >= deadline_armed_for_) {
    return;  // the timer fires early and is armed again then
  }
  reactor_.timers().cancel(deadline_);
  deadline_ = reactor_.timers().arm(due, reactor_, token_.pack());
  deadline_armed_for_ = due;
}

void Connection::on_deadline() {
  deadline_armed_for_ = TimePoint::max();
  const TimePoint now = reactor_.now();
  const ConnectionLimits& limits = reactor_.limits();
  if (next_deadline() > now) {
    // Activity has moved the deadline since the timer was armed.
  } else if ((is_ending() || peer_ended_) && linger_until_ <= now) {
    close(CloseReason::kPeerClosed);
  } else if (state_ == State::kConnecting) {
    close(CloseReason::kConnectFailed, ETIMEDOUT);
  } else if (limits.stall_timeout.count() > 0 && has_output() &&
             last_progress_ + limits.stall_timeout <= now) {
    close(CloseReason::kStalled);
  } else {
    last_read_ = now;  // a handler that keeps the connection gets another idle_timeout
    if (!above_high_mark_ && !reactor_.reading_held_) {
      handler_.on_idle(*this);  // else it is we who do not read
    }
  }
  if (state_ != State::kClosed) {
    arm_deadline();
  }
}

}  // namespace reactor
