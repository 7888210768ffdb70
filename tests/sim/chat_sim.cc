#include "tests/sim/chat_sim.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "chat/storage/open_storage.h"
#include "chat/storage/sqlite_store.h"
#include "reactor/check.h"

namespace sim {

using std::chrono::milliseconds;

Peer::Peer(World& world, int fd, std::unique_ptr<Speech> speech)
    : world_(&world),
      speech_(std::move(speech)),
      fd_(fd),
      unsent_(speech_ ? speech_->greeting() : std::string()) {}

void Peer::send_line(std::string_view line) { unsent_ += speech_->say(line); }

void Peer::write_some(std::size_t bytes_max) {
  if (open_) {
    const std::string_view offered = std::string_view(unsent_).substr(0, bytes_max);
    unsent_.erase(0, world_->peer_write(fd_, offered));
  }
}

void Peer::read_some(std::size_t bytes_max) {
  if (!open_ || !reads) {
    return;
  }
  partial_line_ += world_->peer_read(fd_, bytes_max);
  if (speech_) {
    speech_->hear(partial_line_, lines_);
  }
  if (world_->peer_at_end(fd_)) {
    close();
  }
}

void Peer::shutdown_write() {
  if (open_) {
    world_->peer_shutdown_write(fd_);
  }
}

void Peer::close() {
  if (std::exchange(open_, false)) {
    world_->peer_close(fd_);
  }
}

void Peer::reset() {
  if (std::exchange(open_, false)) {
    world_->peer_reset(fd_);
  }
}

std::size_t Peer::count(std::string_view prefix) const {
  return static_cast<std::size_t>(
      std::count_if(lines_.begin(), lines_.end(),
                    [prefix](const auto& line) { return line.starts_with(prefix); }));
}

bool Peer::got(std::string_view line) const {
  return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
}

chat::ServerOptions ChatSim::default_options() {
  chat::ServerOptions options;
  options.limits.clients_max = 1000;
  return options;
}

ChatSim::ChatSim(std::uint64_t seed, chat::ServerOptions options, std::optional<SimStorage> storage)
    : world_(seed), options_(std::move(options)), storage_(storage) {
  world_.loops_sleep = true;
  spdlog::set_level(spdlog::level::off);
  options_.make_token = [this] { return fmt::format("token{:016x}", world_.random()()); };
  if (storage_) {
    disk_ = std::make_unique<Disk>(world_.random(), [this] { return world_.unix_ms(); });
  }
  start_server();
}

chat::Recovered ChatSim::start_server() {
  chat::Storage storage = open_storage();
  chat::Recovered recovered = storage.recovered;
  nets_.clear();
  const auto make_net = [this] {
    auto net = std::make_unique<SimNet>(world_);
    nets_.push_back(net.get());
    return net;
  };
  server_ = std::make_unique<chat::Server>(options_, make_net, std::move(storage));
  CHECK(server_->listen(address_, address_) == 0, "the simulated network refuses to listen");
  return recovered;
}

chat::Storage ChatSim::open_storage() {
  if (!storage_) {
    return chat::open_memory_storage();
  }
  chat::SqliteStoreOptions sqlite;
  sqlite.vfs = disk_->vfs_name();
  sqlite.retention = storage_->retention;
  sqlite.heard_early = !storage_->delivers_when_kept;
  chat::Storage storage;
  storage.store = std::make_unique<chat::SqliteStore>(sqlite);
  storage.recovered =
      storage.store->recover(world_.unix_ms() - options_.limits.retry_window.count());
  if (storage_->watcher != nullptr) {
    storage_->watcher->on_start(*storage.store, storage.recovered);
  }
  storage.delivers_when_kept = storage_->delivers_when_kept;
  storage.make_port = [this](std::unique_ptr<chat::MessageStore> store, reactor::Reactor& loop,
                             chat::StoreEvents& events, chat::StoreMetrics& metrics) {
    auto port = std::make_unique<SimStore>(world_, std::move(store), storage_->queue_bytes_max,
                                           loop, events, metrics, storage_->watcher);
    store_ = port.get();
    return port;
  };
  return storage;
}

chat::Recovered ChatSim::crash(bool power_fails) {
  if (power_fails) {
    disk_->crash();
  }
  store_->abandon();
  server_.reset();
  world_.end_server_process();
  return start_server();
}

chat::Recovered ChatSim::restart() {
  server_->drain();
  for (int rounds = 0; !server_->drained(); ++rounds) {
    CHECK(rounds < 10'000, "the server does not end");
    settle();
    world_.advance(milliseconds{10});
  }
  server_.reset();
  return start_server();
}

ChatSim::~ChatSim() = default;

Peer* ChatSim::connect(std::unique_ptr<Speech> speech, std::string_view ipv4) {
  in_addr host{};
  inet_pton(AF_INET, std::string(ipv4).c_str(), &host);
  const int fd =
      world_.peer_connect(address_, reactor::Address::ipv4(ntohl(host.s_addr), next_peer_port_++));
  if (fd < 0) {
    return nullptr;
  }
  peers_.push_back(std::make_unique<Peer>(world_, fd, std::move(speech)));
  return peers_.back().get();
}

Peer* ChatSim::join_as(std::string_view name, std::string_view capabilities, Speaks speaks) {
  Peer* peer = connect(make_speech(speaks));
  peer->send_line(fmt::format("HELLO:1:{}", capabilities));
  peer->send_line(fmt::format("REGISTER:{}", name));
  settle();
  return peer;
}

void ChatSim::step() {
  const auto& shards = server_->shards();
  if (store_ != nullptr && world_.chance(60)) {
    store_->work();
    return;
  }
  const std::size_t actor = world_.below(shards.size() + peers_.size() + 1);
  if (actor < shards.size()) {
    turn(*shards[actor]);
  } else if (actor < shards.size() + peers_.size()) {
    Peer& peer = *peers_[actor - shards.size()];
    peer.write_some(1 + world_.below(200));
    peer.read_some(1 + world_.below(4000));
  } else {
    world_.advance(std::chrono::microseconds{world_.below(2000)});
  }
}

// A loop that would sleep is left alone: what it has put off must not hang on a turn that somebody
// else's message makes by chance.
void ChatSim::turn(chat::Shard& shard) {
  try {
    shard.reactor().turn();
  } catch (const WouldSleep&) {
  }
}

// Counters that only ever grow, so that no two changes cancel out.
std::uint64_t ChatSim::activity() const {
  std::uint64_t sum = 0;
  for (const auto& shard : server_->shards()) {
    const reactor::Stats& stats = shard->reactor().stats();
    sum += stats.bytes_read + stats.bytes_written + stats.accepted +
           shard->metrics().deliveries.value() + shard->metrics().sessions_opened.value();
    for (const std::uint64_t closes : stats.closes) {
      sum += closes;
    }
  }
  for (const auto& peer : peers_) {
    sum += peer->lines().size() + peer->bytes().size() + (peer->open() ? 0 : 1);
  }
  return sum;
}

bool ChatSim::anything_pending() const {
  return (store_ != nullptr && !store_is_held_ && store_->has_work()) ||
         std::any_of(nets_.begin(), nets_.end(), [](const SimNet* net) { return net->pending(); });
}

void ChatSim::settle() {
  // Injected delays hide progress for some rounds.
  constexpr int kQuietRounds = 12;
  for (int quiet = 0; quiet < kQuietRounds;) {
    const std::uint64_t before = activity();
    for (const auto& peer : peers_) {
      peer->write_some(SIZE_MAX);
    }
    for (const auto& shard : server_->shards()) {
      turn(*shard);
    }
    if (store_ != nullptr && !store_is_held_) {
      store_->work();
    }
    for (const auto& peer : peers_) {
      peer->read_some(SIZE_MAX);
    }
    quiet = activity() == before && !anything_pending() ? quiet + 1 : 0;
  }
}

void ChatSim::pass(reactor::Duration time) {
  constexpr reactor::Duration kStep = milliseconds{50};
  for (; time.count() > 0; time -= kStep) {
    world_.advance(std::min(time, kStep));
    settle();
  }
}

std::uint64_t ChatSim::sessions_ever() const {
  std::uint64_t sum = 0;
  for (const auto& shard : server_->shards()) {
    sum += shard->metrics().sessions_opened.value();
  }
  return sum;
}

std::uint64_t ChatSim::ends() const {
  std::uint64_t sum = 0;
  for (const auto& shard : server_->shards()) {
    for (const chat::Counter& count : shard->metrics().sessions_closed) {
      sum += count.value();
    }
  }
  return sum;
}

std::string ChatSim::broken_invariant() {
  if (!world_.mistakes().empty()) {
    return world_.mistakes().front();
  }
  for (const auto& shard : server_->shards()) {
    // A ring's block is at most twice its content, and growing holds two for a moment.
    const std::size_t lent_max =
        shard->reactor().connection_count() *
        (2 * options_.limits.out_bytes_max + 4 * options_.limits.line_bytes_max);
    if (shard->reactor().pool().bytes_lent() > lent_max) {
      return fmt::format("shard {} holds {} bytes of buffers, more than {}", shard->index(),
                         shard->reactor().pool().bytes_lent(), lent_max);
    }
  }
  return {};
}

std::string ChatSim::leftovers() {
  for (const auto& peer : peers_) {
    peer->close();
  }
  world_.faults = {};
  settle();
  pass(options_.limits.drain_timeout + options_.limits.stall_timeout);
  if (std::string broken = broken_invariant(); !broken.empty()) {
    return broken;
  }
  for (const auto& shard : server_->shards()) {
    if (shard->session_count() != 0 || shard->reactor().connection_count() != 0 ||
        shard->reactor().pool().bytes_lent() != 0) {
      return fmt::format("shard {} still has {} sessions, {} connections, {} bytes lent",
                         shard->index(), shard->session_count(),
                         shard->reactor().connection_count(), shard->reactor().pool().bytes_lent());
    }
  }
  if (hub().client_count() != 0 || server_->switchboard().admission().count() != 0) {
    return fmt::format("the hub still has {} clients, {} are admitted", hub().client_count(),
                       server_->switchboard().admission().count());
  }
  if (ends() != sessions_ever()) {
    return fmt::format("{} sessions had {} ends", sessions_ever(), ends());
  }
  if (world_.server_descriptors() != 1) {
    return fmt::format("{} descriptors are left beside the listener",
                       world_.server_descriptors() - 1);
  }
  return {};
}

}  // namespace sim
