#include <algorithm>
#include <utility>

#include "chat/client/client.h"
#include "reactor/check.h"

namespace chat {

std::optional<reactor::TimePoint> Client::unconfirmed_since() const {
  for (const Outbox::Line& line : outbox_.lines()) {
    if (line.kind == Outbox::Kind::kMessage) {
      return line.since;
    }
  }
  return std::nullopt;
}

SendResult Client::broadcast(std::string_view text) {
  return send_tracked(Outbox::Kind::kMessage, Outbox::kBroadcast, {}, text);
}

SendResult Client::direct(std::string_view name, std::string_view text) {
  return send_tracked(Outbox::Kind::kMessage, "CHAT", name, text);
}

SendResult Client::say(std::string_view room, std::string_view text) {
  return send_tracked(Outbox::Kind::kMessage, "SAY", room, text);
}

SendResult Client::set_topic(std::string_view room, std::string_view text) {
  return send_tracked(Outbox::Kind::kMessage, "TOPIC", room, text);
}

SendResult Client::join(std::string_view room) {
  needs_mark_ = true;
  return send_tracked(Outbox::Kind::kJoin, "JOIN", room, {});
}

SendResult Client::part(std::string_view room) {
  return send_tracked(Outbox::Kind::kPart, "PART", room, {});
}

SendResult Client::list(std::string_view room) {
  return room.empty() ? send_parts({"LIST"}) : send_to("LIST:", room);
}

SendResult Client::rooms() { return send_parts({"ROOMS"}); }

SendResult Client::request(std::string_view name) { return send_to("REQUEST:", name); }

SendResult Client::accept(std::string_view name) { return send_to("ACCEPT:", name); }

SendResult Client::decline(std::string_view name) { return send_to("DECLINE:", name); }

SendResult Client::leave() { return send_parts({"LEAVE"}); }

SendResult Client::send_line(std::string_view line) { return send_parts({line}); }

SendResult Client::history(std::string_view room, std::uint32_t count) {
  CHECK(count > 0 && count <= kHistoryCountMax, "so many messages can't be asked for", count);
  if (!is_ready()) {
    return SendResult::kNotConnected;
  }
  if (!has_history()) {
    return SendResult::kUnsupported;
  }
  if (questions_.size() >= kQuestionsMax) {
    return SendResult::kTooMany;
  }
  HistoryQuestion question;
  question.room = room;
  question.count = count;
  if (room.find(':') != std::string_view::npos || !is_one_line(room)) {
    return SendResult::kMalformed;
  }
  if (question.line().size() > kSentLineBytesMax) {
    return SendResult::kTooLong;
  }
  ask(std::move(question));
  return SendResult::kQueued;
}

// REQUIRES: state_ is kReady, and the question makes a line of the protocol.
void Client::ask(HistoryQuestion question) {
  line_.clear();
  // An entry is set against what is live in front of it, whatever that is.
  const bool is_exact = !question.is_probe && question.kind != HistoryKind::kEntry;
  if (is_exact && std::exchange(needs_mark_, false)) {
    question.mark = std::string(kMark) + std::to_string(++marks_);
    line_ = "PING:" + question.mark + "\n";
  }
  question.client_id = outbox_.next_client_id();
  line_ += "@id=" + question.client_id + " " + question.line() + "\n";
  send_bytes(line_);
  if (questions_.empty()) {
    arm(history_timer_, options_.history_timeout, kHistoryTimer);
  }
  questions_.push_back(std::move(question));
}

SendResult Client::send_to(std::string_view verb, std::string_view target) {
  const bool one_field = target.find(':') == std::string_view::npos;
  return one_field ? send_parts({verb, target}) : SendResult::kMalformed;
}

SendResult Client::send_parts(std::initializer_list<std::string_view> parts) {
  if (state_ != State::kReady) {
    return SendResult::kNotConnected;
  }
  line_.clear();
  for (const std::string_view part : parts) {
    line_ += part;
  }
  if (!is_one_line(line_)) {
    return SendResult::kMalformed;
  }
  if (line_.size() > kSentLineBytesMax) {
    return SendResult::kTooLong;
  }
  line_ += '\n';
  send_bytes(line_);
  return SendResult::kQueued;
}

// Sends what has to be there for what is sent after it, under an id if the server wants that.
SendResult Client::send_tracked(Outbox::Kind kind, std::string_view verb, std::string_view target,
                                std::string_view text) {
  if (!is_ready()) {
    return SendResult::kNotConnected;
  }
  Outbox::Line line{kind, {}, verb, std::string(target), std::string(text), reactor_.now()};
  line_ = line.text_on_the_wire();
  if (target.find(':') != std::string_view::npos || !is_one_line(line_)) {
    return SendResult::kMalformed;
  }
  if (line_.size() > kSentLineBytesMax) {
    return SendResult::kTooLong;
  }
  if (!grants("ack")) {
    write(line);
    return SendResult::kQueued;
  }
  if (outbox_.is_full()) {
    return SendResult::kTooMany;
  }
  line.client_id = outbox_.next_client_id();
  write(outbox_.add(std::move(line)));
  return SendResult::kQueued;
}

void Client::write(const Outbox::Line& line) {
  line_.clear();
  if (!line.client_id.empty()) {
    line_ = "@id=" + line.client_id + " ";
  }
  line_ += line.text_on_the_wire();
  line_ += '\n';
  send_bytes(line_);
}

bool Client::grants(std::string_view capability) const {
  std::string_view granted = capabilities_;
  while (!granted.empty()) {
    const std::string_view one = granted.substr(0, granted.find(','));
    if (one == capability) {
      return true;
    }
    granted.remove_prefix(std::min(granted.size(), one.size() + 1));
  }
  return false;
}

bool Client::is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace chat
