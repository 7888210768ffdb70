#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "chat/message.h"
#include "chat/session.h"

namespace chat {

// Which sessions of one shard are in which room: what a fan-out walks along. A member carries
// what the walk needs, so that it doesn't touch the session. Owned by the Shard.
class Members {
 public:
  struct Member {
    reactor::Connection* connection = nullptr;
    Session* session = nullptr;
    WireFormat format = WireFormat::kByHand;
    bool wants_presence = false;
  };

  // Nothing happens when it is a member already.
  void add(RoomId room, Session& session);
  // Nothing happens when it is none.
  void remove(RoomId room, Session& session);
  void remove_from_all(Session& session);
  // The session speaks another format now.
  void refresh(Session& session);

  std::span<const Member> of(RoomId room) const;

 private:
  std::unordered_map<RoomId, std::vector<Member>> rooms_;
};

}  // namespace chat
