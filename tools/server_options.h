#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "chat/server.h"
#include "chat/storage/open_storage.h"
#include "reactor/net.h"
#include "tools/server_tls.h"

namespace tools {

struct ServerSettings {
  chat::ServerOptions server;
  chat::StorageOptions storage;
  std::vector<std::string> listen;  // see parse_listen
  TlsSettings tls;
  std::chrono::seconds sts_duration{0};  // IRC clients use TLS only for so long; 0: as they like
  reactor::Backend backend = reactor::Backend::kAuto;
  std::string log_level = "info";
  bool check_config_only = false;
};

// Reads the command line and the configuration file that it names. Returns true to go on; false to
// leave with exit_code, after everything there is to say was printed (help, version, or one line
// about what is wrong).
bool read_server_settings(int argc, char** argv, ServerSettings& settings, int& exit_code);

// Settles where the messages are kept and how many. Empty, or one line that says what to do.
std::string settle_storage(ServerSettings& settings);

// Settles clients_max against the descriptors there are. Empty, or one line that says what to do.
std::string settle_clients_max(ServerSettings& settings, std::size_t descriptors);

}  // namespace tools
