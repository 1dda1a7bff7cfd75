// Latencies, counted in buckets: bounded memory, quantiles within about 3 %.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace questclient::base {

/// Thread-safe; add() is one relaxed increment or two.
class Histogram {
 public:
  void add(std::chrono::nanoseconds value);

  struct Summary {
    std::uint64_t count = 0;
    std::chrono::nanoseconds p50{0};
    std::chrono::nanoseconds p90{0};
    std::chrono::nanoseconds p99{0};
    std::chrono::nanoseconds max{0};
  };
  Summary summary() const;

 private:
  static constexpr int kSubBuckets = 32;  ///< Of each power of two.
  static constexpr int kPowers = 59;      ///< Up to the largest nanoseconds.
  std::array<std::atomic<std::uint64_t>, kPowers * kSubBuckets> counts_{};
  std::atomic<std::int64_t> max_{0};
};

}  // namespace questclient::base
