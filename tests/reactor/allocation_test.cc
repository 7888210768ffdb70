// The steady-state fan-out path of a reactor allocates nothing.
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/mailbox.h"
#include "reactor/reactor.h"
#include "tests/heap_counter.h"

namespace reactor {
namespace {

constexpr int kConnections = 500;
constexpr int kSender = 0;  // its descriptor
constexpr std::string_view kMessage = "BROADCAST hello to all of you, and it is not short\n";
constexpr std::string_view kMail = "from another thread\n";

// A system in which one connection has a message to read in every turn and every write succeeds.
// It allocates nothing itself.
class BusyNet final : public Net {
 public:
  explicit BusyNet(std::uint64_t& bytes_taken) : bytes_taken_(bytes_taken) {}

  int watch(int fd, Token token) override {
    if (fd == kSender) {
      sender_ = token;
    }
    new_tokens_.push_back(token);
    return 0;
  }
  void unwatch(int /*fd*/) override {}
  std::span<const Ready> wait(std::optional<Duration> /*timeout*/) override {
    now_ += std::chrono::milliseconds{2};
    message_is_there_ = true;
    batch_.clear();
    for (const Token token : new_tokens_) {
      batch_.push_back({token, false, true, false});
    }
    new_tokens_.clear();
    batch_.push_back({sender_, true, false, false});
    return batch_;
  }
  void wake() noexcept override {}
  Opened listen(const Address& /*address*/, const ListenOptions& /*options*/) override {
    return {-1, ENOTSUP};
  }
  Address local_address(int /*fd*/) override { return {}; }
  Accepted accept(int /*listener*/) override { return {-1, EAGAIN, {}}; }
  bool shed(int /*listener*/) override { return false; }
  Opened connect(const Address& /*address*/, const Address& /*from*/) override {
    return {-1, ENOTSUP};
  }
  int connect_error(int /*fd*/) override { return 0; }
  IoResult read(int /*fd*/, std::span<char> into) override {
    if (!message_is_there_) {
      return {0, EAGAIN};
    }
    message_is_there_ = false;
    return {kMessage.copy(into.data(), into.size()), 0};
  }
  void write_batch(std::span<WriteOp> ops) override {
    for (WriteOp& op : ops) {
      for (int i = 0; i < op.part_count; ++i) {
        op.result.bytes += op.parts[i].iov_len;
      }
      bytes_taken_ += op.result.bytes;
    }
  }
  void shutdown_write(int /*fd*/) override {}
  void close(int /*fd*/) override {}
  TimePoint now() override { return now_; }
  std::int64_t unix_ms() override { return 0; }

 private:
  std::uint64_t& bytes_taken_;
  TimePoint now_;
  Token sender_;
  bool message_is_there_ = false;
  std::vector<Token> new_tokens_;
  std::vector<Ready> batch_;
};

class Everybody final : public Handler, public MailHandler<int> {
 public:
  void on_open(Connection& connection) override { members_.push_back(&connection); }
  std::size_t on_data(Connection& /*from*/, std::string_view bytes) override {
    send_to_all(bytes);
    return bytes.size();
  }
  void on_close(Connection& /*connection*/, CloseReason /*reason*/, int /*error*/) override {}
  void on_mail(int& /*mail*/) override { send_to_all(kMail); }

 private:
  void send_to_all(std::string_view bytes) {
    for (Connection* member : members_) {
      member->send(bytes);
    }
  }
  std::vector<Connection*> members_;
};

TEST(Allocation, CounterCounts) {
  const std::size_t before = tests::heap.allocations;
  const auto one = std::make_unique<std::string>(1000, 'x');
  EXPECT_EQ(tests::heap.allocations, before + 2);
}

// Time goes on by two milliseconds a turn, so the buffer pool is trimmed several times meanwhile.
TEST(Allocation, SteadyFanOutToFiveHundred_AllocatesNothing) {
  std::uint64_t bytes_taken = 0;
  Everybody everybody;
  Reactor reactor(std::make_unique<BusyNet>(bytes_taken), {.idle_timeout = std::chrono::hours{1}});
  Mailbox<int> mailbox(reactor, everybody);
  for (int fd = 0; fd < kConnections; ++fd) {
    ASSERT_NE(reactor.adopt(fd, everybody), nullptr);
  }
  const auto turn = [&reactor, &mailbox](int count) {
    for (int i = 0; i < count; ++i) {
      mailbox.post(i);
      reactor.turn();
    }
  };
  turn(1000);

  const std::size_t allocations_before = tests::heap.allocations;
  const std::uint64_t bytes_before = bytes_taken;
  turn(1000);
  EXPECT_EQ(tests::heap.allocations - allocations_before, 0U);
  const std::size_t bytes_per_turn = (kMessage.size() + kMail.size()) * kConnections;
  EXPECT_EQ(bytes_taken - bytes_before, 1000 * bytes_per_turn);
  EXPECT_EQ(reactor.pool().bytes_lent(), 0U);
}

}  // namespace
}  // namespace reactor
