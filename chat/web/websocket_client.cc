#include "chat/web/websocket_client.h"

#include <algorithm>
#include <utility>

#include "chat/web/http_request.h"
#include "chat/web/websocket_accept.h"

namespace chat {
namespace {

// What a server may put in front of its first frame.
constexpr std::size_t kAnswerBytesMax = std::size_t{16} << 10;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

bool is_control(const FrameHead& head) {
  return head.opcode >= static_cast<std::uint8_t>(WebSocketOpcode::kClose);
}

bool is_known(std::uint8_t opcode) {
  return opcode <= static_cast<std::uint8_t>(WebSocketOpcode::kBinary) ||
         (opcode >= static_cast<std::uint8_t>(WebSocketOpcode::kClose) &&
          opcode <= static_cast<std::uint8_t>(WebSocketOpcode::kPong));
}

// Empty when a server may send such a frame.
std::string_view what_is_wrong(const FrameHead& head) {
  if (head.masked) {
    return "a masked frame from the server";
  }
  if (head.reserved_bits != 0 || !is_known(head.opcode)) {
    return "a reserved bit or opcode";
  }
  if (is_control(head) && (!head.final || head.payload_bytes > kControlPayloadMax)) {
    return "a control frame in parts or too long";
  }
  return {};
}

// The first line of text, without what a terminal could take for more than letters.
std::string printable_line(std::string_view text) {
  std::string line(text.substr(0, text.find_first_of("\r\n")));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

// The fields of a response whose head is in front of its end. What is no field is left out.
HttpRequest read_fields(std::string_view head) {
  HttpRequest result;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      result.fields.push_back(
          {std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1)))});
    }
  }
  return result;
}

// RFC 6455, 4.1: empty when the server has done as it was asked.
std::string what_is_wrong(std::string_view head, const WebSocketAsk& ask) {
  if (!head.starts_with("HTTP/1.1 101")) {
    return "no upgrade: " + printable_line(head);
  }
  const HttpRequest answer = read_fields(head);
  if (!answer.list_has("Upgrade", "websocket") || !answer.list_has("Connection", "upgrade")) {
    return "a 101 that is not for a WebSocket";
  }
  const std::string* const accept = answer.field("Sec-WebSocket-Accept");
  if (accept == nullptr || *accept != websocket_accept(ask.key)) {
    return "a wrong Sec-WebSocket-Accept";
  }
  const std::string* const subprotocol = answer.field("Sec-WebSocket-Protocol");
  if ((subprotocol == nullptr ? std::string() : *subprotocol) != ask.subprotocol) {
    return "another subprotocol than was asked for";
  }
  if (answer.field("Sec-WebSocket-Extensions") != nullptr) {
    return "an extension that was not asked for";
  }
  return {};
}

}  // namespace

std::string websocket_key(const std::array<std::uint8_t, 16>& random) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string key;
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (const std::uint8_t byte : random) {
    bits = (bits << 8U | byte) & 0xFFFFU;
    bit_count += 8;
    while (bit_count >= 6) {
      bit_count -= 6;
      key.push_back(kAlphabet[bits >> bit_count & 63U]);
    }
  }
  key.push_back(kAlphabet[bits << (6 - bit_count) & 63U]);
  return key + "==";
}

void append_upgrade_request(std::string& out, const WebSocketAsk& ask) {
  out.append("GET ")
      .append(ask.path)
      .append(" HTTP/1.1\r\nHost: ")
      .append(ask.host)
      .append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ")
      .append(ask.key)
      .append("\r\nSec-WebSocket-Version: 13\r\n");
  if (!ask.subprotocol.empty()) {
    out.append("Sec-WebSocket-Protocol: ").append(ask.subprotocol).append("\r\n");
  }
  out.append("\r\n");
}

UpgradeAnswer read_upgrade_answer(std::string_view bytes, const WebSocketAsk& ask) {
  const std::size_t end = bytes.substr(0, kAnswerBytesMax).find(kEndOfHead);
  if (end == std::string_view::npos) {
    if (bytes.size() < kAnswerBytesMax) {
      return {};
    }
    return {UpgradeAnswer::Outcome::kRefused, bytes.size(), "an answer without end"};
  }
  std::string why = what_is_wrong(bytes.substr(0, end), ask);
  return {why.empty() ? UpgradeAnswer::Outcome::kAccepted : UpgradeAnswer::Outcome::kRefused,
          end + kEndOfHead.size(), std::move(why)};
}

std::size_t WebSocketClientParser::parse(std::string_view bytes, WebSocketSink& sink) {
  std::size_t consumed = 0;
  while (!ended_) {
    const std::string_view rest = bytes.substr(consumed);
    const std::optional<FrameHead> head = read_frame_head(rest);
    if (!head) {
      return consumed;
    }
    if (const std::string_view wrong = what_is_wrong(*head); !wrong.empty()) {
      fail(kCloseProtocolError, wrong, sink);
    } else if (!is_control(*head) && head->payload_bytes > message_bytes_max_ - message_.size()) {
      fail(kCloseTooBig, "a message that is too long", sink);
    } else if (rest.size() - head->head_bytes < head->payload_bytes) {
      return consumed;
    } else {
      const auto size = static_cast<std::size_t>(head->payload_bytes);
      take_frame(*head, rest.substr(head->head_bytes, size), sink);
      consumed += head->head_bytes + size;
    }
  }
  return bytes.size();
}

void WebSocketClientParser::fail(CloseCode code, std::string_view why, WebSocketSink& sink) {
  ended_ = true;
  sink.on_broken(code, why);
}

void WebSocketClientParser::take_frame(const FrameHead& head, std::string_view payload,
                                       WebSocketSink& sink) {
  const std::size_t wire_bytes = head.head_bytes + payload.size();
  switch (static_cast<WebSocketOpcode>(head.opcode)) {
    case WebSocketOpcode::kPing:
      ended_ = !sink.on_ping(payload, wire_bytes);
      return;
    case WebSocketOpcode::kPong:
      ended_ = !sink.on_pong(payload, wire_bytes);
      return;
    case WebSocketOpcode::kClose:
      take_close(payload, sink);
      return;
    default:
      take_data(head, payload, sink);
  }
}

void WebSocketClientParser::take_close(std::string_view payload, WebSocketSink& sink) {
  if (payload.empty()) {
    ended_ = true;
    sink.on_close(kCloseNone, {});
    return;
  }
  const auto byte = [payload](std::size_t at) { return static_cast<std::uint8_t>(payload[at]); };
  const auto code = static_cast<CloseCode>(payload.size() > 1 ? byte(0) << 8U | byte(1) : 0U);
  if (!is_close_code(code)) {
    fail(kCloseProtocolError, "a close code that cannot be sent", sink);
    return;
  }
  ended_ = true;
  sink.on_close(code, payload.substr(2));
}

void WebSocketClientParser::take_data(const FrameHead& head, std::string_view payload,
                                      WebSocketSink& sink) {
  const auto opcode = static_cast<WebSocketOpcode>(head.opcode);
  const bool continues = opcode == WebSocketOpcode::kContinuation;
  if (continues != (message_kind_ != WebSocketOpcode::kContinuation)) {
    fail(kCloseProtocolError, "fragments out of order", sink);
    return;
  }
  const std::size_t wire_bytes = head.head_bytes + payload.size();
  if (!continues && head.final) {
    ended_ = !sink.on_message(opcode, payload, wire_bytes);
    return;
  }
  if (!continues) {
    message_kind_ = opcode;
    message_wire_bytes_ = 0;
  }
  message_.append(payload);
  message_wire_bytes_ += wire_bytes;
  if (head.final) {
    const WebSocketOpcode kind = std::exchange(message_kind_, WebSocketOpcode::kContinuation);
    ended_ = !sink.on_message(kind, message_, message_wire_bytes_);
    message_.clear();
  }
}

}  // namespace chat
