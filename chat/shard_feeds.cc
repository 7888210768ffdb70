#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/number.h"
#include "chat/shard.h"
#include "reactor/check.h"

namespace chat {
namespace {

// As kTargets has them.
std::vector<PageRequest::Target> parse_targets(std::string_view lines) {
  std::vector<PageRequest::Target> targets;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const std::size_t space = line.find(' ');
    const auto after = parse_number<MessageId>(line.substr(0, space));
    CHECK(after && space != std::string_view::npos, "not a line of kTargets", line);
    targets.push_back({std::string(line.substr(space + 1)), *after});
  }
  return targets;
}

}  // namespace

void Shard::enter(const Event& event, Session& session) {
  if (session.feed && !members_.is_member(event.room_id, session)) {
    session.feed->joined(event.room, event.from);
  }
  members_.add(event.room_id, event.room, session);
}

void Shard::leave(const Event& event, Session& session) {
  members_.remove(event.room_id, session);
  if (session.feed) {
    session.feed->parted(event.room, event.from);
  }
}

// Comes once for each stay, the lobby's first, before the session is told that it goes on.
void Shard::note_heard(const Event& event, Session& session) {
  if (!session.feed) {
    session.feed = std::make_unique<Feed>(event.subject, event.from);
    metrics_.lagging_sessions.add();
  }
  if (event.id == 0) {
    enter(event, session);
  } else {
    session.feed->was_in(event.room, event.from, event.id);
  }
}

void Shard::resume(const Event& event, Session& session) {
  session.registered(event.subject);
  spdlog::info("{} resumed from {}", session.name(), session.peer().to_string());
  encoded_.begin(event);
  session.connection().send_borrowed(encoded_.answer(session.codec()));
  session.feed->start(event.id, event.from);
  behind_.push_back(session.ref());
}

void Shard::ask_for_history(const Event& event, Session& session) {
  fall_behind(session, log_.last_id());
  PageRequest request;
  if (event.kind == EventKind::kTargets) {
    request.kind = PageRequest::Kind::kTargets;
    request.targets = parse_targets(event.text);
    request.bound = event.id;
    return begin_history(event, std::move(request), session);
  }
  request.kind = event.around   ? PageRequest::Kind::kHistoryAround
                 : event.before ? PageRequest::Kind::kHistoryLast
                                : PageRequest::Kind::kHistory;
  request.key = event.text;
  request.after = event.from;
  request.bound = event.id;
  request.count = event.count;
  request.middle = event.middle;
  request.since_unix_ms = event.since_unix_ms;
  request.before_unix_ms = event.before_unix_ms;
  begin_history(event, std::move(request), session);
}

void Shard::begin_history(const Event& event, PageRequest request, Session& session) {
  encoded_.begin(event);
  if (const std::string_view begin = encoded_.answer(session.codec()); !begin.empty()) {
    session.feed->add_answer(log_, begin);
  }
  session.feed->add_history(log_, std::move(request), event.room, event.target);
}

// From now on the session gets no live copies. after: the last message that it has got.
void Shard::fall_behind(Session& session, MessageId after) {
  if (session.feed) {
    return;
  }
  // Whatever it was there for before, it has got.
  session.feed = std::make_unique<Feed>(session.name(), 0);
  metrics_.lagging_sessions.add();
  for (const Session::Membership& membership : session.memberships()) {
    session.feed->joined(members_.name_of(membership.room), 0);
  }
  session.feed->start(after, 0);
  members_.refresh(session);
  behind_.push_back(session.ref());
}

// What is no message, and so not in the log, keeps its place in the feed, as an answer does.
// Whoever lets too much of it gather is not told.
void Shard::tell_later(Session& session, std::string_view bytes) {
  if (!bytes.empty() && !session.feed->is_full(limits_)) {
    session.feed->add_answer(log_, bytes);
  }
}

// Not before the flush: who reads fast enough has drained by now.
void Shard::feed_those_behind() {
  for (const SessionRef& ref : std::exchange(behind_, {})) {
    Session* session = find(ref);
    if (session != nullptr && session->feed) {
      pump(*session);
    }
  }
}

void Shard::session_drained(Session& session) {
  if (session.feed) {
    pump(session);
  }
}

void Shard::take_page(const SessionRef& reader, Page page) {
  Session* session = find(reader);
  if (session != nullptr && session->feed) {
    session->feed->take(std::move(page));
    pump(*session);
  }
}

void Shard::pump(Session& session) {
  reactor::Connection& connection = session.connection();
  if (!connection.is_open()) {
    return;
  }
  switch (session.feed->pump(connection, log_, session.codec(), limits_)) {
    case Feed::Outcome::kWaitsForOutput:
      connection.ask_for_drained();
      break;
    case Feed::Outcome::kWaitsForPage:
      break;
    case Feed::Outcome::kNeedsPage:
      uplink_->read(session.ref(), session.feed->request());
      break;
    case Feed::Outcome::kCaughtUp:
      go_live(session);
      break;
    case Feed::Outcome::kLastWord:
      session.end(EndReason::kResumedElsewhere, {});
      return;
  }
  if (!session.feed || !session.feed->is_full(limits_)) {
    session.read_on();
  }
}

void Shard::go_live(Session& session) {
  session.feed.reset();
  metrics_.lagging_sessions.subtract();
  members_.refresh(session);
}

bool Shard::must_wait(Session& session) {
  if (session.feed && session.feed->is_full(limits_)) {
    return true;  // until it has been pumped
  }
  if (!session.publishes() || !uplink_->must_wait_for_store()) {
    return false;
  }
  store_waiters_.push_back(session.ref());
  return true;
}

void Shard::read_on_when_store_is_free() {
  if (store_waiters_.empty() || uplink_->must_wait_for_store()) {
    return;
  }
  for (const SessionRef& ref : std::exchange(store_waiters_, {})) {
    if (Session* session = find(ref)) {
      session->read_on();
    }
  }
}

}  // namespace chat
