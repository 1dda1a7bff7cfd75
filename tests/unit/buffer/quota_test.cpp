// At the quota: what is counted, what is told, what is dropped on request (I7).
#include <map>
#include <set>
#include <thread>

#include "buffer/read_marks.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

class Quota : public SlotTest, public testing::WithParamInterface<bool> {
 protected:
  Quota() {
    options_.max_memory_bytes = 0;
    if (GetParam()) {
      options_.max_total_bytes = 1 << 20;
      options_.max_segment_bytes = 128 << 10;
    } else {
      options_.sf_dir.clear();
      options_.max_total_bytes = 400'000;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, Quota, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "OnDisk" : "InMemory"; });

TEST_P(Quota, FillingIsToldOnceAndAgainAfterItFell) {
  options_.append_deadline = std::chrono::hours(1);
  open_and_listen();
  const std::uint64_t percent = options_.max_total_bytes / 100;
  while (slot_->stats().bytes < 83 * percent) append(1, 10'000);
  EXPECT_EQ(heard_.events(SlotEvent::Kind::filling).size(), 1U);
  EXPECT_GE(slot_->stats().bytes, 80 * percent);
  append(1, 10'000);
  EXPECT_EQ(heard_.events(SlotEvent::Kind::filling).size(), 1U);
  slot_->trim(slot_->end() - 2);
  // Another thread makes the room, at the latest when an append waits for it.
  while (heard_.events(SlotEvent::Kind::filling).size() < 2) append(1, 10'000);
  EXPECT_GE(slot_->stats().bytes, 80 * percent);
  EXPECT_LE(slot_->stats().frames, 200U) << "there was room again";
}

TEST_P(Quota, WaitingIsCountedInStallsAndTime) {
  options_.append_deadline = std::chrono::milliseconds(30);
  open();
  EXPECT_EQ(slot_->stats().backpressure_nanos, 0U);
  EXPECT_THROW(for (;;) append(1, 20'000), Error);
  EXPECT_EQ(slot_->stats().backpressure_stalls, 1U);
  EXPECT_GE(slot_->stats().backpressure_nanos, 30'000'000U);
}

TEST_P(Quota, DropOldestGoesOnAndCountsEveryLostRow) {
  options_.overflow = SlotOverflow::drop_oldest;
  options_.append_deadline = std::chrono::hours(1);
  open_and_listen();
  std::vector<std::uint64_t> rows{0};
  for (std::uint64_t n = 1; n <= 200; ++n) {
    ASSERT_EQ(append(n, 20'000), n);
    rows.push_back(rows_for(n, 20'000).lengths.size());
    if (n == 10) slot_->trim(4);  // the cluster has these: they are not lost
  }
  const auto frames = read_all();
  ASSERT_FALSE(frames.empty());
  const Fsn first = frames.front()->fsn;
  EXPECT_GT(first, 100U);
  ASSERT_EQ(frames.size(), 200 - first + 1) << "what is left is whole";
  for (const auto& frame : frames) EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, 20'000));
  std::uint64_t lost = 0;
  for (Fsn fsn = 4; fsn < first; ++fsn) lost += rows[fsn];
  EXPECT_EQ(slot_->stats().rows_dropped, lost);
  EXPECT_EQ(slot_->stats().first, first);
  EXPECT_LE(slot_->stats().bytes, options_.max_total_bytes);
  std::uint64_t told = 0;
  Fsn next = 4;
  for (const SlotEvent& event : heard_.events(SlotEvent::Kind::rows_dropped)) {
    EXPECT_EQ(event.first, next) << "every lost frame is named once";
    EXPECT_LT(event.first, event.end);
    next = event.end;
    told += event.rows;
  }
  EXPECT_EQ(next, first);
  EXPECT_EQ(told, lost);
}

TEST_P(Quota, DropOldestBesideASenderLosesOnlyWhatItNamed) {
  options_.overflow = SlotOverflow::drop_oldest;
  options_.append_deadline = std::chrono::hours(1);
  open_and_listen();
  std::atomic<bool> stop = false;
  std::map<Fsn, Rows> seen;
  std::thread sender([&] {
    Fsn next = 1;
    while (!stop || next < slot_->end()) {
      for (const auto& frame : slot_->read(next, 100'000, 20)) {
        seen[frame->fsn] = rows_of(*frame);
        next = frame->fsn + 1;
      }
      if (next % 3 == 0) slot_->trim(next);
    }
  });
  for (std::uint64_t n = 1; n <= 300; ++n) append(n, 15'000);
  stop = true;
  sender.join();
  std::set<Fsn> named;
  for (const SlotEvent& event : heard_.events(SlotEvent::Kind::rows_dropped))
    for (Fsn fsn = event.first; fsn < event.end; ++fsn) EXPECT_TRUE(named.insert(fsn).second);
  for (Fsn fsn = 1; fsn <= 300; ++fsn) {
    EXPECT_TRUE(seen.contains(fsn) || named.contains(fsn)) << fsn;
    if (seen.contains(fsn)) {
      EXPECT_EQ(seen[fsn], rows_for(fsn, 15'000));
    }
  }
  EXPECT_TRUE(slot_->take_damage().empty());
}

TEST_P(Quota, DropOldestMakesRoomForLaterAppendsToo) {
  options_.overflow = SlotOverflow::drop_oldest;
  options_.max_memory_bytes = 100'000;
  open_and_listen();
  for (std::uint64_t n = 1; n <= 100; ++n) {
    const Rows rows = rows_for(n, 20'000);
    const auto taken = [&] {
      return slot_->append_later({rows.payload, rows.lengths}, [this](const Appended& appended) {
        EXPECT_FALSE(appended.failure);
        heard_.step();
      });
    };
    // The queue is full: one of those in it has to end first.
    for (std::size_t ended = heard_.steps(); !taken(); ended = heard_.steps()) heard_.await_steps(ended + 1);
  }
  heard_.await_steps(100);
  EXPECT_GT(slot_->stats().rows_dropped, 0U);
  EXPECT_EQ(read_all().back()->fsn, 100U);
}

TEST_P(Quota, EverythingOnTheDiskCountsBesideTwoSegments) {  // I5
  options_.max_segment_bytes = 64 << 10;
  options_.max_total_bytes = 4 << 20;
  options_.append_deadline = std::chrono::milliseconds(0);
  open();
  EXPECT_EQ(code_of([&] {
              for (;;) append(1, 3000);
            }),
            ErrorCode::slot_full);
  if (!GetParam()) return;
  std::uint64_t held = 0;
  for (const auto& file : files("", "")) held += std::filesystem::is_regular_file(file) ? file_size(file) : 0;
  EXPECT_LE(held, options_.max_total_bytes + 2 * (128 << 10));
}

TEST_P(Quota, DropOldestNeedsNoDeadline) {
  options_.overflow = SlotOverflow::drop_oldest;
  options_.append_deadline = std::chrono::milliseconds(0);
  open();
  for (std::uint64_t n = 1; n <= 300; ++n) ASSERT_EQ(append(n, 20'000), n);
  EXPECT_GT(slot_->stats().rows_dropped, 0U);
}

class Measures : public SlotTest {};

TEST_F(Measures, RowsAreThoseOfTheFramesThatAreNotTrimmed) {
  constexpr Fsn kEnd = 801;
  options_.max_segment_bytes = 64 << 10;
  options_.max_memory_bytes = 50'000;  // some of the newest are in memory
  open();
  std::vector<std::uint64_t> rows_below{0, 0};
  for (Fsn fsn = 1; fsn < kEnd; ++fsn) {
    const Rows rows = rows_for(fsn);
    append(rows);
    rows_below.push_back(rows_below.back() + rows.lengths.size());
  }
  const auto rows_from = [&](Fsn fsn) { return rows_below.at(kEnd) - rows_below.at(fsn); };
  EXPECT_EQ(slot_->stats().rows, rows_from(1));
  ASSERT_GE(files("seg-", ".db").size(), 3U);
  Fsn trimmed = 1;
  const auto send = [&](Fsn limit) {
    for (Fsn next = trimmed; next < limit;) {
      next = slot_->read(next, 10'000, 50).back()->fsn + 1;
      // It reads ahead of what is acknowledged.
      while (trimmed + 5 < next) {
        slot_->trim(++trimmed);
        ASSERT_EQ(slot_->stats().rows, rows_from(trimmed)) << "below " << trimmed;
      }
    }
  };
  send(100);
  open();
  EXPECT_EQ(slot_->stats().rows, rows_from(trimmed)) << "known before anything is read";
  send(kEnd);
  slot_->trim(kEnd);
  EXPECT_EQ(slot_->stats().rows, 0U);
  open();
  EXPECT_EQ(slot_->stats().rows, 0U);
}

TEST_F(Measures, MarksAreBoundedAndSpeakForWhatIsBehindThem) {
  constexpr Fsn kFrames = 5 * ReadMarks::kMax;
  ReadMarks marks;
  for (Fsn fsn = 1; fsn <= kFrames; ++fsn) {
    marks.note(fsn, {3 * fsn, 0});
    ASSERT_TRUE(marks.find(fsn)) << "reading goes on there";
  }
  std::uint64_t known = 0, before = 0;
  for (Fsn fsn = 1; fsn <= kFrames; ++fsn) {
    marks.drop_below(fsn);
    const auto mark = marks.find_at_or_below(fsn);
    ASSERT_TRUE(mark);
    EXPECT_LE(mark->rows_before, 3 * fsn);
    ASSERT_GE(mark->rows_before + 3 * 16, 3 * fsn) << "they lie close together";
    known += mark->rows_before != before;
    before = mark->rows_before;
  }
  EXPECT_LE(known, ReadMarks::kMax);
  EXPECT_GT(known, ReadMarks::kMax / 4);
}

TEST_F(Measures, OldestFrameIsDatedFromMemoryAndFromTheDisk) {
  options_.max_memory_bytes = 0;
  open();
  EXPECT_EQ(slot_->stats().oldest_wall_nanos, 0);
  append(1);
  append(2);
  EXPECT_EQ(slot_->stats().oldest_wall_nanos, 0) << "not read yet, so unknown";
  read_all();
  EXPECT_EQ(slot_->stats().oldest_wall_nanos, clock_.wall_nanos());
  slot_->trim(3);
  EXPECT_EQ(slot_->stats().oldest_wall_nanos, 0);
  options_.max_memory_bytes = 1 << 20;
  open();
  append(3);
  EXPECT_EQ(slot_->stats().oldest_wall_nanos, clock_.wall_nanos());
}

TEST_F(Measures, SyncsAndDeadLettersAreCounted) {
  options_.durability = SlotDurability::append;
  open();
  append(1);
  append(2);
  EXPECT_EQ(slot_->stats().syncs, 2U);
  DeadLetter letter;
  letter.payload = "bad\n";
  slot_->bury(letter);
  EXPECT_EQ(slot_->stats().dead_letters, 1U);
  EXPECT_GT(slot_->stats().dead_letter_bytes, 0U);
}

TEST_F(Measures, PublishedStatsAreReplacedWholeAndGoWithTheSlot) {
  open();
  const auto shown = [this] { return content_of(folder() / "stats.json"); };
  slot_->publish_stats(R"({"frames": 1, "hosts": ["a"]})");
  EXPECT_EQ(shown(), R"({"frames": 1, "hosts": ["a"]})");
  slot_->publish_stats("{}");
  EXPECT_EQ(shown(), "{}");
  EXPECT_TRUE(files("stats.json.", "").empty());
  slot_.reset();
  EXPECT_TRUE(files("stats.json", "").empty());
}

}  // namespace
}  // namespace questclient::buffer
