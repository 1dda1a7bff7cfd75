// drain_rate, rows that the slot dropped, acknowledgements and latencies.
#include "sender/drain_limit.hpp"
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

using std::chrono::seconds;

class CoreDrain : public testing::Test {
 protected:
  void fill(int frames) {
    for (int frame = 0; frame < frames; ++frame) store_.append({std::string(1000, 'x')});
  }
  VectorStore store_;
  CoreOptions options_;
};

/// Answers every request at once; returns the bytes that were sent until `until`.
std::size_t run(Rig& rig, base::Time until) {
  std::size_t bytes = 0;
  while (true) {
    while (rig.is_write()) {
      bytes += rig.request->body.size();
      rig.answer(204);
    }
    if (rig.core->next_deadline() > until) break;
    rig.sleep_to_deadline();
  }
  rig.now = until;
  return bytes;
}

TEST_F(CoreDrain, ABacklogIsReplayedAtItsRate) {
  fill(20);
  options_.drain_rate = 4000;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  const base::Time begin = rig.now;
  EXPECT_EQ(run(rig, begin + seconds(3)), 13000U) << "one at once, then four a second";
  EXPECT_EQ(run(rig, begin + seconds(10)), 7000U);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max());
}

TEST_F(CoreDrain, WithoutALimitNothingWaits) {
  fill(20);
  options_.max_request_bytes = 1000;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  const base::Time begin = rig.now;
  while (rig.is_write()) rig.answer(204);
  EXPECT_EQ(rig.now, begin);
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreDrain, LiveRowsComeOnTopOfTheRate) {
  fill(20);
  options_.drain_rate = 2000;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  std::size_t sent = run(rig, rig.now + milliseconds(1));
  int caught_up_after = 0;
  for (int second = 1; second <= 30 && caught_up_after == 0; ++second) {
    for (int live = 0; live < 5; ++live) {  // 5000 bytes/s
      fill(1);
      rig.appended();
      const std::size_t bytes = run(rig, rig.now + milliseconds(200));
      sent += bytes;
      EXPECT_LE(bytes, 3000U) << "a fifth of a second: 1000 live, 400 of the backlog, and a frame's rounding";
    }
    if (store_.frames.empty()) caught_up_after = second;
  }
  EXPECT_GE(caught_up_after, 9) << "20000 bytes at 2000 a second";
  EXPECT_LE(caught_up_after, 11);
  fill(3);
  rig.appended();
  EXPECT_EQ(rig.request->body.size(), 3000U) << "live rows alone are not limited";
}

TEST_F(CoreDrain, WhatWasFlushedDuringAnOutageIsBacklog) {
  options_.drain_rate = 1000;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  rig.lose(net::NetError::Kind::closed, false);
  fill(5);
  rig.appended();
  rig.connect(kPlain);
  EXPECT_EQ(run(rig, rig.now + seconds(2)), 3000U);
}

TEST(DrainLimit, IdleTimeIsNotSavedUp) {
  DrainLimit limit(1000);
  limit.connected(100, seconds(0));
  const auto send = [&](base::Fsn fsn, std::uint64_t bytes) {
    const base::FramePart part{fsn, 0, 1, bytes, true};
    limit.sent(std::span(&part, 1));
  };
  ASSERT_TRUE(limit.may_send(seconds(100)));
  send(1, 1000);
  EXPECT_FALSE(limit.may_send(seconds(100)));
  EXPECT_EQ(limit.next_at(), seconds(100) + milliseconds(750)) << "a quarter of a second was";
  EXPECT_TRUE(limit.may_send(limit.next_at()));
}

TEST(DrainLimit, SizesOfLiveFramesNeedNotBeKnown) {
  DrainLimit limit(1000);
  limit.connected(2, seconds(0));
  const auto send = [&](base::Fsn fsn, std::uint64_t bytes) {
    const base::FramePart part{fsn, 0, 1, bytes, true};
    limit.sent(std::span(&part, 1));
  };
  send(1, 100);
  EXPECT_FALSE(limit.may_send(seconds(0)));
  ASSERT_TRUE(limit.may_send(milliseconds(100)));
  for (base::Fsn fsn = 2; fsn < 50; ++fsn) {
    limit.appended(fsn + 1);
    ASSERT_TRUE(limit.may_send(milliseconds(100))) << fsn;
    send(fsn, fsn * 1000);
  }
}

TEST(DrainLimit, LiveFramesBeforeTheFirstRequestAddNothing) {
  DrainLimit limit(1000);
  limit.connected(10, seconds(0));
  limit.appended(14);
  const base::FramePart part{1, 0, 1, 1000, true};
  ASSERT_TRUE(limit.may_send(seconds(0)));
  limit.sent(std::span(&part, 1));
  EXPECT_FALSE(limit.may_send(seconds(0)));
  EXPECT_EQ(limit.next_at(), seconds(1));
}

TEST_F(CoreDrain, RowsTheSlotDroppedAreReportedOnceAndWaitedForByNobody) {
  fill(4);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(204, "5:0", "2:0");
  EXPECT_EQ(store_.frames.size(), 3U);
  fill(6);
  rig.lose(net::NetError::Kind::reset);
  for (base::Fsn fsn = 2; fsn < 8; ++fsn) store_.lose(fsn);
  rig.rows_dropped(2, 8, 6);
  const SenderEvent event = rig.reports(Kind::rows_dropped).at(0);
  EXPECT_EQ(event.fsn, 2U);
  EXPECT_EQ(event.rows, 6U);
  EXPECT_EQ(rig.core->stats().rows_dropped, 6U);
  rig.connect(kOwnDurable);
  rig.own(200, "2:0", "2:0", 2);  // a failover took the others with it
  EXPECT_EQ(rig.gap(), "2:0->8:0");
  EXPECT_TRUE(rig.reports(Kind::rows_missing).empty()) << "they were reported";
  rig.own(204, "11:0", "11:0", 2);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max());
}

TEST_F(CoreDrain, WhatWasDroppedIsNotToldAsCommitted) {
  fill(4);
  CoreOptions options;
  options.max_request_bytes = 1;
  Rig rig(store_, 1, options);
  rig.start();
  for (base::Fsn fsn = 1; fsn < 3; ++fsn) store_.lose(fsn);
  rig.rows_dropped(1, 3, 2);
  EXPECT_EQ(rig.progress.acked, 0U);
  EXPECT_EQ(rig.core->stats().acked_fsn, 0U);
  EXPECT_TRUE(rig.acknowledged.empty());
  rig.connect(kPlain);
  rig.answer(204);
  EXPECT_EQ(rig.progress.acked, 3U) << "the others were reported";
}

TEST_F(CoreDrain, AckedDoesNotStepBackWhenWhatIsUnderWayIsDropped) {
  fill(6);
  CoreOptions options;
  options.max_request_bytes = 1;
  Rig rig(store_, 1, options);
  rig.connect(kPlain);
  rig.answer(204);
  ASSERT_TRUE(rig.is_write());
  for (base::Fsn fsn = 2; fsn < 6; ++fsn) store_.lose(fsn);
  rig.rows_dropped(2, 6, 4);
  rig.answer(204);
  EXPECT_EQ(rig.progress.acked, 1U);
  ASSERT_TRUE(rig.is_write());
  rig.answer(204);
  EXPECT_EQ(rig.progress.acked, 6U);
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreDrain, AStreamWhoseTailWasDroppedHoldsUpNothing) {
  fill(3);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(204, "4:0", "2:0");
  store_.open(2);
  fill(2);
  for (base::Fsn fsn = 2; fsn < 4; ++fsn) store_.lose(fsn);
  rig.own(200, "4:0", "2:0");
  rig.rows_dropped(2, 4, 2);
  ASSERT_TRUE(rig.asks("/durable"));
  while (rig.asks("/durable")) rig.own(200, "", "");
  ASSERT_TRUE(rig.is_write());
  EXPECT_EQ(rig.parts(), "4:0+1;1000,5:0+1;1000");
  rig.own(204, "6:0", "6:0");
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_EQ(rig.core->next_deadline(), base::Time::max());
}

TEST_F(CoreDrain, AcknowledgementsAreToldOnceThoughTheyStepBack) {
  fill(2);
  Rig rig(store_);
  rig.connect(kOwnDurable);
  rig.own(200, "");
  rig.own(204, "3:0", "2:0");
  ASSERT_EQ(rig.acknowledged.size(), 2U);
  EXPECT_EQ(rig.acknowledged[0].fsn, 2U);
  EXPECT_EQ(rig.acknowledged[0].ack, Ack::committed);
  EXPECT_EQ(rig.acknowledged[1].fsn, 1U);
  EXPECT_EQ(rig.acknowledged[1].ack, Ack::durable);
  rig.lose();
  rig.connect(kOwnDurable);
  rig.own(200, "2:0", "2:0", 2);
  EXPECT_EQ(rig.progress.acked, 1U);
  rig.own(204, "3:0", "3:0", 2);
  ASSERT_EQ(rig.acknowledged.size(), 3U);
  EXPECT_EQ(rig.acknowledged[2].fsn, 2U);
  EXPECT_EQ(rig.acknowledged[2].ack, Ack::durable);
}

TEST_F(CoreDrain, WhatAnEarlierProcessWasToldIsNotToldAgain) {
  VectorStore store(41);
  store.append({"a"});
  Rig rig(store);
  rig.start();
  EXPECT_EQ(rig.progress.acked, 40U);
  EXPECT_TRUE(rig.acknowledged.empty());
}

TEST_F(CoreDrain, LatenciesAreMeasured) {
  store_.wall_nanos = 1'000'000'000;
  fill(2);
  Rig rig(store_);
  rig.connect(kPlain);
  rig.now += milliseconds(100);
  rig.wall_nanos = 1'800'000'000;
  rig.answer(204);
  const Stats stats = rig.core->stats();
  EXPECT_EQ(stats.request_latency.count, 1U);
  EXPECT_NEAR(static_cast<double>(stats.request_latency.p50.count()), 100e6, 4e6);
  EXPECT_EQ(stats.ack_latency.count, 2U);
  EXPECT_NEAR(static_cast<double>(stats.ack_latency.p99.count()), 800e6, 30e6);
}

TEST_F(CoreDrain, CountersTellWhatHappened) {
  fill(2);
  Rig rig(store_, 2);
  rig.start();
  rig.connected();
  rig.answer(200, {{"X-QuestDB-Role", "REPLICA"}}, R"({"config":{"accepting.writes":[]}})");
  rig.connect(kPlain);
  rig.lose();
  rig.sleep_to_deadline();
  rig.connected();
  rig.answer(200, {}, kPlain);
  rig.answer(204);
  const Stats stats = rig.core->stats();
  EXPECT_EQ(stats.role_rejects, 1U);
  EXPECT_EQ(stats.transport_errors, 1U);
  EXPECT_EQ(stats.connects, 2U);
  EXPECT_EQ(stats.reconnects, 1U);
  EXPECT_EQ(stats.connect_attempts, 3U);
  EXPECT_EQ(stats.requests, 5U) << "three times /settings, twice the rows";
  EXPECT_EQ(stats.bytes_sent, 4000U);
  EXPECT_EQ(stats.frames_sent, 4U);
  EXPECT_EQ(stats.frames_replayed, 2U);
}

TEST_F(CoreDrain, AConnectionThatIsMadeAnewIsCounted) {
  fill(2);
  options_.max_request_bytes = 1000;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  rig.answer(204, {{"Connection", "close"}});
  rig.connected();
  rig.answer(204);
  EXPECT_EQ(rig.core->stats().connect_attempts, 2U);
  EXPECT_EQ(rig.core->stats().connects, 2U);
}

TEST_F(CoreDrain, EachRefusalOfAWriteIsCountedOnce) {
  const auto errors_after = [this](int status, const std::string& body) {
    fill(1);
    Rig rig(store_);
    rig.connect(kPlain);
    rig.answer(status, {}, body);
    return rig.core->stats().write_errors;
  };
  EXPECT_EQ(errors_after(413, ""), 1U);
  EXPECT_EQ(errors_after(400, R"({"code":"not supported","message":"precision"})"), 1U)
      << "of the request, not of its rows";
  EXPECT_EQ(errors_after(400, R"({"code":"invalid","message":"table is being written","line":1})"), 1U);
}

}  // namespace
}  // namespace questclient::sender
