// What is different for a connection that a Transport stands in front of.
#include <algorithm>

#include "reactor/check.h"
#include "reactor/connection.h"
#include "reactor/reactor.h"

namespace reactor {

void Connection::secure(std::unique_ptr<Transport> transport) {
  CHECK(secured_ == nullptr, "a connection is secured twice");
  if (!is_open()) {
    return;
  }
  reactor_.wire_scratch_.resize(reactor_.scratch_.size());
  own_borrowed();  // leaves as it is
  secured_ = std::make_unique<Secured>(std::move(transport), reactor_.pool_);
  secured_->transport->begin(output_);
  if (secured_->transport->state() == Transport::State::kFailed) {
    fail_transport();
    return;
  }
  reactor_.add_dirty(*this);
  if (!input_tail_.empty()) {  // inside on_data deliver sees to what is left
    secured_->tail_is_wire = redeliver_ = true;
    reactor_.add_ready(*this);
  }
}

bool Connection::is_handshaking() const {
  return secured_ != nullptr && secured_->transport->state() == Transport::State::kHandshaking;
}

// There were enough steps of handshakes in this turn.
bool Connection::handshake_waits() const {
  return reactor_.handshake_steps_left_ == 0 && is_handshaking();
}

// Whether what comes from the wire is still of use. Who ends opens on only to complete the
// handshake that his last words wait for.
bool Connection::opens_wire() const {
  return state_ == State::kOpen ||
         (state_ == State::kFinishing && is_handshaking() && beside_bytes_ > 0);
}

// What on_data has left to the handshake it has begun.
void Connection::keep_wire(std::string_view bytes) {
  secured_->tail_is_wire = !bytes.empty() && opens_wire();
  if (secured_->tail_is_wire) {
    input_tail_.append(bytes);
    redeliver_ = true;
    reactor_.add_ready(*this);
  }
}

void Connection::redeliver_wire() {
  const std::size_t size = input_tail_.size();
  input_tail_.copy_to(reactor_.wire_scratch_.data());
  input_tail_.clear();
  secured_->tail_is_wire = redeliver_ = false;
  open_wire(std::string_view(reactor_.wire_scratch_.data(), size));
}

void Connection::open_wire(std::string_view wire) {
  if (!opens_wire()) {
    return;
  }
  Transport& transport = *secured_->transport;
  const bool was_handshaking = is_handshaking();
  const std::uint32_t steps_before = transport.handshake_steps();
  const std::span<char> space = behind_tail();
  const std::size_t queued = bytes_queued();
  const std::size_t count = transport.open(wire, space, output_);
  note_answered(bytes_queued() - queued);
  if (was_handshaking) {
    note_handshake(transport.handshake_steps() - steps_before);
  }
  if (count > 0 && may_deliver()) {
    deliver(std::string_view(reactor_.scratch_.data(), input_tail_.size() + count));
  } else if (count > 0 && state_ == State::kOpen) {
    input_tail_.append(std::string_view(space.data(), count));
    redeliver_ = true;  // on_secured has paused, or much is queued
  }
  if (transport.state() == Transport::State::kFailed) {
    fail_transport();
  }
}

// What the transport has answered by itself counts as what is sent.
void Connection::note_answered(std::size_t bytes) {
  if (has_output()) {
    reactor_.add_dirty(*this);  // an answer, or what could not be sealed before it
  }
  if (bytes > 0 && bytes_queued() == bytes) {
    last_progress_ = reactor_.now();
  }
  if (bytes_queued() > reactor_.limits().out_bytes_max) {
    close(CloseReason::kOutputOverflow);
  } else if (bytes_queued() > reactor_.limits().out_high_mark_bytes) {
    above_high_mark_ = true;
  }
}

void Connection::note_handshake(std::uint32_t steps) {
  reactor_.handshake_steps_left_ -= std::min<std::size_t>(steps, reactor_.handshake_steps_left_);
  if (!secured_->transport->is_ready()) {
    return;
  }
  ++reactor_.stats_.handshakes;
  reactor_.add_dirty(*this);  // what has waited for it
  if (is_open()) {
    handler_.on_secured(*this);
  }
}

// The peer learns why, by the alert that is sealed already.
void Connection::fail_transport() {
  if (state_ == State::kClosed) {
    return;
  }
  drop_unsealed();
  input_tail_.clear();
  secured_->ended = true;
  finish(CloseReason::kTransportFailed);
  reactor_.add_dirty(*this);
}

void Connection::drop_unsealed() {
  secured_->unsealed.clear();
  borrowed_count_ = 0;
  beside_bytes_ = 0;
}

bool Connection::has_secured_output() const {
  if (!output_.empty()) {
    return true;
  }
  if (is_handshaking()) {
    return beside_bytes_ > 0 && !peer_ended_;
  }
  return beside_bytes_ > 0 || (state_ == State::kFinishing && !secured_->ended);
}

// Seals what is queued, as far as it may be written soon; afterwards nothing is borrowed. True when
// something can be written now.
bool Connection::seal_output() {
  Transport& transport = *secured_->transport;
  while (writable_ && transport.is_ready() && beside_bytes_ > 0) {
    if (output_.size() > kSealedBytesMax) {
      reactor_.add_dirty(*this);
      break;
    }
    if (!seal_record()) {
      break;
    }
  }
  if (beside_bytes_ > 0) {
    own_borrowed();
    arm_deadline();
  } else if (writable_ && transport.is_ready() && state_ == State::kFinishing && !secured_->ended) {
    transport.end(output_);
    secured_->ended = true;
  }
  return wants_write();
}

bool Connection::seal_record() {
  Transport& transport = *secured_->transport;
  const std::string_view record = next_record();
  if (!transport.seal(record, output_)) {
    if (transport.state() == Transport::State::kFailed) {
      fail_transport();
    }
    return false;
  }
  const std::size_t owned = std::min(record.size(), secured_->unsealed.size());
  secured_->unsealed.consume(owned);
  beside_bytes_ -= static_cast<std::uint32_t>(owned);
  consume_borrowed(record.size() - owned);
  return true;
}

// The first bytes of what is queued: many pieces make one record.
std::string_view Connection::next_record() {
  const auto [first, second] = secured_->unsealed.parts();
  const std::string_view front = first.empty() ? borrowed_[0] : first;
  if (front.size() >= Transport::kRecordBytesMax || front.size() == beside_bytes_) {
    return front.substr(0, Transport::kRecordBytesMax);
  }
  char* const record = reactor_.wire_scratch_.data();
  std::size_t size = 0;
  const auto add = [record, &size](std::string_view part) {
    size += part.copy(record + size, Transport::kRecordBytesMax - size);
  };
  add(first);
  add(second);
  for (std::size_t i = 0; i < borrowed_count_; ++i) {
    add(borrowed_[i]);
  }
  return {record, size};
}

}  // namespace reactor
