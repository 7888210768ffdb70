#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "chat/storage/message_store.h"
#include "chat/storage/store_port.h"

namespace chat {

enum class Durability : std::uint8_t {
  kCommit,  // delivered at once, acknowledged when it is on the disk
  kSync,    // delivered and acknowledged when it is on the disk
  kNone,    // in memory only, acknowledged when it has its number
};

struct StorageOptions {
  std::string directory;  // not of kNone
  Durability durability = Durability::kCommit;
  Retention retention;
  std::size_t queue_bytes_max = std::size_t{64} << 20;  // waiting for the disk
  std::chrono::milliseconds retry_window{120'000};      // as in Limits
};

inline constexpr std::uint64_t kMemoryBytesMax = std::uint64_t{64} << 20;

// Opens what is there, or begins anew. Throws std::runtime_error with one line that says what to
// do. REQUIRES: of kNone, retention.bytes_max > 0.
Storage open_storage(const StorageOptions& options);
// Of kNone with kMemoryBytesMax.
Storage open_memory_storage();

}  // namespace chat
