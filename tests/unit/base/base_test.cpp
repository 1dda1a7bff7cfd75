#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "base/random.hpp"
#include "base/sha256.hpp"
#include "base/uuid.hpp"

namespace questclient::base {
namespace {

// RFC 3720, B.4.
TEST(Crc32c, MatchesThePublishedVectors) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
}

TEST(Crc32c, GoesOnFromAnEarlierResult) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c(std::string_view(text).substr(cut), crc32c(std::string_view(text).substr(0, cut))),
              crc32c(text));
  }
}

TEST(Crc32c, LongInputIsTheSameAsItsPieces) {
  SeededRandom random(3);
  std::string text;
  while (text.size() < 40'000) text.push_back(static_cast<char>(random.next()));
  for (const std::size_t size : {6143U, 6144U, 6145U, 12'288U, 18'435U, 40'000U}) {
    std::uint32_t crc = 0;
    for (std::size_t at = 0; at < size; at += 7)
      crc = crc32c(std::string_view(text).substr(at, std::min<std::size_t>(7, size - at)), crc);
    EXPECT_EQ(crc32c(std::string_view(text).substr(0, size)), crc) << size;
  }
}

TEST(Sha256, MatchesThePublishedVector) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Uuid, RoundTripsThroughTextAndBytes) {
  SeededRandom random(7);
  const Uuid id = Uuid::random(random);
  EXPECT_EQ(Uuid::parse(id.to_string()), id);
  EXPECT_EQ(Uuid::from_raw(id.raw()), id);
  EXPECT_EQ(id.to_string()[14], '4');
  EXPECT_TRUE(std::string_view("89ab").find(id.to_string()[19]) != std::string_view::npos);
}

TEST(Uuid, RefusesWhatIsNotOne) {
  EXPECT_FALSE(Uuid::parse(""));
  EXPECT_FALSE(Uuid::parse("01234567-89ab-cdef-0123-456789abcde"));
  EXPECT_FALSE(Uuid::parse("01234567-89ab-cdef-0123-456789abcdeg"));
  EXPECT_FALSE(Uuid::parse("01234567x89ab-cdef-0123-456789abcdef"));
}

TEST(SeededRandom, RepeatsItself) {
  SeededRandom one(42);
  SeededRandom two(42);
  SeededRandom other(43);
  EXPECT_EQ(one.next(), two.next());
  EXPECT_NE(one.next(), other.next());
  EXPECT_EQ(one.below(0), 0U);
  for (int i = 0; i < 100; ++i) EXPECT_LT(one.below(10), 10U);
}

TEST(Bytes, ReaderNeverPassesTheEnd) {
  std::string out;
  ByteWriter writer(out);
  writer.number(std::uint32_t{5});
  writer.text("hello");
  writer.number(-2.5);
  ByteReader reader(out);
  EXPECT_EQ(reader.number<std::uint32_t>(), 5U);
  EXPECT_EQ(reader.text(), "hello");
  EXPECT_EQ(reader.number<double>(), -2.5);
  EXPECT_TRUE(reader.empty());
  EXPECT_THROW(reader.number<char>(), MalformedBytes);
  ByteReader lying(std::string_view("\xFF\xFF\xFF\x7Fxx", 6));
  EXPECT_THROW(lying.text(), MalformedBytes);
}

TEST(Bytes, PatchOverwritesInPlace) {
  std::string out;
  ByteWriter writer(out);
  writer.number(std::uint16_t{0});
  writer.raw("x");
  writer.patch(0, std::uint16_t{513});
  EXPECT_EQ(out, std::string("\x01\x02x", 3));
}

}  // namespace
}  // namespace questclient::base
