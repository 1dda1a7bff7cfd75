#include "buffer/sqlite_file.hpp"

#include <sqlite3.h>

#include "buffer/sqlite.hpp"

namespace questclient::buffer {
namespace {

int flags_for(SqliteFile::Purpose purpose) {
  switch (purpose) {
    case SqliteFile::Purpose::read_database:
      return SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY;
    case SqliteFile::Purpose::lock_database:
      return SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE;
    case SqliteFile::Purpose::sync_log:
      return SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE;
  }
  return 0;
}

}  // namespace

// SQLite's layers keep the pointer to the name while the file is open, and take what follows it for its
// parameters: there are none.
SqliteFile::SqliteFile(const std::filesystem::path& path, Purpose purpose) : name_(path.string() + '\0') {
  sqlite3_vfs* const layer = sqlite3_vfs_find(nullptr);
  memory_ = std::make_unique<char[]>(static_cast<std::size_t>(layer->szOsFile));
  const int code = layer->xOpen(layer, name_.c_str(), file(), flags_for(purpose), nullptr);
  if (code == SQLITE_OK) return;
  if (file()->pMethods != nullptr) file()->pMethods->xClose(file());
  check(code, "open");
}

SqliteFile::~SqliteFile() {
  file()->pMethods->xClose(file());
}

sqlite3_file* SqliteFile::file() const {
  return reinterpret_cast<sqlite3_file*>(memory_.get());
}

void SqliteFile::check(int code, const char* what) const {
  if (code == SQLITE_OK) return;
  throw SqliteError(code, std::string(name_.c_str()) + ": " + what + ": " + sqlite3_errstr(code) +
                              " (SQLite " + std::to_string(code) + ")");
}

std::uint64_t SqliteFile::size() const {
  sqlite3_int64 size = 0;
  check(file()->pMethods->xFileSize(file(), &size), "size");
  return static_cast<std::uint64_t>(size);
}

void SqliteFile::read(std::uint64_t offset, std::string& bytes) const {
  check(file()->pMethods->xRead(file(), bytes.data(), static_cast<int>(bytes.size()),
                                static_cast<sqlite3_int64>(offset)),
        "read");
}

void SqliteFile::sync() {
  check(file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY), "sync");
}

bool SqliteFile::nobody_has_it() {
  const sqlite3_io_methods& layer = *file()->pMethods;
  const bool alone = layer.xLock(file(), SQLITE_LOCK_SHARED) == SQLITE_OK &&
                     layer.xLock(file(), SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK;
  layer.xUnlock(file(), SQLITE_LOCK_NONE);
  return alone;
}

}  // namespace questclient::buffer
