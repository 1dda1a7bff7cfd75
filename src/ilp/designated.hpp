// A row's own timestamp on the wire.
#pragma once

#include <cstdint>
#include <limits>

#include <questclient/line_buffer.hpp>

#include "ilp/number.hpp"

namespace questclient::ilp {

/// True if the server takes it; `unit` is 't' (micros) or 'n' (nanos). Version 1 sends nanos only.
inline bool is_good_designated(std::int64_t value, char unit, ProtocolVersion version) {
  constexpr std::int64_t kMostMicros = std::numeric_limits<std::int64_t>::max() / 1000;
  return value >= 0 && (version != ProtocolVersion::v1 || unit == 'n' || value <= kMostMicros);
}

/// With the space before it. REQUIRES: is_good_designated(); kNumberRoom bytes.
inline char* write_designated(char* out, std::int64_t value, char unit, ProtocolVersion version) {
  *out++ = ' ';
  if (version == ProtocolVersion::v1) return write_int64(out, unit == 't' ? value * 1000 : value);
  char* end = write_int64(out, value);
  *end = unit;
  return end + 1;
}

}  // namespace questclient::ilp
