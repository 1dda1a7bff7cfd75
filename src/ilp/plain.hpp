// Copies text that needs no attention, sixteen bytes at a time, and says when some does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace questclient::ilp {

/// Sixteen bytes at once, on any processor that g++ or clang knows.
using Block = signed char __attribute__((vector_size(16)));
using UnsignedBlock = unsigned char __attribute__((vector_size(16)));
using Words = std::uint64_t __attribute__((vector_size(16)));

/// How far a copy may write past the text's end.
inline constexpr std::size_t kBlock = 16;

inline Block load_block(const char* from) {
  Block block;
  std::memcpy(&block, from, sizeof block);
  return block;
}

inline void store_block(char* to, Block block) {
  std::memcpy(to, &block, sizeof block);
}

/// True if any byte of a comparison's result is set.
inline bool any(Block mask) {
#ifdef __SSE2__
  return _mm_movemask_epi8(reinterpret_cast<const __m128i&>(mask)) != 0;
#else
  const Words words = reinterpret_cast<const Words&>(mask);
  return (words[0] | words[1]) != 0;
#endif
}

/// Bytes of a symbol's value that stand for themselves. Control characters are not special, only rare.
struct PlainSymbol {
  static Block special(Block b) { return (b < 0x21) | (b == ',') | (b == '=') | (b == '\\'); }
};

/// Bytes between quotes that stand for themselves.
struct PlainText {
  static Block special(Block b) { return (b < 0x20) | (b == '"') | (b == '\\'); }
};

/// Letters, digits and '_': in a name they need neither a check nor an escape.
struct PlainName {
  static Block special(Block b) {
    const auto lower = reinterpret_cast<const UnsignedBlock&>(b) | static_cast<unsigned char>(0x20);
    const auto letter = (lower - static_cast<unsigned char>('a')) < static_cast<unsigned char>(26);
    const auto digit = (reinterpret_cast<const UnsignedBlock&>(b) - static_cast<unsigned char>('0')) <
                       static_cast<unsigned char>(10);
    return ~(letter | digit | (b == '_'));
  }
};

template <class Plain>
bool is_plain(Block block) {
  return !any(Plain::special(block));
}

/// Copies up to sixteen bytes if all are plain. Parts that overlap make up a block without reading beyond
/// the text: the order of its bytes does not matter to the check.
template <class Plain>
bool copy_short(char* out, const char* in, std::size_t size) {
  Words words;
  if (size >= 8) {
    std::uint64_t first;
    std::uint64_t last;
    std::memcpy(&first, in, 8);
    std::memcpy(&last, in + size - 8, 8);
    words = Words{first, last};
    if (!is_plain<Plain>(reinterpret_cast<const Block&>(words))) return false;
    std::memcpy(out, &first, 8);
    std::memcpy(out + size - 8, &last, 8);
    return true;
  }
  if (size >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, in, 4);
    std::memcpy(&last, in + size - 4, 4);
    const std::uint64_t both = first | (std::uint64_t{last} << 32);
    words = Words{both, both};
    if (!is_plain<Plain>(reinterpret_cast<const Block&>(words))) return false;
    std::memcpy(out, &first, 4);
    std::memcpy(out + size - 4, &last, 4);
    return true;
  }
  if (size == 0) return true;
  const char first = in[0];
  const char middle = in[size / 2];
  const char last = in[size - 1];
  std::uint64_t three = static_cast<unsigned char>(first) |
                        (std::uint64_t{static_cast<unsigned char>(middle)} << 8) |
                        (std::uint64_t{static_cast<unsigned char>(last)} << 16);
  three |= (three << 24) | ((three & 0xffff) << 48);
  words = Words{three, three};
  if (!is_plain<Plain>(reinterpret_cast<const Block&>(words))) return false;
  out[0] = first;
  out[size / 2] = middle;
  out[size - 1] = last;
  return true;
}

/// Copies `in` as long as it is plain; returns how many bytes that were, counted in whole steps: a result
/// below `size` says that a byte needing attention is among the next ones.
template <class Plain>
std::size_t copy_plain(char* out, const char* in, std::size_t size) {
  if (size <= kBlock) return copy_short<Plain>(out, in, size) ? size : 0;
  std::size_t done = 0;
  for (; size - done >= kBlock; done += kBlock) {
    const Block block = load_block(in + done);
    if (!is_plain<Plain>(block)) return done;
    store_block(out + done, block);
  }
  if (done == size) return size;
  const Block tail = load_block(in + size - kBlock);
  if (!is_plain<Plain>(tail)) return done;
  store_block(out + size - kBlock, tail);
  return size;
}

}  // namespace questclient::ilp
