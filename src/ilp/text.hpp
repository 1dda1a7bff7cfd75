// Values on the wire: UTF-8, escaped.
#pragma once

#include <cstddef>
#include <string_view>

#include "ilp/plain.hpp"

namespace questclient::ilp {

/// Bytes of the UTF-8 sequence that `bytes` begins with, 1 to 4; 0: it is not one.
std::size_t utf8_sequence(std::string_view bytes);
/// Where the first byte stands that is not UTF-8; npos: nowhere.
std::size_t find_not_utf8(std::string_view text);

/// The rest of a value from its first byte that may need attention. Null: it is not UTF-8.
char* escape_symbol(char* out, std::string_view value);
char* escape_text(char* out, std::string_view value);

/// Writes a symbol's value. REQUIRES: room for 2 * value.size() + kBlock bytes. Returns the end, or null if
/// the value is not UTF-8.
inline char* write_symbol(char* out, std::string_view value) {
  const std::size_t done = copy_plain<PlainSymbol>(out, value.data(), value.size());
  if (done == value.size()) [[likely]] {
    return out + done;
  }
  return escape_symbol(out + done, value.substr(done));
}

/// The same for the inside of a quoted string.
inline char* write_text(char* out, std::string_view value) {
  const std::size_t done = copy_plain<PlainText>(out, value.data(), value.size());
  if (done == value.size()) [[likely]] {
    return out + done;
  }
  return escape_text(out + done, value.substr(done));
}

}  // namespace questclient::ilp
