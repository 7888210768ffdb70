#include "chat/web/websocket_accept.h"

// Boost's own WebSocket has the same need. What it has for it is not part of its interface but has
// stayed as it is since it was published; a test compares it with the RFC's example.
#include <boost/beast/websocket/detail/hybi13.hpp>

namespace chat {

std::string websocket_accept(std::string_view key) {
  boost::beast::websocket::detail::sec_ws_accept_type accept;
  boost::beast::websocket::detail::make_sec_ws_accept(accept, {key.data(), key.size()});
  return {accept.data(), accept.size()};
}

}  // namespace chat
