// One table's SQLite file: its name, and the writing side of it. See README.md, "The tables".
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/block_rows.hpp"
#include "engine/entry.hpp"
#include "engine/sqlite.hpp"

namespace questnode::engine {

/// Safe for every legal name, different for different tables: "table-<lowercase, escaped>.db". Takes
/// TableSchema::file.
std::string table_file_name(std::string_view file);
/// What the table is called inside its file: its name, unless SQLite reserves that.
std::string name_in_file(std::string_view table);
/// Says so when SQL cannot reach a table of this name.
inline constexpr std::string_view kReservedPrefix = "sqlite_";
/// Holds one row: format version, number of the last entry applied, index of the designated timestamp. No
/// table of a user can be called that.
inline constexpr std::string_view kMetaTable = "questnode/meta";

/// What entry `number` does to this table.
struct TableChange {
  std::uint64_t number = 0;
  const TableTransaction* transaction = nullptr;
};

/// Not thread-safe.
class TableWriter {
 public:
  /// Opens the file, or makes an empty one. Throws SqliteError.
  TableWriter(const std::filesystem::path& directory, std::string_view file);
  ~TableWriter();
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;

  /// Number of the last entry applied.
  std::uint64_t applied() const { return applied_; }
  /// In one transaction; changes that were applied before are skipped. REQUIRES: ascending numbers. Throws
  /// SqliteError; nothing has changed then, and it may be tried again.
  void apply(std::span<const TableChange> changes);

 private:
  void load();
  void apply_all(std::span<const TableChange> changes);
  void create(const std::string& name, const TableCreation& creation);
  void add_columns(const std::vector<ColumnDefinition>& added);
  void rename(const std::string& name);
  void insert(std::vector<const Block*> blocks);
  void store_applied(std::uint64_t number);
  void columns_changed();
  void move_log();

  int log_pages_ = 0;  ///< Of the -wal file after the last commit.
  SqliteHandle database_;
  BlockRows rows_;
  SqliteStatement insert_;
  SqliteStatement store_applied_;
  std::string table_;  ///< Quoted, as in the file; empty: not created yet.
  std::vector<std::string> columns_;
  std::size_t timestamp_column_ = 0;
  bool deduplicates_ = false;
  std::uint64_t applied_ = 0;
};

}  // namespace questnode::engine
