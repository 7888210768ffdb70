#include "tools/loadgen/kind.h"

#include <algorithm>
#include <array>

#include "reactor/check.h"
#include "tools/loadgen/wire_websocket.h"

namespace loadgen {
namespace {

struct Scheme {
  std::string_view name;
  std::uint16_t port = 0;
  Kind kind;
};

// chat-server speaks all of its own on one port, so that theirs is the default there.
constexpr std::uint16_t kOurPort = 8888;
constexpr std::array kSchemes{
    Scheme{"native", kOurPort, {Protocol::kNative, false, false}},
    Scheme{"tls", kOurPort, {Protocol::kNative, false, true}},
    Scheme{"ws", kOurPort, {Protocol::kNative, true, false}},
    Scheme{"wss", kOurPort, {Protocol::kNative, true, true}},
    Scheme{"irc", 6667, {Protocol::kIrc, false, false}},
    Scheme{"ircs", 6697, {Protocol::kIrc, false, true}},
    Scheme{"irc+ws", kOurPort, {Protocol::kIrc, true, false}},
    Scheme{"irc+wss", kOurPort, {Protocol::kIrc, true, true}},
    Scheme{"nats", 4222, {Protocol::kNats, false, false}},
    Scheme{"redis", 6379, {Protocol::kRedis, false, false}},
    Scheme{"mqtt", 1883, {Protocol::kMqtt, false, false}},
    Scheme{"lines", kOurPort, {Protocol::kLines, false, false}},
};

const Scheme& find_scheme(const Kind& kind) {
  const auto* const found = std::find_if(kSchemes.begin(), kSchemes.end(),
                                         [&kind](const Scheme& s) { return s.kind == kind; });
  CHECK(found != kSchemes.end(), "nobody speaks that", static_cast<int>(kind.protocol),
        kind.in_websocket, kind.over_tls);
  return *found;
}

}  // namespace

std::string_view scheme_of(const Kind& kind) { return find_scheme(kind).name; }

std::uint16_t port_of(const Kind& kind) { return find_scheme(kind).port; }

std::optional<Kind> kind_of_scheme(std::string_view scheme) {
  const auto* const found = std::find_if(kSchemes.begin(), kSchemes.end(),
                                         [scheme](const Scheme& s) { return s.name == scheme; });
  return found == kSchemes.end() ? std::nullopt : std::optional(found->kind);
}

std::unique_ptr<Wire> make_wire(const Kind& kind, const WebSocketPlace& place,
                                const std::string& name, const Channel& channel,
                                const WireNeeds& needs) {
  if (!kind.in_websocket) {
    return make_wire(kind.protocol, name, channel, needs);
  }
  return wrap_in_websocket(make_line_wire(kind.protocol, name, channel, needs), kind.protocol,
                           place, name);
}

}  // namespace loadgen
