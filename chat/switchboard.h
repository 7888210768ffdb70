#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "chat/admission.h"
#include "chat/batch.h"
#include "chat/handover.h"
#include "chat/hub.h"
#include "chat/limits.h"
#include "chat/message.h"
#include "chat/shard.h"
#include "chat/uplink.h"
#include "reactor/mailbox.h"
#include "reactor/timers.h"

namespace chat {

// What reaches the hub from another shard in one turn of that shard.
struct HubMail {
  Batch<FromSession> commands;
  std::vector<reactor::Endpoint> closed;
};

// Connects the shards with the one hub, which lives on shard 0's thread. Shard 0 talks to it
// directly: nothing is copied. The others gather a turn's commands into one mail (more if they are
// many), and the events for them are gathered likewise, one event per shard that has members and
// never one per member.
class Switchboard final : private EventSink,
                          private reactor::TimerHandler,
                          private reactor::MailHandler<HubMail> {
 public:
  // shards are not owned; they get their uplinks here. clients_max: resolved, not 0.
  Switchboard(const Limits& limits, std::size_t clients_max,
              const std::vector<std::unique_ptr<Shard>>& shards, Handover& handover);
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
    void end_turn() override;

   private:
    void post();

    Switchboard& board_;
    HubMail mail_;
  };

  void apply(SessionRef from, const Command& command);
  void release(const reactor::Endpoint& peer);
  void end_turn();
  void post(std::size_t shard);
  void arm_hub_timer();
  void on_event(const Event& event) override;
  void on_timer(std::uint64_t argument) override;
  void on_mail(HubMail& mail) override;
  Hub::Time time();

  reactor::Reactor& reactor_;  // shard 0's
  const std::vector<std::unique_ptr<Shard>>& shards_;
  Handover& handover_;
  // A batch of this size goes at once instead of at the end of the turn.
  const std::size_t batch_bytes_max_;
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
