#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"

namespace questclient::base {

/// A 128-bit identity: of a stream, a cluster, a write attempt. The nil uuid is all zeroes.
struct Uuid {
  std::array<unsigned char, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  bool is_nil() const { return *this == Uuid{}; }

  /// 36 characters, lowercase: 01234567-89ab-cdef-0123-456789abcdef.
  std::string to_string() const;
  /// The 16 bytes as they are stored.
  std::string_view raw() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

  /// Accepts exactly what to_string writes, in either case.
  static std::optional<Uuid> parse(std::string_view text);
  /// From 16 stored bytes; REQUIRES: raw.size() == 16.
  static Uuid from_raw(std::string_view raw);
  /// Version 4 of RFC 4122.
  static Uuid random(RandomSource& source);
};

}  // namespace questclient::base

template <>
struct std::hash<questclient::base::Uuid> {
  std::size_t operator()(const questclient::base::Uuid& id) const noexcept {
    return std::hash<std::string_view>{}(id.raw());
  }
};
