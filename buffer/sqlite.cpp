#include "buffer/sqlite.hpp"

#include <sqlite3.h>

#include "buffer/wal_vfs.hpp"

namespace questclient::buffer {
namespace {

[[noreturn]] void fail(sqlite3* handle, int code, const std::string& file, const char* what) {
  const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : code;
  const char* reason = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  throw SqliteError(extended,
                    file + ": " + what + ": " + reason + " (SQLite " + std::to_string(extended) + ")");
}

int flags_of(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::create:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Database::Mode::read_write:
    case Database::Mode::read_alone:  // SQLite takes an exclusive lock only on what it may write to
      return SQLITE_OPEN_READWRITE;
    case Database::Mode::read_only:
      return SQLITE_OPEN_READONLY;
  }
  return SQLITE_OPEN_READONLY;
}

}  // namespace

bool SqliteError::proves_damage() const {
  const int primary = code_ & 0xFF;
  // SQLITE_ERROR here means that a table or column of our own schema is gone.
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR ||
         primary == SQLITE_MISMATCH || code_ == SQLITE_IOERR_SHORT_READ;
}

bool SqliteError::disk_full() const {
  return (code_ & 0xFF) == SQLITE_FULL;
}

bool SqliteError::lacks_shared_index() const {
  // The last one: its file cannot be made.
  return code_ == SQLITE_IOERR_SHMSIZE || code_ == SQLITE_IOERR_SHMMAP || code_ == SQLITE_IOERR_SHMOPEN ||
         code_ == SQLITE_CANTOPEN;
}

bool SqliteError::may_not_write() const {
  return (code_ & 0xFF) == SQLITE_READONLY;
}

// Complete before its body runs: what that throws closes the connection.
Database::Database(const std::filesystem::path& path, Mode mode) : Database() {
  path_ = path;
  open(path, mode);
}

Database::Database(const std::filesystem::path& path, const std::filesystem::path& copy,
                   std::unique_ptr<ScratchFolder> folder)
    : Database() {
  path_ = path;
  copy_ = std::move(folder);
  open(copy, Mode::read_only);
}

void Database::open(const std::filesystem::path& file, Mode mode) {
  const auto name = std::filesystem::absolute(file);  // SQLite takes "file:..." for a URI
  const int code = sqlite3_open_v2(name.c_str(), &handle_, flags_of(mode) | SQLITE_OPEN_NOMUTEX, wal_vfs());
  if (code != SQLITE_OK) {
    const std::string reason = is_open() ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
    const int extended = is_open() ? sqlite3_extended_errcode(handle_) : code;
    throw SqliteError(extended, path_.string() + ": open: " + reason);
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, 5000);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_wal_autocheckpoint(handle_, 0);
  if (mode == Mode::read_alone) execute("PRAGMA locking_mode=EXCLUSIVE");
}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      path_(std::move(other.path_)),
      copy_(std::move(other.copy_)) {}

Database& Database::operator=(Database&& other) noexcept {
  if (this != &other) {
    close();
    handle_ = std::exchange(other.handle_, nullptr);
    path_ = std::move(other.path_);
    copy_ = std::move(other.copy_);
  }
  return *this;
}

Database::~Database() {
  close();
}

void Database::close() {
  // close_v2: a statement that is destroyed later keeps the connection alive until then.
  sqlite3_close_v2(std::exchange(handle_, nullptr));
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_, code, path_.string(), sql);
}

std::int64_t Database::number(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.number(0) : 0;
}

bool Database::may_write() const {
  return sqlite3_db_readonly(handle_, "main") == 0;
}

bool Database::idle() const {
  return sqlite3_get_autocommit(handle_) != 0;
}

void Database::checkpoint_on_close() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

void create_database(const std::filesystem::path& path, std::size_t page_bytes,
                     const std::function<void(Database&)>& fill) {
  Database database(path, Database::Mode::create);
  if (page_bytes != 0) database.execute(("PRAGMA page_size=" + std::to_string(page_bytes)).c_str());
  database.execute("PRAGMA journal_mode=OFF");
  database.execute("PRAGMA journal_mode=WAL");
  database.execute("PRAGMA synchronous=FULL");
  database.execute("BEGIN");
  fill(database);
  database.execute("COMMIT");
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  database.checkpoint_on_close();
}

Statement::Statement(Database& database, const char* sql) : sql_(sql), file_(database.path().string()) {
  const int code =
      sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) fail(database.handle(), code, file_, sql);
}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(handle_);
    handle_ = std::exchange(other.handle_, nullptr);
    sql_ = other.sql_;
    file_ = std::move(other.file_);
  }
  return *this;
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) fail(sqlite3_db_handle(handle_), code, file_, sql_);
}

Statement& Statement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(handle_, index, value));
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view value) {
  // An empty view may have no address, which SQLite would take for NULL.
  const char* data = value.empty() ? "" : value.data();
  check(sqlite3_bind_blob64(handle_, index, data, value.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind_text(int index, std::string_view value) {
  const char* data = value.empty() ? "" : value.data();
  check(sqlite3_bind_text64(handle_, index, data, value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_null(int index) {
  check(sqlite3_bind_null(handle_, index));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  try {
    fail(sqlite3_db_handle(handle_), code, file_, sql_);
  } catch (...) {
    sqlite3_reset(handle_);
    throw;
  }
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(handle_);
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(handle_, column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::string_view Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return data == nullptr ? std::string_view() : std::string_view(data, size);
}

}  // namespace questclient::buffer
