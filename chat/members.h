#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chat/encoded_event.h"
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
    EncodedEvent::FormatIndex format = 0;
    bool has_feed = false;  // and gets messages from there
  };

  // encoded: knows the formats; not owned.
  explicit Members(EncodedEvent& encoded) : encoded_(encoded) {}

  // Nothing happens when it is a member already. name: the room's.
  void add(RoomId room, std::string_view name, Session& session);
  // Nothing happens when it is none.
  void remove(RoomId room, Session& session);
  void remove_from_all(Session& session);
  static bool is_member(RoomId room, Session& session);
  // The session speaks another format now, or has got or lost its feed.
  void refresh(Session& session);

  std::span<const Member> of(RoomId room) const;
  // REQUIRES: somebody is a member.
  std::string_view name_of(RoomId room) const { return rooms_.at(room).name; }

 private:
  struct Room {
    std::string name;
    std::vector<Member> members;
  };

  Member member_of(Session& session);

  EncodedEvent& encoded_;
  std::unordered_map<RoomId, Room> rooms_;
};

}  // namespace chat
