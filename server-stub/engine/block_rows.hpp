// Lets SQLite read the rows of blocks as a table, so that one statement inserts all of them: a third faster
// than binding and stepping row by row.
#pragma once

#include <string>
#include <vector>

#include "engine/block.hpp"

struct sqlite3;

namespace questnode::engine {

/// The table that holds the rows being inserted, on one connection. No table of a user can be called that.
inline constexpr std::string_view kRowsTable = "questnode/rows";

/// REQUIRES: outlives the connection's statements.
class BlockRows {
 public:
  /// Names of the target's columns in order, and which of them is the designated timestamp.
  void set_columns(const std::vector<std::string>& names, std::size_t timestamp_column);
  /// (Re)defines the table on the connection, with as many columns as were set. REQUIRES: no statement uses
  /// the old one. Throws SqliteError.
  void attach(sqlite3* database);
  /// What the table holds. REQUIRES: unchanged while a statement runs.
  void set_blocks(std::vector<const Block*> blocks) { blocks_ = std::move(blocks); }

  std::size_t columns() const { return names_.size(); }
  std::size_t timestamp_column() const { return timestamp_column_; }
  const std::vector<const Block*>& blocks() const { return blocks_; }
  /// Which target column a block's column fills. Throws std::logic_error.
  std::size_t index_of(const std::string& name, std::size_t hint) const;

 private:
  std::vector<std::string> names_;
  std::size_t timestamp_column_ = 0;
  std::vector<const Block*> blocks_;
};

}  // namespace questnode::engine
