// Numbers as ILP writes them.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "namespace.hpp"

namespace questnode::ilp {

/// Up to seven digits at the front of eight bytes, without a branch on how many there are.
struct ShortNumber {
  int digits = 0;  ///< 8: there are more, and the value means nothing.
  std::int64_t value = 0;
};
inline ShortNumber read_short_number(const char* eight_bytes) {
  std::uint64_t word;
  std::memcpy(&word, eight_bytes, sizeof word);
  word ^= 0x3030303030303030;  // A digit is its value now, anything else is more than nine.
  const std::uint64_t others = ((word + 0x7676767676767676) | word) & 0x8080808080808080;
  if (others == 0) return {8, 0};
  const int digits = __builtin_ctzll(others) / 8;
  if (digits == 0) return {};
  word <<= (8 - digits) * 8;  // The last digit is the highest byte, zeroes before the first.
  word = (word * 10 + (word >> 8)) & 0x00FF00FF00FF00FF;
  word = (word * 100 + (word >> 16)) & 0x0000FFFF0000FFFF;
  word = (word * 10'000 + (word >> 32)) & 0x00000000FFFFFFFF;
  return {digits, static_cast<std::int64_t>(word)};
}

/// "-?digits" within 64 bits.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// "+1", ".5", "1.", "1e5", "NaN", "Infinity", ...; nothing beyond the range of double.
std::optional<double> parse_real(std::string_view text);
/// t, T, f, F, or true and false in any case.
std::optional<bool> parse_boolean(std::string_view text);
/// "0x" and up to 64 hexadecimal digits.
bool is_long256(std::string_view text);

}  // namespace questnode::ilp
