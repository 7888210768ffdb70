#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat/front.h"
#include "chat/handover.h"
#include "chat/limits.h"
#include "chat/metrics.h"
#include "chat/shard.h"
#include "chat/storage/store_port.h"
#include "chat/switchboard.h"
#include "chat/token.h"
#include "chat/web/site.h"
#include "reactor/listener.h"
#include "reactor/mailbox.h"
#include "reactor/net.h"

namespace chat {

struct ServerOptions {
  Limits limits;              // clients_max resolved, not 0
  std::uint16_t threads = 1;  // 1 to kShardsMax
  int backlog = 4096;
  TokenSource make_token = random_token;
  ServerInfo info;
  SiteOptions site;
  std::vector<AddressRange> trusted_proxies;
  TransportSource transports;  // empty: there is no TLS
};

// The whole chat server: its shards, the hub and the listening sockets. Made, listened and run on
// one thread, which becomes shard 0's; drain() may come from any.
class Server final : private reactor::TimerHandler, private reactor::MailHandler<char> {
 public:
  using NetFactory = std::function<std::unique_ptr<reactor::Net>()>;

  Server(const ServerOptions& options, const NetFactory& make_net, Storage storage);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Returns an errno value or 0; then bound is the address with the real port. REQUIRES, for a kind
  // that is TLS: there is some.
  int listen(const reactor::Address& address, reactor::Address& bound, ListenKind kind = {});
  // Serves until a drain has ended.
  void run();
  // Any thread: is not ready any more, and after Limits::drain_delay stops accepting, tells every
  // client BYE, lets what is queued be sent, and ends run(), after Limits::drain_timeout at the
  // latest.
  void drain();
  // Any thread: new connections are secured with what these make; those that are there stay as they
  // are.
  void renew_transports(const TransportSource& transports);

  // For whoever runs the shards' turns himself, instead of run(): the simulation.
  const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }
  Switchboard& switchboard() { return *switchboard_; }
  // The drain is over: nobody is left, or its time is.
  bool drained() const { return drained_; }
  const Metrics& metrics() const { return metrics_; }

 private:
  // Tells a connection that was not admitted why, and ends it. One handler serves all of them.
  class Refusal final : public reactor::Handler {
   public:
    std::size_t on_data(reactor::Connection& /*connection*/, std::string_view bytes) override {
      return bytes.size();
    }
    void on_close(reactor::Connection& /*connection*/, reactor::CloseReason /*reason*/,
                  int /*error*/) override {
      --open;
    }
    std::size_t open = 0;
  };

  // Of one listening address.
  class Entrance final : public reactor::Acceptor {
   public:
    Entrance(Server& server, ListenKind kind) : server_(server), kind_(kind) {}
    void on_accept(int fd, const reactor::Address& peer) override {
      server_.accept({fd, peer.endpoint(), kind_});
    }

   private:
    Server& server_;
    ListenKind kind_;
  };

  void accept(const ShardMail::NewConnection& connection);
  void refuse(const ShardMail::NewConnection& connection, Admission::Verdict verdict);
  void on_mail(char& mail) override;
  void on_timer(std::uint64_t argument) override;
  void begin_drain();
  void go_on_draining();
  void log_summary() const;
  reactor::Reactor& loop() { return shards_.front()->reactor(); }

  const ServerOptions options_;
  Metrics metrics_;
  std::atomic<bool> draining_{false};
  const Front front_;
  Handover handover_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<Switchboard> switchboard_;
  std::unique_ptr<reactor::Mailbox<char>> drain_mailbox_;  // any item: begin to drain
  std::vector<std::unique_ptr<Entrance>> entrances_;
  std::vector<reactor::Listener*> listeners_;
  Refusal refusal_;
  std::size_t next_shard_ = 0;
  std::optional<reactor::TimePoint> drain_deadline_;  // none: it has not begun
  bool drained_ = false;
};

}  // namespace chat
