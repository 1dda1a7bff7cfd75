#include "ilp/binary.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>

#include "base/bytes.hpp"
#include "ilp/table_builder.hpp"

namespace questnode::ilp {
namespace {

constexpr std::uint8_t kElementDouble = 0x0A;
constexpr std::uint8_t kMaxDimensions = 32;
constexpr char kBinaryDecimal = 0x17;

void append_value(double value, std::string& json) {
  if (std::isnan(value)) {
    json += "null";
  } else if (std::isinf(value)) {
    json += value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
  } else {
    std::array<char, 32> digits;
    json.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  }
}

/// Row-major: the last dimension runs fastest.
void append_array(std::span<const std::uint32_t> lengths, const char*& values, std::string& json) {
  json += '[';
  for (std::uint32_t i = 0; i < lengths.front(); ++i) {
    if (i > 0) json += ',';
    if (lengths.size() > 1) {
      append_array(lengths.subspan(1), values, json);
      continue;
    }
    double value;
    std::memcpy(&value, values, sizeof value);
    values += sizeof value;
    append_value(value, json);
  }
  json += ']';
}

}  // namespace

std::uint8_t parse_array(const char*& at, const char* end, std::string& json) try {
  base::ByteReader in(std::string_view(at, static_cast<std::size_t>(end - at)));
  const auto element = in.number<std::uint8_t>();
  if (element != kElementDouble)
    throw BadLine("arrays of element type " + std::to_string(element) +
                  " are not supported, only of doubles (10)");
  const auto dimensions = in.number<std::uint8_t>();
  if (dimensions > kMaxDimensions)
    throw BadLine("an array has " + std::to_string(dimensions) + " dimensions, at most 32 are allowed");
  std::array<std::uint32_t, kMaxDimensions> lengths{};
  bool empty = dimensions == 0;
  for (std::uint8_t i = 0; i < dimensions; ++i) {
    const auto length = in.number<std::int32_t>();
    if (length < 0) throw BadLine("an array has a dimension of negative length");
    lengths[i] = static_cast<std::uint32_t>(length);
    empty |= length == 0;
  }
  json.clear();
  if (empty) {
    json = "[]";  // A zero length carries no data, whatever the others are.
  } else {
    std::size_t count = 1;
    for (std::uint8_t i = 0; i < dimensions; ++i) {
      count *= lengths[i];
      if (count > in.rest().size() / sizeof(double)) throw BadLine("an array is longer than the body");
    }
    const char* values = in.raw(count * sizeof(double)).data();
    append_array(std::span(lengths).first(dimensions), values, json);
  }
  at = in.rest().data();
  return dimensions;
} catch (const base::MalformedBytes&) {
  throw BadLine("an array is longer than the body");
}

std::string unsupported_binary(char type) {
  if (type == kBinaryDecimal) return "decimals (binary type 0x17) are not supported";
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(type);
  return std::string("binary type 0x") + kHex[byte >> 4] + kHex[byte & 15] + " is not supported";
}

}  // namespace questnode::ilp
