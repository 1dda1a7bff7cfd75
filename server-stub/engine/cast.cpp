#include "engine/cast.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/uuid.hpp"
#include "engine/names.hpp"

namespace questnode::engine {
namespace {

using Failure = std::optional<CastFailure>;

/// What ILP calls the type with which a column was written.
std::string protocol_type(const BlockColumn& column) {
  switch (column.type) {
    case ColumnType::symbol:
      return "TAG";
    case ColumnType::long_:
      return "INTEGER";
    case ColumnType::double_:
      return "FLOAT";
    case ColumnType::varchar:
      return "STRING";
    case ColumnType::timestamp:
    case ColumnType::timestamp_ns:
      return "TIMESTAMP";
    case ColumnType::double_array:
      return ColumnDefinition{{}, column.type, column.dimensions}.type_text();
    default:
      return std::string(type_name(column.type));
  }
}

CastFailure cast_error(const BlockColumn& column, const ColumnDefinition& target, std::size_t value) {
  return {value, "cast error from protocol type: " + protocol_type(column) +
                     " to column type: " + target.type_text()};
}

template <class T>
std::string number_text(T value) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

template <class T>
CastFailure bounds_error(T value, const ColumnDefinition& target, std::size_t index) {
  return {index, "line protocol value: " + number_text(value) +
                     " is out bounds of column type: " + target.type_text()};
}

void append_text(BlockColumn& column, std::string_view text) {
  column.text += text;
  column.text_ends.push_back(static_cast<std::uint32_t>(column.text.size()));
}

/// Numbers, booleans and timestamps as texts of a symbol column.
Failure to_symbols(BlockColumn& column) {
  for (const std::int64_t value : column.integers) {
    if (column.type == ColumnType::boolean) {
      append_text(column, value != 0 ? "true" : "false");
    } else {
      append_text(column, number_text(value));
    }
  }
  for (const double value : column.reals) append_text(column, number_text(value));
  column.integers.clear();
  column.reals.clear();
  return std::nullopt;
}

Failure to_reals(BlockColumn& column) {
  column.reals.assign(column.integers.begin(), column.integers.end());
  column.integers.clear();
  return std::nullopt;
}

Failure to_float(BlockColumn& column, const ColumnDefinition& target) {
  for (std::size_t i = 0; i < column.reals.size(); ++i) {
    const double value = column.reals[i];
    const auto narrow = static_cast<float>(value);
    if (std::isinf(narrow) && !std::isinf(value)) return bounds_error(value, target, i);
    column.reals[i] = static_cast<double>(narrow);
  }
  return std::nullopt;
}

template <class Narrow>
Failure check_range(const BlockColumn& column, const ColumnDefinition& target) {
  for (std::size_t i = 0; i < column.integers.size(); ++i) {
    const std::int64_t value = column.integers[i];
    if (value < std::numeric_limits<Narrow>::min() || value > std::numeric_limits<Narrow>::max())
      return bounds_error(value, target, i);
  }
  return std::nullopt;
}

Failure multiply(BlockColumn& column, const ColumnDefinition& target, std::int64_t factor) {
  for (std::size_t i = 0; i < column.integers.size(); ++i) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(column.integers[i], factor, &product))
      return bounds_error(column.integers[i], target, i);
    column.integers[i] = product;
  }
  return std::nullopt;
}

Failure divide(BlockColumn& column, std::int64_t divisor) {
  for (std::int64_t& value : column.integers) value /= divisor;
  return std::nullopt;
}

/// What integers and booleans have in common: reals and symbols take both.
Failure to_reals_or_symbols(BlockColumn& column, const ColumnDefinition& target) {
  switch (target.type) {
    case ColumnType::float_:
    case ColumnType::double_:
      return to_reals(column);
    case ColumnType::symbol:
      return to_symbols(column);
    default:
      return cast_error(column, target, 0);
  }
}

Failure cast_integers(BlockColumn& column, const ColumnDefinition& target) {
  switch (target.type) {
    case ColumnType::byte:
      return check_range<std::int8_t>(column, target);
    case ColumnType::short_:
      return check_range<std::int16_t>(column, target);
    case ColumnType::int_:
      return check_range<std::int32_t>(column, target);
    case ColumnType::long_:
    case ColumnType::date:
    case ColumnType::timestamp:
    case ColumnType::timestamp_ns:
      return std::nullopt;  // As they are, in the column's unit.
    default:
      return to_reals_or_symbols(column, target);
  }
}

Failure cast_booleans(BlockColumn& column, const ColumnDefinition& target) {
  switch (target.type) {
    case ColumnType::byte:
    case ColumnType::short_:
    case ColumnType::int_:
    case ColumnType::long_:
      return std::nullopt;
    default:
      return to_reals_or_symbols(column, target);
  }
}

Failure cast_timestamps(BlockColumn& column, const ColumnDefinition& target) {
  const bool nanos = column.type == ColumnType::timestamp_ns;
  switch (target.type) {
    case ColumnType::timestamp:
      return divide(column, nanos ? 1000 : 1);
    case ColumnType::timestamp_ns:
      return nanos ? std::nullopt : multiply(column, target, 1000);
    case ColumnType::date:
      return divide(column, nanos ? 1'000'000 : 1000);
    case ColumnType::symbol:
      return to_symbols(column);
    default:
      return cast_error(column, target, 0);
  }
}

std::optional<std::string> one_char(std::string_view text) {
  // A CHAR is one UTF-16 unit: what takes four bytes of UTF-8 takes two units.
  if (text.empty() || text.size() > 3 || !valid_utf8(text)) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : 3;
  if (length != text.size()) return std::nullopt;
  return std::string(text);
}

std::optional<std::string> uuid_text(std::string_view text) {
  const auto id = base::Uuid::parse(text);
  if (!id) return std::nullopt;
  return id->to_string();
}

std::optional<std::string> ipv4_text(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at == end || *at++ != '.')) return std::nullopt;
    std::uint8_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return std::nullopt;
    at = next;
  }
  if (at != end) return std::nullopt;
  return std::string(text);
}

std::optional<std::string> long256_text(std::string_view text) {
  if (text.size() < 3 || text.size() > 66 || !text.starts_with("0x")) return std::nullopt;
  std::string lower = fold_case(text);
  if (lower.find_first_not_of("0123456789abcdef", 2) != std::string::npos) return std::nullopt;
  return lower;
}

template <class Convert>
Failure convert_texts(BlockColumn& column, const ColumnDefinition& target, Convert convert) {
  BlockColumn converted;
  const std::size_t values = column.values();
  for (std::size_t i = 0; i < values; ++i) {
    const std::optional<std::string> text = convert(column.text_at(i));
    if (!text) return cast_error(column, target, i);
    append_text(converted, *text);
  }
  column.text = std::move(converted.text);
  column.text_ends = std::move(converted.text_ends);
  column.coded = false;
  column.codes.clear();
  return std::nullopt;
}

Failure cast_strings(BlockColumn& column, const ColumnDefinition& target) {
  switch (target.type) {
    case ColumnType::varchar:
    case ColumnType::string:
    case ColumnType::symbol:
      return std::nullopt;
    case ColumnType::char_:
      return convert_texts(column, target, one_char);
    case ColumnType::uuid:
      return convert_texts(column, target, uuid_text);
    case ColumnType::ipv4:
      return convert_texts(column, target, ipv4_text);
    case ColumnType::long256:
      return convert_texts(column, target, long256_text);
    default:
      return cast_error(column, target, 0);
  }
}

bool is_text_like(ColumnType type) {
  return type == ColumnType::symbol || type == ColumnType::string || type == ColumnType::varchar;
}

Failure cast_values(BlockColumn& column, const ColumnDefinition& target) {
  if (column.type == target.type) {
    if (column.dimensions == target.dimensions) return std::nullopt;
    return cast_error(column, target, 0);
  }
  switch (column.type) {
    case ColumnType::symbol:
      return is_text_like(target.type) ? std::nullopt : Failure(cast_error(column, target, 0));
    case ColumnType::long_:
      return cast_integers(column, target);
    case ColumnType::double_:
      if (target.type == ColumnType::float_) return to_float(column, target);
      if (target.type == ColumnType::symbol) return to_symbols(column);
      return cast_error(column, target, 0);
    case ColumnType::boolean:
      return cast_booleans(column, target);
    case ColumnType::varchar:
      return cast_strings(column, target);
    case ColumnType::long256:
      return target.type == ColumnType::symbol ? std::nullopt : Failure(cast_error(column, target, 0));
    case ColumnType::timestamp:
    case ColumnType::timestamp_ns:
      return cast_timestamps(column, target);
    default:
      return cast_error(column, target, 0);
  }
}

}  // namespace

std::optional<CastFailure> cast_column(BlockColumn& column, const ColumnDefinition& target) {
  if (Failure failure = cast_values(column, target); failure && column.values() > 0) return failure;
  column.type = target.type;
  column.dimensions = target.dimensions;
  column.name = target.name;
  return std::nullopt;
}

BlockColumn merge_columns(std::vector<BlockColumn> columns, std::uint32_t block_rows) {
  struct Place {
    std::uint32_t row;
    std::uint32_t column;
    std::size_t value;
  };
  std::vector<Place> places;
  for (std::uint32_t c = 0; c < columns.size(); ++c) {
    const std::size_t values = columns[c].values();
    for (std::size_t v = 0; v < values; ++v) places.push_back({columns[c].row_of(v), c, v});
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.row < b.row; });

  BlockColumn merged;
  merged.name = columns.front().name;
  merged.type = columns.front().type;
  merged.dimensions = columns.front().dimensions;
  merged.everywhere = places.size() == block_rows;
  const Storage storage = storage_of(merged.type);
  for (const Place& place : places) {
    const BlockColumn& from = columns[place.column];
    if (!merged.everywhere) merged.rows.push_back(place.row);
    switch (storage) {
      case Storage::integer:
        merged.integers.push_back(from.integers[place.value]);
        break;
      case Storage::real:
        merged.reals.push_back(from.reals[place.value]);
        break;
      case Storage::text:
        append_text(merged, from.text_at(place.value));
        break;
    }
  }
  return merged;
}

}  // namespace questnode::engine
