// What is there after a restart, and what happens when something can't be kept.

#include "chat/storage/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/chat/storage/store_fixture.h"

namespace chat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = Record::Kind;

TEST_F(SqliteStoreTest, Reopened_HasTheMessages) {
  keep({message(1, "dev", "Alice", "one"), message(2, "dev", "Alice", "two")});
  restart();
  EXPECT_EQ(recovered_.last_id, 2U) << "closed in order: the numbers go on";
  const Page page = scan();
  EXPECT_EQ(ids_of(page), (Ids{1, 2}));
  EXPECT_EQ(page.gaps, Gap{});
  EXPECT_EQ(page.messages.begin()[1].text, "two");
}

TEST_F(SqliteStoreTest, NewStore_HasReservedNumbersOnTheDisk) {
  const MessageId reserved_to = recovered_.ids_reserved;
  EXPECT_GE(reserved_to, 1000U) << "some at least";
  crash_and_start();
  EXPECT_EQ(recovered_.last_id, reserved_to) << "they may have been given away";
  EXPECT_GE(recovered_.ids_reserved, reserved_to + 1000);
}

TEST_F(SqliteStoreTest, EveryStart_HasNumbersToGiveAway) {
  for (int start = 0; start < 5; ++start) {
    restart();
    EXPECT_EQ(recovered_.last_id, 0U) << "nothing was said";
    EXPECT_GE(recovered_.ids_reserved, 1000U);
  }
  for (int start = 0; start < 5; ++start) {
    const MessageId reserved_to = recovered_.ids_reserved;
    crash_and_start();
    EXPECT_EQ(recovered_.last_id, reserved_to);
    EXPECT_GE(recovered_.ids_reserved, reserved_to + 1000);
  }
}

TEST_F(SqliteStoreTest, NumbersOfAnEmptyStore_AreNotGivenAwayAgain) {
  options_.retention.age_max_ms = 1;
  restart();
  keep({message(1, "dev", "Alice", "x"), message(2, "dev", "Alice", "x")});
  prune_all(10'000'000);
  restart();
  EXPECT_EQ(recovered_.last_id, 2U);
  EXPECT_EQ(scan().gaps, (Gap{{1, 2}}));
  restart();
  EXPECT_EQ(recovered_.last_id, 2U);
}

TEST_F(SqliteStoreTest, Crash_LeavesAGapUpToTheLastNumberThatWasReserved) {
  const MessageId end = recovered_.ids_reserved + 1000;
  keep({reserved(end), message(1, "dev", "Alice", "x"), message(2, "dev", "Alice", "x")});
  crash_and_start();
  EXPECT_EQ(recovered_.last_id, end);
  const Page at_once = scan(2);
  EXPECT_EQ(at_once.gaps, (Gap{{3, end}})) << "also before anything new was said";
  EXPECT_EQ(at_once.read_to, end);
  EXPECT_TRUE(at_once.is_end);
  keep({message(end + 1, "dev", "Alice", "x")});
  const Page across = scan();
  EXPECT_EQ(ids_of(across), (Ids{1, 2, end + 1}));
  EXPECT_EQ(across.gaps, (Gap{{3, end}}));
  EXPECT_EQ(store_->history("dev", 1, kNewest, 2).gaps, (Gap{{3, end}}));
  EXPECT_EQ(store_->history("dev", 1, kNewest, 1).gaps, Gap{}) << "nobody has looked so far";
  EXPECT_EQ(store_->find_last("dev", 0, kNewest, 1).after, end) << "nor back";
  restart();
  EXPECT_EQ(scan().gaps, (Gap{{3, end}})) << "it stays one";
}

TEST_F(SqliteStoreTest, GapBehindAPage_IsToldOnce) {
  const MessageId end = recovered_.ids_reserved;
  keep({message(1, "dev", "Alice", "x"), message(2, "dev", "Alice", "x")});
  crash_and_start();
  keep({message(end + 1, "dev", "Alice", "x")});
  const Page full = store_->scan(0, 2, audience("Bob", {"dev"}));
  EXPECT_EQ(full.read_to, 2U);
  EXPECT_FALSE(full.is_end) << "the gap is still to come";
  EXPECT_EQ(full.gaps, Gap{});
  const Page rest = store_->scan(full.read_to, 2, audience("Bob", {"dev"}));
  EXPECT_EQ(rest.gaps, (Gap{{3, end}}));
  EXPECT_EQ(ids_of(rest), Ids{end + 1});
  EXPECT_TRUE(rest.is_end);
}

TEST_F(SqliteStoreTest, CrashAfterCrash_IsOneGap) {
  keep({message(1, "dev", "Alice", "x")});
  for (int crash = 0; crash < 5; ++crash) {
    crash_and_start();
  }
  EXPECT_EQ(scan().gaps, (Gap{{2, recovered_.last_id}}));
  const MessageId last_id = recovered_.last_id;
  restart();
  EXPECT_EQ(recovered_.last_id, last_id);
  EXPECT_EQ(scan().gaps, (Gap{{2, last_id}}));
}

TEST_F(SqliteStoreTest, CrashWhenEveryNumberIsUsed_TakesNothing) {
  keep({message(recovered_.ids_reserved, "dev", "Alice", "x")});
  const MessageId last_id = recovered_.ids_reserved;
  crash_and_start();
  EXPECT_EQ(recovered_.last_id, last_id);
  EXPECT_EQ(scan().gaps, Gap{});
}

TEST_F(SqliteStoreTest, CrashOfAServerThatKeepsFirst_LeavesNoGap) {
  options_.heard_early = false;
  restart();
  keep({message(1, "dev", "Alice", "x")});
  const MessageId first = recovered_.ids_reserved + 1;
  options_.heard_early = true;  // how the next one works does not matter
  crash_and_start();
  EXPECT_EQ(recovered_.last_id, first - 1) << "but a number is a number";
  EXPECT_EQ(scan().gaps, Gap{});
  keep({message(first, "dev", "Alice", "x")});
  crash_and_start();
  EXPECT_EQ(scan().gaps, (Gap{{first + 1, recovered_.last_id}})) << "of the second crash only";
}

TEST_F(SqliteStoreTest, ManyCrashes_AreToldPageByPage) {
  constexpr int kCrashes = 5000;
  keep({message(1, "dev", "Alice", "x"), message(25'007, "dev", "Alice", "x"),
        message(60'000, "dev", "Alice", "x")});
  stop();
  {
    SqliteDatabase database(directory_.file(), "");
    database.must_execute(
        "WITH RECURSIVE crash(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM crash WHERE i < 5000)"
        " INSERT INTO lost SELECT i * 10, i * 10 + 4 FROM crash");
  }
  start();
  const auto count_gaps = [](const Page& page, std::size_t& count) {
    EXPECT_LT(page.gaps.size(), 2000U) << "a page is never large";
    count += page.gaps.size();
  };
  std::size_t scanned = 0;
  EXPECT_EQ(read_pages(0,
                       [&](MessageId after, std::size_t) {
                         Page page = scan(after);
                         count_gaps(page, scanned);
                         return page;
                       }),
            (Ids{1, 25'007, 60'000}));
  EXPECT_EQ(scanned, kCrashes);
  std::size_t read = 0;
  EXPECT_EQ(read_pages(0,
                       [&](MessageId after, std::size_t) {
                         Page page = store_->history("dev", after, 50'000, 100);
                         count_gaps(page, read);
                         return page;
                       }),
            (Ids{1, 25'007}));
  EXPECT_EQ(read, kCrashes - 1) << "the last one begins at the bound";
}

TEST_F(SqliteStoreTest, KilledProcess_HasKeptWhatItAcknowledged) {
  stop();
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    start();
    const std::string error = store_->apply(
        std::vector{began("token", "Bob", 0), message(1, "dev", "Alice", "acknowledged")});
    const bool told = error.empty() && ::write(ready[1], "x", 1) == 1;
    while (told && ::pause() != 0) {
    }
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ::close(ready[0]);
  ::close(ready[1]);
  start();  // nothing has to be cleaned up
  EXPECT_EQ(recovered_.sessions.size(), 1U);
  const Page page = scan();
  EXPECT_EQ(ids_of(page), Ids{1});
  EXPECT_EQ(page.gaps, (Gap{{2, recovered_.last_id}}));
}

// The file and the log beside it, as a power failure leaves them.
TEST_F(SqliteStoreTest, CopyOfTheFilesInUse_HasWhatWasKept) {
  keep({message(1, "dev", "Alice", "x"), message(2, "dev", "Alice", "x")});
  const TemporaryDirectory copy;
  std::filesystem::copy(directory_.path(), copy.path(), std::filesystem::copy_options::recursive);
  SqliteStore store(in(copy));
  EXPECT_EQ(store.recover(0).last_id, recovered_.ids_reserved);
  EXPECT_EQ(read_all(store, audience("Bob", {"dev"})), (Ids{1, 2}));
}

TEST_F(SqliteStoreTest, Session_IsThereAfterARestart) {
  keep({began("token", "Bob", 7), session(Kind::kJoined, "Dev", 8), began("other", "Carol", 3),
        session(Kind::kJoined, "ops", 9)});
  restart();
  ASSERT_EQ(recovered_.sessions.size(), 2U);
  EXPECT_EQ(recovered_.sessions[0].token, "other");
  EXPECT_EQ(recovered_.sessions[0].audience.name(), "Carol");
  EXPECT_EQ(recovered_.sessions[0].audience.since(), 3U);
  EXPECT_THAT(recovered_.sessions[0].audience.stays(), IsEmpty());
  EXPECT_EQ(recovered_.sessions[1].token, "token");
  EXPECT_EQ(recovered_.sessions[1].audience.since(), 7U);
  EXPECT_THAT(recovered_.sessions[1].audience.stays(),
              ElementsAre(Audience::Stay{"dev", 8, 0}, Audience::Stay{"ops", 9, 0}));
}

TEST_F(SqliteStoreTest, SessionThatEnded_IsGoneWithItsStays) {
  keep({began("token", "Bob", 0), session(Kind::kJoined, "dev", 0)});
  keep({session(Kind::kSessionEnded, "", 0)});
  restart();
  EXPECT_THAT(recovered_.sessions, IsEmpty());
  keep({began("token", "Bob", 5)});
  restart();
  EXPECT_THAT(stays(), IsEmpty());
}

TEST_F(SqliteStoreTest, Stay_EndsWhereItWasParted) {
  keep({began("token", "Bob", 0), session(Kind::kJoined, "dev", 5),
        session(Kind::kParted, "DEV", 9), session(Kind::kJoined, "dev", 11),
        session(Kind::kJoined, "ops", 11)});
  restart();
  EXPECT_THAT(stays(), ElementsAre(Audience::Stay{"dev", 5, 9}, Audience::Stay{"dev", 11, 0},
                                   Audience::Stay{"ops", 11, 0}));
}

TEST_F(SqliteStoreTest, StayInWhichNothingWasSaid_IsNotKept) {
  keep({began("token", "Bob", 0), session(Kind::kJoined, "dev", 0),
        session(Kind::kParted, "dev", 0), session(Kind::kJoined, "ops", 4),
        session(Kind::kParted, "ops", 4)});
  restart();
  EXPECT_THAT(stays(), IsEmpty());
}

TEST_F(SqliteStoreTest, PastStays_AreBoundedTheOldestGoFirst) {
  std::vector<Record> records{began("token", "Bob", 0), began("other", "Carol", 0)};
  for (MessageId id = 1; id <= 100; ++id) {
    records.push_back(session(Kind::kJoined, "dev", id * 10));
    records.push_back(session(Kind::kParted, "dev", id * 10 + 5));
  }
  records.push_back(session(Kind::kJoined, "ops", 1));
  records.push_back(of_session(Kind::kJoined, "other", "dev", 1));
  records.push_back(of_session(Kind::kParted, "other", "dev", 2));
  keep(records);
  restart();
  ASSERT_EQ(recovered_.sessions.size(), 2U);
  for (const Recovered::Session& found : recovered_.sessions) {
    const std::vector<Audience::Stay>& stays = found.audience.stays();
    if (found.token == "other") {
      EXPECT_THAT(stays, ElementsAre(Audience::Stay{"dev", 1, 2}));
      continue;
    }
    ASSERT_EQ(stays.size(), kPastStaysMax + 1);
    EXPECT_EQ(stays.front(), (Audience::Stay{"ops", 1, 0})) << "it goes on, it can't be forgotten";
    EXPECT_EQ(stays.back(), (Audience::Stay{"dev", 1000, 1005}));
    EXPECT_EQ(stays[1].since, (101 - kPastStaysMax) * 10);
  }
}

TEST_F(SqliteStoreTest, RoomState_IsTheLastOneUntilTheRoomIsGone) {
  keep({room_state("Dev", "modes=n"), room_state("ops", "modes=nt"), room_state("gone", "x"),
        room_state("dev", "modes=s key=tea"), of_session(Record::Kind::kRoomGone, "", "GONE", 0),
        room_state("again", "x"), of_session(Record::Kind::kRoomGone, "", "again", 0),
        room_state("again", "y")});
  for (int i = 0; i < 2; ++i) {
    crash_and_start();
    std::map<std::string, std::string> rooms;
    for (const Recovered::RoomState& room : recovered_.rooms) {
      rooms.emplace(room.room, room.text);
    }
    EXPECT_EQ(rooms, (std::map<std::string, std::string>{
                         {"dev", "modes=s key=tea"}, {"ops", "modes=nt"}, {"again", "y"}}));
  }
}

TEST_F(SqliteStoreTest, Topic_IsTheLastOneThatWasSet) {
  keep({topic(1, "Dev", "Alice", "tea"), topic(2, "dev", "Bob", "coffee"),
        topic(3, "ops", "Bob", "x"), topic(4, "ops", "Bob", ""), topic(5, "old", "Bob", "x"),
        of_session(Kind::kRoomGone, "", "OLD", 0)});
  restart();
  ASSERT_EQ(recovered_.topics.size(), 1U);
  EXPECT_EQ(recovered_.topics[0].room, "dev");
  EXPECT_EQ(recovered_.topics[0].set_by, "Bob");
  EXPECT_EQ(recovered_.topics[0].text, "coffee");
  EXPECT_EQ(recovered_.topics[0].id, 2U);
  EXPECT_EQ(recovered_.topics[0].unix_ms, 1'000'002);
  EXPECT_EQ(ids_of(history("ops")), (Ids{3, 4}));
}

TEST_F(SqliteStoreTest, Retries_AreThoseOfTheLastMinutesOldestFirst) {
  std::vector<Record> records;
  for (MessageId id = 1; id <= 6; ++id) {
    records.push_back(message(id, "dev", "Alice", "x"));
  }
  records[1].session = "token";
  records[1].client_id = "c2";
  records[3].session = "token";
  records[3].client_id = "c4";
  records[4].client_id = "without a session";
  records[5].session = "token";
  records[5].client_id = "c6";
  keep(records);
  restart(1'000'003);
  ASSERT_EQ(recovered_.retries.size(), 2U);
  EXPECT_EQ(recovered_.retries[0].session, "token");
  EXPECT_EQ(recovered_.retries[0].client_id, "c4");
  EXPECT_EQ(recovered_.retries[0].id, 4U);
  EXPECT_EQ(recovered_.retries[0].unix_ms, 1'000'004);
  EXPECT_EQ(recovered_.retries[1].client_id, "c6");
  restart(2'000'000);
  EXPECT_THAT(recovered_.retries, IsEmpty());
}

TEST_F(SqliteStoreTest, RetryOfAClientIdThatWasUsedAgain_IsOfTheNewestMessage) {
  std::vector<Record> records;
  for (MessageId id = 1; id <= 6; ++id) {
    records.push_back(message(id, "dev", "Alice", "x"));
    records.back().session = id % 2 == 0 ? "token" : "other";
    records.back().client_id = "c1";
  }
  records[5].client_id = "c2";
  keep(records);
  restart();
  ASSERT_EQ(recovered_.retries.size(), 3U);
  EXPECT_EQ(recovered_.retries[0].session, "token");
  EXPECT_EQ(recovered_.retries[0].client_id, "c1");
  EXPECT_EQ(recovered_.retries[0].id, 4U) << "not 2";
  EXPECT_EQ(recovered_.retries[0].unix_ms, 1'000'004);
  EXPECT_EQ(recovered_.retries[1].session, "other");
  EXPECT_EQ(recovered_.retries[1].id, 5U) << "neither 1 nor 3";
  EXPECT_EQ(recovered_.retries[2].client_id, "c2");
}

// A message with the text "boom" can't be inserted.
class StoreThatFails : public SqliteStoreTest {
 protected:
  StoreThatFails() {
    stop();
    {
      SqliteDatabase database(directory_.file(), "");
      database.must_execute(
          "CREATE TRIGGER fail BEFORE INSERT ON messages WHEN new.text = 'boom'"
          " BEGIN SELECT RAISE(ABORT, 'boom'); END");
    }
    start();
  }
};

TEST_F(StoreThatFails, FailureInTheMiddle_KeepsNothing) {
  EXPECT_EQ(
      store_->apply(std::vector{began("token", "Bob", 0), session(Kind::kJoined, "dev", 0),
                                message(1, "dev", "Alice", "x"), message(2, "dev", "Alice", "boom"),
                                message(3, "dev", "Alice", "x")}),
      "boom");
  EXPECT_EQ(ids_of(scan()), Ids{});
  EXPECT_EQ(scan().read_to, 0U);
  restart();
  EXPECT_THAT(recovered_.sessions, IsEmpty());
}

TEST_F(StoreThatFails, ClosedAfterAFailure_WasNotClosedInOrder) {
  keep({message(1, "dev", "Alice", "x")});
  const MessageId reserved_to = recovered_.ids_reserved;
  EXPECT_EQ(store_->apply(std::vector{message(2, "dev", "Alice", "boom")}), "boom");
  restart();
  EXPECT_EQ(recovered_.last_id, reserved_to);
  EXPECT_EQ(scan().gaps, (Gap{{2, reserved_to}})) << "message 2 may have been heard";
}

TEST_F(SqliteStoreTest, SameRecordsAgain_ChangeNothing) {
  std::vector<Record> records{reserved(100'000),
                              began("token", "Bob", 0),
                              session(Kind::kJoined, "dev", 0),
                              message(1, "dev", "Alice", "x"),
                              session(Kind::kParted, "dev", 1),
                              session(Kind::kJoined, "ops", 1),
                              session(Kind::kParted, "ops", 1),
                              direct(2, "Bob", "Alice", "x"),
                              session(Kind::kJoined, "dev", 2),
                              topic(3, "dev", "Alice", "tea"),
                              began("other", "Carol", 3),
                              of_session(Kind::kSessionEnded, "other", "", 3)};
  keep(records);
  // The same as a whole, and the end of it alone: the beginning was another call's then.
  keep(records);
  keep({records.begin() + 4, records.end()});
  EXPECT_EQ(ids_of(scan()), (Ids{1, 2, 3}));
  EXPECT_EQ(ids_of(history("@alice:bob")), Ids{2});
  restart();
  EXPECT_EQ(recovered_.last_id, 3U);
  ASSERT_EQ(recovered_.sessions.size(), 1U);
  EXPECT_THAT(stays(), ElementsAre(Audience::Stay{"dev", 0, 1}, Audience::Stay{"dev", 2, 0}));
  ASSERT_EQ(recovered_.topics.size(), 1U);
}

TEST_F(SqliteStoreTest, OtherMessageWithTheSameNumber_IsNotTakenForTheSame) {
  keep({message(1, "dev", "Alice", "x")});
  EXPECT_EQ(store_->apply(std::vector{message(1, "dev", "Alice", "y")}),
            "there is another message 1 already");
}

// Files can't grow beyond this size for as long as it lives, as on a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int) = nullptr;
  rlimit before_{};
};

TEST_F(SqliteStoreTest, DiskWithoutRoom_IsToldAndReadFromAndGoesOnLater) {
  keep({message(1, "dev", "Alice", "x"), began("token", "Bob", 1)});
  const std::string large(200'000, 'x');
  std::vector<Record> too_much{session(Kind::kJoined, "dev", 1), message(2, "dev", "Alice", large),
                               session(Kind::kParted, "dev", 2), session(Kind::kJoined, "dev", 2)};
  {
    const FileSizeLimit full(100'000);
    const std::string error = store_->apply(too_much);
    EXPECT_THAT(error, HasSubstr("the disk"));
    EXPECT_EQ(error.find('\n'), std::string::npos);
    EXPECT_EQ(ids_of(scan()), Ids{1}) << "what is there can be read";
    too_much.push_back(message(3, "dev", "Alice", "meanwhile"));
    EXPECT_NE(store_->apply(too_much), "");
  }
  keep(too_much);
  EXPECT_EQ(read_all(*store_, audience("Bob", {"dev"})), (Ids{1, 2, 3}));
  restart();
  EXPECT_EQ(recovered_.last_id, 3U);
  EXPECT_EQ(scan().gaps, Gap{});
  EXPECT_THAT(stays(), ElementsAre(Audience::Stay{"dev", 1, 2}, Audience::Stay{"dev", 2, 0}));
}

TEST_F(SqliteStoreTest, Unrecovered_ChangesNothingWhenClosed) {
  keep({message(1, "dev", "Alice", "x")});
  const MessageId reserved_to = recovered_.ids_reserved;
  store_.reset();
  SqliteStore(options_).close();  // a server that could not start for another reason
  start();
  EXPECT_EQ(recovered_.last_id, reserved_to);
  EXPECT_EQ(scan().gaps, (Gap{{2, reserved_to}}));
}

}  // namespace
}  // namespace chat
