#include "chat/presence.h"

#include <utility>

namespace chat {

void Presence::joined(RoomId room, std::string_view name, reactor::TimePoint now) {
  note(room, name, now, &Changes::joined, &Changes::left);
}

void Presence::left(RoomId room, std::string_view name, reactor::TimePoint now) {
  note(room, name, now, &Changes::left, &Changes::joined);
}

void Presence::forget(RoomId room) {
  changes_.erase(room);
  rest_if_empty();
}

std::map<RoomId, Presence::Changes> Presence::take() {
  due_.reset();
  return std::exchange(changes_, {});
}

void Presence::note(RoomId room, std::string_view name, reactor::TimePoint now, Names Changes::*to,
                    Names Changes::*opposite) {
  Changes& changes = changes_[room];
  const auto undone = (changes.*opposite).find(name);
  if (undone == (changes.*opposite).end()) {
    (changes.*to).emplace(name);
    if (!due_) {
      due_ = now + interval_;
    }
    return;
  }
  (changes.*opposite).erase(undone);
  if (changes.joined.empty() && changes.left.empty()) {
    changes_.erase(room);
    rest_if_empty();
  }
}

void Presence::rest_if_empty() {
  if (changes_.empty()) {
    due_.reset();
  }
}

}  // namespace chat
