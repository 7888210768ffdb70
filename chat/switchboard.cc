#include "chat/switchboard.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "reactor/check.h"

namespace chat {

namespace {

// The other side can stop between two batches, never inside one: what a batch makes must be little
// beside the mark at which it stops. But it should hold what one read budget of ordinary lines
// makes, because each further batch of a turn costs every recipient a write of its own.
std::size_t batch_bytes_max(const Limits& limits) {
  return std::min(std::size_t{256} << 10, limits.out_high_mark_bytes / 4);
}

}  // namespace

Switchboard::Switchboard(const Limits& limits, std::size_t clients_max, const ServerInfo& info,
                         Metrics& metrics, const std::vector<std::unique_ptr<Shard>>& shards,
                         Handover& handover, Storage storage, const TokenSource& make_token)
    : reactor_(shards.front()->reactor()),
      shards_(shards),
      metrics_(metrics.hub),
      handover_(handover),
      batch_bytes_max_(batch_bytes_max(limits)),
      delivers_when_kept_(storage.delivers_when_kept),
      store_(storage.make_port(std::move(storage.store), reactor_, *this, metrics.store)),
      hub_(limits, info, *this, *this, make_token, storage.recovered, time()),
      admission_(limits, clients_max),
      outgoing_(shards.size()),
      direct_(*this),
      mailbox_(reactor_, *this) {
  CHECK(shards.size() <= kShardsMax, "too many shards", shards.size());
  shards.front()->set_uplink(direct_);
  for (std::size_t i = 1; i < shards.size(); ++i) {
    remotes_.push_back(std::make_unique<Remote>(*this));
    shards[i]->set_uplink(*remotes_.back());
  }
  arm_hub_timer();
}

Hub::Time Switchboard::time() { return {reactor_.now(), reactor_.unix_ms()}; }

void Switchboard::apply(SessionRef from, const Command& command) {
  hub_.apply(from, command, time());
}

void Switchboard::release(const reactor::Endpoint& peer) { admission_.release(peer); }

void Switchboard::move(const HubMail::Proxied& proxied) {
  if (!admission_.move(proxied.proxy, proxied.real)) {
    Event bye;
    bye.kind = EventKind::kBye;
    bye.refusal = Refusal::kForbidden;
    bye.to = proxied.from;
    bye.text = "too many connections from your address";
    on_event(bye);
  }
}

// Whoever is told to wait is woken: he is known before the store is asked once more, and the store
// says that it has kept something after it has counted it off.
bool Switchboard::must_wait_for_store() {
  if (!store_->is_congested()) {
    return false;
  }
  somebody_waits_for_store_ = true;
  return store_->is_congested();
}

void Switchboard::wake_who_waits_for_store() {
  if (somebody_waits_for_store_.exchange(false)) {
    for (const std::unique_ptr<Shard>& shard : shards_) {
      shard->reactor().wake();
    }
  }
}

namespace {

// Has no place among the messages: it tells of one that the store has, or can't have.
bool is_about_store(const Event& event) {
  return event.kind == EventKind::kAck ||
         (event.kind == EventKind::kError && event.refusal == Refusal::kInternal);
}

}  // namespace

void Switchboard::on_event(const Event& event) {
  const ShardSet shards = shards_of(event);
  metrics_.messages.add(is_new_message(event) ? 1 : 0);
  const bool waits = is_new_message(event) || !delayed_.empty();
  if (delivers_when_kept_ && waits && !is_about_store(event)) {
    delayed_.add(event, shards);
  } else {
    deliver(event, shards);
  }
}

ShardSet Switchboard::shards_of(const Event& event) const {
  if (event.to) {
    return ShardSet{1} << event.to.shard;
  }
  ShardSet shards = 0;
  const std::vector<std::uint32_t>& members = hub_.members_by_shard(event.room_id);
  for (std::size_t shard = 0; shard < members.size(); ++shard) {
    shards |= members[shard] > 0 ? ShardSet{1} << shard : 0;
  }
  return shards;
}

void Switchboard::deliver(const Event& event, ShardSet shards) {
  for (; shards != 0; shards &= shards - 1) {
    const auto shard = static_cast<std::size_t>(std::countr_zero(shards));
    if (shard == 0) {
      shards_[0]->apply(event);
      continue;
    }
    outgoing_[shard].add(event);
    if (outgoing_[shard].bytes() >= batch_bytes_max_) {
      post(shard);
    }
  }
}

void Switchboard::on_kept(MessageId id, MessageId ids_reserved) {
  delayed_.release(id, [this](const Event& event, ShardSet shards) { deliver(event, shards); });
  hub_.on_kept(id, ids_reserved);
  wake_who_waits_for_store();
}

void Switchboard::on_store_failure(std::string_view why) {
  if (why.empty()) {
    spdlog::info("the store works again");
  } else {
    spdlog::error("the store can keep nothing, so nothing that is sent is taken: {}", why);
  }
  hub_.on_store_failure(why);
  wake_who_waits_for_store();
}

void Switchboard::on_page(const SessionRef& reader, Page page) {
  if (reader.shard == 0) {
    shards_[0]->take_page(reader, std::move(page));
    return;
  }
  ShardMail mail;
  mail.reader = reader;
  mail.page = std::move(page);
  shards_[reader.shard]->mailbox().post(std::move(mail));
}

void Switchboard::end_turn() {
  store_->end_turn();
  delayed_.end_turn();
  arm_hub_timer();
  metrics_.clients.set(hub_.client_count() - hub_.detached_count());
  metrics_.detached_clients.set(hub_.detached_count());
  metrics_.rooms.set(hub_.room_count());
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
  for (HubMail::Read& read : mail.reads) {
    store_->read(read.reader, std::move(read.request));
  }
  for (const HubMail::Proxied& proxied : mail.proxied) {
    move(proxied);
  }
  for (const reactor::Endpoint& peer : mail.closed) {
    release(peer);
  }
}

void Switchboard::Direct::read(SessionRef reader, PageRequest request) {
  board_.store_->read(reader, std::move(request));
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

void Switchboard::Remote::connection_proxied(SessionRef from, const reactor::Endpoint& proxy,
                                             const reactor::Endpoint& real) {
  mail_.proxied.push_back({from, proxy, real});
}

void Switchboard::Remote::read(SessionRef reader, PageRequest request) {
  mail_.reads.push_back({reader, std::move(request)});
}

void Switchboard::Remote::end_turn() {
  if (!mail_.empty()) {
    post();
  }
}

void Switchboard::Remote::post() {
  board_.handover_.sent(mail_.commands.bytes());
  board_.mailbox_.post(std::exchange(mail_, {}));
}

}  // namespace chat
