// Which host, when, and what happens when it goes away.
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

class CoreConnection : public testing::Test {
 protected:
  VectorStore store_;
};

TEST_F(CoreConnection, RowsGoOutOnlyAfterSettings) {
  store_.append({"a\n", "b\n"});
  CoreOptions options;
  options.authorization = "Basic eA==";
  Rig rig(store_, 1, options);
  rig.start();
  EXPECT_EQ(rig.host, "a");
  EXPECT_FALSE(rig.request);
  rig.connected();
  EXPECT_EQ(rig.request->target, "/settings");
  EXPECT_EQ(rig.header("Authorization"), "Basic eA==");
  rig.answer(200, {}, kPlain);
  EXPECT_EQ(rig.reports(Kind::connected).size(), 1U);
  ASSERT_TRUE(rig.is_write());
  EXPECT_EQ(rig.request->target, "/write?precision=n");
  EXPECT_EQ(rig.request->body, "a\nb\n");
  EXPECT_EQ(rig.header("Authorization"), "Basic eA==");
  EXPECT_TRUE(rig.header("Content-Type").starts_with("text/plain"));
  EXPECT_TRUE(rig.parts().empty()) << "our headers go only to a server that offers them";
}

TEST_F(CoreConnection, AnOldServerWithoutSettingsTakesPlainText) {
  store_.append({"a"});
  Rig rig(store_);
  rig.start();
  rig.connected();
  rig.answer(404);
  EXPECT_TRUE(rig.is_write());
  EXPECT_EQ(rig.core->capabilities()->line_version, 1);
}

TEST_F(CoreConnection, AHostThatReadsOnlyVersionOneGetsRowsInIt) {
  const std::string newest = std::string("t v==\x10") + std::string(8, '\0') + " 5n\n";
  const std::string only_one = R"({"config":{"line.proto.support.versions":[1]}})";
  store_.append({newest});
  Rig rig(store_, 2);
  rig.start();
  rig.connected();
  rig.answer(200, {}, only_one);
  EXPECT_EQ(rig.request->body, "t v=0 5\n");
  rig.answer(421);
  rig.connected();
  rig.answer(200, {}, kPlain);
  EXPECT_EQ(rig.request->body, newest) << "the slot holds them as they were";

  CoreOptions chosen;
  chosen.rewrites_rows = false;
  Rig other(store_, 1, chosen);
  other.connect(only_one);
  EXPECT_EQ(other.request->body, newest) << "the application chose the version";
}

TEST_F(CoreConnection, MalformedSettingsAreAFailedHost) {
  Rig rig(store_, 2);
  rig.start();
  rig.connected();
  rig.answer(200, {}, "<html>");
  EXPECT_EQ(rig.host, "b");
  EXPECT_EQ(rig.core->stats().hosts[0].state, "transport_error");
  EXPECT_FALSE(rig.core->capabilities());
}

TEST_F(CoreConnection, AReplicaIsLeftWithoutSendingItRows) {
  store_.append({"a"});
  Rig rig(store_, 3);
  rig.start();
  rig.connected();
  rig.answer(200, {{"X-QuestDB-Role", "REPLICA"}}, R"({"config":{"accepting.writes":[]}})");
  EXPECT_EQ(rig.host, "b");
  rig.connected();
  rig.answer(421, {{"x-questdb-role", "PRIMARY_CATCHUP"}});
  EXPECT_EQ(rig.host, "c");
  rig.connected();
  rig.answer(421);
  const Stats stats = rig.core->stats();
  EXPECT_EQ(stats.hosts[0].state, "topology_reject");
  EXPECT_EQ(stats.hosts[1].state, "transient_reject");
  EXPECT_EQ(stats.hosts[2].state, "transport_error");
  EXPECT_EQ(rig.reports(Kind::warning).size(), 1U) << "the round is lost";
  EXPECT_EQ(rig.core->next_deadline() >= rig.now + milliseconds(100), true);
  rig.sleep_to_deadline();
  EXPECT_EQ(rig.host, "b") << "a primary soon";
}

TEST_F(CoreConnection, EveryHostWithoutAPauseThenASleep) {
  Rig rig(store_, 3);
  rig.start();
  std::string order = rig.host;
  for (int host = 0; host < 2; ++host) {
    rig.lose(net::NetError::Kind::connect, false);
    order += rig.host;
  }
  EXPECT_EQ(order, "abc");
  rig.lose(net::NetError::Kind::connect, false);
  EXPECT_EQ(rig.connects, 3U);
  const base::Time wake = rig.core->next_deadline();
  EXPECT_GE(wake, rig.now + milliseconds(100));
  EXPECT_LT(wake, rig.now + milliseconds(200));
  rig.core->on_timer(rig.now);
  EXPECT_EQ(rig.core->next_deadline(), wake) << "an early call does nothing";
  rig.sleep_to_deadline();
  EXPECT_EQ(rig.connects, 4U);
}

TEST_F(CoreConnection, EventsOfAnOlderConnectionAreIgnored) {
  Rig rig(store_, 2);
  rig.start();
  const ConnectionId old = rig.connection;
  rig.lose(net::NetError::Kind::connect, false);
  EXPECT_TRUE(rig.core->on_connected(old, rig.now).empty());
  EXPECT_TRUE(rig.core->on_response(old, {}, rig.now).empty());
  EXPECT_TRUE(rig.core->on_connection_lost(old, {}, rig.now).empty());
  rig.connected();
  EXPECT_TRUE(rig.asks("/settings"));
}

TEST_F(CoreConnection, OneRequestAtATimeAndFramesJoinTheNext) {
  Rig rig(store_);
  rig.connect(kPlain);
  EXPECT_FALSE(rig.request);
  store_.append({"a"});
  rig.appended();
  EXPECT_EQ(rig.request->body, "a");
  store_.append({"b"});
  rig.appended();
  store_.append({"c"});
  rig.appended();
  EXPECT_EQ(rig.request->body, "a");
  rig.answer(204);
  EXPECT_EQ(rig.request->body, "bc");
  EXPECT_EQ(rig.progress.acked, 1U);
  EXPECT_EQ(store_.trimmed_below, 2U);
}

TEST_F(CoreConnection, TheNextRequestIsReadWhileOneIsOnItsWay) {
  const std::string large(600'000, 'x');
  for (int frame = 0; frame < 4; ++frame) store_.append({large});
  Rig rig(store_);
  rig.connect(kPlain);
  ASSERT_TRUE(rig.is_write());
  EXPECT_EQ(rig.look_aheads, 1U);
  rig.core->look_ahead();
  const std::size_t reads = store_.reads;
  rig.answer(204);
  ASSERT_TRUE(rig.is_write());
  EXPECT_EQ(store_.reads, reads) << "its frame was in memory";
  EXPECT_EQ(rig.look_aheads, 2U);
  store_.broken = true;
  rig.core->look_ahead();  // is not the one to complain
  EXPECT_TRUE(rig.is_write());
  store_.broken = false;
  rig.answer(204);
  rig.answer(204);
  EXPECT_EQ(rig.look_aheads, 3U) << "behind the last frame nothing waits";
  rig.answer(204);
  EXPECT_EQ(store_.trimmed_below, 5U);
}

TEST_F(CoreConnection, TheTimeoutGrowsWithTheBody) {
  store_.append({std::string(204800, 'x')});
  Rig rig(store_);
  rig.connect(kPlain);
  EXPECT_EQ(rig.timeout, milliseconds(12000));
}

TEST_F(CoreConnection, ABrokenRequestIsSentAgainElsewhere) {
  store_.append({"a"});
  Rig rig(store_, 2);
  rig.connect(kPlain);
  ASSERT_TRUE(rig.is_write());
  rig.lose();
  EXPECT_EQ(rig.reports(Kind::disconnected).size(), 1U);
  EXPECT_EQ(rig.host, "b");
  rig.connect(kPlain);
  EXPECT_EQ(rig.request->body, "a");
  EXPECT_EQ(rig.core->stats().frames_replayed, 1U);
  EXPECT_EQ(store_.trimmed_below, 0U);
}

TEST_F(CoreConnection, ATimeoutAfterRowsGotThroughDoesNotMarkTheHost) {
  store_.append({"a"});
  Rig rig(store_, 2);
  rig.connect(kPlain);
  rig.answer(204);
  store_.append({"b"});
  rig.appended();
  rig.lose(net::NetError::Kind::timeout);
  EXPECT_EQ(rig.core->stats().hosts[0].state, "healthy");
  EXPECT_EQ(rig.host, "a");
  rig.connect(kPlain);
  rig.lose(net::NetError::Kind::timeout);
  EXPECT_EQ(rig.host, "b") << "a second one without progress does";
}

TEST_F(CoreConnection, AnIdleConnectionThatEndsIsRenewedWhenRowsCome) {
  Rig rig(store_, 2);
  rig.connect(kPlain);
  rig.lose(net::NetError::Kind::closed, false);
  EXPECT_EQ(rig.connects, 1U);
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max());
  store_.append({"a"});
  rig.appended();
  EXPECT_EQ(rig.connects, 2U);
  EXPECT_EQ(rig.host, "a");
  EXPECT_EQ(rig.core->stats().hosts[0].state, "healthy");
}

TEST_F(CoreConnection, AHostThatDropsEveryConnectionDoesNotMakeUsSpin) {
  store_.append({"a"});
  Rig rig(store_);
  rig.start();
  for (int round = 0; round < 8; ++round) {
    rig.connected();
    rig.answer(200, {}, kPlain);
    ASSERT_TRUE(rig.is_write());
    rig.lose();
    ASSERT_NE(rig.core->next_deadline(), base::Time::max());
    const base::Time pause = rig.core->next_deadline() - rig.now;
    EXPECT_GE(pause, std::min<base::Time>(milliseconds(100) * (1 << round), milliseconds(5000)));
    rig.sleep_to_deadline();
  }
}

TEST_F(CoreConnection, ConnectionCloseIsHonouredWithoutBlame) {
  store_.append({"a"});
  Rig rig(store_, 2);
  rig.connect(kPlain);
  store_.append({"b"});
  rig.answer(204, {{"Connection", "Close"}});
  EXPECT_EQ(rig.disconnects, 1U);
  EXPECT_EQ(rig.host, "a");
  EXPECT_EQ(rig.connects, 2U);
}

TEST_F(CoreConnection, BusyHostsAreRetriedAfterTheOthersWereAsked) {
  for (const int status : {429, 500, 503, 507}) {
    VectorStore store;
    store.append({"a"});
    Rig rig(store, 2);
    rig.connect(kPlain);
    rig.answer(status);
    EXPECT_EQ(rig.host, "b");
    rig.connected();
    EXPECT_EQ(rig.request->target, "/settings") << "no payload for a host that did not ask for it";
    rig.answer(200, {}, R"({"config":{"accepting.writes":[]}})");
    ASSERT_NE(rig.core->next_deadline(), base::Time::max());
    rig.sleep_to_deadline();
    EXPECT_EQ(rig.host, "a");
    rig.connect(kPlain);
    EXPECT_EQ(rig.request->body, "a");
    EXPECT_EQ(rig.core->stats().server_errors, 1U);
  }
}

TEST_F(CoreConnection, ABusyHostIsLeftForOneThatAcceptsWrites) {
  store_.append({"a"});
  Rig rig(store_, 2);
  rig.connect(kPlain);
  rig.answer(503);
  rig.connect(kPlain);
  EXPECT_EQ(rig.host, "b");
  EXPECT_EQ(rig.request->body, "a");
}

TEST_F(CoreConnection, UnauthorisedStopsAndKeepsEverything) {
  for (const int status : {401, 403}) {
    VectorStore store;
    store.append({"a"});
    Rig rig(store, 2);
    rig.connect(kPlain);
    rig.answer(status);
    EXPECT_EQ(rig.reports(Kind::unauthorised).size(), 1U);
    EXPECT_EQ(rig.disconnects, 1U);
    EXPECT_EQ(rig.connects, 1U);
    store.append({"b"});
    rig.appended();
    EXPECT_EQ(rig.connects, 1U);
    EXPECT_EQ(rig.core->next_deadline(), base::Time::max());
    EXPECT_EQ(store.frames.size(), 2U);
  }
}

TEST_F(CoreConnection, ADeposedPrimaryIsIgnoredAndLeft) {  // rule 6
  store_.append({"a"});
  Rig rig(store_, 2);
  rig.connect(kOwnDurable);
  rig.own(200, "", "", 5);
  ASSERT_TRUE(rig.is_write());
  rig.own(204, "2:0", "2:0", 4);
  EXPECT_EQ(store_.trimmed_below, 0U) << "a client that trims at Durable never notices the other";
  EXPECT_EQ(rig.core->stats().hosts[0].state, "topology_reject");
  EXPECT_EQ(rig.host, "b");
  rig.connected();
  rig.answer(200, {{"X-Questclient-Commit", "3.9"}}, kOwnDurable);
  EXPECT_EQ(rig.core->stats().hosts[1].state, "topology_reject");
  EXPECT_EQ(rig.core->stats().epoch, 5U);
}

TEST_F(CoreConnection, AnAnswerThatHidesItsEpochIsIgnored) {  // rule 6
  store_.append({"a"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "", "", 5);
  rig.answer(204, {{"X-Questclient-Acked", "2:0"}, {"X-QWP-Durable-Ack", "enabled"}});
  EXPECT_EQ(rig.progress.acked, 0U);
  EXPECT_EQ(rig.core->stats().hosts[0].state, "topology_reject");
}

TEST_F(CoreConnection, DurableAskedForAndNotOfferedIsRefusedWithAReport) {
  store_.append({"a"});
  CoreOptions options;
  options.trim_at = TrimAt::durable;
  for (const std::string& settings : {kPlain, kOwnCommitted}) {
    Rig rig(store_, 1, options);
    rig.start();
    rig.connected();
    rig.answer(200, {}, settings);
    EXPECT_FALSE(rig.request);
    ASSERT_GE(rig.reports(Kind::warning).size(), 1U);
    EXPECT_NE(rig.reports(Kind::warning)[0].message.find("request_durable_ack"), std::string::npos);
    EXPECT_EQ(rig.core->stats().hosts[0].state, "topology_reject");
  }
}

TEST_F(CoreConnection, DurableAskedForAndNotConfirmedIsRefused) {
  store_.append({"a"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  EXPECT_EQ(rig.header("X-QWP-Request-Durable-Ack"), "true");
  rig.answer(200, {{"X-Questclient-Commit", "1.1"}});
  EXPECT_FALSE(rig.is_write());
  EXPECT_EQ(rig.core->stats().hosts[0].state, "topology_reject");
}

TEST_F(CoreConnection, ARoleRejectStaysOneThoughDurableWasAskedFor) {
  store_.append({"a"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.answer(421, {{"X-QuestDB-Role", "PRIMARY_CATCHUP"}});
  EXPECT_EQ(rig.core->stats().hosts[0].state, "transient_reject");
}

TEST_F(CoreConnection, ANewerVersionOfOurHeadersIsRefused) {
  Rig rig(store_);
  rig.start();
  rig.connected();
  rig.answer(200, {}, R"({"config":{"questclient.delivery":2}})");
  EXPECT_FALSE(rig.reports(Kind::warning).empty());
  EXPECT_EQ(rig.core->stats().hosts[0].state, "topology_reject");
}

TEST_F(CoreConnection, AnswersOutOfTheTableAreAFailedHost) {
  for (const int status : {100, 200, 202, 206, 301, 404, 405, 409, 411, 415, 426, 600}) {
    VectorStore store;
    store.append({"a"});
    Rig rig(store);
    rig.connect(kPlain);
    rig.answer(status);
    EXPECT_EQ(rig.core->stats().hosts[0].state, "transport_error") << status;
    EXPECT_EQ(store.trimmed_below, 0U) << status;
    EXPECT_TRUE(store.letters.empty()) << status;
  }
}

TEST_F(CoreConnection, AHostThatTakesItsTimeDoesNotHoldUpTheNext) {
  store_.append({"a"});
  Rig rig(store_, 3);
  rig.start();
  EXPECT_EQ(rig.core->next_deadline(), rig.now + milliseconds(250));
  rig.sleep_to_deadline();
  EXPECT_EQ(rig.host, "b");
  EXPECT_EQ(rig.open_connections(), 2U);
  rig.connected();
  EXPECT_EQ(rig.request->target, "/settings") << "no rows to hosts that are only asked";
  rig.answer(200, {}, kPlain);
  EXPECT_TRUE(rig.is_write());
  EXPECT_EQ(rig.open_connections(), 1U) << "the others are left";
  EXPECT_EQ(rig.core->stats().hosts[0].state, "unknown") << "and not blamed";
  rig.select("a");
  rig.connected();
  EXPECT_TRUE(rig.actions.empty()) << "too late";
  rig.select("b");
  rig.answer(503);
  EXPECT_EQ(rig.host, "a") << "it may be asked again in this round";
}

TEST_F(CoreConnection, TheSlowHostWinsIfItAnswersFirst) {
  store_.append({"a"});
  Rig rig(store_, 2);
  rig.start();
  rig.connected();
  rig.request.reset();
  rig.sleep_to_deadline();
  ASSERT_EQ(rig.host, "b");
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max()) << "nobody is left to ask";
  rig.select("a");
  rig.answer(200, {}, kPlain);
  EXPECT_TRUE(rig.is_write());
  EXPECT_EQ(rig.open_connections(), 1U);
}

TEST_F(CoreConnection, ARoundEndsWhenTheLastAttemptHasFailed) {
  Rig rig(store_, 2);
  rig.start();
  rig.sleep_to_deadline();
  rig.lose(net::NetError::Kind::connect, false);
  EXPECT_TRUE(rig.reports(Kind::warning).empty()) << "the other may still say yes";
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max());
  rig.select("a");
  rig.lose(net::NetError::Kind::connect, false);
  EXPECT_EQ(rig.reports(Kind::warning).size(), 1U);
  EXPECT_GE(rig.core->next_deadline(), rig.now + milliseconds(100));
}

TEST_F(CoreConnection, CredentialsThatAreRefusedEndEveryAttempt) {
  Rig rig(store_, 2);
  rig.start();
  rig.sleep_to_deadline();
  rig.connected();
  rig.answer(401);
  EXPECT_TRUE(rig.core->stopped_by());
  EXPECT_EQ(rig.open_connections(), 0U);
}

TEST_F(CoreConnection, ASlotThatCannotBeReadIsTriedAgain) {
  store_.append({"a"});
  Rig rig(store_);
  store_.broken = true;
  rig.connect(kPlain);
  EXPECT_FALSE(rig.is_write());
  EXPECT_EQ(rig.reports(Kind::warning).size(), 1U);
  store_.broken = false;
  rig.sleep_to_deadline();
  EXPECT_TRUE(rig.is_write());
}

}  // namespace
}  // namespace questclient::sender
