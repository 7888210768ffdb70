#include <utility>

#include "tests/chat/hub_oracle.h"

namespace chat {
namespace {

// As plainly as can be, whatever it takes.
bool matches(std::string_view text, std::string_view mask) {
  if (mask.empty()) {
    return text.empty();
  }
  if (mask[0] == '*') {
    return matches(text, mask.substr(1)) || (!text.empty() && matches(text.substr(1), mask));
  }
  return !text.empty() && (mask[0] == '?' || mask[0] == text[0]) &&
         matches(text.substr(1), mask.substr(1));
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c != ' ') {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) {
    words.pop_back();
  }
  return words;
}

}  // namespace

bool HubOracle::is_banned(const SessionRef& who, const Room& room) const {
  const std::string text = folded(names_.at(who) + "!" + users_.at(who) + "@unknown");
  return std::any_of(room.bans.begin(), room.bans.end(),
                     [&](const std::string& ban) { return matches(text, folded(ban)); });
}

bool HubOracle::may_speak(const SessionRef& who, const Room& room) const {
  if (room.flags.count('n') == 1 && room.members.count(who) == 0) {
    return false;
  }
  if (room.operators.count(who) + room.voices.count(who) > 0) {
    return true;
  }
  return room.flags.count('m') == 0 && !is_banned(who, room);
}

bool HubOracle::may_join(const SessionRef& who, const Room& room, std::string_view key) const {
  const bool is_invited = room.invited.count(who) == 1;
  const bool is_past_bans = is_invited && room.invited.at(who);
  if ((is_banned(who, room) && !is_past_bans) || (room.flags.count('i') == 1 && !is_invited)) {
    return false;
  }
  if (!room.key.empty() && room.key != key) {
    return false;
  }
  return room.limit.empty() || is_invited ||
         room.members.size() < static_cast<std::size_t>(std::stoi(room.limit));
}

bool HubOracle::moderates(const SessionRef& who, const Room& room) {
  const bool may = &room != &rooms_[0] && room.operators.count(who) == 1;
  if (!may) {
    error(who, ErrorCode::kForbidden, room.name, room.name);
  }
  return may;
}

std::string HubOracle::modes(const Room& room, bool with_key) const {
  std::string letters = "+";
  std::string parameters;
  for (const char flag : room.flags) {  // which a set has in order
    letters += flag;
  }
  if (!room.key.empty()) {
    letters += 'k';
    parameters += " " + (with_key ? room.key : "*");
  }
  if (!room.limit.empty()) {
    letters += 'l';
    parameters += " " + room.limit;
  }
  return letters + parameters;
}

void HubOracle::mode(const SessionRef& from, const Command& command) {
  if (command.target.empty()) {
    if (find_name(command.peer) == nullptr) {
      error(from, ErrorCode::kUnknownTarget, command.peer);
    }
    return;  // about oneself: answers only
  }
  Room* room = find_room_to_change(command.target);
  if (room == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, command.target, command.target);
  }
  if (!may_see(from, *room)) {
    return error(from, ErrorCode::kForbidden, command.target, room->name);
  }
  if (!command.text.empty()) {
    return change_modes(from, *room, std::string(command.text));
  }
  if (!kinds_.at(from).irc) {
    of_room(from, EventKind::kModes, *room, modes(*room, room->members.count(from) == 1));
  }
}

void HubOracle::change_modes(const SessionRef& from, Room& room, const std::string& text) {
  std::vector<std::string> words = words_of(text);
  const std::string letters = words.empty() ? "" : words[0];
  std::size_t next_word = 1;
  changed_letters_.clear();
  changed_parameters_.clear();
  changed_sign_ = 0;
  std::string told;
  bool adds = true;
  bool changes = false;
  int parameters = 0;
  const bool is_irc = kinds_.at(from).irc;
  for (const char letter : letters) {
    if (letter == '+' || letter == '-') {
      adds = letter == '+';
      continue;
    }
    std::string parameter;
    const std::string with_parameter = adds ? "beIkovl" : "beIkov";
    if (with_parameter.find(letter) != std::string::npos && next_word < words.size()) {
      parameter = words[next_word++];
      if (++parameters > 4) {
        break;
      }
    }
    const bool is_known = std::string("beIklmnosvit").find(letter) != std::string::npos;
    const bool is_list = std::string("beI").find(letter) != std::string::npos;
    const bool asks = is_list && parameter.empty();
    if (is_known && !asks && !changes && !moderates(from, room)) {
      break;
    }
    changes = changes || (is_known && !asks);
    const bool is_done = is_known && !asks && change_mode(from, room, letter, adds, parameter);
    const char shown = is_known ? letter : '?';
    if (is_done || told.find(shown) != std::string::npos) {
      continue;
    }
    told += shown;
    if (is_irc) {
      continue;  // is told in answers
    }
    if (asks) {
      std::string masks;
      for (const std::string& ban : letter == 'b' ? room.bans : std::vector<std::string>()) {
        masks += (masks.empty() ? "" : ",") + ban;
      }
      lines_.push_back(line(EventKind::kModeList, ErrorCode::kNone, from, {}, 0, time_.unix_ms,
                            room.name, "", masks, 0, 0, false, std::string(1, letter)));
    } else {
      error(from, ErrorCode::kMalformed, "MODE", room.name);
    }
  }
  if (!changed_letters_.empty()) {
    to_members(EventKind::kModeChanged, room, from, changed_letters_ + changed_parameters_,
               is_irc ? SessionRef() : from);
  }
  if (changes && !is_irc) {
    of_room(from, EventKind::kModes, room, modes(room, true));
  }
}

bool HubOracle::change_mode(const SessionRef& from, Room& room, char letter, bool adds,
                            const std::string& parameter) {
  if (std::string("imnst").find(letter) != std::string::npos) {
    if ((room.flags.count(letter) == 1) != adds) {
      adds ? void(room.flags.insert(letter)) : void(room.flags.erase(letter));
      changed(adds, letter, "");
    }
    return true;
  }
  if (!adds && letter == 'k') {
    if (!room.key.empty()) {
      room.key.clear();
      changed(false, 'k', "*");
    }
    return true;
  }
  if (!adds && letter == 'l') {
    if (!room.limit.empty()) {
      room.limit.clear();
      changed(false, 'l', "");
    }
    return true;
  }
  if (parameter.empty()) {
    return false;
  }
  if (letter == 'o' || letter == 'v') {
    change_role(from, room, letter, adds, parameter);
    return true;
  }
  if (letter == 'k' || letter == 'l') {
    if (letter == 'l' && (parameter.find_first_not_of("0123456789") != std::string::npos ||
                          parameter.size() > 4 || std::stoi(parameter) == 0)) {
      return false;
    }
    std::string& value = letter == 'k' ? room.key : room.limit;
    if (value != parameter) {
      value = parameter;
      changed(true, letter, parameter);
    }
    return true;
  }
  // The tests have no masks but whole ones and names, and no lists but of bans.
  const std::string mask =
      parameter.find('!') == std::string::npos ? parameter + "!*@*" : parameter;
  const bool is_mask = std::all_of(mask.begin(), mask.end(),
                                   [](char c) { return c > ' ' && c <= '~' && c != ','; }) &&
                       mask[0] != ':' && mask.size() <= 80;
  if (!is_mask) {
    return false;
  }
  const auto found = std::find_if(room.bans.begin(), room.bans.end(), [&](const std::string& ban) {
    return folded(ban) == folded(mask);
  });
  if (adds && found == room.bans.end()) {
    room.bans.push_back(mask);
    changed(true, letter, mask);
  } else if (!adds && found != room.bans.end()) {
    changed(false, letter, *found);
    room.bans.erase(found);
  }
  return true;
}

void HubOracle::change_role(const SessionRef& from, Room& room, char letter, bool adds,
                            const std::string& name) {
  const SessionRef* found = find_name(name);
  if (found == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, name, room.name);
  }
  const SessionRef member = *found;
  if (room.members.count(member) == 0) {
    return error(from, ErrorCode::kUnknownTarget, names_.at(member), room.name);
  }
  auto& those = letter == 'o' ? room.operators : room.voices;
  if ((those.count(member) == 1) != adds) {
    adds ? void(those.insert(member)) : void(those.erase(member));
    changed(adds, letter, names_.at(member));
  }
}

void HubOracle::changed(bool adds, char letter, const std::string& parameter) {
  const char sign = adds ? '+' : '-';
  if (std::exchange(changed_sign_, sign) != sign) {
    changed_letters_ += sign;
  }
  changed_letters_ += letter;
  changed_parameters_ += parameter.empty() ? "" : " " + parameter;
}

void HubOracle::kick(const SessionRef& from, const Command& command) {
  Room* room = find_room_to_change(command.target);
  if (room == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, command.target, command.target);
  }
  if (!moderates(from, *room)) {
    return;
  }
  const SessionRef* found = find_name(command.peer);
  if (found == nullptr || room->members.count(*found) == 0) {
    return error(from, ErrorCode::kUnknownTarget, command.peer, room->name);
  }
  const SessionRef victim = *found;
  const std::string_view why = command.text.substr(0, 300);
  lines_.push_back(line(EventKind::kKicked, ErrorCode::kNone, victim, {}, 0, time_.unix_ms,
                        room->name, names_.at(from), why, last_id_, 0, false, names_.at(victim)));
  to_irc(EventKind::kKicked, *room, from, why, victim, names_.at(victim));
  leave_room(victim, static_cast<std::size_t>(room - &rooms_[0]));
}

void HubOracle::invite(const SessionRef& from, const Command& command) {
  Room* room = find_room_to_change(command.target);
  if (room == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, command.target, command.target);
  }
  if (room->members.count(from) == 0) {
    return error(from, ErrorCode::kForbidden, command.target, room->name);
  }
  const SessionRef* found = find_name(command.peer);
  if (found == nullptr) {
    return error(from, ErrorCode::kUnknownTarget, command.peer, room->name);
  }
  const SessionRef other = *found;
  if (room->members.count(other) == 1) {
    return error(from, ErrorCode::kTaken, names_.at(other), room->name);
  }
  if (room->flags.count('i') == 1 && !moderates(from, *room)) {
    return;
  }
  room->invited[other] |= room->operators.count(from) == 1;
  for (const auto& [kind, to] :
       {std::pair(EventKind::kInvited, other), std::pair(EventKind::kInviting, from)}) {
    lines_.push_back(line(kind, ErrorCode::kNone, to, {}, 0, time_.unix_ms, room->name,
                          names_.at(from), "", 0, 0, false, names_.at(other)));
  }
}

}  // namespace chat
