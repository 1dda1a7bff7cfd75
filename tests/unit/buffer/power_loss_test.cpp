// Power cuts: what was not synced may be gone, sector by sector and name by name. Each level of durability
// keeps what it promises.
#include <array>

#include "buffer/wal_format.hpp"
#include "power_loss_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

class PowerLoss : public PowerLossTest {
 protected:
  /// A producer's life with automatic flushes, dead letters, trimming and a restart.
  void live(SlotDurability durability, int rounds) {
    options_.durability = durability;
    options_.sync_interval = std::chrono::milliseconds(10);
    for (int round = 0; round < rounds; ++round) {
      fs::remove_all(root_ / "disk" / "slots");
      promise([](Promise& now) { now = {}; });
      record();
      if (lies_) disk_->ignore_directory_syncs();
      open();
      for (int step = 0; step < 14; ++step) one_step(step);
      stop_recording();
      for (std::string& problem : look_at_states()) problems_.push_back(std::move(problem));
      if (problems_.size() > 10) return;
    }
  }
  void one_step(int step) {
    Fsn newest = 0;
    for (std::uint64_t left = 1 + random_.below(6); left > 0; --left)
      newest = append_next(random_.below(3) != 0);
    if (options_.durability == SlotDurability::periodic && random_.below(2) == 0) {
      disk_->await([this] { return disk_->is_synced(files("seg-", ".db-wal").back()); });
      promise([&](Promise& now) { now.kept = newest; });
    }
    if (step % 5 == 2) bury_next();
    if (step == 5) trim_to(newest / 2);
    if (step == 9) {
      open();
      // The close has synced everything.
      if (options_.durability != SlotDurability::memory && !lies_)
        promise([&](Promise& now) { now.kept = newest; });
    }
    if (step == 10) trim_to(newest + 1);
    cut();
  }
  void trim_to(Fsn below) {
    promise([&](Promise& now) { now.trimmed = below; });
    slot_->trim(below);
    disk_->await([&] {
      const auto segments = files("seg-", ".db");
      return files("spent-", "").empty() && (segments.size() < 2 || first_of(segments[1]) > below);
    });
  }
  static bool is_recycled(const fs::path& log) { return LogFile(log).is_recycled(); }
  static Fsn first_of(const fs::path& segment) { return std::stoull(segment.stem().string().substr(4)); }
  void expect_promise_kept(SlotDurability durability, int rounds = 4) {
    live(durability, rounds);
    for (const std::string& problem : problems_) ADD_FAILURE() << problem;
    EXPECT_GT(states_, static_cast<std::size_t>(20 * rounds));
  }

  bool lies_ = false;
  std::vector<std::string> problems_;
};

TEST_F(PowerLoss, AppendKeepsEveryFrame) {
  expect_promise_kept(SlotDurability::append);
}

TEST_F(PowerLoss, FlushKeepsEveryFlushAndWhatCameBeforeIt) {
  expect_promise_kept(SlotDurability::flush);
  EXPECT_GT(lost_, 0U) << "automatic flushes behind the newest flush do not wait";
}

TEST_F(PowerLoss, FlushOfAnEncryptedSlotKeepsTheSame) {
  options_.key = std::string(32, 'k');
  expect_promise_kept(SlotDurability::flush, 3);
}

TEST_F(PowerLoss, PeriodicKeepsWhatTheBackgroundSynced) {
  expect_promise_kept(SlotDurability::periodic);
}

TEST_F(PowerLoss, MemoryLosesWhatWasNotSyncedAndDeliversNothingElse) {
  expect_promise_kept(SlotDurability::memory, 3);
  EXPECT_GT(lost_, 10U) << "the control: unless cuts lose frames here, the other levels prove nothing";
}

std::string name_of(SlotDurability durability) {
  static constexpr std::array kNames{"memory", "periodic", "flush", "append"};
  return kNames.at(static_cast<std::size_t>(durability));
}

// I14: segments are trimmed so fast that most are written over the log of an earlier one.
class PowerLossRecycled : public PowerLoss, public testing::WithParamInterface<SlotDurability> {};

TEST_P(PowerLossRecycled, KeepsItsPromise) {
  options_.durability = GetParam();
  options_.sync_interval = std::chrono::milliseconds(10);
  instants_per_state_ = 3;
  std::size_t recycled = 0;
  for (int round = 0; round < 4; ++round) {
    fs::remove_all(root_ / "disk" / "slots");
    promise([](Promise& now) { now = {}; });
    record();
    open();
    for (int step = 0; step < 5; ++step) {
      const fs::path begun = files("seg-", ".db").back();
      Fsn newest = 0;
      while (files("seg-", ".db").back() == begun) newest = append_next(random_.below(3) != 0);
      recycled += is_recycled(files("seg-", ".db-wal").back()) ? 1 : 0;
      for (std::uint64_t more = random_.below(4); more > 0; --more)
        newest = append_next(random_.below(3) != 0);
      cut();
      trim_to(newest);
      cut();
    }
    stop_recording();
    expect_nothing_wrong();
  }
  EXPECT_GE(recycled, 10U);
  EXPECT_GT(states_, 100U);
}

INSTANTIATE_TEST_SUITE_P(Durabilities, PowerLossRecycled,
                         testing::Values(SlotDurability::memory, SlotDurability::periodic,
                                         SlotDurability::flush, SlotDurability::append),
                         [](const auto& level) { return name_of(level.param); });

TEST_F(PowerLoss, NamesThatAreNotSyncedAreFoundMissing) {
  lies_ = true;  // the control: a disk that syncs no directory
  live(SlotDurability::append, 2);
  EXPECT_GT(problems_.size(), 3U);
}

TEST_F(PowerLoss, PositionIsOnTheDiskBeforeTheSegmentThatBroughtItGoes) {  // I12
  options_.durability = SlotDurability::memory;
  record();
  open();
  slot_->append({rows_for(1, kBytes).payload, rows_for(1, kBytes).lengths, "far"});
  const fs::path first = files("seg-", ".db").front();
  for (std::uint64_t n = 2; n <= 40; ++n) append(n, kBytes);
  slot_->trim(30);
  disk_->await([&] { return !fs::exists(first); });
  for (int state = 0; state < 20; ++state) {
    lay_out(disk_->cut(), root_ / "left");
    SlotOptions options = options_;
    options.sf_dir = (root_ / "left" / "slots").string();
    SlotReport report;
    EXPECT_EQ(Slot::open(options, clock_, random_, report)->position(), "far");
  }
}

TEST_F(PowerLoss, TheSendersNoteIsOldOrNew) {  // docs/adr/0007: replaced whole and synced
  record();
  open();
  const auto note_after_a_cut = [this] {
    for (const auto& [path, content] : disk_->cut())
      if (path.ends_with("/sender.json")) return content;
    return std::string();
  };
  std::mutex mutex;  // the slot's own thread changes the disk too
  std::string kept, next;
  std::vector<std::string> torn;
  disk_->at_each_instant([&] {
    const std::lock_guard lock(mutex);
    const std::string found = note_after_a_cut();
    if (found != kept && found != next) torn.push_back(found.substr(0, 20));
  });
  for (const char letter : std::string("abcdefgh")) {
    {
      const std::lock_guard lock(mutex);
      next = std::string(3000, letter);
    }
    slot_->remember(next);
    const std::lock_guard lock(mutex);
    kept = next;
    for (int cuts = 0; cuts < 4; ++cuts) EXPECT_EQ(note_after_a_cut(), kept) << "it was remembered";
  }
  stop_recording();
  EXPECT_EQ(torn, std::vector<std::string>());
}

}  // namespace
}  // namespace questclient::buffer
