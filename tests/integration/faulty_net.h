#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "reactor/net.h"

namespace integration {

enum class Fault : std::uint8_t {
  kNone,
  kDrop,     // a delivery is never sent
  kSwap,     // a delivery is sent behind the next one for the same receiver
  kDouble,   // a delivery is sent twice
  kCorrupt,  // the last character of a delivery is another one
  kStall,    // once, nothing is done for kStall
  // Whatever `every` is:
  kDoubleResumed,  // the first delivery to a session that was resumed is sent twice
  kSkipResumed,    // it is never sent
  kDropSlow,       // the first delivery after a receiver took nothing for a while is never sent
};

// A Net that breaks what a chat server sends through it, by whole lines, so that a test can see who
// notices; who speaks in a WebSocket or over TLS is served well. It takes what the server writes as
// if it had been sent, and keeps of each connection what is not a whole line yet and what the
// system has not taken; while there is something of the latter, the server is told that the
// connection would block.
class FaultyNet final : public reactor::Net {
 public:
  static constexpr reactor::Duration kStall = std::chrono::seconds{1};

  // every: the fault befalls one delivery in so many, counted over all connections; a stall comes
  // after so many. REQUIRES: every > 0.
  FaultyNet(std::unique_ptr<reactor::Net> net, Fault fault, std::uint64_t every);

  int watch(int fd, reactor::Token token) override { return net_->watch(fd, token); }
  void unwatch(int fd) override { net_->unwatch(fd); }
  std::span<const reactor::Ready> wait(std::optional<reactor::Duration> timeout) override;
  void wake() noexcept override { net_->wake(); }
  reactor::Opened listen(const reactor::Address& address,
                         const reactor::ListenOptions& options) override {
    return net_->listen(address, options);
  }
  reactor::Address local_address(int fd) override { return net_->local_address(fd); }
  reactor::Accepted accept(int listener) override { return net_->accept(listener); }
  bool shed(int listener) override { return net_->shed(listener); }
  reactor::Opened connect(const reactor::Address& address, const reactor::Address& from) override {
    return net_->connect(address, from);
  }
  int connect_error(int fd) override { return net_->connect_error(fd); }
  reactor::IoResult read(int fd, std::span<char> into) override { return net_->read(fd, into); }
  void write_batch(std::span<reactor::WriteOp> ops) override;
  void shutdown_write(int fd) override;
  void close(int fd) override;
  reactor::TimePoint now() override { return net_->now(); }
  std::int64_t unix_ms() override { return net_->unix_ms(); }

 private:
  // What goes to one connection.
  struct Stream {
    bool has_begun = false;
    bool is_raw = false;     // WebSocket or TLS: handed on as it is
    std::string unfinished;  // a line whose end has not come yet
    std::string held;        // a delivery that waits for the one it is swapped with
    std::string unsent;
    bool is_resumed = false;  // and nothing was delivered since
    bool was_full = false;    // likewise
  };

  reactor::IoResult write(const reactor::WriteOp& op);
  // line: with its end.
  void pass_on(std::string_view line, Stream& stream);
  void break_delivery(std::string_view line, Stream& stream);
  // What is to become of a delivery: how often it is sent.
  int copies_of(bool chosen, Stream& stream) const;
  void pass_on_swapped(std::string_view line, bool chosen, Stream& stream);
  // An errno value, EAGAIN as long as something is left, or 0.
  int send_unsent(int fd, Stream& stream);
  // Tells the test, on standard error, that a fault was made.
  static void announce();

  std::unique_ptr<reactor::Net> net_;
  const Fault fault_;
  const std::uint64_t every_;
  std::uint64_t deliveries_ = 0;
  bool stall_due_ = false;
  std::unordered_map<int, Stream> streams_;  // by descriptor
};

}  // namespace integration
