// Values behind "==": a type byte, then little-endian bytes.
#pragma once

#include <cstdint>
#include <string>

#include "namespace.hpp"

namespace questnode::ilp {

inline constexpr char kBinaryDouble = 0x10;
inline constexpr char kBinaryArray = 0x0E;
inline constexpr char kBinaryDecimal = 0x17;
inline constexpr std::uint8_t kMaxDimensions = 32;

/// Reads the payload of an array, behind its type byte, and moves `at` behind it. `json` gets the values;
/// returns the number of dimensions, 0 for NULL. Throws BadLine.
std::uint8_t parse_array(const char*& at, const char* end, std::string& json);

/// Reads the payload of a decimal, behind its type byte, and moves `at` behind it. `text` gets the number;
/// false: NULL. Throws BadLine.
bool parse_binary_decimal(const char*& at, const char* end, std::string& text);

}  // namespace questnode::ilp
