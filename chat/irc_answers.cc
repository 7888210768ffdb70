#include "chat/irc_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "chat/irc_answers_list.h"
#include "chat/masks.h"
#include "chat/names.h"
#include "chat/number.h"
#include "chat/protocol/utf8.h"
#include "chat/room_rules.h"

namespace chat {
namespace {

// As IRC numbers them.
enum Number : std::uint32_t {
  kLocalClients = 251,
  kRoomsMade = 254,
  kClientsHere = 255,
  kLocalMost = 265,
  kGlobalMost = 266,
  kListStart = 321,
  kListedRoom = 322,
  kListEnd = 323,
  kRoomModes = 324,
  kMadeWhen = 329,
  kNoTopic = 331,
  kInviteException = 346,
  kInviteExceptionsEnd = 347,
  kException = 348,
  kExceptionsEnd = 349,
  kName = 353,
  kNamesEnd = 366,
  kBan = 367,
  kBansEnd = 368,
  kMotdLine = 372,
  kMotdStart = 375,
  kMotdEnd = 376,
  kTooManyLines = 416,
  kNoMotd = 422,
  kUnknownMode = 472,
  kListFull = 478,
  kWrongModeParameter = 696,
};

constexpr std::size_t kLineBytesMax = 510;  // without the line end
constexpr std::size_t kWordBytesMax = 200;

// What LIST is to tell of: rooms of which all that is asked for holds.
class RoomFilter {
 public:
  explicit RoomFilter(std::string_view wanted) {
    for (std::size_t items = 0; !wanted.empty() && items < kItemsMax; ++items) {
      const std::string_view item = wanted.substr(0, wanted.find(','));
      wanted.remove_prefix(std::min(item.size() + 1, wanted.size()));
      add(item.substr(0, kMaskBytesMax));
    }
  }

  bool wants(const Room& room) {
    const std::size_t members = room.members.size();
    if (room.id == kLobby) {
      return names_lobby_;
    }
    if (members <= more_than_ || members >= less_than_) {
      return false;
    }
    matcher_.look_at({"#", room.name});
    const auto matches = [&](std::string_view mask) { return matcher_.matches(mask); };
    return (masks_.empty() || std::ranges::any_of(masks_, matches)) &&
           std::ranges::none_of(not_masks_, matches);
  }

 private:
  static constexpr std::size_t kItemsMax = 8;

  void add(std::string_view item) {
    if (item.starts_with('>')) {
      more_than_ = parse_number<std::size_t>(item.substr(1)).value_or(more_than_);
    } else if (item.starts_with('<')) {
      less_than_ = parse_number<std::size_t>(item.substr(1)).value_or(less_than_);
    } else if (item.starts_with('!')) {
      not_masks_.push_back(item.substr(1));
    } else if (!item.empty()) {
      masks_.push_back(item);
      names_lobby_ |= item.front() == '#' && compare_ignoring_case(item.substr(1), kLobbyName) == 0;
    }
  }

  std::size_t more_than_ = 0;
  std::size_t less_than_ = std::numeric_limits<std::size_t>::max();
  std::vector<std::string_view> masks_;
  std::vector<std::string_view> not_masks_;
  bool names_lobby_ = false;
  MaskMatcher matcher_;
};

}  // namespace

// ":server 353 alice " stands in front.
std::size_t IrcAnswers::bytes_max(const Client& to) const {
  constexpr std::size_t kAround = std::string_view(":").size() + std::string_view(" 353 ").size() +
                                  std::string_view(" ").size();
  const std::size_t taken = kAround + info_.name.size() + to.name.size();
  return kLineBytesMax - std::min(taken, kLineBytesMax);
}

void IrcAnswers::tell(const Client& to, std::uint32_t number, std::string_view text) {
  sink_.answer(to, number, cut_text(text, number == 0 ? kLineBytesMax : bytes_max(to)));
}

std::string_view IrcAnswers::word(std::string_view text) {
  const bool is_word = !text.empty() && text.front() != ':' &&
                       text.find(' ') == std::string_view::npos && text.size() <= kWordBytesMax;
  return is_word ? text : "*";
}

const Client* IrcAnswers::find(std::string_view name) const {
  const auto& everybody = rooms_.lobby().members;
  const auto found = everybody.find(name);
  return found == everybody.end() ? nullptr : *found;
}

std::string IrcAnswers::prefix(const Client& to, Role role) {
  std::string prefix = role.is_operator ? "@" : "";
  if (role.has_voice && (prefix.empty() || to.capabilities.multi_prefix)) {
    prefix += '+';
  }
  return prefix;
}

void IrcAnswers::names(const Client& to, std::string_view room_name) {
  const Room* room = rooms_.find(room_name);
  if (room != nullptr && may_see(*room, to)) {
    names_in(to, *room);
    return;
  }
  if (!room_name.empty()) {
    tell(to, kNamesEnd, fmt::format("#{} :End of /NAMES list", word(room_name)));
    return;
  }
  std::size_t names_left = limits_.who_replies_max;
  for (const Room* one : rooms_.by_name()) {
    if (one->id != kLobby && may_see(*one, to)) {
      names_left -= tell_names(to, *one, names_left);
    }
  }
  tell(to, kNamesEnd, "* :End of /NAMES list");
}

void IrcAnswers::names_in(const Client& to, const Room& room) {
  tell_names(to, room, room.members.size());
  tell(to, kNamesEnd, fmt::format("#{} :End of /NAMES list", room.name));
}

// At most names_max of them; returns how many.
std::size_t IrcAnswers::tell_names(const Client& to, const Room& room, std::size_t names_max) {
  List list(*this, to, kName, fmt::format("{} #{} :", room.modes.is_secret ? '@' : '=', room.name));
  auto role = room.roles.begin();  // in the same order as the members
  std::size_t names = 0;
  for (const Client* member : room.members) {
    if (names == names_max) {
      break;
    }
    const bool has_role = role != room.roles.end() && role->first == member;
    append_name(to, *member, has_role ? (role++)->second : Role());
    list.add(item_);
    ++names;
  }
  list.end();
  return names;
}

void IrcAnswers::append_name(const Client& to, const Client& member, Role role) {
  item_ = prefix(to, role);
  item_ += member.name;
  if (to.capabilities.userhost_in_names) {
    item_ += '!';
    item_ += member.origin;
  }
}

void IrcAnswers::list_rooms(const Client& to, std::string_view wanted) {
  RoomFilter filter(wanted);
  tell(to, kListStart, "Channel :Users  Name");
  std::size_t lines = 0;
  for (const Room* room : rooms_.by_name()) {
    if (!may_see(*room, to) || !(wanted.empty() ? room->id != kLobby : filter.wants(*room))) {
      continue;
    }
    if (++lines > limits_.who_replies_max) {
      tell(to, kTooManyLines, "LIST :Too many rooms; ask for fewer");
      break;
    }
    tell(to, kListedRoom,
         fmt::format("#{} {} :{}", room->name, room->members.size(), room->topic.text));
  }
  tell(to, kListEnd, ":End of /LIST");
}

void IrcAnswers::no_topic(const Client& to, const Room& room) {
  tell(to, kNoTopic, fmt::format("#{} :No topic is set", room.name));
}

void IrcAnswers::modes_of(const Client& to, const Room& room) {
  constexpr std::int64_t kMsPerSecond = 1000;
  const bool is_member = Rooms::is_member(to, room);
  tell(to, kRoomModes, fmt::format("#{} {}", room.name, room.modes.describe(is_member)));
  tell(to, kMadeWhen, fmt::format("#{} {}", room.name, room.made_unix_ms / kMsPerSecond));
}

void IrcAnswers::masks_of(const Client& to, const Room& room, char letter) {
  constexpr std::int64_t kMsPerSecond = 1000;
  const std::uint32_t number = letter == 'b' ? kBan : letter == 'e' ? kException : kInviteException;
  for (const RoomModes::Mask& mask : *room.modes.masks(letter)) {
    tell(to, number,
         fmt::format("#{} {} {} {}", room.name, mask.text, mask.set_by,
                     mask.set_unix_ms / kMsPerSecond));
  }
  const char* const what = letter == 'b'   ? "channel ban list"
                           : letter == 'e' ? "channel exception list"
                                           : "channel invite exception list";
  tell(to, number + 1, fmt::format("#{} :End of {}", room.name, what));
}

void IrcAnswers::mode_mistake(const Client& to, const Room& room, const ModeChange& change,
                              ModeMistake mistake) {
  const char letter = change.letter > ' ' && change.letter <= '~' ? change.letter : '?';
  switch (mistake) {
    case ModeMistake::kUnknownMode:
      return tell(to, kUnknownMode, fmt::format("{} :is unknown mode char to me", letter));
    case ModeMistake::kNoParameter:
      return tell(to, kWrongModeParameter,
                  fmt::format("#{} {} * :You must give a parameter", room.name, letter));
    case ModeMistake::kWrongParameter: {
      // What was given for a key is nobody's business.
      const std::string_view given = letter == 'k' ? "*" : word(change.parameter.value_or("*"));
      return tell(to, kWrongModeParameter,
                  fmt::format("#{} {} {} :This can't be its parameter", room.name, letter, given));
    }
    case ModeMistake::kListFull:
      return tell(to, kListFull, fmt::format("#{} {} :Channel list is full", room.name, letter));
  }
}

void IrcAnswers::counts(const Client& to) {
  const std::size_t now = clients_.size();
  const std::size_t most = clients_.most();
  const std::size_t invisible = clients_.invisible();
  tell(
      to, kLocalClients,
      fmt::format(":There are {} users and {} invisible on 1 servers", now - invisible, invisible));
  tell(to, kRoomsMade, fmt::format("{} :channels formed", rooms_.size()));
  tell(to, kClientsHere, fmt::format(":I have {} clients and 0 servers", now));
  tell(to, kLocalMost, fmt::format("{0} {1} :Current local users {0}, max {1}", now, most));
  tell(to, kGlobalMost, fmt::format("{0} {1} :Current global users {0}, max {1}", now, most));
}

void IrcAnswers::message_of_the_day(const Client& to) {
  if (info_.message_of_the_day.empty()) {
    tell(to, kNoMotd, ":There is no message of the day");
    return;
  }
  tell(to, kMotdStart, fmt::format(":- {} Message of the day - ", info_.name));
  for (const std::string& line : info_.message_of_the_day) {
    tell(to, kMotdLine, fmt::format(":- {}", line));
  }
  tell(to, kMotdEnd, ":End of /MOTD command");
}

}  // namespace chat
