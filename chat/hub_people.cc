#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "chat/hub.h"
#include "chat/names.h"
#include "chat/protocol/utf8.h"

namespace chat {
namespace {

// What tells the parts of an origin apart, or means something in masks or in a line.
bool is_harmless(char c) {
  constexpr std::string_view kMeaning = "!@*?:,";
  return c > ' ' && c <= '~' && kMeaning.find(c) == std::string_view::npos;
}

// Until use says that it has had enough.
template <class Use>
void for_each_item(std::string_view list, Use&& use) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    if (!use(item)) {
      return;
    }
  }
}

}  // namespace

void Hub::register_client(SessionRef from, const Command& command) {
  if (!can_be_called(from, command.target, nullptr)) {
    return;
  }
  Client& client = clients_.add(from, command.target);
  client.since = last_id();
  client.named_since = last_id();
  client.came_unix_ms = time_.unix_ms;
  client.spoke_unix_ms = time_.unix_ms;
  client.capabilities = command.capabilities;
  identify(client, command.user, command.host);
  if (!command.text.empty()) {
    client.make_particulars().real_name = cut_text(command.text, kRealNameBytesMax);
  }
  Rooms::enter(client, rooms_.lobby(), client.since);
  Event event = make(EventKind::kRegistered);
  event.to = from;
  set_subject(event, client);
  emit(event);
  if (client.capabilities.irc) {
    welcome_to_irc(client);
  }
  if (client.capabilities.resume) {
    begin_session(client);
  }
  tell_who_joined(client, rooms_.lobby());
  tell_watchers(client);
}

// If not, who wants it is told so. who: has another name until now; may be null.
bool Hub::can_be_called(const SessionRef& to, std::string_view name, const Client* who) {
  if (!is_valid_name(name, limits_.name_length_max)) {
    refuse(to, Refusal::kInvalidName, name,
           {"a name begins with a letter or _ and goes on with letters, digits, _ or -, at most ",
            std::to_string(limits_.name_length_max), " in all"});
    return false;
  }
  const Client* holder = find_client(name);
  if (holder != nullptr && holder != who) {
    refuse(to, Refusal::kNameTaken, name, {"somebody has this name already; choose another one"});
    return false;
  }
  return true;
}

// user: as IRC clients call their account; empty: as the client itself.
void Hub::identify(Client& client, std::string_view user, std::string_view host) {
  Cloaks::Cloak* const before = client.cloak;
  client.cloak = cloaks_.take(host);
  cloaks_.release(before);
  std::string shown;
  std::copy_if(user.begin(), user.end(), std::back_inserter(shown), is_harmless);
  shown.resize(std::min(shown.size(), kUserBytesMax));
  client.origin =
      fmt::format("{}@{}", shown.empty() ? client.name : shown, Cloaks::shown(host, client.cloak));
}

void Hub::welcome_to_irc(const Client& client) {
  irc_.counts(client);
  irc_.message_of_the_day(client);
  confirm_join(client, rooms_.lobby());
}

void Hub::remove(Client& client, std::string_view why) {
  forget_private_chats(client);
  tell_irc_members(EventKind::kQuit, rooms_.lobby(), client, why, client.session);
  while (!client.rooms.empty()) {
    leave_room(client, *client.rooms.back().room);
  }
  leave_room(client, rooms_.lobby());
  if (client.is_resumable()) {
    keep(Record::Kind::kSessionEnded, client, {}, 0);
  }
  monitors_.clear(client);
  tell_watchers_of_absence(client.name);
  bygone_.note(client, time_.unix_ms);
  cloaks_.release(client.cloak);
  clients_.remove(client);
}

// The others, in their two ways: programs by and by, IRC clients at once.
void Hub::tell_who_joined(const Client& client, const Room& room) {
  presence_.joined(room.id, client.name, time_.now);
  tell_irc_members(EventKind::kEntered, room, client, client.real_name(), client.session);
  if (!client.away().empty()) {
    tell_irc_members(EventKind::kAway, room, client, client.away(), client.session);
  }
}

void Hub::tell_irc_members(EventKind kind, const Room& room, const Client& subject,
                           std::string_view text, const SessionRef& except) {
  if (room.irc_members == 0) {
    return;
  }
  Event event = make(kind);
  event.room_id = room.id;
  event.room = room.name;
  event.except = except;
  set_subject(event, subject);
  event.text = text;
  emit(event);
}

// Nobody who can come back: the store knows him by his name.
void Hub::rename(Client& client, std::string_view name) {
  if (client.is_resumable()) {
    refuse(client.session, Refusal::kForbidden, name,
           {"you are ", client.name, "; connect again to change the name"});
    return;
  }
  if (!can_be_called(client.session, name, &client) || name == client.name) {
    return;
  }
  send_presence();  // of those who had the names until now
  const std::string before = client.name;
  const bool is_another = compare_ignoring_case(before, name) != 0;
  if (is_another) {
    bygone_.note(client, time_.unix_ms);
    client.named_since = last_id();
    if (client.particulars) {
      client.particulars->correspondents.clear();
    }
  }
  rooms_.rename(client, name);
  tell_new_name(client, before);
  if (is_another) {
    tell_watchers_of_absence(before);
    tell_watchers(client);
  }
}

void Hub::tell_new_name(const Client& client, std::string_view before) {
  Event event = make(EventKind::kRenamed);
  event.to = client.session;
  event.subject = before;
  event.origin = client.origin;
  event.target = client.name;
  emit(event);
  event.to = {};
  event.except = client.session;
  event.room_id = kLobby;
  event.room = kLobbyName;
  emit(event);
}

void Hub::set_real_name(Client& client, std::string_view text) {
  client.make_particulars().real_name = cut_text(text, kRealNameBytesMax);
  tell_irc_members(EventKind::kRealName, rooms_.lobby(), client, client.real_name(), {});
}

void Hub::set_away(Client& client, std::string_view text) {
  const std::string_view shown = cut_text(text, kAwayBytesMax);
  const bool is_news = client.away() != shown;
  client.make_particulars().away = shown;
  irc_.noted_away(client);
  if (is_news) {
    tell_irc_members(EventKind::kAway, rooms_.lobby(), client, client.away(), client.session);
  }
}

// client: who has said something to the other, or asked for something.
void Hub::tell_if_away(const Client& client, const Client& other) {
  if (client.capabilities.irc && !other.away().empty() && !is_unanswered_) {
    irc_.away(client, other);
  }
}

// What a client says of itself in IRC, as letters.
void Hub::user_mode(Client& client, const Command& command) {
  if (compare_ignoring_case(command.peer, client.name) != 0) {
    if (require_client(client, command.peer) != nullptr) {
      irc_.not_ones_own_modes(client);
    }
    return;
  }
  if (command.text.empty()) {
    irc_.user_modes(client);
    return;
  }
  ModeReader reader(command.text);
  const bool before = client.particulars && client.particulars->is_invisible;
  bool is_invisible = before;
  bool knows_all = true;
  while (const auto change = reader.next()) {
    knows_all &= change->letter == 'i';
    is_invisible = change->letter == 'i' ? change->adds : is_invisible;
  }
  if (is_invisible != before) {
    clients_.set_invisible(client, is_invisible);
    irc_.user_modes_changed(client, is_invisible ? "+i" : "-i");
  }
  if (!knows_all) {
    irc_.unknown_user_mode(client);
  }
}

// "+ alice,bob", "- alice", "C", "L", "S".
void Hub::monitor(Client& client, std::string_view text) {
  const std::string_view what = text.substr(0, 1);
  text.remove_prefix(std::min(text.find_first_not_of(' ', what.size()), text.size()));
  if (what == "+") {
    watch(client, text);
  } else if (what == "-") {
    for_each_item(text, [&](std::string_view name) {
      monitors_.remove(client, name);
      return true;
    });
  } else if (what == "C" || what == "c") {
    monitors_.clear(client);
  } else if (what == "L" || what == "l") {
    irc_.watched(client);
  } else if (what == "S" || what == "s") {
    irc_.monitored(client, client.make_particulars().watched);
  }
}

// Those that can't be anybody's name are passed over.
void Hub::watch(Client& client, std::string_view names) {
  std::vector<std::string> watched;
  std::string_view rest;
  for_each_item(names, [&](std::string_view name) {
    if (!is_valid_name(name, limits_.name_length_max)) {
      return true;
    }
    if (!monitors_.add(client, name, limits_.monitor_max)) {
      rest = names.substr(static_cast<std::size_t>(name.data() - names.data()));
      return false;
    }
    watched.emplace_back(name);
    return true;
  });
  irc_.monitored(client, watched);
  if (!rest.empty()) {
    irc_.watches_enough(client, rest);
  }
}

void Hub::tell_watchers(const Client& client) {
  for (const Client* watcher : monitors_.watchers_of(client.name)) {
    irc_.online(*watcher, client);
  }
}

void Hub::tell_watchers_of_absence(std::string_view name) {
  for (const Client* watcher : monitors_.watchers_of(name)) {
    irc_.offline(*watcher, name);
  }
}

}  // namespace chat
