#include "ilp/table_builder.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/names.hpp"

namespace questnode::ilp {

using engine::BlockColumn;
using engine::ColumnType;

std::string unescape(std::string_view token) {
  std::string text;
  text.reserve(token.size());
  for (std::size_t at = 0; at < token.size(); ++at) {
    if (token[at] == '\\' && at + 1 < token.size()) ++at;
    text += token[at];
  }
  return text;
}

TableBuilder::ColumnIndex TableBuilder::find(std::string_view wire) {
  if (const auto spelt = by_spelling_.find(wire); spelt != by_spelling_.end()) return spelt->second;
  std::string name = unescape(wire.substr(0, wire.size() - 1));
  if (!engine::valid_column_name(name))
    throw BadLine("table: " + table_.name + "; invalid column name: " + name);
  const auto [at, fresh] =
      by_name_.emplace(engine::fold_case(name), static_cast<ColumnIndex>(columns_.size()));
  by_spelling_.emplace(wire, at->second);
  if (!fresh) return at->second;
  if (columns_.size() >= engine::kMaxTableColumns || *columns_left_ == 0) {
    throw BadLine("table: " + table_.name + "; too many columns: at most " +
                  std::to_string(engine::kMaxTableColumns) + " in a table and " +
                  std::to_string(kMaxColumns) + " in a request");
  }
  --*columns_left_;
  Column& column = columns_.emplace_back();
  column.wire.set(wire.data(), wire.size());
  column.name = std::move(name);
  return at->second;
}

BlockColumn& TableBuilder::switch_type(ColumnIndex index, ColumnType type, std::uint8_t dimensions) {
  Column& column = columns_[index];
  for (const std::uint32_t variant : column.variants) {
    BlockColumn& known = table_.block.columns[variant];
    if (known.type != type || known.dimensions != dimensions) continue;
    column.type = type;
    column.dimensions = dimensions;
    column.active = variant;
    return known;
  }
  return add_variant(column, type, dimensions);
}

BlockColumn& TableBuilder::add_variant(Column& column, ColumnType type, std::uint8_t dimensions) {
  column.type = type;
  column.dimensions = dimensions;
  column.active = static_cast<std::uint32_t>(table_.block.columns.size());
  column.variants.push_back(column.active);
  BlockColumn& added = table_.block.columns.emplace_back();
  dictionaries_.emplace_back();
  added.name = column.name;
  added.type = type;
  added.dimensions = dimensions;
  // The guess is good where all rows look like the first; elsewhere columns grow as they need.
  const std::size_t expected = row_ == 0 && expected_rows_ <= most_values_ ? expected_rows_ : 0;
  most_values_ -= expected;
  if (type == ColumnType::symbol) {
    added.coded = true;
    added.codes.reserve(expected);
    dictionaries_.back() = std::make_unique<Dictionary>();
  } else if (engine::storage_of(type) == engine::Storage::integer) {
    added.integers.reserve(expected);
  } else if (engine::storage_of(type) == engine::Storage::real) {
    added.reals.reserve(expected);
  }
  return added;
}

void TableBuilder::place_sparse(BlockColumn& column, std::size_t values) {
  if (column.everywhere) {
    column.everywhere = false;
    column.rows.resize(values);
    std::iota(column.rows.begin(), column.rows.end(), 0U);
  }
  column.rows.push_back(row_);
}

void TableBuilder::require_room(const BlockColumn& column, std::size_t more) const {
  if (column.text.size() + more > std::numeric_limits<std::uint32_t>::max())
    throw BadLine("table: " + table_.name + ", column: " + column.name + "; more than 4 GiB in one request");
}

void TableBuilder::text(ColumnIndex column, ColumnType type, std::string_view value) {
  BlockColumn& to = typed(column, type, 0);
  require_room(to, value.size());
  place(to, to.text_ends.size());
  to.text.append(value);
  to.text_ends.push_back(static_cast<std::uint32_t>(to.text.size()));
}

void TableBuilder::array(ColumnIndex column, const BinaryArray& value) {
  BlockColumn& to = typed(column, ColumnType::double_array, value.dimensions);
  const std::size_t longest = value.longest_json();
  require_room(to, longest);
  place(to, to.text_ends.size());
  // At once for a long array: growing step by step would hold it twice.
  const std::size_t needed = to.text.size() + longest;
  if (needed > to.text.capacity()) to.text.reserve(std::max(needed, 2 * to.text.capacity()));
  append_json(value, to.text);
  to.text_ends.push_back(static_cast<std::uint32_t>(to.text.size()));
}

void TableBuilder::end_row_far(std::int64_t micros) {
  if (!table_.timestamps_in_micros) {
    table_.timestamps_in_micros = true;
    for (std::int64_t& value : table_.block.timestamps) value /= 1000;
  }
  table_.block.timestamps.push_back(micros);
}

std::size_t TableBuilder::held_bytes() const {
  constexpr std::size_t kMapNode = 80;  // Of either map of names, about.
  std::size_t bytes = sizeof *this + 2 * kMapNode + engine::held_bytes(table_.block) +
                      table_.rows.size() * sizeof(std::uint32_t) +
                      columns_.size() * (sizeof(Column) + 2 * kMapNode);
  for (const auto& dictionary : dictionaries_) {
    if (dictionary) bytes += dictionary->held_bytes();
  }
  return bytes;
}

engine::ParsedTable TableBuilder::finish() {
  table_.block.rows = static_cast<std::uint32_t>(table_.block.timestamps.size());
  for (BlockColumn& column : table_.block.columns) {
    const std::size_t values = column.values();
    if (!column.everywhere || values == table_.block.rows) continue;
    column.everywhere = false;
    column.rows.resize(values);
    std::iota(column.rows.begin(), column.rows.end(), 0U);
  }
  return std::move(table_);
}

}  // namespace questnode::ilp
