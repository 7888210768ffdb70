#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "chat/metrics.h"
#include "chat/server_info.h"
#include "chat/web/http_conversation.h"

namespace chat {

struct SiteOptions {
  std::vector<std::string> allowed_origins;  // see OriginPolicy
  std::chrono::seconds hsts_max_age{0};      // told over TLS; 0: not
  std::string web_root;                      // the page comes from there; empty: as it was built in
};

// Everything that a server has for browsers and for who watches it: the page, the WebSocket, and
// how the server is doing. info, metrics and draining outlive it.
HttpSite make_site(const SiteOptions& options, const ServerInfo& info, const Metrics& metrics,
                   const std::atomic<bool>& draining);

}  // namespace chat
