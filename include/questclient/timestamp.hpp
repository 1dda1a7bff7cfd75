// Timestamps with their unit in the type.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace questclient {

/// Microseconds since 1970-01-01T00:00:00Z.
struct TimestampMicros {
  std::int64_t value = 0;

  static TimestampMicros now() {
    using namespace std::chrono;
    return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
  }
  auto operator<=>(const TimestampMicros&) const = default;
};

/// Nanoseconds since 1970-01-01T00:00:00Z.
struct TimestampNanos {
  std::int64_t value = 0;

  static TimestampNanos now() {
    using namespace std::chrono;
    return {duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count()};
  }
  auto operator<=>(const TimestampNanos&) const = default;
};

/// In place of a row's timestamp: the server stamps it on arrival.
struct AtNow {};

}  // namespace questclient
