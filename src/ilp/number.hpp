// Integers and doubles as text.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace questclient::ilp {

static_assert(std::endian::native == std::endian::little, "digits are stored from words, lowest byte first");

/// Room that write_int64() and write_double() need; they may write past the end that they return.
inline constexpr std::size_t kNumberRoom = 32;

/// The numbers 0 to 999 as text, left-aligned.
inline constexpr auto kSmall = [] {
  std::array<std::array<char, 4>, 1000> small{};
  for (std::size_t i = 0; i < small.size(); ++i) {
    std::size_t at = 0;
    if (i > 99) small[i][at++] = static_cast<char>('0' + i / 100);
    if (i > 9) small[i][at++] = static_cast<char>('0' + i / 10 % 10);
    small[i][at] = static_cast<char>('0' + i % 10);
  }
  return small;
}();

/// The same followed by 'i', as integers stand on the wire.
inline constexpr auto kSmallIntegers = [] {
  auto small = kSmall;
  for (std::size_t i = 0; i < small.size(); ++i) small[i][1 + (i > 9 ? 1 : 0) + (i > 99 ? 1 : 0)] = 'i';
  return small;
}();

/// Eight decimal digits in a word, one a byte (0 to 9), the first in the lowest byte. Each step halves the
/// groups: two of four digits, four of two, eight of one, all lanes of a step at once.
inline std::uint64_t eight_digits(std::uint32_t value) {
  const std::uint64_t fours = (value / 10000) | (std::uint64_t{value % 10000} << 32);
  const std::uint64_t hundreds = ((fours * 10486) >> 20) & 0x0000007f0000007f;
  const std::uint64_t twos = hundreds + ((fours - 100 * hundreds) << 16);
  const std::uint64_t tens = ((twos * 103) >> 10) & 0x000f000f000f000f;
  return tens + ((twos - 10 * tens) << 8);
}

inline constexpr std::uint64_t kAsciiZeros = 0x3030303030303030;

/// Up to eight digits, without leading zeros. REQUIRES: value < 10^8; room for 8 bytes.
inline char* write_up_to_eight(char* out, std::uint32_t value) {
  const std::uint64_t digits = eight_digits(value);
  const int zeros = std::countr_zero(digits | (std::uint64_t{1} << 56)) / 8;
  const std::uint64_t text = (digits + kAsciiZeros) >> (8 * zeros);
  std::memcpy(out, &text, 8);
  return out + 8 - zeros;
}

inline char* write_all_eight(char* out, std::uint32_t value) {
  const std::uint64_t text = eight_digits(value) + kAsciiZeros;
  std::memcpy(out, &text, 8);
  return out + 8;
}

/// REQUIRES: kNumberRoom bytes. Returns the end.
inline char* write_uint64(char* out, std::uint64_t value) {
  if (value < 1000) {
    std::memcpy(out, kSmall[value].data(), 4);
    return out + 1 + (value > 9) + (value > 99);
  }
  constexpr std::uint64_t kEight = 100'000'000;
  if (value < kEight) return write_up_to_eight(out, static_cast<std::uint32_t>(value));
  const std::uint64_t high = value / kEight;
  const auto low = static_cast<std::uint32_t>(value % kEight);
  if (high < kEight) {
    out = write_up_to_eight(out, static_cast<std::uint32_t>(high));
  } else {
    out = write_up_to_eight(out, static_cast<std::uint32_t>(high / kEight));
    out = write_all_eight(out, static_cast<std::uint32_t>(high % kEight));
  }
  return write_all_eight(out, low);
}

inline char* write_int64(char* out, std::int64_t value) {
  *out = '-';
  const auto bits = static_cast<std::uint64_t>(value);
  return value < 0 ? write_uint64(out + 1, 0 - bits) : write_uint64(out, bits);
}

/// The shortest text that reads back as the same double, in the forms that the server takes.
char* write_double(char* out, double value);

}  // namespace questclient::ilp
