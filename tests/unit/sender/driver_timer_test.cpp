// Rows that flush themselves when they grow old. The gate between the row thread and the timer.
#include <thread>

#include <gtest/gtest.h>

#include "driver_support.hpp"
#include "sender/own_buffer.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class ManualClock final : public base::Clock {
 public:
  base::Time now() const override { return time; }
  std::int64_t wall_nanos() const override { return time.count(); }
  base::Time time{1000};
};

void write_row(sender::OwnBuffer& own, int number) {
  own.open().table("t").column("v", number).at(TimestampNanos{number});
}

TEST(OwnBuffer, TheTimerIsArmedOnceForTheOldestRow) {
  ManualClock clock;
  sender::OwnBuffer own({});
  EXPECT_EQ(own.oldest_or_disarm().count(), 0);
  write_row(own, 1);
  EXPECT_TRUE(own.note_oldest(clock));
  clock.time = base::Time(2000);
  write_row(own, 2);
  EXPECT_FALSE(own.note_oldest(clock));
  own.leave();
  EXPECT_EQ(own.oldest_or_disarm().count(), 1000);

  std::size_t taken = 0;
  EXPECT_TRUE(own.try_take([&](LineBuffer& rows) {
    taken = rows.rows();
    rows.clear();
    return true;
  }));
  EXPECT_EQ(taken, 2U);
  write_row(own, 3);
  EXPECT_FALSE(own.note_oldest(clock)) << "the timer is still armed, and will look";
  own.leave();
  EXPECT_EQ(own.oldest_or_disarm().count(), 2000);
  own.open();
  own.note_empty();
  own.leave();
  EXPECT_EQ(own.oldest_or_disarm().count(), 0);
  write_row(own, 4);
  EXPECT_TRUE(own.note_oldest(clock)) << "it was not armed any more";
  own.leave();
}

TEST(OwnBuffer, ARowUnderConstructionIsNeverTaken) {
  ManualClock clock;
  sender::OwnBuffer own({});
  write_row(own, 1);
  own.note_oldest(clock);
  own.leave();
  own.open().table("t").column("v", 2);
  EXPECT_FALSE(own.try_take([](LineBuffer&) {
    ADD_FAILURE() << "a row under construction was taken";
    return true;
  }));
  EXPECT_TRUE(own.is_overdue()) << "the end of the row is to flush";
  own.open().at(TimestampNanos{2});
  own.open().clear();
  own.note_empty();
  EXPECT_FALSE(own.is_overdue());
  own.leave();
}

TEST(OwnBuffer, WhatTheSlotDoesNotTakeStays) {
  ManualClock clock;
  sender::OwnBuffer own({});
  write_row(own, 1);
  own.note_oldest(clock);
  own.leave();
  EXPECT_FALSE(own.try_take([](LineBuffer&) { return false; }));
  EXPECT_EQ(own.oldest_or_disarm().count(), 1000);
  EXPECT_EQ(own.open().rows(), 1U);
}

using FlushTimer = BothSlots;
INSTANTIATE_TEST_SUITE_P(, FlushTimer, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "DiskSlot" : "MemorySlot"; });

TEST_P(FlushTimer, RowsGoOutWithoutAnotherRow) {
  Database database;
  Sender sender =
      Sender::from_conf(conf(database.address(), slot() + "auto_flush_interval=20;"), [](const auto&) {});
  row(sender, 0);
  row(sender, 1);
  while (database.rows().size() < 2) std::this_thread::yield();
  EXPECT_EQ(database.rows(), lines(0, 2));
  // On a busy machine the timer may come between the two.
  const Fsn last = sender.stats().last_fsn;
  EXPECT_LE(last, 2U);
  EXPECT_EQ(sender.stats().automatic_flushes, last);
  EXPECT_EQ(sender.stats().rows_flushed, 2U);
  row(sender, 2);
  EXPECT_TRUE(sender.wait(last + 1, Ack::committed, kLong)) << "the timer came once only";
  EXPECT_EQ(database.rows(), lines(0, 3));
}

TEST_P(FlushTimer, TheEndOfALateRowFlushesItsElders) {
  Database database;
  Sender sender =
      Sender::from_conf(conf(database.address(), slot() + "auto_flush_interval=5;"), [](const auto&) {});
  sender.table("t").column("v", 0);
  EXPECT_FALSE(sender.wait(1, Ack::committed, kShort));
  sender.at(TimestampNanos{0});
  EXPECT_TRUE(sender.wait(1, Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 1));
}

TEST_P(FlushTimer, ARefusedRowDoesNotHoldItsElders) {
  Database database;
  Sender sender =
      Sender::from_conf(conf(database.address(), slot() + "auto_flush_interval=20;"), [](const auto&) {});
  row(sender, 0);
  EXPECT_THROW(sender.table("t").column("v", 1).symbol("too", "late"), Error);
  EXPECT_TRUE(sender.wait(1, Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 1));
}

TEST_P(FlushTimer, RowsAreNeitherSplitNorLostNorTwice) {
  Database database;
  constexpr int kRows = 30000;
  {
    Sender sender = Sender::from_conf(
        conf(database.address(), slot() + "auto_flush_interval=1;auto_flush_rows=1000;"), [](const auto&) {});
    for (int i = 0; i < kRows; ++i) row(sender, i);
    EXPECT_NE(sender.flush(), 1U);
    EXPECT_TRUE(sender.drain(kLong));
    EXPECT_EQ(sender.stats().rows_flushed, static_cast<std::uint64_t>(kRows));
  }
  EXPECT_EQ(database.rows(), lines(0, kRows));
}

TEST_P(FlushTimer, WithoutRoomItTriesAgain) {
  std::atomic<bool> is_down{true};
  Database database([&](const ReceivedRequest&) -> std::optional<std::string> {
    return is_down ? answer("503 Down", "") : kNoContent;
  });
  Sender sender = Sender::from_conf(
      conf(database.address(), slot() +
                                   "auto_flush_interval=5;sf_max_total_bytes=128k;sf_max_segment_bytes=64k;"
                                   "sf_append_deadline_millis=1;auto_flush_rows=0;auto_flush_bytes=0;"),
      [](const auto&) {});
  LineBuffer filler = sender.new_buffer();
  for (bool taken = true; taken;) {
    filler.clear();
    filler.table("f").column("text", std::string(8192, 'x')).at(TimestampNanos{1});
    taken = sender.try_flush(filler);
  }
  row(sender, 0);
  EXPECT_FALSE(sender.drain(kShort));
  is_down = false;
  EXPECT_TRUE(sender.drain(kLong));
  while (database.rows().empty() || database.rows().back() != line(0)) std::this_thread::yield();
}

TEST(FlushTimerOnDisk, IsAnAutomaticFlushWhichTheNextFlushSyncs) {  // docs/promise.md, "The slot"
  const auto syncs = [](const std::string& durability, const auto& flush) {
    TemporaryDirectory directory;
    Sender sender = Sender::from_conf(
        conf(dead_host(), "auto_flush_interval=10;close_flush_timeout_millis=0;sf_dir=" +
                              directory.path().string() + ";sf_durability=" + durability + ";"),
        kIgnore);
    const std::uint64_t before = sender.stats().slot_syncs;
    row(sender, 1);
    flush(sender);
    return sender.stats().slot_syncs - before;
  };
  const auto by_timer = [](const Sender& sender) {
    while (sender.stats().automatic_flushes == 0) std::this_thread::yield();
  };
  EXPECT_EQ(syncs("flush", by_timer), 0U);
  EXPECT_GE(syncs("append", by_timer), 1U);
  const auto by_timer_and_then_by_hand = [&](Sender& sender) {
    by_timer(sender);
    LineBuffer rows = sender.new_buffer();
    rows.table("t").column("v", 2).at(TimestampNanos{2});
    sender.flush(rows);
  };
  EXPECT_GE(syncs("flush", by_timer_and_then_by_hand), 1U);
}

}  // namespace
}  // namespace questclient
