#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tools/loadgen/wire.h"

namespace loadgen {

// What a client speaks and what is around it: what the scheme of a target says.
struct Kind {
  Protocol protocol = Protocol::kNative;
  bool in_websocket = false;
  bool over_tls = false;

  bool operator==(const Kind&) const = default;
};

// "native", "wss", "irc+ws", …
std::string_view scheme_of(const Kind& kind);
std::optional<Kind> kind_of_scheme(std::string_view scheme);
// Where such a server listens when nobody says otherwise.
std::uint16_t port_of(const Kind& kind);

// What a WebSocket is asked for.
struct WebSocketPlace {
  std::string host;  // with the port, as it stands in Host
  std::string path = "/ws";
};

// As for a Wire of its protocol, within whatever is around it but TLS, which is the connection's.
// place: for a kind that is in a WebSocket.
std::unique_ptr<Wire> make_wire(const Kind& kind, const WebSocketPlace& place,
                                const std::string& name, const Channel& channel,
                                const WireNeeds& needs = {});

}  // namespace loadgen
