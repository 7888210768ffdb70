#include "chat/shard.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "chat/protocol/irc_line.h"
#include "reactor/check.h"

namespace chat {

namespace {

reactor::ConnectionLimits connection_limits(const Limits& limits) {
  reactor::ConnectionLimits result;
  result.out_bytes_max = limits.out_bytes_max;
  result.out_high_mark_bytes = limits.out_high_mark_bytes;
  result.out_low_mark_bytes = limits.out_low_mark_bytes;
  // One read of the shortest lines makes deliveries of some forty times its size: even then it
  // must not fill the output of those who read all the time.
  result.read_budget_bytes = std::clamp<std::size_t>(limits.out_bytes_max / 64,
                                                     std::size_t{4} << 10, std::size_t{64} << 10);
  // What Codec::parse may leave.
  result.tail_bytes_max = std::max({2 * limits.line_bytes_max + 2, limits.http_header_bytes_max,
                                    kIrcTagsBytesMax + kIrcLineBytesMax + 2});
  result.idle_timeout = limits.idle_timeout;
  result.stall_timeout = limits.stall_timeout;
  result.linger_timeout = limits.drain_timeout;
  return result;
}

}  // namespace

Shard::Shard(std::uint16_t index, std::unique_ptr<reactor::Net> net, const Limits& limits,
             const Front& front, ShardMetrics& metrics, Handover& handover)
    : index_(index),
      limits_(limits),
      front_(front),
      metrics_(metrics),
      handover_(handover),
      reactor_(std::move(net), connection_limits(limits)),
      mailbox_(reactor_, *this),
      encoded_(limits, reactor_.pool()),
      members_(encoded_),
      log_(limits.tail_bytes) {
  reactor_.set_turn_handler(*this);
}

Shard::~Shard() { reactor_.close_all(); }

void Shard::add_connection(const ShardMail::NewConnection& connection) {
  SessionHost& host = *this;
  auto session = std::make_unique<Session>(host, index_, limits_, connection.peer, connection.kind);
  if (reactor_.adopt(connection.fd, *session) == nullptr) {
    spdlog::warn("cannot watch a connection from {}: closed it", connection.peer.to_string());
    uplink_->connection_closed(connection.peer);
    return;
  }
  metrics_.sessions_opened.add();
  metrics_.sessions_speaking(Protocol::kOpening).add();
  session->index = sessions_.size();
  sessions_.push_back(std::move(session));
}

void Shard::apply(const Event& event) {
  if (is_new_message(event)) {
    log_.append(event);
  }
  if (!event.to) {
    fan_out(event);
  } else if (Session* session = find(event.to)) {
    apply_to_session(event, *session);
  }
}

void Shard::apply_to_session(const Event& event, Session& session) {
  switch (event.kind) {
    case EventKind::kHeard:
      return note_heard(event, session);
    case EventKind::kResumed:
      return resume(event, session);
    case EventKind::kHistory:
    case EventKind::kTargets:
      return ask_for_history(event, session);
    case EventKind::kDirect:
      if (session.connection().above_high_mark()) {
        fall_behind(session, event.id - 1);
      }
      if (session.feed) {
        return;  // it finds it in the log
      }
      fanout_timer_.delivered(event.taken, 1);
      break;
    default:
      note_state(event, session);
      break;
  }
  answer(event, session);
}

void Shard::note_state(const Event& event, Session& session) {
  switch (event.kind) {
    case EventKind::kRegistered:
      session.registered(event.subject);
      members_.add(kLobby, kLobbyName, session);
      spdlog::info("{} registered from {}", session.name(), session.peer().to_string());
      return;
    case EventKind::kJoined:
      return enter(event, session);
    case EventKind::kParted:
    case EventKind::kKicked:
      return leave(event, session);
    case EventKind::kRenamed:
      return session.renamed(event.target);
    case EventKind::kWelcome:
      return members_.refresh(session);
    default:
      return;
  }
}

void Shard::answer(const Event& event, Session& session) {
  if (!session.has_spoken()) {
    session.end(EndReason::kRefused, {});  // it has asked for nothing, so there is nothing else
    return;
  }
  encoded_.begin(event);
  const std::string_view bytes = encoded_.answer(session.codec());
  metrics_.deliveries.add();
  const bool is_last = event.kind == EventKind::kBye;
  if (is_last) {
    // Who has not asked for it was taken over, or should not have been let in.
    session.leave(event.refusal == Refusal::kNone ? EndReason::kResumedElsewhere
                                                  : EndReason::kRefused);
  }
  if (session.feed && is_last) {
    session.feed->add_last_word(log_, bytes);
  } else if (session.feed) {
    session.feed->add_answer(log_, bytes);
  } else if (is_last) {
    session.end(EndReason::kResumedElsewhere, bytes);  // though it has left for another reason
  } else {
    session.connection().send_borrowed(bytes);
  }
}

void Shard::fan_out(const Event& event) {
  const bool is_message = is_new_message(event);
  const Session* except = find(event.except);
  std::uint64_t deliveries = 0;
  encoded_.begin(event);
  const auto deliver = [&](const Members::Member& member) {
    if (member.session == except) {
      return;
    }
    if (!member.has_feed && member.connection->above_high_mark()) {
      fall_behind(*member.session, is_message ? event.id - 1 : log_.last_id());
    }
    if (!member.has_feed) {
      member.connection->send_borrowed(encoded_.in(member.format));
      ++deliveries;
    } else if (!is_message) {  // which the feed finds in the log
      tell_later(*member.session, encoded_.in(member.format));
    }
  };
  // The first to be touched in a turn is the first to be flushed: nobody is always the last.
  const std::span<const Members::Member> members = members_.of(event.room_id);
  const std::size_t first = next_start(members.size());
  std::ranges::for_each(members.subspan(first), deliver);
  std::ranges::for_each(members.first(first), deliver);
  metrics_.deliveries.add(deliveries);
  if (is_message && deliveries > 0) {
    fanout_timer_.delivered(event.taken, deliveries);
  }
}

// Steps of the golden ratio spread the starts evenly over any number of members, however few there
// are so far (Knuth, The Art of Computer Programming, vol. 3, 6.4: Fibonacci hashing).
std::size_t Shard::next_start(std::size_t members) {
  constexpr std::uint32_t kGoldenRatio = 0x9E3779B9;
  fan_out_start_ += kGoldenRatio;
  return static_cast<std::size_t>(std::uint64_t{fan_out_start_} * members >> 32);
}

Session* Shard::find(SessionRef ref) {
  if (ref.shard != index_) {
    return nullptr;
  }
  reactor::Connection* connection = reactor_.find(ref.token);
  // Every connection that the hub can name is one of our sessions.
  return connection == nullptr ? nullptr : static_cast<Session*>(&connection->handler());
}

void Shard::drain() {
  for (const std::unique_ptr<Session>& session : sessions_) {
    session->say_bye("server shutting down", EndReason::kServerStopping);
  }
}

void Shard::submit(SessionRef from, const Command& command) { uplink_->submit(from, command); }

void Shard::session_closed(Session& session, EndReason reason) {
  metrics_.closed_for(reason).add();
  metrics_.sessions_speaking(session.protocol()).subtract();
  metrics_.lagging_sessions.subtract(session.feed ? 1 : 0);
  if (session.name().empty()) {
    spdlog::debug("connection from {} ended: {}", session.peer().to_string(), to_string(reason));
  } else {
    spdlog::info("{} left: {}", session.name(), to_string(reason));
  }
  members_.remove_from_all(session);
  Command disconnect;
  disconnect.verb = Verb::kDisconnect;
  disconnect.text = to_string(reason);
  uplink_->submit(session.ref(), disconnect);
  uplink_->connection_closed(session.peer());
  // The last session takes the place; ours goes.
  const std::size_t place = session.index;
  CHECK(place < sessions_.size() && sessions_[place].get() == &session, "a session out of place");
  std::swap(sessions_[place], sessions_.back());
  sessions_[place]->index = place;
  sessions_.pop_back();
}

void Shard::on_mail(ShardMail& mail) {
  if (mail.connection.fd >= 0) {
    add_connection(mail.connection);
  }
  for (const Event& event : mail.events) {
    apply(event);
  }
  handover_.taken(mail.events.bytes());
  if (mail.reader) {
    take_page(mail.reader, std::move(mail.page));
  }
  if (mail.transports) {
    set_transports(std::move(mail.transports));
  }
  if (mail.drain) {
    drain();
  }
}

void Shard::session_speaks(Protocol before, Protocol now) {
  metrics_.sessions_speaking(before).subtract();
  metrics_.sessions_speaking(now).add();
}

void Shard::session_proxied(Session& session, const reactor::Endpoint& proxy) {
  uplink_->connection_proxied(session.ref(), proxy, session.peer());
}

std::unique_ptr<reactor::Transport> Shard::new_transport() const {
  return transports_ ? transports_() : nullptr;
}

void Shard::on_flushed() {
  const reactor::TimePoint now = reactor_.read_clock();
  fanout_timer_.flushed(now, metrics_);
  metrics_.turns.record(now - reactor_.now());
  metrics_.bytes_received.set(reactor_.stats().bytes_read);
  metrics_.bytes_sent.set(reactor_.stats().bytes_written);
  encoded_.end_turn();
  if (!behind_.empty()) {
    feed_those_behind();
    reactor_.turn_again();  // pages may be wanted
  }
}

void Shard::on_turn_end() {
  read_on_when_store_is_free();
  uplink_->end_turn();
  reactor_.hold_reading(handover_.congested());
}

}  // namespace chat
