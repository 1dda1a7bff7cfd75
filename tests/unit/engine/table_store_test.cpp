// Invariants T1 to T6 of server-stub/engine/README.md.
#include "engine/table_store.hpp"

#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/sqlite.hpp"
#include "engine/table_file.hpp"
#include "support/temporary_directory.hpp"
#include "support/working_directory.hpp"
#include "unit/engine/table_fixture.hpp"

namespace questnode::engine {
namespace {

using nlohmann::json;

TEST(TableStore, KeepsEveryValueAsItCame) {
  Tables tables;
  Block block = rows_of({1'640'995'200'000'000, -1, 0},
                        {texts("word", {"1e5", "", "ž\n\"quoted\""}), texts("number", {"007", "1.0", "-0"}),
                         integers("big", {std::numeric_limits<std::int64_t>::max(), -5, 0}),
                         reals("real", {1.0, 1e300, 0.1}), integers("flag", {1, 0, 1}, ColumnType::boolean)});
  tables.create("t", block);
  tables.apply_all();
  EXPECT_EQ(tables.rows("SELECT * FROM t"),
            json::parse(R"([["1e5","007",9223372036854775807,1.0,true,"2022-01-01T00:00:00.000000Z"],
                            ["","1.0",-5,1e300,false,"1969-12-31T23:59:59.999999Z"],
                            ["ž\n\"quoted\"","-0",0,0.1,true,"1970-01-01T00:00:00.000000Z"]])"));
  EXPECT_EQ(tables.rows("SELECT typeof(word), typeof(number), typeof(big), typeof(real) FROM t LIMIT 1"),
            json::parse(R"([["text","text","integer","real"]])"));
}

// SQLite takes "file:..." for a URI, and what follows '?' for its parameters.
TEST(TableStore, ARelativeFileMayHaveANameLikeAUri) {
  const questclient::test::TemporaryDirectory scratch;
  const questclient::test::WorkingDirectory here(scratch.path());
  execute(open_sqlite("file:a?mode=rwc").get(), "CREATE TABLE t (x)");
  EXPECT_TRUE(std::filesystem::exists(scratch.path() / "file:a?mode=rwc"));
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "a"));
}

TEST(TableStore, MissingValuesAreNullAndZeroWhereQuestDbHasNoNull) {
  Tables tables;
  BlockColumn coded = texts("symbol", {"a", "b"}, ColumnType::symbol, {0, 1, 3});
  coded.coded = true;
  coded.codes = {1, 0, 1};
  Block block =
      rows_of({1, 2, 3, 4},
              {std::move(coded), integers("flag", {1}, ColumnType::boolean, {2}),
               integers("small", {7}, ColumnType::byte, {1}), integers("big", {9}, ColumnType::long_, {3}),
               reals("real", {std::nan(""), std::numeric_limits<double>::infinity(), -1.5, 0.0})});
  tables.create("t", block);
  tables.apply_all();
  EXPECT_EQ(tables.rows("SELECT symbol, flag, small, big, real FROM t"),
            json::parse(R"([["b",false,0,null,null],["a",false,7,null,null],
                            [null,true,0,null,-1.5],["b",false,0,9,0.0]])"));
  EXPECT_EQ(tables.rows("SELECT count() FROM t WHERE real IS NULL"), json::parse("[[1]]"))
      << "NaN is NULL, infinity is none";
}

TEST(TableStore, AddsColumnsBetweenRows) {
  Tables tables;
  tables.create("T1", rows_of({1}, {integers("a", {10})}));
  Entry& second = tables.entry("T1", rows_of({2}, {texts("B", {"x"}), integers("a", {20})}));
  second.tables[0].added_columns = {{"B", ColumnType::varchar, 0}};
  tables.entry("T1", rows_of({3}, {texts("B", {"y"})}));
  tables.apply_all();
  EXPECT_EQ(tables.rows("SELECT a, b FROM t1"), json::parse(R"([[10,null],[20,"x"],[null,"y"]])"));
}

TEST(TableStore, LastRowWinsWithinAndAcrossEntries) {
  Tables tables;
  const std::vector<std::string> keys = {"timestamp", "key"};
  tables.create("t", rows_of({1, 1, 2}, {texts("key", {"a", "a", "a"}), integers("v", {1, 2, 3})}), keys);
  tables.entry("t", rows_of({2, 1, 1}, {texts("key", {"a", "b", "a"}), integers("v", {4, 5, 6})}));
  tables.apply_all();
  EXPECT_EQ(tables.rows("SELECT timestamp, key, v FROM t ORDER BY timestamp, key"),
            json::parse(R"([["1970-01-01T00:00:00.000001Z","a",6],["1970-01-01T00:00:00.000001Z","b",5],
                            ["1970-01-01T00:00:00.000002Z","a",4]])"));
}

TEST(TableStore, NullKeysAreEqualToEachOtherAndToNothingElse) {
  Tables tables;
  tables.create(
      "t",
      rows_of({1, 1, 1, 1}, {integers("n", {0, 0}, ColumnType::long_, {1, 3}), integers("v", {1, 2, 3, 4}),
                             integers("flag", {0, 0}, ColumnType::boolean, {0, 1})}),
      {"timestamp", "n", "flag"});
  tables.apply_all();
  EXPECT_EQ(tables.rows("SELECT n, v FROM t ORDER BY v"), json::parse("[[null,3],[0,4]]"))
      << "a boolean that is missing is false";
}

TEST(TableStore, AnyLegalNameIsATableOfItsOwn) {
  Tables tables;
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "ž";
  const std::vector<std::string> names = {
      "a b", "a_b",    "a.b",         "%41",         "meta",           "rows",    "ž",
      "Ž",   "select", longest + "x", longest + "y", "questnode_rows", "=;&#!$[]"};
  std::vector<std::string> kept;
  for (const std::string& name : names) {
    if (name.find('%') != std::string::npos) continue;  // not legal in QuestDB, so never in the log
    kept.push_back(name);
    tables.create(name, rows_of({1}, {texts("name", {name})}));
  }
  tables.apply_all();
  for (const std::string& name : kept) {
    EXPECT_EQ(tables.rows("SELECT name FROM \"" + name + "\""), json::array({json::array({name})}));
  }
  for (const std::string& left : names) {
    EXPECT_LT(table_file_name(left).size(), 200U);
    for (const std::string& right : names)
      EXPECT_EQ(table_file_name(left) == table_file_name(right), left == right) << left << " " << right;
  }
  EXPECT_EQ(table_file_name("CPU"), table_file_name("cpu"));
}

TEST(TableStore, NamesThatSqliteReservesAreStoredAllTheSame) {
  Tables tables;
  tables.create("SQLite_stat1", rows_of({1}, {integers("rowid", {5})}));
  tables.apply_all();
  tables.entry("sqlite_stat1", rows_of({2}, {integers("rowid", {6})}));
  tables.open();
  tables.apply_all();
  const SqlAnswer answer = tables.query("SELECT * FROM sqlite_stat1");
  EXPECT_EQ(answer.status, 400) << answer.json;
}

TEST(TableStore, RefusesAGapAndAContradictionUntouched) {
  Tables tables;
  tables.create("t", rows_of({1}, {integers("a", {1})}));
  tables.apply_all();
  Entry gap = tables.log().back();
  gap.number = 3;
  EXPECT_THROW(tables.store().apply({gap}), std::logic_error);
  Entry contradiction = tables.log().back();
  contradiction.number = 2;
  contradiction.tables[0].creation.reset();
  contradiction.tables[0].transaction = 2;
  contradiction.tables[0].block = rows_of({1}, {integers("unknown", {1})});
  EXPECT_THROW(tables.store().apply({contradiction}), std::runtime_error);
  EXPECT_EQ(tables.store().applied(), 1U);
  tables.entry("t", rows_of({2}, {integers("a", {2})}));
  tables.apply_all();
  EXPECT_EQ(tables.rows("SELECT count() FROM t"), json::parse("[[2]]"));
}

TEST(TableStore, ServesMoreTablesThanItKeepsOpen) {
  Tables tables;
  constexpr int kTables = 80;
  for (int i = 0; i < kTables; ++i)
    tables.create("t" + std::to_string(i), rows_of({i}, {integers("a", {i})}));
  for (int i = 0; i < kTables; ++i)
    tables.entry("t" + std::to_string(i), rows_of({i}, {integers("a", {-i})}));
  tables.apply_all();
  EXPECT_EQ(tables.store().checkpoint(), 2U * kTables);
  for (int i = 0; i < kTables; i += 9)
    EXPECT_EQ(tables.rows("SELECT count(), sum(a) FROM t" + std::to_string(i)), json::parse("[[2,0]]"));
}

TEST(TableStore, AFullBatchMovesTheLogOfSqliteIntoTheTable) {
  Tables tables;
  const std::string wide(4000, 'w');
  tables.create("t", rows_of({0}, {texts("a", {wide})}));
  for (int i = 0; i < 6; ++i)
    tables.entry(
        "t", rows_of(std::vector<std::int64_t>(2000, i), {texts("a", std::vector<std::string>(2000, wide))}));
  tables.apply_all(1);
  const auto file = tables.directory() / table_file_name("t");
  EXPECT_GT(std::filesystem::file_size(file), 30U << 20);
  EXPECT_LT(std::filesystem::file_size(file.string() + "-wal"), 70U << 20);
  EXPECT_EQ(tables.rows("SELECT count() FROM t"), json::parse("[[12001]]"));
}

TEST(TableStore, ReadersSeeWholeBatchesOnly) {
  Tables tables;
  tables.create("t", rows_of({0, 0}, {integers("a", {1, -1})}));
  tables.apply_all();
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 60; ++i) {
      tables.entry("t", rows_of(std::vector<std::int64_t>(100, i),
                                {integers("a", std::vector<std::int64_t>(100, 1))}));
      tables.entry("t", rows_of(std::vector<std::int64_t>(100, i),
                                {integers("a", std::vector<std::int64_t>(100, -1))}));
      tables.apply_all();
      if (i % 10 == 0) tables.store().checkpoint();
    }
    done = true;
  });
  std::int64_t seen = 0;
  do {
    const json rows = tables.rows("SELECT count(), sum(a) FROM t");
    EXPECT_EQ(rows[0][1], 0);
    EXPECT_GE(rows[0][0], seen);
    seen = rows[0][0];
  } while (!done);
  writer.join();
  EXPECT_EQ(tables.rows("SELECT count() FROM t"), json::parse("[[12002]]"));
}

}  // namespace
}  // namespace questnode::engine
