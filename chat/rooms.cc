#include "chat/rooms.h"

#include <algorithm>
#include <utility>

#include "reactor/check.h"

namespace chat {

Rooms::Rooms() : lobby_(&create(kLobbyName)) {}

Room* Rooms::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : *found;
}

const Room* Rooms::find(RoomId id) const {
  const auto found = rooms_.find(id);
  return found == rooms_.end() ? nullptr : &found->second;
}

Room& Rooms::create(std::string_view name) {
  // Wraps after four billion rooms: by then nothing refers to the early numbers any more but the
  // rooms that still live.
  while (next_id_ == kNoRoom || rooms_.contains(next_id_)) {
    ++next_id_;
  }
  Room& room = rooms_[next_id_];
  room.id = next_id_++;
  room.name = name;
  const bool is_new = by_name_.insert(&room).second;
  CHECK(is_new, "two rooms of one name", name);
  return room;
}

bool Rooms::is_member(const Client& client, const Room& room) {
  return room.id == kLobby ||
         std::any_of(client.rooms.begin(), client.rooms.end(),
                     [&](const Client::Stay& stay) { return stay.room == &room; });
}

void Rooms::enter(Client& client, Room& room, MessageId since) {
  const bool is_new = room.members.insert(&client).second;
  CHECK(is_new, "entered twice", client.name, room.name);
  if (room.id != kLobby) {
    client.rooms.push_back({&room, since});
  }
  room.irc_members += client.capabilities.irc ? 1 : 0;
  count(room, client.session, 1);
}

void Rooms::move(const Client& client, Room& room, const SessionRef& from) {
  count(room, from, -1);
  count(room, client.session, 1);
}

void Rooms::count(Room& room, const SessionRef& session, int change) {
  if (!session) {
    return;
  }
  if (session.shard >= room.members_by_shard.size()) {
    room.members_by_shard.resize(session.shard + std::size_t{1});
  }
  room.members_by_shard[session.shard] += static_cast<std::uint32_t>(change);
}

// Those who are sorted by name are put in their places again.
void Rooms::rename(Client& client, std::string_view name) {
  struct Place {
    Room* room;
    decltype(Room::members)::node_type member;
    decltype(Room::roles)::node_type role;
  };
  std::vector<Place> places;
  const auto take_out = [&](Room& room) {
    places.push_back({&room, room.members.extract(&client), room.roles.extract(&client)});
  };
  take_out(lobby());
  for (const Client::Stay& stay : client.rooms) {
    take_out(*stay.room);
  }
  client.name = name;
  for (Place& place : places) {
    const auto put_back = place.room->members.insert(std::move(place.member));
    CHECK(put_back.inserted, "two members of one name", name, place.room->name);
    place.room->roles.insert(std::move(place.role));
  }
}

bool Rooms::leave(Client& client, Room& room) {
  const std::size_t removed = room.members.erase(&client);
  CHECK(removed == 1, "left without being in", client.name, room.name);
  room.roles.erase(&client);
  room.irc_members -= client.capabilities.irc ? 1 : 0;
  count(room, client.session, -1);
  if (room.id == kLobby) {
    return false;
  }
  std::erase_if(client.rooms, [&](const Client::Stay& stay) { return stay.room == &room; });
  if (!room.members.empty()) {
    return false;
  }
  by_name_.erase(&room);
  rooms_.erase(room.id);
  return true;
}

}  // namespace chat
