#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "chat/web/websocket_frame.h"

namespace chat {

// Writes down what a WebSocket parser reports: a line for each.
class WebSocketRecorder final : public WebSocketSink {
 public:
  bool on_message(WebSocketOpcode kind, std::string_view payload, std::size_t wire_bytes) override {
    return note(kind == WebSocketOpcode::kText ? "text" : "binary", payload, wire_bytes);
  }
  bool on_ping(std::string_view payload, std::size_t wire_bytes) override {
    return note("ping", payload, wire_bytes);
  }
  bool on_pong(std::string_view payload, std::size_t wire_bytes) override {
    return note("pong", payload, wire_bytes);
  }
  void on_close(CloseCode code, std::string_view reason) override {
    log += fmt::format("close {} {}\n", code, reason);
  }
  void on_broken(CloseCode code, std::string_view /*why*/) override {
    log += fmt::format("broken {}\n", code);
  }

  std::string log;
  std::size_t wire_bytes_in_all = 0;
  // After so many reports nothing further is wanted.
  std::size_t reports_wanted = SIZE_MAX;

 private:
  bool note(std::string_view what, std::string_view payload, std::size_t wire_bytes) {
    log += fmt::format("{} {}\n", what, payload);
    wire_bytes_in_all += wire_bytes;
    return --reports_wanted > 0;
  }
};

}  // namespace chat
