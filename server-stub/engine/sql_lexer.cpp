#include "engine/sql_lexer.hpp"

#include <algorithm>
#include <utility>

#include "engine/names.hpp"

namespace questnode::engine {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
/// Bytes of other alphabets count as letters.
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

bool SqlToken::is(std::string_view keyword) const {
  return kind == Kind::word && same_name(text, keyword);
}

SqlToken SqlLexer::take() {
  SqlToken taken = std::move(token_);
  advance();
  return taken;
}

bool SqlLexer::accept(std::string_view keyword) {
  if (!token_.is(keyword)) return false;
  advance();
  return true;
}

bool SqlLexer::accept_sign(char c) {
  if (!token_.is_sign(c)) return false;
  advance();
  return true;
}

void SqlLexer::skip_blanks() {
  while (at_ < sql_.size()) {
    const std::string_view rest = sql_.substr(at_);
    if (is_blank(rest[0])) {
      ++at_;
    } else if (rest.starts_with("--")) {
      at_ += std::min(rest.find('\n'), rest.size());
    } else if (rest.starts_with("/*")) {
      const std::size_t end = rest.find("*/", 2);
      at_ += end == std::string_view::npos ? rest.size() : end + 2;
    } else {
      return;
    }
  }
}

// A doubled quote stands for itself. Without its end the quote is a sign, which no rule accepts.
void SqlLexer::read_quoted(char quote) {
  std::string text;
  for (std::size_t i = at_ + 1; i < sql_.size(); ++i) {
    if (sql_[i] == quote) {
      if (i + 1 == sql_.size() || sql_[i + 1] != quote) {
        token_ = {SqlToken::Kind::quoted, std::move(text), at_};
        at_ = i + 1;
        return;
      }
      ++i;
    }
    text += sql_[i];
  }
  token_ = {SqlToken::Kind::sign, std::string(1, quote), at_};
  at_ = sql_.size();
}

void SqlLexer::advance() {
  skip_blanks();
  if (at_ >= sql_.size()) {
    token_ = {SqlToken::Kind::end, "", sql_.size()};
    return;
  }
  const char c = sql_[at_];
  if (c == '\'' || c == '"' || c == '`') return read_quoted(c);
  if (!is_word(c)) {
    token_ = {SqlToken::Kind::sign, std::string(1, c), at_};
    ++at_;
    return;
  }
  const std::size_t begin = at_;
  while (at_ < sql_.size() && is_word(sql_[at_])) ++at_;
  token_ = {is_digit(c) ? SqlToken::Kind::number : SqlToken::Kind::word,
            std::string(sql_.substr(begin, at_ - begin)), begin};
}

}  // namespace questnode::engine
