#include "chat/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <utility>

#include "chat/protocol/irc_codec.h"
#include "chat/protocol/native.h"
#include "chat/proxy_header.h"
#include "chat/web/http_codec.h"
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
    case reactor::CloseReason::kTransportFailed:
      return EndReason::kTlsFailed;
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
    case Verb::kMode:
    case Verb::kKick:
      return true;
    default:
      return false;
  }
}

Protocol protocol_of(Spoken spoken) {
  switch (spoken) {
    case Spoken::kHttp:
      return Protocol::kHttp;
    case Spoken::kIrc:
      return Protocol::kIrc;
    case Spoken::kNative:
      return Protocol::kNative;
    case Spoken::kNotYet:
    case Spoken::kTls:
      break;
  }
  return Protocol::kOpening;
}

// A line that was too long can have been of any length.
std::uint32_t bytes_of(std::size_t wire_bytes) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(wire_bytes, UINT32_MAX));
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
    case EndReason::kPingTimeout:
      return "ping timeout";
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
    case EndReason::kServed:
      return "served";
    case EndReason::kProtocolError:
      return "protocol error";
    case EndReason::kTlsFailed:
      return "TLS failed";
    case EndReason::kRefused:
      return "too many connections from its address";
    case EndReason::kServerStopping:
      return "server stopping";
  }
  return "unknown";
}

Session::Session(SessionHost& host, std::uint16_t shard, const Limits& limits,
                 const reactor::Endpoint& peer, ListenKind kind)
    : host_(host),
      limits_(limits),
      message_rate_(limits.messages_per_second_max, limits.messages_burst),
      byte_rate_(limits.bytes_per_second_max, limits.bytes_burst),
      peer_(peer),
      shard_(shard),
      kind_(kind) {}

void Session::registered(std::string_view name) {
  name_ = name;
  arm(timer_, limits_.ping_interval, kPing);
}

void Session::say_bye(std::string_view text, EndReason reason) {
  std::string line;
  if (codec_) {
    Event event;
    event.kind = EventKind::kBye;
    event.refusal =
        reason == EndReason::kServerStopping ? Refusal::kShuttingDown : Refusal::kForbidden;
    event.text = text;
    codec_->answer(event, line);
  }
  end(reason, line);
}

void Session::end(EndReason reason, std::string_view last_words) {
  leave(reason);
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
  restart_timeout();
  const std::vector<AddressRange>& trusted = host_.front().trusted_proxies;
  awaits_proxy_header_ = std::ranges::any_of(
      trusted, [this](const AddressRange& range) { return range.contains(peer_); });
  if (!awaits_proxy_header_ && kind_.tls) {
    secure();
  }
}

void Session::restart_timeout() { arm(timer_, limits_.registration_timeout, kRegistration); }

void Session::arm(reactor::TimerId& timer, reactor::Duration after, Timer what) {
  reactor::Reactor& loop = connection_->reactor();
  loop.timers().cancel(timer);
  if (after.count() > 0) {
    timer = loop.timers().arm(loop.now() + after, *this, what);
  }
}

std::size_t Session::on_data(reactor::Connection& /*connection*/, std::string_view bytes) {
  heard_ = true;
  if (leaving_) {
    return bytes.size();
  }
  if (host_.must_wait(*this)) {
    hold_reading(kForHost);
    return 0;
  }
  return parse(bytes);
}

std::size_t Session::parse(std::string_view bytes) {
  std::size_t done = codec_ ? 0 : begin(bytes);
  while (codec_ && !leaving_) {
    done += codec_->parse(bytes.substr(done), *this);
    if (!next_codec_) {
      return done;
    }
    speak(std::move(next_codec_), Protocol::kWebSocket);
  }
  return leaving_ ? bytes.size() : done;
}

std::size_t Session::begin(std::string_view bytes) {
  const std::size_t header = awaits_proxy_header_ ? take_proxy_header(bytes) : 0;
  if (awaits_proxy_header_ || leaving_) {
    return header;
  }
  if (header > 0 && kind_.tls) {
    secure();
    return header;
  }
  const Spoken spoken = recognise(bytes.substr(header));
  if (spoken == Spoken::kTls) {
    secure();
  } else if (spoken != Spoken::kNotYet) {
    speak(codec_for(spoken), protocol_of(spoken));
  }
  return header;
}

std::size_t Session::take_proxy_header(std::string_view bytes) {
  const ProxyHeader header = read_proxy_header(bytes);
  if (header.outcome == ProxyHeader::Outcome::kMalformed) {
    end(EndReason::kProtocolError, {});
    return 0;
  }
  awaits_proxy_header_ = header.outcome == ProxyHeader::Outcome::kIncomplete;
  if (header.source) {
    const reactor::Endpoint proxy = std::exchange(peer_, *header.source);
    host_.session_proxied(*this, proxy);
  }
  return header.bytes;
}

Spoken Session::recognise(std::string_view bytes) const {
  switch (kind_.speaks) {
    case ListenKind::Speaks::kNative:
      return Spoken::kNative;
    case ListenKind::Speaks::kIrc:
      return Spoken::kIrc;
    case ListenKind::Speaks::kHttp:
      return Spoken::kHttp;
    case ListenKind::Speaks::kAnything:
      break;
  }
  const Spoken spoken = sniff(bytes);
  const bool tls_in_tls = spoken == Spoken::kTls && connection_->transport() != nullptr;
  return tls_in_tls ? Spoken::kNative : spoken;
}

void Session::secure() {
  if (std::unique_ptr<reactor::Transport> transport = host_.new_transport()) {
    connection_->secure(std::move(transport));
  } else {
    end(EndReason::kTlsFailed, {});
  }
}

std::unique_ptr<Codec> Session::codec_for(Spoken spoken) {
  const Front& front = host_.front();
  if (spoken == Spoken::kHttp) {
    const HttpCodec::Environment environment{front, limits_, host_.websocket_readers(),
                                             connection_->reactor()};
    Link& link = *this;
    return std::make_unique<HttpCodec>(environment, link, connection_->transport() != nullptr);
  }
  if (spoken == Spoken::kIrc) {
    return std::make_unique<IrcCodec>(limits_, front.info);
  }
  return std::make_unique<NativeCodec>(limits_);
}

void Session::speak(std::unique_ptr<Codec> codec, Protocol protocol) {
  codec_ = std::move(codec);
  host_.session_speaks(std::exchange(protocol_, protocol), protocol);
}

void Session::hold_reading(Hold hold) {
  holds_ |= hold;
  connection_->pause_reading();
}

void Session::release_reading(Hold hold) {
  const bool was_held = holds_ != 0;
  holds_ &= static_cast<std::uint8_t>(~hold);
  if (was_held && holds_ == 0) {
    connection_->resume_reading();
  }
}

void Session::on_drained(reactor::Connection& /*connection*/) {
  release_reading(kForOutput);
  host_.session_drained(*this);
}

bool Session::must_wait() {
  if (connection_->above_high_mark()) {
    hold_reading(kForOutput);
  }
  return holds_ != 0;
}

bool Session::on_command(const Command& command, std::size_t wire_bytes) {
  if (leaving_) {
    return false;
  }
  if (command.verb == Verb::kQuit) {
    leave(EndReason::kQuit);
    host_.submit(ref(), command);
    return false;
  }
  if (!codec_->can_refuse_haste()) {
    slow_down(wire_bytes);
  } else if (const reactor::Duration wait = over_the_rate(wire_bytes); wait.count() > 0) {
    refuse_as_too_fast(command, wait);
    return connection_->is_open();
  }
  publishes_ |= is_kept(command.verb);
  if (command.verb == Verb::kRegister || command.verb == Verb::kResume) {
    const std::string host = peer_.host_to_string();
    Command from_there = command;
    from_there.host = host;
    host_.submit(ref(), from_there);
  } else {
    host_.submit(ref(), command);
  }
  return connection_->is_open() && (holds_ & kForRate) == 0;
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
  return byte_rate_.take(bytes_of(wire_bytes), now);
}

// What is sent too fast is taken, and nothing further until it would not have been.
void Session::slow_down(std::size_t wire_bytes) {
  if (!is_rate_limited()) {
    return;
  }
  const reactor::TimePoint now = connection_->reactor().now();
  const reactor::Duration wait =
      std::max(message_rate_.owe(1, now), byte_rate_.owe(bytes_of(wire_bytes), now));
  if (wait.count() > 0) {
    hold_reading(kForRate);
    arm(rate_timer_, wait, kRate);
  }
}

void Session::refuse_as_too_fast(const Command& command, reactor::Duration wait) {
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), "too fast, retry in {} ms",
                 std::chrono::ceil<std::chrono::milliseconds>(wait).count());
  Command refusal;
  refusal.verb = Verb::kReject;
  refusal.refusal = Refusal::kTooFast;
  refusal.client_id = command.client_id;
  refusal.text = std::string_view(text.data(), text.size());
  host_.submit(ref(), refusal);
}

void Session::on_end(reactor::Connection& /*connection*/) {
  if (codec_) {
    peer_ended();
  } else {
    end(EndReason::kPeerClosed, {});
  }
}

void Session::peer_ended() {
  // By way of the hub, so that everything asked for before is answered first.
  leave(EndReason::kPeerClosed);
  Command ended;
  ended.verb = Verb::kPeerEnded;
  ended.text = to_string(EndReason::kPeerClosed);
  host_.submit(ref(), ended);
}

void Session::on_idle(reactor::Connection& /*connection*/) {
  say_bye("silent for too long", EndReason::kIdle);
}

void Session::on_timer(std::uint64_t argument) {
  switch (argument) {
    case kRegistration:
      return say_bye("who you are was not said in time", EndReason::kRegistrationTimeout);
    case kPing:
      return on_ping_timer();
    default:
      return release_reading(kForRate);
  }
}

// A client that has said nothing since the last time is asked whether it is there, twice at most.
void Session::on_ping_timer() {
  constexpr std::uint8_t kPingsMax = 2;
  std::string question;
  if (leaving_ || !codec_->ping(question)) {
    return;
  }
  if (std::exchange(heard_, false) || holds_ != 0 || connection_->above_high_mark()) {
    pings_unanswered_ = 0;  // or it is we who do not read
  }
  if (pings_unanswered_ == kPingsMax) {
    say_bye("ping timeout", EndReason::kPingTimeout);
    return;
  }
  ++pings_unanswered_;
  connection_->send(question);
  arm(timer_, limits_.ping_interval, kPing);
}

void Session::on_close(reactor::Connection& connection, reactor::CloseReason reason,
                       int /*error*/) {
  connection.reactor().timers().cancel(timer_);
  connection.reactor().timers().cancel(rate_timer_);
  host_.session_closed(*this, leaving_ ? end_reason_ : end_reason_of(reason));
}

}  // namespace chat
