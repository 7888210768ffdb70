#pragma once

#include <string>

#include "chat/web/http_router.h"

namespace chat {

// Adds the page that browsers show, as it is built in.
void add_page(HttpRouter& router);
// The same as it is in a directory at the moment, for who works on it: read from the disk each
// time.
void add_page_from(const std::string& directory, HttpRouter& router);

}  // namespace chat
