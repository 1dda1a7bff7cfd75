#include "node/config.hpp"

#include <string>

#include <gtest/gtest.h>

namespace questnode::node {
namespace {

Config load_text(const std::string& text) {
  return load_config({.server_conf = text, .environment = {}, .settings = {}}).config;
}

std::string error_of(const ConfigSources& sources) {
  try {
    load_config(sources);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

TEST(Config, EmptyGivesANodeAlone) {
  const LoadedConfig loaded = load_config({});
  EXPECT_EQ(loaded.config.role, ConfiguredRole::none);
  EXPECT_EQ(loaded.config.http_address, "127.0.0.1");
  EXPECT_EQ(loaded.config.http_port, 9000);
  EXPECT_EQ(loaded.config.commit_mode, CommitMode::sync);
  EXPECT_TRUE(loaded.warnings.empty());
}

TEST(Config, ReadsAPropertiesFile) {
  const Config config = load_text(
      "# comment\n\n  http.bind.to = 0.0.0.0:9100 \r\ncairo.commit.mode=nosync\n"
      "cairo.wal.segment.rollover.size=8m\nreplication.role=replica\n"
      "replication.object.store=fs::root=/a;atomic_write_dir=/b;\n"
      "replication.replica.poll.interval=20\nreplication.primary.throttle.window.duration=2s");
  EXPECT_EQ(config.http_address, "0.0.0.0");
  EXPECT_EQ(config.http_port, 9100);
  EXPECT_EQ(config.commit_mode, CommitMode::nosync);
  EXPECT_EQ(config.segment_bytes, 8U << 20);
  EXPECT_EQ(config.role, ConfiguredRole::replica);
  EXPECT_EQ(config.object_store, "fs::root=/a;atomic_write_dir=/b;");
  EXPECT_EQ(config.poll_interval.count(), 20);
  EXPECT_EQ(config.upload_window.count(), 2000);
}

TEST(Config, TheEnvironmentWinsOverTheFileAndSetOverBoth) {
  ConfigSources sources;
  sources.server_conf = "http.worker.count=1\nquestnode.name=file\ncairo.commit.mode=async\n";
  sources.environment = {{"QDB_HTTP_WORKER_COUNT", "3"}, {"QDB_QUESTNODE_NAME", "env"}, {"PATH", "/bin"}};
  sources.settings = {"questnode.name=set"};
  const LoadedConfig loaded = load_config(sources);
  EXPECT_EQ(loaded.config.http_threads, 3);
  EXPECT_EQ(loaded.config.name, "set");
  EXPECT_EQ(loaded.config.commit_mode, CommitMode::async);
  EXPECT_TRUE(loaded.warnings.empty());
}

TEST(Config, UnknownKeysAreIgnoredWithAWarningThatNamesTheNearest) {
  ConfigSources sources;
  sources.server_conf = "\nhttp.bindto=1.2.3.4:1\n";
  sources.environment = {{"QDB_REPLICATION_ROL", "primary"}, {"QDB_CLIENT_CONF", "http::addr=x;"}};
  const LoadedConfig loaded = load_config(sources);
  ASSERT_EQ(loaded.warnings.size(), 2U);
  EXPECT_NE(loaded.warnings[0].find("server.conf line 2"), std::string::npos) << loaded.warnings[0];
  EXPECT_NE(loaded.warnings[0].find("http.bind.to"), std::string::npos) << loaded.warnings[0];
  EXPECT_NE(loaded.warnings[1].find("replication.role"), std::string::npos) << loaded.warnings[1];
  EXPECT_EQ(loaded.config.http_port, 9000);
}

TEST(Config, WrongValuesNamePlaceKeyAndWhatWouldBeRight) {
  for (const std::string setting :
       {"http.bind.to=9000", "http.bind.to=:9000", "http.bind.to=a:70000", "http.worker.count=0",
        "http.worker.count=two", "replication.role=king", "cairo.commit.mode=maybe", "questnode.name=",
        "questnode.name=a b", "line.http.max.recv.buffer.size=12q", "line.http.max.recv.buffer.size=0",
        "cairo.wal.segment.rollover.size=99999999g", "query.timeout=-1", "no equals sign"}) {
    const std::string message = error_of({.server_conf = {}, .environment = {}, .settings = {setting}});
    EXPECT_NE(message.find(setting), std::string::npos) << setting << " -> " << message;
  }
}

TEST(Config, AReplicatedNodeNeedsAStore) {
  const std::string message =
      error_of({.server_conf = "replication.role=primary", .environment = {}, .settings = {}});
  EXPECT_NE(message.find("replication.object.store"), std::string::npos) << message;
}

TEST(Config, HelpNamesEveryKeyWithItsVariable) {
  const std::string help = config_help();
  for (const char* const name : {"http.bind.to", "QDB_HTTP_BIND_TO", "replication.object.store",
                                 "QDB_CAIRO_COMMIT_MODE", "questnode.requests.max.bytes"}) {
    EXPECT_NE(help.find(name), std::string::npos) << name;
  }
}

TEST(Config, TlsIsCommonUnlessAServerHasItsOwn) {
  const Config common =
      load_text("tls.enabled=true\ntls.cert.path=/c\ntls.private.key.path=/k\nline.tcp.tls.enabled=false");
  EXPECT_EQ(tls_of(common, common.http_tls).certificate, "/c");
  EXPECT_EQ(tls_of(common, common.http_tls).private_key, "/k");
  EXPECT_TRUE(tls_of(common, common.line_tls).certificate.empty());
  const Config own = load_text(
      "line.tcp.tls.enabled=true\nline.tcp.tls.cert.path=/c\nline.tcp.tls.private.key.path=/"
      "k\ntls.cert.path=/d");
  EXPECT_TRUE(tls_of(own, own.http_tls).certificate.empty());
  EXPECT_EQ(tls_of(own, own.line_tls).certificate, "/c");
  EXPECT_NE(error_of({.server_conf = "tls.enabled=true\ntls.cert.path=/c", .environment = {}, .settings = {}})
                .find("tls.private.key.path"),
            std::string::npos);
}

TEST(Config, UserAndPasswordBelongTogether) {
  EXPECT_NE(
      error_of({.server_conf = "http.user=joe", .environment = {}, .settings = {}}).find("http.password"),
      std::string::npos);
  const Config config = load_text("http.user=joe\nhttp.password=p\nquestnode.http.token=t");
  EXPECT_EQ(config.http_login.user + config.http_login.password + config.http_login.token, "joept");
}

TEST(Config, WhoReadsOnlyIsSomebodyElseThanWhoWrites) {
  const Config config = load_text(
      "questnode.http.readonly.user=ann\nquestnode.http.readonly.password=p\nquestnode.http.readonly.token="
      "t");
  EXPECT_EQ(config.http_reader.user + config.http_reader.password + config.http_reader.token, "annpt");
  EXPECT_TRUE(config.http_login.user.empty() && config.http_login.token.empty());
  for (const std::string text :
       {"questnode.http.readonly.user=ann", "questnode.http.readonly.token=t\nquestnode.http.token=t",
        "http.user=ann\nhttp.password=a\nquestnode.http.readonly.user=ann\n"
        "questnode.http.readonly.password=b"}) {
    const std::string message = error_of({.server_conf = text, .environment = {}, .settings = {}});
    EXPECT_NE(message.find("questnode.http.readonly"), std::string::npos) << text << " -> " << message;
  }
}

TEST(Config, SwitchesAreTrueOrFalse) {
  const Config config = load_text("line.tcp.enabled=true\nreadonly=true\nline.auto.create.new.columns=false");
  EXPECT_TRUE(config.line_tcp);
  EXPECT_TRUE(config.read_only);
  EXPECT_TRUE(config.create_tables);
  EXPECT_FALSE(config.create_columns);
  EXPECT_NE(
      error_of({.server_conf = "readonly=yes", .environment = {}, .settings = {}}).find("true or false"),
      std::string::npos);
}

}  // namespace
}  // namespace questnode::node
