// What no request gets beyond: an entry that is too long, a catalog that grows for ever.
#include <gtest/gtest.h>

#include "sequencer_requests.hpp"

namespace questnode::engine::test {
namespace {

using Outcome = Admission::Outcome;

Sequencer limited(SequencerLimits limits) {
  return Sequencer{ClusterState{}, {}, limits};
}

TEST(SequencerLimits, AnEntryThatWouldBeTooLongIsRefusedWhole) {
  Sequencer sequencer = limited({.entry_bytes = 1000});
  const auto text_of = [](std::size_t bytes) {
    return make_request({{"t", 1000, {{"c", std::string(bytes, 'x')}}}});
  };
  EXPECT_EQ(sequencer.write(text_of(500), 0).outcome, Outcome::committed);
  for (const std::size_t bytes : {950, 1001}) {  // With its names it is too long, without them.
    const Admission refused = sequencer.write(text_of(bytes), 0);
    EXPECT_EQ(refused.outcome, Outcome::too_large);
    EXPECT_EQ(refused.message,
              "the rows take more than 1000 bytes in the log: send fewer of them in a request");
  }
  EXPECT_EQ(sequencer.state().number(), 1U);
}

TEST(SequencerLimits, ValuesThatACastMakesLongCountAsTheyAreStored) {
  Sequencer sequencer = limited({.entry_bytes = 1000});
  ASSERT_EQ(sequencer.create_table(table_request("t", {{"c", ColumnType::decimal, 76, 76}}), 0).outcome,
            Outcome::committed);
  std::vector<Row> rows;
  for (int i = 0; i < 20; ++i) rows.push_back({"t", 1000, {{"c", 0.5}}});
  EXPECT_EQ(sequencer.write(make_request(rows), 0).outcome, Outcome::too_large);
  rows.resize(5);
  EXPECT_EQ(sequencer.write(make_request(rows), 0).outcome, Outcome::committed);
}

TEST(SequencerLimits, TablesHaveAnEnd) {
  Sequencer sequencer = limited({.tables = 2});
  const auto rows_of = [](const std::vector<std::string>& tables) {
    std::vector<Row> rows;
    for (const std::string& table : tables) rows.push_back({table, 1000, {{"c", std::int64_t{1}}}});
    return make_request(rows);
  };
  EXPECT_EQ(sequencer.write(rows_of({"a", "b", "c"}), 0).outcome, Outcome::refused);
  EXPECT_EQ(sequencer.write(rows_of({"a", "b"}), 0).outcome, Outcome::committed);
  const Admission refused = sequencer.write(rows_of({"a", "c"}), 0);
  EXPECT_EQ(refused.outcome, Outcome::refused);
  EXPECT_EQ(refused.message, "table: c; too many tables: at most 2");
  EXPECT_EQ(sequencer.create_table(table_request("c", {}), 0).message, refused.message);
  EXPECT_EQ(sequencer.write(rows_of({"a", "b"}), 0).outcome, Outcome::committed);
}

TEST(SequencerLimits, ColumnsOfAllTablesHaveAnEndThatARestartKeeps) {
  Sequencer sequencer = limited({.columns = 4});
  const auto row_of = [](const std::string& table, const std::string& column) {
    return make_request({{table, 1000, {{column, std::int64_t{1}}}}});
  };
  EXPECT_EQ(sequencer.write(row_of("a", "x"), 0).outcome, Outcome::committed);
  EXPECT_EQ(sequencer.write(row_of("a", "y"), 0).outcome, Outcome::committed);
  Sequencer again{ClusterState::deserialize(sequencer.state().serialize()), {}, {.columns = 4}};
  const Admission refused = again.write(row_of("b", "x"), 0);  // With its timestamp that is two.
  EXPECT_EQ(refused.outcome, Outcome::refused);
  EXPECT_EQ(refused.message, "table: b; too many columns: at most 4 in all tables together");
  EXPECT_EQ(again.write(row_of("a", "z"), 0).outcome, Outcome::committed);
  EXPECT_EQ(again.write(row_of("a", "w"), 0).outcome, Outcome::refused);
  EXPECT_EQ(again.write(row_of("a", "x"), 0).outcome, Outcome::committed);
}

}  // namespace
}  // namespace questnode::engine::test
