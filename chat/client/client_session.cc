#include <algorithm>

#include "chat/client/client.h"

namespace chat {

void Client::on_line(std::string_view text) {
  const ServerLine line = parse_server_line(text);
  if (line.verb == ServerVerb::kBye) {
    said_bye_ = true;
    last_words_ = line.fields[0];
  } else if (state_ == State::kRegistering) {
    on_registration_line(line, text);
  } else {
    on_session_line(line, text);
  }
}

void Client::on_session_line(const ServerLine& line, std::string_view text) {
  if (line.verb == ServerVerb::kPong && (line.fields[0] == kKeepAlive || take_mark(line))) {
    return;
  }
  if (line.verb == ServerVerb::kRoomMessage && !rooms_.contains(line.room) &&
      outbox_.holds(Outbox::Kind::kJoin, line.room)) {
    // We are in it, and the JOINED was lost with a connection.
    remember_room(line.room);
  }
  const bool may_be_history = is_delivery(line.verb) || line.verb == ServerVerb::kGap;
  if (!questions_.empty() &&
      (questions_.front().is_ended_by(line) || questions_.front().is_refused_by(line))) {
    end_question(line);
  } else if (!questions_.empty() && may_be_history) {
    gather(text);
  } else {
    take_line(line, text);
  }
  if (in_session() && questions_.empty() && !catch_up_.is_active()) {
    // The handler has got everything up to here.
    resume_id_ = greatest_id_;
    catch_up_.forget_shown(resume_id_);
  }
}

// A line whose turn it is.
void Client::take_line(const ServerLine& line, std::string_view text) {
  greatest_id_ = std::max(greatest_id_, line.id.value_or(0));
  if (take_answer(line)) {
    check_quitting();
    return;
  }
  switch (line.verb) {
    case ServerVerb::kSession:
      token_ = line.fields[0];
      return;
    case ServerVerb::kJoined:
    case ServerVerb::kParted:
      take_room_line(line);
      check_quitting();
      if (line.verb == ServerVerb::kJoined && take_rejoined(line.fields[0])) {
        return;
      }
      break;
    default:
      break;
  }
  if (line.id && catch_up_.is_active()) {
    if (!catch_up_.hold(line, text)) {
      // What is said now comes again when the session is resumed.
      give_up_histories("too much is said meanwhile");
      drop("too much was said before all histories were complete");
    }
  } else if (!catch_up_.was_shown(line)) {
    handler_.on_line(line);
  }
}

// Whether the line is the answer to something that was sent under an id, and nothing else.
bool Client::take_answer(const ServerLine& line) {
  const bool is_ack = line.verb == ServerVerb::kAck;
  if (!is_ack && (line.verb != ServerVerb::kError || line.client_id.empty())) {
    return false;
  }
  const std::optional<Outbox::Line> sent = outbox_.take(line.client_id);
  if (!sent) {
    return false;
  }
  if (is_ack) {
    handler_.on_acknowledged();
  } else if (sent->kind == Outbox::Kind::kMessage) {
    handler_.on_undelivered({sent->target, sent->text, &line});
  } else {
    rooms_.erase(sent->target);
    handler_.on_line(line);
  }
  return true;
}

void Client::take_room_line(const ServerLine& line) {
  const std::string_view room = line.fields[0];
  if (line.verb == ServerVerb::kParted) {
    outbox_.settle(Outbox::Kind::kPart, room);
    rooms_.erase(std::string(room));
    return;
  }
  outbox_.settle(Outbox::Kind::kJoin, room);
  remember_room(room);
}

// Whether that we are in the room was told only because we have asked to make sure.
bool Client::take_rejoined(std::string_view room) { return rejoined_.erase(std::string(room)) > 0; }

void Client::remember_room(std::string_view room) {
  if (rooms_.size() < kRoomsMax && !same_name(room, kLobby)) {
    rooms_.emplace(room);
  }
}

void Client::check_quitting() {
  if (!quitting_ || state_ != State::kReady) {
    return;
  }
  if (outbox_.is_empty()) {
    say_goodbye();
  } else {
    arm(quit_timer_, options_.quit_timeout, kQuitTimer);
  }
}

void Client::tell_undelivered(const std::deque<Outbox::Line>& lines) {
  for (const Outbox::Line& line : lines) {
    if (line.kind == Outbox::Kind::kMessage) {
      handler_.on_undelivered({line.target, line.text, nullptr});
    }
  }
}

}  // namespace chat
