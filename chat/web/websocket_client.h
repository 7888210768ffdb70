#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/web/websocket_frame.h"

namespace chat {

// A client's side of RFC 6455, for programs that test or measure servers; without extensions. To
// send: append_masked_ws_frame.

// A Sec-WebSocket-Key out of 16 random bytes.
std::string websocket_key(const std::array<std::uint8_t, 16>& random);

struct WebSocketAsk {
  std::string host;  // with the port, as it stands in Host
  std::string path = "/ws";
  std::string subprotocol;  // empty: none
  std::string key;          // see websocket_key
};
void append_upgrade_request(std::string& out, const WebSocketAsk& ask);

struct UpgradeAnswer {
  enum class Outcome : std::uint8_t { kIncomplete, kAccepted, kRefused };
  Outcome outcome = Outcome::kIncomplete;
  std::size_t consumed = 0;  // what follows are frames
  std::string why;           // when refused: one printable line
};
// bytes: everything that the server has sent so far.
UpgradeAnswer read_upgrade_answer(std::string_view bytes, const WebSocketAsk& ask);

// A server's frames out of any bytes. A plain state machine for the hot path of a program that has
// many: what is complete in the bytes is handed on without a copy, what is not stays where it is.
// Text is not checked to be UTF-8.
class WebSocketClientParser {
 public:
  // A frame or message that is longer is refused (1009).
  explicit WebSocketClientParser(std::size_t message_bytes_max)
      : message_bytes_max_(message_bytes_max) {}

  // bytes: everything received and not yet consumed. Returns how many from the front are done
  // with; less than a whole frame is left. After the last report (see WebSocketSink) it consumes
  // whatever comes.
  std::size_t parse(std::string_view bytes, WebSocketSink& sink);

 private:
  void fail(CloseCode code, std::string_view why, WebSocketSink& sink);
  void take_frame(const FrameHead& head, std::string_view payload, WebSocketSink& sink);
  void take_close(std::string_view payload, WebSocketSink& sink);
  void take_data(const FrameHead& head, std::string_view payload, WebSocketSink& sink);

  std::size_t message_bytes_max_;
  std::string message_;  // of which the last frame has not come
  std::size_t message_wire_bytes_ = 0;
  WebSocketOpcode message_kind_ = WebSocketOpcode::kContinuation;  // no message has begun
  bool ended_ = false;
};

}  // namespace chat
