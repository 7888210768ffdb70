#include "tools/loadgen/findings.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>

namespace loadgen {
namespace {

// By room.
using Senders = std::map<std::size_t, std::vector<const LoadClient*>>;

Senders senders_of(const WorkerPool& pool) {
  Senders senders;
  for (const std::unique_ptr<Worker>& worker : pool.workers()) {
    for (const std::unique_ptr<LoadClient>& client : worker->crowd().clients()) {
      if (client->number() < pool.layout().senders()) {
        senders[pool.layout().speaks_in(client->number())].push_back(client.get());
      }
    }
  }
  return senders;
}

// Who stays must get everything that others send in his room.
void count_lost(const std::vector<const LoadClient*>& senders, const Follower& follower,
                Integrity& integrity) {
  integrity.expected = 0;
  for (const LoadClient* sender : senders) {
    if (follower.not_from != sender->number()) {
      integrity.expected += sender->next_sequence;
    }
  }
  integrity.lost = integrity.expected - std::min(integrity.expected, integrity.delivered);
}

void collect_member(const Layout& layout, const LoadClient& member,
                    const std::vector<const LoadClient*>& senders, Result& result) {
  Integrity integrity = member.follower.integrity;
  if (layout.is_steady(member.number())) {
    count_lost(senders, member.follower, integrity);
  }
  result.rooms[member.room()].integrity.add(integrity);
  if (!result.kinds.empty()) {
    result.kinds[member.kind()].integrity.add(integrity);
    ++result.kinds[member.kind()].clients;
  }
}

void collect_registrations(const Crowd& crowd, Result& result) {
  for (std::size_t kind = 0; kind < crowd.registrations().size(); ++kind) {
    result.registration.latency.add(crowd.registrations()[kind]);
    if (!result.kinds.empty()) {
      result.kinds[kind].registration.add(crowd.registrations()[kind]);
    }
  }
}

void collect_worker(const Layout& layout, Worker& worker, Senders& senders, Result& result) {
  std::vector<RoomResult>& rooms = result.rooms;
  worker.close_orders();
  for (const std::unique_ptr<LoadClient>& client : worker.crowd().clients()) {
    collect_member(layout, *client, senders[client->room()], result);
  }
  for (std::size_t room = 0; room < rooms.size(); ++room) {
    if (worker.rooms()[room] == nullptr) {
      continue;
    }
    rooms[room].integrity.add(worker.rooms()[room]->left);
    const std::string& told = worker.rooms()[room]->order.disagreement();
    if (result.disagreement.empty() && !told.empty()) {
      result.disagreement = "in room " + rooms[room].name + " " + told;
    }
  }
}

// Threads that disagree about a room's order: each agrees with itself.
void collect_shared(const WorkerPool& pool, std::vector<RoomResult>& rooms,
                    std::string& disagreement) {
  for (std::size_t room = 0; room < pool.shared_orders().size(); ++room) {
    for (const std::unique_ptr<Worker>& worker : pool.workers()) {
      if (worker->rooms()[room] != nullptr) {
        rooms[room].integrity.reordered += worker->rooms()[room]->as_thread.integrity.reordered;
      }
    }
    const std::string& told = pool.shared_orders()[room]->disagreement();
    if (disagreement.empty() && !told.empty()) {
      disagreement = "in room " + rooms[room].name + " (clients are threads here) " + told;
    }
  }
}

Fairness collect_fairness(const WorkerPool& pool) {
  std::vector<double> means;
  for (const std::unique_ptr<Worker>& worker : pool.workers()) {
    for (const std::unique_ptr<LoadClient>& client : worker->crowd().clients()) {
      if (client->latency_count > 0) {
        means.push_back(client->latency_sum_ns / static_cast<double>(client->latency_count));
      }
    }
  }
  if (means.empty()) {
    return {};
  }
  std::sort(means.begin(), means.end());
  return {means.front(), means[means.size() / 2], means.back()};
}

}  // namespace

void collect_findings(const WorkerPool& pool, Result& result) {
  const Layout& layout = pool.layout();
  result.rooms.resize(layout.rooms());
  for (std::size_t room = 0; room < layout.rooms(); ++room) {
    result.rooms[room].name = layout.room_name(room);
    result.rooms[room].members = layout.members_of(room);
  }
  if (pool.plan().target.is_mixed()) {
    for (const KindShare& one : pool.plan().target.kinds) {
      result.kinds.emplace_back().scheme = scheme_of(one.kind);
    }
  }
  Senders senders = senders_of(pool);
  for (const std::unique_ptr<Worker>& worker : pool.workers()) {
    collect_worker(layout, *worker, senders, result);
    collect_registrations(worker->crowd(), result);
    result.connections_lost += worker->crowd().counts().lost;
    result.churned += worker->crowd().counts().churned;
    result.slow_readers.add(worker->slow_readers());
    result.acks.add(worker->acks());
    if (const Reconnects* reconnects = worker->crowd().reconnects()) {
      result.reconnects.add(reconnects->result());
    }
  }
  collect_shared(pool, result.rooms, result.disagreement);
  for (const RoomResult& room : result.rooms) {
    result.integrity.add(room.integrity);
  }
  result.fairness = collect_fairness(pool);
}

}  // namespace loadgen
