#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Frames as RFC 6455, 5.2 lays them out, for both sides. Pure functions.
namespace chat {

enum class WebSocketOpcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// Why a WebSocket ends (RFC 6455, 7.4.1). A peer may give any that is_close_code() takes.
using CloseCode = std::uint16_t;
inline constexpr CloseCode kCloseNormal = 1000;
inline constexpr CloseCode kCloseGoingAway = 1001;  // the server stops
inline constexpr CloseCode kCloseProtocolError = 1002;
inline constexpr CloseCode kCloseNone = 1005;  // stands for no code; never sent
inline constexpr CloseCode kCloseBadData = 1007;
inline constexpr CloseCode kClosePolicy = 1008;
inline constexpr CloseCode kCloseTooBig = 1009;
inline constexpr CloseCode kCloseTryLater = 1013;

// Whether the code may stand in a close frame.
bool is_close_code(CloseCode code);

inline constexpr std::size_t kControlPayloadMax = 125;
inline constexpr std::size_t kCloseReasonMax = kControlPayloadMax - 2;

// From the server: one unmasked frame, final, with the shortest form of its length. A whole
// message, or a ping or pong. REQUIRES: at most kControlPayloadMax bytes in a ping or pong.
void append_ws_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload);
// Only what goes before the payload.
void append_ws_head(std::string& out, WebSocketOpcode opcode, std::size_t payload_bytes);
// kCloseNone makes a close frame without a code. A reason that is too long is cut.
void append_ws_close(std::string& out, CloseCode code, std::string_view reason = {});

// From a client: likewise, masked with the four bytes of mask. Browsers choose it unpredictably
// for every frame; whoever speaks for itself only may choose any.
void append_masked_ws_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload,
                            std::uint32_t mask);
void append_masked_ws_close(std::string& out, CloseCode code, std::uint32_t mask,
                            std::string_view reason = {});

// How long a frame of so many bytes is, header included.
constexpr std::size_t ws_frame_bytes(std::size_t payload_bytes, bool masked) {
  const std::size_t length_bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
  return 2 + length_bytes + (masked ? 4 : 0) + payload_bytes;
}

// What stands in front of a frame's payload, as it is: nothing is checked.
struct FrameHead {
  std::uint8_t opcode = 0;
  std::uint8_t reserved_bits = 0;
  bool final = false;
  bool masked = false;
  std::uint64_t payload_bytes = 0;
  std::size_t head_bytes = 0;  // with the length and the mask
};
// Nothing when bytes, from the front of a frame, do not have all of its head.
std::optional<FrameHead> read_frame_head(std::string_view bytes);

// What a WebSocket parser, of either side, finds in its peer's bytes. Views are valid during the
// call. wire_bytes: what of the input was spent on it, for the byte rate.
class WebSocketSink {
 public:
  // A whole message, kText (then it is UTF-8) or kBinary. This and the next two return false when
  // nothing further is to be reported: for now (WebSocketParser), or as the connection is ending.
  virtual bool on_message(WebSocketOpcode kind, std::string_view payload,
                          std::size_t wire_bytes) = 0;
  // To be answered by a pong with the same payload.
  virtual bool on_ping(std::string_view payload, std::size_t wire_bytes) = 0;
  virtual bool on_pong(std::string_view payload, std::size_t wire_bytes) = 0;
  // The peer ends the WebSocket: to be answered by a close with the same code (kCloseNone: without
  // one) unless one was sent before. The last call.
  virtual void on_close(CloseCode code, std::string_view reason) = 0;
  // The peer broke the protocol or a limit: to be told by a close with this code. why: a few plain
  // words that live for ever. The last call.
  virtual void on_broken(CloseCode code, std::string_view why) = 0;

 protected:
  ~WebSocketSink() = default;
};

}  // namespace chat
