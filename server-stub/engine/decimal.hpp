// Exact decimal numbers of up to 76 digits, as ILP writes them and DECIMAL columns hold them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "namespace.hpp"

namespace questnode::engine {

inline constexpr int kMaxDecimalDigits = 76;

/// digits * 10^-scale
struct Decimal {
  bool negative = false;
  std::string digits;  ///< Without leading zeros; empty: zero.
  int scale = 0;       ///< 0 to kMaxDecimalDigits.

  /// "-1.50"
  std::string text() const;
};

/// [+-] digits [. digits] [e [+-] digits], with a digit before or behind the point. nullopt: not of that
/// form, or more than kMaxDecimalDigits digits or places.
std::optional<Decimal> parse_decimal(std::string_view text);

enum class DecimalFit : std::uint8_t { fits, loses_precision, out_of_range };
/// Gives the number exactly `scale` places; what DECIMAL(precision, scale) cannot hold is told and, where
/// that can be done without loss, rescaled nevertheless.
DecimalFit fit_decimal(Decimal& number, int precision, int scale);

}  // namespace questnode::engine
