#include "engine/sqlite.hpp"

#include <cerrno>
#include <system_error>

#include <sqlite3.h>

namespace questnode::engine {
namespace {

constexpr int kBusyMillis = 5000;

SqliteError sqlite_error(sqlite3* database, std::string_view what) {
  const char* file = database == nullptr ? nullptr : sqlite3_db_filename(database, "main");
  std::string message = file == nullptr ? "" : std::string(file) + ": ";
  message += what;
  message += ": ";
  message += database == nullptr ? "out of memory" : sqlite3_errmsg(database);
  const int code = database == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(database);
  const bool failed_write = code == SQLITE_FULL || code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_SHMSIZE;
  return SqliteError(message, failed_write);
}

}  // namespace

void SqliteClose::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

void SqliteClose::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

bool is_failed_write(const std::exception& error) {
  if (const auto* const sqlite = dynamic_cast<const SqliteError*>(&error)) return sqlite->failed_write;
  const auto* const system = dynamic_cast<const std::system_error*>(&error);
  const int code = system == nullptr ? 0 : system->code().value();
  return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

void throw_sqlite(sqlite3* database, std::string_view what) {
  throw sqlite_error(database, what);
}

SqliteHandle open_sqlite(const std::filesystem::path& file) {
  sqlite3* handle = nullptr;
  // One thread uses a connection at a time, so SQLite needs no lock of its own around it.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const auto path = std::filesystem::absolute(file);  // SQLite takes "file:..." for a URI
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  SqliteHandle owner(handle);
  if (code != SQLITE_OK) throw_sqlite(handle, "cannot open " + file.string());
  sqlite3_busy_timeout(handle, kBusyMillis);
  return owner;
}

void execute(sqlite3* database, const std::string& sql) {
  if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw_sqlite(database, sql.substr(0, 200));
}

SqliteStatement prepare(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &handle, nullptr) != SQLITE_OK)
    throw_sqlite(database, sql.substr(0, 200));
  return SqliteStatement(handle);
}

void run(sqlite3* database, sqlite3_stmt* statement) {
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) {
    const SqliteError error = sqlite_error(database, "cannot write");
    sqlite3_reset(statement);
    throw error;
  }
  sqlite3_reset(statement);
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

}  // namespace questnode::engine
