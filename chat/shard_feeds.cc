#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "chat/shard.h"

namespace chat {

void Shard::enter(const Event& event, Session& session) {
  if (session.feed) {
    session.feed->joined(event.room_id, event.room, event.from);
  } else {
    members_.add(event.room_id, event.room, session);
  }
}

void Shard::leave(const Event& event, Session& session) {
  members_.remove(event.room_id, session);  // it may be a member until the flush, feed or no feed
  if (session.feed) {
    session.feed->parted(event.room_id, event.from);
  }
}

// Comes once for each stay, the lobby's first, before the session is told that it goes on.
void Shard::note_heard(const Event& event, Session& session) {
  if (!session.feed) {
    session.feed = std::make_unique<Feed>(event.subject, event.from);
  }
  if (event.id == 0) {
    session.feed->joined(event.room_id, event.room, event.from);
  } else {
    session.feed->was_in(event.room, event.from, event.id);
  }
}

void Shard::resume(const Event& event, Session& session) {
  session.registered(event.subject);
  spdlog::info("{} resumed from {}", session.name(), session.peer().to_string());
  encoded_.begin(event);
  session.connection().send_borrowed(encoded_.in(session.format()));
  session.feed->start(event.id, event.from);
  behind_.push_back(session.ref());
}

void Shard::ask_for_history(const Event& event, Session& session) {
  fall_behind(session, log_.last_id());
  members_.remove_from_all(session);
  PageRequest request;
  request.kind = event.before ? PageRequest::Kind::kHistoryLast : PageRequest::Kind::kHistory;
  request.key = event.text;
  request.after = event.from;
  request.bound = event.id;
  request.count = event.count;
  session.feed->add_history(log_, std::move(request), event.room);
}

// From now on the session gets no live copies, once it is no member any more. after: the last
// message that it has got.
void Shard::fall_behind(Session& session, MessageId after) {
  if (session.feed) {
    return;
  }
  // Whatever it was there for before, it has got.
  session.feed = std::make_unique<Feed>(session.name(), 0);
  for (const Session::Membership& membership : session.memberships()) {
    session.feed->joined(membership.room, members_.name_of(membership.room), 0);
  }
  session.feed->start(after, 0);
  behind_.push_back(session.ref());
}

// Not before the flush: whoever fell behind did so in the middle of a walk along the members, and
// who reads fast enough has drained by now.
void Shard::feed_those_behind() {
  for (const SessionRef& ref : std::exchange(behind_, {})) {
    Session* session = find(ref);
    if (session != nullptr && session->feed) {
      members_.remove_from_all(*session);
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
  switch (session.feed->pump(connection, log_, session.format(), limits_)) {
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
      session.finish({});
      return;
  }
  if (!session.feed || !session.feed->is_full(limits_)) {
    session.read_on();
  }
}

void Shard::go_live(Session& session) {
  const std::unique_ptr<Feed> feed = std::exchange(session.feed, nullptr);
  for (const Feed::Room& room : feed->rooms()) {
    members_.add(room.id, room.name, session);
  }
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
