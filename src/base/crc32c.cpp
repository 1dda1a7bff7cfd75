#include "base/crc32c.hpp"

#include <array>
#include <cstring>
#include <string>

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

namespace questclient::base {
namespace {

constexpr std::uint32_t kReversedPolynomial = 0x82F63B78;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReversedPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}

[[maybe_unused]] std::uint32_t portable(std::string_view bytes, std::uint32_t crc) {
  static constexpr auto table = make_table();
  for (const char byte : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return crc;
}

#ifdef __x86_64__
constexpr std::size_t kLaneBytes = 2048;

/// What kLaneBytes zero bytes make of a checksum. That is linear, so a table for each of its bytes tells it.
class ZeroLane {
 public:
  ZeroLane() {
    const std::string zeros(kLaneBytes, '\0');
    for (std::size_t byte = 0; byte < 4; ++byte) {
      for (std::uint32_t bit = 1; bit < 256; bit *= 2) {
        const std::uint32_t moved = portable(zeros, bit << (8 * byte));
        for (std::uint32_t below = 0; below < bit; ++below)
          table_[byte][bit + below] = moved ^ table_[byte][below];
      }
    }
  }
  std::uint32_t operator()(std::uint32_t crc) const {
    return table_[0][crc & 0xFF] ^ table_[1][crc >> 8 & 0xFF] ^ table_[2][crc >> 16 & 0xFF] ^
           table_[3][crc >> 24];
  }

 private:
  std::array<std::array<std::uint32_t, 256>, 4> table_{};
};

std::uint64_t word_at(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Compiled for the instruction whatever the build's target is; called only where the processor has it. The
// instruction takes three cycles but one can start in each, so long input goes through it in three lanes.
__attribute__((target("sse4.2"))) std::uint32_t hardware(std::string_view bytes, std::uint32_t crc) {
  static const ZeroLane zero_lane;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * kLaneBytes; left -= 3 * kLaneBytes, at += 3 * kLaneBytes) {
    std::uint64_t first = crc, second = 0, third = 0;
    for (std::size_t offset = 0; offset < kLaneBytes; offset += 8) {
      first = _mm_crc32_u64(first, word_at(at + offset));
      second = _mm_crc32_u64(second, word_at(at + kLaneBytes + offset));
      third = _mm_crc32_u64(third, word_at(at + 2 * kLaneBytes + offset));
    }
    crc = zero_lane(zero_lane(static_cast<std::uint32_t>(first)) ^ static_cast<std::uint32_t>(second)) ^
          static_cast<std::uint32_t>(third);
  }
  std::uint64_t wide = crc;
  for (; left >= 8; left -= 8, at += 8) wide = _mm_crc32_u64(wide, word_at(at));
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; left > 0; --left, ++at) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
  return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
#ifdef __x86_64__
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~hardware(bytes, ~seed);
#endif
  return ~portable(bytes, ~seed);
}

}  // namespace questclient::base
