// Rows that are not ended, and closing while others are at work.
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "driver_support.hpp"
#include "sender/handler_scope.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

template <class Call>
std::optional<ErrorCode> code_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

void begin_row(LineBuffer& rows, int number) {
  rows.table("t").column("v", number);
}

using OpenRow = BothSlots;
INSTANTIATE_TEST_SUITE_P(, OpenRow, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "DiskSlot" : "MemorySlot"; });

TEST_P(OpenRow, NoFlushTakesIt) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot() + "auto_flush=off;"), kIgnore);
  LineBuffer buffer = sender.new_buffer();
  begin_row(buffer, 0);
  buffer.at(TimestampNanos{0});
  begin_row(buffer, 1);
  row(sender, 2);
  sender.table("t").column("v", 3);
  const auto refused = ErrorCode::invalid_api_call;
  EXPECT_EQ(code_of([&] { sender.flush(buffer); }), refused);
  EXPECT_EQ(code_of([&] { sender.flush(buffer, SourcePosition{"p"}); }), refused);
  EXPECT_EQ(code_of([&] { sender.flush_async(buffer); }), refused);
  EXPECT_EQ(code_of([&] { sender.try_flush(buffer); }), refused);
  EXPECT_EQ(code_of([&] { sender.flush_and_wait(buffer); }), refused);
  EXPECT_EQ(code_of([&] { sender.flush(); }), refused);
  EXPECT_EQ(code_of([&] { sender.flush_async(); }), refused);
  EXPECT_EQ(code_of([&] { sender.try_flush(); }), refused);
  EXPECT_EQ(code_of([&] { sender.flush_and_wait(); }), refused);
  buffer.at(TimestampNanos{1});
  sender.at(TimestampNanos{3});
  sender.flush(buffer);
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 4)) << "and each can still be ended";
}

TEST_P(OpenRow, IsGivenUpByCancelling) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot()), kIgnore);
  row(sender, 0);
  sender.table("t").column("v", 99);
  sender.cancel_row();
  sender.cancel_row();
  row(sender, 1);
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  EXPECT_EQ(database.rows(), lines(0, 2));
}

TEST_P(OpenRow, IsToldByClosingWhichFlushesWhatIsComplete) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), slot() + "auto_flush=off;"), kIgnore);
  row(sender, 0);
  sender.table("t").column("v", 1);
  EXPECT_EQ(code_of([&] { sender.close(); }), ErrorCode::invalid_api_call);
  EXPECT_EQ(database.rows(), lines(0, 1));
  EXPECT_EQ(code_of([&] { sender.flush(); }), ErrorCode::closed);
  EXPECT_EQ(code_of([&] { sender.close(); }), std::nullopt);
}

/// Takes rows only once it is told to, so that a small slot fills up.
class SlowDatabase {
 public:
  Database database{[this](const ReceivedRequest&) -> std::optional<std::string> {
    return takes_ ? kNoContent : answer("503 Busy", "{}");
  }};
  void take() { takes_ = true; }

 private:
  std::atomic<bool> takes_{false};
};

const std::string kTiny = "auto_flush=off;sf_max_total_bytes=64k;sf_append_deadline_millis=20000;";

/// Fills a slot of 64 KiB in memory.
int fill(Sender& sender) {
  LineBuffer buffer = sender.new_buffer();
  int number = 0;
  do {
    buffer.clear();
    for (int i = 0; i < 1000; ++i) {
      begin_row(buffer, number);
      buffer.at(TimestampNanos{number++});
    }
  } while (sender.try_flush(buffer));
  return number - 1000;
}

TEST(SenderClosing, WhileItsRowsAreBeingFlushedDoublesNone) {
  SlowDatabase slow;
  Sender sender = Sender::from_conf(conf(slow.database.address(), kTiny), kIgnore);
  const int filled = fill(sender);
  std::thread producer([&] {
    for (int i = 0; i < 1000; ++i) row(sender, filled + i);
    sender.flush();
  });
  while (sender.stats().backpressure_stalls == 0) std::this_thread::yield();
  std::thread closer([&] { sender.close(); });
  slow.take();
  producer.join();
  closer.join();
  EXPECT_EQ(slow.database.rows(), lines(0, filled + 1000));
}

TEST(SenderClosing, ARowThatCouldNotBeFlushedAutomaticallyIsTriedAgainByTheTimer) {
  SlowDatabase slow;
  Sender sender = Sender::from_conf(conf(slow.database.address(),
                                         "auto_flush_rows=1000;auto_flush_bytes=off;auto_flush_interval=20;"
                                         "sf_max_total_bytes=64k;"
                                         "sf_append_deadline_millis=0;"),
                                    kIgnore);
  const int filled = fill(sender);
  for (int i = 0; i < 999; ++i) row(sender, filled + i);
  EXPECT_EQ(code_of([&] { row(sender, filled + 999); }), ErrorCode::slot_full);
  slow.take();
  while (slow.database.rows().size() < static_cast<std::size_t>(filled) + 1000) std::this_thread::yield();
  EXPECT_EQ(slow.database.rows(), lines(0, filled + 1000)) << "without another row";
}

/// How long `call` takes. What is expected is far below what the defaults would take.
template <class Call>
milliseconds time_of(Call call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
}

TEST(SenderClosing, WaitsForAServerAsLongAsItIsTold) {  // by default 5 s
  for (const char* timeout : {"0", "50"}) {
    Sender sender = Sender::from_conf(
        conf(dead_host(), std::string("close_flush_timeout_millis=") + timeout + ";"), kIgnore);
    row(sender, 1);
    EXPECT_LT(time_of([&] { sender.close(); }), milliseconds(3000)) << timeout;
  }
}

TEST(SenderClosing, FlushAndWaitWaitsAsLongAsItIsTold) {  // by default 10 s
  Sender sender =
      Sender::from_conf(conf(dead_host(), "retry_timeout=50;close_flush_timeout_millis=0;"), kIgnore);
  row(sender, 1);
  EXPECT_LT(time_of([&] { EXPECT_FALSE(sender.flush_and_wait()); }), milliseconds(5000));
}

TEST(SenderClosing, TheDurabilityOfTheOptionsIsThatOfTheSlot) {
  const auto syncs_of_a_flush = [](const std::string& durability) {
    TemporaryDirectory directory;
    Sender sender = Sender::from_conf(
        conf(dead_host(), "auto_flush=off;close_flush_timeout_millis=0;sf_dir=" + directory.path().string() +
                              ";sf_durability=" + durability + ";"),
        kIgnore);
    const std::uint64_t before = sender.stats().slot_syncs;
    row(sender, 1);
    sender.flush();
    return sender.stats().slot_syncs - before;
  };
  EXPECT_EQ(syncs_of_a_flush("memory"), 0U);
  EXPECT_GE(syncs_of_a_flush("flush"), 1U);
  EXPECT_GE(syncs_of_a_flush("append"), 1U);
}

TEST(SenderClosing, InAHandlerIsDoneByAnotherThread) {
  Database database;
  std::promise<void> opened, destroyed, ended;
  const auto is_open = opened.get_future().share();
  std::unique_ptr<Sender> sender;
  {
    // Goes with the last copy of the handler, which the sender keeps until its end.
    const std::shared_ptr<void> held(nullptr, [&ended](void*) { ended.set_value(); });
    sender = std::make_unique<Sender>(
        Options::from_conf(conf(database.address(), "close_flush_timeout_millis=0;")),
        Handlers([&, is_open, held](const SenderEvent& event) {
          if (event.kind != SenderEvent::Kind::connected) return;
          is_open.wait();
          sender.reset();
          destroyed.set_value();
        }));
  }
  row(*sender, 1);
  sender->flush();
  opened.set_value();
  EXPECT_EQ(destroyed.get_future().wait_for(kLong), std::future_status::ready);
  EXPECT_EQ(ended.get_future().wait_for(kLong), std::future_status::ready);
}

TEST(SenderClosing, DropsThatAreNotToldYetAreToldAsOne) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<std::uint64_t> events{0}, rows{0};
  Sender sender = Sender::from_conf(
      conf(dead_host(),
           "sf_max_total_bytes=64k;sf_overflow=drop_oldest;auto_flush=off;close_flush_timeout_millis=0;"),
      [&](const SenderEvent& event) {
        released.wait();
        if (event.kind != SenderEvent::Kind::rows_dropped) return;
        ++events;
        rows += event.rows;
      });
  LineBuffer buffer = sender.new_buffer();
  for (int i = 0; i < 20000; ++i) {
    begin_row(buffer, i);
    buffer.at(TimestampNanos{i});
    sender.flush(buffer);
  }
  release.set_value();
  const std::uint64_t left = sender.stats().slot_rows;
  while (rows + left < 20000) std::this_thread::yield();
  EXPECT_EQ(rows + left, 20000U);
  EXPECT_LE(events, 3U) << "what waits to be told does not grow";
}

TEST(HandlerScope, KnowsEverySenderThatItIsInside) {
  const int one = 0, other = 0;
  const sender::HandlerScope outer(&one);
  {
    const sender::HandlerScope inner(&other);
    EXPECT_TRUE(sender::HandlerScope::is_inside(&one));
    EXPECT_TRUE(sender::HandlerScope::is_inside(&other));
  }
  EXPECT_TRUE(sender::HandlerScope::is_inside(&one));
  EXPECT_FALSE(sender::HandlerScope::is_inside(&other));
}

/// An orphan below `directory` with a few rows in as many frames.
void leave_orphan(const TemporaryDirectory& directory) {
  Sender ended = Sender::from_conf(
      conf(dead_host(), "sf_dir=" + directory.path().string() +
                            ";auto_flush=off;close_flush_timeout_millis=0;sender_id=ended;"),
      kIgnore);
  for (int number = 0; number < 10; ++number) {
    row(ended, number);
    ended.flush();
  }
}

std::string adopting(const TemporaryDirectory& directory) {
  return "sf_dir=" + directory.path().string() + ";sender_id=own;drain_orphans=on;";
}

TEST(SenderClosing, AcknowledgementsAreOfTheSendersOwnFramesOnly) {
  TemporaryDirectory directory;
  leave_orphan(directory);
  Database database;
  std::mutex mutex;
  std::vector<Fsn> told;
  Handlers handlers(kIgnore);
  handlers.on_acknowledged = [&](Fsn fsn, Ack) {
    const std::lock_guard lock(mutex);
    told.push_back(fsn);
  };
  Sender sender = Sender::from_conf(conf(database.address(), adopting(directory)), handlers);
  while (sender.stats().drainers_finished == 0) std::this_thread::yield();
  row(sender, 10);
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  sender.close();
  EXPECT_EQ(told, std::vector<Fsn>{1});
}

TEST(SenderClosing, ATokenHandlerMayLookAtTheSenderMeanwhile) {
  TemporaryDirectory directory;
  leave_orphan(directory);
  Database database;
  std::promise<void> closing;
  const auto is_closing = closing.get_future().share();
  std::atomic<Sender*> shown{nullptr};
  std::atomic<int> inside{0};
  Handlers handlers(kIgnore);
  handlers.token = [&] {
    // The drainer's, and the sender's own.
    if (Sender* sender = shown.load(); sender != nullptr) {
      ++inside;
      is_closing.wait();
      EXPECT_EQ(sender->stats().drainers_failed, 0U);
      EXPECT_THROW(sender->drain(milliseconds(0)), Error) << "refused in a handler, on whatever thread";
    }
    return std::string("token");
  };
  Database refusing([](const ReceivedRequest&) { return answer("401 Unauthorized", ""); });
  Sender sender = Sender::from_conf(conf(refusing.address(), adopting(directory)), handlers);
  shown = &sender;
  while (inside == 0) std::this_thread::yield();
  std::thread closer([&] { sender.close(); });
  closing.set_value();
  closer.join();
  shown = nullptr;
}

}  // namespace
}  // namespace questclient
