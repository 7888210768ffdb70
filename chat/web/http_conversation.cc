#include "chat/web/http_conversation.h"

#include <utility>

namespace chat {

HttpConversation::Step HttpConversation::parse(std::string_view bytes, std::int64_t unix_ms,
                                               std::string& out) {
  const HttpParser::Result first = parser_.parse(bytes);
  if (first.outcome != HttpParser::Outcome::kContinue) {
    return take(first, unix_ms, out);
  }
  append_http_continue(out);
  const HttpParser::Result second = parser_.parse(bytes.substr(first.consumed));
  return take({first.consumed + second.consumed, second.outcome}, unix_ms, out);
}

HttpConversation::Step HttpConversation::take(const HttpParser::Result& result,
                                              std::int64_t unix_ms, std::string& out) {
  switch (result.outcome) {
    case HttpParser::Outcome::kRequest:
      return {result.consumed, answer(parser_.take_request(), unix_ms, out)};
    case HttpParser::Outcome::kRefused:
      respond(http_error(parser_.refusal().status, parser_.refusal().why),
              {.head = parser_.refused_head(), .secure = secure_, .unix_ms = unix_ms}, out);
      return {result.consumed, Next::kEnd};
    default:
      return {result.consumed, Next::kRead};
  }
}

HttpConversation::Next HttpConversation::answer(const HttpRequest& request, std::int64_t unix_ms,
                                                std::string& out) {
  const HttpDelivery delivery{.head = request.method == HttpMethod::kHead,
                              .keep_alive = request.keep_alive,
                              .secure = secure_,
                              .unix_ms = unix_ms};
  if (request.method == HttpMethod::kGet && site_.router.is_websocket(request.path)) {
    const WebSocketHandshake handshake = shake_hands(request, site_.origins, out);
    if (handshake.accepted) {
      subprotocol_ = handshake.subprotocol;
      last_status_ = HttpStatus::kSwitchingProtocols;
      return Next::kUpgrade;
    }
    respond(handshake.refusal, delivery, out);
  } else {
    respond(site_.router.answer(request), delivery, out);
  }
  return request.keep_alive ? Next::kAnswer : Next::kEnd;
}

void HttpConversation::respond(const HttpResponse& response, const HttpDelivery& delivery,
                               std::string& out) {
  last_status_ = response.status;
  append_http_response(out, response, delivery, site_.policy);
}

void HttpConversation::time_out(std::int64_t unix_ms, std::string& out) {
  respond(http_error(HttpStatus::kRequestTimeout, "the request took too long"),
          {.secure = secure_, .unix_ms = unix_ms}, out);
}

}  // namespace chat
