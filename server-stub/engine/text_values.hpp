// Texts as values of the types that QuestDB's server casts strings to. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "namespace.hpp"

namespace questnode::engine {

struct TextValue {
  enum class Kind : std::uint8_t { good, null, bad };
  Kind kind = Kind::bad;
  std::string text;  ///< good: in the form in which the column keeps it.
};

/// One ASCII character.
TextValue char_value(std::string_view text);
TextValue uuid_value(std::string_view text);
/// "null", "0.0.0.0" and nothing are NULL.
TextValue ipv4_value(std::string_view text);
/// 0x and 1 to 64 hexadecimal digits.
TextValue long256_value(std::string_view text);
/// The first `bits` bits: characters where they are whole ones, else zeros and ones. What is too short or no
/// geohash is NULL.
TextValue geohash_value(std::string_view text, std::uint8_t bits);

}  // namespace questnode::engine
