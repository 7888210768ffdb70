#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "chat/storage/message_store.h"
#include "chat/storage/sqlite.h"

namespace chat {

struct SqliteStoreOptions {
  std::string directory;  // where chat.db is; made when it is not there
  std::string vfs;        // the SQLite VFS that does the work; empty: the OS's own
  Retention retention;
  // Messages are delivered before they are kept, so that a crash may take what somebody has heard:
  // it leaves a gap. Without, nobody has heard what it takes, and there is none.
  bool heard_early = true;
  // A file of at most so many bytes is looked through as a whole when it is opened. Of a larger one
  // only the small tables are, and both ends of the messages: a server must not be away for minutes
  // because it has much to remember. Damage elsewhere is met by whoever reads there, and told then.
  std::uint64_t checked_whole_bytes_max = std::uint64_t{64} << 20;
};

// Opens the database, or makes it, for us alone, brings it to the newest version and looks whether
// it is whole. Throws SqliteError, for explain_opening, or std::runtime_error with one line.
std::unique_ptr<SqliteDatabase> open_database(const SqliteStoreOptions& options);

// What to do when opening fails, in one line.
std::string explain_opening(const SqliteStoreOptions& options, const SqliteError& error);

}  // namespace chat
