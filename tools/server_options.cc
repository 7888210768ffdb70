#include "tools/server_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace tools {

namespace {

using std::chrono::milliseconds;

constexpr const char* kVersion = "chat-server " CHAT_VERSION;

constexpr const char* kFooter =
    R"(Durability: commit delivers at once and acknowledges when on disk; sync delivers
only then, too; none keeps everything in memory and acknowledges at once.
For example: chat-server --listen '*:9000' --listen unix:/tmp/chat.sock --threads 2
Then: nc localhost 8888, type REGISTER:yourname, then help
Every limit has a flag, too: chat-server --help-limits)";

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
    {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};

// "30", "30s" (seconds), "500ms", "2m", "1h". Negative for what is none of these.
milliseconds parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : kUnits) {
    if (error == std::errc{} && unit == name && count >= 0 && count <= 1'000'000'000) {
      return milliseconds{count * factor};
    }
  }
  return milliseconds{-1};
}

std::string show_duration(milliseconds value) {
  return value.count() % 1000 == 0 ? fmt::format("{}s", value.count() / 1000)
                                   : fmt::format("{}ms", value.count());
}

// The command line under construction, and which of its options are the limits.
class OptionSet {
 public:
  explicit OptionSet(CLI::App& app) : app_(app) {}

  void duration(const std::string& name, milliseconds& value, const std::string& what) {
    limits_.push_back(app_.add_option_function<std::string>(
        name,
        [&value, name](const std::string& text) {
          const milliseconds parsed = parse_duration(text);
          if (parsed.count() < 0) {
            throw CLI::ValidationError(name, "\"" + text + "\" is no time: 30s, 500ms, 2m, 1h");
          }
          value = parsed;
        },
        what));
    limits_.back()->type_name("TIME")->default_str(show_duration(value));
  }

  void bytes(const std::string& name, std::size_t& value, const std::string& what) {
    limits_.push_back(app_.add_option(name, value, what));
    limits_.back()
        ->transform(CLI::AsSizeValue(false).description(""))
        ->type_name("BYTES")
        ->capture_default_str();
  }

  template <class Number>
  void count(const std::string& name, Number& value, const std::string& what) {
    limits_.push_back(app_.add_option(name, value, what));
    limits_.back()->type_name("N")->capture_default_str();
  }

  void flag(const std::string& name, bool& value, const std::string& what) {
    limits_.push_back(app_.add_flag(name, value, what));
  }

  void show_limits(bool shown) {
    for (CLI::Option* option : limits_) {
      option->group(shown ? "Limits" : "");
    }
  }

 private:
  CLI::App& app_;
  std::vector<CLI::Option*> limits_;
};

void add_limits(OptionSet& options, chat::Limits& limits) {
  options.count("--clients-max", limits.clients_max,
                "connections in all; 0: as many as descriptors allow");
  options.count("--clients-per-address-max", limits.clients_per_address_max,
                "connections from one address; 0: any");
  options.bytes("--line-bytes-max", limits.line_bytes_max, "length of a line from a client");
  options.count("--name-length-max", limits.name_length_max, "length of a client's name");
  options.count("--room-name-length-max", limits.room_name_length_max, "length of a room's name");
  options.count("--rooms-max", limits.rooms_max, "rooms in all");
  options.count("--rooms-per-client-max", limits.rooms_per_client_max, "rooms one client is in");
  options.count("--requests-per-client-max", limits.requests_per_client_max,
                "unanswered chat requests to one client");
  options.count("--detached-max", limits.detached_max,
                "lost connections that may be resumed; 0: none");
  options.count("--retries-max", limits.retries_max,
                "messages known when they are sent again; 0: none");
  options.count("--history-count-max", limits.history_count_max, "messages in one history");
  options.duration("--registration-timeout", limits.registration_timeout,
                   "a client must have registered by then");
  options.duration("--idle-timeout", limits.idle_timeout,
                   "a silent client is closed after; 0: never");
  options.duration("--stall-timeout", limits.stall_timeout,
                   "a client that takes nothing is closed after; 0: never");
  options.duration("--request-timeout", limits.request_timeout, "a chat request expires after");
  options.duration("--drain-timeout", limits.drain_timeout, "for taking leave of clients");
  options.duration("--presence-interval", limits.presence_interval,
                   "joins and leaves are gathered for");
  options.duration("--resume-window", limits.resume_window,
                   "a lost connection may be resumed for; 0: never");
  options.duration("--retry-window", limits.retry_window,
                   "a message that is sent again is known for");
  options.bytes("--out-bytes-max", limits.out_bytes_max, "output queued for one client");
  options.bytes("--out-high-mark-bytes", limits.out_high_mark_bytes,
                "above it a client is not read and gets no live copies");
  options.bytes("--out-low-mark-bytes", limits.out_low_mark_bytes,
                "below it it is read and fed again");
  options.count("--messages-per-second-max", limits.messages_per_second_max,
                "lines from one client; 0: any");
  options.count("--messages-burst", limits.messages_burst, "lines at once");
  options.count("--bytes-per-second-max", limits.bytes_per_second_max,
                "bytes from one client; 0: any");
  options.count("--bytes-burst", limits.bytes_burst, "bytes at once");
  options.flag("--limit-loopback", limits.limit_loopback,
               "rates and --clients-per-address-max bind local clients, too");
  options.bytes("--handover-bytes-max", limits.handover_bytes_max, "queued between threads");
  options.count("--refusals-max", limits.refusals_max, "refused connections being told why");
  options.bytes("--tail-bytes", limits.tail_bytes, "recent messages kept in memory per thread");
}

void add_retention(OptionSet& options, chat::StorageOptions& storage, milliseconds& age_max) {
  options.duration("--retention-age", age_max, "messages are kept for; 0: for ever");
  options.bytes("--retention-bytes", storage.retention.bytes_max,
                "what is kept takes at most; 0: no limit");
  options.bytes("--store-queue-bytes-max", storage.queue_bytes_max,
                "waiting for the disk, before who publishes waits, too");
}

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

void add_backend(CLI::App& app, reactor::Backend& backend) {
  std::vector<std::string> names;
  for (const reactor::Backend known : reactor::backends()) {
    names.emplace_back(reactor::to_string(known));
  }
  app.add_option_function<std::string>(
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

// What is wrong with the limits taken together, or empty.
std::string contradiction_in(const chat::Limits& limits) {
  constexpr std::size_t kOutBytesMax = std::size_t{1} << 30;
  if (limits.out_low_mark_bytes > limits.out_high_mark_bytes ||
      limits.out_high_mark_bytes > limits.out_bytes_max || limits.out_bytes_max > kOutBytesMax) {
    return "--out-low-mark-bytes <= --out-high-mark-bytes <= --out-bytes-max <= 1GiB must hold";
  }
  if (limits.line_bytes_max < 512 || limits.line_bytes_max > (1U << 20)) {
    return "--line-bytes-max must be from 512 to 1MiB";
  }
  if (limits.out_bytes_max < 4 * limits.line_bytes_max) {
    return "--out-bytes-max must be at least four times --line-bytes-max";
  }
  if (limits.name_length_max < 1 || limits.name_length_max > 128 ||
      limits.room_name_length_max < chat::kLobbyName.size() || limits.room_name_length_max > 128) {
    return "--name-length-max must be from 1 to 128, --room-name-length-max from 5 to 128";
  }
  if (limits.messages_burst < 1 || limits.bytes_burst < limits.line_bytes_max) {
    return "--messages-burst must be at least 1, --bytes-burst at least --line-bytes-max";
  }
  if (limits.history_count_max == 0) {
    return "--history-count-max must be at least 1";
  }
  // Who leaves would not get the answers that are still on their way.
  if (limits.registration_timeout.count() == 0 || limits.request_timeout.count() == 0 ||
      limits.drain_timeout.count() == 0) {
    return "--registration-timeout, --request-timeout and --drain-timeout can't be 0";
  }
  return {};
}

}  // namespace

bool read_server_settings(int argc, char** argv, ServerSettings& settings, int& exit_code) {
  CLI::App app("Live chat over TCP: one server for nc, programs and chat-client.", "chat-server");
  app.set_version_flag("--version", kVersion);
  app.footer(kFooter);
  constexpr std::size_t kColumnWidth = 38;
  app.get_formatter()->column_width(kColumnWidth);
  app.add_option("--listen", settings.listen,
                 "HOST:PORT, [V6]:PORT, *:PORT or unix:PATH; repeatable")
      ->type_name("ADDRESS")
      ->default_str("localhost:8888")
      ->take_all();
  app.add_option("--threads", settings.server.threads, "reactor threads")
      ->check(CLI::Range(1, 64).description(""))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--backlog", settings.server.backlog, "connections waiting to be accepted")
      ->check(CLI::Range(1, 1 << 20).description(""))
      ->type_name("N")
      ->capture_default_str();
  add_storage(app, settings);
  add_backend(app, settings.backend);
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
  bool help_limits = false;
  app.add_flag("--help-limits", help_limits, "show the limits and leave")->configurable(false);
  OptionSet options(app);
  add_limits(options, settings.server.limits);
  milliseconds age_max{0};
  add_retention(options, settings.storage, age_max);
  options.show_limits(false);

  exit_code = 2;
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    exit_code = app.exit(asked);
    return false;
  } catch (const CLI::Error& error) {
    fmt::print(stderr, "chat-server: {} (see chat-server --help)\n", error.what());
    return false;
  }
  if (help_limits) {
    options.show_limits(true);
    app.footer("");
    fmt::print("{}", app.help());
    exit_code = 0;
    return false;
  }
  settings.storage.retention.age_max_ms = age_max.count();
  if (settings.listen.empty()) {
    settings.listen.emplace_back("localhost:8888");
  }
  if (const std::string wrong = contradiction_in(settings.server.limits); !wrong.empty()) {
    fmt::print(stderr, "chat-server: {}\n", wrong);
    return false;
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
