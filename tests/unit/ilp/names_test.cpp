#include <limits>
#include <string>
#include <utility>

#include "support.hpp"

namespace questclient {
namespace {

using testing::code_of;
using testing::message_of;

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// All four ways to give a name must agree.
void expect_table(std::string_view name, bool is_valid) {
  LineBuffer buffer;
  const auto expected = is_valid ? std::nullopt : std::optional(ErrorCode::invalid_name);
  EXPECT_EQ(code_of([&] { TableName{name}; }), expected) << name;
  EXPECT_EQ(code_of([&] { buffer.table(name); }), expected) << name;
}

void expect_column(std::string_view name, bool is_valid) {
  LineBuffer buffer;
  const auto expected = is_valid ? std::nullopt : std::optional(ErrorCode::invalid_name);
  EXPECT_EQ(code_of([&] { ColumnName{name}; }), expected) << name;
  EXPECT_EQ(code_of([&] { buffer.table("t").symbol(name, "x"); }), expected) << name;
  buffer.cancel_row();
  EXPECT_EQ(code_of([&] { buffer.table("t").column(name, 1); }), expected) << name;
}

TEST(Names, EveryAsciiCharacterIsTakenOrRefusedAsTheServerDoes) {
  const std::string forbidden("?,'\"\\/:)(+*%~\x7f");
  for (int c = 0; c < 128; ++c) {
    const char character = static_cast<char>(c);
    const bool in_both = c >= 0x10 && forbidden.find(character) == std::string::npos;
    for (const std::string& name : {std::string("ab") + character + "cd",
                                    "a_longer_name_than_one_block" + std::string(1, character) + "x"}) {
      expect_table(name, in_both);
      expect_column(name, in_both && character != '.' && character != '-');
    }
  }
}

TEST(Names, DotsOfTablesStandBetweenOtherCharacters) {
  for (const char* good : {"a.b", "a.b.c", "a.-.b"}) expect_table(good, true);
  for (const char* bad : {".", ".a", "a.", "a..b", "..", "a.b."}) expect_table(bad, false);
}

TEST(Names, TablesNeitherBeginNorEndWithASpace) {
  expect_table("a b", true);
  for (const char* bad : {" a", "a ", " "}) expect_table(bad, false);
  for (const char* good : {" a", "a ", " "}) expect_column(good, true);
}

TEST(Names, EmptyNamesAreRefused) {
  expect_table("", false);
  expect_column("", false);
}

TEST(Names, LengthIsCountedInUtf16Units) {
  const std::string two_bytes = "\xc3\xa4";           // one unit
  const std::string three_bytes = "\xe2\x82\xac";     // one unit
  const std::string four_bytes = "\xf0\x9f\x98\x80";  // two units
  for (const std::string& one_unit : {std::string("x"), two_bytes, three_bytes}) {
    expect_table(repeated(one_unit, 127), true);
    expect_table(repeated(one_unit, 128), false);
    expect_column(repeated(one_unit, 127), true);
    expect_column(repeated(one_unit, 128), false);
  }
  expect_column(repeated(four_bytes, 63) + "x", true);
  expect_column(repeated(four_bytes, 64), false);
  expect_table(std::string(1'000'000, 'x'), false);
}

TEST(Names, MaxNameLenIsRespected) {
  EXPECT_EQ(ColumnName("abcd", 4).encoded(), "abcd");
  EXPECT_EQ(code_of([] { ColumnName("abcde", 4); }), ErrorCode::invalid_name);
  LineBuffer::Options options;
  options.max_name_len = 4;
  LineBuffer buffer(options);
  EXPECT_EQ(code_of([&] { buffer.table("abcde"); }), ErrorCode::invalid_name);
  EXPECT_EQ(code_of([&] { buffer.table("abcd").column("abcde", 1); }), ErrorCode::invalid_name);
}

TEST(Names, AnyMaxNameLenIsSafe) {
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  const std::string longest(32767, 'a');
  const std::string longer(32768, 'a');
  for (const std::size_t length : {kMost, kMost / 3 + 2, kMost / 6 + 1}) {
    LineBuffer::Options options;
    options.max_name_len = length;
    options.initial_size = 0;
    LineBuffer buffer(options);
    buffer.table(longest).column(longest, 1).at_now();
    EXPECT_EQ(code_of([&] { buffer.table(longer); }), ErrorCode::invalid_name);
    EXPECT_EQ(TableName(longest, length).encoded(), longest);
    EXPECT_EQ(code_of([&] { ColumnName(longer, length); }), ErrorCode::invalid_name);
  }
  EXPECT_EQ(code_of([] { TableName("a", 0); }), ErrorCode::invalid_name);
}

TEST(Names, MovingOneIsCopyingIt) {
  const std::string name(100, 'n');
  TableName table(name);
  ColumnName column("c");
  PreparedRow row("t", {"s"}, {});
  const TableName taken_table = std::move(table);
  const ColumnName taken_column = std::move(column);
  const PreparedRow taken_row = std::move(row);
  LineBuffer buffer;
  // NOLINTBEGIN(bugprone-use-after-move)
  buffer.table(table).column(column, 1).at_now();
  EXPECT_EQ(code_of([&] { buffer.add(row, AtNow{}); }), ErrorCode::invalid_api_call);
  buffer.add(row, "x", AtNow{});
  // NOLINTEND(bugprone-use-after-move)
  EXPECT_EQ(buffer.payload(), name + " c=1i\nt,s=x\n");
}

TEST(Names, MustBeUtf8WithoutByteOrderMark) {
  expect_table("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", true);
  expect_column("\xe6\x97\xa5\xe6\x9c\xac", true);
  for (const char* bad :
       {"a\xff", "\xc3", "a\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\xef\xbb\xbf",
        "\xef\xbb\xbf"
        "a"}) {
    expect_table(bad, false);
    expect_column(bad, false);
  }
}

TEST(Names, SpacesAndEqualSignsAreEscaped) {
  EXPECT_EQ(TableName("a b=c").encoded(), "a\\ b\\=c");
  EXPECT_EQ(ColumnName(" =").encoded(), "\\ \\=");
  EXPECT_EQ(ColumnName(repeated("=", 127)).encoded(), repeated("\\=", 127));
  LineBuffer buffer;
  buffer.table("a b=c").symbol("d e", "x").column("f=g", 1).at_now();
  EXPECT_EQ(buffer.payload(), "a\\ b\\=c,d\\ e=x f\\=g=1i\n");
}

TEST(Names, EncodedIsTheNameAloneWhateverItsLength) {
  for (std::size_t size = 1; size <= 127; ++size) {
    const std::string name(size, 'n');
    EXPECT_EQ(TableName(name).encoded(), name);
    EXPECT_EQ(ColumnName(name).encoded(), name);
    LineBuffer buffer;
    buffer.table(TableName(name)).symbol(ColumnName(name), "x").column(ColumnName(name), 1).at_now();
    EXPECT_EQ(buffer.payload(), name + "," + name + "=x " + name + "=1i\n");
    buffer.clear();
    buffer.table(name).symbol(name, "x").column(name, 1).at_now();
    EXPECT_EQ(buffer.payload(), name + "," + name + "=x " + name + "=1i\n");
  }
}

TEST(Names, TheMessageNamesTheCharacterItsPlaceAndWhatToDo) {
  EXPECT_EQ(message_of([] { ColumnName("cpu.load"); }),
            "The column name \"cpu.load\" is refused: the character \".\" at byte 3 is not allowed in column "
            "names; rename it.");
  EXPECT_EQ(message_of([] { TableName("a\xff"); }),
            "The table name \"a\\xff\" is refused: it is not UTF-8 at byte 1; encode names as UTF-8.");
  EXPECT_EQ(message_of([] { TableName("a..b"); }),
            "The table name \"a..b\" is refused: it holds '..' at byte 1; rename it.");
  EXPECT_NE(message_of([] { TableName(std::string(5000, 'x')); }).find("longer than 127 UTF-16 units"),
            std::string::npos);
  EXPECT_LT(message_of([] { TableName(std::string(5000, 'x')); }).size(), 300U);
}

}  // namespace
}  // namespace questclient
