// What a later process knows: rows that were given up are not missing, and no deposed primary is the newest.
#include "sender/sender_memory.hpp"
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

std::string cast_refused(int line) {
  return R"({"code":"invalid","message":"table: t, column: c; cast error from protocol type: FLOAT to column type: LONG","line":)" +
         std::to_string(line) + "}";
}

class CoreMemory : public testing::Test {
 protected:
  /// The first frame ends in a row that is given up, and is trimmed; the next one was not sent before the
  /// end.
  void live_and_end() {
    store_.append({"a", "BAD"});
    Rig rig(store_, 1, options_);
    rig.connect(kOwnDurable);
    rig.own(200, "");
    rig.own(400, "", "", 1, cast_refused(2));
    rig.own(204, "1:1", "1:1");
    ASSERT_TRUE(store_.frames.empty());
    store_.append({"b"});
    store_.append({"c"});
  }
  VectorStore store_;
  CoreOptions options_;
};

TEST_F(CoreMemory, ALaterProcessMissesNoRowThatWasBuried) {
  live_and_end();
  store_.open(2);
  Rig later(store_, 1, options_);
  later.connect(kOwnDurable);
  later.own(200, "1:1", "1:1");
  ASSERT_TRUE(later.is_write());
  EXPECT_TRUE(later.reports(Kind::rows_missing).empty());
  EXPECT_EQ(later.gap(), "1:1->2:0");
  EXPECT_EQ(later.request->body, "bc");
  EXPECT_EQ(later.core->stats().rows_missing, 0U);
}

TEST_F(CoreMemory, NorOneThatAPolicyDropped) {
  options_.on_schema_error = ErrorPolicy::drop;
  live_and_end();
  store_.open(2);
  Rig later(store_, 1, options_);
  later.connect(kOwnDurable);
  later.own(200, "1:1", "1:1");
  EXPECT_TRUE(later.reports(Kind::rows_missing).empty());
  EXPECT_EQ(later.gap(), "1:1->2:0");
}

TEST_F(CoreMemory, NorOnesThatAFullSlotGaveUp) {
  store_.append({"a"});
  store_.append({"b"});
  store_.append({"c"});
  {
    Rig rig(store_);
    rig.start();
    store_.lose(1);
    store_.lose(2);
    rig.rows_dropped(1, 3, 2);
  }
  store_.open(2);
  Rig later(store_);
  later.connect(kOwnDurable);
  later.own(200, "");
  EXPECT_TRUE(later.reports(Kind::rows_missing).empty());
  EXPECT_EQ(later.gap(), "->3:0");
}

TEST_F(CoreMemory, ButItStillMissesThoseThatNobodyGaveUp) {
  live_and_end();
  store_.lose(2);
  store_.open(2);
  Rig later(store_, 1, options_);
  later.connect(kOwnDurable);
  later.own(200, "1:1", "1:1");
  const auto missing = later.reports(Kind::rows_missing);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].fsn, 2U) << "the row that was buried is not among them";
  EXPECT_EQ(missing[0].first_row, 0U);
  EXPECT_EQ(missing[0].rows, 1U);
  EXPECT_EQ(later.gap(), "1:1->3:0");
}

TEST_F(CoreMemory, ATokenThatStepsBackOverMoreLostFramesIsTold) {
  for (const char* text : {"a", "b", "c"}) store_.append({text});
  store_.lose(1);
  store_.lose(2);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "2:0");
  ASSERT_EQ(rig.reports(Kind::rows_missing).size(), 1U);
  EXPECT_EQ(rig.reports(Kind::rows_missing)[0].fsn, 2U);
  rig.own(409, "1:0", "", 2);  // a failover in between lost what was only committed
  ASSERT_EQ(rig.reports(Kind::rows_missing).size(), 1U);
  EXPECT_EQ(rig.reports(Kind::rows_missing)[0].fsn, 1U);
}

TEST_F(CoreMemory, NothingIsTrimmedBeforeTheNoteOnItIsKept) {
  store_.append({"a", "BAD"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(400, "", "", 1, cast_refused(2));
  store_.forgetful = true;
  rig.own(204, "1:1", "1:1");
  EXPECT_EQ(store_.frames.size(), 1U);
  EXPECT_EQ(rig.reports(Kind::warning).size(), 1U);
  rig.sleep_to_deadline();
  EXPECT_EQ(store_.frames.size(), 1U);
  store_.forgetful = false;
  rig.sleep_to_deadline();
  EXPECT_TRUE(store_.frames.empty()) << "without another row or answer";
}

TEST_F(CoreMemory, GoodRowsCostNoNote) {
  for (int frame = 0; frame < 50; ++frame) store_.append({"a"});
  CoreOptions options;
  options.max_request_bytes = 1;
  Rig rig(store_, 1, options);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  for (int frame = 2; rig.is_write(); ++frame) {
    rig.own(204, std::to_string(frame) + ":0", std::to_string(frame) + ":0");
  }
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(store_.notes, 1U) << "the epoch";
}

TEST_F(CoreMemory, ANumberThatIsGivenAgainIsNotBuried) {
  SenderNote note;
  note.given_up = {{{1, 0}, {3, 0}}};
  note.dropped_below = 9;
  store_.note = note.to_text();  // of a life whose unsynced tail a power cut took
  store_.append({"a"});
  store_.append({"b"});
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  ASSERT_TRUE(rig.is_write());
  EXPECT_EQ(rig.request->body, "ab");
  store_.lose(1);
  Rig later(store_);
  later.connect(kOwnDurable);
  later.own(200, "");
  EXPECT_TRUE(later.reports(Kind::rows_missing).empty()) << "below the oldest frame the note counts";
}

Headers of_epoch(const std::string& epoch) {
  return {{"X-Questclient-Commit", epoch + ".1"}, {"X-QuestDB-Role", "PRIMARY"}};
}

class CoreEpoch : public CoreMemory {
 protected:
  void SetUp() override {
    store_.append({"a"});
    Rig rig(store_);
    rig.start();
    rig.connected();
    rig.answer(200, of_epoch("5"), kOwnDurable);
    ASSERT_TRUE(rig.asks("/questclient") || rig.request) << "it is taken";
  }
};

TEST_F(CoreEpoch, ALaterProcessLeavesADeposedPrimaryForTheNewest) {
  Rig later(store_, 2);
  later.start();
  later.connected();
  later.answer(200, of_epoch("4"), kOwnDurable);
  EXPECT_EQ(later.host, "b") << "no position is asked for, no row is sent";
  later.connected();
  later.answer(200, of_epoch("5"), kOwnDurable);
  EXPECT_TRUE(later.request);
  EXPECT_EQ(later.core->stats().connected_to, "b:9000");
  EXPECT_EQ(later.core->stats().epoch, 5U);
}

TEST_F(CoreEpoch, AClusterMadeAnewIsTakenAfterAWhile) {
  Rig later(store_);
  later.start();
  const base::Time begun = later.now;
  std::size_t refusals = 0;
  while (later.core->stats().connects == 0 && later.now < begun + std::chrono::minutes(1)) {
    later.connected();
    later.answer(200, of_epoch("1"), kOwnDurable);
    if (later.core->stats().connects > 0) break;
    ++refusals;
    later.sleep_to_deadline();
  }
  EXPECT_GE(refusals, 2U);
  EXPECT_GE(later.now - begun, kRememberedEpoch);
  EXPECT_LT(later.now - begun, kRememberedEpoch + std::chrono::seconds(6));
  ASSERT_EQ(later.reports(Kind::warning).size(), 1U);
  EXPECT_NE(later.reports(Kind::warning)[0].message.find("made anew"), std::string::npos);
  Rig third(store_);
  third.start();
  third.connected();
  third.answer(200, of_epoch("1"), kOwnDurable);
  EXPECT_EQ(third.core->stats().connects, 1U) << "the epoch of the new cluster is the one that is remembered";
}

TEST(SenderNote, IsReadBackAndWhatIsNoneIsNothing) {
  SenderNote note;
  note.epoch = 7;
  note.dropped_below = 4;
  note.given_up = {{{5, 3}, {6, 0}}, {{8, 0}, {9, 1}}};
  const SenderNote read = SenderNote::parse(note.to_text());
  EXPECT_EQ(read.epoch, 7U);
  EXPECT_EQ(read.dropped_below, 4U);
  EXPECT_EQ(read.given_up, note.given_up);
  for (const char* text : {"", "{", "[]", R"({"format":2,"epoch":7})", R"({"format":1,"epoch":-1})",
                           R"({"format":1,"given_up":["6:0-5:0","x","1:0","1:0-",7],"epoch":"7"})"}) {
    const SenderNote none = SenderNote::parse(text);
    EXPECT_EQ(none.epoch, 0U) << text;
    EXPECT_TRUE(none.given_up.empty()) << text;
  }
}

TEST(SenderNote, IsBounded) {
  VectorStore store;
  SenderMemory memory(store);
  std::vector<BuriedRows::Range> gaps;
  for (base::Fsn fsn = 1; fsn <= 3 * kMaxRememberedGaps; ++fsn) gaps.push_back({{2 * fsn, 0}, {2 * fsn, 1}});
  memory.keep_gaps(gaps);
  const SenderNote kept = SenderNote::parse(store.note);
  ASSERT_EQ(kept.given_up.size(), kMaxRememberedGaps);
  EXPECT_EQ(kept.given_up.back(), gaps.back()) << "the newest stay";
  const std::size_t notes = store.notes;
  memory.keep_gaps(gaps);
  EXPECT_EQ(store.notes, notes) << "it is there already";
}

TEST(BuriedRows, NeighboursBecomeOneRange) {
  BuriedRows buried;
  buried.add(5, 3, 2, 5);
  buried.add(7, 0, 1, 4);
  buried.add(6, 0, 2, 2);
  EXPECT_EQ(buried.below({9, 0}), (std::vector<BuriedRows::Range>{{{5, 3}, {7, 1}}}));
  EXPECT_EQ(buried.skip({5, 2}), (base::StreamPosition{5, 2}));
  EXPECT_EQ(buried.skip({5, 3}), (base::StreamPosition{7, 1}));
  EXPECT_EQ(buried.skip({6, 1}), (base::StreamPosition{7, 1}));
  EXPECT_EQ(buried.skip({7, 1}), (base::StreamPosition{7, 1}));
  EXPECT_EQ(buried.next_buried(5, 0, 99), 3U);
  EXPECT_EQ(buried.next_buried(6, 1, 99), 1U);
  EXPECT_EQ(buried.next_buried(7, 0, 99), 0U);
  EXPECT_EQ(buried.next_buried(7, 1, 99), 99U);
  EXPECT_EQ(buried.next_buried(4, 0, 99), 99U);
  buried.add(7, 2, 1, 4);
  EXPECT_EQ(buried.next_buried(7, 1, 99), 2U);
  EXPECT_EQ(buried.below({6, 1}), (std::vector<BuriedRows::Range>{{{5, 3}, {6, 1}}}));
  buried.forget_below(6);
  EXPECT_EQ(buried.below({9, 0}), (std::vector<BuriedRows::Range>{{{6, 0}, {7, 1}}, {{7, 2}, {7, 3}}}));
  EXPECT_EQ(buried.skip({5, 3}), (base::StreamPosition{5, 3}));
  buried.forget_below(8);
  EXPECT_TRUE(buried.below({9, 0}).empty());
}

}  // namespace
}  // namespace questclient::sender
