#include "chat/web/websocket_codec.h"

#include "chat/protocol/encode.h"

namespace chat {
namespace {

CloseCode close_code_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return kCloseNormal;
    case Refusal::kShuttingDown:
      return kCloseGoingAway;
    default:
      return kClosePolicy;
  }
}

}  // namespace

std::size_t WebSocketCodec::parse(std::string_view bytes, CommandSink& sink) {
  sink_ = &sink;
  return parser_.parse(bytes, *this);
}

WireFormat WebSocketCodec::format() const {
  WireFormat format = spoken_->format();
  format.framing = framing_;
  return format;
}

void WebSocketCodec::answer(const Event& event, std::string& out) {
  if (!closed_) {
    const std::size_t start = out.size();
    spoken_->answer(event, out);
    frame_lines(framing_, start, out);
  }
  if (event.kind == EventKind::kBye) {
    append_ws_close(out, closed_.value_or(close_code_of(event.refusal)), {});
  }
}

bool WebSocketCodec::ping(std::string& out) {
  append_ws_frame(out, WebSocketOpcode::kPing, {});
  return true;
}

bool WebSocketCodec::on_message(WebSocketOpcode /*kind*/, std::string_view payload,
                                std::size_t /*wire_bytes*/) {
  std::string line;
  line.reserve(payload.size() + 1);
  line.append(payload).push_back('\n');
  // More than one line is not what we ask for, but nothing of it may be lost: the rest of a message
  // can't be left for later, as that of a stream can.
  for (std::string_view rest = line; !rest.empty() && !link_.is_ending();) {
    rest.remove_prefix(spoken_->parse(rest, *sink_));
  }
  return wants_more();
}

bool WebSocketCodec::on_ping(std::string_view payload, std::size_t wire_bytes) {
  link_.spend(wire_bytes);
  std::string pong;
  append_ws_frame(pong, WebSocketOpcode::kPong, payload);
  link_.send(pong);
  return wants_more();
}

bool WebSocketCodec::on_pong(std::string_view /*payload*/, std::size_t wire_bytes) {
  link_.spend(wire_bytes);
  return wants_more();
}

// One read can have very many short messages: the rate, and the room for output, are for each.
bool WebSocketCodec::wants_more() { return !link_.is_ending() && !link_.must_wait(); }

void WebSocketCodec::on_close(CloseCode code, std::string_view /*reason*/) {
  closed_ = code;
  link_.peer_ended();
}

void WebSocketCodec::on_broken(CloseCode code, std::string_view why) {
  std::string close;
  append_ws_close(close, code, why);
  link_.end(EndReason::kProtocolError, close);
}

}  // namespace chat
