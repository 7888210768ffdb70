#include <algorithm>
#include <string>

#include "chat/hub.h"

namespace chat {
namespace {

constexpr std::string_view kNotBack = "connection lost";

}  // namespace

void Hub::recover(const Recovered& recovered, Time start) {
  time_ = start;
  next_id_ = recovered.last_id + 1;
  kept_id_ = recovered.last_id;
  ids_reserved_ = recovered.ids_reserved;
  ids_asked_for_ = recovered.ids_reserved;
  for (const Recovered::Session& session : recovered.sessions) {
    Client& client = clients_.add({}, session.audience.name());
    clients_.set_token(client, session.token);
    client.capabilities.resume = true;
    client.came_unix_ms = start.unix_ms;
    client.spoke_unix_ms = start.unix_ms;
    identify(client, {}, {});
    client.since = session.audience.since();
    client.named_since = client.since;
    clients_.detach(client, start.now + limits_.resume_window);
    for (const Audience::Stay& stay : session.audience.stays()) {
      recover_stay(client, stay);
    }
    Rooms::enter(client, rooms_.lobby(), client.since);
  }
  end_oldest_sessions(limits_.detached_max);
  recover_rooms(recovered);
  for (const Recovered::Retry& retry : recovered.retries) {
    if (const Client* client = clients_.find_by_token(retry.session)) {
      retries_.remember(client->id, retry.client_id, retry.id, retry.unix_ms);
    }
  }
}

// Those that nobody can come back to are gone.
void Hub::recover_rooms(const Recovered& recovered) {
  for (const Recovered::RoomState& state : recovered.rooms) {
    if (Room* room = rooms_.find(state.room)) {
      recover_state(*room, state.room, state.text);
    } else {
      forget_room(state.room);
    }
  }
  for (const Recovered::RoomTopic& topic : recovered.topics) {
    if (Room* room = rooms_.find(topic.room)) {
      room->topic = {topic.text, topic.set_by, topic.id, topic.unix_ms};
    } else {
      forget_room(topic.room);
    }
  }
}

void Hub::recover_stay(Client& client, const Audience::Stay& stay) {
  if (stay.until > 0) {
    client.resumable->past.push_back(stay);
  } else {
    Room* room = rooms_.find(stay.room);
    if (room == nullptr) {
      room = &rooms_.create(stay.room);
      room->made_unix_ms = time_.unix_ms;
    }
    Rooms::enter(client, *room, stay.since);
  }
}

// Gives the client a token to come back with; it may have one.
void Hub::begin_session(Client& client) {
  if (client.is_resumable() || !store_failure_.empty()) {
    return;  // without one it can't come back, but it can chat
  }
  clients_.set_token(client, make_token_());
  keep(Record::Kind::kSessionBegan, client, {}, client.since);
  for (const Client::Stay& stay : client.rooms) {
    keep(Record::Kind::kJoined, client, stay.room->name, stay.since);
    keep_state(*stay.room);
  }
  tell(client.session, EventKind::kSession, {}, client.token());
}

// why: in words for the others; may be empty.
void Hub::disconnect(SessionRef from, std::string_view why) {
  Client* client = clients_.find(from);
  if (client == nullptr) {
    return;
  }
  if (!client->is_resumable() || limits_.resume_window.count() == 0 || limits_.detached_max == 0) {
    remove(*client, why.empty() ? "connection closed" : why);
    return;
  }
  forget_private_chats(*client);
  end_oldest_sessions(limits_.detached_max - 1);
  clients_.detach(*client, time_.now + limits_.resume_window);
  Rooms::move(*client, rooms_.lobby(), from);
  for (const Client::Stay& stay : client->rooms) {
    Rooms::move(*client, *stay.room, from);
  }
}

void Hub::resume(SessionRef from, const Command& command) {
  Client* client = clients_.find_by_token(command.target);
  if (client == nullptr) {
    refuse(from, Refusal::kNoSuchSession, {},
           {"this session is over, or never was; REGISTER:<name> begins a new one"});
    return;
  }
  if (client->session) {
    forget_private_chats(*client);
  }
  const SessionRef before = clients_.attach(*client, from);
  client->capabilities = command.capabilities;
  identify(*client, {}, command.host);
  if (before) {
    tell(before, EventKind::kBye, {}, "resumed by another connection");
  }
  Rooms::move(*client, rooms_.lobby(), before);
  for (const Client::Stay& stay : client->rooms) {
    Rooms::move(*client, *stay.room, before);
  }
  const MessageId after = std::min(command.id, last_id());
  tell_what_is_heard(*client, after);
  Event event = make(EventKind::kResumed);
  event.to = from;
  set_subject(event, *client);
  event.id = after;
  event.from = last_id();
  emit(event);
}

// The shard knows what to look for when it is told that the session goes on. The lobby comes first:
// private messages are heard from there on, too.
void Hub::tell_what_is_heard(const Client& client, MessageId after) {
  const auto tell_of = [&](RoomId room_id, std::string_view room, MessageId since,
                           MessageId until) {
    Event event = make(EventKind::kHeard);
    event.to = client.session;
    event.subject = client.name;
    event.room_id = room_id;
    event.room = room;
    event.from = since;
    event.id = until;
    emit(event);
  };
  tell_of(kLobby, kLobbyName, client.since, 0);
  for (const Audience::Stay& stay : client.resumable->past) {
    if (stay.until > after) {
      tell_of(kNoRoom, stay.room, stay.since, stay.until);
    }
  }
  for (const Client::Stay& stay : client.rooms) {
    tell_of(stay.room->id, stay.room->name, stay.since, 0);
  }
}

void Hub::end_overdue_sessions() {
  while (Client* client = clients_.find_overdue(time_.now)) {
    remove(*client, kNotBack);
  }
}

void Hub::end_oldest_sessions(std::size_t detached_max) {
  while (clients_.detached_count() > detached_max) {
    remove(*clients_.find_overdue(reactor::TimePoint::max()), kNotBack);
  }
}

// The client leaves a room that it may have missed something of.
void Hub::note_past(Client& client, const Room& room, MessageId since) {
  if (!client.is_resumable()) {
    return;
  }
  if (client.resumable->past.size() >= kPastStaysMax) {
    client.resumable->past.erase(client.resumable->past.begin());
  }
  if (last_id() > since) {
    client.resumable->past.push_back({history_key_of_room(room.name), since, last_id()});
  }
  keep(Record::Kind::kParted, client, room.name, last_id());
}

void Hub::keep(Record::Kind kind, const Client& client, std::string_view room, MessageId id) {
  Record record;
  record.kind = kind;
  record.id = id;
  record.unix_ms = time_.unix_ms;
  record.room = room;
  record.sender = client.name;
  record.session = client.token();
  journal_.append(record);
}

}  // namespace chat
