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

#include "base/delivery.hpp"
#include "support/loopback_server.hpp"
#include "support/temporary_directory.hpp"

namespace questclient {
namespace {

using std::chrono::milliseconds;
using test::LoopbackServer;
using test::Peer;
using test::ReceivedRequest;

constexpr milliseconds kLong{20000};
constexpr milliseconds kShort{30};
const std::string kNoContent = "HTTP/1.1 204 OK\r\n\r\n";

std::string answer(const std::string& status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// As the real server sends errors: chunked, ended by two zeros.
std::string bad_line(int line) {
  const std::string body =
      R"({"code":"invalid","message":"failed to parse line protocol:errors encountered on line(s):)"
      R"(\nerror in line )" +
      std::to_string(line) + R"(: no","line":)" + std::to_string(line) + R"(,"errorId":"x"})";
  std::ostringstream size;
  size << std::hex << body.size();
  return "HTTP/1.1 400 Bad request\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json; "
         "charset=utf-8\r\n\r\n" +
         size.str() + "\r\n" + body + "\r\n00\r\n\r\n";
}

/// A server that takes rows unless told otherwise.
class Database {
 public:
  /// What to answer to rows; nullopt: close the connection without a word.
  using OnWrite = std::function<std::optional<std::string>(const ReceivedRequest&)>;

  explicit Database(OnWrite on_write = {},
                    std::string settings = R"({"config":{"line.proto.support.versions":[1,2,3]}})")
      : on_write_(std::move(on_write)),
        settings_(std::move(settings)),
        server_([this](Peer& peer) { serve(peer); }) {}

  std::string address() const { return server_.address(); }
  void stop() { server_.stop(); }

  /// The rows of every request that was answered with success, in order.
  std::vector<std::string> rows() const {
    const std::lock_guard lock(mutex_);
    return rows_;
  }
  int writes() const { return writes_; }

 private:
  void serve(Peer& peer) {
    while (const auto request = peer.read_request()) {
      if (request->target == "/settings") {
        peer.send(answer("200 OK", settings_));
        continue;
      }
      if (request->method == "POST") ++writes_;
      const auto reply = on_write_ ? on_write_(*request) : kNoContent;
      if (!reply) return;
      if (request->method == "POST" && reply->starts_with("HTTP/1.1 204")) keep(request->body);
      peer.send(*reply);
    }
  }

  void keep(const std::string& body) {
    const std::lock_guard lock(mutex_);
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) rows_.push_back(line);
  }

  OnWrite on_write_;
  std::string settings_;
  mutable std::mutex mutex_;
  std::vector<std::string> rows_;
  std::atomic<int> writes_{0};
  LoopbackServer server_;
};

/// Events as they come, and a way to wait for one.
class Events {
 public:
  std::function<void(const SenderEvent&)> handler() {
    return [this](const SenderEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      changed_.notify_all();
    };
  }
  SenderEvent wait_for(SenderEvent::Kind kind) {
    std::unique_lock lock(mutex_);
    const auto found = [&] { return find(kind) != events_.end(); };
    if (!changed_.wait_for(lock, kLong, found)) throw std::runtime_error("the event did not come");
    return *find(kind);
  }

 private:
  std::vector<SenderEvent>::iterator find(SenderEvent::Kind kind) {
    return std::find_if(events_.begin(), events_.end(), [&](const SenderEvent& e) { return e.kind == kind; });
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<SenderEvent> events_;
};

std::string conf(const std::string& addresses, const std::string& more = "") {
  return "http::addr=" + addresses +
         ";protocol_version=1;reconnect_initial_backoff_millis=1;reconnect_max_backoff_millis=10;" + more;
}

void row(Sender& sender, int number) {
  sender.table("t").column("v", number).at(TimestampNanos{number});
}

std::string line(int number) {
  return "t v=" + std::to_string(number) + "i " + std::to_string(number);
}

std::vector<std::string> lines(int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) out.push_back(line(i));
  return out;
}

/// Both kinds of slot.
class Driver : public ::testing::TestWithParam<bool> {
 protected:
  std::string slot() const { return GetParam() ? "sf_dir=" + directory_.path().string() + ";" : ""; }
  test::TemporaryDirectory directory_;
};
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
  EXPECT_FALSE(sender.wait(2, Ack::committed, kLong)) << "a closed sender has nothing to wait for";
  EXPECT_TRUE(sender.drain(kLong));
  sender.close();

  row(sender, 1);
  try {
    sender.flush();
    FAIL() << "a closed sender took rows";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::closed);
  }
  EXPECT_EQ(sender.buffer().rows(), 1U);  // Invariant 6

  Sender again = Sender::from_conf(conf(database.address(), slot()));
  row(again, 2);
  EXPECT_TRUE(again.wait(again.flush(), Ack::committed, kLong));
}

TEST_P(Driver, RowsFlushThemselvesByNumberAndBySize) {
  Database database;
  Sender sender =
      Sender::from_conf(conf(database.address(), slot() + "auto_flush_rows=10;auto_flush_bytes=1k;"));
  for (int i = 0; i < 25; ++i) row(sender, i);
  EXPECT_EQ(sender.buffer().rows(), 5U);
  EXPECT_EQ(sender.stats().last_fsn, 2U);
  sender.table("t").column("text", std::string(1024, 'x')).at(TimestampNanos{1});
  EXPECT_EQ(sender.buffer().rows(), 0U);
  EXPECT_EQ(sender.stats().last_fsn, 3U);

  Sender by_hand = Sender::from_conf(conf(database.address(), "auto_flush=off;auto_flush_rows=10;"));
  for (int i = 0; i < 25; ++i) row(by_hand, i);
  EXPECT_EQ(by_hand.buffer().rows(), 25U);
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

/// questnode's side of our headers for one stream: everything is committed at once, and durable when told to
/// be.
class DurableDatabase {
 public:
  std::string address() const { return database_.address(); }
  void make_durable() {
    const std::lock_guard lock(mutex_);
    durable_ = acked_;
  }

 private:
  std::string reply(const ReceivedRequest& request) {
    const std::lock_guard lock(mutex_);
    if (request.method == "POST")
      acked_ = base::parse_parts(request.header("X-Questclient-Frames")).value().back().end();
    std::string headers = "X-QWP-Durable-Ack: enabled\r\nX-Questclient-Commit: 1.1\r\n";
    if (acked_) headers += "X-Questclient-Acked: " + acked_->to_string() + "\r\n";
    if (durable_) headers += "X-Questclient-Durable: " + durable_->to_string() + "\r\n";
    return "HTTP/1.1 204 OK\r\n" + headers + "\r\n";
  }

  std::mutex mutex_;
  std::optional<base::StreamPosition> acked_, durable_;
  Database database_{[this](const ReceivedRequest& request) { return reply(request); },
                     R"({"config":{"questclient.delivery":1,"questclient.durable_ack":true}})"};
};

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
  EXPECT_EQ(refused.get_future().get(), ErrorCode::invalid_api_call);
  row(sender, 0);
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
  for (int i = 0; i < 100 && !refused; ++i) {
    sender.table("t").column("text", std::string(4096, 'x')).at(TimestampNanos{i});
    try {
      sender.flush();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::slot_full);
      refused = true;
    }
  }
  EXPECT_TRUE(refused);
  EXPECT_EQ(sender.buffer().rows(), 1U);
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
