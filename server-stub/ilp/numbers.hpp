// Numbers as ILP writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "namespace.hpp"

namespace questnode::ilp {

/// "-?digits" within 64 bits.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// "+1", ".5", "1.", "1e5", "NaN", "Infinity", ...; nothing beyond the range of double.
std::optional<double> parse_real(std::string_view text);
/// t, T, f, F, or true and false in any case.
std::optional<bool> parse_boolean(std::string_view text);
/// "0x" and up to 64 lowercase hexadecimal digits.
bool is_long256(std::string_view text);

}  // namespace questnode::ilp
