// Flushes that do not wait, and the one that waits for the server.
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "driver_support.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

using Async = BothSlots;
INSTANTIATE_TEST_SUITE_P(, Async, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "DiskSlot" : "MemorySlot"; });

LineBuffer numbered(const Sender& sender, int from, int to) {
  LineBuffer rows = sender.new_buffer();
  for (int i = from; i < to; ++i) rows.table("t").column("v", i).at(TimestampNanos{i});
  return rows;
}

TEST_P(Async, RowsAreTakenAtOnceAndTheFutureTellsTheirNumber) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot()), kIgnore);
  LineBuffer rows = numbered(sender, 0, 10);
  std::future<FlushResult> future = sender.flush_async(rows);
  EXPECT_TRUE(rows.empty());
  const FlushResult result = future.get();
  EXPECT_EQ(result.fsn, 1U);
  EXPECT_FALSE(result.failure);
  EXPECT_TRUE(result.rows.empty());
  EXPECT_TRUE(sender.wait(result.fsn, Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 10));
  EXPECT_EQ(sender.flush_async(rows).get().fsn, 0U) << "there were no rows";
}

TEST_P(Async, TheOrderOfTheCallsIsTheOrderOfTheRows) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot() + "auto_flush=off;"), kIgnore);
  for (int i = 0; i < 100; i += 4) {
    LineBuffer rows = numbered(sender, i, i + 1);
    sender.flush_async(rows, [](const FlushResult& result) { EXPECT_NE(result.fsn, 0U); });
    rows = numbered(sender, i + 1, i + 2);
    EXPECT_TRUE(sender.try_flush(rows));
    EXPECT_TRUE(rows.empty());
    row(sender, i + 2);
    EXPECT_NE(sender.flush(), 0U);
    row(sender, i + 3);
    if (i % 8 == 0) {
      EXPECT_TRUE(sender.try_flush());
    } else {
      sender.flush_async();
    }
  }
  EXPECT_TRUE(sender.drain(kLong));
  EXPECT_EQ(database.rows(), lines(0, 100));
  EXPECT_EQ(sender.stats().rows_flushed, 100U);
}

TEST_P(Async, ACallbackMayFlushAndLookButNotWait) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot()), kIgnore);
  std::promise<std::vector<ErrorCode>> refused;
  std::promise<Fsn> second;
  LineBuffer rows = numbered(sender, 0, 1);
  sender.flush_async(rows, [&](const FlushResult&) {
    EXPECT_EQ(sender.stats().last_fsn, 1U);
    std::vector<ErrorCode> codes;
    const auto expect_refusal = [&](auto call) {
      try {
        call();
      } catch (const Error& error) {
        codes.push_back(error.code());
      }
    };
    LineBuffer more = numbered(sender, 1, 2);
    expect_refusal([&] { sender.wait(1, Ack::committed, kLong); });
    expect_refusal([&] { sender.flush(more); });
    expect_refusal([&] { sender.close(); });
    sender.flush_async(more, [&](const FlushResult& result) { second.set_value(result.fsn); });
    refused.set_value(codes);
    throw std::runtime_error("a callback's own trouble");
  });
  EXPECT_EQ(refused.get_future().get(), std::vector<ErrorCode>(3, ErrorCode::invalid_api_call));
  EXPECT_EQ(second.get_future().get(), 2U);
  EXPECT_TRUE(sender.drain(kLong));
  EXPECT_EQ(database.rows(), lines(0, 2));
}

TEST_P(Async, WithoutRoomTheRowsAreGivenBackAtOnce) {
  Sender sender = Sender::from_conf(
      conf(dead_host(), slot() + "sf_max_total_bytes=256k;sf_max_segment_bytes=64k;auto_flush=off;"
                                 "sf_append_deadline_millis=1;close_flush_timeout_millis=0;"),
      kIgnore);
  const auto big = [&] {
    LineBuffer rows = sender.new_buffer();
    rows.table("t").column("text", std::string(16384, 'x')).at(TimestampNanos{1});
    return rows;
  };
  // In memory, as much again as the queue takes (16 MiB) waits for room; on disk nothing does.
  std::optional<FlushResult> refused;
  for (int i = 0; i < 3000 && !refused; ++i) {
    LineBuffer rows = big();
    std::future<FlushResult> future = sender.flush_async(rows);
    if (future.wait_for(milliseconds(0)) != std::future_status::ready) continue;
    FlushResult result = future.get();
    if (result.failure) refused = std::move(result);
  }
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->rows.rows(), 1U);
  EXPECT_EQ(refused->fsn, 0U);
  try {
    std::rethrow_exception(refused->failure);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::slot_full) << error.what();
  }
  LineBuffer rows = big();
  bool taken = true;
  for (int i = 0; i < 64 && taken; ++i) {
    rows = big();
    taken = sender.try_flush(rows);
  }
  EXPECT_FALSE(taken);
  EXPECT_EQ(rows.rows(), 1U) << "false means that nothing was taken";
}

TEST_P(Async, ClosingCompletesWhatIsUnderWay) {
  Database database;
  std::vector<std::future<FlushResult>> futures;
  {
    Sender sender = Sender::from_conf(conf(database.address(), slot()), kIgnore);
    for (int i = 0; i < 50; ++i) {
      LineBuffer rows = numbered(sender, i, i + 1);
      futures.push_back(sender.flush_async(rows));
    }
  }
  Fsn expected = 0;
  for (auto& future : futures) EXPECT_EQ(future.get().fsn, ++expected);
  EXPECT_EQ(database.rows(), lines(0, 50));
}

TEST_P(Async, FlushAndWaitTellsWhatTheServerDid) {
  std::atomic<bool> is_busy{false};
  Database database([&](const ReceivedRequest& request) -> std::optional<std::string> {
    if (is_busy) return answer("503 Busy", "");
    if (request.body.find("v=7i") != std::string::npos) return bad_line(1);
    return kNoContent;
  });
  Sender sender = Sender::from_conf(conf(database.address(), slot() + "retry_timeout=20000;"), kIgnore);
  row(sender, 1);
  EXPECT_TRUE(sender.flush_and_wait());
  EXPECT_EQ(database.rows(), lines(1, 2));
  EXPECT_TRUE(sender.flush_and_wait()) << "nothing to wait for";

  LineBuffer bad = numbered(sender, 7, 8);
  try {
    sender.flush_and_wait(bad);
    FAIL() << "the server refused the row";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::rejected);
    ASSERT_NE(error.server(), nullptr);
    EXPECT_EQ(error.server()->status, 400);
    EXPECT_EQ(error.server()->host, database.address());
  }
  is_busy = true;
  Sender hasty =
      Sender::from_conf(conf(database.address(), "retry_timeout=30;close_flush_timeout_millis=0;"), kIgnore);
  row(hasty, 2);
  EXPECT_FALSE(hasty.flush_and_wait());
  EXPECT_EQ(hasty.stats().slot_rows, 1U) << "the time was over; the row goes on being sent";
}

TEST_P(Async, EventsArePolledAndAcknowledgementsAreTold) {
  Database database([](const ReceivedRequest& request) -> std::optional<std::string> {
    return request.body.find("v=7i") != std::string::npos ? bad_line(1) : kNoContent;
  });
  Handlers handlers([](const SenderEvent&) {});
  std::mutex mutex;
  std::vector<Fsn> told;
  handlers.on_acknowledged = [&](Fsn fsn, Ack ack) {
    EXPECT_EQ(ack, Ack::committed);
    const std::lock_guard lock(mutex);
    told.push_back(fsn);
  };
  Sender sender = Sender::from_conf(conf(database.address(), slot() + "error_inbox_capacity=2;"), handlers);
  for (const int number : {1, 7, 7, 7}) {
    row(sender, number);
    EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  }
  const auto events = sender.poll_events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, SenderEvent::Kind::rows_rejected);
  EXPECT_EQ(events[1].fsn, 4U);
  EXPECT_EQ(sender.stats().dropped_notifications, 2U) << "connected, and the first rejection";
  EXPECT_TRUE(sender.poll_events().empty());
  sender.close();
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.back(), 4U);
  EXPECT_TRUE(std::adjacent_find(told.begin(), told.end()) == told.end()) << "each is told once";
}

TEST_P(Async, ThePositionIsCommittedWithItsRows) {
  const std::string text = conf(dead_host(), slot() + "auto_flush=off;close_flush_timeout_millis=0;");
  {
    Sender sender = Sender::from_conf(text, kIgnore);
    EXPECT_FALSE(sender.position());
    row(sender, 1);
    EXPECT_EQ(sender.flush(SourcePosition{"offset 1"}), 1U);
    LineBuffer rows = numbered(sender, 2, 3);
    EXPECT_EQ(sender.flush(rows, SourcePosition{"offset 2"}), 2U);
    EXPECT_TRUE(rows.empty());
    EXPECT_EQ(sender.position()->token, "offset 2");
    sender.flush(SourcePosition{std::string("no\0rows", 7)});
    EXPECT_EQ(sender.position()->token, std::string("no\0rows", 7));
    row(sender, 3);
    sender.flush();  // rows without a position leave it
    EXPECT_EQ(sender.position()->token, std::string("no\0rows", 7));
    EXPECT_EQ(sender.stats().slot_rows, 3U);
    const std::string encoded = "t v=4i 4\n";
    const std::vector<std::uint32_t> lengths{static_cast<std::uint32_t>(encoded.size())};
    sender.flush_encoded(encoded, lengths, SourcePosition{"encoded"});
    EXPECT_EQ(sender.position()->token, "encoded");
    EXPECT_EQ(sender.stats().slot_rows, 4U);
    EXPECT_THROW(sender.flush_encoded(encoded, lengths, SourcePosition{std::string(4097, 'x')}), Error);
    EXPECT_EQ(sender.stats().slot_rows, 4U);
    sender.flush_encoded({}, {}, SourcePosition{std::string("no\0rows", 7)});
    EXPECT_THROW(sender.flush(SourcePosition{std::string(4097, 'x')}), Error);
    sender.close();
    EXPECT_EQ(sender.position()->token, std::string("no\0rows", 7));
  }
  Sender again = Sender::from_conf(text, kIgnore);
  if (GetParam()) {
    ASSERT_TRUE(again.position());
    EXPECT_EQ(again.position()->token, std::string("no\0rows", 7));
  } else {
    EXPECT_FALSE(again.position());
  }
  Sender automatic = Sender::from_conf(conf(dead_host(), "close_flush_timeout_millis=0;"), kIgnore);
  try {
    automatic.flush(SourcePosition{"x"});
    FAIL() << "an automatic flush would be repeated after a crash";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_api_call);
  }
}

}  // namespace
}  // namespace questclient
