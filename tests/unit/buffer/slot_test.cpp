// The behaviour of a slot on disk. "I1" and so on are the invariants of buffer/README.md.
#include <algorithm>
#include <future>
#include <set>
#include <sys/wait.h>
#include <thread>

#include <sqlite3.h>

#include "buffer/dead_letters.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

TEST_F(SlotTest, NumbersFromOneAndReadsBackWhatWasAppended) {
  open();
  EXPECT_EQ(slot_->end(), 1U);
  EXPECT_TRUE(slot_->read(1, 1000, 10).empty());
  for (std::uint64_t n = 1; n <= 20; ++n) EXPECT_EQ(append(n), n);
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 20U);
  for (std::uint64_t n = 1; n <= 20; ++n) {
    EXPECT_EQ(frames[n - 1]->fsn, n);
    EXPECT_EQ(rows_of(*frames[n - 1]), rows_for(n));
    EXPECT_EQ(frames[n - 1]->stream_first, 1U);
    EXPECT_EQ(frames[n - 1]->flushed_wall_nanos, clock_.wall_nanos());
  }
}

TEST_F(SlotTest, ItsFolderIsThatOfTheOpeningAndNeverAUri) {
  const auto before = std::filesystem::current_path();
  std::filesystem::create_directories(root_ / "elsewhere");
  options_.sf_dir = "file:slots?mode=memory";
  options_.max_segment_bytes = 64 << 10;
  std::filesystem::current_path(root_);
  open();
  std::filesystem::current_path(root_ / "elsewhere");
  for (std::uint64_t n = 1; n <= 20; ++n) append(n, 9000);
  slot_.reset();
  std::filesystem::current_path(before);
  options_.sf_dir = (root_ / options_.sf_dir).string();
  open();
  EXPECT_EQ(read_all().size(), 20U);
  EXPECT_GE(files("seg-", ".db").size(), 3U);
}

TEST_F(SlotTest, ReadEndsAtItsBoundsButReturnsAtLeastOneFrame) {
  open();
  for (std::uint64_t n = 1; n <= 10; ++n) append(n, 1000);
  EXPECT_EQ(slot_->read(1, 1, 10).size(), 1U);
  EXPECT_EQ(slot_->read(1, 2500, 10).size(), 2U);
  EXPECT_EQ(slot_->read(4, 1 << 20, 3).size(), 3U);
  EXPECT_EQ(slot_->read(4, 1 << 20, 3).front()->fsn, 4U);
  EXPECT_TRUE(slot_->read(11, 1 << 20, 3).empty());
}

TEST_F(SlotTest, ReopeningStartsANewStreamAndKeepsTheOldOnesNames) {  // I1, I2
  open();
  append(1);
  append(2);
  const auto before = read_all();
  open();
  EXPECT_EQ(report_.frames_recovered, 2U);
  EXPECT_TRUE(report_.damage.empty());
  EXPECT_EQ(append(3), 3U);
  const auto first_stream = slot_->read(1, 1 << 20, 100);
  ASSERT_EQ(first_stream.size(), 2U);
  EXPECT_EQ(first_stream[0]->stream, before[0]->stream);
  const auto second_stream = slot_->read(3, 1 << 20, 100);
  ASSERT_EQ(second_stream.size(), 1U);
  EXPECT_NE(second_stream[0]->stream, before[0]->stream);
  EXPECT_EQ(second_stream[0]->stream_first, 3U);
  EXPECT_EQ(rows_of(*first_stream[1]), rows_for(2));
}

TEST_F(SlotTest, NumbersGoOnAfterEverythingWasTrimmed) {  // I2
  open();
  for (std::uint64_t n = 1; n <= 5; ++n) append(n);
  slot_->trim(6);
  for (int opening = 0; opening < 3; ++opening) {
    open();
    EXPECT_EQ(slot_->end(), 6U);
    EXPECT_EQ(slot_->stats().first, 6U);
    EXPECT_EQ(report_.frames_recovered, 0U);
    EXPECT_TRUE(read_all().empty());
  }
  EXPECT_EQ(append(6), 6U);
}

TEST_F(SlotTest, TrimmedFramesAreNotReadAgainAfterAnOrderlyClose) {
  open();
  for (std::uint64_t n = 1; n <= 5; ++n) append(n);
  slot_->trim(4);
  open();
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0]->fsn, 4U);
}

TEST_F(SlotTest, LockNamesTheProcessThatHoldsTheSlot) {  // I3
  int ready[2];
  int go[2];
  ASSERT_EQ(::pipe(ready) | ::pipe(go), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    open();
    char byte = 'r';
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    ::_exit(::read(go[0], &byte, 1) == 1 ? 0 : 1);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const Error error = error_of([this] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::slot_locked);
  EXPECT_NE(std::string(error.what()).find(std::to_string(child)), std::string::npos) << error.what();
  ASSERT_EQ(::write(go[1], &byte, 1), 1);
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  open();
  EXPECT_EQ(append(1), 1U);
  for (const int descriptor : {ready[0], ready[1], go[0], go[1]}) ::close(descriptor);
}

TEST_F(SlotTest, LengthsThatDoNotAddUpAreRefused) {
  open();
  const std::vector<std::uint32_t> lengths{2, 2};
  EXPECT_EQ(error_of([&] { slot_->append("abc", lengths); }).code(), ErrorCode::invalid_value);
  EXPECT_EQ(error_of([&] { slot_->append("", {}); }).code(), ErrorCode::invalid_value);
  EXPECT_EQ(slot_->end(), 1U);
}

TEST_F(SlotTest, SegmentsRotateAndTrimmingUnlinksWholeOnes) {  // I4, I5
  options_.max_segment_bytes = 64 << 10;
  options_.max_memory_bytes = 0;
  open();
  for (std::uint64_t n = 1; n <= 100; ++n) append(n, 10'000);
  EXPECT_GT(files("seg-", ".db").size(), 10U);
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 100U);
  for (std::uint64_t n = 1; n <= 100; ++n) EXPECT_EQ(rows_of(*frames[n - 1]), rows_for(n, 10'000));
  slot_->trim(101);
  open();  // closing waits for the maintenance thread
  slot_.reset();
  EXPECT_LE(files("seg-", ".db").size(), 2U);
  EXPECT_TRUE(files("trimmed-", "").empty());
}

TEST_F(SlotTest, BacklogIsReadWithBoundedMemory) {  // I6
  options_.max_segment_bytes = 1 << 20;
  options_.max_memory_bytes = 100'000;
  open();
  for (std::uint64_t n = 1; n <= 300; ++n) append(n, 20'000);
  EXPECT_LE(slot_->stats().memory_bytes, 100'000U);
  Fsn next = 1;
  while (next <= 300) {
    const auto some = slot_->read(next, 200'000, 256);
    ASSERT_FALSE(some.empty());
    for (const auto& frame : some) {
      ASSERT_EQ(frame->fsn, next);
      ASSERT_EQ(rows_of(*frame), rows_for(next, 20'000));
      ++next;
    }
    EXPECT_LE(slot_->stats().memory_bytes, 100'000U);
  }
}

TEST_F(SlotTest, LargeFramesOfEverySizeAreKept) {
  options_.max_memory_bytes = 0;
  open();
  std::vector<std::size_t> sizes{1, 100'000, 131'000, 262'144, 700'000, 1'100'000, 3'000'000};
  for (const std::size_t size : sizes) append(size, size);
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), sizes.size());
  for (std::size_t at = 0; at < sizes.size(); ++at)
    EXPECT_EQ(rows_of(*frames[at]), rows_for(sizes[at], sizes[at]));
  EXPECT_TRUE(slot_->take_damage().empty());
}

TEST_F(SlotTest, QuotaBlocksUntilTrimMakesRoom) {  // I7
  options_.max_total_bytes = 1 << 20;
  options_.max_segment_bytes = 128 << 10;
  options_.append_deadline = std::chrono::milliseconds(20);
  open();
  Fsn last = 0;
  const Error error = error_of([&] {
    for (std::uint64_t n = 1;; ++n) last = append(n, 20'000);
  });
  EXPECT_EQ(error.code(), ErrorCode::slot_full);
  EXPECT_GT(last, 15U);
  EXPECT_EQ(slot_->end(), last + 1);
  EXPECT_EQ(slot_->stats().backpressure_stalls, 1U);
  EXPECT_LE(slot_->stats().bytes, options_.max_total_bytes);
  // Now it waits as long as it takes another thread to make the room.
  options_.append_deadline = std::chrono::hours(1);
  open();
  auto next = std::async(std::launch::async, [this] { return append(0, 20'000); });
  slot_->trim(last / 2);
  EXPECT_EQ(next.get(), last + 1);
}

TEST_F(SlotTest, AppendThatWaitsForRoomGoesOnWhenEverythingIsTrimmed) {  // I7
  options_.max_total_bytes = 512 << 10;
  open();
  std::atomic<Fsn> appended = 0;
  std::thread producer([&] {
    for (std::uint64_t n = 1; n <= 200; ++n) appended = append(n, 30'000);
  });
  std::set<Fsn> seen;
  while (seen.size() < 200) {
    for (const auto& frame : slot_->read(seen.empty() ? 1 : *seen.rbegin() + 1, 100'000, 10))
      seen.insert(frame->fsn);
    if (!seen.empty()) slot_->trim(*seen.rbegin() + 1);
  }
  producer.join();
  EXPECT_EQ(*seen.rbegin(), 200U);
}

TEST_F(SlotTest, FrameLargerThanTheQuotaIsRefusedAtOnce) {
  options_.max_total_bytes = 256 << 10;
  open();
  EXPECT_EQ(error_of([this] { append(1, 300'000); }).code(), ErrorCode::slot_full);
  EXPECT_EQ(append(2), 1U);
}

TEST_F(SlotTest, FourAppendersAReaderAndATrimmer) {  // I1, I4
  options_.max_segment_bytes = 256 << 10;
  options_.max_memory_bytes = 64 << 10;
  open();
  std::atomic<int> committed = 0;
  slot_->on_appended([&committed] { ++committed; });
  constexpr std::uint64_t kEach = 150;
  std::vector<std::future<std::map<Fsn, std::uint64_t>>> appenders;
  for (std::uint64_t thread = 0; thread < 4; ++thread)
    appenders.push_back(std::async(std::launch::async, [this, thread] {
      std::map<Fsn, std::uint64_t> numbers;
      for (std::uint64_t n = 0; n < kEach; ++n) numbers[append(thread * 1000 + n, 3000)] = thread * 1000 + n;
      return numbers;
    }));
  std::map<Fsn, Rows> seen;
  std::atomic<Fsn> read_to = 1;
  std::atomic<bool> stop = false;
  std::thread trimmer([&] {
    while (!stop) {
      slot_->trim(read_to);
      std::this_thread::yield();
    }
  });
  while (seen.size() < 4 * kEach)
    for (const auto& frame : slot_->read(read_to, 20'000, 50)) {
      ASSERT_EQ(frame->fsn, read_to);
      seen[frame->fsn] = rows_of(*frame);
      ++read_to;
    }
  stop = true;
  trimmer.join();
  for (auto& appender : appenders)
    for (const auto& [fsn, seed] : appender.get()) EXPECT_EQ(seen.at(fsn), rows_for(seed, 3000));
  EXPECT_GT(committed, 0);
  EXPECT_TRUE(slot_->take_damage().empty());
}

TEST_F(SlotTest, EverythingAcknowledgedSurvivesAKill) {  // I1
  for (int kills = 0; kills < 5; ++kills) {
    int acknowledged[2];
    ASSERT_EQ(::pipe(acknowledged), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      options_.max_segment_bytes = 128 << 10;
      open();
      for (;;) {
        const Fsn fsn = slot_->end();
        if (append(fsn, 5000) != fsn || ::write(acknowledged[1], &fsn, sizeof fsn) != sizeof fsn) ::_exit(1);
      }
    }
    ::close(acknowledged[1]);
    Fsn fsn = 0;
    for (int n = 0; n < 60 + kills * 7; ++n) ASSERT_EQ(::read(acknowledged[0], &fsn, sizeof fsn), 8);
    ::kill(child, SIGKILL);
    for (Fsn more; ::read(acknowledged[0], &more, sizeof more) == 8;) fsn = more;
    ::waitpid(child, nullptr, 0);
    ::close(acknowledged[0]);
    open();
    EXPECT_TRUE(report_.damage.empty());
    const auto frames = read_all(1);
    ASSERT_GE(frames.size(), fsn);
    EXPECT_LE(frames.size(), fsn + 1);  // one more may be committed and unreported
    for (std::size_t at = 0; at < frames.size(); ++at) {
      ASSERT_EQ(frames[at]->fsn, at + 1);
      ASSERT_EQ(rows_of(*frames[at]), rows_for(at + 1, 5000));
    }
    EXPECT_TRUE(slot_->take_damage().empty());
    slot_.reset();
  }
}

TEST_F(SlotTest, DeadLettersReplaceTheirKeyAndSurvive) {  // I9
  open();
  DeadLetter letter;
  letter.stream = base::Uuid::random(random_);
  letter.fsn = 5;
  letter.first_row = 2;
  letter.payload = "bad\n";
  letter.reason = "cast error";
  letter.host = "a:9000";
  letter.wall_nanos = 77;
  slot_->bury(letter);
  letter.reason = "cast error again";
  slot_->bury(letter);
  letter.first_row = 3;
  letter.wall_nanos = 0;
  slot_->bury(letter);
  open();
  const auto letters = read_dead_letters(folder());
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].reason, "cast error again");
  EXPECT_EQ(letters[0].payload, "bad\n");
  EXPECT_EQ(letters[0].stream, letter.stream);
  EXPECT_EQ(letters[0].fsn, 5U);
  EXPECT_EQ(letters[0].host, "a:9000");
  EXPECT_EQ(letters[0].wall_nanos, 77);
  EXPECT_EQ(letters[1].first_row, 3U);
  EXPECT_EQ(letters[1].wall_nanos, clock_.wall_nanos());  // stamped by the slot
}

TEST_F(SlotTest, SyncedSlotKeepsTheSamePromises) {
  options_.durability = SlotDurability::flush;
  options_.max_segment_bytes = 64 << 10;
  open();
  for (std::uint64_t n = 1; n <= 30; ++n) append(n, 9000);
  open();
  EXPECT_EQ(read_all().size(), 30U);
}

TEST_F(SlotTest, StatsCountWhatIsNotTrimmed) {
  open();
  std::uint64_t rows = 0;
  for (std::uint64_t n = 1; n <= 10; ++n) {
    append(n);
    if (n >= 4) rows += rows_for(n).lengths.size();
  }
  slot_->trim(4);
  const SlotStats stats = slot_->stats();
  EXPECT_EQ(stats.first, 4U);
  EXPECT_EQ(stats.end, 11U);
  EXPECT_EQ(stats.frames, 7U);
  EXPECT_EQ(stats.rows, rows);
  EXPECT_GT(stats.bytes, 0U);
  slot_->trim(100);
  EXPECT_EQ(slot_->stats().frames, 0U);
  EXPECT_EQ(slot_->stats().first, slot_->stats().end);
}

TEST_F(SlotTest, NewerFormatIsRefusedWithAClearMessage) {
  open();
  append(1);
  slot_.reset();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(files("seg-", ".db").front().c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(handle, "PRAGMA user_version=9;UPDATE segment SET format=9", nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(handle);
  const Error error = error_of([this] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::slot_format);
  EXPECT_NE(std::string(error.what()).find("newer"), std::string::npos);
}

}  // namespace
}  // namespace questclient::buffer
