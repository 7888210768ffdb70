#include "tools/loadgen/crowd.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "reactor/check.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

Duration interval_of(double per_second) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / per_second));
}

}  // namespace

Crowd::Crowd(const Plan& plan, const Layout& layout, std::size_t thread, reactor::Reactor& loop,
             CrowdEvents& events)
    : plan_(plan),
      layout_(layout),
      loop_(loop),
      events_(events),
      next_number_(layout.clients() + thread),
      connects_per_second_(plan.connects_per_second / static_cast<double>(layout.threads())),
      registrations_(plan.target.kinds.size()) {
  if (plan.workload == Workload::kReconnect) {
    Reconnects::Host& host = *this;
    reconnects_ = std::make_unique<Reconnects>(
        plan.reconnects, layout.clients() - layout.ordinary(), plan.seed + thread, loop, host);
  }
  for (std::size_t place = 0; place < layout.clients(); ++place) {
    if (layout.thread_of(place) != thread) {
      continue;
    }
    if (!layout.is_steady(place)) {
      churners_.push_back(clients_.size());
    }
    places_.push_back(place);
    clients_.push_back(make_client(place, place));
    if (layout.role_of(place) == Role::kReconnecting) {
      reconnects_->add(*clients_.back());
    }
  }
}

Crowd::~Crowd() {
  loop_.timers().cancel(connect_timer_);
  loop_.timers().cancel(churn_timer_);
}

std::unique_ptr<LoadClient> Crowd::make_client(std::size_t place, std::uint64_t number) {
  ClientHost& host = *this;
  WireNeeds needs;
  needs.acks = plan_.acks && place < layout_.senders();
  needs.resumes = layout_.role_of(place) == Role::kReconnecting;
  const Kind& kind = plan_.target.kinds[layout_.kind_of(place)].kind;
  auto client = std::make_unique<LoadClient>(
      host, place_in(layout_, place),
      make_wire(kind, plan_.target.place(), layout_.client_name(number), layout_.channel_of(place),
                needs),
      plan_.target.transport_for(kind));
  client->follower.id = static_cast<std::uint32_t>(number);
  client->follower.kind = plan_.target.is_mixed() ? scheme_of(kind) : std::string_view();
  client->follower.is_guest = !layout_.is_steady(place);
  const bool hears_own_room = layout_.speaks_in(place) == layout_.listens_in(place);
  if (place < layout_.senders() && hears_own_room && !plan_.target.echoes()) {
    client->follower.not_from = static_cast<std::uint32_t>(place);
  }
  return client;
}

void Crowd::connect() {
  connects_counted_at_ = loop_.now();
  connects_saved_ = 1;
  connect_more();
}

void Crowd::connect_more() {
  const std::size_t at_once = std::max<std::size_t>(1, plan_.connects_at_once / layout_.threads());
  while (next_to_connect_ < clients_.size() && logging_in_ < at_once && may_connect_now()) {
    connect_one(*clients_[next_to_connect_++]);
  }
}

// A token bucket as deep as one turn of the timer is long.
bool Crowd::may_connect_now() {
  if (connects_per_second_ == 0) {
    return true;
  }
  constexpr Duration kLook = std::chrono::milliseconds{1};
  const double passed = std::chrono::duration<double>(loop_.now() - connects_counted_at_).count();
  const double deepest = std::max(1.0, connects_per_second_ * 0.01);
  connects_saved_ = std::min(deepest, connects_saved_ + passed * connects_per_second_);
  connects_counted_at_ = loop_.now();
  if (connects_saved_ < 1) {
    if (!loop_.timers().armed(connect_timer_)) {
      connect_timer_ = loop_.timers().arm(loop_.now() + kLook, *this, kConnect);
    }
    return false;
  }
  connects_saved_ -= 1;
  return true;
}

void Crowd::connect_one(LoadClient& client) {
  if (begin_connection(client)) {
    ++logging_in_;
  }
}

void Crowd::come_back(LoadClient& client) { begin_connection(client); }

// False when it can't even begin.
bool Crowd::begin_connection(LoadClient& client) {
  const std::vector<reactor::Address>& sources = plan_.source_addresses;
  const reactor::Address from =
      sources.empty() ? reactor::Address() : sources[sources_used_++ % sources.size()];
  const int error = client.connect(loop_, plan_.target.addresses.front(), from);
  if (error != 0) {
    note_lost(std::generic_category().message(error));
    return false;
  }
  ++counts_.open;
  return true;
}

void Crowd::note_lost(std::string_view why) {
  ++counts_.lost;
  if (first_error_.empty()) {
    first_error_ = why;
  }
}

void Crowd::on_ready(LoadClient& client) {
  if (reconnects_ != nullptr && reconnects_->on_ready(client)) {
    return;
  }
  --logging_in_;
  ++counts_.ready;
  registrations_[client.kind()].record((loop_.now() - client.connected_at()).count());
  connect_more();
}

void Crowd::on_gone(LoadClient& client, std::string_view why) {
  --counts_.open;
  if (!client.has_been_ready()) {
    --logging_in_;
  }
  if (is_quitting_ || (reconnects_ != nullptr && reconnects_->on_gone(client, !why.empty()))) {
    return;
  }
  if (!why.empty()) {
    note_lost(why);
  } else {
    replace(client);
  }
}

// What is asked of a server here it has to take: one that does not is of no use to the run.
void Crowd::on_not_taken(LoadClient& client, std::uint64_t /*number*/, std::string_view why) {
  client.give_up("the server says: " + printable(why));
}

void Crowd::on_gap(LoadClient& /*client*/, std::uint64_t first, std::uint64_t last) {
  reconnects_->on_gap(first, last);
}

void Crowd::on_caught_up(LoadClient& client) { reconnects_->on_caught_up(client); }

void Crowd::quit() {
  is_quitting_ = true;
  next_to_connect_ = clients_.size();
  loop_.timers().cancel(churn_timer_);
  if (reconnects_ != nullptr) {
    reconnects_->quit();
  }
  for (const std::unique_ptr<LoadClient>& client : clients_) {
    client->quit();
  }
}

void Crowd::stir() {
  begin_churn();
  if (reconnects_ != nullptr) {
    reconnects_->begin();
  }
}

void Crowd::settle() {
  if (reconnects_ != nullptr) {
    reconnects_->end();
  }
}

void Crowd::begin_churn() {
  if (plan_.churns_per_second > 0 && !churners_.empty() && !loop_.timers().armed(churn_timer_)) {
    next_churn_ = loop_.now();
    arm_churn();
  }
}

void Crowd::arm_churn() {
  // This thread's share of the rate is its share of those who come and go.
  const double share = static_cast<double>(churners_.size()) /
                       static_cast<double>(layout_.clients() - layout_.steady());
  next_churn_ += interval_of(plan_.churns_per_second * share);
  churn_timer_ = loop_.timers().arm(next_churn_, *this, kChurn);
}

void Crowd::churn_one() {
  LoadClient& client = *clients_[churners_[next_churner_]];
  next_churner_ = (next_churner_ + 1) % churners_.size();
  // One that has not come back yet is left alone: the rate is more than the server can do.
  if (client.is_ready()) {
    client.quit();
  }
}

// The one who has left is called by another name when he comes back: the server may not know yet
// that the old one is free.
void Crowd::replace(LoadClient& gone) {
  const auto found = std::find_if(clients_.begin(), clients_.end(),
                                  [&gone](const auto& client) { return client.get() == &gone; });
  CHECK(found != clients_.end(), "a client of another crowd", gone.number());
  events_.on_left(gone);
  ++counts_.churned;
  const auto index = static_cast<std::size_t>(found - clients_.begin());
  next_number_ += layout_.threads();
  *found = make_client(places_[index], next_number_);
  connect_one(**found);
}

void Crowd::on_timer(std::uint64_t argument) {
  if (argument == kConnect) {
    connect_more();
    return;
  }
  churn_one();
  arm_churn();
}

}  // namespace loadgen
