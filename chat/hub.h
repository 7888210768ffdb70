#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/presence.h"
#include "reactor/net.h"

namespace chat {

// Receives what the hub decides, in the one order that everybody sees. The event's views are valid
// during the call only.
class EventSink {
 public:
  virtual void on_event(const Event& event) = 0;

 protected:
  ~EventSink() = default;
};

// The single writer of the chat: who is here under which name, who is in which room, who talks to
// whom in private, and the number of the next message. A plain state machine: commands in, events
// out; no sockets, no threads, no clock but the times it is given. Owned by shard 0's side of the
// server and used on that thread only. A peer can send anything in any order: every command gets
// an answer or an ERROR event, and none breaks the state.
class Hub {
 public:
  struct Time {
    reactor::TimePoint now;      // for deadlines
    std::int64_t unix_ms = 0;  // for time stamps
  };

  // sink is not owned and outlives the hub; it must not call back into the hub.
  Hub(const Limits& limits, EventSink& sink);

  void apply(SessionRef from, const Command& command, Time time);
  // Does what is due: expires requests for private chats, sends gathered presence notices.
  void tick(Time time);
  // When tick has something to do next.
  std::optional<reactor::TimePoint> next_deadline() const;

  // From now on every command is refused with kUnavailable, but for leaving.
  void begin_drain() { draining_ = true; }

  // How many members of the room each shard has, indexed by shard; shorter than the number of
  // shards when the rest has none. Empty for a room that does not exist. Valid until apply.
  const std::vector<std::uint32_t>& members_by_shard(RoomId room) const;

  std::size_t client_count() const { return clients_.size(); }
  std::size_t room_count() const { return rooms_by_name_.size(); }
  MessageId last_id() const { return next_id_ - 1; }

 private:
  // The author of hub.cc completes this part.
};

}  // namespace chat
