#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "chat/hub.h"
#include "chat/storage/sqlite.h"
#include "chat/storage/sqlite_store.h"
#include "reactor/check.h"

// A database as it may be found on a disk that rots, or after somebody has mended it by hand: any
// bytes, or a real one of which some bytes are others, which ends early, or has other rows. It is
// opened and works, and a hub can begin with what it has, or one line says why not; later on, too,
// every failure is told in one line; nothing crashes or goes on for ever.
namespace chat {
namespace {

// The first byte of the input says what the rest is.
enum class Input : std::uint8_t {
  kFile,             // the file
  kFileAndLog,       // two bytes: the length of the file's end that is the log's; both
  kPatches,          // of a real file: three bytes for the place, one for the byte; again and again
  kPatchesOfTheLog,  // likewise of the log of a store that is in use; its file is almost empty
  kCut,              // three bytes: the length of a real file; patches
  kRows,             // for a real file: a byte for the table, one for each column; again and again
  kCount,
};

struct Files {
  std::string file;
  std::string log;
};

class Directory {
 public:
  Directory() {
    // In memory if there is such a place: an input should not cost a disk's time.
    const char* const base = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nullptr;
    std::string pattern =
        (base != nullptr ? std::filesystem::path(base) : std::filesystem::temp_directory_path()) /
        "fuzzXXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  const std::string& path() const { return path_; }

  void write(const Files& files) const {
    std::filesystem::remove(path_ + "/chat.db-journal");
    std::filesystem::remove(path_ + "/chat.db-wal");
    std::ofstream(path_ + "/chat.db", std::ios::binary) << files.file;
    if (!files.log.empty()) {
      std::ofstream(path_ + "/chat.db-wal", std::ios::binary) << files.log;
    }
  }
  Files read() const { return {read(path_ + "/chat.db"), read(path_ + "/chat.db-wal")}; }

 private:
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string path_;
};

Record record_of(Record::Kind kind, MessageId id) {
  Record record;
  record.kind = kind;
  record.id = id;
  record.unix_ms = std::int64_t{1'700'000'000'000} + static_cast<std::int64_t>(id);
  record.room = "dev";
  record.sender = "Bob";
  record.text = "tea";
  record.session = "token";
  return record;
}

std::vector<Record> some_records(MessageId first) {
  std::vector<Record> records{record_of(Record::Kind::kIdsReserved, first + 100),
                              record_of(Record::Kind::kSessionBegan, first),
                              record_of(Record::Kind::kJoined, first),
                              record_of(Record::Kind::kMessage, first)};
  records.back().message = EventKind::kTopic;
  static const std::string text(200, 'x');
  for (MessageId id = first + 1; id < first + 40; ++id) {
    Record record = record_of(Record::Kind::kMessage, id);
    if (id % 4 == 0) {
      record.message = EventKind::kDirect;
      record.room = "Bob";
    }
    record.sender = "Alice";
    record.text = text;
    record.session = "other";
    record.client_id = id % 3 == 0 ? "c" : "";
    records.push_back(record);
  }
  return records;
}

SqliteStoreOptions in(const Directory& directory) {
  SqliteStoreOptions options;
  options.directory = directory.path();
  options.retention = {.age_max_ms = 1000, .bytes_max = 20'000};
  return options;
}

// What real stores leave: one that was closed, and one in use.
struct Real {
  Real() {
    const Directory directory;
    SqliteStore store(in(directory));
    store.recover(0);
    CHECK(store.apply(some_records(1)).empty(), "a new store fails");
    in_use = directory.read();
    store.close();
    closed = directory.read();
    CHECK(!in_use.log.empty() && !closed.file.empty(), "a store without files");
  }

  Files closed;
  Files in_use;
};

std::size_t take_number(std::string_view& bytes, std::size_t length) {
  std::size_t number = 0;
  for (const char byte : bytes.substr(0, length)) {
    number = number << 8U | static_cast<std::uint8_t>(byte);
  }
  bytes.remove_prefix(std::min(length, bytes.size()));
  return number;
}

void patch(std::string& real, std::string_view patches) {
  while (!real.empty() && patches.size() >= 4) {
    const std::size_t place = take_number(patches, 3) % real.size();
    real[place] = static_cast<char>(take_number(patches, 1));
  }
}

Input input_of(std::string_view bytes) {
  return static_cast<Input>(take_number(bytes, 1) % static_cast<std::size_t>(Input::kCount));
}

Files make_files(std::string_view bytes) {
  static const Real real;
  const Input input = input_of(bytes);
  bytes.remove_prefix(std::min<std::size_t>(1, bytes.size()));
  Files files = input == Input::kPatchesOfTheLog ? real.in_use : real.closed;
  switch (input) {
    case Input::kFile:
      return {std::string(bytes), {}};
    case Input::kFileAndLog: {
      const std::size_t log = std::min(take_number(bytes, 2), bytes.size());
      return {std::string(bytes.substr(0, bytes.size() - log)),
              std::string(bytes.substr(bytes.size() - log))};
    }
    case Input::kPatchesOfTheLog:
      patch(files.log, bytes);
      break;
    case Input::kCut:
      files.file.resize(take_number(bytes, 3) % (files.file.size() + 1));
      [[fallthrough]];
    case Input::kPatches:
    case Input::kCount:
      patch(files.file, bytes);
      break;
    case Input::kRows:
      break;  // when it is in its place
  }
  return files;
}

struct Table {
  const char* name;
  std::size_t columns;
};

constexpr std::array<Table, 6> kTables{
    {{"sessions", 3}, {"stays", 4}, {"topics", 6}, {"messages", 9}, {"lost", 2}, {"state", 6}}};

// Some for each column; to SQLite any of them fits all of them. The second is the first as a blob.
constexpr std::array kValues{"'token'", "x'746f6b656e'",
                             "'other'", "'Bob'",
                             "'BOB'",   "'Alice'",
                             "'dev'",   "'DEV'",
                             "'lobby'", "'ops'",
                             "'a b'",   "''",
                             "'c'",     "'c2'",
                             "NULL",    "-1",
                             "0",       "1",
                             "2",       "3",
                             "40",      "100",
                             "1 << 62", "1700000000001"};

// A row takes the place of those that it can't stand beside; some rows SQLite refuses.
void put_rows(const Directory& directory, std::string_view picks) {
  SqliteDatabase database(directory.path() + "/chat.db", "");
  for (int rows = 0; rows < 20 && !picks.empty(); ++rows) {
    const Table& table = kTables[take_number(picks, 1) % kTables.size()];
    std::string row;
    for (std::size_t column = 0; column < table.columns; ++column) {
      row += row.empty() ? "REPLACE INTO " + std::string(table.name) + " VALUES(" : ", ";
      row += kValues[take_number(picks, 1) % kValues.size()];
    }
    database.execute((row + ")").c_str());
  }
}

void check_line(std::string_view line) {
  CHECK(line.find('\n') == std::string_view::npos && line.size() < 10'000, "not one line", line);
}

void check_page(const Page& page) {
  check_line(page.error);
  MessageId last = 0;
  for (const StoredMessage& message : page.messages) {
    CHECK(!page.error.empty() || message.id > last, "not in order", message.id, last);
    CHECK(message.text.find('\n') == std::string_view::npos, "more than one line", message.id);
    last = message.id;
  }
  constexpr std::size_t kMessageBytesMax = std::size_t{4} << 20;
  CHECK(page.messages.bytes() < kPageBytesMax + kMessageBytesMax, "a large page");
  for (const IdRange& gap : page.gaps) {
    CHECK(gap.first <= gap.last, "no gap", gap.first, gap.last);
  }
}

// Reads some pages, each from where the one before ended.
template <class ReadPage>
void read_some(MessageId after, ReadPage read_page) {
  for (int pages = 0; pages < 20; ++pages) {
    const Page page = read_page(after);
    check_page(page);
    if (page.is_end || !page.error.empty()) {
      return;
    }
    CHECK(page.read_to > after, "no progress", after);
    after = page.read_to;
  }
}

// All that a server does with a store that it could open.
void use(SqliteStore& store, MessageId last_id) {
  constexpr MessageId kNewest = std::numeric_limits<MessageId>::max();
  Audience audience("Bob", 0);
  audience.joined("dev", 0);
  read_some(0, [&](MessageId after) { return store.scan(after, 50, audience); });
  for (const char* key : {"dev", "@alice:bob"}) {
    const MessageStore::Found found = store.find_last(key, 2, kNewest, 20);
    check_line(found.error);
    CHECK(!found.error.empty() || found.after >= 2, "found too early", found.after);
    read_some(found.after, [&](MessageId after) { return store.history(key, after, kNewest, 20); });
  }
  check_line(store.apply(some_records(last_id + 1)));
  for (int steps = 0; steps < 50 && store.prune(1'700'000'000'020); ++steps) {
  }
  check_line(store.apply(some_records(last_id + 1000)));
  store.close();
}

struct Nobody final : EventSink, Journal {
  void on_event(const Event& /*event*/) override {}
  void append(const Record& /*record*/) override {}
};

// All come back, say again what they may have said, leave their rooms, and are gone.
void begin_with(const Recovered& recovered) {
  Nobody nobody;
  const Limits limits;
  const ServerInfo info;
  Hub::Time time{reactor::TimePoint(std::chrono::hours{1}), 1'700'000'000'050};
  Hub hub(
      limits, info, nobody, nobody, [] { return std::string("a token that nobody has"); },
      recovered, time);
  std::uint32_t index = 0;
  for (const Recovered::Session& session : recovered.sessions) {
    const SessionRef from{0, {++index, 1}};
    Command command;
    command.verb = Verb::kResume;
    command.target = session.token;
    command.capabilities = {.tags = true, .ack = true, .resume = true};
    hub.apply(from, command, time);
    command.client_id = "c";
    command.text = "x";
    for (const char* room : {"lobby", "dev", "ops"}) {
      command.target = room;
      for (const Verb verb : {Verb::kJoin, Verb::kSay, Verb::kTopic, Verb::kPart}) {
        command.verb = verb;
        hub.apply(from, command, time);
      }
    }
    command.verb = Verb::kDisconnect;
    hub.apply(from, command, time);
  }
  time.now += limits.resume_window;
  hub.tick(time);
  CHECK(hub.client_count() == 0 && hub.room_count() == 1, "somebody is left", hub.client_count());
}

void check(std::string_view bytes) {
  static const Directory directory;
  directory.write(make_files(bytes));
  if (input_of(bytes) == Input::kRows) {
    put_rows(directory, bytes.substr(1));
  }
  SqliteStoreOptions options = in(directory);
  // What a whole look finds is not all that can be wrong: half of the inputs go without.
  options.checked_whole_bytes_max = bytes.size() % 2 == 0 ? 0 : options.checked_whole_bytes_max;
  try {
    SqliteStore store(options);
    const Recovered recovered = store.recover(0);
    begin_with(recovered);
    use(store, recovered.last_id);
  } catch (const std::runtime_error& error) {
    CHECK(error.what()[0] != '\0', "refused without a reason");
    check_line(error.what());
  }
}

}  // namespace
}  // namespace chat

// libFuzzer chose the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chat::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
