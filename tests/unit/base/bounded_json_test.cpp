#include "base/bounded_json.hpp"

#include <string>

#include <gtest/gtest.h>

namespace questclient::base {
namespace {

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(BoundedJson, TakesWhatIsNestedAsDeepAsAllowed) {
  EXPECT_TRUE(parse_bounded_json(nested(3), 100, 3));
  EXPECT_FALSE(parse_bounded_json(nested(4), 100, 3));
  EXPECT_TRUE(parse_bounded_json(R"({"a":[[1],[2],[3]],"b":{"c":{}}})", 100, 3)) << "beside each other";
  EXPECT_FALSE(parse_bounded_json(R"({"a":{"b":{"c":{}}}})", 100, 3));
  EXPECT_FALSE(parse_bounded_json("[]]]][[[[", 100, 3)) << "not JSON";
}

TEST(BoundedJson, BracketsInTextDoNotCount) {
  EXPECT_TRUE(parse_bounded_json(R"(["[[[[\"[[[[\\",{"{{{{":"\\\"[[["}])", 100, 2));
  EXPECT_FALSE(parse_bounded_json(R"(["\\",[[]]])", 100, 2)) << "the text ends at an escaped backslash";
}

TEST(BoundedJson, WhatIsTooLongOrNoJsonIsNothing) {
  EXPECT_TRUE(parse_bounded_json("[1,2]", 5));
  EXPECT_FALSE(parse_bounded_json("[1,2]", 4));
  for (const char* text : {"", "[", "<html>", "[1]x", "\"\\", "\xff"}) {
    EXPECT_FALSE(parse_bounded_json(text, 100)) << text;
  }
}

}  // namespace
}  // namespace questclient::base
