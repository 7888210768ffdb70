#include "chat/protocol/irc_commands.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "chat/names.h"
#include "chat/protocol/irc_history.h"
#include "chat/protocol/irc_isupport.h"
#include "chat/protocol/utf8.h"

namespace chat {
namespace {

// The room without its #; nothing for what is no room.
std::optional<std::string_view> room_of(std::string_view name) {
  return name.starts_with('#') ? std::optional(name.substr(1)) : std::nullopt;
}

void refuse_room(IrcTurn& turn, std::string_view name) {
  turn.answer(403, {as_irc_word(name), " :No such channel"});
}

// The parameters from the index on, as words.
std::string join_params(const IrcLine& line, std::size_t from) {
  std::string joined;
  for (std::size_t i = from; i < line.param_count; ++i) {
    joined += joined.empty() ? "" : " ";
    joined += line.params[i];
  }
  return joined;
}

std::size_t count_items(std::string_view list) {
  return 1 + static_cast<std::size_t>(std::count(list.begin(), list.end(), ','));
}

bool is_client_tag(std::string_view tag) {
  return tag.size() > 1 && tag.front() == '+' && tag[1] != '=' &&
         tag.find('\r') == std::string_view::npos;
}

// What clients tell each other: tags with + in front, as they stand on the wire. Often that is all
// there is; else it is put together in storage.
std::string_view client_tags(std::string_view tags, std::string& storage) {
  bool is_all = true;
  for (std::string_view rest = tags; !rest.empty();) {
    is_all &= is_client_tag(next_item(rest, ';'));
  }
  if (is_all) {
    return tags;
  }
  for (std::string_view rest = tags; !rest.empty();) {
    const std::string_view tag = next_item(rest, ';');
    if (is_client_tag(tag)) {
      storage += storage.empty() ? "" : ";";
      storage += tag;
    }
  }
  return storage;
}

// Nobody answers a NOTICE, however wrong it is.
void send_message(IrcTurn& turn, const IrcLine& line, const IrcContext& context, bool notice) {
  std::string_view targets = line.param(0);
  Command command;
  command.text = line.param(1);
  command.notice = notice;
  if (targets.empty() || command.text.empty() || count_items(targets) > kIrcTargetsMax) {
    if (notice) {
      return;
    }
    if (targets.empty()) {
      return turn.answer(411, {":No recipient given (PRIVMSG)"});
    }
    if (command.text.empty()) {
      return turn.answer(412, {":No text to send"});
    }
    return turn.answer(407, {as_irc_word(targets), " :Too many targets"});
  }
  std::string storage;
  if (context.capabilities.has(IrcCapability::kMessageTags)) {
    command.tags = client_tags(line.tags, storage);
  }
  while (!targets.empty()) {
    const std::string_view target = next_item(targets, ',');
    const auto room = room_of(target);
    command.verb = room ? Verb::kSay : Verb::kDirect;
    command.target = room.value_or(target);
    turn.submit(command);
  }
}

void privmsg(IrcTurn& turn, const IrcLine& line, const IrcContext& context) {
  send_message(turn, line, context, false);
}

void notice(IrcTurn& turn, const IrcLine& line, const IrcContext& context) {
  send_message(turn, line, context, true);
}

void tagmsg(IrcTurn& turn, const IrcLine& line, const IrcContext& context) {
  std::string_view targets = line.param(0);
  if (count_items(targets) > kIrcTargetsMax) {
    return turn.answer(407, {as_irc_word(targets), " :Too many targets"});
  }
  if (!context.capabilities.has(IrcCapability::kMessageTags)) {
    return turn.refuse(Refusal::kUnknownVerb, "TAGMSG",
                       "Ask for the capability message-tags first");
  }
  std::string storage;
  Command command;
  command.verb = Verb::kTagMessage;
  command.tags = client_tags(line.tags, storage);
  while (!targets.empty()) {
    command.target = next_item(targets, ',');
    turn.submit(command);
  }
}

// JOIN #a,#b key_of_a,key_of_b
void join(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  std::string_view rooms = line.param(0);
  std::string_view keys = line.param(1);
  if (rooms == "0") {
    return turn.submit(Verb::kPart);
  }
  while (!rooms.empty()) {
    const std::string_view name = next_item(rooms, ',');
    const std::string_view key = next_item(keys, ',');
    if (const auto room = room_of(name)) {
      turn.submit(Verb::kJoin, *room, key);
    } else if (!name.empty()) {
      refuse_room(turn, name);
    }
  }
}

void part(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  std::string_view rooms = line.param(0);
  while (!rooms.empty()) {
    const std::string_view name = next_item(rooms, ',');
    const auto room = room_of(name);
    if (room && !room->empty()) {
      turn.submit(Verb::kPart, *room, line.param(1));
    } else if (!name.empty()) {
      refuse_room(turn, name);
    }
  }
}

// KICK #a bob,carl, or KICK #a,#b bob,carl
void kick(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  std::string_view rooms = line.param(0);
  std::string_view names = line.param(1);
  const bool is_one_room = rooms.find(',') == std::string_view::npos;
  for (std::size_t i = 0; i < kIrcTargetsMax && !names.empty() && !rooms.empty(); ++i) {
    const std::string_view name = is_one_room ? rooms : next_item(rooms, ',');
    Command command;
    command.verb = Verb::kKick;
    command.peer = next_item(names, ',');
    command.text = cut_text(line.param(2), kReasonBytesMax);
    if (const auto room = room_of(name)) {
      command.target = *room;
      turn.submit(command);
    } else {
      refuse_room(turn, name);
    }
  }
}

void topic(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  const auto room = room_of(line.param(0));
  if (!room) {
    return refuse_room(turn, line.param(0));
  }
  if (line.param_count == 1) {
    return turn.submit(Verb::kTopicOf, *room);
  }
  turn.submit(Verb::kTopic, *room, cut_text(line.param(1), kIrcTopicBytesMax));
}

void names(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  std::string_view rooms = line.param(0);
  const std::string_view name = next_item(rooms, ',');
  const auto room = room_of(name);
  if (room && !room->empty()) {
    turn.submit(Verb::kNames, *room);
  } else if (name.empty()) {
    turn.submit(Verb::kNames);
  } else {
    turn.answer(366, {as_irc_word(name), " :End of /NAMES list"});
  }
}

// MODE #a +o-k bob secret, or MODE alice +i
void mode(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  const std::string changes = join_params(line, 1);
  Command command;
  command.verb = Verb::kMode;
  command.text = changes;
  if (const auto room = room_of(line.param(0))) {
    if (room->empty()) {
      return refuse_room(turn, line.param(0));
    }
    command.target = *room;
  } else {
    command.peer = line.param(0);
  }
  turn.submit(command);
}

void invite(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  const auto room = room_of(line.param(1));
  if (!room) {
    return refuse_room(turn, line.param(1));
  }
  Command command;
  command.verb = Verb::kInvite;
  command.target = *room;
  command.peer = line.param(0);
  turn.submit(command);
}

void who(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  turn.submit(Verb::kWho, line.param(0), line.param(1));
}

// WHOIS bob, or WHOIS server bob; there is only one server.
void whois(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  const std::string_view name = line.param(line.param_count > 1 ? 1 : 0);
  if (name.empty()) {
    return turn.answer(431, {":No nickname given"});
  }
  turn.submit(Verb::kWhois, name);
}

void whowas(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  if (line.param(0).empty()) {
    return turn.answer(431, {":No nickname given"});
  }
  Command command;
  command.verb = Verb::kWhowas;
  command.target = line.param(0);
  const std::string_view count = line.param(1);
  std::from_chars(count.data(), count.data() + count.size(), command.count);  // or 0: all
  turn.submit(command);
}

void list(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  turn.submit(Verb::kListRooms, {}, line.param(0));
}

void away(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  turn.submit(Verb::kAway, {}, cut_text(line.param(0), kAwayBytesMax));
}

void is_on(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  turn.submit(Verb::kIsOn, {}, join_params(line, 0));
}

void userhost(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  turn.submit(Verb::kUserHost, {}, join_params(line, 0));
}

void monitor(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  turn.submit(Verb::kMonitor, {}, join_params(line, 0));
}

void setname(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  const std::string_view name = line.param(0);
  if (name.empty() || name.size() > kRealNameBytesMax) {
    return turn.answer_line({"FAIL SETNAME INVALID_REALNAME :Realname is not valid"});
  }
  turn.submit(Verb::kRealName, {}, name);
}

void lusers(IrcTurn& turn, const IrcLine& /*line*/, const IrcContext& /*context*/) {
  turn.submit(Verb::kCounts);
}

void motd(IrcTurn& turn, const IrcLine& /*line*/, const IrcContext& /*context*/) {
  turn.submit(Verb::kMotd);
}

void version(IrcTurn& turn, const IrcLine& /*line*/, const IrcContext& context) {
  turn.answer(351, {as_irc_word(context.server.version), " ", context.server.name, " :"});
  for (const std::string& tokens : irc_isupport(context.limits, context.server)) {
    turn.answer(5, {tokens});
  }
}

// The hub has the only clock: IrcCodec::answer writes the time behind this.
void time(IrcTurn& turn, const IrcLine& /*line*/, const IrcContext& context) {
  turn.answer(kIrcTimeNumber, {context.server.name});
}

void admin(IrcTurn& turn, const IrcLine& /*line*/, const IrcContext& context) {
  turn.answer(423, {context.server.name, " :No administrative info available"});
}

void info(IrcTurn& turn, const IrcLine& /*line*/, const IrcContext& context) {
  turn.answer(371, {":", context.server.version});
  turn.answer(374, {":End of /INFO list"});
}

void ping(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  if (line.param(0).empty()) {
    return turn.answer(409, {":No origin specified"});
  }
  turn.submit(Verb::kPing, {}, line.param(0));
}

// That something came from the client is all there is to know.
void pong(IrcTurn& /*turn*/, const IrcLine& /*line*/, const IrcContext& /*context*/) {}

void quit(IrcTurn& turn, const IrcLine& line, const IrcContext& /*context*/) {
  turn.submit(Verb::kQuit, {}, cut_text(line.param(0), kReasonBytesMax));
}

// What is said often comes first.
constexpr std::array kCommands{
    IrcCommand{"PRIVMSG", 0, false, privmsg},
    IrcCommand{"PING", 0, true, ping},
    IrcCommand{"PONG", 0, true, pong},
    IrcCommand{"NOTICE", 0, false, notice},
    IrcCommand{"TAGMSG", 1, false, tagmsg},
    IrcCommand{"JOIN", 1, false, join},
    IrcCommand{"PART", 1, false, part},
    IrcCommand{"MODE", 1, false, mode},
    IrcCommand{"WHO", 0, false, who},
    IrcCommand{"WHOIS", 0, false, whois},
    IrcCommand{"WHOWAS", 0, false, whowas},
    IrcCommand{"TOPIC", 1, false, topic},
    IrcCommand{"NAMES", 0, false, names},
    IrcCommand{"LIST", 0, false, list},
    IrcCommand{"KICK", 2, false, kick},
    IrcCommand{"INVITE", 2, false, invite},
    IrcCommand{"AWAY", 0, false, away},
    IrcCommand{"ISON", 1, false, is_on},
    IrcCommand{"USERHOST", 1, false, userhost},
    IrcCommand{"MONITOR", 1, false, monitor},
    IrcCommand{"CHATHISTORY", 0, false, ask_for_irc_history},
    IrcCommand{"SETNAME", 0, false, setname},
    IrcCommand{"LUSERS", 0, false, lusers},
    IrcCommand{"MOTD", 0, false, motd},
    IrcCommand{"VERSION", 0, false, version},
    IrcCommand{"TIME", 0, false, time},
    IrcCommand{"ADMIN", 0, false, admin},
    IrcCommand{"INFO", 0, false, info},
    IrcCommand{"QUIT", 0, true, quit},
};

}  // namespace

const IrcCommand* find_irc_command(std::string_view name) {
  const auto* const found = std::find_if(
      kCommands.begin(), kCommands.end(),
      [name](const IrcCommand& command) { return compare_ignoring_case(command.name, name) == 0; });
  return found == kCommands.end() ? nullptr : found;
}

}  // namespace chat
