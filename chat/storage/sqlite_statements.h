#pragma once

#include "chat/storage/sqlite.h"
#include "chat/storage/sqlite_store.h"

namespace chat {

// All that the store says to SQLite while it runs, prepared once.
struct SqliteStore::Statements {
  explicit Statements(SqliteDatabase& database) : db(database) {}

  SqliteDatabase& db;

  // What is kept. The same records may come again: every statement leaves the same behind when it
  // is said twice, in the order of all of them.
  SqliteStatement insert_message{
      db,
      "INSERT INTO messages(id, unix_ms, kind, history, room, sender, text, session, client_id)"
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(id) DO NOTHING"};
  SqliteStatement count_same_message{
      db, "SELECT count(*) FROM messages WHERE id = ?1 AND sender = ?2 AND text = ?3"};
  SqliteStatement reserve{db, "UPDATE state SET reserved_to = max(reserved_to, ?1)"};
  SqliteStatement begin_session{db, "REPLACE INTO sessions(token, name, since) VALUES(?1, ?2, ?3)"};
  SqliteStatement end_session{db, "DELETE FROM sessions WHERE token = ?1"};
  SqliteStatement forget_stays{db, "DELETE FROM stays WHERE session = ?1"};
  SqliteStatement begin_stay{db,
                             "INSERT INTO stays(session, room, since, until) VALUES(?1, ?2, ?3, 0)"
                             " ON CONFLICT DO NOTHING"};
  SqliteStatement end_stay{db,
                           "UPDATE stays SET until = ?3"
                           " WHERE session = ?1 AND room = ?2 AND until = 0 AND since < ?3"};
  SqliteStatement forget_empty_stay{
      db, "DELETE FROM stays WHERE session = ?1 AND room = ?2 AND until = 0"};
  SqliteStatement forget_oldest_stays{
      db,
      "DELETE FROM stays WHERE session = ?1 AND until > 0 AND until <"
      " (SELECT until FROM stays WHERE session = ?1 AND until > 0"
      "  ORDER BY until DESC LIMIT 1 OFFSET ?2 - 1)"};
  SqliteStatement set_topic{db,
                            "REPLACE INTO topics(room, shown, set_by, text, id, unix_ms)"
                            " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"};
  SqliteStatement forget_topic{db, "DELETE FROM topics WHERE room = ?1"};
  SqliteStatement set_room{db, "REPLACE INTO rooms(room, shown, state) VALUES(?1, ?2, ?3)"};
  SqliteStatement forget_room{db, "DELETE FROM rooms WHERE room = ?1"};

  // What is read. The columns of a message are take_row's.
  SqliteStatement scan{db,
                       "SELECT id, unix_ms, kind, room, sender, text FROM messages"
                       " WHERE id > ?1 AND id <= ?2 ORDER BY id"};
  SqliteStatement history{db,
                          "SELECT id, unix_ms, kind, room, sender, text FROM messages"
                          " WHERE history = ?1 AND id > ?2 AND id <= ?3 ORDER BY id"};
  SqliteStatement last_of_history{
      db,
      "SELECT id FROM messages WHERE history = ?1 AND id > ?2 AND id < ?3"
      " ORDER BY id DESC LIMIT 2 OFFSET ?4 - 1"};
  SqliteStatement first_behind{db,
                               "SELECT id, unix_ms FROM messages WHERE id > ?1 AND id <= ?2"
                               " ORDER BY id LIMIT 1"};

  SqliteStatement stays{
      db, "SELECT room, since, until FROM stays WHERE session = ?1 ORDER BY since, room"};

  // What is deleted.
  SqliteStatement last_of_oldest{
      db, "SELECT max(id) FROM (SELECT id FROM messages ORDER BY id LIMIT ?1)"};
  // Clocks are set back now and then: what stands before something old is old.
  SqliteStatement last_overdue_of_oldest{
      db,
      "SELECT max(id) FROM (SELECT id, unix_ms FROM messages ORDER BY id LIMIT ?1)"
      " WHERE unix_ms < ?2"};
  SqliteStatement delete_messages{db, "DELETE FROM messages WHERE id <= ?1"};
  SqliteStatement note_deleted{db, "UPDATE state SET deleted_to = ?1"};
  SqliteStatement forget_lost{db, "DELETE FROM lost WHERE last <= ?1"};
  SqliteStatement page_count{db, "PRAGMA page_count"};
  SqliteStatement free_page_count{db, "PRAGMA freelist_count"};
  SqliteStatement page_bytes{db, "PRAGMA page_size"};

  SqliteStatement note_closed{db, "UPDATE state SET in_use = 0"};
};

}  // namespace chat
