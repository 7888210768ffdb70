#include "chat/protocol/irc_line.h"

#include <algorithm>

namespace chat {
namespace {

void skip_spaces(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
}

// What is in front of the next space, and the rest without the spaces between.
std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  skip_spaces(rest);
  return word;
}

}  // namespace

IrcLine parse_irc_line(std::string_view line) {
  IrcLine parts;
  skip_spaces(line);
  if (line.starts_with('@')) {
    parts.tags = take_word(line).substr(1);
  }
  if (line.starts_with(':')) {
    take_word(line);
  }
  parts.command = take_word(line);
  while (!line.empty() && parts.param_count < IrcLine::kParamsMax) {
    std::string_view& param = parts.params[parts.param_count++];
    if (line.starts_with(':')) {
      param = line.substr(1);
      break;
    }
    const bool is_last = parts.param_count == IrcLine::kParamsMax;
    param = is_last ? line : take_word(line);
  }
  return parts;
}

std::size_t irc_tags_bytes(std::string_view line) {
  if (!line.starts_with('@')) {
    return 0;
  }
  const std::size_t space = line.find(' ');
  return space == std::string_view::npos ? line.size() : space + 1;
}

std::string_view irc_tag_value(std::string_view tags, std::string_view key) {
  std::string_view value;
  while (!tags.empty()) {
    const std::string_view tag = next_item(tags, ';');
    const std::size_t equals = tag.find('=');
    if (equals != std::string_view::npos && tag.substr(0, equals) == key) {
      value = tag.substr(equals + 1);  // the last one counts
    }
  }
  return value;
}

std::string_view next_item(std::string_view& items, char separator) {
  const std::string_view item = items.substr(0, items.find(separator));
  items.remove_prefix(std::min(item.size() + 1, items.size()));
  return item;
}

}  // namespace chat
