#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "chat/message.h"
#include "reactor/net.h"

namespace chat {

// Gathers who came to and went from which room for a short while, so that a thousand arrivals in
// a second become a few notices to each member and not a thousand. Someone who came and went, or
// went and came back, within one interval is not told at all. A plain state machine, owned by the
// Hub.
class Presence {
 public:
  explicit Presence(reactor::Duration interval) : interval_(interval) {}

  void joined(RoomId room, std::string_view name, reactor::TimePoint now);
  void left(RoomId room, std::string_view name, reactor::TimePoint now);
  // The room is gone and with it everybody who could be told.
  void forget(RoomId room);

  // When the gathered notices are due; nothing gathered: none.
  std::optional<reactor::TimePoint> due() const { return due_; }

  using Names = std::set<std::string, std::less<>>;
  struct Changes {
    Names joined;
    Names left;
  };
  // Hands over everything gathered and begins anew.
  std::map<RoomId, Changes> take();

 private:
  // Someone who did the opposite before takes that back.
  void note(RoomId room, std::string_view name, reactor::TimePoint now, Names Changes::*to,
            Names Changes::*opposite);
  void rest_if_empty();

  reactor::Duration interval_;
  std::map<RoomId, Changes> changes_;
  std::optional<reactor::TimePoint> due_;
};

}  // namespace chat
