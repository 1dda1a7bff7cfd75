// Entries for the table store, made with the real sequencer's forms, and queries on what it holds.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/entry.hpp"
#include "engine/names.hpp"
#include "engine/table_store.hpp"
#include "unit/engine/wal_fixture.hpp"

namespace questnode::engine {

inline BlockColumn integers(std::string name, std::vector<std::int64_t> values,
                            ColumnType type = ColumnType::long_, std::vector<std::uint32_t> rows = {}) {
  BlockColumn column;
  column.name = std::move(name);
  column.type = type;
  column.integers = std::move(values);
  column.everywhere = rows.empty();
  column.rows = std::move(rows);
  return column;
}

inline BlockColumn reals(std::string name, std::vector<double> values,
                         ColumnType type = ColumnType::double_) {
  BlockColumn column;
  column.name = std::move(name);
  column.type = type;
  column.reals = std::move(values);
  return column;
}

inline BlockColumn texts(std::string name, const std::vector<std::string>& values,
                         ColumnType type = ColumnType::varchar, std::vector<std::uint32_t> rows = {}) {
  BlockColumn column;
  column.name = std::move(name);
  column.type = type;
  for (const std::string& value : values) {
    column.text += value;
    column.text_ends.push_back(static_cast<std::uint32_t>(column.text.size()));
  }
  column.everywhere = rows.empty();
  column.rows = std::move(rows);
  return column;
}

inline Block rows_of(std::vector<std::int64_t> timestamps, std::vector<BlockColumn> columns) {
  Block block;
  block.rows = static_cast<std::uint32_t>(timestamps.size());
  block.timestamps = std::move(timestamps);
  block.columns = std::move(columns);
  return block;
}

/// A table store in a directory of its own, and a log that grows entry by entry.
class Tables {
 public:
  Tables() { open(); }

  /// What is closed was closed in order; copy() is what a killed process leaves.
  void open() {
    store_.reset();
    store_ = TableStore::open(directory());
  }
  TableStore& store() { return *store_; }
  std::filesystem::path directory() const { return scratch_.path() / "tables"; }
  const std::vector<Entry>& log() const { return log_; }

  /// The next entry of the log, with one table transaction; not applied.
  Entry& entry(const std::string& table, Block block = {}) {
    Entry made;
    made.number = log_.size() + 1;
    made.wall_nanos = static_cast<std::int64_t>(made.number);
    log_.push_back(std::move(made));
    add(table, std::move(block));
    return log_.back();
  }
  /// One more table in the last entry.
  TableTransaction& add(const std::string& table, Block block = {}) {
    TableTransaction transaction;
    transaction.table = table;
    transaction.transaction = ++transactions_[fold_case(table)];
    transaction.block = std::move(block);
    log_.back().tables.push_back(std::move(transaction));
    return log_.back().tables.back();
  }
  /// Columns of the block as the table's columns, the timestamp behind them.
  static TableCreation creation_for(const Block& block, std::vector<std::string> dedup_keys = {},
                                    ColumnType timestamp = ColumnType::timestamp) {
    TableCreation creation;
    for (const BlockColumn& column : block.columns)
      creation.columns.push_back({column.name, column.type, column.dimensions});
    creation.timestamp_column = static_cast<std::uint32_t>(creation.columns.size());
    creation.columns.push_back({"timestamp", timestamp, 0});
    creation.partition_by = "DAY";
    creation.dedup_keys = std::move(dedup_keys);
    return creation;
  }
  /// An entry that creates the table and fills it.
  Entry& create(const std::string& table, const Block& block, std::vector<std::string> dedup_keys = {},
                ColumnType timestamp = ColumnType::timestamp) {
    Entry& made = entry(table, block);
    made.tables.back().creation = creation_for(block, std::move(dedup_keys), timestamp);
    return made;
  }

  /// What the node does: everything behind the state, in batches of `batch` entries.
  void apply_all(std::size_t batch = 100) { apply_all(*store_, batch); }
  void apply_all(TableStore& store, std::size_t batch = 100) const {
    while (store.applied() < log_.size()) {
      const auto begin = log_.begin() + static_cast<std::ptrdiff_t>(store.applied());
      const auto left = static_cast<std::size_t>(log_.end() - begin);
      store.apply({begin, begin + static_cast<std::ptrdiff_t>(std::min(batch, left))});
    }
  }

  SqlAnswer query(const std::string& sql, std::chrono::milliseconds timeout = std::chrono::seconds(20),
                  std::size_t max_bytes = 1 << 20) const {
    return run_select(directory(), store_->state(), sql, timeout, max_bytes);
  }
  /// The dataset of an answer that must be good.
  nlohmann::json rows(const std::string& sql) const { return parsed(query(sql)).at("dataset"); }
  static nlohmann::json parsed(const SqlAnswer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.json;
    const auto json = nlohmann::json::parse(answer.json);
    return answer.status == 200 ? json : nlohmann::json{{"dataset", json}};
  }

 private:
  ScratchDirectory scratch_;
  std::unique_ptr<TableStore> store_;
  std::vector<Entry> log_;
  std::map<std::string, std::uint64_t> transactions_;
};

}  // namespace questnode::engine
