// 400 and 413: a bad row never blocks the good ones and is never lost.
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

std::string bad_line(int line) {
  return R"({"code":"invalid","message":"error in line","line":)" + std::to_string(line) + "}";
}

class CoreRejections : public testing::Test {
 protected:
  std::vector<std::string> buried() const {
    std::vector<std::string> rows;
    for (const auto& letter : store_.letters) rows.push_back(letter.payload);
    return rows;
  }
  VectorStore store_;
};

TEST_F(CoreRejections, TheNamedRowAloneIsBuriedAndTheRestSentAgain) {
  store_.append({"a", "b"});
  store_.append({"c", "BAD", "d"});
  Rig rig(store_);
  rig.connect(kPlain);
  rig.answer(400, {}, bad_line(4));
  ASSERT_EQ(buried(), std::vector<std::string>{"BAD"});
  const buffer::DeadLetter& letter = store_.letters[0];
  EXPECT_EQ(letter.stream, stream_uuid(1));
  EXPECT_EQ(letter.fsn, 2U);
  EXPECT_EQ(letter.first_row, 1U);
  EXPECT_EQ(letter.rows, 1U);
  EXPECT_EQ(letter.reason, "error in line");
  EXPECT_EQ(letter.host, "a:9000");
  ASSERT_EQ(rig.reports(Kind::rows_rejected).size(), 1U);
  const SenderEvent event = rig.reports(Kind::rows_rejected)[0];
  EXPECT_EQ(event.fsn, 2U);
  EXPECT_EQ(event.first_row, 1U);
  EXPECT_EQ(event.rows, 1U);
  EXPECT_EQ(rig.request->body, "abcd");
  rig.answer(204);
  EXPECT_EQ(rig.progress.acked, 2U);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.core->stats().rows_rejected, 1U);
}

TEST_F(CoreRejections, ADeadLetterLeavesAGapThatIsNoLoss) {  // rules 2 and 3
  store_.append({"a", "BAD", "b"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(400, "", "", 1, bad_line(2));
  EXPECT_EQ(rig.parts(), "1:0+1.;1");
  EXPECT_EQ(rig.gap(), "");
  rig.own(204, "1:1");
  EXPECT_EQ(rig.parts(), "1:2+1;1");
  EXPECT_EQ(rig.gap(), "1:1->1:2");
  EXPECT_TRUE(rig.reports(Kind::rows_missing).empty());
  rig.own(204, "2:0", "2:0");
  EXPECT_EQ(rig.progress.durable, 1U);
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreRejections, AFirstRowInTheDeadLettersIsAGapOfAnUnknownStream) {
  store_.append({"BAD", "b"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(400, "", "", 1, bad_line(1));
  EXPECT_EQ(rig.parts(), "1:1+1;1");
  EXPECT_EQ(rig.gap(), "->1:1");
  EXPECT_TRUE(rig.reports(Kind::rows_missing).empty());
}

TEST_F(CoreRejections, AFrameWhoseLastRowsAreBuriedBecomesDurable) {
  store_.append({"a", "BAD"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(400, "", "", 1, bad_line(2));
  rig.own(204, "1:1", "1:1");
  EXPECT_EQ(rig.progress.acked, 1U);
  EXPECT_EQ(rig.progress.durable, 1U);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max()) << "nothing is waited for";
}

TEST_F(CoreRejections, AFrameThatIsAllDeadLettersIsTrimmed) {
  store_.append({"BAD"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(400, "", "", 1, bad_line(1));
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.progress.acked, 1U);
}

TEST_F(CoreRejections, ABuriedTailIsStillExplainedWhenTheFrameIsGone) {
  store_.append({"a", "BAD"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(400, "", "", 1, bad_line(2));
  rig.own(204, "1:1", "1:1");
  ASSERT_TRUE(store_.frames.empty());
  store_.append({"b"});
  rig.appended();
  EXPECT_EQ(rig.gap(), "1:1->2:0");
  EXPECT_TRUE(rig.reports(Kind::rows_missing).empty());
  EXPECT_TRUE(rig.reports(Kind::warning).empty());
}

TEST_F(CoreRejections, AFrameWithABuriedTailStaysUntilALaterOneCarriesTheTokenPastIt) {
  store_.append({"a", "BAD"});
  store_.append({"b"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(400, "", "", 1, bad_line(2));
  rig.own(204, "1:1", "1:1");
  EXPECT_EQ(store_.frames.size(), 2U);
  rig.own(204, "3:0", "3:0");
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreRejections, NothingIsSentBeforeTheDeadLetterIsDurable) {
  store_.append({"BAD", "b"});
  Rig rig(store_);
  rig.connect(kPlain);
  store_.broken = true;
  rig.answer(400, {}, bad_line(1));
  EXPECT_FALSE(rig.request);
  EXPECT_EQ(rig.reports(Kind::warning).size(), 1U);
  EXPECT_EQ(rig.core->next_deadline(), rig.now + milliseconds(5000));
  store_.broken = false;
  rig.sleep_to_deadline();
  EXPECT_EQ(rig.request->body, "BADb") << "the whole request again, and its 400";
  rig.answer(400, {}, bad_line(1));
  EXPECT_EQ(buried(), std::vector<std::string>{"BAD"});
}

/// Answers as a server that does not name lines; returns the number of requests until nothing is left.
int drain_blindly(Rig& rig, const std::string& accepted_so_far, std::string& accepted) {
  accepted = accepted_so_far;
  int requests = 0;
  while (rig.is_write() && requests < 10000) {
    ++requests;
    const std::string body(rig.request->body);
    if (body.find('!') == std::string::npos) {
      accepted += body;
      rig.answer(204);
    } else {
      rig.answer(400, {}, "cannot parse");
    }
  }
  return requests;
}

TEST_F(CoreRejections, WithoutALineTheRequestIsHalvedDownToTheRow) {
  for (int bad = 0; bad < 37; ++bad) {
    VectorStore store;
    std::string expected;
    for (int frame = 0; frame < 37; frame += 4) {
      std::vector<std::string> rows;
      for (int row = frame; row < frame + 4; ++row) {
        const std::string text = row == bad ? "!" : std::string(1, static_cast<char>('A' + row));
        rows.push_back(text);
        if (row != bad) expected += text;
      }
      store.append(rows);
    }
    Rig rig(store);
    rig.connect(kPlain);
    std::string accepted;
    EXPECT_LT(drain_blindly(rig, "", accepted), 16);
    EXPECT_EQ(accepted, expected) << bad;
    ASSERT_EQ(store.letters.size(), 1U);
    EXPECT_EQ(store.letters[0].payload, "!");
    EXPECT_EQ(store.letters[0].reason, "cannot parse");
    EXPECT_TRUE(store.frames.empty());
  }
}

TEST_F(CoreRejections, SeveralBadRowsAreEachFound) {
  store_.append({"!", "a", "b", "!", "!", "c", "d", "e", "!"});
  Rig rig(store_);
  rig.connect(kPlain);
  std::string accepted;
  drain_blindly(rig, "", accepted);
  EXPECT_EQ(accepted, "abcde");
  EXPECT_EQ(store_.letters.size(), 4U);
}

TEST_F(CoreRejections, ARequestThatIsRefusedAsSuchBuriesNothing) {
  store_.append({"a"});
  Rig rig(store_);
  rig.connect(kPlain);
  rig.answer(400, {}, R"({"code":"not supported","message":"precision"})");
  EXPECT_TRUE(store_.letters.empty());
  EXPECT_GE(rig.reports(Kind::warning).size(), 1U);
  EXPECT_NE(rig.core->next_deadline(), base::Time::max());
  rig.sleep_to_deadline();
  rig.connect(kPlain);
  EXPECT_EQ(rig.request->body, "a");
}

TEST_F(CoreRejections, AServerThatRefusesEverythingWithoutALineSlowsUsDown) {
  for (int frame = 0; frame < 100; ++frame) store_.append({"!"});
  Rig rig(store_);
  rig.connect(kPlain);
  std::string accepted;
  drain_blindly(rig, "", accepted);
  EXPECT_EQ(store_.letters.size(), 8U);
  EXPECT_EQ(store_.frames.size(), 92U);
  EXPECT_GE(rig.reports(Kind::warning).size(), 1U);
  ASSERT_NE(rig.core->next_deadline(), base::Time::max());
  rig.sleep_to_deadline();
  rig.connect(kPlain);
  drain_blindly(rig, "", accepted);
  EXPECT_EQ(store_.letters.size(), 16U) << "but does not stop us for ever";
}

TEST_F(CoreRejections, AnOperatorIsWarnedOfMassBurials) {
  for (int frame = 0; frame < 200; ++frame) store_.append({"BAD"});
  Rig rig(store_);
  rig.connect(kPlain);
  std::size_t warnings = 0;
  while (rig.is_write()) {
    rig.answer(400, {}, bad_line(1));
    warnings += rig.reports(Kind::warning).size();
  }
  EXPECT_EQ(store_.letters.size(), 200U);
  EXPECT_EQ(warnings, 1U);
}

TEST_F(CoreRejections, TooLargeIsHalvedAtARowBoundary) {
  store_.append({"aaaa", "bbbb"});
  store_.append({"cccc", "dddd"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(413, "");
  EXPECT_EQ(rig.request->body, "aaaabbbb");
  rig.own(413, "");
  EXPECT_EQ(rig.request->body, "aaaa");
  EXPECT_EQ(rig.parts(), "1:0+1.;4");
  rig.own(204, "1:1");
  EXPECT_EQ(rig.request->body, "bbbb") << "the bound is remembered";
  EXPECT_EQ(rig.parts(), "1:1+1;4");
  EXPECT_EQ(rig.gap(), "");
}

// As questnode does, and proxies: what was learnt must outlive the connection, or the same request comes
// again.
TEST_F(CoreRejections, TooLargeIsHalvedThoughEachRefusalEndsTheConnection) {
  store_.append({"aaaa", "bbbb"});
  store_.append({"cccc", "dddd"});
  Rig rig(store_);
  rig.start();
  rig.connect(kPlain);
  std::string accepted;
  std::size_t warnings = 0;
  for (int step = 0; step < 100 && accepted.size() < 16; ++step) {
    if (!rig.request) {
      rig.connected();
    } else if (rig.request->body.size() > 4) {
      rig.answer(413, {{"Connection", "close"}});
      warnings += rig.reports(Kind::warning).size();
    } else {
      accepted += rig.request->body;
      rig.answer(204);
    }
  }
  EXPECT_EQ(accepted, "aaaabbbbccccdddd");
  EXPECT_EQ(rig.connects, 3U) << "one connection for each halving, and no pause";
  EXPECT_EQ(warnings, 0U) << "this is no outage";
  EXPECT_TRUE(store_.letters.empty());
}

TEST_F(CoreRejections, ARowThatIsTooLargeAloneIsBuried) {
  store_.append({"a", std::string(1000, 'x'), "b"});
  Rig rig(store_);
  rig.connect(kPlain);
  std::string accepted;
  int requests = 0;
  while (rig.is_write() && ++requests < 100) {
    const std::string body(rig.request->body);
    if (body.size() > 100) {
      rig.answer(413, {}, R"({"code":"request too large","message":"too large"})");
    } else {
      accepted += body;
      rig.answer(204);
    }
  }
  EXPECT_EQ(accepted, "ab");
  ASSERT_EQ(store_.letters.size(), 1U);
  EXPECT_EQ(store_.letters[0].reason, "too large");
}

}  // namespace
}  // namespace questclient::sender
