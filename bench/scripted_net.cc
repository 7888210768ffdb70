#include "bench/scripted_net.h"

#include <algorithm>
#include <cerrno>

#include "reactor/check.h"

namespace bench {
namespace {

constexpr int kListener = 3;
constexpr int kFirstClient = 4;

}  // namespace

ScriptedNet::Client& ScriptedNet::client_of(int fd) {
  CHECK(fd >= kFirstClient && fd < kFirstClient + static_cast<int>(clients_.size()),
        "not the descriptor of a client:", fd);
  return clients_[static_cast<std::size_t>(fd - kFirstClient)];
}

int ScriptedNet::add_client(bool waits_at_listener) {
  const int fd = kFirstClient + static_cast<int>(clients_.size());
  clients_.emplace_back();
  if (waits_at_listener) {
    backlog_.push_back(fd);
    pending_.push_back({.token = listener_token_, .readable = true});
  }
  return fd;
}

void ScriptedNet::say(std::size_t client, std::string_view text) {
  Client& speaker = clients_[client];
  speaker.unread = text;
  if (speaker.watched) {
    pending_.push_back({.token = speaker.token, .readable = true});
  }
}

int ScriptedNet::watch(int fd, reactor::Token token) {
  ++calls_;
  if (fd == kListener) {
    listener_token_ = token;
    return 0;
  }
  Client& client = client_of(fd);
  client.token = token;
  client.watched = true;
  pending_.push_back({.token = token, .readable = !client.unread.empty(), .writable = true});
  return 0;
}

void ScriptedNet::unwatch(int fd) {
  ++calls_;
  if (fd != kListener) {
    client_of(fd).watched = false;
  }
}

std::span<const reactor::Ready> ScriptedNet::wait(std::optional<reactor::Duration> /*timeout*/) {
  ++calls_;
  now_ += std::chrono::milliseconds{1};
  const auto count =
      static_cast<std::ptrdiff_t>(std::min(pending_.size(), static_cast<std::size_t>(kEventsMax)));
  batch_.assign(pending_.begin(), pending_.begin() + count);
  pending_.erase(pending_.begin(), pending_.begin() + count);
  return batch_;
}

reactor::Opened ScriptedNet::listen(const reactor::Address& /*address*/,
                                    const reactor::ListenOptions& /*options*/) {
  ++calls_;
  return {kListener, 0};
}

reactor::Address ScriptedNet::local_address(int /*fd*/) {
  ++calls_;
  return reactor::Address::ipv4(INADDR_LOOPBACK, 1);
}

reactor::Accepted ScriptedNet::accept(int /*listener*/) {
  ++calls_;
  if (accepted_ == backlog_.size()) {
    return {-1, EAGAIN, {}};
  }
  return {backlog_[accepted_++], 0, reactor::Address::ipv4(INADDR_LOOPBACK, 2)};
}

bool ScriptedNet::shed(int /*listener*/) {
  ++calls_;
  return false;
}

reactor::Opened ScriptedNet::connect(const reactor::Address& /*address*/,
                                     const reactor::Address& /*from*/) {
  ++calls_;
  return {-1, ECONNREFUSED};
}

int ScriptedNet::connect_error(int /*fd*/) {
  ++calls_;
  return 0;
}

reactor::IoResult ScriptedNet::read(int fd, std::span<char> into) {
  ++calls_;
  Client& client = client_of(fd);
  if (client.unread.empty()) {
    return {0, EAGAIN};
  }
  const std::size_t count = client.unread.copy(into.data(), into.size());
  client.unread.remove_prefix(count);
  return {count, 0};
}

void ScriptedNet::write_batch(std::span<reactor::WriteOp> ops) {
  calls_ += ops.size();
  for (reactor::WriteOp& op : ops) {
    for (int i = 0; i < op.part_count; ++i) {
      op.result.bytes += op.parts[i].iov_len;
    }
    bytes_written_ += op.result.bytes;
  }
}

void ScriptedNet::shutdown_write(int /*fd*/) { ++calls_; }

void ScriptedNet::close(int /*fd*/) { ++calls_; }

}  // namespace bench
