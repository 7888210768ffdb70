#include "chat/log.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "chat/protocol/native.h"

namespace chat {
namespace {

Event message(MessageId id, std::string_view text) {
  Event event;
  event.kind = EventKind::kMessage;
  event.id = id;
  event.room_id = 3;
  event.unix_ms = 1000 + static_cast<std::int64_t>(id);
  event.room = "dev";
  event.subject = "Alice";
  event.text = text;
  return event;
}

std::vector<MessageId> ids_behind(const Log& log, Log::Cursor cursor) {
  std::vector<MessageId> ids;
  for (Log::Entry entry; log.next(cursor, entry);) {
    ids.push_back(entry.id);
  }
  return ids;
}

using Ids = std::vector<MessageId>;

TEST(Log, Encoded_IsMadeOnceForEachFormat) {
  Log log(4096);
  const Limits limits;
  const Event event = message(5, "tea");
  log.append(event);
  Log::Cursor cursor;
  Log::Entry entry;
  ASSERT_TRUE(log.next(cursor, entry));
  for (const WireFormat format : {WireFormat::kByHand, WireFormat::kProgram, WireFormat::kTagged}) {
    std::string expected;
    encode_native(event, format, limits, expected);
    const std::string_view first = log.encoded(entry, format, limits);
    EXPECT_EQ(first, expected);
    EXPECT_EQ(log.encoded(entry, format, limits).data(), first.data()) << "encoded again";
  }
}

TEST(Log, Encoded_GoesWithItsEntry) {
  Log log(200);
  const Limits limits;
  for (MessageId id = 1; id <= 50; ++id) {
    log.append(message(id, "a text of some length"));
    Log::Cursor cursor{id - 1, 0, 0};
    Log::Entry entry;
    ASSERT_TRUE(log.next(cursor, entry));
    log.encoded(entry, WireFormat::kTagged, limits);
    EXPECT_LE(log.encoded_count(), log.size());
  }
  log.append(message(51, std::string(300, 'x')));
  EXPECT_EQ(log.encoded_count(), 0U) << "too large for the log: everything is dropped";
}

TEST(Log, DroppedTo_IsTheLastThatIsNotThereAnyMore) {
  Log log(200);
  for (MessageId id = 1; id <= 50; ++id) {
    log.append(message(id * 2, "a text of some length"));
    const MessageId first = log.first_id();
    EXPECT_EQ(log.dropped_to(), first == 2 ? 0 : first - 2);
  }
  log.append(message(101, std::string(300, 'x')));
  EXPECT_EQ(log.dropped_to(), 101U);
}

TEST(Log, EmptyLog_HasNothing) {
  const Log log(4096);
  EXPECT_EQ(log.first_id(), 0U);
  EXPECT_EQ(log.last_id(), 0U);
  EXPECT_EQ(log.size(), 0U);
  EXPECT_EQ(ids_behind(log, {}), Ids{});
}

TEST(Log, Entry_IsKeptWhole) {
  Log log(4096);
  Event event = message(5, "tea: now");
  event.kind = EventKind::kTopic;
  log.append(event);
  Log::Cursor cursor;
  Log::Entry entry;
  ASSERT_TRUE(log.next(cursor, entry));
  EXPECT_EQ(entry.kind, EventKind::kTopic);
  EXPECT_EQ(entry.room_id, 3U);
  EXPECT_EQ(entry.id, 5U);
  EXPECT_EQ(entry.unix_ms, 1005);
  EXPECT_EQ(entry.room, "dev");
  EXPECT_EQ(entry.subject, "Alice");
  EXPECT_EQ(entry.text, "tea: now");
  EXPECT_EQ(cursor.after, 5U);
  EXPECT_FALSE(log.next(cursor, entry));
  EXPECT_EQ(cursor.after, 5U) << "at the end it stays";
}

TEST(Log, EntryWithoutText_IsKept) {
  Log log(4096);
  Event event;
  event.id = 1;
  log.append(event);
  Log::Cursor cursor;
  Log::Entry entry;
  ASSERT_TRUE(log.next(cursor, entry));
  EXPECT_TRUE(entry.room.empty() && entry.subject.empty() && entry.text.empty());
}

TEST(Log, Cursor_BeginsBehindWhatItHasReadEvenBetweenNumbers) {
  Log log(4096);
  for (const MessageId id : {2U, 4U, 6U}) {
    log.append(message(id, "x"));
  }
  EXPECT_EQ(ids_behind(log, {0}), (Ids{2, 4, 6}));
  EXPECT_EQ(ids_behind(log, {2}), (Ids{4, 6}));
  EXPECT_EQ(ids_behind(log, {3}), (Ids{4, 6}));
  EXPECT_EQ(ids_behind(log, {6}), Ids{});
  EXPECT_EQ(ids_behind(log, {99}), Ids{});
}

TEST(Log, CursorAtTheEnd_GoesOnWithWhatIsAppended) {
  Log log(4096);
  Log::Cursor cursor;
  Log::Entry entry;
  EXPECT_FALSE(log.next(cursor, entry));
  log.append(message(1, "one"));
  ASSERT_TRUE(log.next(cursor, entry));
  EXPECT_FALSE(log.next(cursor, entry));
  log.append(message(2, "two"));
  ASSERT_TRUE(log.next(cursor, entry));
  EXPECT_EQ(entry.text, "two");
}

TEST(Log, CursorThatIsMoved_ForgetsItsPlace) {
  Log log(4096);
  for (MessageId id = 1; id <= 5; ++id) {
    log.append(message(id, "x"));
  }
  Log::Cursor cursor;
  Log::Entry entry;
  while (log.next(cursor, entry)) {
  }
  cursor.after = 2;
  EXPECT_EQ(ids_behind(log, cursor), (Ids{3, 4, 5}));
}

TEST(Log, OldestEntries_MakeRoom) {
  Log log(1000);
  for (MessageId id = 1; id <= 100; ++id) {
    log.append(message(id, std::string(100, 'x')));
  }
  EXPECT_EQ(log.last_id(), 100U);
  EXPECT_GE(log.size(), 5U);
  EXPECT_LE(log.size() * 100, 1000U);
  EXPECT_EQ(log.first_id(), 100 - log.size() + 1);
  const Ids ids = ids_behind(log, {});
  ASSERT_EQ(ids.size(), log.size());
  EXPECT_EQ(ids.front(), log.first_id());
}

TEST(Log, CursorThatFellBehind_GoesOnWithTheOldestKept) {
  Log log(1000);
  log.append(message(1, "x"));
  Log::Cursor cursor;
  Log::Entry entry;
  ASSERT_TRUE(log.next(cursor, entry));
  for (MessageId id = 2; id <= 100; ++id) {
    log.append(message(id, std::string(100, 'x')));
  }
  EXPECT_GT(log.first_id(), cursor.after + 1) << "the reader can see the gap";
  ASSERT_TRUE(log.next(cursor, entry));
  EXPECT_EQ(entry.id, log.first_id());
}

TEST(Log, EntryLargerThanTheLog_LeavesNoHole) {
  Log log(1000);
  log.append(message(1, "x"));
  Log::Cursor cursor;
  Log::Entry entry;
  ASSERT_TRUE(log.next(cursor, entry));
  log.append(message(2, std::string(1001, 'x')));
  EXPECT_EQ(log.last_id(), 2U);
  EXPECT_EQ(log.first_id(), 0U);
  EXPECT_EQ(log.size(), 0U);
  EXPECT_FALSE(log.next(cursor, entry));
  log.append(message(3, "y"));
  EXPECT_EQ(log.first_id(), 3U) << "nothing from before the lost entry is offered";
  ASSERT_TRUE(log.next(cursor, entry));
  EXPECT_EQ(entry.text, "y");
}

TEST(Log, LogOfNoBytes_KeepsNothingButTheNumber) {
  Log log(0);
  log.append(message(1, ""));
  EXPECT_EQ(log.last_id(), 1U);
  EXPECT_EQ(log.size(), 0U);
  EXPECT_EQ(ids_behind(log, {}), Ids{});
}

TEST(Log, GoingBack_IsABugOfOurs) {
  EXPECT_DEATH(
      {
        Log log(1000);
        log.append(message(2, "x"));
        log.append(message(2, "x"));
      },
      "goes back");
}

// Against a plain list: appends of all sizes, through many laps of the ring, with one reader that
// follows closely, one that falls behind, and fresh ones at any place.
TEST(Log, AnyAppends_ReadLikeAPlainList) {
  struct Kept {
    MessageId id;
    std::string text;
  };
  for (const std::size_t capacity : {64U, 200U, 1000U, 4096U, 100'000U}) {
    std::mt19937 random(static_cast<std::uint32_t>(capacity));
    const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    Log log(capacity);
    std::deque<Kept> list;
    MessageId last = 0;
    Log::Cursor near;
    Log::Cursor far;
    Log::Entry entry;
    const auto expect_next = [&](Log::Cursor& cursor) {
      const MessageId after = cursor.after;
      std::size_t i = 0;
      while (i < list.size() && list[i].id <= after) {
        ++i;
      }
      ASSERT_EQ(log.next(cursor, entry), i < list.size()) << capacity << " after " << after;
      if (i < list.size()) {
        ASSERT_EQ(entry.id, list[i].id) << capacity;
        ASSERT_EQ(entry.text, list[i].text) << capacity;
      }
    };
    for (int step = 0; step < 3000; ++step) {
      last += 1 + below(3);
      const std::size_t size_max = below(10) == 0 ? capacity + 20 : capacity / 8 + 1;
      list.push_back({last, std::string(below(size_max), static_cast<char>('a' + below(26)))});
      log.append(message(last, list.back().text));
      ASSERT_EQ(log.last_id(), last);
      ASSERT_LE(log.size(), list.size());
      list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(log.size()));
      ASSERT_EQ(log.first_id(), list.empty() ? 0 : list.front().id);
      expect_next(near);
      if (below(50) == 0) {
        expect_next(far);
      }
      Log::Cursor fresh{below(static_cast<std::size_t>(last) + 1)};
      if (below(2) == 0 && !list.empty()) {
        fresh.after = list[below(list.size())].id;
      }
      expect_next(fresh);
      expect_next(fresh);
      if (HasFatalFailure()) {
        return;
      }
    }
  }
}

TEST(Log, MostOfTheBytes_AreAlwaysUsed) {
  // What a wrap leaves empty and one entry too many drops is bounded by the largest entry.
  Log log(100'000);
  std::mt19937 random(1);
  std::deque<std::size_t> sizes;
  for (MessageId id = 1; id <= 5000; ++id) {
    sizes.push_back(random() % 4096);
    log.append(message(id, std::string(sizes.back(), 'x')));
    sizes.erase(sizes.begin(), sizes.end() - static_cast<std::ptrdiff_t>(log.size()));
    std::size_t kept = 0;
    for (const std::size_t size : sizes) {
      kept += size;
    }
    if (id > 1000) {
      ASSERT_GT(kept, 80'000U) << id;
    }
  }
}

}  // namespace
}  // namespace chat
