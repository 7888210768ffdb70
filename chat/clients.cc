#include "chat/clients.h"

#include <algorithm>

#include "reactor/check.h"

namespace chat {

Client& Clients::add(const SessionRef& session, std::string_view name) {
  auto made = std::make_unique<Client>();
  Client& client = *made;
  client.id = next_id_++;
  client.session = session;
  client.name = name;
  by_id_.emplace(client.id, std::move(made));
  most_ = std::max(most_, by_id_.size());
  if (session) {
    by_session_.emplace(session, &client);
  }
  return client;
}

void Clients::set_token(Client& client, std::string_view token) {
  CHECK(!client.is_resumable(), "a token for whom has one", client.name);
  client.resumable = std::make_unique<Client::Session>();
  client.resumable->token = token;
  const bool is_new = by_token_.emplace(token, &client).second;
  CHECK(is_new, "one token for two", client.name);
}

void Clients::set_invisible(Client& client, bool is_invisible) {
  bool& before = client.make_particulars().is_invisible;
  invisible_ -= before ? 1 : 0;
  invisible_ += is_invisible ? 1 : 0;
  before = is_invisible;
}

void Clients::remove(Client& client) {
  if (client.particulars) {
    set_invisible(client, false);
  }
  if (client.session) {
    by_session_.erase(client.session);
  } else {
    detached_.erase({client.resumable->detached_until, client.id});
  }
  if (client.is_resumable()) {
    by_token_.erase(client.resumable->token);
  }
  by_id_.erase(client.id);
}

Client* Clients::find(const SessionRef& session) const {
  const auto found = by_session_.find(session);
  return found == by_session_.end() ? nullptr : found->second;
}

Client* Clients::find_by_token(std::string_view token) const {
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : found->second;
}

Client* Clients::find(ClientId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

void Clients::detach(Client& client, reactor::TimePoint deadline) {
  by_session_.erase(client.session);
  client.session = {};
  client.resumable->detached_until = deadline;
  detached_.emplace(deadline, client.id);
}

SessionRef Clients::attach(Client& client, const SessionRef& session) {
  const SessionRef before = client.session;
  if (before) {
    by_session_.erase(before);
  } else {
    detached_.erase({client.resumable->detached_until, client.id});
  }
  client.session = session;
  by_session_.emplace(session, &client);
  return before;
}

std::optional<reactor::TimePoint> Clients::next_deadline() const {
  return detached_.empty() ? std::nullopt : std::optional(detached_.begin()->first);
}

Client* Clients::find_overdue(reactor::TimePoint now) const {
  const bool is_overdue = !detached_.empty() && detached_.begin()->first <= now;
  return is_overdue ? find(detached_.begin()->second) : nullptr;
}

}  // namespace chat
