// Rows of flushes that do not wait, while the disk refuses: their order, and what closing costs.
#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "driver_support.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

constexpr const char* kFolder = "QUESTCLIENT_TEST_SENDER_SLOT";

/// The program that is started anew works in this one's folder.
class LaterOnDisk : public ::testing::Test {
 protected:
  LaterOnDisk() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    ::setenv(kFolder, directory_.path().c_str(), 0);
  }
  ~LaterOnDisk() override { ::unsetenv(kFolder); }

  static Sender open(const std::string& more) {
    return Sender::from_conf(
        conf(dead_host(), std::string("auto_flush=off;close_flush_timeout_millis=0;sf_dir=") +
                              std::getenv(kFolder) + ";" + more),
        kIgnore);
  }
  TemporaryDirectory directory_;
};

[[noreturn]] void flush_on_a_full_disk_until_killed(Sender sender) {
  row(sender, 0);
  sender.flush(SourcePosition{"0"});
  std::optional<FullDisk> full(std::in_place);
  row(sender, 1);
  if (!sender.try_flush()) std::exit(1);
  std::this_thread::sleep_for(milliseconds(40));  // a part of the deadline: nothing else tells of it
  LineBuffer younger = sender.new_buffer();
  younger.table("t").column("v", 2).at(TimestampNanos{2});
  auto flushed = std::async(std::launch::async, [&] {
    while (!younger.empty()) {  // as an application does: until it is taken
      try {
        sender.flush(younger, SourcePosition{"2"});
      } catch (const Error& error) {
        if (error.code() != ErrorCode::slot_io) std::exit(2);
      }
    }
  });
  std::this_thread::sleep_for(milliseconds(60));  // that of the elder is over, the younger's is not
  full.reset();
  flushed.get();
  std::raise(SIGKILL);
  std::abort();
}

TEST_F(LaterOnDisk, ThePositionIsNotAheadOfThemWhenTheProcessIsKilled) {
  EXPECT_EXIT(flush_on_a_full_disk_until_killed(open("sf_append_deadline_millis=60;")),
              testing::KilledBySignal(SIGKILL), "");
  Sender sender = open("");
  EXPECT_EQ(sender.position()->token, "2");
  EXPECT_EQ(sender.stats().slot_rows, 3U);
  EXPECT_EQ(sender.stats().last_fsn, 3U);
}

/// Exits with how many rows the event told.
[[noreturn]] void close_on_a_full_disk(Sender sender, Events& events) {
  row(sender, 0);
  sender.flush();
  const FullDisk full;
  for (int i = 1; i <= 3; ++i) {
    row(sender, i);
    if (!sender.try_flush()) std::exit(90);
  }
  sender.close();
  if (sender.stats().rows_dropped != 3 || sender.stats().rows_flushed != 1) std::exit(91);
  std::exit(static_cast<int>(events.wait_for(SenderEvent::Kind::rows_dropped).rows));
}

TEST_F(LaterOnDisk, ClosingTellsHowManyRowsItCost) {
  Events events;
  const std::string text =
      conf(dead_host(), "close_flush_timeout_millis=0;sf_append_deadline_millis=10;sf_dir=" +
                            std::string(std::getenv(kFolder)) + ";");
  EXPECT_EXIT(close_on_a_full_disk(Sender::from_conf(text, events.handler()), events),
              testing::ExitedWithCode(3), "");
  EXPECT_EQ(open("").stats().slot_rows, 1U);
}

/// Exits with how many rows are counted once it is closed, as the slot's and as flushed.
[[noreturn]] void close_while_the_disk_recovers(Sender sender) {
  std::optional<FullDisk> full(std::in_place);
  for (int i = 0; i < 3; ++i) {
    row(sender, i);
    if (!sender.try_flush()) std::exit(90);
  }
  auto closing = std::async(std::launch::async, [&] { sender.close(); });
  try {
    while (true) sender.resume();
  } catch (const Error&) {  // it takes no more calls
  }
  full.reset();
  closing.get();
  const Stats stats = sender.stats();
  try {
    sender.drain(milliseconds(0));
    std::exit(91);
  } catch (const Error&) {  // three frames were left
  }
  std::exit(static_cast<int>(10 * stats.slot_rows + stats.rows_flushed));
}

TEST_F(LaterOnDisk, WhatClosingStillBringsIntoTheSlotCounts) {
  EXPECT_EXIT(close_while_the_disk_recovers(open("sf_append_deadline_millis=10000;")),
              testing::ExitedWithCode(33), "");
}

TEST(LaterInMemory, ClosingTellsHowManyRowsItCost) {
  Events events;
  Sender sender = Sender::from_conf(
      conf(dead_host(), "sf_max_total_bytes=64k;auto_flush=off;close_flush_timeout_millis=0;"),
      events.handler());
  LineBuffer rows = sender.new_buffer();
  std::uint64_t taken = 0;
  for (; taken < 20; ++taken) {
    rows.table("t").column("text", std::string(16384, 'x')).at(TimestampNanos{1});
    ASSERT_TRUE(sender.try_flush(rows));
    EXPECT_TRUE(rows.empty());
  }
  const std::uint64_t kept = sender.stats().slot_rows;
  EXPECT_LT(kept, taken);
  EXPECT_EQ(sender.stats().rows_dropped, 0U);
  sender.close();
  EXPECT_EQ(events.wait_for(SenderEvent::Kind::rows_dropped).rows, taken - kept);
  EXPECT_EQ(sender.stats().rows_dropped, taken - kept);
  EXPECT_EQ(sender.stats().rows_flushed, kept);
}

}  // namespace
}  // namespace questclient
