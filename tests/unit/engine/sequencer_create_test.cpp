// CREATE TABLE: what may be created, and why other things may not.
#include <functional>

#include <gtest/gtest.h>

#include "sequencer_requests.hpp"

namespace questnode::engine::test {
namespace {

using Outcome = Admission::Outcome;

TEST(CreateTable, BecomesAnEntry) {
  Sequencer sequencer{ClusterState{}};
  TableRequest request =
      table_request("Trades", {{"symbol", ColumnType::symbol, 0}}, ColumnType::timestamp_ns);
  request.dedup_keys = {"TS", "Symbol"};
  request.partition_by = "HOUR";
  const Admission admission = sequencer.create_table(request, 42);
  ASSERT_EQ(admission.outcome, Outcome::committed) << admission.message;
  EXPECT_EQ(admission.number, 1U);
  ClusterState replica;
  replica.apply(decode_entry(admission.entry));
  EXPECT_EQ(replica.serialize(), sequencer.state().serialize());
  const TableSchema* schema = replica.table("trades");
  EXPECT_EQ(schema->name, "Trades");
  EXPECT_EQ(schema->timestamp_column, 1U);
  EXPECT_EQ(schema->partition_by, "HOUR");
  EXPECT_EQ(schema->dedup_keys, (std::vector<std::string>{"ts", "symbol"}));
  EXPECT_EQ(schema->transactions, 1U);
  const Admission rows = sequencer.write(make_request({{"trades", 1, {{"symbol", Tag{"x"}}}}}), 0);
  EXPECT_EQ(decode_entry(rows.entry).tables[0].transaction, 2U);
}

TEST(CreateTable, IfNotExistsIsContentWithTheOneThatIsThere) {
  Sequencer sequencer{ClusterState{}};
  TableRequest request = table_request("t", {});
  ASSERT_EQ(sequencer.create_table(request, 0).outcome, Outcome::committed);
  EXPECT_EQ(sequencer.create_table(request, 0).outcome, Outcome::refused);
  request.name = "T";
  request.if_not_exists = true;
  const Admission again = sequencer.create_table(request, 0);
  EXPECT_EQ(again.outcome, Outcome::duplicate);
  EXPECT_EQ(again.number, 1U);
}

TEST(CreateTable, ReasonsForRefusal) {
  struct Case {
    std::function<void(TableRequest&)> change;
    std::string message;
  };
  const std::vector<Case> cases = {
      {[](auto& r) { r.name = "a/b"; }, "invalid table name: a/b"},
      {[](auto& r) { r.columns[0].name = "a.b"; }, "invalid column name: a.b"},
      {[](auto& r) { r.columns[0].name = "TS"; }, "Duplicate column [name=ts]"},
      {[](auto& r) { r.timestamp_column.reset(); },
       "only tables with a designated timestamp are replicated: add TIMESTAMP(column) PARTITION BY DAY"},
      {[](auto& r) { r.timestamp_column = "x"; }, "Invalid designated timestamp column [name=x]"},
      {[](auto& r) { r.timestamp_column = "c"; }, "TIMESTAMP column expected [actual=LONG, columnName=c]"},
      {[](auto& r) { r.partition_by = "NONE"; },
       "only partitioned tables are replicated: PARTITION BY HOUR, DAY, WEEK, MONTH or YEAR, not NONE"},
      {[](auto& r) { r.dedup_keys = {"c"}; },
       "deduplicate key list must include dedicated timestamp column [column=ts]"},
      {[](auto& r) {
         r.dedup_keys = {"ts", "x"};
       },
       "deduplicate key column not found [column=x]"},
      {[](auto& r) { r.columns[0].type = ColumnType::double_array; }, "impossible dimensions of column c"},
      {[](auto& r) { r.columns.resize(1801); }, "too many columns: at most 1800"},
  };
  for (const Case& one : cases) {
    Sequencer sequencer{ClusterState{}};
    TableRequest request = table_request("t", {{"c", ColumnType::long_, 0}});
    one.change(request);
    const Admission admission = sequencer.create_table(request, 0);
    EXPECT_EQ(admission.outcome, Outcome::refused);
    EXPECT_EQ(admission.message, one.message);
    EXPECT_EQ(sequencer.state().number(), 0U);
  }
}

}  // namespace
}  // namespace questnode::engine::test
