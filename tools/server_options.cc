#include "tools/server_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "tools/server_options_limits.h"
#include "tools/server_options_network.h"

namespace tools {

namespace {

constexpr const char* kVersion = "chat-server " CHAT_VERSION;

constexpr const char* kFooter =
    R"(--listen tls:*:6697, irc:…, http:…, native:… take only that; otherwise the first bytes tell.
Durability: commit delivers at once and acknowledges when on disk; sync delivers only then,
too; none keeps everything in memory and acknowledges at once.
Then: a browser at http://localhost:8888, irssi -c localhost -p 8888, or nc localhost 8888)";

constexpr const char* kHidden = "";  // a group that is not shown

void add_storage(CLI::App& app, ServerSettings& settings) {
  app.add_option("--data", settings.storage.directory,
                 "where messages are kept [$XDG_STATE_HOME/reactor-chat]")
      ->type_name("DIR");
  app.add_option_function<std::string>(
         "--durability",
         [&settings](const std::string& name) {
           settings.storage.durability = name == "sync"   ? chat::Durability::kSync
                                         : name == "none" ? chat::Durability::kNone
                                                          : chat::Durability::kCommit;
         },
         "commit, sync or none: when messages are safe; see below")
      ->check(CLI::IsMember({"commit", "sync", "none"}).description(""))
      ->type_name("NAME")
      ->default_str("commit");
  app.add_option_function<std::string>(
         "--history-visible",
         [&settings](const std::string& whose) {
           settings.server.limits.history_since_join = whose == "since-join";
         },
         "history for who joins a room: all or since-join")
      ->check(CLI::IsMember({"all", "since-join"}).description(""))
      ->type_name("WHICH")
      ->default_str("all");
}

CLI::Option* add_backend(CLI::App& app, reactor::Backend& backend) {
  std::vector<std::string> names;
  for (const reactor::Backend known : reactor::backends()) {
    names.emplace_back(reactor::to_string(known));
  }
  return app
      .add_option_function<std::string>(
          "--backend",
          [&backend, names](const std::string& name) {
            const auto found = std::find(names.begin(), names.end(), name);
            backend = reactor::backends()[static_cast<std::size_t>(found - names.begin())];
          },
          fmt::format("{}: the way to the system", fmt::join(names, ", ")))
      ->check(CLI::IsMember(names).description(""))
      ->type_name("NAME")
      ->default_str(reactor::to_string(backend));
}

void add_basics(CLI::App& app, ServerSettings& settings) {
  app.add_option("--listen", settings.listen,
                 "HOST:PORT, [V6]:PORT, *:PORT or unix:PATH; see below")
      ->type_name("ADDRESS")
      ->default_str("localhost:8888")
      ->take_all();
  app.add_option("--threads", settings.server.threads, "reactor threads")
      ->check(CLI::Range(1, 64).description(""))
      ->type_name("N")
      ->capture_default_str();
}

void add_config(CLI::App& app, ServerSettings& settings) {
  app.add_option("--log-level", settings.log_level,
                 "debug, info, warn, error, off; to standard error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}).description(""))
      ->type_name("LEVEL")
      ->capture_default_str();
  app.set_config("--config", "", "read flags from FILE, one name=value a line, # comments")
      ->type_name("FILE");
  app.allow_config_extras(false);
  app.add_flag("--check-config", settings.check_config_only,
               "say whether the flags are right, and leave")
      ->configurable(false);
}

void put_in_group(const std::vector<CLI::Option*>& options, const char* group) {
  for (CLI::Option* option : options) {
    option->group(group);
  }
}

bool refuse(const std::string& reason) {
  fmt::print(stderr, "chat-server: {}\n", reason);
  return false;
}

}  // namespace

bool read_server_settings(int argc, char** argv, ServerSettings& settings, int& exit_code) {
  CLI::App app("Live chat for browsers, IRC clients, nc and chat-client on one port.",
               "chat-server");
  app.set_version_flag("--version", kVersion);
  app.footer(kFooter);
  constexpr std::size_t kColumnWidth = 38;
  app.get_formatter()->column_width(kColumnWidth);
  add_basics(app, settings);
  add_tls(app, settings.tls);
  add_storage(app, settings);
  add_config(app, settings);
  bool help_limits = false;
  app.add_flag("--help-limits", help_limits, "show the limits and leave")->configurable(false);
  bool help_network = false;
  app.add_flag("--help-network", help_network, "show the flags for web, IRC and proxies, and leave")
      ->configurable(false);
  const std::vector<CLI::Option*> shown = app.get_options();
  const std::vector<CLI::Option*> network = add_network(app, settings);
  std::vector<CLI::Option*> limits = add_limits(app, settings);
  limits.push_back(add_backend(app, settings.backend));
  put_in_group(network, kHidden);
  put_in_group(limits, kHidden);

  exit_code = 2;
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    exit_code = app.exit(asked);
    return false;
  } catch (const CLI::Error& error) {
    return refuse(fmt::format("{} (see chat-server --help)", error.what()));
  }
  if (help_limits || help_network) {
    put_in_group(shown, kHidden);
    put_in_group(help_limits ? limits : network,
                 help_limits ? "Limits and tuning" : "Web, IRC and proxies");
    app.footer("");
    fmt::print("{}", app.help());
    exit_code = 0;
    return false;
  }
  if (settings.listen.empty()) {
    settings.listen.emplace_back("localhost:8888");
  }
  if (const std::string wrong = settle_network(settings); !wrong.empty()) {
    return refuse(wrong);
  }
  if (const std::string wrong = contradiction_in(settings.server.limits); !wrong.empty()) {
    return refuse(wrong);
  }
  return true;
}

std::string settle_storage(ServerSettings& settings) {
  chat::StorageOptions& storage = settings.storage;
  storage.retry_window = settings.server.limits.retry_window;
  if (storage.durability == chat::Durability::kNone) {
    if (storage.retention.bytes_max == 0) {
      storage.retention.bytes_max = chat::kMemoryBytesMax;
    }
    return {};
  }
  if (storage.directory.empty()) {
    const char* const state = std::getenv("XDG_STATE_HOME");
    const char* const home = std::getenv("HOME");
    if (state != nullptr && *state == '/') {  // a relative path is invalid, says the specification
      storage.directory = fmt::format("{}/reactor-chat", state);
    } else if (home != nullptr && *home == '/') {
      storage.directory = fmt::format("{}/.local/state/reactor-chat", home);
    } else {
      return "there is no home directory to keep messages in: say where with --data DIR, or "
             "--durability none";
    }
  }
  return {};
}

std::string settle_clients_max(ServerSettings& settings, std::size_t descriptors) {
  // Standard streams, the log, wake-ups, reserves and listening sockets.
  const std::size_t own =
      32 + 4 * std::size_t{settings.server.threads} + 2 * settings.listen.size();
  chat::Limits& limits = settings.server.limits;
  const std::size_t overhead = own + limits.refusals_max;
  if (limits.clients_max == 0) {
    constexpr std::size_t kFewest = 16;
    if (descriptors < overhead + kFewest) {
      return fmt::format(
          "too few file descriptors: {} are allowed, {} are needed for {} clients; raise the limit "
          "(ulimit -n {})",
          descriptors, overhead + kFewest, kFewest, overhead + kFewest);
    }
    limits.clients_max = descriptors - overhead;
  } else if (descriptors < overhead + limits.clients_max) {
    return fmt::format(
        "too few file descriptors: {} are allowed, --clients-max {} needs {}; raise the limit "
        "(ulimit -n {}) or lower --clients-max",
        descriptors, limits.clients_max, overhead + limits.clients_max,
        overhead + limits.clients_max);
  }
  return {};
}

}  // namespace tools
