// Decimals on the wire.
#pragma once

#include <cstddef>
#include <cstring>

#include <questclient/values.hpp>

#include "ilp/items.hpp"

namespace questclient::ilp {

/// Room for any decimal.
inline constexpr std::size_t kDecimalRoom = 4 + Decimal::kMaxBytes;

/// Writes what follows the name and its '='. Returns the end.
inline char* write_decimal(char* out, const Decimal& value) {
  const auto unscaled = value.unscaled();
  *out++ = '=';
  *out++ = kBinaryDecimal;
  *out++ = static_cast<char>(value.scale());
  *out++ = static_cast<char>(unscaled.size());
  std::memcpy(out, unscaled.data(), unscaled.size());
  return out + unscaled.size();
}

}  // namespace questclient::ilp
