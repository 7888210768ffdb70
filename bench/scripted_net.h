#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "reactor/net.h"

namespace bench {

// A system without a kernel: one listening socket, and clients that do what a benchmark tells them.
// They connect, say something, and take at once whatever they are sent. It counts what the loop
// asks of it, and allocates nothing once its clients are there. One thread uses it.
class ScriptedNet final : public reactor::Net {
 public:
  // One more client, which has a descriptor; its number counts from 0. With waits_at_listener it is
  // there to be accepted, else whoever calls adopts it.
  int add_client(bool waits_at_listener);
  // The client sends text, which can be read after the next wait(). text stays until it was read.
  void say(std::size_t client, std::string_view text);

  // What would have been system calls, each write of a flush being one.
  std::uint64_t calls() const { return calls_; }
  std::uint64_t bytes_written() const { return bytes_written_; }

  int watch(int fd, reactor::Token token) override;
  void unwatch(int fd) override;
  std::span<const reactor::Ready> wait(std::optional<reactor::Duration> timeout) override;
  void wake() noexcept override { ++calls_; }
  reactor::Opened listen(const reactor::Address& address,
                         const reactor::ListenOptions& options) override;
  reactor::Address local_address(int fd) override;
  reactor::Accepted accept(int listener) override;
  bool shed(int listener) override;
  reactor::Opened connect(const reactor::Address& address, const reactor::Address& from) override;
  int connect_error(int fd) override;
  reactor::IoResult read(int fd, std::span<char> into) override;
  void write_batch(std::span<reactor::WriteOp> ops) override;
  void shutdown_write(int fd) override;
  void close(int fd) override;
  reactor::TimePoint now() override { return now_; }
  std::int64_t unix_ms() override { return 1'700'000'000'000; }

 private:
  struct Client {
    std::string_view unread;
    reactor::Token token;
    bool watched = false;
  };

  Client& client_of(int fd);

  std::uint64_t calls_ = 0;
  std::uint64_t bytes_written_ = 0;
  reactor::TimePoint now_{std::chrono::hours{1}};
  reactor::Token listener_token_;
  std::vector<Client> clients_;
  std::vector<int> backlog_;
  std::size_t accepted_ = 0;             // of backlog_
  std::vector<reactor::Ready> pending_;  // to be reported
  std::vector<reactor::Ready> batch_;
};

}  // namespace bench
