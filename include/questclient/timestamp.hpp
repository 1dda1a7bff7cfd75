// Timestamps with their unit in the type.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace questclient {

/// A moment of the system's clock, in whatever precision it is held.
template <class Duration>
using SystemTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// Throws for a time that does not fit into 64 bits of that unit.
[[noreturn]] void refuse_time();

/// Whole units since 1970, rounded down.
template <class Unit, class Duration>
std::int64_t count_since_epoch(SystemTime<Duration> time) {
  // Exact for every int64 count.
  using Exact = std::chrono::duration<long double, typename Unit::period>;
  constexpr long double kLimit = 9223372036854775808.0L;  // 2^63
  const long double count = Exact(time.time_since_epoch()).count();
  if (!(count >= -kLimit && count < kLimit)) refuse_time();
  return std::chrono::floor<Unit>(time.time_since_epoch()).count();
}

/// Microseconds since 1970-01-01T00:00:00Z.
struct TimestampMicros {
  std::int64_t value = 0;

  static TimestampMicros now() {
    using namespace std::chrono;
    return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
  }
  /// Rounded down. Throws Error{invalid_value}: a time that does not fit into 64 bits.
  template <class Duration>
  static TimestampMicros from(SystemTime<Duration> time) {
    return {count_since_epoch<std::chrono::microseconds>(time)};
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
  /// Rounded down. Throws Error{invalid_value}: a time that does not fit into 64 bits.
  template <class Duration>
  static TimestampNanos from(SystemTime<Duration> time) {
    return {count_since_epoch<std::chrono::nanoseconds>(time)};
  }
  auto operator<=>(const TimestampNanos&) const = default;
};

/// In place of a row's timestamp: the server stamps it on arrival.
struct AtNow {};

}  // namespace questclient
