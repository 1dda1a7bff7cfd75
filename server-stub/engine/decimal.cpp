#include "engine/decimal.hpp"

#include <algorithm>
#include <charconv>

namespace questnode::engine {
namespace {

bool all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// What stands behind the `e`; nullopt: no number, or beyond every decimal.
std::optional<int> parse_exponent(std::string_view text) {
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  if (text.empty() || (plus && text.starts_with('-'))) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  constexpr int kBeyond = 10'000;
  return value > kBeyond || value < -kBeyond ? std::nullopt : std::optional(value);
}

}  // namespace

std::string Decimal::text() const {
  const auto places = static_cast<std::size_t>(scale);
  std::string padded = digits;
  if (padded.size() <= places) padded.insert(0, places + 1 - padded.size(), '0');
  if (places > 0) padded.insert(padded.size() - places, 1, '.');
  return negative && !digits.empty() ? "-" + padded : padded;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal number;
  number.negative = text.starts_with('-');
  if (number.negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t e = text.find_first_of("eE");
  const std::string_view mantissa = text.substr(0, e);
  int exponent = 0;
  if (e != std::string_view::npos) {
    const auto parsed = parse_exponent(text.substr(e + 1));
    if (!parsed) return std::nullopt;
    exponent = *parsed;
  }
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::string_view whole = mantissa.substr(0, point);
  const std::string_view fraction = mantissa.substr(std::min(point + 1, mantissa.size()));
  if (whole.empty() && fraction.empty()) return std::nullopt;
  if (!all_digits(whole) || !all_digits(fraction)) return std::nullopt;
  // However long the text is, what follows works on what a decimal may hold.
  constexpr std::size_t kLongest = 20'000;
  if (mantissa.size() > kLongest) return std::nullopt;
  number.digits.append(whole).append(fraction);
  number.digits.erase(0, std::min(number.digits.find_first_not_of('0'), number.digits.size()));
  number.scale = static_cast<int>(fraction.size()) - exponent;
  while (number.scale > kMaxDecimalDigits && (number.digits.empty() || number.digits.back() == '0')) {
    if (!number.digits.empty()) number.digits.pop_back();
    --number.scale;
  }
  if (number.scale < 0) {
    if (!number.digits.empty()) number.digits.append(static_cast<std::size_t>(-number.scale), '0');
    number.scale = 0;
  }
  if (number.digits.size() > kMaxDecimalDigits || number.scale > kMaxDecimalDigits) return std::nullopt;
  return number;
}

DecimalFit fit_decimal(Decimal& number, int precision, int scale) {
  Decimal fitted = number;
  while (fitted.scale > scale) {
    if (!fitted.digits.empty()) {
      if (fitted.digits.back() != '0') return DecimalFit::loses_precision;
      fitted.digits.pop_back();
    }
    --fitted.scale;
  }
  if (!fitted.digits.empty()) fitted.digits.append(static_cast<std::size_t>(scale - fitted.scale), '0');
  fitted.scale = scale;
  const bool fits = fitted.digits.size() <= static_cast<std::size_t>(precision);
  if (fits || fitted.digits.size() <= kMaxDecimalDigits) number = std::move(fitted);
  return fits ? DecimalFit::fits : DecimalFit::out_of_range;
}

}  // namespace questnode::engine
