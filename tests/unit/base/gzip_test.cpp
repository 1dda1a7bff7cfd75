#include "base/gzip.hpp"

#include <random>

#include <gtest/gtest.h>

namespace questclient::base {
namespace {

std::string noise(std::size_t size) {
  std::mt19937 generator(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(generator());
  return bytes;
}

TEST(Gzip, WhatIsPackedComesBack) {
  std::string rows;
  for (int i = 0; i < 20000; ++i) rows += "trades,symbol=ETH price=" + std::to_string(i) + "\n";
  for (const std::string& plain : {std::string(), std::string("x"), rows, noise(300000)}) {
    for (const int level : {1, 6, 9}) {
      const auto back = gunzip(gzip(plain, level), plain.size());
      ASSERT_TRUE(back);
      EXPECT_EQ(*back, plain);
    }
  }
  EXPECT_LT(gzip(rows).size(), rows.size() / 4);
}

TEST(Gzip, ReadsWhatAnotherProgramWrote) {
  // printf hello | gzip -n
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00",
      25);
  EXPECT_EQ(gunzip(packed, 5), "hello");
}

TEST(Gzip, TheBoundHoldsExactly) {
  const std::string packed = gzip(std::string(1000, 'x'));
  bool too_long = true;
  EXPECT_TRUE(gunzip(packed, 1000, &too_long));
  EXPECT_FALSE(too_long);
  EXPECT_FALSE(gunzip(packed, 999, &too_long));
  EXPECT_TRUE(too_long);
  EXPECT_FALSE(gunzip(packed, 0, &too_long));
  EXPECT_TRUE(too_long);
  // A bomb is given up at the bound, not unpacked first.
  EXPECT_FALSE(gunzip(gzip(std::string(50 << 20, '\0'), 9), 1 << 20, &too_long));
  EXPECT_TRUE(too_long);
}

TEST(Gzip, WhatIsNotOneWholeStreamIsRefused) {
  const std::string packed = gzip("hello, hello, hello");
  bool too_long = true;
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(gunzip(packed.substr(0, size), 1000, &too_long)) << size;
    EXPECT_FALSE(too_long);
  }
  EXPECT_FALSE(gunzip(packed + "x", 1000));
  std::string wrong_checksum = packed;
  wrong_checksum[packed.size() - 5] = static_cast<char>(wrong_checksum[packed.size() - 5] ^ 1);
  EXPECT_FALSE(gunzip(wrong_checksum, 1000));
  EXPECT_FALSE(gunzip("trades price=1\n", 1000));
}

TEST(Gzip, TellsBeforehandHowLongItBecomes) {
  EXPECT_EQ(claimed_bytes(gzip("")), 0U);
  EXPECT_EQ(claimed_bytes(gzip(std::string(1'000'000, 'x'))), 1'000'000U);
  EXPECT_EQ(claimed_bytes("abc"), 0U);
  std::string lying = gzip("hello");
  lying[lying.size() - 4] = 4;
  EXPECT_EQ(claimed_bytes(lying), 4U);
  EXPECT_FALSE(gunzip(lying, 1000));
}

}  // namespace
}  // namespace questclient::base
