#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "chat/storage/memory_store.h"
#include "chat/storage/message_store.h"
#include "chat/storage/sqlite_store.h"

// What the tests of the stores have in common.
namespace chat {

// A directory of its own, which goes with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "storeXXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file() const { return path_ + "/chat.db"; }

 private:
  std::string path_;
};

inline SqliteStoreOptions in(const TemporaryDirectory& directory) {
  SqliteStoreOptions options;
  options.directory = directory.path();
  return options;
}

inline Record message(MessageId id, std::string_view room, std::string_view sender,
                      std::string_view text) {
  Record record;
  record.id = id;
  record.unix_ms = 1'000'000 + static_cast<std::int64_t>(id);
  record.room = room;
  record.sender = sender;
  record.text = text;
  return record;
}

inline Record direct(MessageId id, std::string_view recipient, std::string_view sender,
                     std::string_view text) {
  Record record = message(id, recipient, sender, text);
  record.message = EventKind::kDirect;
  return record;
}

inline Record topic(MessageId id, std::string_view room, std::string_view sender,
                    std::string_view text) {
  Record record = message(id, room, sender, text);
  record.message = EventKind::kTopic;
  return record;
}

inline Record reserved(MessageId id) {
  Record record;
  record.kind = Record::Kind::kIdsReserved;
  record.id = id;
  return record;
}

// What is told of a session beside messages. id: see Record::Kind.
inline Record of_session(Record::Kind kind, std::string_view session, std::string_view room,
                         MessageId id) {
  Record record;
  record.kind = kind;
  record.session = session;
  record.room = room;
  record.id = id;
  return record;
}

inline Record began(std::string_view session, std::string_view name, MessageId since) {
  Record record = of_session(Record::Kind::kSessionBegan, session, {}, since);
  record.sender = name;
  return record;
}

inline Record room_state(std::string_view room, std::string_view text) {
  Record record = of_session(Record::Kind::kRoomState, {}, room, 0);
  record.text = text;
  return record;
}

using Ids = std::vector<MessageId>;
using Gap = std::vector<IdRange>;

inline constexpr MessageId kNewest = std::numeric_limits<MessageId>::max();

inline Ids ids_of(const Page& page) {
  EXPECT_EQ(page.error, "");
  Ids ids;
  for (const StoredMessage& stored : page.messages) {
    ids.push_back(stored.id);
  }
  return ids;
}

// Hears these rooms from the beginning on.
inline Audience audience(std::string_view name, const std::vector<std::string>& rooms) {
  Audience audience(name, 0);
  for (const std::string& room : rooms) {
    audience.joined(room, 0);
  }
  return audience;
}

// What the pages say in all that begin behind `after`; read_page: of where one begins, and of how
// many messages there are before it, a page.
template <class ReadPage>
Ids read_pages(MessageId after, ReadPage read_page) {
  Ids all;
  while (true) {
    const Page page = read_page(after, all.size());
    const Ids ids = ids_of(page);
    all.insert(all.end(), ids.begin(), ids.end());
    EXPECT_GE(page.read_to, after);
    if (page.is_end || testing::Test::HasFailure()) {
      return all;
    }
    EXPECT_GT(page.read_to, after) << "no progress";
    after = page.read_to;
  }
}

// The whole of a log, by pages of some size.
inline Ids read_all(MessageStore& store, const Audience& audience, MessageId after = 0,
                    std::size_t page_size = 7) {
  return read_pages(after, [&](MessageId behind, std::size_t) {
    return store.scan(behind, page_size, audience);
  });
}

inline Ids from_to(MessageId first, MessageId last) {
  Ids ids;
  for (MessageId id = first; id <= last; ++id) {
    ids.push_back(id);
  }
  return ids;
}

inline std::ostream& operator<<(std::ostream& out, const IdRange& range) {
  return out << range.first << ".." << range.last;
}

// A store in a directory of its own, and the servers that use it one after the other.
class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() { start(); }

  // A server starts, which is told what was there.
  void start(std::int64_t retries_since_ms = 0) {
    store_ = std::make_unique<SqliteStore>(options_);
    recovered_ = store_->recover(retries_since_ms);
  }
  void stop() {
    store_->close();
    store_.reset();
  }
  void restart(std::int64_t retries_since_ms = 0) {
    stop();
    start(retries_since_ms);
  }
  void crash_and_start() {
    store_.reset();
    start();
  }
  void keep(const std::vector<Record>& records) { ASSERT_EQ(store_->apply(records), ""); }
  void prune_all(std::int64_t now_unix_ms) {
    while (store_->prune(now_unix_ms)) {
    }
  }

  static Record session(Record::Kind kind, std::string_view room, MessageId id) {
    return of_session(kind, "token", room, id);
  }
  std::vector<Audience::Stay> stays() {
    return recovered_.sessions.empty() ? std::vector<Audience::Stay>{}
                                       : recovered_.sessions.front().audience.stays();
  }
  Page scan(MessageId after = 0) { return store_->scan(after, 10'000, audience("Bob", {"dev"})); }
  Page history(const std::string& key) { return store_->history(key, 0, kNewest, 100); }

  TemporaryDirectory directory_;
  SqliteStoreOptions options_ = in(directory_);
  std::unique_ptr<SqliteStore> store_;
  Recovered recovered_;
};

}  // namespace chat
