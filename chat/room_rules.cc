#include "chat/room_rules.h"

#include <algorithm>

#include "chat/masks.h"

namespace chat {
namespace {

bool is_in(const MaskMatcher& who, const RoomModes::Masks& masks) {
  return std::ranges::any_of(masks,
                             [&](const RoomModes::Mask& mask) { return who.matches(mask.text); });
}

MaskMatcher matcher_of(const Client& client) {
  MaskMatcher matcher;
  matcher.look_at({client.name, "!", client.origin});
  return matcher;
}

bool is_banned(const Room& room, const Client& client) {
  if (room.modes.bans.empty()) {
    return false;
  }
  const MaskMatcher who = matcher_of(client);
  return is_in(who, room.modes.bans) && !is_in(who, room.modes.exceptions);
}

// Null for who has none.
const Client::Invitation* invitation_to(const Room& room, const Client& client) {
  if (!client.particulars) {
    return nullptr;
  }
  const auto& invitations = client.particulars->invitations;
  const auto found = std::ranges::find(invitations, room.id, &Client::Invitation::room);
  return found == invitations.end() ? nullptr : &*found;
}

bool is_always_invited(const Room& room, const Client& client) {
  return !room.modes.invite_exceptions.empty() &&
         is_in(matcher_of(client), room.modes.invite_exceptions);
}

}  // namespace

Role role_of(const Room& room, const Client& client) {
  const auto found = room.roles.find(&client);
  return found == room.roles.end() ? Role() : found->second;
}

bool may_see(const Room& room, const Client& client) {
  return !room.modes.is_secret || Rooms::is_member(client, room);
}

bool may_find(const Client& other, const Client& client) {
  const bool is_invisible = other.particulars && other.particulars->is_invisible;
  return !is_invisible || &other == &client ||
         std::ranges::any_of(other.rooms, [&](const Client::Stay& stay) {
           return Rooms::is_member(client, *stay.room);
         });
}

Refusal may_join(const Room& room, const Client& client, std::string_view key) {
  const RoomModes& modes = room.modes;
  const Client::Invitation* invitation = invitation_to(room, client);
  const bool is_past_bans = invitation != nullptr && invitation->is_by_operator;
  if (!is_past_bans && is_banned(room, client)) {
    return Refusal::kBanned;
  }
  if (modes.is_for_invited && invitation == nullptr && !is_always_invited(room, client)) {
    return Refusal::kInviteOnly;
  }
  if (!modes.key.empty() && key != modes.key) {
    return Refusal::kWrongKey;
  }
  if (modes.members_max > 0 && room.members.size() >= modes.members_max && invitation == nullptr) {
    return Refusal::kRoomIsFull;
  }
  return Refusal::kNone;
}

Refusal may_speak(const Room& room, const Client& client) {
  const RoomModes& modes = room.modes;
  if (modes.is_for_members && !Rooms::is_member(client, room)) {
    return Refusal::kCannotSpeak;
  }
  if ((modes.is_moderated || !modes.bans.empty()) && !role_of(room, client) &&
      (modes.is_moderated || is_banned(room, client))) {
    return Refusal::kCannotSpeak;
  }
  return Refusal::kNone;
}

}  // namespace chat
