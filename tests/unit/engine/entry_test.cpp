#include "engine/entry.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "base/random.hpp"

namespace questnode::engine {
namespace {

Entry sample_entry() {
  Entry entry;
  entry.number = 17;
  entry.wall_nanos = -5;
  base::SeededRandom random(1);
  entry.token = TokenChange{base::Uuid::random(random), base::StreamPosition{3, 4}, {5, 0}};
  TableTransaction& made = entry.tables.emplace_back();
  made.table = "Made";
  made.transaction = 1;
  made.creation = TableCreation{
      {{"a", ColumnType::double_array, 3}, {"ts", ColumnType::timestamp_ns, 0}}, 1, "HOUR", {"ts", "a"}};
  TableTransaction& grown = entry.tables.emplace_back();
  grown.table = "grown";
  grown.transaction = 9;
  grown.added_columns = {{"b", ColumnType::ipv4, 0}};
  grown.block.rows = 2;
  grown.block.timestamps = {8, 9};
  BlockColumn& column = grown.block.columns.emplace_back();
  column.name = "b";
  column.type = ColumnType::ipv4;
  column.text = "1.2.3.44.3.2.1";
  column.text_ends = {7, 14};
  return entry;
}

/// Of the format that knows renames.
Entry renaming() {
  Entry entry = sample_entry();
  TableTransaction& renamed = entry.tables.emplace_back();
  renamed.table = "old";
  renamed.transaction = 3;
  renamed.new_name = "new";
  return entry;
}

TEST(Entry, BytesGiveBackAnEqualEntry) {
  const Entry entry = sample_entry();
  const std::string bytes = encode_entry(entry);
  EXPECT_EQ(encode_entry(entry), bytes);
  const Entry back = decode_entry(bytes);
  EXPECT_EQ(back.number, 17U);
  EXPECT_EQ(back.wall_nanos, -5);
  ASSERT_TRUE(back.token);
  EXPECT_EQ(back.token->stream, entry.token->stream);
  EXPECT_EQ(back.token->before, entry.token->before);
  EXPECT_EQ(back.token->after, entry.token->after);
  ASSERT_EQ(back.tables.size(), 2U);
  EXPECT_EQ(back.tables[0].table, "Made");
  ASSERT_TRUE(back.tables[0].creation);
  EXPECT_EQ(back.tables[0].creation->columns, entry.tables[0].creation->columns);
  EXPECT_EQ(back.tables[0].creation->timestamp_column, 1U);
  EXPECT_EQ(back.tables[0].creation->partition_by, "HOUR");
  EXPECT_EQ(back.tables[0].creation->dedup_keys, (std::vector<std::string>{"ts", "a"}));
  EXPECT_FALSE(back.tables[1].creation);
  EXPECT_EQ(back.tables[1].transaction, 9U);
  EXPECT_EQ(back.tables[1].added_columns, entry.tables[1].added_columns);
  EXPECT_EQ(back.tables[1].block.columns[0].text_at(1), "4.3.2.1");
  EXPECT_EQ(encode_entry(back), bytes);
}

TEST(Entry, AnEntryWithoutTokenAndTablesIsOne) {
  Entry entry;
  entry.number = 1;
  const Entry back = decode_entry(encode_entry(entry));
  EXPECT_EQ(back.number, 1U);
  EXPECT_FALSE(back.token);
  EXPECT_TRUE(back.tables.empty());
}

TEST(Entry, PeekTellsNumberAndLengthWhateverFollows) {
  const std::string bytes = encode_entry(sample_entry());
  const auto frame = peek_entry(bytes + "next");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->number, 17U);
  EXPECT_EQ(frame->length, bytes.size());
  EXPECT_THROW(decode_entry(bytes + "next"), base::MalformedBytes);
}

TEST(Entry, EveryFlippedBitAndEveryTruncationIsSeen) {
  const std::string bytes = encode_entry(sample_entry());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(peek_entry(std::string_view(bytes).substr(0, length))) << length;
    EXPECT_THROW(decode_entry(std::string_view(bytes).substr(0, length)), base::MalformedBytes);
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(peek_entry(damaged)) << bit;
    EXPECT_THROW(decode_entry(damaged), base::MalformedBytes) << bit;
  }
}

/// The bytes with a checksum that fits, as a hostile writer would make them.
std::string sealed(std::string bytes) {
  const std::uint32_t header = base::crc32c(std::string_view(bytes).substr(4, 12));
  base::ByteWriter(bytes).patch(16, base::crc32c(std::string_view(bytes).substr(20), header));
  return bytes;
}

// Invariant 2 of server-stub/engine/README.md.
TEST(Entry, ANewerFormatIsNamedAndNotTakenForDamage) {
  std::string bytes = encode_entry(sample_entry());
  base::ByteWriter(bytes).patch(4, std::uint32_t{3});
  bytes = sealed(bytes);
  EXPECT_TRUE(peek_entry(bytes));
  try {
    decode_entry(bytes);
    FAIL();
  } catch (const base::MalformedBytes&) {
    FAIL() << "damage";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("version 3"), std::string::npos);
  }
}

TEST(Entry, DamageBehindAValidChecksumIsMalformedOrAnotherEntry) {
  const std::string plain = encode_entry(sample_entry());
  const std::string renames = encode_entry(renaming());
  ASSERT_EQ(sealed(plain), plain);
  ASSERT_NE(plain[4], renames[4]);
  base::SeededRandom random(5);
  int malformed = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = round % 2 == 0 ? plain : renames;
    for (auto changes = 1 + random.below(3); changes > 0; --changes)
      bytes[20 + random.below(bytes.size() - 20)] =
          static_cast<char>(random.below(4) == 0 ? 0xFF : random.next());
    bytes = sealed(bytes);
    try {
      const std::string again = encode_entry(decode_entry(bytes));
      ASSERT_EQ(encode_entry(decode_entry(again)), again);
    } catch (const base::MalformedBytes&) {
      ++malformed;
    }
  }
  EXPECT_GT(malformed, 5000);
}

}  // namespace
}  // namespace questnode::engine
