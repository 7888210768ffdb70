#include "tests/sim/sim_world.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sim {

using reactor::Address;

std::unique_ptr<reactor::Net> World::make_net() { return std::make_unique<SimNet>(*this); }

std::int64_t World::unix_ms() const {
  return wall_offset_ms_ +
         std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
}

bool World::chance(int per_mille) {
  return per_mille > 0 && below(1000) < static_cast<std::size_t>(per_mille);
}

World::Socket* World::find(int fd) {
  const auto found = sockets_.find(fd);
  return found == sockets_.end() ? nullptr : &found->second;
}

World::ListenSocket* World::listener_at(const Address& address) {
  for (auto& [fd, listener] : listeners_) {
    if (listener.address.size() == address.size() &&
        std::memcmp(listener.address.data(), address.data(), address.size()) == 0) {
      return &listener;
    }
  }
  return nullptr;
}

std::pair<int, int> World::new_pair(const Address& local, const Address& remote) {
  const int near = new_fd();
  const int far = new_fd();
  sockets_[near].far = far;
  sockets_[near].local = local;
  sockets_[near].peer = remote;
  sockets_[far].far = near;
  sockets_[far].local = remote;
  sockets_[far].peer = local;
  return {near, far};
}

std::size_t World::room_of(const Socket& socket) const {
  return socket.inbox.size() >= socket_buffer_bytes ? 0 : socket_buffer_bytes - socket.inbox.size();
}

// Moves bytes from `from` into the far inbox, as many as fit, and makes the far edge.
std::size_t World::deliver(Socket& from, std::string_view bytes) {
  Socket* far = find(from.far);
  if (far == nullptr) {
    return 0;
  }
  const std::size_t count = std::min(bytes.size(), room_of(*far));
  if (count < bytes.size()) {
    from.was_full = true;
  }
  if (count > 0) {
    far->inbox.append(bytes.substr(0, count));
    far->edge_readable = true;
  }
  return count;
}

// The reader has taken something: a writer that was stopped gets its edge.
void World::drained(Socket& reader) {
  Socket* far = find(reader.far);
  if (far != nullptr && far->was_full && room_of(reader) > 0) {
    far->was_full = false;
    far->edge_writable = true;
  }
}

void World::end_half(Socket& socket) {
  if (std::exchange(socket.ended, true)) {
    return;
  }
  if (Socket* far = find(socket.far)) {
    far->far_ended = true;
    far->edge_readable = true;
    far->edge_hangup = far->ended;
  }
}

void World::break_connection(int fd) {
  Socket* socket = find(fd);
  if (socket == nullptr) {
    return;
  }
  if (Socket* far = find(socket->far)) {
    far->reset = true;
    far->inbox.clear();
    far->far = -1;
    far->edge_readable = far->edge_writable = far->edge_hangup = true;
  }
}

void World::release(int fd) {
  if (Socket* socket = find(fd)) {
    if (!socket->inbox.empty()) {
      break_connection(fd);  // closing with unread bytes resets, as TCP does
    } else {
      end_half(*socket);
      if (Socket* far = find(socket->far)) {
        far->far = -1;
        far->edge_writable = true;
      }
    }
    server_descriptors_ -= socket->server_side ? 1 : 0;
    sockets_.erase(fd);
  }
}

void World::end_server_process() {
  std::vector<int> open;
  for (const auto& [fd, socket] : sockets_) {
    if (socket.server_side) {
      open.push_back(fd);
    }
  }
  for (const int fd : open) {
    release(fd);
  }
}

int World::peer_connect(const Address& to, const Address& from) {
  ListenSocket* listener = listener_at(to);
  if (listener == nullptr) {
    return -1;
  }
  const auto [server, peer] = new_pair(to, from);
  listener->backlog.push_back(server);
  listener->edge = true;
  return peer;
}

std::size_t World::peer_write(int fd, std::string_view bytes) {
  Socket* socket = find(fd);
  return socket == nullptr || socket->reset || socket->ended ? 0 : deliver(*socket, bytes);
}

std::string World::peer_read(int fd, std::size_t bytes_max) {
  Socket* socket = find(fd);
  if (socket == nullptr) {
    return {};
  }
  const std::size_t count = std::min(bytes_max, socket->inbox.size());
  std::string bytes = socket->inbox.substr(0, count);
  socket->inbox.erase(0, count);
  if (count > 0) {
    drained(*socket);
  }
  return bytes;
}

bool World::peer_at_end(int fd) const {
  const auto found = sockets_.find(fd);
  return found == sockets_.end() || found->second.reset ||
         (found->second.far_ended && found->second.inbox.empty());
}

void World::peer_shutdown_write(int fd) {
  if (Socket* socket = find(fd)) {
    end_half(*socket);
  }
}

void World::peer_close(int fd) { release(fd); }

void World::peer_reset(int fd) {
  break_connection(fd);
  sockets_.erase(fd);
}

bool SimNet::pending() const {
  if (woken_) {
    return true;
  }
  for (const auto& [fd, socket] : world_.sockets_) {
    if (socket.watcher == this &&
        (socket.edge_readable || socket.edge_writable || socket.edge_hangup)) {
      return true;
    }
  }
  return std::any_of(world_.listeners_.begin(), world_.listeners_.end(), [this](const auto& entry) {
    return entry.second.watcher == this && entry.second.edge;
  });
}

int SimNet::watch(int fd, reactor::Token token) {
  if (const auto found = world_.listeners_.find(fd); found != world_.listeners_.end()) {
    found->second.watcher = this;
    found->second.token = token;
    found->second.edge = !found->second.backlog.empty();
    return 0;
  }
  World::Socket* socket = world_.find(fd);
  if (socket == nullptr || socket->watcher != nullptr) {
    world_.mistake("watch of a descriptor that is closed or watched already");
    return EBADF;
  }
  socket->watcher = this;
  socket->token = token;
  socket->edge_readable = !socket->inbox.empty() || socket->far_ended || socket->reset;
  socket->edge_writable = true;
  return 0;
}

void SimNet::unwatch(int fd) {
  if (const auto found = world_.listeners_.find(fd); found != world_.listeners_.end()) {
    found->second.watcher = nullptr;
  } else if (World::Socket* socket = world_.find(fd)) {
    socket->watcher = nullptr;
  } else {
    world_.mistake("unwatch of a closed descriptor");
  }
}

std::span<const reactor::Ready> SimNet::wait(std::optional<reactor::Duration> timeout) {
  if (world_.loops_sleep && timeout != reactor::Duration::zero() && !pending()) {
    throw WouldSleep();
  }
  ++waits;
  woken_ = false;
  batch_.clear();
  collect();
  std::shuffle(batch_.begin(), batch_.end(), world_.random());
  return batch_;
}

void SimNet::collect() {
  const std::size_t batch_max = world_.chance(world_.faults.short_batch) ? 1 : kEventsMax;
  for (auto& [fd, listener] : world_.listeners_) {
    if (listener.watcher == this && listener.edge && batch_.size() < batch_max) {
      listener.edge = false;
      batch_.push_back({listener.token, true, false, false});
    }
  }
  for (auto& [fd, socket] : world_.sockets_) {
    if (batch_.size() >= batch_max) {
      return;
    }
    if (socket.watcher != this || world_.chance(world_.faults.delayed_event)) {
      continue;
    }
    if (world_.chance(world_.faults.spurious)) {
      batch_.push_back({socket.token, true, true, world_.chance(500)});
    }
    if (!socket.edge_readable && !socket.edge_writable && !socket.edge_hangup) {
      continue;
    }
    if (socket.edge_readable && socket.edge_writable && world_.chance(300)) {
      // As kqueue does it: one report for each direction.
      batch_.push_back({socket.token, true, false, false});
      batch_.push_back({socket.token, false, true, socket.edge_hangup});
    } else {
      batch_.push_back(
          {socket.token, socket.edge_readable, socket.edge_writable, socket.edge_hangup});
    }
    socket.edge_readable = socket.edge_writable = socket.edge_hangup = false;
  }
}

void SimNet::wake() noexcept {
  ++wakes;
  woken_ = true;
}

reactor::Opened SimNet::listen(const Address& address, const reactor::ListenOptions& /*options*/) {
  Address bound = address;
  if (address.port() == 0 && address.family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.data());
    bound = Address::ipv4(ntohl(v4->sin_addr.s_addr), world_.next_port_++);
  }
  if (world_.listener_at(bound) != nullptr) {
    return {-1, EADDRINUSE};
  }
  const int fd = world_.new_fd();
  world_.listeners_[fd].address = bound;
  ++world_.server_descriptors_;
  return {fd, 0};
}

Address SimNet::local_address(int fd) {
  const auto found = world_.listeners_.find(fd);
  if (found != world_.listeners_.end()) {
    return found->second.address;
  }
  World::Socket* socket = world_.find(fd);
  return socket == nullptr ? Address{} : socket->local;
}

reactor::Accepted SimNet::accept(int listener) {
  const auto found = world_.listeners_.find(listener);
  if (found == world_.listeners_.end()) {
    world_.mistake("accept on a closed listener");
    return {-1, EBADF, {}};
  }
  if (world_.chance(world_.faults.eintr)) {
    return {-1, EINTR, {}};
  }
  std::deque<int>& backlog = found->second.backlog;
  if (backlog.empty()) {
    return {-1, EAGAIN, {}};
  }
  if (world_.server_descriptors_ >= world_.descriptors_max) {
    return {-1, EMFILE, {}};
  }
  const int fd = backlog.front();
  backlog.pop_front();
  if (world_.chance(world_.faults.aborted_accept)) {
    world_.break_connection(fd);
    world_.sockets_.erase(fd);
    return {-1, ECONNABORTED, {}};
  }
  World::Socket* socket = world_.find(fd);
  socket->server_side = true;
  ++world_.server_descriptors_;
  return {fd, 0, socket->peer};
}

bool SimNet::shed(int listener) {
  std::deque<int>& backlog = world_.listeners_[listener].backlog;
  if (backlog.empty()) {
    return false;
  }
  world_.release(backlog.front());
  backlog.pop_front();
  return true;
}

reactor::Opened SimNet::connect(const Address& address, const Address& from) {
  World::ListenSocket* listener = world_.listener_at(address);
  const Address local =
      from.family() != AF_UNSPEC ? from : Address::ipv4(0x7F000001, world_.next_port_++);
  const auto [near, far] = world_.new_pair(local, address);
  World::Socket* socket = world_.find(near);
  socket->server_side = true;
  ++world_.server_descriptors_;
  if (listener == nullptr) {
    world_.sockets_.erase(far);
    socket->reset = true;
  } else {
    listener->backlog.push_back(far);
    listener->edge = true;
  }
  return {near, 0};
}

int SimNet::connect_error(int fd) {
  World::Socket* socket = world_.find(fd);
  return socket == nullptr || socket->reset ? ECONNREFUSED : 0;
}

reactor::IoResult SimNet::read(int fd, std::span<char> into) {
  World::Socket* socket = world_.find(fd);
  if (socket == nullptr) {
    world_.mistake("read of a closed descriptor");
    return {0, EBADF};
  }
  if (world_.chance(world_.faults.eintr)) {
    return {0, EINTR};
  }
  if (socket->reset) {
    return {0, ECONNRESET};
  }
  if (socket->inbox.empty()) {
    return {0, socket->far_ended ? 0 : EAGAIN};
  }
  std::size_t count = std::min(into.size(), socket->inbox.size());
  if (count > 1 && world_.chance(world_.faults.partial_read)) {
    count = 1 + world_.below(count);
  }
  std::copy_n(socket->inbox.data(), count, into.data());
  socket->inbox.erase(0, count);
  world_.drained(*socket);
  return {count, 0};
}

void SimNet::write_batch(std::span<reactor::WriteOp> ops) {
  ++write_batches;
  for (reactor::WriteOp& op : ops) {
    ++writes;
    op.result = write_one(op);
  }
}

reactor::IoResult SimNet::write_one(const reactor::WriteOp& op) {
  World::Socket* socket = world_.find(op.fd);
  if (socket == nullptr) {
    world_.mistake("write to a closed descriptor");
    return {0, EBADF};
  }
  if (world_.chance(world_.faults.eintr)) {
    return {0, EINTR};
  }
  if (socket->reset || socket->far == -1 || socket->ended) {
    return {0, EPIPE};
  }
  std::string bytes;
  for (int i = 0; i < op.part_count; ++i) {
    bytes.append(static_cast<const char*>(op.parts[i].iov_base), op.parts[i].iov_len);
  }
  std::string_view offered = bytes;
  if (offered.size() > 1 && world_.chance(world_.faults.partial_write)) {
    offered = offered.substr(0, 1 + world_.below(offered.size()));
  }
  const std::size_t count = world_.deliver(*socket, offered);
  return count > 0 ? reactor::IoResult{count, 0} : reactor::IoResult{0, EAGAIN};
}

void SimNet::shutdown_write(int fd) {
  if (World::Socket* socket = world_.find(fd)) {
    world_.end_half(*socket);
  } else {
    world_.mistake("shutdown of a closed descriptor");
  }
}

void SimNet::close(int fd) {
  if (const auto found = world_.listeners_.find(fd); found != world_.listeners_.end()) {
    if (found->second.watcher != nullptr) {
      world_.mistake("close of a watched listener");
    }
    for (const int waiting : found->second.backlog) {
      world_.release(waiting);
    }
    world_.listeners_.erase(found);
    --world_.server_descriptors_;
    return;
  }
  World::Socket* socket = world_.find(fd);
  if (socket == nullptr) {
    world_.mistake("a descriptor is closed twice");
    return;
  }
  if (socket->watcher != nullptr) {
    world_.mistake("close of a watched descriptor");
  }
  world_.release(fd);
}

}  // namespace sim
