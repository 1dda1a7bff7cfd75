#include "engine/decimal.hpp"

#include <string>

#include <gtest/gtest.h>

namespace questnode::engine {
namespace {

std::string text_of(std::string_view text) {
  const auto number = parse_decimal(text);
  return number ? number->text() : "none";
}

/// What becomes of a number in DECIMAL(precision, scale).
std::string fitted(std::string_view text, int precision, int scale) {
  Decimal number = *parse_decimal(text);
  switch (fit_decimal(number, precision, scale)) {
    case DecimalFit::fits:
      return number.text();
    case DecimalFit::loses_precision:
      return "loses " + number.text();
    case DecimalFit::out_of_range:
      return "beyond " + number.text();
  }
  return {};
}

TEST(Decimal, ReadsWhatIlpWrites) {
  EXPECT_EQ(text_of("1.25"), "1.25");
  EXPECT_EQ(text_of("-0.050"), "-0.050");
  EXPECT_EQ(text_of("+007"), "7");
  EXPECT_EQ(text_of("-0"), "0");
  EXPECT_EQ(text_of("1e3"), "1000");
  EXPECT_EQ(text_of("1.5E-3"), "0.0015");
  EXPECT_EQ(text_of("0e9"), "0");
  EXPECT_EQ(text_of(std::string(76, '9')), std::string(76, '9'));
  EXPECT_EQ(text_of(std::string(300, '0') + "1"), "1");
  for (const std::string bad :
       {"", "-", ".", "e1", "1e", "1e+", "1e+-1", "1e99999999999", "1.2.3", " 1", "1 ", "0x1"})
    EXPECT_EQ(text_of(bad), "none") << bad;
  EXPECT_EQ(text_of("1" + std::string(76, '0')), "none");
  EXPECT_EQ(text_of("1e76"), "none");
  EXPECT_EQ(text_of("1e-77"), "none");
  EXPECT_EQ(text_of("10e-77"), "0." + std::string(75, '0') + "1");
}

TEST(Decimal, FitsExactlyOrSaysWhy) {
  EXPECT_EQ(fitted("1.5", 5, 2), "1.50");
  EXPECT_EQ(fitted("1.500", 5, 2), "1.50");
  EXPECT_EQ(fitted("0.00", 1, 1), "0.0");
  EXPECT_EQ(fitted("999.99", 5, 2), "999.99");
  EXPECT_EQ(fitted("1.501", 5, 2), "loses 1.501");
  EXPECT_EQ(fitted("-1000", 5, 2), "beyond -1000.00");
  EXPECT_EQ(fitted(std::string(76, '9'), 76, 1), "beyond " + std::string(76, '9'));
}

}  // namespace
}  // namespace questnode::engine
