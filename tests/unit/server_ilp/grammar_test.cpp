// Each rule of docs/ilp.md, as a body and the rows or the error that come of it.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dump.hpp"
#include "ilp/binary.hpp"

namespace questnode::ilp::test {
namespace {

struct Sample {
  std::string body;
  std::string expected;
};

void check(const std::vector<Sample>& samples) {
  for (const Sample& sample : samples)
    EXPECT_EQ(parsed(sample.body), sample.expected) << "body: " << sample.body;
}

TEST(Grammar, LinesEndInLineFeedOrCarriageReturnOrWithTheBody) {
  check({{"t f=1i 5\n", "t f:LONG=1 @5\n"},
         {"t f=1i 5", "t f:LONG=1 @5\n"},
         {"t f=1i 5\r\nt f=2i 6\r\n", "t f:LONG=1 @5\nt f:LONG=2 @6\n"},
         {"t f=1i 5\rt f=2i 6", "t f:LONG=1 @5\nt f:LONG=2 @6\n"},
         {"", ""},
         {"\n\r\n\n", ""}});
}

TEST(Grammar, EmptyLinesDoNotCountInTheErrorsLine) {
  EXPECT_EQ(parsed("\n\nt f=1i\n\n\r\nt f=x\n"),
            "line 2: Could not parse entire line, field value is invalid. Field: f; value: x");
}

TEST(Grammar, TagsFieldsAndTimestampAreEachOptionalAsFarAsOneOfTheFirstTwoIsThere) {
  check({{"t,a=x,b=y f=1i,g=2i 5", "t a:SYMBOL=x b:SYMBOL=y f:LONG=1 g:LONG=2 @5\n"},
         {"t,a=x", "t a:SYMBOL=x @1000000000\n"},
         {"t,a=x 5", "t a:SYMBOL=x @5\n"},
         {"t,a=x ", "t a:SYMBOL=x @1000000000\n"},
         {"t f=1i", "t f:LONG=1 @1000000000\n"},
         {"t f=1i \n", "t f:LONG=1 @1000000000\n"},
         {"#c f=1i 5", "#c f:LONG=1 @5\n"},
         {"t", "line 1: No fields were provided"},
         {"t \n", "line 1: No fields were provided"},
         {"t=1", "line 1: No fields were provided"},
         {"t 5", "line 1: Could not parse entire line. Field value is missing: 5"},
         {"t f 5", "line 1: Could not parse entire line. Field value is missing: f"},
         {"t,a f=1i", "line 1: Could not parse entire line. Symbol value is missing: a"},
         {"t, f=1i", "line 1: Could not parse entire line. Symbol value is missing: "},
         {"t,a=x,", "line 1: Could not parse entire line. Symbol value is missing: "},
         {"t f=1i,", "line 1: Could not parse entire line. Field value is missing: "}});
}

TEST(Grammar, ExactlyOneSpaceSeparates) {
  check({{" t f=1i", "line 1: table: ; invalid table name"},
         {"t  f=1i", "line 1: Could not parse entire line. Field value is missing: "},
         {"t,a=x  5", "line 1: Could not parse entire line. Field value is missing: "},
         {"t f=1i  5", "line 1: INVALID_FIELD_SEPARATOR"},
         {"t f=1i 5 ", "line 1: INVALID_FIELD_SEPARATOR"},
         {"t f=1i 5,g=2i", "line 1: INVALID_FIELD_SEPARATOR"},
         {"t,a=x=y f=1i", "line 1: INVALID_FIELD_SEPARATOR"},
         {"t f=1i=2", "line 1: INVALID_FIELD_SEPARATOR"},
         {"t f=\"x\"y", "line 1: INVALID_FIELD_SEPARATOR"}});
}

TEST(Grammar, ABackslashTakesTheNextByteAsItIs) {
  check({{R"(my\ table,a\ b=x\ y\,z\=\\ f\=g=1i 5)", "my table a b:SYMBOL=x y,z=\\ f=g:LONG=1 @5\n"},
         {"t,a=x\\\ny f=1i 5", "t a:SYMBOL=x\ny f:LONG=1 @5\n"},
         {"t,a=x\\", "line 1: the line ends behind a backslash"}});
}

TEST(Grammar, StringsTakeEverythingButARawLineFeed) {
  check(
      {{R"(t f="a b,c=d" 5)", "t f:VARCHAR=a b,c=d @5\n"},
       {R"(t f="" 5)", "t f:VARCHAR= @5\n"},
       {R"(t f="q\"b\\" 5)", "t f:VARCHAR=q\"b\\ @5\n"},
       {"t f=\"a\\\nb\" 5", "t f:VARCHAR=a\nb @5\n"},
       {"t f=\"a\rb\" 5", "t f:VARCHAR=a\rb @5\n"},
       {"t f=\"\xC3\xA9\" 5", "t f:VARCHAR=\xC3\xA9 @5\n"},
       {"t f=\"a\nb\" 5",
        "line 1: Could not parse entire line, field value is invalid. Field: f; value: \"a"},
       {"t f=\"abc", "line 1: Could not parse entire line, field value is invalid. Field: f; value: \"abc"},
       {"t f=\"a\\", "line 1: Could not parse entire line, field value is invalid. Field: f; value: \"a\\"},
       {"t f=\"\xC3\" 5",
        "line 1: Could not parse entire line, field value is invalid. Field: f; value: \"\xC3\""},
       {"t,a=\xFF f=1i", "line 1: Could not parse entire line, tag value is invalid. Tag: a; value: \xFF"}});
}

TEST(Grammar, LongStringsAreFoundTheirEndWhereverItLies) {
  for (std::size_t length = 0; length < 70; ++length) {
    const std::string text(length, 'x');
    EXPECT_EQ(parsed("t f=\"" + text + "\" 5"), "t f:VARCHAR=" + text + " @5\n");
    EXPECT_EQ(parsed("t,a=" + text + "\\,y 5"), "t a:SYMBOL=" + text + ",y @5\n");
    EXPECT_EQ(parsed("t,a=" + text + "\t\x01z 5"), "t a:SYMBOL=" + text + "\t\x01z @5\n");
  }
}

TEST(Grammar, Integers) {
  check({{"t f=-12i 5", "t f:LONG=-12 @5\n"},
         {"t f=9223372036854775807i 5", "t f:LONG=9223372036854775807 @5\n"},
         {"t f=-9223372036854775807i 5", "t f:LONG=-9223372036854775807 @5\n"},
         {"t f=0000000000000000000000007i 5", "t f:LONG=7 @5\n"},
         {"t f=-9223372036854775808i,g=1i 5", "t g:LONG=1 @5\n"}});
  for (const std::string bad :
       {"+1i", "9223372036854775808i", "-9223372036854775809i", "i", "-i", "1.5i", "1_0i", "--1i", "1 i"}) {
    EXPECT_TRUE(parsed("t f=" + bad).starts_with("line 1: ")) << bad;
  }
}

TEST(Grammar, IntegersOfEveryLengthWhereverTheyStand) {
  std::string digits;
  for (int length = 1; length <= 19; ++length) {
    digits += static_cast<char>('0' + (length * 7) % 9 + (length == 1 ? 1 : 0));
    for (const std::string& sign : {std::string(), std::string("-")}) {
      EXPECT_EQ(parsed("t f=" + sign + digits + "i,g=1i 5"), "t f:LONG=" + sign + digits + " g:LONG=1 @5\n");
      EXPECT_EQ(parsed("t f=" + sign + digits + "i"), "t f:LONG=" + sign + digits + " @1000000000\n");
      EXPECT_EQ(parsed("t f=" + sign + digits + ".5 1234567"),
                parsed("t f=" + sign + digits + ".50 1234567"));
      EXPECT_TRUE(parsed("t f=" + sign + digits + "/i 1234567").starts_with("line 1: ")) << digits;
      EXPECT_TRUE(parsed("t f=" + sign + digits + ":i 1234567").starts_with("line 1: ")) << digits;
    }
  }
}

TEST(Grammar, Floats) {
  check({{"t a=1,b=-1.5,c=+1,d=.5,e=1.,f=1e5,g=1E-5 5",
          "t a:DOUBLE=1 b:DOUBLE=-1.5 c:DOUBLE=1 d:DOUBLE=0.5 e:DOUBLE=1 f:DOUBLE=1e+05 g:DOUBLE=1e-05 @5\n"},
         {"t a=Infinity,b=-Infinity,c=NaN,d=1e-400 5", "t a:DOUBLE=inf b:DOUBLE=-inf d:DOUBLE=0 @5\n"},
         {"t a=0.1 5", "t a:DOUBLE=0.1 @5\n"}});
  for (const std::string bad : {"nan", "inf", "infinity", "-inf", "1e400", "-1e400", "1e", "+-1", "0x10",
                                "1..2", ".", "e5", "1f", "1x"}) {
    EXPECT_TRUE(
        parsed("t f=" + bad).starts_with("line 1: Could not parse entire line, field value is invalid"))
        << bad;
  }
}

TEST(Grammar, Booleans) {
  for (const std::string yes : {"t", "T", "true", "TRUE", "True", "tRuE"})
    EXPECT_EQ(parsed("t f=" + yes + " 5"), "t f:BOOLEAN=1 @5\n");
  for (const std::string no : {"f", "F", "false", "FALSE", "False"})
    EXPECT_EQ(parsed("t f=" + no + " 5"), "t f:BOOLEAN=0 @5\n");
  for (const std::string bad : {"tr", "tru", "yes", "e", "truee"})
    EXPECT_TRUE(parsed("t f=" + bad).starts_with("line 1: ")) << bad;
}

TEST(Grammar, Long256) {
  const std::string digits(64, 'a');
  check({{"t f=0x0123abci 5", "t f:LONG256=0x0123abc @5\n"},
         {"t f=0x" + digits + "i 5", "t f:LONG256=0x" + digits + " @5\n"}});
  for (const std::string& bad :
       {std::string("0xi"), std::string("0xgi"), "0x" + digits + "ai", std::string("0x12")})
    EXPECT_TRUE(parsed("t f=" + bad).starts_with("line 1: ")) << bad;
}

TEST(Grammar, TimestampFields) {
  check({{"t a=5t,b=-6n,c=7m 5", "t a:TIMESTAMP=5 b:TIMESTAMP_NS=-6 c:TIMESTAMP=7000 @5\n"}});
  for (const std::string bad : {"9223372036854775807m", "9223372036854775808t", "n", "m", "1.5t", "-t"})
    EXPECT_TRUE(parsed("t f=" + bad).starts_with("line 1: ")) << bad;
}

TEST(Grammar, AnEmptyFieldIsNullAndAnEmptyTagAnEmptySymbol) {
  check({{"t,a= f=,g=1i 5", "t a:SYMBOL= g:LONG=1 @5\n"}, {"t f= 5", "t @5\n"}, {"t f=", "t @1000000000\n"}});
}

TEST(Grammar, TheFirstOfTheSameNameWinsWithoutCase) {
  check({{"t,a=x,A=y f=1i,F=2.5,a=7i 5", "t a:SYMBOL=x f:LONG=1 @5\n"},
         {"t f=1i,F=bad 5",
          "line 1: Could not parse entire line, field value is invalid. Field: F; value: bad"}});
}

TEST(Grammar, TableNamesAreComparedWithoutCase) {
  EXPECT_EQ(parsed("Cpu f=1i 1\nother f=2i 2\ncPU F=3i 3\n"),
            "Cpu f:LONG=1 @1\nCpu f:LONG=3 @3\nother f:LONG=2 @2\n");
}

TEST(Grammar, BinaryValuesMayHoldAnyByte) {
  const double line_feeds = [] {
    double value;
    std::memcpy(&value, "\n\n,= \n\n\x3f", sizeof value);
    return value;
  }();
  const std::string body =
      "t f=" + binary_double(line_feeds) + ",g=" + binary_double(2.5) + " 5\nt g=" + binary_double(-1) + "\n";
  std::string expected = "t f:DOUBLE=";
  char digits[32];
  expected.append(digits, std::to_chars(digits, digits + sizeof digits, line_feeds).ptr);
  EXPECT_EQ(parsed(body), expected + " g:DOUBLE=2.5 @5\nt g:DOUBLE=-1 @1000000000\n");
  check({{"t f=" + binary_double(1) + "x", "line 1: INVALID_FIELD_SEPARATOR"},
         {"t f==", "line 1: the body ends within a binary value. Field: f"},
         {"t f==\x10"
          "1234567",
          "line 1: the body ends within a binary value. Field: f"},
         {"t f==\x2a", "line 1: UNSUPPORTED_BINARY_FORMAT"}});
}

TEST(Grammar, DecimalsAsText) {
  check({{"t f=1.25d 5", "t f:DECIMAL=1.25 @5\n"},
         {"t f=-0.050d 5", "t f:DECIMAL=-0.050 @5\n"},
         {"t f=+.5d,g=1.d 5", "t f:DECIMAL=0.5 g:DECIMAL=1 @5\n"},
         {"t f=1e3d,g=1.5e-3d 5", "t f:DECIMAL=1000 g:DECIMAL=0.0015 @5\n"},
         {"t f=NaNd,g=-Infinityd,h=1i 5", "t h:LONG=1 @5\n"}});
  for (const std::string bad :
       {"d", "nand", "-d", ".d", "1e", "1ed", "1.2.3d", "e5d", "1_0d", "--1d", "1e+-2d"})
    EXPECT_TRUE(parsed("t f=" + bad).starts_with("line 1: ")) << bad;
  EXPECT_TRUE(parsed("t f=" + std::string(77, '9') + "d").starts_with("line 1: "));
  EXPECT_TRUE(parsed("t f=0." + std::string(77, '1') + "d").starts_with("line 1: "));
}

std::string decimal(int scale, const std::vector<int>& bytes) {
  std::string value = "=\x17";
  value += static_cast<char>(scale);
  value += static_cast<char>(bytes.size());
  for (const int byte : bytes) value += static_cast<char>(byte);
  return value;
}

TEST(Grammar, DecimalsAsBytes) {
  std::vector<int> smallest(32, 0);
  smallest[0] = 0x80;
  std::vector<int> long_zeros(40, 0);
  long_zeros.back() = 7;
  check({{"t f=" + decimal(2, {0x7d}) + " 5", "t f:DECIMAL=1.25 @5\n"},
         {"t f=" + decimal(2, {0xff}) + " 5", "t f:DECIMAL=-0.01 @5\n"},
         {"t f=" + decimal(0, {0x01, 0x86, 0xa0}) + " 5", "t f:DECIMAL=100000 @5\n"},
         {"t f=" + decimal(0, {0xff, 0x00}) + " 5", "t f:DECIMAL=-256 @5\n"},
         {"t f=" + decimal(76, {1}) + " 5", "t f:DECIMAL=0." + std::string(75, '0') + "1 @5\n"},
         {"t f=" + decimal(0, long_zeros) + " 5", "t f:DECIMAL=7 @5\n"},
         {"t f=" + decimal(3, {0}) + " 5", "t f:DECIMAL=0.000 @5\n"},
         {"t f=" + decimal(3, {}) + ",g=1i 5", "t g:LONG=1 @5\n"},
         {"t f=" + decimal(77, {1}), "line 1: DECIMAL_INVALID_SCALE"},
         {"t f=" + decimal(0, smallest), "line 1: DECIMAL_OVERFLOW"},
         {"t f=" + decimal(0, std::vector<int>(33, 0xff)), "line 1: DECIMAL_OVERFLOW"},
         {"t f==\x17\x02\x03\x01", "line 1: the body ends within a decimal"}});
}

std::string array(const std::vector<std::int32_t>& lengths, const std::vector<double>& values) {
  std::string bytes = "=\x0e\x0a";
  bytes += static_cast<char>(lengths.size());
  for (const std::int32_t length : lengths) bytes += bytes_of(length);
  for (const double value : values) bytes += bytes_of(value);
  return bytes;
}

TEST(Grammar, ArraysBecomeJson) {
  const double infinity = std::numeric_limits<double>::infinity();
  check({{"t f=" + array({3}, {1, 2.5, -3}) + " 5", "t f:DOUBLE[]=[1.0,2.5,-3.0] @5\n"},
         {"t f=" + array({2, 2}, {1, 2, 3, 4}) + " 5", "t f:DOUBLE[][]=[[1.0,2.0],[3.0,4.0]] @5\n"},
         {"t f=" + array({2}, {std::nan(""), -infinity}) + " 5", "t f:DOUBLE[]=[null,\"-Infinity\"] @5\n"},
         {"t f=" + array({2147483647, 0}, {}) + " 5", "t f:DOUBLE[][]=[] @5\n"},
         {"t f=" + array({}, {}) + ",g=1i 5", "t g:LONG=1 @5\n"}});
}

/// Lengths and as many values as they ask for.
std::string filled(const std::vector<std::int32_t>& lengths) {
  std::size_t count = 1;
  for (const std::int32_t length : lengths) count *= static_cast<std::size_t>(length);
  return array(lengths, std::vector<double>(count, -1.2345678901234567e-300));
}

TEST(Grammar, AnArrayOfManyDimensionsIsTakenUnlessItIsMostlyBrackets) {
  std::vector<std::int32_t> ones(32, 1);
  EXPECT_TRUE(parsed("t f=" + filled(ones)).starts_with("t f:DOUBLE[][]"));
  EXPECT_TRUE(parsed("t f=" + filled({1000, 1, 1, 1})).starts_with("t f:DOUBLE[][][][]=[[[["));
  EXPECT_TRUE(parsed("t f=" + filled({10, 1, 1, 1, 1, 1, 1, 8})).starts_with("t f:DOUBLE[]"));
  ones.front() = 1000;
  EXPECT_EQ(
      parsed("t f=1i\nt f=" + filled(ones)),
      "line 2: an array of 32 dimensions is mostly brackets as text: leave out its dimensions of length 1");
}

TEST(Grammar, TheTextOfAnArrayIsNotLongerThanWasReserved) {
  const std::vector<std::vector<std::int32_t>> shapes = {{1},          {1000}, {20, 50}, {1000, 1, 1, 1},
                                                         {7, 1, 2, 3}, {0, 4}};
  for (const auto& lengths : shapes) {
    const std::string bytes = filled(lengths);
    const char* at = bytes.data() + 2;
    const BinaryArray value = parse_array(at, bytes.data() + bytes.size());
    std::string json;
    append_json(value, json);
    EXPECT_LE(json.size(), value.longest_json());
    EXPECT_LE(json.size(), 5 * bytes.size());
  }
}

TEST(Grammar, ImpossibleArraysAreRefused) {
  check({{"t f=" + array({2147483647, 2147483647, 2147483647, 2147483647}, {1}),
          "line 1: an array is longer than the body"},
         {"t f=" + array({2}, {1}), "line 1: an array is longer than the body"},
         {"t f=" + array({-1}, {1}), "line 1: an array has a dimension of negative length"},
         {"t f=" + array(std::vector<std::int32_t>(33, 1), {1}), "line 1: ARRAY_TOO_MANY_DIMENSIONS"},
         {"t f==\x0e\x0b\x01", "line 1: ARRAY_INVALID_TYPE"},
         {"t f==\x0e", "line 1: an array is longer than the body"}});
}

}  // namespace
}  // namespace questnode::ilp::test
