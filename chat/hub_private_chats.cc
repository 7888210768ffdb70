#include "chat/hub.h"

namespace chat {

void Hub::request(const Client& client, std::string_view name) {
  const Client* other = require_client(client, name);
  if (other == nullptr) {
    return;
  }
  if (other == &client) {
    refuse(client.session, Refusal::kForbidden, name,
           {"that is you; REQUEST somebody else for a private chat"});
    return;
  }
  if (!other->session) {
    refuse(client.session, Refusal::kNoSuchName, name,
           {other->name, " has lost the connection and may be back soon; CHAT reaches them then"});
    return;
  }
  answer(client, *other, name, private_chats_.ask(client.session, other->session, time_.now));
}

void Hub::accept(const Client& client, std::string_view name) {
  const Client* asker = find_client(name);
  if (asker == nullptr) {
    refuse_no_request(client.session, name);
    return;
  }
  answer(client, *asker, name, private_chats_.accept(client.session, asker->session));
}

void Hub::decline(const Client& client, std::string_view name) {
  const Client* asker = find_client(name);
  if (asker == nullptr || !private_chats_.decline(client.session, asker->session)) {
    refuse_no_request(client.session, name);
    return;
  }
  tell(asker->session, EventKind::kChatDeclined, client.name);
  // Whoever declined gets an answer too, as for every command.
  tell(client.session, EventKind::kChatDeclined, asker->name);
}

void Hub::leave_private_chat(const Client& client) {
  const auto peer = private_chats_.leave(client.session);
  if (!peer) {
    refuse(client.session, Refusal::kForbidden, "LEAVE",
           {"you are not in a private chat; REQUEST:<name> asks for one"});
    return;
  }
  tell(client.session, EventKind::kChatEnded, client_of(*peer).name);
  tell(*peer, EventKind::kChatEnded, client.name);
}

void Hub::forget_private_chats(const Client& client) {
  const PrivateChats::Forgotten forgotten = private_chats_.forget(client.session);
  if (forgotten.peer) {
    tell(*forgotten.peer, EventKind::kChatEnded, client.name);
  }
  for (const SessionRef& asker : forgotten.askers) {
    tell(asker, EventKind::kChatDeclined, client.name);
  }
}

void Hub::expire_requests() {
  while (const auto request = private_chats_.take_expired(time_.now)) {
    tell(request->asker, EventKind::kChatExpired, client_of(request->asked).name);
  }
}

void Hub::answer(const Client& client, const Client& other, std::string_view name,
                 PrivateChats::Outcome outcome) {
  using Outcome = PrivateChats::Outcome;
  switch (outcome) {
    case Outcome::kAsked:
      tell(other.session, EventKind::kRequest, client.name);
      return;
    case Outcome::kStarted:
      tell(client.session, EventKind::kChatStarted, other.name);
      tell(other.session, EventKind::kChatStarted, client.name);
      return;
    case Outcome::kNoRequest:
      refuse_no_request(client.session, name);
      return;
    case Outcome::kSelfBusy:
      refuse(client.session, Refusal::kBusy, name,
             {"you are in a private chat already; LEAVE it first"});
      return;
    case Outcome::kOtherBusy:
      refuse(client.session, Refusal::kBusy, name,
             {other.name, " is in a private chat; try again later"});
      return;
    case Outcome::kRepeated:
      refuse(client.session, Refusal::kBusy, name,
             {"already asked; wait for the answer of ", other.name});
      return;
    case Outcome::kTooMany:
      refuse(client.session, Refusal::kTooFast, name,
             {"too many wait for an answer of ", other.name, "; try again in a minute"});
      return;
  }
}

void Hub::refuse_no_request(const SessionRef& to, std::string_view name) {
  refuse(to, Refusal::kNoRequest, name,
         {"no request of this name waits for your answer; REQUEST:<name> makes one"});
}

}  // namespace chat
