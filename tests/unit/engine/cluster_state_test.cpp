#include "engine/cluster_state.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "base/random.hpp"

namespace questnode::engine {
namespace {

const base::Uuid kStream = [] {
  base::SeededRandom random(1);
  return base::Uuid::random(random);
}();

Entry creation(std::uint64_t number, const std::string& table) {
  Entry entry;
  entry.number = number;
  TableTransaction& made = entry.tables.emplace_back();
  made.table = table;
  made.transaction = 1;
  made.creation =
      TableCreation{{{"f", ColumnType::long_, 0}, {"ts", ColumnType::timestamp, 0}}, 1, "DAY", {"ts"}};
  return entry;
}

Entry rows(std::uint64_t number, const std::string& table, std::uint64_t transaction) {
  Entry entry;
  entry.number = number;
  TableTransaction& change = entry.tables.emplace_back();
  change.table = table;
  change.transaction = transaction;
  change.block.rows = 1;
  change.block.timestamps = {1};
  BlockColumn& column = change.block.columns.emplace_back();
  column.name = "f";
  column.integers = {1};
  return entry;
}

ClusterState sample_state() {
  ClusterState state;
  state.apply(creation(1, "Cpu"));
  Entry entry = rows(2, "cpu", 2);
  entry.wall_nanos = 77;
  entry.token = TokenChange{kStream, std::nullopt, {8, 3}};
  entry.tables[0].added_columns = {{"g", ColumnType::double_array, 2}};
  state.apply(entry);
  return state;
}

void expect_contradiction(const Entry& entry) {
  ClusterState state = sample_state();
  const std::string before = state.serialize();
  EXPECT_THROW(state.apply(entry), base::MalformedBytes);
  EXPECT_EQ(state.serialize(), before);
}

TEST(ClusterState, EntriesAddUp) {
  const ClusterState state = sample_state();
  EXPECT_EQ(state.number(), 2U);
  const TableSchema* schema = state.table("CPU");
  ASSERT_NE(schema, nullptr);
  EXPECT_EQ(schema->name, "Cpu");
  EXPECT_EQ(schema->transactions, 2U);
  ASSERT_EQ(schema->columns.size(), 3U);
  EXPECT_EQ(schema->timestamp_column, 1U);
  EXPECT_EQ(schema->find("G")->dimensions, 2);
  EXPECT_EQ(schema->find("h"), nullptr);
  EXPECT_EQ(schema->dedup_keys, std::vector<std::string>{"ts"});
  EXPECT_EQ(state.table("mem"), nullptr);
  EXPECT_EQ(state.token(kStream), (base::StreamPosition{8, 3}));
  EXPECT_EQ(state.token(base::Uuid{}), std::nullopt);
}

// Invariant 4 of server-stub/engine/README.md.
TEST(ClusterState, WhatContradictsItIsRefusedWhole) {
  expect_contradiction(rows(2, "cpu", 3));
  expect_contradiction(rows(4, "cpu", 3));
  expect_contradiction(rows(3, "cpu", 2));
  expect_contradiction(rows(3, "cpu", 4));
  expect_contradiction(rows(3, "mem", 1));
  expect_contradiction(creation(3, "CPU"));

  Entry entry = rows(3, "cpu", 3);
  entry.token = TokenChange{kStream, base::StreamPosition{8, 2}, {9, 0}};
  expect_contradiction(entry);
  entry.token = TokenChange{kStream, std::nullopt, {9, 0}};
  expect_contradiction(entry);

  entry = rows(3, "cpu", 3);
  entry.tables[0].added_columns = {{"G", ColumnType::long_, 0}};
  expect_contradiction(entry);

  entry = rows(3, "cpu", 3);
  entry.tables[0].block.columns[0].name = "unknown";
  expect_contradiction(entry);

  entry = rows(3, "cpu", 3);
  entry.tables[0].block.columns[0].type = ColumnType::int_;
  expect_contradiction(entry);

  entry = rows(3, "cpu", 3);
  entry.tables[0].block.columns[0].name = "ts";
  entry.tables[0].block.columns[0].type = ColumnType::timestamp;
  expect_contradiction(entry);

  entry = rows(3, "cpu", 3);
  entry.tables.push_back(rows(3, "CPU", 3).tables[0]);
  expect_contradiction(entry);

  entry = creation(3, "mem");
  entry.tables.push_back(rows(3, "cpu", 9).tables[0]);
  expect_contradiction(entry);
}

TEST(ClusterState, EqualStatesAreEqualBytes) {
  const std::string bytes = sample_state().serialize();
  EXPECT_EQ(bytes, sample_state().serialize());
  const ClusterState back = ClusterState::deserialize(bytes);
  EXPECT_EQ(back.serialize(), bytes);
  EXPECT_EQ(back.number(), 2U);
  EXPECT_EQ(back.table("cpu")->columns, sample_state().table("cpu")->columns);
  EXPECT_EQ(back.token(kStream), (base::StreamPosition{8, 3}));
  EXPECT_EQ(ClusterState::deserialize(ClusterState().serialize()).number(), 0U);

  ClusterState other = sample_state();
  other.apply(rows(3, "cpu", 3));
  EXPECT_NE(other.serialize(), bytes);
}

TEST(ClusterState, DamagedBytesAreRefused) {
  ClusterState state = sample_state();
  state.apply(creation(3, "mem"));
  Entry renaming;
  renaming.number = 4;
  renaming.tables.emplace_back().table = "cpu";
  renaming.tables[0].transaction = 3;
  renaming.tables[0].new_name = "disk";
  state.apply(renaming);
  state.apply(creation(5, "cpu"));
  const std::string valid = state.serialize();
  for (std::size_t length = 0; length < valid.size(); ++length)
    EXPECT_THROW(ClusterState::deserialize(std::string_view(valid).substr(0, length)), base::MalformedBytes);
  base::SeededRandom random(9);
  int malformed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = valid;
    for (auto changes = 1 + random.below(3); changes > 0; --changes)
      bytes[12 + random.below(bytes.size() - 12)] =
          static_cast<char>(random.below(4) == 0 ? 0xFF : random.next());
    if (bytes != valid) {
      EXPECT_THROW(ClusterState::deserialize(bytes), base::MalformedBytes);
    }
    base::ByteWriter(bytes).patch(8, base::crc32c(std::string_view(bytes).substr(12)));
    try {
      const std::string again = ClusterState::deserialize(bytes).serialize();
      ASSERT_EQ(ClusterState::deserialize(again).serialize(), again);
    } catch (const base::MalformedBytes&) {
      ++malformed;
    }
  }
  EXPECT_GT(malformed, 2000);
}

TEST(ClusterState, ANewerFormatIsNamed) {
  std::string bytes = sample_state().serialize();
  base::ByteWriter(bytes).patch(4, std::uint32_t{7});
  try {
    ClusterState::deserialize(bytes);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("version 7"), std::string::npos);
  }
}

}  // namespace
}  // namespace questnode::engine
