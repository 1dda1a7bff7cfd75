// Names, designated timestamps, precision.
#include <string>

#include <gtest/gtest.h>

#include "dump.hpp"

namespace questnode::ilp::test {
namespace {

TEST(Names, AreAtMost127Utf16Units) {
  const std::string fits(127, 'n');
  EXPECT_EQ(parsed(fits + " " + fits + "=1i 5"), fits + " " + fits + ":LONG=1 @5\n");
  EXPECT_EQ(parsed(fits + "x f=1i"), "line 1: table: " + fits + "x; invalid table name");
  EXPECT_EQ(parsed("t " + fits + "x=1i"), "line 1: table: t; invalid column name: " + fits + "x");
  std::string faces;
  for (int i = 0; i < 64; ++i) faces += "\xF0\x9F\x98\x80";  // Two units each.
  EXPECT_TRUE(parsed("t " + faces + "=1i").starts_with("line 1: "));
  EXPECT_FALSE(parsed("t " + faces.substr(4) + "=1i").starts_with("line 1: "));
}

TEST(Names, SomeCharactersAreForbidden) {
  for (const char c : std::string("?'\"/:)(+*%~\x01\x0b\x7f")) {
    EXPECT_TRUE(parsed(std::string("t") + c + "x f=1i").starts_with("line 1: table: ")) << c;
    EXPECT_TRUE(
        parsed(std::string("t f") + c + "x=1i").starts_with("line 1: table: t; invalid column name: "))
        << c;
  }
  for (const std::string& escaped : {std::string("\\,"), std::string("\\\n"), std::string("\\\\")}) {
    EXPECT_TRUE(parsed("t" + escaped + "x f=1i").starts_with("line 1: table: "));
    EXPECT_TRUE(parsed("t f" + escaped + "x=1i").starts_with("line 1: table: "));
  }
  EXPECT_TRUE(parsed("t f\xEF\xBB\xBF=1i").starts_with("line 1: table: t; invalid column name"));
  EXPECT_TRUE(parsed("t f\xC3=1i").starts_with("line 1: table: t; invalid column name"));
  EXPECT_TRUE(parsed("t =1i").starts_with("line 1: "));
}

TEST(Names, DotsAndDashesDependOnWhatIsNamed) {
  EXPECT_EQ(parsed("a-b.c f=1i 5"), "a-b.c f:LONG=1 @5\n");
  for (const std::string bad : {".t", "t.", "a..b", "\\ t", "t\\ "})
    EXPECT_TRUE(parsed(bad + " f=1i").starts_with("line 1: table: ")) << bad;
  EXPECT_TRUE(parsed("t a-b=1i").starts_with("line 1: table: t; invalid column name"));
  EXPECT_TRUE(parsed("t a.b=1i").starts_with("line 1: table: t; invalid column name"));
}

TEST(Timestamps, AreInTheUnitOfTheSuffixOrThePrecision) {
  EXPECT_EQ(parsed("t f=1i 7", Precision::nanos), "t f:LONG=1 @7\n");
  EXPECT_EQ(parsed("t f=1i 7", Precision::micros), "t f:LONG=1 @7000\n");
  EXPECT_EQ(parsed("t f=1i 7", Precision::millis), "t f:LONG=1 @7000000\n");
  EXPECT_EQ(parsed("t f=1i 7", Precision::seconds), "t f:LONG=1 @7000000000\n");
  EXPECT_EQ(parsed("t f=1i 7", Precision::minutes), "t f:LONG=1 @420000000000\n");
  EXPECT_EQ(parsed("t f=1i 7", Precision::hours), "t f:LONG=1 @25200000000000\n");
  EXPECT_EQ(parsed("t f=1i 7n\nt f=1i 7t\nt f=1i 7m\n", Precision::hours),
            "t f:LONG=1 @7\nt f:LONG=1 @7000\nt f:LONG=1 @7000000\n");
}

TEST(Timestamps, NegativeOrImpossibleOnesAreRefused) {
  EXPECT_EQ(parsed("t f=1i -1"),
            "line 1: table: t, timestamp: -1; designated timestamp before 1970-01-01 is not allowed");
  EXPECT_EQ(parsed("t f=1i 9223372036854775808"), "line 1: Could not parse timestamp: 9223372036854775808");
  EXPECT_EQ(parsed("t f=1i 9223372036854775807m"),
            "line 1: table: t, timestamp: 9223372036854775807; designated timestamp overflow, "
            "max[253402300799999999]");
  EXPECT_TRUE(parsed("t f=1i 253402300800000000t").starts_with("line 1: table: t, timestamp"));
  for (const std::string bad : {"x", "1x", "n", "1.5", "+1", "5nn", "5i"})
    EXPECT_EQ(parsed("t f=1i " + bad), "line 1: Could not parse timestamp: " + bad);
}

TEST(Timestamps, BeyondNanosecondsTheTableIsKeptInMicroseconds) {
  EXPECT_EQ(parsed("t f=1i 1500\nt f=2i 253402300799999999t\nt f=3i 2700n\n"),
            "t f:LONG=1 @1us\nt f:LONG=2 @253402300799999999us\nt f:LONG=3 @2us\n");
}

TEST(Timestamps, TheFirstRowsSuffixDecidesTheColumnOfANewTable) {
  const auto nanosecond_column = [](std::string_view body) {
    const auto result = parse(body, Precision::nanos, kArrival);
    return std::get<engine::WriteRequest>(result).tables.front().nanosecond_column;
  };
  EXPECT_TRUE(nanosecond_column("t f=1i 5n\nt f=1i 5t\n"));
  EXPECT_FALSE(nanosecond_column("t f=1i 5\nt f=1i 5n\n"));
  EXPECT_FALSE(nanosecond_column("t f=1i\nt f=1i 5n\n"));
}

TEST(Timestamps, PrecisionNames) {
  EXPECT_EQ(parse_precision(""), Precision::nanos);
  EXPECT_EQ(parse_precision("n"), Precision::nanos);
  EXPECT_EQ(parse_precision("ns"), Precision::nanos);
  EXPECT_EQ(parse_precision("u"), Precision::micros);
  EXPECT_EQ(parse_precision("us"), Precision::micros);
  EXPECT_EQ(parse_precision("ms"), Precision::millis);
  EXPECT_EQ(parse_precision("s"), Precision::seconds);
  EXPECT_EQ(parse_precision("m"), Precision::minutes);
  EXPECT_EQ(parse_precision("h"), Precision::hours);
  EXPECT_EQ(parse_precision("d"), std::nullopt);
  EXPECT_EQ(parse_precision("N"), std::nullopt);
}

}  // namespace
}  // namespace questnode::ilp::test
