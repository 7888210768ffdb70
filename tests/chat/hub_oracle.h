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
    std::set<SessionRef, bool (*)(const SessionRef&, const SessionRef&)> operators{before};
    std::set<SessionRef, bool (*)(const SessionRef&, const SessionRef&)> voices{before};
    // Whether by an operator.
    std::map<SessionRef, bool, bool (*)(const SessionRef&, const SessionRef&)> invited{before};
    std::set<char> flags{'n'};
    std::string key;
    std::string limit;
    std::vector<std::string> bans;
    std::string topic;
    std::string topic_by;
    MessageId topic_id = 0;
    std::int64_t topic_ms = 0;
  };

  explicit HubOracle(const Limits& limits) : limits_(limits) {
    rooms_.emplace_back().name = "lobby";
    rooms_[0].flags.insert('t');
  }

  static std::string line(EventKind kind, ErrorCode code, const SessionRef& to,
                          const SessionRef& except, MessageId id, std::int64_t unix_ms,
                          std::string_view room, std::string_view subject, std::string_view text,
                          MessageId history_from = 0, std::uint32_t history_count = 0,
                          bool before = false, std::string_view target = "", bool notice = false) {
    std::ostringstream out;
    out << kind << ' ' << code << " to " << to << " except " << except << " #" << id << " at "
        << unix_ms << " room=" << room << " subject=" << subject
        << " text=" << (code == ErrorCode::kNone ? text : "...") << " from " << history_from
        << (before ? " last " : " first ") << history_count << " target=" << target
        << (notice ? " notice" : "");
    return std::move(out).str();
  }
  static std::string line(const Seen& seen) {
    return line(seen.kind, seen.code, seen.to, seen.except, seen.id, seen.unix_ms, seen.room,
                seen.subject, seen.text, seen.from, seen.count, seen.before, seen.target,
                seen.notice);
  }

  Lines apply(const SessionRef& from, const Command& command, const Hub::Time& time) {
    time_ = time;
    lines_.clear();
    is_quiet_ = command.notice;
    history_asked_.clear();
    const bool always = command.verb == Verb::kQuit || command.verb == Verb::kPeerEnded ||
                        command.verb == Verb::kDisconnect || command.verb == Verb::kPing ||
                        command.verb == Verb::kAnswer || command.verb == Verb::kLabelEnd;
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
      tell_presence();
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
  void error(const SessionRef& to, ErrorCode code, std::string_view subject,
             std::string_view room = "") {
    if (!is_quiet_) {
      lines_.push_back(line(EventKind::kError, code, to, {}, 0, time_.unix_ms, room, subject, "", 0,
                            0, false, history_asked_));
    }
  }
  void of_room(const SessionRef& to, EventKind kind, const Room& room, std::string_view text) {
    lines_.push_back(line(kind, ErrorCode::kNone, to, {}, 0, time_.unix_ms, room.name,
                          names_.at(to), text, last_id_));
  }
  // To the IRC clients in the room, if there are any.
  void to_irc(EventKind kind, const Room& room, const SessionRef& subject, std::string_view text,
              const SessionRef& except, std::string_view target = "", MessageId id = 0) {
    if (has_irc(room)) {
      to_members(kind, room, subject, text, except, target, id);
    }
  }
  void to_members(EventKind kind, const Room& room, const SessionRef& subject,
                  std::string_view text, const SessionRef& except, std::string_view target = "",
                  MessageId id = 0) {
    lines_.push_back(line(kind, ErrorCode::kNone, {}, except, id, time_.unix_ms, room.name,
                          names_.at(subject), text, 0, 0, false, target));
  }
  void message(const SessionRef& from, const Room& room, const Command& command) {
    ++last_id_;
    said(EventKind::kMessage, {}, from, from, room.name, command);
    echo(from, room.name, command);
  }
  void private_message(const SessionRef& from, const SessionRef& to, const Command& command) {
    ++last_id_;
    said(EventKind::kDirect, to, {}, from, names_.at(to), command);
    wrote(from, names_.at(to));
    wrote(to, names_.at(from));
    echo(from, names_.at(to), command);
  }
  void wrote(const SessionRef& who, const std::string& name) {
    std::vector<std::string>& names = correspondents_[who];
    std::erase_if(names, [&](const std::string& one) { return folded(one) == folded(name); });
    names.push_back(name);
  }
  void echo(const SessionRef& from, std::string_view room, const Command& command) {
    if (kinds_.at(from).echo) {
      said(EventKind::kEcho, from, {}, from, room, command);
    }
  }
  void said(EventKind kind, const SessionRef& to, const SessionRef& except, const SessionRef& from,
            std::string_view room, const Command& command) {
    lines_.push_back(line(kind, ErrorCode::kNone, to, except, last_id_, time_.unix_ms, room,
                          names_.at(from), command.text, 0, 0, false, "", command.notice));
  }
  void topic(const SessionRef& to, const Room& room) {
    lines_.push_back(line(EventKind::kTopic, ErrorCode::kNone, to, {}, room.topic_id, room.topic_ms,
                          room.name, room.topic_by, room.topic));
  }
  void tell_presence() {
    for (Room& room : rooms_) {
      const auto now = names_in(room);
      notice(EventKind::kPresenceJoined, room, without(now, room.told));
      notice(EventKind::kPresenceLeft, room, without(room.told, now));
      room.told = now;
    }
    presence_due_.reset();
  }
  void notice(EventKind kind, const Room& room, const std::set<std::string>& names) {
    if (!names.empty()) {
      lines_.push_back(
          line(kind, ErrorCode::kNone, {}, {}, 0, time_.unix_ms, room.name, "", joined(names)));
    }
  }

  void dispatch(const SessionRef& from, const Command& command);
  void dispatch_registered(const SessionRef& from, const Command& command);
  void enroll(const SessionRef& from, const Command& command);
  void go(const SessionRef& from, const std::string& why);
  void list(const SessionRef& from, std::string_view target);
  void list_rooms(const SessionRef& from);
  void join(const SessionRef& from, const std::string& target, std::string_view key);
  void history(const SessionRef& from, const Command& command);
  void targets(const SessionRef& from, const Command& command);
  void in_room(const SessionRef& from, const Command& command);
  void tag_message(const SessionRef& from, const Command& command);
  void rename(const SessionRef& from, const std::string& name);
  void away(const SessionRef& from, const Command& command);

  // hub_oracle_moderation.cc
  bool may_see(const SessionRef& who, const Room& room) const {
    return room.flags.count('s') == 0 || room.members.count(who) == 1;
  }
  bool may_speak(const SessionRef& who, const Room& room) const;
  bool is_banned(const SessionRef& who, const Room& room) const;
  bool may_join(const SessionRef& who, const Room& room, std::string_view key) const;
  bool moderates(const SessionRef& who, const Room& room);
  std::string modes(const Room& room, bool with_key) const;
  void mode(const SessionRef& from, const Command& command);
  void change_modes(const SessionRef& from, Room& room, const std::string& text);
  // Returns whether the change could be made, be it one or not.
  bool change_mode(const SessionRef& from, Room& room, char letter, bool adds,
                   const std::string& parameter);
  void change_role(const SessionRef& from, Room& room, char letter, bool adds,
                   const std::string& name);
  void changed(bool adds, char letter, const std::string& parameter);
  void kick(const SessionRef& from, const Command& command);
  void invite(const SessionRef& from, const Command& command);
  void with_request(const SessionRef& from, const Command& command);

  void leave_room(const SessionRef& from, std::size_t index) {
    rooms_[index].members.erase(from);
    rooms_[index].operators.erase(from);
    rooms_[index].voices.erase(from);
    std::erase(joined_[from], rooms_[index].name);
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

  Room* find_room_to_change(std::string_view name) {
    const Room* found = find_room(name);
    return found == nullptr ? nullptr : &rooms_[static_cast<std::size_t>(found - &rooms_[0])];
  }
  bool has_irc(const Room& room) const {
    return std::any_of(room.members.begin(), room.members.end(),
                       [this](const SessionRef& member) { return kinds_.at(member).irc; });
  }

  Limits limits_;
  Hub::Time time_;
  Lines lines_;
  std::map<SessionRef, std::string, bool (*)(const SessionRef&, const SessionRef&)> names_{before};
  std::map<SessionRef, std::string, bool (*)(const SessionRef&, const SessionRef&)> real_names_{
      before};
  std::map<SessionRef, std::string, bool (*)(const SessionRef&, const SessionRef&)> users_{before};
  std::map<SessionRef, std::string, bool (*)(const SessionRef&, const SessionRef&)> away_{before};
  std::map<SessionRef, Capabilities, bool (*)(const SessionRef&, const SessionRef&)> kinds_{before};
  // The rooms of each, without the lobby, in the order in which it has joined them.
  std::map<SessionRef, std::vector<std::string>, bool (*)(const SessionRef&, const SessionRef&)>
      joined_{before};
  // With whom each has exchanged messages under its name, the latest last.
  std::map<SessionRef, std::vector<std::string>, bool (*)(const SessionRef&, const SessionRef&)>
      correspondents_{before};
  std::string changed_letters_;  // by the command that is worked on
  std::string changed_parameters_;
  char changed_sign_ = 0;
  bool is_quiet_ = false;
  std::string history_asked_;
  std::map<SessionRef, bool, bool (*)(const SessionRef&, const SessionRef&)> has_own_real_name_{
      before};
  std::vector<Room> rooms_;  // the lobby, then the others as they were made
  std::vector<Request> requests_;
  std::map<SessionRef, SessionRef, bool (*)(const SessionRef&, const SessionRef&)> peers_{before};
  std::optional<reactor::TimePoint> presence_due_;
  std::map<std::string, MessageId> since_;  // who is here since which message, by small letters
  MessageId last_id_ = 0;
  std::uint64_t tag_messages_ = 0;
};

}  // namespace chat
