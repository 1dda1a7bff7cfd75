// Grows one table's columnar block row by row.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/sequencer.hpp"
#include "ilp/binary.hpp"
#include "ilp/scan.hpp"
#include "ilp/symbol_dictionary.hpp"

namespace questnode::ilp {

/// Thrown out of a line that cannot be taken: what QuestDB says behind "error in line n: ".
struct BadLine : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Bounds of what one request may hold, so that memory stays a small multiple of the body.
inline constexpr std::size_t kMaxTables = 10'000;
inline constexpr std::size_t kMaxColumns = 100'000;  ///< Of all tables together.

class TableBuilder {
 public:
  using ColumnIndex = std::uint32_t;
  static constexpr ColumnIndex kNone = 0xFFFFFFFF;

  /// `columns_left` counts down the columns that the request may still have.
  TableBuilder(std::string name, std::size_t& columns_left) : columns_left_(&columns_left) {
    table_.name = std::move(name);
  }

  const std::string& name() const { return table_.name; }

  /// `row`: index in the request. `expected_rows`: how many more the table may get, as a guess;
  /// `most_values`: so many values at most.
  void begin_row(std::uint32_t row, std::size_t expected_rows, std::size_t most_values = 0) {
    table_.rows.push_back(row);
    expected_rows_ = expected_rows;
    most_values_ = most_values;
    row_ = static_cast<std::uint32_t>(table_.block.timestamps.size());
    previous_ = kNone;
  }

  /// The column whose name most likely stands at `at`, an equals sign behind it; kNone: another one does.
  ColumnIndex predicted(const char* at, const char* end) const {
    const ColumnIndex next = previous_ == kNone ? first_ : columns_[previous_].next;
    return next != kNone && columns_[next].wire.matches(at, end) ? next : kNone;
  }
  std::size_t wire_size(ColumnIndex column) const { return columns_[column].wire.size(); }
  /// `wire`: the name as it stands in the body, with the equals sign. Throws BadLine.
  ColumnIndex find(std::string_view wire);
  /// True: the row has no value for this column yet, and the value that follows is the one that counts.
  bool claim(ColumnIndex column) {
    if (previous_ == kNone) {
      first_ = column;
    } else {
      columns_[previous_].next = column;
    }
    previous_ = column;
    if (columns_[column].last_row == row_) return false;
    columns_[column].last_row = row_;
    return true;
  }

  void integer(ColumnIndex column, engine::ColumnType type, std::int64_t value) {
    engine::BlockColumn& to = typed(column, type, 0);
    if (value == kNullInteger) return;
    place(to, to.integers.size());
    to.integers.push_back(value);
  }
  void boolean(ColumnIndex column, bool value) {
    integer(column, engine::ColumnType::boolean, value ? 1 : 0);
  }
  void real(ColumnIndex column, double value) {
    engine::BlockColumn& to = typed(column, engine::ColumnType::double_, 0);
    if (value != value) return;  // NaN is NULL.
    place(to, to.reals.size());
    to.reals.push_back(value);
  }
  /// Names the column without a value.
  void null(ColumnIndex column, engine::ColumnType type) { typed(column, type, 0); }
  void symbol(ColumnIndex column, std::string_view value) {
    engine::BlockColumn& to = typed(column, engine::ColumnType::symbol, 0);
    place(to, to.codes.size());
    to.codes.push_back(dictionaries_[columns_[column].active]->code_of(to, value));
  }
  /// Throws BadLine where the column's texts pass four gigabytes.
  void text(ColumnIndex column, engine::ColumnType type, std::string_view value);
  /// The same. REQUIRES: it is not NULL.
  void array(ColumnIndex column, const BinaryArray& value);

  /// In nanoseconds.
  void end_row(std::int64_t nanos) {
    table_.block.timestamps.push_back(table_.timestamps_in_micros ? nanos / 1000 : nanos);
  }
  /// In microseconds that do not fit into nanoseconds.
  void end_row_far(std::int64_t micros);
  void keep_nanoseconds() { table_.nanosecond_column = true; }
  bool first_row() const { return row_ == 0; }
  /// The number of the row's values so far is not zero.
  bool has_values() const { return previous_ != kNone; }

  /// Memory that the rows take so far.
  std::size_t held_bytes() const;
  engine::ParsedTable finish();

 private:
  static constexpr std::int64_t kNullInteger = INT64_MIN;
  static constexpr std::uint32_t kNoRow = 0xFFFFFFFF;

  struct Column {
    ExpectedText wire;
    ColumnIndex next = kNone;         ///< The column that followed it last time.
    std::uint32_t last_row = kNoRow;  ///< The last row that named it.
    engine::ColumnType type{};        ///< Of the block column that is used now ...
    std::uint8_t dimensions = 0;
    std::uint32_t active = kNoRow;        ///< ... and its index.
    std::vector<std::uint32_t> variants;  ///< Block columns of all types that it was written with.
    std::string name;
  };

  engine::BlockColumn& typed(ColumnIndex index, engine::ColumnType type, std::uint8_t dimensions) {
    const Column& column = columns_[index];
    if (column.type != type || column.dimensions != dimensions) return switch_type(index, type, dimensions);
    return table_.block.columns[column.active];
  }
  engine::BlockColumn& switch_type(ColumnIndex index, engine::ColumnType type, std::uint8_t dimensions);
  engine::BlockColumn& add_variant(Column& column, engine::ColumnType type, std::uint8_t dimensions);
  /// Notes that the row has value number `values` of the column.
  void place(engine::BlockColumn& column, std::size_t values) {
    if (column.everywhere && values == row_) return;
    place_sparse(column, values);
  }
  void place_sparse(engine::BlockColumn& column, std::size_t values);
  void require_room(const engine::BlockColumn& column, std::size_t more) const;

  engine::ParsedTable table_;
  std::size_t* columns_left_;
  std::size_t expected_rows_ = 0;
  std::size_t most_values_ = 0;
  std::uint32_t row_ = 0;         ///< Index in the block.
  ColumnIndex previous_ = kNone;  ///< The row's latest column.
  ColumnIndex first_ = kNone;     ///< With which the last row began.
  std::vector<Column> columns_;
  std::vector<std::unique_ptr<Dictionary>> dictionaries_;  ///< Beside block.columns; null: no symbols.
  std::unordered_map<std::string_view, ColumnIndex> by_spelling_;  ///< Key: as in the body.
  std::unordered_map<std::string, ColumnIndex> by_name_;           ///< Key: lowercase name.
};

/// What stands behind the backslashes of an unquoted token.
std::string unescape(std::string_view token);

}  // namespace questnode::ilp
