#include "tests/sim/sim_disk.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "reactor/check.h"

namespace sim {

void Disk::crash() {
  changes_until_crash_ = 0;
  down_ = !handles_.empty();
  ++stats_.crashes;
  // Of each name that changed: how it was, or how it is after one of its changes.
  std::map<std::string, std::vector<std::shared_ptr<File>>> choices;
  for (auto& [path, file] : directory_changes_) {
    std::vector<std::shared_ptr<File>>& files = choices[path];
    if (files.empty()) {
      const auto before = durable_directory_.find(path);
      files.push_back(before == durable_directory_.end() ? nullptr : before->second);
    }
    files.push_back(std::move(file));
  }
  directory_changes_.clear();
  for (auto& [path, files] : choices) {
    durable_directory_[path] = files[below(random_, files.size())];
  }
  std::erase_if(durable_directory_, [](const auto& entry) { return entry.second == nullptr; });
  // New files: the dead process still holds the old ones.
  for (auto& [path, file] : durable_directory_) {
    file = std::make_shared<File>(file->after_crash(random_));
  }
  directory_ = durable_directory_;
}

bool Disk::goes_down_at_this_change() {
  if (changes_until_crash_ == 0 || --changes_until_crash_ != 0) {
    return false;
  }
  crash();
  return true;
}

std::uint64_t Disk::used_bytes() const {
  std::set<const File*> files;
  for (const auto& [path, file] : directory_) {
    files.insert(file.get());
  }
  for (const auto& handle : handles_) {
    files.insert(handle->file.get());
  }
  std::uint64_t bytes = 0;
  for (const File* file : files) {
    bytes += file->size();
  }
  return bytes;
}

const std::string& Disk::contents(std::string_view path) const {
  const auto found = directory_.find(path);
  CHECK(found != directory_.end(), "no such file:", path);
  return found->second->bytes();
}

void Disk::put(const std::string& path, std::string bytes) {
  const auto found = directory_.find(path);
  const bool is_open =
      found != directory_.end() && std::ranges::any_of(handles_, [&](const auto& handle) {
        return handle->file == found->second;
      });
  CHECK(!is_open, "somebody has it open:", path);
  const auto file = std::make_shared<File>(std::move(bytes));
  std::erase_if(directory_changes_, [&](const auto& change) { return change.first == path; });
  directory_[path] = file;
  durable_directory_[path] = file;
}

// Gives the name to this file; null: to none.
void Disk::enter(const std::string& path, std::shared_ptr<File> file) {
  if (file == nullptr) {
    directory_.erase(path);
  } else {
    directory_[path] = file;
  }
  directory_changes_.emplace_back(path, std::move(file));
}

void Disk::sync_directory() {
  durable_directory_ = directory_;
  directory_changes_.clear();
}

int Disk::remove(const char* path, bool syncs_directory) {
  if (down_ || goes_down_at_this_change()) {
    return SQLITE_IOERR;
  }
  if (!exists(path)) {
    return SQLITE_IOERR_DELETE_NOENT;
  }
  if (read_only) {
    return SQLITE_IOERR_DELETE;
  }
  enter(path, nullptr);
  if (syncs_directory && chance(random_, faults.sync_error)) {
    return SQLITE_IOERR_DIR_FSYNC;
  }
  if (syncs_directory && !lying_sync) {
    sync_directory();
  }
  return SQLITE_OK;
}

int Disk::access(const char* path, int flags) const {
  if (flags == SQLITE_ACCESS_READWRITE && read_only) {
    return 0;
  }
  // As on Unix: an empty journal is none.
  const auto found = directory_.find(std::string_view(path));
  return found != directory_.end() && found->second->size() != 0 ? 1 : 0;
}

int Disk::open(const char* path, int flags, Handle*& opened, int& flags_out) {
  if (down_) {
    return SQLITE_IOERR;
  }
  const bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
  const bool is_log =
      (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  auto handle = std::make_unique<Handle>();
  handle->syncs_directory = creates && is_log;
  flags_out = flags;
  if (path == nullptr || (flags & SQLITE_OPEN_DELETEONCLOSE) != 0) {
    handle->file = std::make_shared<File>(/*is_lasting=*/false);
  } else if (const auto found = directory_.find(std::string_view(path));
             found != directory_.end()) {
    if (creates && (flags & SQLITE_OPEN_EXCLUSIVE) != 0) {
      return SQLITE_CANTOPEN;
    }
    handle->file = found->second;
    if (read_only) {
      flags_out &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
      flags_out |= SQLITE_OPEN_READONLY;
    }
  } else {
    if (!creates || read_only) {
      return creates && is_log ? SQLITE_READONLY_DIRECTORY : SQLITE_CANTOPEN;
    }
    if (goes_down_at_this_change()) {
      return SQLITE_IOERR;
    }
    handle->file = std::make_shared<File>(/*is_lasting=*/true);
    enter(path, handle->file);
  }
  opened = handle.get();
  handles_.push_back(std::move(handle));
  return SQLITE_OK;
}

void Disk::close(Handle& handle) {
  std::erase_if(handles_, [&](const auto& other) { return other.get() == &handle; });
  down_ = down_ && !handles_.empty();
}

int Disk::read(Handle& handle, std::span<char> into, std::size_t offset) {
  if (chance(random_, faults.read_error)) {
    return SQLITE_IOERR_READ;
  }
  const File& file = *handle.file;
  if (chance(random_, faults.short_read)) {
    file.read(into.first(below(random_, into.size() + 1)), offset);
    return SQLITE_IOERR_READ;
  }
  const std::size_t count = file.read(into, offset);
  if (count < into.size()) {
    std::memset(into.data() + count, 0, into.size() - count);
    return SQLITE_IOERR_SHORT_READ;
  }
  return SQLITE_OK;
}

int Disk::write(Handle& handle, std::string_view bytes, std::size_t offset) {
  if (goes_down_at_this_change()) {
    return SQLITE_IOERR;
  }
  File& file = *handle.file;
  int result = SQLITE_OK;
  if (const std::size_t end = offset + bytes.size(); end > file.size()) {
    const std::uint64_t used = used_bytes();
    const std::uint64_t room = capacity_bytes > used ? capacity_bytes - used : 0;
    if (end - file.size() > room) {
      const std::uint64_t end_of_room = file.size() + room;
      bytes = bytes.substr(0, end_of_room > offset ? end_of_room - offset : 0);
      result = SQLITE_FULL;
    }
  }
  if (chance(random_, faults.write_error)) {
    bytes = bytes.substr(0, below(random_, bytes.size() + 1));
    result = SQLITE_IOERR_WRITE;
  }
  file.write(bytes, offset);
  ++stats_.writes;
  stats_.bytes_written += bytes.size();
  return result;
}

int Disk::truncate(Handle& handle, std::size_t size) {
  if (goes_down_at_this_change()) {
    return SQLITE_IOERR;
  }
  if (chance(random_, faults.write_error)) {
    return SQLITE_IOERR_TRUNCATE;
  }
  handle.file->truncate(size);
  return SQLITE_OK;
}

int Disk::sync(Handle& handle) {
  if (goes_down_at_this_change()) {
    return SQLITE_IOERR;
  }
  ++stats_.syncs;
  if (chance(random_, faults.sync_error)) {
    handle.file->fail_sync(random_);
    return SQLITE_IOERR_FSYNC;
  }
  if (lying_sync) {
    return SQLITE_OK;
  }
  handle.file->sync();
  if (std::exchange(handle.syncs_directory, false)) {
    sync_directory();
  }
  return SQLITE_OK;
}

int Disk::lock_of_others(const Handle& handle) const {
  int highest = SQLITE_LOCK_NONE;
  for (const auto& other : handles_) {
    if (other.get() != &handle && other->file == handle.file) {
      highest = std::max(highest, other->lock);
    }
  }
  return highest;
}

int Disk::lock(Handle& handle, int level) const {
  if (handle.lock >= level) {
    return SQLITE_OK;
  }
  const int others = lock_of_others(handle);
  const int too_much = level == SQLITE_LOCK_SHARED ? SQLITE_LOCK_PENDING : SQLITE_LOCK_RESERVED;
  if (others >= too_much) {
    return SQLITE_BUSY;
  }
  if (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
    handle.lock = SQLITE_LOCK_PENDING;  // no new readers, until those that are there have left
    return SQLITE_BUSY;
  }
  handle.lock = level;
  return SQLITE_OK;
}

}  // namespace sim
