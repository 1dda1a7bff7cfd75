#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

struct sqlite3_file;

namespace questclient::buffer {

/// A file opened by SQLite's own file layer, beside any connection: the end of another descriptor would drop
/// the locks that connections of this process hold on the same .db. One thread at a time, but for sync().
/// Throws SqliteError.
class SqliteFile {
 public:
  enum class Purpose { read_database, lock_database, sync_log };

  /// REQUIRES: the file is there.
  SqliteFile(const std::filesystem::path& path, Purpose purpose);
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;
  ~SqliteFile();

  std::uint64_t size() const;
  /// Fills `bytes` from `offset` on.
  void read(std::uint64_t offset, std::string& bytes) const;
  /// Returns once everything written is on the disk. After a throw never again: the kernel takes pages that
  /// it could not write for clean. Thread-safe.
  void sync();
  /// Whether no connection has the database open, in this process or another: each holds a shared lock on its
  /// .db from its first look to its end.
  bool nobody_has_it();

 private:
  sqlite3_file* file() const;
  void check(int code, const char* what) const;

  std::string name_;
  std::unique_ptr<char[]> memory_;
};

}  // namespace questclient::buffer
