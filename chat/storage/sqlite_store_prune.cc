#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "chat/storage/sqlite_statements.h"
#include "chat/storage/sqlite_store.h"
#include "reactor/check.h"

// What the store does beside its work, a little at a time.
namespace chat {
namespace {

// From where on copying the write-ahead log, in pages of 4 KiB, is worth two fsyncs: a page that
// was written again and again since the last time is copied once.
constexpr int kLogPagesWorthCopying = 1024;

// One step: short enough for a commit to wait for, and long enough for those who keep much at once
// not to outrun it.
constexpr std::size_t kMessagesDeletedAtOnce = 256;
constexpr std::size_t kMessagesDeletedPerKept = 2;
// New messages use the pages that deleted ones have left. Only what is clearly too much is given
// back to the disk, so that a store that was made smaller, or had a burst, does not stay large:
// moving pages to the front, to cut the file behind them, is work.
constexpr std::int64_t kFreePagesKept = 1024;
constexpr std::int64_t kFreePagesShareKept = 8;  // an eighth of the file

}  // namespace

bool SqliteStore::prune(std::int64_t now_unix_ms) {
  CHECK(database_ != nullptr, "the store is closed");
  bool is_progress = false;
  if (copy_log() && delete_overdue(now_unix_ms, is_progress) &&
      (is_progress || give_back(is_progress))) {
    prune_error_.clear();
    return is_progress;
  }
  // Once: a disk may be full for days.
  if (prune_error_ != database_->error()) {
    prune_error_ = database_->error();
    spdlog::warn("the store can't tidy its file: {}", prune_error_);
  }
  return false;
}

bool SqliteStore::copy_log() {
  return database_->wal_pages() < kLogPagesWorthCopying || database_->checkpoint();
}

bool SqliteStore::delete_overdue(std::int64_t now_unix_ms, bool& is_progress) {
  MessageId overdue = 0;
  if (!find_overdue(now_unix_ms, overdue)) {
    return false;
  }
  if (overdue == 0) {
    return true;
  }
  const std::size_t count_max =
      std::max(kMessagesDeletedAtOnce, kMessagesDeletedPerKept * kept_last_);
  MessageId deleted_to = 0;
  SqliteTransaction transaction(*database_);
  bool done = transaction.begun();
  for (std::size_t count = 0; done && overdue > 0 && count < count_max;
       count += kMessagesDeletedAtOnce) {
    deleted_to = overdue;
    done = sql_->delete_messages.with(overdue).run();
    is_progress = is_progress || (done && database_->changes() > 0);
    done = done && find_overdue(now_unix_ms, overdue);
  }
  done = done && sql_->note_deleted.with(deleted_to).run() &&
         sql_->forget_lost.with(deleted_to).run() && transaction.commit();
  if (done) {
    gaps_.delete_to(deleted_to);
  }
  return done;
}

// The last one of those of the oldest messages that are not to be kept; 0: there is none.
bool SqliteStore::find_overdue(std::int64_t now_unix_ms, MessageId& overdue) {
  overdue = 0;
  bool done = true;
  const auto look_at = [&](SqliteStatement& oldest) {
    // A damaged file can have any number: none of ours may count as deleted before it is given
    // away.
    const std::int64_t id = std::max<std::int64_t>(oldest.first_integer(), 0);
    overdue = std::max(overdue, std::min(static_cast<MessageId>(id), last_id_));
    done = done && !oldest.failed();
  };
  if (options_.retention.age_max_ms > 0) {
    look_at(sql_->last_overdue_of_oldest.with(kMessagesDeletedAtOnce,
                                              now_unix_ms - options_.retention.age_max_ms));
  }
  if (options_.retention.bytes_max > 0 && bytes_used() > options_.retention.bytes_max) {
    look_at(sql_->last_of_oldest.with(kMessagesDeletedAtOnce));
  }
  return done;
}

bool SqliteStore::give_back(bool& is_progress) {
  const std::int64_t free = free_pages();
  const std::int64_t kept =
      std::max(kFreePagesKept, sql_->page_count.with().first_integer() / kFreePagesShareKept);
  if (free <= kept) {
    return true;
  }
  const bool done = database_->execute("PRAGMA incremental_vacuum(256)");
  is_progress = free_pages() < free;
  return done;
}

std::uint64_t SqliteStore::bytes_used() {
  const std::int64_t pages = sql_->page_count.with().first_integer() - free_pages();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(pages, 0) *
                                    sql_->page_bytes.with().first_integer());
}

std::int64_t SqliteStore::free_pages() { return sql_->free_page_count.with().first_integer(); }

}  // namespace chat
