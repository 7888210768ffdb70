#pragma once

#include <string_view>

#include "chat/message.h"
#include "chat/rooms.h"

// Who may do what in a room: the same for every protocol.
namespace chat {

// Nothing for who is no member, or has no role.
Role role_of(const Room& room, const Client& client);

// Whether the room is there for the client: a secret one is only for its members.
bool may_see(const Room& room, const Client& client);

// Whether the client finds the other one when it does not ask for it by its name: who is invisible
// is found by who shares a room with it. In the lobby everybody is, so that one does not count.
bool may_find(const Client& other, const Client& client);

// kNone, or why the client, which is no member, may not come in. key: what it has given.
Refusal may_join(const Room& room, const Client& client, std::string_view key);

// kNone, or why what the client says, member or not, does not go to the room.
Refusal may_speak(const Room& room, const Client& client);

}  // namespace chat
