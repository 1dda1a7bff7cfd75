#include "engine/timestamp_text.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "engine/sql_timestamps.hpp"

namespace questnode::engine {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;  // Microseconds.

std::int64_t micros(std::string_view text) {
  return parse_timestamp_text(text, ColumnType::timestamp).value_or(-1);
}

TEST(TimestampText, WhatIsMissingIsTheBeginning) {
  EXPECT_EQ(micros("1970"), 0);
  EXPECT_EQ(micros("1970-02"), 31 * kDay);
  EXPECT_EQ(micros("1972-02-29"), (730 + 31 + 28) * kDay);
  EXPECT_EQ(micros("1970-01-02T03"), kDay + 3 * 3'600'000'000);
  EXPECT_EQ(micros("1970-01-01 00:01"), 60'000'000);
  EXPECT_EQ(micros("1970-01-01T00:00:01.5Z"), 1'500'000);
  EXPECT_EQ(micros("1970-01-01T00:00:00.123456789"), 123'456);
  EXPECT_EQ(micros("1970-01-01T02:00+02:00"), 0);
  EXPECT_EQ(micros("1969-12-31T22:00:00-0200"), 0);
  EXPECT_EQ(parse_timestamp_text("1970-01-01T00:00:00.123456789", ColumnType::timestamp_ns), 123'456'789);
  EXPECT_EQ(parse_timestamp_text("1970-01-01T00:00:00.123456789", ColumnType::date), 123);
  EXPECT_EQ(parse_timestamp_text("1960", ColumnType::timestamp), -3653 * kDay);
  EXPECT_EQ(parse_timestamp_text("9999", ColumnType::timestamp_ns), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_timestamp_text("0001", ColumnType::timestamp_ns), std::numeric_limits<std::int64_t>::min());
}

TEST(TimestampText, AnythingElseIsNone) {
  for (const std::string bad : {"", "x", "197", "1970-", "1970-13", "1970-00", "1970-02-30", "1970-01-01T",
                                "1970-01-01T24", "1970-01-01T00:60", "1970-01-01T00:00:00.", "1970-01-01x",
                                "1970-01-01T00:00:00.1234567890", "1970-01-01T00:00+", "1970 ", " 1970"})
    EXPECT_FALSE(parse_timestamp_text(bad, ColumnType::timestamp)) << bad;
}

TEST(ReplaceTimestamps, EveryPrefixIsHandled) {
  const std::string sql =
      "SELECT 'a''b', \"ts\" FROM t WHERE NOT ts = '1970' AND t.ts NOT IN ('1970','1970-02') AND '1970' < "
      "x.ts OR ts "
      "BETWEEN '1970' AND '1971' -- end";
  const auto type_of = [](std::string_view column) {
    return column == "ts" ? std::optional(ColumnType::date) : std::nullopt;
  };
  EXPECT_EQ(std::get<std::string>(replace_timestamps(sql, type_of)),
            "SELECT 'a''b', \"ts\" FROM t WHERE NOT ts = 0 AND t.ts NOT IN (0,2678400000) AND 0 < x.ts OR ts "
            "BETWEEN 0 "
            "AND 31536000000 -- end");
  for (std::size_t length = 0; length < sql.size(); ++length) {
    const auto result = replace_timestamps(std::string_view(sql).substr(0, length), type_of);
    EXPECT_TRUE(std::holds_alternative<std::string>(result) || std::get<SqlError>(result).position <= length);
  }
}

}  // namespace
}  // namespace questnode::engine
