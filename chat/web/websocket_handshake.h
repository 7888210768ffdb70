#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/web/http_request.h"
#include "chat/web/http_response.h"

namespace chat {

// What is spoken in a WebSocket's messages.
enum class Subprotocol : std::uint8_t {
  kNone,       // the client has not asked for any: chat.v1 is spoken
  kChatV1,     // "chat.v1": the native protocol, one line a message
  kIrcText,    // "text.ircv3.net": IRC, one line a text message
  kIrcBinary,  // "binary.ircv3.net": IRC, one line a binary message
};
// Empty for kNone.
std::string_view subprotocol_name(Subprotocol subprotocol);

// Which pages may open a WebSocket: browsers tell where a page is from, in Origin.
struct OriginPolicy {
  // As "https://chat.example.org", "http://localhost:3000"; "*" stands for every origin. When it is
  // empty, a page must be from here: its host and port are those in Host. Who sends no Origin is
  // not a browser, and is let in.
  std::vector<std::string> allowed;

  bool allows(const HttpRequest& request) const;
};
// Whether the text can be an element of OriginPolicy::allowed.
bool is_origin(std::string_view text);

// What becomes of a request for a WebSocket's path.
struct WebSocketHandshake {
  bool accepted = false;
  Subprotocol subprotocol = Subprotocol::kNone;
  HttpResponse refusal;  // when it was not accepted
};
// Appends the 101 to out when the request is accepted. REQUIRES: it is a GET.
WebSocketHandshake shake_hands(const HttpRequest& request, const OriginPolicy& origins,
                               std::string& out);

}  // namespace chat
