#include "chat/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <utility>

#include "chat/protocol/native.h"
#include "reactor/check.h"
#include "reactor/reactor.h"

namespace chat {

namespace {

EndReason end_reason_of(reactor::CloseReason reason) {
  switch (reason) {
    case reactor::CloseReason::kPeerReset:
    case reactor::CloseReason::kConnectFailed:
      return EndReason::kConnectionLost;
    case reactor::CloseReason::kIdle:
      return EndReason::kIdle;
    case reactor::CloseReason::kStalled:
      return EndReason::kStalled;
    case reactor::CloseReason::kOutputOverflow:
      return EndReason::kOutputOverflow;
    case reactor::CloseReason::kInputOverflow:
      return EndReason::kInputOverflow;
    case reactor::CloseReason::kLoopStopped:
      return EndReason::kServerStopping;
    case reactor::CloseReason::kPeerClosed:
    case reactor::CloseReason::kByHandler:
      return EndReason::kPeerClosed;
  }
  return EndReason::kPeerClosed;
}

// Whether the command makes something that goes to the store.
bool is_kept(Verb verb) {
  switch (verb) {
    case Verb::kBroadcast:
    case Verb::kPlain:
    case Verb::kDirect:
    case Verb::kSay:
    case Verb::kTopic:
    case Verb::kJoin:
    case Verb::kPart:
      return true;
    default:
      return false;
  }
}

}  // namespace

const char* to_string(EndReason reason) {
  switch (reason) {
    case EndReason::kQuit:
      return "quit";
    case EndReason::kPeerClosed:
      return "closed by client";
    case EndReason::kConnectionLost:
      return "connection lost";
    case EndReason::kIdle:
      return "idle timeout";
    case EndReason::kStalled:
      return "stalled: took nothing for the stall timeout";
    case EndReason::kOutputOverflow:
      return "too slow: its output passed the maximum";
    case EndReason::kInputOverflow:
      return "input overflow";
    case EndReason::kRegistrationTimeout:
      return "did not register in time";
    case EndReason::kResumedElsewhere:
      return "resumed by another connection";
    case EndReason::kServerStopping:
      return "server stopping";
  }
  return "unknown";
}

Session::Session(SessionHost& host, std::uint16_t shard, const Limits& limits,
                 const reactor::Endpoint& peer)
    : host_(host),
      limits_(limits),
      codec_(std::make_unique<NativeCodec>(limits)),
      message_rate_(limits.messages_per_second_max, limits.messages_burst),
      byte_rate_(limits.bytes_per_second_max, limits.bytes_burst),
      peer_(peer),
      shard_(shard) {}

void Session::registered(std::string_view name) {
  name_ = name;
  connection_->reactor().timers().cancel(registration_timer_);
}

void Session::say_bye(std::string_view text, EndReason reason) {
  Event event;
  event.kind = EventKind::kBye;
  event.text = text;
  std::string line;
  encode_native(event, format(), limits_, line);
  leave(reason);
  finish(line);
}

// Who has not asked for the end, and whom the server has not ended, was taken over.
void Session::stop_listening() { leave(EndReason::kResumedElsewhere); }

void Session::finish(std::string_view last_words) {
  stop_listening();
  connection_->send(last_words);
  connection_->finish();
}

void Session::leave(EndReason reason) {
  if (!leaving_) {
    leaving_ = true;
    end_reason_ = reason;
  }
}

void Session::on_open(reactor::Connection& connection) {
  connection_ = &connection;
  reactor::Reactor& loop = connection.reactor();
  registration_timer_ = loop.timers().arm(loop.now() + limits_.registration_timeout, *this);
}

std::size_t Session::on_data(reactor::Connection& connection, std::string_view bytes) {
  if (leaving_) {
    return bytes.size();
  }
  if (host_.must_wait(*this)) {
    waits_ = true;
    connection.pause_reading();
    return 0;
  }
  return codec_->parse(bytes, *this);
}

void Session::read_on() {
  if (std::exchange(waits_, false)) {
    connection_->resume_reading();
  }
}

void Session::on_drained(reactor::Connection& /*connection*/) { host_.session_drained(*this); }

bool Session::on_command(const Command& command, std::size_t wire_bytes) {
  if (command.verb == Verb::kQuit) {
    leave(EndReason::kQuit);
    host_.submit(ref(), command);
    return false;
  }
  if (const reactor::Duration wait = over_the_rate(wire_bytes); wait.count() > 0) {
    refuse_as_too_fast(wait);
  } else {
    publishes_ |= is_kept(command.verb);
    host_.submit(ref(), command);
  }
  return connection_->is_open();
}

bool Session::is_rate_limited() const { return limits_.limit_loopback || !peer_.is_loopback(); }

reactor::Duration Session::over_the_rate(std::size_t wire_bytes) {
  if (!is_rate_limited()) {
    return reactor::Duration::zero();
  }
  const reactor::TimePoint now = connection_->reactor().now();
  const reactor::Duration wait = message_rate_.take(1, now);
  if (wait.count() > 0) {
    return wait;
  }
  // A line that was too long can have been of any length.
  const std::size_t counted = std::min<std::size_t>(wire_bytes, UINT32_MAX);
  return byte_rate_.take(static_cast<std::uint32_t>(counted), now);
}

void Session::refuse_as_too_fast(reactor::Duration wait) {
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), "too fast, retry in {} ms",
                 std::chrono::ceil<std::chrono::milliseconds>(wait).count());
  Command refusal;
  refusal.verb = Verb::kReject;
  refusal.code = ErrorCode::kTooFast;
  refusal.text = std::string_view(text.data(), text.size());
  host_.submit(ref(), refusal);
}

void Session::on_end(reactor::Connection& /*connection*/) {
  // By way of the hub, so that everything asked for before is answered first.
  leave(EndReason::kPeerClosed);
  Command ended;
  ended.verb = Verb::kPeerEnded;
  host_.submit(ref(), ended);
}

void Session::on_idle(reactor::Connection& /*connection*/) {
  say_bye("silent for too long", EndReason::kIdle);
}

void Session::on_timer(std::uint64_t /*argument*/) {
  say_bye("register within the registration timeout: REGISTER:<name>",
          EndReason::kRegistrationTimeout);
}

void Session::on_close(reactor::Connection& connection, reactor::CloseReason reason,
                       int /*error*/) {
  connection.reactor().timers().cancel(registration_timer_);
  host_.session_closed(*this, leaving_ ? end_reason_ : end_reason_of(reason));
}

}  // namespace chat
