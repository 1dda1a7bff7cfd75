#include "buffer/log_sync.hpp"

#include <cstring>

#include <sqlite3.h>

#include "buffer/sqlite.hpp"

namespace questclient::buffer {
namespace {

sqlite3_file* file_in(const std::unique_ptr<char[]>& memory) {
  return reinterpret_cast<sqlite3_file*>(memory.get());
}

[[noreturn]] void fail(int code, const std::filesystem::path& path, const char* what) {
  throw SqliteError(code, path.string() + ": " + what + ": " + sqlite3_errstr(code) + " (SQLite " +
                              std::to_string(code) + ")");
}

}  // namespace

LogSync::LogSync(const std::filesystem::path& database) : path_(database.string() + "-wal") {
  sqlite3_vfs* const layer = sqlite3_vfs_find(nullptr);
  file_ = std::make_unique<char[]>(static_cast<std::size_t>(layer->szOsFile));
  // SQLite's layers keep the pointer to the name while the file is open.
  const int code =
      layer->xOpen(layer, path_.c_str(), file_in(file_), SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE, nullptr);
  if (code == SQLITE_OK) return;
  if (file_in(file_)->pMethods != nullptr) file_in(file_)->pMethods->xClose(file_in(file_));
  fail(code, path_, "open to sync");
}

LogSync::~LogSync() {
  file_in(file_)->pMethods->xClose(file_in(file_));
}

void LogSync::sync() {
  const int code = file_in(file_)->pMethods->xSync(file_in(file_), SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
  if (code != SQLITE_OK) fail(code, path_, "sync");
}

}  // namespace questclient::buffer
