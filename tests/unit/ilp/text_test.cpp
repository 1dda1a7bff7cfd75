#include "ilp/text.hpp"

#include <random>
#include <string>

#include "support.hpp"

namespace questclient {
namespace {

using testing::code_of;
using testing::message_of;

// The rules of reference ILP, written as plainly as can be.
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string row_of(std::string_view symbol, std::string_view text) {
  LineBuffer buffer;
  buffer.table("t").symbol("s", symbol).column("v", text).at_now();
  return std::string(buffer.payload());
}

std::string expected_row(std::string_view symbol, std::string_view text) {
  return "t,s=" + escaped(symbol, " ,=\n\r\\") + " v=\"" + escaped(text, "\"\\\n\r") + "\"\n";
}

TEST(Text, EscapesWhatSeparates) {
  EXPECT_EQ(row_of("a b,c=d\ne\rf\\g\"h", "a b,c=d\ne\rf\\g\"h"),
            "t,s=a\\ b\\,c\\=d\\\ne\\\rf\\\\g\"h v=\"a b,c=d\\\ne\\\rf\\\\g\\\"h\"\n");
}

TEST(Text, EveryByteAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 128; ++c) {
        std::string value(size, 'x');
        value[at] = static_cast<char>(c);
        ASSERT_EQ(row_of(value, value), expected_row(value, value)) << size << ' ' << at << ' ' << c;
      }
      std::string value(size, 'x');
      value[at] = '\xff';
      ASSERT_EQ(code_of([&] { row_of(value, "x"); }), ErrorCode::invalid_value) << size << ' ' << at;
      ASSERT_EQ(code_of([&] { row_of("x", value); }), ErrorCode::invalid_value) << size << ' ' << at;
    }
  }
}

TEST(Text, EmptyValuesAreKept) {
  EXPECT_EQ(row_of("", ""), "t,s= v=\"\"\n");
}

TEST(Text, ALongValueOfNothingButEscapesFits) {
  const std::string symbol(100'000, ' ');
  const std::string text(100'000, '"');
  EXPECT_EQ(row_of(symbol, text), expected_row(symbol, text));
}

TEST(Text, MixturesOfSequencesAndEscapes) {
  const std::vector<std::string> parts = {
      "a", " ", "=", "\\", "\"", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "plain text of some length",
      "\n"};
  std::mt19937_64 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string value;
    for (std::size_t i = random() % 30; i > 0; --i) value += parts[random() % parts.size()];
    ASSERT_EQ(row_of(value, value), expected_row(value, value)) << round;
  }
}

TEST(Text, Utf8IsCheckedByTheStandardsTable) {
  // Around each edge of the table of well-formed sequences (Unicode, table 3-7).
  for (const char* good :
       {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xec\xbf\xbf", "\xed\x80\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf3\xbf\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(ilp::find_not_utf8(good), std::string::npos) << good;
    EXPECT_EQ(row_of(good, good), expected_row(good, good));
  }
  for (const char* bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xe0\x9f\xbf", "\xe0\xa0",
        "\xe1\x80\x7f", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
        "\xf1\x80\x80\xc0", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(ilp::find_not_utf8(bad), 0U);
    EXPECT_EQ(code_of([&] { row_of(bad, ""); }), ErrorCode::invalid_value);
    EXPECT_EQ(code_of([&] { row_of("", bad); }), ErrorCode::invalid_value);
  }
}

TEST(Text, TheMessageNamesTheColumnAndThePlace) {
  EXPECT_EQ(message_of([] { row_of("caf\xe9", ""); }),
            "The value of \"s\" is not UTF-8 at byte 3; encode text as UTF-8. The row is dropped.");
}

}  // namespace
}  // namespace questclient
