#include "chat/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat {
namespace {

using ::testing::ElementsAre;

Event message(MessageId id, std::string_view text) {
  Event event;
  event.kind = EventKind::kMessage;
  event.id = id;
  event.room_id = 3;
  event.except = {1, {2, 3}};
  event.unix_ms = 42;
  event.room = "dev";
  event.subject = "Alice";
  event.text = text;
  return event;
}

std::vector<std::string> texts_of(const Batch<Event>& batch) {
  std::vector<std::string> texts;
  for (const Event& event : batch) {
    texts.emplace_back(event.text);
  }
  return texts;
}

TEST(Batch, Event_IsKeptWholeWithTextOfItsOwn) {
  Batch<Event> batch;
  {
    std::string text = "hello";
    batch.add(message(7, text));
    text.assign("XXXXX");
  }
  ASSERT_EQ(batch.size(), 1U);
  const Event& event = *batch.begin();
  EXPECT_EQ(event.text, "hello");
  EXPECT_EQ(event.room, "dev");
  EXPECT_EQ(event.subject, "Alice");
  EXPECT_EQ(event.kind, EventKind::kMessage);
  EXPECT_EQ(event.id, 7U);
  EXPECT_EQ(event.room_id, 3U);
  EXPECT_EQ(event.unix_ms, 42);
  EXPECT_EQ(event.except, (SessionRef{1, {2, 3}}));
}

TEST(Batch, Command_IsKeptWithItsSender) {
  Batch<FromSession> batch;
  std::string target = "Bob";
  std::string text = "hi";
  std::string client_id = "c1";
  Command command;
  command.verb = Verb::kReject;
  command.refusal = Refusal::kTooLong;
  command.target = target;
  command.text = text;
  command.client_id = client_id;
  batch.add({{4, {5, 6}}, command});
  client_id.assign("__");
  target.assign("___");
  text.assign("__");
  const FromSession& item = *batch.begin();
  EXPECT_EQ(item.from, (SessionRef{4, {5, 6}}));
  EXPECT_EQ(item.command.verb, Verb::kReject);
  EXPECT_EQ(item.command.refusal, Refusal::kTooLong);
  EXPECT_EQ(item.command.target, "Bob");
  EXPECT_EQ(item.command.text, "hi");
  EXPECT_EQ(item.command.client_id, "c1");
}

TEST(Batch, ManyItems_StayInOrderAndWhole) {
  Batch<Event> batch;
  constexpr std::size_t kItems = 2000;  // far more text than one chunk holds
  for (std::size_t i = 0; i < kItems; ++i) {
    batch.add(message(i + 1, std::string(i % 300, static_cast<char>('a' + i % 26))));
  }
  ASSERT_EQ(batch.size(), kItems);
  std::size_t i = 0;
  for (const Event& event : batch) {
    EXPECT_EQ(event.id, i + 1);
    EXPECT_EQ(event.text, std::string(i % 300, static_cast<char>('a' + i % 26)));
    EXPECT_EQ(event.subject, "Alice");
    ++i;
  }
}

TEST(Batch, TextLargerThanAChunk_IsKeptWhole) {
  Batch<Event> batch;
  const std::string large(Batch<Event>::kChunkBytes * 5 + 1, 'L');
  batch.add(message(1, "before"));
  batch.add(message(2, large));
  batch.add(message(3, "behind"));
  EXPECT_THAT(texts_of(batch), ElementsAre("before", large, "behind"));
}

TEST(Batch, MovedBatch_TakesTheTextAlongAndLeavesAnEmptyOne) {
  Batch<Event> batch;
  batch.add(message(1, "hello"));
  const char* const before = batch.begin()->text.data();
  Batch<Event> moved = std::exchange(batch, {});
  EXPECT_EQ(moved.begin()->text.data(), before) << "addresses are stable";
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), 0U);

  batch.add(message(2, "again"));
  EXPECT_EQ(moved.begin()->text, "hello");
  EXPECT_EQ(batch.begin()->text, "again");
  moved = std::move(batch);
  EXPECT_THAT(texts_of(moved), ElementsAre("again"));
}

TEST(Batch, Bytes_CountItemsAndText) {
  Batch<Event> batch;
  EXPECT_EQ(batch.bytes(), 0U);
  batch.add(message(1, "12345"));
  EXPECT_EQ(batch.bytes(), sizeof(Event) + std::string_view("devAlice12345").size());
}

TEST(Batch, Clear_EmptiesForTheNextUse) {
  Batch<Event> batch;
  for (int i = 0; i < 100; ++i) {
    batch.add(message(1, std::string(1000, 'x')));
  }
  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), 0U);
  batch.add(message(2, "fresh"));
  EXPECT_THAT(texts_of(batch), ElementsAre("fresh"));
}

TEST(Batch, EmptyText_StaysEmpty) {
  Batch<FromSession> batch;
  Command command;
  command.verb = Verb::kRooms;
  batch.add({{}, command});
  EXPECT_TRUE(batch.begin()->command.target.empty());
  EXPECT_TRUE(batch.begin()->command.text.empty());
  EXPECT_EQ(batch.bytes(), sizeof(FromSession));
}

}  // namespace
}  // namespace chat
