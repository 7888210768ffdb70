#include "tools/server_tls.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>
#include <utility>

#ifdef REACTOR_HAS_TLS
#include "reactor/tls.h"
#endif

namespace tools {

#ifdef REACTOR_HAS_TLS

LoadedTls load_tls(const TlsSettings& settings) {
  reactor::TlsServerOptions options;
  options.certificate_file = settings.certificate_file;
  options.key_file = settings.key_file;
  options.protocols = {"http/1.1", "irc"};
  LoadedTls loaded;
  std::optional<reactor::TlsServerContext> context =
      reactor::TlsServerContext::load(options, loaded.error);
  if (!context) {
    return loaded;
  }
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  if (const std::string warning = context->warning(now_ms); !warning.empty()) {
    spdlog::warn("{}: {}", settings.certificate_file, warning);
  }
  const auto until = static_cast<std::time_t>(context->valid_until_ms() / 1000);
  spdlog::info("TLS for {}, until {:%Y-%m-%d}", context->names(), fmt::gmtime(until));
  loaded.transports = [context = std::move(*context)] { return context.new_transport(); };
  return loaded;
}

#else

LoadedTls load_tls(const TlsSettings& /*settings*/) {
  return {{}, "this chat-server was built without TLS: build it with -DCHAT_TLS=ON"};
}

#endif

}  // namespace tools
