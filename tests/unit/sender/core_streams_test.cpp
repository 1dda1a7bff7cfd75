// Tokens, gaps, several streams, trimming: the rules of docs/protocol.md, cited by number.
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

class CoreStreams : public testing::Test {
 protected:
  void fill(int frames) {
    for (int frame = 0; frame < frames; ++frame) store_.append({"a", "b"});
  }
  static std::string durable_of(std::uint8_t stream) {
    return "/durable?stream=" + stream_uuid(stream).to_string();
  }
  VectorStore store_;
};

TEST_F(CoreStreams, FramesGoUnderTheStreamThatNumberedThem) {  // rule 1
  fill(2);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  EXPECT_EQ(rig.request->target, durable_of(1) + "&wait=0");
  rig.own(200, "");
  EXPECT_EQ(rig.header("X-Questclient-Stream"), stream_uuid(1).to_string() + ";first=1");
  EXPECT_EQ(rig.parts(), "1:0+2;2,2:0+2;2");
  EXPECT_EQ(rig.header("X-QWP-Request-Durable-Ack"), "true");
  EXPECT_EQ(rig.gap(), "");
}

TEST_F(CoreStreams, SendingGoesOnExactlyBehindTheToken) {  // rule 3
  fill(4);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "2:1", "2:0");
  EXPECT_EQ(rig.parts(), "2:1+1;1,3:0+2;2,4:0+2;2");
  EXPECT_EQ(store_.trimmed_below, 2U);
  EXPECT_EQ(rig.progress.acked, 1U);
  EXPECT_EQ(rig.progress.durable, 1U);
}

TEST_F(CoreStreams, ALostReplyIsResolvedByTheToken) {
  fill(2);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.lose();
  rig.sleep_to_deadline();
  rig.connect(kOwnDurable);
  ASSERT_TRUE(rig.asks("/durable"));
  rig.own(200, "3:0");
  EXPECT_FALSE(rig.is_write()) << "the rows are there";
  EXPECT_EQ(rig.progress.acked, 2U);
}

TEST_F(CoreStreams, TrimsAtDurableWhereTheServerOffersIt) {  // rule 7
  fill(2);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(204, "3:0", "2:0");
  EXPECT_EQ(rig.progress.acked, 2U);
  EXPECT_EQ(rig.progress.durable, 1U);
  EXPECT_EQ(store_.trimmed_below, 2U);
  EXPECT_EQ(rig.request->target, durable_of(1) + "&after=2:0&wait=20");
  rig.own(200, "3:0", "3:0");
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_FALSE(rig.request);
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max());
}

TEST_F(CoreStreams, TrimsAtCommittedWhereItIsTold) {
  fill(2);
  CoreOptions options;
  options.trim_at = TrimAt::committed;
  Rig rig(store_, 1, options);
  rig.connect(kOwnDurable);
  EXPECT_EQ(rig.header("X-QWP-Request-Durable-Ack"), "");
  rig.own(200, "");
  rig.own(204, "3:0", "");
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.progress.durable, 0U);
  ASSERT_TRUE(rig.asks("/durable")) << "wait(Ack::durable) still learns of it";
  rig.own(200, "3:0", "3:0");
  EXPECT_EQ(rig.progress.durable, 2U);
}

TEST_F(CoreStreams, AutomaticTrimsAtCommittedWithoutAnObjectStore) {
  fill(2);
  Rig rig(store_);
  rig.connect(kOwnCommitted);
  rig.own(200, "");
  rig.own(204, "3:0", "3:0");
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.progress.durable, 0U);
  EXPECT_FALSE(rig.request);
}

TEST_F(CoreStreams, MoreDurableThanCommittedTrimsNothing) {
  fill(3);
  CoreOptions options;
  options.max_request_bytes = 2;
  Rig rig(store_, 1, options);
  rig.connect(kOwnDurable);
  rig.own(200, "", "4:0");
  rig.own(204, "2:0", "4:0");
  EXPECT_EQ(store_.trimmed_below, 2U);
}

TEST_F(CoreStreams, AcknowledgingLessThanTheRequestIsNoAcknowledgement) {
  fill(2);
  for (const char* acked : {"", "2:0", "2:1", "nonsense"}) {
    Rig rig(store_);
    rig.connect(kOwnDurable);
    rig.own(200, "");
    rig.own(204, acked, "2:0");
    EXPECT_EQ(rig.core->stats().hosts[0].state, "transport_error") << acked;
    EXPECT_EQ(store_.trimmed_below, 0U);
  }
}

TEST_F(CoreStreams, DurableIsWaitedForMoreAndMorePatiently) {
  fill(1);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(204, "2:0");
  std::string waits;
  for (int poll = 0; poll < 6; ++poll) {
    ASSERT_TRUE(rig.asks("/durable"));
    const std::string wait = rig.request->target.substr(rig.request->target.find("wait=") + 5);
    waits += wait + " ";
    rig.now += milliseconds(std::stoi(wait));
    rig.own(200, "2:0");
  }
  EXPECT_EQ(waits, "20 40 80 160 200 200 ");
}

TEST_F(CoreStreams, AServerThatDoesNotWaitDoesNotMakeUsSpin) {
  fill(1);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(204, "2:0");
  ASSERT_TRUE(rig.asks("/durable"));
  rig.own(200, "2:0");
  EXPECT_FALSE(rig.request);
  EXPECT_EQ(rig.core->next_deadline(), rig.now + milliseconds(20));
  store_.append({"c"});
  rig.appended();
  EXPECT_TRUE(rig.is_write()) << "rows do not wait for that";
}

TEST_F(CoreStreams, RowsAppendedDuringAWaitGoOutBehindIt) {
  fill(1);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(204, "2:0");
  store_.append({"c"});
  rig.appended();
  EXPECT_TRUE(rig.asks("/durable"));
  rig.own(200, "2:0");
  EXPECT_EQ(rig.parts(), "2:0+1;1");
}

TEST_F(CoreStreams, AGapMakesTheClientRewind) {  // rule 2
  fill(3);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "2:0");
  EXPECT_EQ(rig.parts(), "2:0+2;2,3:0+2;2");
  rig.own(409, "1:0");
  EXPECT_EQ(rig.parts(), "1:0+2;2,2:0+2;2,3:0+2;2");
  EXPECT_EQ(rig.gap(), "");
  rig.own(409, "");
  EXPECT_EQ(rig.parts(), "1:0+2;2,2:0+2;2,3:0+2;2");
  EXPECT_EQ(rig.gap(), "") << "the stream begins with its first frame";
}

TEST_F(CoreStreams, RowsThatNobodyHoldsAreReportedOnceAndTheGapAccepted) {  // rule 2
  fill(5);
  store_.trim(4);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "2:1");
  EXPECT_EQ(rig.gap(), "2:1->4:0");
  ASSERT_EQ(rig.reports(Kind::rows_missing).size(), 1U);
  const SenderEvent event = rig.reports(Kind::rows_missing)[0];
  EXPECT_EQ(event.code, ErrorCode::rows_missing);
  EXPECT_EQ(event.fsn, 2U);
  EXPECT_EQ(event.first_row, 1U);
  EXPECT_EQ(event.rows, 2U);
  rig.own(409, "3:0");
  EXPECT_EQ(rig.gap(), "3:0->4:0") << "compare-and-set with what it says now";
  EXPECT_TRUE(rig.reports(Kind::rows_missing).empty());
  rig.own(204, "6:0", "6:0");
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.core->stats().rows_missing, 2U);
}

TEST_F(CoreStreams, AnUnknownStreamThatLostItsBeginningIsReported) {
  fill(5);
  store_.trim(4);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  EXPECT_EQ(rig.gap(), "->4:0");
  EXPECT_EQ(rig.reports(Kind::rows_missing).size(), 1U);
}

TEST_F(CoreStreams, AHoleInTheSlotIsAGap) {
  fill(4);
  store_.lose(2);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  EXPECT_EQ(rig.parts(), "1:0+2;2");
  rig.own(204, "2:0");
  EXPECT_EQ(rig.parts(), "3:0+2;2,4:0+2;2");
  EXPECT_EQ(rig.gap(), "2:0->3:0");
  EXPECT_EQ(rig.reports(Kind::rows_missing).size(), 1U);
}

TEST_F(CoreStreams, EndlessConflictsAreAFailedHost) {
  fill(1);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  int requests = 0;
  while (rig.is_write() && ++requests < 100) rig.own(409, "");
  EXPECT_EQ(requests, 5);
  EXPECT_NE(rig.core->next_deadline(), base::Time::max());
}

TEST_F(CoreStreams, ATokenCountsOnlyForItsOwnStream) {  // rule 1
  fill(7);
  store_.lose_tail(2);  // a power cut: the server may have had frames 6 and 7 of stream 1
  store_.open(2);
  fill(5);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  EXPECT_EQ(rig.request->target, durable_of(1) + "&wait=0");
  rig.own(200, "8:0", "8:0");
  EXPECT_EQ(store_.trimmed_below, 6U) << "frames 6 and 7 are of stream 2 now";
  EXPECT_EQ(rig.request->target, durable_of(2) + "&wait=0");
  rig.own(200, "");
  EXPECT_EQ(rig.header("X-Questclient-Stream"), stream_uuid(2).to_string() + ";first=6");
  EXPECT_TRUE(rig.parts().starts_with("6:0+2;2"));
  EXPECT_EQ(rig.gap(), "");
}

TEST_F(CoreStreams, DurabilityOfAnOlderStreamEndsWithItsFrames) {  // rules 1 and 7
  fill(2);
  store_.open(2);
  fill(3);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "6:0");  // of frames 3 to 5 of stream 1 the slot lost every trace
  rig.own(200, "");
  ASSERT_TRUE(rig.asks(durable_of(1)));
  rig.own(200, "6:0");
  EXPECT_EQ(rig.parts(), "3:0+2;2,4:0+2;2,5:0+2;2");
  rig.own(204, "6:0");
  ASSERT_FALSE(rig.request);
  rig.sleep_to_deadline();
  ASSERT_TRUE(rig.asks(durable_of(1)));
  rig.own(200, "6:0", "6:0");
  EXPECT_EQ(store_.trimmed_below, 3U);
  EXPECT_EQ(rig.progress.durable, 2U);
  ASSERT_TRUE(rig.asks(durable_of(2)));
}

TEST_F(CoreStreams, ARequestHoldsFramesOfOneStream) {
  fill(1);
  store_.open(2);
  fill(1);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  EXPECT_EQ(rig.parts(), "1:0+2;2");
  rig.own(204, "2:0");
  EXPECT_EQ(rig.request->target, durable_of(2) + "&wait=0");
}

TEST_F(CoreStreams, AnOlderStreamIsWaitedForWhileTheNextOneFlows) {  // rule 7
  fill(1);
  store_.open(2);
  fill(2);
  CoreOptions options;
  options.max_request_bytes = 2;
  Rig rig(store_, 1, options);
  rig.connect(kOwnDurable);
  rig.own(200, "2:0");
  rig.own(200, "");
  ASSERT_TRUE(rig.asks(durable_of(1)));
  rig.own(200, "2:0");
  EXPECT_EQ(rig.parts(), "2:0+2;2");
  rig.own(204, "3:0", "3:0");
  EXPECT_EQ(store_.trimmed_below, 0U) << "frame 1 stands before it";
  EXPECT_EQ(rig.parts(), "3:0+2;2") << "not asked before every request";
  rig.now += milliseconds(200);
  store_.append({"d"});
  rig.own(204, "4:0", "4:0");
  ASSERT_TRUE(rig.asks(durable_of(1)));
  rig.own(200, "2:0", "2:0");
  EXPECT_EQ(store_.trimmed_below, 4U);
  EXPECT_EQ(rig.progress.durable, 3U);
  EXPECT_EQ(rig.parts(), "4:0+1;1");
}

TEST_F(CoreStreams, AckedStepsBackOverAFailoverAndDurableNever) {
  fill(4);
  Rig rig(store_, 2);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(204, "5:0", "2:0");
  EXPECT_EQ(rig.progress.acked, 4U);
  rig.lose();
  EXPECT_EQ(rig.host, "b");
  rig.connect(kOwnDurable);
  rig.own(200, "3:0", "2:0", 2);
  EXPECT_EQ(rig.progress.acked, 2U);
  EXPECT_EQ(rig.progress.durable, 1U);
  EXPECT_EQ(rig.parts(), "3:0+2;2,4:0+2;2");
  rig.own(204, "5:0", "5:0", 2);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.core->stats().epoch, 2U);
}

TEST_F(CoreStreams, APrimaryThatLostItsTailBehindALiveConnectionIsNoticed) {
  fill(2);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(204, "3:0");
  ASSERT_TRUE(rig.asks("/durable"));
  rig.own(200, "2:0", "2:0", 2);
  ASSERT_EQ(rig.request->target, durable_of(1) + "&wait=0");
  rig.own(200, "2:0", "2:0", 2);
  EXPECT_EQ(rig.parts(), "2:0+2;2");
}

TEST_F(CoreStreams, ATokenBeyondWhatWasEverSentIsAnotherHistory) {
  fill(1);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "9:0");
  store_.append({"c"});
  rig.appended();
  ASSERT_TRUE(rig.asks("/durable"));
  rig.own(200, "9:0");
  EXPECT_FALSE(rig.is_write()) << "the row would be skipped as a duplicate";
  EXPECT_FALSE(rig.reports(Kind::warning).empty());
  EXPECT_EQ(rig.core->stats().hosts[0].state, "topology_reject");
  EXPECT_EQ(store_.frames.size(), 2U);
}

TEST_F(CoreStreams, APositionThatWasNeverSentTrimsNothing) {
  CoreOptions options;
  options.max_request_bytes = 2;
  for (const char* acked : {"99:0", "3:0", "2:1"}) {
    for (const int status : {200, 204, 409}) {
      VectorStore store;
      Rig rig(store, 1, options);
      rig.connect(kOwnCommitted);
      store.append({"a", "b"});
      store.append({"c", "d"});
      rig.appended();
      if (status != 200) rig.own(200, "");
      ASSERT_EQ(rig.is_write(), status != 200);
      rig.own(status, acked);
      EXPECT_EQ(rig.core->stats().hosts[0].state, "topology_reject") << acked << " with " << status;
      EXPECT_EQ(rig.progress.acked, 0U);
      EXPECT_EQ(store.frames.size(), 2U);
    }
  }
}

TEST_F(CoreStreams, PositionsThatCannotBeReadAreAFailedHost) {
  fill(1);
  for (const char* acked : {"x", "1", "1:", "99999999999999999999:0", "1:0x"}) {
    Rig rig(store_);
    rig.connect(kOwnDurable);
    rig.own(200, acked);
    EXPECT_EQ(rig.core->stats().hosts[0].state, "transport_error") << acked;
  }
}

TEST_F(CoreStreams, APlainServerGoesOnBehindWhatItTook) {
  fill(2);
  CoreOptions options;
  options.max_request_bytes = 2;
  Rig rig(store_, 1, options);
  rig.connect(kPlain);
  rig.answer(204);
  EXPECT_EQ(store_.trimmed_below, 2U);
  rig.lose();
  rig.connect(kPlain);
  EXPECT_EQ(rig.request->body, "ab");
  EXPECT_EQ(rig.progress.acked, 1U);
}

}  // namespace
}  // namespace questclient::sender
