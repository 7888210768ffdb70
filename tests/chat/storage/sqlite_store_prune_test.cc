// What is deleted in time, and what becomes of the place that it took.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "chat/storage/sqlite_store.h"
#include "tests/chat/storage/store_fixture.h"

namespace chat {
namespace {

class LargeStore : public SqliteStoreTest {
 protected:
  // Messages of two to a page, so many of them in one call.
  void keep_large(MessageId count, std::string_view room = "dev") {
    std::vector<Record> records;
    for (const MessageId end = next_id_ + count; next_id_ < end; ++next_id_) {
      records.push_back(message(next_id_, room, "Alice", text_));
    }
    keep(records);
  }
  std::uintmax_t size(const char* file) {
    return std::filesystem::file_size(directory_.path() + file);
  }

  const std::string text_ = std::string(1800, 'x');
  MessageId next_id_ = 1;
};

TEST_F(LargeStore, SpaceOfWhatWasDeleted_IsGivenBack) {
  options_.retention.bytes_max = 2'000'000;
  restart();
  keep_large(10'000);
  keep_large(1);
  store_->prune(1);  // copies the log
  EXPECT_GT(size("/chat.db"), 18'000'000U);
  int steps = 0;
  while (store_->prune(1)) {
    ASSERT_LT(++steps, 1000);
  }
  EXPECT_GT(steps, 40) << "in small steps";
  restart();
  EXPECT_LT(size("/chat.db"), 8'000'000U);
  const Ids kept = read_all(*store_, audience("Bob", {"dev"}), 0, 1000);
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(kept, from_to(kept.front(), 10'001));
  EXPECT_GT(kept.size(), 500U);
  EXPECT_LT(kept.size(), 1000U);
}

TEST_F(LargeStore, SpaceOfWhatWasDeleted_IsUsedAgain) {
  options_.retention.bytes_max = 2'000'000;
  restart();
  std::uintmax_t largest = 0;
  for (int round = 0; round < 30; ++round) {
    keep_large(200);
    while (store_->prune(1)) {
    }
    largest = std::max(largest, size("/chat.db"));
  }
  EXPECT_LT(largest, 8'000'000U);
}

TEST_F(LargeStore, WhoKeepsMuchAtOnce_DoesNotOutrunPruning) {
  options_.retention.bytes_max = 4'000'000;
  restart();
  for (int round = 0; round < 30; ++round) {
    keep_large(1000);  // two megabytes
    store_->prune(1);  // once: something waits again
  }
  EXPECT_LT(size("/chat.db"), 12'000'000U);
}

TEST_F(LargeStore, LogBesideTheFile_IsCopiedByPrune) {
  for (int round = 0; round < 20; ++round) {
    keep_large(500);  // a megabyte
    store_->prune(1);
  }
  EXPECT_LT(size("/chat.db-wal"), 12'000'000U);
  EXPECT_GT(size("/chat.db"), 10'000'000U);
}

TEST_F(LargeStore, LogBesideTheFile_IsBoundedWithoutPrune) {
  for (int round = 0; round < 60; ++round) {
    keep_large(1000);  // two megabytes
  }
  EXPECT_LT(size("/chat.db-wal"), 80'000'000U);
  EXPECT_EQ(scan(59'990).read_to, 60'000U);
}

TEST_F(SqliteStoreTest, RetentionThatCannotBeMet_DeletesAllAndEnds) {
  options_.retention.bytes_max = 1;
  restart();
  keep({message(1, "dev", "Alice", "x")});
  EXPECT_TRUE(store_->prune(1));
  EXPECT_FALSE(store_->prune(1));
  EXPECT_EQ(scan().gaps, (Gap{{1, 1}}));
  keep({message(2, "dev", "Alice", "x")});
  EXPECT_EQ(ids_of(scan()), Ids{2});
}

TEST_F(SqliteStoreTest, LossBeforeWhatWasDeleted_IsOneGapWithIt) {
  options_.retention.age_max_ms = 1000;
  keep({message(1, "dev", "Alice", "x")});
  crash_and_start();
  const MessageId old = recovered_.last_id + 1;
  Record young = message(old + 1, "dev", "Alice", "x");
  young.unix_ms = 9'000'000;
  keep({message(old, "dev", "Alice", "x"), young});
  prune_all(9'000'001);
  EXPECT_EQ(scan().gaps, (Gap{{1, old}}));
  restart();
  EXPECT_EQ(scan().gaps, (Gap{{1, old}}));
  EXPECT_EQ(ids_of(scan()), Ids{old + 1});
}

TEST_F(SqliteStoreTest, FailureOfPruning_IsNoneOfKeeping) {
  options_.retention.age_max_ms = 1;
  stop();
  {
    SqliteDatabase database(directory_.file(), "");
    database.must_execute(
        "CREATE TRIGGER fail BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'boom'); END");
  }
  start();
  keep({message(1, "dev", "Alice", "x")});
  EXPECT_FALSE(store_->prune(10'000'000)) << "there is no use in trying at once again";
  EXPECT_EQ(scan().gaps, Gap{});
  keep({message(2, "dev", "Alice", "x")});
  EXPECT_EQ(ids_of(scan()), (Ids{1, 2}));
}

TEST_F(SqliteStoreTest, RecordsThatWereDeletedMeanwhile_StayDeleted) {
  options_.retention.age_max_ms = 1;
  restart();
  const std::vector<Record> records{message(1, "dev", "Alice", "x")};
  keep(records);
  prune_all(10'000'000);
  keep(records);
  EXPECT_EQ(ids_of(scan()), Ids{});
  EXPECT_EQ(scan().gaps, (Gap{{1, 1}}));
}

}  // namespace
}  // namespace chat
