#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

// So many messages are shown on entering, and by `history` without a number.
inline constexpr std::uint32_t kHistoryCount = 20;

// Does it look like the name of a client or a room? Whether it is one, the server decides.
bool is_name(std::string_view word);

// What a typed line asks for.
enum class ActionKind : std::uint8_t {
  kNothing,
  kBroadcast,  // text
  kDirect,     // target: a name; text
  kList,       // target: a room, or empty for everybody
  kRooms,
  kJoin,     // target: a room
  kPart,     // target: a room
  kSay,      // target: a room; text
  kTopic,    // target: a room; text
  kHistory,  // target: a room, @ and a name, or empty for where one is; count: of messages
  kRequest,  // target: a name
  kAccept,   // target: a name, or empty for whoever asked last
  kDecline,  // likewise
  kLeave,
  kHelp,
  kQuit,
  kUsage,    // a command that can't be taken like that; text: how to write it
  kUnknown,  // target: what is no command
};

// The views point into the typed line, into the peer's name, or to constants.
struct Action {
  ActionKind kind = ActionKind::kNothing;
  std::string_view target;
  std::string_view text;
  std::uint32_t count = 0;

  bool operator==(const Action&) const = default;
};

// Reads a typed line. Its first word makes it a command, in any case, if what follows has the
// shape of that command; otherwise it is a message: to peer during a private chat, else to
// everybody. A line that begins with "/" is always a command, and what follows "//" is always a
// message.
Action interpret(std::string_view line, std::string_view peer);

// The commands, as `help` prints them.
std::string_view command_help();

using NameSet = std::set<std::string, std::less<>>;

struct Completion {
  std::size_t word_bytes = 0;           // how much stands before the cursor of what is completed
  std::string insertion;                // takes the place of these bytes
  std::vector<std::string> candidates;  // to be shown when there are several
};

// Completes the word before the cursor: a command at the start of a line, a room where a command
// wants one, else a name. Case does not matter.
Completion complete(std::string_view before_cursor, const NameSet& names, const NameSet& rooms);

}  // namespace chat
