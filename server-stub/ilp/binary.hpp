// Values behind "==": a type byte, then little-endian bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "namespace.hpp"

namespace questnode::ilp {

inline constexpr char kBinaryDouble = 0x10;
inline constexpr char kBinaryArray = 0x0E;
inline constexpr char kBinaryDecimal = 0x17;
inline constexpr std::uint8_t kMaxDimensions = 32;

/// An array as it stands in the body.
struct BinaryArray {
  std::uint8_t dimensions = 0;  ///< 0: NULL.
  std::array<std::uint32_t, kMaxDimensions> lengths{};
  std::string_view values;  ///< Row-major; none where a length is zero.

  /// No JSON text of it is longer: at most about four times its bytes in the body.
  std::size_t longest_json() const;
};

/// Reads the payload of an array, behind its type byte, and moves `at` behind it. Throws BadLine, also where
/// the text would be mostly brackets.
BinaryArray parse_array(const char*& at, const char* end);
void append_json(const BinaryArray& array, std::string& json);

/// Reads the payload of a decimal, behind its type byte, and moves `at` behind it. `text` gets the number;
/// false: NULL. Throws BadLine.
bool parse_binary_decimal(const char*& at, const char* end, std::string& text);

}  // namespace questnode::ilp
