#include "tools/server_options_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>

#include "chat/protocol/utf8.h"
#include "tools/duration.h"
#include "tools/server_listen.h"

namespace tools {
namespace {

// A message of the day is for people to read.
constexpr std::size_t kMotdLinesMax = 200;
constexpr std::size_t kMotdLineBytesMax = 400;

CLI::Option* add_proxies(CLI::App& app, std::vector<chat::AddressRange>& proxies) {
  return app
      .add_option_function<std::vector<std::string>>(
          "--trusted-proxy",
          [&proxies](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const std::optional<chat::AddressRange> range = chat::AddressRange::parse(text);
              if (!range) {
                throw CLI::ValidationError("--trusted-proxy",
                                           "\"" + text +
                                               "\" is neither an address, nor "
                                               "10.0.0.0/8 or the like, nor unix");
              }
              proxies.push_back(*range);
            }
          },
          "who connects from there speaks PROXY protocol; repeatable")
      ->type_name("ADDRESS")
      ->take_all();
}

CLI::Option* add_origins(CLI::App& app, std::vector<std::string>& origins) {
  return app
      .add_option("--allowed-origin", origins,
                  "whose pages connect, too: https://example.org; *: all; repeatable")
      ->check(
          [](const std::string& text) {
            return chat::is_origin(text)
                       ? std::string()
                       : "\"" + text + "\" is no origin: https://example.org or *";
          },
          "")
      ->type_name("ORIGIN")
      ->take_all();
}

CLI::Option* add_days(CLI::App& app, const char* name, std::chrono::seconds& value,
                      const char* what) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, name](const std::string& text) {
            const std::chrono::milliseconds parsed = parse_duration(text);
            if (parsed.count() < 0) {
              throw CLI::ValidationError(name, "\"" + text + "\" is no time: 30d, 12h");
            }
            value = std::chrono::duration_cast<std::chrono::seconds>(parsed);
          },
          what)
      ->type_name("TIME")
      ->default_str("0s");
}

// Reads the message of the day. Throws with what is wrong.
std::vector<std::string> read_motd(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw CLI::ValidationError("--motd", "cannot read " + path);
  }
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) {
      line.pop_back();
    }
    if (lines.size() == kMotdLinesMax || line.size() > kMotdLineBytesMax || !chat::is_text(line)) {
      throw CLI::ValidationError(
          "--motd", fmt::format("{} must be UTF-8 text of at most {} lines of {} bytes", path,
                                kMotdLinesMax, kMotdLineBytesMax));
    }
    lines.push_back(line);
  }
  return lines;
}

bool is_server_name(const std::string& name) {
  constexpr std::size_t kServerNameBytesMax = 63;  // RFC 1459, 1.1
  return !name.empty() && name.size() <= kServerNameBytesMax && name.front() != '-' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.';
         });
}

CLI::Option* add_name(CLI::App& app, const char* flag, std::string& name, const char* what) {
  return app.add_option(flag, name, what)
      ->check(
          [](const std::string& text) {
            return is_server_name(text) ? std::string()
                                        : "\"" + text + "\" is no name: letters, digits, - and .";
          },
          "")
      ->type_name("NAME")
      ->capture_default_str();
}

}  // namespace

void add_tls(CLI::App& app, TlsSettings& tls) {
  app.add_option("--tls-cert", tls.certificate_file,
                 "certificate chain (PEM): TLS, too; read again on SIGHUP")
      ->type_name("FILE");
  app.add_option("--tls-key", tls.key_file, "its private key (PEM)")->type_name("FILE");
}

std::vector<CLI::Option*> add_network(CLI::App& app, ServerSettings& settings) {
  chat::ServerOptions& server = settings.server;
  std::vector<CLI::Option*> options;
  options.push_back(add_proxies(app, server.trusted_proxies));
  options.push_back(add_origins(app, server.site.allowed_origins));
  options.push_back(add_days(app, "--hsts-max-age", server.site.hsts_max_age,
                             "browsers use TLS only, for so long; 0: as they like"));
  options.push_back(add_days(app, "--sts-duration", settings.sts_duration,
                             "IRC clients use TLS only, for so long; 0: as they like"));
  options.push_back(app.add_option("--web-root", server.site.web_root,
                                   "the page comes from there, not from inside the program")
                        ->check(CLI::ExistingDirectory.description(""))
                        ->type_name("DIR"));
  options.push_back(add_name(app, "--server-name", server.info.name, "as IRC clients are told"));
  options.push_back(add_name(app, "--network-name", server.info.network, "likewise"));
  options.push_back(app.add_option_function<std::string>(
                           "--motd",
                           [&server](const std::string& path) {
                             server.info.message_of_the_day = read_motd(path);
                           },
                           "message of the day for IRC clients")
                        ->type_name("FILE"));
  return options;
}

namespace {

// The first port that takes IRC over TLS; 0: there is none.
std::uint16_t irc_tls_port(const std::vector<std::string>& listens) {
  for (const std::string& listen : listens) {
    const ListenSpec spec = parse_listen(listen);
    const bool takes_irc = spec.kind.speaks == chat::ListenKind::Speaks::kAnything ||
                           (spec.kind.tls && spec.kind.speaks == chat::ListenKind::Speaks::kIrc);
    const std::string port = spec.address.substr(spec.address.rfind(':') + 1);
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (takes_irc && error == std::errc{} && end == port.data() + port.size()) {
      return number;
    }
  }
  return 0;
}

}  // namespace

std::string settle_network(ServerSettings& settings) {
  settings.server.info.version = CHAT_VERSION;
  const bool has_tls = !settings.tls.certificate_file.empty();
  if (has_tls != !settings.tls.key_file.empty()) {
    return "--tls-cert and --tls-key go together";
  }
  const auto is_tls = [](const std::string& listen) { return parse_listen(listen).kind.tls; };
  if (!has_tls && std::ranges::any_of(settings.listen, is_tls)) {
    return "--listen tls:… needs --tls-cert and --tls-key";
  }
  if (!has_tls &&
      (settings.server.site.hsts_max_age.count() > 0 || settings.sts_duration.count() > 0)) {
    return "--hsts-max-age and --sts-duration need --tls-cert and --tls-key";
  }
  if (settings.sts_duration.count() > 0) {
    const std::uint16_t port = irc_tls_port(settings.listen);
    if (port == 0) {
      return "--sts-duration needs a --listen with a port that takes IRC over TLS";
    }
    settings.server.info.sts =
        fmt::format("duration={},port={}", settings.sts_duration.count(), port);
  }
  return {};
}

}  // namespace tools
