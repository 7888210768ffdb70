#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/message.h"
#include "chat/protocol/irc_commands.h"
#include "chat/protocol/irc_line.h"
#include "chat/protocol/irc_turn.h"

namespace chat {

// The command CHATHISTORY of draft/chathistory. How it was asked goes to the hub, and comes back
// with what answers it: "LATEST #dev".
void ask_for_irc_history(IrcTurn& turn, const IrcLine& line, const IrcContext& context);

struct IrcHistoryQuestion {
  std::string_view subcommand;
  std::string_view target;  // as the client spelled it; of TARGETS the rest of the question
};
IrcHistoryQuestion irc_history_question(const Event& event);

// Whether the event has to do with such a question, and whether it is one of the messages that were
// asked for.
bool is_about_irc_history(const Event& event);
bool is_irc_history(const Event& event);
bool is_about_irc_targets(const Event& event);

// How one of them is told. Histories have messages only: a topic becomes a notice of who has set
// it, so that as many come as were asked for, and who asks for what is before them gets further.
// topic: holds the notice's text.
Event irc_history_message(Event event, std::string& topic);

// 2011-10-19T16:40:51.620Z; nothing for what is no time.
std::optional<std::int64_t> parse_irc_time(std::string_view text);

}  // namespace chat
