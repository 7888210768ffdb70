#pragma once

#include <string>
#include <string_view>

#include "chat/opening.h"

namespace tools {

// What --listen names: "HOST:PORT" and the like, behind what it takes there, as "tls:irc:*:6697".
struct ListenSpec {
  chat::ListenKind kind;
  std::string address;  // for reactor::resolve
};

// Any text; whether the address is right, reactor::resolve says.
ListenSpec parse_listen(std::string_view text);

}  // namespace tools
