// How a sender begins: threads, the first host, credentials, keys, orphans, fork().
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include <questclient/slot.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "buffer/slot.hpp"
#include "driver_support.hpp"
#include "sender/driver.hpp"
#include "sender/sender_options.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

/// A sanitizer's runtime starts a thread of its own together with the first one of the process: before main,
/// so that no test counts it.
[[maybe_unused]] const bool kHadAThread = [] {
  std::thread([] {}).join();
  return true;
}();

/// A thread that was joined is listed a moment longer: it is past its end, which the kernel's flags tell.
bool is_ending(const fs::path& task) {
  constexpr unsigned long kExiting = 0x4;  // PF_EXITING
  std::ifstream file(task / "stat");
  std::string text;
  if (!std::getline(file, text)) return true;
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 6; ++i) fields >> skipped;  // state, parent, group, session, terminal, its group
  unsigned long flags = kExiting;
  fields >> flags;
  return (flags & kExiting) != 0;
}

std::ptrdiff_t threads() {
  return std::count_if(fs::directory_iterator("/proc/self/task"), fs::directory_iterator(),
                       [](const fs::directory_entry& task) { return !is_ending(task.path()); });
}

ErrorCode refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  throw std::runtime_error("it was not refused");
}

TEST(SenderThreads, AMemoryOnlySenderStartsNoneBeforeItHasToSend) {
  const auto text = conf(dead_host(), "close_flush_timeout_millis=0;auto_flush_interval=0;");
  const auto before = threads();
  Sender sender = Sender::from_conf(text, kIgnore);
  LineBuffer rows = sender.new_buffer();
  row(sender, 1);
  sender.stats();
  EXPECT_EQ(threads(), before) << "no timer, no flush";
  sender.flush();
  EXPECT_EQ(threads(), before + 1);
  row(sender, 2);
  sender.flush_async().get();
  EXPECT_EQ(threads(), before + 1);
  sender.close();
  EXPECT_EQ(threads(), before);
}

TEST(SenderThreads, TheFlushTimerNeedsTheIoThread) {
  const auto before = threads();
  Sender sender = Sender::from_conf(conf(dead_host(), "close_flush_timeout_millis=0;"), kIgnore);
  EXPECT_EQ(threads(), before);
  row(sender, 1);
  EXPECT_EQ(threads(), before + 1);
}

TEST(SenderThreads, ASlotOnDiskHasOneForSendingAndOneForMaintenance) {
  TemporaryDirectory directory;
  const auto before = threads();
  Sender sender = Sender::from_conf(
      conf(dead_host(), "close_flush_timeout_millis=0;sf_dir=" + directory.path().string() + ";"), kIgnore);
  row(sender, 1);
  sender.flush();
  row(sender, 2);
  sender.flush_async().get();
  EXPECT_EQ(threads(), before + 2);
}

TEST(SenderOpening, OffTriesEachHostOnce) {
  const std::string hosts = dead_host() + "," + dead_host();
  EXPECT_EQ(refusal([&] { Sender::from_conf(conf(hosts, "initial_connect_retry=off;"), kIgnore); }),
            ErrorCode::connect);
  Database database;
  Sender sender =
      Sender::from_conf(conf(dead_host() + "," + database.address(), "initial_connect_retry=off;"), kIgnore);
  EXPECT_EQ(sender.stats().connected_to, database.address());
}

TEST(SenderOpening, OnTriesForItsTime) {
  EXPECT_EQ(refusal([&] {
              Sender::from_conf(
                  conf(dead_host(), "initial_connect_retry=on;reconnect_max_duration_millis=40;"), kIgnore);
            }),
            ErrorCode::connect);
  std::atomic<int> busy{3};
  Database database;
  Database refusing({}, R"({"config":{"accepting.writes":[]}})");
  Sender sender = Sender::from_conf(
      conf(refusing.address() + "," + database.address(), "initial_connect_retry=on;"), kIgnore);
  EXPECT_EQ(sender.stats().connected_to, database.address());
}

TEST(SenderOpening, ATokenIsAskedForAndResumesWhatA401Stopped) {
  Database database([](const ReceivedRequest& request) {
    return request.header("Authorization") == "Bearer second" ? kNoContent : answer("401 Unauthorized", "");
  });
  std::atomic<int> asked{0};
  Handlers handlers(kIgnore);
  handlers.token = [&] { return ++asked == 1 ? "first" : "second"; };
  Sender sender = Sender::from_conf(conf(database.address()), handlers);
  row(sender, 1);
  sender.flush();
  while (database.rows().empty()) std::this_thread::yield();
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(database.rows(), lines(1, 2));
  EXPECT_TRUE(sender.wait(1, Ack::committed, kLong));
}

TEST(SenderOpening, IlpOverTcpHasNoAcknowledgements) {
  std::promise<std::string> received;
  std::once_flag once;
  LoopbackServer server([&](Peer& peer) {
    const auto first = peer.read_line();
    if (first) std::call_once(once, [&] { received.set_value(*first); });
    peer.read_all();
  });
  Sender sender = Sender::from_conf("tcp::addr=" + server.address() + ";", kIgnore);
  sender.table("t").column("v", 1.5).at(TimestampNanos{1});
  sender.flush();
  EXPECT_EQ(received.get_future().get(), "t v=1.5 1") << "protocol version 1";
  EXPECT_EQ(refusal([&] { sender.wait(1, Ack::committed, kLong); }), ErrorCode::config);
  row(sender, 1);
  EXPECT_EQ(refusal([&] { sender.flush_and_wait(); }), ErrorCode::config);
}

TEST(SenderOpening, TheKeyComesFromAFileOrACallback) {
  TemporaryDirectory directory;
  const std::string slot =
      "sf_dir=" + (directory.path() / "slots").string() + ";close_flush_timeout_millis=0;";
  const std::string raw = directory.path() / "raw", hex = directory.path() / "hex";
  const std::string bad = directory.path() / "bad";
  std::ofstream(raw) << std::string(32, 'A');
  for (int i = 0; i < 32; ++i) std::ofstream(hex, std::ios::app) << "41";
  std::ofstream(hex, std::ios::app) << "\n";
  std::ofstream(bad) << "too short";
  {
    Sender sender = Sender::from_conf(conf(dead_host(), slot + "sf_key=" + raw + ";"), kIgnore);
    row(sender, 1);
    sender.flush();
    EXPECT_EQ(to_json(sender.stats()).find("AAAA"), std::string::npos);
  }
  const auto open = [&](const std::string& key) {
    return refusal([&] { Sender::from_conf(conf(dead_host(), slot + key), kIgnore); });
  };
  EXPECT_EQ(open(""), ErrorCode::slot_key);
  EXPECT_EQ(open("sf_key=" + bad + ";"), ErrorCode::slot_key);
  EXPECT_EQ(open("sf_key=/nonexistent;"), ErrorCode::slot_key);
  Database database;
  {
    Sender sender = Sender::from_conf(conf(database.address(), slot + "sf_key=" + hex + ";"), kIgnore);
    EXPECT_TRUE(sender.drain(kLong));
  }
  EXPECT_EQ(database.rows(), lines(1, 2));
  Options options = Options::from_conf(conf(database.address(), slot));
  options.sf_key_provider = [] { return std::string(32, 'A'); };
  Sender from_callback(options, kIgnore);
  options.sender_id = "another";
  options.sf_key_provider = [] { return std::string("short"); };
  EXPECT_EQ(refusal([&] { Sender another(options, kIgnore); }), ErrorCode::slot_key);
}

TEST(SenderOpening, OrphansAreSentAndThoseOfOthersAreLeft) {
  TemporaryDirectory directory;
  const std::string slot = "sf_dir=" + directory.path().string() + ";close_flush_timeout_millis=0;sender_id=";
  for (int i = 0; i < 3; ++i) {
    Sender ended = Sender::from_conf(conf(dead_host(), slot + "ended-" + std::to_string(i) + ";"), kIgnore);
    row(ended, i);
  }
  Sender alive = Sender::from_conf(conf(dead_host(), slot + "alive;"), kIgnore);
  row(alive, 99);
  alive.flush();

  Database database;
  Sender sender = Sender::from_conf(
      conf(database.address(), slot + "own;drain_orphans=on;max_background_drainers=2;"), kIgnore);
  while (sender.stats().drainers_finished < 3) std::this_thread::yield();
  auto arrived = database.rows();
  std::sort(arrived.begin(), arrived.end());
  EXPECT_EQ(arrived, lines(0, 3));
  EXPECT_EQ(sender.stats().drainers_active, 0U);
  EXPECT_EQ(sender.stats().drainers_failed, 0U);
  std::size_t told = 0;
  for (const SenderEvent& event : sender.poll_events()) told += event.kind == SenderEvent::Kind::drainer;
  EXPECT_EQ(told, 6U) << "each began and finished";
  EXPECT_EQ(alive.stats().slot_rows, 1U);
  EXPECT_TRUE(orphan_slots(directory.path(), "own").empty());
}

TEST(SenderOpening, ClosingEndsItsDrainers) {
  TemporaryDirectory directory;
  const std::string slot = "sf_dir=" + directory.path().string() + ";close_flush_timeout_millis=0;sender_id=";
  {
    Sender ended = Sender::from_conf(conf(dead_host(), slot + "ended;"), kIgnore);
    row(ended, 1);
  }
  const auto before = threads();
  {
    Sender sender = Sender::from_conf(conf(dead_host(), slot + "own;drain_orphans=on;"), kIgnore);
    const auto began = [&sender] {
      const auto events = sender.poll_events();
      return std::any_of(events.begin(), events.end(),
                         [](const SenderEvent& event) { return event.kind == SenderEvent::Kind::drainer; });
    };
    while (!began()) std::this_thread::yield();
    EXPECT_EQ(sender.stats().drainers_active, 1U);
  }
  EXPECT_EQ(threads(), before);
  EXPECT_EQ(orphan_slots(directory.path()).size(), 1U) << "its row is kept";
}

TEST(SenderOpening, ADrainerThatClosingEndsHasNotFailed) {
  TemporaryDirectory directory;
  const std::string slot = "sf_dir=" + directory.path().string() + ";close_flush_timeout_millis=0;sender_id=";
  {
    Sender ended = Sender::from_conf(conf(dead_host(), slot + "ended;"), kIgnore);
    row(ended, 1);
  }
  Database database([](const ReceivedRequest&) { return answer("503 Busy", "{}"); });
  Sender sender = Sender::from_conf(conf(database.address(), slot + "own;drain_orphans=on;"), kIgnore);
  while (database.writes() == 0) std::this_thread::yield();
  sender.close();
  EXPECT_EQ(sender.stats().drainers_failed, 0U);
}

TEST(SenderOpening, TellsWhichOrphanItCannotLookInto) {
  TemporaryDirectory directory;
  const std::string slot = "sf_dir=" + directory.path().string() + ";close_flush_timeout_millis=0;sender_id=";
  {
    Sender ended = Sender::from_conf(conf(dead_host(), slot + "unreadable;"), kIgnore);
    row(ended, 1);
  }
  // Its segments cannot be found: the folder is a file that only looks like a slot from above.
  for (const auto& entry : std::filesystem::directory_iterator(directory.path() / "unreadable"))
    if (entry.path().extension() == ".db") {
      std::filesystem::remove_all(entry.path());
      std::filesystem::create_directory(entry.path());
    }
  Sender sender = Sender::from_conf(conf(dead_host(), slot + "own;drain_orphans=on;"), kIgnore);
  std::vector<SenderEvent> told;
  while (told.empty())
    for (const SenderEvent& event : sender.poll_events())
      if (event.kind == SenderEvent::Kind::drainer) told.push_back(event);
  EXPECT_NE(told[0].message.find("Slot unreadable: "), std::string::npos) << told[0].message;
}

TEST(SenderOpening, ADriverThatIsStoppedBeforeItStartsStartsNoMore) {  // as a drainer may be
  const base::SystemClock clock;
  base::SystemRandom random;
  buffer::SlotReport report;
  auto slot = buffer::Slot::open({}, clock, random, report);
  const auto before = threads();
  sender::Driver driver({}, std::move(slot), report, clock, random, {});
  driver.stop();
  driver.start();
  EXPECT_EQ(threads(), before);
  EXPECT_TRUE(driver.drain(milliseconds::max())) << "nothing was left, and nobody is to wait for it";
}

TEST(SenderOpening, WhatTheSlotLostIsTold) {
  const base::SystemClock clock;
  base::SystemRandom random;
  buffer::SlotReport report;
  auto slot = buffer::Slot::open({}, clock, random, report);
  report.unsynced_from = 7;
  report.damage.push_back({"quarantine/seg.db", "Frame 5 is lost.", "offset 40"});
  Events events;
  Handlers handlers;
  handlers.on_event = events.handler();
  sender::Driver driver({}, std::move(slot), report, clock, random, std::move(handlers));
  driver.start();
  const SenderEvent unsynced = events.wait_for(SenderEvent::Kind::warning);
  EXPECT_EQ(unsynced.code, ErrorCode::rows_missing);
  EXPECT_EQ(unsynced.fsn, 7U);
  EXPECT_EQ(events.wait_for(SenderEvent::Kind::segment_damaged).position, "offset 40");
  driver.stop();
}

TEST(SenderSlot, EventsOfTheSlotAreTold) {
  Events events;
  Sender sender = Sender::from_conf(conf(dead_host(),
                                         "sf_max_total_bytes=256k;sf_overflow=drop_oldest;auto_flush=off;"
                                         "close_flush_timeout_millis=0;"),
                                    events.handler());
  LineBuffer rows = sender.new_buffer();
  for (int i = 0; i < 64; ++i) {
    rows.table("t").column("text", std::string(16384, 'x')).at(TimestampNanos{i});
    sender.flush(rows);
  }
  EXPECT_EQ(events.wait_for(SenderEvent::Kind::slot_filling).code, ErrorCode::slot_full);
  EXPECT_GT(events.wait_for(SenderEvent::Kind::rows_dropped).rows, 0U);
  const auto until = std::chrono::steady_clock::now() + kLong;
  while (sender.stats().rows_dropped + sender.stats().slot_rows < 64 &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  const Stats stats = sender.stats();
  EXPECT_EQ(stats.rows_dropped + stats.slot_rows, 64U);
  EXPECT_EQ(stats.slot_max_bytes, 256U << 10);
  EXPECT_GT(stats.oldest_frame_age.count(), 0);
}

TEST(SenderSlot, AFolderGivenRelativelyIsThatOfTheOpening) {  // drainers look into it later
  Options options;
  options.sf_dir = "slots";
  EXPECT_EQ(sender::slot_options(options).sf_dir, std::filesystem::absolute("slots").string());
  options.sf_dir.clear();
  EXPECT_EQ(sender::slot_options(options).sf_dir, "") << "in memory";
}

TEST(SenderSlot, AFrameThatWasDroppedIsNeverToldAsCommitted) {
  Events events;
  Sender sender = Sender::from_conf(conf(dead_host(),
                                         "sf_max_total_bytes=256k;sf_overflow=drop_oldest;auto_flush=off;"
                                         "close_flush_timeout_millis=0;"),
                                    events.handler());
  LineBuffer rows = sender.new_buffer();
  for (int i = 0; i < 64; ++i) {
    rows.table("t").column("text", std::string(16384, 'x')).at(TimestampNanos{i});
    sender.flush(rows);
  }
  for (const Ack ack : {Ack::committed, Ack::durable}) {
    try {
      sender.wait(1, ack, kLong);
      FAIL() << "a frame that no server ever saw";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::rows_dropped);
    }
  }
  EXPECT_EQ(sender.acked_fsn(), 0U);
}

TEST(SenderSlot, BytesAreCountedAsTheyGoOverTheWire) {
  Database database;
  for (const std::string compression : {"off", "gzip"}) {
    Sender sender =
        Sender::from_conf(conf(database.address(), "request_compression=" + compression + ";"), kIgnore);
    for (int i = 0; i < 2000; ++i) row(sender, i);
    EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
    const Stats stats = sender.stats();
    if (compression == "off") {
      EXPECT_EQ(stats.bytes_on_wire, stats.bytes_sent);
    } else {
      EXPECT_LT(stats.bytes_on_wire, stats.bytes_sent / 2);
      EXPECT_GT(stats.bytes_on_wire, 0U);
    }
    EXPECT_EQ(stats.bytes_sent, stats.bytes_flushed);
  }
}

TEST(SenderSlot, StatsLieInTheSlotForThoseOutside) {
  TemporaryDirectory directory;
  const fs::path file = directory.path() / "seen" / "stats.json";
  Database database;
  {
    Sender sender = Sender::from_conf(
        conf(database.address(), "sf_dir=" + directory.path().string() + ";sender_id=seen;"), kIgnore);
    row(sender, 1);
    EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
    const Stats stats = sender.stats();
    EXPECT_EQ(stats.append_latency.count, 1U);
    EXPECT_GT(stats.append_latency.max.count(), 0);
    EXPECT_GE(stats.request_latency.count, 1U);
    EXPECT_GE(stats.ack_latency.count, 1U);
    const auto now = [&] {
      std::ostringstream text;
      text << std::ifstream(file).rdbuf();
      return text.str();
    };
    const auto shows = [&](const std::string& what) { return now().find(what) != std::string::npos; };
    const auto until = std::chrono::steady_clock::now() + kLong;
    while (!shows(R"("slot_frames":0,)") && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    EXPECT_TRUE(shows(R"("rows_flushed":1,)")) << now();
    EXPECT_TRUE(shows(R"("slot_frames":0,)")) << now();
  }
  EXPECT_FALSE(fs::exists(file)) << "of a sender that has ended there is nothing to show";
}

}  // namespace
}  // namespace questclient
