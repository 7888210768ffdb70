#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/chat/hub_fixture.h"

namespace chat {

// What the hub must say to each command, worked out as plainly as can be and without any of the
// hub's code: everything is a small list that is searched from the front. Speaks of events as
// lines of text, without the wording of errors and the numbers of rooms.
class HubOracle {
 public:
  using Lines = std::vector<std::string>;

  struct Room {
    std::string name;
    std::set<SessionRef, bool (*)(const SessionRef&, const SessionRef&)> members{before};
    std::set<std::string> told;  // the names that the last notices have left with the members
    std::string topic;
    std::string topic_by;
    MessageId topic_id = 0;
    std::int64_t topic_ms = 0;
  };

  explicit HubOracle(const Limits& limits) : limits_(limits) {
    rooms_.emplace_back().name = "lobby";
  }

  static std::string line(EventKind kind, ErrorCode code, const SessionRef& to,
                          const SessionRef& except, MessageId id, std::int64_t unix_ms,
                          std::string_view room, std::string_view subject, std::string_view text,
                          MessageId history_from = 0, std::uint32_t history_count = 0,
                          bool before = false) {
    std::ostringstream out;
    out << kind << ' ' << code << " to " << to << " except " << except << " #" << id << " at "
        << unix_ms << " room=" << room << " subject=" << subject
        << " text=" << (code == ErrorCode::kNone ? text : "...") << " from " << history_from
        << (before ? " last " : " first ") << history_count;
    return std::move(out).str();
  }
  static std::string line(const Seen& seen) {
    return line(seen.kind, seen.code, seen.to, seen.except, seen.id, seen.unix_ms, seen.room,
                seen.subject, seen.text, seen.from, seen.count, seen.before);
  }

  Lines apply(const SessionRef& from, const Command& command, const Hub::Time& time) {
    time_ = time;
    lines_.clear();
    const bool always = command.verb == Verb::kQuit || command.verb == Verb::kPeerEnded ||
                        command.verb == Verb::kDisconnect || command.verb == Verb::kPing;
    if (draining && !always) {
      error(from, ErrorCode::kUnavailable, command.target);
    } else {
      dispatch(from, command);
    }
    return lines_;
  }

  Lines tick(const Hub::Time& time) {
    time_ = time;
    lines_.clear();
    while (!requests_.empty() && requests_[0].expires_at <= time.now) {
      tell(requests_[0].asker, EventKind::kChatExpired, names_.at(requests_[0].asked));
      requests_.erase(requests_.begin());
    }
    if (presence_due_ && *presence_due_ <= time.now) {
      for (Room& room : rooms_) {
        const auto now = names_in(room);
        notice(EventKind::kPresenceJoined, room, without(now, room.told));
        notice(EventKind::kPresenceLeft, room, without(room.told, now));
        room.told = now;
      }
      presence_due_.reset();
    }
    return lines_;
  }

  std::optional<reactor::TimePoint> next_deadline() const {
    auto due = presence_due_;
    if (!requests_.empty() && (!due || requests_[0].expires_at < *due)) {
      due = requests_[0].expires_at;
    }
    return due;
  }
  std::size_t client_count() const { return names_.size(); }
  MessageId last_id() const { return last_id_; }
  const std::vector<Room>& rooms() const { return rooms_; }
  const Room* find_room(std::string_view name) const {
    for (const Room& room : rooms_) {
      if (folded(room.name) == folded(name)) {
        return &room;
      }
    }
    return nullptr;
  }

  bool draining = false;

 private:
  struct Request {
    SessionRef asker;
    SessionRef asked;
    reactor::TimePoint expires_at;
  };

  static bool before(const SessionRef& a, const SessionRef& b) {
    return a.shard != b.shard ? a.shard < b.shard : a.token.pack() < b.token.pack();
  }
  static std::string folded(std::string_view text) {
    static constexpr std::string_view kBig = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static constexpr std::string_view kSmall = "abcdefghijklmnopqrstuvwxyz";
    std::string out(text);
    for (char& c : out) {
      const std::size_t letter = kBig.find(c);
      c = letter == std::string_view::npos ? c : kSmall[letter];
    }
    return out;
  }
  static bool is_name(const std::string& text, std::size_t length_max) {
    const std::string first = "abcdefghijklmnopqrstuvwxyz_";
    return !text.empty() && text.size() <= length_max &&
           first.find(folded(text)[0]) != std::string::npos &&
           folded(text).find_first_not_of(first + "0123456789-") == std::string::npos;
  }
  static std::set<std::string> without(const std::set<std::string>& all,
                                       const std::set<std::string>& these) {
    std::set<std::string> rest;
    std::set_difference(all.begin(), all.end(), these.begin(), these.end(),
                        std::inserter(rest, rest.end()));
    return rest;
  }
  template <class Names>
  static std::string joined(const Names& names) {
    std::string list;
    for (const std::string& name : names) {
      list += (list.empty() ? "" : ",") + name;
    }
    return list;
  }
  static std::vector<std::string> values(const std::map<std::string, std::string>& map) {
    std::vector<std::string> all;
    all.reserve(map.size());
    for (const auto& [key, value] : map) {
      all.push_back(value);
    }
    return all;
  }
  std::set<std::string> names_in(const Room& room) const {
    std::set<std::string> names;
    for (const SessionRef& member : room.members) {
      names.insert(names_.at(member));
    }
    return names;
  }

  void tell(const SessionRef& to, EventKind kind, std::string_view subject,
            std::string_view text = "") {
    lines_.push_back(line(kind, ErrorCode::kNone, to, {}, 0, time_.unix_ms, "", subject, text));
  }
  void error(const SessionRef& to, ErrorCode code, std::string_view subject) {
    lines_.push_back(line(EventKind::kError, code, to, {}, 0, time_.unix_ms, "", subject, ""));
  }
  void of_room(const SessionRef& to, EventKind kind, const Room& room) {
    lines_.push_back(
        line(kind, ErrorCode::kNone, to, {}, 0, time_.unix_ms, room.name, "", "", last_id_));
  }
  void message(const SessionRef& from, const Room& room, std::string_view text) {
    lines_.push_back(line(EventKind::kMessage, ErrorCode::kNone, {}, from, ++last_id_,
                          time_.unix_ms, room.name, names_.at(from), text));
  }
  void private_message(const SessionRef& from, const SessionRef& to, std::string_view text) {
    lines_.push_back(line(EventKind::kDirect, ErrorCode::kNone, to, {}, ++last_id_, time_.unix_ms,
                          names_.at(to), names_.at(from), text));
  }
  void topic(const SessionRef& to, const Room& room) {
    lines_.push_back(line(EventKind::kTopic, ErrorCode::kNone, to, {}, room.topic_id, room.topic_ms,
                          room.name, room.topic_by, room.topic));
  }
  void notice(EventKind kind, const Room& room, const std::set<std::string>& names) {
    if (!names.empty()) {
      lines_.push_back(
          line(kind, ErrorCode::kNone, {}, {}, 0, time_.unix_ms, room.name, "", joined(names)));
    }
  }

  void dispatch(const SessionRef& from, const Command& command);
  void dispatch_registered(const SessionRef& from, const Command& command);
  void enroll(const SessionRef& from, const std::string& name);
  void go(const SessionRef& from);
  void list(const SessionRef& from, std::string_view target);
  void list_rooms(const SessionRef& from);
  void join(const SessionRef& from, const std::string& target);
  void history(const SessionRef& from, const Command& command);
  void in_room(const SessionRef& from, const Command& command);
  void with_request(const SessionRef& from, const Command& command);

  void leave_room(const SessionRef& from, std::size_t index) {
    rooms_[index].members.erase(from);
    if (index != 0 && rooms_[index].members.empty()) {
      rooms_.erase(rooms_.begin() + static_cast<std::ptrdiff_t>(index));
    }
    membership_changed();
  }
  void membership_changed() {
    const bool news = std::any_of(rooms_.begin(), rooms_.end(),
                                  [this](const Room& room) { return names_in(room) != room.told; });
    if (!news) {
      presence_due_.reset();
    } else if (!presence_due_) {
      presence_due_ = time_.now + limits_.presence_interval;
    }
  }

  const SessionRef* find_name(std::string_view name) const {
    for (const auto& [ref, its_name] : names_) {
      if (folded(its_name) == folded(name)) {
        return &ref;
      }
    }
    return nullptr;
  }
  std::vector<Request>::iterator find_request(const SessionRef& asker, const SessionRef& asked) {
    return std::find_if(requests_.begin(), requests_.end(), [&](const Request& request) {
      return request.asker == asker && request.asked == asked;
    });
  }

  Limits limits_;
  Hub::Time time_;
  Lines lines_;
  std::map<SessionRef, std::string, bool (*)(const SessionRef&, const SessionRef&)> names_{before};
  std::vector<Room> rooms_;  // the lobby, then the others as they were made
  std::vector<Request> requests_;
  std::map<SessionRef, SessionRef, bool (*)(const SessionRef&, const SessionRef&)> peers_{before};
  std::optional<reactor::TimePoint> presence_due_;
  std::map<std::string, MessageId> since_;  // who is here since which message, by small letters
  MessageId last_id_ = 0;
};

inline void HubOracle::dispatch(const SessionRef& from, const Command& command) {
  const bool registered = names_.count(from) == 1;
  switch (command.verb) {
    case Verb::kDisconnect:
      return go(from);
    case Verb::kQuit:
    case Verb::kPeerEnded:
      go(from);
      return tell(from, EventKind::kBye, "", "bye");
    case Verb::kPing:
      return tell(from, EventKind::kPong, "", command.text);
    case Verb::kReject:
      return error(from, command.code, command.target);
    case Verb::kHelp:
      return tell(from, EventKind::kHelp, "");
    case Verb::kHello:
      return tell(from, EventKind::kWelcome, "", command.text);
    case Verb::kRegister:
      return registered ? error(from, ErrorCode::kForbidden, command.target)
                        : enroll(from, std::string(command.target));
    case Verb::kResume:
      return error(from, registered ? ErrorCode::kForbidden : ErrorCode::kUnknownTarget, "");
    default:
      return registered ? dispatch_registered(from, command)
                        : error(from, ErrorCode::kRegisterFirst, "");
  }
}

inline void HubOracle::dispatch_registered(const SessionRef& from, const Command& command) {
  switch (command.verb) {
    case Verb::kBroadcast:
      return message(from, rooms_[0], command.text);
    case Verb::kPlain:
      return peers_.count(from) == 1 ? private_message(from, peers_.at(from), command.text)
                                     : message(from, rooms_[0], command.text);
    case Verb::kDirect: {
      const SessionRef* to = find_name(command.target);
      return to == nullptr ? error(from, ErrorCode::kUnknownTarget, command.target)
                           : private_message(from, *to, command.text);
    }
    case Verb::kRooms:
      return list_rooms(from);
    case Verb::kList:
      return list(from, command.target);
    case Verb::kJoin:
      return join(from, std::string(command.target));
    case Verb::kLeave:
      if (peers_.count(from) == 0) {
        return error(from, ErrorCode::kForbidden, "LEAVE");
      } else {
        const SessionRef peer = peers_.at(from);
        tell(from, EventKind::kChatEnded, names_.at(peer));
        tell(peer, EventKind::kChatEnded, names_.at(from));
        peers_.erase(from);
        peers_.erase(peer);
      }
      return;
    case Verb::kHistory:
      return history(from, command);
    case Verb::kRequest:
    case Verb::kAccept:
    case Verb::kDecline:
      return with_request(from, command);
    default:
      return in_room(from, command);
  }
}

inline void HubOracle::enroll(const SessionRef& from, const std::string& name) {
  if (!is_name(name, limits_.name_length_max)) {
    return error(from, ErrorCode::kInvalidName, name);
  }
  if (find_name(name) != nullptr) {
    return error(from, ErrorCode::kTaken, name);
  }
  names_.emplace(from, name);
  since_[folded(name)] = last_id_;
  rooms_[0].members.insert(from);
  membership_changed();
  tell(from, EventKind::kRegistered, name);
}

inline void HubOracle::go(const SessionRef& from) {
  if (names_.count(from) == 0) {
    return;
  }
  if (peers_.count(from) == 1) {
    tell(peers_.at(from), EventKind::kChatEnded, names_.at(from));
    peers_.erase(peers_.at(from));
    peers_.erase(from);
  }
  for (const auto& [ref, name] : names_) {
    const auto request = find_request(ref, from);
    if (request != requests_.end()) {
      tell(ref, EventKind::kChatDeclined, names_.at(from));
    }
  }
  requests_.erase(std::remove_if(requests_.begin(), requests_.end(),
                                 [&](const Request& request) {
                                   return request.asker == from || request.asked == from;
                                 }),
                  requests_.end());
  for (std::size_t i = rooms_.size(); i-- > 0;) {
    if (rooms_[i].members.count(from) == 1) {
      leave_room(from, i);
    }
  }
  names_.erase(from);
}

inline void HubOracle::list(const SessionRef& from, std::string_view target) {
  const Room* room = find_room(target.empty() ? "lobby" : target);
  if (room == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, target);
  }
  std::map<std::string, std::string> sorted;
  for (const std::string& name : names_in(*room)) {
    sorted[folded(name)] = name;
  }
  tell(from, EventKind::kClientList, target.empty() ? "" : room->name, joined(values(sorted)));
}

inline void HubOracle::list_rooms(const SessionRef& from) {
  std::map<std::string, std::string> sorted;
  for (const Room& room : rooms_) {
    sorted[room.name == "lobby" ? "" : folded(room.name)] =
        room.name + "=" + std::to_string(room.members.size());
  }
  tell(from, EventKind::kRoomList, "", joined(values(sorted)));
}

inline void HubOracle::join(const SessionRef& from, const std::string& target) {
  if (!is_name(target, limits_.room_name_length_max)) {
    return error(from, ErrorCode::kInvalidName, target);
  }
  const Room* found = find_room(target);
  if (found != nullptr && found->members.count(from) == 1) {
    return of_room(from, EventKind::kJoined, *found);
  }
  const auto joined_rooms = std::count_if(rooms_.begin() + 1, rooms_.end(), [&](const Room& room) {
    return room.members.count(from) == 1;
  });
  if (static_cast<std::size_t>(joined_rooms) >= limits_.rooms_per_client_max) {
    return error(from, ErrorCode::kForbidden, target);
  }
  if (found == nullptr) {
    if (rooms_.size() - 1 >= limits_.rooms_max) {
      return error(from, ErrorCode::kUnavailable, target);
    }
    rooms_.emplace_back().name = target;
  }
  Room& room =
      found == nullptr ? rooms_.back() : rooms_[static_cast<std::size_t>(found - &rooms_[0])];
  room.members.insert(from);
  membership_changed();
  of_room(from, EventKind::kJoined, room);
  if (!room.topic.empty()) {
    topic(from, room);
  }
}

inline void HubOracle::history(const SessionRef& from, const Command& command) {
  const std::string target(command.target);
  std::string key = folded(target);
  MessageId after = 0;
  if (target.starts_with("@")) {
    const std::string peer = folded(target.substr(1));
    const std::string own = folded(names_.at(from));
    if (!is_name(peer, limits_.name_length_max)) {
      return error(from, ErrorCode::kInvalidName, target);
    }
    key = "@" + std::min(peer, own) + ":" + std::max(peer, own);
    after = since_.at(own);
  } else if (const Room* room = find_room(target); room == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, target);
  } else if (room->members.count(from) == 0) {
    return error(from, ErrorCode::kForbidden, target);
  }
  MessageId bound = last_id_ + 1;
  if (!command.before) {
    after = std::max(after, command.id);
  } else if (command.id != 0 && command.id < bound) {
    bound = command.id;
  }
  lines_.push_back(line(EventKind::kHistory, ErrorCode::kNone, from, {}, bound, time_.unix_ms,
                        target, "", key, after, std::min(command.count, limits_.history_count_max),
                        command.before));
}

// PART, SAY and TOPIC.
inline void HubOracle::in_room(const SessionRef& from, const Command& command) {
  const Room* found = find_room(command.target);
  if (found == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, command.target);
  }
  const auto index = static_cast<std::size_t>(found - &rooms_[0]);
  Room& room = rooms_[index];
  if (room.members.count(from) == 0) {
    return error(from, ErrorCode::kForbidden, command.target);
  }
  if (command.verb == Verb::kSay) {
    return message(from, room, command.text);
  }
  if (index == 0) {
    return error(from, ErrorCode::kForbidden, command.target);
  }
  if (command.verb == Verb::kPart) {
    of_room(from, EventKind::kParted, room);
    return leave_room(from, index);
  }
  room.topic = command.text;
  room.topic_by = names_.at(from);
  room.topic_id = ++last_id_;
  room.topic_ms = time_.unix_ms;
  topic({}, room);
}

inline void HubOracle::with_request(const SessionRef& from, const Command& command) {
  const SessionRef* other = find_name(command.target);
  if (other == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, command.target);
  }
  const std::string& name = names_.at(*other);
  auto request = find_request(*other, from);
  if (command.verb == Verb::kDecline) {
    if (request == requests_.end()) {
      return error(from, ErrorCode::kUnknownTarget, command.target);
    }
    requests_.erase(request);
    tell(*other, EventKind::kChatDeclined, names_.at(from));
    return tell(from, EventKind::kChatDeclined, name);
  }
  if (command.verb == Verb::kAccept && request == requests_.end()) {
    return error(from, ErrorCode::kUnknownTarget, command.target);
  }
  if (*other == from) {
    return error(from, ErrorCode::kForbidden, command.target);
  }
  if (peers_.count(from) + peers_.count(*other) > 0) {
    return error(from, ErrorCode::kTaken, command.target);
  }
  if (request != requests_.end()) {
    requests_.erase(request);
    peers_.emplace(from, *other);
    peers_.emplace(*other, from);
    tell(from, EventKind::kChatStarted, name);
    return tell(*other, EventKind::kChatStarted, names_.at(from));
  }
  if (find_request(from, *other) != requests_.end()) {
    return error(from, ErrorCode::kTaken, command.target);
  }
  const auto waiting = std::count_if(requests_.begin(), requests_.end(),
                                     [&](const Request& each) { return each.asked == *other; });
  if (static_cast<std::size_t>(waiting) >= limits_.requests_per_client_max) {
    return error(from, ErrorCode::kTooFast, command.target);
  }
  requests_.push_back({from, *other, time_.now + limits_.request_timeout});
  tell(*other, EventKind::kRequest, names_.at(from));
}

}  // namespace chat
