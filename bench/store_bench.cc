// What does it cost to keep a message, in batches as small and large as a server makes them;
// and what to read it again? In a database below the directory for temporary files, whose disk
// decides what a commit costs, and in memory. Messages have 64 bytes, in a hundred rooms.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "bench/scratch_directory.h"
#include "chat/storage/memory_store.h"
#include "chat/storage/message_store.h"
#include "chat/storage/sqlite_store.h"

namespace {

using chat::MessageId;
using chat::MessageStore;

constexpr MessageId kRooms = 100;
constexpr MessageId kMessagesKept = 200'000;  // when it is read
constexpr MessageId kNewest = std::numeric_limits<MessageId>::max();

std::string room_of(MessageId id) { return "room" + std::to_string(id % kRooms); }

void must(const std::string& error) {
  if (!error.empty()) {
    throw std::runtime_error(error);
  }
}

// A store, and messages for it without end.
template <class Store>
class Kept {
 public:
  Kept() : store_(make()) { store_->recover(0); }

  void keep(MessageId count) {
    records_.clear();
    for (MessageId i = 0; i < count; ++i) {
      chat::Record record;
      record.id = ++last_id_;
      record.unix_ms = 1'700'000'000'000 + static_cast<std::int64_t>(last_id_);
      record.room = rooms_[last_id_ % kRooms];
      record.sender = "somebody";
      record.text = text_;
      records_.push_back(record);
    }
    must(store_->apply(records_));
    store_->prune(0);
  }
  MessageStore& store() { return *store_; }

 private:
  std::unique_ptr<MessageStore> make() {
    if constexpr (std::is_same_v<Store, chat::MemoryStore>) {
      return std::make_unique<Store>(chat::Retention{.bytes_max = std::uint64_t{256} << 20});
    } else {
      chat::SqliteStoreOptions options;
      options.directory = directory_.path();
      return std::make_unique<Store>(options);
    }
  }
  static std::vector<std::string> make_rooms() {
    std::vector<std::string> rooms;
    for (MessageId id = 0; id < kRooms; ++id) {
      rooms.push_back(room_of(id));
    }
    return rooms;
  }

  bench::ScratchDirectory directory_;
  std::unique_ptr<MessageStore> store_;
  const std::vector<std::string> rooms_ = make_rooms();
  const std::string text_ = std::string(64, 'x');
  std::vector<chat::Record> records_;
  MessageId last_id_ = 0;
};

// With all that keeping brings about sooner or later: copying the log, dropping the oldest.
template <class Store>
void keep(benchmark::State& state) {
  Kept<Store> kept;
  const auto batch = static_cast<MessageId>(state.range(0));
  for ([[maybe_unused]] auto _ : state) {
    kept.keep(batch);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// Items are messages looked at. rooms: how many of the hundred are heard.
template <class Store>
void scan(benchmark::State& state) {
  constexpr std::size_t kPageMessages = 512;
  Kept<Store> kept;
  for (MessageId count = 0; count < kMessagesKept; count += 1000) {
    kept.keep(1000);
  }
  chat::Audience audience("reader", 0);
  for (MessageId room = 0; room < static_cast<MessageId>(state.range(0)); ++room) {
    audience.joined(room_of(room), 0);
  }
  MessageId after = 0;
  MessageId looked_at = 0;
  for ([[maybe_unused]] auto _ : state) {
    const chat::Page page = kept.store().scan(after, kPageMessages, audience);
    must(page.error);
    looked_at += page.read_to - after;
    after = page.is_end ? 0 : page.read_to;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(looked_at));
}

// Items are messages.
template <class Store>
void history(benchmark::State& state) {
  constexpr std::size_t kCount = 100;
  Kept<Store> kept;
  for (MessageId count = 0; count < kMessagesKept; count += 1000) {
    kept.keep(1000);
  }
  std::int64_t read = 0;
  MessageId room = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::string key = room_of(++room);
    const MessageStore::Found found = kept.store().find_last(key, 0, kNewest, kCount);
    must(found.error);
    const chat::Page page = kept.store().history(key, found.after, kNewest, kCount);
    must(page.error);
    read += static_cast<std::int64_t>(page.messages.size());
  }
  state.SetItemsProcessed(read);
}

void BM_Keep_OnDisk(benchmark::State& state) { keep<chat::SqliteStore>(state); }
void BM_Keep_InMemory(benchmark::State& state) { keep<chat::MemoryStore>(state); }
void BM_ScanPage_OnDisk(benchmark::State& state) { scan<chat::SqliteStore>(state); }
void BM_ScanPage_InMemory(benchmark::State& state) { scan<chat::MemoryStore>(state); }
void BM_HistoryLast100_OnDisk(benchmark::State& state) { history<chat::SqliteStore>(state); }
void BM_HistoryLast100_InMemory(benchmark::State& state) { history<chat::MemoryStore>(state); }

// Real time: a commit waits for the disk.
void batches(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("batch")->Arg(1)->Arg(16)->Arg(256)->Arg(4096)->UseRealTime();
}
void rooms_heard(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("rooms_heard_of_100")->Arg(100)->Arg(1);
}
BENCHMARK(BM_Keep_OnDisk)->Apply(batches);
BENCHMARK(BM_Keep_InMemory)->Apply(batches);
BENCHMARK(BM_ScanPage_OnDisk)->Apply(rooms_heard);
BENCHMARK(BM_ScanPage_InMemory)->Apply(rooms_heard);
BENCHMARK(BM_HistoryLast100_OnDisk);
BENCHMARK(BM_HistoryLast100_InMemory);

}  // namespace
