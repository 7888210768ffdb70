#include "tools/loadgen/worker.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "reactor/check.h"

namespace loadgen {

Worker::Worker(const RunContext& context, std::size_t index, std::unique_ptr<reactor::Net> net,
               ReportSink& reports)
    : context_(context),
      plan_(context.plan),
      layout_(context.layout),
      index_(index),
      reports_(reports),
      net_(*net),
      loop_(std::move(net), load_client_limits()),
      mailbox_(loop_, *this),
      crowd_(plan_, layout_, index, loop_, *this),
      rooms_(layout_.rooms()),
      senders_(layout_.senders()),
      pending_acks_(plan_.acks ? layout_.senders() : 0),
      slow_readers_(plan_.slow_readers, loop_),
      random_(plan_.seed + index),
      current_(new_report()) {
  loop_.set_turn_handler(*this);
  join_rooms();
}

Worker::~Worker() {
  loop_.timers().cancel(timer_);
  loop_.close_all();
}

void Worker::join_rooms() {
  for (const std::unique_ptr<LoadClient>& client : crowd_.clients()) {
    std::unique_ptr<Room>& room = rooms_[client->room()];
    if (room == nullptr) {
      room = std::make_unique<Room>(layout_.senders());
      if (!context_.shared_orders.empty()) {
        room->shared = context_.shared_orders[client->room()].get();
        room->as_thread.id = static_cast<std::uint32_t>(index_);
        room->shared->add(room->as_thread);
      }
    }
    if (!client->follower.is_guest) {
      room->order.add(client->follower);
    }
    if (client->number() < senders_.size()) {
      senders_[client->number()] = client.get();
    }
    if (client->role() == Role::kSlow) {
      slow_readers_.add(*client, room->order);
    }
  }
}

void Worker::run() {
  while (!has_quit()) {
    if (!plan_.spin) {
      loop_.turn();
      continue;
    }
    // Who never sleeps uses all of a processor: only turns that did something count as busy.
    const auto done = [this] { return std::pair(sent_, received_ns_); };
    const auto before = done();
    const reactor::TimePoint began = net_.now();
    loop_.turn(Duration::zero());
    if (done() != before) {
      busy_seconds_ += std::chrono::duration<double>(net_.now() - began).count();
    }
  }
}

void Worker::on_mail(WorkerOrder& order) {
  switch (order.kind) {
    case WorkerOrder::Kind::kConnect:
      crowd_.connect();
      return;
    case WorkerOrder::Kind::kStage:
      begin_stage(order);
      return;
    case WorkerOrder::Kind::kStop:
      end_sending();
      crowd_.settle();
      return;
    case WorkerOrder::Kind::kCatchUp:
      slow_readers_.end();
      return;
    case WorkerOrder::Kind::kReport:
      report();
      return;
    case WorkerOrder::Kind::kQuit:
      end_sending();
      slow_readers_.end();
      crowd_.quit();
      return;
  }
}

void Worker::begin_stage(const WorkerOrder& order) {
  stage_start_ = order.start;
  stage_duration_ = order.stage.duration;
  measured_ = order.measured;
  is_sending_ = true;
  crowd_.stir();
  if (measured_) {
    slow_readers_.begin();
  }
  ++stages_begun_;
  if (plan_.closed_loop) {
    timer_ = loop_.timers().arm(stage_start_, *this);
    return;
  }
  schedule_.emplace(order.stage, order.ramp, plan_.arrivals, order.seed);
  next_sender_ = senders_.size() - 1;
  // To look for the first message of a sender who is not here would take the whole schedule, and
  // nobody would be read meanwhile.
  const bool has_senders = std::any_of(senders_.begin(), senders_.end(),
                                       [](const LoadClient* sender) { return sender != nullptr; });
  if (has_senders && find_next_due()) {
    timer_ = loop_.timers().arm(stage_start_ + next_due_, *this);
  } else {
    end_sending();
  }
}

// The schedule is the whole run's: the messages go round the senders, of whom we have some.
bool Worker::find_next_due() {
  while (const std::optional<Duration> due = schedule_->next()) {
    next_sender_ = (next_sender_ + 1) % senders_.size();
    if (senders_[next_sender_] != nullptr) {
      next_due_ = *due;
      return true;
    }
  }
  return false;
}

void Worker::on_timer(std::uint64_t /*argument*/) {
  if (schedule_) {
    send_due();
  } else if (net_.now() < stage_start_ + stage_duration_) {
    for (LoadClient* sender : senders_) {
      if (sender != nullptr) {
        fill_window(*sender);
      }
    }
    timer_ = loop_.timers().arm(stage_start_ + stage_duration_, *this);
  } else {
    end_sending();
  }
}

void Worker::send_due() {
  const reactor::TimePoint now = net_.now();
  const auto overrun = std::chrono::duration_cast<Duration>(stage_duration_ * kOverrunShareMax);
  const std::int64_t give_up_ns =
      (stage_start_ + stage_duration_ + overrun - context_.origin).count();
  bool more = now_ns() < give_up_ns;
  while (more && stage_start_ + next_due_ <= now) {
    const std::int64_t sent_ns = now_ns();
    const std::int64_t due_ns = (stage_start_ + next_due_ - context_.origin).count();
    current_.lateness.record(sent_ns - due_ns);
    publish(*senders_[next_sender_], due_ns, sent_ns);
    // What is overdue by now may be more than can be sent in the time that is left.
    more = sent_ns < give_up_ns && find_next_due();
  }
  if (more) {
    timer_ = loop_.timers().arm(stage_start_ + next_due_, *this);
  } else {
    end_sending();
  }
}

void Worker::fill_window(LoadClient& sender) {
  const std::size_t window = layout_.window_of(sender.number());
  while (is_sending_ && sender.in_flight < window && sender.is_ready()) {
    const std::int64_t now = now_ns();
    publish(sender, now, now);
    ++sender.in_flight;
  }
}

void Worker::end_sending() {
  if (std::exchange(is_sending_, false)) {
    sending_ended_ns_ = now_ns();
  }
  loop_.timers().cancel(timer_);
}

void Worker::publish(LoadClient& sender, std::int64_t due_ns, std::int64_t sent_ns) {
  if (!sender.is_ready()) {
    return;  // its connection was lost, which is counted
  }
  context_.format.write({sender.number(), sender.next_sequence, due_ns, sent_ns},
                        pick_size(plan_.sizes, random_), payload_);
  if (plan_.acks) {
    sender.publish_numbered(sender.next_sequence, payload_);
    pending_acks_[sender.number()].add({due_ns, sent_ns});
    ++due_;
  } else {
    sender.publish(payload_);
  }
  ++sender.next_sequence;
  ++sent_;
  ++current_.sent;
  const std::size_t room = layout_.speaks_in(sender.number());
  const std::size_t slow = layout_.slow_members_of(room);
  due_ += layout_.steady_members_of(room) - slow -
          (room == sender.room() && !plan_.target.echoes() ? 1 : 0);
  due_slow_ += slow;
}

void Worker::on_delivery(LoadClient& client, std::string_view payload) {
  const std::optional<Stamp> stamp = context_.format.read(payload);
  if (!stamp || stamp->sender >= layout_.senders() ||
      layout_.speaks_in(stamp->sender) != client.room()) {
    ++client.follower.integrity.corrupted;
    return;
  }
  ++current_.delivered;
  if (client.role() == Role::kOrdinary) {
    measure(client, *stamp);
  }
  Room& room = room_of(client);
  const MessageKey key{stamp->sender, stamp->sequence};
  const std::uint64_t doubled_before = room.order.doubled();
  const bool is_new = room.order.deliver(client.follower, key, completed_);
  if (!client.follower.is_guest) {
    std::uint64_t& delivered = client.role() == Role::kSlow ? delivered_slow_ : delivered_;
    delivered += 1 - (room.order.doubled() - doubled_before);
  }
  if (is_new && room.shared != nullptr) {
    room.fresh.push_back(key);
  }
  note_completed();
}

// Whoever is slow or away by our own doing is not what a latency is to be told of.
void Worker::measure(LoadClient& client, const Stamp& stamp) {
  const std::int64_t latency_ns = received_ns_ - stamp.due_ns;
  Latency& latency = current_.latency[client.kind()];
  latency.corrected.record(latency_ns);
  latency.uncorrected.record(received_ns_ - stamp.sent_ns);
  if (measured_) {
    client.latency_sum_ns += static_cast<double>(latency_ns);
    ++client.latency_count;
  }
}

void Worker::on_ack(LoadClient& client, std::uint64_t number) {
  if (const auto times = pending_acks_[client.number()].take(number)) {
    current_.acks.corrected.record(received_ns_ - times->due_ns);
    current_.acks.uncorrected.record(received_ns_ - times->sent_ns);
    ++delivered_;
  }
}

AckResult Worker::acks() const {
  AckResult result;
  for (const PendingAcks& pending : pending_acks_) {
    result.add(pending.result());
  }
  return result;
}

void Worker::note_completed() {
  for (const MessageKey key : completed_) {
    LoadClient* sender = senders_[key.sender];
    if (plan_.closed_loop && sender != nullptr) {
      --sender->in_flight;
      fill_window(*sender);
    }
  }
  completed_.clear();
}

void Worker::on_left(LoadClient& client) {
  Room& room = room_of(client);
  room.order.leave(client.follower, completed_);
  room.left.add(client.follower.integrity);
  note_completed();
}

void Worker::on_turn_end() {
  if (!context_.shared_orders.empty()) {
    tell_shared_orders();
  }
  const auto store = [](auto& to, auto value) { to.store(value, std::memory_order_relaxed); };
  store(progress_.ready, crowd_.counts().ready);
  store(progress_.open, crowd_.counts().open);
  store(progress_.lost, crowd_.counts().lost);
  store(progress_.sent, sent_);
  store(progress_.due, due_);
  store(progress_.delivered, delivered_);
  store(progress_.due_slow, due_slow_);
  store(progress_.delivered_slow, delivered_slow_);
  store(progress_.sending_ended_ns, sending_ended_ns_);
  progress_.is_sending.store(is_sending_, std::memory_order_release);
  progress_.stages_begun.store(stages_begun_, std::memory_order_release);
}

void Worker::tell_shared_orders() {
  for (const std::unique_ptr<Room>& room : rooms_) {
    if (room != nullptr && !room->fresh.empty()) {
      room->shared->deliver(room->as_thread, room->fresh);
    }
  }
}

void Worker::report() {
  const double cpu = plan_.spin ? busy_seconds_ : cpu_seconds();
  current_.thread = index_;
  current_.cpu_seconds = cpu - std::exchange(cpu_reported_, cpu);
  reports_.post(std::exchange(current_, new_report()));
}

WorkerReport Worker::new_report() const {
  WorkerReport report;
  report.latency.resize(plan_.target.kinds.size());
  return report;
}

double Worker::cpu_seconds() const {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

void Worker::close_orders() {
  for (const std::unique_ptr<LoadClient>& client : crowd_.clients()) {
    RoomOrder& order = room_of(*client).order;
    if (client->follower.is_guest) {
      order.leave(client->follower, completed_);
    } else {
      order.close(client->follower);
    }
  }
}

}  // namespace loadgen
