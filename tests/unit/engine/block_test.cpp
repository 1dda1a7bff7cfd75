#include "engine/block.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace questnode::engine {
namespace {

BlockColumn integer_column(const std::string& name, std::vector<std::int64_t> values) {
  BlockColumn column;
  column.name = name;
  column.integers = std::move(values);
  return column;
}

/// Four rows with every kind of column.
Block sample_block() {
  Block block;
  block.rows = 4;
  block.timestamps = {1'700'000'000'000'000'000, 5, 6, INT64_MAX};
  block.columns.push_back(integer_column("small", {1, 2, 3, 255}));
  block.columns.push_back(integer_column("wide", {INT64_MIN + 1, 0, -1, INT64_MAX}));
  BlockColumn& sparse = block.columns.emplace_back(integer_column("sparse", {-300, 70'000}));
  sparse.everywhere = false;
  sparse.rows = {1, 3};
  BlockColumn& nothing = block.columns.emplace_back(integer_column("nothing", {}));
  nothing.everywhere = false;
  BlockColumn& real = block.columns.emplace_back();
  real.name = "real";
  real.type = ColumnType::double_;
  real.reals = {0.5, -1e300, 0.0, 7};
  BlockColumn& text = block.columns.emplace_back();
  text.name = "text";
  text.type = ColumnType::varchar;
  text.text = "onethree";
  text.text_ends = {3, 3, 8};
  text.everywhere = false;
  text.rows = {0, 2, 3};
  BlockColumn& symbol = block.columns.emplace_back();
  symbol.name = "symbol";
  symbol.type = ColumnType::symbol;
  symbol.coded = true;
  symbol.text = "ab";
  symbol.text_ends = {1, 2};
  symbol.codes = {0, 1, 1, 0};
  BlockColumn& array = block.columns.emplace_back();
  array.name = "array";
  array.type = ColumnType::double_array;
  array.dimensions = 2;
  array.text = "[[1]]";
  array.text_ends = {5};
  array.everywhere = false;
  array.rows = {2};
  return block;
}

std::string encoded(const Block& block) {
  std::string bytes;
  encode_block(block, bytes);
  return bytes;
}

Block decoded(std::string_view bytes) {
  base::ByteReader in(bytes);
  Block block = decode_block(in);
  EXPECT_TRUE(in.empty());
  return block;
}

void expect_equal(const Block& left, const Block& right) {
  EXPECT_EQ(left.rows, right.rows);
  EXPECT_EQ(left.timestamps, right.timestamps);
  ASSERT_EQ(left.columns.size(), right.columns.size());
  for (std::size_t i = 0; i < left.columns.size(); ++i) {
    const BlockColumn& a = left.columns[i];
    const BlockColumn& b = right.columns[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.dimensions, b.dimensions);
    EXPECT_EQ(a.everywhere, b.everywhere);
    EXPECT_EQ(a.rows, b.rows);
    EXPECT_EQ(a.integers, b.integers);
    EXPECT_EQ(a.reals, b.reals);
    EXPECT_EQ(a.text, b.text);
    EXPECT_EQ(a.text_ends, b.text_ends);
    EXPECT_EQ(a.coded, b.coded);
    EXPECT_EQ(a.codes, b.codes);
  }
}

TEST(Block, BytesGiveBackAnEqualBlock) {
  expect_equal(decoded(encoded(sample_block())), sample_block());
  expect_equal(decoded(encoded(Block{})), Block{});
}

TEST(Block, NumbersOfEveryWidthComeBack) {
  for (int shift = 0; shift < 63; ++shift) {
    const std::int64_t wide = std::int64_t{1} << shift;
    Block block;
    block.rows = 4;
    block.timestamps = {0, wide, wide - 1, wide / 2};
    block.columns.push_back(integer_column("f", {-wide, wide, 0, 1 - wide}));
    expect_equal(decoded(encoded(block)), block);
  }
}

TEST(Block, SmallNumbersTakeOneByte) {
  Block block;
  block.rows = 1000;
  block.timestamps.assign(1000, 1'700'000'000'000'000'000);
  block.columns.push_back(integer_column("f", std::vector<std::int64_t>(1000, 1'000'000'007)));
  EXPECT_LT(encoded(block).size(), 2100U);
}

TEST(Block, ValuesAreFoundByRow) {
  const Block block = sample_block();
  const BlockColumn& text = block.columns[5];
  EXPECT_EQ(text.value_of(0), 0U);
  EXPECT_EQ(text.value_of(1), std::nullopt);
  EXPECT_EQ(text.text_at(*text.value_of(2)), "");
  EXPECT_EQ(text.text_at(*text.value_of(3)), "three");
  const BlockColumn& symbol = block.columns[6];
  EXPECT_EQ(symbol.text_at(2), "b");
  ColumnCursor cursor(text);
  for (std::uint32_t row = 0; row < block.rows; ++row) EXPECT_EQ(cursor.value_of(row), text.value_of(row));
  EXPECT_EQ(block.columns[2].row_of(1), 3U);
}

TEST(Block, DroppingRowsKeepsTheOthers) {
  for (std::uint32_t count = 0; count <= 4; ++count) {
    const Block before = sample_block();
    Block after = sample_block();
    drop_first_rows(after, count);
    ASSERT_EQ(after.rows, 4 - count);
    EXPECT_EQ(after.timestamps, std::vector(before.timestamps.begin() + count, before.timestamps.end()));
    for (std::size_t i = 0; i < before.columns.size(); ++i) {
      for (std::uint32_t row = 0; row < after.rows; ++row) {
        const auto then = before.columns[i].value_of(row + count);
        const auto now = after.columns[i].value_of(row);
        ASSERT_EQ(then.has_value(), now.has_value());
        if (then && storage_of(before.columns[i].type) == Storage::text) {
          EXPECT_EQ(before.columns[i].text_at(*then), after.columns[i].text_at(*now));
        }
      }
    }
    expect_equal(decoded(encoded(after)), after);
  }
}

TEST(Block, TruncatedBytesAreMalformed) {
  const std::string bytes = encoded(sample_block());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    base::ByteReader in(std::string_view(bytes).substr(0, length));
    EXPECT_THROW(decode_block(in), base::MalformedBytes) << length;
  }
}

// Invariant 1 of server-stub/engine/README.md.
TEST(Block, ImpossibleCountsAllocateNothing) {
  std::string bytes;
  base::ByteWriter out(bytes);
  out.number(std::uint32_t{0xFFFFFFFF});
  out.number(std::int64_t{0});
  out.number(std::uint8_t{8});
  bytes += "a few bytes";
  base::ByteReader in(bytes);
  EXPECT_THROW(decode_block(in), base::MalformedBytes);
}

// Invariant 3.
TEST(Block, DamagedBytesAreMalformedOrAnotherBlock) {
  const std::string valid = encoded(sample_block());
  base::SeededRandom random(3);
  int malformed = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = valid;
    for (auto changes = 1 + random.below(3); changes > 0; --changes)
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(4) == 0 ? 0xFF : random.next());
    base::ByteReader in(bytes);
    try {
      const Block block = decode_block(in);
      // Whatever came of it is consistent: it can be read and written.
      for (const BlockColumn& column : block.columns) {
        for (std::size_t value = 0; value < column.values(); ++value)
          ASSERT_LT(column.row_of(value), block.rows);
      }
      const std::string again = encoded(block);
      ASSERT_EQ(encoded(decoded(again)), again);
    } catch (const base::MalformedBytes&) {
      ++malformed;
    }
  }
  EXPECT_GT(malformed, 5000);
}

}  // namespace
}  // namespace questnode::engine
