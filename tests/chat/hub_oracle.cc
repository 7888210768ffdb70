#include "tests/chat/hub_oracle.h"

#include <utility>

namespace chat {

void HubOracle::dispatch(const SessionRef& from, const Command& command) {
  const bool registered = names_.count(from) == 1;
  const std::string why(command.text.empty() ? "connection closed" : command.text);
  switch (command.verb) {
    case Verb::kDisconnect:
      return go(from, why);
    case Verb::kPeerEnded:
      go(from, why);
      return tell(from, EventKind::kBye, "", "bye");
    case Verb::kQuit:
      go(from, command.text.empty() ? "Quit" : "Quit: " + std::string(command.text));
      return tell(from, EventKind::kBye, "", "bye");
    case Verb::kPing:
      return tell(from, EventKind::kPong, "", command.text);
    case Verb::kLabelEnd:
      return tell(from, EventKind::kLabelEnd, "");
    case Verb::kAnswer:
      return;  // which is an answer, and answers are not looked at
    case Verb::kReject:
      return error(from, command.code(), command.target);
    case Verb::kHelp:
      return tell(from, EventKind::kHelp, "");
    case Verb::kHello:
      return tell(from, EventKind::kWelcome, "", command.text);
    case Verb::kRegister:
      return registered ? error(from, ErrorCode::kForbidden, command.target)
                        : enroll(from, command);
    case Verb::kResume:
      return error(from, registered ? ErrorCode::kForbidden : ErrorCode::kUnknownTarget, "");
    default:
      return registered ? dispatch_registered(from, command)
                        : error(from, ErrorCode::kRegisterFirst, "");
  }
}

void HubOracle::dispatch_registered(const SessionRef& from, const Command& command) {
  switch (command.verb) {
    case Verb::kBroadcast:
      return message(from, rooms_[0], command);
    case Verb::kPlain:
      return peers_.count(from) == 1 ? private_message(from, peers_.at(from), command)
                                     : message(from, rooms_[0], command);
    case Verb::kDirect: {
      const SessionRef* to = find_name(command.target);
      return to == nullptr ? error(from, ErrorCode::kUnknownTarget, command.target)
                           : private_message(from, *to, command);
    }
    case Verb::kRooms:
      return list_rooms(from);
    case Verb::kList:
      return list(from, command.target);
    case Verb::kJoin:
      return join(from, std::string(command.target), command.text);
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
    case Verb::kTargets:
      return targets(from, command);
    case Verb::kRequest:
    case Verb::kAccept:
    case Verb::kDecline:
      return with_request(from, command);
    case Verb::kMode:
      return mode(from, command);
    case Verb::kKick:
      return kick(from, command);
    case Verb::kInvite:
      return invite(from, command);
    case Verb::kTagMessage:
      return tag_message(from, command);
    case Verb::kRename:
      return rename(from, std::string(command.target));
    case Verb::kRealName:
      real_names_[from] =
          command.text.empty() ? names_.at(from) : std::string(command.text.substr(0, 150));
      has_own_real_name_[from] = !command.text.empty();
      return to_irc(EventKind::kRealName, rooms_[0], from, real_names_.at(from), {});
    case Verb::kAway:
      return away(from, command);
    case Verb::kPart:
    case Verb::kSay:
    case Verb::kTopic:
    case Verb::kTopicOf:
      return in_room(from, command);
    default:
      return;  // answered with answers only
  }
}

void HubOracle::enroll(const SessionRef& from, const Command& command) {
  const std::string name(command.target);
  if (!is_name(name, limits_.name_length_max)) {
    return error(from, ErrorCode::kInvalidName, name);
  }
  if (find_name(name) != nullptr) {
    return error(from, ErrorCode::kTaken, name);
  }
  names_.emplace(from, name);
  users_[from] = name;
  kinds_[from] = command.capabilities;
  away_[from] = "";
  has_own_real_name_[from] = !command.text.empty();
  real_names_[from] = command.text.empty() ? name : std::string(command.text.substr(0, 150));
  since_[folded(name)] = last_id_;
  correspondents_[from].clear();
  rooms_[0].members.insert(from);
  membership_changed();
  tell(from, EventKind::kRegistered, name);
  if (command.capabilities.irc) {
    of_room(from, EventKind::kJoined, rooms_[0], real_names_.at(from));
  }
  to_irc(EventKind::kEntered, rooms_[0], from, real_names_.at(from), from);
}

void HubOracle::go(const SessionRef& from, const std::string& why) {
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
  to_irc(EventKind::kQuit, rooms_[0], from, why, from);
  for (Room& room : rooms_) {
    room.invited.erase(from);
  }
  while (!joined_[from].empty()) {  // the latest first, as long as all else is the same
    leave_room(from, static_cast<std::size_t>(find_room(joined_[from].back()) - &rooms_[0]));
  }
  leave_room(from, 0);
  names_.erase(from);
}

void HubOracle::rename(const SessionRef& from, const std::string& name) {
  if (!is_name(name, limits_.name_length_max)) {
    return error(from, ErrorCode::kInvalidName, name);
  }
  const SessionRef* holder = find_name(name);
  if (holder != nullptr && !(*holder == from)) {
    return error(from, ErrorCode::kTaken, name);
  }
  const std::string before = names_.at(from);
  if (before == name) {
    return;
  }
  tell_presence();
  for (Room& room : rooms_) {
    if (room.told.erase(before) == 1) {
      room.told.insert(name);
    }
  }
  if (folded(before) != folded(name)) {
    since_[folded(name)] = last_id_;
    correspondents_[from].clear();
  }
  names_[from] = name;
  if (!has_own_real_name_.at(from)) {
    real_names_[from] = name;
  }
  const auto renamed = [&](const SessionRef& to, const SessionRef& except, std::string_view room) {
    lines_.push_back(line(EventKind::kRenamed, ErrorCode::kNone, to, except, 0, time_.unix_ms, room,
                          before, "", 0, 0, false, name));
  };
  renamed(from, {}, "");
  renamed({}, from, "lobby");
}

void HubOracle::away(const SessionRef& from, const Command& command) {
  const std::string why(command.text.substr(0, 300));
  if (std::exchange(away_[from], why) != why) {
    to_irc(EventKind::kAway, rooms_[0], from, why, from);
  }
}

void HubOracle::tag_message(const SessionRef& from, const Command& command) {
  ++tag_messages_;
  std::string room_name;
  if (command.target.starts_with('#')) {
    const std::string_view named = command.target.substr(1);
    const Room* room = find_room(named);
    if (room == nullptr) {
      return error(from, ErrorCode::kUnknownTarget, named, named);
    }
    if (!may_speak(from, *room)) {
      return error(from, ErrorCode::kForbidden, named, room->name);
    }
    room_name = room->name;
    to_irc(EventKind::kTagMessage, *room, from, "", from, "", tag_messages_);
  } else {
    const SessionRef* to = find_name(command.target);
    if (to == nullptr) {
      return error(from, ErrorCode::kUnknownTarget, command.target);
    }
    room_name = names_.at(*to);
    if (kinds_.at(*to).irc) {
      lines_.push_back(line(EventKind::kTagMessage, ErrorCode::kNone, *to, {}, tag_messages_,
                            time_.unix_ms, room_name, names_.at(from), ""));
    }
  }
  if (kinds_.at(from).echo) {
    lines_.push_back(line(EventKind::kTagMessage, ErrorCode::kNone, from, {}, tag_messages_,
                          time_.unix_ms, room_name, names_.at(from), ""));
  }
}

void HubOracle::list(const SessionRef& from, std::string_view target) {
  const Room* room = find_room(target.empty() ? "lobby" : target);
  if (room == nullptr || !may_see(from, *room)) {
    return error(from, ErrorCode::kUnknownTarget, target, target);
  }
  std::map<std::string, std::string> sorted;
  for (const std::string& name : names_in(*room)) {
    sorted[folded(name)] = name;
  }
  tell(from, EventKind::kClientList, target.empty() ? "" : room->name, joined(values(sorted)));
}

void HubOracle::list_rooms(const SessionRef& from) {
  std::map<std::string, std::string> sorted;
  for (const Room& room : rooms_) {
    if (!may_see(from, room)) {
      continue;
    }
    sorted[room.name == "lobby" ? "" : folded(room.name)] =
        room.name + "=" + std::to_string(room.members.size());
  }
  tell(from, EventKind::kRoomList, "", joined(values(sorted)));
}

void HubOracle::join(const SessionRef& from, const std::string& target, std::string_view key) {
  if (!is_name(target, limits_.room_name_length_max)) {
    return error(from, ErrorCode::kInvalidName, target, target);
  }
  Room* room = find_room_to_change(target);
  if (room != nullptr && room->members.count(from) == 1) {
    if (!kinds_.at(from).irc) {
      of_room(from, EventKind::kJoined, *room, real_names_.at(from));
    }
    return;
  }
  const auto joined_rooms = std::count_if(rooms_.begin() + 1, rooms_.end(), [&](const Room& one) {
    return one.members.count(from) == 1;
  });
  if (static_cast<std::size_t>(joined_rooms) >= limits_.rooms_per_client_max) {
    return error(from, ErrorCode::kForbidden, target, target);
  }
  if (room == nullptr) {
    if (rooms_.size() - 1 >= limits_.rooms_max) {
      return error(from, ErrorCode::kUnavailable, target, target);
    }
    rooms_.emplace_back().name = target;
    room = &rooms_.back();
    room->operators.insert(from);
  } else if (!may_join(from, *room, key)) {
    return error(from, ErrorCode::kForbidden, target, room->name);
  }
  room->members.insert(from);
  joined_[from].push_back(room->name);
  room->invited.erase(from);
  membership_changed();
  of_room(from, EventKind::kJoined, *room, real_names_.at(from));
  if (!room->topic.empty()) {
    topic(from, *room);
  }
  to_irc(EventKind::kEntered, *room, from, real_names_.at(from), from);
  if (!away_.at(from).empty()) {
    to_irc(EventKind::kAway, *room, from, away_.at(from), from);
  }
}

void HubOracle::targets(const SessionRef& from, const Command& command) {
  std::string text = "0 lobby\n";
  for (const std::string& room : joined_[from]) {
    text += "0 " + folded(room) + "\n";
  }
  const std::string own = folded(names_.at(from));
  const std::vector<std::string>& all = correspondents_[from];
  const std::size_t told =
      kinds_.at(from).irc ? std::min(all.size(), limits_.correspondents_max) : 0;
  for (std::size_t i = all.size() - told; i < all.size(); ++i) {
    const std::string peer = folded(all[i]);
    text += std::to_string(since_.at(own)) + " @" + std::min(peer, own) + ":" +
            std::max(peer, own) + "\n";
  }
  lines_.push_back(line(EventKind::kTargets, ErrorCode::kNone, from, {}, last_id_ + 1,
                        time_.unix_ms, names_.at(from), "", text, 0, 0, false, command.peer));
}

void HubOracle::history(const SessionRef& from, const Command& command) {
  history_asked_ = command.peer;
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
    return error(from, ErrorCode::kUnknownTarget, target, target);
  } else if (room->members.count(from) == 0) {
    return error(from, ErrorCode::kForbidden, target, room->name);
  }
  MessageId bound = last_id_ + 1;
  const MessageId lower = command.before ? command.bound : command.id;
  const MessageId upper = command.before ? command.id : command.bound;
  after = std::max(after, std::min(lower, bound));
  bound = upper == 0 ? bound : std::min(bound, upper);
  lines_.push_back(line(EventKind::kHistory, ErrorCode::kNone, from, {}, bound, time_.unix_ms,
                        target, "", key, after, std::min(command.count, limits_.history_count_max),
                        command.before, history_asked_));
}

// PART, SAY and TOPIC, and asking for a topic.
void HubOracle::in_room(const SessionRef& from, const Command& command) {
  if (command.verb == Verb::kPart && command.target.empty() && kinds_.at(from).irc) {
    while (!joined_[from].empty()) {
      const std::string room = joined_[from].front();
      Command one = command;
      one.target = room;
      in_room(from, one);
    }
    return;
  }
  Room* found = find_room_to_change(command.target);
  if (found == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, command.target, command.target);
  }
  Room& room = *found;
  if (command.verb == Verb::kSay) {
    return may_speak(from, room) ? message(from, room, command)
                                 : error(from, ErrorCode::kForbidden, command.target, room.name);
  }
  if (command.verb == Verb::kTopicOf) {
    if (!may_see(from, room)) {
      error(from, ErrorCode::kForbidden, command.target, room.name);
    } else if (!room.topic.empty()) {
      topic(from, room);
    }
    return;
  }
  if (room.members.count(from) == 0) {
    return error(from, ErrorCode::kForbidden, command.target, room.name);
  }
  if (&room == &rooms_[0]) {
    return error(from, ErrorCode::kForbidden, command.target, command.target);
  }
  if (command.verb == Verb::kPart) {
    of_room(from, EventKind::kParted, room, command.text);
    to_irc(EventKind::kLeft, room, from, command.text, from);
    return leave_room(from, static_cast<std::size_t>(&room - &rooms_[0]));
  }
  if (room.flags.count('t') == 1 && room.operators.count(from) == 0) {
    return error(from, ErrorCode::kForbidden, command.target, room.name);
  }
  room.topic = command.text;
  room.topic_by = names_.at(from);
  room.topic_id = ++last_id_;
  room.topic_ms = time_.unix_ms;
  topic({}, room);
}

void HubOracle::with_request(const SessionRef& from, const Command& command) {
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
