#include "engine/text_values.hpp"

#include <charconv>

#include "base/uuid.hpp"
#include "engine/names.hpp"

namespace questnode::engine {
namespace {

using Kind = TextValue::Kind;

constexpr int kBitsOfCharacter = 5;

}  // namespace

TextValue char_value(std::string_view text) {
  if (text.size() != 1 || static_cast<signed char>(text[0]) < 0) return {};
  return {Kind::good, std::string(text)};
}

TextValue uuid_value(std::string_view text) {
  const auto id = base::Uuid::parse(text);
  if (!id) return {};
  return {Kind::good, id->to_string()};
}

TextValue ipv4_value(std::string_view text) {
  if (text.empty() || text == "null") return {Kind::null, {}};
  const char* at = text.data();
  const char* const end = at + text.size();
  std::string address;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at == end || *at++ != '.')) return {};
    std::uint8_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return {};
    address += (part > 0 ? "." : "") + std::to_string(number);
    at = next;
  }
  if (at != end) return {};
  if (address == "0.0.0.0") return {Kind::null, {}};
  return {Kind::good, std::move(address)};
}

TextValue long256_value(std::string_view text) {
  if (text.size() < 3 || text.size() > 66 || !text.starts_with("0x")) return {};
  std::string lower = fold_case(text);
  if (lower.find_first_not_of("0123456789abcdef", 2) != std::string::npos) return {};
  return {Kind::good, std::move(lower)};
}

TextValue geohash_value(std::string_view text, std::uint8_t bits) {
  constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
  const auto characters = static_cast<std::size_t>((bits + kBitsOfCharacter - 1) / kBitsOfCharacter);
  if (text.size() < characters) return {Kind::null, {}};
  const std::string lower = fold_case(text.substr(0, characters));
  std::string binary;
  for (const char c : lower) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return {Kind::null, {}};
    for (int bit = kBitsOfCharacter - 1; bit >= 0; --bit) binary += (value >> bit & 1) != 0 ? '1' : '0';
  }
  if (bits % kBitsOfCharacter == 0) return {Kind::good, lower};
  binary.resize(bits);
  return {Kind::good, std::move(binary)};
}

}  // namespace questnode::engine
