#include "chat/storage/sqlite_schema.h"

#include <array>
#include <cstddef>
#include <string>

#include "reactor/check.h"

namespace chat {
namespace {

// The index's entries end with the message's id, as every index's do. Client ids have none: only
// those of the last minutes are ever looked for, at the start, and they are at the table's end.
constexpr const char* kVersion1 = R"sql(
  PRAGMA application_id = 1667785076;

  CREATE TABLE messages(
    id        INTEGER PRIMARY KEY,
    unix_ms   INTEGER NOT NULL,
    kind      INTEGER NOT NULL,  -- 1: to a room, 2: private, 3: a room's topic
    history   TEXT NOT NULL,     -- "room", "@alice:bob": where it is looked for
    room      TEXT NOT NULL,     -- as it is shown; of a private message the recipient
    sender    TEXT NOT NULL,
    text      TEXT NOT NULL,
    session   TEXT,              -- with client_id: what the sender calls it,
    client_id TEXT               -- null when it does not
  );
  CREATE INDEX messages_by_history ON messages(history);

  CREATE TABLE sessions(
    token TEXT PRIMARY KEY,
    name  TEXT NOT NULL,
    since INTEGER NOT NULL       -- the last message before
  ) WITHOUT ROWID;

  CREATE TABLE stays(
    session TEXT NOT NULL,
    room    TEXT NOT NULL,       -- in small letters
    since   INTEGER NOT NULL,    -- the last message before
    until   INTEGER NOT NULL,    -- the last message heard; 0: still a member
    PRIMARY KEY(session, room, since)
  ) WITHOUT ROWID;

  CREATE TABLE topics(
    room    TEXT PRIMARY KEY,    -- in small letters
    shown   TEXT NOT NULL,
    set_by  TEXT NOT NULL,
    text    TEXT NOT NULL,
    id      INTEGER NOT NULL,
    unix_ms INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE lost(             -- numbers that a crash took, maybe with messages
    first INTEGER PRIMARY KEY,
    last  INTEGER NOT NULL
  );

  CREATE TABLE state(
    one         INTEGER PRIMARY KEY CHECK(one = 1),
    began_at    INTEGER NOT NULL,  -- the last number before the last start
    reserved_to INTEGER NOT NULL,  -- numbers up to this may have been given away since
    deleted_to  INTEGER NOT NULL,  -- messages up to this were deleted
    heard_early INTEGER NOT NULL,  -- 1: messages may have been heard before they were kept
    in_use      INTEGER NOT NULL   -- 0: it was closed in order
  );
  INSERT INTO state VALUES(1, 0, 0, 0, 0, 0);
)sql";

// Notices have kinds of their own: 4: to a room, 5: private.
constexpr const char* kVersion2 = R"sql(
  CREATE TABLE rooms(
    room  TEXT PRIMARY KEY,      -- in small letters
    shown TEXT NOT NULL,
    state TEXT NOT NULL          -- who moderates it and how
  ) WITHOUT ROWID;
)sql";

constexpr std::array kSteps{kVersion1, kVersion2};

}  // namespace

std::span<const char* const> schema_steps() { return kSteps; }

void migrate(SqliteDatabase& database, std::span<const char* const> steps) {
  const std::int64_t version = database.query_integer("PRAGMA user_version");
  CHECK(version >= 0 && static_cast<std::size_t>(version) <= steps.size(),
        "a version without steps", version);
  for (auto i = static_cast<std::size_t>(version); i < steps.size(); ++i) {
    const SqliteTransaction transaction(database);
    if (!transaction.begun()) {
      throw database.make_error();
    }
    database.must_execute(steps[i]);
    database.must_execute(("PRAGMA user_version = " + std::to_string(i + 1)).c_str());
    database.must_execute("COMMIT");
  }
}

}  // namespace chat
