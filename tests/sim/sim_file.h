#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sim {

// REQUIRES: bound > 0.
inline std::size_t below(std::mt19937_64& random, std::size_t bound) {
  return static_cast<std::size_t>(random() % bound);
}

// True in `per_mille` out of a thousand calls.
inline bool chance(std::mt19937_64& random, int per_mille) {
  return per_mille > 0 && below(random, 1000) < static_cast<std::size_t>(per_mille);
}

// One file of a simulated disk: what everybody reads, what of it lasts, and the changes since, each
// as the sectors that the system's cache would hand to the disk. A sector goes there as the cache
// has it, so that bytes which nobody wrote never change (SQLite: powersafe overwrite). All else is
// up to a crash: sectors arrive in any order or not at all, seldom in part, from one end on
// (linear, SQLite says); the new size may arrive without what belongs there, which then is
// anything: zeros, noise, what the blocks held before.
class File {
 public:
  static constexpr std::size_t kSectorBytes = 512;

  // is_lasting: false for what is gone with its last user anyway.
  explicit File(bool is_lasting) : is_lasting_(is_lasting) {}
  // All these bytes are on the disk.
  explicit File(std::string bytes) : seen_(bytes), durable_(std::move(bytes)) {}

  std::size_t size() const { return seen_.size(); }
  const std::string& bytes() const { return seen_; }
  // How many there were; fewer than asked for at the end of the file.
  std::size_t read(std::span<char> into, std::size_t offset) const;
  // Behind the end, too: what is between reads as zeros.
  void write(std::string_view bytes, std::size_t offset);
  void truncate(std::size_t size);

  // Everything is on the disk.
  void sync();
  // The system said it failed. Either it tries everything again at the next sync; or some is on the
  // disk, and the rest still reads as written but is taken for clean: lost, unless written again.
  void fail_sync(std::mt19937_64& random);
  // What the disk has when the power goes now.
  std::string after_crash(std::mt19937_64& random) const;

 private:
  struct Change {
    std::size_t offset = 0;      // of a sector
    std::string sectors;         // none: only the size changed
    std::size_t size_after = 0;  // of the file
  };
  enum class Fate : std::uint8_t { kArrives, kInFrontOnly, kInPlaces, kLost };

  static void arrive(const Change& change, Fate fate, std::string& disk, std::mt19937_64& random);

  bool is_lasting_ = true;
  std::string seen_;
  std::string durable_;
  std::vector<Change> changes_;  // of durable_, the oldest first
};

}  // namespace sim
