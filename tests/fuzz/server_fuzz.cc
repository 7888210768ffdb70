// A whole server, in memory, against what a few clients can say to it in any order and in any of
// its protocols: RESUME and HISTORY with any arguments, tokens that are right or wrong, requests,
// frames, the header of a proxy, connections that end at any place.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "chat/server.h"
#include "chat/storage/open_storage.h"
#include "reactor/check.h"
#include "tests/sim/sim_world.h"

namespace {

constexpr std::size_t kClients = 4;
constexpr std::size_t kProxy = 3;  // the one of them that has to say whom it speaks for
constexpr std::uint32_t kProxyAddress = 0xC0000209;  // 192.0.2.9
constexpr std::size_t kLimitsBytesMax = std::size_t{64} << 10;

// A step of the script is two bytes and as many more as they say: who, what, and the text.
enum class Step : std::uint8_t { kSay, kSayTokenOfOther, kRead, kClose, kReset, kPassTime, kCount };

class Run {
 public:
  Run() {
    spdlog::set_level(spdlog::level::off);
    chat::ServerOptions options;
    options.limits.clients_max = 16;
    options.limits.out_bytes_max = kLimitsBytesMax;
    options.limits.out_high_mark_bytes = 2 << 10;
    options.limits.out_low_mark_bytes = 1 << 10;
    options.limits.tail_bytes = 1 << 10;
    options.threads = 2;
    options.trusted_proxies = {*chat::AddressRange::parse("192.0.2.9")};
    options.make_token = [this] { return "token" + std::to_string(++tokens_); };
    server_ = std::make_unique<chat::Server>(
        options, [this] { return world_.make_net(); }, chat::open_memory_storage());
    CHECK(server_->listen(reactor::Address::ipv4(INADDR_LOOPBACK, 0), address_) == 0,
          "the simulated network refuses to listen");
    world_.socket_buffer_bytes = 4 << 10;
  }

  void play(std::string_view script) {
    while (script.size() >= 2) {
      const auto who = static_cast<std::uint8_t>(script[0]) % kClients;
      const auto step = static_cast<Step>(static_cast<std::uint8_t>(script[0]) / kClients %
                                          static_cast<std::size_t>(Step::kCount));
      const std::size_t size =
          std::min<std::size_t>(static_cast<std::uint8_t>(script[1]), script.size() - 2);
      act(who, step, script.substr(2, size));
      script.remove_prefix(2 + size);
    }
    end();
  }

 private:
  struct Client {
    int fd = -1;
    std::string unsent;
  };

  void act(std::size_t who, Step step, std::string_view text) {
    Client& client = clients_[who];
    switch (step) {
      case Step::kSay:
      case Step::kSayTokenOfOther:
        if (client.fd < 0) {
          const std::uint32_t from = who == kProxy ? kProxyAddress : INADDR_LOOPBACK;
          client.fd = world_.peer_connect(address_, reactor::Address::ipv4(from, next_port_++));
        }
        client.unsent += text;
        if (step == Step::kSayTokenOfOther) {
          client.unsent += "\nRESUME:token" + std::to_string(1 + text.size() % 8) + ":";
        }
        break;
      case Step::kRead:
        if (client.fd >= 0) {
          world_.peer_read(client.fd);
        }
        break;
      case Step::kClose:
      case Step::kReset:
        hang_up(client, step == Step::kReset);
        break;
      case Step::kPassTime:
        world_.advance(std::chrono::milliseconds{text.size() * 100});
        break;
      case Step::kCount:
        break;
    }
    turn();
  }

  void hang_up(Client& client, bool resets) {
    if (client.fd >= 0) {
      resets ? world_.peer_reset(client.fd) : world_.peer_close(client.fd);
      client = {};
    }
  }

  void turn() {
    for (Client& client : clients_) {
      if (client.fd >= 0 && !client.unsent.empty()) {
        client.unsent.erase(0, world_.peer_write(client.fd, client.unsent));
      }
    }
    for (const auto& shard : server_->shards()) {
      shard->reactor().turn(reactor::Duration::zero());
      CHECK(shard->reactor().pool().bytes_lent() <= std::size_t{2} * 16 * kLimitsBytesMax,
            "buffers beyond the limits", shard->reactor().pool().bytes_lent());
    }
    CHECK(world_.mistakes().empty(), "the system was used wrongly");
  }

  // Everybody goes, and after a while nothing is left of them.
  void end() {
    for (Client& client : clients_) {
      hang_up(client, false);
    }
    for (int i = 0; i < 400; ++i) {
      world_.advance(std::chrono::milliseconds{1000});
      turn();
    }
    CHECK(server_->switchboard().hub().client_count() == 0, "clients that are gone",
          server_->switchboard().hub().client_count());
    CHECK(server_->switchboard().admission().count() == 0, "connections that are gone",
          server_->switchboard().admission().count());
  }

  sim::World world_{1};
  reactor::Address address_;
  std::unique_ptr<chat::Server> server_;
  std::array<Client, kClients> clients_;
  std::uint16_t next_port_ = 1024;
  int tokens_ = 0;
};

}  // namespace

// libFuzzer chose the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run().play({reinterpret_cast<const char*>(data), size});
  return 0;
}
