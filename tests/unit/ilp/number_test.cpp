#include "ilp/number.hpp"

#include <charconv>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace questclient::ilp {
namespace {

std::string text_of(std::int64_t value) {
  char room[kNumberRoom];
  return {room, write_int64(room, value)};
}

std::string text_of_double(double value) {
  char room[kNumberRoom];
  return {room, write_double(room, value)};
}

TEST(Number, IntegersAroundEveryPowerOfTen) {
  std::vector<std::int64_t> values = {0, std::numeric_limits<std::int64_t>::max(),
                                      std::numeric_limits<std::int64_t>::min(),
                                      std::numeric_limits<std::int64_t>::min() + 1};
  for (std::int64_t power = 1;; power *= 10) {
    for (std::int64_t near = -2; near <= 2; ++near) values.push_back(power + near);
    if (power == 1'000'000'000'000'000'000) break;
  }
  for (const std::int64_t value : values) {
    EXPECT_EQ(text_of(value), std::to_string(value));
    EXPECT_EQ(
        text_of(0 - static_cast<std::int64_t>(value == std::numeric_limits<std::int64_t>::min() ? 0 : value)),
        std::to_string(value == std::numeric_limits<std::int64_t>::min() ? 0 : -value));
  }
}

TEST(Number, SmallIntegersWithoutGaps) {
  for (std::int64_t value = -20'000; value < 120'000; ++value)
    ASSERT_EQ(text_of(value), std::to_string(value));
}

TEST(Number, EightDigitsAtARandomStride) {
  for (std::uint32_t value = 0; value < 100'000'000; value += 97) {
    char room[kNumberRoom];
    const std::string digits = std::to_string(value);
    ASSERT_EQ(std::string(room, write_all_eight(room, value)), std::string(8 - digits.size(), '0') + digits);
  }
}

TEST(Number, RandomIntegersOfEveryLength) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200'000; ++round) {
    const auto value = static_cast<std::int64_t>(random() >> (random() % 64));
    ASSERT_EQ(text_of(value), std::to_string(value));
  }
}

TEST(Number, DoublesReadBackAsTheSameDoubleWithoutAPlusSign) {
  std::mt19937_64 random(13);
  for (int round = 0; round < 200'000; ++round) {
    const double value = std::bit_cast<double>(random());
    if (value != value || value - value != 0) continue;  // words, tested with LineBuffer
    const std::string text = text_of_double(value);
    double back = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_TRUE(error == std::errc() && end == text.data() + text.size()) << text;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value)) << text;
    ASSERT_EQ(text.find('+'), std::string::npos);
    ASSERT_LE(text.size(), 24U);
  }
}

}  // namespace
}  // namespace questclient::ilp
