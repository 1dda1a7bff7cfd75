// Requests as the parser would hand them to the sequencer, and states to begin with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/entry.hpp"
#include "engine/sequencer.hpp"

namespace questnode::engine::test {

struct Tag {
  std::string text;
};
struct Micros {
  std::int64_t value;
};
struct Nanos {
  std::int64_t value;
};
struct Long256 {
  std::string text;
};
struct Array {
  std::uint8_t dimensions;
  std::string json;
};
struct DecimalText {
  std::string text;
};
/// NULL of type LONG: the column is named, and has no value.
struct NoLong {};
using Value = std::variant<std::int64_t, double, bool, std::string, Tag, Micros, Nanos, Long256, Array,
                           NoLong, DecimalText>;

struct Row {
  std::string table;
  std::int64_t nanos = 0;
  std::vector<std::pair<std::string, Value>> values;
};

inline ColumnDefinition written_as(const std::string& name, const Value& value) {
  constexpr ColumnType kTypes[] = {ColumnType::long_,        ColumnType::double_, ColumnType::boolean,
                                   ColumnType::varchar,      ColumnType::symbol,  ColumnType::timestamp,
                                   ColumnType::timestamp_ns, ColumnType::long256, ColumnType::double_array,
                                   ColumnType::long_,        ColumnType::decimal};
  const auto* array = std::get_if<Array>(&value);
  return {name, kTypes[value.index()], array == nullptr ? std::uint8_t{0} : array->dimensions};
}

inline void append_text(BlockColumn& column, std::string_view text) {
  column.text += text;
  column.text_ends.push_back(static_cast<std::uint32_t>(column.text.size()));
}

inline void append_value(BlockColumn& column, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) column.integers.push_back(*integer);
  if (const auto* real = std::get_if<double>(&value)) column.reals.push_back(*real);
  if (const auto* boolean = std::get_if<bool>(&value)) column.integers.push_back(*boolean ? 1 : 0);
  if (const auto* text = std::get_if<std::string>(&value)) append_text(column, *text);
  if (const auto* tag = std::get_if<Tag>(&value)) append_text(column, tag->text);
  if (const auto* micros = std::get_if<Micros>(&value)) column.integers.push_back(micros->value);
  if (const auto* nanos = std::get_if<Nanos>(&value)) column.integers.push_back(nanos->value);
  if (const auto* long256 = std::get_if<Long256>(&value)) append_text(column, long256->text);
  if (const auto* array = std::get_if<Array>(&value)) append_text(column, array->json);
  if (const auto* decimal = std::get_if<DecimalText>(&value)) append_text(column, decimal->text);
}

inline ParsedTable& table_of(WriteRequest& request, const std::string& name) {
  for (ParsedTable& table : request.tables) {
    if (table.name == name) return table;
  }
  ParsedTable& table = request.tables.emplace_back();
  table.name = name;
  return table;
}

inline BlockColumn& column_of(Block& block, const ColumnDefinition& definition) {
  for (BlockColumn& column : block.columns) {
    if (column.name == definition.name && column.type == definition.type &&
        column.dimensions == definition.dimensions) {
      return column;
    }
  }
  BlockColumn& column = block.columns.emplace_back();
  column.name = definition.name;
  column.type = definition.type;
  column.dimensions = definition.dimensions;
  column.everywhere = false;
  return column;
}

inline WriteRequest make_request(const std::vector<Row>& rows) {
  WriteRequest request;
  for (const Row& row : rows) {
    ParsedTable& table = table_of(request, row.table);
    for (const auto& [name, value] : row.values) {
      BlockColumn& column = column_of(table.block, written_as(name, value));
      if (std::holds_alternative<NoLong>(value)) continue;
      column.rows.push_back(table.block.rows);
      append_value(column, value);
    }
    table.block.timestamps.push_back(row.nanos);
    table.rows.push_back(request.rows++);
    ++table.block.rows;
  }
  for (ParsedTable& table : request.tables) {
    for (BlockColumn& column : table.block.columns) {
      column.everywhere = column.rows.size() == table.block.rows;
      if (column.everywhere) column.rows.clear();
    }
  }
  return request;
}

inline TableRequest table_request(const std::string& name, const std::vector<ColumnDefinition>& columns,
                                  ColumnType timestamp = ColumnType::timestamp) {
  TableRequest request;
  request.name = name;
  request.columns = columns;
  request.columns.push_back({"ts", timestamp, 0});
  request.timestamp_column = "ts";
  request.partition_by = "DAY";
  return request;
}

/// One value of a column as text; "NULL".
inline std::string cell(const Block& block, const std::string& name, std::uint32_t row) {
  for (const BlockColumn& column : block.columns) {
    if (column.name != name) continue;
    const auto value = column.value_of(row);
    if (!value) break;
    switch (storage_of(column.type)) {
      case Storage::integer:
        return std::to_string(column.integers[*value]);
      case Storage::real:
        return std::to_string(column.reals[*value]);
      case Storage::text:
        return std::string(column.text_at(*value));
    }
  }
  return "NULL";
}

/// "LONG f,TIMESTAMP ts"
inline std::string columns_text(const std::vector<ColumnDefinition>& columns) {
  std::string text;
  for (const ColumnDefinition& column : columns) {
    if (!text.empty()) text += ',';
    text += column.type_text() + ' ' + column.name;
  }
  return text;
}

}  // namespace questnode::engine::test
