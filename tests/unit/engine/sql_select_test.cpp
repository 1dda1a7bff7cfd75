// What /exec answers, and what it refuses.
#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/sql.hpp"
#include "unit/engine/table_fixture.hpp"

namespace questnode::engine {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class Select : public testing::Test {
 protected:
  Select() {
    tables.create("trades", rows_of({1, 2, 3}, {texts("symbol", {"a", "b", "a"}, ColumnType::symbol),
                                                reals("price", {1.5, 2.5, 3.0})}));
    tables.create("Plain.One",
                  rows_of({1'640'995'200'000'000'001},
                          {integers("d", {-1}, ColumnType::date), reals("f", {0.1F}, ColumnType::float_),
                           texts("u", {"11111111-2222-3333-4444-555555555555"}, ColumnType::uuid),
                           texts("arr", {"[[1.0,2.0]]"}, ColumnType::double_array)}),
                  {}, ColumnType::timestamp_ns);
    tables.apply_all();
  }
  std::string error(const std::string& sql, std::chrono::milliseconds timeout = 20s,
                    std::size_t max_bytes = 1 << 20) {
    const SqlAnswer answer = tables.query(sql, timeout, max_bytes);
    EXPECT_EQ(answer.status, 400) << sql << "\n" << answer.json;
    const json parsed = json::parse(answer.json);
    EXPECT_EQ(parsed.value("query", ""), sql);
    EXPECT_TRUE(parsed.contains("position")) << answer.json;
    return parsed.value("error", "");
  }
  Tables tables;
};

TEST_F(Select, AnswersInTheShapeOfQuestDb) {
  EXPECT_EQ(
      tables.query("select 1 a").json,
      R"({"query":"select 1 a","columns":[{"name":"a","type":"LONG"}],"timestamp":-1,"dataset":[[1]],"count":1})");
}

TEST_F(Select, NamesTheTypesOfTheCatalog) {
  const json answer =
      Tables::parsed(tables.query("SELECT t.*, price AS p FROM Trades t WHERE price > 2 LIMIT 1"));
  EXPECT_EQ(answer["columns"],
            json::parse(R"([{"name":"symbol","type":"SYMBOL"},{"name":"price","type":"DOUBLE"},
      {"name":"timestamp","type":"TIMESTAMP"},{"name":"p","type":"DOUBLE"}])"));
  EXPECT_EQ(answer["timestamp"], 2);
  EXPECT_EQ(answer["dataset"], json::parse(R"([["b",2.5,"1970-01-01T00:00:00.000002Z",2.5]])"));
}

TEST_F(Select, WritesEachTypeAsQuestDbDoes) {
  EXPECT_EQ(
      tables.rows("SELECT * FROM \"plain.one\""),
      json::parse(R"([["1969-12-31T23:59:59.999Z",0.1,"11111111-2222-3333-4444-555555555555",[[1.0,2.0]],
                             "2022-01-01T00:00:00.000000001Z"]])"));
}

TEST_F(Select, TypesOfComputedColumnsFollowTheValues) {
  const json answer = Tables::parsed(tables.query(
      "SELECT count(), sum(price), max(symbol), NULL AS n, 1 AS x, price + 1, min(price) + max(price) "
      "FROM trades UNION ALL SELECT 1, 2, 3, NULL, 0.5, 'text', 1"));
  std::string types;
  std::string names;
  for (const json& column : answer["columns"]) {
    types += column["type"].get<std::string>() + " ";
    names += column["name"].get<std::string>() + ";";
  }
  EXPECT_EQ(types, "LONG DOUBLE VARCHAR VARCHAR DOUBLE VARCHAR DOUBLE ");
  EXPECT_EQ(names, "count;sum;max;n;x;price + 1;min(price) + max(price);");
  EXPECT_EQ(answer["timestamp"], -1);
}

TEST_F(Select, ReadsSeveralTablesAtOnce) {
  EXPECT_EQ(
      tables.rows("WITH x AS (SELECT symbol s, count(*) n FROM trades GROUP BY 1) SELECT s, n, u FROM x, "
                  "'plain.one' ORDER BY n DESC LIMIT 1"),
      json::parse(R"([["a",2,"11111111-2222-3333-4444-555555555555"]])"));
  EXPECT_EQ(tables.rows("WITH x AS (SELECT 1) SELECT count(*) FROM x"), json::parse("[[1]]"));
}

TEST_F(Select, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error("SELECT * FROM nowhere"), "table does not exist [table=nowhere]");
  EXPECT_EQ(json::parse(tables.query("SELECT * FROM nowhere").json)["position"], 14);
  EXPECT_EQ(error("SELECT prise FROM trades"), "no such column: prise");
  EXPECT_EQ(json::parse(tables.query("SELECT prise FROM trades").json)["position"], 7);
  EXPECT_EQ(error("SELECT \"prise\" FROM trades"), "no such column: prise");
  EXPECT_NE(error("SELECT FROM trades"), "");
  EXPECT_NE(error("SELECT ?1").find("bind variables"), std::string::npos);
}

TEST_F(Select, TakesOneStatementAtATime) {
  EXPECT_EQ(tables.rows("SELECT 1"), json::parse("[[1]]"));
  EXPECT_EQ(tables.rows("-- c\nSELECT 1; -- the end\n;/* all */"), json::parse("[[1]]"));
  EXPECT_EQ(error("SELECT 1; SELECT 2"), "only one statement at a time is supported");
  EXPECT_EQ(error("SELECT 1; DROP TABLE trades"), "only one statement at a time is supported");
  EXPECT_EQ(json::parse(tables.query("SELECT 1; SELECT 2").json)["position"], 10);
}

TEST_F(Select, RefusesWhateverIsNotAQuery) {
  for (const std::string sql :
       {"", "   ", "-- nothing", "INSERT INTO trades VALUES(1,2,3)", "DELETE FROM trades",
        "DROP TABLE trades", "ATTACH '/etc/passwd' AS x", "DETACH table1", "PRAGMA query_only=0",
        "VACUUM INTO '/tmp/x'", "CREATE TEMP TABLE x(a)", "EXPLAIN SELECT 1", "BEGIN", "REINDEX", "garbage",
        "\x01", "'SELECT'"}) {
    EXPECT_NE(error(sql).find("questnode runs SELECT"), std::string::npos) << sql;
  }
}

TEST_F(Select, HostileQueriesReachNothingButTables) {
  for (const std::string sql : {"WITH x AS (SELECT 1) INSERT INTO trades SELECT * FROM x",
                                "WITH x AS (SELECT 1) DELETE FROM trades",
                                "SELECT load_extension('/tmp/x.so')",
                                "SELECT * FROM sqlite_schema",
                                "SELECT * FROM sqlite_master",
                                "SELECT name FROM table1.sqlite_schema, trades",
                                "SELECT * FROM pragma_database_list",
                                "SELECT * FROM pragma_table_info('trades')",
                                "SELECT * FROM trades, pragma_journal_mode('delete')",
                                "SELECT * FROM \"questnode/meta\"",
                                "SELECT * FROM trades, table1.\"questnode/meta\"",
                                "SELECT * FROM dbstat",
                                "SELECT * FROM trades, dbstat('table1')",
                                "SELECT * FROM sqlite_stmt",
                                "SELECT fts3_tokenizer('x')",
                                "SELECT writefile('/tmp/x', 'y')",
                                "SELECT readfile('/etc/passwd')",
                                "SELECT edit('x')",
                                "SELECT * FROM fts5vocab",
                                "SELECT * FROM \"questnode/rows\"",
                                "SELECT * FROM bytecode('SELECT 1')"}) {
    EXPECT_NE(error(sql), "");
  }
  EXPECT_EQ(tables.rows("SELECT count() FROM trades"), json::parse("[[3]]"));
}

TEST_F(Select, AnEndlessQueryMeetsItsTimeout) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NE(
      error("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT max(n) FROM x", 50ms)
          .find("timeout, query aborted"),
      std::string::npos);
  EXPECT_NE(
      error("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT n FROM x", 50ms, 1 << 30)
          .find("timeout, query aborted"),
      std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

TEST_F(Select, AHugeAnswerIsRefused) {
  EXPECT_NE(
      error("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT n FROM x", 20s, 1000)
          .find("larger than 1000 bytes"),
      std::string::npos);
  EXPECT_NE(error("SELECT zeroblob(900000000)"), "");
  EXPECT_NE(error("SELECT replace(hex(zeroblob(20000000)), '00', '0123456789')"), "");
}

TEST_F(Select, DeepNestingIsAnErrorNotACrash) {
  std::string sql = "SELECT ";
  for (int i = 0; i < 5000; ++i) sql += "(";
  EXPECT_NE(error(sql), "");
  std::string unions = "SELECT 1";
  for (int i = 0; i < 1000; ++i) unions += " UNION ALL SELECT 1";
  EXPECT_NE(error(unions), "");
}

TEST_F(Select, TooManyTablesIsSaidClearly) {
  std::string sql = "SELECT 1 FROM trades";
  for (int i = 0; i < 11; ++i) {
    tables.create("t" + std::to_string(i), rows_of({1}, {integers("a", {1})}));
    sql += ", t" + std::to_string(i);
  }
  tables.apply_all();
  EXPECT_EQ(error(sql), "a query can read at most 10 tables");
  EXPECT_EQ(tables.rows("SELECT count() FROM trades, t1, t2, t3, t4, t5, t6, t7, t8, t9"),
            json::parse("[[3]]"));
}

TEST_F(Select, ATableNamedLikeOneOfSqliteIsReadable) {
  for (const std::string name : {"pragma_mine", "questnode_x", "dbstat"}) {
    tables.create(name, rows_of({1}, {integers("a", {7})}));
    tables.apply_all();
    EXPECT_EQ(tables.rows("SELECT a FROM " + name), json::parse("[[7]]"));
  }
}

TEST_F(Select, TextThatIsNotUtf8IsReplaced) {
  tables.create("t", rows_of({1, 2}, {texts("a", {"a\xFF"
                                                  "b\xC3",
                                                  std::string("z\0\x1F", 3)})}));
  tables.apply_all();
  EXPECT_EQ(tables.rows("SELECT a FROM t"), json::parse(R"([["a\ufffdb\ufffd"],["z\u0000\u001f"]])"));
}

TEST_F(Select, ShowsTablesAndColumns) {
  EXPECT_EQ(tables.rows("SHOW TABLES;"), json::parse(R"([["Plain.One"],["trades"]])"));
  EXPECT_EQ(tables.rows("show columns from 'TRADES'"),
            json::parse(R"([["symbol","SYMBOL",false,false],["price","DOUBLE",false,false],
                            ["timestamp","TIMESTAMP",true,false]])"));
  EXPECT_EQ(error("SHOW COLUMNS FROM nowhere"), "table does not exist [table=nowhere]");
  EXPECT_EQ(error("SHOW PARTITIONS FROM trades"), "'TABLES' or 'COLUMNS FROM' expected");
  EXPECT_EQ(error("SHOW TABLES trades"), "unexpected 'trades'");
}

TEST_F(Select, TimesAreComparedWithTexts) {
  // 2022-01-01T00:00:00, a second later, and 2023.
  tables.create("times",
                rows_of({1'640'995'200'000'000, 1'640'995'201'000'000, 1'672'531'200'000'000},
                        {integers("a", {1, 2, 3}), integers("d", {0, 1000, 2000}, ColumnType::date)}));
  tables.create("nanos", rows_of({1'640'995'200'000'000'001}, {integers("a", {1})}), {},
                ColumnType::timestamp_ns);
  tables.apply_all();
  const auto found = [&](const std::string& condition) {
    std::string numbers;
    for (const auto& row : tables.rows("SELECT a FROM times t WHERE " + condition))
      numbers += std::to_string(row[0].get<int>());
    return numbers;
  };
  EXPECT_EQ(found("timestamp > '2022-01-01'"), "23");
  EXPECT_EQ(found("timestamp >= '2022-01-01T00:00:00.000000Z'"), "123");
  EXPECT_EQ(found("'2023' <= timestamp"), "3");
  EXPECT_EQ(found("'2023' > t.timestamp"), "12");
  EXPECT_EQ(found("t.\"timestamp\" = '2022-01-01T00:00:01'"), "2");
  EXPECT_EQ(found("timestamp != '2022-01-01T01:00:00+01:00' AND a < 9"), "23");
  EXPECT_EQ(found("timestamp BETWEEN '2022-01-01' AND '2022-12-31 23:59'"), "12");
  EXPECT_EQ(found("timestamp NOT BETWEEN '2022-01-01' AND '2022-12'"), "3");
  EXPECT_EQ(found("timestamp IN ('2022', '2023-01-01')"), "13");
  EXPECT_EQ(found("d >= '1970-01-01T00:00:01'"), "23");
  EXPECT_EQ(tables.rows("SELECT a FROM nanos WHERE timestamp > '2022-01-01'"), json::parse("[[1]]"));
  EXPECT_EQ(tables.rows("SELECT a FROM nanos WHERE timestamp > '2022-01-01T00:00:00.000000001'"),
            json::array());
  EXPECT_EQ(tables.rows("SELECT a FROM times WHERE 'x' = 'x' AND timestamp > 0").size(), 3U);
  const SqlAnswer wrong = tables.query("SELECT a FROM times WHERE timestamp > 'yesterday'");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(json::parse(wrong.json).at("error"), "Invalid date [str=yesterday]");
  EXPECT_EQ(json::parse(wrong.json).at("position"), 38);
  EXPECT_EQ(Tables::parsed(tables.query("SELECT a FROM times WHERE timestamp > '2023'")).at("query"),
            "SELECT a FROM times WHERE timestamp > '2023'");
}

TEST_F(Select, EveryTypeHasQuestDbsNameAndForm) {
  Entry& made = tables.entry(
      "all", rows_of({1, 2}, {texts("d", {"1.250"}, ColumnType::decimal, {0}),
                              texts("g", {"u33d"}, ColumnType::geohash, {0}),
                              texts("c", {"x"}, ColumnType::char_, {0}),
                              texts("l", {"0xab"}, ColumnType::long256, {0}),
                              texts("a", {"[[1.0,\"-Infinity\"]]"}, ColumnType::double_array, {0})}));
  for (BlockColumn& column : made.tables[0].block.columns) {
    if (column.type == ColumnType::decimal) column.dimensions = 18;
    if (column.type == ColumnType::geohash) column.dimensions = 20;
    if (column.type == ColumnType::double_array) column.dimensions = 2;
  }
  made.tables[0].creation = Tables::creation_for(made.tables[0].block);
  made.tables[0].creation->columns[0].scale = 3;
  tables.apply_all();
  const json answer = Tables::parsed(tables.query("SELECT d, g, c, l, a FROM \"all\""));
  EXPECT_EQ(answer.at("columns"), json::parse(R"json([{"name":"d","type":"DECIMAL(18,3)"},
      {"name":"g","type":"GEOHASH(4c)"},{"name":"c","type":"CHAR"},{"name":"l","type":"LONG256"},
      {"name":"a","type":"ARRAY","dim":2,"elemType":"DOUBLE"}])json"));
  EXPECT_EQ(answer.at("dataset"),
            json::parse(R"([["1.250","u33d","x","0xab",[[1.0,null]]],[null,null,"","",null]])"));
}

TEST_F(Select, ATableWithoutAFileYetDoesNotExist) {
  tables.create("later", rows_of({1}, {integers("a", {1})}));
  ClusterState ahead = tables.store().state();
  ahead.apply(tables.log().back());
  const SqlAnswer answer = run_select(tables.directory(), ahead, "SELECT * FROM later", 20s, 1000);
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.json.find("table does not exist"), std::string::npos);
}

}  // namespace
}  // namespace questnode::engine
