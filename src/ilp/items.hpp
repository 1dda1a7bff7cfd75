// Single values as they stand on the wire after a name and its '='.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "ilp/number.hpp"
#include "ilp/plain.hpp"
#include "ilp/text.hpp"

namespace questclient::ilp {

/// Separators, quotes, suffixes and what block-wise copies may write beyond an item.
inline constexpr std::size_t kSlack = 2 * kBlock;

/// The smallest int64 is how the server stores NULL.
inline constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();

/// What stands behind "==" in front of a binary value (reference: QuestDB's line protocol, versions 2 and 3).
inline constexpr char kBinaryDouble = 0x10;
inline constexpr char kBinaryArray = 0x0e;
inline constexpr char kBinaryDecimal = 0x17;

/// Copies `length` bytes that are padded to whole blocks; returns where they end.
inline char* copy_padded(char* out, const char* padded, std::size_t length) {
  store_block(out, load_block(padded));
  for (std::size_t at = kBlock; at < length; at += kBlock) store_block(out + at, load_block(padded + at));
  return out + length;
}

inline char* write_bool(char* out, bool value) {
  *out = value ? 't' : 'f';
  return out + 1;
}

inline char* write_integer(char* out, std::int64_t value) {
  if (static_cast<std::uint64_t>(value) < kSmallIntegers.size()) {
    std::memcpy(out, kSmallIntegers[static_cast<std::size_t>(value)].data(), 4);
    return out + 2 + (value > 9) + (value > 99);
  }
  char* end = write_int64(out, value);
  *end = 'i';
  return end + 1;
}

inline char* write_binary_double(char* out, double value) {
  out[0] = '=';
  out[1] = kBinaryDouble;
  std::memcpy(out + 2, &value, sizeof value);
  return out + 2 + sizeof value;
}

inline char* write_timestamp(char* out, std::int64_t value, char unit) {
  char* end = write_int64(out, value);
  *end = unit;
  return end + 1;
}

/// Null: the text is not UTF-8.
inline char* write_quoted(char* out, std::string_view text) {
  *out = '"';
  char* end = write_text(out + 1, text);
  if (end == nullptr) [[unlikely]] {
    return nullptr;
  }
  *end = '"';
  return end + 1;
}

/// What version 1 makes of a nanosecond column.
inline std::int64_t floor_to_micros(std::int64_t nanos) {
  return nanos / 1000 - (nanos % 1000 < 0 ? 1 : 0);
}

}  // namespace questclient::ilp
