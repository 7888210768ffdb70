#include "chat/client/outbox.h"

#include <algorithm>
#include <utility>

#include "chat/client/same_name.h"
#include "reactor/check.h"

namespace chat {

std::string Outbox::Line::text_on_the_wire() const {
  std::string line(verb);
  line += ':';
  if (verb == kBroadcast) {
    return line + text;
  }
  line += target;
  return kind == Kind::kMessage ? line + ":" + text : line;
}

const Outbox::Line& Outbox::add(Line line) {
  CHECK(!is_full(), "more is sent than may be unanswered", lines_.size());
  message_count_ += line.kind == Kind::kMessage ? 1 : 0;
  return lines_.emplace_back(std::move(line));
}

std::optional<Outbox::Line> Outbox::take(std::string_view client_id) {
  const auto found = std::find_if(lines_.begin(), lines_.end(), [client_id](const Line& line) {
    return line.client_id == client_id;
  });
  if (found == lines_.end()) {
    return std::nullopt;
  }
  Line line = std::move(*found);
  lines_.erase(found);
  message_count_ -= line.kind == Kind::kMessage ? 1 : 0;
  return line;
}

bool Outbox::holds(Kind kind, std::string_view room) const {
  return std::any_of(lines_.begin(), lines_.end(), [&](const Line& line) {
    return line.kind == kind && same_name(line.target, room);
  });
}

void Outbox::settle(Kind kind, std::string_view room) {
  const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) {
    return line.kind == kind && same_name(line.target, room);
  });
  if (found != lines_.end()) {
    lines_.erase(found);
  }
}

std::deque<Outbox::Line> Outbox::take_all() {
  message_count_ = 0;
  return std::exchange(lines_, {});
}

}  // namespace chat
