// What becomes of rows that no server takes: the on_*_error policies.
#include "unit/sender/poisoned_host.hpp"

namespace questclient::sender {
namespace {

constexpr const char* kCast =
    R"(,"message":"table: t, column: c; cast error from protocol type: FLOAT to column type: LONG")";
constexpr const char* kSyntax =
    R"(,"message":"failed to parse line protocol:errors encountered on line(s):\nerror in line 2: INVALID_FIELD_SEPARATOR")";

std::string refused(const char* message, int line = 0) {
  std::string body = std::string(R"({"code":"invalid")") + message;
  if (line > 0) body += ",\"line\":" + std::to_string(line);
  return body + R"(,"errorId":"e-7"})";
}

class CorePolicies : public testing::Test {
 protected:
  VectorStore store_;
  CoreOptions options_;
};

TEST_F(CorePolicies, DropCountsAndReportsAndKeepsNothing) {
  store_.append({"a", "BAD", "b"});
  options_.on_schema_error = ErrorPolicy::drop;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  rig.answer(400, {}, refused(kCast, 2));
  EXPECT_TRUE(store_.letters.empty());
  ASSERT_EQ(rig.reports(Kind::rows_dropped).size(), 1U);
  const SenderEvent event = rig.reports(Kind::rows_dropped)[0];
  EXPECT_EQ(event.code, ErrorCode::rows_dropped);
  EXPECT_EQ(event.fsn, 1U);
  EXPECT_EQ(event.first_row, 1U);
  EXPECT_EQ(event.rows, 1U);
  EXPECT_EQ(rig.request->body, "ab");
  rig.answer(204);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.core->stats().rows_dropped, 1U);
  EXPECT_EQ(rig.core->stats().schema_errors, 1U);
  EXPECT_EQ(rig.core->stats().rows_rejected, 0U);
}

TEST_F(CorePolicies, EachKindOfRefusalHasItsOwn) {
  store_.append({"CAST", "SYNTAX", "b"});
  options_.on_schema_error = ErrorPolicy::drop;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  rig.answer(400, {}, refused(kSyntax, 2));
  ASSERT_EQ(store_.letters.size(), 1U);
  EXPECT_EQ(store_.letters[0].payload, "SYNTAX");
  rig.answer(400, {}, refused(kCast, 1));
  EXPECT_EQ(store_.letters.size(), 1U);
  EXPECT_EQ(rig.request->body, "b");
  EXPECT_EQ(rig.core->stats().parse_errors, 1U);
  EXPECT_EQ(rig.core->stats().schema_errors, 1U);
}

TEST_F(CorePolicies, ADroppedRowLeavesAGapThatIsNoLoss) {  // rules 2 and 3
  store_.append({"a", "BAD", "b"});
  options_.on_schema_error = ErrorPolicy::drop;
  Rig rig(store_, 1, options_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(400, "", "", 1, refused(kCast, 2));
  rig.own(204, "1:1");
  EXPECT_EQ(rig.gap(), "1:1->1:2");
  EXPECT_TRUE(rig.reports(Kind::rows_missing).empty());
}

TEST_F(CorePolicies, HaltStopsKeepsEverythingAndSaysWhy) {
  store_.append({"a", "BAD"});
  options_.on_parse_error = ErrorPolicy::halt;
  Rig rig(store_, 2, options_);
  rig.connect(kPlain);
  rig.answer(400, {}, refused(kSyntax, 2));
  ASSERT_EQ(rig.reports(Kind::halted).size(), 1U);
  const SenderEvent event = rig.reports(Kind::halted)[0];
  EXPECT_EQ(event.code, ErrorCode::rejected);
  EXPECT_EQ(event.disposition, Disposition::terminal);
  EXPECT_EQ(event.fsn, 1U);
  EXPECT_EQ(event.first_row, 1U);
  EXPECT_EQ(event.server.host, "a:9000");
  EXPECT_EQ(event.server.status, 400);
  EXPECT_EQ(event.server.error_id, "e-7");
  EXPECT_NE(event.server.message.find("INVALID_FIELD_SEPARATOR"), std::string::npos);
  ASSERT_TRUE(rig.core->stopped_by());
  EXPECT_EQ(rig.core->stopped_by()->message, event.message);
  EXPECT_EQ(rig.core->stats().last_terminal_error, event.message);
  EXPECT_EQ(rig.disconnects, 1U);
  store_.append({"c"});
  rig.appended();
  rig.token("fresh");
  EXPECT_EQ(rig.connects, 1U) << "a token is not what it waits for";
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max());
  EXPECT_EQ(store_.frames.size(), 2U);
  EXPECT_TRUE(store_.letters.empty());
}

TEST_F(CorePolicies, AResumedSenderGivesTheRowItsTimeAgain) {
  store_.append({"!"});
  options_.on_internal_error = ErrorPolicy::halt;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 500);
  host.run(kLong);
  ASSERT_TRUE(rig.core->stopped_by());
  const int before = host.refusals;
  const base::Time stopped_at = rig.now;
  rig.resume();
  rig.connected();
  host.run(kLong);
  ASSERT_TRUE(rig.core->stopped_by());
  EXPECT_GE(host.refusals - before, 4);
  EXPECT_GE(rig.now - stopped_at, options_.poison_window);
  rig.resume();
  host.fails = [](const std::string&) { return false; };
  host.run(kLong);
  EXPECT_EQ(host.accepted, "!");
}

TEST_F(CorePolicies, HaltWithoutALineStopsAtTheRowItself) {
  store_.append({"a", "b", "c", "!", "d", "e"});
  options_.on_write_error = ErrorPolicy::halt;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  std::string accepted;
  while (rig.is_write()) {
    const std::string body(rig.request->body);
    if (body.find('!') == std::string::npos) {
      accepted += body;
      rig.answer(204);
    } else {
      rig.answer(400, {}, "no");
    }
  }
  EXPECT_EQ(accepted, "abc");
  ASSERT_TRUE(rig.core->stopped_by());
  EXPECT_EQ(rig.core->stopped_by()->first_row, 3U);
  EXPECT_EQ(store_.frames.size(), 1U);
}

TEST_F(CorePolicies, RetryWaitsUntilTheServerTakesTheRow) {
  store_.append({"a", "LATER"});
  options_.on_schema_error = ErrorPolicy::retry;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(rig.request->body, "aLATER");
    rig.answer(400, {}, refused(kCast, 2));
    rig.sleep_to_deadline();
    rig.connect(kPlain);
  }
  rig.answer(204);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_TRUE(store_.letters.empty());
  EXPECT_EQ(rig.core->stats().schema_errors, 20U);
}

TEST_F(CorePolicies, ARequestRefusedAsSuchHaltsWhereWriteErrorsDo) {
  store_.append({"a"});
  options_.on_write_error = ErrorPolicy::halt;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  rig.answer(400, {}, R"({"code":"not supported","message":"precision"})");
  ASSERT_TRUE(rig.core->stopped_by());
  EXPECT_EQ(rig.core->stopped_by()->server.message, "precision");
}

TEST_F(CorePolicies, FullDeadLettersHoldSendingAreReportedAndTriedAgain) {
  store_.append({"BAD", "b"});
  Rig rig(store_);
  rig.connect(kPlain);
  store_.full = true;
  rig.answer(400, {}, refused(kCast, 1));
  EXPECT_FALSE(rig.request);
  ASSERT_EQ(rig.reports(Kind::warning).size(), 1U);
  EXPECT_EQ(rig.reports(Kind::warning)[0].code, ErrorCode::dead_letters_full);
  rig.sleep_to_deadline();
  rig.answer(400, {}, refused(kCast, 1));
  EXPECT_TRUE(rig.reports(Kind::warning).empty()) << "said once";
  store_.full = false;
  rig.sleep_to_deadline();
  rig.answer(400, {}, refused(kCast, 1));
  EXPECT_EQ(store_.letters.size(), 1U);
  EXPECT_EQ(rig.request->body, "b");
}

TEST_F(CorePolicies, EventsCarryCodesAndTheServersWords) {
  store_.append({"a", "BAD"});
  Rig rig(store_);
  rig.connect(kPlain);
  rig.answer(400, {}, refused(kCast, 2));
  const SenderEvent rejected = rig.reports(Kind::rows_rejected).at(0);
  EXPECT_EQ(rejected.code, ErrorCode::rejected);
  EXPECT_EQ(rejected.disposition, Disposition::fix_and_resend);
  EXPECT_EQ(rejected.server, (ServerAnswer{"a:9000", 400,
                                           "table: t, column: c; cast error from protocol type: FLOAT to "
                                           "column type: LONG",
                                           "e-7"}));
  rig.answer(503, {}, R"({"code":"internal","message":"retry operation","errorId":"e-8"})");
  const SenderEvent warning = rig.reports(Kind::warning).at(0);
  EXPECT_EQ(warning.code, ErrorCode::server);
  EXPECT_EQ(warning.disposition, Disposition::retrying);
  EXPECT_EQ(warning.server, (ServerAnswer{"a:9000", 503, "retry operation", "e-8"}));
  rig.sleep_to_deadline();
  rig.lose(net::NetError::Kind::connect, false);
  EXPECT_EQ(rig.reports(Kind::disconnected).size(), 0U);
  EXPECT_EQ(rig.core->stats().transport_errors, 1U);
}

TEST_F(CorePolicies, ARowThatTheServerFailsAtIsFoundAndBuried) {
  for (const int status : {0, 500}) {
    for (int bad = 0; bad < 9; bad += 2) {
      VectorStore store;
      std::string expected;
      for (int row = 0; row < 9; ++row) {
        const std::string text = row == bad ? "!" : std::string(1, static_cast<char>('a' + row));
        if (row != bad) expected += text;
        store.append({text});
      }
      options_.on_internal_error = ErrorPolicy::dead_letter;
      Rig rig(store, 1, options_);
      rig.connect(kPlain);
      PoisonedHost host(rig, status);
      host.run(kLong);
      EXPECT_EQ(host.accepted, expected) << status << " " << bad;
      ASSERT_EQ(store.letters.size(), 1U) << status << " " << bad;
      EXPECT_EQ(store.letters[0].payload, "!");
      EXPECT_NE(store.letters[0].reason.find(status == 0 ? "connection" : "oops"), std::string::npos);
      EXPECT_TRUE(store.frames.empty());
      EXPECT_GE(host.refusals, 8);
      EXPECT_GE(rig.now, std::chrono::seconds(11)) << "both the request and the row had their time";
    }
  }
}

TEST_F(CorePolicies, RetryNeverGivesUpARowTheServerFailsAt) {
  store_.append({"a", "!"});
  options_.on_internal_error = ErrorPolicy::retry;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 500);
  host.run(kLong);
  EXPECT_GT(host.refusals, 100);
  EXPECT_EQ(host.accepted, "");
  EXPECT_TRUE(store_.letters.empty());
  EXPECT_EQ(rig.core->stats().internal_errors, static_cast<std::uint64_t>(host.refusals));
}

TEST_F(CorePolicies, OtherServerErrorsHaveTheirOwnPolicy) {
  for (const int status : {500, 503, 429}) {
    VectorStore store;
    store.append({"a", "!", "b"});
    options_.on_server_error = ErrorPolicy::drop;
    Rig rig(store, 1, options_);
    rig.connect(kPlain);
    PoisonedHost host(rig, status);
    host.run(kLong);
    EXPECT_EQ(rig.core->stats().rows_dropped, status == 503 ? 1U : 0U) << status;
    EXPECT_EQ(store.frames.empty(), status == 503) << status;
  }
}

TEST_F(CorePolicies, HaltStopsAtTheRowTheServerFailsAt) {
  store_.append({"a", "b", "!", "c"});
  options_.on_internal_error = ErrorPolicy::halt;
  for (const int status : {0, 500}) {
    Rig rig(store_, 1, options_);
    rig.connect(kPlain);
    PoisonedHost host(rig, status);
    host.run(kLong);
    ASSERT_TRUE(rig.core->stopped_by());
    EXPECT_EQ(rig.core->stopped_by()->first_row, 2U);
    EXPECT_EQ(rig.core->stopped_by()->code, ErrorCode::server);
    EXPECT_EQ(host.accepted, "ab");
    EXPECT_EQ(store_.frames.size(), 1U);
  }
}

TEST_F(CorePolicies, AnOverloadedServerCostsNoRow) {
  for (int row = 0; row < 8; ++row) store_.append({"!"});
  options_.on_internal_error = options_.on_server_error = ErrorPolicy::dead_letter;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 503);
  host.run(rig.now + std::chrono::seconds(9));  // long enough to be suspected, not to be convicted
  EXPECT_GT(host.refusals, 4);
  EXPECT_TRUE(store_.letters.empty());
  host.fails = [](const std::string&) { return false; };
  host.run(kLong);
  EXPECT_EQ(host.accepted, "!!!!!!!!");
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CorePolicies, ATimeoutConvictsNoRow) {
  store_.append({"a"});
  options_.on_internal_error = options_.on_server_error = ErrorPolicy::dead_letter;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  for (int round = 0; round < 50; ++round) {
    rig.now += milliseconds(10000);
    rig.lose(net::NetError::Kind::timeout);
    rig.sleep_to_deadline();
    rig.connect(kPlain);
  }
  EXPECT_TRUE(store_.letters.empty());
}

}  // namespace
}  // namespace questclient::sender
