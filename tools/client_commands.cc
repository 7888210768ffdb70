#include "tools/client_commands.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "chat/client/client.h"

namespace chat {
namespace {

// What has to follow a command's word.
enum class Shape : std::uint8_t { kAlone, kOptionalName, kName, kNameText, kHistory };

struct CommandRule {
  std::string_view word;
  ActionKind kind;
  Shape shape;
  bool takes_room;  // its name is one of a room
  std::string_view usage;
};

constexpr std::array kRules{
    CommandRule{"send", ActionKind::kDirect, Shape::kNameText, false, "send <name> <message>"},
    CommandRule{"list", ActionKind::kList, Shape::kOptionalName, true, "list, or list <room>"},
    CommandRule{"help", ActionKind::kHelp, Shape::kAlone, false, "help"},
    CommandRule{"quit", ActionKind::kQuit, Shape::kAlone, false, "quit"},
    CommandRule{"request", ActionKind::kRequest, Shape::kName, false, "request <name>"},
    CommandRule{"accept", ActionKind::kAccept, Shape::kOptionalName, false,
                "accept, or accept <name>"},
    CommandRule{"decline", ActionKind::kDecline, Shape::kOptionalName, false,
                "decline, or decline <name>"},
    CommandRule{"leave", ActionKind::kLeave, Shape::kAlone, false, "leave"},
    CommandRule{"join", ActionKind::kJoin, Shape::kName, true, "join <room>"},
    CommandRule{"part", ActionKind::kPart, Shape::kName, true, "part <room>"},
    CommandRule{"say", ActionKind::kSay, Shape::kNameText, true, "say <room> <message>"},
    CommandRule{"topic", ActionKind::kTopic, Shape::kNameText, true, "topic <room> <text>"},
    CommandRule{"rooms", ActionKind::kRooms, Shape::kAlone, false, "rooms"},
    CommandRule{"history", ActionKind::kHistory, Shape::kHistory, true,
                "history [room or @name] [number]"},
};

constexpr std::string_view kHelp =
    "Type a message and press Enter to send it to everyone.\n"
    "  send <name> <message>    to one client only\n"
    "  list, list <room>        who is here\n"
    "  request <name>           ask for a private chat\n"
    "  accept, decline [name]   answer who asked\n"
    "  leave                    end the private chat\n"
    "  join <room>, part <room> enter and leave a room; rooms lists them\n"
    "  say <room> <message>     to the members of a room\n"
    "  topic <room> <text>      say what a room is about\n"
    "  history [room] [number]  what was said before; history @<name> in private\n"
    "  help, quit\n"
    "A line that begins with / is always a command (/list);\n"
    "what follows // is always a message (//list sends \"list\").";

// Whatever the locale says.
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

bool starts_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         std::equal(start.begin(), start.end(), text.begin(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && starts_ignoring_case(a, b);
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trim_front(std::string_view text) {
  const auto* const first = std::find_if_not(text.begin(), text.end(), is_space);
  return text.substr(static_cast<std::size_t>(first - text.begin()));
}

std::string_view trim(std::string_view text) {
  text = trim_front(text);
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

struct Words {
  std::string_view first;
  std::string_view rest;  // behind the spaces after it
};

Words split(std::string_view text) {
  text = trim_front(text);
  const auto* const end = std::find_if(text.begin(), text.end(), is_space);
  const auto length = static_cast<std::size_t>(end - text.begin());
  return {text.substr(0, length), trim_front(text.substr(length))};
}

const CommandRule* find_rule(std::string_view word) {
  const auto* const found = std::find_if(
      kRules.begin(), kRules.end(),
      [word](const CommandRule& rule) { return equal_ignoring_case(rule.word, word); });
  return found == kRules.end() ? nullptr : found;
}

bool is_number(std::string_view word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// As many as there can be at most, if it is more. REQUIRES: is_number(word).
std::uint32_t parse_count(std::string_view word) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
  return error == std::errc() ? std::clamp(count, 1U, Client::kHistoryCountMax)
                              : Client::kHistoryCountMax;
}

// [room or @name] [number]
std::optional<Action> history(const Words& words) {
  Action action{ActionKind::kHistory, {}, {}, kHistoryCount};
  std::string_view number = words.first;
  std::string_view rest = words.rest;
  if (!words.first.empty() && !is_number(words.first)) {
    const bool is_private = words.first.starts_with('@');
    if (!is_name(is_private ? words.first.substr(1) : words.first)) {
      return std::nullopt;
    }
    action.target = words.first;
    number = trim(std::exchange(rest, {}));
  }
  if (!rest.empty() || !(number.empty() || is_number(number))) {
    return std::nullopt;
  }
  if (!number.empty()) {
    action.count = parse_count(number);
  }
  return action;
}

// Nothing, if the arguments don't have the shape of the command.
std::optional<Action> apply_rule(const CommandRule& rule, std::string_view arguments) {
  const Words words = split(arguments);
  const bool one_name = is_name(words.first) && trim(words.rest).empty();
  switch (rule.shape) {
    case Shape::kAlone:
      return words.first.empty() ? std::optional(Action{rule.kind, {}, {}}) : std::nullopt;
    case Shape::kOptionalName:
      if (words.first.empty()) {
        return Action{rule.kind, {}, {}};
      }
      [[fallthrough]];
    case Shape::kName:
      return one_name ? std::optional(Action{rule.kind, words.first, {}}) : std::nullopt;
    case Shape::kNameText:
      if (is_name(words.first) && !trim(words.rest).empty()) {
        return Action{rule.kind, words.first, words.rest};
      }
      return std::nullopt;
    case Shape::kHistory:
      return history(words);
  }
  return std::nullopt;
}

Action message(std::string_view text, std::string_view peer) {
  if (trim(text).empty()) {
    return {};
  }
  return peer.empty() ? Action{ActionKind::kBroadcast, {}, text}
                      : Action{ActionKind::kDirect, peer, text};
}

Action slash_command(std::string_view line) {
  const Words words = split(line);
  const CommandRule* const rule = find_rule(words.first);
  if (rule == nullptr) {
    return {ActionKind::kUnknown, words.first, {}};
  }
  return apply_rule(*rule, words.rest).value_or(Action{ActionKind::kUsage, {}, rule->usage});
}

std::string common_start(const std::vector<std::string>& words) {
  std::string start = words.front();
  for (const std::string& word : words) {
    const auto differing = std::mismatch(start.begin(), start.end(), word.begin(), word.end(),
                                         [](char a, char b) { return to_lower(a) == to_lower(b); });
    start.erase(differing.first, start.end());
  }
  return start;
}

}  // namespace

Action interpret(std::string_view line, std::string_view peer) {
  if (line.starts_with("//")) {
    return message(line.substr(2), peer);
  }
  if (line.starts_with('/')) {
    return slash_command(line.substr(1));
  }
  const Words words = split(line);
  const CommandRule* const rule = find_rule(words.first);
  if (rule == nullptr) {
    return message(line, peer);
  }
  if (const std::optional<Action> action = apply_rule(*rule, words.rest)) {
    return *action;
  }
  // Half a private message must not go to everybody.
  if (rule->kind == ActionKind::kDirect) {
    return {ActionKind::kUsage, {}, rule->usage};
  }
  return message(line, peer);
}

bool is_name(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return is_letter_or_digit(c) || c == '_' || c == '-';
  });
}

std::string_view command_help() { return kHelp; }

Completion complete(std::string_view before_cursor, const NameSet& names, const NameSet& rooms) {
  const std::size_t last_space = before_cursor.find_last_of(" \t");
  const bool first_word = last_space == std::string_view::npos;
  std::string_view word = first_word ? before_cursor : before_cursor.substr(last_space + 1);
  if (first_word && word.starts_with('/')) {
    word.remove_prefix(1);
  }
  Completion completion{word.size(), std::string(word), {}};
  const auto offer = [&](std::string_view candidate) {
    if (starts_ignoring_case(candidate, word)) {
      completion.candidates.emplace_back(candidate);
    }
  };
  const Words words = split(before_cursor);
  const CommandRule* const rule = find_rule(words.first);
  const bool second_word = !first_word && words.rest == word;
  if (first_word) {
    std::for_each(kRules.begin(), kRules.end(), [&](const CommandRule& each) { offer(each.word); });
  }
  const bool wants_room = second_word && rule != nullptr && rule->takes_room;
  const NameSet& set = wants_room ? rooms : names;
  std::for_each(set.begin(), set.end(), offer);
  if (wants_room && rule->kind == ActionKind::kHistory && word.starts_with('@')) {
    std::for_each(names.begin(), names.end(), [&](const std::string& name) { offer("@" + name); });
  }
  if (!completion.candidates.empty()) {
    completion.insertion = common_start(completion.candidates);
  }
  if (completion.candidates.size() == 1) {
    completion.insertion += ' ';
  }
  return completion;
}

}  // namespace chat
