#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "bench/scripted_net.h"
#include "chat/server.h"

namespace bench {

// A whole chat server with one thread on a ScriptedNet: everything that a message costs except the
// kernel. Whoever measures runs its turns.
class ScriptedServer {
 public:
  // Keeps what is said in memory, and little of it in the log.
  ScriptedServer();
  ScriptedServer(const chat::ServerOptions& options, chat::Storage storage);

  static chat::ServerOptions default_options();

  // So many clients connect and register; turns until they have.
  void join(std::size_t clients);
  // Client 0 sends text, and one turn delivers it. text stays until then.
  void publish(std::string_view text);

  // One more client connects and says text; turns until so many bytes were written to whomever.
  void serve(std::string_view text, std::uint64_t bytes_written);

  // Publishes text until nothing grows any more.
  void warm_up(std::string_view text);

  std::uint64_t deliveries() { return server_.shards().front()->metrics().deliveries.value(); }
  const ScriptedNet& net() const { return *net_; }

 private:
  ScriptedNet* net_ = nullptr;           // the server's
  std::deque<std::string> first_words_;  // of the clients that have joined
  chat::Server server_;
};

// Lines that a client sends: so many messages of so many bytes.
std::string broadcasts(std::size_t count, std::size_t bytes);

}  // namespace bench
