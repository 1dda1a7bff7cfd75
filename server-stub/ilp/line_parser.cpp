#include "ilp/line_parser.hpp"

#include <algorithm>
#include <utility>

#include "engine/names.hpp"
#include "ilp/numbers.hpp"

namespace questnode::ilp {

using engine::ColumnType;
using ColumnIndex = TableBuilder::ColumnIndex;

namespace {

constexpr std::size_t kLeastBytesOfValue = 4;  // "a=t,"

}  // namespace

LineParser::LineParser(std::string_view body, Precision precision, std::int64_t arrival_wall_nanos)
    : at_(body.data()),
      end_(body.data() + body.size()),
      line_begin_(at_),
      next_count_(at_),
      precision_(precision),
      arrival_wall_nanos_(arrival_wall_nanos) {}

void LineParser::run(const MayHold& may_hold) {
  while (at_ != end_) {
    if (*at_ == '\n' || *at_ == '\r') {
      ++at_;  // Empty lines do not count; so the line feed of CRLF is one.
      continue;
    }
    line_begin_ = at_;
    parse_line();
    ++row_;
    if (at_ >= next_count_) require_room(may_hold);
  }
  require_room(may_hold);
}

/// Counting takes as long as there are columns: the more there are, the more is parsed in between.
void LineParser::require_room(const MayHold& may_hold) {
  constexpr std::size_t kLeastBetween = 64 << 10;
  constexpr std::size_t kBetweenOfColumn = 16;
  next_count_ = end_;
  if (!may_hold) return;
  std::size_t bytes = 0;
  for (const TableBuilder& table : tables_) bytes += table.held_bytes();
  if (!may_hold(bytes)) throw NoRoom{bytes};
  const std::size_t between = std::max(kLeastBetween, (kMaxColumns - columns_left_) * kBetweenOfColumn);
  next_count_ = at_ + std::min(between, static_cast<std::size_t>(end_ - at_));
}

engine::WriteRequest LineParser::finish() {
  engine::WriteRequest request;
  request.rows = row_;
  request.tables.reserve(tables_.size());
  for (TableBuilder& table : tables_) request.tables.push_back(table.finish());
  return request;
}

void LineParser::parse_line() {
  TableBuilder& table = parse_table();
  const bool tags = at_ != end_ && *at_ == ',';
  while (at_ != end_ && *at_ == ',') parse_tag(table);
  if (at_line_end()) {
    if (!tags) throw BadLine("No fields were provided");
  } else if (*at_ == ' ') {
    ++at_;
    if (!at_line_end()) return parse_fields(table, tags);
    if (!tags) throw BadLine("No fields were provided");
  } else {
    throw BadLine("INVALID_FIELD_SEPARATOR");
  }
  table.end_row(arrival_wall_nanos_);
}

TableBuilder& LineParser::parse_table() {
  const auto left = static_cast<std::size_t>(end_ - at_);
  if (last_table_ != nullptr && last_wire_.matches(at_, end_)) {
    const char* const behind = at_ + last_wire_.size();
    if (behind != end_ && (*behind == ',' || *behind == ' ')) {
      at_ = behind;
      last_table_->begin_row(row_, 0);
      return *last_table_;
    }
  }
  bool escaped = false;
  bool non_ascii = false;
  const char* const token = token_end(escaped, non_ascii);
  const std::string_view wire(at_, static_cast<std::size_t>(token - at_));
  if (token == end_ || (*token != ',' && *token != ' ')) throw BadLine("No fields were provided");
  TableBuilder& table = find_table(wire);
  last_table_ = &table;
  last_wire_.set(wire.data(), wire.size());
  const char* const line_feed =
      static_cast<const char*>(std::memchr(token, '\n', static_cast<std::size_t>(end_ - token)));
  const std::size_t line = static_cast<std::size_t>((line_feed == nullptr ? end_ : line_feed) - at_) + 1;
  // A table that came up alone so far may fill the body.
  table.begin_row(row_, tables_.size() == 1 ? left / line + 1 : 0, left / kLeastBytesOfValue);
  at_ = token;
  return table;
}

TableBuilder& LineParser::find_table(std::string_view wire) {
  if (const auto spelt = by_spelling_.find(wire); spelt != by_spelling_.end()) return *spelt->second;
  std::string name = unescape(wire);
  if (!engine::valid_table_name(name)) throw BadLine("table: " + name + "; invalid table name");
  TableBuilder*& known = by_name_[engine::fold_case(name)];
  if (known == nullptr) {
    if (tables_.size() == kMaxTables)
      throw BadLine("too many tables in one request: at most " + std::to_string(kMaxTables));
    known = &tables_.emplace_back(std::move(name), columns_left_);
  }
  by_spelling_.emplace(wire, known);
  return *known;
}

void LineParser::parse_tag(TableBuilder& table) {
  ++at_;  // The comma.
  const ColumnIndex column = parse_name(table, "Could not parse entire line. Symbol value is missing: ");
  const char* const begin = at_;
  bool escaped = false;
  bool non_ascii = false;
  const char* const token = token_end(escaped, non_ascii);
  if (token != end_ && *token == '=') throw BadLine("INVALID_FIELD_SEPARATOR");
  const std::optional<std::string_view> value = token_text(token, escaped, non_ascii);
  if (!value) {
    throw BadLine("Could not parse entire line, tag value is invalid. Tag: " + std::string(field_) +
                  "; value: " + std::string(begin, token));
  }
  if (table.claim(column)) table.symbol(column, *value);
  at_ = token;
}

void LineParser::parse_fields(TableBuilder& table, bool after_tags) {
  bool first = true;
  for (;;) {
    if (first && after_tags) {
      // Behind tags alone the timestamp may follow.
      bool escaped = false;
      bool non_ascii = false;
      if (table.predicted(at_, end_) == TableBuilder::kNone) {
        const char* const token = token_end(escaped, non_ascii);
        if (token == end_ || *token == '\n' || *token == '\r') return parse_timestamp(table);
      }
    }
    first = false;
    parse_field(table, parse_name(table, "Could not parse entire line. Field value is missing: "));
    if (at_line_end()) return table.end_row(arrival_wall_nanos_);
    if (*at_++ == ',') continue;
    // A space: expect_value_end() let nothing else pass.
    if (at_line_end()) return table.end_row(arrival_wall_nanos_);
    return parse_timestamp(table);
  }
}

ColumnIndex LineParser::parse_name(TableBuilder& table, const char* what_is_missing) {
  if (const ColumnIndex column = table.predicted(at_, end_); column != TableBuilder::kNone) {
    const std::size_t size = table.wire_size(column);
    field_ = {at_, size - 1};
    at_ += size;
    return column;
  }
  bool escaped = false;
  bool non_ascii = false;
  const char* const token = token_end(escaped, non_ascii);
  field_ = {at_, static_cast<std::size_t>(token - at_)};
  if (token == end_ || *token != '=' || field_.empty()) throw BadLine(what_is_missing + std::string(field_));
  const ColumnIndex column = table.find({at_, field_.size() + 1});
  at_ = token + 1;
  return column;
}

const char* LineParser::escaped_token_end(const char* at, bool& escaped, bool& non_ascii) {
  escaped = true;
  for (;;) {
    if (at + 1 == end_) throw BadLine("the line ends behind a backslash");
    non_ascii |= static_cast<signed char>(at[1]) < 0;
    const TokenEnd found = find_token_end(at + 2, end_);
    non_ascii |= found.non_ascii;
    at = found.at;
    if (at == end_ || *at != '\\') return at;
  }
}

std::optional<std::string_view> LineParser::token_text(const char* token_end, bool escaped, bool non_ascii) {
  std::string_view text(at_, static_cast<std::size_t>(token_end - at_));
  if (!escaped && !non_ascii) return text;
  if (escaped) {
    scratch_ = unescape(text);
    text = scratch_;
  }
  if (non_ascii && !engine::valid_utf8(text)) return std::nullopt;
  return text;
}

void LineParser::parse_timestamp(TableBuilder& table) {
  const char* const begin = at_;
  while (!at_line_end() && *at_ != ' ' && *at_ != ',' && *at_ != '=') ++at_;
  if (!at_line_end()) throw BadLine("INVALID_FIELD_SEPARATOR");
  std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
  Precision unit = precision_;
  if (text.ends_with('n')) {
    unit = Precision::nanos;
    if (table.first_row()) table.keep_nanoseconds();
  } else if (text.ends_with('t')) {
    unit = Precision::micros;
  } else if (text.ends_with('m')) {
    unit = Precision::millis;
  }
  std::string_view digits = text;
  if (!digits.empty() && (digits.back() == 'n' || digits.back() == 't' || digits.back() == 'm'))
    digits.remove_suffix(1);
  const std::optional<std::int64_t> value = parse_integer(digits);
  if (!value) throw BadLine("Could not parse timestamp: " + std::string(text));
  store_timestamp(table, *value, unit);
}

void LineParser::store_timestamp(TableBuilder& table, std::int64_t value, Precision unit) {
  constexpr std::int64_t kMaxMicros = 253'402'300'799'999'999;  // The end of the year 9999.
  constexpr std::int64_t kMicros[] = {0, 1, 1'000, 1'000'000, 60'000'000, 3'600'000'000};
  if (value < 0) {
    throw BadLine("table: " + table.name() + ", timestamp: " + std::to_string(value) +
                  "; designated timestamp before 1970-01-01 is not allowed");
  }
  if (unit == Precision::nanos) return table.end_row(value);
  std::int64_t micros = 0;
  std::int64_t nanos = 0;
  const bool too_far = __builtin_mul_overflow(value, kMicros[static_cast<std::size_t>(unit)], &micros);
  if (too_far || micros > kMaxMicros) {
    throw BadLine("table: " + table.name() + ", timestamp: " + std::to_string(value) +
                  "; designated timestamp overflow, max[" + std::to_string(kMaxMicros) + "]");
  }
  if (__builtin_mul_overflow(micros, std::int64_t{1000}, &nanos)) return table.end_row_far(micros);
  table.end_row(nanos);
}

}  // namespace questnode::ilp
