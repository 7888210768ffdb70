#include "chat/storage/sqlite_open.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "chat/storage/sqlite_schema.h"

namespace chat {
namespace {

std::string file_of(const SqliteStoreOptions& options) { return options.directory + "/chat.db"; }

// The endings of what is said when opening fails.
constexpr std::string_view kReplaceIt = "move it away to begin anew, or put a backup in its place";
constexpr std::string_view kElsewhere = "or choose another directory with --data";

std::runtime_error cannot_write(const std::string& path, int error) {
  return std::runtime_error(fmt::format("{} can't be written ({}): let this user write there, {}",
                                        path, std::generic_category().message(error), kElsewhere));
}

// Without this a new directory may be gone after a power failure, with all that is in it. Some file
// systems can't, and need not.
void sync_directory(const std::filesystem::path& path) {
  const int fd = ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    ::fsync(fd);
    ::close(fd);
  }
}

// With those above it: for this user alone, because it holds what was said in private.
void make_directory(const std::filesystem::path& path) {
  constexpr mode_t kForUsAlone = 0700;
  int result = ::mkdir(path.c_str(), kForUsAlone);
  if (result != 0 && errno == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    make_directory(path.parent_path());
    result = ::mkdir(path.c_str(), kForUsAlone);
  }
  if (result == 0) {
    sync_directory(path.parent_path());
  } else if (errno != EEXIST) {
    throw cannot_write(path.string(), errno);
  }
}

// SQLite would let others read it. The files that it puts beside this one get the same mode. What
// is there already must not be opened and closed here: that would give up the locks that this
// process has on it.
void make_file(const std::string& file) {
  constexpr mode_t kForUsAlone = 0600;
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kForUsAlone);
  if (fd >= 0) {
    ::close(fd);
  } else if (errno != EEXIST) {
    throw cannot_write(file, errno);
  }
}

// Whose it is and how old. Returns the version; 0: it is new, or its making was interrupted.
std::int64_t identify(SqliteDatabase& database, const std::string& file) {
  const std::int64_t version = database.query_integer("PRAGMA user_version");
  const std::int64_t application = database.query_integer("PRAGMA application_id");
  const bool is_empty = database.query_integer("SELECT count(*) FROM sqlite_master") == 0;
  if (version == 0 && application == 0 && is_empty) {
    return 0;
  }
  if (application != kApplicationId || version <= 0) {
    throw std::runtime_error(fmt::format("{} is another program's database: {}", file, kReplaceIt));
  }
  const auto newest = static_cast<std::int64_t>(schema_steps().size());
  if (version > newest) {
    throw std::runtime_error(fmt::format(
        "{} was made by a newer chat-server (version {} of the file, this one knows {}): run that "
        "one, {}",
        file, version, newest, kElsewhere));
  }
  return version;
}

void check_with(SqliteDatabase& database, const char* pragma) {
  const std::string verdict = database.query_text(pragma);
  if (verdict != "ok") {
    throw SqliteError(SQLITE_CORRUPT,
                      fmt::format("the file is damaged ({})", as_one_line(verdict)));
  }
}

void check(SqliteDatabase& database, std::int64_t version, std::uint64_t whole_bytes_max) {
  const std::int64_t bytes =
      database.query_integer("PRAGMA page_count") * database.query_integer("PRAGMA page_size");
  if (static_cast<std::uint64_t>(bytes) <= whole_bytes_max) {
    check_with(database, "PRAGMA quick_check(1)");
    return;
  }
  // Every version has these.
  check_with(database, "PRAGMA quick_check(state)");
  check_with(database, "PRAGMA quick_check(lost)");
  check_with(database, "PRAGMA quick_check(sessions)");
  check_with(database, "PRAGMA quick_check(stays)");
  check_with(database, "PRAGMA quick_check(topics)");
  if (version >= 2) {
    check_with(database, "PRAGMA quick_check(rooms)");
  }
  database.query_integer(
      "SELECT max(length(text)) FROM (SELECT text FROM messages ORDER BY id LIMIT 1000)");
  database.query_integer(
      "SELECT max(length(text)) FROM (SELECT text FROM messages ORDER BY id DESC LIMIT 1000)");
}

}  // namespace

std::unique_ptr<SqliteDatabase> open_database(const SqliteStoreOptions& options) {
  const std::string file = file_of(options);
  if (options.vfs.empty()) {
    make_directory(options.directory);
    make_file(file);
  }
  auto database = std::make_unique<SqliteDatabase>(file, options.vfs);
  if (database->is_read_only()) {
    throw SqliteError(SQLITE_READONLY, "the file can't be written (it is read-only)");
  }
  // The lock lies on the file itself, as long as this process lives: a second server is refused,
  // and a killed one leaves nothing to be cleaned up. With it SQLite also needs no memory shared
  // between processes, and does with any VFS.
  database->must_execute("PRAGMA locking_mode = EXCLUSIVE");
  const std::int64_t version = identify(*database, file);
  if (version == 0) {
    // So that what was deleted can be given back to the disk. It has to be said before anything is
    // in the file, and costs a five-byte note per page.
    database->must_execute("PRAGMA auto_vacuum = INCREMENTAL");
  }
  if (database->query_text("PRAGMA journal_mode = WAL") != "wal") {
    throw SqliteError(SQLITE_CANTOPEN, "the file can't be written (it can't have a log beside it)");
  }
  // A commit is on the disk when it returns. The log, which checkpoints keep far below this size,
  // is made that small again if it was ever longer. What is deleted is overwritten where that is
  // free.
  database->must_execute(
      "PRAGMA synchronous = FULL;"
      "PRAGMA fullfsync = ON;"
      "PRAGMA checkpoint_fullfsync = ON;"
      "PRAGMA journal_size_limit = 67108864;"
      "PRAGMA temp_store = MEMORY;"
      "PRAGMA cell_size_check = ON;"
      "PRAGMA secure_delete = FAST");
  if (version > 0) {
    check(*database, version, options.checked_whole_bytes_max);
  }
  // Where a sync has failed, the system may show what never reached the disk: to go on behind that
  // would lose what comes. Copied into the file it is written again, and synced.
  if (!database->checkpoint()) {
    throw database->make_error();
  }
  migrate(*database, schema_steps());
  return database;
}

std::string explain_opening(const SqliteStoreOptions& options, const SqliteError& error) {
  const std::string file = file_of(options);
  switch (error.code()) {
    case SQLITE_BUSY:
      return fmt::format("another server uses {}: stop it, {}", options.directory, kElsewhere);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return fmt::format("{}: {}: let this user write there, {}", file, error.what(), kElsewhere);
    case SQLITE_FULL:
      return fmt::format("{}: {}: make room, {}", file, error.what(), kElsewhere);
    case SQLITE_IOERR:
      return fmt::format("{}: {}: see what the disk has, {}", file, error.what(), kElsewhere);
    case SQLITE_ERROR:  // a statement does not fit to what is in the file
      return fmt::format("{}: the file is damaged ({}): {}", file, error.what(), kReplaceIt);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fmt::format("{}: {}: {}", file, error.what(), kReplaceIt);
    default:
      return fmt::format("{} can't be opened: {}", file, error.what());
  }
}

}  // namespace chat
