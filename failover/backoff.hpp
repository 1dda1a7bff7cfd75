// How long to wait before the next round.
#pragma once

#include <chrono>

#include "base/random.hpp"

namespace questclient::failover {

struct BackoffOptions {
  std::chrono::milliseconds initial{100};
  std::chrono::milliseconds max{5000};
};

/// Doubles from `initial` to `max`. Equal jitter: each delay lies in [base, 2 * base), never above `max`, so
/// that many clients that lost one server do not come back at once.
class Backoff {
 public:
  explicit Backoff(BackoffOptions options);

  /// The next delay; the one after it will be twice as long.
  std::chrono::milliseconds next(base::RandomSource& random);
  /// A delay of the first step, and back to it.
  std::chrono::milliseconds first(base::RandomSource& random);
  void reset() { base_ = options_.initial; }

 private:
  std::chrono::milliseconds jittered(base::RandomSource& random) const;

  BackoffOptions options_;
  std::chrono::milliseconds base_;
};

}  // namespace questclient::failover
