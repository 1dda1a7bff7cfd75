// Whole bodies: sparse columns, several types of one name, bounds against hostile ones, damage.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "dump.hpp"

namespace questnode::ilp::test {
namespace {

engine::WriteRequest accepted(std::string_view body) {
  auto result = parse(body, Precision::nanos, kArrival);
  if (const auto* error = std::get_if<ParseError>(&result)) throw std::runtime_error(error->message);
  return std::get<engine::WriteRequest>(std::move(result));
}

TEST(Bodies, TheFirstBadLineStopsAndNothingIsKept) {
  EXPECT_EQ(parsed("t f=1i 1\nt f=\nu f=x\nt f=1"),
            "line 3: Could not parse entire line, field value is invalid. Field: f; value: x");
}

TEST(Bodies, RowsRememberTheirPlaceInTheRequest) {
  const auto request = accepted("a f=1i 1\nb f=2i 2\n\na f=3i 3\n");
  EXPECT_EQ(request.rows, 3U);
  ASSERT_EQ(request.tables.size(), 2U);
  EXPECT_EQ(request.tables[0].rows, (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(request.tables[1].rows, (std::vector<std::uint32_t>{1}));
}

TEST(Bodies, ColumnsMayComeAndGoInAnyOrder) {
  EXPECT_EQ(parsed("t,a=x f=1i,g=2i 1\nt g=3i,f=4i 2\nt,b=y h=5i 3\nt,a=z,b=w f=6i,h=7i 4\nt g=8i 5\n"),
            "t a:SYMBOL=x f:LONG=1 g:LONG=2 @1\nt f:LONG=4 g:LONG=3 @2\nt b:SYMBOL=y h:LONG=5 @3\n"
            "t a:SYMBOL=z f:LONG=6 b:SYMBOL=w h:LONG=7 @4\nt g:LONG=8 @5\n");
}

TEST(Bodies, ANameWrittenWithSeveralTypesStandsOnceForEach) {
  EXPECT_EQ(parsed("t f=1i 1\nt f=2.5 2\nt f=3i 3\nt f=\"x\" 4\n"),
            "t f:LONG=1 @1\nt f:DOUBLE=2.5 @2\nt f:LONG=3 @3\nt f:VARCHAR=x @4\n");
  EXPECT_EQ(accepted("t f=1i\nt F=2.5\nt f=3i").tables[0].block.columns.size(), 2U);
}

TEST(Bodies, SymbolsAreCodedOnceHoweverOftenTheyCome) {
  std::string body;
  for (int i = 0; i < 10'000; ++i)
    body.append("t,a=symbol_").append(std::to_string(i % 1000)).append(" f=1i\n");
  const auto request = accepted(body);
  const engine::BlockColumn& column = request.tables[0].block.columns[0];
  EXPECT_EQ(column.text_ends.size(), 1000U);
  ASSERT_EQ(column.codes.size(), 10'000U);
  for (std::uint32_t i = 0; i < 10'000; ++i)
    ASSERT_EQ(column.text_at(i), "symbol_" + std::to_string(i % 1000));
}

TEST(Bodies, ATableMayHave1800Columns) {
  std::string body = "t ";
  for (int i = 0; i < 1800; ++i) body += (i > 0 ? ",c" : "c") + std::to_string(i) + "=1i";
  EXPECT_EQ(accepted(body).tables[0].block.columns.size(), 1800U);
  EXPECT_EQ(parsed(body + ",more=1i"),
            "line 1: table: t; too many columns: at most 1800 in a table and 100000 in a request");
}

TEST(Bodies, ARequestMayHaveTenThousandTables) {
  std::string body;
  for (int i = 0; i < 10'000; ++i) body.append("t").append(std::to_string(i)).append(" f=1i\n");
  EXPECT_EQ(accepted(body).tables.size(), 10'000U);
  EXPECT_EQ(parsed(body + "more f=1i"), "line 10001: too many tables in one request: at most 10000");
}

TEST(Bodies, ARequestMayHaveAHundredThousandColumns) {
  std::string body;
  for (int table = 0; table < 101; ++table) {
    body.append("t").append(std::to_string(table)).append(" ");
    for (int i = 0; i < 1000; ++i) body += (i > 0 ? ",c" : "c") + std::to_string(i) + "=1i";
    body += '\n';
  }
  EXPECT_TRUE(parsed(body).starts_with("line 101: table: t100; too many columns"));
}

TEST(Bodies, SparseRowsTakeRoomForTheirValuesOnly) {
  std::string body;
  for (int i = 0; i < 100'000; ++i) body.append("t c").append(std::to_string(i % 1700)).append("=1i\n");
  const auto request = accepted(body);
  std::size_t values = 0;
  for (const engine::BlockColumn& column : request.tables[0].block.columns) {
    EXPECT_EQ(column.integers.size(), column.rows.size());
    values += column.integers.size();
  }
  EXPECT_EQ(values, 100'000U);
}

/// From memory without a byte to spare: reading past the body's end is seen by the address sanitizer.
std::variant<engine::WriteRequest, ParseError, NoRoom> parse_exact(const std::string& body) {
  const std::vector<char> exact(body.begin(), body.end());
  return parse({exact.data(), exact.size()}, Precision::nanos, kArrival);
}

/// What the parser accepts must be what a block may be: its bytes are read back.
void check_round_trip(const engine::WriteRequest& request) {
  std::uint32_t rows = 0;
  for (const engine::ParsedTable& table : request.tables) {
    rows += table.block.rows;
    ASSERT_EQ(table.rows.size(), table.block.rows);
    std::string bytes;
    engine::encode_block(table.block, bytes);
    base::ByteReader in(bytes);
    const engine::Block decoded = engine::decode_block(in);
    std::string again;
    engine::encode_block(decoded, again);
    ASSERT_EQ(again, bytes);
  }
  ASSERT_EQ(rows, request.rows);
}

TEST(Bodies, DamagedOnesNeverDoMoreThanFail) {
  const std::string valid =
      "cpu,host=h\\ 1,region=eu usage=1i,load=2.5,s=\"a\\\"b\",b=t,l=0x1fi,x=5t 1700000000000000000n\n"
      "cpu,host=h2 usage=7i,d=" +
      binary_double(1.5) + ",y=-3 5\n" + "mem f==\x0e\x0a\x02" + bytes_of(std::int32_t{1}) +
      bytes_of(std::int32_t{2}) + bytes_of(1.0) + bytes_of(2.0) + ",n=NaN 17t\nmem,host=\xC3\xA9 f=1e5\r\n";
  ASSERT_FALSE(parsed(valid).starts_with("line"));
  const std::string alphabet =
      " ,=\n\r\\\"i\x10\x0e\x0a"
      "0159-+.enmtfx\xC3\xFF";
  base::SeededRandom random(7);
  int taken = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string body = valid;
    for (auto changes = 1 + random.below(4); changes > 0; --changes) {
      const auto at = random.below(body.size());
      switch (random.below(4)) {
        case 0:
          body[at] = static_cast<char>(random.next());
          break;
        case 1:
          body[at] = alphabet[random.below(alphabet.size())];
          break;
        case 2:
          body.erase(at, 1 + random.below(8));
          break;
        default:
          body.insert(at, 1, alphabet[random.below(alphabet.size())]);
          break;
      }
      if (body.empty()) body.push_back('t');
    }
    const auto result = parse_exact(body);
    if (const auto* request = std::get_if<engine::WriteRequest>(&result)) {
      ++taken;
      ASSERT_NO_FATAL_FAILURE(check_round_trip(*request));
    }
  }
  EXPECT_GT(taken, 1000);
  EXPECT_LT(taken, 29'000);
}

TEST(Bodies, NoiseNeverDoesMoreThanFail) {
  base::SeededRandom random(11);
  const std::string alphabet = "ab,,== \n\\\"1i";
  for (int round = 0; round < 30'000; ++round) {
    std::string body;
    for (auto length = random.below(40); length > 0; --length)
      body += alphabet[random.below(alphabet.size())];
    const auto result = parse_exact(body);
    if (const auto* request = std::get_if<engine::WriteRequest>(&result)) {
      ASSERT_NO_FATAL_FAILURE(check_round_trip(*request)) << body;
    }
  }
}

}  // namespace
}  // namespace questnode::ilp::test
