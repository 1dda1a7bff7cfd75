// Bytes that rot: nothing crashes, no bad frame is delivered, the file is set aside (I8).
#include <map>

#include <sqlite3.h>

#include "buffer/segment.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

class Damage : public SlotTest {
 protected:
  /// A backlog of `frames` in segments of 128 KiB, closed.
  void fill(std::uint64_t frames, std::size_t bytes = 6000) {
    bytes_ = bytes;
    options_.max_segment_bytes = 128 << 10;
    options_.max_memory_bytes = 0;
    open();
    for (std::uint64_t n = 1; n <= frames; ++n) ASSERT_EQ(append(n, bytes), n);
    slot_.reset();
  }
  /// Reads everything; each frame must be the one that was written under its number.
  std::map<Fsn, base::FramePtr> read_checked() {
    std::map<Fsn, base::FramePtr> seen;
    for (const auto& frame : read_all()) {
      EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, bytes_)) << "frame " << frame->fsn;
      EXPECT_TRUE(seen.emplace(frame->fsn, frame).second);
    }
    const auto later = slot_->take_damage();
    report_.damage.insert(report_.damage.end(), later.begin(), later.end());
    return seen;
  }

  std::size_t bytes_ = 0;
};

TEST_F(Damage, FlippedBitInThePayloadOfASealedSegmentCostsThatFrameAlone) {
  fill(40);
  const fs::path log = files("seg-", ".db-wal").at(1);
  // The last page of the log is a page of the last frame's payload or its leaf.
  flip(log, fs::file_size(log) / 2);
  open();
  EXPECT_TRUE(report_.damage.empty()) << "only the newest segment is looked at";  // I10
  const auto seen = read_checked();
  EXPECT_GE(seen.size(), 39U);
  ASSERT_EQ(report_.damage.size(), 1U);
  EXPECT_TRUE(fs::exists(report_.damage[0].file));
  EXPECT_EQ(quarantined(), 1U);
  const bool tells_loss = report_.damage[0].message.find("lost: frames") != std::string::npos;
  EXPECT_EQ(tells_loss, seen.size() == 39) << report_.damage[0].message;
  // The rescue is the new truth: nothing is reported again.
  open();
  EXPECT_TRUE(report_.damage.empty());
  EXPECT_EQ(read_checked().size(), seen.size());
  EXPECT_TRUE(report_.damage.empty());
  EXPECT_EQ(quarantined(), 1U);
}

TEST_F(Damage, FramesBehindAFlippedBitInTheNewestSegmentAreSaved) {
  options_.max_segment_bytes = 64 << 20;
  bytes_ = 20'000;
  open();
  const base::Uuid stream = [&] {
    for (std::uint64_t n = 1; n <= 30; ++n) append(n, bytes_);
    return slot_->read(1, 1, 1).front()->stream;
  }();
  slot_.reset();
  const fs::path log = files("seg-", ".db-wal").front();
  flip(log, end_of_rows_in(log, 8, bytes_));
  open();
  ASSERT_EQ(report_.damage.size(), 1U);
  EXPECT_NE(report_.damage[0].message.find("Saved: frames 1-7, 9-30; lost: frames 8"), std::string::npos)
      << report_.damage[0].message;
  EXPECT_EQ(slot_->end(), 31U);
  const auto seen = read_checked();
  EXPECT_EQ(seen.size(), 29U);
  EXPECT_FALSE(seen.contains(8));
  for (const auto& [fsn, frame] : seen) EXPECT_EQ(frame->stream, stream);
}

TEST_F(Damage, TornTailIsCutOff) {
  fill(10);
  const fs::path log = files("seg-", ".db-wal").back();
  const auto intact = fs::file_size(log);
  fs::resize_file(log, intact - 100);
  open();
  EXPECT_TRUE(report_.damage.empty());
  const auto seen = read_checked();
  EXPECT_EQ(seen.size(), 9U);
  EXPECT_EQ(slot_->end(), 10U);
  EXPECT_EQ(append(10, bytes_), 10U);
  EXPECT_EQ(read_checked().at(10)->stream_first, 10U);
  EXPECT_TRUE(report_.damage.empty());
}

TEST_F(Damage, LostDatabaseFileIsRebuiltFromItsLog) {
  fill(40);
  fs::remove(files("seg-", ".db").at(1));
  fs::resize_file(files("seg-", ".db").at(1), 0);  // the third one
  open();
  EXPECT_EQ(read_checked().size(), 40U);
  EXPECT_EQ(report_.damage.size(), 2U);
  EXPECT_GE(quarantined(), 1U);
}

TEST_F(Damage, CutOffLogOfASealedSegmentLosesItsEndAloneAndSaysSo) {
  fill(60);
  const fs::path log = files("seg-", ".db-wal").at(1);
  fs::resize_file(log, fs::file_size(log) / 2);
  open();
  const auto seen = read_checked();
  EXPECT_LT(seen.size(), 60U);
  EXPECT_GT(seen.size(), 40U);
  EXPECT_TRUE(seen.contains(60));
  ASSERT_EQ(report_.damage.size(), 1U);
  EXPECT_NE(report_.damage[0].message.find("lost: frames"), std::string::npos);
}

TEST_F(Damage, SegmentFoldedIntoItsDatabaseByAShellIsStillRead) {
  fill(40);
  for (const auto& database : files("seg-", ".db")) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(database.c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
  }
  flip(files("seg-", ".db").at(1), 5 * kPageBytes + 4000);
  open();
  EXPECT_GE(read_checked().size(), 39U);
}

TEST_F(Damage, NewestSegmentRottenUnderARunningProducerIsReplaced) {
  options_.max_memory_bytes = 0;
  bytes_ = 20'000;
  open();
  for (std::uint64_t n = 1; n <= 12; ++n) append(n, bytes_);
  const fs::path log = files("seg-", ".db-wal").front();
  flip(log, end_of_rows_in(log, 6, bytes_));
  const auto seen = read_checked();
  EXPECT_EQ(seen.size(), 11U);
  EXPECT_FALSE(seen.contains(6));
  EXPECT_EQ(report_.damage.size(), 1U);
  EXPECT_EQ(append(13, bytes_), 13U);
  EXPECT_TRUE(read_checked().contains(13));
}

TEST_F(Damage, DamagedDeadLettersAreSetAside) {
  open();
  DeadLetter letter;
  letter.fsn = 1;
  letter.payload = "x\n";
  slot_->bury(letter);
  slot_.reset();
  for (std::uint64_t at = 0; at < 200; ++at) flip(folder() / "dead.db", at);
  open();
  slot_->bury(letter);
  EXPECT_EQ(report_.damage.size() + slot_->take_damage().size(), 1U);
  EXPECT_EQ(quarantined(), 1U);
}

/// Flips or cuts at random, many times over: the only promise that holds for all of it.
class RandomDamage : public Damage, public testing::WithParamInterface<int> {};

TEST_P(RandomDamage, NeverDeliversABadFrameAndNeverCrashes) {
  fill(30, 5000);
  base::SeededRandom random(static_cast<std::uint64_t>(GetParam()));
  std::vector<fs::path> targets = files("seg-", ".db");
  const auto logs = files("seg-", ".db-wal");
  targets.insert(targets.end(), logs.begin(), logs.end());
  const int wounds = 1 + static_cast<int>(random.below(4));
  for (int wound = 0; wound < wounds; ++wound) {
    const fs::path& file = targets[random.below(targets.size())];
    const auto size = fs::file_size(file);
    if (size == 0) continue;
    switch (random.below(4)) {
      case 0:
        fs::resize_file(file, random.below(size));
        break;
      case 1:
        for (int n = 0; n < 50; ++n) flip(file, random.below(size), static_cast<char>(1 + random.below(255)));
        break;
      default:
        flip(file, random.below(size), static_cast<char>(1 << random.below(8)));
    }
  }
  std::map<Fsn, base::FramePtr> before;
  for (int opening = 0; opening < 2; ++opening) {
    open();
    const auto seen = read_checked();
    if (opening == 1) {
      EXPECT_EQ(seen.size(), before.size()) << "the second opening sees what the first left";
    }
    before = seen;
    if (opening == 0 && seen.size() + 1 < slot_->end()) {
      EXPECT_FALSE(report_.damage.empty()) << "loss in the middle is reported";
    }
  }
  const Fsn next = slot_->end();
  EXPECT_EQ(append(next, 5000), next);
  EXPECT_TRUE(read_checked().contains(next));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDamage, testing::Range(0, 60));

TEST_F(Damage, FlippedBitInTheFormatIsNoNewerRelease) {
  constexpr std::uint64_t kUserVersionAt = 60;  // big-endian, 4 bytes
  open();
  append(1);
  open();
  slot_.reset();
  // Its row is in the .db, and no newer page is in a log.
  flip(files("seg-", ".db").back(), kUserVersionAt + 3);
  open();
  EXPECT_EQ(report_.damage.size(), 1U);
  EXPECT_EQ(quarantined(), 1U);
  EXPECT_EQ(append(2), 2U);
  EXPECT_EQ(read_all().size(), 2U);
}

}  // namespace
}  // namespace questclient::buffer
