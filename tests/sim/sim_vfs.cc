#include <fmt/format.h>

#include <algorithm>

#include "reactor/check.h"
#include "tests/sim/sim_disk.h"

namespace sim {

// What SQLite calls, in its own words.
struct DiskCalls {
  // SQLite gives the memory and knows the first member.
  struct OpenFile {
    sqlite3_file base;
    Disk* disk;
    Disk::Handle* handle;
  };

  static Disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }
  static OpenFile& open_file(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
  static std::size_t size(sqlite3_int64 value) {
    CHECK(value >= 0, "SQLite gives a negative size or offset", value);
    return static_cast<std::size_t>(value);
  }
  template <class Call>
  static int unless_down(sqlite3_file* file, Call call) {
    const OpenFile& open = open_file(file);
    return open.disk->down() ? SQLITE_IOERR : call(*open.disk, *open.handle);
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    OpenFile& open = open_file(file);
    open = {};  // without methods: there is nothing to close
    open.disk = &disk_of(vfs);
    int flags_out = 0;
    const int result = open.disk->open(path, flags, open.handle, flags_out);
    if (result == SQLITE_OK) {
      open.base.pMethods = &kFileMethods;
      if (out != nullptr) {
        *out = flags_out;
      }
    }
    return result;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    return disk_of(vfs).remove(path, sync_directory != 0);
  }
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    const Disk& disk = disk_of(vfs);
    *out = disk.access(path, flags);
    return disk.down() ? SQLITE_IOERR : SQLITE_OK;
  }
  static int full_path(sqlite3_vfs*, const char* path, int bytes_max, char* out) {
    const std::string_view text(path);
    if (text.size() >= size(bytes_max)) {
      return SQLITE_CANTOPEN;
    }
    text.copy(out, text.size());
    out[text.size()] = '\0';
    return SQLITE_OK;
  }
  static int randomness(sqlite3_vfs* vfs, int bytes, char* out) {
    std::generate_n(out, bytes, [vfs] { return static_cast<char>(disk_of(vfs).random_()); });
    return bytes;
  }
  // Nobody else would do anything meanwhile.
  static int sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
  static int now(sqlite3_vfs* vfs, sqlite3_int64* out) {
    constexpr sqlite3_int64 kUnixEpochMs = 210'866'760'000'000;  // in SQLite's Julian days
    *out = kUnixEpochMs + disk_of(vfs).unix_ms_();
    return SQLITE_OK;
  }

  static int close(sqlite3_file* file) {
    open_file(file).disk->close(*open_file(file).handle);
    return SQLITE_OK;
  }
  static int read(sqlite3_file* file, void* into, int bytes, sqlite3_int64 offset) {
    return unless_down(file, [&](Disk& disk, Disk::Handle& handle) {
      return disk.read(handle, {static_cast<char*>(into), size(bytes)}, size(offset));
    });
  }
  static int write(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
    return unless_down(file, [&](Disk& disk, Disk::Handle& handle) {
      return disk.write(handle, {static_cast<const char*>(data), size(bytes)}, size(offset));
    });
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 bytes) {
    return unless_down(
        file, [&](Disk& disk, Disk::Handle& handle) { return disk.truncate(handle, size(bytes)); });
  }
  static int sync(sqlite3_file* file, int /*flags*/) {
    return unless_down(file, [](Disk& disk, Disk::Handle& handle) { return disk.sync(handle); });
  }
  static int file_size(sqlite3_file* file, sqlite3_int64* out) {
    return unless_down(file, [out](Disk&, const Disk::Handle& handle) {
      *out = static_cast<sqlite3_int64>(handle.file->size());
      return SQLITE_OK;
    });
  }
  static int lock(sqlite3_file* file, int level) {
    return unless_down(
        file, [level](const Disk& disk, Disk::Handle& handle) { return disk.lock(handle, level); });
  }
  static int unlock(sqlite3_file* file, int level) {
    return unless_down(file, [level](Disk&, Disk::Handle& handle) {
      handle.lock = std::min(handle.lock, level);
      return SQLITE_OK;
    });
  }
  static int check_reserved(sqlite3_file* file, int* out) {
    return unless_down(file, [out](const Disk& disk, const Disk::Handle& handle) {
      const int highest = std::max(handle.lock, disk.lock_of_others(handle));
      *out = highest >= SQLITE_LOCK_RESERVED ? 1 : 0;
      return SQLITE_OK;
    });
  }
  static int control(sqlite3_file*, int /*operation*/, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return static_cast<int>(File::kSectorBytes); }
  static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
  static const sqlite3_io_methods kFileMethods;
};

const sqlite3_io_methods DiskCalls::kFileMethods = {
    .iVersion = 1,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

Disk::Disk(std::mt19937_64& random, Clock unix_ms)
    : random_(random),
      unix_ms_(std::move(unix_ms)),
      name_(fmt::format("sim-disk-{}", static_cast<const void*>(this))) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = sizeof(DiskCalls::OpenFile);
  vfs_.mxPathname = 512;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = DiskCalls::open;
  vfs_.xDelete = DiskCalls::remove;
  vfs_.xAccess = DiskCalls::access;
  vfs_.xFullPathname = DiskCalls::full_path;
  vfs_.xRandomness = DiskCalls::randomness;
  vfs_.xSleep = DiskCalls::sleep;
  vfs_.xCurrentTimeInt64 = DiskCalls::now;
  CHECK(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK, "SQLite takes no more disks");
  // It asks its default VFS for randomness, never this one. 0 would be its usual way.
  const int seed = static_cast<int>(random_() & 0x7fff'ffff) | 1;
  CHECK(sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, nullptr) == SQLITE_OK,
        "this SQLite cannot be repeated");
}

Disk::~Disk() {
  CHECK(handles_.empty(), "a database outlives its disk; open files:", handles_.size());
  sqlite3_vfs_unregister(&vfs_);
}

}  // namespace sim
