#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "chat/batch.h"
#include "chat/encoded_event.h"
#include "chat/fanout_timer.h"
#include "chat/handover.h"
#include "chat/limits.h"
#include "chat/log.h"
#include "chat/members.h"
#include "chat/message.h"
#include "chat/metrics.h"
#include "chat/session.h"
#include "chat/uplink.h"
#include "reactor/mailbox.h"
#include "reactor/reactor.h"

namespace chat {

// Makes the server's end of a secured connection. Called on the thread of the shard that has it.
using TransportSource = std::function<std::unique_ptr<reactor::Transport>()>;

// What reaches a shard from other threads, in order: connections that were accepted for it, events
// from the hub, the order to drain.
struct ShardMail {
  struct NewConnection {
    int fd = -1;
    reactor::Endpoint peer;
    ListenKind kind;
  };

  NewConnection connection;  // fd -1: none
  Batch<Event> events;
  SessionRef reader;  // none: no page
  Page page;
  TransportSource transports;  // empty: as before
  bool drain = false;
};

// The sessions of one reactor thread, and where fan-out happens: each event of the hub is encoded
// once per wire format and appended to the output of every local member. Everything but mailbox()
// belongs to the thread that runs reactor().
class Shard final : private SessionHost,
                    private reactor::TurnHandler,
                    private reactor::MailHandler<ShardMail> {
 public:
  // limits, front, metrics and handover are not owned.
  Shard(std::uint16_t index, std::unique_ptr<reactor::Net> net, const Limits& limits,
        const Front& front, ShardMetrics& metrics, Handover& handover);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  // Ends what is left. REQUIRES: uplink is still there, no other thread posts any more.
  ~Shard();

  // The way to the hub; not owned. REQUIRED before the first connection.
  void set_uplink(Uplink& uplink) { uplink_ = &uplink; }

  // New connections are secured with what it makes. Without one there is no TLS.
  void set_transports(TransportSource transports) { transports_ = std::move(transports); }

  // Takes over an accepted connection that was admitted.
  void add_connection(const ShardMail::NewConnection& connection);
  // Delivers an event of the hub to the sessions of this shard that it is for.
  void apply(const Event& event);
  // What a feed of this shard has asked for.
  void take_page(const SessionRef& reader, Page page);
  // Tells everybody BYE and ends all sessions in order.
  void drain();
  // Ends all sessions at once.
  void close_all() { reactor_.close_all(); }

  // For other threads.
  reactor::Mailbox<ShardMail>& mailbox() { return mailbox_; }

  reactor::Reactor& reactor() { return reactor_; }
  std::uint16_t index() const { return index_; }
  std::size_t session_count() const { return sessions_.size(); }
  const ShardMetrics& metrics() const { return metrics_; }
  const Log& log() const { return log_; }

 private:
  void submit(SessionRef from, const Command& command) override;
  void session_drained(Session& session) override;
  bool must_wait(Session& session) override;
  void session_speaks(Protocol before, Protocol now) override;
  void session_secured() override { metrics_.tls_handshakes.add(); }
  void session_proxied(Session& session, const reactor::Endpoint& proxy) override;
  const Front& front() const override { return front_; }
  WebSocketReaders& websocket_readers() override { return websocket_readers_; }
  std::unique_ptr<reactor::Transport> new_transport() const override;
  void session_closed(Session& session, EndReason reason) override;
  void on_turn_end() override;
  void on_flushed() override;
  void on_mail(ShardMail& mail) override;

  Session* find(SessionRef ref);
  void apply_to_session(const Event& event, Session& session);
  void note_state(const Event& event, Session& session);
  void answer(const Event& event, Session& session);
  void fan_out(const Event& event);

  // Sessions that get no live copies (shard_feeds.cc).
  void enter(const Event& event, Session& session);
  void leave(const Event& event, Session& session);
  void note_heard(const Event& event, Session& session);
  void resume(const Event& event, Session& session);
  void ask_for_history(const Event& event, Session& session);
  void begin_history(const Event& event, PageRequest request, Session& session);
  void fall_behind(Session& session, MessageId after);
  void tell_later(Session& session, std::string_view bytes);
  void pump(Session& session);
  void go_live(Session& session);
  void feed_those_behind();
  void read_on_when_store_is_free();
  std::size_t next_start(std::size_t members);

  const std::uint16_t index_;
  const Limits& limits_;
  const Front& front_;
  ShardMetrics& metrics_;
  FanoutTimer fanout_timer_;
  Handover& handover_;
  WebSocketReaders websocket_readers_;
  TransportSource transports_;
  reactor::Reactor reactor_;
  reactor::Mailbox<ShardMail> mailbox_;
  Uplink* uplink_ = nullptr;
  std::vector<std::unique_ptr<Session>> sessions_;
  EncodedEvent encoded_;
  Members members_;
  Log log_;
  std::vector<SessionRef> behind_;  // since this turn
  std::vector<SessionRef> store_waiters_;
  std::uint32_t fan_out_start_ = 0;
};

}  // namespace chat
