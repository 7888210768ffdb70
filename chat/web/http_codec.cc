#include "chat/web/http_codec.h"

#include "chat/protocol/irc_codec.h"
#include "chat/protocol/native.h"
#include "chat/web/websocket_codec.h"

namespace chat {
namespace {

// Whether the request was no good as such, whatever it was for.
bool is_about_http(HttpStatus status) {
  switch (status) {
    case HttpStatus::kBadRequest:
    case HttpStatus::kPayloadTooLarge:
    case HttpStatus::kUriTooLong:
    case HttpStatus::kExpectationFailed:
    case HttpStatus::kHeadersTooLarge:
    case HttpStatus::kNotImplemented:
    case HttpStatus::kVersionNotSupported:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::size_t HttpCodec::parse(std::string_view bytes, CommandSink& /*sink*/) {
  std::size_t done = 0;
  // Requests that come without waiting for answers must not fill the output, nor cost without end.
  while (!link_.must_wait()) {
    std::string out;
    const HttpConversation::Step step =
        conversation_.parse(bytes.substr(done), environment_.loop.unix_ms(), out);
    done += step.consumed;
    switch (step.next) {
      case HttpConversation::Next::kRead:
        link_.send(out);
        return done;
      case HttpConversation::Next::kAnswer:
        link_.send(out);
        link_.restart_timeout();
        link_.spend(step.consumed);
        break;
      case HttpConversation::Next::kEnd: {
        link_.end(is_about_http(conversation_.last_status()) ? EndReason::kProtocolError
                                                             : EndReason::kServed,
                  out);
        return done;
      }
      case HttpConversation::Next::kUpgrade:
        link_.send(out);
        link_.hand_over(upgraded());
        return done;
    }
  }
  return done;
}

void HttpCodec::answer(const Event& event, std::string& out) {
  if (event.kind == EventKind::kBye && conversation_.is_in_request()) {
    conversation_.time_out(environment_.loop.unix_ms(), out);
  }
}

std::unique_ptr<Codec> HttpCodec::upgraded() const {
  const Subprotocol subprotocol = conversation_.subprotocol();
  const bool irc = subprotocol == Subprotocol::kIrcText || subprotocol == Subprotocol::kIrcBinary;
  std::unique_ptr<Codec> spoken;
  if (irc) {
    spoken = std::make_unique<IrcCodec>(environment_.limits, environment_.front.info);
  } else {
    spoken = std::make_unique<NativeCodec>(environment_.limits);
  }
  const auto framing = subprotocol == Subprotocol::kIrcBinary
                           ? WireFormat::Framing::kWebSocketBinary
                           : WireFormat::Framing::kWebSocketText;
  return std::make_unique<WebSocketCodec>(environment_.limits, environment_.readers, link_,
                                          std::move(spoken), framing);
}

}  // namespace chat
