// SQLite for the table store: handles with destructors, errors as exceptions. Not thread-safe.
#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace questnode::engine {

struct SqliteError : std::runtime_error {
  explicit SqliteError(const std::string& message, bool write = false)
      : std::runtime_error(message), failed_write(write) {}
  bool failed_write;
};

/// The disk, a quota or the largest size of a file left no room for what was to be written: it may be tried
/// again. SQLite does not tell these from other failed writes; a failed sync is never among them.
bool is_failed_write(const std::exception& error);

struct SqliteClose {
  void operator()(sqlite3* handle) const;
  void operator()(sqlite3_stmt* handle) const;
};
using SqliteHandle = std::unique_ptr<sqlite3, SqliteClose>;
using SqliteStatement = std::unique_ptr<sqlite3_stmt, SqliteClose>;

/// Creates the file when there is none. Statements wait up to five seconds for another connection's lock.
SqliteHandle open_sqlite(const std::filesystem::path& file);
/// Runs statements that give no rows of interest.
void execute(sqlite3* database, const std::string& sql);
SqliteStatement prepare(sqlite3* database, std::string_view sql);
/// Steps to the end, then resets. Throws SqliteError.
void run(sqlite3* database, sqlite3_stmt* statement);
/// Throws SqliteError: file, `what`, SQLite's reason.
[[noreturn]] void throw_sqlite(sqlite3* database, std::string_view what);

/// "name" with quotes doubled.
std::string quoted_name(std::string_view name);

}  // namespace questnode::engine
