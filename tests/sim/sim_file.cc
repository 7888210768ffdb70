#include "tests/sim/sim_file.h"

#include <algorithm>

namespace sim {

namespace {

// Cuts the file, or lets it grow by what happens to be on the disk there.
void resize(std::string& disk, std::size_t size, std::mt19937_64& random) {
  const std::size_t before = disk.size();
  disk.resize(size, '\0');
  if (size <= before) {
    return;
  }
  const std::size_t kind = below(random, 3);  // 0: zeros
  for (std::size_t i = before; kind != 0 && i < size; ++i) {
    disk[i] = kind == 1 || before == 0 ? static_cast<char>(random()) : disk[i - before];
  }
}

}  // namespace

std::size_t File::read(std::span<char> into, std::size_t offset) const {
  return offset >= seen_.size() ? 0 : seen_.copy(into.data(), into.size(), offset);
}

void File::write(std::string_view bytes, std::size_t offset) {
  if (bytes.empty()) {
    return;
  }
  const std::size_t end = offset + bytes.size();
  if (seen_.size() < end) {
    seen_.resize(end, '\0');
  }
  bytes.copy(&seen_[offset], bytes.size());
  if (is_lasting_) {
    const std::size_t first = offset / kSectorBytes * kSectorBytes;
    const std::size_t last = (end + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
    changes_.push_back({first, seen_.substr(first, last - first), seen_.size()});
  }
}

void File::truncate(std::size_t size) {
  seen_.resize(size, '\0');
  if (is_lasting_) {
    changes_.push_back({0, {}, size});
  }
}

void File::sync() {
  for (const Change& change : changes_) {
    durable_.resize(change.size_after, '\0');
    durable_.replace(change.offset, change.sectors.size(), change.sectors);
  }
  changes_.clear();
}

void File::fail_sync(std::mt19937_64& random) {
  if (chance(random, 500)) {
    durable_ = after_crash(random);
    changes_.clear();
  }
}

std::string File::after_crash(std::mt19937_64& random) const {
  std::string disk = durable_;
  // Mostly a mixture. But a pulled plug often spares nothing at all, and when it was only the
  // process that died everything is there.
  const std::size_t kind = below(random, 4);
  if (kind == 0 || changes_.empty()) {
    return disk;
  }
  const int arriving_per_mille = kind == 1 ? 1000 : static_cast<int>(below(random, 1000));
  for (const Change& change : changes_) {
    Fate fate = Fate::kArrives;
    if (!chance(random, arriving_per_mille)) {
      fate = chance(random, 500)   ? Fate::kLost
             : chance(random, 500) ? Fate::kInFrontOnly
                                   : Fate::kInPlaces;
    }
    arrive(change, fate, disk, random);
  }
  return disk;
}

void File::arrive(const Change& change, Fate fate, std::string& disk, std::mt19937_64& random) {
  // A size is kept elsewhere than the bytes: it may be there without them, never they without it.
  if (fate == Fate::kLost && chance(random, 500)) {
    return;
  }
  resize(disk, change.size_after, random);
  if (fate == Fate::kLost) {
    return;
  }
  const std::size_t bytes =
      fate == Fate::kInFrontOnly ? below(random, change.sectors.size() + 1) : change.sectors.size();
  for (std::size_t at = 0; at < bytes; at += kSectorBytes) {
    if (fate == Fate::kInPlaces && chance(random, 500)) {
      continue;
    }
    std::size_t begin = at;
    std::size_t end = std::min(at + kSectorBytes, change.sectors.size());
    if (fate != Fate::kArrives && chance(random, 50)) {
      (chance(random, 500) ? begin : end) = at + below(random, end - at + 1);
    }
    disk.replace(change.offset + begin, end - begin, change.sectors, begin, end - begin);
  }
}

}  // namespace sim
