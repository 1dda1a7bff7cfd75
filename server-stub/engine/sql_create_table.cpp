#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "engine/decimal.hpp"
#include "engine/names.hpp"
#include "engine/sql.hpp"
#include "engine/sql_lexer.hpp"

namespace questnode::engine {
namespace {

constexpr std::array kTypes = {
    ColumnType::boolean,   ColumnType::byte,         ColumnType::short_,  ColumnType::int_,
    ColumnType::long_,     ColumnType::float_,       ColumnType::double_, ColumnType::symbol,
    ColumnType::varchar,   ColumnType::string,       ColumnType::char_,   ColumnType::date,
    ColumnType::timestamp, ColumnType::timestamp_ns, ColumnType::long256, ColumnType::uuid,
    ColumnType::ipv4,      ColumnType::decimal,      ColumnType::geohash};
constexpr std::array<std::string_view, 5> kPartitions = {"HOUR", "DAY", "WEEK", "MONTH", "YEAR"};
constexpr std::uint8_t kMaxDimensions = 32;

/// Thrown and caught in this file.
struct Refusal {
  SqlError error;
};
[[noreturn]] void refuse(const SqlToken& at, std::string message) {
  throw Refusal{{std::move(message), at.position}};
}

class Parser {
 public:
  explicit Parser(std::string_view sql) : lexer_(sql) {}

  TableRequest parse() {
    expect("create");
    expect("table");
    if (lexer_.accept("if")) {
      expect("not");
      expect("exists");
      request_.if_not_exists = true;
    }
    const SqlToken name = take_name("table name");
    if (!valid_table_name(name.text)) refuse(name, "invalid table name: '" + name.text + "'");
    request_.name = name.text;
    if (lexer_.peek().is("as") || (lexer_.peek().is_sign('(') && peek_is_copy()))
      refuse(lexer_.peek(), "CREATE TABLE AS and LIKE are not supported: name the columns and their types");
    parse_columns();
    while (parse_option()) {
    }
    lexer_.accept_sign(';');
    if (lexer_.peek().kind != SqlToken::Kind::end)
      refuse(lexer_.peek(), "unexpected '" + lexer_.peek().text + "'");
    check();
    return std::move(request_);
  }

 private:
  bool peek_is_copy() {
    SqlLexer ahead = lexer_;
    ahead.take();
    return ahead.peek().is("like");
  }

  void expect(std::string_view keyword) {
    const SqlToken token = lexer_.take();
    if (!token.is(keyword)) refuse(token, "'" + std::string(keyword) + "' expected");
  }
  void expect_sign(char c) {
    const SqlToken token = lexer_.take();
    if (!token.is_sign(c)) refuse(token, std::string("'") + c + "' expected");
  }
  SqlToken take_name(const std::string& what) {
    SqlToken token = lexer_.take();
    if (!token.is_name()) refuse(token, what + " expected");
    return token;
  }
  void take_number(const std::string& what) {
    const SqlToken token = lexer_.take();
    if (token.kind != SqlToken::Kind::number) refuse(token, what + " expected");
  }

  void parse_columns() {
    expect_sign('(');
    do {
      parse_column();
    } while (lexer_.accept_sign(','));
    const SqlToken end = lexer_.take();
    if (!end.is_sign(')')) refuse(end, "',' or ')' expected");
  }

  void parse_column() {
    const SqlToken name = take_name("column name");
    if (!valid_column_name(name.text)) refuse(name, "invalid column name: '" + name.text + "'");
    if (find(name.text) != nullptr) refuse(name, "duplicate column: '" + name.text + "'");
    if (request_.columns.size() >= kMaxTableColumns)
      refuse(name, "a table has at most " + std::to_string(kMaxTableColumns) + " columns");
    ColumnDefinition column = parse_type(lexer_.take());
    column.name = name.text;
    request_.columns.push_back(std::move(column));
    if (request_.columns.back().type == ColumnType::symbol) parse_symbol_options();
  }

  ColumnDefinition parse_type(const SqlToken& token) {
    ColumnDefinition column;
    if (token.kind != SqlToken::Kind::word) refuse(token, "column type expected");
    const auto type =
        std::ranges::find_if(kTypes, [&](ColumnType each) { return same_name(type_name(each), token.text); });
    if (type == kTypes.end()) refuse(token, "unsupported column type: " + token.text);
    column.type = *type;
    if (column.type == ColumnType::decimal) parse_decimal_size(column);
    if (column.type == ColumnType::geohash) parse_geohash_size(column);
    while (lexer_.accept_sign('[')) {
      if (column.type != ColumnType::double_ && column.type != ColumnType::double_array)
        refuse(token, "only arrays of DOUBLE are supported");
      expect_sign(']');
      if (column.dimensions == kMaxDimensions) refuse(token, "an array has at most 32 dimensions");
      column.type = ColumnType::double_array;
      ++column.dimensions;
    }
    return column;
  }

  std::uint8_t take_size(const std::string& what, int lowest, int highest) {
    const SqlToken token = lexer_.take();
    int value = 0;
    const char* const end = token.text.data() + token.text.size();
    const auto [stopped, error] = std::from_chars(token.text.data(), end, value);
    if (token.kind != SqlToken::Kind::number || error != std::errc{} || stopped != end || value < lowest ||
        value > highest) {
      refuse(token, what + ": a number from " + std::to_string(lowest) + " to " + std::to_string(highest));
    }
    return static_cast<std::uint8_t>(value);
  }

  void parse_decimal_size(ColumnDefinition& column) {
    constexpr std::uint8_t kDefaultDigits = 18;
    constexpr std::uint8_t kDefaultScale = 3;
    column.dimensions = kDefaultDigits;
    column.scale = kDefaultScale;
    if (!lexer_.accept_sign('(')) return;
    column.dimensions = take_size("precision of a DECIMAL", 1, kMaxDecimalDigits);
    column.scale = 0;
    if (lexer_.accept_sign(',')) column.scale = take_size("scale of a DECIMAL", 0, column.dimensions);
    expect_sign(')');
  }

  /// GEOHASH(4c): characters of five bits each; GEOHASH(7b): bits.
  void parse_geohash_size(ColumnDefinition& column) {
    constexpr int kMaxBits = 60;
    expect_sign('(');
    const SqlToken token = lexer_.take();
    int value = 0;
    const char* const end = token.text.data() + token.text.size();
    const auto [unit, error] = std::from_chars(token.text.data(), end, value);
    const bool one_letter = error == std::errc{} && end - unit == 1;
    const bool characters = one_letter && (*unit == 'c' || *unit == 'C');
    const bool bits = one_letter && (*unit == 'b' || *unit == 'B');
    if (characters) value *= 5;
    if (token.kind != SqlToken::Kind::number || (!characters && !bits) || value < 1 || value > kMaxBits)
      refuse(token, "size of a GEOHASH: 1c to 12c, or 1b to 60b");
    column.dimensions = static_cast<std::uint8_t>(value);
    expect_sign(')');
  }

  // How QuestDB stores symbols; here it has no effect.
  void parse_symbol_options() {
    for (;;) {
      if (lexer_.accept("capacity")) {
        take_number("symbol capacity");
      } else if (lexer_.accept("index")) {
        if (lexer_.accept("capacity")) take_number("index capacity");
      } else if (!lexer_.accept("cache") && !lexer_.accept("nocache")) {
        return;
      }
    }
  }

  bool parse_option() {
    const SqlToken at = lexer_.peek();
    if (lexer_.accept_sign(',')) {
      if (!lexer_.peek().is("index")) refuse(lexer_.peek(), "'index' expected");
      return true;
    }
    if (lexer_.accept("index")) {
      parse_index();
    } else if (lexer_.accept("timestamp")) {
      parse_timestamp(at);
    } else if (lexer_.accept("partition")) {
      parse_partition();
    } else if (lexer_.accept("ttl")) {
      parse_ttl();
    } else if (lexer_.accept("with")) {
      parse_with();
    } else if (lexer_.accept("bypass")) {
      expect("wal");
      refuse(at, "BYPASS WAL is not supported: every table of this cluster is replicated through the log");
    } else if (lexer_.accept("dedup")) {
      parse_dedup();
    } else if (!lexer_.accept("wal")) {
      return false;
    }
    return true;
  }

  void parse_index() {
    expect_sign('(');
    const SqlToken name = take_name("column name");
    const ColumnDefinition* column = find(name.text);
    if (column == nullptr) refuse(name, "column does not exist: '" + name.text + "'");
    if (column->type != ColumnType::symbol) refuse(name, "indexes are only supported for SYMBOL columns");
    if (lexer_.accept("capacity")) take_number("index capacity");
    expect_sign(')');
  }

  void parse_timestamp(const SqlToken& at) {
    if (request_.timestamp_column) refuse(at, "the designated timestamp is given twice");
    expect_sign('(');
    const SqlToken name = take_name("column name");
    const ColumnDefinition* column = find(name.text);
    if (column == nullptr) refuse(name, "designated timestamp column does not exist: '" + name.text + "'");
    if (column->type != ColumnType::timestamp && column->type != ColumnType::timestamp_ns)
      refuse(name, "TIMESTAMP column expected, '" + name.text + "' is " + column->type_text());
    request_.timestamp_column = column->name;
    expect_sign(')');
  }

  void parse_partition() {
    expect("by");
    const SqlToken unit = lexer_.take();
    if (unit.is("none"))
      refuse(unit, "PARTITION BY NONE is not supported: only tables with partitions are replicated");
    const auto known =
        std::ranges::find_if(kPartitions, [&](std::string_view each) { return unit.is(each); });
    if (known == kPartitions.end()) refuse(unit, "'HOUR', 'DAY', 'WEEK', 'MONTH' or 'YEAR' expected");
    request_.partition_by = *known;
    partitioned_ = true;
  }

  void parse_ttl() {
    const SqlToken token = lexer_.peek();
    take_number("TTL");
    const bool has_unit = token.text.find_first_not_of("0123456789") != std::string::npos;
    if (!has_unit) take_name("unit of the TTL");
  }

  void parse_with() {
    do {
      take_name("parameter");
      expect_sign('=');
      const SqlToken value = lexer_.take();
      if (value.kind != SqlToken::Kind::number && !value.is_name()) refuse(value, "value expected");
    } while (!next_is_index() && lexer_.accept_sign(','));
  }
  bool next_is_index() {
    SqlLexer ahead = lexer_;
    return ahead.accept_sign(',') && ahead.peek().is("index");
  }

  void parse_dedup() {
    dedup_at_ = lexer_.peek();
    expect("upsert");
    expect("keys");
    expect_sign('(');
    do {
      const SqlToken name = take_name("column name");
      const ColumnDefinition* column = find(name.text);
      if (column == nullptr) refuse(name, "deduplicate key column not found: '" + name.text + "'");
      if (column->type == ColumnType::double_array)
        refuse(name, "an array cannot be a deduplicate key: '" + name.text + "'");
      const bool twice = std::ranges::any_of(
          request_.dedup_keys, [&](const std::string& key) { return same_name(key, name.text); });
      if (!twice) request_.dedup_keys.push_back(column->name);
    } while (lexer_.accept_sign(','));
    expect_sign(')');
  }

  void check() const {
    const SqlToken end = lexer_.peek();
    if (!request_.timestamp_column)
      refuse(end, "TIMESTAMP(column) is missing: only tables with a designated timestamp are replicated");
    if (!partitioned_) refuse(end, "PARTITION BY is missing: only tables with partitions are replicated");
    if (!request_.dedup_keys.empty() &&
        std::ranges::find(request_.dedup_keys, *request_.timestamp_column) == request_.dedup_keys.end())
      refuse(dedup_at_, "deduplicate key list must include the designated timestamp column");
  }

  const ColumnDefinition* find(std::string_view name) const {
    for (const ColumnDefinition& column : request_.columns)
      if (same_name(column.name, name)) return &column;
    return nullptr;
  }

  SqlLexer lexer_;
  TableRequest request_;
  SqlToken dedup_at_;
  bool partitioned_ = false;
};

}  // namespace

std::variant<TableRequest, SqlError> parse_create_table(std::string_view sql) {
  try {
    return Parser(sql).parse();
  } catch (const Refusal& refusal) {
    return refusal.error;
  }
}

}  // namespace questnode::engine
