// Power cuts between any two steps of what a slot does with its files: opening, rescue, rewriting, retrying.
#include <cerrno>
#include <functional>
#include <map>
#include <set>

#include <questclient/slot.hpp>

#include "failing_disk.hpp"
#include "power_loss_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

class PowerLossSteps : public PowerLossTest {
 protected:
  PowerLossSteps() {
    instants_per_state_ = 1;
    options_.max_memory_bytes = 0;
  }
  /// Takes several outcomes of each instant of `work`, and gives each, laid out, to `check`.
  void cut_each_instant(const std::function<void()>& work, const std::function<void()>& check,
                        int outcomes = 4) {
    std::vector<RecordingDisk::Left> states;
    RecordingDisk disk(root_ / "disk", random_.next());
    std::mutex mutex;
    const auto take = [&] {
      const std::lock_guard<std::mutex> lock(mutex);
      for (int n = 0; n < outcomes; ++n) states.push_back(disk.cut());
    };
    disk.at_each_instant(take);
    work();
    take();
    slot_.reset();
    listen_to_disk(nullptr, {});
    const std::string before = options_.sf_dir;
    options_.sf_dir = (root_ / "left" / "slots").string();
    for (const RecordingDisk::Left& left : states) {
      lay_out(left, root_ / "left");
      check();
      slot_.reset();
      if (!HasFailure()) continue;
      std::string files;
      for (const auto& [path, content] : left) files += path + "=" + std::to_string(content.size()) + " ";
      FAIL() << "left: " << files;
    }
    EXPECT_GT(states.size(), 20U);
    options_.sf_dir = before;
  }
  std::map<Fsn, base::FramePtr> frames() {
    std::map<Fsn, base::FramePtr> seen;
    for (const auto& frame : read_all()) {
      EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, kBytes));
      seen[frame->fsn] = frame;
    }
    return seen;
  }
  void append_frames(Fsn first, Fsn last) {
    for (Fsn fsn = first; fsn <= last; ++fsn) {
      const Rows rows = rows_for(fsn, kBytes);
      slot_->append({rows.payload, rows.lengths, position_of(fsn)});
    }
  }
};

TEST_F(PowerLossSteps, NumbersAndPositionGoOnOverOpeningsOfADrainedSlot) {  // I2, I12
  options_.durability = SlotDurability::append;
  open();
  append_frames(1, 9);
  slot_->trim(10);
  slot_.reset();
  cut_each_instant(
      [this] {
        for (int opening = 0; opening < 3; ++opening) open();
      },
      [this] {
        open();
        EXPECT_TRUE(report_.damage.empty());
        EXPECT_EQ(slot_->end(), 10U);
        EXPECT_EQ(slot_->position(), position_of(9));
      });
}

TEST_F(PowerLossSteps, RescueOfTheNewestSegmentLosesNoGoodFrame) {  // I8
  options_.max_segment_bytes = 1 << 20;
  open();
  append_frames(1, 12);
  const base::Uuid stream = slot_->read(1, 1, 1).front()->stream;
  slot_.reset();
  const fs::path log = files("seg-", ".db-wal").back();
  flip(log, end_of_rows_in(log, 5, kBytes));
  cut_each_instant([this] { open(); },
                   [&] {
                     open();
                     const auto seen = frames();
                     for (Fsn fsn = 1; fsn <= 12; ++fsn) EXPECT_TRUE(fsn == 5 || seen.contains(fsn)) << fsn;
                     for (const auto& [fsn, frame] : seen) EXPECT_EQ(frame->stream, stream) << fsn;
                     EXPECT_EQ(slot_->end(), 13U);
                   });
}

TEST_F(PowerLossSteps, RescueOfAnOlderSegmentUnderAReader) {  // I8
  open();
  append_frames(1, 16);
  slot_.reset();
  const fs::path log = files("seg-", ".db-wal").at(1);
  const SlotDetails details = describe_slot(folder());
  const Fsn damaged = details.segments.at(1).first_fsn;
  flip(log, end_of_rows_in(log, damaged, kBytes));
  cut_each_instant(
      [this] {
        open();
        read_all();
      },
      [&] {
        open();
        const auto seen = frames();
        for (Fsn fsn = 1; fsn <= 16; ++fsn) EXPECT_TRUE(fsn == damaged || seen.contains(fsn)) << fsn;
      },
      2);
}

TEST_F(PowerLossSteps, RewritingAfterAFailedSyncKeepsWhatWasPromised) {  // I1, I11
  options_.durability = SlotDurability::append;
  for (int failing = 0; failing < 8; ++failing) {
    fs::remove_all(folder());
    promise([](Promise& now) { now = {}; });
    record();
    open();
    {
      FailingDisk disk(root_ / "disk", &*disk_);
      disk.fail(Operation::sync, failing, EIO, 1, true);
      for (int n = 0; n < 9; ++n) append_next();
      slot_.reset();
    }
    stop_recording();
    expect_nothing_wrong();
    if (HasFailure()) FAIL() << "sync " << failing;
  }
  EXPECT_GT(states_, 100U);
}

TEST_F(PowerLossSteps, RetriedLetterIsInTheSlotOrAmongTheLetters) {  // I13
  open();
  append_frames(1, 2);
  for (Fsn fsn = 1; fsn <= 3; ++fsn) {
    DeadLetter letter = letter_of(fsn);
    slot_->bury(letter);
  }
  slot_.reset();
  cut_each_instant([this] { retry_dead_letters(folder(), {}); },
                   [this] {
                     open();
                     EXPECT_TRUE(report_.damage.empty());
                     const auto rows = rows_and_letters(3);
                     std::multiset<std::string> expected;
                     for (Fsn fsn = 1; fsn <= 3; ++fsn) expected.insert(letter_of(fsn).payload);
                     EXPECT_EQ(rows, expected);
                   });
}

}  // namespace
}  // namespace questclient::buffer
