#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "chat/admission.h"
#include "chat/batch.h"
#include "chat/delayed_events.h"
#include "chat/handover.h"
#include "chat/hub.h"
#include "chat/limits.h"
#include "chat/message.h"
#include "chat/metrics.h"
#include "chat/server_info.h"
#include "chat/shard.h"
#include "chat/storage/store_port.h"
#include "chat/uplink.h"
#include "reactor/mailbox.h"
#include "reactor/timers.h"

namespace chat {

// What reaches the hub from another shard in one turn of that shard.
struct HubMail {
  struct Read {
    SessionRef reader;
    PageRequest request;
  };

  struct Proxied {
    SessionRef from;
    reactor::Endpoint proxy;
    reactor::Endpoint real;
  };

  Batch<FromSession> commands;
  std::vector<Read> reads;
  std::vector<Proxied> proxied;
  std::vector<reactor::Endpoint> closed;

  bool empty() const {
    return commands.empty() && reads.empty() && proxied.empty() && closed.empty();
  }
};

// Connects the shards with the one hub, which lives on shard 0's thread, and with the store. Shard
// 0 talks to the hub directly: nothing is copied. The others gather a turn's commands into one mail
// (more if they are many), and the events for them are gathered likewise, one event per shard that
// has members and never one per member.
class Switchboard final : private EventSink,
                          private Journal,
                          private StoreEvents,
                          private reactor::TimerHandler,
                          private reactor::MailHandler<HubMail> {
 public:
  // shards are not owned; they get their uplinks here. clients_max: resolved, not 0. info and
  // metrics are not owned.
  Switchboard(const Limits& limits, std::size_t clients_max, const ServerInfo& info,
              Metrics& metrics, const std::vector<std::unique_ptr<Shard>>& shards,
              Handover& handover, Storage storage, const TokenSource& make_token);
  Switchboard(const Switchboard&) = delete;
  Switchboard& operator=(const Switchboard&) = delete;

  // Shard 0's thread only:
  Admission& admission() { return admission_; }
  Hub& hub() { return hub_; }

 private:
  // Shard 0's uplink: the hub is here.
  class Direct final : public Uplink {
   public:
    explicit Direct(Switchboard& board) : board_(board) {}
    void submit(SessionRef from, const Command& command) override { board_.apply(from, command); }
    void connection_closed(const reactor::Endpoint& peer) override { board_.release(peer); }
    void connection_proxied(SessionRef from, const reactor::Endpoint& proxy,
                            const reactor::Endpoint& real) override {
      board_.move({from, proxy, real});
    }
    void read(SessionRef reader, PageRequest request) override;
    bool must_wait_for_store() override { return board_.must_wait_for_store(); }
    void end_turn() override { board_.end_turn(); }

   private:
    Switchboard& board_;
  };

  // Any other shard's uplink, used on that shard's thread.
  class Remote final : public Uplink {
   public:
    explicit Remote(Switchboard& board) : board_(board) {}
    void submit(SessionRef from, const Command& command) override;
    void connection_closed(const reactor::Endpoint& peer) override;
    void connection_proxied(SessionRef from, const reactor::Endpoint& proxy,
                            const reactor::Endpoint& real) override;
    void read(SessionRef reader, PageRequest request) override;
    bool must_wait_for_store() override { return board_.must_wait_for_store(); }
    void end_turn() override;

   private:
    void post();

    Switchboard& board_;
    HubMail mail_;
  };

  void apply(SessionRef from, const Command& command);
  void release(const reactor::Endpoint& peer);
  void move(const HubMail::Proxied& proxied);
  bool must_wait_for_store();
  void end_turn();
  void post(std::size_t shard);
  void arm_hub_timer();

  void on_event(const Event& event) override;
  ShardSet shards_of(const Event& event) const;
  void deliver(const Event& event, ShardSet shards);
  void append(const Record& record) override { store_->append(record); }

  void on_kept(MessageId id, MessageId ids_reserved) override;
  void on_store_failure(std::string_view why) override;
  void on_page(const SessionRef& reader, Page page) override;
  void wake_who_waits_for_store();

  void on_timer(std::uint64_t argument) override;
  void on_mail(HubMail& mail) override;
  Hub::Time time();

  reactor::Reactor& reactor_;  // shard 0's
  const std::vector<std::unique_ptr<Shard>>& shards_;
  HubMetrics& metrics_;
  Handover& handover_;
  // A batch of this size goes at once instead of at the end of the turn.
  const std::size_t batch_bytes_max_;
  const bool delivers_when_kept_;
  DelayedEvents delayed_;
  const std::unique_ptr<StorePort> store_;
  std::atomic<bool> somebody_waits_for_store_{false};
  Hub hub_;
  Admission admission_;
  std::vector<Batch<Event>> outgoing_;  // by shard, gathered in this turn; [0] stays empty
  std::optional<reactor::TimePoint> hub_timer_due_;
  reactor::TimerId hub_timer_;
  Direct direct_;
  std::vector<std::unique_ptr<Remote>> remotes_;
  reactor::Mailbox<HubMail> mailbox_;
};

}  // namespace chat
