#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "chat/irc_answers.h"
#include "chat/irc_answers_list.h"
#include "chat/masks.h"
#include "chat/names.h"
#include "chat/room_rules.h"

namespace chat {
namespace {

// As IRC numbers them.
enum Number : std::uint32_t {
  kUserModes = 221,
  kAway = 301,
  kUserHosts = 302,
  kIsOn = 303,
  kIsBack = 305,
  kIsAway = 306,
  kWhoisUser = 311,
  kWhoisServer = 312,
  kWhowasUser = 314,
  kWhoEnd = 315,
  kWhoisIdle = 317,
  kWhoisEnd = 318,
  kWhoisRooms = 319,
  kWho = 352,
  kWhoFields = 354,
  kWhowasEnd = 369,
  kNobody = 401,
  kWasNobody = 406,
  kTooManyLines = 416,
  kUnknownUserMode = 501,
  kOthersModes = 502,
  kOnline = 730,
  kOffline = 731,
  kWatched = 732,
  kWatchedEnd = 733,
  kWatchesEnough = 734,
};

constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::size_t kUserHostsMax = 5;  // as the protocol has it

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::int64_t idle_seconds(const Client& client, std::int64_t now_unix_ms) {
  return std::max<std::int64_t>(now_unix_ms - client.spoke_unix_ms, 0) / kMsPerSecond;
}

std::string in_words(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / kMsPerSecond);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", utc);
}

}  // namespace

// In the order in which they are told, whatever the order they are asked for in.
struct IrcAnswers::WhoFields {
  static constexpr std::string_view kOrder = "tcuihsnfdlaor";

  // "o", "%tcn,42": flags, what to tell, and a number to tell the answers apart.
  WhoFields(std::string_view asked, std::int64_t now) : now_unix_ms(now) {
    const std::size_t percent = asked.find('%');
    only_operators = asked.substr(0, percent).find('o') != std::string_view::npos;
    if (percent == std::string_view::npos) {
      return;
    }
    is_chosen = true;
    chosen = asked.substr(percent + 1);
    const std::size_t comma = chosen.find(',');
    if (comma != std::string_view::npos) {
      token = chosen.substr(comma + 1);
      chosen = chosen.substr(0, comma);
    }
    const bool is_token = !token.empty() && token.size() <= 3 &&
                          token.find_first_not_of("0123456789") == std::string_view::npos;
    token = is_token ? token : "0";
  }

  bool has(char field) const { return chosen.find(field) != std::string_view::npos; }

  std::int64_t now_unix_ms;
  bool only_operators = false;  // of the server; there are none
  bool is_chosen = false;
  std::string_view chosen;
  std::string_view token = "0";
};

void IrcAnswers::who(const Client& to, std::string_view target, std::string_view asked,
                     std::int64_t now_unix_ms) {
  const WhoFields fields(asked, now_unix_ms);
  const bool is_for_all = target.empty() || target == "0";
  bool is_whole = true;
  if (fields.only_operators) {
    is_whole = true;
  } else if (target.starts_with('#')) {
    const Room* room = rooms_.find(target.substr(1));
    is_whole = room == nullptr || !may_see(*room, to) || who_in(to, *room, fields);
  } else if (const Client* one = find(target)) {
    who_line(to, nullptr, *one, fields);
  } else {
    is_whole = who_matches(to, is_for_all ? "*" : target.substr(0, kMaskBytesMax), fields);
  }
  const std::string_view shown = target.empty() ? "*" : word(target);
  if (!is_whole) {
    tell(to, kTooManyLines, fmt::format("{} :Too many lines in the answer; ask for fewer", shown));
  }
  tell(to, kWhoEnd, fmt::format("{} :End of /WHO list", shown));
}

// False: there are more than are told.
bool IrcAnswers::who_in(const Client& to, const Room& room, const WhoFields& fields) {
  std::size_t lines = 0;
  for (const Client* member : room.members) {
    if (++lines > limits_.who_replies_max) {
      return false;
    }
    who_line(to, &room, *member, fields);
  }
  return true;
}

bool IrcAnswers::who_matches(const Client& to, std::string_view mask, const WhoFields& fields) {
  MaskMatcher matcher;
  std::size_t lines = 0;
  for (const Client* one : rooms_.lobby().members) {
    const auto is_meant = [&](std::string_view text) {
      matcher.look_at({text});
      return matcher.matches(mask);
    };
    const bool is_match = is_meant(one->name) || is_meant(one->user()) || is_meant(one->host()) ||
                          is_meant(one->real_name());
    if (!is_match || !may_find(*one, to)) {
      continue;
    }
    if (++lines > limits_.who_replies_max) {
      return false;
    }
    who_line(to, nullptr, *one, fields);
  }
  return true;
}

// room: that was asked for; null: none was.
void IrcAnswers::who_line(const Client& to, const Room* room, const Client& one,
                          const WhoFields& fields) {
  const std::string room_name = room == nullptr ? "*" : "#" + room->name;
  std::string flags = one.away().empty() ? "H" : "G";
  if (room != nullptr) {
    flags += prefix(to, role_of(*room, one));
  }
  if (!fields.is_chosen) {
    tell(to, kWho,
         fmt::format("{} {} {} {} {} {} :0 {}", room_name, one.user(), one.host(), info_.name,
                     one.name, flags, one.real_name()));
    return;
  }
  std::string line;
  for (const char field : WhoFields::kOrder) {
    if (!fields.has(field)) {
      continue;
    }
    line += line.empty() ? "" : " ";
    switch (field) {
      case 't':
        line += fields.token;
        break;
      case 'c':
        line += room_name;
        break;
      case 'u':
        line += one.user();
        break;
      case 'i':
        line += "255.255.255.255";  // nobody is told
        break;
      case 'h':
        line += one.host();
        break;
      case 's':
        line += info_.name;
        break;
      case 'n':
        line += one.name;
        break;
      case 'f':
        line += flags;
        break;
      case 'l':
        line += std::to_string(idle_seconds(one, fields.now_unix_ms));
        break;
      case 'o':
        line += "n/a";
        break;
      case 'r':
        line += ':';
        line += one.real_name();
        break;
      default:
        line += '0';  // hops; and nobody has an account
        break;
    }
  }
  tell(to, kWhoFields, line);
}

void IrcAnswers::whois(const Client& to, std::string_view name, std::int64_t now_unix_ms) {
  const Client* who = find(name);
  if (who == nullptr) {
    tell(to, kNobody, fmt::format("{} :No such nick/channel", word(name)));
    tell(to, kWhoisEnd, fmt::format("{} :End of /WHOIS list", word(name)));
    return;
  }
  tell(to, kWhoisUser,
       fmt::format("{} {} {} * :{}", who->name, who->user(), who->host(), who->real_name()));
  rooms_of(to, *who);
  tell(to, kWhoisServer, fmt::format("{} {} :{}", who->name, info_.name, info_.network));
  if (!who->away().empty()) {
    away(to, *who);
  }
  tell(to, kWhoisIdle,
       fmt::format("{} {} {} :seconds idle, signon time", who->name,
                   idle_seconds(*who, now_unix_ms), who->came_unix_ms / kMsPerSecond));
  tell(to, kWhoisEnd, fmt::format("{} :End of /WHOIS list", who->name));
}

void IrcAnswers::rooms_of(const Client& to, const Client& who) {
  List list(*this, to, kWhoisRooms, fmt::format("{} :", who.name));
  for (const Client::Stay& stay : who.rooms) {
    if (may_see(*stay.room, to)) {
      list.add(fmt::format("{}#{}", prefix(to, role_of(*stay.room, who)), stay.room->name));
    }
  }
  list.end();
}

void IrcAnswers::whowas(const Client& to, std::string_view name, std::size_t count_max) {
  std::size_t count = 0;
  for (const Bygone::One& one : bygone_.all()) {
    if (compare_ignoring_case(one.name, name) != 0 || (count_max > 0 && count == count_max)) {
      continue;
    }
    const std::size_t at = one.origin.find('@');
    tell(to, kWhowasUser,
         fmt::format("{} {} {} * :{}", one.name, one.origin.substr(0, at),
                     one.origin.substr(at + 1), one.real_name.empty() ? one.name : one.real_name));
    tell(to, kWhoisServer,
         fmt::format("{} {} :{}", one.name, info_.name, in_words(one.until_unix_ms)));
    ++count;
  }
  if (count == 0) {
    tell(to, kWasNobody, fmt::format("{} :There was no such nickname", word(name)));
  }
  tell(to, kWhowasEnd, fmt::format("{} :End of WHOWAS", word(name)));
}

void IrcAnswers::is_on(const Client& to, std::string_view names) {
  List list(*this, to, kIsOn, ":");
  for (std::string_view name = take_word(names); !name.empty(); name = take_word(names)) {
    if (const Client* one = find(name)) {
      list.add(one->name);
    }
  }
  list.end_with_a_line();
}

void IrcAnswers::user_hosts(const Client& to, std::string_view names) {
  List list(*this, to, kUserHosts, ":");
  for (std::size_t i = 0; i < kUserHostsMax; ++i) {
    if (const Client* one = find(take_word(names))) {
      list.add(fmt::format("{}={}{}", one->name, one->away().empty() ? '+' : '-', one->origin));
    }
  }
  list.end_with_a_line();
}

void IrcAnswers::noted_away(const Client& to) {
  if (to.away().empty()) {
    tell(to, kIsBack, ":You are no longer marked as being away");
  } else {
    tell(to, kIsAway, ":You have been marked as being away");
  }
}

void IrcAnswers::away(const Client& to, const Client& who) {
  tell(to, kAway, fmt::format("{} :{}", who.name, who.away()));
}

void IrcAnswers::user_modes(const Client& to) {
  tell(to, kUserModes, to.particulars && to.particulars->is_invisible ? "+i" : "+");
}

void IrcAnswers::user_modes_changed(const Client& to, std::string_view changes) {
  tell(to, 0, fmt::format(":{}!{} MODE {} :{}", to.name, to.origin, to.name, changes));
}

void IrcAnswers::unknown_user_mode(const Client& to) {
  tell(to, kUnknownUserMode, ":Unknown MODE flag");
}

void IrcAnswers::not_ones_own_modes(const Client& to) {
  tell(to, kOthersModes, ":Can't change or see the modes of other users");
}

void IrcAnswers::online(const Client& to, const Client& who) {
  tell(to, kOnline, fmt::format(":{}!{}", who.name, who.origin));
}

void IrcAnswers::offline(const Client& to, std::string_view name) {
  tell(to, kOffline, fmt::format(":{}", name));
}

void IrcAnswers::monitored(const Client& to, const std::vector<std::string>& names) {
  List here(*this, to, kOnline, ":", ',');
  List gone(*this, to, kOffline, ":", ',');
  for (const std::string& name : names) {
    if (const Client* one = find(name)) {
      here.add(fmt::format("{}!{}", one->name, one->origin));
    } else {
      gone.add(name);
    }
  }
  here.end();
  gone.end();
}

void IrcAnswers::watched(const Client& to) {
  List list(*this, to, kWatched, ":", ',');
  if (to.particulars) {
    std::ranges::for_each(to.particulars->watched,
                          [&](const std::string& name) { list.add(name); });
  }
  list.end();
  tell(to, kWatchedEnd, ":End of MONITOR list");
}

void IrcAnswers::watches_enough(const Client& to, std::string_view name) {
  tell(to, kWatchesEnough, fmt::format("{} {} :Monitor list is full", limits_.monitor_max, name));
}

}  // namespace chat
