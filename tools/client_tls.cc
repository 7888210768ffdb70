#include "tools/client_tls.h"

#include <optional>
#include <utility>

#ifdef REACTOR_HAS_TLS
#include "reactor/tls.h"
#endif

namespace tools {

#ifdef REACTOR_HAS_TLS

LoadedClientTls load_client_tls(const ClientTlsSettings& settings, const std::string& host) {
  reactor::TlsClientOptions options;
  options.ca_file = settings.ca_file;
  options.verify = settings.verify;
  LoadedClientTls loaded;
  std::optional<reactor::TlsClientContext> context =
      reactor::TlsClientContext::load(options, loaded.error);
  if (context) {
    loaded.new_transport = [context = std::move(*context), host] {
      return context.new_transport(host);
    };
  }
  return loaded;
}

#else

LoadedClientTls load_client_tls(const ClientTlsSettings& /*settings*/,
                                const std::string& /*host*/) {
  return {{}, "this program was built without TLS: build it with -DCHAT_TLS=ON"};
}

#endif

std::string host_in(std::string_view host_and_port) {
  if (host_and_port.starts_with("unix:")) {
    return "localhost";
  }
  std::string_view host = host_and_port.substr(0, host_and_port.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  return host.empty() ? "localhost" : std::string(host);
}

}  // namespace tools
