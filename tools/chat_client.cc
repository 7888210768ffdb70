#include <fcntl.h>
#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/client_app.h"
#include "tools/client_script.h"
#include "tools/client_terminal.h"
#include "tools/client_tls.h"

namespace chat {
namespace {

constexpr int kExitQuit = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr std::string_view kDefaultServer = "localhost:8888";
// A script that can't get its session back must end at some time.
constexpr std::uint32_t kScriptAttemptsMax = 10;
// Nobody stands by who could send a line once more, so a script waits longer for the server's word.
constexpr std::chrono::milliseconds kScriptQuitTimeout{60'000};

struct Options {
  std::string name;
  std::string server{kDefaultServer};
  std::string color = "auto";
  std::optional<std::uint32_t> history;  // how many messages to begin with
  bool timestamps = false;
  bool tls = false;
  tools::ClientTlsSettings trust;
};

// How to get to the server.
struct Route {
  std::vector<reactor::Address> addresses;
  tools::NewTransport new_transport;  // null: without TLS
};

// What signals have asked for. Their handler only notes it and wakes the loop.
std::atomic<reactor::Reactor*> signalled_loop{nullptr};
std::atomic<int> leave_signals{0};
std::atomic<bool> window_resized{false};
std::atomic<bool> stop_asked{false};
std::atomic<bool> continued{false};

extern "C" void on_signal(int signal) {
  switch (signal) {
    case SIGWINCH:
      window_resized = true;
      break;
    case SIGTSTP:
      stop_asked = true;
      break;
    case SIGCONT:
      continued = true;
      break;
    default:
      ++leave_signals;
  }
  if (reactor::Reactor* const loop = signalled_loop) {
    loop->wake();
  }
}

void handle_signal(int signal) {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

// Directs signals to the loop for as long as it lives.
class Signals {
 public:
  Signals(reactor::Reactor& loop, bool with_terminal) {
    signalled_loop = &loop;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      handle_signal(signal);
    }
    if (with_terminal) {
      for (const int signal : {SIGWINCH, SIGTSTP, SIGCONT}) {
        handle_signal(signal);
      }
    }
    std::signal(SIGPIPE, SIG_IGN);  // a write that fails tells it as well
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { signalled_loop = nullptr; }
};

// The program from the first connection to the end of the last one.
class Program final : public Completer, private reactor::TurnHandler {
 public:
  Program(const Options& options, Route route)
      : reactor_(reactor::make_net()),
        terminal_(Terminal::is_usable(stdin, stdout)
                      ? std::make_unique<Terminal>(reactor_, stdin, stdout, *this)
                      : nullptr),
        app_(reactor_, client_options(options, std::move(route)), display_options(options), use(),
             output()),
        signals_(reactor_, terminal_ != nullptr) {
    reactor_.set_turn_handler(*this);
  }

  int run() {
    app_.client().start();
    if (terminal_ != nullptr) {
      follow_terminal();
    } else {
      script_.emplace(reactor_, STDIN_FILENO, app_);
      while (!is_over()) {
        reactor_.turn();
      }
    }
    const bool in_order = app_.outcome().end == ClientEnd::kQuit && undelivered() == 0;
    return !output_failed_ && in_order ? kExitQuit : kExitFailed;
  }

  const Outcome& outcome() const { return app_.outcome(); }
  bool has_begun() const { return app_.has_begun(); }
  int input_error() const { return script_ ? script_->error() : 0; }
  // How many lines of a script were not done or, if it had to leave before, not confirmed. Somebody
  // at the keyboard has seen it.
  std::size_t undelivered() const {
    return use() == ClientApp::Use::kScript ? app_.failures() + app_.client().unconfirmed() : 0;
  }

 private:
  static ClientApp::Use use() {
    return isatty(STDIN_FILENO) != 0 ? ClientApp::Use::kInteractive : ClientApp::Use::kScript;
  }

  static ClientOptions client_options(const Options& options, Route route) {
    ClientOptions result;
    result.name = options.name;
    result.addresses = std::move(route.addresses);
    result.new_transport = std::move(route.new_transport);
    result.seed = std::random_device()();
    const bool is_followed = use() == ClientApp::Use::kInteractive && isatty(STDOUT_FILENO) != 0;
    result.history_on_entry = options.history.value_or(is_followed ? kHistoryCount : 0);
    if (use() == ClientApp::Use::kScript) {
      result.attempts_max = kScriptAttemptsMax;
      result.quit_timeout = kScriptQuitTimeout;
    }
    return result;
  }

  static DisplayOptions display_options(const Options& options) {
    const char* const no_color = std::getenv("NO_COLOR");
    const bool unwanted = no_color != nullptr && *no_color != '\0';
    const bool automatic = !unwanted && Terminal::is_usable(stdout, stdout);
    return {.own_name = options.name,
            .color = options.color == "always" || (options.color == "auto" && automatic),
            .timestamps = options.timestamps};
  }

  Output& output() {
    if (terminal_ != nullptr) {
      return *terminal_;
    }
    return plain_output_;
  }

  // The second signal does not wait for the server to say goodbye.
  bool is_over() const { return app_.has_ended() || leave_signals > 1; }

  void follow_terminal() {
    std::string line;
    while (!is_over()) {
      if (!app_.has_begun() || app_.has_quit()) {
        reactor_.turn();
        continue;
      }
      switch (terminal_->read_line(line)) {
        case Terminal::Typed::kLine:
          app_.on_typed(line);
          break;
        case Terminal::Typed::kEnd:
          app_.quit();
          break;
        case Terminal::Typed::kInterrupted:
          break;
      }
    }
  }

  void on_turn_end() override {
    if (leave_signals > 0 && !app_.has_quit()) {
      app_.quit();
    }
    if (script_) {
      script_->play();
    }
    if (!output().flush() && !std::exchange(output_failed_, true)) {
      app_.quit();
    }
    if (terminal_ != nullptr) {
      serve_terminal();
    }
  }

  void serve_terminal() {
    if (window_resized.exchange(false)) {
      terminal_->resize();
    }
    if (stop_asked.exchange(false)) {
      terminal_->suspend();
    }
    if (continued.exchange(false)) {
      terminal_->resume();
    }
    if (app_.has_quit() || app_.has_ended()) {
      terminal_->interrupt();
    }
  }

  Completion complete_word(std::string_view before_cursor) const override {
    return app_.complete_word(before_cursor);
  }

  reactor::Reactor reactor_;
  PlainOutput plain_output_{stdout};
  std::unique_ptr<Terminal> terminal_;  // or null
  ClientApp app_;
  std::optional<Script> script_;
  Signals signals_;
  bool output_failed_ = false;
};

std::string another_name(std::string name) {
  constexpr std::size_t kNameLengthMax = 32;
  name.resize(std::min(name.size(), kNameLengthMax - 1));
  return name + "2";
}

std::string_view advice_on_trust(std::string_view reason) {
  if (reason.find("is not trusted") != std::string_view::npos) {
    return "; --ca FILE names whom else to trust";
  }
  if (reason.find("no answer to the handshake") != std::string_view::npos) {
    return "; does that server offer TLS (chat-server --tls-cert)?";
  }
  return {};
}

// What went wrong and what to do about it.
std::string explain(const Outcome& outcome, const Options& options, bool has_begun) {
  const bool elsewhere = options.server != kDefaultServer;
  switch (outcome.end) {
    case ClientEnd::kQuit:
      return {};
    case ClientEnd::kUnreachable:
      return fmt::format("can't reach {} ({}); {}", options.server, outcome.reason,
                         elsewhere ? "is a chat-server running there?"
                                   : "start a server there with chat-server, or name another one "
                                     "with --server host:port");
    case ClientEnd::kNotSecured:
      return fmt::format("no secure connection to {} ({}){}", options.server, outcome.reason,
                         advice_on_trust(outcome.reason));
    case ClientEnd::kNameTaken:
      return fmt::format("\"{}\" is taken{}; try: chat-client {}{}{}", options.name,
                         has_begun ? " since the connection was lost" : "",
                         another_name(options.name), elsewhere ? " --server " + options.server : "",
                         options.tls ? " --tls" : "");
    case ClientEnd::kRefused:
      return fmt::format("{} refused: {}", options.server, outcome.reason);
    case ClientEnd::kLost:
      return fmt::format("connection to {} lost: {}", options.server, outcome.reason);
  }
  return {};
}

void complain(const std::string& text) { fmt::print(stderr, "chat-client: {}\n", text); }

int chat(const Options& options) {
  reactor::Resolved server = reactor::resolve(options.server);
  if (server.addresses.empty()) {
    complain(fmt::format("can't find {}: {}", options.server, server.error));
    return kExitFailed;
  }
  Route route;
  route.addresses = std::move(server.addresses);
  if (options.tls) {
    tools::LoadedClientTls loaded =
        tools::load_client_tls(options.trust, tools::host_in(options.server));
    if (!loaded.new_transport) {
      complain(loaded.error);
      return kExitFailed;
    }
    route.new_transport = std::move(loaded.new_transport);
  }
  Outcome outcome;
  bool has_begun = false;
  int input_error = 0;
  std::size_t undelivered = 0;
  int result = kExitFailed;
  {
    Program program(options, std::move(route));
    result = program.run();
    outcome = program.outcome();
    has_begun = program.has_begun();
    input_error = program.input_error();
    undelivered = program.undelivered();
  }
  // The terminal is what it was again.
  const std::string why = explain(outcome, options, has_begun);
  if (!why.empty()) {
    complain(why);
  }
  if (undelivered > 0) {
    complain(
        fmt::format("{} not delivered, or may not have been",
                    undelivered == 1 ? "1 line was" : fmt::format("{} lines were", undelivered)));
  }
  if (input_error != 0) {
    complain(fmt::format("can't read standard input: {}", std::strerror(input_error)));
    return kExitFailed;
  }
  return result;
}

// Text is UTF-8 here, whatever the environment says or forgets to say.
void use_utf8() {
  for (const char* const locale : {"", "C.UTF-8", "en_US.UTF-8"}) {
    if (std::setlocale(LC_CTYPE, locale) != nullptr &&
        std::string_view(nl_langinfo(CODESET)) == "UTF-8") {
      return;
    }
  }
}

// Or a socket of ours would get the number of standard output, and what we print with it.
void open_standard_descriptors() {
  int fd = 0;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  close(fd);
}

void add_options(CLI::App& arguments, Options& options) {
  arguments.add_option("name", options.name, "What to be called in the chat")
      ->type_name("")
      ->required();
  arguments
      .add_option("--server", options.server,
                  "Where the server is: host:port, or unix:path for a Unix socket")
      ->type_name("ADDRESS")
      ->capture_default_str();
  CLI::Option* const tls = arguments.add_flag(
      "--tls", options.tls, "Over TLS; the server's certificate has to be for that host");
  arguments
      .add_option("--ca", options.trust.ca_file, "Whom to trust over TLS, if not the system's")
      ->type_name("FILE")
      ->needs(tls);
  arguments
      .add_flag_callback(
          "--insecure", [&options] { options.trust.verify = false; },
          "Over TLS: trust anybody, who may read along")
      ->needs(tls);
  arguments.add_option("--color", options.color, "When to use colours: auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->type_name("WHEN")
      ->capture_default_str();
  arguments
      .add_option("--history", options.history,
                  "Lobby messages to begin with; 20 in a terminal, 0 in a pipe")
      ->check(CLI::Range(0U, Client::kHistoryCountMax).description(""))
      ->type_name("N");
  arguments.add_flag("--timestamps", options.timestamps, "Begin every line with its time");
}

int run(int argc, char** argv) {
  Options options;
  CLI::App arguments("Live chat in a terminal, or from a script by way of a pipe.", "chat-client");
  add_options(arguments, options);
  constexpr std::size_t kColumnWidth = 34;
  arguments.get_formatter()->column_width(kColumnWidth);
  arguments.set_version_flag("--version", "chat-client " CHAT_VERSION);
  arguments.footer(
      "Typing help in the chat lists its commands.\n"
      "In a pipe it sends what it reads, line by line, and leaves at the end:\n"
      "  printf 'hello\\nsend Bob hi\\n' | chat-client Alice");
  try {
    arguments.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return arguments.exit(error) == 0 ? kExitQuit : kExitUsage;
  }
  if (!is_name(options.name)) {
    complain("a name consists of letters, digits, _ and -");
    return kExitUsage;
  }
  open_standard_descriptors();
  use_utf8();
  return chat(options);
}

}  // namespace
}  // namespace chat

int main(int argc, char** argv) {
  try {
    return chat::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "chat-client: {}\n", error.what());
    return chat::kExitFailed;
  }
}
