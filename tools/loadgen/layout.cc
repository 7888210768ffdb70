#include "tools/loadgen/layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "reactor/check.h"

namespace loadgen {
namespace {

std::string base36(std::uint64_t value, std::size_t digits) {
  std::string result(digits, '0');
  for (std::size_t i = digits; i > 0; --i, value /= 36) {
    result[i - 1] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
  }
  return result;
}

// Kinds in turn by their shares, beside one of each: who is farthest behind his share comes next.
std::vector<std::size_t> turns_of(const std::vector<KindShare>& kinds) {
  std::size_t divisor = 0;
  for (const KindShare& one : kinds) {
    divisor = std::gcd(divisor, one.share);
  }
  std::vector<std::size_t> left(kinds.size());
  std::ranges::transform(kinds, left.begin(), [divisor](const KindShare& one) {
    CHECK(divisor > 0, "kinds without a share", one.share);
    return one.share / divisor - 1;
  });
  const std::vector<std::size_t> in_all = left;
  std::vector<std::size_t> turns;
  for (std::size_t sum = std::accumulate(left.begin(), left.end(), std::size_t{0}); sum > 0;
       --sum) {
    std::size_t next = 0;
    for (std::size_t kind = 1; kind < kinds.size(); ++kind) {
      next = left[kind] * in_all[next] > left[next] * in_all[kind] || left[next] == 0 ? kind : next;
    }
    turns.push_back(next);
    --left[next];
  }
  return turns;
}

Role role_in(Workload workload) {
  switch (workload) {
    case Workload::kSlowReaders:
      return Role::kSlow;
    case Workload::kReconnect:
      return Role::kReconnecting;
    default:
      return Role::kOrdinary;
  }
}

}  // namespace

std::size_t clients_with_a_role(const Plan& plan) {
  const Role role = role_in(plan.workload);
  if (role == Role::kOrdinary) {
    return 0;
  }
  const double share = role == Role::kSlow ? plan.slow_readers.share : plan.reconnects.share;
  const double clients = std::round(share * static_cast<double>(plan.clients));
  return std::max<std::size_t>(1, static_cast<std::size_t>(clients));
}

Layout::Layout(const Plan& plan, std::uint64_t run_key)
    : is_pairs_(plan.workload == Workload::kDirect),
      // IRC has no room that everybody is in.
      is_lobby_(plan.workload != Workload::kRooms && plan.rooms == 1 && !is_pairs_ &&
                !plan.target.is_mixed()),
      clients_(plan.clients),
      rooms_(is_pairs_ ? plan.clients : plan.rooms),
      senders_(plan.senders),
      steady_(plan.workload == Workload::kChurn ? std::max(plan.senders, plan.clients / 2)
                                                : plan.clients),
      ordinary_(plan.clients - clients_with_a_role(plan)),
      role_(role_in(plan.workload)),
      threads_(plan.threads),
      window_(plan.window),
      kinds_(plan.target.kinds.size()),
      more_kinds_(turns_of(plan.target.kinds)),
      run_name_(base36(run_key, 3)) {}

std::size_t Layout::listens_in(std::size_t client) const { return client % rooms_; }

std::size_t Layout::speaks_in(std::size_t client) const {
  return listens_in(is_pairs_ ? client ^ 1 : client);
}

std::size_t Layout::kind_of(std::size_t client) const {
  const std::size_t room = is_pairs_ ? 0 : client % rooms_;
  const std::size_t member = is_pairs_ ? client : client / rooms_;
  const std::size_t threads = rooms_are_split() ? threads_ : 1;
  const std::size_t turn = member / threads % (kinds_ + more_kinds_.size());
  // Who comes first is another in each room, and on each thread.
  return turn < kinds_ ? (turn + room + member % threads) % kinds_ : more_kinds_[turn - kinds_];
}

// Whole rooms, or whole pairs, where there are enough of them.
std::size_t Layout::thread_of(std::size_t client) const {
  if (is_pairs_) {
    return client / 2 % threads_;
  }
  return (rooms_are_split() ? client / rooms_ : client % rooms_) % threads_;
}

// Of the first so many clients, those who are in the room.
std::size_t Layout::share_of(std::size_t room, std::size_t clients) const {
  return clients / rooms_ + (room < clients % rooms_ ? 1 : 0);
}

std::size_t Layout::window_of(std::size_t sender) const {
  return window_ / senders_ + (sender < window_ % senders_ ? 1 : 0);
}

std::string Layout::client_name(std::uint64_t number) const {
  return "l" + run_name_ + base36(number, 5);
}

std::string Layout::room_name(std::size_t room) const {
  return "lg" + run_name_ + "-" + std::to_string(room);
}

Channel Layout::channel_of(std::size_t client) const {
  if (is_pairs_) {
    return {Channel::Kind::kDirect, client_name(client), client_name(client ^ 1)};
  }
  const std::string name = room_name(listens_in(client));
  return {is_lobby_ ? Channel::Kind::kLobby : Channel::Kind::kRoom, name, name};
}

}  // namespace loadgen
