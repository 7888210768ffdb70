#include "chat/protocol/encode.h"

#include <string_view>

#include "chat/protocol/irc.h"
#include "chat/protocol/native.h"
#include "chat/web/websocket_frame.h"

namespace chat {
namespace {

std::string_view without_end(std::string_view line) {
  line.remove_suffix(1);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

void encode_delivery(const Event& event, const WireFormat& format, const Limits& limits,
                     std::string& out) {
  const std::size_t start = out.size();
  if (format.dialect == WireFormat::Dialect::kIrc) {
    encode_irc(event, format, limits, out);
  } else {
    encode_native(event, format, limits, out);
  }
  frame_lines(format.framing, start, out);
}

void frame_lines(WireFormat::Framing framing, std::size_t start, std::string& out) {
  if (framing == WireFormat::Framing::kNone || out.size() == start) {
    return;
  }
  const auto opcode = framing == WireFormat::Framing::kWebSocketText ? WebSocketOpcode::kText
                                                                     : WebSocketOpcode::kBinary;
  if (out.find('\n', start) == out.size() - 1) {
    // One line, as a delivery nearly always is, in place.
    const std::size_t payload_bytes = without_end(std::string_view(out).substr(start)).size();
    std::string head;
    append_ws_head(head, opcode, payload_bytes);
    out.resize(start + payload_bytes);
    out.insert(start, head);
    return;
  }
  const std::string lines = out.substr(start);
  out.resize(start);
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at) + 1;
    append_ws_frame(out, opcode, without_end(std::string_view(lines).substr(at, end - at)));
    at = end;
  }
}

}  // namespace chat
