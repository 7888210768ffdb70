// A chat server that is broken on purpose. What notices it is tested in loadgen_test.cc.

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <string>

#include "chat/server.h"
#include "chat/storage/open_storage.h"
#include "reactor/address.h"
#include "reactor/net.h"
#include "tests/integration/faulty_net.h"

namespace {

using integration::Fault;

constexpr std::size_t kClientsMax = 1000;

struct Settings {
  std::string listen = "127.0.0.1:0";
  std::string durability = "commit";
  std::string data;
  Fault fault = Fault::kNone;
  bool forgets = false;
  std::uint64_t every = 100;
};

// What it has promised to keep is gone: one of the newest messages, but not so new that nobody may
// have been promised anything yet.
void forget_message(const std::string& directory) {
  sqlite3* database = nullptr;
  const std::string path = directory + "/chat.db";
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
      sqlite3_exec(database,
                   "DELETE FROM messages WHERE id = "
                   "(SELECT id FROM messages ORDER BY id DESC LIMIT 1 OFFSET 10)",
                   nullptr, nullptr, nullptr) == SQLITE_OK &&
      sqlite3_changes(database) > 0) {
    fmt::print(stderr, "fault\n");
  }
  sqlite3_close(database);
}

chat::Storage open_storage(const Settings& settings) {
  if (settings.durability == "none") {
    return chat::open_memory_storage();
  }
  if (settings.forgets) {
    forget_message(settings.data);
  }
  chat::StorageOptions options;
  options.directory = settings.data;
  return chat::open_storage(options);
}

int serve(const Settings& settings) {
  const reactor::Resolved resolved = reactor::resolve(settings.listen);
  if (resolved.addresses.empty()) {
    fmt::print(stderr, "--listen {}: {}\n", settings.listen, resolved.error);
    return 1;
  }
  spdlog::set_level(spdlog::level::err);
  chat::ServerOptions options;
  options.limits.clients_max = kClientsMax;
  options.limits.clients_per_address_max = kClientsMax;
  chat::Server server(
      options,
      [&settings] {
        return std::make_unique<integration::FaultyNet>(reactor::make_net(), settings.fault,
                                                        settings.every);
      },
      open_storage(settings));
  reactor::Address bound;
  if (const int error = server.listen(resolved.addresses.front(), bound); error != 0) {
    fmt::print(stderr, "cannot listen on {}: {}\n", settings.listen, std::strerror(error));
    return 1;
  }
  fmt::print(stderr, "listening on {}\n", bound.to_string());
  server.run();  // until a signal ends the process
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::map<std::string, Fault> faults{{"none", Fault::kNone},
                                              {"drop", Fault::kDrop},
                                              {"swap", Fault::kSwap},
                                              {"double", Fault::kDouble},
                                              {"corrupt", Fault::kCorrupt},
                                              {"stall", Fault::kStall},
                                              {"double-resumed", Fault::kDoubleResumed},
                                              {"skip-resumed", Fault::kSkipResumed},
                                              {"drop-slow", Fault::kDropSlow}};
    Settings settings;
    CLI::App app("A chat server that is broken on purpose");
    app.add_option("--listen", settings.listen, "HOST:PORT");
    app.add_option("--fault", settings.fault, "what is broken")
        ->transform(CLI::CheckedTransformer(faults));
    app.add_option("--durability", settings.durability, "none: messages are kept in memory")
        ->check(CLI::IsMember({"commit", "none"}));
    app.add_option("--data", settings.data, "where messages are kept otherwise");
    app.add_flag("--forget", settings.forgets, "each start forgets a message");
    app.add_option("--every", settings.every, "one delivery in so many; a stall after so many")
        ->check(CLI::PositiveNumber);
    CLI11_PARSE(app, argc, argv);
    return serve(settings);
  } catch (const std::exception& error) {
    fmt::print(stderr, "faulty_chat_server: {}\n", error.what());
    return 1;
  }
}
