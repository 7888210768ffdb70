#include "chat/storage/open_storage.h"

#include <memory>
#include <utility>

#include "chat/storage/inline_store.h"
#include "chat/storage/memory_store.h"
#include "chat/storage/sqlite_store.h"
#include "chat/storage/store_worker.h"

namespace chat {
namespace {

std::unique_ptr<MessageStore> make_store(const StorageOptions& options) {
  if (options.durability == Durability::kNone) {
    return std::make_unique<MemoryStore>(options.retention);
  }
  SqliteStoreOptions sqlite;
  sqlite.directory = options.directory;
  sqlite.retention = options.retention;
  sqlite.heard_early = options.durability != Durability::kSync;
  return std::make_unique<SqliteStore>(sqlite);
}

}  // namespace

Storage open_storage(const StorageOptions& options) {
  Storage storage;
  storage.store = make_store(options);
  const auto retries_since =
      std::chrono::system_clock::now().time_since_epoch() - options.retry_window;
  storage.recovered = storage.store->recover(
      std::chrono::duration_cast<std::chrono::milliseconds>(retries_since).count());
  storage.delivers_when_kept = options.durability == Durability::kSync;
  storage.make_port = [durability = options.durability, queue_bytes_max = options.queue_bytes_max](
                          std::unique_ptr<MessageStore> store, reactor::Reactor& loop,
                          StoreEvents& events,
                          StoreMetrics& metrics) -> std::unique_ptr<StorePort> {
    if (durability == Durability::kNone) {
      return std::make_unique<InlineStore>(std::move(store), loop, events, metrics);
    }
    return std::make_unique<StoreWorker>(std::move(store), queue_bytes_max, loop, events, metrics);
  };
  return storage;
}

Storage open_memory_storage() {
  StorageOptions options;
  options.durability = Durability::kNone;
  options.retention.bytes_max = kMemoryBytesMax;
  return open_storage(options);
}

}  // namespace chat
