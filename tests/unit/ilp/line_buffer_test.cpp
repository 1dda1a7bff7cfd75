#include <cmath>
#include <limits>
#include <utility>

#include "support.hpp"

namespace questclient {
namespace {

using testing::binary;
using testing::buffer_of;
using testing::code_of;
using testing::expect_lengths_add_up;
using testing::kMin;
using testing::message_of;
using std::string_literals::operator""s;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(LineBuffer, WritesEveryTypeInVersion1) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  buffer.table("t").symbol("s", "x").column("b", true).column("i", 42).column("d", 2.5).column("v", "text");
  buffer.column("us", TimestampMicros{1500}).column("ns", TimestampNanos{1999}).at(TimestampNanos{7});
  EXPECT_EQ(buffer.payload(), "t,s=x b=t,i=42i,d=2.5,v=\"text\",us=1500t,ns=1t 7\n");
}

TEST(LineBuffer, WritesEveryTypeInVersion2) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v2);
  buffer.table("t").symbol("s", "x").column("b", false).column("i", -42).column("d", 2.5).column("v", "text");
  buffer.column("us", TimestampMicros{1500}).column("ns", TimestampNanos{1999}).at(TimestampNanos{7});
  EXPECT_EQ(buffer.payload(), "t,s=x b=f,i=-42i,d"s + binary(2.5) + ",v=\"text\",us=1500t,ns=1999n 7n\n");
}

TEST(LineBuffer, PreparedNamesGiveTheSameBytes) {
  const TableName table("my table");
  const ColumnName symbol("s=1");
  const ColumnName column("a rather long column name");
  for (const auto version : {ProtocolVersion::v1, ProtocolVersion::v2}) {
    LineBuffer prepared = buffer_of(version);
    LineBuffer checked = buffer_of(version);
    for (int i = 0; i < 3; ++i) {
      prepared.table(table).symbol(symbol, "x").column(column, 1.5).column(column, i).column(column, true);
      prepared.column(column, "q").column(column, TimestampMicros{1}).column(column, TimestampNanos{1});
      prepared.at(TimestampMicros{5});
      checked.table("my table").symbol("s=1", "x");
      const std::string_view name = "a rather long column name";
      checked.column(name, 1.5).column(name, i).column(name, true).column(name, "q");
      checked.column(name, TimestampMicros{1}).column(name, TimestampNanos{1}).at(TimestampMicros{5});
    }
    EXPECT_EQ(prepared.payload(), checked.payload());
    EXPECT_EQ(prepared.rows(), 3U);
  }
}

TEST(LineBuffer, FirstColumnFollowsASpaceWithAndWithoutSymbols) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  buffer.table("t").column("a", 1).column("b", 2).at_now();
  buffer.table("t").symbol("a", "x").at(TimestampNanos{5});
  buffer.table("t").symbol("a", "x").symbol("b", "").column("c", true).at_now();
  EXPECT_EQ(buffer.payload(), "t a=1i,b=2i\nt,a=x 5\nt,a=x,b= c=t\n");
}

TEST(LineBuffer, DesignatedTimestampsNameTheirUnitOnlyInVersion2) {
  LineBuffer v1 = buffer_of(ProtocolVersion::v1);
  v1.table("t").column("a", 1).at(TimestampMicros{12});
  v1.table("t").column("a", 1).at(TimestampNanos{0});
  EXPECT_EQ(v1.payload(), "t a=1i 12000\nt a=1i 0\n");
  LineBuffer v2 = buffer_of(ProtocolVersion::v2);
  v2.table("t").column("a", 1).at(TimestampMicros{12});
  v2.table("t").column("a", 1).at(TimestampNanos{kMax});
  EXPECT_EQ(v2.payload(), "t a=1i 12t\nt a=1i 9223372036854775807n\n");
}

TEST(LineBuffer, NegativeDesignatedTimestampIsRefused) {
  LineBuffer buffer;
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a", 1).at(TimestampNanos{-1}); }),
            ErrorCode::invalid_value);
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a", 1).at(TimestampMicros{kMin}); }),
            ErrorCode::invalid_value);
  EXPECT_TRUE(buffer.empty());
}

TEST(LineBuffer, DesignatedMicrosEndWithTheYear9999) {
  constexpr std::int64_t kLast = 253'402'300'799'999'999;
  LineBuffer buffer;
  buffer.table("t").column("a", 1).at(TimestampMicros{kLast});
  EXPECT_EQ(buffer.payload(), "t a=1i 253402300799999999t\n");
  const std::string nanos_as_micros =
      message_of([&] { buffer.table("t").column("a", 1).at(TimestampMicros{TimestampNanos::now().value}); });
  EXPECT_NE(nanos_as_micros.find("Is this nanoseconds?"), std::string::npos) << nanos_as_micros;
  for (const auto version : {ProtocolVersion::v1, ProtocolVersion::v2, ProtocolVersion::v3}) {
    LineBuffer each = buffer_of(version);
    EXPECT_EQ(code_of([&] { each.table("t").column("a", 1).at(TimestampMicros{kLast + 1}); }),
              ErrorCode::invalid_value);
  }
}

TEST(LineBuffer, MicrosThatOverflowAsNanosAreRefusedInVersion1Only) {
  LineBuffer v1 = buffer_of(ProtocolVersion::v1);
  v1.table("t").column("a", 1).at(TimestampMicros{kMax / 1000});
  EXPECT_EQ(v1.payload(), "t a=1i 9223372036854775000\n");
  EXPECT_EQ(code_of([&] { v1.table("t").column("a", 1).at(TimestampMicros{kMax / 1000 + 1}); }),
            ErrorCode::invalid_value);
  LineBuffer v2 = buffer_of(ProtocolVersion::v2);
  v2.table("t").column("a", 1).at(TimestampMicros{kMax / 1000 + 1});
  EXPECT_EQ(v2.payload(), "t a=1i 9223372036854776t\n");
}

TEST(LineBuffer, TimestampColumnsMayBeNegativeAndRoundDownInVersion1) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  buffer.table("t").column("a", TimestampNanos{-1}).column("b", TimestampNanos{-1000});
  buffer.column("c", TimestampNanos{-1001}).column("d", TimestampMicros{-5}).at_now();
  EXPECT_EQ(buffer.payload(), "t a=-1t,b=-1t,c=-2t,d=-5t\n");
}

TEST(LineBuffer, TheSmallestInt64IsRefusedBecauseItWouldBecomeNull) {
  LineBuffer buffer;
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a", kMin); }), ErrorCode::invalid_value);
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a", TimestampMicros{kMin}); }), ErrorCode::invalid_value);
  EXPECT_EQ(code_of([&] { buffer.table("t").column(ColumnName("a"), TimestampNanos{kMin}); }),
            ErrorCode::invalid_value);
  buffer.table("t").column("a", kMin + 1).at_now();
  EXPECT_EQ(buffer.payload(), "t a=-9223372036854775807i\n");
}

TEST(LineBuffer, UnsignedIntegersAboveInt64AreRefusedNotWrapped) {
  LineBuffer buffer;
  buffer.table("t").column("a", static_cast<std::uint64_t>(kMax));
  EXPECT_EQ(code_of([&] { buffer.column("b", static_cast<std::uint64_t>(kMax) + 1); }),
            ErrorCode::invalid_value);
  buffer.table("t").column(ColumnName("a"), std::uint8_t{200}).column("b", std::int8_t{-3}).at_now();
  EXPECT_EQ(buffer.payload(), "t a=200i,b=-3i\n");
}

TEST(LineBuffer, DoublesInVersion1AreWordsThatTheServerTakes) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  const double infinity = std::numeric_limits<double>::infinity();
  buffer.table("t").column("a", std::nan("")).column("b", infinity).column("c", -infinity);
  buffer.column("d", 1e20)
      .column("e", -1.5e-300)
      .column("f", -0.0)
      .column("g", 1e300)
      .column("h", 0.1F)
      .at_now();
  EXPECT_EQ(buffer.payload(),
            "t a=NaN,b=Infinity,c=-Infinity,d=1e20,e=-1.5e-300,f=-0,g=1e300,"
            "h=0.10000000149011612\n");
}

TEST(LineBuffer, BinaryDoublesMayHoldALineEnd) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v2);
  const double value = std::bit_cast<double>(0x0a0a0a0a0a0a0a0aULL);
  buffer.table("t").column("a", value).at_now();
  buffer.table("t").column("a", std::nan("")).at_now();
  EXPECT_EQ(buffer.payload(), "t a"s + binary(value) + "\nt a" + binary(std::nan("")) + "\n");
  ASSERT_EQ(buffer.rows(), 2U);
  EXPECT_EQ(buffer.row_lengths()[0], 15U);
  expect_lengths_add_up(buffer);
}

TEST(LineBuffer, MisuseIsRefusedAndTheMessageSaysWhatToDo) {
  LineBuffer buffer;
  const auto says = [&](auto&& call, const std::string& advice) {
    EXPECT_EQ(code_of(call), ErrorCode::invalid_api_call);
    EXPECT_NE(message_of(call).find(advice), std::string::npos) << message_of(call);
    EXPECT_TRUE(buffer.empty());
  };
  says([&] { buffer.symbol("a", "x"); }, "call table() first");
  says([&] { buffer.column("a", 1); }, "call table() first");
  says([&] { buffer.at_now(); }, "call table() first");
  says([&] { buffer.at(TimestampNanos{1}); }, "call table() first");
  says([&] { buffer.table("t").at_now(); }, "call symbol() or column() first");
  says([&] { buffer.table("t").at(TimestampMicros{1}); }, "call symbol() or column() first");
  says([&] { buffer.table("t").column("a", ArrayView::null()).at_now(); }, "one that is not missing");
  says([&] { buffer.table("t").column("a", 1).symbol("b", "x"); },
       "symbols of a row before its first column");
  says([&] { buffer.table("t").table("u"); }, "end each row with at()");
  says([&] { buffer.table("t").symbol("a", "x").table("u"); }, "cancel_row()");
}

// Invariant 2.
TEST(LineBuffer, ARefusedCallDropsItsRowOnlyAndTheNextCallMayBeTable) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  buffer.table("t").column("a", 1).at_now();
  const std::string before(buffer.payload());
  buffer.table("t").symbol("s", "x");
  EXPECT_THROW(buffer.symbol("bad.name", "x"), Error);
  EXPECT_EQ(buffer.payload(), before);
  EXPECT_EQ(code_of([&] { buffer.at_now(); }), ErrorCode::invalid_api_call);
  buffer.table("t").column("a", 2).at(TimestampNanos{9});
  EXPECT_EQ(buffer.payload(), before + "t a=2i 9\n");
  EXPECT_EQ(buffer.rows_without_timestamp(), 1U);
  expect_lengths_add_up(buffer);
}

TEST(LineBuffer, NullTextIsRefused) {
  LineBuffer buffer;
  const char* null = nullptr;
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a", null); }), ErrorCode::invalid_value);
  EXPECT_EQ(code_of([&] { buffer.table("t").column(ColumnName("a"), null); }), ErrorCode::invalid_value);
}

TEST(LineBuffer, ARowPastMaxSizeIsRefusedAndCompleteRowsStay) {
  LineBuffer::Options options;
  options.max_size = 14;
  LineBuffer buffer(options);
  buffer.table("t").column("a", 1).at_now();
  buffer.table("t").column("b", 2).at_now();
  ASSERT_EQ(buffer.size(), 14U);  // exactly full
  EXPECT_EQ(code_of([&] { buffer.table("t"); }), ErrorCode::buffer_full);
  EXPECT_NE(message_of([&] { buffer.table("t"); }).find("flush"), std::string::npos);
  EXPECT_EQ(buffer.payload(), "t a=1i\nt b=2i\n");
  buffer.clear();
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a", "0123456789").at_now(); }), ErrorCode::buffer_full);
  EXPECT_NE(message_of([&] { buffer.table("t").column("a", std::string(1000, 'x')); }).find("raise"),
            std::string::npos);
  buffer.table("t").column("a", "12345").at_now();
  EXPECT_EQ(buffer.size(), 12U);
}

TEST(LineBuffer, TheLineEndCountsAgainstMaxSize) {
  LineBuffer::Options options;
  options.max_size = 6;
  LineBuffer buffer(options);
  buffer.table("t").column("a", 1);
  EXPECT_EQ(code_of([&] { buffer.at_now(); }), ErrorCode::buffer_full);
  EXPECT_EQ(buffer.rows_without_timestamp(), 0U);
  EXPECT_TRUE(buffer.empty());
}

TEST(LineBuffer, GrowsFromNothing) {
  LineBuffer::Options options;
  options.initial_size = 0;
  options.version = ProtocolVersion::v1;
  LineBuffer buffer(options);
  EXPECT_EQ(buffer.payload(), "");
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    buffer.table("growing").symbol("s", "value").column("i", i).at_now();
    expected += "growing,s=value i=" + std::to_string(i) + "i\n";
  }
  EXPECT_EQ(buffer.payload(), expected);
  EXPECT_EQ(buffer.rows_without_timestamp(), 5000U);
  expect_lengths_add_up(buffer);
}

TEST(LineBuffer, CancelRowAndClear) {
  LineBuffer buffer;
  buffer.table("t").column("a", 1).at_now();
  buffer.table("t").column("a", 2);
  buffer.cancel_row();
  EXPECT_EQ(buffer.payload(), "t a=1i\n");
  buffer.table("u").symbol("a", "x");
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.size(), 0U);
  EXPECT_EQ(buffer.rows_without_timestamp(), 0U);
  buffer.table("v").column("a", 3).at_now();
  EXPECT_EQ(buffer.payload(), "v a=3i\n");
}

TEST(LineBuffer, TheRowUnderConstructionIsNotInThePayload) {
  LineBuffer buffer;
  buffer.table("t").column("a", 1).at_now();
  buffer.table("t").column("a", 2);
  EXPECT_EQ(buffer.payload(), "t a=1i\n");
  buffer.at_now();
  EXPECT_EQ(buffer.payload(), "t a=1i\nt a=2i\n");
}

TEST(LineBuffer, ACopyGoesOnByItself) {
  LineBuffer buffer;
  buffer.table("t").column("a", 1).at_now();
  buffer.table("t").column("a", 2);
  LineBuffer copy = buffer;
  copy.at_now();
  buffer.cancel_row();
  EXPECT_EQ(copy.payload(), "t a=1i\nt a=2i\n");
  EXPECT_EQ(buffer.payload(), "t a=1i\n");
  copy = buffer;
  EXPECT_EQ(copy.payload(), "t a=1i\n");
  expect_lengths_add_up(copy);
}

TEST(LineBuffer, AMovedFromBufferIsEmptyAndUsable) {
  LineBuffer buffer;
  buffer.table("t").column("a", 1).at_now();
  LineBuffer taken = std::move(buffer);
  EXPECT_EQ(taken.payload(), "t a=1i\n");
  EXPECT_TRUE(buffer.empty());  // NOLINT(bugprone-use-after-move)
  expect_lengths_add_up(buffer);
  buffer.table("u").column("b", 2).at_now();
  EXPECT_EQ(buffer.payload(), "u b=2i\n");
  taken = std::move(buffer);
  EXPECT_EQ(taken.payload(), "u b=2i\n");
  EXPECT_EQ(buffer.rows(), 0U);  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace questclient
