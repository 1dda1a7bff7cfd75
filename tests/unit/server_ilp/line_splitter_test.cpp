#include "ilp/line_splitter.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace questnode::ilp {
namespace {

/// The lines of bytes that come in pieces of this size; what is left behind the last is dropped.
std::vector<std::string> lines_of(const std::string& bytes, std::size_t piece) {
  LineSplitter splitter;
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t begin = 0; begin < bytes.size(); begin += piece) {
    std::string_view left = std::string_view(bytes).substr(begin, piece);
    while (!left.empty()) {
      const std::size_t taken = splitter.take(left);
      line += left.substr(0, taken);
      left.remove_prefix(taken);
      if (!splitter.between_lines()) continue;
      lines.push_back(line);
      line.clear();
    }
  }
  return lines;
}

void check(const std::vector<std::string>& lines, const std::string& rest = {}) {
  std::string bytes;
  for (const std::string& line : lines) bytes += line;
  bytes += rest;
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece)
    EXPECT_EQ(lines_of(bytes, piece), lines) << piece;
}

const std::string kDouble = "==\x10\n\n,= \n\"x";
const std::string kArray = std::string("==\x0e\x0a\x02\x01\0\0\0\x02\0\0\0", 13) + std::string(16, '\n');
const std::string kEmptyArray = std::string("==\x0e\x0a\x02\xff\xff\xff\x7f\0\0\0\0", 13);
const std::string kNullArray = std::string("==\x0e\x0a\0", 5);
const std::string kDecimal = "==\x17\x02\x03\n\n\n";
const std::string kNullDecimal = std::string("==\x17\x02\0", 5);

TEST(LineSplitter, LinesEndAtLineFeedsAndCarriageReturns) {
  check({"t f=1i 5\n", "\n", "t,a=x,b=y f=2i\r", "\n", "t f=3\n"}, "t f=4i");
}

TEST(LineSplitter, QuotesAndBackslashesKeepALineTogether) {
  check({"t f=\"a\\\nb\\\"c, d=\",g=1i 5\n", "t\\\nu,a=x\\\ny f=1i\n", "t,a=\"x f=1i\n", "t f=\"a\rb\"\n"});
}

TEST(LineSplitter, AQuoteThatIsNotClosedEndsWithItsLine) {
  check({"t f=\"abc\n", "t f=1i\n"});
}

TEST(LineSplitter, BinaryValuesMayHoldLineFeeds) {
  check({"t f" + kDouble + ",g" + kDouble + " 5\n", "t f" + kArray + ",g" + kDecimal + "\n",
         "t f" + kEmptyArray + "\n", "t f" + kNullArray + ",g" + kNullDecimal + " 6\n"});
}

TEST(LineSplitter, ImpossibleBinaryValuesDoNotSwallowWhatFollows) {
  check({"t f==\x55xyz\n", std::string("t f==\x0e\x0a\x21\n"),
         std::string("t f==\x0e\x0a\x02\xff\xff\xff\xff\xff\xff\xff\xff 5\n", 19), "t f=1i\n"});
}

TEST(LineSplitter, FindsWhereALineBegins) {
  const std::string body = "a f=1i\n\n\nb f" + kDouble + "\r\nc f=2i\n";
  EXPECT_EQ(offset_of_line(body, 1), 0U);
  EXPECT_EQ(offset_of_line(body, 2), body.find("b f"));
  EXPECT_EQ(offset_of_line(body, 3), body.find("c f"));
  EXPECT_EQ(offset_of_line(body, 4), body.size());
  EXPECT_EQ(offset_of_line(body + "d f=oops", 4), body.size());
  EXPECT_EQ(offset_of_line("a f=oops", 1), 0U);
  EXPECT_EQ(offset_of_line("a f=1i\nb f", 2), 7U);
  EXPECT_EQ(offset_of_line("a f=1i\nb f=1i\n", 3), 14U);
}

}  // namespace
}  // namespace questnode::ilp
