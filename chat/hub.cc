#include "chat/hub.h"

#include <string>
#include <utility>

#include "chat/names.h"
#include "reactor/check.h"

namespace chat {

Hub::Hub(const Limits& limits, EventSink& sink, Journal& journal, TokenSource make_token,
         const Recovered& recovered, Time start)
    : limits_(limits),
      sink_(sink),
      journal_(journal),
      make_token_(std::move(make_token)),
      retries_(limits.retry_window.count(), limits.retries_max),
      private_chats_(limits),
      presence_(limits.presence_interval) {
  recover(recovered, start);
}

void Hub::apply(SessionRef from, const Command& command, Time time) {
  time_ = time;
  client_id_ = command.client_id;
  switch (command.verb) {
    case Verb::kDisconnect:
      disconnect(from);
      return;
    case Verb::kPeerEnded:
      disconnect(from);
      tell(from, EventKind::kBye, {}, "bye");
      return;
    case Verb::kQuit:
      if (Client* client = clients_.find(from)) {
        remove(*client);
      }
      tell(from, EventKind::kBye, {}, "bye");
      return;
    case Verb::kPing:
      tell(from, EventKind::kPong, {}, command.text);
      return;
    default:
      break;
  }
  if (draining_) {
    refuse(from, ErrorCode::kUnavailable, command.target, {"the server is shutting down"});
    return;
  }
  if (command.verb == Verb::kReject) {
    refuse(from, command.code, command.target, {command.text});
    return;
  }
  if (command.verb == Verb::kHelp) {
    tell(from, EventKind::kHelp, {});
    return;
  }
  if (command.verb == Verb::kHello) {
    hello(from, command);
    return;
  }
  if (Client* client = clients_.find(from)) {
    apply_registered(*client, command);
  } else {
    apply_unregistered(from, command);
  }
}

void Hub::apply_unregistered(SessionRef from, const Command& command) {
  if (command.verb == Verb::kRegister) {
    register_client(from, command);
  } else if (command.verb == Verb::kResume) {
    resume(from, command);
  } else {
    refuse(from, ErrorCode::kRegisterFirst, {}, {"say who you are first: REGISTER:<name>"});
  }
}

void Hub::apply_registered(Client& client, const Command& command) {
  switch (command.verb) {
    case Verb::kRegister:
    case Verb::kResume:
      refuse(client.session, ErrorCode::kForbidden,
             command.verb == Verb::kRegister ? command.target : std::string_view(),
             {"already registered as ", client.name, "; connect again to change the name"});
      return;
    case Verb::kBroadcast:
      return post(client, rooms_.lobby(), command.text);
    case Verb::kPlain:
      return plain(client, command.text);
    case Verb::kDirect:
      return direct(client, command.target, command.text);
    case Verb::kList:
      return list(client.session, command.target);
    case Verb::kRooms:
      return list_rooms(client.session);
    case Verb::kJoin:
      return join(client, command.target);
    case Verb::kPart:
      return part(client, command.target);
    case Verb::kSay:
      return say(client, command.target, command.text);
    case Verb::kTopic:
      return set_topic(client, command.target, command.text);
    case Verb::kRequest:
      return request(client, command.target);
    case Verb::kAccept:
      return accept(client, command.target);
    case Verb::kDecline:
      return decline(client, command.target);
    case Verb::kLeave:
      return leave_private_chat(client);
    case Verb::kHistory:
      return history(client, command);
    case Verb::kHello:
    case Verb::kPing:
    case Verb::kHelp:
    case Verb::kQuit:
    case Verb::kReject:
    case Verb::kPeerEnded:
    case Verb::kDisconnect:
      break;
  }
  CHECK(false, "a verb that apply() answers", static_cast<int>(command.verb));
}

void Hub::tick(Time time) {
  time_ = time;
  client_id_ = {};
  end_overdue_sessions();
  expire_requests();
  const auto presence_due = presence_.due();
  if (presence_due && *presence_due <= time.now) {
    send_presence();
  }
}

std::optional<reactor::TimePoint> Hub::next_deadline() const {
  std::optional<reactor::TimePoint> next;
  for (const auto& due :
       {presence_.due(), private_chats_.next_deadline(), clients_.next_deadline()}) {
    if (due && (!next || *due < *next)) {
      next = due;
    }
  }
  return next;
}

const std::vector<std::uint32_t>& Hub::members_by_shard(RoomId room) const {
  const Room* found = rooms_.find(room);
  return found == nullptr ? nobody_ : found->members_by_shard;
}

void Hub::register_client(SessionRef from, const Command& command) {
  const std::string_view name = command.target;
  if (!is_valid_name(name, limits_.name_length_max)) {
    refuse(from, ErrorCode::kInvalidName, name,
           {"a name begins with a letter or _ and goes on with letters, digits, _ or -, at most ",
            std::to_string(limits_.name_length_max), " in all"});
    return;
  }
  if (find_client(name) != nullptr) {
    refuse(from, ErrorCode::kTaken, name, {"somebody has this name already; choose another one"});
    return;
  }
  Client& client = clients_.add(from, name);
  client.since = last_id();
  client.capabilities = command.capabilities;
  Rooms::enter(client, rooms_.lobby(), client.since);
  tell(from, EventKind::kRegistered, client.name);
  if (client.capabilities.resume) {
    begin_session(client);
  }
  presence_.joined(kLobby, client.name, time_.now);
}

void Hub::hello(SessionRef from, const Command& command) {
  tell(from, EventKind::kWelcome, {}, command.text);
  if (Client* client = clients_.find(from)) {
    client->capabilities = command.capabilities;
    if (client->capabilities.resume) {
      begin_session(*client);
    }
  }
}

void Hub::remove(Client& client) {
  forget_private_chats(client);
  while (!client.rooms.empty()) {
    leave_room(client, *client.rooms.back().room);
  }
  leave_room(client, rooms_.lobby());
  if (client.is_resumable()) {
    keep(Record::Kind::kSessionEnded, client, {}, 0);
  }
  clients_.remove(client);
}

void Hub::post(const Client& sender, const Room& room, std::string_view text) {
  if (was_sent_before(sender) || !may_send(sender)) {
    return;
  }
  Event event = make(EventKind::kMessage);
  event.room_id = room.id;
  event.except = sender.session;
  event.id = take_id();
  event.room = room.name;
  event.subject = sender.name;
  event.text = text;
  sink_.on_event(event);
  keep(event, room.name, sender);
}

void Hub::post_private(const Client& sender, const Client& to, std::string_view text) {
  if (was_sent_before(sender) || !may_send(sender)) {
    return;
  }
  Event event = make(EventKind::kDirect);
  event.to = to.session;
  event.id = take_id();
  event.room = to.name;
  event.subject = sender.name;
  event.text = text;
  if (event.to) {  // else it waits in the store
    sink_.on_event(event);
  }
  keep(event, to.name, sender);
}

void Hub::direct(const Client& sender, std::string_view name, std::string_view text) {
  if (const Client* to = require_client(sender, name)) {
    post_private(sender, *to, text);
  }
}

void Hub::say(const Client& sender, std::string_view room_name, std::string_view text) {
  if (const Room* room = require_membership(sender, room_name)) {
    post(sender, *room, text);
  }
}

void Hub::plain(const Client& sender, std::string_view text) {
  if (const auto peer = private_chats_.peer_of(sender.session)) {
    post_private(sender, client_of(*peer), text);
  } else {
    post(sender, rooms_.lobby(), text);
  }
}

const Client* Hub::find_client(std::string_view name) const {
  const auto& everybody = rooms_.lobby().members;
  const auto found = everybody.find(name);
  return found == everybody.end() ? nullptr : *found;
}

const Client* Hub::require_client(const Client& client, std::string_view name) {
  const Client* found = find_client(name);
  if (found == nullptr) {
    refuse(client.session, ErrorCode::kUnknownTarget, name,
           {"nobody here has this name; LIST tells who is here"});
  }
  return found;
}

Client& Hub::client_of(const SessionRef& session) const {
  Client* found = clients_.find(session);
  CHECK(found != nullptr, "a session that is gone", session.shard, session.token.index);
  return *found;
}

Event Hub::make(EventKind kind) const {
  Event event;
  event.kind = kind;
  event.unix_ms = time_.unix_ms;
  return event;
}

void Hub::tell(const SessionRef& to, EventKind kind, std::string_view subject,
               std::string_view text) {
  Event event = make(kind);
  event.to = to;
  event.subject = subject;
  event.text = text;
  sink_.on_event(event);
}

void Hub::refuse(const SessionRef& to, ErrorCode code, std::string_view subject,
                 std::initializer_list<std::string_view> explanation) {
  text_.clear();
  for (const std::string_view part : explanation) {
    text_ += part;
  }
  Event event = make(EventKind::kError);
  event.code = code;
  event.to = to;
  event.subject = subject;
  event.text = text_;
  event.client_id = client_id_;
  sink_.on_event(event);
}

}  // namespace chat
