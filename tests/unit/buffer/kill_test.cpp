// kill -9 between any two steps of a slot: what was acknowledged is there, and the position fits the rows
// (I1, I12).
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>

#include "base/file.hpp"
#include "failing_disk.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

constexpr const char* kFolder = "QUESTCLIENT_TEST_SLOT";
constexpr std::uint64_t kFramesUntilKilled = 60;
constexpr std::size_t kKilledBytes = 9000;

struct Step {
  const char* kill_point;
  int passage;
  std::uint64_t syncs_fail_from = 0;  ///< The sync of this frame or of one of the next five fails; 0: none.
};

std::string position_of(std::uint64_t frame) {
  return "p" + std::to_string(frame);
}
std::string position_behind(std::uint64_t frame) {
  return "q" + std::to_string(frame);
}

class KillSteps : public SlotTest, public testing::WithParamInterface<Step> {
 protected:
  KillSteps() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    options_.max_segment_bytes = 64 << 10;
    options_.max_memory_bytes = 0;
    options_.durability = SlotDurability::flush;
    // The program that is started anew to be killed makes a fixture of its own, but works in this one's
    // folder.
    if (::setenv(kFolder, root_.c_str(), 0) != 0) throw std::bad_alloc();
  }
  ~KillSteps() override { ::unsetenv(kFolder); }

  /// Writes down each acknowledgement after it was given.
  [[noreturn]] void work_until_killed() {
    std::filesystem::remove_all(root_);
    root_ = std::getenv(kFolder);
    options_.sf_dir = root_.string();
    ::setenv("QUESTCLIENT_KILL_POINT",
             (std::string(GetParam().kill_point) + ":" + std::to_string(GetParam().passage)).c_str(), 1);
    FailingDisk disk(root_);
    base::File acknowledged(root_ / "acknowledged", O_WRONLY | O_CREAT | O_APPEND);
    open();
    for (std::uint64_t n = 1; n <= kFramesUntilKilled; ++n) {
      if (n >= 20 && n < 26 && std::string_view(GetParam().kill_point) == "slot.rewritten")
        disk.fail(Operation::sync, 0, EIO, 1, true);
      const Rows rows = rows_for(n, kKilledBytes);
      slot_->append({rows.payload, rows.lengths, position_of(n), n % 4 == 0});
      acknowledged.write_all(position_of(n) + "\n");
      if (n % 5 == 0) {
        slot_->append({{}, {}, position_behind(n)});
        acknowledged.write_all(position_behind(n) + "\n");
      }
      if (n % 10 == 0) {
        slot_->read(n - 5, 1, 1);
        slot_->trim(n - 3);
      }
    }
    slot_.reset();
    std::exit(0);
  }
};

TEST_P(KillSteps, WhatWasAcknowledgedIsThereAndThePositionFits) {
  EXPECT_EXIT(work_until_killed(), testing::KilledBySignal(SIGKILL), "");
  std::string position;
  std::uint64_t last = 0;
  std::ifstream acknowledged(root_ / "acknowledged");
  for (std::string line; std::getline(acknowledged, line);) {
    position = line;
    last = std::stoull(line.substr(1));
  }
  open();
  EXPECT_TRUE(report_.damage.empty());
  // One more may be committed and unreported.
  const Fsn newest = slot_->end() - 1;
  EXPECT_TRUE(newest == last || newest == last + 1) << newest << " after " << last;
  const auto frames = read_all();
  Fsn next = frames.empty() ? newest + 1 : frames.front()->fsn;
  EXPECT_LE(next, last < 3 ? 1 : last - 2) << "not more is missing than was trimmed";
  for (const auto& frame : frames) {
    ASSERT_EQ(frame->fsn, next++);
    EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, kKilledBytes));
  }
  EXPECT_EQ(next, newest + 1);
  EXPECT_TRUE(slot_->take_damage().empty());
  if (newest == last + 1) {
    EXPECT_EQ(slot_->position(), position_of(newest));
  } else if (last == 0) {
    EXPECT_EQ(slot_->position(), std::nullopt);
  } else {
    EXPECT_TRUE(slot_->position() == position || slot_->position() == position_behind(last))
        << slot_->position().value_or("none") << " after " << position;
  }
  EXPECT_EQ(quarantined(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Points, KillSteps,
                         testing::Values(Step{"slot.before_commit", 1}, Step{"slot.before_commit", 23},
                                         Step{"slot.after_commit", 1}, Step{"slot.after_commit", 6},
                                         Step{"slot.after_commit", 31}, Step{"slot.before_sync", 1},
                                         Step{"slot.before_sync", 27}, Step{"slot.after_rotate", 1},
                                         Step{"slot.after_rotate", 2}, Step{"slot.after_rotate", 5},
                                         Step{"slot.before_unlink", 1}, Step{"slot.before_unlink", 2},
                                         Step{"slot.before_unlink", 5}, Step{"slot.rewritten", 1, 20},
                                         Step{"slot.log_emptied", 1}, Step{"slot.log_emptied", 2},
                                         Step{"slot.log_emptied", 5}, Step{"slot.before_unlink", 1, 2},
                                         Step{"slot.before_unlink", 2, 2}),
                         [](const auto& step) {
                           std::string name = step.param.kill_point;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name + "_" + std::to_string(step.param.passage) +
                                  (step.param.syncs_fail_from == 0 ? "" : "_rewriting");
                         });

}  // namespace
}  // namespace questclient::buffer
