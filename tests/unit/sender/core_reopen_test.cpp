// Servers that end connections in good order: behind each answer, behind refusals, or when they were idle.
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

const Headers kClose{{"Connection", "close"}};

class CoreReopen : public testing::Test {
 protected:
  /// Answers until nothing is left to do, each time with `headers`; "!" is a bad row that no line names.
  void serve(Rig& rig, const Headers& headers) {
    for (int step = 0; step < 1000; ++step) {
      if (!rig.request) {
        if (rig.open_connections() == 0) return;
        rig.connected();
        if (!rig.request) return;
      }
      settings_ += rig.asks("/settings") ? 1 : 0;
      warnings_ += rig.reports(Kind::warning).size();
      if (!rig.is_write()) {
        rig.answer(200, headers, kPlain);
      } else if (rig.request->body.view().find('!') != std::string_view::npos) {
        ++refusals_;
        rig.answer(400, headers, "cannot parse");
      } else {
        accepted_ += rig.request->body;
        rig.answer(204, headers);
      }
    }
    FAIL() << "it goes round in circles";
  }
  VectorStore store_;
  std::string accepted_;
  int settings_ = 0, refusals_ = 0;
  std::size_t warnings_ = 0;
};

TEST_F(CoreReopen, AServerThatClosesBehindEachAnswerGetsEveryRow) {
  CoreOptions options;
  options.max_request_bytes = 1;
  for (const char* row : {"a", "b", "c", "d"}) store_.append({row});
  Rig rig(store_, 1, options);
  rig.start();
  serve(rig, kClose);
  EXPECT_EQ(accepted_, "abcd");
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(settings_, 1) << "it said that it takes rows";
  EXPECT_EQ(warnings_, 0U);
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max());
  store_.append({"e"});
  rig.appended();
  serve(rig, kClose);
  EXPECT_EQ(accepted_, "abcde");
}

TEST_F(CoreReopen, AnswersToQuestionsMayCloseToo) {
  store_.append({"a"});
  Rig rig(store_);
  Headers headers{{"X-Questclient-Commit", "1.7"}, {"X-QWP-Durable-Ack", "enabled"}, {"Connection", "close"}};
  rig.start();
  rig.connected();
  rig.answer(200, headers, kOwnDurable);
  rig.connected();
  ASSERT_TRUE(rig.asks("/durable"));
  rig.answer(200, headers);
  rig.connected();
  ASSERT_TRUE(rig.is_write());
  headers.emplace_back("X-Questclient-Acked", "2:0");
  rig.answer(204, headers);
  rig.connected();
  ASSERT_TRUE(rig.asks("/durable"));
  headers.emplace_back("X-Questclient-Durable", "2:0");
  rig.answer(200, headers);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.open_connections(), 0U);
}

TEST_F(CoreReopen, AnEndThatNobodyAnnouncedCostsNothingBeforeAByteHasLeft) {  // HTTP/1.0
  store_.append({"a"});
  Rig rig(store_, 2);
  rig.connect(kPlain);
  ASSERT_TRUE(rig.is_write());
  rig.lose(net::NetError::Kind::closed, false);
  EXPECT_EQ(rig.host, "a");
  EXPECT_EQ(rig.core->stats().hosts[0].state, "healthy");
  rig.connected();
  EXPECT_TRUE(rig.is_write());
}

TEST_F(CoreReopen, AHostThatNeverTakesAByteIsLeft) {
  store_.append({"a"});
  Rig rig(store_);
  rig.connect(kPlain);
  rig.lose(net::NetError::Kind::closed, false);
  base::Time pause{};
  for (int round = 0; round < 5; ++round) {
    rig.connected();
    ASSERT_TRUE(rig.is_write());
    rig.lose(net::NetError::Kind::closed, false);
    EXPECT_EQ(rig.core->stats().hosts[0].state, "transport_error");
    ASSERT_NE(rig.core->next_deadline(), base::Time::max());
    EXPECT_GE(rig.core->next_deadline() - rig.now, pause);
    pause = std::min<base::Time>(milliseconds(100) * (1 << round), milliseconds(5000));
    rig.sleep_to_deadline();
    rig.connect(kPlain);
    rig.lose(net::NetError::Kind::closed, false);
  }
}

TEST_F(CoreReopen, AHostThatWasQuietForLongIsAskedAgainWhetherItTakesRows) {
  Rig rig(store_);
  rig.connect(kPlain);
  rig.now += std::chrono::hours(1);
  store_.append({"a"});
  rig.appended();
  ASSERT_TRUE(rig.is_write());
  rig.lose(net::NetError::Kind::closed, false);
  rig.connected();
  EXPECT_TRUE(rig.asks("/settings"));
}

TEST_F(CoreReopen, ANewConnectionThatFailsIsAFailureOfTheHost) {
  store_.append({"a"});
  Rig rig(store_, 2);
  rig.connect(kPlain);
  rig.lose(net::NetError::Kind::closed, false);
  rig.lose(net::NetError::Kind::connect, false);
  EXPECT_EQ(rig.host, "b");
  EXPECT_EQ(rig.reports(Kind::disconnected).size(), 1U);
  EXPECT_EQ(rig.core->stats().hosts[0].state, "transport_error");
}

TEST_F(CoreReopen, ASearchForABadRowOutlivesConnections) {
  for (int frame = 0; frame < 10; ++frame) store_.append({"a", "b", frame == 6 ? "!" : "c", "d"});
  Rig rig(store_);
  rig.start();
  serve(rig, kClose);
  ASSERT_EQ(store_.letters.size(), 1U);
  EXPECT_EQ(store_.letters[0].payload, "!");
  EXPECT_EQ(accepted_.size(), 39U);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_LT(refusals_, 8);
  EXPECT_EQ(warnings_, 0U) << "nothing is wrong but the row";
}

TEST_F(CoreReopen, AFailedAttemptDoesNotEndASearch) {
  store_.append({"a", "b", "c", "!"});
  Rig rig(store_);
  rig.connect(kPlain);
  rig.answer(400, kClose, "cannot parse");
  rig.lose(net::NetError::Kind::connect, false);
  rig.sleep_to_deadline();
  rig.connect(kPlain);
  EXPECT_EQ(rig.request->body, "ab");
}

TEST_F(CoreReopen, ALossDuringADiskErrorIsNoStall) {
  CoreOptions options;
  options.on_internal_error = ErrorPolicy::dead_letter;
  options.max_frame_rejections = 1;
  options.poison_window = milliseconds(0);
  store_.append({"!"});
  store_.append({"b"});
  store_.forgetful = true;  // no note on the gap that the row leaves can be written
  Rig rig(store_, 1, options);
  const auto answer = [&rig] {
    if (!rig.request) rig.connected();
    if (rig.asks("/settings")) rig.answer(200, {{"X-Questclient-Commit", "1.1"}}, kOwnCommitted);
    if (rig.asks("/durable")) rig.own(200, "");
  };
  rig.start();
  for (int loss = 0; loss < 10 && store_.letters.empty(); ++loss) {
    answer();
    ASSERT_TRUE(rig.is_write());
    rig.lose();
    if (rig.open_connections() == 0) rig.sleep_to_deadline();
  }
  ASSERT_EQ(store_.letters.size(), 1U);
  store_.forgetful = false;
  for (int step = 0; step < 10 && !rig.is_write(); ++step) {
    if (rig.open_connections() == 0) rig.sleep_to_deadline();
    answer();
  }
  ASSERT_TRUE(rig.is_write());
  EXPECT_EQ(rig.request->body, "b");
}

}  // namespace
}  // namespace questclient::sender
