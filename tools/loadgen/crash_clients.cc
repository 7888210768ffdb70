#include "tools/loadgen/crash_clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>

namespace loadgen {

CrashClients::CrashClients(const Plan& plan, const Layout& layout, const PayloadFormat& format,
                           reactor::Reactor& loop, HistoryAudit& audit, Host& host)
    : format_(format), loop_(loop), audit_(audit), host_(host), members_(layout.clients()) {
  for (std::size_t place = 0; place < members_.size(); ++place) {
    ClientHost& client_host = *this;
    const WireNeeds needs{place < layout.senders(), true};
    const Kind& kind = plan.target.kinds.front().kind;
    members_[place].client =
        std::make_unique<LoadClient>(client_host, place_in(layout, place),
                                     make_wire(kind, plan.target.place(), layout.client_name(place),
                                               layout.channel_of(place), needs),
                                     plan.target.transport_for(kind));
  }
}

void CrashClients::connect_all(const reactor::Address& to, Mode mode) {
  address_ = to;
  mode_ = mode;
  for (Member& member : members_) {
    if (!member.is_out && member.client->is_away()) {
      connect(member);
    }
  }
}

void CrashClients::connect(Member& member) {
  member.is_caught_up = false;
  if (const int error = member.client->connect(loop_, address_, {}); error != 0) {
    note_lost(member, std::generic_category().message(error));
    member.is_out = true;
  }
}

void CrashClients::quit_all() {
  mode_ = Mode::kLeaving;
  for (Member& member : members_) {
    member.client->quit();
  }
}

void CrashClients::publish(std::size_t sender, std::int64_t now_ns, std::size_t bytes) {
  Member& member = members_[sender];
  LoadClient& client = *member.client;
  if (!client.is_ready() || member.outbox.size() >= kOutboxMax) {
    return;
  }
  const std::uint64_t sequence = client.next_sequence++;
  format_.write({client.number(), sequence, now_ns, now_ns}, bytes, payload_);
  audit_.sent({client.number(), sequence});
  member.outbox.add(sequence, payload_);
  client.publish_numbered(sequence, payload_);
  ++sent_;
}

void CrashClients::send_again(Member& sender, bool only_refused) {
  if (!sender.client->is_ready()) {
    return;
  }
  for (Outbox::Message& message : sender.outbox.messages()) {
    if (message.is_refused || !only_refused) {
      message.is_refused = false;
      sender.client->publish_numbered(message.number, message.payload);
      ++sent_again_;
    }
  }
}

void CrashClients::send_refused() {
  for (Member& member : members_) {
    send_again(member, /*only_refused=*/true);
  }
}

void CrashClients::fence_all() {
  for (Member& member : members_) {
    if (member.client->is_ready()) {
      member.is_caught_up = false;
      member.client->fence();
    }
  }
}

void CrashClients::note_lost(Member& member, std::string_view why) {
  ++connections_lost_;
  if (first_connection_lost_.empty()) {
    first_connection_lost_ = fmt::format("client {}: {}", member.client->number(), why);
  }
}

void CrashClients::on_ready(LoadClient& client) {
  Member& member = member_of(client);
  if (mode_ == Mode::kLoggingIn) {
    member.is_caught_up = true;
    registration_.record((loop_.now() - client.connected_at()).count());
  }
  send_again(member, /*only_refused=*/false);
  if (is_everybody_there()) {
    host_.on_everybody_there();
  }
}

void CrashClients::on_gone(LoadClient& client, std::string_view why) {
  Member& member = member_of(client);
  if (mode_ == Mode::kDown || mode_ == Mode::kLeaving) {
    return;
  }
  if (mode_ == Mode::kLoggingIn) {
    login_error_ = fmt::format("client {} of {} could not log in: {}", client.number() + 1,
                               members_.size(), why);
  } else if (client.is_refused()) {
    member.is_out = true;
    if (++sessions_lost_ == 1) {
      first_session_lost_ = fmt::format("client {}: {}", client.number(), why);
    }
  } else {
    note_lost(member, why);
    if (++member.lost > kLostMax) {
      member.is_out = true;
    } else {
      connect(member);
    }
  }
}

void CrashClients::on_delivery(LoadClient& client, std::string_view payload) {
  if (const std::optional<Stamp> stamp = format_.read(payload)) {
    audit_.heard(client.number(), {stamp->sender, stamp->sequence}, client.delivery_id());
  } else {
    audit_.heard_corrupted();
  }
}

void CrashClients::on_ack(LoadClient& client, std::uint64_t number, std::uint64_t id) {
  if (!member_of(client).outbox.take(number)) {
    ++unexpected_acks_;
  }
  if (number < client.next_sequence) {
    audit_.acknowledged({client.number(), number}, id);
  }
}

void CrashClients::on_not_taken(LoadClient& client, std::uint64_t number,
                                std::string_view /*why*/) {
  member_of(client).outbox.refuse(number);
}

void CrashClients::on_gap(LoadClient& /*client*/, std::uint64_t first, std::uint64_t last) {
  audit_.gap(first, last);
}

void CrashClients::on_caught_up(LoadClient& client) { member_of(client).is_caught_up = true; }

std::size_t CrashClients::count_ready() const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(),
                    [](const Member& member) { return member.client->is_ready(); }));
}

bool CrashClients::is_everybody_there() const {
  return std::all_of(members_.begin(), members_.end(), [](const Member& member) {
    return member.is_out || member.client->is_ready();
  });
}

bool CrashClients::is_everybody_caught_up() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const Member& member) { return member.is_out || member.is_caught_up; });
}

bool CrashClients::is_everybody_away() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const Member& member) { return member.client->is_away(); });
}

std::uint64_t CrashClients::count_unacknowledged() const {
  std::uint64_t count = 0;
  for (const Member& member : members_) {
    count += member.outbox.size();
  }
  return count;
}

}  // namespace loadgen
