// The cast table, new tables and columns, units of timestamps.
#include <gtest/gtest.h>

#include "sequencer_requests.hpp"

namespace questnode::engine::test {
namespace {

using Outcome = Admission::Outcome;

Sequencer with_column(ColumnType type, std::uint8_t dimensions = 0, std::uint8_t scale = 0) {
  Sequencer sequencer{ClusterState{}};
  const Admission made = sequencer.create_table(table_request("t", {{"c", type, dimensions, scale}}), 0);
  EXPECT_EQ(made.outcome, Outcome::committed) << made.message;
  return sequencer;
}

/// What stands in a column of this type once the value is written; or why not.
std::string stored(ColumnType type, const Value& value, std::uint8_t dimensions = 0, std::uint8_t scale = 0) {
  Sequencer sequencer = with_column(type, dimensions, scale);
  const Admission admission = sequencer.write(make_request({{"t", 1000, {{"c", value}}}}), 0);
  if (admission.outcome == Outcome::committed)
    return cell(decode_entry(admission.entry).tables[0].block, "c", 0);
  EXPECT_EQ(admission.outcome, Outcome::refused);
  EXPECT_EQ(admission.line, 1U);
  EXPECT_EQ(sequencer.state().number(), 1U);
  const std::string introduction =
      "failed to parse line protocol:errors encountered on line(s):\nerror in line 1: table: t, column: c; ";
  EXPECT_TRUE(admission.message.starts_with(introduction)) << admission.message;
  return admission.message.substr(introduction.size());
}

std::string cast_error(const std::string& from, const std::string& to) {
  return "cast error from protocol type: " + from + " to column type: " + to;
}

TEST(Casts, TagsToTexts) {
  EXPECT_EQ(stored(ColumnType::symbol, Tag{"x"}), "x");
  EXPECT_EQ(stored(ColumnType::string, Tag{"x"}), "x");
  EXPECT_EQ(stored(ColumnType::varchar, Tag{"x"}), "x");
  EXPECT_EQ(stored(ColumnType::long_, Tag{"1"}), cast_error("TAG", "LONG"));
  EXPECT_EQ(stored(ColumnType::uuid, Tag{"1"}), cast_error("TAG", "UUID"));
}

TEST(Casts, IntegersToNumbersWithinTheirRange) {
  const auto number = [](std::int64_t value) { return Value{value}; };
  EXPECT_EQ(stored(ColumnType::byte, number(-128)), "-128");
  EXPECT_EQ(stored(ColumnType::byte, number(128)),
            "line protocol value: 128 is out bounds of column type: BYTE");
  EXPECT_EQ(stored(ColumnType::short_, number(32767)), "32767");
  EXPECT_EQ(stored(ColumnType::short_, number(-32769)),
            "line protocol value: -32769 is out bounds of column type: SHORT");
  EXPECT_EQ(stored(ColumnType::int_, number(2147483647)), "2147483647");
  EXPECT_EQ(stored(ColumnType::int_, number(-2147483647)), "-2147483647");
  EXPECT_EQ(stored(ColumnType::int_, number(-2147483648)), "NULL");
  EXPECT_EQ(stored(ColumnType::int_, number(2147483648)),
            "line protocol value: 2147483648 is out bounds of column type: INT");
  EXPECT_EQ(stored(ColumnType::long_, number(INT64_MAX)), "9223372036854775807");
  EXPECT_EQ(stored(ColumnType::float_, number(7)), "7.000000");
  EXPECT_EQ(stored(ColumnType::double_, number(7)), "7.000000");
  EXPECT_EQ(stored(ColumnType::date, number(7)), "7");
  EXPECT_EQ(stored(ColumnType::timestamp, number(7)), "7");
  EXPECT_EQ(stored(ColumnType::timestamp_ns, number(7)), "7");
  EXPECT_EQ(stored(ColumnType::symbol, number(-7)), "-7");
  EXPECT_EQ(stored(ColumnType::varchar, number(7)), cast_error("INTEGER", "VARCHAR"));
  EXPECT_EQ(stored(ColumnType::boolean, number(1)), cast_error("INTEGER", "BOOLEAN"));
}

TEST(Casts, FloatsToFloatsAndSymbols) {
  EXPECT_EQ(stored(ColumnType::double_, 2.5), "2.500000");
  EXPECT_EQ(stored(ColumnType::float_, 0.1), std::to_string(static_cast<double>(0.1F)));
  EXPECT_EQ(stored(ColumnType::float_, 1e300),
            "line protocol value: 1e+300 is out bounds of column type: FLOAT");
  EXPECT_EQ(stored(ColumnType::symbol, 2.5), "2.5");
  EXPECT_EQ(stored(ColumnType::long_, 2.0), cast_error("FLOAT", "LONG"));
}

TEST(Casts, BooleansToNumbersAndSymbols) {
  EXPECT_EQ(stored(ColumnType::boolean, true), "1");
  for (const ColumnType type : {ColumnType::byte, ColumnType::short_, ColumnType::int_, ColumnType::long_})
    EXPECT_EQ(stored(type, true), "1");
  EXPECT_EQ(stored(ColumnType::float_, true), "1.000000");
  EXPECT_EQ(stored(ColumnType::double_, false), "0.000000");
  EXPECT_EQ(stored(ColumnType::symbol, false), "false");
  EXPECT_EQ(stored(ColumnType::varchar, true), cast_error("BOOLEAN", "VARCHAR"));
}

TEST(Casts, StringsToWhateverTheyAreTheTextOf) {
  const auto text = [](const std::string& value) { return Value{value}; };
  EXPECT_EQ(stored(ColumnType::varchar, text("x")), "x");
  EXPECT_EQ(stored(ColumnType::string, text("x")), "x");
  EXPECT_EQ(stored(ColumnType::symbol, text("x")), "x");
  EXPECT_EQ(stored(ColumnType::char_, text("x")), "x");
  EXPECT_EQ(stored(ColumnType::char_, text("\xE2\x82\xAC")), cast_error("STRING", "CHAR"));
  EXPECT_EQ(stored(ColumnType::char_, text("xy")), cast_error("STRING", "CHAR"));
  EXPECT_EQ(stored(ColumnType::char_, text("")), cast_error("STRING", "CHAR"));
  EXPECT_EQ(stored(ColumnType::char_, text("\xF0\x9F\x98\x80")), cast_error("STRING", "CHAR"));
  EXPECT_EQ(stored(ColumnType::uuid, text("11111111-2222-3333-4444-AAAAAAAAAAAA")),
            "11111111-2222-3333-4444-aaaaaaaaaaaa");
  EXPECT_EQ(stored(ColumnType::uuid, text("1111")), cast_error("STRING", "UUID"));
  EXPECT_EQ(stored(ColumnType::ipv4, text("192.168.0.255")), "192.168.0.255");
  for (const std::string bad : {"1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.4 ", "a.b.c.d"})
    EXPECT_EQ(stored(ColumnType::ipv4, text(bad)), cast_error("STRING", "IPv4")) << bad;
  for (const std::string null : {"", "null", "0.0.0.0"})
    EXPECT_EQ(stored(ColumnType::ipv4, text(null)), "NULL");
  EXPECT_EQ(stored(ColumnType::ipv4, text("01.2.3.4")), "1.2.3.4");
  EXPECT_EQ(stored(ColumnType::long256, text("0xAB")), "0xab");
  EXPECT_EQ(stored(ColumnType::long256, text("ab")), cast_error("STRING", "LONG256"));
  EXPECT_EQ(stored(ColumnType::double_, text("1")), cast_error("STRING", "DOUBLE"));
}

TEST(Casts, TimestampsToTheColumnsUnit) {
  EXPECT_EQ(stored(ColumnType::timestamp, Micros{5}), "5");
  EXPECT_EQ(stored(ColumnType::timestamp, Nanos{5999}), "5");
  EXPECT_EQ(stored(ColumnType::timestamp_ns, Micros{-5}), "-5000");
  EXPECT_EQ(stored(ColumnType::timestamp_ns, Nanos{5}), "5");
  EXPECT_EQ(stored(ColumnType::timestamp_ns, Micros{INT64_MAX}),
            "line protocol value: 9223372036854775807 is out bounds of column type: TIMESTAMP_NS");
  EXPECT_EQ(stored(ColumnType::date, Micros{5999}), "5");
  EXPECT_EQ(stored(ColumnType::date, Nanos{5'999'999}), "5");
  EXPECT_EQ(stored(ColumnType::symbol, Micros{5}), "5");
  EXPECT_EQ(stored(ColumnType::long_, Micros{5}), cast_error("TIMESTAMP", "LONG"));
}

TEST(Casts, ArraysToTheSameDimensionsOnly) {
  EXPECT_EQ(stored(ColumnType::double_array, Array{2, "[[1]]"}, 2), "[[1]]");
  EXPECT_EQ(stored(ColumnType::double_array, Array{1, "[1]"}, 2), cast_error("DOUBLE[]", "DOUBLE[][]"));
  EXPECT_EQ(stored(ColumnType::double_, Array{1, "[1]"}), cast_error("ARRAY", "DOUBLE"));
  EXPECT_EQ(stored(ColumnType::double_array, 1.0, 1), cast_error("FLOAT", "DOUBLE[]"));
}

TEST(Casts, StringsToGeohashesCutOffOrNull) {
  const auto characters = [](const std::string& value) { return stored(ColumnType::geohash, value, 20); };
  EXPECT_EQ(characters("u33d"), "u33d");
  EXPECT_EQ(characters("U33D8B"), "u33d");
  for (const std::string null : {"u33", "", "aaaa", "u3!d"}) EXPECT_EQ(characters(null), "NULL") << null;
  EXPECT_EQ(stored(ColumnType::geohash, std::string("u33"), 7), "1101000");
  EXPECT_EQ(stored(ColumnType::geohash, std::string("u"), 7), "NULL");
  EXPECT_EQ(stored(ColumnType::geohash, Tag{"u33d"}, 20), cast_error("TAG", "GEOHASH(4c)"));
}

/// Into DECIMAL(5,2).
std::string decimal(const Value& value) {
  return stored(ColumnType::decimal, value, 5, 2);
}
std::string loses(const std::string& number, const std::string& type = "DECIMAL(5,2)") {
  return "value error: converting " + number + " to " + type + " will result in loss of precision";
}
std::string beyond(const std::string& number) {
  return "line protocol value: " + number + " is out bounds of column type: DECIMAL(5,2)";
}

TEST(Casts, DecimalsToTheColumnsScale) {
  EXPECT_EQ(decimal(DecimalText{"123.45"}), "123.45");
  EXPECT_EQ(decimal(DecimalText{"-7"}), "-7.00");
  EXPECT_EQ(decimal(DecimalText{"1.2300"}), "1.23");
  EXPECT_EQ(decimal(DecimalText{"0.000"}), "0.00");
  EXPECT_EQ(decimal(DecimalText{"1.234"}), loses("1.234"));
  EXPECT_EQ(decimal(DecimalText{"1234.5"}), beyond("1234.50"));
  EXPECT_EQ(stored(ColumnType::double_, DecimalText{"1.25"}), loses("1.25", "DOUBLE"));
  EXPECT_EQ(stored(ColumnType::varchar, DecimalText{"1.25"}), loses("1.25", "VARCHAR"));
}

TEST(Casts, OtherNumbersAndTextsToDecimals) {
  EXPECT_EQ(decimal(std::int64_t{999}), "999.00");
  EXPECT_EQ(decimal(std::int64_t{-1000}), beyond("-1000"));
  EXPECT_EQ(decimal(1.5), "1.50");
  EXPECT_EQ(decimal(1.234), loses("1.234"));
  EXPECT_EQ(decimal(12345.0), loses("12345.0"));
  EXPECT_EQ(decimal(std::string("1.5")), "1.50");
  for (const std::string bad : {"abc", "", "1.234", "99999"})
    EXPECT_EQ(decimal(bad), "value error: " + bad + " cannot be converted to column type: DECIMAL(5,2)");
  EXPECT_EQ(decimal(true), cast_error("BOOLEAN", "DECIMAL(5,2)"));
  EXPECT_EQ(decimal(Micros{5}), cast_error("TIMESTAMP", "DECIMAL(5,2)"));
  EXPECT_EQ(decimal(Tag{"1.5"}), cast_error("TAG", "DECIMAL(5,2)"));
}

TEST(Casts, ANullAmongTextsLeavesTheOtherRowsWhereTheyAre) {
  Sequencer sequencer = with_column(ColumnType::ipv4);
  const Admission admission = sequencer.write(
      make_request({{"t", 1, {{"c", "1.1.1.1"}}}, {"t", 2, {{"c", "null"}}}, {"t", 3, {{"c", "3.3.3.3"}}}}),
      0);
  ASSERT_EQ(admission.outcome, Outcome::committed) << admission.message;
  const Block block = decode_entry(admission.entry).tables[0].block;
  EXPECT_EQ(cell(block, "c", 0), "1.1.1.1");
  EXPECT_EQ(cell(block, "c", 1), "NULL");
  EXPECT_EQ(cell(block, "c", 2), "3.3.3.3");
}

TEST(NewColumns, DecimalsMustBeCreatedByHand) {
  Sequencer sequencer = with_column(ColumnType::long_);
  for (const std::string table : {"t", "fresh"}) {
    const Admission admission = sequencer.write(make_request({{table, 1, {{"d", DecimalText{"1.5"}}}}}), 0);
    EXPECT_EQ(admission.outcome, Outcome::refused);
    EXPECT_EQ(admission.line, 1U);
    EXPECT_TRUE(
        admission.message.ends_with("table: " + table + "; decimal columns must be created manually: d"))
        << admission.message;
  }
  EXPECT_EQ(sequencer.state().table("fresh"), nullptr);
}

TEST(NewColumns, CreatingThemCanBeForbidden) {
  Sequencer maker = with_column(ColumnType::long_);
  Sequencer sequencer{maker.state(), {.tables = false, .columns = false}};
  const Admission column = sequencer.write(
      make_request({{"t", 1, {{"c", std::int64_t{1}}}}, {"t", 2, {{"more", std::int64_t{1}}}}}), 0);
  EXPECT_EQ(column.line, 2U);
  EXPECT_TRUE(column.message.ends_with(
      "error in line 2: table: t, column: more does not exist, creating new columns is disabled"))
      << column.message;
  const Admission table = sequencer.write(make_request({{"fresh", 1, {{"c", std::int64_t{1}}}}}), 0);
  EXPECT_EQ(table.line, 1U);
  EXPECT_TRUE(table.message.ends_with("table: fresh; table does not exist, creating new tables is disabled"));
  EXPECT_EQ(sequencer.write(make_request({{"t", 1, {{"c", std::int64_t{1}}}}}), 0).outcome,
            Outcome::committed);
}

TEST(NewColumns, DecimalsAndGeohashesSurviveEntryAndState) {
  Sequencer sequencer{ClusterState{}};
  const Admission made = sequencer.create_table(
      table_request(
          "t", {{"d", ColumnType::decimal, 18, 3}, {"g", ColumnType::geohash, 7}, {"l", ColumnType::long_}}),
      0);
  ASSERT_EQ(made.outcome, Outcome::committed) << made.message;
  EXPECT_EQ(columns_text(decode_entry(made.entry).tables[0].creation->columns),
            "DECIMAL(18,3) d,GEOHASH(7b) g,LONG l,TIMESTAMP ts");
  const ClusterState again = ClusterState::deserialize(sequencer.state().serialize());
  EXPECT_EQ(again.table("t")->columns, sequencer.state().table("t")->columns);
}

TEST(Casts, Long256ToItselfAndSymbols) {
  EXPECT_EQ(stored(ColumnType::long256, Long256{"0xAB"}), "0xab");
  EXPECT_EQ(stored(ColumnType::long256, Long256{"0x1f"}), "0x1f");
  EXPECT_EQ(stored(ColumnType::symbol, Long256{"0x1f"}), "0x1f");
  EXPECT_EQ(stored(ColumnType::varchar, Long256{"0x1f"}), cast_error("LONG256", "VARCHAR"));
}

TEST(Casts, NullFitsEverywhere) {
  for (const ColumnType type : {ColumnType::byte, ColumnType::varchar, ColumnType::uuid, ColumnType::double_})
    EXPECT_EQ(stored(type, NoLong{}), "NULL");
}

TEST(Casts, TheFirstBadLineOfAllTablesIsNamed) {
  Sequencer sequencer = with_column(ColumnType::byte);
  ASSERT_EQ(sequencer.create_table(table_request("u", {{"c", ColumnType::long_, 0}}), 0).outcome,
            Outcome::committed);
  const Admission admission = sequencer.write(make_request({{"t", 1, {{"c", std::int64_t{1}}}},
                                                            {"u", 1, {{"c", std::int64_t{1}}}},
                                                            {"u", 1, {{"c", 2.5}}},
                                                            {"t", 1, {{"c", std::int64_t{300}}}}}),
                                              0);
  EXPECT_EQ(admission.outcome, Outcome::refused);
  EXPECT_EQ(admission.line, 3U);
  EXPECT_NE(admission.message.find("error in line 3: table: u, column: c; cast error"), std::string::npos);
}

TEST(Tables, NewOnesHaveTheirColumnsInLineOrderAndThenTheTimestamp) {
  Sequencer sequencer{ClusterState{}};
  const Admission admission = sequencer.write(
      make_request(
          {{"t", 5000, {{"s", Tag{"x"}}, {"l", std::int64_t{1}}, {"d", 1.5}, {"b", true}}},
           {"t", 6000, {{"v", std::string("x")}, {"h", Long256{"0x1"}}, {"m", Micros{1}}, {"n", Nanos{1}}}},
           {"t", 7999, {{"a", Array{2, "[[1]]"}}, {"nothing", NoLong{}}}}}),
      0);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(admission.number, 1U);
  const TableSchema* schema = sequencer.state().table("t");
  ASSERT_NE(schema, nullptr);
  EXPECT_EQ(columns_text(schema->columns),
            "SYMBOL s,LONG l,DOUBLE d,BOOLEAN b,VARCHAR v,LONG256 h,TIMESTAMP m,TIMESTAMP_NS n,DOUBLE[][] a,"
            "LONG nothing,TIMESTAMP timestamp");
  EXPECT_EQ(schema->timestamp_column, 10U);
  EXPECT_EQ(schema->partition_by, "DAY");
  EXPECT_TRUE(schema->dedup_keys.empty());
  const Entry entry = decode_entry(admission.entry);
  EXPECT_EQ(entry.tables[0].transaction, 1U);
  EXPECT_EQ(entry.tables[0].block.timestamps, (std::vector<std::int64_t>{5, 6, 7}));
}

TEST(Tables, TheFirstRowsUnitDecidesTheTimestampColumn) {
  Sequencer sequencer{ClusterState{}};
  WriteRequest request = make_request({{"t", 5001, {{"f", 1.0}}}});
  request.tables[0].nanosecond_column = true;
  const Admission admission = sequencer.write(std::move(request), 0);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(columns_text(sequencer.state().table("t")->columns), "DOUBLE f,TIMESTAMP_NS timestamp");
  EXPECT_EQ(decode_entry(admission.entry).tables[0].block.timestamps, std::vector<std::int64_t>{5001});
}

TEST(Tables, TimestampsAreConvertedToTheTablesUnit) {
  Sequencer sequencer{ClusterState{}};
  ASSERT_EQ(sequencer.create_table(table_request("t", {}, ColumnType::timestamp_ns), 0).outcome,
            Outcome::committed);
  WriteRequest request = make_request({{"t", 5, {{"f", 1.0}}}, {"t", INT64_MAX / 1000 + 1, {{"f", 1.0}}}});
  request.tables[0].timestamps_in_micros = true;
  Admission admission = sequencer.write(request, 0);
  EXPECT_EQ(admission.outcome, Outcome::refused);
  EXPECT_EQ(admission.line, 2U);
  EXPECT_NE(admission.message.find("designated timestamp overflow"), std::string::npos);
  request.tables[0].block.timestamps[1] = 6;
  admission = sequencer.write(request, 0);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(decode_entry(admission.entry).tables[0].block.timestamps,
            (std::vector<std::int64_t>{5000, 6000}));
}

TEST(Tables, AFieldNamedAsTheDesignatedTimestampTakesItsPlace) {
  Sequencer sequencer{ClusterState{}};
  const Admission admission = sequencer.write(
      make_request({{"t", 5000, {{"f", 1.0}, {"Timestamp", Micros{77}}}}, {"t", 6000, {{"f", 1.0}}}}), 0);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(columns_text(sequencer.state().table("t")->columns), "DOUBLE f,TIMESTAMP timestamp");
  EXPECT_EQ(decode_entry(admission.entry).tables[0].block.timestamps, (std::vector<std::int64_t>{77, 6}));
  EXPECT_EQ(sequencer.write(make_request({{"t", 1, {{"timestamp", Micros{-1}}}}}), 0).outcome,
            Outcome::refused);
  EXPECT_EQ(sequencer.write(make_request({{"t", 1, {{"timestamp", 2.5}}}}), 0).outcome, Outcome::refused);
}

TEST(Tables, NewColumnsAreAddedAndNamesComparedWithoutCase) {
  Sequencer sequencer = with_column(ColumnType::long_);
  const Admission admission =
      sequencer.write(make_request({{"T", 1, {{"C", std::int64_t{1}}, {"New", Tag{"x"}}}}}), 0);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(columns_text(sequencer.state().table("t")->columns), "LONG c,TIMESTAMP ts,SYMBOL New");
  const Entry entry = decode_entry(admission.entry);
  EXPECT_EQ(entry.tables[0].table, "t");
  EXPECT_EQ(entry.tables[0].transaction, 2U);
  EXPECT_EQ(cell(entry.tables[0].block, "c", 0), "1");
  EXPECT_EQ(cell(entry.tables[0].block, "New", 0), "x");
}

TEST(Tables, AColumnWrittenWithSeveralTypesIsOneWhereTheyCast) {
  Sequencer sequencer{ClusterState{}};
  Admission admission =
      sequencer.write(make_request({{"t", 1, {{"f", 1.5}, {"g", Tag{"x"}}}},
                                    {"t", 2, {{"f", std::int64_t{2}}, {"g", std::string("y")}}},
                                    {"t", 3, {{"f", true}}},
                                    {"t", 4, {{"f", 2.5}, {"g", std::int64_t{7}}}}}),
                      0);
  ASSERT_EQ(admission.outcome, Outcome::committed) << admission.message;
  const Block block = decode_entry(admission.entry).tables[0].block;
  ASSERT_EQ(block.columns.size(), 2U);
  EXPECT_TRUE(block.columns[0].everywhere);
  const std::vector<std::string> f = {"1.500000", "2.000000", "1.000000", "2.500000"};
  const std::vector<std::string> g = {"x", "y", "NULL", "7"};
  for (std::uint32_t row = 0; row < 4; ++row) {
    EXPECT_EQ(cell(block, "f", row), f[row]);
    EXPECT_EQ(cell(block, "g", row), g[row]);
  }
  admission = sequencer.write(
      make_request(
          {{"u", 1, {{"f", std::int64_t{1}}}}, {"u", 2, {{"f", std::int64_t{1}}}}, {"u", 3, {{"f", 1.5}}}}),
      0);
  EXPECT_EQ(admission.outcome, Outcome::refused);
  EXPECT_EQ(admission.line, 3U);
  EXPECT_EQ(sequencer.state().table("u"), nullptr);
}

// Invariant 5 of server-stub/engine/README.md.
TEST(Tables, ARefusedRequestLeavesNoTrace) {
  Sequencer sequencer = with_column(ColumnType::byte);
  const std::string before = sequencer.state().serialize();
  const Admission admission = sequencer.write(
      make_request(
          {{"new", 1, {{"f", 1.0}}}, {"t", 1, {{"added", 1.0}}}, {"t", 1, {{"c", std::int64_t{300}}}}}),
      0);
  EXPECT_EQ(admission.outcome, Outcome::refused);
  EXPECT_EQ(sequencer.state().serialize(), before);
}

TEST(Tables, ATableGrowsTo1800ColumnsAndNoFurther) {
  Sequencer sequencer{ClusterState{}};
  Row row{"t", 1, {}};
  for (int i = 0; i < 1799; ++i) row.values.emplace_back("c" + std::to_string(i), std::int64_t{i});
  ASSERT_EQ(sequencer.write(make_request({row}), 0).outcome, Outcome::committed);
  ASSERT_EQ(sequencer.write(make_request({row}), 0).outcome, Outcome::committed);
  const Admission admission = sequencer.write(make_request({{"t", 1, {{"more", 1.0}}}}), 0);
  EXPECT_EQ(admission.outcome, Outcome::refused);
  EXPECT_EQ(admission.message, "table: t; too many columns: 1801, at most 1800");
}

TEST(Tables, AnEmptyRequestChangesNothing) {
  Sequencer sequencer = with_column(ColumnType::byte);
  const Admission admission = sequencer.write(WriteRequest{}, 0);
  EXPECT_EQ(admission.outcome, Outcome::duplicate);
  EXPECT_EQ(admission.number, 1U);
}

}  // namespace
}  // namespace questnode::engine::test
