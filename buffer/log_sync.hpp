#pragma once

#include <filesystem>
#include <memory>

namespace questclient::buffer {

/// A descriptor of its own of a segment's write-ahead log, so that another thread than the writer's can sync
/// it. Goes through SQLite's default file layer, past the one that joins writes: everything committed has
/// been passed on there. Opening and closing it does no harm: SQLite holds no locks on a log.
class LogSync {
 public:
  /// `database`: the segment's .db, whose log exists. Throws SqliteError.
  explicit LogSync(const std::filesystem::path& database);
  LogSync(const LogSync&) = delete;
  LogSync& operator=(const LogSync&) = delete;
  ~LogSync();

  /// Returns once everything committed before is on the disk. After a throw (SqliteError) never again:
  /// the kernel takes pages that it could not write for clean. Thread-safe.
  void sync();

 private:
  std::filesystem::path path_;
  std::unique_ptr<char[]> file_;
};

}  // namespace questclient::buffer
