// Secrets that were written where others belong.
#include <string>

#include "support.hpp"

namespace questclient {
namespace {

using testing::expect_holds;
using testing::expect_lacks;
using testing::parsed;
using testing::refusal;
using testing::refused;
using testing::refused_keys;

TEST(Secrets, InTheWrongPlaceStandInNoMessage) {
  for (const std::string conf :
       {"addr=user:hush@localhost:9000", "addr=http://user:hush@localhost:9000", "addr=b,user:hush@localhost",
        "addr=user:hush@hush,hush@localhost", "addr=user:hush,hush@localhost",
        "addr=localhost:9000,token=hush", "addr=localhost:9000 token=hush", "addr=localhost,PASS = hush",
        "addr=localhost,password=hush@hush", "auto_flush=off,password=hush",
        "request_timeout=1,token=hush,1"}) {
    const std::string message = refused("http::" + conf + ";");
    expect_lacks(message, "hush");
    expect_holds(message, {conf.substr(0, conf.find('=') + 1), "***"});
  }
  expect_holds(refused("http::addr=user:hush@localhost:9000;"), {"addr=***@localhost:9000", "username"});
  expect_holds(refused_keys("auto_flush=off,password=hush"), {"auto_flush=off,password=***", "on or off"});
  Options options;
  options.addr = {{"user:hush@h", 9000}};
  expect_lacks(refusal([&] { options.validate(); }), "hush");
}

TEST(Secrets, AKeyWhereItsFileBelongsIsRefusedAndNotShown) {
  const std::string digits = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";
  const std::string message = refused_keys("sf_dir=/d;sf_key=" + digits);
  expect_holds(message, {"sf_key=***", "is a key", "file"});
  expect_lacks(message, "0123");
  Options options = parsed("sf_dir=/d");
  options.sf_key = digits;
  for (const auto& [key, value] : describe(options)) EXPECT_NE(value, digits) << key;
  expect_lacks(refusal([&] { options.validate(); }), "0123");
  EXPECT_EQ(parsed("sf_dir=/d;sf_key=./" + digits).sf_key, "./" + digits);
}

}  // namespace
}  // namespace questclient
