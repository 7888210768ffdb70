#include "chat/hub.h"
#include "chat/names.h"
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

void Hub::list(SessionRef to, std::string_view room_name) {
  const Room* room = room_name.empty() ? &rooms_.lobby() : rooms_.find(room_name);
  if (room == nullptr) {
    refuse_unknown_room(to, room_name);
    return;
  }
  text_.clear();
  for (const Client* member : room->members) {
    append_item(text_, member->name);
  }
  tell(to, EventKind::kClientList, room_name.empty() ? std::string_view() : room->name, text_);
}

void Hub::list_rooms(SessionRef to) {
  text_.clear();
  append_room(text_, rooms_.lobby());
  for (const Room* room : rooms_.by_name()) {
    if (room->id != kLobby) {
      append_room(text_, *room);
    }
  }
  tell(to, EventKind::kRoomList, {}, text_);
}

void Hub::join(Client& client, std::string_view room_name) {
  if (!is_valid_name(room_name, limits_.room_name_length_max)) {
    refuse(client.session, ErrorCode::kInvalidName, room_name,
           {"the name of a room begins with a letter or _ and goes on with letters, digits, _ or "
            "-, at most ",
            std::to_string(limits_.room_name_length_max), " in all"});
    return;
  }
  Room* room = rooms_.find(room_name);
  if (room != nullptr && Rooms::is_member(client, *room)) {
    tell_of_room(client.session, EventKind::kJoined, *room);
    return;
  }
  if (client.rooms.size() >= limits_.rooms_per_client_max) {
    refuse(client.session, ErrorCode::kForbidden, room_name,
           {"nobody can be in more than ", std::to_string(limits_.rooms_per_client_max),
            " rooms; PART from one first"});
    return;
  }
  if (client.is_resumable() && !may_send(client)) {
    return;  // the stay is to be kept, too
  }
  if (room == nullptr) {
    const std::size_t rooms_beside_lobby = rooms_.size() - 1;
    if (rooms_beside_lobby >= limits_.rooms_max) {
      refuse(client.session, ErrorCode::kUnavailable, room_name,
             {"there is no place for another room; ROOMS tells which there are"});
      return;
    }
    room = &rooms_.create(room_name);
  }
  Rooms::enter(client, *room, last_id());
  if (client.is_resumable()) {
    keep(Record::Kind::kJoined, client, room->name, last_id());
  }
  tell_of_room(client.session, EventKind::kJoined, *room);
  if (!room->topic.text.empty()) {
    tell_topic(client.session, *room);
  }
  presence_.joined(room->id, client.name, time_.now);
}

void Hub::part(Client& client, std::string_view room_name) {
  Room* room = require_membership(client, room_name);
  if (room == nullptr) {
    return;
  }
  if (room->id == kLobby) {
    refuse(client.session, ErrorCode::kForbidden, room_name,
           {"everybody is in the lobby; QUIT leaves the chat"});
    return;
  }
  tell_of_room(client.session, EventKind::kParted, *room);
  note_past(client, *room, since(client, *room));
  leave_room(client, *room);
}

void Hub::leave_room(Client& client, Room& room) {
  const RoomId id = room.id;
  if (room.members.size() == 1 && !room.topic.text.empty()) {
    forget_topic(room.name);
  }
  if (rooms_.leave(client, room)) {
    presence_.forget(id);
  } else {
    presence_.left(id, client.name, time_.now);
  }
}

void Hub::forget_topic(std::string_view room_name) {
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
    refuse(client.session, ErrorCode::kForbidden, room_name,
           {"the lobby has no topic; JOIN a room to set one there"});
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
  event.subject = client.name;
  event.text = text;
  sink_.on_event(event);
  keep(event, room->name, client);
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
  sink_.on_event(event);
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
  sink_.on_event(event);
}

Room* Hub::require_membership(const Client& client, std::string_view room_name) {
  Room* room = rooms_.find(room_name);
  if (room == nullptr) {
    refuse_unknown_room(client.session, room_name);
    return nullptr;
  }
  if (!Rooms::is_member(client, *room)) {
    refuse(client.session, ErrorCode::kForbidden, room_name,
           {"you are not in this room; JOIN:", room->name, " first"});
    return nullptr;
  }
  return room;
}

void Hub::refuse_unknown_room(const SessionRef& to, std::string_view room_name) {
  refuse(to, ErrorCode::kUnknownTarget, room_name,
         {"there is no such room; ROOMS tells which there are, JOIN makes a new one"});
}

void Hub::tell_of_room(const SessionRef& to, EventKind kind, const Room& room) {
  Event event = make(kind);
  event.to = to;
  event.room_id = room.id;
  event.room = room.name;
  event.from = last_id();
  sink_.on_event(event);
}

}  // namespace chat
