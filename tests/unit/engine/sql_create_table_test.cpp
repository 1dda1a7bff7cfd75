// CREATE TABLE as QuestDB's users type it.
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "engine/sql.hpp"

namespace questnode::engine {
namespace {

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& each : list) out += (out.empty() ? "" : ",") + each;
  return out;
}

/// The request in one line, or the error with its position.
std::string outcome(std::string_view sql) {
  const auto parsed = parse_create_table(sql);
  if (const auto* error = std::get_if<SqlError>(&parsed))
    return std::to_string(error->position) + ": " + error->message;
  const auto& request = std::get<TableRequest>(parsed);
  std::string columns;
  for (const ColumnDefinition& column : request.columns)
    columns += (columns.empty() ? "" : ",") + column.name + " " + column.type_text();
  return request.name + "(" + columns + ") " + request.timestamp_column.value_or("-") + " " +
         request.partition_by + " [" + joined(request.dedup_keys) + "]" +
         (request.if_not_exists ? " if" : "");
}

struct Case {
  std::string sql;
  std::string expected;
};

TEST(ParseCreateTable, Grammar) {
  const std::vector<Case> cases = {
      {"CREATE TABLE t (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY", "t(ts TIMESTAMP) ts DAY []"},
      {"create table if not exists 'my table' (Ts timestamp_ns, v double) timestamp(TS) partition by hour "
       "wal;",
       "my table(Ts TIMESTAMP_NS,v DOUBLE) Ts HOUR [] if"},
      {"CREATE TABLE \"a.b\" (ts TIMESTAMP, \"select\" INT, 'x y' LONG) TIMESTAMP(ts) PARTITION BY YEAR -- "
       "end",
       "a.b(ts TIMESTAMP,select INT,x y LONG) ts YEAR []"},
      {"CREATE TABLE trades (symbol SYMBOL CAPACITY 256 CACHE INDEX CAPACITY 1048576, side SYMBOL NOCACHE, "
       "price DOUBLE, amount DOUBLE, ts TIMESTAMP), INDEX(side CAPACITY 8) TIMESTAMP(ts) PARTITION BY MONTH "
       "TTL 3 MONTHS WITH maxUncommittedRows=250000, o3MaxLag=240s WAL DEDUP UPSERT KEYS(ts, Symbol)",
       "trades(symbol SYMBOL,side SYMBOL,price DOUBLE,amount DOUBLE,ts TIMESTAMP) ts MONTH [ts,symbol]"},
      {"CREATE TABLE t(a BOOLEAN, b BYTE, c SHORT, d CHAR, e INT, f FLOAT, g DATE, h STRING, i VARCHAR, j "
       "UUID, "
       "k IPV4, l LONG256, m DOUBLE[], n DOUBLE[][], ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY WEEK TTL 7d "
       "WAL",
       "t(a BOOLEAN,b BYTE,c SHORT,d CHAR,e INT,f FLOAT,g DATE,h STRING,i VARCHAR,j UUID,k IPv4,l LONG256,"
       "m DOUBLE[],n DOUBLE[][],ts TIMESTAMP) ts WEEK []"},
      {"CREATE TABLE t (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY DEDUP UPSERT KEYS(ts, TS)",
       "t(ts TIMESTAMP) ts DAY [ts]"},
      {"CREATE TABLE t (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WITH o3MaxLag=1s, INDEX(ts)",
       "85: indexes are only supported for SYMBOL columns"},
      {"CREATE TABLE t (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY BYPASS WAL",
       "61: BYPASS WAL is not supported: every table of this cluster is replicated through the log"},
      {"CREATE TABLE t (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY NONE",
       "57: PARTITION BY NONE is not supported: only tables with partitions are replicated"},
      {"CREATE TABLE t (ts TIMESTAMP) TIMESTAMP(ts)",
       "43: PARTITION BY is missing: only tables with partitions are replicated"},
      {"CREATE TABLE t (a INT)",
       "22: TIMESTAMP(column) is missing: only tables with a designated timestamp are replicated"},
      {"CREATE TABLE t (a INT) TIMESTAMP(a) PARTITION BY DAY", "33: TIMESTAMP column expected, 'a' is INT"},
      {"CREATE TABLE t (a INT) TIMESTAMP(b) PARTITION BY DAY",
       "33: designated timestamp column does not exist: 'b'"},
      {"CREATE TABLE t (a INT, A LONG)", "23: duplicate column: 'A'"},
      {"CREATE TABLE t (a BINARY)", "18: unsupported column type: BINARY"},
      {"CREATE TABLE t (a GEOHASH)", "25: '(' expected"},
      {"CREATE TABLE t (a GEOHASH(13c))", "26: size of a GEOHASH: 1c to 12c, or 1b to 60b"},
      {"CREATE TABLE t (a GEOHASH(4))", "26: size of a GEOHASH: 1c to 12c, or 1b to 60b"},
      {"CREATE TABLE t (a DECIMAL(77,1))", "26: precision of a DECIMAL: a number from 1 to 76"},
      {"CREATE TABLE t (a DECIMAL(5,6))", "28: scale of a DECIMAL: a number from 0 to 5"},
      {"CREATE TABLE t (a LONG[])", "18: only arrays of DOUBLE are supported"},
      {"CREATE TABLE 'a/b' (a INT)", "13: invalid table name: 'a/b'"},
      {"CREATE TABLE t ('a.b' INT)", "16: invalid column name: 'a.b'"},
      {"CREATE TABLE t ()", "16: column name expected"},
      {"CREATE TABLE t (a INT", "21: ',' or ')' expected"},
      {"CREATE TABLE t (a)", "17: column type expected"},
      {"CREATE TABLE t (a 'INT')", "18: column type expected"},
      {"CREATE TABLE (a INT)", "13: table name expected"},
      {"CREATE TABLE 't (a INT)", "13: table name expected"},
      {"CREATE TABLE t AS (SELECT 1)",
       "15: CREATE TABLE AS and LIKE are not supported: name the columns and their types"},
      {"CREATE TABLE t (LIKE x)",
       "15: CREATE TABLE AS and LIKE are not supported: name the columns and their types"},
      {"CREATE TABLE t (a INT) nonsense", "23: unexpected 'nonsense'"},
      {"CREATE TABLE t (a INT); SELECT 1", "24: unexpected 'SELECT'"},
      {"CREATE TABLE t (ts TIMESTAMP, a INT) TIMESTAMP(ts) PARTITION BY DAY DEDUP UPSERT KEYS(a)",
       "74: deduplicate key list must include the designated timestamp column"},
      {"CREATE TABLE t (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY DEDUP UPSERT KEYS(ts, b)",
       "83: deduplicate key column not found: 'b'"},
      {"CREATE TABLE t (ts TIMESTAMP, a DOUBLE[]) TIMESTAMP(ts) PARTITION BY DAY DEDUP UPSERT KEYS(ts, a)",
       "95: an array cannot be a deduplicate key: 'a'"},
      {"CREATE TABLE IF EXISTS t (a INT)", "16: 'not' expected"},
      {"CREATE TABLE t (ts TIMESTAMP) TIMESTAMP(ts) TIMESTAMP(ts)",
       "44: the designated timestamp is given twice"},
      {"CREATE TABLE t (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DECADE",
       "57: 'HOUR', 'DAY', 'WEEK', 'MONTH' or 'YEAR' expected"},
  };
  for (const Case& each : cases) EXPECT_EQ(outcome(each.sql), each.expected) << each.sql;
}

TEST(ParseCreateTable, EveryPrefixAndEveryLostByteIsHandled) {
  const std::string sql =
      "CREATE TABLE IF NOT EXISTS 'trades' (s SYMBOL CAPACITY 256 INDEX, a DOUBLE[], ts TIMESTAMP), INDEX(s) "
      "TIMESTAMP(ts) PARTITION BY DAY TTL 1w WITH x=1 WAL DEDUP UPSERT KEYS(ts, s)";
  const std::string whole = outcome(sql);
  EXPECT_EQ(whole, "trades(s SYMBOL,a DOUBLE[],ts TIMESTAMP) ts DAY [ts,s] if");
  for (std::size_t length = 0; length < sql.size(); ++length) {
    const auto parsed = parse_create_table(sql.substr(0, length));
    if (const auto* error = std::get_if<SqlError>(&parsed)) {
      EXPECT_LE(error->position, length);
    }
    const std::string without = sql.substr(0, length) + sql.substr(length + 1);
    EXPECT_FALSE(outcome(without).empty());
  }
}

TEST(Classify, GoesByTheFirstWords) {
  EXPECT_EQ(classify("SELECT 1"), StatementKind::select);
  EXPECT_EQ(classify(" -- hello\n /* there */ with x as (select 1) select * from x"), StatementKind::select);
  EXPECT_EQ(classify("(select 1)"), StatementKind::select);
  EXPECT_EQ(classify("VALUES(1)"), StatementKind::select);
  EXPECT_EQ(classify("show tables"), StatementKind::show);
  EXPECT_EQ(classify("create\ntable x"), StatementKind::create_table);
  for (const char* sql :
       {"", "create view x", "selectx", "'select'", "drop table x", "insert into t values(1)"})
    EXPECT_EQ(classify(sql), StatementKind::other) << sql;
}

TEST(Classify, SaysWhatThereIsInstead) {
  const SqlError error = unsupported_statement("  DROP TABLE x");
  EXPECT_EQ(error.position, 2U);
  EXPECT_NE(error.message.find("'DROP' is not supported"), std::string::npos);
  EXPECT_NE(error.message.find("CREATE TABLE"), std::string::npos);
}

TEST(SqlAnswers, AnErrorIsJsonWhateverWasAsked) {
  const SqlAnswer answer = error_answer("a\"\\\n\xFF", {"no \"x\"", 3});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json,
            "{\"query\":\"a\\\"\\\\\\n\xEF\xBF\xBD\",\"error\":\"no \\\"x\\\"\",\"position\":3}");
}

}  // namespace
}  // namespace questnode::engine
