#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/limits.h"
#include "chat/server_info.h"

namespace chat {

// What RPL_MYINFO tells besides: modes of clients, modes of rooms, and those with a parameter.
inline constexpr std::string_view kIrcModes = "i beIiklmnostv beIklov";

// What this server supports, as RPL_ISUPPORT tells it: the parameters behind the client's name, a
// line each.
std::vector<std::string> irc_isupport(const Limits& limits, const ServerInfo& server);

}  // namespace chat
