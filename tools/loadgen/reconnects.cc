#include "tools/loadgen/reconnects.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace loadgen {

Reconnects::Reconnects(const ReconnectPlan& plan, std::size_t clients, std::uint64_t seed,
                       reactor::Reactor& loop, Host& host)
    : plan_(plan), clients_(clients), loop_(loop), host_(host), random_(seed) {}

Reconnects::~Reconnects() { quit(); }

void Reconnects::add(LoadClient& client) {
  members_.push_back({&client, State::kThere, {}});
  ++result_.clients;
}

void Reconnects::begin() {
  if (members_.empty() || !std::exchange(is_over_, false)) {
    return;
  }
  next_due_ = loop_.now();
  arm_next();
}

void Reconnects::end() {
  is_over_ = true;
  loop_.timers().cancel(timer_);
  for (Member& member : members_) {
    if (member.state == State::kAway) {
      come_back(member);
    }
  }
}

void Reconnects::quit() {
  is_over_ = true;
  loop_.timers().cancel(timer_);
  for (Member& member : members_) {
    loop_.timers().cancel(member.timer);
    member.state = State::kLost;
  }
}

void Reconnects::arm_next() {
  const double share = static_cast<double>(members_.size()) / static_cast<double>(clients_);
  const std::chrono::duration<double> pause{1 / (plan_.per_second * share)};
  next_due_ += std::chrono::duration_cast<Duration>(pause);
  timer_ = loop_.timers().arm(next_due_, *this, kDrop);
}

void Reconnects::on_timer(std::uint64_t argument) {
  if (argument == kDrop) {
    drop_next();
    arm_next();
  } else {
    come_back(members_[argument]);
  }
}

// One who has not caught up yet is left alone: the rate is more than the server can do.
void Reconnects::drop_next() {
  Member& member = members_[next_];
  next_ = (next_ + 1) % members_.size();
  if (member.state == State::kThere && member.client->is_ready()) {
    member.state = State::kDropping;
    ++result_.dropped;
    member.client->drop(random_() % 2 == 0);
  }
}

bool Reconnects::on_gone(LoadClient& client, bool is_lost) {
  Member* const member = find(client);
  if (member == nullptr) {
    return false;
  }
  if (is_lost || member->state != State::kDropping) {
    member->state = State::kLost;
    return false;
  }
  member->state = State::kAway;
  if (is_over_) {
    come_back(*member);
    return true;
  }
  const Duration away{static_cast<std::int64_t>(
      random_() % static_cast<std::uint64_t>(std::chrono::nanoseconds(kAwayMax).count()))};
  member->timer = loop_.timers().arm(loop_.now() + away, *this,
                                     static_cast<std::uint64_t>(member - members_.data()));
  return true;
}

void Reconnects::come_back(Member& member) {
  loop_.timers().cancel(member.timer);
  member.state = State::kResuming;
  host_.come_back(*member.client);
}

bool Reconnects::on_ready(LoadClient& client) {
  Member* const member = find(client);
  if (member == nullptr || member->state != State::kResuming) {
    return false;
  }
  member->state = State::kCatchingUp;
  result_.resuming.record((loop_.now() - client.connected_at()).count());
  return true;
}

void Reconnects::on_caught_up(LoadClient& client) {
  Member* const member = find(client);
  if (member != nullptr && member->state == State::kCatchingUp) {
    member->state = State::kThere;
    result_.catching_up.record((loop_.now() - client.connected_at()).count());
  }
}

void Reconnects::on_gap(std::uint64_t first, std::uint64_t last) {
  ++result_.gaps;
  result_.gap_messages += last - first + 1;
  if (result_.first_gap.empty()) {
    result_.first_gap = fmt::format("{} to {}", first, last);
  }
}

Reconnects::Member* Reconnects::find(const LoadClient& client) {
  const auto found =
      std::find_if(members_.begin(), members_.end(),
                   [&client](const Member& member) { return member.client == &client; });
  return found == members_.end() ? nullptr : &*found;
}

}  // namespace loadgen
