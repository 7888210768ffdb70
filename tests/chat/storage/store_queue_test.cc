#include "chat/storage/store_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/chat/storage/store_fixture.h"

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Keeps the ids that it was given, as long as it works.
class StoreStub final : public MessageStore {
 public:
  struct Log {
    std::string failure;
    std::vector<Ids> transactions;
    std::vector<std::string> calls;
    int prunes_left = 0;
    bool closed = false;
    reactor::Duration apply_takes{};
    reactor::TimePoint now{std::chrono::hours{1}};
  };

  explicit StoreStub(Log& log) : log_(log) {}

  Recovered recover(std::int64_t /*retries_since_ms*/) override { return {}; }
  std::string apply(std::span<const Record> records) override {
    log_.now += log_.apply_takes;
    if (log_.failure.empty()) {
      Ids ids;
      for (const Record& record : records) {
        ids.push_back(record.id);
      }
      log_.transactions.push_back(ids);
    }
    return log_.failure;
  }
  Page scan(MessageId after, std::size_t messages_max, const Audience& /*audience*/) override {
    log_.calls.push_back("scan " + std::to_string(after) + ' ' + std::to_string(messages_max));
    return {};
  }
  Page history(std::string_view key, MessageId after, MessageId bound, std::size_t count) override {
    log_.calls.push_back("history " + std::string(key) + ' ' + std::to_string(after) + ' ' +
                         std::to_string(bound) + ' ' + std::to_string(count));
    return {};
  }
  Found find_last(std::string_view /*key*/, MessageId after, MessageId /*bound*/,
                  std::size_t /*count*/) override {
    return {found_error, after + 10};
  }
  Found find_time(std::int64_t unix_ms) override {
    return {found_error, static_cast<MessageId>(unix_ms / 100)};
  }
  bool prune(std::int64_t now_unix_ms) override {
    log_.calls.push_back("prune " + std::to_string(now_unix_ms));
    return log_.prunes_left-- > 0;
  }
  void close() override { log_.closed = true; }

  static inline std::string found_error;

 private:
  Log& log_;
};

class Queue : public ::testing::Test {
 protected:
  Queue() { StoreStub::found_error.clear(); }

  void append(const std::vector<Record>& records) {
    StoreWork work;
    work.records.emplace_back();
    for (const Record& record : records) {
      work.records.back().add(record);
    }
    queue_.add(std::move(work));
  }
  void read(PageRequest::Kind kind, MessageId after = 0) {
    StoreWork work;
    PageRequest request;
    request.kind = kind;
    request.after = after;
    request.bound = 99;
    request.count = 5;
    request.key = "dev";
    work.reads.push_back({kReader, request});
    queue_.add(std::move(work));
  }
  std::vector<StoreReply> work() {
    std::vector<StoreReply> replies;
    queue_.work(replies);
    return replies;
  }

  static constexpr SessionRef kReader{1, {2, 3}};
  StoreStub::Log log_;
  reactor::TimePoint& now_ = log_.now;
  StoreMetrics metrics_;
  StoreQueue queue_{std::make_unique<StoreStub>(log_),
                    [this] {
                      return StoreQueue::Time{now_, 1234};
                    },
                    metrics_};
};

TEST_F(Queue, WhatWaits_IsKeptInOneTransaction) {
  append({message(1, "dev", "Alice", "x"), reserved(500)});
  append({message(2, "dev", "Alice", "y")});
  EXPECT_GT(queue_.bytes(), 0U);
  const std::vector<StoreReply> replies = work();
  EXPECT_THAT(log_.transactions, ElementsAre(ElementsAre(1, 500, 2)));
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].kept_id, 2U);
  EXPECT_EQ(replies[0].ids_reserved, 500U);
  EXPECT_FALSE(replies[0].failure);
  EXPECT_EQ(queue_.bytes(), 0U);
  EXPECT_THAT(work(), IsEmpty());
}

TEST_F(Queue, Reads_SeeWhatWasAppendedBefore) {
  append({message(1, "dev", "Alice", "x")});
  read(PageRequest::Kind::kScan, 3);
  read(PageRequest::Kind::kHistory, 4);
  const std::vector<StoreReply> replies = work();
  ASSERT_THAT(replies, SizeIs(3));
  EXPECT_EQ(replies[0].kept_id, 1U);
  EXPECT_EQ(replies[1].reader, kReader);
  EXPECT_EQ(replies[2].reader, kReader);
  EXPECT_EQ(log_.calls[0], "scan 3 5");
  EXPECT_EQ(log_.calls[1], "history dev 4 99 5");
}

TEST_F(Queue, LastMessages_AreFoundAndReadForward) {
  read(PageRequest::Kind::kHistoryLast, 4);
  work();
  EXPECT_EQ(log_.calls[0], "history dev 14 99 5");
  StoreStub::found_error = "damaged";
  read(PageRequest::Kind::kHistoryLast, 4);
  EXPECT_EQ(work()[0].page.error, "damaged");
}

TEST_F(Queue, Targets_AreReadOneMessageEach) {
  PageRequest request;
  request.kind = PageRequest::Kind::kTargets;
  request.bound = 99;
  request.targets = {{"dev", 4}, {"@alice:bob", 7}};
  work();  // prunes, the first time
  const auto read_targets = [&] {
    StoreWork work_to_do;
    work_to_do.reads.push_back({kReader, request});
    queue_.add(std::move(work_to_do));
    log_.calls.clear();
    return work().at(0).page.error;
  };
  EXPECT_EQ(read_targets(), "");
  EXPECT_THAT(log_.calls, ElementsAre("history dev 14 99 1", "history @alice:bob 17 99 1"));
  StoreStub::found_error = "damaged";
  EXPECT_EQ(read_targets(), "damaged");
  EXPECT_THAT(log_.calls, IsEmpty());
}

TEST_F(Queue, TimesOfAHistory_BecomeNumbers) {
  const auto read_between = [this](PageRequest::Kind kind, std::int64_t since,
                                   std::int64_t before) {
    PageRequest request;
    request.kind = kind;
    request.after = 4;
    request.bound = 99;
    request.count = 5;
    request.key = "dev";
    request.since_unix_ms = since;
    request.before_unix_ms = before;
    StoreWork work_to_do;
    work_to_do.reads.push_back({kReader, request});
    queue_.add(std::move(work_to_do));
    log_.calls.clear();
    const std::string error = work().at(0).page.error;
    return error.empty() ? log_.calls.at(0) : error;
  };
  using enum PageRequest::Kind;
  EXPECT_EQ(read_between(kHistory, 2000, 0), "history dev 20 99 5");
  EXPECT_EQ(read_between(kHistory, 200, 0), "history dev 4 99 5") << "only ever less";
  EXPECT_EQ(read_between(kHistory, 0, 3000), "history dev 4 31 5");
  EXPECT_EQ(read_between(kHistory, 2000, 30'000), "history dev 20 99 5");
  EXPECT_EQ(read_between(kHistoryLast, 2000, 5000), "history dev 30 51 5");
  EXPECT_EQ(read_between(kHistoryAround, 0, 5000), "history dev 14 99 5");
  StoreStub::found_error = "damaged";
  EXPECT_EQ(read_between(kHistory, 2000, 0), "damaged");
  EXPECT_EQ(read_between(kHistoryAround, 0, 5000), "damaged");
}

TEST_F(Queue, Failure_IsToldOnceAndTriedAgainLater) {
  log_.failure = "the disk is full";
  append({message(1, "dev", "Alice", "x")});
  std::vector<StoreReply> replies = work();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].failure, "the disk is full");
  EXPECT_EQ(replies[0].kept_id, 0U);
  EXPECT_TRUE(queue_.is_failing());
  EXPECT_GT(queue_.next_deadline(), now_);

  append({message(2, "dev", "Alice", "y")});
  EXPECT_THAT(work(), IsEmpty()) << "not yet";
  now_ = queue_.next_deadline();
  EXPECT_THAT(work(), IsEmpty()) << "it is known already";
  log_.failure = "the disk is broken";
  now_ = queue_.next_deadline();
  replies = work();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].failure, "the disk is broken");

  log_.failure.clear();
  now_ = queue_.next_deadline();
  replies = work();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].failure, "") << "it works again";
  EXPECT_EQ(replies[0].kept_id, 2U);
  EXPECT_THAT(log_.transactions, ElementsAre(ElementsAre(1, 2)));
}

TEST_F(Queue, WhileItFails_HistoriesAreRefusedAndTheLogWaits) {
  log_.failure = "the disk is full";
  append({message(1, "dev", "Alice", "x")});
  read(PageRequest::Kind::kScan);
  read(PageRequest::Kind::kHistory);
  std::vector<StoreReply> replies = work();
  ASSERT_THAT(replies, SizeIs(2));
  EXPECT_NE(replies[1].page.error.find("the disk is full"), std::string::npos);
  EXPECT_THAT(log_.calls, IsEmpty());
  log_.failure.clear();
  now_ = queue_.next_deadline();
  replies = work();
  ASSERT_THAT(replies, SizeIs(2)) << "kept, and the page";
  EXPECT_EQ(replies[1].reader, kReader);
  EXPECT_EQ(log_.calls[0], "scan 0 5");
}

TEST_F(Queue, OldMessages_AreDeletedOnceASecondAndAtOnceWhileThereAreMore) {
  log_.prunes_left = 2;
  work();
  work();
  work();
  EXPECT_THAT(log_.calls, ElementsAre("prune 1234", "prune 1234", "prune 1234"));
  work();
  EXPECT_THAT(log_.calls, SizeIs(3)) << "nothing was left to do";
  now_ = queue_.next_deadline();
  work();
  EXPECT_THAT(log_.calls, SizeIs(4));
}

TEST_F(Queue, Commit_IsTimedFromItsFirstTryOn) {
  log_.apply_takes = std::chrono::milliseconds{10};
  append({message(1, "dev", "Alice", "x"), reserved(500)});
  append({message(2, "dev", "Alice", "y")});
  work();
  LatencyCounts counts;
  metrics_.commits.add_to(counts);
  EXPECT_EQ(counts.total(), 1U) << "one transaction";
  EXPECT_EQ(counts.sum_ns, 10'000'000U);
  EXPECT_EQ(metrics_.records_kept.value(), 3U);

  log_.failure = "the disk is full";
  append({message(3, "dev", "Alice", "x")});
  const reactor::TimePoint first_try = now_;
  work();
  EXPECT_EQ(metrics_.failing.value(), 1U);
  log_.failure = "the disk is broken";
  now_ = queue_.next_deadline();
  work();
  EXPECT_EQ(metrics_.failing.value(), 1U);
  EXPECT_EQ(metrics_.records_kept.value(), 3U);
  log_.failure.clear();
  now_ = queue_.next_deadline();
  append({message(4, "dev", "Alice", "x")});
  work();
  EXPECT_EQ(metrics_.failing.value(), 0U);
  EXPECT_EQ(metrics_.records_kept.value(), 5U);
  counts = {};
  metrics_.commits.add_to(counts);
  EXPECT_EQ(counts.total(), 2U);
  EXPECT_EQ(reactor::Duration{counts.sum_ns - 10'000'000}, now_ - first_try);
}

TEST_F(Queue, Close_TriesOnceMore) {
  log_.failure = "the disk is full";
  append({message(1, "dev", "Alice", "x")});
  work();
  log_.failure.clear();
  queue_.close();
  EXPECT_THAT(log_.transactions, ElementsAre(ElementsAre(1)));
  EXPECT_TRUE(log_.closed);
}

}  // namespace
}  // namespace chat
