#include "chat/private_chats.h"

#include <tuple>

#include "reactor/check.h"

namespace chat {
namespace {

// Comes before every pair that begins with the same session.
constexpr SessionRef kFirst{0, {0, 0}};

}  // namespace

bool PrivateChats::PairLess::operator()(const Pair& a, const Pair& b) const {
  const auto key = [](const Pair& pair) {
    return std::tuple(pair.first.shard, pair.first.token.pack(), pair.second.shard,
                      pair.second.token.pack());
  };
  return key(a) < key(b);
}

PrivateChats::Outcome PrivateChats::ask(const SessionRef& who, const SessionRef& other,
                                        reactor::TimePoint now) {
  CHECK(who != other, "asked oneself");
  if (const auto outcome = busy(who, other)) {
    return *outcome;
  }
  if (by_asked_.contains({who, other})) {
    return accept(who, other);
  }
  if (by_asked_.contains({other, who})) {
    return Outcome::kRepeated;
  }
  std::size_t waiting = 0;
  for (auto it = by_asked_.lower_bound({other, kFirst});
       it != by_asked_.end() && it->first.first == other; ++it) {
    ++waiting;
  }
  if (waiting >= requests_per_client_max_) {
    return Outcome::kTooMany;
  }
  requests_.push_back({who, other, now + request_timeout_});
  by_asked_.emplace(Pair{other, who}, std::prev(requests_.end()));
  by_asker_.emplace(who, other);
  return Outcome::kAsked;
}

PrivateChats::Outcome PrivateChats::accept(const SessionRef& who, const SessionRef& asker) {
  const auto request = by_asked_.find({who, asker});
  if (request == by_asked_.end()) {
    return Outcome::kNoRequest;
  }
  if (const auto outcome = busy(who, asker)) {
    return *outcome;
  }
  remove(request->second);
  start(who, asker);
  return Outcome::kStarted;
}

bool PrivateChats::decline(const SessionRef& who, const SessionRef& asker) {
  const auto request = by_asked_.find({who, asker});
  if (request == by_asked_.end()) {
    return false;
  }
  remove(request->second);
  return true;
}

std::optional<SessionRef> PrivateChats::leave(const SessionRef& who) {
  const auto peer = peer_of(who);
  if (peer) {
    peers_.erase(who);
    peers_.erase(*peer);
  }
  return peer;
}

std::optional<SessionRef> PrivateChats::peer_of(const SessionRef& who) const {
  const auto found = peers_.find(who);
  return found == peers_.end() ? std::nullopt : std::optional(found->second);
}

PrivateChats::Forgotten PrivateChats::forget(const SessionRef& who) {
  Forgotten forgotten;
  forgotten.peer = leave(who);
  for (auto it = by_asked_.lower_bound({who, kFirst});
       it != by_asked_.end() && it->first.first == who;) {
    const auto request = (it++)->second;
    forgotten.askers.push_back(request->asker);
    remove(request);
  }
  for (auto it = by_asker_.lower_bound({who, kFirst}); it != by_asker_.end() && it->first == who;) {
    const SessionRef asked = (it++)->second;
    remove(by_asked_.at({asked, who}));
  }
  return forgotten;
}

std::optional<reactor::TimePoint> PrivateChats::next_deadline() const {
  return requests_.empty() ? std::nullopt : std::optional(requests_.front().expires_at);
}

std::optional<PrivateChats::Request> PrivateChats::take_expired(reactor::TimePoint now) {
  if (requests_.empty() || requests_.front().expires_at > now) {
    return std::nullopt;
  }
  const Request request = requests_.front();
  remove(requests_.begin());
  return request;
}

std::optional<PrivateChats::Outcome> PrivateChats::busy(const SessionRef& who,
                                                        const SessionRef& other) const {
  if (peers_.contains(who)) {
    return Outcome::kSelfBusy;
  }
  return peers_.contains(other) ? std::optional(Outcome::kOtherBusy) : std::nullopt;
}

void PrivateChats::start(const SessionRef& a, const SessionRef& b) {
  peers_.emplace(a, b);
  peers_.emplace(b, a);
}

void PrivateChats::remove(Requests::iterator request) {
  by_asked_.erase({request->asked, request->asker});
  by_asker_.erase({request->asker, request->asked});
  requests_.erase(request);
}

}  // namespace chat
