#include "node/credentials.hpp"

#include <string>

#include <gtest/gtest.h>

namespace questnode::node {
namespace {

TEST(Credentials, NoneLetEverybodyIn) {
  const Credentials open{Config{}};
  EXPECT_FALSE(open.required());
  EXPECT_TRUE(open.accepts(""));
  EXPECT_TRUE(open.accepts("Bearer anything"));
}

TEST(Credentials, AUserNeedsThePassword) {
  Config config;
  config.http_user = "joe";
  config.http_password = "secret";
  const Credentials credentials{config};
  EXPECT_TRUE(credentials.accepts("Basic am9lOnNlY3JldA=="));
  for (const std::string wrong : {"", "Basic ", "basic am9lOnNlY3JldA==", "Basic am9lOnNlY3JldA",
                                  "Basic am9lOnNlY3JldB==", "Bearer secret", "Bearer "})
    EXPECT_FALSE(credentials.accepts(wrong)) << wrong;
}

TEST(Credentials, ATokenIsEnoughBesideAUserOrAlone) {
  Config config;
  config.http_token = "t0ken";
  EXPECT_TRUE(Credentials{config}.accepts("Bearer t0ken"));
  EXPECT_FALSE(Credentials{config}.accepts("Bearer t0keN"));
  EXPECT_FALSE(Credentials{config}.accepts("Basic Og=="));
  config.http_user = "joe";
  config.http_password = "secret";
  EXPECT_TRUE(Credentials{config}.accepts("Bearer t0ken"));
  EXPECT_TRUE(Credentials{config}.accepts("Basic am9lOnNlY3JldA=="));
}

}  // namespace
}  // namespace questnode::node
