#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tools/server_options.h"

namespace tools {

// The flags that say how the server is reached and what it is to browsers and IRC clients.
void add_tls(CLI::App& app, TlsSettings& tls);
std::vector<CLI::Option*> add_network(CLI::App& app, ServerSettings& settings);
// What is wrong with them taken together, or empty.
std::string settle_network(ServerSettings& settings);

}  // namespace tools
