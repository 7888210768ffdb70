#include "chat/storage/memory_store.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "tests/chat/storage/store_fixture.h"

namespace chat {
namespace {

TEST(MemoryStore, Numbers_MayAllBeGivenAwayAtOnce) {
  EXPECT_EQ(MemoryStore({.bytes_max = 1000}).recover(0).ids_reserved, kNewest);
}

TEST(MemoryStore, Bytes_AreBoundedWithoutPruning) {
  MemoryStore store({.bytes_max = 100'000});
  for (MessageId id = 1; id <= 5000; ++id) {
    const std::string room = "room" + std::to_string(id % 700);
    ASSERT_EQ(store.apply(std::vector{message(id, room, "Alice", std::string(100, 'x'))}), "");
    ASSERT_LE(store.bytes_used(), 100'000U);
  }
  EXPECT_GT(store.bytes_used(), 80'000U);
  EXPECT_GT(store.scan(0, 10'000, audience("Bob", {"room4"})).gaps.at(0).last, 4000U);
}

TEST(MemoryStore, MessageLargerThanAllThatMayBeKept_IsNotKept) {
  MemoryStore store({.bytes_max = 1000});
  const std::string large(2000, 'x');
  ASSERT_EQ(store.apply(std::vector{message(1, "a", "Alice", large)}), "");
  EXPECT_EQ(store.bytes_used(), 0U);
  EXPECT_EQ(store.scan(0, 10, audience("Bob", {"a"})).gaps, (Gap{{1, 1}}));
  ASSERT_EQ(store.apply(std::vector{message(2, "a", "Alice", "small")}), "");
  EXPECT_EQ(read_all(store, audience("Bob", {"a"})), Ids{2});
}

TEST(MemoryStore, EverythingDropped_TakesNoMemory) {
  MemoryStore store({.age_max_ms = 1, .bytes_max = 100'000});
  for (MessageId id = 1; id <= 500; ++id) {
    const std::string room = "room" + std::to_string(id % 50);
    ASSERT_EQ(store.apply(std::vector{message(id, room, "Alice", "x")}), "");
  }
  while (store.prune(10'000'000)) {
  }
  EXPECT_EQ(store.bytes_used(), 0U);
}

TEST(MemoryStore, RoomWithOldMessagesOnly_GivesItsMemoryBackWithThem) {
  MemoryStore store({.bytes_max = 20'000});
  ASSERT_EQ(store.apply(std::vector{message(1, "quiet", "Alice", "x")}), "");
  for (MessageId id = 2; id <= 1000; ++id) {
    ASSERT_EQ(store.apply(std::vector{message(id, "busy", "Alice", std::string(100, 'x'))}), "");
  }
  const Page page = store.history("quiet", 0, kNewest, 10);
  EXPECT_EQ(ids_of(page), Ids{});
  EXPECT_EQ(page.gaps.at(0).first, 1U);
}

}  // namespace
}  // namespace chat
