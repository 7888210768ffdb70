#include "chat/web/http_router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "reactor/check.h"

namespace chat {
namespace {

constexpr std::string_view kReadMethods = "GET, HEAD, OPTIONS";
constexpr std::string_view kWebSocketMethods = "GET, OPTIONS";

// Whether If-None-Match names the tag (RFC 7232, 3.2), by which a weak one will do.
bool has_it_already(const HttpRequest& request, std::string_view etag) {
  const std::string tags = request.list("If-None-Match");
  std::string_view rest = tags;
  while (std::optional<std::string_view> tag = next_in_list(rest)) {
    if (tag->starts_with("W/")) {
      tag->remove_prefix(2);
    }
    if (*tag == "*" || *tag == etag) {
      return true;
    }
  }
  return false;
}

HttpResponse what_is_allowed(std::string_view methods) {
  HttpResponse response;
  response.status = HttpStatus::kNoContent;
  response.allow = methods;
  return response;
}

}  // namespace

void HttpRouter::add(const Resource& resource) {
  add_route(std::string(resource.path), {{}, resource});
}

void HttpRouter::add(std::string path, Endpoint endpoint) {
  add_route(std::move(path), {{}, std::move(endpoint)});
}

void HttpRouter::add_websocket(std::string path) { add_route(std::move(path), {{}, WebSocket{}}); }

void HttpRouter::add_fallback(Endpoint endpoint) { fallback_ = std::move(endpoint); }

void HttpRouter::add_route(std::string path, Route&& route) {
  CHECK(path.starts_with('/'), "a path that does not begin with a slash", path);
  const auto place =
      std::lower_bound(routes_.begin(), routes_.end(), path,
                       [](const Route& a, std::string_view b) { return a.path < b; });
  CHECK(place == routes_.end() || place->path != path, "two things at one path", path);
  route.path = std::move(path);
  routes_.insert(place, std::move(route));
}

const HttpRouter::Route* HttpRouter::find(std::string_view path) const {
  const auto place =
      std::lower_bound(routes_.begin(), routes_.end(), path,
                       [](const Route& a, std::string_view b) { return a.path < b; });
  return place == routes_.end() || place->path != path ? nullptr : &*place;
}

bool HttpRouter::is_websocket(std::string_view path) const {
  const Route* const route = find(path);
  return route != nullptr && std::holds_alternative<WebSocket>(route->what);
}

HttpResponse HttpRouter::answer(const HttpRequest& request) const {
  const Route* const route = find(request.path);
  const bool socket = route != nullptr && std::holds_alternative<WebSocket>(route->what);
  const std::string_view methods = socket ? kWebSocketMethods : kReadMethods;
  switch (request.method) {
    case HttpMethod::kOptions:
      return what_is_allowed(methods);
    case HttpMethod::kHead:
    case HttpMethod::kGet:
      if (!socket) {
        return get(request, route);
      }
      break;
    case HttpMethod::kUnknown: {
      HttpResponse response = http_error(HttpStatus::kNotImplemented, "no such method");
      response.allow = methods;
      return response;
    }
    default:
      break;
  }
  HttpResponse response = http_error(HttpStatus::kMethodNotAllowed, "not with this method");
  response.allow = methods;
  return response;
}

HttpResponse HttpRouter::get(const HttpRequest& request, const Route* route) const {
  HttpResponse response;
  if (route == nullptr) {
    if (!fallback_) {
      return http_error(HttpStatus::kNotFound, "nothing is here");
    }
    response = fallback_(request);
  } else if (const auto* const endpoint = std::get_if<Endpoint>(&route->what)) {
    response = (*endpoint)(request);
  } else {
    const auto& resource = std::get<Resource>(route->what);
    response.content_type = resource.content_type;
    response.body = resource.body;
    response.etag = resource.etag;
    response.cache_control = resource.cache_control;
  }
  if (response.status == HttpStatus::kOk && !response.etag.empty() &&
      has_it_already(request, response.etag)) {
    response.status = HttpStatus::kNotModified;
  }
  return response;
}

}  // namespace chat
