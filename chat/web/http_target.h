#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "chat/web/http_request.h"

namespace chat {

// The parts of a request target (RFC 7230, 5.3), decoded and safe to look up.
struct HttpTarget {
  std::string path;  // see HttpRequest
  std::string query;
  std::string authority;  // of an absolute target and of CONNECT, else empty
};

// Nothing when the target is none, or none that goes with the method, or its path is not safe.
std::optional<HttpTarget> parse_http_target(HttpMethod method, std::string_view target);

// Whether the text can be the host and port in Host or in a target. An empty one can.
bool is_authority(std::string_view text);

}  // namespace chat
