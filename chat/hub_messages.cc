#include "chat/hub.h"
#include "chat/room_rules.h"

namespace chat {

void Hub::post(Client& sender, const Room& room, const Command& command) {
  if (was_sent_before(sender) || !may_send(sender)) {
    return;
  }
  Event event = make(EventKind::kMessage);
  event.room_id = room.id;
  event.except = sender.session;
  event.id = take_id();
  event.room = room.name;
  set_message(event, sender, command);
  emit(event);
  keep(event, room.name, sender);
  echo(sender, event);
}

void Hub::post_private(Client& sender, const Client& to, const Command& command) {
  if (was_sent_before(sender) || !may_send(sender)) {
    return;
  }
  Event event = make(EventKind::kDirect);
  event.to = to.session;
  event.id = take_id();
  event.room = to.name;
  set_message(event, sender, command);
  if (event.to) {  // else it waits in the store
    deliver(event);
  }
  keep(event, to.name, sender);
  note_correspondent(sender, to.name);
  note_correspondent(*clients_.find(to.id), sender.name);
  echo(sender, event);
  tell_if_away(sender, to);
}

void Hub::set_message(Event& event, Client& sender, const Command& command) {
  sender.spoke_unix_ms = time_.unix_ms;
  set_subject(event, sender);
  event.text = command.text;
  event.tags = command.tags;
  event.notice = command.notice;
}

// The sender learns what has become of it: its number, and its place among the others.
void Hub::echo(const Client& sender, Event event) {
  if (!sender.capabilities.echo) {
    return;
  }
  event.kind = event.kind == EventKind::kTagMessage ? event.kind : EventKind::kEcho;
  event.to = sender.session;
  event.except = {};
  emit(event);
}

void Hub::direct(Client& sender, const Command& command) {
  if (const Client* to = require_client(sender, command.target)) {
    post_private(sender, *to, command);
  }
}

void Hub::say(Client& sender, const Command& command) {
  if (const Room* room = require_room_to_speak(sender, command.target)) {
    post(sender, *room, command);
  }
}

// Null when what the client says does not go there, which it is told.
const Room* Hub::require_room_to_speak(const Client& client, std::string_view room_name) {
  const Room* room = require_room(client, room_name);
  if (room == nullptr || may_speak(*room, client) == Refusal::kNone) {
    return room;
  }
  if (Rooms::is_member(client, *room)) {
    refuse(client.session, Refusal::kCannotSpeak, room_name,
           {"only who has voice, and is not banned, may speak in this room"}, room->name);
  } else {
    refuse(client.session, Refusal::kCannotSpeak, room_name,
           {"you are not in this room; JOIN:", room->name, " first"}, room->name);
  }
  return nullptr;
}

void Hub::plain(Client& sender, const Command& command) {
  if (const auto peer = private_chats_.peer_of(sender.session)) {
    post_private(sender, client_of(*peer), command);
  } else {
    post(sender, rooms_.lobby(), command);
  }
}

// Only IRC clients tell each other such things, and nobody keeps them.
void Hub::tag_message(Client& sender, const Command& command) {
  Event event = make(EventKind::kTagMessage);
  event.id = ++tag_messages_;
  set_subject(event, sender);
  event.tags = command.tags;
  if (command.target.starts_with('#')) {
    const Room* room = require_room_to_speak(sender, command.target.substr(1));
    if (room == nullptr) {
      return;
    }
    event.room_id = room->id;
    event.room = room->name;
    event.except = sender.session;
    if (room->irc_members > 0) {
      emit(event);
    }
  } else {
    const Client* to = require_client(sender, command.target);
    if (to == nullptr) {
      return;
    }
    event.to = to->session;
    event.room = to->name;
    if (to->capabilities.irc) {
      deliver(event);
    }
  }
  echo(sender, event);
}

}  // namespace chat
