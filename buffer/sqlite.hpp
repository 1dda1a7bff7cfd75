// SQLite with destructors and exceptions. Not thread-safe: one thread at a time per Database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "buffer/scratch_folder.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace questclient::buffer {

/// Names the file, the statement and SQLite's reason.
class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& message) : std::runtime_error(message), code_(code) {}

  /// SQLite's extended result code.
  int code() const { return code_; }
  /// The bytes of the file are wrong; any other error may pass.
  bool proves_damage() const;
  /// The disk is full and SQLite has rolled back.
  bool disk_full() const;
  /// There is no room for the index of the log that connections share (the file ending in -shm).
  bool lacks_shared_index() const;
  /// SQLite wanted to make a file and may not.
  bool may_not_write() const;

 private:
  int code_;
};

/// A connection. Never checkpoints by itself and leaves the write-ahead log in place when it is closed.
class Database {
 public:
  /// read_alone: no other connection gets in meanwhile. The index of the log is in memory then, so that
  /// nothing is needed of the disk.
  enum class Mode { create, read_write, read_only, read_alone };

  Database() = default;
  Database(const std::filesystem::path& path, Mode mode);
  /// Reads a copy of `path`, which is named in every error, and owns the folder where it lies.
  Database(const std::filesystem::path& path, const std::filesystem::path& copy,
           std::unique_ptr<ScratchFolder> folder);
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  bool is_open() const { return handle_ != nullptr; }
  const std::filesystem::path& path() const { return path_; }
  sqlite3* handle() const { return handle_; }
  void close();

  void execute(const char* sql);
  /// The first column of the first row; 0 when there is none.
  std::int64_t number(const char* sql);
  /// SQLite opens for reading what it may not open for writing, whatever the mode.
  bool may_write() const;
  /// No transaction is open.
  bool idle() const;
  /// Lets the last close checkpoint and remove the write-ahead log: the file is complete alone then.
  void checkpoint_on_close();

 private:
  void open(const std::filesystem::path& file, Mode mode);

  sqlite3* handle_ = nullptr;
  std::filesystem::path path_;
  std::unique_ptr<ScratchFolder> copy_;  ///< Where the file lies that is read in the place of path_.
};

/// Makes a database with what `fill` puts in, in one transaction: in write-ahead mode, complete in its .db,
/// synced, and open nowhere on return. Until then it may be torn, so it must not have its final name; there
/// is no journal beside it, which could be all that a power cut leaves. `page_bytes` 0: SQLite's default.
/// REQUIRES: there is no such file.
void create_database(const std::filesystem::path& path, std::size_t page_bytes,
                     const std::function<void(Database&)>& fill);

/// A prepared statement. Values bound must outlive the next step().
class Statement {
 public:
  Statement() = default;
  /// `sql` must be a string literal.
  Statement(Database& database, const char* sql);
  Statement(Statement&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), sql_(other.sql_), file_(std::move(other.file_)) {}
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::uint64_t value) { return bind(index, static_cast<std::int64_t>(value)); }
  Statement& bind_blob(int index, std::string_view value);
  Statement& bind_text(int index, std::string_view value);
  Statement& bind_null(int index);
  /// Whether there is a row.
  bool step();
  /// Steps to the end and resets.
  void run();
  void reset();

  std::int64_t number(int column) const;
  bool is_null(int column) const;
  /// Valid until the next step() or reset().
  std::string_view bytes(int column) const;

 private:
  void check(int code) const;

  sqlite3_stmt* handle_ = nullptr;
  const char* sql_ = "";
  std::string file_;
};

}  // namespace questclient::buffer
