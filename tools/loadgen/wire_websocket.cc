#include "tools/loadgen/wire_websocket.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "chat/web/websocket_handshake.h"
#include "reactor/check.h"

namespace loadgen {
namespace {

chat::Subprotocol subprotocol_of(Protocol protocol) {
  CHECK(protocol == Protocol::kNative || protocol == Protocol::kIrc,
        "nobody speaks that in a WebSocket:", static_cast<int>(protocol));
  return protocol == Protocol::kIrc ? chat::Subprotocol::kIrcText : chat::Subprotocol::kChatV1;
}

}  // namespace

WebSocketWire::WebSocketWire(std::unique_ptr<LineWire> spoken, chat::WebSocketAsk ask,
                             std::uint32_t seed)
    : spoken_(std::move(spoken)), ask_(std::move(ask)), random_(seed) {}

void WebSocketWire::begin(std::string& out) {
  parser_ = chat::WebSocketClientParser(kMessageBytesMax);
  is_open_ = false;
  over_ = false;
  std::array<std::uint8_t, 16> random{};
  std::generate(random.begin(), random.end(),
                [this] { return static_cast<std::uint8_t>(random_() >> 8U); });
  ask_.key = chat::websocket_key(random);
  chat::append_upgrade_request(out, ask_);
}

std::size_t WebSocketWire::parse(std::string_view bytes, std::string& out, WireEvents& events) {
  out_ = &out;
  events_ = &events;
  std::size_t used = is_open_ || over_ ? 0 : take_answer(bytes);
  if (is_open_ && !over_) {
    used += parser_.parse(bytes.substr(used), *this);
  }
  out_ = nullptr;
  events_ = nullptr;
  return over_ ? bytes.size() : used;
}

std::size_t WebSocketWire::take_answer(std::string_view bytes) {
  const chat::UpgradeAnswer answer = chat::read_upgrade_answer(bytes, ask_);
  switch (answer.outcome) {
    case chat::UpgradeAnswer::Outcome::kIncomplete:
      return 0;
    case chat::UpgradeAnswer::Outcome::kRefused:
      refuse("no WebSocket", answer.why);
      break;
    case chat::UpgradeAnswer::Outcome::kAccepted:
      is_open_ = true;
      spoken_->begin(lines_);
      frame_lines(*out_);
      break;
  }
  return answer.consumed;
}

void WebSocketWire::publish(std::string_view payload, std::string& out) {
  spoken_->publish(payload, lines_);
  frame_lines(out);
}

void WebSocketWire::publish_numbered(std::uint64_t number, std::string_view payload,
                                     std::string& out) {
  spoken_->publish_numbered(number, payload, lines_);
  frame_lines(out);
}

void WebSocketWire::fence(std::string& out) {
  spoken_->fence(lines_);
  frame_lines(out);
}

void WebSocketWire::quit(std::string& out) {
  over_ = true;
  if (is_open_) {
    spoken_->quit(lines_);
    frame_lines(out);
    chat::append_masked_ws_close(out, chat::kCloseNormal, next_mask());
  }
}

bool WebSocketWire::on_message(chat::WebSocketOpcode kind, std::string_view payload,
                               std::size_t /*wire_bytes*/) {
  if (kind != chat::WebSocketOpcode::kText) {
    refuse("a binary message where text is spoken");
    return false;
  }
  spoken_->take_line(payload, lines_, *events_);
  if (!lines_.empty()) {
    frame_lines(*out_);
  }
  over_ = spoken_->is_over();
  return !over_;
}

bool WebSocketWire::on_ping(std::string_view payload, std::size_t /*wire_bytes*/) {
  chat::append_masked_ws_frame(*out_, chat::WebSocketOpcode::kPong, payload, next_mask());
  return true;
}

bool WebSocketWire::on_pong(std::string_view /*payload*/, std::size_t /*wire_bytes*/) {
  return true;
}

void WebSocketWire::on_close(chat::CloseCode code, std::string_view reason) {
  refuse(fmt::format("the server closes the WebSocket ({})", code), reason);
}

void WebSocketWire::on_broken(chat::CloseCode code, std::string_view why) {
  refuse(fmt::format("the server breaks the rules of WebSocket ({})", code), why);
}

void WebSocketWire::frame_lines(std::string& out) {
  std::string_view rest = lines_;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    chat::append_masked_ws_frame(out, chat::WebSocketOpcode::kText, without_cr(line), next_mask());
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  lines_.clear();
}

void WebSocketWire::refuse(std::string_view why, std::string_view said) {
  over_ = true;
  events_->on_refused(refusal(why, said));
}

std::unique_ptr<Wire> wrap_in_websocket(std::unique_ptr<LineWire> spoken, Protocol protocol,
                                        const WebSocketPlace& place, const std::string& name) {
  chat::WebSocketAsk ask;
  ask.host = place.host;
  ask.path = place.path;
  ask.subprotocol = chat::subprotocol_name(subprotocol_of(protocol));
  return std::make_unique<WebSocketWire>(
      std::move(spoken), std::move(ask),
      static_cast<std::uint32_t>(std::hash<std::string>{}(name)));
}

}  // namespace loadgen
