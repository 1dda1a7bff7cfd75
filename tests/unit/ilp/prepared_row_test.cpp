#include <limits>
#include <optional>

#include "support.hpp"

namespace questclient {
namespace {

using testing::binary;
using testing::binary_array;
using testing::buffer_of;
using testing::code_of;
using testing::expect_lengths_add_up;
using testing::kMin;
using testing::message_of;
using std::string_literals::operator""s;

TEST(PreparedRow, ByteForByte) {
  const PreparedRow trades("trades", {"symbol", "side"}, {"price", "amount"});
  LineBuffer buffer;
  buffer.add(trades, "ETH-USD", std::string("sell"), 2615.54, 4, TimestampNanos{7});
  buffer.add(trades, "a b", "", 0.0F, true, TimestampMicros{8});
  buffer.add(trades, std::string_view("x"), "y", "a \"text\"", TimestampNanos{5}, AtNow{});
  EXPECT_EQ(buffer.payload(), "trades,symbol=ETH-USD,side=sell price"s + binary(2615.54) + ",amount=4i 7n\n" +
                                  "trades,symbol=a\\ b,side= price" + binary(0) + ",amount=t 8t\n" +
                                  "trades,symbol=x,side=y price=\"a \\\"text\\\"\",amount=5n\n");
  EXPECT_EQ(buffer.rows_without_timestamp(), 1U);
  expect_lengths_add_up(buffer);
}

TEST(PreparedRow, TakesEveryTypeOfValue) {
  const PreparedRow row("t", {}, {"a", "b", "c", "d", "e", "f", "g", "h", "i"});
  LineBuffer buffer = buffer_of(ProtocolVersion::v3);
  const std::vector<double> elements = {1, 2};
  const auto matrix = ArrayView(elements.data(), std::vector<std::size_t>{2, 1});
  buffer.add(row, elements, std::span<const double>(elements), matrix, ArrayView::null(), Decimal(125, 2),
             Long256({1, 0, 0, 0}), Uuid::parse("123e4567-e89b-12d3-a456-426614174000"), Ipv4(0x01020304),
             Char(u'x'), AtNow{});
  EXPECT_EQ(buffer.payload(), "t a" + binary_array({2}, elements) + ",b" + binary_array({2}, elements) +
                                  ",c" + binary_array({2, 1}, elements) + ""s +
                                  ",e==\x17\x02\x01\x7d,f=0x1i,g=\"123e4567-e89b-12d3-a456-426614174000\","
                                  "h=\"1.2.3.4\",i=\"x\"\n");
}

TEST(PreparedRow, MissingValuesAreLeftOut) {
  const PreparedRow row("t", {"s1", "s2"}, {"a", "b"});
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  const std::optional<std::string> none;
  const std::optional<std::int64_t> five = 5;
  buffer.add(row, none, "x", std::optional<double>(), five, TimestampNanos{1});
  buffer.add(row, "x", std::nullopt, five, std::nullopt, AtNow{});
  buffer.add(row, std::nullopt, std::nullopt, std::nullopt, 1, AtNow{});
  buffer.add(row, std::optional("y"), std::nullopt, std::nullopt, std::nullopt, TimestampMicros{1});
  EXPECT_EQ(buffer.payload(), "t,s2=x b=5i 1\nt,s1=x a=5i\nt b=1i\nt,s1=y 1000\n");
}

TEST(PreparedRow, ARowWithoutAnyValueIsRefused) {
  const PreparedRow row("t", {"s"}, {"a"});
  LineBuffer buffer;
  EXPECT_EQ(code_of([&] { buffer.add(row, std::nullopt, std::nullopt, TimestampNanos{1}); }),
            ErrorCode::invalid_api_call);
  EXPECT_TRUE(buffer.empty());
}

TEST(PreparedRow, AnotherNumberOfValuesIsRefused) {
  const PreparedRow row("t", {"s"}, {"a", "b"});
  LineBuffer buffer;
  EXPECT_EQ(code_of([&] { buffer.add(row, "x", 1, AtNow{}); }), ErrorCode::invalid_api_call);
  EXPECT_EQ(code_of([&] { buffer.add(row, "x", 1, 2, 3, AtNow{}); }), ErrorCode::invalid_api_call);
  EXPECT_EQ(code_of([&] { buffer.add(row, AtNow{}); }), ErrorCode::invalid_api_call);
  EXPECT_EQ(
      message_of([&] { buffer.add(row, "x", 1, AtNow{}); }),
      "add() was given 2 values for 1 symbols and 2 columns of \"t\"; give one value each, std::nullopt "
      "where there is none. The row is dropped.");
  EXPECT_TRUE(buffer.empty());
}

TEST(PreparedRow, ASymbolThatIsNotTextIsRefused) {
  const PreparedRow row("t", {"s"}, {"a"});
  LineBuffer buffer;
  EXPECT_EQ(code_of([&] { buffer.add(row, 1, 2, AtNow{}); }), ErrorCode::invalid_api_call);
  EXPECT_EQ(code_of([&] { buffer.add(row, TimestampNanos{1}, 2, AtNow{}); }), ErrorCode::invalid_api_call);
  EXPECT_NE(message_of([&] { buffer.add(row, 1.5, 2, AtNow{}); }).find("\"s\" is not text"),
            std::string::npos);
  EXPECT_TRUE(buffer.empty());
}

TEST(PreparedRow, NamesAreCheckedWhenItIsMade) {
  const auto code = [](std::string_view table, std::vector<std::string_view> symbols,
                       std::vector<std::string_view> columns, std::size_t max_name_len = 127) {
    return code_of([&] { PreparedRow(table, symbols, columns, max_name_len); });
  };
  EXPECT_EQ(code("t", {"s"}, {"a"}), std::nullopt);
  EXPECT_EQ(code("t", {"a b"}, {"a=b"}), std::nullopt);
  EXPECT_EQ(code("t.", {"s"}, {"a"}), ErrorCode::invalid_name);
  EXPECT_EQ(code("t", {"s."}, {"a"}), ErrorCode::invalid_name);
  EXPECT_EQ(code("t", {"s"}, {"a-b"}), ErrorCode::invalid_name);
  EXPECT_EQ(code("t", {"s"}, {""}), ErrorCode::invalid_name);
  EXPECT_EQ(code("t", {"s"}, {"abcde"}, 4), ErrorCode::invalid_name);
  EXPECT_EQ(code("t", {}, {}), ErrorCode::invalid_api_call);
}

TEST(PreparedRow, ANameThatStandsTwiceIsRefusedInWhateverCase) {
  EXPECT_EQ(code_of([] { PreparedRow("t", {"s", "S"}, {}); }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([] { PreparedRow("t", {"price"}, {"a", "Price"}); }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([] { PreparedRow("t", {}, {"aB", "x", "Ab"}); }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([] { PreparedRow("t", {"t"}, {"ab", "abc"}); }), std::nullopt);
  EXPECT_NE(message_of([] { PreparedRow("t", {"s"}, {"S"}); }).find("stands twice"), std::string::npos);
}

TEST(PreparedRow, CanBeMadeOfStringsAndIsCopied) {
  std::vector<std::string> symbols = {"a rather long name of a symbol"};
  std::vector<std::string> columns = {"c"};
  std::optional<PreparedRow> row(std::in_place, "t", symbols, columns);
  const PreparedRow copy = *row;
  row.reset();
  symbols.clear();
  LineBuffer buffer;
  buffer.add(copy, "x", 1, AtNow{});
  EXPECT_EQ(buffer.payload(), "t,a\\ rather\\ long\\ name\\ of\\ a\\ symbol=x c=1i\n");
  EXPECT_EQ(copy.symbols(), 1U);
  EXPECT_EQ(copy.columns(), 1U);
}

// Invariant 2.
TEST(PreparedRow, ARefusedValueLeavesCompleteRows) {
  const PreparedRow row("t", {"s"}, {"a"});
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  buffer.add(row, "x", 1, AtNow{});
  const auto refused = [&](ErrorCode code, auto&& call) {
    EXPECT_EQ(code_of(call), code);
    EXPECT_EQ(buffer.payload(), "t,s=x a=1i\n");
    EXPECT_EQ(buffer.rows_without_timestamp(), 1U);
    expect_lengths_add_up(buffer);
  };
  const char* null = nullptr;
  const std::vector<double> elements = {1};
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "\xff", 1, AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", "\xff", AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, null, 1, AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", kMin, AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", TimestampMicros{kMin}, AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", TimestampNanos{kMin}, AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", std::uint64_t{1} << 63, AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", elements, AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", ArrayView(elements), AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", Decimal(1, 0), AtNow{}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", 1, TimestampNanos{-1}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", 1, TimestampMicros{kMin}); });
  refused(ErrorCode::invalid_value, [&] { buffer.add(row, "x", 1, TimestampMicros{9'223'372'036'854'776}); });
  buffer.add(row, "x", 2, TimestampMicros{9'223'372'036'854'775});
  EXPECT_EQ(buffer.payload(), "t,s=x a=1i\nt,s=x a=2i 9223372036854775000\n");
}

TEST(PreparedRow, InsideARowItIsRefused) {
  const PreparedRow row("t", {"s"}, {"a"});
  LineBuffer buffer;
  buffer.table("t").column("a", 1);
  EXPECT_EQ(code_of([&] { buffer.add(row, "x", 1, AtNow{}); }), ErrorCode::invalid_api_call);
  EXPECT_EQ(code_of([&] { buffer.at_now(); }), ErrorCode::invalid_api_call);  // the row is gone
  EXPECT_TRUE(buffer.empty());
}

TEST(PreparedRow, MaxSizeIsRespected) {
  LineBuffer::Options options;
  options.max_size = 22;
  options.initial_size = 0;
  LineBuffer buffer(options);
  const PreparedRow row("t", {"s"}, {"a"});
  buffer.add(row, "x", 1, AtNow{});
  EXPECT_EQ(code_of([&] { buffer.add(row, "xy", 1, AtNow{}); }), ErrorCode::buffer_full);
  EXPECT_EQ(code_of([&] { buffer.add(row, std::string(100'000, ' '), 1, AtNow{}); }), ErrorCode::buffer_full);
  const std::vector<double> elements(100'000);
  EXPECT_EQ(code_of([&] { buffer.add(row, "x", elements, AtNow{}); }), ErrorCode::buffer_full);
  EXPECT_EQ(buffer.rows(), 1U);
  EXPECT_EQ(buffer.rows_without_timestamp(), 1U);
  buffer.add(row, "y", 2, AtNow{});
  EXPECT_EQ(buffer.payload(), "t,s=x a=1i\nt,s=y a=2i\n");
}

// Version 1 is what is wrong, not max_size.
TEST(PreparedRow, AnArrayOfALaterVersionThatIsLongerThanMaxSize) {
  LineBuffer::Options options;
  options.version = ProtocolVersion::v1;
  options.max_size = 100;
  LineBuffer buffer(options);
  const PreparedRow row("t", {}, {"a"});
  const std::vector<double> elements(1000);
  EXPECT_EQ(code_of([&] { buffer.add(row, elements, AtNow{}); }), ErrorCode::invalid_value);
  EXPECT_EQ(code_of([&] { buffer.add(row, ArrayView(elements), AtNow{}); }), ErrorCode::invalid_value);
  EXPECT_NE(message_of([&] { buffer.add(row, elements, AtNow{}); }).find("use version 2"), std::string::npos);
}

TEST(PreparedRow, DesignatedMicrosEndWithTheYear9999) {
  const PreparedRow row("t", {}, {"a"});
  LineBuffer buffer;
  buffer.add(row, 1, TimestampMicros{253'402'300'799'999'999});
  EXPECT_EQ(code_of([&] { buffer.add(row, 1, TimestampMicros{253'402'300'800'000'000}); }),
            ErrorCode::invalid_value);
  EXPECT_EQ(buffer.rows(), 1U);
}

TEST(PreparedRow, AValueOfNothingButEscapesFits) {
  const PreparedRow row("t", {"s"}, {"a"});
  for (const std::size_t size : {15U, 16U, 17U, 1000U, 100'000U}) {
    LineBuffer prepared;
    LineBuffer plain;
    const std::string spaces(size, ' ');
    const std::string quotes(size, '"');
    prepared.add(row, spaces, quotes, AtNow{});
    plain.table("t").symbol("s", spaces).column("a", quotes).at_now();
    EXPECT_EQ(prepared.payload(), plain.payload());
  }
}

TEST(PreparedRow, ValuesMayBeCollectedAtRunTime) {
  const PreparedRow row("t", {"s"}, {"a"});
  std::vector<RowValue> values = {"x", std::nullopt};
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  buffer.add_values(row, values, AtNow{});
  values[1] = 2.5;
  buffer.add_values(row, values, TimestampNanos{3});
  EXPECT_EQ(buffer.payload(), "t,s=x\nt,s=x a=2.5 3\n");
}

}  // namespace
}  // namespace questclient
