// What the application reads when a server refuses: its words, its role, what to do; no secrets, no noise.
#include "base/es256.hpp"
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

class CoreWords : public testing::Test {
 protected:
  /// Answers to rows in this way, and returns what is told of it.
  std::string answered(int status, const Headers& headers, const std::string& body) {
    VectorStore store;
    store.append({"a"});
    Rig rig(store, 2, options_);
    rig.connect(kPlain);
    rig.answer(status, headers, body);
    const auto left = rig.reports(Kind::disconnected);
    EXPECT_EQ(left.size(), 1U);
    left_ = left.empty() ? SenderEvent() : left.front();
    return rig.core->stats().last_error;
  }
  VectorStore store_;
  CoreOptions options_;
  SenderEvent left_;
};

TEST_F(CoreWords, TheServersOwnWordsStandInTheMessage) {
  EXPECT_EQ(answered(503, {}, R"({"code":"retry","message":"table busy.\n","errorId":"e-7"})"),
            "a:9000 answered 503: table busy (error id e-7).");
  EXPECT_EQ(left_.message, "Left a:9000, which answered 503: table busy (error id e-7).");
  EXPECT_EQ(answered(429, {}, ""), "a:9000 answered 429.");
  const std::string page = answered(502, {}, "<html>\r\n<title>" + std::string(1000, 'x'));
  EXPECT_TRUE(page.starts_with("a:9000 answered 502: <html> <title>xxx")) << page;
  EXPECT_LT(page.size(), 400U);
}

TEST_F(CoreWords, WhoIsNoPrimarySaysWhatItIs) {
  const std::string body = R"({"message":"n2 at b:9000 is the primary"})";
  EXPECT_EQ(answered(421, {{"X-QuestDB-Role", "REPLICA"}}, body),
            "a:9000 answered 421: it is a replica; n2 at b:9000 is the primary.");
  EXPECT_EQ(answered(421, {{"X-QuestDB-Role", "PRIMARY_CATCHUP"}}, ""),
            "a:9000 answered 421: it is becoming a primary.");
  Rig rig(store_, 2);
  rig.start();
  rig.connected();
  rig.answer(200, {{"X-QuestDB-Role", "REPLICA"}}, R"({"config":{"accepting.writes":[]}})");
  EXPECT_EQ(rig.core->stats().last_error, "a:9000 accepts no writes over HTTP: it is a replica.");
}

TEST_F(CoreWords, WhoTakesNoWritesIsToldUnderItsOwnCode) {
  answered(421, {}, "");
  EXPECT_EQ(left_.code, ErrorCode::not_writable) << "a host that took rows before";
  const Headers no_headers;
  for (const int status : {200, 421}) {
    Rig rig(store_);
    rig.start();
    rig.connected();
    rig.answer(status, no_headers, R"({"config":{"accepting.writes":[]}})");
    ASSERT_EQ(rig.reports(Kind::warning).size(), 1U) << status;
    EXPECT_EQ(rig.reports(Kind::warning)[0].code, ErrorCode::not_writable) << status;
  }
}

TEST_F(CoreWords, ADeposedPrimaryIsToldUnderTheSameCode) {
  store_.append({"a"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "", "", 5);
  rig.own(204, "2:0", "2:0", 4);
  ASSERT_EQ(rig.reports(Kind::disconnected).size(), 1U);
  EXPECT_EQ(rig.reports(Kind::disconnected)[0].code, ErrorCode::not_writable);
}

TEST_F(CoreWords, WhatIsNoQuestDBIsSaidToBeNone) {
  const std::string moved = answered(302, {{"Location", "https://a/"}}, "");
  EXPECT_NE(moved.find("302: it points to https://a/."), std::string::npos) << moved;
  EXPECT_NE(moved.find("into addr"), std::string::npos) << moved;
  EXPECT_NE(answered(405, {}, "").find("Check that addr"), std::string::npos);
}

TEST_F(CoreWords, RefusedCredentialsAreExplainedByTheServer) {
  store_.append({"a"});
  Rig rig(store_);
  rig.connect(kPlain);
  rig.answer(403, {}, R"({"message":"no right to create t","errorId":"e-1"})");
  EXPECT_TRUE(rig.core->stopped_by()->message.starts_with(
      "a:9000 refused our credentials with 403: no right to create t (error id e-1). Sending has stopped"))
      << rig.core->stopped_by()->message;
}

TEST_F(CoreWords, ReasonsEndWithAFullStop) {
  store_.append({"a"});
  Rig rig(store_);
  rig.start();
  rig.lose(net::NetError::Kind::connect, false);
  ASSERT_EQ(rig.reports(Kind::warning).size(), 1U);
  EXPECT_NE(rig.reports(Kind::warning)[0].message.find("it broke. Rows stay in the slot"), std::string::npos);
}

TEST_F(CoreWords, CredentialsThatAServerEchoesAreHidden) {
  const std::string basic = base::base64_encode("admin:secret-word");
  options_.authorization = "Basic " + basic;
  store_.append({"a", "b"});
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  rig.answer(400, {},
             R"({"code":"invalid","line":1,"message":"Authorization: Basic )" + basic +
                 R"( is admin:secret-word, \u0073ecret-word"})");
  const SenderEvent event = rig.reports(Kind::rows_rejected).at(0);
  EXPECT_EQ(event.server.message, "Authorization: *** is ***, ***");
  EXPECT_EQ(store_.letters.at(0).reason, event.server.message);
  rig.answer(503, {{"Location", "/?auth=" + basic}}, "x" + std::string(4090, ' ') + basic);
  for (const SenderEvent& told : rig.reports(Kind::disconnected)) {
    EXPECT_EQ((told.message + told.server.message).find(basic.substr(0, 5)), std::string::npos);
  }
}

TEST_F(CoreWords, AFreshTokenDoesNotUncoverTheOneBefore) {
  options_.asks_for_tokens = true;
  store_.append({"a"});
  Rig rig(store_, 1, options_);
  rig.start();
  rig.token("first-token");
  rig.connect(kPlain);
  rig.token("second-token");
  rig.answer(503, {}, "Bearer first-token, Bearer second-token, first-token, second-token");
  EXPECT_EQ(rig.core->stats().last_error, "a:9000 answered 503: ***, ***, ***, ***.");
}

TEST_F(CoreWords, AnIdleConnectionThatEndsIsNoNews) {
  store_.append({"a"});
  Rig rig(store_);
  rig.connect(kPlain);
  rig.answer(204, {{"Connection", "close"}});
  ASSERT_EQ(rig.reports(Kind::disconnected).size(), 1U);
  EXPECT_TRUE(rig.reports(Kind::disconnected)[0].routine);
  EXPECT_FALSE(rig.reports(Kind::disconnected)[0].is_error());
  store_.append({"b"});
  rig.appended();
  rig.connect(kPlain);
  rig.lose();
  EXPECT_FALSE(rig.reports(Kind::disconnected).at(0).routine) << "rows were on their way";
}

TEST_F(CoreWords, AnOutageIsToldOnceThoughHostsGoOnSayingYes) {
  store_.append({"a"});
  Rig rig(store_);
  std::size_t told = 0;
  rig.start();
  for (int round = 0; round < 6; ++round) {
    rig.connect(kPlain);
    ASSERT_TRUE(rig.is_write());
    rig.answer(503);
    told += rig.reports(Kind::warning).size();
    for (const SenderEvent& left : rig.reports(Kind::disconnected)) told += left.routine ? 0 : 1;
    rig.sleep_to_deadline();
  }
  EXPECT_EQ(told, 2U) << "the host is left, and there is no other";
  rig.connect(kPlain);
  rig.answer(204);
  store_.append({"b"});
  rig.appended();
  rig.answer(503);
  EXPECT_EQ(rig.reports(Kind::warning).size(), 1U) << "rows got through: this is another outage";
}

}  // namespace
}  // namespace questclient::sender
