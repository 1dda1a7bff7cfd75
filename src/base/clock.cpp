#include "base/clock.hpp"

namespace questclient::base {

Time SystemClock::now() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

std::int64_t SystemClock::wall_nanos() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace questclient::base
