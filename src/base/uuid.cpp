#include "base/uuid.hpp"

#include <cassert>
#include <cstring>

#include "base/sha256.hpp"

namespace questclient::base {
namespace {

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

constexpr bool dash_at(std::size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

}  // namespace

std::string Uuid::to_string() const {
  std::string text = hex(raw());
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (dash_at(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    auto& byte = id.bytes[nibble / 2];
    byte = static_cast<unsigned char>((byte << 4) | value);
    ++nibble;
  }
  return id;
}

Uuid Uuid::from_raw(std::string_view raw) {
  assert(raw.size() == 16);
  Uuid id;
  std::memcpy(id.bytes.data(), raw.data(), id.bytes.size());
  return id;
}

Uuid Uuid::random(RandomSource& source) {
  Uuid id;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t word = source.next();
    std::memcpy(id.bytes.data() + half * 8, &word, sizeof word);
  }
  id.bytes[6] = static_cast<unsigned char>((id.bytes[6] & 0x0F) | 0x40);
  id.bytes[8] = static_cast<unsigned char>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

}  // namespace questclient::base
