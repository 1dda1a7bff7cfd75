// Numbers the distinct texts of a symbol column.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "engine/block.hpp"

namespace questnode::ilp {

/// Open addressing over the texts that stand in the column itself.
class Dictionary {
 public:
  /// The number of `text` among column.text_ends; adds it where it is new.
  std::uint32_t code_of(engine::BlockColumn& column, std::string_view text) {
    const std::uint64_t hash = hash_of(text);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    std::uint32_t slot = static_cast<std::uint32_t>(hash) & mask_;
    for (std::uint32_t probe = 0; probe < kMaxProbes; ++probe, slot = (slot + 1) & mask_) {
      const Slot& found = slots_[slot];
      if (found.code == kFree) return add(column, text, tag, slot);
      if (found.tag == tag && text_of(column, found.code) == text) return found.code;
    }
    // Texts made to collide stand more than once: a longer block, never a slow parser.
    return append(column, text);
  }

  std::size_t held_bytes() const { return sizeof *this + slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t code = kFree;
  };
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;
  static constexpr std::uint32_t kMaxProbes = 64;

  static std::string_view text_of(const engine::BlockColumn& column, std::uint32_t code) {
    const std::uint32_t begin = code == 0 ? 0 : column.text_ends[code - 1];
    return {column.text.data() + begin, column.text_ends[code] - begin};
  }

  static std::uint64_t load8(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }
  static std::uint64_t load4(const char* at) {
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  static std::uint64_t hash_of(std::string_view text) {
    constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15;
    constexpr std::uint64_t kSecond = 0xD6E8FEB86659FD93;
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t state = kFirst ^ left;
    for (; left > 16; left -= 16, at += 16) state = mix(load8(at) ^ state, load8(at + 8) ^ kSecond);
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    if (left >= 8) {
      a = load8(at);
      b = load8(at + left - 8);
    } else if (left >= 4) {
      a = load4(at);
      b = load4(at + left - 4);
    } else if (left > 0) {
      a = static_cast<unsigned char>(at[0]) |
          static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
          static_cast<std::uint64_t>(static_cast<unsigned char>(at[left - 1])) << 16;
    }
    return mix(a ^ state, b ^ kSecond);
  }

  static std::uint32_t append(engine::BlockColumn& column, std::string_view text) {
    column.text.append(text);
    column.text_ends.push_back(static_cast<std::uint32_t>(column.text.size()));
    return static_cast<std::uint32_t>(column.text_ends.size() - 1);
  }

  std::uint32_t add(engine::BlockColumn& column, std::string_view text, std::uint32_t tag,
                    std::uint32_t slot) {
    const std::uint32_t code = append(column, text);
    slots_[slot] = {tag, code};
    if (++used_ * 2 > mask_) grow(column);
    return code;
  }

  void grow(const engine::BlockColumn& column) {
    mask_ = mask_ * 2 + 1;
    slots_.assign(mask_ + 1, Slot{});
    used_ = 0;
    for (std::uint32_t code = 0; code < column.text_ends.size(); ++code) {
      const std::uint64_t hash = hash_of(text_of(column, code));
      std::uint32_t slot = static_cast<std::uint32_t>(hash) & mask_;
      for (std::uint32_t probe = 0; probe < kMaxProbes; ++probe, slot = (slot + 1) & mask_) {
        if (slots_[slot].code != kFree) continue;
        slots_[slot] = {static_cast<std::uint32_t>(hash >> 32), code};
        ++used_;
        break;
      }
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(16);
  std::uint32_t mask_ = 15;
  std::uint32_t used_ = 0;
};

}  // namespace questnode::ilp
