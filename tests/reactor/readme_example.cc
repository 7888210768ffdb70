#include <cstdio>
#include <cstring>

#include "reactor/reactor.h"

// One object serves every connection here; a server with state makes a Handler for each.
class Echo final : public reactor::Acceptor, public reactor::Handler {
 public:
  explicit Echo(reactor::Reactor& loop) : loop_(loop) {}

  void on_accept(int fd, const reactor::Address& peer) override {
    std::printf("%s is here\n", peer.to_string().c_str());
    loop_.adopt(fd, *this);  // the connection is the loop's from now on
  }

  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override {
    connection.send(bytes);  // queued; leaves at the end of this turn
    return bytes.size();     // all of it is done with
  }

  void on_close(reactor::Connection&, reactor::CloseReason reason, int error) override {
    std::printf("%s%s%s\n", reactor::to_string(reason), error != 0 ? ": " : "",
                error != 0 ? std::strerror(error) : "");
  }

 private:
  reactor::Reactor& loop_;
};

int main() {
  reactor::Reactor loop(reactor::make_net(), {.idle_timeout = std::chrono::minutes{5}});
  Echo echo(loop);
  const auto result = loop.listen(reactor::Address::ipv4(INADDR_LOOPBACK, 4711), echo);
  if (result.listener == nullptr) {
    std::fprintf(stderr, "cannot listen: %s\n", std::strerror(result.error));
    return 1;
  }
  loop.run();
  loop.close_all();  // while the handlers are still there
}
