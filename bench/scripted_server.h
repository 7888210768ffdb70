#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/scripted_net.h"
#include "chat/server.h"

namespace bench {

// A whole chat server with one thread on a ScriptedNet: everything that a message costs except the
// kernel. Whoever measures runs its turns.
class ScriptedServer {
 public:
  ScriptedServer();

  // So many clients connect and register; turns until they have.
  void join(std::size_t clients);
  // Client 0 sends text, and one turn delivers it. text stays until then.
  void publish(std::string_view text);

  // Publishes text until nothing grows any more.
  void warm_up(std::string_view text);

  std::uint64_t deliveries() { return server_.shards().front()->counts().deliveries; }
  const ScriptedNet& net() const { return *net_; }

 private:
  ScriptedNet* net_ = nullptr;  // the server's
  chat::Server server_;
  std::vector<std::string> first_words_;  // of the clients that have joined
};

// Lines that a client sends: so many messages of so many bytes.
std::string broadcasts(std::size_t count, std::size_t bytes);

}  // namespace bench
