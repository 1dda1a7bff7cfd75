#include <algorithm>
#include <charconv>
#include <string>

#include <questclient/error.hpp>
#include <questclient/values.hpp>

#include "ilp/names.hpp"

namespace questclient {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kGeohash = "0123456789bcdefghjkmnpqrstuvwxyz";
constexpr std::uint64_t kNullWord = std::uint64_t{1} << 63;

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend, message);
}

[[noreturn]] void refuse_text(std::string_view text, const char* what) {
  refuse("The text " + ilp::quote(text) + " is not " + what + "; correct it.");
}

[[noreturn]] void refuse_null(std::string_view text) {
  refuse("The value " + std::string(text) +
         " would be stored as NULL; leave the column out if that is meant.");
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// 0 to 15; 16: not a hexadecimal digit.
unsigned hex_digit(char c) {
  return static_cast<unsigned>(std::min(kHex.find(lower(c)), kHex.size()));
}

}  // namespace

Long256::Long256(const std::array<std::uint64_t, 4>& words) {
  char* out = text_.data();
  *out++ = '0';
  *out++ = 'x';
  bool has_digit = false;
  for (int shift = 252; shift >= 0; shift -= 4) {
    const auto digit = (words[static_cast<std::size_t>(shift) / 64] >> (shift % 64)) & 0xf;
    has_digit = has_digit || digit != 0 || shift == 0;
    if (has_digit) *out++ = kHex[digit];
  }
  *out++ = 'i';
  length_ = static_cast<std::uint8_t>(out - text_.data());
  if (words == std::array{kNullWord, kNullWord, kNullWord, kNullWord}) refuse_null(encoded());
}

Long256 Long256::parse(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  std::array<std::uint64_t, 4> words{};
  if (digits.empty() || digits.size() > 64) refuse_text(text, "1 to 64 hexadecimal digits");
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const unsigned digit = hex_digit(digits[digits.size() - 1 - i]);
    if (digit > 15) refuse_text(text, "1 to 64 hexadecimal digits");
    words[i / 16] |= std::uint64_t{digit} << (4 * (i % 16));
  }
  return Long256(words);
}

Uuid::Uuid(const std::array<std::uint8_t, 16>& bytes) {
  char* out = text_.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kHex[bytes[i] >> 4];
    *out++ = kHex[bytes[i] & 0xf];
  }
  if (text() == "80000000-0000-0000-8000-000000000000") refuse_null(text());
}

Uuid Uuid::parse(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t digits = 0;
  bool is_good = text.size() == 36;
  for (std::size_t i = 0; i < text.size() && is_good; ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      is_good = text[i] == '-';
      continue;
    }
    const unsigned digit = hex_digit(text[i]);
    is_good = digit < 16;
    if (is_good) bytes[digits / 2] = static_cast<std::uint8_t>(bytes[digits / 2] << 4 | digit);
    ++digits;
  }
  if (!is_good) refuse_text(text, "a UUID such as \"123e4567-e89b-12d3-a456-426614174000\"");
  return Uuid(bytes);
}

Ipv4::Ipv4(std::uint32_t address) {
  char* out = text_.data();
  for (int shift = 24; shift >= 0; shift -= 8) {
    out = std::to_chars(out, text_.data() + text_.size(), (address >> shift) & 0xff).ptr;
    if (shift > 0) *out++ = '.';
  }
  length_ = static_cast<std::uint8_t>(out - text_.data());
  if (address == 0) refuse_null(text());
}

Ipv4 Ipv4::parse(std::string_view text) {
  std::uint32_t address = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int part = 0; part < 4; ++part) {
    unsigned number = 0;
    if (part > 0 && (at == end || *at++ != '.')) refuse_text(text, "an IPv4 address");
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number > 255 || next - at > 3) refuse_text(text, "an IPv4 address");
    at = next;
    address = address << 8 | number;
  }
  if (at != end) refuse_text(text, "an IPv4 address");
  return Ipv4(address);
}

Geohash::Geohash(std::string_view text) {
  if (text.empty() || text.size() > text_.size()) refuse_text(text, "a geohash of 1 to 12 characters");
  for (const char c : text) {
    text_[length_++] = lower(c);
    if (kGeohash.find(lower(c)) == std::string_view::npos) {
      refuse_text(text, "a geohash: it has digits and letters except a, i, l and o");
    }
  }
}

Geohash::Geohash(std::uint64_t bits, std::size_t characters) {
  if (characters < 1 || characters > text_.size()) {
    refuse("A geohash of " + std::to_string(characters) + " characters cannot be sent; it has 1 to 12.");
  }
  length_ = static_cast<std::uint8_t>(characters);
  for (std::size_t i = 0; i < characters; ++i) {
    text_[i] = kGeohash[(bits >> (5 * (characters - 1 - i))) & 0x1f];
  }
}

Char::Char(char16_t unit) : text_(static_cast<char>(unit)) {
  if (unit == 0) refuse_null("U+0000");
  if (unit < 0x80) return;
  std::string digits;
  for (int shift = 12; shift >= 0; shift -= 4) digits += kHex[(unit >> shift) & 0xf];
  refuse("The character U+" + digits +
         " is not ASCII, and over ILP the server takes only ASCII for a CHAR column; send it as text to a "
         "VARCHAR column.");
}

}  // namespace questclient
