#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chat/limits.h"
#include "chat/message.h"
#include "reactor/net.h"

namespace chat {

// Who talks to whom in private, and who waits for whose answer to a request. Nobody is in more
// than one private chat. A plain state machine, owned by the Hub; knows sessions, not names.
// Someone without chat or request costs nothing here.
class PrivateChats {
 public:
  explicit PrivateChats(const Limits& limits)
      : request_timeout_(limits.request_timeout),
        requests_per_client_max_(limits.requests_per_client_max) {}

  enum class Outcome : std::uint8_t {
    kAsked,      // the other has to answer now
    kStarted,    // the two are in a private chat
    kNoRequest,  // nothing to accept
    kSelfBusy,   // in a private chat already
    kOtherBusy,  // the other is
    kRepeated,   // asked before and not answered yet
    kTooMany,    // too many wait for the other's answer
  };
  // Whoever asks someone who has asked him accepts by that. REQUIRES: who and other differ.
  Outcome ask(const SessionRef& who, const SessionRef& other, reactor::TimePoint now);
  // A request that can't be accepted now because of another chat stays until it expires.
  Outcome accept(const SessionRef& who, const SessionRef& asker);
  // False when there is no such request.
  bool decline(const SessionRef& who, const SessionRef& asker);
  // Ends the private chat; returns who was the peer, if there was one.
  std::optional<SessionRef> leave(const SessionRef& who);
  std::optional<SessionRef> peer_of(const SessionRef& who) const;

  struct Forgotten {
    std::optional<SessionRef> peer;
    std::vector<SessionRef> askers;  // whose requests will not be answered
  };
  // who is gone: ends his chat and all requests from and to him.
  Forgotten forget(const SessionRef& who);

  struct Request {
    SessionRef asker;
    SessionRef asked;
    reactor::TimePoint expires_at;
  };
  // When the oldest request expires.
  std::optional<reactor::TimePoint> next_deadline() const;
  // Removes and returns a request that has expired, the oldest first; none are left: nothing.
  std::optional<Request> take_expired(reactor::TimePoint now);

 private:
  using Requests = std::list<Request>;
  using Pair = std::pair<SessionRef, SessionRef>;
  struct PairLess {
    bool operator()(const Pair& a, const Pair& b) const;
  };

  std::optional<Outcome> busy(const SessionRef& who, const SessionRef& other) const;
  void start(const SessionRef& a, const SessionRef& b);
  void remove(Requests::iterator request);

  reactor::Duration request_timeout_;
  std::size_t requests_per_client_max_;
  std::unordered_map<SessionRef, SessionRef, SessionRefHash> peers_;  // both ways
  Requests requests_;  // the oldest first, which is the order they expire in
  std::map<Pair, Requests::iterator, PairLess> by_asked_;  // asked, asker
  std::set<Pair, PairLess> by_asker_;                      // asker, asked
};

}  // namespace chat
