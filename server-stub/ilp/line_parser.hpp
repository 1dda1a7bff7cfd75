// The grammar of one line after the other, straight into columnar blocks.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/sequencer.hpp"
#include "ilp/parser.hpp"
#include "ilp/table_builder.hpp"

namespace questnode::ilp {

/// Single pass, single use. Predicts table and columns from the row before.
class LineParser {
 public:
  /// The body must outlive it.
  LineParser(std::string_view body, Precision precision, std::int64_t arrival_wall_nanos);

  /// Throws BadLine; then `line()` is the bad one. Throws NoRoom.
  void run(const MayHold& may_hold);
  std::uint32_t line() const { return row_ + 1; }
  const char* line_begin() const { return line_begin_; }
  engine::WriteRequest finish();

 private:
  bool at_line_end() const { return at_ == end_ || *at_ == '\n' || *at_ == '\r'; }
  void parse_line();
  void require_room(const MayHold& may_hold);
  TableBuilder& parse_table();
  TableBuilder& find_table(std::string_view wire);
  void parse_tag(TableBuilder& table);
  void parse_fields(TableBuilder& table, bool after_tags);
  void parse_field(TableBuilder& table, TableBuilder::ColumnIndex column);
  void parse_binary(TableBuilder& table, TableBuilder::ColumnIndex column, bool counts);
  void parse_quoted(TableBuilder& table, TableBuilder::ColumnIndex column, bool counts);
  bool parse_whole_number(TableBuilder& table, TableBuilder::ColumnIndex column, bool counts);
  void parse_token(TableBuilder& table, TableBuilder::ColumnIndex column, bool counts);
  bool parse_suffixed(TableBuilder& table, TableBuilder::ColumnIndex column, bool counts,
                      std::string_view value);
  bool parse_text_decimal(TableBuilder& table, TableBuilder::ColumnIndex column, bool counts,
                          std::string_view stem);
  void parse_timestamp(TableBuilder& table);
  void store_timestamp(TableBuilder& table, std::int64_t value, Precision unit);
  TableBuilder::ColumnIndex parse_name(TableBuilder& table, const char* what_is_missing);
  /// Where the token at `at_` ends; escapes are passed over.
  const char* token_end(bool& escaped, bool& non_ascii) {
    const TokenEnd found = find_token_end(at_, end_);
    non_ascii |= found.non_ascii;
    if (found.at == end_ || *found.at != '\\') return found.at;
    return escaped_token_end(found.at, escaped, non_ascii);
  }
  const char* escaped_token_end(const char* backslash, bool& escaped, bool& non_ascii);
  /// The text of a token, with a copy only where it is escaped; nullopt: it is not UTF-8.
  std::optional<std::string_view> token_text(const char* token_end, bool escaped, bool non_ascii);
  void expect_value_end();
  [[noreturn]] void bad_value(const char* begin, const char* value_end) const;

  const char* at_;
  const char* end_;
  const char* line_begin_;
  const char* next_count_;  ///< Where the rows' memory is counted again.
  Precision precision_;
  std::int64_t arrival_wall_nanos_;
  std::uint32_t row_ = 0;
  std::size_t columns_left_ = kMaxColumns;
  TableBuilder* last_table_ = nullptr;
  ExpectedText last_wire_;
  std::deque<TableBuilder> tables_;
  std::unordered_map<std::string_view, TableBuilder*> by_spelling_;  ///< Key: as in the body.
  std::unordered_map<std::string, TableBuilder*> by_name_;           ///< Key: lowercase name.
  std::string_view field_;  ///< Name of the field at hand, for messages.
  std::string scratch_;
};

}  // namespace questnode::ilp
