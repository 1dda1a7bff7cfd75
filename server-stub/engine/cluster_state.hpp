// What the log amounts to: the catalog and the streams' tokens. A function of the entries, the same bytes on
// every node. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/delivery.hpp"
#include "engine/block.hpp"
#include "engine/entry.hpp"

namespace questnode::engine {

struct TableSchema {
  std::string name;  ///< As it was created or last renamed; looked up without case.
  std::vector<ColumnDefinition> columns;
  std::size_t timestamp_column = 0;  ///< Index into columns.
  std::string partition_by = "DAY";
  std::vector<std::string> dedup_keys;  ///< Empty: no deduplication.
  std::uint64_t transactions = 0;       ///< Per-table transaction number, without a gap.
  /// What its file is called after: the name that it was created under, in lowercase, and "~<entry>" behind
  /// it where the file of a renamed table is called that. It stays when the table is renamed.
  std::string file;

  const ColumnDefinition* find(std::string_view column_name) const;  ///< Without case.
};

struct StreamToken {
  base::StreamPosition position;
  std::int64_t wall_nanos = 0;  ///< The log's clock when it last moved; what expiry will go by.
};

class ClusterState {
 public:
  /// Number of the last entry applied; 0: none.
  std::uint64_t number() const { return number_; }
  /// REQUIRES: entry.number == number() + 1. Throws base::MalformedBytes if it contradicts the state, which
  /// is then as it was.
  void apply(const Entry& entry);

  const TableSchema* table(std::string_view name) const;                        ///< Without case.
  const std::map<std::string, TableSchema>& tables() const { return tables_; }  ///< Key: lowercase name.
  std::size_t column_count() const { return column_count_; }                    ///< Of all tables together.
  std::optional<base::StreamPosition> token(const base::Uuid& stream) const;

  /// Deterministic bytes of everything: equal on two nodes exactly when the states are.
  std::string serialize() const;
  static ClusterState deserialize(std::string_view bytes);

 private:
  void check(const Entry& entry) const;
  void check_transaction(const TableTransaction& transaction, const std::string& key) const;
  void check_rename(const Entry& entry) const;
  void rename(const TableTransaction& transaction);

  std::uint64_t number_ = 0;
  std::map<std::string, TableSchema> tables_;
  std::size_t column_count_ = 0;
  std::set<std::string> moved_files_;  ///< Those of tables that are not called as their files.
  std::map<base::Uuid, StreamToken> tokens_;
};

}  // namespace questnode::engine
