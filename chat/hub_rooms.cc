#include "chat/hub.h"
#include "chat/names.h"
#include "chat/room_rules.h"
#include "reactor/check.h"

namespace chat {
namespace {

// Appends an item of a comma-separated list.
void append_item(std::string& list, std::string_view item) {
  if (!list.empty()) {
    list += ',';
  }
  list += item;
}

void append_room(std::string& list, const Room& room) {
  append_item(list, room.name);
  list += '=';
  list += std::to_string(room.members.size());
}

}  // namespace

void Hub::list(const Client& client, std::string_view room_name) {
  const Room* room = room_name.empty() ? &rooms_.lobby() : rooms_.find(room_name);
  if (room == nullptr || !may_see(*room, client)) {
    refuse_unknown_room(client.session, room_name);
    return;
  }
  text_.clear();
  for (const Client* member : room->members) {
    append_item(text_, member->name);
  }
  tell(client.session, EventKind::kClientList, room_name.empty() ? std::string_view() : room->name,
       text_);
}

void Hub::list_rooms(const Client& client) {
  text_.clear();
  append_room(text_, rooms_.lobby());
  for (const Room* room : rooms_.by_name()) {
    if (room->id != kLobby && may_see(*room, client)) {
      append_room(text_, *room);
    }
  }
  tell(client.session, EventKind::kRoomList, {}, text_);
}

void Hub::join(Client& client, std::string_view room_name, std::string_view key) {
  if (!is_valid_name(room_name, limits_.room_name_length_max)) {
    refuse(client.session, Refusal::kInvalidRoomName, room_name,
           {"the name of a room begins with a letter or _ and goes on with letters, digits, _ or "
            "-, at most ",
            std::to_string(limits_.room_name_length_max), " in all"},
           room_name);
    return;
  }
  Room* room = rooms_.find(room_name);
  if (room != nullptr && Rooms::is_member(client, *room)) {
    if (!client.capabilities.irc) {  // there this is no question
      tell_of_room(client, EventKind::kJoined, *room, client.real_name());
    }
    return;
  }
  if (client.rooms.size() >= limits_.rooms_per_client_max) {
    refuse(client.session, Refusal::kTooManyRooms, room_name,
           {"nobody can be in more than ", std::to_string(limits_.rooms_per_client_max),
            " rooms; PART from one first"},
           room_name);
    return;
  }
  const Refusal refusal = room == nullptr ? Refusal::kNone : may_join(*room, client, key);
  if (refusal != Refusal::kNone) {
    refuse_join(client, *room, room_name, refusal);
    return;
  }
  if (client.is_resumable() && !may_send(client)) {
    return;  // the stay is to be kept, too
  }
  room = room == nullptr ? create_room(client, room_name) : room;
  if (room != nullptr) {
    enter(client, *room);
  }
}

// Null when there is no place, which the client is told.
Room* Hub::create_room(const Client& client, std::string_view room_name) {
  const std::size_t rooms_beside_lobby = rooms_.size() - 1;
  if (rooms_beside_lobby >= limits_.rooms_max) {
    refuse(client.session, Refusal::kNoRoomLeft, room_name,
           {"there is no place for another room; ROOMS tells which there are"}, room_name);
    return nullptr;
  }
  Room& room = rooms_.create(room_name);
  room.made_unix_ms = time_.unix_ms;
  return &room;
}

void Hub::enter(Client& client, Room& room) {
  if (room.members.empty()) {
    room.roles[&client].is_operator = true;
  }
  if (client.particulars) {
    std::erase_if(client.particulars->invitations,
                  [&](const Client::Invitation& one) { return one.room == room.id; });
  }
  Rooms::enter(client, room, last_id());
  if (client.is_resumable()) {
    keep(Record::Kind::kJoined, client, room.name, last_id());
    if (!room.is_kept) {
      keep_state(room);
    }
  }
  confirm_join(client, room);
  tell_who_joined(client, room);
}

void Hub::confirm_join(const Client& client, const Room& room) {
  tell_of_room(client, EventKind::kJoined, room, client.real_name());
  if (!room.topic.text.empty()) {
    tell_topic(client.session, room);
  }
  if (client.capabilities.irc) {
    irc_.names_in(client, room);
  }
}

void Hub::part(Client& client, std::string_view room_name, std::string_view why) {
  if (room_name.empty() && client.capabilities.irc) {
    return part_from_all(client, why);
  }
  Room* room = require_membership(client, room_name);
  if (room == nullptr) {
    return;
  }
  if (room->id == kLobby) {
    refuse(client.session, Refusal::kNotInLobby, room_name,
           {"everybody is in the lobby; QUIT leaves the chat"}, room_name);
    return;
  }
  tell_of_room(client, EventKind::kParted, *room, why);
  tell_irc_members(EventKind::kLeft, *room, client, why, client.session);
  note_past(client, *room, since(client, *room));
  leave_room(client, *room);
}

void Hub::part_from_all(Client& client, std::string_view why) {
  while (!client.rooms.empty()) {
    part(client, std::string(client.rooms.front().room->name), why);
  }
}

void Hub::leave_room(Client& client, Room& room) {
  const RoomId id = room.id;
  const bool had_kept_role = room.is_kept && client.is_resumable() && role_of(room, client);
  if (room.members.size() == 1 && (room.is_kept || !room.topic.text.empty())) {
    forget_room(room.name);
  }
  if (rooms_.leave(client, room)) {
    presence_.forget(id);
    return;
  }
  presence_.left(id, client.name, time_.now);
  if (had_kept_role) {
    keep_state(room);
  }
}

void Hub::forget_room(std::string_view room_name) {
  Record record;
  record.kind = Record::Kind::kRoomGone;
  record.room = room_name;
  journal_.append(record);
}

void Hub::set_topic(const Client& client, std::string_view room_name, std::string_view text) {
  Room* room = require_membership(client, room_name);
  if (room == nullptr) {
    return;
  }
  if (room->id == kLobby) {
    refuse(client.session, Refusal::kNotInLobby, room_name,
           {"the lobby has no topic; JOIN a room to set one there"}, room_name);
    return;
  }
  if (room->modes.is_topic_locked && !role_of(*room, client).is_operator) {
    refuse(client.session, Refusal::kNotOperator, room_name,
           {"only the operators of this room set its topic"}, room->name);
    return;
  }
  if (was_sent_before(client) || !may_send(client)) {
    return;
  }
  room->topic = {std::string(text), client.name, take_id(), time_.unix_ms};
  Event event = make(EventKind::kTopic);
  event.room_id = room->id;
  event.id = room->topic.id;
  event.room = room->name;
  set_subject(event, client);
  event.text = text;
  emit(event);
  keep(event, room->name, client);
}

void Hub::topic_of(const Client& client, std::string_view room_name) {
  const Room* room = require_room(client, room_name);
  if (room == nullptr) {
    return;
  }
  if (!may_see(*room, client)) {
    refuse_outsider(client, *room, room_name);
  } else if (room->topic.text.empty()) {
    irc_.no_topic(client, *room);
  } else {
    tell_topic(client.session, *room);
  }
}

void Hub::tell_topic(SessionRef to, const Room& room) {
  Event event = make(EventKind::kTopic);
  event.to = to;
  event.room_id = room.id;
  event.id = room.topic.id;
  event.unix_ms = room.topic.unix_ms;
  event.room = room.name;
  event.subject = room.topic.set_by;
  event.text = room.topic.text;
  emit(event);
}

void Hub::send_presence() {
  for (const auto& [room_id, changes] : presence_.take()) {
    const Room* room = rooms_.find(room_id);
    CHECK(room != nullptr, "notices for a room that is gone", room_id);
    send_presence_notice(EventKind::kPresenceJoined, *room, changes.joined);
    send_presence_notice(EventKind::kPresenceLeft, *room, changes.left);
  }
}

void Hub::send_presence_notice(EventKind kind, const Room& room, const Presence::Names& names) {
  if (names.empty()) {
    return;
  }
  text_.clear();
  for (const std::string& name : names) {
    append_item(text_, name);
  }
  Event event = make(kind);
  event.room_id = room.id;
  event.room = room.name;
  event.text = text_;
  emit(event);
}

Room* Hub::require_membership(const Client& client, std::string_view room_name) {
  Room* room = require_room(client, room_name);
  if (room != nullptr && !Rooms::is_member(client, *room)) {
    refuse_outsider(client, *room, room_name);
    return nullptr;
  }
  return room;
}

Room* Hub::require_room(const Client& client, std::string_view room_name) {
  Room* room = rooms_.find(room_name);
  if (room == nullptr) {
    refuse_unknown_room(client.session, room_name);
  }
  return room;
}

void Hub::refuse_unknown_room(const SessionRef& to, std::string_view room_name) {
  refuse(to, Refusal::kNoSuchRoom, room_name,
         {"there is no such room; ROOMS tells which there are, JOIN makes a new one"}, room_name);
}

void Hub::tell_of_room(const Client& client, EventKind kind, const Room& room,
                       std::string_view text) {
  Event event = make(kind);
  event.to = client.session;
  event.room_id = room.id;
  event.room = room.name;
  set_subject(event, client);
  event.text = text;
  event.from = last_id();
  emit(event);
}

}  // namespace chat
