// The steady-state fan-out path of a reactor allocates nothing.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/scripted_net.h"
#include "reactor/mailbox.h"
#include "reactor/reactor.h"
#include "tests/heap_counter.h"

namespace reactor {
namespace {

constexpr int kConnections = 500;
constexpr std::string_view kMessage = "BROADCAST hello to all of you, and it is not short\n";
constexpr std::string_view kMail = "from another thread\n";

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

// Time goes on by a millisecond a turn, so the buffer pool is trimmed several times meanwhile.
TEST(Allocation, SteadyFanOutToFiveHundred_AllocatesNothing) {
  auto owned = std::make_unique<bench::ScriptedNet>();
  bench::ScriptedNet& net = *owned;
  Everybody everybody;
  Reactor reactor(std::move(owned), {.idle_timeout = std::chrono::hours{1}});
  Mailbox<int> mailbox(reactor, everybody);
  for (int i = 0; i < kConnections; ++i) {
    ASSERT_NE(reactor.adopt(net.add_client(false), everybody), nullptr);
  }
  const auto turn = [&](int count) {
    for (int i = 0; i < count; ++i) {
      net.say(0, kMessage);
      mailbox.post(i);
      reactor.turn();
    }
  };
  turn(1000);

  const std::size_t allocations_before = tests::heap.allocations;
  const std::uint64_t bytes_before = net.bytes_written();
  constexpr int kTurns = 3000;
  turn(kTurns);
  EXPECT_EQ(tests::heap.allocations - allocations_before, 0U);
  const std::size_t bytes_per_turn = (kMessage.size() + kMail.size()) * kConnections;
  EXPECT_EQ(net.bytes_written() - bytes_before, kTurns * bytes_per_turn);
  EXPECT_EQ(reactor.pool().bytes_lent(), 0U);
}

}  // namespace
}  // namespace reactor
