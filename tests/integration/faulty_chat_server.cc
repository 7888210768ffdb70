// A chat server that is broken on purpose. What notices it is tested in loadgen_test.cc.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <string>

#include "chat/server.h"
#include "reactor/address.h"
#include "reactor/net.h"
#include "tests/integration/faulty_net.h"

namespace {

using integration::Fault;

constexpr std::size_t kClientsMax = 1000;

struct Settings {
  std::string listen = "127.0.0.1:0";
  Fault fault = Fault::kNone;
  std::uint64_t every = 100;
};

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
  chat::Server server(options, [&settings] {
    return std::make_unique<integration::FaultyNet>(reactor::make_net(), settings.fault,
                                                    settings.every);
  });
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
    const std::map<std::string, Fault> faults{
        {"none", Fault::kNone},     {"drop", Fault::kDrop},       {"swap", Fault::kSwap},
        {"double", Fault::kDouble}, {"corrupt", Fault::kCorrupt}, {"stall", Fault::kStall}};
    Settings settings;
    CLI::App app("A chat server that is broken on purpose");
    app.add_option("--listen", settings.listen, "HOST:PORT");
    app.add_option("--fault", settings.fault, "what is broken")
        ->transform(CLI::CheckedTransformer(faults));
    app.add_option("--every", settings.every, "one delivery in so many; a stall after so many")
        ->check(CLI::PositiveNumber);
    CLI11_PARSE(app, argc, argv);
    return serve(settings);
  } catch (const std::exception& error) {
    fmt::print(stderr, "faulty_chat_server: {}\n", error.what());
    return 1;
  }
}
