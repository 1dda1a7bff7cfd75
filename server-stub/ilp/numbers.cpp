#include "ilp/numbers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "engine/names.hpp"

namespace questnode::ilp {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Whether a number that double cannot hold is too small rather than too large. `text` is well-formed and
/// has no sign.
bool underflows(std::string_view text) {
  const std::size_t e = text.find_first_of("eE");
  const std::string_view digits = text.substr(0, e);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return true;
  // Decimal exponent of the first digit that counts.
  const auto scale = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  if (e == std::string_view::npos) return scale < 0;
  std::string_view exponent = text.substr(e + 1);
  const bool negative = exponent.starts_with('-');
  if (negative || exponent.starts_with('+')) exponent.remove_prefix(1);
  std::int64_t value = 0;
  const auto parsed = std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) return negative;
  return (negative ? -value : value) + scale < 0;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || next != end) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  if (text == "Infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (text == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    // Keeps out what from_chars takes beyond ILP: "nan", "inf", another sign.
    if (text.empty() || !(is_digit(text[0]) || text[0] == '.')) return std::nullopt;
    const char* const end = text.data() + text.size();
    const auto [next, error] = std::from_chars(text.data(), end, value);
    if (next != end || error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      if (!underflows(text)) return std::nullopt;
      value = 0;
    }
    if (std::isinf(value)) return std::nullopt;
  }
  return negative ? -value : value;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (engine::same_name(text, "t") || engine::same_name(text, "true")) return true;
  if (engine::same_name(text, "f") || engine::same_name(text, "false")) return false;
  return std::nullopt;
}

bool is_long256(std::string_view text) {
  if (text.size() < 3 || text.size() > 66 || !text.starts_with("0x")) return false;
  return text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
}

}  // namespace questnode::ilp
