#include "engine/block.hpp"

#include <utility>

namespace questnode::engine {
namespace {

/// Drops the texts before the first kept value.
void drop_texts(BlockColumn& column, std::size_t count) {
  const std::uint32_t cut = count == 0 ? 0 : column.text_ends[count - 1];
  column.text.erase(0, cut);
  column.text_ends.erase(column.text_ends.begin(),
                         column.text_ends.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::uint32_t& end : column.text_ends) end -= cut;
}

void drop_values(BlockColumn& column, std::size_t count) {
  const auto drop = [count](auto& values) {
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
  };
  switch (storage_of(column.type)) {
    case Storage::integer:
      return drop(column.integers);
    case Storage::real:
      return drop(column.reals);
    case Storage::text:
      return column.coded ? drop(column.codes) : drop_texts(column, count);
  }
}

}  // namespace

std::string_view type_name(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return "BOOLEAN";
    case ColumnType::byte:
      return "BYTE";
    case ColumnType::short_:
      return "SHORT";
    case ColumnType::int_:
      return "INT";
    case ColumnType::long_:
      return "LONG";
    case ColumnType::float_:
      return "FLOAT";
    case ColumnType::double_:
      return "DOUBLE";
    case ColumnType::symbol:
      return "SYMBOL";
    case ColumnType::varchar:
      return "VARCHAR";
    case ColumnType::string:
      return "STRING";
    case ColumnType::char_:
      return "CHAR";
    case ColumnType::date:
      return "DATE";
    case ColumnType::timestamp:
      return "TIMESTAMP";
    case ColumnType::timestamp_ns:
      return "TIMESTAMP_NS";
    case ColumnType::long256:
      return "LONG256";
    case ColumnType::uuid:
      return "UUID";
    case ColumnType::ipv4:
      return "IPv4";
    case ColumnType::double_array:
      return "DOUBLE[]";
    case ColumnType::decimal:
      return "DECIMAL";
    case ColumnType::geohash:
      return "GEOHASH";
  }
  return "UNKNOWN";
}

Storage storage_of(ColumnType type) {
  switch (type) {
    case ColumnType::float_:
    case ColumnType::double_:
      return Storage::real;
    case ColumnType::symbol:
    case ColumnType::varchar:
    case ColumnType::string:
    case ColumnType::char_:
    case ColumnType::long256:
    case ColumnType::uuid:
    case ColumnType::ipv4:
    case ColumnType::double_array:
    case ColumnType::decimal:
    case ColumnType::geohash:
      return Storage::text;
    default:
      return Storage::integer;
  }
}

std::size_t held_bytes(const BlockColumn& column) {
  return sizeof column + column.name.size() + column.text.size() +
         column.integers.size() * sizeof(std::int64_t) + column.reals.size() * sizeof(double) +
         (column.rows.size() + column.text_ends.size() + column.codes.size()) * sizeof(std::uint32_t);
}

std::size_t held_bytes(const Block& block) {
  std::size_t bytes = block.timestamps.size() * sizeof(std::int64_t);
  for (const BlockColumn& column : block.columns) bytes += held_bytes(column);
  return bytes;
}

void drop_first_rows(Block& block, std::uint32_t count) {
  if (count == 0) return;
  for (BlockColumn& column : block.columns) {
    std::size_t dropped = count;
    if (!column.everywhere) {
      const auto kept = std::lower_bound(column.rows.begin(), column.rows.end(), count);
      dropped = static_cast<std::size_t>(kept - column.rows.begin());
      column.rows.erase(column.rows.begin(), kept);
      for (std::uint32_t& row : column.rows) row -= count;
    }
    drop_values(column, dropped);
    // The rows that are left may all have a value; equal blocks are then equal bytes.
    if (column.rows.size() == block.rows - count && !column.everywhere) {
      column.everywhere = true;
      column.rows.clear();
    }
  }
  block.timestamps.erase(block.timestamps.begin(), block.timestamps.begin() + count);
  block.rows -= count;
}

}  // namespace questnode::engine
