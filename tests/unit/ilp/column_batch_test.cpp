#include <array>
#include <limits>

#include <questclient/column_batch.hpp>

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

using Texts = std::vector<std::string_view>;
using Integers = std::vector<std::int64_t>;
using Doubles = std::vector<double>;

TEST(ColumnBatch, EveryTypeByteForByte) {
  const std::vector<std::int32_t> codes = {1, 0};
  const Texts dictionary = {"a b", "c"};
  const Texts texts = {"x", "y\"z"};
  const Integers integers = {-1, 1234567};
  const Doubles doubles = {1.5, -2};
  const std::array<bool, 2> bools = {true, false};
  const std::vector<std::uint8_t> bool_bytes = {0, 7};
  const std::vector<TimestampMicros> micros = {{5}, {-5}};
  const std::vector<TimestampNanos> nanos = {{1999}, {-1}};
  const std::vector<ArrayView> arrays = {ArrayView(doubles), ArrayView::null()};
  const std::vector<Decimal> decimals = {Decimal(125, 2), Decimal::null()};
  const Integers times = {10, 20};
  ColumnBatch batch("t", 2);
  batch.symbols("s", codes, dictionary).symbols("v", texts).column("i", integers).column("d", doubles);
  batch.column("b", bools).column_bool("B2", bool_bytes).column("x", texts).column("us", micros);
  batch.column("ns", nanos).column_micros("us2", integers).column_nanos("ns2", integers);
  batch.column("a", arrays).column("n", decimals).at_nanos(times);
  LineBuffer buffer = buffer_of(ProtocolVersion::v3);
  buffer.add(batch);
  EXPECT_EQ(buffer.payload(), "t,s=c,v=x i=-1i,d"s + binary(1.5) +
                                  ",b=t,B2=f,x=\"x\",us=5t,ns=1999n,us2=-1t,ns2=-1n,a" +
                                  binary_array({2}, {1.5, -2}) + ",n==\x17\x02\x01\x7d 10n\n" +
                                  "t,s=a\\ b,v=y\"z i=1234567i,d" + binary(-2) +
                                  ",b=f,B2=t,x=\"y\\\"z\",us=-5t,ns=-1n,us2=1234567t,ns2=1234567n 20n\n"s);
  expect_lengths_add_up(buffer);
}

TEST(ColumnBatch, TypesThatAreHeldInOtherWaysByteForByte) {
  const std::vector<std::int32_t> integers = {std::numeric_limits<std::int32_t>::min(), 7};
  const std::vector<float> reals = {1.5F, 0.1F};
  const std::vector<std::string> strings = {"x\"y", std::string(100, '"')};
  const std::vector<Uuid> uuids(2, Uuid::parse("123e4567-e89b-12d3-a456-426614174000"));
  const std::vector<Ipv4> addresses = {Ipv4(0x01020304), Ipv4(1)};
  const std::vector<Geohash> places(2, Geohash("u33dc"));
  const std::vector<Char> characters = {Char(u'"'), Char(u'x')};
  const std::vector<Long256> longs = {Long256::parse(std::string(64, 'f')), Long256({1, 0, 0, 0})};
  const std::vector<std::uint8_t> bits = {0b10};
  ColumnBatch batch("t", 2);
  batch.column("i", integers).column("r", reals).column("s", strings).column("u", uuids);
  batch.column("a", addresses).column("g", places).column("c", characters).column("l", longs);
  batch.column("m", strings, Validity(bits));
  for (const auto version : {ProtocolVersion::v1, ProtocolVersion::v2}) {
    LineBuffer single = buffer_of(version);
    for (std::size_t row = 0; row < 2; ++row) {
      single.table("t").column("i", integers[row]).column("r", reals[row]).column("s", strings[row]);
      single.column("u", uuids[row]).column("a", addresses[row]).column("g", places[row]);
      single.column("c", characters[row]).column("l", longs[row]);
      if (row == 1) single.column("m", strings[row]);
      single.at_now();
    }
    LineBuffer buffer = buffer_of(version);
    buffer.add(batch);
    EXPECT_EQ(buffer.payload(), single.payload());
    expect_lengths_add_up(buffer);
  }
}

TEST(ColumnBatch, StringsAreCheckedAsViewsAre) {
  LineBuffer::Options options;
  options.max_size = 100;
  LineBuffer buffer(options);
  const std::vector<std::string> bad = {"\xff"};
  const std::vector<std::string> large = {std::string(1'000'000, 'x')};
  EXPECT_EQ(code_of([&] { buffer.add(ColumnBatch("t", 1).column("a", bad)); }), ErrorCode::invalid_value);
  EXPECT_EQ(code_of([&] { buffer.add(ColumnBatch("t", 1).column("a", large)); }), ErrorCode::buffer_full);
  EXPECT_TRUE(buffer.empty());
}

TEST(ColumnBatch, Version1WritesText) {
  const Doubles doubles = {1.5};
  const std::vector<TimestampNanos> nanos = {{-1}};
  const std::vector<TimestampMicros> times = {{3}};
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  buffer.add(ColumnBatch("t", 1).column("d", doubles).column("n", nanos).at(times));
  EXPECT_EQ(buffer.payload(), "t d=1.5,n=-1t 3000\n");
}

TEST(ColumnBatch, SymbolsComeFirstInWhateverOrderTheyAreGiven) {
  const Integers integers = {1, 2};
  const Texts texts = {"x", "y"};
  LineBuffer buffer;
  buffer.add(ColumnBatch("t", 2)
                 .column("i", integers)
                 .symbols("a", texts)
                 .column("j", integers)
                 .symbols("b", texts));
  EXPECT_EQ(buffer.payload(), "t,a=x,b=x i=1i,j=1i\nt,a=y,b=y i=2i,j=2i\n");
  EXPECT_EQ(buffer.rows_without_timestamp(), 2U);
}

TEST(ColumnBatch, BitsTellWhichRowsHaveAValue) {
  const Integers integers = {1, 2, 3, 4};
  const Texts texts = {"w", "x", "y", "z"};
  const Doubles doubles = {0, 0, 0, 0};
  const std::vector<std::uint8_t> bits = {0b1010'0000, 0b0000'0001};  // from bit 5: 1, 0, 1, 1
  const std::vector<std::uint8_t> other = {0b0000'0010};
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  ColumnBatch batch("t", 4);
  batch.symbols("s", texts, Validity(other)).column("a", integers, Validity(bits, 5));
  batch.column("b", doubles).at_micros(integers);
  buffer.add(batch);
  EXPECT_EQ(buffer.payload(), "t a=1i,b=0 1000\nt,s=x b=0 2000\nt a=3i,b=0 3000\nt a=4i,b=0 4000\n");
}

TEST(ColumnBatch, ValuesThatAreMissingAreNotLookedAt) {
  const std::vector<std::int8_t> codes = {-1, 0};
  const std::vector<std::uint16_t> wide_codes = {999, 1};
  const Texts dictionary = {"x", "y"};
  const Texts large = {"a", "b", "c"};  // more entries than rows
  const Integers integers = {kMin, 1};
  const Texts texts = {"\xff", "t"};
  const std::vector<std::uint8_t> bits = {0b10};
  const Integers always = {1, 1};
  LineBuffer buffer;
  ColumnBatch batch("t", 2);
  batch.symbols("s", codes, dictionary, Validity(bits)).symbols("l", wide_codes, large, Validity(bits));
  batch.symbols("v", texts, Validity(bits)).column("i", integers, Validity(bits));
  batch.column("x", texts, Validity(bits)).column("always", always);
  buffer.add(batch);
  EXPECT_EQ(buffer.payload(), "t always=1i\nt,s=x,l=b,v=t i=1i,x=\"t\",always=1i\n");
}

TEST(ColumnBatch, CodesOfEveryWidth) {
  const Texts dictionary = {"x", "y", "z"};
  const auto row = [&](const auto& codes) {
    LineBuffer buffer;
    buffer.add(ColumnBatch("t", codes.size()).symbols("s", codes, dictionary));
    return std::string(buffer.payload());
  };
  const std::string expected = "t,s=z\nt,s=x\nt,s=y\n";
  EXPECT_EQ(row(std::vector<std::int8_t>{2, 0, 1}), expected);
  EXPECT_EQ(row(std::vector<std::uint8_t>{2, 0, 1}), expected);
  EXPECT_EQ(row(std::vector<std::int16_t>{2, 0, 1}), expected);
  EXPECT_EQ(row(std::vector<std::uint16_t>{2, 0, 1}), expected);
  EXPECT_EQ(row(std::vector<std::int32_t>{2, 0, 1}), expected);
  EXPECT_EQ(row(std::vector<std::uint32_t>{2, 0, 1}), expected);
  EXPECT_EQ(row(std::vector<std::int64_t>{2, 0, 1}), expected);
  EXPECT_EQ(row(std::vector<std::uint64_t>{2, 0, 1}), expected);
  EXPECT_EQ(row(std::array<int, 1>{1}), "t,s=y\n");  // fewer rows than entries
}

TEST(ColumnBatch, NoRowsAreNothing) {
  LineBuffer buffer;
  buffer.add(ColumnBatch("t", 0));
  const Integers none;
  const Texts no_texts;
  buffer.add(ColumnBatch("t", 0).symbols("s", none, no_texts).column("a", none));
  EXPECT_TRUE(buffer.empty());
}

TEST(ColumnBatch, AtNowTakesTheTimestampsBack) {
  const Integers integers = {1};
  LineBuffer buffer;
  buffer.add(ColumnBatch("t", 1).column("a", integers).at_nanos(integers).at_now());
  EXPECT_EQ(buffer.payload(), "t a=1i\n");
}

/// 1500 rows, more than two blocks, on top of a row that must stay.
class RefusedBatch : public ::testing::Test {
 protected:
  static constexpr std::size_t kRows = 1500;

  RefusedBatch() { buffer_.table("before").column("a", 1).at_now(); }

  void expect_refused(const ColumnBatch& batch, ErrorCode code, const std::string& words) {
    EXPECT_EQ(code_of([&] { buffer_.add(batch); }), code);
    const std::string message = message_of([&] { buffer_.add(batch); });
    EXPECT_NE(message.find(words), std::string::npos) << message;
    EXPECT_NE(message.find("No row of the batch is added"), std::string::npos) << message;
    EXPECT_EQ(buffer_.payload(), "before a=1i\n");
    EXPECT_EQ(buffer_.rows_without_timestamp(), 1U);
    expect_lengths_add_up(buffer_);
  }

  Integers integers_ = Integers(kRows, 1);
  Texts texts_ = Texts(kRows, "text");
  LineBuffer buffer_ = buffer_of(ProtocolVersion::v1);
};

TEST_F(RefusedBatch, TextThatIsNotUtf8) {
  texts_[1400] = "caf\xe9";
  expect_refused(ColumnBatch("t", kRows).column("x", texts_), ErrorCode::invalid_value,
                 "Row 1400 of the batch (the first is 0): The value of \"x\" is not UTF-8 at byte 3");
  expect_refused(ColumnBatch("t", kRows).symbols("x", texts_), ErrorCode::invalid_value, "Row 1400");
}

TEST_F(RefusedBatch, AnEntryThatIsNotUtf8WhereItIsUsed) {
  std::vector<std::int32_t> codes(kRows, 0);
  const Texts dictionary = {"good", "bad\xff"};
  LineBuffer fine;
  fine.add(ColumnBatch("t", kRows).symbols("s", codes, dictionary));
  EXPECT_EQ(fine.rows(), kRows);
  codes[600] = 1;
  expect_refused(ColumnBatch("t", kRows).symbols("s", codes, dictionary), ErrorCode::invalid_value,
                 "Row 600");
  Texts large(2 * kRows, "good");
  large[1] = "bad\xff";
  expect_refused(ColumnBatch("t", kRows).symbols("s", codes, large), ErrorCode::invalid_value, "Row 600");
}

TEST_F(RefusedBatch, CodesOutsideTheDictionary) {
  const Texts dictionary = {"a", "b"};
  const Texts large(2 * kRows, "a");
  for (const std::int64_t bad : {std::int64_t{3000}, std::int64_t{-1}, kMin, std::int64_t{1} << 32}) {
    Integers codes(kRows, 1);
    codes[512] = bad;
    expect_refused(ColumnBatch("t", kRows).symbols("s", codes, dictionary), ErrorCode::invalid_value,
                   "Row 512 of the batch (the first is 0): the code " + std::to_string(bad) + " of \"s\"");
    expect_refused(ColumnBatch("t", kRows).symbols("s", codes, large), ErrorCode::invalid_value, "Row 512");
  }
  const std::vector<std::uint64_t> huge(kRows, std::numeric_limits<std::uint64_t>::max());
  expect_refused(ColumnBatch("t", kRows).symbols("s", huge, dictionary), ErrorCode::invalid_value,
                 "the code 18446744073709551615 of \"s\"");
  const std::vector<int> zeros(kRows, 0);
  const Texts empty;
  expect_refused(ColumnBatch("t", kRows).symbols("s", zeros, empty), ErrorCode::invalid_value, "Row 0");
}

TEST_F(RefusedBatch, TheSmallestInt64) {
  integers_[1499] = kMin;
  expect_refused(ColumnBatch("t", kRows).column("i", integers_), ErrorCode::invalid_value, "Row 1499");
  expect_refused(ColumnBatch("t", kRows).column_micros("i", integers_), ErrorCode::invalid_value, "Row 1499");
  expect_refused(ColumnBatch("t", kRows).column_nanos("i", integers_), ErrorCode::invalid_value, "Row 1499");
}

TEST_F(RefusedBatch, DesignatedTimestamps) {
  Integers times = integers_;
  times[700] = -1;
  ColumnBatch batch("t", kRows);
  batch.column("i", integers_);
  expect_refused(batch.at_nanos(times), ErrorCode::invalid_value, "Row 700");
  times[700] = std::numeric_limits<std::int64_t>::max() / 1000 + 1;
  expect_refused(batch.at_micros(times), ErrorCode::invalid_value, "Row 700");
  buffer_.add(batch.at_nanos(times));
  EXPECT_EQ(buffer_.rows(), kRows + 1);
  LineBuffer v2;
  v2.add(batch.at_micros(times));
  times[700] = 253'402'300'800'000'000;
  EXPECT_NE(message_of([&] { v2.add(batch.at_micros(times)); }).find("Is this nanoseconds?"),
            std::string::npos);
  EXPECT_EQ(v2.rows(), kRows);
}

TEST_F(RefusedBatch, ARowWithoutAnyValue) {
  std::vector<std::uint8_t> bits((kRows + 7) / 8, 0xff);
  bits[513 / 8] = static_cast<std::uint8_t>(~(1U << (513 % 8)));
  ColumnBatch batch("t", kRows);
  batch.symbols("s", texts_, Validity(bits)).column("i", integers_, Validity(bits)).at_nanos(integers_);
  expect_refused(batch, ErrorCode::invalid_api_call, "Row 513");
  expect_refused(ColumnBatch("t", 3), ErrorCode::invalid_api_call, "Row 0");
}

TEST_F(RefusedBatch, ValuesOfALaterVersion) {
  const std::vector<double> elements = {1};
  const std::vector<ArrayView> arrays(kRows, ArrayView(elements));
  const std::vector<Decimal> decimals(kRows, Decimal(1, 0));
  expect_refused(ColumnBatch("t", kRows).column("a", arrays), ErrorCode::invalid_value, "use version 2");
  expect_refused(ColumnBatch("t", kRows).column("a", decimals), ErrorCode::invalid_value, "use version 3");
}

// Version 1 is what is wrong, not max_size.
TEST_F(RefusedBatch, AnArrayOfALaterVersionThatIsLongerThanMaxSize) {
  LineBuffer::Options options;
  options.version = ProtocolVersion::v1;
  options.max_size = 100;
  const std::vector<double> elements(1000);
  const std::vector<ArrayView> arrays = {ArrayView(elements)};
  LineBuffer buffer(options);
  EXPECT_EQ(code_of([&] { buffer.add(ColumnBatch("t", 1).column("a", arrays)); }), ErrorCode::invalid_value);
}

TEST_F(RefusedBatch, InsideARowBothAreDropped) {
  buffer_.table("t").column("a", 1);
  EXPECT_EQ(code_of([&] { buffer_.add(ColumnBatch("t", kRows).column("i", integers_)); }),
            ErrorCode::invalid_api_call);
  EXPECT_EQ(buffer_.payload(), "before a=1i\n");
  buffer_.table("t").column("a", 2).at_now();
  EXPECT_EQ(buffer_.payload(), "before a=1i\nt a=2i\n");
}

TEST(ColumnBatch, ABatchThatPassesMaxSizeIsRefusedWhole) {
  LineBuffer::Options options;
  options.max_size = 7 + 500 * 6;
  options.initial_size = 16;
  LineBuffer buffer(options);
  buffer.table("t").column("a", 1).at_now();
  const std::vector<std::uint8_t> values(501, 1);
  const auto add_rows = [&](std::size_t rows) {
    buffer.add(ColumnBatch("t", rows).column_bool("a", std::span(values).first(rows)));
  };
  EXPECT_EQ(code_of([&] { add_rows(501); }), ErrorCode::buffer_full);
  EXPECT_EQ(buffer.payload(), "t a=1i\n");
  add_rows(500);
  EXPECT_EQ(buffer.size(), options.max_size);
  EXPECT_EQ(code_of([&] { add_rows(1); }), ErrorCode::buffer_full);
  expect_lengths_add_up(buffer);
}

TEST(ColumnBatch, TextLongerThanMaxSizeIsRefused) {
  LineBuffer::Options options;
  options.max_size = 100;
  LineBuffer buffer(options);
  const std::string large(1'000'000, ' ');
  const Texts texts = {large};
  const std::vector<int> codes = {0};
  EXPECT_EQ(code_of([&] { buffer.add(ColumnBatch("t", 1).column("a", texts)); }), ErrorCode::buffer_full);
  EXPECT_EQ(code_of([&] { buffer.add(ColumnBatch("t", 1).symbols("a", texts)); }), ErrorCode::buffer_full);
  EXPECT_EQ(code_of([&] { buffer.add(ColumnBatch("t", 1).symbols("a", codes, texts)); }),
            ErrorCode::buffer_full);
  EXPECT_TRUE(buffer.empty());
}

TEST(ColumnBatch, ColumnsMustFitTheBatch) {
  const Integers two = {1, 2};
  const Texts texts = {"x", "y"};
  const std::vector<std::uint8_t> bits = {0xff};
  ColumnBatch batch("t", 3);
  const auto refused = [&](auto&& call) { return code_of(call) == ErrorCode::invalid_api_call; };
  EXPECT_TRUE(refused([&] { batch.column("a", two); }));
  EXPECT_TRUE(refused([&] { batch.symbols("a", texts); }));
  EXPECT_TRUE(refused([&] { batch.symbols("a", two, texts); }));
  EXPECT_TRUE(refused([&] { batch.at_nanos(two); }));
  const Integers three = {1, 2, 3};
  EXPECT_TRUE(refused([&] { batch.column("a", three, Validity(bits, 6)); }));
  EXPECT_TRUE(refused([&] { batch.column("a", three, Validity(bits, 9)); }));
  EXPECT_TRUE(
      refused([&] { batch.column("a", three, Validity(bits, std::numeric_limits<std::size_t>::max())); }));
  EXPECT_TRUE(refused([&] { batch.column("a", three, Validity(std::span<const std::uint8_t>())); }));
  batch.column("a", three, Validity(bits, 5));
  LineBuffer buffer;
  buffer.add(batch);
  EXPECT_EQ(buffer.rows(), 3U);
}

TEST(ColumnBatch, NamesAreCheckedAndMustDiffer) {
  const Integers one = {1};
  const Texts text = {"x"};
  EXPECT_EQ(code_of([] { ColumnBatch("t?", 1); }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([] { ColumnBatch("abcde", 1, 4); }), ErrorCode::invalid_name);
  ColumnBatch batch("t", 1);
  EXPECT_EQ(code_of([&] { batch.column("a.b", one); }), ErrorCode::invalid_name);
  batch.column("ab", one);
  EXPECT_EQ(code_of([&] { batch.column("AB", one); }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([&] { batch.symbols("Ab", text); }), ErrorCode::invalid_name);
  batch.symbols("s", text);
  EXPECT_EQ(code_of([&] { batch.column("S", one); }), ErrorCode::invalid_name);
  LineBuffer buffer;
  buffer.add(batch);
  EXPECT_EQ(buffer.payload(), "t,s=x ab=1i\n");
}

}  // namespace
}  // namespace questclient
