#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "chat/storage/gaps.h"
#include "chat/storage/message_store.h"
#include "chat/storage/sqlite.h"
#include "chat/storage/sqlite_open.h"

namespace chat {

// Keeps the log in one SQLite database, directory/chat.db, which no other server can use meanwhile.
// What apply has kept survives a crash and a power failure.
//
// A commit appends to the write-ahead log and waits for one fsync, no more: copying the log into
// the file, with the fsyncs that this needs, is left to prune, when nobody waits. Only when prune
// has not been called for long does apply do it, before it begins.
class SqliteStore final : public MessageStore {
 public:
  // Throws std::runtime_error with one line that says what to do.
  explicit SqliteStore(SqliteStoreOptions options);
  // Without close() it is as if the server had crashed.
  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  Recovered recover(std::int64_t retries_since_ms) override;
  std::string apply(std::span<const Record> records) override;
  Page scan(MessageId after, std::size_t messages_max, const Audience& audience) override;
  Page history(std::string_view key, MessageId after, MessageId bound, std::size_t count) override;
  Found find_last(std::string_view key, MessageId after, MessageId bound,
                  std::size_t count) override;
  Found find_time(std::int64_t unix_ms) override;
  bool prune(std::int64_t now_unix_ms) override;
  // Nothing may be called afterwards. Does not claim that nothing is lost when the last apply
  // failed.
  void close() override;

 private:
  struct Statements;

  // What is in a file may be anything.
  static bool can_be_name(std::string_view text);
  static bool can_be_line(std::string_view text);

  // At the start; they throw SqliteError.
  MessageId recover_ids(Recovered& recovered);
  void begin_anew(const Recovered& recovered, MessageId known);
  void recover_sessions(Recovered& recovered);
  void recover_stays(std::string_view token, Audience& audience);
  void recover_topics(Recovered& recovered);
  void recover_rooms(Recovered& recovered);
  void recover_retries(Recovered& recovered, std::int64_t since_ms);

  // Parts of apply; false: it failed, and the database knows why.
  bool keep(const Record& record);
  bool keep_message(const Record& record);
  bool keep_topic(const Record& record);
  bool keep_room(const Record& record);
  bool forget_room(const Record& record);
  bool begin_session(const Record& record);
  bool end_session(const Record& record);
  bool end_stay(const Record& record);

  // Where a page that begins behind `after` ends at the latest, when nothing behind `last` is asked
  // for.
  MessageId end_of_page(MessageId after, MessageId last) const;
  // Fills the page with rows up to `end`, looking at no more than rows_max. audience: null for
  // everybody.
  void fill(Page& page, SqliteStatement& rows, MessageId end, std::size_t rows_max,
            const Audience* audience);
  // False when the row can't be.
  static bool take_row(Page& page, const SqliteStatement& row, const Audience* audience);

  // Parts of prune; false: it failed, and the database knows why. is_progress: something was done,
  // and there may be more to do.
  bool copy_log();
  bool delete_overdue(std::int64_t now_unix_ms, bool& is_progress);
  bool find_overdue(std::int64_t now_unix_ms, MessageId& overdue);
  bool give_back(bool& is_progress);
  std::int64_t free_pages();
  std::uint64_t bytes_used();

  const SqliteStoreOptions options_;
  std::unique_ptr<SqliteDatabase> database_;
  std::unique_ptr<Statements> sql_;
  Gaps gaps_;
  MessageId last_id_ = 0;      // no message has, or had, a greater one
  bool is_in_order_ = false;   // all that apply was given is kept
  std::size_t kept_last_ = 0;  // records, by the last apply
  std::string prune_error_;    // of the last prune, as it was logged; empty: it worked
};

}  // namespace chat
