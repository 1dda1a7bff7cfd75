#include "base/histogram.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace questclient::base {
namespace {

using std::chrono::nanoseconds;

void expect_near(nanoseconds found, std::int64_t expected) {
  EXPECT_NEAR(static_cast<double>(found.count()), static_cast<double>(expected),
              0.032 * static_cast<double>(expected) + 1);
}

TEST(Histogram, IsEmptyAtFirst) {
  const auto summary = Histogram().summary();
  EXPECT_EQ(summary.count, 0U);
  EXPECT_EQ(summary.p99.count(), 0);
  EXPECT_EQ(summary.max.count(), 0);
}

TEST(Histogram, QuantilesAreWithinThreePercent) {
  Histogram histogram;
  for (std::int64_t i = 1; i <= 100'000; ++i) histogram.add(nanoseconds(i * 1000));
  const auto summary = histogram.summary();
  EXPECT_EQ(summary.count, 100'000U);
  expect_near(summary.p50, 50'000'000);
  expect_near(summary.p90, 90'000'000);
  expect_near(summary.p99, 99'000'000);
  EXPECT_EQ(summary.max.count(), 100'000'000);
}

TEST(Histogram, EveryMagnitudeHasItsPlace) {
  for (int power = 0; power < 63; ++power) {
    Histogram histogram;
    const std::int64_t value = (std::int64_t{1} << power) + ((std::int64_t{1} << power) >> 2);
    histogram.add(nanoseconds(value));
    expect_near(histogram.summary().p50, value);
    EXPECT_LE(histogram.summary().p50, histogram.summary().max);
  }
  Histogram extremes;
  extremes.add(nanoseconds(-5));
  extremes.add(nanoseconds(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(extremes.summary().p50.count(), 0) << "a clock that stepped back counts as nothing";
  EXPECT_EQ(extremes.summary().max.count(), std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace questclient::base
