// A real Sender on a real slot against a scripted server on loopback. Invariants: src/sender/README.md.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include <questclient/sender.hpp>

#include "driver_support.hpp"
#include "durable_database.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

using Driver = BothSlots;
INSTANTIATE_TEST_SUITE_P(, Driver, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "DiskSlot" : "MemorySlot"; });

TEST_P(Driver, RowsArriveInOrderAndAreAcknowledged) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot()), [](const SenderEvent&) {});
  for (int i = 0; i < 100; ++i) {
    row(sender, i);
    if (i % 10 == 9) {
      EXPECT_EQ(sender.flush(), static_cast<Fsn>(i / 10 + 1));
    }
  }
  EXPECT_EQ(sender.flush(), 0U) << "nothing left to flush";
  EXPECT_TRUE(sender.wait(10, Ack::committed, kLong));
  EXPECT_EQ(sender.acked_fsn(), 10U);
  EXPECT_TRUE(sender.drain(kLong));
  EXPECT_EQ(database.rows(), lines(0, 100));

  const Stats stats = sender.stats();
  EXPECT_EQ(stats.rows_flushed, 100U);
  EXPECT_EQ(stats.last_fsn, 10U);
  EXPECT_EQ(stats.acked_fsn, 10U);
  EXPECT_EQ(stats.slot_frames, 0U);
  EXPECT_EQ(stats.connected_to, database.address());
  EXPECT_EQ(stats.connects, 1U);
}

TEST_P(Driver, FlushDoesNotWaitForASlowServer) {
  std::promise<void> arrived, release;
  std::once_flag once;
  auto released = release.get_future().share();
  Database database([&](const ReceivedRequest&) {
    std::call_once(once, [&] { arrived.set_value(); });
    released.wait();
    return kNoContent;
  });
  Sender sender = Sender::from_conf(conf(database.address(), slot()));
  row(sender, 0);
  sender.flush();
  arrived.get_future().wait();
  for (int i = 1; i < 5; ++i) {
    row(sender, i);
    sender.flush();
  }
  EXPECT_FALSE(sender.wait(5, Ack::committed, kShort));
  EXPECT_FALSE(sender.drain(milliseconds(0)));
  EXPECT_EQ(sender.stats().slot_rows, 5U);
  release.set_value();
  EXPECT_TRUE(sender.wait(5, Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 5));
  EXPECT_EQ(database.writes(), 2) << "what was flushed meanwhile went in one request";
}

TEST_P(Driver, AHostThatTakesNoWritesIsLeftForTheNext) {
  Database replica([](const ReceivedRequest&) {
    return answer("421 Misdirected Request", "", "X-QuestDB-Role: REPLICA\r\n");
  });
  Database primary;
  Sender sender =
      Sender::from_conf(conf(replica.address() + "," + primary.address(), slot()), [](const auto&) {});
  row(sender, 0);
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  EXPECT_EQ(primary.rows(), lines(0, 1));
  EXPECT_EQ(replica.rows(), lines(0, 0));
  EXPECT_EQ(sender.stats().connected_to, primary.address());
}

TEST_P(Driver, ARequestThatTheServerDropsIsSentAgain) {
  std::atomic<int> drops{2};
  Database database([&](const ReceivedRequest&) -> std::optional<std::string> {
    if (drops-- > 0) return std::nullopt;
    return kNoContent;
  });
  Sender sender = Sender::from_conf(conf(database.address(), slot()), [](const auto&) {});
  for (int i = 0; i < 10; ++i) row(sender, i);
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 10));
  EXPECT_GE(database.writes(), 3);
  EXPECT_GE(sender.stats().frames_replayed, 2U);
}

TEST_P(Driver, ABadRowIsReportedAndTheOthersArrive) {
  Database database([](const ReceivedRequest& request) {
    int number = 0;
    std::istringstream rows(request.body);
    for (std::string text; std::getline(rows, text);) {
      ++number;
      if (text == line(3)) return bad_line(number);
    }
    return kNoContent;
  });
  Events events;
  Sender sender = Sender::from_conf(conf(database.address(), slot()), events.handler());
  for (int i = 0; i < 6; ++i) row(sender, i);
  const Fsn fsn = sender.flush();
  EXPECT_TRUE(sender.wait(fsn, Ack::committed, kLong));
  const SenderEvent event = events.wait_for(SenderEvent::Kind::rows_rejected);
  EXPECT_EQ(event.fsn, fsn);
  EXPECT_EQ(event.first_row, 3U);
  auto expected = lines(0, 6);
  expected.erase(expected.begin() + 3);
  EXPECT_EQ(database.rows(), expected);
  EXPECT_EQ(sender.stats().rows_rejected, 1U);
  EXPECT_TRUE(sender.drain(kLong));
}

TEST_P(Driver, WithoutCredentialsRowsAreKeptAndWaitingIsRefused) {
  Database database([](const ReceivedRequest& request) {
    return request.header("Authorization") == "Bearer right" ? kNoContent : answer("401 Unauthorized", "");
  });
  Events events;
  Sender sender = Sender::from_conf(conf(database.address(), slot() + "token=wrong;"), events.handler());
  row(sender, 0);
  sender.flush();
  events.wait_for(SenderEvent::Kind::unauthorised);
  row(sender, 1);
  const Fsn fsn = sender.flush();
  EXPECT_EQ(fsn, 2U);
  try {
    sender.wait(fsn, Ack::committed, kLong);
    FAIL() << "wait did not say why it cannot succeed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unauthorised);
    EXPECT_EQ(error.disposition(), Disposition::terminal);
  }
  EXPECT_THROW(sender.drain(kLong), Error);
  EXPECT_EQ(sender.stats().slot_rows, 2U);
  sender.close();  // neither waits nor throws
  if (!GetParam()) return;
  Sender again = Sender::from_conf(conf(database.address(), slot() + "token=right;"), [](const auto&) {});
  EXPECT_TRUE(again.drain(kLong));
  EXPECT_EQ(database.rows(), lines(0, 2));
}

TEST_P(Driver, EveryThreadMayFlush) {  // Invariants 2 and 3
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot()), [](const auto&) {});
  constexpr int kThreads = 4, kFlushes = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&sender, t] {
      LineBuffer buffer = sender.new_buffer();
      for (int i = 0; i < kFlushes; ++i) {
        const int number = t * kFlushes + i;
        buffer.table("t").column("v", number).at(TimestampNanos{number});
        const Fsn fsn = sender.flush(buffer);
        EXPECT_TRUE(buffer.empty());
        if (i % 10 == 0) {
          EXPECT_TRUE(sender.wait(fsn, Ack::committed, kLong));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(sender.drain(kLong));
  auto arrived = database.rows();
  auto expected = lines(0, kThreads * kFlushes);
  std::sort(arrived.begin(), arrived.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(arrived, expected);
}

TEST_P(Driver, CloseFlushesWaitsAndReleasesTheSlot) {  // Invariant 5
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot()));
  row(sender, 0);
  sender.close();
  EXPECT_EQ(database.rows(), lines(0, 1));
  EXPECT_EQ(sender.acked_fsn(), 1U);
  EXPECT_EQ(sender.stats().last_fsn, 1U);
  EXPECT_TRUE(sender.wait(1, Ack::committed, milliseconds(0)));
  try {
    sender.wait(2, Ack::committed, kLong);
    FAIL() << "a closed sender has nothing to wait for";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::closed);
  }
  EXPECT_TRUE(sender.drain(kLong));
  sender.close();

  LineBuffer rows = sender.new_buffer();
  rows.table("t").column("v", 1).at(TimestampNanos{1});
  try {
    sender.flush(rows);
    FAIL() << "a closed sender took rows";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::closed);
  }
  EXPECT_EQ(rows.rows(), 1U);  // Invariant 6

  Sender again = Sender::from_conf(conf(database.address(), slot()));
  row(again, 2);
  EXPECT_TRUE(again.wait(again.flush(), Ack::committed, kLong));
}

TEST_P(Driver, ClosingEndsAWaitThatCannotComeTrueAnyMore) {  // `while (!wait())` has to end
  Sender sender = Sender::from_conf(conf(dead_host(), slot() + "close_flush_timeout_millis=0;"), kIgnore);
  row(sender, 0);
  sender.flush();
  const auto code_of = [](const auto& waiting) {
    try {
      for (int tries = 0; tries < 1000; ++tries) waiting();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::timeout;
  };
  const auto waits = [&] { return sender.wait(1, Ack::committed, kShort); };
  const auto drains = [&] { return sender.drain(kShort); };
  auto meanwhile = std::async(std::launch::async, [&] { return code_of(waits); });
  sender.close();
  EXPECT_EQ(meanwhile.get(), ErrorCode::closed);
  EXPECT_EQ(code_of(waits), ErrorCode::closed);
  EXPECT_EQ(code_of(drains), ErrorCode::closed);
}

TEST_P(Driver, RowsFlushThemselvesByNumberAndBySize) {
  Database database;
  Sender sender = Sender::from_conf(
      conf(database.address(), slot() + "auto_flush_rows=10;auto_flush_bytes=1k;auto_flush_interval=off;"));
  for (int i = 0; i < 25; ++i) row(sender, i);
  EXPECT_EQ(sender.stats().rows_flushed, 20U);
  EXPECT_EQ(sender.stats().last_fsn, 2U);
  EXPECT_EQ(sender.stats().automatic_flushes, 2U);
  sender.table("t").column("text", std::string(1024, 'x')).at(TimestampNanos{1});
  EXPECT_EQ(sender.stats().rows_flushed, 26U);
  EXPECT_EQ(sender.stats().last_fsn, 3U);

  Sender by_hand = Sender::from_conf(conf(database.address(), "auto_flush=off;"));
  for (int i = 0; i < 25; ++i) row(by_hand, i);
  EXPECT_EQ(by_hand.stats().last_fsn, 0U);
  EXPECT_EQ(by_hand.flush(), 1U);
  EXPECT_EQ(by_hand.stats().rows_flushed, 25U);
}

TEST_P(Driver, WaitingForDurableNeedsAServerThatTells) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot()));
  row(sender, 0);
  const Fsn fsn = sender.flush();
  try {
    sender.wait(fsn, Ack::durable, kLong);
    FAIL() << "the server cannot tell what is durable";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
  }
}

TEST_P(Driver, DurableComesAfterCommittedAndEmptiesTheSlot) {
  DurableDatabase database;
  Sender sender =
      Sender::from_conf(conf(database.address(), slot() + "durable_ack_keepalive_interval_millis=5;"),
                        [](const SenderEvent&) {});
  row(sender, 0);
  const Fsn fsn = sender.flush();
  EXPECT_TRUE(sender.wait(fsn, Ack::committed, kLong));
  EXPECT_FALSE(sender.wait(fsn, Ack::durable, kShort));
  EXPECT_EQ(sender.durable_fsn(), 0U);
  EXPECT_EQ(sender.stats().slot_rows, 1U) << "a committed row that is not durable stays in the slot";
  database.make_durable();
  EXPECT_TRUE(sender.wait(fsn, Ack::durable, kLong));
  EXPECT_EQ(sender.durable_fsn(), fsn);
  EXPECT_TRUE(sender.drain(kLong));
}

TEST(Sender, RowsOfAnEarlierProcessAreSentFirst) {
  test::TemporaryDirectory directory;
  const std::string slot = "sf_dir=" + directory.path().string() + ";close_flush_timeout_millis=0;";
  {
    Sender sender =
        Sender::from_conf(conf("127.0.0.1:" + std::to_string(test::unused_port()), slot), [](const auto&) {});
    for (int i = 0; i < 3; ++i) {
      row(sender, i);
      sender.flush();
    }
    row(sender, 3);  // flushed by the destructor
  }
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot));
  row(sender, 4);
  EXPECT_EQ(sender.flush(), 5U);
  EXPECT_TRUE(sender.wait(5, Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 5));
}

TEST(Sender, ASlotBelongsToOneSender) {
  test::TemporaryDirectory directory;
  const std::string text =
      conf("127.0.0.1:1", "sf_dir=" + directory.path().string() + ";close_flush_timeout_millis=0;");
  Sender holder = Sender::from_conf(text, [](const auto&) {});
  try {
    Sender::from_conf(text);
    FAIL() << "two senders on one slot";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::slot_locked);
    EXPECT_NE(std::string(error.what()).find(std::to_string(getpid())), std::string::npos) << error.what();
  }
}

TEST(Sender, AHandlerMayLookButNotWait) {
  Database database;
  std::promise<ErrorCode> refused;
  Sender* self = nullptr;
  std::promise<void> opened;
  auto ready = opened.get_future();
  std::once_flag once;
  Sender sender = Sender::from_conf(conf(database.address()), [&](const SenderEvent&) {
    std::call_once(once, [&] {
      ready.wait();
      EXPECT_EQ(self->stats().connects, 1U);
      try {
        self->wait(1, Ack::committed, kLong);
      } catch (const Error& error) {
        refused.set_value(error.code());
      }
    });
    throw std::runtime_error("a handler's own trouble");
  });
  self = &sender;
  opened.set_value();
  row(sender, 1);
  sender.flush();  // before which a sender in memory has no thread and no connection
  EXPECT_EQ(refused.get_future().get(), ErrorCode::invalid_api_call);
  row(sender, 2);
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong))
      << "what a handler throws does not stop sending";
}

TEST(Sender, EncodedRowsNeedTheirLengths) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address()));
  const std::string rows = line(0) + "\n" + line(1) + "\n";
  const auto length = static_cast<std::uint32_t>(rows.size() / 2);
  const std::vector<std::uint32_t> right{length, length}, wrong{length}, empty_row{length, length, 0};
  EXPECT_THROW(sender.flush_encoded(rows, wrong), Error);
  EXPECT_THROW(sender.flush_encoded(rows, empty_row), Error);
  EXPECT_EQ(sender.flush_encoded({}, {}), 0U);
  EXPECT_TRUE(sender.wait(sender.flush_encoded(rows, right), Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 2));
  EXPECT_EQ(sender.stats().rows_flushed, 2U);
}

TEST(Sender, AFullSlotRefusesAfterItsDeadlineAndKeepsTheBuffer) {
  Sender sender = Sender::from_conf(
      conf(
          "127.0.0.1:" + std::to_string(test::unused_port()),
          "sf_max_total_bytes=64k;sf_append_deadline_millis=20;close_flush_timeout_millis=0;auto_flush=off;"),
      [](const auto&) {});
  bool refused = false;
  LineBuffer rows = sender.new_buffer();
  for (int i = 0; i < 100 && !refused; ++i) {
    rows.table("t").column("text", std::string(4096, 'x')).at(TimestampNanos{i});
    try {
      sender.flush(rows);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::slot_full);
      refused = true;
    }
  }
  EXPECT_TRUE(refused);
  EXPECT_EQ(rows.rows(), 1U);
}

TEST(Sender, MovingKeepsItWorking) {
  Database database;
  Sender first = Sender::from_conf(conf(database.address()));
  row(first, 0);
  Sender second = std::move(first);
  row(second, 1);
  EXPECT_TRUE(second.wait(second.flush(), Ack::committed, kLong));
  Sender third = Sender::from_conf(conf(database.address()));
  third = std::move(second);
  row(third, 2);
  EXPECT_TRUE(third.wait(third.flush(), Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 3));
}

}  // namespace
}  // namespace questclient
