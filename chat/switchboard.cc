#include "chat/switchboard.h"

#include <algorithm>
#include <utility>

namespace chat {

namespace {

// The other side can stop between two batches, never inside one: what a batch makes must be little
// beside the mark at which it stops. But it should hold what one read budget of ordinary lines
// makes, because each further batch of a turn costs every recipient a write of its own.
std::size_t batch_bytes_max(const Limits& limits) {
  return std::min(std::size_t{256} << 10, limits.out_high_mark_bytes / 4);
}

}  // namespace

Switchboard::Switchboard(const Limits& limits, std::size_t clients_max,
                         const std::vector<std::unique_ptr<Shard>>& shards, Handover& handover)
    : reactor_(shards.front()->reactor()),
      shards_(shards),
      handover_(handover),
      batch_bytes_max_(batch_bytes_max(limits)),
      hub_(limits, *this),
      admission_(limits, clients_max),
      outgoing_(shards.size()),
      direct_(*this),
      mailbox_(reactor_, *this) {
  shards.front()->set_uplink(direct_);
  for (std::size_t i = 1; i < shards.size(); ++i) {
    remotes_.push_back(std::make_unique<Remote>(*this));
    shards[i]->set_uplink(*remotes_.back());
  }
}

Hub::Time Switchboard::time() { return {reactor_.now(), reactor_.unix_ms()}; }

void Switchboard::apply(SessionRef from, const Command& command) {
  hub_.apply(from, command, time());
}

void Switchboard::release(const reactor::Endpoint& peer) { admission_.release(peer); }

void Switchboard::on_event(const Event& event) {
  const auto deliver = [this, &event](std::size_t shard) {
    if (shard == 0) {
      shards_[0]->apply(event);
    } else {
      outgoing_[shard].add(event);
      if (outgoing_[shard].bytes() >= batch_bytes_max_) {
        post(shard);
      }
    }
  };
  if (event.to) {
    deliver(event.to.shard);
    return;
  }
  const std::vector<std::uint32_t>& members = hub_.members_by_shard(event.room_id);
  for (std::size_t shard = 0; shard < members.size(); ++shard) {
    if (members[shard] > 0) {
      deliver(shard);
    }
  }
}

void Switchboard::end_turn() {
  arm_hub_timer();
  for (std::size_t shard = 1; shard < outgoing_.size(); ++shard) {
    if (!outgoing_[shard].empty()) {
      post(shard);
    }
  }
}

void Switchboard::post(std::size_t shard) {
  ShardMail mail;
  mail.events = std::exchange(outgoing_[shard], {});
  handover_.sent(mail.events.bytes());
  shards_[shard]->mailbox().post(std::move(mail));
}

void Switchboard::arm_hub_timer() {
  const std::optional<reactor::TimePoint> due = hub_.next_deadline();
  if (!due || (hub_timer_due_ && *hub_timer_due_ <= *due)) {
    return;  // a timer that fires early is armed again
  }
  reactor_.timers().cancel(hub_timer_);
  hub_timer_ = reactor_.timers().arm(*due, *this);
  hub_timer_due_ = due;
}

void Switchboard::on_timer(std::uint64_t /*argument*/) {
  hub_timer_due_.reset();
  hub_.tick(time());
}

void Switchboard::on_mail(HubMail& mail) {
  for (const FromSession& item : mail.commands) {
    apply(item.from, item.command);
  }
  handover_.taken(mail.commands.bytes());
  for (const reactor::Endpoint& peer : mail.closed) {
    release(peer);
  }
}

void Switchboard::Remote::submit(SessionRef from, const Command& command) {
  mail_.commands.add({from, command});
  if (mail_.commands.bytes() >= board_.batch_bytes_max_) {
    post();
  }
}

void Switchboard::Remote::connection_closed(const reactor::Endpoint& peer) {
  mail_.closed.push_back(peer);
}

void Switchboard::Remote::end_turn() {
  if (!mail_.commands.empty() || !mail_.closed.empty()) {
    post();
  }
}

void Switchboard::Remote::post() {
  board_.handover_.sent(mail_.commands.bytes());
  board_.mailbox_.post(std::exchange(mail_, {}));
}

}  // namespace chat
