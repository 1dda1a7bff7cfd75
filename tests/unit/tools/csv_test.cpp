#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <questclient/error.hpp>

#include "cli/arguments.hpp"
#include "questclient/csv_columns.hpp"
#include "questclient/csv_input.hpp"
#include "questclient/csv_reader.hpp"
#include "questclient/csv_rows.hpp"
#include "support/temporary_directory.hpp"

namespace questclient::tool {
namespace {

using Records = std::vector<std::vector<std::string>>;

Records read(const std::string& text, std::size_t piece = SIZE_MAX) {
  TextSource source(text, piece);
  CsvReader reader(source);
  Records records;
  std::vector<std::string_view> fields;
  while (reader.next(fields)) records.emplace_back(fields.begin(), fields.end());
  return records;
}

std::string read_failure(const std::string& text) {
  try {
    read(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CsvReader, FieldsAndRecords) {
  EXPECT_EQ(read("a,b\n1,2\n"), (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read("a,b\r\n1,2"), (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read(",\n,,\n"), (Records{{"", ""}, {"", "", ""}}));
  EXPECT_EQ(read("a\n\n\r\nb\n"), (Records{{"a"}, {"b"}}));
  EXPECT_EQ(read(""), Records{});
}

TEST(CsvReader, AByteOrderMarkIsNoPartOfTheFirstName) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "a,b\n"),
            (Records{{"a", "b"}}));
  EXPECT_EQ(read("\xEF\xBB\xBF\"a\",b\n"), (Records{{"a", "b"}}));
}

TEST(CsvReader, QuotedFieldsHoldCommasLineEndsAndQuotes) {
  EXPECT_EQ(read("\"a,b\",\"c\nd\",\"e\"\"f\",\"\"\n1,2,3,4\n"),
            (Records{{"a,b", "c\nd", "e\"f", ""}, {"1", "2", "3", "4"}}));
  EXPECT_EQ(read("x,\"\"\"\"\n"), (Records{{"x", "\""}}));
}

TEST(CsvReader, WhereTheInputIsCutMakesNoDifference) {
  const std::string text = "\xEF\xBB\xBFn,\"m\"\r\n\"a\r\n,\"\"b\",c\r\n\r\n,\"d\"\n";
  for (std::size_t piece = 1; piece < text.size(); ++piece) EXPECT_EQ(read(text, piece), read(text)) << piece;
  EXPECT_EQ(read(text), (Records{{"n", "m"}, {"a\r\n,\"b", "c"}, {"", "d"}}));
}

TEST(CsvReader, LinesAreCountedThroughQuotedLineEnds) {
  TextSource source("a\n\n\"x\ny\"\nz\n");
  CsvReader reader(source);
  std::vector<std::string_view> fields;
  std::vector<std::uint64_t> lines;
  while (reader.next(fields)) lines.push_back(reader.line());
  EXPECT_EQ(lines, (std::vector<std::uint64_t>{1, 3, 5}));
}

TEST(CsvReader, BadQuotingNamesLineAndColumn) {
  EXPECT_EQ(read_failure("a,b\n1,\"x\"y\n"),
            "line 2, column 2: a comma or the end of the line must follow the closing quote");
  EXPECT_EQ(read_failure("a,b\n1,x\"y\"\n"),
            "line 2, column 2: a quote stands inside an unquoted field; put the whole field in quotes and "
            "double it");
  EXPECT_EQ(read_failure("a,b\n1,\"x\n"),
            "line 2: the record that begins here ends in the middle of a quoted field");
  EXPECT_EQ(read_failure("a\n\"" + std::string(CsvReader::kMaxRecordBytes * 2, 'x')),
            "line 2: the record that begins here is longer than 16 MiB; is a closing quote missing?");
}

std::vector<CsvColumn> decided(const std::string& text, const CsvOptions& options = {},
                               std::uint64_t max_rows = UINT64_MAX) {
  TextSource source(text);
  CsvReader reader(source);
  std::vector<std::string_view> header;
  reader.next(header);
  auto columns = plan_columns(header, options);
  decide_columns(columns, reader, options, [&](std::uint64_t rows) { return rows >= max_rows; });
  return columns;
}

std::string types(const std::vector<CsvColumn>& columns) {
  std::string out;
  for (const CsvColumn& column : columns) out += std::string(out.empty() ? "" : ",") + to_string(column.type);
  return out;
}

TEST(CsvColumns, NumbersBecomeDoublesAndTheRestText) {
  EXPECT_EQ(types(decided("a,b,c\n1,x,\n2.5,3,NA\n-1e5,,NA\n")), "double,string,double");
  EXPECT_EQ(types(decided("a\n1\n2\nthree\n")), "string");
  EXPECT_EQ(types(decided("a\n1\n2\nthree\n", {}, 2)), "double");
}

TEST(CsvColumns, NumbersThatADoubleWouldChangeBecomeLongsOrText) {
  EXPECT_EQ(types(decided("id\n1\n1234567890123456789\n-1234567890123456790\n")), "long");
  EXPECT_EQ(types(decided("id\n9007199254740992\n1\n")), "double") << "2 to the 53rd is exact";
  EXPECT_EQ(types(decided("id\n9007199254740993\n")), "long");
  EXPECT_EQ(types(decided("id\n12345678901234567891\n")), "string") << "too long for a long";
  EXPECT_EQ(types(decided("id\n1234567890123456789\n0.5\n")), "double") << "not all are whole";
  EXPECT_EQ(types(decided("a,b,c,d\n007,-007,00,00.5\n")), "string,string,string,string");
  EXPECT_EQ(types(decided("a,b,c\n0,-0,0.5\n10,1e5,-0.25\n")), "double,double,double");
}

TEST(CsvColumns, AnotherDelimiter) {
  CsvOptions options;
  options.delimiter = read_delimiter(";");
  TextSource source("a;b\n1,5;\"x;y\"\n");
  CsvReader reader(source, options.delimiter);
  std::vector<std::string_view> fields;
  ASSERT_TRUE(reader.next(fields));
  EXPECT_EQ(types(plan_columns(fields, options)), "undecided,undecided");
  ASSERT_TRUE(reader.next(fields));
  EXPECT_EQ(fields, (std::vector<std::string_view>{"1,5", "x;y"}));
  EXPECT_EQ(read_delimiter("tab"), '\t');
  for (const char* text : {"", ";;", "\"", "\n"}) EXPECT_THROW(read_delimiter(text), cli::UsageError) << text;
}

std::string header_failure(const std::vector<std::string_view>& header, const CsvOptions& options = {}) {
  try {
    plan_columns(header, options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CsvColumns, AHeaderOfOneColumnThatLooksLikeMoreIsRefused) {
  EXPECT_EQ(
      header_failure({"a;b"}),
      "line 1: the header is one column, 'a;b'; if its columns are separated otherwise give --delimiter "
      "';', if it is one column --delimiter ,");
  EXPECT_NE(header_failure({"a\tb"}).find("--delimiter tab"), std::string::npos);
  CsvOptions options;
  options.delimiter_given = true;
  EXPECT_EQ(header_failure({"a;b"}, options), "no error");
  EXPECT_EQ(header_failure({"a;b", "c"}), "no error");
  EXPECT_NE(header_failure({"time", "price\r2024-01-01"}).find("CR alone"), std::string::npos);
}

TEST(CsvColumns, OptionsDecideFirst) {
  CsvOptions options;
  options.symbols = "a";
  options.timestamp = "t:ms";
  options.types = "b=long,c=timestamp:%d/%m/%Y,d=bool";
  const auto columns = decided("t,a,b,c,d,e\n1,2,3,4,5,6\n", options);
  EXPECT_EQ(types(columns), "the row's timestamp,symbol,long,timestamp,bool,double");
  EXPECT_EQ(columns[0].format.name(), "ms");
  EXPECT_EQ(columns[3].format.name(), "%d/%m/%Y");
}

std::string plan_failure(const CsvOptions& options) {
  try {
    plan_columns({"time", "price", "side"}, options);
  } catch (const cli::UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CsvColumns, OptionsThatDoNotFitAreUsageErrors) {
  EXPECT_EQ(plan_failure({"", "tiem", "", {}}),
            "--timestamp: the header has no column 'tiem'; did you mean 'time'?");
  EXPECT_EQ(
      plan_failure({"", "time:minutes", "", {}}),
      "--timestamp: 'minutes' is no timestamp format; use iso, s, ms, us, ns or a strptime pattern such as "
      "%d/%m/%Y %H:%M:%S");
  EXPECT_EQ(plan_failure({"sides", "", "", {}}),
            "--symbols: the header has no column 'sides'; did you mean 'side'?");
  EXPECT_EQ(plan_failure({"", "", "price=float", {}}),
            "--types: 'float' is no type; use symbol, bool, long, double, string or timestamp[:FORMAT]");
  EXPECT_EQ(plan_failure({"", "", "price", {}}), "--types: 'price' is not of the form column=type");
  EXPECT_EQ(plan_failure({"side", "", "side=string", {}}),
            "--types: column 'side' has a type already, symbol");
}

TEST(CsvColumns, ABadHeaderIsRefused) {
  EXPECT_THROW(plan_columns({"a", ""}, {}), InputError);
  EXPECT_THROW(plan_columns({"a", "a"}, {}), InputError);
}

TEST(CsvColumns, NumbersAreReadWhole) {
  EXPECT_EQ(read_double(" +1.5 "), 1.5);
  EXPECT_EQ(read_double("1,5"), std::nullopt);
  EXPECT_EQ(read_double("+-1"), std::nullopt);
  EXPECT_EQ(read_double(""), std::nullopt);
  EXPECT_EQ(read_int64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read_int64("9223372036854775808"), std::nullopt);
  EXPECT_EQ(read_int64("1.0"), std::nullopt);
  EXPECT_EQ(read_bool("TRUE"), true);
  EXPECT_EQ(read_bool("0"), false);
  EXPECT_EQ(read_bool("yes"), std::nullopt);
}

/// A file in a folder of its own, opened as `send --csv` opens it, in protocol version 1 so that rows can be
/// read.
class Opened {
 public:
  explicit Opened(const std::string& text, const CsvOptions& options = {}) {
    const auto path = directory_.path() / "input.csv";
    std::ofstream(path, std::ios::binary) << text;
    LineBuffer::Options buffer;
    buffer.version = ProtocolVersion::v1;
    input_.emplace(path.string(), options, "t", LineBuffer(buffer));
  }
  CsvRows& rows() { return input_->rows(); }
  void go_on_at(const Place& place) { input_->go_on_at(place); }

  /// Everything, encoded.
  std::string all() {
    while (rows().next()) {
    }
    return std::string(rows().payload());
  }
  std::string failure() {
    try {
      all();
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  test::TemporaryDirectory directory_;
  std::optional<CsvInput> input_;
};

TEST(CsvRows, SymbolsStandFirstAndNullsAreLeftOut) {
  CsvOptions options;
  options.symbols = "s";
  options.timestamp = "t:s";
  options.types = "n=long,b=bool";
  Opened input("x,s,n,b,note,t\n1.5,a b,7,true,\"say \"\"hi\"\"\",10\n,NA,,f,,11\n", options);
  EXPECT_EQ(input.all(),
            "t,s=a\\ b x=1.5,n=7i,b=t,note=\"say \\\"hi\\\"\" 10000000000\n"
            "t b=f 11000000000\n");
  EXPECT_EQ(input.rows().row_lengths().size(), 2U);
}

TEST(CsvRows, AFileIsReadWholeBeforeItsTypesAreDecided) {
  std::string text = "a\n";
  for (int i = 0; i < 20'000; ++i) text += "1\n";
  Opened input(text + "x\n");
  ASSERT_TRUE(input.rows().next());
  EXPECT_EQ(input.rows().payload(), "t a=\"1\"\n");
}

TEST(CsvRows, OwnNullTextsReplaceNa) {
  CsvOptions options;
  options.null_texts = {"-", "NULL"};
  EXPECT_EQ(Opened("a,b,c\n-,NA,1\nNULL,,\n", options).all(), "t b=\"NA\",c=1\n");
}

TEST(CsvRows, ValuesThatDoNotFitNameLineAndColumn) {
  CsvOptions options;
  options.types = "a=long";
  Opened input("a,b\n1,2\nx,3\n", options);
  EXPECT_EQ(
      input.failure(),
      "line 3, column 'a': 'x' is not a whole number; to send the column as text, give --types a=string");
  EXPECT_EQ(input.rows().row_lengths().size(), 1U) << "the row before it can still be sent";
}

TEST(CsvRows, ValuesAfterASampleSayThatTheTypeWasGuessed) {
  TextSource source("a\n1\n2\nx\n");
  RewindingSource sampled(source);
  std::vector<std::string_view> header;
  CsvReader first(sampled);
  first.next(header);
  auto columns = plan_columns(header, {});
  decide_columns(columns, first, {}, [](std::uint64_t rows) { return rows >= 2; });
  sampled.rewind();
  CsvReader second(sampled);
  second.next(header);
  CsvRows rows(second, columns, {}, "t", LineBuffer());
  EXPECT_TRUE(rows.next());
  EXPECT_TRUE(rows.next());
  try {
    rows.next();
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "line 4, column 'a': 'x' is not a number, as the values in the first rows were; to send "
                 "the column as text, give --types a=string");
  }
}

TEST(CsvRows, ANumberThatADoubleWouldChangeIsRefusedBehindASample) {
  TextSource source("a\n1234567890123456789\n");
  CsvReader reader(source);
  std::vector<std::string_view> header;
  reader.next(header);
  std::vector<CsvColumn> columns{{"a", ColumnType::floating, {}, true}};
  CsvRows guessed(reader, columns, {}, "t", LineBuffer());
  EXPECT_THROW(guessed.next(), InputError);
  columns[0].guessed = false;  // --types a=double
  TextSource again("1234567890123456789\n");
  CsvReader second(again);
  CsvRows asked(second, columns, {}, "t", LineBuffer());
  EXPECT_TRUE(asked.next());
}

TEST(CsvRows, ReadingGoesOnAtAnyPlace) {
  const std::string text = "a,b\r\n1,x\n\n,\n2,\"y\nz\"\n3,w";
  for (std::size_t taken = 0; taken <= 3; ++taken) {
    Opened input(text), other(text);
    for (std::size_t i = 0; i < taken; ++i) ASSERT_TRUE(input.rows().next());
    const Place place = input.rows().place();
    EXPECT_EQ(place.rows, taken);
    input.rows().clear();
    if (taken > 0) other.go_on_at(place);
    EXPECT_EQ(other.all(), input.all());
    EXPECT_EQ(other.rows().place().offset, text.size());
    EXPECT_EQ(other.rows().place().rows, 3U);
    EXPECT_EQ(other.rows().place().last_row_line, 7U);
    EXPECT_EQ(other.rows().place().last_row_offset, text.size() - 3);
  }
}

TEST(CsvRows, TimestampsThatDoNotFitNameTheFormat) {
  CsvOptions options;
  options.timestamp = "when";
  EXPECT_EQ(Opened("when,v\n01/02/2013,1\n", options).failure(),
            "line 2, column 'when': '01/02/2013' is not a timestamp of the format iso; name another with "
            "--timestamp "
            "when:FORMAT");
  EXPECT_EQ(Opened("when,v\n,1\n", options).failure().substr(0, 25), "line 2, column 'when': ''");
  EXPECT_EQ(Opened("when,v\n1969-01-01,1\n", options).failure().substr(0, 22), "line 2, column 'when':");
}

TEST(CsvRows, RaggedRecordsAreRefused) {
  EXPECT_EQ(Opened("a,b\n1,2\n1,2,3\n", {"", "", "a=long,b=long", {}}).failure(),
            "line 3: 3 fields, but the header has 2");
}

TEST(CsvRows, RowsWithoutValuesAreSkippedAndCounted) {
  Opened input("a,b\n,\n1,\nNA,NA\n");
  EXPECT_EQ(input.all(), "t a=1\n");
  EXPECT_EQ(input.rows().empty_rows(), 2U);
}

TEST(CsvRows, TextThatIsNotUtf8NamesLineAndColumn) {
  const std::string message = Opened("a\nx\n\xff\xfe\n").failure();
  EXPECT_EQ(message.substr(0, 20), "line 3, column 'a': ") << message;
}

TEST(CsvRows, AnEmptyFileIsAnError) {
  EXPECT_THROW(Opened(""), InputError);
}

}  // namespace
}  // namespace questclient::tool
