// Values behind "==": a type byte, then little-endian bytes.
#pragma once

#include <cstdint>
#include <string>

#include "namespace.hpp"

namespace questnode::ilp {

inline constexpr char kBinaryDouble = 0x10;
inline constexpr char kBinaryArray = 0x0E;

/// Reads the payload of an array, behind its type byte, and moves `at` behind it. `json` gets the values;
/// returns the number of dimensions, 0 for NULL. Throws BadLine.
std::uint8_t parse_array(const char*& at, const char* end, std::string& json);

/// "binary decimals (type byte 0x17) are not supported", ...
std::string unsupported_binary(char type);

}  // namespace questnode::ilp
