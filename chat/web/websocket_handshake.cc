#include "chat/web/websocket_handshake.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "chat/web/websocket_accept.h"

namespace chat {
namespace {

constexpr std::string_view kVersion = "13";

constexpr std::array<std::pair<std::string_view, Subprotocol>, 3> kSubprotocols{{
    {"chat.v1", Subprotocol::kChatV1},
    {"text.ircv3.net", Subprotocol::kIrcText},
    {"binary.ircv3.net", Subprotocol::kIrcBinary},
}};

struct HostAndPort {
  std::string_view host;
  std::uint32_t port = 0;
};

struct Origin {
  std::string_view scheme;
  HostAndPort at;
};

std::uint32_t default_port(std::string_view scheme) {
  if (equals_ignoring_case(scheme, "https")) {
    return 443;
  }
  return equals_ignoring_case(scheme, "http") ? 80 : 0;
}

// "host", "host:port", "[v6]:port"; nothing when the port is none.
std::optional<HostAndPort> split_host(std::string_view text, std::uint32_t port_if_none) {
  HostAndPort result{text, port_if_none};
  const std::size_t colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.find(']', colon) == text.npos;
  if (has_port) {
    result.host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (!port.empty()) {
      const auto [end, error] =
          std::from_chars(port.data(), port.data() + port.size(), result.port);
      if (error != std::errc() || end != port.data() + port.size() || result.port > UINT16_MAX) {
        return std::nullopt;
      }
    }
  }
  return result.host.empty() ? std::nullopt : std::optional(result);
}

std::optional<Origin> split_origin(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == 0 || scheme == std::string_view::npos) {
    return std::nullopt;
  }
  Origin origin{text.substr(0, scheme), {}};
  text.remove_prefix(scheme + 3);
  if (text.find_first_of("/?#@, ") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto at = split_host(text, default_port(origin.scheme));
  if (!at) {
    return std::nullopt;
  }
  origin.at = *at;
  return origin;
}

bool is_same(const HostAndPort& a, const HostAndPort& b) {
  return a.port == b.port && equals_ignoring_case(a.host, b.host);
}

// The address does not tell whether it was reached over TLS, so a missing port stands for that of
// the origin's scheme.
bool is_from_here(const Origin& origin, std::string_view authority) {
  const auto here = split_host(authority, default_port(origin.scheme));
  return here && is_same(origin.at, *here);
}

// 16 bytes in base64: 22 characters, the last of which stands for two bits, and "==".
bool is_key(std::string_view key) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.substr(22) == "==" &&
         key.substr(0, 22).find_first_not_of(kAlphabet) == std::string_view::npos &&
         std::string_view("AQgw").find(key[21]) != std::string_view::npos;
}

// The first of the client's that is known here (RFC 6455, 4.2.2: it lists them as it prefers).
Subprotocol choose_subprotocol(const HttpRequest& request) {
  const std::string offered = request.list("Sec-WebSocket-Protocol");
  std::string_view rest = offered;
  while (const std::optional<std::string_view> name = next_in_list(rest)) {
    for (const auto& [known, subprotocol] : kSubprotocols) {
      if (*name == known) {
        return subprotocol;
      }
    }
  }
  return Subprotocol::kNone;
}

HttpResponse upgrade_required(std::string_view why) {
  HttpResponse response = http_error(HttpStatus::kUpgradeRequired, why);
  response.fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
  return response;
}

// Nothing when the request is a proper opening (RFC 6455, 4.2.1).
std::optional<HttpResponse> what_is_wrong(const HttpRequest& request, const OriginPolicy& origins) {
  // HTTP/1.0 knows no Upgrade (RFC 7230, 6.7).
  if (request.version < 11 || !request.list_has("Upgrade", "websocket")) {
    return upgrade_required("a WebSocket is here: ask for the upgrade to it");
  }
  if (!request.list_has("Connection", "upgrade")) {
    return http_error(HttpStatus::kBadRequest, "Connection does not name Upgrade");
  }
  if (request.count_of("Sec-WebSocket-Version") > 1 || request.count_of("Sec-WebSocket-Key") > 1) {
    return http_error(HttpStatus::kBadRequest, "Sec-WebSocket-Version or -Key twice");
  }
  const std::string* const version = request.field("Sec-WebSocket-Version");
  if (version == nullptr || *version != kVersion) {
    return upgrade_required("version 13 of WebSocket is spoken here");
  }
  const std::string* const key = request.field("Sec-WebSocket-Key");
  if (key == nullptr || !is_key(*key)) {
    return http_error(HttpStatus::kBadRequest, "Sec-WebSocket-Key is not 16 bytes in base64");
  }
  if (!origins.allows(request)) {
    return http_error(HttpStatus::kForbidden, "pages from that origin may not connect");
  }
  return std::nullopt;
}

}  // namespace

std::string_view subprotocol_name(Subprotocol subprotocol) {
  for (const auto& [name, known] : kSubprotocols) {
    if (known == subprotocol) {
      return name;
    }
  }
  return {};
}

bool is_origin(std::string_view text) { return text == "*" || split_origin(text).has_value(); }

bool OriginPolicy::allows(const HttpRequest& request) const {
  if (request.count_of("Origin") == 0 || std::ranges::count(allowed, "*") > 0) {
    return true;
  }
  const std::optional<Origin> origin = split_origin(*request.field("Origin"));
  if (!origin || request.count_of("Origin") > 1) {
    return false;
  }
  if (allowed.empty()) {
    return is_from_here(*origin, request.authority);
  }
  return std::ranges::any_of(allowed, [&origin](const std::string& text) {
    const std::optional<Origin> other = split_origin(text);
    return other && equals_ignoring_case(other->scheme, origin->scheme) &&
           is_same(other->at, origin->at);
  });
}

WebSocketHandshake shake_hands(const HttpRequest& request, const OriginPolicy& origins,
                               std::string& out) {
  WebSocketHandshake result;
  if (std::optional<HttpResponse> refusal = what_is_wrong(request, origins)) {
    result.refusal = std::move(*refusal);
    return result;
  }
  result.accepted = true;
  result.subprotocol = choose_subprotocol(request);
  out.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
      .append("Sec-WebSocket-Accept: ")
      .append(websocket_accept(*request.field("Sec-WebSocket-Key")))
      .append("\r\n");
  if (result.subprotocol != Subprotocol::kNone) {
    out.append("Sec-WebSocket-Protocol: ")
        .append(subprotocol_name(result.subprotocol))
        .append("\r\n");
  }
  out.append("\r\n");
  return result;
}

}  // namespace chat
