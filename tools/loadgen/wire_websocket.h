#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "chat/web/websocket_client.h"
#include "tools/loadgen/kind.h"
#include "tools/loadgen/wire_framed.h"

namespace loadgen {

// A wire of lines inside a WebSocket: asks for the WebSocket first, then each line is a text
// message without its end, in both directions. What is delivered is handed on where it was
// received.
class WebSocketWire final : public Wire, private chat::WebSocketSink {
 public:
  // ask: without a key. seed: of the key and the masks, which protect nobody here.
  WebSocketWire(std::unique_ptr<LineWire> spoken, chat::WebSocketAsk ask, std::uint32_t seed);

  void begin(std::string& out) override;
  std::size_t parse(std::string_view bytes, std::string& out, WireEvents& events) override;
  void publish(std::string_view payload, std::string& out) override;
  void publish_numbered(std::uint64_t number, std::string_view payload, std::string& out) override;
  void fence(std::string& out) override;
  std::uint64_t delivery_id() const override { return spoken_->delivery_id(); }
  void quit(std::string& out) override;

 private:
  // The longest message that, with what is in front of it, is not longer than any frame may be.
  static constexpr std::size_t kMessageBytesMax = kFrameBytesMax - 16;

  bool on_message(chat::WebSocketOpcode kind, std::string_view payload,
                  std::size_t wire_bytes) override;
  bool on_ping(std::string_view payload, std::size_t wire_bytes) override;
  bool on_pong(std::string_view payload, std::size_t wire_bytes) override;
  void on_close(chat::CloseCode code, std::string_view reason) override;
  void on_broken(chat::CloseCode code, std::string_view why) override;

  std::size_t take_answer(std::string_view bytes);
  // Each of the lines that were said becomes a frame.
  void frame_lines(std::string& out);
  void refuse(std::string_view why, std::string_view said = {});
  std::uint32_t next_mask() { return static_cast<std::uint32_t>(random_()); }

  const std::unique_ptr<LineWire> spoken_;
  chat::WebSocketAsk ask_;
  std::minstd_rand random_;
  chat::WebSocketClientParser parser_{kMessageBytesMax};
  std::string lines_;  // said and not framed yet
  bool is_open_ = false;
  bool over_ = false;
  std::string* out_ = nullptr;    // during parse
  WireEvents* events_ = nullptr;  // likewise
};

// name: of the client; its masks follow from it.
std::unique_ptr<Wire> wrap_in_websocket(std::unique_ptr<LineWire> spoken, Protocol protocol,
                                        const WebSocketPlace& place, const std::string& name);

}  // namespace loadgen
