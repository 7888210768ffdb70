#include "tools/loadgen/layout.h"

#include <algorithm>
#include <cmath>

namespace loadgen {
namespace {

std::string base36(std::uint64_t value, std::size_t digits) {
  std::string result(digits, '0');
  for (std::size_t i = digits; i > 0; --i, value /= 36) {
    result[i - 1] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
  }
  return result;
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
      is_lobby_(plan.workload != Workload::kRooms && plan.rooms == 1 && !is_pairs_),
      clients_(plan.clients),
      rooms_(is_pairs_ ? plan.clients : plan.rooms),
      senders_(plan.senders),
      steady_(plan.workload == Workload::kChurn ? std::max(plan.senders, plan.clients / 2)
                                                : plan.clients),
      ordinary_(plan.clients - clients_with_a_role(plan)),
      role_(role_in(plan.workload)),
      threads_(plan.threads),
      window_(plan.window),
      run_name_(base36(run_key, 3)) {}

std::size_t Layout::listens_in(std::size_t client) const { return client % rooms_; }

std::size_t Layout::speaks_in(std::size_t client) const {
  return listens_in(is_pairs_ ? client ^ 1 : client);
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
