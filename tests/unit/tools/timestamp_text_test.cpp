#include "questclient/timestamp_text.hpp"

#include <gtest/gtest.h>

namespace questclient::tool {
namespace {

std::optional<std::int64_t> read(const char* format, std::string_view text) {
  return TimestampFormat::parse(format).value().read(text);
}

TEST(TimestampText, IsoInAllItsForms) {
  constexpr std::int64_t kMoment = 1'357'034'400'000'000'000;  // 2013-01-01T10:00:00Z
  EXPECT_EQ(read("iso", "2013-01-01T10:00:00Z"), kMoment);
  EXPECT_EQ(read("iso", "2013-01-01 10:00:00"), kMoment);
  EXPECT_EQ(read("iso", "2013-01-01T10:00"), kMoment);
  EXPECT_EQ(read("iso", "2013-01-01T12:30:00+02:30"), kMoment);
  EXPECT_EQ(read("iso", "2013-01-01T05:00:00-0500"), kMoment);
  EXPECT_EQ(read("iso", "2013-01-01T11:00:00+01"), kMoment);
  EXPECT_EQ(read("iso", "2013-01-01T10:00:00.5Z"), kMoment + 500'000'000);
  EXPECT_EQ(read("iso", "2013-01-01T10:00:00.123456789Z"), kMoment + 123'456'789);
  EXPECT_EQ(read("iso", "2013-01-01T10:00:00.1234567899"), kMoment + 123'456'789);
  EXPECT_EQ(read("iso", "2013-01-01"), kMoment - 36'000'000'000'000);
  EXPECT_EQ(read("iso", "1969-12-31T23:59:59.5Z"), -500'000'000);
}

TEST(TimestampText, WhatIsNotIsoIsRefused) {
  for (const char* text :
       {"", "2013", "2013-1-1", "2013-02-30", "2013-13-01", "2013-01-01T24:00", "2013-01-01T10",
        "2013-01-01T10:60", "2013-01-01T10:00:00.", "2013-01-01T10:00:00 Z", "2013-01-01T10:00:00+0",
        "2013-01-01x", "x2013-01-01", "9999-01-01", "0001-01-01"}) {
    EXPECT_EQ(read("iso", text), std::nullopt) << text;
  }
}

TEST(TimestampText, CountsOfAUnit) {
  EXPECT_EQ(read("s", "1357034400"), 1'357'034'400'000'000'000);
  EXPECT_EQ(read("s", "1357034400.25"), 1'357'034'400'250'000'000);
  EXPECT_EQ(read("ms", "1357034400001"), 1'357'034'400'001'000'000);
  EXPECT_EQ(read("us", "1357034400000001"), 1'357'034'400'000'001'000);
  EXPECT_EQ(read("ns", "1357034400000000001"), 1'357'034'400'000'000'001);
  EXPECT_EQ(read("s", "-1.5"), -1'500'000'000);
  EXPECT_EQ(read("s", "1357034400000"), std::nullopt) << "milliseconds taken for seconds";
  EXPECT_EQ(read("ns", "99999999999999999999"), std::nullopt);
  EXPECT_EQ(read("s", "12x"), std::nullopt);
  EXPECT_EQ(read("s", ""), std::nullopt);
  EXPECT_EQ(read("s", "5."), std::nullopt);
}

TEST(TimestampText, PatternsOfStrptime) {
  EXPECT_EQ(read("%d/%m/%Y %H:%M", "01/01/2013 10:00"), 1'357'034'400'000'000'000);
  EXPECT_EQ(read("%Y-%m-%dT%H:%M:%S%z", "2013-01-01T12:00:00+0200"), 1'357'034'400'000'000'000);
  EXPECT_EQ(read("%d/%m/%Y", "01/01/2013 and more"), std::nullopt);
  EXPECT_EQ(read("%d/%m/%Y", "31.12.2013"), std::nullopt);
}

TEST(TimestampText, AMomentThatDoesNotExistIsRefused) {
  EXPECT_EQ(read("%d/%m/%Y", "31/02/2024"), std::nullopt);
  EXPECT_EQ(read("%d/%m/%Y", "29/02/2023"), std::nullopt);
  EXPECT_EQ(read("%d/%m/%Y", "31/04/2024"), std::nullopt);
  EXPECT_EQ(read("%d/%m/%Y", "29/02/2024"), 1'709'164'800'000'000'000);
  EXPECT_EQ(read("%Y-%m-%d %H:%M:%S", "2024-02-29 23:59:60"), std::nullopt);
}

TEST(TimestampText, FractionsOfASecondInAPattern) {
  constexpr std::int64_t kMoment = 1'357'034'400'000'000'000;  // 2013-01-01T10:00:00Z
  EXPECT_EQ(read("%d/%m/%Y %H:%M:%S.%f", "01/01/2013 10:00:00.25"), kMoment + 250'000'000);
  EXPECT_EQ(read("%d/%m/%Y %H:%M:%S.%f", "01/01/2013 10:00:00.1234567891"), kMoment + 123'456'789);
  EXPECT_EQ(read("%Y-%m-%dT%H:%M:%S,%f%z", "2013-01-01T12:00:00,5+0200"), kMoment + 500'000'000);
  EXPECT_EQ(read("%d/%m/%Y %I:%M:%S.%f %p", "01/01/2013 10:00:00.5 PM"),
            kMoment + std::int64_t{43'200'500} * 1'000'000);
  EXPECT_EQ(read("%d/%m/%Y %H:%M:%S.%f", "01/01/2013 10:00:00."), std::nullopt);
  EXPECT_EQ(read("%d/%m/%Y %H:%M:%S.%f", "01/01/2013 10:00:00"), std::nullopt);
  EXPECT_EQ(read("%d/%m/%Y%%f", "01/01/2013%f"), kMoment - 36'000'000'000'000);
}

TEST(TimestampText, AnUnknownNameIsNoFormat) {
  EXPECT_EQ(TimestampFormat::parse("minutes"), std::nullopt);
  EXPECT_EQ(TimestampFormat::parse(""), std::nullopt);
  EXPECT_EQ(TimestampFormat::parse("ms")->name(), "ms");
}

}  // namespace
}  // namespace questclient::tool
