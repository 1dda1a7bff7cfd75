#include "ilp/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace questclient::ilp {
namespace {

unsigned char byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

// Range of the second byte, which is what excludes overlong forms, surrogates and what lies above U+10FFFF.
struct Second {
  unsigned char least;
  unsigned char most;
};

Second second_byte(unsigned char first) {
  switch (first) {
    case 0xe0:
      return {0xa0, 0xbf};
    case 0xed:
      return {0x80, 0x9f};
    case 0xf0:
      return {0x90, 0xbf};
    case 0xf4:
      return {0x80, 0x8f};
    default:
      return {0x80, 0xbf};
  }
}

constexpr std::array<bool, 128> marks(std::string_view characters) {
  std::array<bool, 128> marked{};
  for (const char c : characters) marked[static_cast<unsigned char>(c)] = true;
  return marked;
}

constexpr auto kEscapedInSymbol = marks(" ,=\n\r\\");
constexpr auto kEscapedInText = marks("\"\n\r\\");

// Alternates between whole plain blocks and single characters; a block that holds something special is
// taken character by character.
template <class Plain>
char* escape(char* out, std::string_view value, const std::array<bool, 128>& escaped) {
  std::size_t at = 0;
  while (at < value.size()) {
    if (value.size() - at >= kBlock) {
      const Block block = load_block(value.data() + at);
      if (is_plain<Plain>(block)) {
        store_block(out, block);
        out += kBlock;
        at += kBlock;
        continue;
      }
    }
    const std::size_t stop = std::min(at + kBlock, value.size());
    while (at < stop) {
      const unsigned char c = byte_at(value, at);
      if (c < 0x80) {
        if (escaped[c]) *out++ = '\\';
        *out++ = value[at++];
        continue;
      }
      const std::size_t length = utf8_sequence(value.substr(at));
      if (length == 0) return nullptr;
      std::memcpy(out, value.data() + at, length);
      out += length;
      at += length;
    }
  }
  return out;
}

}  // namespace

std::size_t utf8_sequence(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const unsigned char first = byte_at(bytes, 0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes.size() < length) return 0;
  const auto [least, most] = second_byte(first);
  if (byte_at(bytes, 1) < least || byte_at(bytes, 1) > most) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_continuation(byte_at(bytes, i))) return 0;
  }
  return length;
}

std::size_t find_not_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

char* escape_symbol(char* out, std::string_view value) {
  return escape<PlainSymbol>(out, value, kEscapedInSymbol);
}

char* escape_text(char* out, std::string_view value) {
  return escape<PlainText>(out, value, kEscapedInText);
}

}  // namespace questclient::ilp
