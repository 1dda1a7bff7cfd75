#include <limits>
#include <random>

#include "support.hpp"

namespace questclient {
namespace {

using testing::buffer_of;
using testing::code_of;
using testing::message_of;
using std::string_literals::operator""s;

std::string bytes(const Decimal& value) {
  return {value.unscaled().begin(), value.unscaled().end()};
}

void expect_decimal(const Decimal& value, int scale, const std::string& unscaled) {
  EXPECT_EQ(value.scale(), scale);
  EXPECT_EQ(bytes(value), unscaled);
}

TEST(Decimal, ByteForByteInVersion3) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v3);
  const ColumnName name("b");
  buffer.table("t").column("a", Decimal(125, 2)).column(name, Decimal(-300, 1));
  buffer.column("c", Decimal::null()).column("d", 1.0).at(TimestampNanos{1});
  EXPECT_EQ(buffer.payload(),
            "t a==\x17\x02\x01\x7d,b==\x17\x01\x02\xfe\xd4,d"s + testing::binary(1.0) + " 1n\n");
}

TEST(Decimal, EarlierVersionsRefuseItAndSayWhatToDo) {
  for (const auto version : {ProtocolVersion::v1, ProtocolVersion::v2}) {
    LineBuffer buffer = buffer_of(version);
    const auto call = [&] { buffer.table("t").column("a", Decimal(1, 0)); };
    EXPECT_EQ(code_of(call), ErrorCode::invalid_value);
    EXPECT_NE(message_of(call).find("use version 3"), std::string::npos);
    EXPECT_TRUE(buffer.empty());
    buffer.table("t").column("a", Decimal::null()).column("b", 1).at_now();
    EXPECT_EQ(buffer.payload(), "t b=1i\n");
  }
}

TEST(Decimal, BytesThatRepeatTheSignAreLeftOut) {
  expect_decimal(Decimal(0, 0), 0, "\0"s);
  expect_decimal(Decimal(127, 0), 0, "\x7f");
  expect_decimal(Decimal(128, 0), 0, "\0\x80"s);
  expect_decimal(Decimal(-1, 76), 76, "\xff");
  expect_decimal(Decimal(-128, 0), 0, "\x80");
  expect_decimal(Decimal(-129, 0), 0, "\xff\x7f");
  expect_decimal(Decimal(std::numeric_limits<std::int64_t>::min(), 3), 3, "\x80\0\0\0\0\0\0\0"s);
  expect_decimal(Decimal(std::vector<std::uint8_t>{0, 0, 0x7d}, 2), 2, "\x7d");
  expect_decimal(Decimal(std::vector<std::uint8_t>{0xff, 0xff, 0x80}, 2), 2, "\x80");
  expect_decimal(Decimal(std::vector<std::uint8_t>(32, 0xff), 0), 0, "\xff");
}

TEST(Decimal, TextOfEveryForm) {
  expect_decimal(Decimal::parse("1.25"), 2, "\x7d");
  expect_decimal(Decimal::parse("+1.250"), 3, "\x04\xe2");
  expect_decimal(Decimal::parse("-12"), 0, "\xf4");
  expect_decimal(Decimal::parse(".5"), 1, "\x05");
  expect_decimal(Decimal::parse("5."), 0, "\x05");
  expect_decimal(Decimal::parse("000.010"), 3, "\x0a");
  expect_decimal(Decimal::parse("12e-1"), 1, "\x0c");
  expect_decimal(Decimal::parse("1.2E+3"), 0, "\x04\xb0");
  expect_decimal(Decimal::parse("1.25e1"), 1, "\x7d");
  expect_decimal(Decimal::parse("-0"), 0, "\0"s);
  expect_decimal(Decimal::parse("0.00"), 2, "\0"s);
  expect_decimal(Decimal::parse("0e-5000"), 76, "\0"s);
  expect_decimal(Decimal::parse("0e5000"), 0, "\0"s);
}

TEST(Decimal, TextThatIsNoNumberIsRefused) {
  for (const char* text :
       {"",      ".",   "-",  "+",  "e5",    ".e5", "1e",       "1e+",  "1e-", "1e+-5",          "1e--5",
        "1.2.3", "1,5", " 1", "1 ", "1.25d", "NaN", "Infinity", "0x10", "--1", "1e999999999999", "1e5x"}) {
    EXPECT_EQ(code_of([&] { Decimal::parse(text); }), ErrorCode::invalid_value) << text;
  }
}

TEST(Decimal, SeventySixDigitsAreTheMost) {
  const std::string nines(76, '9');
  const Decimal largest = Decimal::parse(nines);
  EXPECT_EQ(bytes(largest).size(), 32U);
  expect_decimal(Decimal::parse("0." + nines), 76, bytes(largest));
  expect_decimal(Decimal(largest.unscaled(), 5), 5, bytes(largest));
  expect_decimal(Decimal(Decimal::parse("-" + nines).unscaled(), 5), 5, bytes(Decimal::parse("-" + nines)));
  EXPECT_EQ(bytes(Decimal::parse("1e75")), bytes(Decimal::parse("1" + std::string(75, '0'))));
  for (const std::string& text : {"1" + std::string(76, '0'), nines + ".1", "0.0" + nines, "1e76"s, "1e-77"s,
                                  "1e100000"s, "-1" + std::string(76, '0')}) {
    EXPECT_EQ(code_of([&] { Decimal::parse(text); }), ErrorCode::invalid_value) << text;
  }
}

TEST(Decimal, ZerosAtTheEndAreGivenUpWhereTheyDoNotFit) {
  const std::string nines(76, '9');
  expect_decimal(Decimal::parse("10e-77"), 76, "\x01");
  expect_decimal(Decimal::parse("0." + std::string(75, '0') + "100"), 76, "\x01");
  expect_decimal(Decimal::parse(nines + ".000"), 0, bytes(Decimal::parse(nines)));
  expect_decimal(Decimal::parse("1.50"), 2, "\0\x96"s);
}

TEST(Decimal, BytesBeyondSeventySixDigitsAreRefused) {
  // 10^76 is one more than the largest.
  std::vector<std::uint8_t> unscaled(32, 0);
  const Decimal largest = Decimal::parse(std::string(76, '9'));
  std::copy(largest.unscaled().begin(), largest.unscaled().end(), unscaled.begin());
  for (std::size_t i = unscaled.size(); i-- > 0 && ++unscaled[i] == 0;) {
  }
  const auto code = [](const std::vector<std::uint8_t>& bytes, int scale) {
    return code_of([&] { Decimal(bytes, scale); });
  };
  EXPECT_EQ(code(unscaled, 0), ErrorCode::invalid_value);
  std::vector<std::uint8_t> smallest(32, 0);
  smallest[0] = 0x80;
  EXPECT_EQ(code(smallest, 0), ErrorCode::invalid_value);
  EXPECT_EQ(code({}, 0), ErrorCode::invalid_value);
  EXPECT_EQ(code(std::vector<std::uint8_t>(33, 0), 0), ErrorCode::invalid_value);
  EXPECT_EQ(code({1}, -1), ErrorCode::invalid_value);
  EXPECT_EQ(code({1}, 77), ErrorCode::invalid_value);
  EXPECT_EQ(code_of([] { Decimal(1, 77); }), ErrorCode::invalid_value);
}

TEST(Decimal, TextAndIntegersAgree) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20'000; ++round) {
    const auto value = static_cast<std::int64_t>(random()) >> (random() % 64);
    const auto exponent = static_cast<int>(random() % 20);
    const Decimal parsed = Decimal::parse(std::to_string(value) + "e-" + std::to_string(exponent));
    if (value == 0) continue;
    expect_decimal(parsed, exponent, bytes(Decimal(value, exponent)));
  }
}

}  // namespace
}  // namespace questclient
