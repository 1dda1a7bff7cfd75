#include "buffer/wal_vfs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>

#include <sqlite3.h>

#include "buffer/segment.hpp"

namespace questclient::buffer {
namespace {

constexpr std::size_t kMaxJoinedBytes = 1 << 20;
// SQLite's own layer for Unix looks at the lowest 17 bits of a length and takes 128 KiB for nothing to write.
constexpr std::size_t kMaxWriteBytes = (128 << 10) - 512;

/// What SQLite knows as the open write-ahead log. The platform's file lies behind it in the same allocation.
struct JoiningFile {
  sqlite3_file base;
  sqlite3_file* real;
  std::string* joined;       ///< Written by SQLite, not yet passed on; begins at `start`.
  sqlite3_int64 start;       ///< Only meaningful while `joined` holds bytes.
  sqlite3_int64 high_water;  ///< End of what was written through here; a recycled file is longer.
  bool through;              ///< The frame being written ends a transaction: pass it on at once.
};

constexpr std::size_t kRealOffset = (sizeof(JoiningFile) + alignof(std::max_align_t) - 1) /
                                    alignof(std::max_align_t) * alignof(std::max_align_t);

JoiningFile& joining(sqlite3_file* file) {
  return *reinterpret_cast<JoiningFile*>(file);
}

sqlite3_file* real(sqlite3_file* file) {
  return joining(file).real;
}

int pass_on(JoiningFile& file) {
  int code = SQLITE_OK;
  for (std::size_t at = 0; at < file.joined->size() && code == SQLITE_OK; at += kMaxWriteBytes) {
    const std::size_t amount = std::min(file.joined->size() - at, kMaxWriteBytes);
    code = file.real->pMethods->xWrite(file.real, file.joined->data() + at, static_cast<int>(amount),
                                       file.start + static_cast<sqlite3_int64>(at));
  }
  file.joined->clear();
  return code;
}

// A frame's header tells in its second word whether the frame ends a transaction: from there on readers may
// look for it, so everything must have reached the file before SQLite publishes it.
bool ends_transaction(const void* header) {
  const auto* bytes = static_cast<const unsigned char*>(header);
  return (bytes[4] | bytes[5] | bytes[6] | bytes[7]) != 0;
}

int file_write(sqlite3_file* handle, const void* bytes, int amount, sqlite3_int64 offset) {
  JoiningFile& file = joining(handle);
  if (offset < file.high_water) {  // rewrites what is there already
    const int code = pass_on(file);
    if (code != SQLITE_OK) return code;
    if (offset + amount > file.high_water) file.high_water = offset + amount;
    return file.real->pMethods->xWrite(file.real, bytes, amount, offset);
  }
  if (!file.joined->empty() && file.start + static_cast<sqlite3_int64>(file.joined->size()) != offset) {
    const int code = pass_on(file);
    if (code != SQLITE_OK) return code;
  }
  if (file.joined->empty()) file.start = offset;
  file.joined->append(static_cast<const char*>(bytes), static_cast<std::size_t>(amount));
  if (static_cast<std::size_t>(amount) == kLogFrameHeaderBytes) {
    file.through = ends_transaction(bytes);
    return SQLITE_OK;
  }
  if (!file.through && file.joined->size() < kMaxJoinedBytes) return SQLITE_OK;
  const sqlite3_int64 end = offset + amount;
  const int code = pass_on(file);
  if (code == SQLITE_OK) file.high_water = end;
  return code;
}

int file_close(sqlite3_file* handle) {
  JoiningFile& file = joining(handle);
  pass_on(file);
  const int code = file.real->pMethods->xClose(file.real);
  delete file.joined;
  file.joined = nullptr;
  return code;
}

int file_read(sqlite3_file* handle, void* bytes, int amount, sqlite3_int64 offset) {
  const int code = pass_on(joining(handle));
  if (code != SQLITE_OK) return code;
  return real(handle)->pMethods->xRead(real(handle), bytes, amount, offset);
}

int file_truncate(sqlite3_file* handle, sqlite3_int64 size) {
  const int code = pass_on(joining(handle));
  if (code != SQLITE_OK) return code;
  joining(handle).high_water = size;
  return real(handle)->pMethods->xTruncate(real(handle), size);
}

int file_sync(sqlite3_file* handle, int flags) {
  const int code = pass_on(joining(handle));
  if (code != SQLITE_OK) return code;
  return real(handle)->pMethods->xSync(real(handle), flags);
}

int file_size(sqlite3_file* handle, sqlite3_int64* size) {
  const int code = pass_on(joining(handle));
  if (code != SQLITE_OK) return code;
  return real(handle)->pMethods->xFileSize(real(handle), size);
}

int file_lock(sqlite3_file* handle, int level) {
  return real(handle)->pMethods->xLock(real(handle), level);
}

int file_unlock(sqlite3_file* handle, int level) {
  return real(handle)->pMethods->xUnlock(real(handle), level);
}

int file_check_lock(sqlite3_file* handle, int* out) {
  return real(handle)->pMethods->xCheckReservedLock(real(handle), out);
}

int file_control(sqlite3_file* handle, int operation, void* argument) {
  return real(handle)->pMethods->xFileControl(real(handle), operation, argument);
}

int file_sector_size(sqlite3_file* handle) {
  return real(handle)->pMethods->xSectorSize(real(handle));
}

int file_characteristics(sqlite3_file* handle) {
  return real(handle)->pMethods->xDeviceCharacteristics(real(handle));
}

const sqlite3_io_methods kMethods = {1,
                                     file_close,
                                     file_read,
                                     file_write,
                                     file_truncate,
                                     file_sync,
                                     file_size,
                                     file_lock,
                                     file_unlock,
                                     file_check_lock,
                                     file_control,
                                     file_sector_size,
                                     file_characteristics,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr};

sqlite3_vfs* below(sqlite3_vfs* self) {
  return static_cast<sqlite3_vfs*>(self->pAppData);
}

int vfs_open(sqlite3_vfs* self, const char* name, sqlite3_file* handle, int flags, int* out_flags) {
  sqlite3_vfs* platform = below(self);
  if ((flags & SQLITE_OPEN_WAL) == 0) return platform->xOpen(platform, name, handle, flags, out_flags);
  JoiningFile& file = joining(handle);
  file = JoiningFile{};
  file.real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(handle) + kRealOffset);
  file.real->pMethods = nullptr;
  const int code = platform->xOpen(platform, name, file.real, flags, out_flags);
  if (code != SQLITE_OK) return code;
  file.joined = new (std::nothrow) std::string;
  if (file.joined == nullptr) {
    file.real->pMethods->xClose(file.real);
    return SQLITE_NOMEM;
  }
  file.base.pMethods = &kMethods;
  return SQLITE_OK;
}

struct Registration {
  sqlite3_vfs vfs{};

  Registration() {
    sqlite3_vfs* platform = sqlite3_vfs_find(nullptr);
    vfs = *platform;
    vfs.pNext = nullptr;
    vfs.zName = "questclient-wal";
    vfs.pAppData = platform;
    vfs.szOsFile = platform->szOsFile + static_cast<int>(kRealOffset);
    vfs.xOpen = vfs_open;
    sqlite3_vfs_register(&vfs, 0);
  }
};

}  // namespace

const char* wal_vfs() {
  static Registration registration;
  return registration.vfs.zName;
}

std::uint64_t log_bytes(sqlite3* connection) {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK || file == nullptr || file->pMethods != &kMethods) return 0;
  const JoiningFile& log = joining(file);
  return static_cast<std::uint64_t>(log.high_water) + log.joined->size();
}

}  // namespace questclient::buffer
