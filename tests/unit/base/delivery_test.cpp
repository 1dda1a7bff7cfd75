#include "base/delivery.hpp"

#include <gtest/gtest.h>

namespace questclient::base {
namespace {

TEST(StreamPosition, RoundTripsAndRefusesGarbage) {
  const StreamPosition position{18446744073709551615ULL, 4294967295U};
  EXPECT_EQ(StreamPosition::parse(position.to_string()), position);
  for (const char* bad :
       {"", "7", "7:", ":0", "7:0 ", "-1:0", "7:4294967296", "18446744073709551616:0", "7:0:0"}) {
    EXPECT_FALSE(StreamPosition::parse(bad)) << bad;
  }
}

TEST(StreamPosition, OrdersByFrameThenRow) {
  EXPECT_LT((StreamPosition{1, 9}), (StreamPosition{2, 0}));
  EXPECT_LT((StreamPosition{2, 0}), (StreamPosition{2, 1}));
}

TEST(StreamHeader, RoundTripsAndRefusesGarbage) {
  SeededRandom random(1);
  const StreamHeader header{Uuid::random(random), 17};
  EXPECT_EQ(StreamHeader::parse(header.to_string()), header);
  EXPECT_FALSE(StreamHeader::parse(header.to_string() + "x"));
  EXPECT_FALSE(StreamHeader::parse(header.stream.to_string()));
  EXPECT_FALSE(StreamHeader::parse(";first=1"));
}

TEST(FramePart, TellsWhetherItsFrameGoesOn) {
  const FramePart whole{7, 0, 20, 4096, true};
  const FramePart beginning{8, 0, 3, 300, false};
  EXPECT_EQ(whole.end(), (StreamPosition{8, 0}));
  EXPECT_EQ(beginning.end(), (StreamPosition{8, 3}));
  EXPECT_EQ(format_parts({whole, beginning}), "7:0+20;4096,8:0+3.;300");
  EXPECT_EQ(parse_parts("7:0+20;4096,8:0+3.;300"), (std::vector{whole, beginning}));
}

TEST(FramePart, ListIsBoundedAndStrict) {
  for (const char* bad :
       {"", "7:0+0;1", "7:0+1", "7:0+1;", "7:0+1;1,", ",7:0+1;1", "7:0+1..;1", "7:0+1;1 "}) {
    EXPECT_FALSE(parse_parts(bad)) << bad;
  }
  std::vector<FramePart> parts(kMaxPartsPerRequest, FramePart{1, 0, 1, 1, true});
  EXPECT_TRUE(parse_parts(format_parts(parts)));
  parts.push_back(parts.back());
  EXPECT_FALSE(parse_parts(format_parts(parts)));
}

TEST(GapAcceptance, SaysWhetherTheStreamWasKnown) {
  const GapAcceptance known{StreamPosition{7, 0}, {9, 0}};
  const GapAcceptance unknown{std::nullopt, {9, 2}};
  EXPECT_EQ(known.to_string(), "7:0->9:0");
  EXPECT_EQ(unknown.to_string(), "->9:2");
  EXPECT_EQ(GapAcceptance::parse("7:0->9:0"), known);
  EXPECT_EQ(GapAcceptance::parse("->9:2"), unknown);
  for (const char* bad : {"", "->", "7:0", "7:0->", "7->9:0", "7:0->9:0x"}) {
    EXPECT_FALSE(GapAcceptance::parse(bad)) << bad;
  }
}

TEST(CommitPosition, RoundTripsAndRefusesGarbage) {
  EXPECT_EQ(CommitPosition::parse((CommitPosition{3, 1207}).to_string()), (CommitPosition{3, 1207}));
  for (const char* bad : {"", "3", "3.", ".1", "3.1.2"}) EXPECT_FALSE(CommitPosition::parse(bad)) << bad;
}

}  // namespace
}  // namespace questclient::base
