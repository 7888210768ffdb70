// How a database is opened, and what is said when it can't be.

#include "chat/storage/sqlite_open.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "chat/storage/sqlite_schema.h"
#include "tests/chat/storage/store_fixture.h"

namespace chat {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// What a server that is started says; empty when it starts.
std::string error_of_opening(const SqliteStoreOptions& options) {
  try {
    SqliteStore store(options);
    store.recover(0);
    store.close();
    return {};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

auto is_one_line_with(const std::string& part, const std::string& other) {
  return AllOf(HasSubstr(part), HasSubstr(other), Not(HasSubstr("\n")));
}

// Some pages of messages, closed in order.
void fill(const TemporaryDirectory& directory) {
  SqliteStore store(in(directory));
  store.recover(0);
  const std::string text(300, 'x');
  std::vector<Record> records{began("token", "Bob", 0), topic(1, "dev", "Alice", "tea")};
  for (MessageId id = 2; id <= 3000; ++id) {
    records.push_back(message(id, "dev", "Alice", text));
  }
  ASSERT_EQ(store.apply(records), "");
  store.close();
}

void write_at(const std::string& path, std::streamoff offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(file.good());
}

// What work returns in a process of its own, for which the permissions of files mean something:
// they mean nothing to root.
std::string as_somebody(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    const bool is_nobody = ::geteuid() != 0 || ::setuid(kNobody) == 0;
    const std::string result = is_nobody ? work() : "setuid failed";
    const bool written = ::write(ends[1], result.data(), result.size()) >= 0;
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::string result;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    result.append(buffer.data(), static_cast<std::size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return result;
}

TEST(SqliteOpen, NewDirectory_IsMadeWithThoseAboveItForThisUserAlone) {
  const TemporaryDirectory directory;
  SqliteStoreOptions options;
  options.directory = directory.path() + "/state/reactor-chat";
  SqliteStore store(options);
  for (const char* made : {"/state", "/state/reactor-chat"}) {
    struct stat found {};
    ASSERT_EQ(::stat((directory.path() + made).c_str(), &found), 0) << made;
    EXPECT_EQ(found.st_mode & 0777, 0700U) << made;
  }
  for (const char* file : {"/chat.db", "/chat.db-wal"}) {
    struct stat found {};
    ASSERT_EQ(::stat((options.directory + file).c_str(), &found), 0) << file;
    EXPECT_EQ(found.st_mode & 0777, 0600U) << file;
  }
}

TEST(SqliteOpen, DirectoryWithASlashAtItsEnd_IsTheSame) {
  const TemporaryDirectory directory;
  SqliteStoreOptions options = in(directory);
  options.directory += "/new/";
  EXPECT_EQ(error_of_opening(options), "");
}

TEST(SqliteOpen, SecondOpener_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  SqliteStore store(in(directory));
  store.recover(0);
  EXPECT_THAT(error_of_opening(in(directory)),
              is_one_line_with("another server uses " + directory.path(), "--data"));
  ASSERT_EQ(store.apply(std::vector{message(1, "dev", "Alice", "x")}), "") << "the first goes on";
  store.close();
  EXPECT_EQ(error_of_opening(in(directory)), "") << "until it is closed";
}

TEST(SqliteOpen, SecondProcess_IsRefusedAlsoAfterAnotherWasRefusedHere) {
  const TemporaryDirectory directory;
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const pid_t child = ::fork();  // before there is anything to inherit
  if (child == 0) {
    char byte = 0;
    const bool told = ::read(go[0], &byte, 1) == 1;
    ::_exit(told && error_of_opening(in(directory)).starts_with("another server uses") ? 0 : 1);
  }
  {
    SqliteStore store(in(directory));
    EXPECT_NE(error_of_opening(in(directory)), "");
    ASSERT_EQ(::write(go[1], "x", 1), 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "the other process was let in";
  }
  ::close(go[0]);
  ::close(go[1]);
}

TEST(SqliteOpen, PlaceThatIsNoDirectory_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/file") << "x";
  SqliteStoreOptions options;
  options.directory = directory.path() + "/file";
  EXPECT_THAT(error_of_opening(options), is_one_line_with("can't be written", "--data"));
  options.directory = directory.path() + "/file/below";
  EXPECT_THAT(error_of_opening(options), is_one_line_with("can't be written", "--data"));
}

TEST(SqliteOpen, FileThatIsADirectory_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.file());
  EXPECT_THAT(error_of_opening(in(directory)), is_one_line_with("can't be written", "--data"));
}

TEST(SqliteOpen, DirectoryThatCannotBeWritten_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::chmod(directory.path().c_str(), 0555), 0);
  EXPECT_THAT(as_somebody([&] { return error_of_opening(in(directory)); }),
              is_one_line_with("Permission denied", "--data"));
  SqliteStoreOptions below;
  below.directory = directory.path() + "/below";
  EXPECT_THAT(as_somebody([&] { return error_of_opening(below); }),
              is_one_line_with("Permission denied", "--data"));
  ASSERT_EQ(::chmod(directory.path().c_str(), 0700), 0);
}

TEST(SqliteOpen, FileThatCannotBeWritten_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  fill(directory);
  ASSERT_EQ(::chmod(directory.path().c_str(), 0777), 0);
  ASSERT_EQ(::chmod(directory.file().c_str(), 0444), 0);
  EXPECT_THAT(as_somebody([&] { return error_of_opening(in(directory)); }),
              is_one_line_with("can't be written", "--data"));
}

TEST(SqliteOpen, EmptyFile_IsANewDatabase) {
  const TemporaryDirectory directory;
  std::ofstream(directory.file()).close();
  EXPECT_EQ(error_of_opening(in(directory)), "");
}

TEST(SqliteOpen, MakingThatWasInterrupted_IsBegunAnew) {
  const TemporaryDirectory directory;
  {
    SqliteDatabase database(directory.file(), "");
    database.must_execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL");
  }
  ASSERT_GT(std::filesystem::file_size(directory.file()), 0U);
  EXPECT_EQ(error_of_opening(in(directory)), "");
}

TEST(SqliteOpen, FileThatIsNoDatabase_IsRefusedWithOneLineAndLeftAlone) {
  const TemporaryDirectory directory;
  const std::string text = "Dear diary,\n" + std::string(5000, 'x');
  std::ofstream(directory.file()) << text;
  EXPECT_THAT(error_of_opening(in(directory)),
              is_one_line_with(directory.file() + ": the file is damaged", "move it away"));
  std::ifstream file(directory.file());
  const std::string after{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(after, text);
}

TEST(SqliteOpen, AnotherProgramsDatabase_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  {
    SqliteDatabase database(directory.file(), "");
    database.must_execute("CREATE TABLE messages(id INTEGER PRIMARY KEY)");
  }
  EXPECT_THAT(error_of_opening(in(directory)),
              is_one_line_with("another program's database", "move it away"));
}

TEST(SqliteOpen, NewerVersion_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  fill(directory);
  {
    SqliteDatabase database(directory.file(), "");
    database.must_execute("PRAGMA user_version = 77");
  }
  EXPECT_THAT(error_of_opening(in(directory)),
              is_one_line_with("newer chat-server (version 77", "--data"));
}

TEST(SqliteOpen, TruncatedFile_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  fill(directory);
  for (const std::uintmax_t share : {2, 10, 100}) {
    std::filesystem::resize_file(directory.file(),
                                 std::filesystem::file_size(directory.file()) / share);
    EXPECT_THAT(error_of_opening(in(directory)), is_one_line_with("damaged", "move it away"))
        << share;
  }
}

TEST(SqliteOpen, GarbledPage_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  fill(directory);
  const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(directory.file()) / 2);
  write_at(directory.file(), middle / 4096 * 4096, std::string(4096, '\xAA'));
  EXPECT_THAT(error_of_opening(in(directory)), is_one_line_with("damaged", "move it away"));
}

TEST(SqliteOpen, MissingTable_IsRefusedWithOneLine) {
  for (const char* table : {"messages", "sessions", "stays", "topics", "rooms", "lost", "state"}) {
    const TemporaryDirectory directory;
    fill(directory);
    {
      SqliteDatabase database(directory.file(), "");
      database.must_execute(("DROP TABLE " + std::string(table)).c_str());
    }
    EXPECT_THAT(error_of_opening(in(directory)), is_one_line_with("damaged", "move it away"))
        << table;
  }
}

TEST(SqliteOpen, MissingState_IsRefusedWithOneLine) {
  const TemporaryDirectory directory;
  fill(directory);
  {
    SqliteDatabase database(directory.file(), "");
    database.must_execute("DELETE FROM state");
  }
  EXPECT_THAT(error_of_opening(in(directory)), is_one_line_with("damaged", "move it away"));
}

// What SQLite does not notice, because to it everything is a value.
TEST(SqliteOpen, ValuesThatCannotBe_AreRefusedWithOneLine) {
  for (const char* damage :
       {"UPDATE state SET reserved_to = 9223372036854775807",
        "UPDATE sessions SET token = ''",
        "UPDATE sessions SET name = 'Bob\nBYE:x'",
        "UPDATE sessions SET name = x'00'",
        "INSERT INTO sessions VALUES('another', 'BOB', 0)",
        "INSERT INTO sessions VALUES(CAST('token' AS BLOB), 'Carol', 0)",
        "INSERT INTO stays VALUES('token', '#dev', 0, 0)",
        "INSERT INTO stays VALUES('token', 'dev', 5, 0), ('token', 'dev', 7, 0)",
        "INSERT INTO stays VALUES('token', 'dev', 5, 0), ('token', 'DEV', 7, 0)",
        "INSERT INTO stays VALUES('token', 'Dev', 5, 0)",
        "INSERT INTO stays VALUES('token', 'dev', 5, 5)",
        "INSERT INTO stays VALUES('token', 'dev', 5, 4)",
        "INSERT INTO stays VALUES('token', 'lobby', 5, 0)",
        "INSERT INTO stays VALUES('token', 'Lobby', 5, 0)",
        "INSERT INTO stays VALUES('token', 'lobby', 5, 7)",
        "INSERT INTO topics VALUES('lobby', 'Lobby', 'Bob', 'tea', 1, 1)",
        "UPDATE messages SET id = 0 WHERE id = 7",
        "UPDATE messages SET id = -7 WHERE id = 7",
        "UPDATE topics SET shown = ''",
        "UPDATE topics SET set_by = 'a b'",
        "UPDATE topics SET text = 'tea' || char(10) || 'BYE:x'",
        "INSERT INTO rooms VALUES('a b', 'a b', '')",
        "INSERT INTO rooms VALUES('dev', 'dev', 'x' || char(10) || 'BYE:x')"}) {
    const TemporaryDirectory directory;
    fill(directory);
    {
      SqliteDatabase database(directory.file(), "");
      database.must_execute(damage);
    }
    EXPECT_THAT(error_of_opening(in(directory)), is_one_line_with("damaged", "move it away"))
        << damage;
  }
}

// Who mends the file, or puts a backup in its place, has lost nothing by having tried.
TEST(SqliteOpen, RefusedStart_LeavesTheNumbersAsTheyWere) {
  const TemporaryDirectory directory;
  fill(directory);
  {
    SqliteDatabase database(directory.file(), "");
    database.must_execute("INSERT INTO stays VALUES('token', '#dev', 0, 0)");
  }
  EXPECT_THAT(error_of_opening(in(directory)), is_one_line_with("damaged", "move it away"));
  {
    SqliteDatabase database(directory.file(), "");
    database.must_execute("DELETE FROM stays");
  }
  SqliteStore store(in(directory));
  EXPECT_EQ(store.recover(0).last_id, 3000U);
  EXPECT_EQ(store.scan(2990, 100, audience("Bob", {"dev"})).gaps, Gap{});
}

TEST(SqliteOpen, MessageThatCannotBe_IsToldByWhoeverReadsIt) {
  for (const char* damage : {"kind = 7", "room = ''", "room = 'a b'", "sender = 'Alice:x'",
                             "text = 'x' || char(10) || 'BYE:x'"}) {
    const TemporaryDirectory directory;
    fill(directory);
    {
      SqliteDatabase database(directory.file(), "");
      database.must_execute(
          ("UPDATE messages SET " + std::string(damage) + " WHERE id = 100").c_str());
    }
    SqliteStore store(in(directory));
    store.recover(0);
    const Audience hears = audience("Bob", {"dev"});
    const std::string expected = "the file is damaged (behind message 99)";
    EXPECT_EQ(store.scan(90, 20, hears).error, expected) << damage;
    EXPECT_EQ(store.history("dev", 90, 1000, 20).error, expected) << damage;
    EXPECT_EQ(ids_of(store.scan(90, 9, hears)), from_to(91, 99)) << "it is not looked at";
    EXPECT_EQ(ids_of(store.scan(100, 5, hears)), from_to(101, 105));
  }
}

// Where the table of that name, or its first page, begins in the file.
std::streamoff place_of(const TemporaryDirectory& directory, const std::string& table) {
  SqliteDatabase database(directory.file(), "");
  const std::int64_t page = database.query_integer(
      ("SELECT rootpage FROM sqlite_master WHERE name = '" + table + "'").c_str());
  return (page - 1) * 4096;
}

TEST(SqliteOpen, FileTooLargeToBeLookedThrough_HasItsSmallTablesLookedThrough) {
  for (const char* table : {"state", "sessions", "messages"}) {
    const TemporaryDirectory directory;
    fill(directory);
    write_at(directory.file(), place_of(directory, table), std::string(4096, '\xAA'));
    SqliteStoreOptions options = in(directory);
    options.checked_whole_bytes_max = 0;
    EXPECT_THAT(error_of_opening(options), is_one_line_with("damaged", "move it away")) << table;
  }
}

TEST(SqliteOpen, DamageThatWasNotFound_IsToldByWhoeverReadsThere) {
  const TemporaryDirectory directory;
  fill(directory);
  const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(directory.file()) / 2);
  write_at(directory.file(), middle / 4096 * 4096, std::string(8192, '\xAA'));
  SqliteStoreOptions options = in(directory);
  options.checked_whole_bytes_max = 0;
  SqliteStore store(options);
  const Recovered recovered = store.recover(INT64_MAX);
  EXPECT_EQ(recovered.last_id, 3000U);
  const Audience hears = audience("Bob", {"dev"});
  Page page = store.scan(0, 10'000, hears);
  while (page.error.empty() && !page.is_end) {
    page = store.scan(page.read_to, 10'000, hears);
  }
  EXPECT_THAT(page.error, is_one_line_with("damaged", "malformed"));
  EXPECT_EQ(ids_of(store.scan(2990, 10, hears)), from_to(2991, 3000));
  EXPECT_EQ(store.apply(std::vector{message(3001, "ops", "Alice", "x")}), "");
}

TEST(SqliteSchema, NewDatabase_HasTheNewestVersion) {
  const TemporaryDirectory directory;
  SqliteStore(in(directory)).recover(0);
  SqliteDatabase database(directory.file(), "");
  EXPECT_EQ(database.query_integer("PRAGMA user_version"),
            static_cast<std::int64_t>(schema_steps().size()));
  EXPECT_EQ(database.query_integer("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(database.query_text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(database.query_integer("PRAGMA auto_vacuum"), 2) << "incremental";
}

// As a server of version 1 has left it.
TEST(SqliteSchema, DatabaseOfVersion1_GoesOnWithAllThatItHas) {
  const TemporaryDirectory directory;
  {
    SqliteDatabase database(directory.file(), "");
    migrate(database, schema_steps().first(1));
    database.must_execute(
        "INSERT INTO messages VALUES(1, 1000, 1, 'dev', 'Dev', 'Alice', 'hello', NULL, NULL),"
        " (2, 1001, 2, '@alice:bob', 'Bob', 'Alice', 'psst', 'token', 'c1'),"
        " (3, 1002, 3, 'dev', 'Dev', 'Alice', 'tea', NULL, NULL);"
        "INSERT INTO sessions VALUES('token', 'Bob', 0);"
        "INSERT INTO stays VALUES('token', 'dev', 0, 0);"
        "INSERT INTO topics VALUES('dev', 'Dev', 'Alice', 'tea', 3, 1002);"
        "UPDATE state SET reserved_to = 100");
  }
  SqliteStore store(in(directory));
  const Recovered recovered = store.recover(0);
  EXPECT_EQ(recovered.last_id, 3U);
  EXPECT_EQ(recovered.sessions.size(), 1U);
  EXPECT_EQ(recovered.topics.size(), 1U);
  EXPECT_EQ(recovered.retries.size(), 1U);
  EXPECT_TRUE(recovered.rooms.empty());
  std::vector<Record> records{message(recovered.last_id + 1, "dev", "Bob", "x"),
                              room_state("Dev", "modes=n")};
  records[0].notice = true;
  ASSERT_EQ(store.apply(records), "");
  const Page page = store.scan(0, 10, audience("Bob", {"dev"}));
  ASSERT_EQ(ids_of(page), from_to(1, 3)) << "Bob does not hear himself";
  for (const StoredMessage& stored : page.messages) {
    EXPECT_FALSE(stored.notice) << stored.id;
  }
  EXPECT_TRUE(store.history("dev", 3, kNewest, 10).messages[0].notice);
  store.close();
  SqliteDatabase database(directory.file(), "");
  EXPECT_EQ(database.query_integer("PRAGMA user_version"), 2);
}

TEST(SqliteSchema, OlderDatabase_TakesTheStepsItHasNotSeen) {
  const TemporaryDirectory directory;
  SqliteDatabase database(directory.file(), "");
  const std::array<const char*, 3> steps{"CREATE TABLE a(x); INSERT INTO a VALUES(1)",
                                         "ALTER TABLE a ADD COLUMN y DEFAULT 5",
                                         "UPDATE a SET y = y + x; CREATE TABLE b(z)"};
  migrate(database, std::span(steps).first(1));
  EXPECT_EQ(database.query_integer("PRAGMA user_version"), 1);
  database.must_execute("INSERT INTO a VALUES(10)");
  migrate(database, steps);
  EXPECT_EQ(database.query_integer("PRAGMA user_version"), 3);
  EXPECT_EQ(database.query_text("SELECT group_concat(x || ':' || y) FROM a"), "1:6,10:15");
  migrate(database, steps);
  EXPECT_EQ(database.query_text("SELECT group_concat(x || ':' || y) FROM a"), "1:6,10:15");
}

TEST(SqliteSchema, StepThatFails_LeavesTheVersionBefore) {
  const TemporaryDirectory directory;
  SqliteDatabase database(directory.file(), "");
  const std::array<const char*, 3> steps{"CREATE TABLE a(x)", "CREATE TABLE b(x)",
                                         "CREATE TABLE c(x); CREATE TABLE c(x)"};
  EXPECT_THROW(migrate(database, steps), SqliteError);
  EXPECT_EQ(database.query_integer("PRAGMA user_version"), 2);
  EXPECT_EQ(database.query_text("SELECT group_concat(name) FROM sqlite_master"), "a,b");
  const std::array<const char*, 3> mended{steps[0], steps[1], "CREATE TABLE c(x)"};
  migrate(database, mended);
  EXPECT_EQ(database.query_integer("PRAGMA user_version"), 3);
}

}  // namespace
}  // namespace chat
