// 401 and 403: stopping and going on. gzip and ILP over TCP stand here too: they depend on the host alone.
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

class CoreTokens : public testing::Test {
 protected:
  CoreTokens() { store_.append({"a"}); }
  VectorStore store_;
  CoreOptions options_;
};

TEST_F(CoreTokens, AFreshTokenResumesWhat401Stopped) {
  options_.authorization = "Bearer old";
  Rig rig(store_, 2, options_);
  rig.connect(kPlain);
  EXPECT_EQ(rig.header("Authorization"), "Bearer old");
  rig.answer(401, {}, "Unauthorized");
  const SenderEvent event = rig.reports(Kind::unauthorised).at(0);
  EXPECT_EQ(event.code, ErrorCode::unauthorised);
  EXPECT_EQ(event.disposition, Disposition::terminal);
  EXPECT_EQ(event.server.status, 401);
  EXPECT_EQ(event.server.message, "Unauthorized");
  ASSERT_TRUE(rig.core->stopped_by());
  EXPECT_EQ(rig.core->stats().security_errors, 1U);
  rig.token("");
  EXPECT_TRUE(rig.core->stopped_by());
  rig.token("fresh");
  EXPECT_FALSE(rig.core->stopped_by());
  EXPECT_EQ(rig.core->stats().last_terminal_error, "");
  rig.connected();
  rig.answer(200, {}, kPlain);
  EXPECT_EQ(rig.header("Authorization"), "Bearer fresh");
  EXPECT_EQ(rig.request->body, "a");
  rig.answer(204);
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreTokens, ATokenSourceIsAskedBeforeTheFirstRequest) {
  options_.asks_for_tokens = true;
  Rig rig(store_, 1, options_);
  rig.start();
  EXPECT_EQ(rig.tokens_asked, 1U);
  EXPECT_EQ(rig.connects, 0U) << "nothing is asked of a server without it";
  rig.token("first");
  EXPECT_EQ(rig.connects, 1U);
  rig.connected();
  EXPECT_EQ(rig.header("Authorization"), "Bearer first");
}

TEST_F(CoreTokens, ATokenMayEndInALineEndAndHoldNoOther) {
  options_.asks_for_tokens = true;
  Rig rig(store_, 1, options_);
  rig.start();
  rig.token("inj\r\nX-Evil: ected");
  EXPECT_EQ(rig.connects, 0U);
  ASSERT_EQ(rig.reports(Kind::warning).size(), 1U);
  const SenderEvent event = rig.reports(Kind::warning)[0];
  EXPECT_NE(event.message.find("control character, byte 4"), std::string::npos) << event.message;
  EXPECT_EQ(event.message.find("inj"), std::string::npos) << "not its value";
  rig.sleep_to_deadline();
  EXPECT_EQ(rig.tokens_asked, 2U);
  rig.token("inj\r\nX-Evil: ected");
  EXPECT_TRUE(rig.reports(Kind::warning).empty()) << "once";
  rig.token("good \r\n");
  rig.connected();
  EXPECT_EQ(rig.header("Authorization"), "Bearer good");
}

TEST_F(CoreTokens, ATokenSourceIsAskedAfterEach401AtMostOnceASecond) {
  options_.asks_for_tokens = true;
  Rig rig(store_, 1, options_);
  rig.start();
  rig.token("first");
  rig.connect(kPlain);
  rig.now += std::chrono::minutes(5);
  rig.answer(401);
  EXPECT_EQ(rig.tokens_asked, 2U);
  EXPECT_EQ(rig.reports(Kind::unauthorised).at(0).disposition, Disposition::retrying);
  EXPECT_FALSE(rig.core->stopped_by()) << "a wait goes on";
  rig.token("second");
  rig.connect(kPlain);
  rig.answer(401);
  EXPECT_EQ(rig.tokens_asked, 2U) << "not yet";
  EXPECT_TRUE(rig.reports(Kind::unauthorised).empty()) << "said once";
  EXPECT_EQ(rig.core->next_deadline(), rig.now + std::chrono::seconds(1));
  rig.sleep_to_deadline();
  EXPECT_EQ(rig.tokens_asked, 3U);
  rig.token("");
  EXPECT_EQ(rig.core->next_deadline(), rig.now + std::chrono::seconds(1)) << "the next attempt";
  rig.sleep_to_deadline();
  EXPECT_EQ(rig.tokens_asked, 4U);
  rig.token("third");
  rig.connect(kPlain);
  rig.answer(204);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.core->stats().security_errors, 2U);
}

TEST_F(CoreTokens, RetryGoesOnTryingWithABackoff) {
  options_.on_security_error = ErrorPolicy::retry;
  Rig rig(store_, 2, options_);
  rig.connect(kPlain);
  rig.answer(403);
  EXPECT_EQ(rig.reports(Kind::warning).at(0).code, ErrorCode::unauthorised);
  EXPECT_EQ(rig.host, "b");
  rig.connect(kPlain);
  rig.answer(403);
  EXPECT_NE(rig.core->next_deadline(), base::Time::max());
  rig.sleep_to_deadline();
  rig.connect(kPlain);
  rig.answer(204);
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreTokens, CredentialsRefusedWhileConnectingStopToo) {
  Rig rig(store_, 2, options_);
  rig.start();
  rig.lose(net::NetError::Kind::unauthorised, false);
  EXPECT_TRUE(rig.core->stopped_by());
  EXPECT_EQ(rig.reports(Kind::unauthorised).size(), 1U);
  EXPECT_EQ(rig.connects, 1U);
  EXPECT_EQ(rig.disconnects, 0U) << "it is gone already";
}

TEST_F(CoreTokens, OnlyRowsAreCompressed) {
  options_.compression = Compression::gzip;
  Rig rig(store_, 1, options_);
  rig.start();
  rig.connected();
  EXPECT_FALSE(rig.request->gzip);
  rig.answer(200, {}, kPlain);
  EXPECT_TRUE(rig.request->gzip);
  EXPECT_EQ(rig.request->body, "a") << "the connection compresses";
}

TEST_F(CoreTokens, AHostThatRefusesCompressionGetsPlainRequests) {
  options_.compression = Compression::gzip;
  Rig rig(store_, 2, options_);
  rig.connect(kPlain);
  rig.answer(415, {}, R"({"code":"invalid","message":"gzip"})");
  EXPECT_EQ(rig.reports(Kind::warning).size(), 1U);
  EXPECT_EQ(rig.connects, 1U);
  ASSERT_TRUE(rig.is_write());
  EXPECT_FALSE(rig.request->gzip);
  EXPECT_EQ(rig.request->body, "a");
  rig.answer(204);
  store_.append({"b"});
  rig.appended();
  EXPECT_FALSE(rig.request->gzip) << "remembered";
  rig.answer(503);
  rig.connect(kPlain);
  EXPECT_EQ(rig.host, "b");
  EXPECT_TRUE(rig.request->gzip) << "of that host only";
}

TEST_F(CoreTokens, A415ToAPlainRequestIsAFailedHost) {
  options_.compression = Compression::gzip;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  rig.answer(415);
  rig.answer(415);
  EXPECT_EQ(rig.core->stats().hosts[0].state, "transport_error");
}

TEST_F(CoreTokens, OverTcpRowsAreTrimmedAndNothingIsClaimed) {
  options_.answers_are_commits = false;
  Rig rig(store_, 1, options_);
  rig.start();
  rig.connected();
  rig.answer(404);
  rig.answer(204);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.progress.acked, 0U);
  EXPECT_TRUE(rig.acknowledged.empty());
}

TEST(CoreOptions, ComeFromTheConnectString) {
  Options options;
  options.transport = Transport::tcps;
  options.request_compression = Compression::gzip;
  options.drain_rate = 7;
  options.on_server_error = ErrorPolicy::drop;
  options.max_frame_rejections = 9;
  options.poison_min_escalation_window_millis = milliseconds(11);
  const CoreOptions made = make_core_options(options);
  EXPECT_FALSE(made.answers_are_commits);
  EXPECT_EQ(made.compression, Compression::off) << "lines have no encoding";
  EXPECT_EQ(made.drain_rate, 7U);
  EXPECT_EQ(made.on_server_error, ErrorPolicy::drop);
  EXPECT_EQ(made.max_frame_rejections, 9U);
  EXPECT_EQ(made.poison_window, milliseconds(11));
  EXPECT_FALSE(made.rewrites_rows) << "lines are written in the version that was chosen for them";
  options.transport = Transport::http;
  EXPECT_TRUE(make_core_options(options).rewrites_rows);
  options.protocol_version = 2;
  EXPECT_FALSE(make_core_options(options).rewrites_rows);
}

}  // namespace
}  // namespace questclient::sender
