// Each call to the disk fails once: an append that threw appended nothing, one that returned is kept, and the
// slot goes on (I1, I2, I9, I11).
#include <cerrno>
#include <map>
#include <set>

#include "buffer/dead_letters.hpp"
#include "failing_disk.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

class Faults : public SlotTest {
 protected:
  ~Faults() override {
    disk_.heal();
    slot_.reset();
  }

  void append_and_note(std::uint64_t seed) {
    try {
      const Rows rows = rows_for(seed, 9000);
      const std::string position = "p" + std::to_string(seed);
      const Fsn fsn = slot_->append({rows.payload, rows.lengths, position});
      EXPECT_TRUE(kept_.emplace(fsn, seed).second) << "number " << fsn << " was given twice";
      position_ = position;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::slot_io) << error.what();
      ++refused_;
    }
  }
  void bury_and_note(Fsn fsn) {
    DeadLetter letter;
    letter.fsn = fsn;
    letter.payload = "refused\n";
    try {
      slot_->bury(letter);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::slot_io) << error.what();
      slot_->bury(letter);
    }
    buried_.insert(fsn);
  }
  void trim_to(Fsn below) {
    slot_->trim(below);
    trimmed_ = below;
  }
  void expect_exactly_what_was_kept() {
    std::map<Fsn, Rows> seen;
    std::map<std::pair<base::Uuid, Fsn>, Rows> named;
    Fsn before = 0;
    base::Uuid stream;
    for (const auto& frame : read_patiently()) {
      seen[frame->fsn] = rows_of(*frame);
      EXPECT_TRUE(named.emplace(std::pair(frame->stream, frame->fsn), rows_of(*frame)).second);
      if (frame->stream == stream) {
        EXPECT_EQ(frame->fsn, before + 1) << "no gap in a stream";
      }
      stream = frame->stream;
      before = frame->fsn;
    }
    kept_.erase(kept_.begin(), kept_.lower_bound(trimmed_));
    EXPECT_EQ(seen.size(), kept_.size());
    for (const auto& [fsn, seed] : kept_) {
      ASSERT_TRUE(seen.contains(fsn)) << "frame " << fsn;
      EXPECT_EQ(seen[fsn], rows_for(seed, 9000));
    }
    EXPECT_EQ(slot_->position(), position_);
    disk_.heal();  // the slot tries again; who looks from outside would be told of the failure
    std::set<Fsn> letters;
    for (const DeadLetter& letter : read_dead_letters(folder(), options_.key)) letters.insert(letter.fsn);
    EXPECT_EQ(letters, buried_);
    EXPECT_EQ(quarantined(), 0U);
  }
  /// The failure may hit the reader: it tries again.
  std::vector<base::FramePtr> read_patiently() {
    try {
      return read_all(trimmed_, 3000);
    } catch (const Error& error) {
      EXPECT_EQ(error.disposition(), Disposition::retrying) << error.what();
      return read_all(trimmed_, 3000);
    }
  }
  /// Appends with positions, over several segments, dead letters, trimming, closing.
  void work() {
    for (std::uint64_t seed = 0; seed < 4; ++seed) append_and_note(seed);
    bury_and_note(1);
    for (std::uint64_t seed = 4; seed < 8; ++seed) append_and_note(seed);
    trim_to(5);
    bury_and_note(2);
    append_and_note(8);
  }
  /// Fails operation number 0, 1, 2, ... of a run until none is reached any more; later on every third.
  void sweep(Operation operation, int error, SlotDurability durability) {
    int reached = 0;
    for (int after = 0; after < 1000; after += after < 40 ? 1 : 3) {
      std::filesystem::remove_all(folder());
      kept_.clear();
      buried_.clear();
      trimmed_ = 1;
      refused_ = 0;
      options_.durability = durability;
      options_.max_segment_bytes = 64 << 10;
      options_.max_memory_bytes = 0;
      open();
      disk_.fail(operation, after, error);
      work();
      EXPECT_EQ(refused_, 0) << "operation " << after << ": one failure is retried";
      expect_exactly_what_was_kept();
      slot_.reset();
      disk_.heal();
      const bool fired = disk_.fired();
      reached += fired ? 1 : 0;
      open();
      expect_exactly_what_was_kept();
      append_and_note(1000);
      expect_exactly_what_was_kept();
      slot_.reset();
      if (HasFailure()) FAIL() << "operation " << after;
      if (!fired) break;
    }
    EXPECT_GT(reached, 3);
  }

  FailingDisk disk_{root_};
  std::map<Fsn, std::uint64_t> kept_;
  std::set<Fsn> buried_;
  Fsn trimmed_ = 1;
  std::optional<std::string> position_;
  int refused_ = 0;
};

TEST_F(Faults, EveryWriteFailsOnceForLackOfSpace) {
  sweep(Operation::write, ENOSPC, SlotDurability::memory);
}

TEST_F(Faults, EveryWriteFailsOnceWithAnError) {
  sweep(Operation::write, EIO, SlotDurability::memory);
}

TEST_F(Faults, EveryWriteOfASyncedSlotFailsOnce) {
  sweep(Operation::write, EIO, SlotDurability::flush);
}

TEST_F(Faults, EveryWriteIsShortOnce) {
  sweep(Operation::short_write, 0, SlotDurability::append);
}

TEST_F(Faults, EverySyncFailsOnceAndItsSegmentIsRewritten) {
  sweep(Operation::sync, EIO, SlotDurability::flush);
}

TEST_F(Faults, EverySyncOfEveryFrameFailsOnce) {
  sweep(Operation::sync, EIO, SlotDurability::append);
}

TEST_F(Faults, EveryWriteOfAnEncryptedSlotFailsOnce) {
  options_.key = std::string(32, 'k');
  sweep(Operation::write, EIO, SlotDurability::flush);
}

TEST_F(Faults, EveryOpenFailsOnce) {
  sweep(Operation::open, EMFILE, SlotDurability::memory);
}

TEST_F(Faults, EveryRenameFailsOnce) {
  sweep(Operation::rename, EIO, SlotDurability::flush);
}

TEST_F(Faults, EveryRemovalFailsOnce) {
  sweep(Operation::remove, EIO, SlotDurability::flush);
}

TEST_F(Faults, FailedSyncRewritesTheFramesUnderTheirNumbersAndStream) {  // I2, I11
  options_.durability = SlotDurability::flush;
  options_.max_memory_bytes = 0;
  open();
  append_and_note(1);
  const auto before = slot_->read(1, 1, 1).front();
  disk_.fail(Operation::sync, 0, EIO, 1, true);
  append_and_note(2);
  EXPECT_EQ(refused_, 0);
  append_and_note(3);
  EXPECT_TRUE(slot_->take_damage().empty()) << "nothing is proven damaged";
  EXPECT_EQ(quarantined(), 0U);
  EXPECT_EQ(slot_->stats().io_errors, 1U);
  const auto frames = read_all(1, 1 << 20);
  ASSERT_EQ(frames.size(), 3U);
  for (const auto& frame : frames) EXPECT_EQ(frame->stream, before->stream);
  expect_exactly_what_was_kept();
  EXPECT_EQ(disk_.syncs_after_failure(), 0) << "the file whose sync failed is never synced again";
  open();
  expect_exactly_what_was_kept();
}

TEST_F(Faults, DiskThatCannotSyncRefusesAndKeepsWhatWasSyncedBefore) {
  options_.durability = SlotDurability::flush;
  options_.append_deadline = std::chrono::milliseconds(20);
  open();
  append_and_note(1);
  append_and_note(2);
  disk_.fail(Operation::sync, 0, EIO, 1'000'000);
  append_and_note(3);
  EXPECT_EQ(refused_, 1);
  disk_.heal();
  append_and_note(4);
  EXPECT_EQ(kept_.rbegin()->first, 3U);
  expect_exactly_what_was_kept();
  open();
  expect_exactly_what_was_kept();
}

TEST_F(Faults, ErrorsAreRetriedUntilTheDeadlineAndReportedOnce) {
  open_and_listen();
  append_and_note(1);
  disk_.fail(Operation::write, 0, ENOSPC, 3, true);
  append_and_note(2);
  EXPECT_EQ(refused_, 0);
  EXPECT_GE(slot_->stats().io_errors, 3U);
  const auto failures = heard_.events(SlotEvent::Kind::io_failed);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_NE(failures[0].message.find("full"), std::string::npos) << failures[0].message;
  EXPECT_EQ(heard_.events(SlotEvent::Kind::io_recovered).size(), 1U);
  expect_exactly_what_was_kept();
}

TEST_F(Faults, FailedSyncInTheBackgroundRewritesToo) {
  options_.durability = SlotDurability::periodic;
  options_.sync_interval = std::chrono::milliseconds(1);
  options_.max_memory_bytes = 0;
  open_and_listen();
  append_and_note(1);
  disk_.fail(Operation::sync, 0, EIO, 1, true);
  append_and_note(2);
  heard_.await(SlotEvent::Kind::io_failed, 1);
  append_and_note(3);
  expect_exactly_what_was_kept();
  EXPECT_EQ(disk_.syncs_after_failure(), 0);
  slot_.reset();
  open();
  expect_exactly_what_was_kept();
}

TEST_F(Faults, FullDiskRefusesUntilThereIsRoom) {
  options_.append_deadline = std::chrono::milliseconds(5);
  open();
  append_and_note(1);
  disk_.fail(Operation::write, 0, ENOSPC, 1'000'000, true);
  for (std::uint64_t seed = 2; seed < 12; ++seed) append_and_note(seed);
  EXPECT_EQ(refused_, 10);
  disk_.heal();
  append_and_note(20);
  EXPECT_EQ(kept_.rbegin()->first, 2U);
  expect_exactly_what_was_kept();
  EXPECT_EQ(slot_->read(1, 1 << 20, 10).size(), 2U) << "a full disk does not end the stream";
}

TEST_F(Faults, DeadLetterThatCannotBeSyncedIsAnError) {
  open();
  DeadLetter letter;
  letter.fsn = 1;
  disk_.fail(Operation::sync, 0, EIO, 100);
  EXPECT_EQ(code_of([&] { slot_->bury(letter); }), ErrorCode::slot_io);
  disk_.heal();
  bury_and_note(1);
  EXPECT_TRUE(slot_->take_damage().empty());
}

TEST_F(Faults, SlotThatCannotBeOpenedOpensLater) {
  open();
  append_and_note(1);
  slot_.reset();
  disk_.fail(Operation::open, 0, EMFILE, 1000);
  EXPECT_THROW(open(), Error);
  disk_.heal();
  open();
  EXPECT_TRUE(report_.damage.empty());
  expect_exactly_what_was_kept();
}

}  // namespace
}  // namespace questclient::buffer
