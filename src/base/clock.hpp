// Time as an argument: no state machine asks the system for it.
#pragma once

#include <chrono>
#include <cstdint>

namespace questclient::base {

/// A moment on a clock that never steps back, counted from an arbitrary origin.
using Time = std::chrono::nanoseconds;

/// Where drivers get the time from. Thread-safe; never blocks.
class Clock {
 public:
  virtual ~Clock() = default;
  /// For timeouts and backoff: never steps back.
  virtual Time now() const = 0;
  /// For people and for rows without a timestamp: nanoseconds since 1970 in UTC, may step.
  virtual std::int64_t wall_nanos() const = 0;
};

/// The clocks of the operating system.
class SystemClock final : public Clock {
 public:
  Time now() const override;
  std::int64_t wall_nanos() const override;
};

}  // namespace questclient::base
