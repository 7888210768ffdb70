#pragma once

#include <string>

#include "chat/shard.h"

namespace tools {

struct TlsSettings {
  std::string certificate_file;  // empty: no TLS
  std::string key_file;
};

// Reads the files and makes what secures connections with them; logs whom the certificate is for
// and what clients won't like about it. Empty transports, with error in one line that says what to
// do, when the files are of no use or this program was built without TLS.
struct LoadedTls {
  chat::TransportSource transports;
  std::string error;
};
LoadedTls load_tls(const TlsSettings& settings);

}  // namespace tools
