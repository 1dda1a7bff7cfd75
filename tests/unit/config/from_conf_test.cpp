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
      "https::addr=a:1,b:2;addr=[::1]:3;zone=z1;target=replica;username=u;password=p;connect_timeout=11;"
      "auth_timeout_ms=21;tls_ca=pem_file;tls_roots=/ca.pem;request_timeout=12;request_min_throughput=13;"
      "retry_timeout=22;request_compression=gzip;max_name_len=200;init_buf_size=1k;max_buf_size=2m;"
      "protocol_version=3;auto_flush=on;auto_flush_rows=14;auto_flush_bytes=15k;auto_flush_interval=23;"
      "sf_dir=/x;sender_id=s-1;sf_max_segment_bytes=1m;sf_max_total_bytes=2g;sf_max_memory_bytes=4m;"
      "sf_max_dead_letter_bytes=3m;"
      "sf_durability=periodic;sf_sync_interval_millis=24;sf_append_deadline_millis=16;"
      "sf_overflow=drop_oldest;sf_key=/key;drain_rate=1m;drain_orphans=on;max_background_drainers=5;"
      "reconnect_initial_backoff_millis=17;reconnect_max_backoff_millis=18;"
      "reconnect_max_duration_millis=25;initial_connect_retry=on;close_flush_timeout_millis=19;"
      "request_durable_ack=on;durable_ack_keepalive_interval_millis=20;error_inbox_capacity=26;"
      "on_schema_error=halt;on_parse_error=drop;on_write_error=halt;on_security_error=retry;"
      "on_internal_error=dead_letter;on_server_error=halt;max_frame_rejections=6;"
      "poison_min_escalation_window_millis=27;");
  const std::vector<Address> addr = {{"a", 1}, {"b", 2}, {"::1", 3}};
  EXPECT_EQ(o.transport, Transport::https);
  EXPECT_EQ(o.addr, addr);
  EXPECT_EQ(o.zone, "z1");
  EXPECT_EQ(o.target, Target::replica);
  EXPECT_EQ(o.username, "u");
  EXPECT_EQ(o.password, "p");
  EXPECT_EQ(o.connect_timeout, milliseconds(11));
  EXPECT_EQ(o.auth_timeout_ms, milliseconds(21));
  EXPECT_EQ(o.tls_ca, TlsCa::pem_file);
  EXPECT_EQ(o.tls_roots, "/ca.pem");
  EXPECT_EQ(o.request_timeout, milliseconds(12));
  EXPECT_EQ(o.request_min_throughput, 13U);
  EXPECT_EQ(o.retry_timeout, milliseconds(22));
  EXPECT_EQ(o.request_compression, Compression::gzip);
  EXPECT_EQ(o.max_name_len, 200U);
  EXPECT_EQ(o.init_buf_size, 1024U);
  EXPECT_EQ(o.max_buf_size, 2U << 20);
  EXPECT_EQ(o.protocol_version, 3);
  EXPECT_EQ(o.auto_flush_rows, 14U);
  EXPECT_EQ(o.auto_flush_bytes, 15U * 1024);
  EXPECT_EQ(o.auto_flush_interval, milliseconds(23));
  EXPECT_EQ(o.sf_dir, "/x");
  EXPECT_EQ(o.sender_id, "s-1");
  EXPECT_EQ(o.sf_max_segment_bytes, 1U << 20);
  EXPECT_EQ(o.sf_max_total_bytes, 2ULL << 30);
  EXPECT_EQ(o.sf_max_memory_bytes, 4ULL << 20);
  EXPECT_EQ(o.sf_max_dead_letter_bytes, 3ULL << 20);
  EXPECT_EQ(o.sf_durability, SlotDurability::periodic);
  EXPECT_EQ(o.sf_sync_interval_millis, milliseconds(24));
  EXPECT_EQ(o.sf_append_deadline_millis, milliseconds(16));
  EXPECT_EQ(o.sf_overflow, SlotOverflow::drop_oldest);
  EXPECT_EQ(o.sf_key, "/key");
  EXPECT_EQ(o.drain_rate, 1ULL << 20);
  EXPECT_TRUE(o.drain_orphans);
  EXPECT_EQ(o.max_background_drainers, 5U);
  EXPECT_EQ(o.reconnect_initial_backoff_millis, milliseconds(17));
  EXPECT_EQ(o.reconnect_max_backoff_millis, milliseconds(18));
  EXPECT_EQ(o.reconnect_max_duration_millis, milliseconds(25));
  EXPECT_EQ(o.initial_connect_retry, ConnectRetry::on);
  EXPECT_EQ(o.close_flush_timeout_millis, milliseconds(19));
  EXPECT_EQ(o.request_durable_ack, TrimAt::durable);
  EXPECT_EQ(o.durable_ack_keepalive_interval_millis, milliseconds(20));
  EXPECT_EQ(o.error_inbox_capacity, 26U);
  EXPECT_EQ(o.on_schema_error, ErrorPolicy::halt);
  EXPECT_EQ(o.on_parse_error, ErrorPolicy::drop);
  EXPECT_EQ(o.on_write_error, ErrorPolicy::halt);
  EXPECT_EQ(o.on_security_error, ErrorPolicy::retry);
  EXPECT_EQ(o.on_internal_error, ErrorPolicy::dead_letter);
  EXPECT_EQ(o.on_server_error, ErrorPolicy::halt);
  EXPECT_EQ(o.max_frame_rejections, 6U);
  EXPECT_EQ(o.poison_min_escalation_window_millis, milliseconds(27));
}

TEST(FromConf, TcpTakesAKeyPairAndItsOwnPort) {
  const Options o = Options::from_conf("tcps::addr=a,b:1;user=kid;token=d;token_x=x;token_y=y;");
  const std::vector<Address> addr = {{"a", 9009}, {"b", 1}};
  EXPECT_EQ(o.transport, Transport::tcps);
  EXPECT_EQ(o.addr, addr);
  EXPECT_EQ(o.username, "kid");
  EXPECT_EQ(o.token, "d");
  EXPECT_EQ(o.token_x, "x");
  EXPECT_EQ(o.token_y, "y");
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
  expect_holds(refused_keys("protocol_version=4"), {"protocol_version=4", "auto, 1, 2 or 3"});
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

TEST(FromConf, TheSchemaChoosesTheTransport) {
  EXPECT_EQ(Options::from_conf("http::addr=a").transport, Transport::http);
  EXPECT_EQ(Options::from_conf("https::addr=a").transport, Transport::https);
  EXPECT_EQ(Options::from_conf("tcp::addr=a").transport, Transport::tcp);
  EXPECT_EQ(Options::from_conf("tcps::addr=a").transport, Transport::tcps);
  expect_holds(refused("ws::addr=a;"), {"ws", "QWP", "use http"});
  expect_holds(refused("wss::addr=a;"), {"wss", "QWP", "use https"});
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
  expect_holds(refused("http::addr=;"), {"addr", "empty value; write host, host:port or [ipv6]:port"});
}

TEST(FromConf, UnknownKeysAreAnsweredWithTheNearest) {
  expect_holds(refused_keys("reqest_timeout=1"), {"unknown key \"reqest_timeout\"", "\"request_timeout\""});
  expect_holds(refused_keys("sf_durable=flush"), {"\"sf_durability\""});
  expect_holds(refused_keys("Addr=b"), {"\"addr\""});
  expect_holds(refused_keys("pasword=hush"), {"\"password\""});
  expect_lacks(refused_keys("pasword=hush"), "hush");
}

TEST(FromConf, KeysOfQuestDBsOtherClientsAreKnownButNotSupported) {
  for (const std::string key : {"bind_interface", "tls_roots_password", "retry_max_backoff_millis",
                                "failover_max_attempts", "transaction"}) {
    expect_holds(refused_keys(key + "=x"),
                 {"\"" + key + "\"", "known to QuestDB's clients and not supported"});
    expect_lacks(refused_keys(key + "=x"), "nearest");
  }
}

TEST(FromConf, WordsOfOtherClientsForTheSystemsRootsAreTaken) {
  for (const std::string word : {"os_roots", "webpki_roots", "webpki_and_os_roots"}) {
    EXPECT_EQ(Options::from_conf("https::addr=a;tls_ca=" + word).tls_ca, TlsCa::os_roots);
  }
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
  expect_holds(refused_keys("token=t;token_x=x;token_y=y"), {"token_x", "tcp"});
  const auto tcp = [](const std::string& keys) { return refused("tcp::addr=a;" + keys); };
  expect_holds(tcp("username=u;password=p"), {"password", "http"});
  expect_holds(tcp("username=u"), {"username without token"});
  expect_holds(tcp("token=t"), {"token without username"});
  expect_holds(tcp("username=u;token=t;token_x=x"), {"token_x and token_y"});
  expect_holds(tcp("token_x=x;token_y=y"), {"without token"});
}

TEST(FromConf, SecretsStandInNoMessage) {
  const std::vector<std::string> starts = {
      "password=", "username=u;password=", "pass=", "token=", "token=x;username=u;password="};
  for (const std::string secret : {"hush", "hu\nsh", "hush;more=hush", "hush;hush", "hush;sf_dir;hush",
                                   "hush; hush", "hush;transaction=hush", "hush;hush=hush", "hush;=hush"}) {
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
  expect_holds(refused_keys("token=a;transaction=1"), {"\"transaction\"", "not supported"});
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
  for (const std::string where : {"", "sf_dir=/x;"}) {
    expect_holds(refused_keys(where + "sf_max_total_bytes=512k"),
                 {"sf_max_total_bytes=512k", "auto_flush_bytes=1m", "at least 2m"});
    expect_holds(refused_keys(where + "sf_max_total_bytes=64k;auto_flush_bytes=20k"),
                 {"auto_flush_bytes=20k"});
    EXPECT_EQ(parsed(where + "sf_max_total_bytes=2m").sf_max_total_bytes, 2U << 20);
    EXPECT_EQ(parsed(where + "sf_max_total_bytes=64k;auto_flush_bytes=14k").auto_flush_bytes, 14U << 10);
    EXPECT_NO_THROW(parsed(where + "sf_max_total_bytes=64k;auto_flush_bytes=off"));
    EXPECT_NO_THROW(parsed(where + "sf_max_total_bytes=64k;auto_flush=off"));
  }
  expect_holds(refused_keys("auto_flush_bytes=65m"),
               {"sf_max_total_bytes=128m (unset)", "auto_flush_bytes=65m"});
  EXPECT_NO_THROW(parsed("auto_flush_bytes=64m"));
  EXPECT_NO_THROW(parsed("sf_dir=/x;auto_flush_bytes=65m"));
  expect_holds(refused_keys("init_buf_size=512m;max_buf_size=2m"), {"init_buf_size=512m", "max_buf_size=2m"});
  EXPECT_EQ(parsed("max_buf_size=1k;auto_flush=off").max_buf_size, 1024U) << "init_buf_size was not given";
  EXPECT_EQ(parsed("max_buf_size=64k;auto_flush=off").max_buf_size, 65536U);
  EXPECT_EQ(parsed("max_buf_size=64k;auto_flush_bytes=off").max_buf_size, 65536U);
}

TEST(FromConf, ContradictoryKeysAreNamed) {
  expect_holds(refused_keys("sf_durability=append"), {"sf_durability", "sf_dir"});
  expect_holds(refused_keys("sf_key=/k"), {"sf_key", "sf_dir"});
  expect_holds(refused_keys("drain_orphans=on"), {"drain_orphans", "sf_dir"});
  expect_holds(refused_keys("sf_dir=/d;sf_sync_interval_millis=5"), {"sf_sync_interval_millis", "periodic"});
  for (const std::string key : {"auto_flush_rows=5", "auto_flush_bytes=5", "auto_flush_interval=5"}) {
    expect_holds(refused_keys("auto_flush=off;" + key), {key.substr(0, key.find('=')), "auto_flush=off"});
  }
  EXPECT_FALSE(parsed("auto_flush=off;auto_flush_rows=off").auto_flush);
  expect_holds(refused_keys("tls_roots=/x"), {"tls_roots", "https"});
  expect_holds(refused_keys("tls_verify=unsafe_off"), {"tls_verify", "https"});
  expect_holds(refused("tcp::addr=a;tls_ca=os_roots"), {"tls_ca", "tcps"});
  const auto tls = [](const std::string& keys) { return refused("https::addr=a;" + keys); };
  expect_holds(tls("tls_roots=/x;tls_verify=unsafe_off"), {"tls_roots", "tls_verify=unsafe_off"});
  expect_holds(tls("tls_roots=/x;tls_ca=os_roots"), {"tls_roots", "tls_ca=os_roots"});
  expect_holds(tls("tls_ca=pem_file"), {"tls_ca=pem_file", "tls_roots"});
  expect_holds(refused("tcp::addr=a;request_compression=gzip"), {"request_compression", "http"});
  expect_holds(refused("tcp::addr=a;request_durable_ack=on"), {"request_durable_ack", "http"});
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
