// chat-server: reads its flags, listens, serves until a signal says otherwise.

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "chat/server.h"
#include "reactor/address.h"
#include "reactor/net.h"
#include "tools/server_listen.h"
#include "tools/server_options.h"
#include "tools/server_tls.h"

namespace {

constexpr int kCouldNotRun = 1;

// The log goes through a thread of its own and drops its oldest lines when standard error can't
// take them: a terminal that is stopped with Ctrl-S must not stop the chat.
void start_log(const std::string& level) {
  constexpr std::size_t kQueuedLinesMax = 8192;
  spdlog::init_thread_pool(kQueuedLinesMax, 1);
  spdlog::set_default_logger(
      spdlog::create_async_nb<spdlog::sinks::stderr_color_sink_mt>("chat-server"));
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  spdlog::set_level(spdlog::level::from_str(level));
}

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

// Waits for the signals on a thread of its own, so that no code runs in a signal handler. SIGHUP
// reads the certificate again; the first of the others drains the server, the second leaves at
// once. REQUIRES: made before any other thread.
class SignalWatch {
 public:
  SignalWatch() {
    const sigset_t signals = watched_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // server and tls are used until stop(), which must follow.
  void start(chat::Server& server, const tools::TlsSettings& tls) {
    thread_ = std::thread([this, &server, &tls] { watch(server, tls); });
  }
  void stop() {
    over_ = true;
    pthread_kill(thread_.native_handle(), SIGINT);
    thread_.join();
  }

 private:
  void watch(chat::Server& server, const tools::TlsSettings& tls) {
    const sigset_t signals = watched_signals();
    bool draining = false;
    while (true) {
      int signal = 0;
      sigwait(&signals, &signal);
      if (over_) {
        return;
      }
      if (signal == SIGHUP) {
        read_certificate_again(server, tls);
      } else if (std::exchange(draining, true)) {
        _exit(128 + signal);
      } else {
        server.drain();
      }
    }
  }

  static void read_certificate_again(chat::Server& server, const tools::TlsSettings& tls) {
    if (tls.certificate_file.empty()) {
      spdlog::info("SIGHUP: there is no certificate to read again");
      return;
    }
    const tools::LoadedTls loaded = tools::load_tls(tls);
    if (loaded.transports) {
      server.renew_transports(loaded.transports);
    } else {
      spdlog::error("the certificate stays as it was: {}", loaded.error);
    }
  }

  std::atomic<bool> over_{false};
  std::thread thread_;
};

std::string explain_listen_error(const reactor::Address& address, int error) {
  const std::string where = address.to_string();
  switch (error) {
    case EADDRINUSE:
      return fmt::format("{} is in use: another server runs there; stop it or use --listen", where);
    case EACCES:
      return fmt::format("no permission to listen on {}: choose a port above 1023, or another path",
                         where);
    default:
      return fmt::format("cannot listen on {}: {}", where, std::strerror(error));
  }
}

// Listens on everything that `listen` names. Empty, or one line about what is wrong.
std::string listen_on(chat::Server& server, const std::string& listen) {
  const tools::ListenSpec spec = tools::parse_listen(listen);
  const reactor::Resolved resolved = reactor::resolve(spec.address);
  if (resolved.addresses.empty()) {
    return fmt::format("--listen {}: {}", listen, resolved.error);
  }
  std::string unavailable;
  std::size_t listening = 0;
  for (const reactor::Address& address : resolved.addresses) {
    reactor::Address bound;
    const int error = server.listen(address, bound, spec.kind);
    if (error == 0) {
      spdlog::info("listening on {}", bound.to_string());
      ++listening;
    } else if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT) {
      // A machine without IPv6 still has the other half of localhost.
      unavailable = explain_listen_error(address, error);
    } else {
      return explain_listen_error(address, error);
    }
  }
  if (listening > 0 && !unavailable.empty()) {
    spdlog::warn("{}", unavailable);
    unavailable.clear();
  }
  return unavailable;
}

// Says which backend is in use, and why not io_uring where that was to be tried.
void log_backend(reactor::Backend wanted, const reactor::BackendChoice& choice) {
  const char* const used = reactor::to_string(choice.backend);
  if (choice.refusal == 0) {
    spdlog::info("backend {}", used);
  } else {
    spdlog::log(wanted == reactor::Backend::kAuto ? spdlog::level::info : spdlog::level::warn,
                "backend {}: no io_uring here ({})", used, std::strerror(choice.refusal));
  }
}

void log_storage(const chat::StorageOptions& storage) {
  switch (storage.durability) {
    case chat::Durability::kCommit:
      spdlog::info("messages are kept in {}", storage.directory);
      return;
    case chat::Durability::kSync:
      spdlog::info("messages are kept in {}, and delivered when they are on the disk",
                   storage.directory);
      return;
    case chat::Durability::kNone:
      spdlog::info("messages are kept in memory only");
      return;
  }
}

int complain(const std::string& what) {
  spdlog::shutdown();  // what was logged comes first
  fmt::print(stderr, "chat-server: {}\n", what);
  return kCouldNotRun;
}

int serve(tools::ServerSettings& settings) {
  SignalWatch signals;
  start_log(settings.log_level);
  if (!settings.tls.certificate_file.empty()) {
    tools::LoadedTls loaded = tools::load_tls(settings.tls);
    if (!loaded.transports) {
      return complain(loaded.error);
    }
    settings.server.transports = std::move(loaded.transports);
  }
  settings.server.info.started_unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                             std::chrono::system_clock::now().time_since_epoch())
                                             .count();
  settings.server.info.offers_irc_history = true;  // every store keeps one, if only in memory
  const reactor::BackendChoice choice = reactor::choose_backend(settings.backend);
  chat::Server server(
      settings.server, [choice] { return reactor::make_net(choice.backend); },
      chat::open_storage(settings.storage));
  for (const std::string& listen : settings.listen) {
    if (const std::string wrong = listen_on(server, listen); !wrong.empty()) {
      return complain(wrong);
    }
  }
  log_backend(settings.backend, choice);
  log_storage(settings.storage);
  spdlog::info("ready: {} thread{}, up to {} clients", settings.server.threads,
               settings.server.threads == 1 ? "" : "s", settings.server.limits.clients_max);
  signals.start(server, settings.tls);
  server.run();
  signals.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Standard error may be a pipe that has gone; sockets are guarded by the reactor itself.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    tools::ServerSettings settings;
    int exit_code = 0;
    if (!tools::read_server_settings(argc, argv, settings, exit_code)) {
      return exit_code;
    }
    std::string wrong = tools::settle_clients_max(settings, reactor::raise_descriptor_limit());
    if (wrong.empty()) {
      wrong = tools::settle_storage(settings);
    }
    if (!wrong.empty()) {
      return complain(wrong);
    }
    if (settings.check_config_only) {
      fmt::print("the configuration is right\n");
      return 0;
    }
    exit_code = serve(settings);
    spdlog::shutdown();
    return exit_code;
  } catch (const std::exception& error) {
    return complain(error.what());
  }
}
