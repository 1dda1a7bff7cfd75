#include "engine/sql_timestamps.hpp"

#include <vector>

#include "engine/sql_lexer.hpp"
#include "engine/timestamp_text.hpp"

namespace questnode::engine {
namespace {

class Rewriter {
 public:
  Rewriter(std::string_view sql, const TimestampColumn& type_of) : sql_(sql), type_of_(type_of) {
    SqlLexer lexer(sql);
    for (SqlToken token = lexer.take(); token.kind != SqlToken::Kind::end; token = lexer.take())
      tokens_.push_back(std::move(token));
  }

  std::variant<std::string, SqlError> run() {
    std::string out;
    std::size_t copied = 0;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (!is_literal(i)) continue;
      const auto type = compared_with(i);
      if (!type) continue;
      const auto value = parse_timestamp_text(tokens_[i].text, *type);
      if (!value) return SqlError{"Invalid date [str=" + tokens_[i].text + "]", tokens_[i].position};
      out += sql_.substr(copied, tokens_[i].position - copied);
      out += std::to_string(*value);
      copied = literal_end(tokens_[i].position);
    }
    out += sql_.substr(copied);
    return out;
  }

 private:
  bool is_literal(std::size_t i) const {
    return i < tokens_.size() && tokens_[i].kind == SqlToken::Kind::quoted &&
           sql_[tokens_[i].position] == '\'';
  }
  bool is_operator(std::size_t i) const {
    if (i >= tokens_.size() || tokens_[i].kind != SqlToken::Kind::sign) return false;
    return std::string_view("=<>!").find(tokens_[i].text[0]) != std::string_view::npos;
  }
  bool is_word(std::size_t i, std::string_view keyword) const {
    return i < tokens_.size() && tokens_[i].is(keyword);
  }
  bool is_sign(std::size_t i, char c) const { return i < tokens_.size() && tokens_[i].is_sign(c); }

  /// A quote in a literal is written twice.
  std::size_t literal_end(std::size_t begin) const {
    std::size_t at = begin + 1;
    while (at < sql_.size()) {
      if (sql_[at++] != '\'') continue;
      if (at >= sql_.size() || sql_[at] != '\'') break;
      ++at;
    }
    return at;
  }

  std::optional<ColumnType> column_at(std::size_t i) const {
    if (i >= tokens_.size() || !tokens_[i].is_name() || is_literal(i)) return std::nullopt;
    return type_of_(tokens_[i].text);
  }
  /// The column that ends before token i, a NOT between them or not. Counting below zero wraps to a place
  /// beyond the end, where there is nothing.
  std::optional<ColumnType> column_before(std::size_t i) const {
    return column_at(is_word(i - 1, "not") ? i - 2 : i - 1);
  }

  std::optional<ColumnType> compared_with(std::size_t i) const {
    if (is_operator(i - 1)) return column_at(is_operator(i - 2) ? i - 3 : i - 2);
    if (is_word(i - 1, "between")) return column_before(i - 1);
    if (is_word(i - 1, "and") && is_word(i - 3, "between")) return column_before(i - 3);
    if (is_operator(i + 1)) return column_after(is_operator(i + 2) ? i + 3 : i + 2);
    return listed(i);
  }
  /// t.column: the last name counts.
  std::optional<ColumnType> column_after(std::size_t i) const {
    while (is_sign(i + 1, '.')) i += 2;
    return column_at(i);
  }
  std::optional<ColumnType> listed(std::size_t i) const {
    while (is_sign(i - 1, ',') && is_literal(i - 2)) i -= 2;
    if (!is_sign(i - 1, '(') || !is_word(i - 2, "in")) return std::nullopt;
    return column_before(i - 2);
  }

  std::string_view sql_;
  const TimestampColumn& type_of_;
  std::vector<SqlToken> tokens_;
};

}  // namespace

std::variant<std::string, SqlError> replace_timestamps(std::string_view sql, const TimestampColumn& type_of) {
  return Rewriter(sql, type_of).run();
}

}  // namespace questnode::engine
