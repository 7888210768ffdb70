// What the hub asks of the heap.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "chat/hub.h"
#include "tests/chat/hub_fixture.h"
#include "tests/heap_counter.h"

namespace chat {
namespace {

class HubMemory : public ::testing::Test, public EventSink, public Journal {
 protected:
  void apply(std::uint32_t index, Verb verb, std::string_view target = {},
             std::string_view text = {}) {
    Command command;
    command.verb = verb;
    command.target = target;
    command.text = text;
    hub_->apply({static_cast<std::uint16_t>(index % 4), {index, 1}}, command, time_);
  }
  void append(const Record& /*record*/) override {}
  void on_event(const Event& event) override {
    ++events_;
    errors_ += event.kind == EventKind::kError ? 1 : 0;
  }

  Limits limits_;
  ServerInfo info_;
  Hub::Time time_{reactor::TimePoint(std::chrono::hours{1}), 0};
  std::unique_ptr<Hub> hub_ = std::make_unique<Hub>(
      limits_, info_, *this, *this, [] { return std::string(); }, nothing_recovered(), time_);
  std::size_t events_ = 0;
  std::size_t errors_ = 0;
};

TEST_F(HubMemory, RegisteredClient_CostsLessThan500Bytes) {
  constexpr std::uint32_t kClients = 10'000;
  const std::size_t before = tests::heap.bytes_live;
  for (std::uint32_t i = 0; i < kClients; ++i) {
    apply(i, Verb::kRegister, "a_rather_long_name_" + std::to_string(i));
  }
  time_.now += limits_.presence_interval;
  hub_->tick(time_);
  ASSERT_EQ(hub_->client_count(), kClients);
  const std::size_t bytes_per_client = (tests::heap.bytes_live - before) / kClients;
  RecordProperty("bytes_per_client", static_cast<int>(bytes_per_client));
  EXPECT_LT(bytes_per_client, 500U);

  for (std::uint32_t i = 0; i < kClients; ++i) {
    apply(i, Verb::kDisconnect);
  }
  time_.now += limits_.presence_interval;
  hub_->tick(time_);
  const std::size_t bytes_left_each = (tests::heap.bytes_live - before) / kClients;
  EXPECT_LT(bytes_left_each, 64U) << "buckets and the room for a long text stay, clients don't";
}

TEST_F(HubMemory, Messages_AllocateNothing) {
  const std::string long_name(limits_.name_length_max, 'n');
  const std::string long_room(limits_.room_name_length_max, 'r');
  apply(1, Verb::kRegister, "Alice");
  apply(2, Verb::kRegister, long_name);
  apply(3, Verb::kRegister, "Carol");
  apply(1, Verb::kJoin, long_room);
  apply(2, Verb::kJoin, long_room);
  apply(1, Verb::kRequest, long_name);
  apply(2, Verb::kAccept, "Alice");
  const std::string text(4000, 't');
  const std::size_t events_before = events_;

  const std::size_t allocations_before = tests::heap.allocations;
  for (int i = 0; i < 100; ++i) {
    apply(3, Verb::kBroadcast, {}, text);
    apply(3, Verb::kPlain, {}, text);
    apply(1, Verb::kPlain, {}, text);
    apply(3, Verb::kDirect, long_name, text);
    apply(1, Verb::kSay, long_room, text);
    apply(1, Verb::kSay, kLobbyName, text);
    apply(1, Verb::kPing, {}, text);
  }
  const std::size_t allocations = tests::heap.allocations - allocations_before;

  EXPECT_EQ(allocations, 0U);
  EXPECT_EQ(events_ - events_before, 700U);
  EXPECT_EQ(errors_, 0U);
}

}  // namespace
}  // namespace chat
