#include "chat/storage/sqlite.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "reactor/check.h"

namespace chat {
namespace {

std::string in_plain_words(sqlite3* handle, int code) {
  std::string message = as_one_line(sqlite3_errmsg(handle));
  const auto with_cause = [&](const char* what) {
    const int cause = sqlite3_system_errno(handle);
    return cause == 0
               ? fmt::format("{} ({})", what, message)
               : fmt::format("{} ({}: {})", what, message, std::generic_category().message(cause));
  };
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return "the disk is full";
    case SQLITE_IOERR:
      return with_cause("the disk failed");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return with_cause("the file can't be written");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fmt::format("the file is damaged ({})", message);
    case SQLITE_BUSY:
      return "another process uses the file";
    default:
      return message;
  }
}

}  // namespace

std::string as_one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

SqliteDatabase::SqliteDatabase(const std::string& path, const std::string& vfs) {
  // One thread at a time: no mutexes. Without a URI a name cannot smuggle options in.
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle_, kFlags, vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    note(code);
    sqlite3_close(handle_);
    throw make_error();
  }
  sqlite3_extended_result_codes(handle_, 1);
  // No line is longer than 1 MiB; what a damaged file claims must not make us allocate more.
  constexpr int kRowBytesMax = 2 << 20;
  sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, kRowBytesMax);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // Takes the place of SQLite's own hook, which copies the log whenever it has grown: see
  // checkpoint() and who calls it.
  sqlite3_wal_hook(handle_, &SqliteDatabase::on_commit, this);
}

SqliteDatabase::~SqliteDatabase() {
  const int code = sqlite3_close(handle_);
  CHECK(code == SQLITE_OK, "a statement outlives its database", code);
}

bool SqliteDatabase::execute(const char* sql) {
  return note(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr));
}

void SqliteDatabase::must_execute(const char* sql) {
  if (!execute(sql)) {
    throw make_error();
  }
}

std::int64_t SqliteDatabase::query_integer(const char* sql) {
  std::int64_t value = 0;
  query(sql, [&](const SqliteStatement& row) { value = row.integer(0); });
  return value;
}

std::string SqliteDatabase::query_text(const char* sql) {
  std::string text;
  query(sql, [&](const SqliteStatement& row) { text = row.text(0); });
  return text;
}

// To the statement's end: what has rows may have something to commit, which can fail.
template <class Use>
void SqliteDatabase::query(const char* sql, Use&& use) {
  SqliteStatement statement(*this, sql);
  if (statement.next()) {
    use(statement);
    while (statement.next()) {
    }
  }
  if (statement.failed()) {
    throw make_error();
  }
}

bool SqliteDatabase::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code == SQLITE_OK) {
    wal_pages_ = 0;
  }
  return note(code);
}

bool SqliteDatabase::note(int code) {
  if (code == SQLITE_OK) {
    return true;
  }
  code_ = code;
  error_ = in_plain_words(handle_, code);
  return false;
}

bool SqliteDatabase::fail(std::string_view why) {
  code_ = SQLITE_ERROR;
  error_ = why;
  return false;
}

int SqliteDatabase::on_commit(void* self, sqlite3* /*handle*/, const char* /*schema*/, int pages) {
  static_cast<SqliteDatabase*>(self)->wal_pages_ = pages;
  return SQLITE_OK;
}

SqliteStatement::SqliteStatement(SqliteDatabase& database, std::string_view sql)
    : database_(database) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  if (!database.note(code)) {
    throw database.make_error();
  }
  CHECK(handle != nullptr, "no statement", sql);
}

bool SqliteStatement::next() {
  // A text that is too long must not leave what was bound before in its place.
  const int code = bound_ == SQLITE_OK ? sqlite3_step(handle_.get()) : bound_;
  failed_ = code != SQLITE_ROW && code != SQLITE_DONE;
  if (code == SQLITE_ROW) {
    return true;
  }
  if (failed_) {
    database_.note(code);
  }
  stop();
  return false;
}

bool SqliteStatement::run() {
  while (next()) {
  }
  return !failed_;
}

std::int64_t SqliteStatement::first_integer() {
  const std::int64_t value = next() ? integer(0) : 0;
  stop();
  return value;
}

MessageId SqliteStatement::id(int column) const {
  return static_cast<MessageId>(std::max<std::int64_t>(integer(column), 0));
}

bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

std::string_view SqliteStatement::text(int column) const {
  // In this order: asking for the text may change how long it is.
  const unsigned char* const text = sqlite3_column_text(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  if (text == nullptr) {
    return {};
  }
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
}

void SqliteStatement::bind(int index, std::string_view text) {
  // No text would be NULL otherwise.
  const char* const data = text.data() == nullptr ? "" : text.data();
  const int code =
      sqlite3_bind_text64(handle_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  bound_ = code == SQLITE_OK ? bound_ : code;
}

void SqliteStatement::bind(int index, std::nullopt_t /*null*/) {
  sqlite3_bind_null(handle_.get(), index);
}

void SqliteStatement::bind_number(int index, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), index, value);
}

SqliteTransaction::~SqliteTransaction() {
  // Not by execute: why it has to be undone is what error() must go on to say. Some failures have
  // undone it already; and when this fails, the next BEGIN does, and says so.
  if (database_.in_transaction()) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace chat
