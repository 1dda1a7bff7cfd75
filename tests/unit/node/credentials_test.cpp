#include "node/credentials.hpp"

#include <string>

#include <gtest/gtest.h>

namespace questnode::node {
namespace {

TEST(Credentials, NoneLetEverybodyIn) {
  const Credentials open{Config{}};
  EXPECT_FALSE(open.required());
  EXPECT_EQ(open.access(""), Access::write);
  EXPECT_EQ(open.access("Bearer anything"), Access::write);
}

TEST(Credentials, AUserNeedsThePassword) {
  Config config;
  config.http_login.user = "joe";
  config.http_login.password = "secret";
  const Credentials credentials{config};
  EXPECT_EQ(credentials.access("Basic am9lOnNlY3JldA=="), Access::write);
  for (const std::string wrong : {"", "Basic ", "basic am9lOnNlY3JldA==", "Basic am9lOnNlY3JldA",
                                  "Basic am9lOnNlY3JldB==", "Bearer secret", "Bearer "})
    EXPECT_EQ(credentials.access(wrong), Access::none) << wrong;
}

TEST(Credentials, ATokenIsEnoughBesideAUserOrAlone) {
  Config config;
  config.http_login.token = "t0ken";
  EXPECT_EQ(Credentials{config}.access("Bearer t0ken"), Access::write);
  EXPECT_EQ(Credentials{config}.access("Bearer t0keN"), Access::none);
  EXPECT_EQ(Credentials{config}.access("Basic Og=="), Access::none);
  config.http_login.user = "joe";
  config.http_login.password = "secret";
  EXPECT_EQ(Credentials{config}.access("Bearer t0ken"), Access::write);
  EXPECT_EQ(Credentials{config}.access("Basic am9lOnNlY3JldA=="), Access::write);
}

TEST(Credentials, AReaderBesideAWriterOrAlone) {
  Config config;
  config.http_reader = {"ann", "secret", "r3ad"};
  EXPECT_TRUE(Credentials{config}.required());
  EXPECT_EQ(Credentials{config}.access("Basic YW5uOnNlY3JldA=="), Access::read);
  EXPECT_EQ(Credentials{config}.access("Bearer r3ad"), Access::read);
  EXPECT_EQ(Credentials{config}.access(""), Access::none);
  EXPECT_EQ(Credentials{config}.access("Basic am9lOnNlY3JldA=="), Access::none);
  config.http_login.user = "joe";
  config.http_login.password = "secret";
  EXPECT_EQ(Credentials{config}.access("Basic YW5uOnNlY3JldA=="), Access::read);
  EXPECT_EQ(Credentials{config}.access("Basic am9lOnNlY3JldA=="), Access::write);
}

}  // namespace
}  // namespace questnode::node
