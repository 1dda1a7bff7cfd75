// Checking and exporting a slot from outside, and finding slots that nobody holds.
#include <functional>
#include <map>
#include <stdexcept>

#include <questclient/slot.hpp>

#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

constexpr std::size_t kFrameBytes = 5000;
constexpr std::uint64_t kFramesVerified = 50;

class Outside : public SlotTest {
 protected:
  Outside() { options_.max_segment_bytes = 64 << 10; }
  void fill() {
    open();
    for (std::uint64_t n = 1; n <= kFramesVerified; ++n) append(n, kFrameBytes);
  }
  std::map<Fsn, Rows> exported(SlotExport what = {}, SlotExported* result = nullptr) {
    std::map<Fsn, Rows> frames;
    const SlotExported done = export_slot(folder(), what, [&](const SlotFrame& frame) {
      frames[frame.fsn] = {std::string(frame.payload), {frame.row_lengths.begin(), frame.row_lengths.end()}};
    });
    if (result != nullptr) *result = done;
    return frames;
  }
};

TEST_F(Outside, ALiveSlotIsSoundAndUndisturbed) {
  fill();
  const SlotVerification found = verify_slot(folder());
  EXPECT_TRUE(found.sound());
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(found.frames, kFramesVerified);
  EXPECT_GT(found.segments, 3U);
  EXPECT_EQ(append(51), 51U);
  EXPECT_EQ(verify_slot(folder()).frames, kFramesVerified + 1);
}

TEST_F(Outside, AnEmptySlotIsSound) {
  open();
  EXPECT_TRUE(verify_slot(folder()).sound());
  EXPECT_TRUE(exported().empty());
  append(1);
  slot_->trim(2);
  slot_.reset();
  EXPECT_TRUE(verify_slot(folder()).sound());
  EXPECT_TRUE(exported().empty());
}

TEST_F(Outside, AFlippedByteIsFoundNamedAndLeftAsItIs) {
  fill();
  slot_.reset();
  const auto segment = describe_slot(folder()).segments.at(1);
  const auto log = files("seg-", ".db-wal").at(1);
  flip(log, end_of_rows_in(log, segment.first_fsn + 1, kFrameBytes));
  const SlotVerification found = verify_slot(folder());
  ASSERT_EQ(found.damage.size(), 1U);
  EXPECT_NE(found.damage[0].file.string().find("seg-"), std::string::npos);
  EXPECT_EQ(found.damage[0].frames_behind, segment.last_fsn - segment.first_fsn - 1);
  EXPECT_FALSE(found.sound());
  EXPECT_EQ(found.missing, (std::vector<FsnRange>{{segment.first_fsn + 1, segment.first_fsn + 1}}));
  EXPECT_EQ(found.frames, kFramesVerified - 1);
  EXPECT_EQ(quarantined(), 0U);
  EXPECT_EQ(verify_slot(folder()).missing, found.missing);

  SlotExported done;
  const auto frames = exported({}, &done);
  EXPECT_EQ(frames.size(), found.frames) << "what is good comes out";
  EXPECT_EQ(done.missing, found.missing);
  EXPECT_EQ(frames.at(kFramesVerified), rows_for(kFramesVerified, kFrameBytes));
}

TEST_F(Outside, AVanishedFileInTheMiddleIsMissingNumbers) {
  fill();
  slot_.reset();
  const auto segments = describe_slot(folder()).segments;
  ASSERT_GT(segments.size(), 3U);
  std::filesystem::remove(segments[1].path);
  std::filesystem::remove(segments[1].path.string() + "-wal");
  const SlotVerification found = verify_slot(folder());
  EXPECT_EQ(found.missing, (std::vector<FsnRange>{{segments[1].first_fsn, segments[1].last_fsn}}));
  EXPECT_FALSE(found.sound());
}

TEST_F(Outside, ExportGivesFramesAsTheyWereFlushed) {
  fill();
  const auto all = exported();
  ASSERT_EQ(all.size(), kFramesVerified);
  for (const auto& [fsn, rows] : all) EXPECT_EQ(rows, rows_for(fsn, kFrameBytes));
  SlotExport part;
  part.from = 12;
  part.to = 31;
  const auto some = exported(part);
  ASSERT_EQ(some.size(), 20U);
  EXPECT_EQ(some.begin()->first, 12U);
  part.to = 1000;
  EXPECT_EQ(exported(part).size(), kFramesVerified - 11) << "the end is the newest frame";
}

TEST_F(Outside, ExportBeginsBehindWhatIsTrimmed) {
  fill();
  slot_->trim(21);
  slot_.reset();
  EXPECT_EQ(exported().begin()->first, 21U);
  EXPECT_TRUE(verify_slot(folder()).missing.empty());
}

TEST_F(Outside, SegmentsThatTheSenderTrimsMeanwhileAreNoDamage) {
  fill();
  Fsn last = 0;
  const SlotExported done = export_slot(folder(), {}, [&](const SlotFrame& frame) {
    last = frame.fsn;
    if (frame.fsn != 1) return;
    slot_->trim(41);
    slot_.reset();  // the files are gone when this returns
  });
  EXPECT_EQ(last, kFramesVerified);
  EXPECT_LT(done.frames, kFramesVerified);
  EXPECT_TRUE(done.damage.empty());
  EXPECT_TRUE(done.missing.empty());
  EXPECT_TRUE(files("seg-", "-wal").size() <= describe_slot(folder()).segments.size());
}

TEST_F(Outside, WhatTheCallerThrowsPassesThroughAndProgressStops) {
  fill();
  EXPECT_THROW(export_slot(folder(), {}, [](const SlotFrame&) { throw std::out_of_range("mine"); }),
               std::out_of_range);
  int calls = 0;
  const SlotVerification stopped = verify_slot(folder(), {}, [&](const SlotProgress& progress) {
    EXPECT_LE(progress.bytes_done, progress.bytes_total);
    return ++calls < 2;
  });
  EXPECT_FALSE(stopped.complete);
  EXPECT_LT(stopped.frames, kFramesVerified);
}

TEST_F(Outside, AnEncryptedSlotNeedsItsKey) {
  options_.key = std::string(32, 'k');
  fill();
  EXPECT_EQ(code_of([&] { verify_slot(folder()); }), ErrorCode::slot_key);
  EXPECT_EQ(code_of([&] { verify_slot(folder(), std::string(32, 'x')); }), ErrorCode::slot_key);
  EXPECT_TRUE(verify_slot(folder(), options_.key).sound());
  SlotExport what;
  what.key = options_.key;
  EXPECT_EQ(exported(what).at(7), rows_for(7, kFrameBytes));
  EXPECT_EQ(inspect_slot(folder()).frames, kFramesVerified) << "numbers need no key";
  EXPECT_TRUE(describe_slot(folder()).segments.at(0).encrypted);
}

TEST_F(Outside, DescriptionNamesEverySegmentAndItsStream) {
  fill();
  const std::string rows = "t v=1i 1\n";
  const std::vector<std::uint32_t> lengths{static_cast<std::uint32_t>(rows.size())};
  slot_->append(AppendRows{rows, lengths, "offset 17", false});
  slot_->publish_stats(R"({"slot_max_bytes":77})");
  const SlotDetails details = describe_slot(folder());
  Fsn next = 1;
  for (const SegmentInfo& segment : details.segments) {
    EXPECT_EQ(segment.first_fsn, next);
    EXPECT_EQ(segment.stream, details.segments[0].stream);
    EXPECT_GT(segment.format, 0);
    EXPECT_FALSE(segment.encrypted);
    next = segment.last_fsn + 1;
  }
  EXPECT_EQ(next, kFramesVerified + 2);
  EXPECT_EQ(details.position, "offset 17");
}

TEST_F(Outside, OrphansAreSlotsWithFramesThatNobodyHolds) {
  for (const char* name : {"left", "empty", "mine", "also-left"}) {
    options_.sender_id = name;
    open();
    if (std::string(name) != "empty") append(1);
  }
  slot_.reset();
  options_.sender_id = "held";
  open();
  append(1);
  std::vector<std::string> names;
  for (const SlotInfo& slot : orphan_slots(root_, "mine")) names.push_back(slot.name);
  EXPECT_EQ(names, (std::vector<std::string>{"also-left", "left"}));
  EXPECT_EQ(code_of([&] { orphan_slots(root_ / "absent"); }), ErrorCode::slot_io);
}

}  // namespace
}  // namespace questclient::buffer
