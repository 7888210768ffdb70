#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "chat/message.h"

namespace chat {

// What SQLite says may quote what a damaged file contains: this is fit to be shown.
std::string as_one_line(std::string_view text);

// Why something could not be opened or prepared: only ever thrown while a store is being opened.
class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& text) : std::runtime_error(text), code_(code) {}

  int code() const { return code_ & 0xFF; }  // SQLITE_BUSY, SQLITE_CORRUPT, …

 private:
  int code_;
};

// One connection to one file. What fails returns false, and error() says why until the next
// failure. Used by one thread at a time.
class SqliteDatabase {
 public:
  // Opens the file, or makes it, and keeps everybody else out from the first access on. vfs: the
  // name of the SQLite VFS that does the work; empty: the OS's own. Throws SqliteError.
  SqliteDatabase(const std::string& path, const std::string& vfs);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  // One or more statements whose rows are of no interest.
  bool execute(const char* sql);
  // The same, for the time of opening: throws SqliteError.
  void must_execute(const char* sql);
  // The number, or the text, that is the first column of a statement's first row; 0 or empty when
  // it has no rows. For the time of opening: throws SqliteError.
  std::int64_t query_integer(const char* sql);
  std::string query_text(const char* sql);

  // How many rows the last INSERT, UPDATE or DELETE has changed.
  int changes() const { return sqlite3_changes(handle_); }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  bool is_read_only() const { return sqlite3_db_readonly(handle_, "main") == 1; }

  // How many pages of the write-ahead log wait to be copied into the file, as of the last commit.
  int wal_pages() const { return wal_pages_; }
  // Copies them. The log begins anew with the next commit.
  bool checkpoint();

  // Why the last call that failed did so: one line in plain words.
  const std::string& error() const { return error_; }
  SqliteError make_error() const { return {code_, error_}; }
  // Remembers a failure, if the code is one. Returns whether it is none.
  bool note(int code);
  // Fails, for a reason of our own.
  bool fail(std::string_view why);
  sqlite3* handle() const { return handle_; }

 private:
  template <class Use>
  void query(const char* sql, Use&& use);
  static int on_commit(void* self, sqlite3* handle, const char* schema, int pages);

  sqlite3* handle_ = nullptr;
  int wal_pages_ = 0;
  int code_ = SQLITE_OK;
  std::string error_;
};

// A statement that was prepared once and is used again and again. Rows are read with next() until
// it returns false, or the rest is given up with stop(): a statement that stands on a row holds on
// to the database. Does not outlive the database.
class SqliteStatement {
 public:
  // Throws SqliteError.
  SqliteStatement(SqliteDatabase& database, std::string_view sql);
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  // Begins with these values in place of ?1, ?2, …. Text is not copied: it has to stay until the
  // last row was read.
  template <class... Values>
  SqliteStatement& with(const Values&... values) {
    stop();
    bound_ = SQLITE_OK;
    failed_ = false;
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }

  // Goes to the first or next row. False: there is none, or it failed; see failed().
  bool next();
  bool failed() const { return failed_; }
  void stop() { sqlite3_reset(handle_.get()); }
  // Does what needs no rows. False when it failed.
  bool run();
  // Where only the first column of the first row matters: that, or 0 when there is no row, also
  // because it failed.
  std::int64_t first_integer();

  // Of the row that next() went to; text is valid until the next call of next(), with() or stop().
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  // Numbers of messages; what can be none, because it is negative, is 0.
  MessageId id(int column) const;
  bool is_null(int column) const;
  std::string_view text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  // Numbers beyond SQLite's are its last.
  template <std::integral Number>
  void bind(int index, Number value) {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    bind_number(index, std::cmp_greater(value, kMost) ? kMost : static_cast<std::int64_t>(value));
  }
  void bind(int index, std::string_view text);
  void bind(int index, std::nullopt_t null);

  void bind_number(int index, std::int64_t value);

  SqliteDatabase& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bound_ = SQLITE_OK;
  bool failed_ = false;
};

// All or nothing: what was done since is undone unless it was committed.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database)
      : database_(database), begun_(database.execute("BEGIN IMMEDIATE")) {}
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  bool begun() const { return begun_; }
  bool commit() { return database_.execute("COMMIT"); }

 private:
  SqliteDatabase& database_;
  bool begun_;
};

}  // namespace chat
