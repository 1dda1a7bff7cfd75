// Rows of version 3, rewritten for a server that reads version 1.
#include "ilp/version_one.hpp"

#include <array>
#include <bit>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <questclient/values.hpp>

#include "support.hpp"

namespace questclient {
namespace {

using ilp::in_version_one;
using testing::binary;
using testing::buffer_of;

std::string text_of(const LineBuffer& buffer) {
  return std::string(buffer.payload());
}

/// The same random rows, with every kind of value that version 1 has a form for.
class RandomRows {
 public:
  explicit RandomRows(std::uint64_t seed) : random_(seed) {}

  void write(LineBuffer& buffer) {
    for (std::uint64_t rows = 1 + random_() % 20; rows > 0; --rows) {
      buffer.table(name());
      for (std::uint64_t symbols = random_() % 3; symbols > 0; --symbols) buffer.symbol(name(), word());
      for (std::uint64_t columns = 1 + random_() % 6; columns > 0; --columns) put(buffer, name());
      end(buffer);
    }
  }

 private:
  std::string name() {
    static const std::vector<std::string> kNames = {"a", "b c", "d=e", "12n", "n", "==", "é€", "t 5n", "z=1n"};
    return kNames[random_() % kNames.size()];
  }
  /// All that is escaped, and what looks like something else.
  std::string word() {
    static const std::vector<std::string> kWords = {"a",   "b c",  "d=e",  "f,g", "12n", "é€",
                                                    "n",   "==",   " x ",  ",,",  "1t",  "\U0001f680",
                                                    "5 n", "t = ", "#",    "z=1n"};
    return kWords[random_() % kWords.size()];
  }
  std::string text() {
    static const std::vector<std::string> kTexts = {"",      "\"",       "\\",   "\n",   "a\nb 5n\n",
                                                    "=\x10", "\"\"\\\\", " 12n", ",x==", "\r"};
    return kTexts[random_() % kTexts.size()] + word();
  }
  double real() {
    const auto bits = std::bit_cast<double>(random_());
    return random_() % 2 == 0 ? bits : static_cast<double>(random_() % 1000) / 8;
  }
  std::int64_t integer() { return static_cast<std::int64_t>(random_() >> random_() % 64) - 5; }

  void put(LineBuffer& buffer, const std::string& name) {
    switch (random_() % 7) {
      case 0:
        buffer.column(name, real());
        break;
      case 1:
        buffer.column(name, integer());
        break;
      case 2:
        buffer.column(name, random_() % 2 == 0);
        break;
      case 3:
        buffer.column(name, text());
        break;
      case 4:
        buffer.column(name, TimestampMicros{integer()});
        break;
      case 5:
        buffer.column(name, Long256(std::array<std::uint64_t, 4>{random_(), 2, 3, 4}));
        break;
      default:
        buffer.column(name, TimestampNanos{integer()});
    }
  }
  void end(LineBuffer& buffer) {
    const auto time = static_cast<std::int64_t>(random_() >> 20);
    switch (random_() % 3) {
      case 0:
        buffer.at_now();
        break;
      case 1:
        buffer.at(TimestampMicros{time});
        break;
      default:
        buffer.at(TimestampNanos{time});
    }
  }

  std::mt19937_64 random_;
};

TEST(VersionOne, GivesTheBytesThatAVersionOneBufferWrites) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    LineBuffer newest = buffer_of(ProtocolVersion::v3), oldest = buffer_of(ProtocolVersion::v1);
    RandomRows(seed).write(newest);
    RandomRows(seed).write(oldest);
    ASSERT_EQ(in_version_one(newest.payload()), text_of(oldest)) << seed;
    ASSERT_EQ(in_version_one(oldest.payload()), text_of(oldest)) << seed;
  }
}

TEST(VersionOne, RowsOfSymbolsOnly) {
  EXPECT_EQ(in_version_one("t,a=x 5n\nt,a=x\nt,a=x 7t\n"), "t,a=x 5\nt,a=x\nt,a=x 7000\n");
}

TEST(VersionOne, ArraysAndDecimalsStayAndSoDoesWhatIsBehindThem) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v3);
  const std::vector<double> elements{1, 2, 3, 4, 5, 6};
  buffer.table("t").column("x", ArrayView(elements.data(), std::vector<std::size_t>{2, 3})).column("d", 1.5).at(TimestampNanos{5});
  const std::string array = testing::binary_array({2, 3}, elements);
  EXPECT_EQ(in_version_one(buffer.payload()), "t x=" + array.substr(1) + ",d=1.5 5\n");
  buffer.clear();
  buffer.table("t").column("x", Decimal::parse("-12.5")).column("d", 1.5).at(TimestampNanos{5});
  const std::string kept = text_of(buffer).substr(0, text_of(buffer).find(",d="));
  EXPECT_EQ(in_version_one(buffer.payload()), kept + ",d=1.5 5\n");
}

TEST(VersionOne, AMicrosecondThatNanosecondsCannotHoldStays) {
  const std::string most = std::to_string(std::numeric_limits<std::int64_t>::max() / 1000);
  EXPECT_EQ(in_version_one("t v=1i " + most + "t\n"), "t v=1i " + most + "000\n");
  EXPECT_EQ(in_version_one("t v=1i 9223372036854776t\n"), "t v=1i 9223372036854776t\n");
}

TEST(VersionOne, WhatIsNotIlpStaysFromThereOn) {
  for (const std::string& row : {std::string("t"), std::string("\n"), std::string("t v"), std::string("t v=\"x"),
                                 std::string("t v==\x10") + "123", std::string("t v==\x0e\x0a\xff"),
                                 std::string("t v==\x17\x02\xff" "1"), std::string("t v==?"),
                                 std::string("t v==\x0e\x0a\x02\xff\xff\xff\xff\xff\xff\xff\xff"),
                                 std::string("t\\"), std::string("t v=1n5 x\n")}) {
    EXPECT_EQ(in_version_one(row), row);
    EXPECT_EQ(in_version_one("t v=" + binary(1.5) .substr(1) + " 5n\n" + row), "t v=1.5 5\n" + row);
  }
}

TEST(VersionOne, RandomBytesHarmNothing) {
  std::mt19937_64 random(1);
  const std::string alphabet = "tv=,\" \n\\n5\x10\x0e\x17\x0a\x01";
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (std::uint64_t i = random() % 40; i > 0; --i) bytes += alphabet[random() % alphabet.size()];
    const std::string rewritten = in_version_one(bytes);
    EXPECT_EQ(in_version_one(rewritten), rewritten);
  }
}

}  // namespace
}  // namespace questclient
