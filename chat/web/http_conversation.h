#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/web/http_parser.h"
#include "chat/web/http_response.h"
#include "chat/web/http_router.h"
#include "chat/web/websocket_handshake.h"

namespace chat {

// What a server has for all who speak HTTP with it. Set up at start, only read afterwards.
struct HttpSite {
  HttpRouter router;
  HttpPolicy policy;
  OriginPolicy origins;
};

// One connection's HTTP, from its first byte until it ends or becomes a WebSocket: bytes in,
// responses out, no I/O. Owned by its session. site and limits are not owned.
class HttpConversation {
 public:
  enum class Next : std::uint8_t {
    kRead,     // more bytes are needed
    kAnswer,   // a request was answered; call again with the rest, if there is room for more output
    kEnd,      // out has the last words: send them and end the connection
    kUpgrade,  // out has the 101: what follows is WebSocket, see subprotocol()
  };
  struct Step {
    std::size_t consumed = 0;
    Next next = Next::kRead;
  };

  HttpConversation(const HttpSite& site, const Limits& limits, bool secure)
      : site_(site), parser_(limits), secure_(secure) {}

  // Takes at most one request off the front of bytes (everything received and not yet consumed)
  // and appends its answer to out.
  Step parse(std::string_view bytes, std::int64_t unix_ms, std::string& out);

  // The client has begun a request and not finished it: it has only so long to do so.
  bool is_in_request() const { return !parser_.is_between_requests(); }
  // For a client that took too long: appends a 408. The connection is to be ended then.
  void time_out(std::int64_t unix_ms, std::string& out);

  // REQUIRES: parse has returned kUpgrade.
  Subprotocol subprotocol() const { return subprotocol_; }
  // How the last request was answered; kContinue before there was one.
  HttpStatus last_status() const { return last_status_; }

 private:
  Step take(const HttpParser::Result& result, std::int64_t unix_ms, std::string& out);
  Next answer(const HttpRequest& request, std::int64_t unix_ms, std::string& out);
  void respond(const HttpResponse& response, const HttpDelivery& delivery, std::string& out);

  const HttpSite& site_;
  HttpParser parser_;
  bool secure_;
  Subprotocol subprotocol_ = Subprotocol::kNone;
  HttpStatus last_status_ = HttpStatus::kContinue;
};

}  // namespace chat
