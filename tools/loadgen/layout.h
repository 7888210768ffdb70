#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/loadgen/plan.h"
#include "tools/loadgen/wire.h"

namespace loadgen {

// What a client is here for beside listening.
enum class Role : std::uint8_t {
  kOrdinary,      // nothing: whoever measures, measures it
  kSlow,          // it reads slowly
  kReconnecting,  // it loses its connection now and then
};

// How many of the plan's clients are none of the ordinary ones.
std::size_t clients_with_a_role(const Plan& plan);

// Who is where: in which room a client listens and in which it speaks, which thread it belongs to,
// who sends, and what everything is called on the server. Clients are numbered from 0; the first
// `senders` of them send. Where clients talk in pairs, each listens in a room of its own, in which
// the other speaks. Where there are clients of several kinds, those of a room come in turn, so that
// every room has some of each, as has every thread. A plain value, the same on every thread.
class Layout {
 public:
  // run_key: tells the names of this run from those of another on the same server.
  Layout(const Plan& plan, std::uint64_t run_key);

  std::size_t clients() const { return clients_; }
  std::size_t rooms() const { return rooms_; }
  std::size_t senders() const { return senders_; }
  std::size_t threads() const { return threads_; }
  // The first so many stay from the beginning to the end; the others come and go (churn).
  std::size_t steady() const { return steady_; }
  bool is_steady(std::size_t client) const { return client < steady_; }
  // The first so many are ordinary ones.
  std::size_t ordinary() const { return ordinary_; }
  Role role_of(std::size_t client) const { return client < ordinary_ ? Role::kOrdinary : role_; }
  // Which of the target's kinds.
  std::size_t kind_of(std::size_t client) const;

  std::size_t listens_in(std::size_t client) const;
  std::size_t speaks_in(std::size_t client) const;
  std::size_t thread_of(std::size_t client) const;
  // Members of a room, of all threads: all, and those who stay.
  std::size_t members_of(std::size_t room) const { return share_of(room, clients_); }
  std::size_t steady_members_of(std::size_t room) const { return share_of(room, steady_); }
  std::size_t slow_members_of(std::size_t room) const {
    return role_ == Role::kSlow ? share_of(room, clients_) - share_of(room, ordinary_) : 0;
  }
  // Whether a room has members on more than one thread.
  bool rooms_are_split() const { return threads_ > rooms_; }
  // Of the messages in flight in a closed loop, those of this sender.
  std::size_t window_of(std::size_t sender) const;

  // At most 9 characters. Churning clients get a new number each time they come.
  std::string client_name(std::uint64_t number) const;
  std::string room_name(std::size_t room) const;
  Channel channel_of(std::size_t client) const;

 private:
  std::size_t share_of(std::size_t room, std::size_t clients) const;

  bool is_pairs_;
  bool is_lobby_;
  std::size_t clients_;
  std::size_t rooms_;
  std::size_t senders_;
  std::size_t steady_;
  std::size_t ordinary_;
  Role role_;  // of the others
  std::size_t threads_;
  std::size_t window_;
  std::size_t kinds_;
  std::vector<std::size_t> more_kinds_;  // in their turn, when one of each was there
  std::string run_name_;
};

}  // namespace loadgen
