// RENAME TABLE through every layer: statement, sequencer, entry, state, tables. Invariants:
// server-stub/engine/README.md.
#include <set>
#include <tuple>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/sql.hpp"
#include "engine/table_file.hpp"
#include "sequencer_requests.hpp"
#include "unit/engine/table_fixture.hpp"

namespace questnode::engine::test {
namespace {

using nlohmann::json;
using Outcome = Admission::Outcome;

WriteRequest row_of(const std::string& table) {
  return make_request({{table, 1, {{"f", std::int64_t{1}}}}});
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

/// A sequencer, and the entries that it handed out.
class Log {
 public:
  Admission write(const std::string& table) { return keep(sequencer_.write(row_of(table), 7)); }
  Admission rename(const std::string& from, const std::string& to) {
    return keep(sequencer_.rename_table({from, to}, 7));
  }
  const ClusterState& state() const { return sequencer_.state(); }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  Admission keep(Admission admission) {
    if (admission.outcome == Outcome::committed) entries_.push_back(decode_entry(admission.entry));
    return admission;
  }
  Sequencer sequencer_{ClusterState{}};
  std::vector<Entry> entries_;
};

json rows_in(const std::filesystem::path& directory, const TableStore& store, const std::string& table) {
  const SqlAnswer answer =
      run_select(directory, store.state(), "SELECT count() FROM " + table, std::chrono::seconds(20), 1 << 20);
  const json document = json::parse(answer.json);
  return document.value("dataset", document.value("error", json()));
}

TEST(RenameStatement, TakesNamesInQuotesOrBare) {
  for (const std::string sql : {"RENAME TABLE 'a' TO 'b'", "rename table a to \"b\";"}) {
    ASSERT_EQ(classify(sql), StatementKind::rename_table);
    const auto parsed = parse_rename_table(sql);
    ASSERT_TRUE(std::holds_alternative<RenameRequest>(parsed)) << sql;
    EXPECT_EQ(std::get<RenameRequest>(parsed).from, "a");
    EXPECT_EQ(std::get<RenameRequest>(parsed).to, "b");
  }
  struct Case {
    std::string sql;
    std::string message;
    std::size_t position;
  };
  for (const Case& one :
       {Case{"RENAME TABLE", "from table name expected", 12}, Case{"RENAME TABLE a", "to expected", 14},
        Case{"RENAME TABLE a TO", "to table name expected", 17},
        Case{"RENAME TABLE a TO b c", "unexpected 'c'", 20}}) {
    const auto parsed = parse_rename_table(one.sql);
    ASSERT_TRUE(std::holds_alternative<SqlError>(parsed)) << one.sql;
    EXPECT_EQ(std::get<SqlError>(parsed).message, one.message) << one.sql;
    EXPECT_EQ(std::get<SqlError>(parsed).position, one.position) << one.sql;
  }
}

TEST(Rename, RowsFindTheTableUnderItsNewNameOnly) {
  Log log;
  log.write("Old");
  const Admission renamed = log.rename("old", "New");
  ASSERT_EQ(renamed.outcome, Outcome::committed) << renamed.message;
  EXPECT_EQ(log.state().table("old"), nullptr);
  ASSERT_NE(log.state().table("new"), nullptr);
  EXPECT_EQ(log.state().table("new")->name, "New");
  EXPECT_EQ(log.state().table("new")->transactions, 2U);
  log.write("new");
  EXPECT_EQ(log.entries().back().tables[0].transaction, 3U);
  // A table of the old name is another one, in a file of its own.
  log.write("old");
  EXPECT_TRUE(log.entries().back().tables[0].creation);
  EXPECT_EQ(log.state().table("new")->file, "old");
  EXPECT_EQ(log.state().table("old")->file, "old~4");
}

TEST(Rename, ReasonsForRefusal) {
  Log log;
  log.write("a");
  log.write("b");
  const std::string before = log.state().serialize();
  for (const auto& [from, to, message] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"c", "d", "table does not exist [table=c]"},
           {"a", "x/y", "invalid table name [table=x/y]"},
           {"a", "", "invalid table name [table=]"},
           {"A", "B", "cannot rename table, new name is already in use [table=a, toTableName=B]"}}) {
    const Admission refused = log.rename(from, to);
    EXPECT_EQ(refused.outcome, Outcome::refused);
    EXPECT_EQ(refused.message, message);
  }
  EXPECT_EQ(log.state().serialize(), before);
}

// Invariants 2 and 8.
TEST(Rename, EntriesAndStatesSurviveTheirBytes) {
  Log log;
  for (const std::string name : {"a", "b"}) log.write(name);
  log.rename("a", "c");
  log.write("a");
  log.rename("a", "d");
  log.write("a");
  log.rename("c", "e");
  ClusterState replica;
  for (const Entry& entry : log.entries()) {
    const Entry back = decode_entry(encode_entry(entry));
    EXPECT_EQ(encode_entry(back), encode_entry(entry));
    EXPECT_EQ(back.tables[0].new_name, entry.tables[0].new_name);
    replica.apply(back);
    replica = ClusterState::deserialize(replica.serialize());
  }
  EXPECT_EQ(replica.serialize(), log.state().serialize());
  std::set<std::string> files;
  for (const auto& [name, schema] : replica.tables()) files.insert(schema.file);
  EXPECT_EQ(files, (std::set<std::string>{"a", "b", "a~4", "a~6"}));
}

TEST(Rename, ATableThatIsCalledAsItsFileAgainIsAnOrdinaryOne) {
  Log log;
  log.write("a");
  const std::string before = log.state().serialize();
  log.rename("a", "b");
  EXPECT_EQ(log.state().serialize()[4], 2);
  log.rename("b", "a");
  EXPECT_EQ(log.state().serialize()[4], before[4]) << "a program that knows no renaming reads it";
  EXPECT_EQ(log.state().table("a")->file, "a");
}

TEST(Rename, LettersMayBecomeLargeOrSmall) {
  Log log;
  log.write("a");
  ASSERT_EQ(log.rename("a", "A").outcome, Outcome::committed);
  log.write("a");
  EXPECT_EQ(log.state().table("a")->name, "A");
  ScratchDirectory scratch;
  const auto store = TableStore::open(scratch.path());
  store->apply(log.entries());
  EXPECT_EQ(rows_in(scratch.path(), *store, "A"), json::parse("[[2]]"));
}

// Invariant 4.
TEST(Rename, WhatContradictsTheStateIsRefusedWhole) {
  Log log;
  log.write("a");
  log.write("b");
  Entry entry;
  entry.number = 3;
  TableTransaction& change = entry.tables.emplace_back();
  change.table = "a";
  change.transaction = 2;
  change.new_name = "c";
  const auto refused = [&](const Entry& wrong) {
    ClusterState state = log.state();
    EXPECT_THROW(state.apply(wrong), base::MalformedBytes);
    EXPECT_EQ(state.serialize(), log.state().serialize());
  };
  Entry wrong = entry;
  wrong.tables[0].table = "x";
  refused(wrong);
  wrong = entry;
  wrong.tables[0].transaction = 3;
  refused(wrong);
  for (const std::string name : {"B", "x/y", ""}) {
    wrong = entry;
    wrong.tables[0].new_name = name;
    refused(wrong);
  }
  wrong = entry;
  wrong.tables[0].added_columns = {{"g", ColumnType::long_, 0}};
  refused(wrong);
  wrong = entry;
  wrong.tables[0].block = log.entries()[0].tables[0].block;
  refused(wrong);
  wrong = entry;
  wrong.tables.push_back(log.entries()[1].tables[0]);
  refused(wrong);
  ClusterState state = log.state();
  state.apply(entry);
  EXPECT_NE(state.table("c"), nullptr);
}

// What was written before there were names to change: the bytes of an entry and of a state as they were then.
TEST(Rename, BytesOfTheOldFormatAreRead) {
  Log log;
  log.write("a");
  const std::string entry = from_hex(
      "5157454e01000000740000000000000029e950b201000000000000000700000000000000000100000001000000"
      "6101000000000000000102000000010000006605000900000074696d657374616d700d00010000000300000044"
      "415900000000000000000100000000000000000000000100010000000100000066050001010000000000000001"
      "00");
  EXPECT_EQ(encode_entry(decode_entry(entry)), entry);
  EXPECT_EQ(encode_entry(log.entries()[0]), entry) << "where nothing is renamed the format is the old one";
  const std::string state = from_hex(
      "514e535401000000bd5923df010000000000000001000000010000006102000000010000006605000900000074"
      "696d657374616d700d00010000000300000044415900000000010000000000000000000000");
  EXPECT_EQ(ClusterState::deserialize(state).table("a")->file, "a");
  EXPECT_EQ(log.state().serialize(), state);
}

// Invariants T1, T2, T7.
TEST(Rename, TablesFollowWhereverTheLogIsTakenUpAgain) {
  Log log;
  log.write("a");
  log.write("a");
  log.rename("a", "b");
  log.write("a");
  log.write("b");
  log.rename("b", "sqlite_c");
  log.rename("a", "b");
  log.write("b");
  ScratchDirectory scratch;
  const auto directory = scratch.path() / "whole";
  {
    const auto store = TableStore::open(directory);
    for (const Entry& entry : log.entries()) {
      store->apply({entry});
      if (entry.number == 3) store->checkpoint();
      std::filesystem::copy(directory, scratch.path() / std::to_string(entry.number));
    }
  }
  for (std::size_t killed = 1; killed <= log.entries().size(); ++killed) {
    SCOPED_TRACE(killed);
    const auto copy = scratch.path() / std::to_string(killed);
    const auto store = TableStore::open(copy);
    const auto begin = log.entries().begin() + static_cast<std::ptrdiff_t>(store->applied());
    store->apply({begin, log.entries().end()});
    EXPECT_EQ(rows_in(copy, *store, "b"), json::parse("[[2]]"));
    EXPECT_EQ(rows_in(copy, *store, "a"), "table does not exist [table=a]");
    EXPECT_EQ(store->state().table("sqlite_c")->transactions, 5U);
    EXPECT_EQ(store->state().serialize(), log.state().serialize());
  }
}

TEST(Rename, DeduplicationAndNewColumnsGoOn) {
  Tables tables;
  tables.create("a", rows_of({1}, {integers("f", {1})}), {"timestamp", "f"});
  Entry& renamed = tables.entry("a");
  renamed.tables[0].new_name = "b";
  tables.apply_all();
  Entry more;
  more.number = 3;
  TableTransaction& change = more.tables.emplace_back();
  change.table = "b";
  change.transaction = 3;
  change.added_columns = {{"g", ColumnType::long_, 0}};
  change.block = rows_of({1, 2}, {integers("f", {1, 2}), integers("g", {5, 6})});
  tables.store().apply({more});
  EXPECT_EQ(tables.rows("SELECT f, g FROM b ORDER BY f"), json::parse("[[1,5],[2,6]]"));
}

}  // namespace
}  // namespace questnode::engine::test
