#include "questclient/ilp_rows.hpp"

#include <gtest/gtest.h>

namespace questclient::tool {
namespace {

std::vector<std::string> split(const std::string& text, std::size_t piece = SIZE_MAX) {
  TextSource source(text, piece);
  IlpRows rows(source);
  while (rows.next()) {
  }
  std::vector<std::string> out;
  std::size_t at = 0;
  for (const std::uint32_t length : rows.row_lengths()) {
    out.emplace_back(rows.payload().substr(at, length));
    at += length;
  }
  EXPECT_EQ(at, rows.payload().size());
  return out;
}

std::string failure(const std::string& text) {
  try {
    split(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

using Rows = std::vector<std::string>;

TEST(IlpRows, LineEndsSeparateRowsAndEmptyLinesDoNotCount) {
  EXPECT_EQ(split("a f=1i\n\nb f=2i\n"), (Rows{"a f=1i\n", "b f=2i\n"}));
  EXPECT_EQ(split("\n\n"), Rows{});
  EXPECT_EQ(split(""), Rows{});
}

TEST(IlpRows, CrlfBecomesLfAndTheLastLineGetsItsEnd) {
  EXPECT_EQ(split("a f=1i 5\r\nb f=2i"), (Rows{"a f=1i 5\n", "b f=2i\n"}));
}

TEST(IlpRows, ALineFeedInAStringEndsTheRow) {
  EXPECT_EQ(split("a f=\"x 1\nb f=\"y\" 2\nc f=\"z\" 3\n"),
            (Rows{"a f=\"x 1\n", "b f=\"y\" 2\n", "c f=\"z\" 3\n"}))
      << "the server refuses the first for its open quote, and takes the others";
  EXPECT_EQ(split("a f=\"x"), Rows{"a f=\"x\n"});
}

TEST(IlpRows, EscapesAndCarriageReturnsInAStringEndNothing) {
  EXPECT_EQ(split("a f=\"x\\\ny\",g=1i\nb f=2i\n"), (Rows{"a f=\"x\\\ny\",g=1i\n", "b f=2i\n"}));
  EXPECT_EQ(split("a f=\"x\\\"\ry\"\nb f=2i\n"), (Rows{"a f=\"x\\\"\ry\"\n", "b f=2i\n"}));
  EXPECT_EQ(split("a f=\"x\\\\\"\nb f=2i\n"), (Rows{"a f=\"x\\\\\"\n", "b f=2i\n"}));
}

TEST(IlpRows, AByteOrderMarkAtTheStartIsLeftOut) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(split(mark + "a f=1i\n" + mark + "b f=2i\n"), (Rows{"a f=1i\n", mark + "b f=2i\n"}));
  EXPECT_EQ(split(mark + "a f=1i\n", 1), Rows{"a f=1i\n"});
  EXPECT_EQ(split(mark + "\n\na f=1i\n"), Rows{"a f=1i\n"});
  EXPECT_EQ(split(mark), Rows{});
}

TEST(IlpRows, AnEscapedLineEndIsPartOfTheRow) {
  EXPECT_EQ(split("a,t=x\\\ny f=1i\nb f=2i\n"), (Rows{"a,t=x\\\ny f=1i\n", "b f=2i\n"}));
}

TEST(IlpRows, AQuoteInASymbolOpensNothing) {
  EXPECT_EQ(split("a,t=\"x f=1i\nb f=2i\n"), (Rows{"a,t=\"x f=1i\n", "b f=2i\n"}));
  EXPECT_EQ(split("a f=1\"2\nb f=2i\n"), (Rows{"a f=1\"2\n", "b f=2i\n"}));
}

TEST(IlpRows, BinaryValuesMayHoldAnything) {
  const std::string number("a f==\x10\n\n\n\n\"\"\\\\,g=1i\n", 20);
  const std::string array =
      std::string("a f==\x0E\x0A\x01\x02\x00\x00\x00", 12) + std::string(16, '\n') + " 5\n";
  const std::string empty_array("a f==\x0E\x0A\x00\n", 9);
  const std::string decimal("a f==\x17\x02\x03\n\n\n\n", 12);
  EXPECT_EQ(split(number + "b f=2i\n"), (Rows{number, "b f=2i\n"}));
  EXPECT_EQ(split(array + "b f=2i\n"), (Rows{array, "b f=2i\n"}));
  EXPECT_EQ(split(empty_array + "b f=2i\n"), (Rows{empty_array, "b f=2i\n"}));
  EXPECT_EQ(split(decimal + "b f=2i\n"), (Rows{decimal, "b f=2i\n"}));
}

TEST(IlpRows, WhereTheInputIsCutMakesNoDifference) {
  const std::string text =
      "a f=\"x\ry\"\r\n\nb,t=\\\n f==\x10" + std::string("\n\0\n\0\n\0\n\0", 8) + " 7\nc f=1i";
  for (std::size_t piece = 1; piece < text.size(); ++piece)
    EXPECT_EQ(split(text, piece), split(text)) << piece;
  EXPECT_EQ(split(text).size(), 3U);
}

TEST(IlpRows, ABatchIsClearedWithoutTheRowUnderWay) {
  TextSource source("a f=1i\nb f=2i\n", 10);
  IlpRows rows(source);
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.payload(), "a f=1i\n");
  rows.clear();
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.payload(), "b f=2i\n");
  EXPECT_FALSE(rows.next());
}

TEST(IlpRows, ARowWithoutAnEndIsNamedByItsLine) {
  EXPECT_EQ(failure(std::string("a f=1i\nb f==\x10\n", 15)),
            "line 2: the input ends in the middle of a binary value");
  const std::string huge = "a f=1i\n\nb f=\"" + std::string(IlpRows::kMaxRowBytes, 'x');
  EXPECT_EQ(failure(huge), "line 3: the row that begins here is longer than 16 MiB");
}

TEST(IlpRows, RowsBeforeTheBadOneStayInTheBatch) {
  TextSource source(std::string("a f=1i\nb f==\x10\n", 15));
  IlpRows rows(source);
  ASSERT_TRUE(rows.next());
  EXPECT_THROW(rows.next(), InputError);
  EXPECT_EQ(rows.payload(), "a f=1i\n");
  EXPECT_EQ(rows.row_lengths().size(), 1U);
  EXPECT_EQ(rows.place().offset, 7U) << "behind the last good row";
}

TEST(IlpRows, ReadingGoesOnAtAnyPlace) {
  const std::string text = "\na f=1i 1\r\n\nb f=\"x\ry\" 2\n# c\nd f=4i 4";
  for (std::size_t taken = 0; taken <= 4; ++taken) {
    TextSource source(text, 3);
    IlpRows rows(source);
    for (std::size_t i = 0; i < taken; ++i) ASSERT_TRUE(rows.next());
    const Place place = rows.place();
    EXPECT_EQ(place.rows, taken);
    TextSource rest(text.substr(place.offset));
    IlpRows others(rest);
    others.go_on_at(place);
    rows.clear();
    while (rows.next()) {
    }
    while (others.next()) {
    }
    EXPECT_EQ(others.payload(), rows.payload());
    EXPECT_EQ(others.place().offset, text.size());
    EXPECT_EQ(others.place().rows, 4U);
    EXPECT_EQ(others.place().line, rows.place().line);
    EXPECT_EQ(others.place().last_row_line, 6U);
    EXPECT_EQ(others.place().last_row_offset, text.size() - 8);
  }
}

}  // namespace
}  // namespace questclient::tool
