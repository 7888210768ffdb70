#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "chat/message.h"
#include "chat/rooms.h"
#include "reactor/net.h"

namespace chat {

// Everybody who has registered, by session and by the token that resumes it. Who has lost the
// connection and may come back is still there, without a session, until a deadline. A plain state
// machine, owned by the Hub.
class Clients {
 public:
  // session: none for somebody of before a restart.
  Client& add(const SessionRef& session, std::string_view name);
  // REQUIRES: it has none yet; nobody else has this token.
  void set_token(Client& client, std::string_view token);
  void remove(Client& client);

  // Null when there is none.
  Client* find(const SessionRef& session) const;
  Client* find_by_token(std::string_view token) const;
  // Null when it is gone.
  Client* find(ClientId id) const;

  // The connection is lost. REQUIRES: it has a token.
  void detach(Client& client, reactor::TimePoint deadline);
  // There is another one now. Returns the session it had, which may be none.
  SessionRef attach(Client& client, const SessionRef& session);
  std::optional<reactor::TimePoint> next_deadline() const;
  std::size_t detached_count() const { return detached_.size(); }
  // Whose deadline is over, the earliest first; null when there is nobody.
  Client* find_overdue(reactor::TimePoint now) const;

  std::size_t size() const { return by_id_.size(); }
  std::size_t most() const { return most_; }  // at once, ever
  // Those who have said that they are.
  std::size_t invisible() const { return invisible_; }
  void set_invisible(Client& client, bool is_invisible);

 private:
  struct Text {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<ClientId, std::unique_ptr<Client>> by_id_;
  std::unordered_map<SessionRef, Client*, SessionRefHash> by_session_;
  std::unordered_map<std::string, Client*, Text, std::equal_to<>> by_token_;
  std::set<std::pair<reactor::TimePoint, ClientId>> detached_;
  ClientId next_id_ = 1;
  std::size_t most_ = 0;
  std::size_t invisible_ = 0;
};

}  // namespace chat
