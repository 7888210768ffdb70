#pragma once

#include <cstddef>
#include <string_view>

#include "chat/limits.h"
#include "chat/protocol/irc_capabilities.h"
#include "chat/protocol/irc_line.h"
#include "chat/protocol/irc_turn.h"
#include "chat/server_info.h"

namespace chat {

// What a command of IRC can look at, besides its own line.
struct IrcContext {
  const Limits& limits;
  const ServerInfo& server;
  const IrcCapabilities& capabilities;
};

// A command that has no say in who the client is.
struct IrcCommand {
  std::string_view name;
  std::size_t params_min = 0;
  bool before_registration = false;
  void (*run)(IrcTurn& turn, const IrcLine& line, const IrcContext& context) = nullptr;
};

// Null when there is none. name: in any case.
const IrcCommand* find_irc_command(std::string_view name);

}  // namespace chat
