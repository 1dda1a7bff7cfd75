// Finding where a token ends, sixteen bytes at a time.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "namespace.hpp"

namespace questnode::ilp {

/// Comma, space, equals sign, line ends, backslash.
inline bool ends_token(char c) {
  return c == ',' || c == ' ' || c == '=' || c == '\n' || c == '\r' || c == '\\';
}

/// Where an unquoted token ends, and whether a byte of it is not ASCII.
struct TokenEnd {
  const char* at;
  bool non_ascii;
};

inline TokenEnd find_token_end(const char* at, const char* end) {
  bool non_ascii = false;
#ifdef __SSE2__
  const __m128i comma = _mm_set1_epi8(',');
  const __m128i equals = _mm_set1_epi8('=');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(' ');
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // Everything up to the space at once; a control character that ends nothing is rare.
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, space), bytes);
    const __m128i marks =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, comma), _mm_cmpeq_epi8(bytes, equals)),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, backslash), low));
    const auto found = static_cast<std::uint32_t>(_mm_movemask_epi8(marks));
    const auto high = static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
    if (found == 0) {
      non_ascii |= high != 0;
      at += 16;
      continue;
    }
    const int offset = __builtin_ctz(found);
    non_ascii |= (high & ((1U << offset) - 1)) != 0;
    at += offset;
    if (ends_token(*at)) return {at, non_ascii};
    ++at;
  }
#endif
  for (; at != end && !ends_token(*at); ++at) non_ascii |= static_cast<signed char>(*at) < 0;
  return {at, non_ascii};
}

/// The first quote, backslash or line feed of a quoted string.
inline TokenEnd find_quote_end(const char* at, const char* end) {
  bool non_ascii = false;
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i line_feed = _mm_set1_epi8('\n');
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i marks =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                     _mm_cmpeq_epi8(bytes, line_feed));
    const auto found = static_cast<std::uint32_t>(_mm_movemask_epi8(marks));
    const auto high = static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
    if (found != 0) {
      const int offset = __builtin_ctz(found);
      return {at + offset, non_ascii || (high & ((1U << offset) - 1)) != 0};
    }
    non_ascii |= high != 0;
  }
#endif
  for (; at != end && *at != '"' && *at != '\\' && *at != '\n'; ++at)
    non_ascii |= static_cast<signed char>(*at) < 0;
  return {at, non_ascii};
}

/// A text that is looked for at the front of the body: its first sixteen bytes are compared at once.
class ExpectedText {
 public:
  void set(const char* text, std::size_t size) {
    size_ = static_cast<std::uint32_t>(size);
    rest_ = size > sizeof head_ ? text + sizeof head_ : nullptr;
    std::memset(head_, 0, sizeof head_);
    std::memcpy(head_, text, size < sizeof head_ ? size : sizeof head_);
    wanted_ = size >= sizeof head_ ? 0xFFFFU : (1U << size) - 1;
  }
  std::uint32_t size() const { return size_; }

  bool matches(const char* at, const char* end) const {
    if (static_cast<std::size_t>(end - at) < size_) return false;
#ifdef __SSE2__
    if (end - at >= 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const __m128i head = _mm_loadu_si128(reinterpret_cast<const __m128i*>(head_));
      const auto equal = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, head)));
      if ((equal & wanted_) != wanted_) return false;
      return rest_ == nullptr || std::memcmp(at + sizeof head_, rest_, size_ - sizeof head_) == 0;
    }
#endif
    const std::size_t first = size_ < sizeof head_ ? size_ : sizeof head_;
    if (std::memcmp(at, head_, first) != 0) return false;
    return rest_ == nullptr || std::memcmp(at + sizeof head_, rest_, size_ - sizeof head_) == 0;
  }

 private:
  char head_[16] = {};
  const char* rest_ = nullptr;  ///< Of the body itself, which outlives the parser.
  std::uint32_t wanted_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace questnode::ilp
