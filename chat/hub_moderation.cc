#include <algorithm>
#include <string>
#include <utility>

#include "chat/hub.h"
#include "chat/masks.h"
#include "chat/names.h"
#include "chat/number.h"
#include "chat/protocol/utf8.h"
#include "chat/room_rules.h"

namespace chat {
namespace {

bool is_mode(const RoomModes& modes, char letter) {
  constexpr std::string_view kOthers = "klov";
  return modes.flag(letter) != nullptr || modes.masks(letter) != nullptr ||
         kOthers.find(letter) != std::string_view::npos;
}

auto find_mask(RoomModes::Masks& masks, std::string_view text) {
  return std::ranges::find_if(masks, [&](const RoomModes::Mask& mask) {
    return compare_ignoring_case(mask.text, text) == 0;
  });
}

const char* in_words(ModeMistake mistake) {
  switch (mistake) {
    case ModeMistake::kUnknownMode:
      return "there is no such mode; there are b e I i k l m n o s t v";
    case ModeMistake::kNoParameter:
      return "this mode needs a parameter: MODE:<room>:+o <name>";
    case ModeMistake::kWrongParameter:
      return "this can't be the mode's parameter";
    case ModeMistake::kListFull:
      return "the room's lists are full; take something off first";
  }
  return "";
}

}  // namespace

void Hub::mode(Client& client, const Command& command) {
  if (command.target.empty()) {
    user_mode(client, command);
    return;
  }
  Room* room = require_room(client, command.target);
  if (room == nullptr) {
    return;
  }
  if (!may_see(*room, client)) {
    refuse_outsider(client, *room, command.target);
  } else if (command.text.empty()) {
    tell_modes(client, *room);
  } else {
    change_modes(client, *room, command.text);
  }
}

void Hub::tell_modes(const Client& client, const Room& room) {
  if (client.capabilities.irc) {
    irc_.modes_of(client, room);
    return;
  }
  tell_of_room(client, EventKind::kModes, room,
               room.modes.describe(Rooms::is_member(client, room)));
}

void Hub::tell_masks(const Client& client, const Room& room, char letter) {
  if (client.capabilities.irc) {
    irc_.masks_of(client, room, letter);
    return;
  }
  text_.clear();
  for (const RoomModes::Mask& mask : *room.modes.masks(letter)) {
    text_ += text_.empty() ? "" : ",";
    text_ += mask.text;
  }
  Event event = make(EventKind::kModeList);
  event.to = client.session;
  event.room_id = room.id;
  event.room = room.name;
  event.target = {&letter, 1};
  event.text = text_;
  emit(event);
}

// Each list is told once, and of each letter one mistake, however often they are named.
void Hub::change_modes(Client& client, Room& room, std::string_view text) {
  ModeReader reader(text);
  ModeText done;
  std::string told;
  std::size_t parameters = 0;
  bool may_change = false;
  while (const auto change = reader.next()) {
    parameters += change->parameter ? 1 : 0;
    if (parameters > kModeParametersMax) {
      break;
    }
    const bool is_known = is_mode(room.modes, change->letter);
    const bool is_question = room.modes.masks(change->letter) != nullptr && !change->parameter;
    if (is_known && !is_question && !may_change && !may_moderate(client, room)) {
      break;
    }
    may_change |= is_known && !is_question;
    const auto mistake = is_question ? std::nullopt : change_mode(client, room, *change, done);
    const char teller = is_known ? change->letter : '?';
    if ((is_question || mistake) && told.find(teller) == std::string::npos) {
      told += teller;
      if (is_question) {
        tell_masks(client, room, teller);
      } else {
        tell_mistake(client, room, *change, *mistake);
      }
    }
  }
  if (!done.empty()) {
    announce_modes(client, room, done.text());
  }
  if (may_change && !client.capabilities.irc) {
    tell_modes(client, room);
  }
}

void Hub::announce_modes(const Client& client, Room& room, const std::string& changes) {
  Event event = make(EventKind::kModeChanged);
  event.room_id = room.id;
  event.room = room.name;
  if (!client.capabilities.irc) {
    event.except = client.session;  // who is told what the modes are now
  }
  set_subject(event, client);
  event.text = changes;
  emit(event);
  if (room.is_kept) {
    keep_state(room);
  }
}

// What is not an operator's to change, or can't be kept, the client is told.
bool Hub::may_moderate(const Client& client, const Room& room) {
  if (room.id == kLobby) {
    refuse(client.session, Refusal::kNotInLobby, room.name,
           {"the lobby has no operators; JOIN a room to have one"}, room.name);
    return false;
  }
  if (!Rooms::is_member(client, room)) {
    refuse_outsider(client, room, room.name);
    return false;
  }
  if (!role_of(room, client).is_operator) {
    refuse(client.session, Refusal::kNotOperator, room.name,
           {"only the operators of this room may do that"}, room.name);
    return false;
  }
  return !room.is_kept || may_send(client);
}

void Hub::tell_mistake(const Client& client, const Room& room, const ModeChange& change,
                       ModeMistake mistake) {
  if (client.capabilities.irc) {
    irc_.mode_mistake(client, room, change, mistake);
    return;
  }
  refuse(client.session, Refusal::kMalformed, "MODE", {in_words(mistake)}, room.name);
}

std::optional<ModeMistake> Hub::change_mode(const Client& client, Room& room,
                                            const ModeChange& change, ModeText& done) {
  RoomModes& modes = room.modes;
  if (bool* flag = modes.flag(change.letter)) {
    if (std::exchange(*flag, change.adds) != change.adds) {
      done.add(change.adds, change.letter);
    }
    return std::nullopt;
  }
  if (change.letter == 'k' && !change.adds) {
    if (!std::exchange(modes.key, {}).empty()) {
      done.add(false, 'k', "*");
    }
    return std::nullopt;
  }
  if (change.letter == 'l' && !change.adds) {
    if (std::exchange(modes.members_max, 0) != 0) {
      done.add(false, 'l');
    }
    return std::nullopt;
  }
  if (!is_mode(modes, change.letter)) {
    return ModeMistake::kUnknownMode;
  }
  if (!change.parameter) {
    return ModeMistake::kNoParameter;
  }
  if (change.letter == 'o' || change.letter == 'v') {
    change_role(client, room, change, done);
    return std::nullopt;
  }
  return change.letter == 'k' || change.letter == 'l'
             ? change_entry(modes, change, done)
             : change_masks(client, *modes.masks(change.letter), room, change, done);
}

// Key and limit.
std::optional<ModeMistake> Hub::change_entry(RoomModes& modes, const ModeChange& change,
                                             ModeText& done) {
  if (change.letter == 'k') {
    if (!is_room_key(*change.parameter)) {
      return ModeMistake::kWrongParameter;
    }
    if (modes.key != *change.parameter) {
      modes.key = *change.parameter;
      done.add(true, 'k', modes.key);
    }
    return std::nullopt;
  }
  const std::size_t members_max = parse_number<std::uint32_t>(*change.parameter).value_or(0);
  if (members_max == 0) {
    return ModeMistake::kWrongParameter;
  }
  if (std::exchange(modes.members_max, members_max) != members_max) {
    done.add(true, 'l', std::to_string(members_max));
  }
  return std::nullopt;
}

std::optional<ModeMistake> Hub::change_masks(const Client& client, RoomModes::Masks& masks,
                                             const Room& room, const ModeChange& change,
                                             ModeText& done) {
  std::string text = normalized_mask(*change.parameter);
  if (text.empty()) {
    return ModeMistake::kWrongParameter;
  }
  const auto found = find_mask(masks, text);
  if (change.adds && found == masks.end()) {
    if (room.modes.masks_size() >= limits_.room_list_max) {
      return ModeMistake::kListFull;
    }
    done.add(true, change.letter, text);
    masks.push_back({std::move(text), client.name, time_.unix_ms});
  } else if (!change.adds && found != masks.end()) {
    done.add(false, change.letter, found->text);
    masks.erase(found);
  }
  return std::nullopt;
}

// Operators and voices.
void Hub::change_role(const Client& client, Room& room, const ModeChange& change, ModeText& done) {
  const std::string_view name = *change.parameter;
  const Client* member = find_client(name);
  if (member == nullptr) {
    refuse(client.session, Refusal::kNoSuchName, name, {"nobody here has this name"}, room.name);
    return;
  }
  if (!Rooms::is_member(*member, room)) {
    refuse_absent(client, room, member->name);
    return;
  }
  Role role = role_of(room, *member);
  bool& part = change.letter == 'o' ? role.is_operator : role.has_voice;
  if (std::exchange(part, change.adds) == change.adds) {
    return;
  }
  if (role) {
    room.roles[member] = role;
  } else {
    room.roles.erase(member);
  }
  done.add(change.adds, change.letter, member->name);
}

void Hub::kick(Client& client, const Command& command) {
  Room* room = require_room(client, command.target);
  if (room == nullptr || !may_moderate(client, *room)) {
    return;
  }
  Client* victim = find_to_change(command.peer);
  if (victim == nullptr || !Rooms::is_member(*victim, *room)) {
    refuse_absent(client, *room, command.peer);
    return;
  }
  Event event = make(EventKind::kKicked);
  event.room_id = room->id;
  event.room = room->name;
  set_subject(event, client);
  event.target = victim->name;
  event.text = cut_text(command.text, kReasonBytesMax);
  event.from = last_id();
  event.to = victim->session;
  if (event.to) {
    emit(event);
  }
  event.to = {};
  event.from = 0;
  event.except = victim->session;
  if (room->irc_members > 0) {
    emit(event);
  }
  note_past(*victim, *room, since(*victim, *room));
  leave_room(*victim, *room);
}

void Hub::invite(Client& client, const Command& command) {
  const Room* room = require_membership(client, command.target);
  if (room == nullptr) {
    return;
  }
  Client* other = find_to_change(command.peer);
  if (other == nullptr) {
    refuse(client.session, Refusal::kNoSuchName, command.peer, {"nobody here has this name"},
           room->name);
    return;
  }
  if (Rooms::is_member(*other, *room)) {
    refuse(client.session, Refusal::kTargetInRoom, other->name,
           {other->name, " is in this room already"}, room->name);
    return;
  }
  if (room->modes.is_for_invited && !may_moderate(client, *room)) {
    return;
  }
  note_invitation(*other, *room, role_of(*room, client).is_operator);
  Event event = make(EventKind::kInvited);
  event.room_id = room->id;
  event.room = room->name;
  set_subject(event, client);
  event.target = other->name;
  event.to = other->session;
  if (event.to) {
    emit(event);
  }
  event.kind = EventKind::kInviting;
  event.to = client.session;
  emit(event);
  tell_if_away(client, *other);
}

void Hub::note_invitation(Client& client, const Room& room, bool is_by_operator) const {
  std::vector<Client::Invitation>& invitations = client.make_particulars().invitations;
  const auto same = std::ranges::find(invitations, room.id, &Client::Invitation::room);
  if (same != invitations.end()) {
    is_by_operator |= same->is_by_operator;  // a member's takes nothing away
    invitations.erase(same);
  }
  invitations.push_back({.room = room.id, .is_by_operator = is_by_operator});
  if (invitations.size() > limits_.invitations_per_client_max) {
    invitations.erase(invitations.begin());
  }
}

// For a start after this one.
void Hub::keep_state(Room& room) {
  room.is_kept = true;
  RoomState state;
  state.made_unix_ms = room.made_unix_ms;
  state.modes = room.modes;
  for (const auto& [member, role] : room.roles) {
    if (!member->is_resumable()) {
      continue;  // whoever has the name then may be anybody
    }
    if (role.is_operator && state.operators.size() < kRolesKeptMax) {
      state.operators.push_back(member->name);
    }
    if (role.has_voice && state.voices.size() < kRolesKeptMax) {
      state.voices.push_back(member->name);
    }
  }
  const std::string text = write_room_state(state);
  Record record;
  record.kind = Record::Kind::kRoomState;
  record.room = room.name;
  record.text = text;
  journal_.append(record);
}

void Hub::recover_state(Room& room, std::string_view name, std::string_view text) {
  const RoomState state = read_room_state(text);
  room.name = name;  // as it was spelled; in the same place
  room.made_unix_ms = state.made_unix_ms;
  room.modes = state.modes;
  room.is_kept = true;
  const auto give = [&](const std::vector<std::string>& names, bool Role::*part) {
    for (const std::string& one : names) {
      const auto member = room.members.find(std::string_view(one));
      if (member != room.members.end()) {
        room.roles[*member].*part = true;
      }
    }
  };
  give(state.operators, &Role::is_operator);
  give(state.voices, &Role::has_voice);
}

void Hub::refuse_join(const Client& client, const Room& room, std::string_view room_name,
                      Refusal refusal) {
  const char* text = "you are banned from this room";
  if (refusal == Refusal::kInviteOnly) {
    text = "only who is invited may come in; ask a member for INVITE";
  } else if (refusal == Refusal::kWrongKey) {
    text = "this room has a key: JOIN:<room>:<key>";
  } else if (refusal == Refusal::kRoomIsFull) {
    text = "this room is full";
  }
  refuse(client.session, refusal, room_name, {text}, room.name);
}

void Hub::refuse_outsider(const Client& client, const Room& room, std::string_view room_name) {
  refuse(client.session, Refusal::kNotInRoom, room_name,
         {"you are not in this room; JOIN:", room.name, " first"}, room.name);
}

void Hub::refuse_absent(const Client& client, const Room& room, std::string_view name) {
  refuse(client.session, Refusal::kTargetNotInRoom, name, {"nobody of this name is in the room"},
         room.name);
}

}  // namespace chat
