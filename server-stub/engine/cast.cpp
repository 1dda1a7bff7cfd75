#include "engine/cast.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "engine/decimal.hpp"
#include "engine/text_values.hpp"

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
  // Arrays of other dimensions are told apart, from anything else an array is just that.
  const bool other_than_array =
      column.type == ColumnType::double_array && target.type != ColumnType::double_array;
  return {value, "cast error from protocol type: " + (other_than_array ? "ARRAY" : protocol_type(column)) +
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
  if (column.text.size() + text.size() > kMaxEntryBytes) throw EntryTooLong(kMaxEntryBytes);
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

/// Keeps the rows of the values that are left.
void keep_rows(BlockColumn& column, const std::vector<std::size_t>& kept) {
  std::vector<std::uint32_t> rows;
  rows.reserve(kept.size());
  for (const std::size_t value : kept) rows.push_back(column.row_of(value));
  column.rows = std::move(rows);
  column.everywhere = false;
}

void become_texts(BlockColumn& column, BlockColumn texts, const std::vector<std::size_t>& kept,
                  std::size_t values) {
  if (kept.size() < values) keep_rows(column, kept);
  column.integers.clear();
  column.reals.clear();
  column.text = std::move(texts.text);
  column.text_ends = std::move(texts.text_ends);
  column.coded = false;
  column.codes.clear();
}

template <class Convert>
Failure convert_texts(BlockColumn& column, const ColumnDefinition& target, Convert convert) {
  BlockColumn converted;
  std::vector<std::size_t> kept;
  const std::size_t values = column.values();
  for (std::size_t i = 0; i < values; ++i) {
    const TextValue value = convert(column.text_at(i));
    if (value.kind == TextValue::Kind::bad) return cast_error(column, target, i);
    if (value.kind == TextValue::Kind::null) continue;
    append_text(converted, value.text);
    kept.push_back(i);
  }
  become_texts(column, std::move(converted), kept, values);
  return std::nullopt;
}

CastFailure value_error(std::size_t value, const std::string& what) {
  return {value, "value error: " + what};
}

/// QuestDB's words for a number that a type cannot hold exactly.
CastFailure precision_error(std::size_t value, const std::string& number, const ColumnDefinition& target) {
  return value_error(
      value, "converting " + number + " to " + target.type_text() + " will result in loss of precision");
}

/// A number as Java prints it, where that matters: with a point.
std::string real_text(double value) {
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  std::string text = number_text(value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

Failure decimal_failure(const BlockColumn& column, const ColumnDefinition& target, std::size_t i,
                        DecimalFit fit, const Decimal& number) {
  switch (column.type) {
    case ColumnType::long_:
      return bounds_error(column.integers[i], target, i);
    case ColumnType::double_:
      return precision_error(i, real_text(column.reals[i]), target);
    case ColumnType::varchar:
      return value_error(
          i, std::string(column.text_at(i)) + " cannot be converted to column type: " + target.type_text());
    default:
      if (fit == DecimalFit::loses_precision) return precision_error(i, number.text(), target);
      return CastFailure{i, "line protocol value: " + number.text() +
                                " is out bounds of column type: " + target.type_text()};
  }
}

/// Integers, reals, texts and decimals.
Failure to_decimals(BlockColumn& column, const ColumnDefinition& target) {
  BlockColumn converted;
  std::vector<std::size_t> kept;
  const std::size_t values = column.values();
  for (std::size_t i = 0; i < values; ++i) {
    std::string text;
    if (column.type == ColumnType::long_) {
      text = number_text(column.integers[i]);
    } else if (column.type == ColumnType::double_) {
      text = real_text(column.reals[i]);
    } else {
      text = column.text_at(i);
    }
    auto number = parse_decimal(text);
    if (!number) return decimal_failure(column, target, i, DecimalFit::loses_precision, {});
    const DecimalFit fit = fit_decimal(*number, target.dimensions, target.scale);
    if (fit != DecimalFit::fits) return decimal_failure(column, target, i, fit, *number);
    append_text(converted, number->text());
    kept.push_back(i);
  }
  become_texts(column, std::move(converted), kept, values);
  return std::nullopt;
}

/// The smallest one is QuestDB's NULL of an INT.
Failure to_int(BlockColumn& column, const ColumnDefinition& target) {
  constexpr std::int64_t kNull = std::numeric_limits<std::int32_t>::min();
  if (Failure failure = check_range<std::int32_t>(column, target)) return failure;
  std::vector<std::int64_t>& values = column.integers;
  if (std::find(values.begin(), values.end(), kNull) == values.end()) return std::nullopt;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != kNull) kept.push_back(i);
  keep_rows(column, kept);
  std::erase(values, kNull);
  return std::nullopt;
}

Failure cast_integers(BlockColumn& column, const ColumnDefinition& target) {
  switch (target.type) {
    case ColumnType::byte:
      return check_range<std::int8_t>(column, target);
    case ColumnType::short_:
      return check_range<std::int16_t>(column, target);
    case ColumnType::int_:
      return to_int(column, target);
    case ColumnType::long_:
    case ColumnType::date:
    case ColumnType::timestamp:
    case ColumnType::timestamp_ns:
      return std::nullopt;  // As they are, in the column's unit.
    case ColumnType::decimal:
      return to_decimals(column, target);
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

Failure cast_strings(BlockColumn& column, const ColumnDefinition& target) {
  switch (target.type) {
    case ColumnType::varchar:
    case ColumnType::string:
    case ColumnType::symbol:
      return std::nullopt;
    case ColumnType::char_:
      return convert_texts(column, target, char_value);
    case ColumnType::uuid:
      return convert_texts(column, target, uuid_value);
    case ColumnType::ipv4:
      return convert_texts(column, target, ipv4_value);
    case ColumnType::long256:
      return convert_texts(column, target, long256_value);
    case ColumnType::geohash:
      return convert_texts(column, target,
                           [&](std::string_view text) { return geohash_value(text, target.dimensions); });
    case ColumnType::decimal:
      return to_decimals(column, target);
    default:
      return cast_error(column, target, 0);
  }
}

bool is_text_like(ColumnType type) {
  return type == ColumnType::symbol || type == ColumnType::string || type == ColumnType::varchar;
}

Failure cast_values(BlockColumn& column, const ColumnDefinition& target) {
  if (column.type == ColumnType::decimal) {
    if (target.type == ColumnType::decimal) return to_decimals(column, target);
    if (column.values() == 0) return std::nullopt;
    return precision_error(0, std::string(column.text_at(0)), target);
  }
  if (column.type == ColumnType::long256 && target.type == ColumnType::long256)
    return convert_texts(column, target, long256_value);
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
      if (target.type == ColumnType::decimal) return to_decimals(column, target);
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
