#include "ilp/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include <questclient/error.hpp>

#include "ilp/explain.hpp"
#include "ilp/names.hpp"

namespace questclient {
namespace {

constexpr std::size_t kMaxDigits = 76;
// An exponent beyond it gives no number that fits, whatever the digits; it keeps sums far from overflow.
constexpr int kMaxExponent = 100'000;

/// An unsigned integer of 256 bits, the lowest word first.
using Words = std::array<std::uint32_t, 8>;

/// words = words * 10 + digit. REQUIRES: the result fits.
void append_digit(Words& words, unsigned digit) {
  std::uint64_t carry = digit;
  for (std::uint32_t& word : words) {
    carry += std::uint64_t{word} * 10;
    word = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
}

Words negated(Words words) {
  std::uint64_t carry = 1;
  for (std::uint32_t& word : words) {
    carry += static_cast<std::uint32_t>(~word);
    word = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  return words;
}

/// 10^76 - 1, which is below 2^253.
const Words& largest() {
  static const Words all_nines = [] {
    Words words{};
    for (std::size_t i = 0; i < kMaxDigits; ++i) append_digit(words, 9);
    return words;
  }();
  return all_nines;
}

bool is_above_largest(const Words& words) {
  return std::lexicographical_compare(largest().rbegin(), largest().rend(), words.rbegin(), words.rend());
}

std::array<std::uint8_t, Decimal::kMaxBytes> big_endian(const Words& words) {
  std::array<std::uint8_t, Decimal::kMaxBytes> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[bytes.size() - 1 - i] = static_cast<std::uint8_t>(words[i / 4] >> (8 * (i % 4)));
  }
  return bytes;
}

/// REQUIRES: at most 32 bytes. Repeats the sign in the words that are not given.
Words words_of(std::span<const std::uint8_t> bytes) {
  Words words{};
  if ((bytes.front() & 0x80) != 0) words.fill(0xffffffff);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t shift = 8 * (i % 4);
    std::uint32_t& word = words[i / 4];
    word = (word & ~(std::uint32_t{0xff} << shift)) | (std::uint32_t{bytes[bytes.size() - 1 - i]} << shift);
  }
  return words;
}

std::uint8_t checked_scale(int scale) {
  if (scale < 0 || scale > Decimal::kMaxScale) {
    ilp::refuse_value("A decimal of scale " + std::to_string(scale) +
                      " cannot be stored; its scale is 0 to 76.");
  }
  return static_cast<std::uint8_t>(scale);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A decimal number taken apart.
struct Parts {
  bool is_negative = false;
  std::string digits;  // without leading zeros
  int fraction = 0;    // how many of them stand after the point
  bool is_number = false;
};

Parts take_apart(std::string_view text) {
  Parts parts;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    parts.is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  bool after_point = false;
  std::size_t at = 0;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !after_point)); ++at) {
    if (text[at] == '.') {
      after_point = true;
      continue;
    }
    parts.is_number = true;
    if (after_point) ++parts.fraction;
    if (parts.fraction > kMaxExponent) return {};
    if (!parts.digits.empty() || text[at] != '0') parts.digits += text[at];
  }
  if (at == text.size()) return parts;
  std::string_view exponent = text.substr(at + 1);
  if ((text[at] != 'e' && text[at] != 'E') || exponent.empty()) return {};
  if (exponent[0] == '+' && exponent.size() > 1 && is_digit(exponent[1])) exponent.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
  if (error != std::errc() || end != exponent.data() + exponent.size()) return {};
  if (value < -kMaxExponent || value > kMaxExponent) return {};
  parts.fraction -= value;
  return parts;
}

}  // namespace

Decimal::Decimal(std::int64_t unscaled, int scale) : scale_(checked_scale(scale)) {
  std::array<std::uint8_t, sizeof unscaled> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] =
        static_cast<std::uint8_t>(static_cast<std::uint64_t>(unscaled) >> (8 * (bytes.size() - 1 - i)));
  }
  set_unscaled(bytes);
}

Decimal::Decimal(std::span<const std::uint8_t> unscaled, int scale) : scale_(checked_scale(scale)) {
  if (unscaled.empty() || unscaled.size() > kMaxBytes) {
    ilp::refuse_value("A decimal of " + std::to_string(unscaled.size()) +
                      " bytes cannot be sent; give 1 to 32, or use Decimal::null() for NULL.");
  }
  const Words words = words_of(unscaled);
  const bool is_negative = (unscaled.front() & 0x80) != 0;
  if (is_above_largest(is_negative ? negated(words) : words)) {
    ilp::refuse_value("A decimal has more than 76 digits, the most that QuestDB stores; round it.");
  }
  set_unscaled(unscaled);
}

Decimal Decimal::parse(std::string_view text) {
  Parts parts = take_apart(text);
  if (!parts.is_number) {
    ilp::refuse_value("The text " + ilp::quote(text) +
                      " is not a decimal number such as \"-12.50\"; correct it.");
  }
  if (parts.digits.empty()) parts.fraction = std::clamp(parts.fraction, 0, kMaxScale);
  // Zeros at the end are kept where they fit ("1.50" has the scale 2), and say nothing: "10e-77" is 1e-76.
  const auto is_too_long = [&] { return parts.fraction > kMaxScale || parts.digits.size() > kMaxDigits; };
  for (; is_too_long() && parts.fraction > 0 && parts.digits.ends_with('0'); --parts.fraction) {
    parts.digits.pop_back();
  }
  // "12e3" is 12000: a scale is never negative.
  for (; parts.fraction < 0 && parts.digits.size() <= kMaxDigits; ++parts.fraction) parts.digits += '0';
  if (is_too_long()) {
    ilp::refuse_value(
        "The decimal " + ilp::quote(text) +
        " has more than 76 digits, or more than 76 after the point, the most that QuestDB stores; round it.");
  }
  Words words{};
  for (const char digit : parts.digits) append_digit(words, static_cast<unsigned>(digit - '0'));
  Decimal decimal;
  decimal.scale_ = static_cast<std::uint8_t>(parts.fraction);
  decimal.set_unscaled(big_endian(parts.is_negative ? negated(words) : words));
  return decimal;
}

void Decimal::set_unscaled(std::span<const std::uint8_t> bytes) {
  // A byte only repeats the sign if the next one begins with the same bit.
  while (bytes.size() > 1 && bytes[0] == ((bytes[1] & 0x80) != 0 ? 0xff : 0x00)) bytes = bytes.subspan(1);
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  length_ = static_cast<std::uint8_t>(bytes.size());
}

}  // namespace questclient
