#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "chat/client/client.h"

namespace chat {

void Client::on_open() {
  state_ = State::kRegistering;
  capabilities_.clear();
  awaits_token_ = false;
  resuming_ = !token_.empty();
  send_bytes(fmt::format("HELLO:1:{}\n", options_.capabilities));
  if (resuming_) {
    send_bytes(fmt::format("RESUME:{}:{}\n", token_, resume_id_));
  } else {
    register_name();
  }
}

void Client::register_name() { send_bytes(fmt::format("REGISTER:{}\n", options_.name)); }

void Client::on_registration_line(const ServerLine& line, std::string_view text) {
  switch (line.verb) {
    case ServerVerb::kWelcome:
      capabilities_ = line.fields[1];
      return;
    case ServerVerb::kRegistered:
      name_ = line.fields[0];
      token_.clear();
      // Nothing is sent before the token is here: without it nobody could find out what became of
      // that.
      awaits_token_ = grants("resume");
      if (!awaits_token_) {
        enter();
      }
      return;
    case ServerVerb::kSession:
      if (awaits_token_) {
        token_ = line.fields[0];
        enter();
      }
      return;
    case ServerVerb::kResumed:
      if (resuming_) {
        name_ = line.fields[0];
        enter(Entry::kResumed);
      }
      return;
    default:
      break;
  }
  if (awaits_token_) {
    // A server that goes on without the token it has promised has none.
    enter();
    on_session_line(line, text);
  } else if (line.verb == ServerVerb::kError) {
    on_refused(line);
  }
}

void Client::on_refused(const ServerLine& error) {
  const std::string_view code = error.fields[0];
  const std::string reason(error.fields[2]);
  // Only a server that is busy, ill or restarting may think better of it.
  const bool may_change = code == "429" || code == "500" || code == "503";
  if (resuming_ && !may_change) {
    // The session is over, or the server is one that knows nothing of sessions.
    resuming_ = false;
    token_.clear();
    arm(timer_, options_.answer_timeout, kStateTimer);
    register_name();
    return;
  }
  if (code == "409") {
    if (!had_session_ || ++name_attempts_ >= options_.name_attempts_max) {
      end(ClientEnd::kNameTaken, reason);
      return;
    }
  } else if (!had_session_ || !may_change) {
    end(ClientEnd::kRefused, reason);
    return;
  }
  drop(reason);
}

void Client::enter() { enter(had_session_ ? Entry::kAnew : Entry::kFirst); }

void Client::enter(Entry entry) {
  state_ = State::kReady;
  ready_since_ = reactor_.now();
  attempts_ = 0;
  name_attempts_ = 0;
  unanswered_pings_ = 0;
  said_bye_ = false;
  awaits_token_ = false;
  resuming_ = false;
  had_session_ = true;
  forget_held();
  rejoined_.clear();
  needs_mark_ = entry == Entry::kResumed;
  arm(timer_, options_.ping_interval, kStateTimer);
  switch (entry) {
    case Entry::kFirst:
      handler_.on_ready(name_, entry);
      ask_for_entry();
      return;
    case Entry::kResumed:
      go_on();
      return;
    case Entry::kAnew:
      begin_anew();
      return;
  }
}

// Where the session was when its connection was lost.
void Client::go_on() {
  ask_for_entry();
  probe_rooms();
  rejoin();
  // Under the ids that they had, in the order that they had, and before anything new: the server
  // knows in this session which of them it has taken already.
  for (const Outbox::Line& line : outbox_.lines()) {
    write(line);
  }
  handler_.on_ready(name_, Entry::kResumed);
  catch_up();
}

// A server that was killed may have forgotten a stay that it had confirmed just before. Then
// nothing tells what was said in the room before we are back, so each room is asked for a history
// that is empty: who isn't in it is refused. See take_probe().
void Client::probe_rooms() {
  if (!has_history() || !is_ready()) {
    return;
  }
  // On the connection before, these were joined again before it was known whether they had to be.
  forgotten_ = std::exchange(unproven_, {rooms_.begin(), rooms_.end()});
  for (const std::string& room : rooms_) {
    HistoryQuestion probe;
    probe.is_probe = true;
    probe.room = room;
    probe.before = false;
    probe.id = INT64_MAX;
    probe.count = 1;
    ask(std::move(probe));
  }
}

void Client::rejoin() {
  rejoined_ = rooms_;
  for (const std::string& room : rooms_) {
    send_to("JOIN:", room);
  }
}

// The session before is over. What it has not acknowledged is not sent again: the server knows an
// id only within its session, so what it had taken would be delivered twice. Nor can the histories
// prove that something was not taken, because private messages of an older session, and what was
// lost in a crash after it was delivered, are not in them. So whoever wrote it is told, with its
// text, and decides. Rooms are another matter: nobody joins twice.
void Client::begin_anew() {
  // An older session has seen more than one that was over at once.
  seen_id_ = std::max(seen_id_, std::exchange(resume_id_, 0));
  greatest_id_ = 0;
  const std::deque<Outbox::Line> unanswered = outbox_.take_all();
  for (const Outbox::Line& line : unanswered) {
    if (line.kind == Outbox::Kind::kJoin) {
      remember_room(line.target);
    } else if (line.kind == Outbox::Kind::kPart) {
      rooms_.erase(line.target);
    }
  }
  unproven_.clear();
  for (const std::string& room : rooms_) {
    join(room);
  }
  handler_.on_ready(name_, Entry::kAnew);
  tell_undelivered(unanswered);
  ask_for_entry();
  if (has_history()) {
    std::vector<std::string> rooms{std::string(kLobby)};
    rooms.insert(rooms.end(), rooms_.begin(), rooms_.end());
    catch_up_.begin(rooms, seen_id_);
    catch_up();
  } else {
    give_up_histories("the server keeps no history");
  }
  check_quitting();
}

}  // namespace chat
