#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chat/cloaks.h"
#include "chat/message.h"
#include "chat/names.h"
#include "chat/room_modes.h"
#include "chat/storage/audience.h"
#include "reactor/net.h"

namespace chat {

struct Room;

// Somebody who has registered. Owned by Clients; rooms refer to it while it is a member.
struct Client {
  struct Stay {
    Room* room = nullptr;
    MessageId since = 0;  // the last message before
  };
  // What it takes to come back after a lost connection.
  struct Session {
    std::string token;
    reactor::TimePoint detached_until;  // while there is no connection
    // Rooms that it has left, for as long as it may ask for what it has missed there; the oldest go
    // first when they are too many.
    std::vector<Audience::Stay> past;
  };
  struct Invitation {
    RoomId room = 0;
    bool is_by_operator = false;
  };
  // What only some have, IRC clients mostly.
  struct Particulars {
    std::string real_name;                // empty: the name
    std::string away;                     // why; empty: is here
    std::vector<Invitation> invitations;  // the oldest first; one for each room
    std::vector<std::string> watched;     // names
    // With whom there were private messages under its name, whoever wrote; the latest last.
    std::vector<std::string> correspondents;
    bool is_invisible = false;  // has said so; see may_find
  };

  bool is_resumable() const { return resumable != nullptr; }
  // Empty when it can't be resumed.
  std::string_view token() const { return is_resumable() ? resumable->token : std::string_view(); }
  std::string_view user() const { return std::string_view(origin).substr(0, origin.find('@')); }
  std::string_view host() const { return std::string_view(origin).substr(origin.find('@') + 1); }
  std::string_view real_name() const {
    return particulars && !particulars->real_name.empty() ? particulars->real_name : name;
  }
  std::string_view away() const {
    return particulars ? std::string_view(particulars->away) : std::string_view();
  }
  Particulars& make_particulars() {
    if (!particulars) {
      particulars = std::make_unique<Particulars>();
    }
    return *particulars;
  }

  ClientId id = 0;
  SessionRef session;  // none while the connection is lost and may be resumed
  std::string name;
  std::string origin;              // "user@host", as others are told
  Cloaks::Cloak* cloak = nullptr;  // of its address; null: it needs none
  Capabilities capabilities;
  std::int64_t came_unix_ms = 0;
  std::int64_t spoke_unix_ms = 0;  // last; or came
  MessageId since = 0;             // the last message before
  MessageId named_since = 0;       // the last message before it had this name
  std::vector<Stay> rooms;         // without the lobby, where everybody is
  std::unique_ptr<Session> resumable;
  std::unique_ptr<Particulars> particulars;
};

// What a member may do that others may not.
struct Role {
  bool is_operator = false;
  bool has_voice = false;

  bool operator==(const Role&) const = default;
  explicit operator bool() const { return is_operator || has_voice; }
};

struct Topic {
  std::string text;  // empty: the room has no topic
  std::string set_by;
  MessageId id = 0;
  std::int64_t unix_ms = 0;
};

struct Room {
  RoomId id = kNoRoom;
  std::string name;
  std::int64_t made_unix_ms = 0;
  std::set<const Client*, ByName> members;
  std::map<const Client*, Role, ByName> roles;  // of the members that have one
  std::vector<std::uint32_t> members_by_shard;
  std::uint32_t irc_members = 0;  // who are told at once who comes and goes
  Topic topic;
  RoomModes modes;
  bool is_kept = false;  // somebody who can come back has been there: its state is in the store
};

// Which rooms there are and who is in them. The lobby always is; every other room lives while it
// has members. Since everybody is in the lobby, its members also are the directory of all names.
// A plain state machine, owned by the Hub.
class Rooms {
 public:
  Rooms();

  Room& lobby() { return *lobby_; }
  const Room& lobby() const { return *lobby_; }
  // Null when there is none of this name, ignoring case, or number.
  Room* find(std::string_view name) const;
  const Room* find(RoomId id) const;
  std::size_t size() const { return rooms_.size(); }
  // In the order of the names.
  const std::set<Room*, ByName>& by_name() const { return by_name_; }

  // REQUIRES: no room has this name. The room must be entered next, or nobody will ever remove it.
  Room& create(std::string_view name);
  static bool is_member(const Client& client, const Room& room);
  // since: the last message before. REQUIRES: not a member.
  static void enter(Client& client, Room& room, MessageId since);
  // The client, a member, has another session now, or none.
  static void move(const Client& client, Room& room, const SessionRef& from);
  // The client is called so from now on, in all its rooms. REQUIRES: nobody else is.
  void rename(Client& client, std::string_view name);
  // Removes the room as well when the client was its last member and it is not the lobby; returns
  // whether it did. REQUIRES: a member.
  bool leave(Client& client, Room& room);

 private:
  static void count(Room& room, const SessionRef& session, int change);

  std::unordered_map<RoomId, Room> rooms_;
  std::set<Room*, ByName> by_name_;
  RoomId next_id_ = kLobby;
  Room* lobby_;
};

}  // namespace chat
