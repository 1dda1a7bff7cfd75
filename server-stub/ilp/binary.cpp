#include "ilp/binary.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "engine/decimal.hpp"
#include "ilp/table_builder.hpp"

namespace questnode::ilp {
namespace {

constexpr std::uint8_t kElementDouble = 0x0A;

void append_value(double value, std::string& json) {
  if (std::isnan(value)) {
    json += "null";
  } else if (std::isinf(value)) {
    json += value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
  } else {
    std::array<char, 32> digits;
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
    json += text;
    if (text.find_first_of(".e") == std::string_view::npos) json += ".0";
  }
}

/// The last dimension runs fastest.
void append_rows(std::span<const std::uint32_t> lengths, const char*& values, std::string& json) {
  json += '[';
  for (std::uint32_t i = 0; i < lengths.front(); ++i) {
    if (i > 0) json += ',';
    if (lengths.size() > 1) {
      append_rows(lengths.subspan(1), values, json);
      continue;
    }
    double value;
    std::memcpy(&value, values, sizeof value);
    values += sizeof value;
    append_value(value, json);
  }
  json += ']';
}

/// Of an array that has values.
std::size_t bracket_bytes(const BinaryArray& array) {
  std::size_t arrays = 1;
  std::size_t in_dimension = 1;
  for (std::uint8_t i = 0; i + 1 < array.dimensions; ++i) {
    in_dimension *= array.lengths[i];
    arrays += in_dimension;
  }
  return 2 * arrays;
}

/// Where dimensions of length 1 follow a long one, brackets grow without bound over the values.
void refuse_brackets(const BinaryArray& array) {
  const std::size_t header = 2 + array.dimensions * sizeof(std::uint32_t);
  if (bracket_bytes(array) <= header + array.values.size()) return;
  throw BadLine("an array of " + std::to_string(array.dimensions) +
                " dimensions is mostly brackets as text: leave out its dimensions of length 1");
}

/// The decimal digits of a big-endian number in two's complement, without its sign and leading zeros.
std::string magnitude_digits(std::string_view bytes, bool negative) {
  std::vector<std::uint8_t> left;
  for (const char byte : bytes) {
    const auto value = static_cast<std::uint8_t>(byte);
    left.push_back(negative ? static_cast<std::uint8_t>(~value) : value);
  }
  if (negative) {
    for (std::size_t i = left.size(); i-- > 0 && ++left[i] == 0;) {
    }
  }
  std::string digits;
  std::size_t first = 0;
  for (;;) {
    while (first < left.size() && left[first] == 0) ++first;
    if (first == left.size()) break;
    unsigned remainder = 0;
    for (std::size_t i = first; i < left.size(); ++i) {
      const unsigned value = remainder << 8 | left[i];
      left[i] = static_cast<std::uint8_t>(value / 10);
      remainder = value % 10;
    }
    digits += static_cast<char>('0' + remainder);
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

BinaryArray parse_array(const char*& at, const char* end) try {
  base::ByteReader in(std::string_view(at, static_cast<std::size_t>(end - at)));
  const auto element = in.number<std::uint8_t>();
  if (element != kElementDouble) throw BadLine("ARRAY_INVALID_TYPE");
  BinaryArray array;
  array.dimensions = in.number<std::uint8_t>();
  if (array.dimensions > kMaxDimensions) throw BadLine("ARRAY_TOO_MANY_DIMENSIONS");
  bool empty = array.dimensions == 0;
  for (std::uint8_t i = 0; i < array.dimensions; ++i) {
    const auto length = in.number<std::int32_t>();
    if (length < 0) throw BadLine("an array has a dimension of negative length");
    array.lengths[i] = static_cast<std::uint32_t>(length);
    empty |= length == 0;
  }
  if (!empty) {  // A zero length carries no data, whatever the others are.
    std::size_t count = 1;
    for (std::uint8_t i = 0; i < array.dimensions; ++i) {
      count *= array.lengths[i];
      if (count > in.rest().size() / sizeof(double)) throw BadLine("an array is longer than the body");
    }
    array.values = in.raw(count * sizeof(double));
    refuse_brackets(array);
  }
  at = in.rest().data();
  return array;
} catch (const base::MalformedBytes&) {
  throw BadLine("an array is longer than the body");
}

std::size_t BinaryArray::longest_json() const {
  constexpr std::size_t kLongestValue = 24;  // -1.2345678901234567e-300
  if (values.empty()) return 2;
  return values.size() / sizeof(double) * (kLongestValue + 1) + bracket_bytes(*this);
}

void append_json(const BinaryArray& array, std::string& json) {
  if (array.values.empty()) {
    json += "[]";
    return;
  }
  const char* values = array.values.data();
  append_rows(std::span(array.lengths).first(array.dimensions), values, json);
}

bool parse_binary_decimal(const char*& at, const char* end, std::string& text) try {
  constexpr std::uint8_t kMaxBytes = 32;  // More may come, but must be zeros.
  base::ByteReader in(std::string_view(at, static_cast<std::size_t>(end - at)));
  const auto scale = in.number<std::uint8_t>();
  if (scale > engine::kMaxDecimalDigits) throw BadLine("DECIMAL_INVALID_SCALE");
  const auto length = in.number<std::uint8_t>();
  std::string_view bytes = in.raw(length);
  at = in.rest().data();
  if (length == 0) return false;
  while (bytes.size() > kMaxBytes) {
    if (bytes.front() != 0) throw BadLine("DECIMAL_OVERFLOW");
    bytes.remove_prefix(1);
  }
  engine::Decimal number;
  number.negative = length <= kMaxBytes && static_cast<signed char>(bytes.front()) < 0;
  number.digits = magnitude_digits(bytes, number.negative);
  number.scale = scale;
  if (number.digits.size() > engine::kMaxDecimalDigits) throw BadLine("DECIMAL_OVERFLOW");
  text = number.text();
  return true;
} catch (const base::MalformedBytes&) {
  throw BadLine("the body ends within a decimal");
}

}  // namespace questnode::ilp
