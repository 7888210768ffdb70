#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chat/web/http_request.h"
#include "chat/web/http_response.h"

namespace chat {

// A file that is served as it is. All views are of what outlives the router.
struct Resource {
  std::string_view path;  // begins with a slash; decoded
  std::string_view content_type;
  std::string_view body;
  std::string_view etag;  // strong, with its quotes; may be empty
  std::string_view cache_control;
};

// What is at which path, and the answer to every request by it: GET and HEAD where something is,
// OPTIONS everywhere, 304, 404, 405 and 501. Filled when the server starts, only read afterwards,
// so any thread may use it. Does no I/O and keeps no state.
class HttpRouter {
 public:
  // Makes the answer to a GET (or HEAD, whose body is left out later) of its path. Called on the
  // thread that asks; must not block.
  using Endpoint = std::function<HttpResponse(const HttpRequest&)>;

  // REQUIRES, of each: nothing is at the path yet.
  void add(const Resource& resource);
  void add(std::string path, Endpoint endpoint);
  // What is upgraded to a WebSocket. GET only; who doesn't ask for the upgrade gets 426.
  void add_websocket(std::string path);
  // What answers every GET that nothing else does, instead of 404 (a directory of files).
  void add_fallback(Endpoint endpoint);

  bool is_websocket(std::string_view path) const;
  // REQUIRES: not for the upgrade of a WebSocket.
  HttpResponse answer(const HttpRequest& request) const;

 private:
  struct WebSocket {};
  struct Route {
    std::string path;
    std::variant<Resource, Endpoint, WebSocket> what;
  };

  void add_route(std::string path, Route&& route);
  const Route* find(std::string_view path) const;
  HttpResponse get(const HttpRequest& request, const Route* route) const;

  std::vector<Route> routes_;  // sorted by path
  Endpoint fallback_;
};

}  // namespace chat
