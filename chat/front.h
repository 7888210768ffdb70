#pragma once

#include <vector>

#include "chat/address_range.h"
#include "chat/server_info.h"
#include "chat/web/http_conversation.h"

namespace chat {

// What a server is to whoever connects, whatever they speak. Set up when the server starts, only
// read afterwards; shared by all threads.
struct Front {
  ServerInfo info;
  HttpSite site;
  // Who connects from there has to say first, with the PROXY protocol, whom it connects for.
  std::vector<AddressRange> trusted_proxies;
};

}  // namespace chat
