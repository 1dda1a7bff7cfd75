// A row's own timestamp on the wire.
#pragma once

#include <cstdint>
#include <limits>

#include <questclient/line_buffer.hpp>

#include "ilp/number.hpp"

namespace questclient::ilp {

/// The last microsecond of the year 9999, beyond which no server takes a designated timestamp. (Nanoseconds
/// in an int64 end in 2262.)
inline constexpr std::int64_t kMostMicros = 253'402'300'799'999'999;

/// True if the server takes it; `unit` is 't' (micros) or 'n' (nanos). Version 1 sends nanos only.
inline bool is_good_designated(std::int64_t value, char unit, ProtocolVersion version) {
  constexpr std::int64_t kMostMicrosAsNanos = std::numeric_limits<std::int64_t>::max() / 1000;
  if (unit == 'n') return value >= 0;
  return value >= 0 && value <= (version == ProtocolVersion::v1 ? kMostMicrosAsNanos : kMostMicros);
}

/// With the space before it. REQUIRES: is_good_designated(); kNumberRoom bytes.
inline char* write_designated(char* out, std::int64_t value, char unit, ProtocolVersion version) {
  const bool is_v1 = version == ProtocolVersion::v1;
  *out = ' ';
  char* end = write_uint64(out + 1, static_cast<std::uint64_t>(is_v1 && unit == 't' ? value * 1000 : value));
  if (is_v1) return end;
  *end = unit;
  return end + 1;
}

}  // namespace questclient::ilp
