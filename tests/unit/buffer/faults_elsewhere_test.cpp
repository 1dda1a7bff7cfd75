// Each call to the disk fails once while a slot is opened, rescued, or takes dead letters back; and a disk
// that is full.
#include <cerrno>
#include <csignal>
#include <functional>
#include <map>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>

#include <questclient/slot.hpp>

#include "failing_disk.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFaultedBytes = 9000;

struct Fault {
  const char* name;
  Operation operation;
  int error;
};

class FaultsElsewhere : public SlotTest, public testing::WithParamInterface<Fault> {
 protected:
  FaultsElsewhere() {
    options_.max_segment_bytes = 64 << 10;
    options_.max_memory_bytes = 0;
  }
  void fill(std::uint64_t frames) {
    open();
    for (std::uint64_t n = 1; n <= frames; ++n) {
      const Rows rows = rows_for(n, kFaultedBytes);
      slot_->append({rows.payload, rows.lengths, "p" + std::to_string(n)});
    }
  }
  void bury(Fsn fsn) {
    DeadLetter letter;
    letter.fsn = fsn;
    letter.payload = "t v=" + std::to_string(fsn) + "i 1\n";
    slot_->bury(letter);
  }
  /// From the same slot each time: call number 0, 1, 2, ... of `work` fails, until it makes no more.
  void sweep(const std::function<void()>& work, const std::function<void()>& check) {
    slot_.reset();
    const fs::path before = root_ / "before";
    fs::copy(folder(), before, fs::copy_options::recursive);
    for (int after = 0; after < 1000; ++after) {
      fs::remove_all(folder());
      fs::copy(before, folder(), fs::copy_options::recursive);
      FailingDisk disk(folder());
      disk.fail(GetParam().operation, after, GetParam().error);
      try {
        work();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::slot_io) << error.what();
      }
      slot_.reset();
      disk.heal();
      open();
      check();
      slot_.reset();
      if (HasFailure()) FAIL() << GetParam().name << " number " << after;
      if (!disk.fired()) {
        EXPECT_GT(after, 0);
        return;
      }
    }
    FAIL() << "no end of calls";
  }
  std::map<Fsn, Rows> frames() {
    std::map<Fsn, Rows> seen;
    for (const auto& frame : read_all()) seen[frame->fsn] = rows_of(*frame);
    return seen;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Faults, FaultsElsewhere,
    testing::Values(Fault{"WriteFull", Operation::write, ENOSPC}, Fault{"WriteError", Operation::write, EIO},
                    Fault{"ShortWrite", Operation::short_write, 0}, Fault{"Sync", Operation::sync, EIO},
                    Fault{"Open", Operation::open, EMFILE}, Fault{"Rename", Operation::rename, EIO},
                    Fault{"Remove", Operation::remove, EIO}),
    [](const auto& fault) { return fault.param.name; });

TEST_P(FaultsElsewhere, OpeningFailsOrSucceedsAndLosesNothing) {
  fill(8);
  slot_->trim(4);
  bury(1);
  sweep([this] { open(); },
        [this] {
          EXPECT_TRUE(report_.damage.empty()) << report_.damage.front().message;
          const auto seen = frames();
          for (Fsn fsn = 4; fsn <= 8; ++fsn) {
            ASSERT_TRUE(seen.contains(fsn)) << fsn;
            EXPECT_EQ(seen.at(fsn), rows_for(fsn, kFaultedBytes));
          }
          EXPECT_EQ(slot_->position(), "p8");
          EXPECT_EQ(slot_->end(), 9U);
          EXPECT_EQ(slot_->stats().dead_letters, 1U);
        });
}

TEST_P(FaultsElsewhere, RescueIsRepeatedUntilItSucceeds) {  // I8
  options_.max_segment_bytes = 1 << 20;
  fill(8);
  slot_.reset();
  const fs::path log = files("seg-", ".db-wal").back();
  flip(log, end_of_rows_in(log, 3, kFaultedBytes));
  sweep([this] { open(); },
        [this] {
          const auto seen = frames();
          EXPECT_EQ(seen.size(), 7U);
          EXPECT_FALSE(seen.contains(3));
          for (const auto& [fsn, rows] : seen) EXPECT_EQ(rows, rows_for(fsn, kFaultedBytes));
          EXPECT_EQ(slot_->end(), 9U);
          EXPECT_GE(quarantined(), 1U);
        });
}

TEST_P(FaultsElsewhere, RetriedLetterIsInTheSlotOrAmongTheLetters) {  // I13
  fill(2);
  for (Fsn fsn = 1; fsn <= 3; ++fsn) bury(fsn);
  sweep([this] { retry_dead_letters(folder(), {}); },
        [this] {
          const auto rows = rows_and_letters(3);
          EXPECT_EQ(rows, (std::multiset<std::string>{"t v=1i 1\n", "t v=2i 1\n", "t v=3i 1\n"}));
        });
}

class FullDisk : public SlotTest {
 protected:
  FullDisk() {
    options_.max_segment_bytes = 64 << 10;
    options_.max_memory_bytes = 0;
    options_.append_deadline = std::chrono::milliseconds(20);
  }
  ~FullDisk() override { slot_.reset(); }
  /// Appends until the disk refuses; returns the last frame.
  Fsn fill_up() {
    for (Fsn last = slot_->end() - 1;; ++last) {
      const Rows rows = rows_for(last + 1, kFaultedBytes);
      try {
        EXPECT_EQ(slot_->append({rows.payload, rows.lengths, "p" + std::to_string(last + 1)}), last + 1);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::slot_io) << error.what();
        return last;
      }
    }
  }
  /// Each attempt waits for its deadline; the room is made by another thread.
  void append_when_there_is_room(Fsn next) {
    for (int attempt = 0; attempt < 1000; ++attempt) {
      try {
        const Rows rows = rows_for(next, kFaultedBytes);
        ASSERT_EQ(slot_->append({rows.payload, rows.lengths, "p" + std::to_string(next)}), next);
        return;
      } catch (const Error& still) {
        ASSERT_EQ(still.code(), ErrorCode::slot_io);
      }
    }
    FAIL() << "no room was made";
  }
  void expect_frames(Fsn first, Fsn last) {
    const auto all = read_all(first);
    ASSERT_EQ(all.size(), last + 1 - first);
    for (const auto& frame : all) EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, kFaultedBytes));
    EXPECT_EQ(slot_->position(), "p" + std::to_string(last));
  }

  FailingDisk disk_{root_};
};

TEST_F(FullDisk, RefusesKeepsWhatItHasAndGoesOnWhenTrimmingMakesRoom) {  // I4: removing needs no space
  for (const std::uint64_t room : {600'000, 607'777, 623'333, 631'111}) {
    fs::remove_all(folder());
    open();
    disk_.hold_at_most(room);
    const Fsn last = fill_up();
    EXPECT_GT(last, 8U);
    expect_frames(1, last);
    slot_->trim(last - 1);
    append_when_there_is_room(last + 1);
    expect_frames(last - 1, last + 1);
    open();
    expect_frames(last - 1, last + 1);
    slot_.reset();
    disk_.heal();
  }
}

TEST_F(FullDisk, OpensWhenThereIsRoomAgain) {
  open();
  for (Fsn n = 1; n <= 6; ++n) append(n, kFaultedBytes);
  slot_.reset();
  disk_.hold_at_most(disk_.held() + 5000);
  EXPECT_EQ(code_of([this] { open(); }), ErrorCode::slot_io);
  disk_.hold_at_most(disk_.held() + (128 << 10));  // as docs/buffer.md says
  open();
  EXPECT_TRUE(report_.damage.empty());
  EXPECT_EQ(read_all().size(), 6U);
}

// What an earlier process left is open nowhere: not even its index may need room, or nothing ever made any.
TEST_F(FullDisk, WithoutAByteOfRoomABacklogIsReadAndTrimmed) {
  open();
  for (Fsn n = 1; n <= 60; ++n) append(n, kFaultedBytes);
  open();
  ASSERT_GT(files("seg-", ".db").size(), 4U);
  disk_.hold_at_most(0);
  const auto all = read_all();
  ASSERT_EQ(all.size(), 60U);
  for (const auto& frame : all) EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, kFaultedBytes));
  EXPECT_EQ(code_of([this] { append(61, kFaultedBytes); }), ErrorCode::slot_io);
  disk_.hold_at_most(disk_.held());
  slot_->trim(60);
  append_when_there_is_room(61);
  expect_frames(60, 61);
}

// No file can be made either: every open fails, those of SQLite's shared index too.
TEST_F(FullDisk, OpensThatFailDelayReadingAndNoMore) {
  open();
  for (Fsn n = 1; n <= 20; ++n) append(n, kFaultedBytes);
  for (int after = 0;; ++after) {
    open();
    disk_.fail(Operation::open, after, ENOSPC);
    std::size_t read = 0;
    for (int attempt = 0; read != 20 && attempt < 3; ++attempt) {
      try {
        read = read_all().size();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::slot_io) << error.what();
      }
    }
    EXPECT_EQ(read, 20U) << after;
    if (!disk_.fired()) break;
    disk_.heal();
  }
}

TEST_F(FullDisk, FileThatMayGrowNoFurtherEndsItsSegmentAndNothingElse) {
  // The limit is the process's: a child takes it.
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    options_.max_segment_bytes = 1 << 20;
    options_.append_deadline = std::chrono::hours(1);
    open();
    const rlimit limit{200'000, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
    for (Fsn next = 1; next <= 60; ++next) {
      const Rows rows = rows_for(next, kFaultedBytes);
      if (slot_->append({rows.payload, rows.lengths, "p" + std::to_string(next)}) != next) ::_exit(3);
    }
    expect_frames(1, 60);
    open();
    expect_frames(1, 60);
    ::_exit(HasFailure() || files("seg-", ".db").size() < 3 ? 1 : 0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace questclient::buffer
