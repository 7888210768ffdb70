#include "chat/hub.h"

#include <string>
#include <utility>

#include "chat/names.h"
#include "reactor/check.h"

namespace chat {

Hub::Hub(const Limits& limits, const ServerInfo& info, EventSink& sink, Journal& journal,
         const TokenSource& make_token, const Recovered& recovered, Time start)
    : limits_(limits),
      sink_(sink),
      journal_(journal),
      make_token_(make_token),
      cloaks_(make_token, limits.cloaks_kept_max),
      bygone_(limits.whowas_max),
      irc_(limits_, info, rooms_, clients_, bygone_, *this),
      retries_(limits.retry_window.count(), limits.retries_max),
      private_chats_(limits),
      presence_(limits.presence_interval) {
  rooms_.lobby().made_unix_ms = info.started_unix_ms;
  rooms_.lobby().modes.is_topic_locked = true;
  recover(recovered, start);
}

void Hub::apply(SessionRef from, const Command& command, Time time) {
  time_ = time;
  asker_ = from;
  client_id_ = command.client_id;
  is_unanswered_ = command.notice;
  dispatch(from, command);
  asker_ = {};
  client_id_ = {};
  is_unanswered_ = false;
}

void Hub::dispatch(SessionRef from, const Command& command) {
  switch (command.verb) {
    case Verb::kDisconnect:
    case Verb::kPeerEnded:
    case Verb::kQuit:
    case Verb::kPing:
    case Verb::kAnswer:
    case Verb::kLabelEnd:
      return apply_any_time(from, command);
    default:
      break;
  }
  if (draining_) {
    refuse(from, Refusal::kShuttingDown, command.target, {"the server is shutting down"});
    return;
  }
  if (command.verb == Verb::kReject) {
    refuse(from, command.refusal, command.target, {command.text});
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

void Hub::apply_any_time(SessionRef from, const Command& command) {
  switch (command.verb) {
    case Verb::kPing:
      return tell(from, EventKind::kPong, {}, command.text);
    case Verb::kLabelEnd:
      return tell(from, EventKind::kLabelEnd, {});
    case Verb::kAnswer: {
      Event event = make(EventKind::kAnswer);
      event.to = from;
      event.text = command.text;
      event.count = command.count;
      return emit(event);
    }
    case Verb::kDisconnect:
      return disconnect(from, command.text);
    case Verb::kPeerEnded:
      disconnect(from, command.text);
      return tell(from, EventKind::kBye, {}, "bye");
    default:
      if (Client* client = clients_.find(from)) {
        text_.assign(command.text.empty() ? "Quit" : "Quit: ").append(command.text);
        remove(*client, text_);
      }
      return tell(from, EventKind::kBye, {}, "bye");
  }
}

void Hub::apply_unregistered(SessionRef from, const Command& command) {
  if (command.verb == Verb::kRegister) {
    register_client(from, command);
  } else if (command.verb == Verb::kResume) {
    resume(from, command);
  } else {
    refuse(from, Refusal::kRegisterFirst, {}, {"say who you are first: REGISTER:<name>"});
  }
}

void Hub::apply_registered(Client& client, const Command& command) {
  switch (command.verb) {
    case Verb::kRegister:
    case Verb::kResume:
      refuse(client.session, Refusal::kRegisteredAlready,
             command.verb == Verb::kRegister ? command.target : std::string_view(),
             {"already registered as ", client.name, "; connect again to change the name"});
      return;
    case Verb::kBroadcast:
      return post(client, rooms_.lobby(), command);
    case Verb::kPlain:
      return plain(client, command);
    case Verb::kDirect:
      return direct(client, command);
    case Verb::kList:
      return list(client, command.target);
    case Verb::kRooms:
      return list_rooms(client);
    case Verb::kJoin:
      return join(client, command.target, command.text);
    case Verb::kPart:
      return part(client, command.target, command.text);
    case Verb::kSay:
      return say(client, command);
    case Verb::kTagMessage:
      return tag_message(client, command);
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
    case Verb::kTargets:
      return targets(client, command);
    case Verb::kMode:
      return mode(client, command);
    case Verb::kKick:
      return kick(client, command);
    case Verb::kInvite:
      return invite(client, command);
    case Verb::kRename:
      return rename(client, command.target);
    case Verb::kRealName:
      return set_real_name(client, command.text);
    case Verb::kAway:
      return set_away(client, command.text);
    case Verb::kMonitor:
      return monitor(client, command.text);
    case Verb::kTopicOf:
      return topic_of(client, command.target);
    default:
      return apply_irc_question(client, command);
  }
}

// Those that only IRC clients ask.
void Hub::apply_irc_question(const Client& client, const Command& command) {
  switch (command.verb) {
    case Verb::kNames:
      return irc_.names(client, command.target);
    case Verb::kListRooms:
      return irc_.list_rooms(client, command.text);
    case Verb::kWho:
      return irc_.who(client, command.target, command.text, time_.unix_ms);
    case Verb::kWhois:
      return irc_.whois(client, command.target, time_.unix_ms);
    case Verb::kWhowas:
      return irc_.whowas(client, command.target, command.count);
    case Verb::kIsOn:
      return irc_.is_on(client, command.text);
    case Verb::kUserHost:
      return irc_.user_hosts(client, command.text);
    case Verb::kCounts:
      return irc_.counts(client);
    case Verb::kMotd:
      return irc_.message_of_the_day(client);
    default:
      break;
  }
  CHECK(false, "a verb that nobody answers", static_cast<int>(command.verb));
}

void Hub::tick(Time time) {
  time_ = time;
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

void Hub::hello(SessionRef from, const Command& command) {
  tell(from, EventKind::kWelcome, {}, command.text);
  if (Client* client = clients_.find(from)) {
    CHECK(client->capabilities.irc == command.capabilities.irc, "another protocol than before",
          client->name);
    client->capabilities = command.capabilities;
    if (client->capabilities.resume) {
      begin_session(*client);
    }
  }
}

const Client* Hub::find_client(std::string_view name) const {
  const auto& everybody = rooms_.lobby().members;
  const auto found = everybody.find(name);
  return found == everybody.end() ? nullptr : *found;
}

Client* Hub::find_to_change(std::string_view name) const {
  const Client* found = find_client(name);
  return found == nullptr ? nullptr : clients_.find(found->id);
}

const Client* Hub::require_client(const Client& client, std::string_view name) {
  const Client* found = find_client(name);
  if (found == nullptr) {
    refuse(client.session, Refusal::kNoSuchName, name,
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
  event.taken = time_.now;
  return event;
}

void Hub::set_subject(Event& event, const Client& client) {
  event.subject = client.name;
  event.origin = client.origin;
}

// Who has asked is told what answers which of his questions.
void Hub::emit(Event event) {
  if (event.to && event.to == asker_ && event.client_id.empty()) {
    event.client_id = client_id_;
  }
  sink_.on_event(event);
}

void Hub::answer(const Client& to, std::uint32_t number, std::string_view text) {
  if (!to.session) {
    return;
  }
  Event event = make(EventKind::kAnswer);
  event.to = to.session;
  event.count = number;
  event.text = text;
  emit(event);
}

void Hub::tell(const SessionRef& to, EventKind kind, std::string_view subject,
               std::string_view text) {
  Event event = make(kind);
  event.to = to;
  event.subject = subject;
  event.text = text;
  emit(event);
}

void Hub::refuse(const SessionRef& to, Refusal refusal, std::string_view subject,
                 std::initializer_list<std::string_view> explanation, std::string_view room) {
  if (is_unanswered_) {
    return;
  }
  text_.clear();
  for (const std::string_view part : explanation) {
    text_ += part;
  }
  Event event = make(EventKind::kError);
  event.refusal = refusal;
  event.to = to;
  event.subject = subject;
  event.room = room;
  event.target = history_asked_;
  event.text = text_;
  emit(event);
}

}  // namespace chat
