#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace chat {

// What a line of IRC may take on the wire, as the protocol has it.
inline constexpr std::size_t kIrcLineBytesMax = 510;    // without tags and line end
inline constexpr std::size_t kIrcTagsBytesMax = 4096;   // with the @ and the space behind them
inline constexpr std::size_t kIrcLabelBytesMax = 64;    // of the tag `label`
inline constexpr std::size_t kIrcCommandBytesMax = 32;  // of a command that is named in an answer

// A line of IRC in its parts: views into the line that parse_irc_line was given.
struct IrcLine {
  static constexpr std::size_t kParamsMax = 15;

  std::string_view tags;     // without the @
  std::string_view command;  // empty: there is none
  std::array<std::string_view, kParamsMax> params;
  std::size_t param_count = 0;

  // Empty when there are not so many.
  std::string_view param(std::size_t index) const {
    return index < param_count ? params[index] : std::string_view();
  }
};

// Takes a line without its end apart. Any bytes are legal. Who the client says it is, in front of
// the command, is dropped; what is behind the last parameter that there is room for belongs to it.
IrcLine parse_irc_line(std::string_view line);

// How many bytes the tags at the front of a line take, with the space behind them; all, as long as
// that has not come.
std::size_t irc_tags_bytes(std::string_view line);

// As the tag stands on the wire, escaped; empty when there is none, or nothing in it.
std::string_view irc_tag_value(std::string_view tags, std::string_view key);

// Takes the first item off the front of a list.
std::string_view next_item(std::string_view& items, char separator);

}  // namespace chat
