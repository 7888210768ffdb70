// The simulated disk by itself: what a crash takes, what it leaves, and everything else that goes
// wrong. What SQLite makes of it is in random_disk_test.cc.

#include "tests/sim/sim_disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "chat/storage/sqlite.h"

namespace {

using chat::SqliteDatabase;
using sim::Disk;

constexpr int kSeeds = 300;
constexpr int kNew = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
constexpr int kDatabase = kNew | SQLITE_OPEN_MAIN_DB;
constexpr int kLog = kNew | SQLITE_OPEN_WAL;
constexpr std::int64_t kNowMs = 1'700'000'000'123;

// A file as SQLite would use it.
class RawFile {
 public:
  RawFile(const Disk& disk, const char* path, int flags)
      : vfs_(sqlite3_vfs_find(disk.vfs_name())),
        memory_(static_cast<std::size_t>(vfs_->szOsFile)),
        file_(reinterpret_cast<sqlite3_file*>(memory_.data())),
        open_result_(vfs_->xOpen(vfs_, path, file_, flags, &flags_)) {}
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  ~RawFile() { close(); }

  int open_result() const { return open_result_; }
  bool is_read_only() const { return (flags_ & SQLITE_OPEN_READONLY) != 0; }
  void close() {
    if (file_->pMethods != nullptr) {
      file_->pMethods->xClose(file_);
      file_->pMethods = nullptr;
    }
  }
  int write(const std::string& bytes, sqlite3_int64 offset) {
    return file_->pMethods->xWrite(file_, bytes.data(), static_cast<int>(bytes.size()), offset);
  }
  int read(std::string& into, sqlite3_int64 offset) {
    return file_->pMethods->xRead(file_, into.data(), static_cast<int>(into.size()), offset);
  }
  int truncate(sqlite3_int64 bytes) { return file_->pMethods->xTruncate(file_, bytes); }
  int sync() { return file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL); }
  int size(sqlite3_int64& bytes) { return file_->pMethods->xFileSize(file_, &bytes); }
  int lock(int level) { return file_->pMethods->xLock(file_, level); }
  int unlock(int level) { return file_->pMethods->xUnlock(file_, level); }

 private:
  sqlite3_vfs* vfs_;
  std::vector<char> memory_;
  sqlite3_file* file_;
  int flags_ = 0;
  int open_result_;
};

int remove(const Disk& disk, const char* path, bool syncs_directory) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(disk.vfs_name());
  return vfs->xDelete(vfs, path, syncs_directory ? 1 : 0);
}

// Calls `test` with a disk of its own for every seed.
void with_seeds(const std::function<void(Disk&)>& test) {
  for (int seed = 1; seed <= kSeeds && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    Disk disk(random, [] { return kNowMs; });
    test(disk);
  }
}

class SimDisk : public testing::Test {
 protected:
  std::mt19937_64 random_{1};
  Disk disk_{random_, [] { return kNowMs; }};
};

TEST(SimDiskCrash, WhatWasSynced_Stays_WhatWasNot_IsThereOrNotOrInPart) {
  const std::string before(8192, 'a');
  std::set<std::string> seen;
  with_seeds([&](Disk& disk) {
    RawFile file(disk, "/f", kLog);
    file.write(before, 0);
    ASSERT_EQ(file.sync(), SQLITE_OK);
    file.write(std::string(3000, 'b'), 1000);
    file.write(std::string(1000, 'c'), 5000);
    disk.crash();
    const std::string& after = disk.contents("/f");
    seen.insert(after);
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
      const bool is_b = i >= 1000 && i < 4000;
      const bool is_c = i >= 5000 && i < 6000;
      ASSERT_TRUE(after[i] == 'a' || (is_b && after[i] == 'b') || (is_c && after[i] == 'c')) << i;
    }
  });
  std::string both = before;
  both.replace(1000, 3000, 3000, 'b').replace(5000, 1000, 1000, 'c');
  std::string only_later = before;
  only_later.replace(5000, 1000, 1000, 'c');
  EXPECT_TRUE(seen.contains(before)) << "nothing arrived";
  EXPECT_TRUE(seen.contains(both)) << "everything arrived";
  EXPECT_TRUE(seen.contains(only_later)) << "the later write arrived without the earlier";
  EXPECT_GT(seen.size(), 30U) << "parts of them arrived";
}

TEST(SimDiskCrash, FileThatGrew_MayBeLongerThanWhatArrived) {
  bool was_short = false;
  bool was_whole = false;
  bool held_anything = false;
  with_seeds([&](Disk& disk) {
    RawFile file(disk, "/f", kLog);
    file.write(std::string(512, 'a'), 0);
    file.sync();
    file.write(std::string(4096, 'b'), 512);
    disk.crash();
    const std::string after = disk.contents("/f");
    ASSERT_EQ(after.substr(0, 512), std::string(512, 'a'));
    was_short |= after.size() == 512;
    was_whole |= after.substr(512) == std::string(4096, 'b');
    held_anything |= after.find_first_not_of("ab") != std::string::npos;
  });
  EXPECT_TRUE(was_short);
  EXPECT_TRUE(was_whole);
  EXPECT_TRUE(held_anything);
}

TEST(SimDiskCrash, TruncatedFile_IsAsLongAsBeforeOrAsAfter) {
  std::set<std::size_t> sizes;
  with_seeds([&](Disk& disk) {
    RawFile file(disk, "/f", kLog);
    file.write(std::string(4096, 'a'), 0);
    file.sync();
    file.truncate(0);
    file.write(std::string(512, 'b'), 0);
    disk.crash();
    sizes.insert(disk.contents("/f").size());
  });
  EXPECT_EQ(sizes, (std::set<std::size_t>{0, 512, 4096}));
}

TEST(SimDiskCrash, NewAndDeletedFiles_AreCertainOnlyWithTheirDirectory) {
  std::set<bool> created;
  std::set<bool> deleted;
  with_seeds([&](Disk& disk) {
    disk.put("/deleted", "x");
    disk.put("/deleted-for-good", "x");
    RawFile log(disk, "/log", kLog);
    log.sync();
    RawFile created_file(disk, "/created", kDatabase);
    created_file.write("x", 0);
    created_file.sync();  // its bytes, not its name
    ASSERT_EQ(remove(disk, "/deleted-for-good", true), SQLITE_OK);
    ASSERT_EQ(remove(disk, "/deleted", false), SQLITE_OK);
    RawFile lost(disk, "/lost", kDatabase);
    disk.crash();
    ASSERT_TRUE(disk.exists("/log")) << "a log's first sync takes the directory along";
    ASSERT_TRUE(disk.exists("/created")) << "so does a deletion that asks for it";
    ASSERT_FALSE(disk.exists("/deleted-for-good"));
    created.insert(disk.exists("/lost"));
    deleted.insert(disk.exists("/deleted"));
  });
  EXPECT_EQ(created, (std::set<bool>{false, true}));
  EXPECT_EQ(deleted, (std::set<bool>{false, true}));
}

TEST_F(SimDisk, AfterACrash_NothingWorksUntilEverythingIsClosed) {
  RawFile database(disk_, "/f", kDatabase);
  RawFile log(disk_, "/f-wal", kLog);
  database.write("before", 0);
  database.sync();
  log.sync();
  disk_.crash();
  std::string bytes(6, ' ');
  sqlite3_int64 size = 0;
  EXPECT_EQ(database.read(bytes, 0), SQLITE_IOERR);
  EXPECT_EQ(database.write("after!", 0), SQLITE_IOERR);
  EXPECT_EQ(database.truncate(0), SQLITE_IOERR);
  EXPECT_EQ(database.sync(), SQLITE_IOERR);
  EXPECT_EQ(database.size(size), SQLITE_IOERR);
  EXPECT_EQ(database.lock(SQLITE_LOCK_SHARED), SQLITE_IOERR);
  EXPECT_EQ(remove(disk_, "/f", true), SQLITE_IOERR);
  log.close();
  EXPECT_TRUE(disk_.down());
  EXPECT_EQ(RawFile(disk_, "/f", kDatabase).open_result(), SQLITE_IOERR);
  database.close();
  EXPECT_FALSE(disk_.down());
  RawFile again(disk_, "/f", kDatabase);
  EXPECT_EQ(again.read(bytes, 0), SQLITE_OK);
  EXPECT_EQ(bytes, "before");
}

TEST_F(SimDisk, KilledProcess_LeavesAllThatItWrote) {
  RawFile file(disk_, "/f", kLog);
  file.write("written", 0);
  disk_.kill();
  EXPECT_EQ(file.write("after", 0), SQLITE_IOERR);
  file.close();
  EXPECT_FALSE(disk_.down());
  EXPECT_EQ(disk_.contents("/f"), "written");
}

TEST_F(SimDisk, CrashAtAChange_IsInsteadOfIt) {
  RawFile file(disk_, "/f", kLog);
  disk_.crash_at_change(3);
  EXPECT_EQ(file.write("a", 0), SQLITE_OK);
  EXPECT_EQ(file.sync(), SQLITE_OK);
  EXPECT_FALSE(disk_.down());
  EXPECT_EQ(file.write("b", 0), SQLITE_IOERR);
  EXPECT_TRUE(disk_.down());
  EXPECT_EQ(disk_.contents("/f"), "a");
}

TEST_F(SimDisk, FullDisk_TakesWhatFitsAndGoesOnWithMoreRoom) {
  disk_.capacity_bytes = 1000;
  RawFile file(disk_, "/f", kDatabase);
  EXPECT_EQ(file.write(std::string(900, 'a'), 0), SQLITE_OK);
  EXPECT_EQ(file.write(std::string(200, 'b'), 900), SQLITE_FULL);
  EXPECT_EQ(disk_.used_bytes(), 1000U);
  EXPECT_EQ(file.write(std::string(900, 'c'), 0), SQLITE_OK) << "nothing more is needed";
  disk_.capacity_bytes = 1100;
  EXPECT_EQ(file.write(std::string(200, 'b'), 900), SQLITE_OK);
  EXPECT_EQ(disk_.used_bytes(), 1100U);
}

TEST_F(SimDisk, ReadOnlyDisk_OpensToReadAndCreatesNothing) {
  disk_.put("/f", "x");
  disk_.read_only = true;
  const RawFile file(disk_, "/f", kDatabase);
  EXPECT_EQ(file.open_result(), SQLITE_OK);
  EXPECT_TRUE(file.is_read_only());
  EXPECT_EQ(RawFile(disk_, "/g", kDatabase).open_result(), SQLITE_CANTOPEN);
  EXPECT_EQ(RawFile(disk_, "/g-wal", kLog).open_result(), SQLITE_READONLY_DIRECTORY);
  EXPECT_EQ(remove(disk_, "/f", false), SQLITE_IOERR_DELETE);
}

TEST_F(SimDisk, Faults_AreTheErrorsThatSqliteKnows) {
  RawFile file(disk_, "/f", kDatabase);
  std::string bytes(512, ' ');
  file.write(bytes, 0);
  disk_.faults = {.read_error = 1000, .short_read = 0, .write_error = 1000, .sync_error = 1000};
  EXPECT_EQ(file.read(bytes, 0), SQLITE_IOERR_READ);
  EXPECT_EQ(file.write(bytes, 0), SQLITE_IOERR_WRITE);
  EXPECT_EQ(file.truncate(0), SQLITE_IOERR_TRUNCATE);
  EXPECT_EQ(file.sync(), SQLITE_IOERR_FSYNC);
  EXPECT_EQ(remove(disk_, "/f", true), SQLITE_IOERR_DIR_FSYNC);
  disk_.faults = {.short_read = 1000};
  EXPECT_EQ(file.read(bytes, 0), SQLITE_IOERR_READ);
  disk_.faults = {};
  EXPECT_EQ(file.read(bytes, 100), SQLITE_IOERR_SHORT_READ) << "the end of the file";
  EXPECT_EQ(disk_.stats().writes, 2U);
  EXPECT_EQ(disk_.stats().syncs, 1U);
}

TEST(SimDiskFaults, AfterAFailedSync_ALaterOneMaySucceedWithoutTheBytes) {
  std::set<std::string> after;
  with_seeds([&](Disk& disk) {
    RawFile file(disk, "/f", kLog);
    file.write(std::string(1024, 'a'), 0);
    file.sync();
    file.write(std::string(512, 'b'), 0);
    disk.faults.sync_error = 1000;
    ASSERT_EQ(file.sync(), SQLITE_IOERR_FSYNC);
    disk.faults = {};
    file.write(std::string(512, 'c'), 512);
    ASSERT_EQ(file.sync(), SQLITE_OK);
    std::string bytes(1, ' ');
    ASSERT_EQ(file.read(bytes, 0), SQLITE_OK);
    ASSERT_EQ(bytes, "b") << "the cache has it";
    disk.crash();
    after.insert({disk.contents("/f")[0], disk.contents("/f")[1023]});
  });
  EXPECT_TRUE(after.contains("bc"));
  EXPECT_TRUE(after.contains("ac"));
}

TEST_F(SimDisk, Locks_AreAsOnUnix) {
  RawFile one(disk_, "/f", kDatabase);
  RawFile two(disk_, "/f", kDatabase);
  EXPECT_EQ(one.lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  EXPECT_EQ(two.lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  EXPECT_EQ(one.lock(SQLITE_LOCK_RESERVED), SQLITE_OK);
  EXPECT_EQ(two.lock(SQLITE_LOCK_RESERVED), SQLITE_BUSY);
  EXPECT_EQ(one.lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY) << "the other one reads";
  two.unlock(SQLITE_LOCK_NONE);
  EXPECT_EQ(two.lock(SQLITE_LOCK_SHARED), SQLITE_BUSY) << "it waits to write";
  EXPECT_EQ(one.lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
  one.unlock(SQLITE_LOCK_NONE);
  EXPECT_EQ(two.lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
}

TEST_F(SimDisk, DatabaseInUse_IsBusyForASecondServer) {
  constexpr const char* kReadExclusively =
      "PRAGMA locking_mode = EXCLUSIVE; SELECT * FROM sqlite_master";
  auto first = std::make_unique<SqliteDatabase>("/f", disk_.vfs_name());
  ASSERT_TRUE(first->execute(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE t(x)"))
      << first->error();
  SqliteDatabase second("/f", disk_.vfs_name());
  EXPECT_FALSE(second.execute(kReadExclusively));
  EXPECT_EQ(second.error(), "another process uses the file");
  first.reset();
  EXPECT_TRUE(second.execute(kReadExclusively)) << second.error();
}

TEST_F(SimDisk, DamagedDatabase_IsFoundOut) {
  disk_.put("/f", std::string(4096, 'x'));
  SqliteDatabase database("/f", disk_.vfs_name());
  EXPECT_FALSE(database.execute("SELECT * FROM t"));
  EXPECT_EQ(database.make_error().code(), SQLITE_NOTADB);
}

TEST_F(SimDisk, Time_IsTheGivenClocks) {
  SqliteDatabase database("/f", disk_.vfs_name());
  EXPECT_EQ(database.query_text("SELECT strftime('%s', 'now')"), "1700000000");
}

}  // namespace
