#pragma once

#include <string>
#include <string_view>

namespace chat {

// The answer to a Sec-WebSocket-Key (RFC 6455, 4.2.2).
std::string websocket_accept(std::string_view key);

}  // namespace chat
