#include "base/histogram.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace questclient::base {

namespace {

constexpr int kSubBits = 5;  // 32 buckets of each power of two: a value is known within 1/32

std::size_t bucket_of(std::uint64_t value) {
  if (value < (1U << kSubBits)) return value;
  const auto power = static_cast<unsigned>(std::bit_width(value)) - 1;
  const std::uint64_t sub = (value >> (power - kSubBits)) - (1U << kSubBits);
  return (std::size_t{power - kSubBits + 1} << kSubBits) + sub;
}

/// The middle of a bucket.
std::int64_t value_of(std::size_t bucket) {
  if (bucket < (1U << kSubBits)) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = (bucket >> kSubBits) - 1;
  const std::uint64_t lowest = ((bucket & ((1U << kSubBits) - 1)) + (1U << kSubBits)) << shift;
  return static_cast<std::int64_t>(lowest + ((std::uint64_t{1} << shift) >> 1));
}

}  // namespace

void Histogram::add(std::chrono::nanoseconds value) {
  const std::int64_t nanos = std::max<std::int64_t>(value.count(), 0);
  counts_[bucket_of(static_cast<std::uint64_t>(nanos))].fetch_add(1, std::memory_order_relaxed);
  std::int64_t highest = max_.load(std::memory_order_relaxed);
  while (nanos > highest && !max_.compare_exchange_weak(highest, nanos, std::memory_order_relaxed)) {
  }
}

Histogram::Summary Histogram::summary() const {
  std::vector<std::uint64_t> counts(counts_.size());
  Summary summary;
  for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) {
    counts[bucket] = counts_[bucket].load(std::memory_order_relaxed);
    summary.count += counts[bucket];
  }
  summary.max = std::chrono::nanoseconds(max_.load(std::memory_order_relaxed));
  if (summary.count == 0) return summary;
  const auto quantile = [&](std::uint64_t percent) {
    // The smallest value that `percent` of all are not above; never above the largest that was seen.
    const std::uint64_t wanted = std::max<std::uint64_t>((summary.count * percent + 99) / 100, 1);
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) {
      seen += counts[bucket];
      if (seen >= wanted) return std::min(std::chrono::nanoseconds(value_of(bucket)), summary.max);
    }
    return summary.max;
  };
  summary.p50 = quantile(50);
  summary.p90 = quantile(90);
  summary.p99 = quantile(99);
  return summary;
}

}  // namespace questclient::base
