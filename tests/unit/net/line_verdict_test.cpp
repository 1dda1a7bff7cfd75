#include "net/line_verdict.hpp"

#include <gtest/gtest.h>

namespace questclient::net {
namespace {

using Kind = NetError::Kind;

TEST(LineVerdict, OnlyAChallengeAsksForAKey) {
  const std::string challenge = std::string(256, ' ') + std::string(256, '~');
  EXPECT_EQ(verdict_on_words(challenge + "\n", false).kind, Kind::unauthorised);
  EXPECT_EQ(verdict_on_words(challenge.substr(0, 100), false).kind, Kind::unauthorised) << "its first piece";
  EXPECT_EQ(verdict_on_words(challenge + "\n", true).kind, Kind::malformed) << "it has had the key";
  const std::string page(512, 'x');
  for (const std::string& words :
       {"HTTP/1.1 400 Bad Request" + page, "220 mail.example ESMTP " + page + "\r\n",
        std::string("\x15\x03\x03\x00\x02\x02\x16", 7), "two\nlines" + page, std::string("no\n")}) {
    EXPECT_EQ(verdict_on_words(words, false).kind, Kind::malformed) << words;
  }
}

}  // namespace
}  // namespace questclient::net
