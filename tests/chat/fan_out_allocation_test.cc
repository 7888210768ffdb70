// The steady state of a whole chat server, from the readable socket of a sender to the write for
// each of 500 members, allocates nothing.

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "chat/server.h"
#include "tests/heap_counter.h"

namespace {

constexpr std::size_t kMembers = 500;
constexpr int kListener = 1000;

// A system of clients that register when they are first read, and of which client 0 says something
// in every turn once talking is on. Writes always succeed.
class TalkativeNet final : public reactor::Net {
 public:
  bool talking = false;
  std::uint64_t bytes_written = 0;

  int watch(int fd, reactor::Token token) override {
    if (fd != kListener) {
      ready_.push_back({token, true, true, false});
      unread_.push_back("REGISTER:c" + std::to_string(fd) + "\n");
    }
    return 0;
  }
  void unwatch(int /*fd*/) override {}
  std::span<const reactor::Ready> wait(std::optional<reactor::Duration> /*timeout*/) override {
    now_ += std::chrono::milliseconds{1};
    if (!talking) {
      return ready_;
    }
    unread_[0] = "BROADCAST:hello to everybody who is in this room just now\n";
    return std::span(ready_).first(1);
  }
  void wake() noexcept override {}
  reactor::Opened listen(const reactor::Address& /*address*/,
                         const reactor::ListenOptions& /*options*/) override {
    return {kListener, 0};
  }
  reactor::Address local_address(int /*fd*/) override { return {}; }
  reactor::Accepted accept(int /*listener*/) override { return {-1, EAGAIN, {}}; }
  bool shed(int /*listener*/) override { return false; }
  reactor::Opened connect(const reactor::Address& /*address*/,
                          const reactor::Address& /*from*/) override {
    return {-1, EACCES};
  }
  int connect_error(int /*fd*/) override { return 0; }
  reactor::IoResult read(int fd, std::span<char> into) override {
    std::string& unread = unread_[static_cast<std::size_t>(fd)];
    if (unread.empty()) {
      return {0, EAGAIN};
    }
    const std::size_t count = unread.copy(into.data(), into.size());
    unread.clear();
    return {count, 0};
  }
  void write_batch(std::span<reactor::WriteOp> ops) override {
    for (reactor::WriteOp& op : ops) {
      for (int i = 0; i < op.part_count; ++i) {
        op.result.bytes += op.parts[i].iov_len;
      }
      bytes_written += op.result.bytes;
    }
  }
  void shutdown_write(int /*fd*/) override {}
  void close(int /*fd*/) override {}
  reactor::TimePoint now() override { return now_; }
  std::int64_t unix_ms() override { return 1'700'000'000'000; }

 private:
  reactor::TimePoint now_{std::chrono::hours{1}};
  std::vector<reactor::Ready> ready_;
  std::vector<std::string> unread_;
};

TEST(FanOut, SteadyStateOfAWholeServer_AllocatesNothing) {
  spdlog::set_level(spdlog::level::off);
  chat::ServerOptions options;
  options.limits.clients_max = 2 * kMembers;
  options.limits.limit_loopback = false;
  TalkativeNet* net = nullptr;
  chat::Server server(options, [&net] {
    auto made = std::make_unique<TalkativeNet>();
    net = made.get();
    return made;
  });
  chat::Shard& shard = *server.shards().front();
  const reactor::Endpoint local = reactor::Address::ipv4(INADDR_LOOPBACK, 1).endpoint();
  for (int fd = 0; fd < static_cast<int>(kMembers); ++fd) {
    ASSERT_EQ(server.switchboard().admission().admit(local), chat::Admission::Verdict::kWelcome);
    shard.add_connection(fd, local);
  }
  shard.reactor().turn();
  ASSERT_EQ(server.switchboard().hub().client_count(), kMembers);
  net->talking = true;
  constexpr int kWarmUpTurns = 5000;  // the log's tail wraps around meanwhile
  for (int i = 0; i < kWarmUpTurns; ++i) {
    shard.reactor().turn();
  }
  const std::uint64_t deliveries = shard.counts().deliveries;
  const std::uint64_t bytes = net->bytes_written;
  const std::size_t before = tests::heap.allocations;
  constexpr int kTurns = 2000;
  for (int i = 0; i < kTurns; ++i) {
    shard.reactor().turn();
  }
  const std::size_t allocated = tests::heap.allocations - before;
  EXPECT_EQ(shard.counts().deliveries - deliveries, std::uint64_t{kTurns} * (kMembers - 1));
  EXPECT_GT(net->bytes_written, bytes);
  EXPECT_EQ(allocated, 0U);
}

}  // namespace
