#include "engine/sql_json.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace questnode::engine {
namespace {

std::string timestamp(std::int64_t value, int digits) {
  std::string out;
  append_json_timestamp(out, value, digits);
  return out;
}
std::string number(double value) {
  std::string out;
  append_json_double(out, value);
  return out;
}

TEST(SqlJson, TimestampsOfEveryUnit) {
  EXPECT_EQ(timestamp(0, 6), "\"1970-01-01T00:00:00.000000Z\"");
  EXPECT_EQ(timestamp(1'640'995'199'999, 3), "\"2021-12-31T23:59:59.999Z\"");
  EXPECT_EQ(timestamp(951'827'696'000'000, 6), "\"2000-02-29T12:34:56.000000Z\"");
  EXPECT_EQ(timestamp(4'107'542'400'000'000, 6), "\"2100-03-01T00:00:00.000000Z\"");
  EXPECT_EQ(timestamp(-1, 9), "\"1969-12-31T23:59:59.999999999Z\"");
  EXPECT_EQ(timestamp(-86'400'000, 3), "\"1969-12-31T00:00:00.000Z\"");
  EXPECT_EQ(timestamp(std::numeric_limits<std::int64_t>::max(), 9), "\"2262-04-11T23:47:16.854775807Z\"");
  EXPECT_EQ(timestamp(std::numeric_limits<std::int64_t>::max(), 6), "\"294247-01-10T04:00:54.775807Z\"");
  EXPECT_EQ(timestamp(std::numeric_limits<std::int64_t>::min(), 9), "\"1677-09-21T00:12:43.145224192Z\"");
}

TEST(SqlJson, DoublesReadBackEqual) {
  EXPECT_EQ(number(1), "1.0");
  EXPECT_EQ(number(-0.0), "-0.0");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1e300), "1e+300");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(std::nan("")), "null");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "null");
  std::string single;
  append_json_float(single, 0.1F);
  EXPECT_EQ(single, "0.1");
}

TEST(SqlJson, IntegersReachTheirLimits) {
  std::string out;
  append_json_integer(out, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(out, "-9223372036854775808");
}

TEST(SqlJson, StringsAreEscapedAndAlwaysUtf8) {
  std::string out;
  append_json_string(out, "\"\\\n\r\t\x01ž😀\xF0\x9F\x98");
  EXPECT_EQ(out, "\"\\\"\\\\\\n\\r\\t\\u0001ž😀\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace questnode::engine
