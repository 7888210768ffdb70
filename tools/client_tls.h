#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "reactor/transport.h"

namespace tools {

// How the servers that a program connects to prove who they are.
struct ClientTlsSettings {
  std::string ca_file;  // whom to trust; empty: whom the system trusts
  bool verify = true;   // false: anybody may stand in between
};

// Makes what secures a connection, once for each; null where connections are not secured.
using NewTransport = std::function<std::unique_ptr<reactor::Transport>()>;

// Null, with error in one line that says what to do, when the settings are of no use or this
// program was built without TLS. host: as the user wrote it; the server's certificate has to be for
// it.
struct LoadedClientTls {
  NewTransport new_transport;
  std::string error;
};
LoadedClientTls load_client_tls(const ClientTlsSettings& settings, const std::string& host);

// The host in "host:port" or "[v6]:port"; "localhost" for a Unix socket.
std::string host_in(std::string_view host_and_port);

}  // namespace tools
