#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sim/sim_file.h"

namespace sim {

// What goes wrong with a disk, in calls out of a thousand. All zero: only what a test asks for.
struct DiskFaults {
  int read_error = 0;   // SQLITE_IOERR_READ
  int short_read = 0;   // breaks off in the middle, and is an error: only the end of a file is less
  int write_error = 0;  // SQLITE_IOERR_WRITE, some sectors may be written; SQLITE_IOERR_TRUNCATE
  int sync_error = 0;   // SQLITE_IOERR_FSYNC, see File::fail_sync; SQLITE_IOERR_DIR_FSYNC
};

struct DiskStats {
  std::uint64_t writes = 0;
  std::uint64_t syncs = 0;  // of files
  std::uint64_t bytes_written = 0;
  std::uint64_t crashes = 0;
};

// A disk for SQLite: a VFS of its own name, one directory of files in memory, decided by chance
// and by the clock it is given, and cut off from its power whenever a test likes. Single-threaded:
// whoever runs a database on it does so on the test's thread.
//
// It is as bad as SQLite is prepared for (sqlite.org/atomiccommit.html, sqlite.org/vfs.html):
// - what was synced stays, and no byte changes that nobody wrote (SQLITE_IOCAP_POWERSAFE_OVERWRITE,
//   as on every system by default); what was not synced arrives in any order, in part, or not;
// - a file may have grown without its new bytes being there: no SAFE_APPEND;
// - a sector that was being written is new from one end up to somewhere: no ATOMIC512;
// - a new name and a deleted name are certain only after a sync of the directory: the one that
//   xDelete asks for, and the first sync of a journal or a log, which includes one as on Unix. Each
//   name is then as before, or as after any of the changes, but never in between;
// - nothing rots: what is on the disk reads as it was written. A database that is damaged is
//   something for put().
// It has no memory to be shared between processes: a write-ahead log needs locking_mode =
// EXCLUSIVE.
class Disk {
 public:
  using Clock = std::function<std::int64_t()>;  // milliseconds since 1970

  // Makes all that SQLite itself does by chance follow from `random` too, in the whole process.
  Disk(std::mt19937_64& random, Clock unix_ms);
  // REQUIRES: every database on it is closed.
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // For sqlite3_open_v2.
  const char* vfs_name() const { return name_.c_str(); }

  DiskFaults faults;
  bool lying_sync = false;  // syncs succeed and do nothing, as with a cache nobody knew of
  bool read_only = false;   // opening to write, creating and deleting fail; open files go on
  std::uint64_t capacity_bytes = UINT64_MAX;  // of all files together; beyond it SQLITE_FULL

  // The power goes. From here on every call fails until each file that is open now was closed,
  // which is what the dead process's databases are for still; then it is up again with what is
  // left.
  void crash();
  // The process dies and the power stays: as crash(), but nothing is lost that was written.
  void kill() { down_ = !handles_.empty(); }
  // crash() instead of the nth change from now (write, truncate, sync, create, delete); 0: never.
  void crash_at_change(std::uint64_t nth) { changes_until_crash_ = nth; }
  // Crashed or killed, and not everything is closed.
  bool down() const { return down_; }

  const DiskStats& stats() const { return stats_; }
  std::uint64_t used_bytes() const;
  bool exists(std::string_view path) const { return directory_.contains(path); }
  // What a reader would see. REQUIRES: exists.
  const std::string& contents(std::string_view path) const;
  // Makes a file of this, or replaces it, on the disk for certain. REQUIRES: nobody has it open.
  void put(const std::string& path, std::string bytes);

 private:
  friend struct DiskCalls;

  // An open file.
  struct Handle {
    std::shared_ptr<File> file;  // may have no name any more
    bool syncs_directory = false;
    int lock = SQLITE_LOCK_NONE;
  };
  using Directory = std::map<std::string, std::shared_ptr<File>, std::less<>>;

  bool goes_down_at_this_change();
  void enter(const std::string& path, std::shared_ptr<File> file);
  void sync_directory();
  int lock_of_others(const Handle& handle) const;

  int open(const char* path, int flags, Handle*& opened, int& flags_out);
  int remove(const char* path, bool syncs_directory);
  int access(const char* path, int flags) const;
  void close(Handle& handle);
  int read(Handle& handle, std::span<char> into, std::size_t offset);
  int write(Handle& handle, std::string_view bytes, std::size_t offset);
  int truncate(Handle& handle, std::size_t size);
  int sync(Handle& handle);
  int lock(Handle& handle, int level) const;

  std::mt19937_64& random_;
  Clock unix_ms_;
  std::string name_;
  sqlite3_vfs vfs_{};
  Directory directory_;          // as everybody sees it
  Directory durable_directory_;  // as it was synced
  std::vector<std::pair<std::string, std::shared_ptr<File>>> directory_changes_;  // null: deleted
  std::vector<std::unique_ptr<Handle>> handles_;
  std::uint64_t changes_until_crash_ = 0;
  bool down_ = false;
  DiskStats stats_;
};

}  // namespace sim
