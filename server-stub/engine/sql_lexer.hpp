// Splits SQL into words, numbers and signs; skips blanks and comments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace questnode::engine {

struct SqlToken {
  enum class Kind : std::uint8_t {
    word,    ///< A keyword or a bare name.
    quoted,  ///< 'text', "text" or `text`; `text` is what stands inside.
    number,  ///< Digits, perhaps with a unit behind them: 7d.
    sign,    ///< One character.
    end,
  };
  Kind kind = Kind::end;
  std::string text;
  std::size_t position = 0;

  /// The keyword, in any case. A quoted word is none.
  bool is(std::string_view keyword) const;
  bool is_sign(char c) const { return kind == Kind::sign && text[0] == c; }
  bool is_name() const { return kind == Kind::word || kind == Kind::quoted; }
};

class SqlLexer {
 public:
  explicit SqlLexer(std::string_view sql) : sql_(sql) { advance(); }

  const SqlToken& peek() const { return token_; }
  SqlToken take();
  /// Takes the token if it is that keyword or sign.
  bool accept(std::string_view keyword);
  bool accept_sign(char c);

 private:
  void advance();
  void skip_blanks();
  void read_quoted(char quote);

  std::string_view sql_;
  std::size_t at_ = 0;
  SqlToken token_;
};

}  // namespace questnode::engine
