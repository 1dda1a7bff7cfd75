#include "net/authorization.hpp"

#include <gtest/gtest.h>

namespace questclient::net {
namespace {

TEST(Authorization, FollowsTheCredentials) {
  EXPECT_EQ(authorization_header("", "", ""), "");
  EXPECT_EQ(authorization_header("", "", "secret"), "Bearer secret");
  EXPECT_EQ(authorization_header("Aladdin", "open sesame", ""), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(authorization_header("a", "b", ""), "Basic YTpi");
  EXPECT_EQ(authorization_header("a", "bc", ""), "Basic YTpiYw==");
  EXPECT_EQ(authorization_header("\xff\xfe", "\xfb", ""), "Basic //46+w==");
}

}  // namespace
}  // namespace questclient::net
