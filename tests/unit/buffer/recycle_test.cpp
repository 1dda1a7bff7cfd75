// Logs of trimmed segments are written over (I14): what they held before never shows, and nobody who still
// reads them is disturbed.
#include <fcntl.h>
#include <map>
#include <sys/stat.h>

#include "buffer/segment.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/wal_check.hpp"
#include "disk_calls.hpp"
#include "recording_disk.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

ino_t inode_of(const fs::path& file) {
  struct stat status {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
  return status.st_ino;
}

class Recycle : public SlotTest {
 protected:
  static constexpr std::size_t kBytes = 6000;

  Recycle() {
    options_.max_segment_bytes = 256 << 10;
    options_.max_memory_bytes = 0;
  }
  ~Recycle() override {
    slot_.reset();
    disk_.reset();
    pretend_reboot(false);
  }
  void record() { disk_.emplace(root_); }
  void append_next() {
    ++newest_;
    ASSERT_EQ(append(newest_, kBytes), newest_);
  }
  /// Until the newest segment is another one, with one frame.
  void append_until_rotated() {
    const fs::path newest = files("seg-", ".db").back();
    while (files("seg-", ".db").back() == newest) append_next();
  }
  fs::path newest_log() const { return files("seg-", ".db-wal").back(); }
  /// Trims all but the newest segment and waits until their files are gone.
  void trim_older() {
    slot_->trim(newest_);
    disk_->await([this] { return files("seg-", ".db").size() == 1 && files("spent-", "").empty(); });
  }
  /// On return the newest segment holds `frames` frames, in front of what its log held before.
  void begin_on_recycled_log(std::uint64_t frames) {
    record();
    open();
    append_until_rotated();
    trim_older();
    const ino_t spare = inode_of(spare_log());
    append_until_rotated();
    ASSERT_EQ(inode_of(newest_log()), spare);
    first_ = newest_;
    while (newest_ < first_ + frames - 1) append_next();
  }
  fs::path spare_log() const { return folder() / "spare.wal"; }
  /// Reads everything; each frame must be the one that was written under its number.
  std::map<Fsn, base::FramePtr> read_checked(Fsn from) {
    std::map<Fsn, base::FramePtr> seen;
    for (const auto& frame : read_all(from)) {
      EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, kBytes)) << "frame " << frame->fsn;
      EXPECT_TRUE(seen.emplace(frame->fsn, frame).second);
    }
    return seen;
  }
  void expect_all_from(Fsn first) {
    const auto seen = read_checked(first);
    EXPECT_EQ(seen.size(), newest_ - first + 1);
    EXPECT_EQ(slot_->end(), newest_ + 1);
    EXPECT_TRUE(report_.damage.empty());
    EXPECT_TRUE(slot_->take_damage().empty());
  }

  std::optional<RecordingDisk> disk_;
  Fsn newest_ = 0;
  Fsn first_ = 0;
};

TEST_F(Recycle, LogOfATrimmedSegmentBecomesThatOfTheNext) {
  record();
  open();
  append_until_rotated();
  std::size_t recycled = 0;
  for (int round = 0; round < 6; ++round) {
    trim_older();
    const ino_t spare = inode_of(spare_log());
    append_until_rotated();
    recycled += inode_of(newest_log()) == spare ? 1 : 0;
    append_next();
    EXPECT_EQ(read_checked(newest_ - 3).size(), 4U);
    EXPECT_FALSE(fs::exists(spare_log())) << "there is one at most, and it is in use";
  }
  EXPECT_EQ(recycled, 6U);
  const Fsn trimmed = slot_->stats().first;
  open();
  expect_all_from(trimmed);
}

TEST_F(Recycle, EncryptedSegmentsToo) {
  options_.key = std::string(32, 'k');
  begin_on_recycled_log(3);
  open();
  expect_all_from(first_);
}

TEST_F(Recycle, WhoeverReadsTheSegmentGoesOnReading) {
  record();
  open();
  append_until_rotated();
  SegmentReader outside(files("seg-", ".db").front());
  ASSERT_EQ(outside.read(1, newest_, 1, 1).size(), 1U);
  const ino_t read = inode_of(files("seg-", ".db-wal").front());
  trim_older();
  EXPECT_FALSE(fs::exists(spare_log()));
  append_until_rotated();
  EXPECT_NE(inode_of(newest_log()), read);
  Fsn next = 2;
  for (const auto& frame : outside.read(2, newest_, 1 << 20, 100)) {
    EXPECT_EQ(frame->fsn, next);
    EXPECT_EQ(rows_of(*frame), rows_for(next++, kBytes));
  }
  EXPECT_GT(next, 10U);
}

TEST_F(Recycle, RestOfAnEarlierUseIsNeitherRowNorDamage) {
  begin_on_recycled_log(2);
  slot_.reset();
  const fs::path log = newest_log();
  EXPECT_GT(fs::file_size(log), 100U << 10) << "the rest is there";
  EXPECT_FALSE(hides_commits(log));
  pretend_reboot(true);
  open();
  EXPECT_EQ(report_.unsynced_from, 0U);
  expect_all_from(first_);
}

TEST_F(Recycle, TornTailInFrontOfItIsCutOff) {
  begin_on_recycled_log(4);
  const std::string before = content_of(newest_log());
  append_next();
  slot_.reset();
  const std::string after = content_of(newest_log());
  ASSERT_EQ(before.size(), after.size());
  // The end of the last commit did not reach the disk: what the log held there before still stands.
  std::size_t end = after.size();
  while (before[end - 1] == after[end - 1]) --end;
  base::File(newest_log(), O_WRONLY).write_at(end - 4000, std::string_view(before).substr(end - 4000, 4000));
  --newest_;
  pretend_reboot(true);
  open();
  EXPECT_EQ(report_.unsynced_from, newest_ + 1);
  expect_all_from(first_);
  open();
  EXPECT_EQ(report_.unsynced_from, 0U) << "it is told once";
}

// No power was cut: what the last commit held was on the disk, and is gone.
TEST_F(Recycle, FlippedBitInTheLastCommitIsTold) {
  begin_on_recycled_log(4);
  slot_.reset();
  flip(newest_log(), end_of_rows_in(newest_log(), newest_, kBytes));
  open();
  ASSERT_EQ(report_.damage.size(), 1U);
  EXPECT_EQ(quarantined(), 1U);
  EXPECT_EQ(read_checked(first_).size(), 3U);
}

TEST_F(Recycle, FlippedBitCostsItsFrameAlone) {
  begin_on_recycled_log(6);
  slot_.reset();
  flip(newest_log(), end_of_rows_in(newest_log(), first_ + 2, kBytes));
  open();
  EXPECT_EQ(report_.damage.size(), 1U);
  const auto seen = read_checked(first_);
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_FALSE(seen.contains(first_ + 2));
  EXPECT_EQ(slot_->end(), newest_ + 1);
}

TEST_F(Recycle, DestroyedLogHeaderCostsNothing) {
  for (const std::uint64_t frames : {1, 2, 12}) {
    slot_.reset();
    fs::remove_all(folder());
    newest_ = 0;
    begin_on_recycled_log(frames);
    slot_.reset();
    disk_.reset();
    base::File(newest_log(), O_WRONLY).write_at(0, std::string(32, '\xAA'));
    open();
    EXPECT_EQ(report_.damage.size(), 1U);
    EXPECT_EQ(read_checked(first_).size(), frames);
    EXPECT_EQ(slot_->end(), newest_ + 1);
  }
}

TEST_F(Recycle, LogWithoutRowsOrDatabaseIsNoSegment) {
  begin_on_recycled_log(1);
  trim_older();
  const fs::path spare = spare_log();
  ASSERT_TRUE(fs::exists(spare));
  EXPECT_TRUE(is_unused_log(spare));
  EXPECT_FALSE(is_unused_log(newest_log()));
  const std::string content = content_of(spare);
  slot_.reset();
  EXPECT_FALSE(fs::exists(spare)) << "a closed slot keeps nothing that it does not need";
  // As a power cut leaves it that lost the name of the .db.
  const fs::path begun = folder() / "seg-00000000000000000999.db-wal";
  base::File(begun, O_WRONLY | O_CREAT).write_all(content);
  open();
  expect_all_from(first_);
  EXPECT_FALSE(fs::exists(begun));
}

// With durability `memory` a power cut can keep the new name of a log and lose that it was emptied.
TEST_F(Recycle, LogThatCameBackIsToldAndDeliversNothing) {
  begin_on_recycled_log(3);
  slot_.reset();
  disk_.reset();
  const fs::path last = files("seg-", ".db").back();
  const fs::path begun = folder() / "seg-00000000000000000999.db";
  create_segment_file(begun, nullptr);
  fs::copy_file(last.string() + "-wal", begun.string() + "-wal");
  open();
  EXPECT_EQ(read_checked(first_).size(), 3U);
  EXPECT_EQ(report_.damage.size(), 1U);
  EXPECT_EQ(slot_->end(), 999U);
  EXPECT_EQ(append(999, kBytes), 999U);
}

TEST_F(Recycle, DiskHoldsAtMostOneSegmentMoreThanTheQuota) {
  options_.max_total_bytes = 1 << 20;
  options_.overflow = SlotOverflow::drop_oldest;
  record();
  open();
  const auto on_disk = [this] {
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(folder()))
      if (!entry.path().string().ends_with("-shm")) bytes += size_or_zero(entry.path());  // or gone meanwhile
    return bytes;
  };
  for (int round = 0; round < 4; ++round) {
    append_until_rotated();
    trim_older();
  }
  ASSERT_TRUE(fs::exists(spare_log()));
  // Nobody takes rows any more.
  for (int n = 0; n < 300; ++n) {
    append_next();
    const std::uint64_t doomed = options_.max_segment_bytes;  // being removed
    EXPECT_LE(on_disk(), options_.max_total_bytes + options_.max_segment_bytes + doomed);
  }
  EXPECT_GT(slot_->stats().rows_dropped, 0U);
}

}  // namespace
}  // namespace questclient::buffer
