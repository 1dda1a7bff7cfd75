// What compiles, and what is refused where it does.
#include <chrono>
#include <optional>
#include <utility>

#include <questclient/column_batch.hpp>

#include "support.hpp"

namespace questclient {
namespace {

using testing::buffer_of;
using testing::code_of;

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;
enum Colour { red };
int some_function() {
  return 1;
}

template <class Value, class Name = const char*>
constexpr bool is_column = requires(LineBuffer& buffer, Name name, Value value) {
  buffer.column(name, std::forward<Value>(value));
};

TEST(Overloads, WhatOnlyConvertsToABoolOrADoubleIsNoValue) {
  using Pointer = decltype(&some_function);
  using Member = decltype(&std::string::size);
  const auto lambda = [](int value) { return value; };
  static_assert(!is_column<Pointer> && !is_column<Pointer, ColumnName> &&
                !std::is_constructible_v<RowValue, Pointer>);
  static_assert(!is_column<Member> && !is_column<Member, ColumnName> &&
                !std::is_constructible_v<RowValue, Member>);
  static_assert(!is_column<decltype(lambda)> && !is_column<decltype(lambda), ColumnName>);
  static_assert(!is_column<int*> && !is_column<std::nullptr_t> && !is_column<void*, ColumnName>);
  static_assert(!is_column<Colour> && !std::is_constructible_v<RowValue, Colour>);
  static_assert(is_column<bool> && is_column<float> && is_column<char> && is_column<unsigned long long>);
}

TEST(Overloads, IntegersWiderThan64BitsAreNoValues) {
  static_assert(!is_column<Wide> && !is_column<Wide, ColumnName> && !is_column<UnsignedWide>);
  static_assert(!std::is_constructible_v<RowValue, Wide> && !std::is_constructible_v<RowValue, UnsignedWide>);
  static_assert(!SentAsInteger<Wide> && !SentAsInteger<bool>);
}

TEST(Overloads, TheBitsOfAVectorAreBools) {
  std::vector<bool> bits = {true, false};
  const PreparedRow row("t", {}, {"a", "b"});
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  buffer.table("t").column("a", bits[0]).column(ColumnName("b"), bits[1]).at_now();
  buffer.add(row, bits[0], bits[1], AtNow{});
  EXPECT_EQ(buffer.payload(), "t a=t,b=f\nt a=t,b=f\n");
}

TEST(Overloads, ANullPointerAsTextIsRefusedAndTheRowDropped) {
  const char* null = nullptr;
  LineBuffer buffer;
  const auto refused = [&](ErrorCode code, auto&& call) {
    EXPECT_EQ(code_of(call), code);
    EXPECT_EQ(code_of([&] { buffer.at_now(); }), ErrorCode::invalid_api_call);
    EXPECT_TRUE(buffer.empty());
  };
  refused(ErrorCode::invalid_value, [&] { buffer.table("t").symbol("s", "x").symbol("a", null); });
  refused(ErrorCode::invalid_value, [&] { buffer.table("t").symbol(ColumnName("a"), null); });
  refused(ErrorCode::invalid_value, [&] { buffer.table("t").column("a", null); });
  refused(ErrorCode::invalid_name, [&] { buffer.table(null); });
  refused(ErrorCode::invalid_name, [&] { buffer.table("t").symbol(null, "x"); });
  refused(ErrorCode::invalid_name, [&] { buffer.table("t").column(null, 1); });
  refused(ErrorCode::invalid_name, [&] { buffer.table("t").column(const_cast<char*>(null), 1.5); });
  EXPECT_EQ(code_of([&] { TableName{null}; }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([&] { ColumnName{null}; }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([&] { PreparedRow(null, {"s"}, {"a"}); }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([&] { ColumnBatch(null, 1); }), ErrorCode::invalid_name);
  const std::vector<double> one = {1};
  EXPECT_EQ(code_of([&] { ColumnBatch("t", 1).column(null, one); }), ErrorCode::invalid_name);
}

TEST(Overloads, NamesAreWhateverAStringViewCanBeMadeOf) {
  std::string text = "a";
  const std::string_view view = text;
  LineBuffer buffer;
  buffer.table(text).symbol(view, text).column(text.data(), text).column(std::string("b"), view).at_now();
  EXPECT_EQ(buffer.payload(), "a,a=a a=\"a\",b=\"a\"\n");
}

TEST(Overloads, AnEmptyOptionalLeavesTheColumnOut) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  const ColumnName name("b");
  buffer.table("t").column("a", std::optional<int>()).column(name, std::optional<bool>());
  buffer.column("c", std::optional(1.5)).column(name, std::optional<std::string>("x")).at_now();
  EXPECT_EQ(buffer.payload(), "t c=1.5,b=\"x\"\n");
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a.b", std::optional<int>()); }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a", std::optional<int>()).at_now(); }),
            ErrorCode::invalid_api_call);
  EXPECT_EQ(code_of([&] { buffer.column("a", std::optional<int>()); }), ErrorCode::invalid_api_call);
}

template <class Values>
constexpr bool is_batch_column = requires(ColumnBatch& batch, Values values) {
  batch.column("a", std::forward<Values>(values));
};
template <class Codes, class Dictionary>
constexpr bool is_dictionary = requires(ColumnBatch& batch, Codes codes, Dictionary dictionary) {
  batch.symbols("a", std::forward<Codes>(codes), std::forward<Dictionary>(dictionary));
};
template <class Values>
constexpr bool is_timestamps = requires(ColumnBatch& batch, Values values) {
  batch.at(std::forward<Values>(values));
};

TEST(Overloads, ABatchBorrowsNoTemporaries) {
  using Strings = std::vector<std::string_view>;
  using Codes = std::vector<int>;
  static_assert(is_batch_column<std::vector<double>&> && is_batch_column<const std::array<bool, 2>&>);
  static_assert(is_batch_column<std::span<const double>> && is_batch_column<std::span<double>>);
  static_assert(!is_batch_column<std::vector<double>> && !is_batch_column<const std::vector<double>>);
  static_assert(is_dictionary<Codes&, Strings&> && is_dictionary<std::span<int>, std::span<std::string_view>>);
  static_assert(!is_dictionary<Codes, Strings&> && !is_dictionary<Codes&, Strings> &&
                !is_dictionary<Codes, Strings>);
  static_assert(is_timestamps<std::vector<TimestampNanos>&> && !is_timestamps<std::vector<TimestampNanos>>);
  static_assert(std::is_constructible_v<Validity, std::vector<std::uint8_t>&>);
  static_assert(!std::is_constructible_v<Validity, std::vector<std::uint8_t>>);
}

template <class Duration>
SystemTime<Duration> time_of(Duration since_epoch) {
  return SystemTime<Duration>(since_epoch);
}

TEST(Overloads, TimestampsOfTimePointsAreRoundedDown) {
  using namespace std::chrono_literals;
  EXPECT_EQ(TimestampNanos::from(time_of(1500us)), TimestampNanos{1'500'000});
  EXPECT_EQ(TimestampMicros::from(time_of(1999ns)), TimestampMicros{1});
  EXPECT_EQ(TimestampMicros::from(time_of(-1ns)), TimestampMicros{-1});
  EXPECT_EQ(TimestampNanos::from(time_of(std::chrono::days(1))), TimestampNanos{86'400'000'000'000});
  EXPECT_EQ(TimestampMicros::from(time_of(std::chrono::duration<double>(1.25))), TimestampMicros{1'250'000});
  LineBuffer buffer;
  const PreparedRow row("t", {}, {"a"});
  buffer.table("t").column("a", TimestampMicros::from(time_of(std::chrono::seconds(2)))).at(TimestampNanos::from(time_of(std::chrono::seconds(3))));
  buffer.add(row, TimestampNanos::from(time_of(1ns)), TimestampMicros::from(time_of(1ms)));
  EXPECT_EQ(buffer.payload(), "t a=2000000t 3000000000n\nt a=1n 1000t\n");
}

TEST(Overloads, TimePointsBeyond64BitsAreRefused) {
  using namespace std::chrono_literals;
  constexpr auto kMost = std::chrono::nanoseconds::max();
  EXPECT_EQ(TimestampNanos::from(time_of(kMost)), TimestampNanos{kMost.count()});
  EXPECT_EQ(TimestampNanos::from(time_of(std::chrono::seconds(9'223'372'036))), TimestampNanos{9'223'372'036'000'000'000});
  EXPECT_EQ(code_of([] { TimestampNanos::from(time_of(std::chrono::seconds(9'223'372'037))); }), ErrorCode::invalid_value);
  EXPECT_EQ(code_of([] { TimestampNanos::from(time_of(std::chrono::seconds(-9'223'372'037))); }), ErrorCode::invalid_value);
  EXPECT_EQ(code_of([] { TimestampNanos::from(time_of(std::chrono::hours::max())); }),
            ErrorCode::invalid_value);
  EXPECT_EQ(code_of([] { TimestampMicros::from(time_of(std::chrono::duration<double>(1e300))); }),
            ErrorCode::invalid_value);
  EXPECT_EQ(TimestampMicros::from(time_of(std::chrono::seconds(9'223'372'037))), TimestampMicros{9'223'372'037'000'000});
}

}  // namespace
}  // namespace questclient
