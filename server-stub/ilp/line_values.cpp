// LineParser: the values of fields.
#include <utility>

#include "engine/decimal.hpp"
#include "engine/names.hpp"
#include "ilp/binary.hpp"
#include "ilp/line_parser.hpp"
#include "ilp/numbers.hpp"

namespace questnode::ilp {

using engine::ColumnType;
using ColumnIndex = TableBuilder::ColumnIndex;

void LineParser::parse_field(TableBuilder& table, ColumnIndex column) {
  const bool counts = table.claim(column);
  if (at_line_end()) return;  // An empty value is NULL.
  switch (*at_) {
    case ',':
    case ' ':
      return;
    case '=':
      ++at_;
      parse_binary(table, column, counts);
      break;
    case '"':
      ++at_;
      parse_quoted(table, column, counts);
      break;
    default:
      if (!parse_whole_number(table, column, counts)) parse_token(table, column, counts);
  }
  expect_value_end();
}

void LineParser::expect_value_end() {
  if (!at_line_end() && *at_ != ',' && *at_ != ' ') throw BadLine("INVALID_FIELD_SEPARATOR");
}

/// The common case: a sign, at most 18 digits, `i`. False: something else, and nothing is taken.
bool LineParser::parse_whole_number(TableBuilder& table, ColumnIndex column, bool counts) {
  constexpr int kSafeDigits = 18;
  const char* at = at_;
  const bool negative = *at == '-';
  if (negative) ++at;
  if (end_ - at > 8) {
    const ShortNumber number = read_short_number(at);
    if (number.digits < 8) {
      if (number.digits == 0 || at[number.digits] != 'i') return false;
      at_ = at + number.digits + 1;
      if (counts) table.integer(column, ColumnType::long_, negative ? -number.value : number.value);
      return true;
    }
  }
  const char* const first = at;
  const char* const limit = end_ - at > kSafeDigits ? at + kSafeDigits : end_;
  std::int64_t value = 0;
  for (; at != limit; ++at) {
    const auto digit = static_cast<unsigned char>(*at - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  if (at == first || at == end_ || *at != 'i') return false;
  at_ = at + 1;
  if (counts) table.integer(column, ColumnType::long_, negative ? -value : value);
  return true;
}

void LineParser::parse_token(TableBuilder& table, ColumnIndex column, bool counts) {
  const char* const begin = at_;
  bool escaped = false;
  bool non_ascii = false;
  const char* const token = token_end(escaped, non_ascii);
  const std::string_view value(begin, static_cast<std::size_t>(token - begin));
  // No number or boolean has a backslash in it.
  if (escaped || value.empty()) bad_value(begin, token);
  if (!parse_suffixed(table, column, counts, value)) bad_value(begin, token);
  at_ = token;
}

bool LineParser::parse_suffixed(TableBuilder& table, ColumnIndex column, bool counts,
                                std::string_view value) {
  const std::string_view stem = value.substr(0, value.size() - 1);
  const auto integer = [&](ColumnType type, std::int64_t factor) {
    const std::optional<std::int64_t> number = parse_integer(stem);
    std::int64_t scaled = 0;
    if (!number || __builtin_mul_overflow(*number, factor, &scaled)) return false;
    if (counts) table.integer(column, type, scaled);
    return true;
  };
  switch (value.back()) {
    case 'i':
      if (!stem.starts_with("0x")) return integer(ColumnType::long_, 1);
      if (!is_long256(stem)) return false;
      if (counts) table.text(column, ColumnType::long256, stem);
      return true;
    case 'n':
      return integer(ColumnType::timestamp_ns, 1);
    case 'm':
      return integer(ColumnType::timestamp, 1000);
    case 't':
      if (value.size() > 1) return integer(ColumnType::timestamp, 1);
      break;
    case 'd':
      return parse_text_decimal(table, column, counts, stem);
    default:
      break;
  }
  if (const std::optional<double> real = parse_real(value)) {
    if (counts) table.real(column, *real);
    return true;
  }
  const std::optional<bool> boolean = parse_boolean(value);
  if (boolean && counts) table.boolean(column, *boolean);
  return boolean.has_value();
}

bool LineParser::parse_text_decimal(TableBuilder& table, ColumnIndex column, bool counts,
                                    std::string_view stem) {
  const std::string_view unsigned_stem = stem.substr(stem.starts_with('-') || stem.starts_with('+') ? 1 : 0);
  if (unsigned_stem == "NaN" || unsigned_stem == "Infinity") {
    if (counts) table.null(column, ColumnType::decimal);
    return true;
  }
  const std::optional<engine::Decimal> number = engine::parse_decimal(stem);
  if (number && counts) table.text(column, ColumnType::decimal, number->text());
  return number.has_value();
}

void LineParser::parse_quoted(TableBuilder& table, ColumnIndex column, bool counts) {
  const char* const begin = at_;
  bool escaped = false;
  bool non_ascii = false;
  for (;;) {
    const TokenEnd found = find_quote_end(at_, end_);
    non_ascii |= found.non_ascii;
    at_ = found.at;
    if (at_ == end_ || *at_ == '\n') bad_value(begin - 1, at_);  // No closing quote.
    if (*at_ == '"') break;
    escaped = true;
    if (at_ + 1 == end_) bad_value(begin - 1, end_);
    non_ascii |= static_cast<signed char>(at_[1]) < 0;
    at_ += 2;
  }
  const char* const quote = std::exchange(at_, begin);
  const std::optional<std::string_view> text = token_text(quote, escaped, non_ascii);
  at_ = quote + 1;
  if (!text) bad_value(begin - 1, at_);
  if (counts) table.text(column, ColumnType::varchar, *text);
}

void LineParser::parse_binary(TableBuilder& table, ColumnIndex column, bool counts) {
  if (at_ == end_) throw BadLine("the body ends within a binary value. Field: " + std::string(field_));
  const char type = *at_++;
  if (type == kBinaryDouble) {
    double value;
    if (end_ - at_ < static_cast<std::ptrdiff_t>(sizeof value))
      throw BadLine("the body ends within a binary value. Field: " + std::string(field_));
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    if (counts) table.real(column, value);
  } else if (type == kBinaryArray) {
    const BinaryArray array = parse_array(at_, end_);
    if (counts && array.dimensions > 0) table.array(column, array);
  } else if (type == kBinaryDecimal) {
    const bool has_value = parse_binary_decimal(at_, end_, scratch_);
    if (!counts) return;
    if (has_value) {
      table.text(column, ColumnType::decimal, scratch_);
    } else {
      table.null(column, ColumnType::decimal);
    }
  } else {
    throw BadLine("UNSUPPORTED_BINARY_FORMAT");
  }
}

void LineParser::bad_value(const char* begin, const char* value_end) const {
  constexpr std::ptrdiff_t kLongest = 200;  // A message is not a place for megabytes.
  const char* const shown = value_end - begin > kLongest ? begin + kLongest : value_end;
  throw BadLine("Could not parse entire line, field value is invalid. Field: " + std::string(field_) +
                "; value: " + std::string(begin, shown));
}

}  // namespace questnode::ilp
