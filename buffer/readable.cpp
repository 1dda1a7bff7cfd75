#include "buffer/readable.hpp"

#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <string>
#include <system_error>
#include <tuple>

#include <sqlite3.h>

#include "base/file.hpp"
#include "buffer/damaged_view.hpp"
#include "buffer/scratch_folder.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/wal_format.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr int kCopies = 3;

/// SQLite opens the log and its index with the first look.
Database looked_into(Database database) {
  static_cast<void>(database.number("PRAGMA user_version"));
  return database;
}

/// Another one after the log was folded in, removed or begun anew; the same while it only grows.
using Generation = std::tuple<std::uint64_t, fs::file_time_type, std::string>;

Generation generation_of(const fs::path& path) {
  const fs::path log = with_suffix(path, "-wal");
  const bool has_log = size_or_zero(log) != 0;
  return {size_or_zero(path), fs::last_write_time(path),
          has_log ? base::File(log, O_RDONLY).read_at(0, kLogHeaderBytes) : ""};
}

Database copy_of(const fs::path& path) {
  auto scratch = std::make_unique<ScratchFolder>();
  std::string why = "it is changed all the time";
  for (int copy = 1; copy <= kCopies; ++copy) {
    const fs::path view = scratch->emptied() / path.filename();
    try {
      const Generation before = generation_of(path);
      make_view(path, view, Way::as_sqlite_sees_it, kPageBytes);
      if (generation_of(path) == before) return looked_into(Database(path, view, std::move(scratch)));
    } catch (const std::system_error& vanished) {
      why = vanished.what();
    }
  }
  throw SqliteError(SQLITE_BUSY, path.string() + " cannot be copied: " + why);
}

}  // namespace

Database open_readable(const fs::path& path) {
  try {
    return looked_into(Database(path, Database::Mode::read_only));
  } catch (const SqliteError& error) {
    if (!error.lacks_shared_index() && !error.may_not_write()) throw;
  }
  try {
    // What is not read is never trimmed, and a full disk would stay full.
    Database alone(path, Database::Mode::read_alone);
    if (alone.may_write()) return looked_into(std::move(alone));
  } catch (const SqliteError& error) {
    // Its log cannot be made either.
    if (!error.lacks_shared_index() && !error.may_not_write()) throw;
  }
  return copy_of(path);
}

}  // namespace questclient::buffer
