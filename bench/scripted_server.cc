#include "bench/scripted_server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "chat/storage/open_storage.h"
#include "reactor/check.h"

namespace bench {
namespace {

// The log's: it has wrapped around, as a server's has that runs for long, after a few messages.
constexpr std::size_t kTailBytes = std::size_t{64} << 10;

}  // namespace

chat::ServerOptions ScriptedServer::default_options() {
  chat::ServerOptions options;
  options.limits.clients_max = 10'000;
  options.limits.tail_bytes = kTailBytes;
  return options;
}

ScriptedServer::ScriptedServer() : ScriptedServer(default_options(), chat::open_memory_storage()) {}

ScriptedServer::ScriptedServer(const chat::ServerOptions& options, chat::Storage storage)
    : server_(
          options,
          [this] {
            auto net = std::make_unique<ScriptedNet>();
            net_ = net.get();
            return net;
          },
          std::move(storage)) {
  spdlog::set_level(spdlog::level::off);
  reactor::Address bound;
  const int error = server_.listen(reactor::Address::ipv4(INADDR_LOOPBACK, 1), bound);
  CHECK(error == 0, "the script refuses to listen", error);
}

void ScriptedServer::join(std::size_t clients) {
  const std::size_t first = first_words_.size();
  const std::size_t all = first + clients;
  for (std::size_t i = first; i < all; ++i) {
    first_words_.push_back(fmt::format("HELLO:1:\nREGISTER:client{}\n", i));
  }
  for (std::size_t i = first; i < all; ++i) {
    net_->add_client(true);
    net_->say(i, first_words_[i]);
  }
  while (server_.switchboard().hub().client_count() < all) {
    server_.shards().front()->reactor().turn();
  }
}

void ScriptedServer::publish(std::string_view text) {
  net_->say(0, text);
  server_.shards().front()->reactor().turn();
}

void ScriptedServer::serve(std::string_view text, std::uint64_t bytes_written) {
  const std::size_t client = first_words_.size();
  net_->add_client(true);
  net_->say(client, first_words_.emplace_back(text));
  const std::uint64_t enough = net_->bytes_written() + bytes_written;
  while (net_->bytes_written() < enough) {
    server_.shards().front()->reactor().turn();
  }
}

void ScriptedServer::warm_up(std::string_view text) {
  for (std::size_t sent = 0; sent < 4 * kTailBytes; sent += text.size()) {
    publish(text);
  }
}

std::string broadcasts(std::size_t count, std::size_t bytes) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) {
    lines += fmt::format("BROADCAST:{:x>{}}\n", "", bytes);
  }
  return lines;
}

}  // namespace bench
