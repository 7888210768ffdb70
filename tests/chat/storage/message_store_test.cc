// What every store does, whatever it keeps the messages in.

#include "chat/storage/message_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/storage/store_queue.h"
#include "tests/chat/storage/store_fixture.h"

namespace chat {
namespace {

using testing::ElementsAre;

class EveryStore : public testing::TestWithParam<std::string_view> {
 protected:
  EveryStore() { open({.bytes_max = std::uint64_t{64} << 20}); }

  void open(Retention retention) {
    store_.reset();
    directory_ = std::make_unique<TemporaryDirectory>();
    if (GetParam() == "memory") {
      store_ = std::make_unique<MemoryStore>(retention);
    } else {
      SqliteStoreOptions options = in(*directory_);
      options.retention = retention;
      store_ = std::make_unique<SqliteStore>(options);
    }
    const Recovered recovered = store_->recover(0);
    EXPECT_EQ(recovered.last_id, 0U);
    EXPECT_GE(recovered.ids_reserved, 1000U) << "a new server has numbers to give away at once";
    EXPECT_TRUE(recovered.sessions.empty() && recovered.topics.empty());
    EXPECT_TRUE(recovered.retries.empty());
  }

  void keep(const std::vector<Record>& records) { ASSERT_EQ(store_->apply(records), ""); }

  // `count` messages to rooms a, b and c in turn, from id 1.
  void keep_in_three_rooms(MessageId count) {
    constexpr std::string_view kRooms = "abc";
    std::vector<Record> records;
    for (MessageId id = 1; id <= count; ++id) {
      records.push_back(message(id, kRooms.substr((id - 1) % 3, 1), "Alice", "text"));
    }
    keep(records);
  }

  // The last ones before the bound, of those behind `after`.
  Page before(std::string_view key, MessageId bound, std::size_t count, MessageId after = 0) {
    const MessageStore::Found found = store_->find_last(key, after, bound, count);
    EXPECT_EQ(found.error, "");
    return store_->history(key, found.after, bound, count);
  }
  Page behind(std::string_view key, MessageId after, std::size_t count) {
    return store_->history(key, after, kNewest, count);
  }

  std::unique_ptr<TemporaryDirectory> directory_;
  std::unique_ptr<MessageStore> store_;
};

TEST_P(EveryStore, EmptyStore_IsAtItsEnd) {
  const Page scanned = store_->scan(0, 10, audience("Bob", {"dev"}));
  EXPECT_EQ(ids_of(scanned), Ids{});
  EXPECT_TRUE(scanned.is_end);
  EXPECT_EQ(scanned.read_to, 0U);
  EXPECT_EQ(scanned.gaps, Gap{});
  for (const Page& page : {before("dev", kNewest, 10), behind("dev", 0, 10)}) {
    EXPECT_EQ(ids_of(page), Ids{});
    EXPECT_TRUE(page.is_end);
    EXPECT_EQ(page.gaps, Gap{});
  }
  EXPECT_FALSE(store_->prune(1));
}

TEST_P(EveryStore, NoRecords_AreKept) { keep({}); }

TEST_P(EveryStore, Message_IsKeptWhole) {
  Record record = message(7, "Dev", "Alice", "tea: now");
  record.unix_ms = 1'234'567'890'123;
  keep({record});
  const Page page = store_->scan(0, 10, audience("Bob", {"dev"}));
  ASSERT_EQ(page.messages.size(), 1U);
  const StoredMessage& stored = *page.messages.begin();
  EXPECT_EQ(stored.kind, EventKind::kMessage);
  EXPECT_EQ(stored.id, 7U);
  EXPECT_EQ(stored.unix_ms, 1'234'567'890'123);
  EXPECT_EQ(stored.room, "Dev") << "as it was spelled";
  EXPECT_EQ(stored.sender, "Alice");
  EXPECT_EQ(stored.text, "tea: now");
}

TEST_P(EveryStore, AnyText_ComesBackAsItWas) {
  const std::vector<std::string> texts{"",
                                       " ",
                                       "'; DROP TABLE messages; --",
                                       "\"quoted\" ?1 :a $b @c %s",
                                       "Zażółć gęślą jaźń 漢字 🦆\u200d🔥",
                                       std::string("nul\0inside", 10),
                                       "\x80\xFF not UTF-8",
                                       std::string(100'000, 'x')};
  std::vector<Record> records;
  for (const std::string& text : texts) {
    records.push_back(message(records.size() + 1, "dev", "Alice", text));
  }
  keep(records);
  const Page page = store_->scan(0, 100, audience("Bob", {"dev"}));
  ASSERT_EQ(page.messages.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(page.messages.begin()[static_cast<int>(i)].text, texts[i]);
  }
}

TEST_P(EveryStore, Kinds_ComeBackAsTheyWere) {
  keep({message(1, "dev", "Alice", "x"), direct(2, "Bob", "Alice", "y"),
        topic(3, "dev", "Alice", "z")});
  const Page page = store_->scan(0, 10, audience("Bob", {"dev"}));
  std::vector<EventKind> kinds;
  for (const StoredMessage& stored : page.messages) {
    kinds.push_back(stored.kind);
  }
  EXPECT_THAT(kinds, ElementsAre(EventKind::kMessage, EventKind::kDirect, EventKind::kTopic));
}

TEST_P(EveryStore, Notices_AreNoticesWhenTheyComeBack) {
  std::vector<Record> records{message(1, "dev", "Alice", "x"), message(2, "dev", "Alice", "y"),
                              direct(3, "Bob", "Alice", "z"), direct(4, "Bob", "Alice", "!")};
  records[1].notice = true;
  records[3].notice = true;
  keep(records);
  const Page page = store_->scan(0, 10, audience("Bob", {"dev"}));
  ASSERT_EQ(ids_of(page), from_to(1, 4));
  for (const StoredMessage& stored : page.messages) {
    EXPECT_EQ(stored.notice, stored.id % 2 == 0) << stored.id;
    EXPECT_EQ(stored.kind, stored.id < 3 ? EventKind::kMessage : EventKind::kDirect);
  }
  EXPECT_TRUE(store_->history("dev", 1, kNewest, 10).messages[0].notice);
}

TEST_P(EveryStore, Scan_FindsWhatTheAudienceHears) {
  keep_in_three_rooms(30);
  keep({direct(31, "Bob", "Alice", "psst"), direct(32, "Carol", "Alice", "psst"),
        message(33, "a", "Bob", "mine")});
  EXPECT_EQ(read_all(*store_, audience("Bob", {"a"})),
            (Ids{1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31}));
  EXPECT_EQ(read_all(*store_, audience("Dave", {})), Ids{});
  Audience came_and_went("Eve", 31);
  came_and_went.joined("b", 10);
  came_and_went.parted("b", 20);
  EXPECT_EQ(read_all(*store_, came_and_went), (Ids{11, 14, 17, 20}));
}

TEST_P(EveryStore, Scan_LooksAtNoMoreThanItIsTold) {
  keep_in_three_rooms(30);
  const Audience hears_a = audience("Bob", {"a"});
  const Page first = store_->scan(0, 5, hears_a);
  EXPECT_EQ(ids_of(first), (Ids{1, 4}));
  EXPECT_EQ(first.read_to, 5U);
  EXPECT_FALSE(first.is_end);
  const Page nothing_in_it = store_->scan(4, 1, hears_a);
  EXPECT_EQ(ids_of(nothing_in_it), Ids{});
  EXPECT_EQ(nothing_in_it.read_to, 5U);
  EXPECT_FALSE(nothing_in_it.is_end);
  const Page last = store_->scan(25, 5, hears_a);
  EXPECT_EQ(ids_of(last), Ids{28});
  EXPECT_EQ(last.read_to, 30U);
  EXPECT_TRUE(last.is_end);
}

TEST_P(EveryStore, ScanBehindTheEnd_FindsNothing) {
  keep_in_three_rooms(3);
  for (const MessageId after : {MessageId{3}, MessageId{4}, kNewest}) {
    const Page page = store_->scan(after, 5, audience("Bob", {"a", "b", "c"}));
    EXPECT_EQ(ids_of(page), Ids{});
    EXPECT_TRUE(page.is_end);
    EXPECT_EQ(page.gaps, Gap{});
  }
}

TEST_P(EveryStore, ScanAtTheEnd_GoesOnWithWhatIsKeptNext) {
  keep({message(1, "a", "Alice", "x")});
  const Audience hears_a = audience("Bob", {"a"});
  const Page page = store_->scan(0, 5, hears_a);
  ASSERT_TRUE(page.is_end);
  keep({message(2, "b", "Alice", "x"), message(5, "a", "Alice", "x")});
  const Page next = store_->scan(page.read_to, 5, hears_a);
  EXPECT_EQ(ids_of(next), Ids{5});
  EXPECT_EQ(next.gaps, Gap{}) << "a number that was never given away is nobody's loss";
}

TEST_P(EveryStore, LastOfAHistory_AreFoundAndReadOldestFirst) {
  keep_in_three_rooms(30);
  EXPECT_EQ(store_->find_last("a", 0, kNewest, 3).after, 21U);
  EXPECT_EQ(ids_of(before("a", kNewest, 3)), (Ids{22, 25, 28}));
  EXPECT_EQ(ids_of(before("a", 22, 3)), (Ids{13, 16, 19})) << "without the bound";
  EXPECT_EQ(ids_of(before("a", 23, 1)), Ids{22}) << "the bound is in another room";
}

TEST_P(EveryStore, LastOfAHistory_AreNeverBeforeWhatIsAskedFor) {
  keep_in_three_rooms(9);  // a: 1, 4, 7
  const auto found = [&](MessageId after, MessageId bound, std::size_t count) {
    return store_->find_last("a", after, bound, count).after;
  };
  EXPECT_EQ(found(0, kNewest, 2), 3U);
  EXPECT_EQ(found(0, kNewest, 3), 0U) << "there are no more than that";
  EXPECT_EQ(found(0, kNewest, 4), 0U);
  EXPECT_EQ(found(1, kNewest, 2), 1U);
  EXPECT_EQ(found(2, kNewest, 1), 6U);
  EXPECT_EQ(found(5, kNewest, 100), 5U);
  EXPECT_EQ(found(5, 3, 1), 5U);
  EXPECT_EQ(found(kNewest, kNewest, 1), kNewest);
  EXPECT_EQ(found(0, 0, 1), 0U);
}

TEST_P(EveryStore, Time_IsFoundBetweenMessages) {
  EXPECT_EQ(store_->find_time(1).after, 0U) << "there is nothing";
  constexpr std::int64_t kFirst = 1'000'000;
  std::vector<Record> records;
  for (MessageId id = 10; id <= 400; id += 10) {  // most numbers are nobody's
    records.push_back(message(id, "a", "Alice", "x"));
    records.back().unix_ms = kFirst + static_cast<std::int64_t>(id / 100) * 100;
  }
  keep(records);
  // Numbers between messages are as good as those of messages.
  const auto expect_between = [this](std::int64_t unix_ms, MessageId earlier, MessageId other) {
    const MessageStore::Found found = store_->find_time(unix_ms);
    EXPECT_EQ(found.error, "");
    EXPECT_GE(found.after, earlier) << unix_ms;
    EXPECT_LT(found.after, other) << unix_ms;
  };
  expect_between(std::numeric_limits<std::int64_t>::min(), 0, 10);
  expect_between(kFirst, 0, 10);
  expect_between(kFirst + 1, 90, 100);
  expect_between(kFirst + 100, 90, 100);
  expect_between(kFirst + 399, 390, 400);
  expect_between(kFirst + 400, 390, 400);
  EXPECT_EQ(store_->find_time(kFirst + 401).after, 400U) << "all are earlier";
  EXPECT_EQ(store_->find_time(std::numeric_limits<std::int64_t>::max()).after, 400U);
}

TEST_P(EveryStore, TimeOfWhatIsDeleted_IsWhereTheRestBegins) {
  open({.age_max_ms = 1000, .bytes_max = std::uint64_t{64} << 20});
  keep_in_three_rooms(10);  // from 1'000'001 on, a millisecond each
  while (store_->prune(1'001'006)) {
  }
  ASSERT_EQ(store_->scan(0, 1, audience("Bob", {"a"})).gaps, (Gap{{1, 5}}));
  EXPECT_EQ(store_->find_time(1).after, 5U);
  EXPECT_EQ(store_->find_time(1'000'003).after, 5U);
  EXPECT_EQ(store_->find_time(1'000'007).after, 6U);
  while (store_->prune(10'000'000)) {
  }
  EXPECT_EQ(store_->find_time(1'000'003).after, 10U) << "all are gone";
}

TEST_P(EveryStore, TimeWhenTheClockWasSetBack_IsWhereItIsPassed) {
  std::vector<Record> records;
  const std::vector<std::int64_t> times{100, 200, 300, 150, 250, 350, 50, 400};
  for (const std::int64_t time : times) {
    records.push_back(message(records.size() + 1, "a", "Alice", "x"));
    records.back().unix_ms = time;
  }
  keep(records);
  for (std::int64_t time = 25; time <= 450; time += 25) {
    const MessageId after = store_->find_time(time).after;
    ASSERT_LE(after, times.size());
    EXPECT_TRUE(after == 0 || times[after - 1] < time) << time;
    EXPECT_TRUE(after == times.size() || times[after] >= time) << time;
  }
}

TEST_P(EveryStore, History_IsTheFirstOnesOldestFirst) {
  keep_in_three_rooms(30);
  const Page first = behind("b", 0, 3);
  EXPECT_EQ(ids_of(first), (Ids{2, 5, 8}));
  EXPECT_TRUE(first.is_end) << "so many were asked for";
  EXPECT_EQ(first.read_to, 8U);
  EXPECT_EQ(ids_of(behind("b", first.read_to, 3)), (Ids{11, 14, 17}));
  const Page last = behind("b", 26, 10);
  EXPECT_EQ(ids_of(last), Ids{29});
  EXPECT_TRUE(last.is_end);
  EXPECT_EQ(last.read_to, 30U) << "the log was looked through to its end";
}

TEST_P(EveryStore, History_IsBehindOneNumberAndBeforeAnother) {
  keep_in_three_rooms(30);  // a: 1, 4, …, 28
  EXPECT_EQ(ids_of(store_->history("a", 4, 16, 100)), (Ids{7, 10, 13}));
  EXPECT_EQ(store_->history("a", 4, 16, 100).read_to, 15U);
  EXPECT_EQ(ids_of(store_->history("a", 3, 17, 2)), (Ids{4, 7}));
  EXPECT_EQ(ids_of(before("a", 16, 100, 4)), (Ids{7, 10, 13}));
}

TEST_P(EveryStore, HistoryAroundAMessage_HasHalfOfThemBefore) {
  keep_in_three_rooms(30);  // a: 1, 4, …, 28
  PageRequest request;
  request.kind = PageRequest::Kind::kHistoryAround;
  request.key = "a";
  request.bound = kNewest;
  request.middle = 13;
  const auto around = [&](std::size_t count) {
    request.count = count;
    return ids_of(read_page(*store_, request));
  };
  EXPECT_EQ(around(1), Ids{13});
  EXPECT_EQ(around(2), (Ids{10, 13}));
  EXPECT_EQ(around(5), (Ids{7, 10, 13, 16, 19}));
  EXPECT_EQ(around(100), (Ids{1, 4, 7, 10, 13, 16, 19, 22, 25, 28}));
  request.after = 9;
  request.bound = 17;
  EXPECT_EQ(around(100), (Ids{10, 13, 16}));
  request.after = 13;
  EXPECT_EQ(around(4), Ids{16}) << "not what the reader may not see";
  request.after = 0;
  request.bound = 9;
  EXPECT_EQ(around(4), (Ids{4, 7})) << "nor what is newer";
  request.bound = kNewest;
  request.middle = 0;
  request.before_unix_ms = 1'000'012;  // 13 is a millisecond later
  EXPECT_EQ(around(3), (Ids{10, 13, 16}));
  request.before_unix_ms = 2'000'000;
  EXPECT_EQ(around(4), (Ids{25, 28}));
}

TEST_P(EveryStore, HistoryBetweenTimes_IsCutThere) {
  keep_in_three_rooms(30);  // a: 1, 4, …, 28, at so many milliseconds
  PageRequest request;
  request.key = "a";
  request.bound = kNewest;
  request.count = 3;
  request.since_unix_ms = 1'000'007;
  request.before_unix_ms = 1'000'022;
  request.kind = PageRequest::Kind::kHistory;
  EXPECT_EQ(ids_of(read_page(*store_, request)), (Ids{7, 10, 13}));
  request.kind = PageRequest::Kind::kHistoryLast;
  EXPECT_EQ(ids_of(read_page(*store_, request)), (Ids{13, 16, 19}));
  request.since_unix_ms = request.before_unix_ms;
  EXPECT_EQ(ids_of(read_page(*store_, request)), Ids{});
}

TEST_P(EveryStore, HistoryAtTheEdges_IsEmptyAndWhole) {
  keep_in_three_rooms(3);
  for (const Page& page :
       {before("a", 0, 5), before("a", 1, 5), before("a", kNewest, 1, kNewest), behind("a", 1, 5),
        behind("a", kNewest, 5), store_->history("a", 3, 2, 5), before("no-room", kNewest, 5)}) {
    EXPECT_EQ(ids_of(page), Ids{});
    EXPECT_TRUE(page.is_end);
    EXPECT_EQ(page.gaps, Gap{});
  }
  const std::size_t all = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(ids_of(before("a", kNewest, all)), Ids{1});
  EXPECT_EQ(ids_of(behind("a", 0, all)), Ids{1});
}

TEST_P(EveryStore, Page_IsNeverMuchLargerThanItMayBe) {
  const std::string text(1000, 'x');
  std::vector<Record> records;
  for (MessageId id = 1; id <= 1000; ++id) {
    records.push_back(message(id, id % 2 == 0 ? "even" : "odd", "Alice", text));
  }
  keep(records);
  constexpr std::size_t kMessageBytesMax = 1200;
  const Audience hears_even = audience("Bob", {"even"});
  Ids even;
  for (MessageId id = 2; id <= 1000; id += 2) {
    even.push_back(id);
  }
  const auto check = [](const Page& page) {
    EXPECT_LT(page.messages.bytes(), kPageBytesMax + kMessageBytesMax);
    EXPECT_TRUE(page.is_end || page.messages.bytes() >= kPageBytesMax) << "not for nothing";
  };
  EXPECT_EQ(read_pages(0,
                       [&](MessageId after, std::size_t) {
                         Page page = store_->scan(after, 10'000, hears_even);
                         check(page);
                         return page;
                       }),
            even);
  EXPECT_EQ(read_pages(0,
                       [&](MessageId after, std::size_t count) {
                         Page page = store_->history("even", after, kNewest, 400 - count);
                         check(page);
                         return page;
                       }),
            Ids(even.begin(), even.begin() + 400));
}

TEST_P(EveryStore, MessageThatIsLargerThanAPage_HasOneForItself) {
  const std::string large(kPageBytesMax + 1, 'x');
  keep({message(1, "a", "Alice", large), message(2, "a", "Alice", large),
        message(3, "a", "Alice", "x")});
  for (const Page& page :
       {store_->scan(0, 10, audience("Bob", {"a"})), store_->history("a", 0, kNewest, 10)}) {
    EXPECT_EQ(ids_of(page), Ids{1});
    EXPECT_EQ(page.read_to, 1U);
    EXPECT_FALSE(page.is_end);
  }
  EXPECT_EQ(read_all(*store_, audience("Bob", {"a"})), (Ids{1, 2, 3}));
}

TEST_P(EveryStore, HistoryOfARoom_IsFoundHoweverItIsSpelled) {
  keep({message(1, "Dev", "Alice", "x"), message(2, "DEV", "Alice", "y"),
        topic(3, "dev", "Alice", "z")});
  EXPECT_EQ(ids_of(before(history_key_of_room("dEv"), kNewest, 10)), (Ids{1, 2, 3}));
}

TEST_P(EveryStore, HistoryOfAPair_IsOneForBothAndNobodyElse) {
  keep({direct(1, "Bob", "Alice", "hi"), direct(2, "alice", "bob", "hi yourself"),
        direct(3, "Carol", "Alice", "hi"), message(4, "bob", "Alice", "a room of that name")});
  EXPECT_EQ(ids_of(before(history_key_of_pair("Alice", "Bob"), kNewest, 10)), (Ids{1, 2}));
  EXPECT_EQ(ids_of(before(history_key_of_pair("carol", "alice"), kNewest, 10)), Ids{3});
  EXPECT_EQ(ids_of(before(history_key_of_pair("Bob", "Carol"), kNewest, 10)), Ids{});
  EXPECT_EQ(ids_of(before("bob", kNewest, 10)), Ids{4});
}

TEST_P(EveryStore, RecordsOfSessions_ChangeNoHistory) {
  keep({reserved(1000), began("token", "Bob", 0),
        of_session(Record::Kind::kJoined, "token", "dev", 0), message(1, "dev", "Alice", "x"),
        of_session(Record::Kind::kParted, "token", "dev", 1), room_state("dev", "modes=n"),
        of_session(Record::Kind::kRoomGone, "", "dev", 0),
        of_session(Record::Kind::kSessionEnded, "token", "", 0)});
  EXPECT_EQ(read_all(*store_, audience("Bob", {"dev"})), Ids{1});
  EXPECT_EQ(ids_of(before("dev", kNewest, 10)), Ids{1}) << "a room's history outlives it";
}

TEST_P(EveryStore, WhatIsTooOld_IsDeletedAndLeavesAGap) {
  open({.age_max_ms = 1000, .bytes_max = std::uint64_t{64} << 20});
  std::vector<Record> records;
  for (MessageId id = 1; id <= 20; ++id) {
    records.push_back(message(id, id % 2 == 0 ? "even" : "odd", "Alice", "x"));
    records.back().unix_ms = static_cast<std::int64_t>(id) * 100;
  }
  keep(records);
  EXPECT_FALSE(store_->prune(1000)) << "nothing is older than a second";
  EXPECT_EQ(read_all(*store_, audience("Bob", {"even", "odd"})), from_to(1, 20));
  while (store_->prune(2001)) {
  }
  EXPECT_EQ(read_all(*store_, audience("Bob", {"even", "odd"})), from_to(11, 20));
  EXPECT_EQ(store_->scan(0, 100, audience("Bob", {})).gaps, (Gap{{1, 10}}));
  EXPECT_EQ(store_->scan(4, 1, audience("Bob", {})).gaps, (Gap{{5, 10}}));
  EXPECT_EQ(store_->scan(10, 100, audience("Bob", {})).gaps, Gap{});
  const Page page = before("even", kNewest, 100);
  EXPECT_EQ(ids_of(page), (Ids{12, 14, 16, 18, 20}));
  EXPECT_EQ(page.gaps, (Gap{{1, 10}}));
  EXPECT_EQ(before("even", kNewest, 3).gaps, Gap{}) << "nobody has looked so far back";
  EXPECT_EQ(before("even", kNewest, 5).gaps, (Gap{{1, 10}})) << "there are no more: was there one?";
  EXPECT_EQ(before("even", kNewest, 100, 7).gaps, (Gap{{8, 10}}));
  EXPECT_EQ(before("even", 6, 100).gaps, (Gap{{1, 5}}));
  EXPECT_EQ(behind("even", 0, 2).gaps, (Gap{{1, 10}}));
  EXPECT_EQ(behind("even", 12, 2).gaps, Gap{});
}

TEST_P(EveryStore, WhenAllIsTooOld_TheNumbersAreStillKnown) {
  open({.age_max_ms = 1000, .bytes_max = std::uint64_t{64} << 20});
  keep_in_three_rooms(10);
  while (store_->prune(10'000'000)) {
  }
  const Page page = store_->scan(3, 100, audience("Bob", {"a", "b", "c"}));
  EXPECT_EQ(ids_of(page), Ids{});
  EXPECT_EQ(page.gaps, (Gap{{4, 10}}));
  EXPECT_EQ(page.read_to, 10U);
  EXPECT_TRUE(page.is_end);
  keep({message(11, "a", "Alice", "x")});
  EXPECT_EQ(read_all(*store_, audience("Bob", {"a"})), Ids{11});
}

TEST_P(EveryStore, ClockThatWasSetBack_DoesNotKeepOldMessages) {
  open({.age_max_ms = 1000, .bytes_max = std::uint64_t{64} << 20});
  Record early = message(1, "a", "Alice", "stamped an hour ahead");
  early.unix_ms = 3'600'000;
  Record late = message(2, "a", "Alice", "x");
  late.unix_ms = 100;
  keep({early, late});
  while (store_->prune(1101)) {
  }
  EXPECT_EQ(read_all(*store_, audience("Bob", {"a"})), Ids{});
}

TEST_P(EveryStore, MoreThanMayBeKept_DropsTheOldestAndLeavesAGap) {
  constexpr std::uint64_t kBytesMax = 400'000;
  open({.bytes_max = kBytesMax});
  const std::string text(500, 'x');
  for (MessageId id = 1; id <= 3000; id += 100) {
    std::vector<Record> records;
    for (MessageId i = id; i < id + 100; ++i) {
      records.push_back(message(i, i % 3 == 0 ? "a" : "b", "Alice", text));
    }
    keep(records);
    while (store_->prune(1)) {
    }
  }
  const Audience hears_all = audience("Bob", {"a", "b"});
  const Ids kept = read_all(*store_, hears_all, 0, 1000);
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(kept, from_to(kept.front(), 3000)) << "no holes but at the beginning";
  EXPECT_LE(kept.size() * 500, kBytesMax);
  EXPECT_GE(kept.size() * 500, kBytesMax / 3) << "what there is place for is kept";
  EXPECT_EQ(store_->scan(0, 5000, hears_all).gaps, (Gap{{1, kept.front() - 1}}));
}

TEST_P(EveryStore, DroppedMessages_AreGoneFromEveryHistory) {
  open({.age_max_ms = 1000, .bytes_max = std::uint64_t{64} << 20});
  keep({message(1, "a", "Alice", "x"), direct(2, "Bob", "Alice", "x"),
        message(3, "b", "Alice", "x")});
  while (store_->prune(10'000'000)) {
  }
  for (const std::string& key : {std::string("a"), history_key_of_pair("Alice", "Bob")}) {
    EXPECT_EQ(ids_of(before(key, kNewest, 10)), Ids{});
    EXPECT_EQ(ids_of(behind(key, 0, 10)), Ids{});
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, EveryStore, testing::Values("memory", "sqlite"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace chat
