#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/protocol/codec.h"
#include "chat/protocol/link.h"
#include "chat/web/websocket_frame.h"
#include "chat/web/websocket_parser.h"

namespace chat {

// A protocol of lines inside a WebSocket: each message is a line without its end, in both
// directions.
class WebSocketCodec final : public Codec, private WebSocketSink {
 public:
  // limits, readers and link are not owned.
  WebSocketCodec(const Limits& limits, WebSocketReaders& readers, Link& link,
                 std::unique_ptr<Codec> spoken, WireFormat::Framing framing)
      : link_(link), parser_(limits, readers), spoken_(std::move(spoken)), framing_(framing) {}

  std::size_t parse(std::string_view bytes, CommandSink& sink) override;
  WireFormat format() const override;
  void answer(const Event& event, std::string& out) override;
  bool can_refuse_haste() const override { return spoken_->can_refuse_haste(); }
  bool ping(std::string& out) override;

 private:
  bool on_message(WebSocketOpcode kind, std::string_view payload, std::size_t wire_bytes) override;
  bool on_ping(std::string_view payload, std::size_t wire_bytes) override;
  bool on_pong(std::string_view payload, std::size_t wire_bytes) override;
  void on_close(CloseCode code, std::string_view reason) override;
  void on_broken(CloseCode code, std::string_view why) override;

  bool wants_more();

  Link& link_;
  WebSocketParser parser_;
  std::unique_ptr<Codec> spoken_;
  WireFormat::Framing framing_;
  CommandSink* sink_ = nullptr;  // during parse
  // The client has ended the WebSocket with this code, and is waiting for ours.
  std::optional<CloseCode> closed_;
};

}  // namespace chat
