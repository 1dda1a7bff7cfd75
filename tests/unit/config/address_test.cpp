#include "config/address.hpp"

#include "support.hpp"

namespace questclient {
namespace {

using testing::expect_holds;
using testing::refused;

Address address_of(std::string_view text) {
  Address address;
  EXPECT_EQ(config::parse_address(text, 9000, address), "") << text;
  return address;
}

TEST(Address, HostAndPort) {
  EXPECT_EQ(address_of("node-a.example.com:1234"), (Address{"node-a.example.com", 1234}));
  EXPECT_EQ(address_of("127.0.0.1"), (Address{"127.0.0.1", 9000}));
  EXPECT_EQ(address_of("a_b:65535"), (Address{"a_b", 65535}));
}

TEST(Address, Ipv6StandsInBrackets) {
  EXPECT_EQ(address_of("[::1]:9001"), (Address{"::1", 9001}));
  EXPECT_EQ(address_of("[fe80::1%eth0]"), (Address{"fe80::1%eth0", 9000}));
  EXPECT_EQ(address_of("[::ffff:10.0.0.1]:80"), (Address{"::ffff:10.0.0.1", 80}));
}

TEST(Address, PrintsAsItParses) {
  for (const char* text : {"a:1", "10.0.0.1:9000", "[::1]:9000", "[fe80::1%eth0]:5"}) {
    EXPECT_EQ(address_of(text).to_string(), text);
  }
}

TEST(Address, BadOnesAreRefusedWithKeyAndValue) {
  for (const std::string bad : {"a:",
                                "a:0",
                                "a:65536",
                                "a:x",
                                "a:-1",
                                "a:+1",
                                "a: 1",
                                "a:1:2",
                                "::1",
                                "[::1",
                                "[]:1",
                                "[::1]x",
                                "[::1]:",
                                "[::1]9000",
                                "[a]:1",
                                "[:]:1",
                                "a b",
                                "a/b",
                                "http://a",
                                "u@a",
                                "[::1%]",
                                "a;;b",
                                "1:2:3:4:5:6:7:8:9",
                                "[:::::::]:9000",
                                "[1:2:3]",
                                "[::12345]",
                                "[::1::2]"}) {
    expect_holds(refused("http::addr=" + bad + ";"), {"addr="});
  }
  expect_holds(refused("http::addr=::1;"), {"[::1]:9000"});
  expect_holds(refused("http::addr=good:1,bad:x;"), {"\"bad:x\"", "bad port"});
  expect_holds(refused("http::addr=" + std::string(254, 'a') + ";"), {"longer than 253"});
}

TEST(Address, EmptyHostsAreRefused) {
  for (const std::string bad : {":9000", "a,", ",a", "a,,b", ","}) {
    expect_holds(refused("http::addr=" + bad + ";"), {"addr=", "empty host"});
  }
}

TEST(Address, DuplicatesAreRefusedWhateverTheirSpelling) {
  expect_holds(refused("http::addr=a,b,a;"), {"a:9000 twice"});
  expect_holds(refused("http::addr=a;addr=A:9000;"), {"A:9000 twice"});
  expect_holds(refused("http::addr=[::AB],[::ab]:9000;"), {"twice"});
  EXPECT_EQ(Options::from_conf("http::addr=a:1,a:2;").addr.size(), 2U);
}

}  // namespace
}  // namespace questclient
