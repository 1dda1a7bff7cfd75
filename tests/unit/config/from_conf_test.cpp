#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "support.hpp"

namespace questclient {
namespace {

using std::chrono::milliseconds;
using testing::expect_holds;
using testing::expect_lacks;
using testing::parsed;
using testing::refused;
using testing::refused_keys;

TEST(FromConf, DefaultsAreThoseOfAFreshOptions) {
  const Options options = Options::from_conf("http::addr=localhost;");
  ASSERT_EQ(options.addr.size(), 1U);
  EXPECT_EQ(options.addr[0], (Address{"localhost", 9000}));
  EXPECT_EQ(options.request_timeout, milliseconds(10000));
  EXPECT_EQ(options.sender_id, "default");
  EXPECT_EQ(options.sf_max_total_bytes, std::nullopt);
  EXPECT_EQ(options.protocol_version, std::nullopt);
  EXPECT_TRUE(options.auto_flush);
}

TEST(FromConf, EveryKeyReachesItsField) {
  const Options o = Options::from_conf(
      "http::addr=a:1,b:2;addr=[::1]:3;username=u;password=p;connect_timeout=11;request_timeout=12;"
      "request_min_throughput=13;max_name_len=200;init_buf_size=1k;max_buf_size=2m;protocol_version=1;"
      "auto_flush=on;auto_flush_rows=14;auto_flush_bytes=15k;sf_dir=/x;sender_id=s-1;"
      "sf_max_segment_bytes=1m;sf_max_total_bytes=2g;sf_durability=flush;sf_append_deadline_millis=16;"
      "reconnect_initial_backoff_millis=17;reconnect_max_backoff_millis=18;close_flush_timeout_millis=19;"
      "request_durable_ack=on;durable_ack_keepalive_interval_millis=20;");
  const std::vector<Address> addr = {{"a", 1}, {"b", 2}, {"::1", 3}};
  EXPECT_EQ(o.addr, addr);
  EXPECT_EQ(o.username, "u");
  EXPECT_EQ(o.password, "p");
  EXPECT_EQ(o.connect_timeout, milliseconds(11));
  EXPECT_EQ(o.request_timeout, milliseconds(12));
  EXPECT_EQ(o.request_min_throughput, 13U);
  EXPECT_EQ(o.max_name_len, 200U);
  EXPECT_EQ(o.init_buf_size, 1024U);
  EXPECT_EQ(o.max_buf_size, 2U << 20);
  EXPECT_EQ(o.protocol_version, 1);
  EXPECT_EQ(o.auto_flush_rows, 14U);
  EXPECT_EQ(o.auto_flush_bytes, 15U * 1024);
  EXPECT_EQ(o.sf_dir, "/x");
  EXPECT_EQ(o.sender_id, "s-1");
  EXPECT_EQ(o.sf_max_segment_bytes, 1U << 20);
  EXPECT_EQ(o.sf_max_total_bytes, 2ULL << 30);
  EXPECT_EQ(o.sf_durability, SlotDurability::flush);
  EXPECT_EQ(o.sf_append_deadline_millis, milliseconds(16));
  EXPECT_EQ(o.reconnect_initial_backoff_millis, milliseconds(17));
  EXPECT_EQ(o.reconnect_max_backoff_millis, milliseconds(18));
  EXPECT_EQ(o.close_flush_timeout_millis, milliseconds(19));
  EXPECT_EQ(o.request_durable_ack, TrimAt::durable);
  EXPECT_EQ(o.durable_ack_keepalive_interval_millis, milliseconds(20));
}

TEST(FromConf, ChoicesTakeExactlyTheirWords) {
  EXPECT_EQ(parsed("request_durable_ack=off").request_durable_ack, TrimAt::committed);
  EXPECT_EQ(parsed("request_durable_ack=auto").request_durable_ack, TrimAt::automatic);
  EXPECT_EQ(parsed("sf_durability=memory").sf_durability, SlotDurability::memory);
  EXPECT_EQ(parsed("protocol_version=2").protocol_version, 2);
  EXPECT_EQ(parsed("protocol_version=auto").protocol_version, std::nullopt);
  EXPECT_FALSE(parsed("auto_flush=off").auto_flush);
  expect_holds(refused_keys("auto_flush=true"), {"auto_flush=true", "on or off"});
  expect_holds(refused_keys("request_durable_ack=ON"), {"request_durable_ack=ON", "auto, on or off"});
  expect_holds(refused_keys("protocol_version=4"), {"protocol_version=4", "auto, 1 or 2"});
}

TEST(FromConf, AutoFlushLimitsCanBeOff) {
  EXPECT_EQ(parsed("auto_flush_rows=off").auto_flush_rows, 0U);
  EXPECT_EQ(parsed("auto_flush_bytes=off").auto_flush_bytes, 0U);
  EXPECT_EQ(parsed("auto_flush_rows=0").auto_flush_rows, 0U);
  expect_holds(refused_keys("max_name_len=off"), {"max_name_len=off"});
}

TEST(FromConf, DoubledSemicolonsStandForOne) {
  EXPECT_EQ(parsed("username=u;password=a;;b;").password, "a;b");
  EXPECT_EQ(parsed("username=u;password=a;;;;").password, "a;;");
  EXPECT_EQ(parsed("username=u;password=;;;sf_dir=/d").password, ";");
  EXPECT_EQ(parsed("username=u;password=a=b::c,d").password, "a=b::c,d");
}

TEST(FromConf, TheLastSemicolonIsOptional) {
  EXPECT_EQ(parsed("sf_dir=/d").sf_dir, "/d");
}

TEST(FromConf, AliasesOfUserAndPassword) {
  const Options options = parsed("user=u;pass=p;");
  EXPECT_EQ(options.username, "u");
  EXPECT_EQ(options.password, "p");
  expect_holds(refused_keys("user=u;username=v;pass=p"), {"username", "twice"});
}

TEST(FromConf, OnlyHttpIsSpokenSoFar) {
  for (const std::string schema : {"https", "tcp", "tcps", "ws", "wss"}) {
    expect_holds(refused(schema + "::addr=a;"), {schema, "known and not supported", "http"});
  }
  expect_holds(refused("htp::addr=a;"), {"\"htp\"", "http::addr=host:9000;"});
  expect_holds(refused("HTTP::addr=a;"), {"HTTP"});
}

TEST(FromConf, StringsThatAreNoConnectStringsAreRefused) {
  expect_holds(refused(""), {"'::'"});
  expect_holds(refused("http:addr=a"), {"'::'"});
  expect_holds(refused("http::"), {"addr is missing"});
  expect_holds(refused("http::sf_dir=/d;"), {"addr is missing"});
  expect_holds(refused("http::addr"), {"\"addr\"", "not followed by '='"});
  expect_holds(refused("http::;addr=a"), {"a key is missing at character 7"});
  expect_holds(refused("http::addr=a; sf_dir=/d"), {"a key is missing at character 14"});
  expect_holds(refused("http::addr =a"), {"\"addr\"", "not followed by '='"});
}

TEST(FromConf, EmptyValuesAreRefused) {
  expect_holds(refused_keys("sf_dir=;"), {"sf_dir", "empty value"});
  expect_holds(refused_keys("token="), {"token", "empty value"});
  expect_holds(refused("http::addr=;"), {"addr", "empty value"});
}

TEST(FromConf, UnknownKeysAreAnsweredWithTheNearest) {
  expect_holds(refused_keys("reqest_timeout=1"), {"unknown key \"reqest_timeout\"", "\"request_timeout\""});
  expect_holds(refused_keys("sf_durable=flush"), {"\"sf_durability\""});
  expect_holds(refused_keys("Addr=b"), {"\"addr\""});
  expect_holds(refused_keys("pasword=hush"), {"\"password\""});
  expect_lacks(refused_keys("pasword=hush"), "hush");
}

TEST(FromConf, KeysOfQuestDBsOtherClientsAreKnownButNotSupported) {
  for (const std::string key : {"zone",
                                "target",
                                "auth_timeout_ms",
                                "token_x",
                                "token_y",
                                "tls_verify",
                                "tls_roots",
                                "tls_ca",
                                "retry_timeout",
                                "request_compression",
                                "auto_flush_interval",
                                "sf_sync_interval_millis",
                                "drain_orphans",
                                "max_background_drainers",
                                "reconnect_max_duration_millis",
                                "initial_connect_retry",
                                "error_inbox_capacity",
                                "on_schema_error",
                                "on_parse_error",
                                "on_internal_error",
                                "on_security_error",
                                "on_write_error",
                                "on_server_error",
                                "max_frame_rejections",
                                "poison_min_escalation_window_millis"}) {
    expect_holds(refused_keys(key + "=x"),
                 {"\"" + key + "\"", "known to QuestDB's clients and not supported"});
    expect_lacks(refused_keys(key + "=x"), "nearest");
  }
}

TEST(FromConf, ValuesOfQuestDBsOtherClientsAreKnownButNotSupported) {
  expect_holds(refused_keys("sf_durability=periodic"), {"sf_durability=periodic", "not supported"});
  expect_holds(refused_keys("sf_durability=append"), {"sf_durability=append", "not supported"});
  expect_holds(refused_keys("protocol_version=3"), {"protocol_version=3", "not supported"});
  expect_holds(refused_keys("sf_durability=disk"), {"memory or flush"});
}

TEST(FromConf, DuplicateKeysAreRefusedExceptAddr) {
  expect_holds(refused_keys("sf_dir=/a;sf_dir=/a;"), {"sf_dir", "twice"});
  EXPECT_EQ(Options::from_conf("http::addr=a;addr=b;").addr.size(), 2U);
}

TEST(FromConf, CredentialsMustFitTogether) {
  expect_holds(refused_keys("username=u"), {"username without password"});
  expect_holds(refused_keys("password=hush"), {"password without username"});
  expect_holds(refused_keys("token=t;username=u;password=p"), {"token"});
  expect_holds(refused_keys("token=t;username=u"), {"token"});
  expect_holds(refused_keys("username=a:b;password=p"), {"':'"});
  EXPECT_EQ(parsed("token=t").token, "t");
}

TEST(FromConf, SecretsStandInNoMessage) {
  const std::vector<std::string> starts = {
      "password=", "username=u;password=", "pass=", "token=", "token=x;username=u;password="};
  for (const std::string secret : {"hush", "hu\nsh", "hush;more=hush", "hush;hush", "hush;sf_dir;hush",
                                   "hush; hush", "hush;zone=hush", "hush;hush=hush", "hush;=hush"}) {
    for (const std::string& start : starts) {
      SCOPED_TRACE(start + secret);
      try {
        parsed(start + secret);
      } catch (const Error& error) {
        for (const char* part : {"hush", "hu\nsh", "hu?sh", "more"}) expect_lacks(error.what(), part);
      }
    }
  }
  expect_holds(refused_keys("username=u;password=a;b=c"), {"after a secret", "doubled"});
}

TEST(FromConf, MisspeltKeysAfterASecretAreStillNamed) {
  expect_holds(refused_keys("token=a;reqest_timeout=1"), {"\"reqest_timeout\"", "\"request_timeout\""});
  expect_holds(refused_keys("token=a;zone=1"), {"\"zone\"", "not supported"});
  expect_holds(refused_keys("token=a;request_timeout=b"), {"request_timeout=b"});
}

TEST(FromConf, ControlCharactersAreRefused) {
  expect_holds(refused_keys("token=a\r\nHost: b"), {"token=***", "control character"});
  expect_holds(refused_keys("sf_dir=/a\nb"), {"sf_dir=/a?b", "control character"});
}

TEST(FromConf, SenderIdIsAFolderName) {
  EXPECT_EQ(parsed("sender_id=a.b-c_9").sender_id, "a.b-c_9");
  for (const std::string bad : {"..", ".a", "a/b", "a b", "\xc3\xa4"}) {
    expect_holds(refused_keys("sender_id=" + bad), {"sender_id="});
  }
  expect_holds(refused_keys("sender_id=" + std::string(129, 'x')), {"sender_id="});
}

TEST(FromConf, OptionsMustFitTogether) {
  expect_holds(refused_keys("sf_durability=flush"), {"sf_dir"});
  expect_holds(refused_keys("reconnect_initial_backoff_millis=6000"), {"reconnect_max_backoff_millis"});
  expect_holds(refused_keys("max_buf_size=64k"), {"auto_flush_bytes", "max_buf_size=65536"});
  EXPECT_EQ(parsed("max_buf_size=64k;auto_flush=off").max_buf_size, 65536U);
  EXPECT_EQ(parsed("max_buf_size=64k;auto_flush_bytes=off").max_buf_size, 65536U);
}

TEST(FromEnv, ReadsTheVariableAndSaysWhenItIsNotSet) {
  ASSERT_EQ(unsetenv("QDB_CLIENT_CONF"), 0);
  expect_holds(testing::refusal([] { Options::from_env(); }), {"QDB_CLIENT_CONF"});
  ASSERT_EQ(setenv("QDB_CLIENT_CONF", "http::addr=env:1;", 1), 0);
  EXPECT_EQ(Options::from_env().addr[0].to_string(), "env:1");
  ASSERT_EQ(unsetenv("QDB_CLIENT_CONF"), 0);
}

// Any bytes at all: the outcome is valid options or Error{config}, and the message is of bounded length.
TEST(FromConf, GarbageIsParsedOrRefused) {
  const std::vector<std::string> parts = {"http",
                                          "::",
                                          "addr=",
                                          "a",
                                          ":",
                                          "9000",
                                          ",",
                                          ";",
                                          ";;",
                                          "[",
                                          "]",
                                          "::1",
                                          "=",
                                          "sf_dir",
                                          "token=",
                                          "password=",
                                          "username=",
                                          "auto_flush_rows=",
                                          "off",
                                          "1k",
                                          "18446744073709551615",
                                          "99999999999999999999t",
                                          "max_buf_size=",
                                          "\xff",
                                          std::string(1, '\0'),
                                          "\n",
                                          " ",
                                          "sf_durability=flush",
                                          "request_timeout=",
                                          "-1",
                                          "protocol_version=2",
                                          std::string(300, 'x')};
  std::mt19937_64 random(5);
  int valid = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string conf = random() % 8 == 0 ? "" : random() % 4 == 0 ? "http::" : "http::addr=a;";
    for (std::size_t i = random() % 8; i > 0; --i) {
      conf +=
          random() % 10 == 0 ? std::string(1, static_cast<char>(random())) : parts[random() % parts.size()];
    }
    try {
      Options::from_conf(conf).validate();
      ++valid;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::config);
      ASSERT_LT(std::string_view(error.what()).size(), 1200U) << conf;
    }
  }
  EXPECT_GT(valid, 300);
  EXPECT_LT(valid, 27'000);
}

}  // namespace
}  // namespace questclient
