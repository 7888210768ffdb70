#include "chat/web/http_target.h"

#include <algorithm>

#include "chat/protocol/utf8.h"

namespace chat {
namespace {

// "." and ".." are for whoever sends the request to resolve (RFC 3986, 5.2.4): none that means
// well leaves them in, and nobody here has to wonder what they would do to a directory.
bool is_safe_path(std::string_view path) {
  if (!is_text(path) || std::ranges::any_of(path, is_control)) {
    return false;
  }
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") {
      return false;
    }
    path.remove_prefix(segment.size());
  }
  return true;
}

// The rest of an absolute target behind "http://", nothing for any other target.
std::optional<std::string_view> behind_scheme(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      return target.substr(scheme.size());
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_authority(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~%!$&'()*+,;=:[]").find(c) != std::string_view::npos;
  });
}

std::optional<HttpTarget> parse_http_target(HttpMethod method, std::string_view target) {
  HttpTarget result;
  if (method == HttpMethod::kConnect) {
    result.authority = target;
    return target.find(':') != std::string_view::npos && is_authority(target)
               ? std::optional(std::move(result))
               : std::nullopt;
  }
  if (target == "*") {
    result.path = target;
    return method == HttpMethod::kOptions ? std::optional(std::move(result)) : std::nullopt;
  }
  if (const auto rest = behind_scheme(target)) {
    result.authority = rest->substr(0, rest->find_first_of("/?"));
    target = rest->substr(result.authority.size());
    if (result.authority.empty() || !is_authority(result.authority)) {
      return std::nullopt;
    }
  } else if (!target.starts_with('/')) {
    return std::nullopt;
  }
  if (target.find('#') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view path = target.substr(0, target.find('?'));
  const std::optional<std::string> decoded = percent_decoded(path);
  if (!decoded || !is_safe_path(*decoded)) {
    return std::nullopt;
  }
  result.path = decoded->empty() ? "/" : *decoded;
  result.query = target.substr(std::min(path.size() + 1, target.size()));
  return result;
}

}  // namespace chat
