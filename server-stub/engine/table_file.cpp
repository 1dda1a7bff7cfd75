#include "engine/table_file.hpp"

#include <array>
#include <utility>

#include <sqlite3.h>

#include "base/sha256.hpp"
#include "engine/names.hpp"

namespace questnode::engine {
namespace {

constexpr std::size_t kLongestEscaped = 150;
constexpr std::size_t kHashDigits = 32;
constexpr int kFormatVersion = 1;
constexpr std::string_view kDedupIndex = "questnode/dedup";

/// From this many pages on (32 MiB) the -wal file is moved into the table. It grows beyond that only while
/// one query reads on and on.
constexpr int kMovePages = 4096;
/// A file that is closed, because others are needed, is not worth two syncs below this (2 MiB).
constexpr int kMovePagesAtClose = 256;

// NORMAL: the -wal file is synced before it is moved into the table, so a power cut costs at most the newest
// transactions, which the node's WAL still has. Moving is ours to start, since SQLite's own start ignores a
// failed sync.
constexpr const char* kPragmas =
    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384;"
    "PRAGMA temp_store=MEMORY; PRAGMA secure_delete=OFF;"
    "PRAGMA journal_size_limit=67108864;";

std::int64_t number_of(sqlite3* database, const std::string& sql, int column = 0) {
  const SqliteStatement statement = prepare(database, sql);
  if (sqlite3_step(statement.get()) != SQLITE_ROW) throw_sqlite(database, sql);
  return sqlite3_column_int64(statement.get(), column);
}

std::vector<std::string> texts_of(sqlite3* database, const std::string& sql) {
  const SqliteStatement statement = prepare(database, sql);
  std::vector<std::string> texts;
  while (sqlite3_step(statement.get()) == SQLITE_ROW)
    texts.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0)));
  return texts;
}

bool has_null(ColumnType type) {
  return type != ColumnType::boolean && type != ColumnType::byte && type != ColumnType::short_;
}

/// SQLite's unique indexes hold NULLs apart; these expressions make them equal to each other and to nothing
/// else.
std::string dedup_expressions(const TableCreation& creation) {
  std::string list;
  for (const std::string& key : creation.dedup_keys) {
    if (!list.empty()) list += ", ";
    const std::string name = quoted_name(key);
    bool nullable = true;
    for (std::size_t i = 0; i < creation.columns.size(); ++i)
      if (same_name(creation.columns[i].name, key))
        nullable = i != creation.timestamp_column && has_null(creation.columns[i].type);
    list += "ifnull(" + name + ", 0)";
    if (nullable) list += ", " + name + " IS NULL";
  }
  return list;
}

}  // namespace

std::string table_file_name(std::string_view file) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::string folded = fold_case(file);
  std::string escaped;
  for (const char c : folded) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    const auto byte = static_cast<unsigned char>(c);
    if (plain)
      escaped += c;
    else
      (escaped += '%') += {kHex[byte >> 4], kHex[byte & 15]};
  }
  // File names are at most 255 bytes long. A plain name never holds '-', so the two kinds cannot meet.
  if (escaped.size() > kLongestEscaped)
    escaped = escaped.substr(0, kLongestEscaped - kHashDigits) + "-" +
              base::hex(base::sha256(folded)).substr(0, kHashDigits);
  return "table-" + escaped + ".db";
}

std::string name_in_file(std::string_view table) {
  if (!fold_case(table).starts_with(kReservedPrefix)) return std::string(table);
  return "questnode/" + std::string(table);
}

TableWriter::TableWriter(const std::filesystem::path& directory, std::string_view file)
    : database_(open_sqlite(directory / table_file_name(file))) {
  execute(database_.get(), kPragmas);
  const auto committed = [](void* pages, sqlite3*, const char*, int in_log) {
    *static_cast<int*>(pages) = in_log;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_.get(), committed, &log_pages_);  // replaces wal_autocheckpoint
  execute(database_.get(), "CREATE TABLE IF NOT EXISTS " + quoted_name(kMetaTable) +
                               "(format INTEGER, applied INTEGER, timestamp_column INTEGER)");
  load();
}

TableWriter::~TableWriter() {
  int ignored = 0;
  const int keep_log = log_pages_ < kMovePagesAtClose ? 1 : 0;
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep_log, &ignored);
}

void TableWriter::load() {
  sqlite3* database = database_.get();
  const std::string meta = quoted_name(kMetaTable);
  store_applied_.reset();
  insert_.reset();
  applied_ = 0;
  table_.clear();
  if (number_of(database, "SELECT count(*) FROM " + meta) == 0) return;
  const std::int64_t format = number_of(database, "SELECT format FROM " + meta);
  if (format > kFormatVersion)
    throw SqliteError(std::string(sqlite3_db_filename(database, "main")) + " has format version " +
                      std::to_string(format) + ", this program reads up to " +
                      std::to_string(kFormatVersion) + "; start the newer program");
  const auto names = texts_of(database, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> '" +
                                            std::string(kMetaTable) + "'");
  if (names.size() != 1)
    throw SqliteError(std::string(sqlite3_db_filename(database, "main")) + " holds no table, or several");
  table_ = quoted_name(names.front());
  columns_ = texts_of(database, "SELECT name FROM pragma_table_info(" + table_ + ")");
  timestamp_column_ = static_cast<std::size_t>(number_of(database, "SELECT timestamp_column FROM " + meta));
  deduplicates_ = number_of(database, "SELECT count(*) FROM sqlite_schema WHERE type = 'index'") > 0;
  applied_ = static_cast<std::uint64_t>(number_of(database, "SELECT applied FROM " + meta));
  columns_changed();
}

void TableWriter::columns_changed() {
  insert_.reset();
  rows_.set_columns(columns_, timestamp_column_);
  rows_.attach(database_.get());
}

void TableWriter::apply(std::span<const TableChange> changes) {
  while (!changes.empty() && changes.front().number <= applied_) changes = changes.subspan(1);
  if (changes.empty()) return;
  try {
    execute(database_.get(), "BEGIN IMMEDIATE");
    apply_all(changes);
    store_applied(changes.back().number);
    execute(database_.get(), "COMMIT");
    applied_ = changes.back().number;
  } catch (...) {
    rows_.set_blocks({});
    insert_.reset();
    store_applied_.reset();
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    load();
    throw;
  }
  if (log_pages_ >= kMovePages) move_log();
}

void TableWriter::move_log() {
  const int code =
      sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_OK && code != SQLITE_BUSY) throw_sqlite(database_.get(), "cannot move the -wal file");
}

void TableWriter::apply_all(std::span<const TableChange> changes) {
  std::vector<const Block*> blocks;
  for (const TableChange& change : changes) {
    const TableTransaction& transaction = *change.transaction;
    if (transaction.creation || transaction.new_name || !transaction.added_columns.empty()) {
      insert(std::exchange(blocks, {}));
      if (transaction.new_name) rename(*transaction.new_name);
      if (transaction.creation) create(transaction.table, *transaction.creation);
      if (!transaction.added_columns.empty()) add_columns(transaction.added_columns);
    }
    if (transaction.block.rows > 0) blocks.push_back(&transaction.block);
  }
  insert(std::move(blocks));
}

// Columns have no type: with one, SQLite would turn the text '1e5' into a number and 1.0 into 1.
void TableWriter::create(const std::string& name, const TableCreation& creation) {
  table_ = quoted_name(name_in_file(name));
  columns_.clear();
  std::string list;
  for (const ColumnDefinition& column : creation.columns) {
    if (!list.empty()) list += ", ";
    list += quoted_name(column.name);
    columns_.push_back(column.name);
  }
  timestamp_column_ = creation.timestamp_column;
  deduplicates_ = !creation.dedup_keys.empty();
  execute(database_.get(), "CREATE TABLE " + table_ + "(" + list + ")");
  if (deduplicates_)
    execute(database_.get(), "CREATE UNIQUE INDEX " + quoted_name(kDedupIndex) + " ON " + table_ + "(" +
                                 dedup_expressions(creation) + ")");
  execute(database_.get(), "INSERT INTO " + quoted_name(kMetaTable) + " VALUES(" +
                               std::to_string(kFormatVersion) + ", 0, " + std::to_string(timestamp_column_) +
                               ")");
  columns_changed();
}

void TableWriter::add_columns(const std::vector<ColumnDefinition>& added) {
  insert_.reset();
  for (const ColumnDefinition& column : added) {
    execute(database_.get(), "ALTER TABLE " + table_ + " ADD COLUMN " + quoted_name(column.name));
    columns_.push_back(column.name);
  }
  columns_changed();
}

// The file keeps its name: TableSchema::file.
void TableWriter::rename(const std::string& name) {
  insert_.reset();
  const std::string renamed = quoted_name(name_in_file(name));
  // SQLite refuses a change of letters only, and finds the table by either spelling.
  if (fold_case(renamed) == fold_case(table_)) return;
  execute(database_.get(), "ALTER TABLE " + table_ + " RENAME TO " + renamed);
  table_ = renamed;
}

void TableWriter::insert(std::vector<const Block*> blocks) {
  if (blocks.empty()) return;
  if (!insert_)
    insert_ = prepare(database_.get(), std::string(deduplicates_ ? "INSERT OR REPLACE" : "INSERT") +
                                           " INTO " + table_ + " SELECT * FROM " + quoted_name(kRowsTable));
  rows_.set_blocks(std::move(blocks));
  run(database_.get(), insert_.get());
  rows_.set_blocks({});
}

void TableWriter::store_applied(std::uint64_t number) {
  if (!store_applied_)
    store_applied_ = prepare(database_.get(), "UPDATE " + quoted_name(kMetaTable) + " SET applied = ?1");
  sqlite3_bind_int64(store_applied_.get(), 1, static_cast<std::int64_t>(number));
  run(database_.get(), store_applied_.get());
}

}  // namespace questnode::engine
