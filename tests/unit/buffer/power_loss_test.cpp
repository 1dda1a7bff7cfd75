// Power cuts: what was not synced may be gone, sector by sector. Each level of durability keeps what it
// promises.
#include <map>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <thread>

#include <sqlite3.h>

#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSectorBytes = 512;

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
}

/// SQLite's file layer, noting what each file held when it was last synced. Files are known by their inode,
/// so that a name that is given to another file means nothing.
class RecordingDisk {
 public:
  RecordingDisk() {
    below_ = sqlite3_vfs_find(nullptr);
    vfs_ = *below_;
    vfs_.pNext = nullptr;
    vfs_.zName = "recording";
    vfs_.szOsFile = below_->szOsFile + kRealOffset;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }

  void start() {
    const std::lock_guard<std::mutex> lock(mutex_);
    synced_.clear();
    recording_ = true;
  }
  void stop() { recording_ = false; }
  /// What surely is on the disk of that file.
  std::string synced(const fs::path& file) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = synced_.find(inode_of(file));
    return found == synced_.end() ? std::string() : found->second;
  }

 private:
  struct File {
    sqlite3_file base;
    const char* name;
  };
  static constexpr int kRealOffset = 64;
  static_assert(sizeof(File) <= kRealOffset);

  static std::pair<dev_t, ino_t> inode_of(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return {0, 0};
    return {status.st_dev, status.st_ino};
  }
  static sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kRealOffset);
  }
  static const sqlite3_io_methods* methods();
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static int sync(sqlite3_file* file, int flags);

  sqlite3_vfs vfs_{};
  sqlite3_vfs* below_ = nullptr;
  std::mutex mutex_;
  std::map<std::pair<dev_t, ino_t>, std::string> synced_;
  std::atomic<bool> recording_ = false;
};

RecordingDisk disk;

int RecordingDisk::open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  real(file)->pMethods = nullptr;
  const int code = disk.below_->xOpen(disk.below_, name, real(file), flags, out_flags);
  reinterpret_cast<File*>(file)->name = name;
  file->pMethods = real(file)->pMethods == nullptr ? nullptr : methods();
  return code;
}

int RecordingDisk::sync(sqlite3_file* file, int flags) {
  const char* name = reinterpret_cast<File*>(file)->name;
  // What a check of what was left syncs is of no interest.
  if (disk.recording_ && name != nullptr && std::string_view(name).find("/left/") == std::string_view::npos) {
    // What is written while the sync runs may or may not be in it: only what was there before surely is.
    const std::string content = content_of(name);
    const std::lock_guard<std::mutex> lock(disk.mutex_);
    disk.synced_[inode_of(name)] = content;
  }
  return real(file)->pMethods->xSync(real(file), flags);
}

#define QC_FORWARD(name, parameters, ...) \
  table.name = [] parameters { return real(file)->pMethods->name(__VA_ARGS__); }

const sqlite3_io_methods* RecordingDisk::methods() {
  static const sqlite3_io_methods forwarding = [] {
    sqlite3_io_methods table{};
    table.iVersion = 2;
    QC_FORWARD(xClose, (sqlite3_file * file), real(file));
    QC_FORWARD(xRead, (sqlite3_file * file, void* to, int n, sqlite3_int64 at), real(file), to, n, at);
    QC_FORWARD(xWrite, (sqlite3_file * file, const void* from, int n, sqlite3_int64 at), real(file), from, n,
               at);
    QC_FORWARD(xTruncate, (sqlite3_file * file, sqlite3_int64 size), real(file), size);
    QC_FORWARD(xFileSize, (sqlite3_file * file, sqlite3_int64 * size), real(file), size);
    QC_FORWARD(xLock, (sqlite3_file * file, int level), real(file), level);
    QC_FORWARD(xUnlock, (sqlite3_file * file, int level), real(file), level);
    QC_FORWARD(xCheckReservedLock, (sqlite3_file * file, int* out), real(file), out);
    QC_FORWARD(xFileControl, (sqlite3_file * file, int what, void* argument), real(file), what, argument);
    QC_FORWARD(xSectorSize, (sqlite3_file * file), real(file));
    QC_FORWARD(xDeviceCharacteristics, (sqlite3_file * file), real(file));
    QC_FORWARD(xShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile** out),
               real(file), page, size, extend, out);
    QC_FORWARD(xShmLock, (sqlite3_file * file, int offset, int n, int flags), real(file), offset, n, flags);
    QC_FORWARD(xShmUnmap, (sqlite3_file * file, int remove), real(file), remove);
    table.xShmBarrier = [](sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); };
    table.xSync = sync;
    return table;
  }();
  return &forwarding;
}

#undef QC_FORWARD

class PowerLoss : public SlotTest {
 protected:
  ~PowerLoss() override { disk.stop(); }

  struct Run {
    Fsn appended = 0;
    Fsn promised = 0;  ///< Frames up to here survive, unless they were trimmed.
    Fsn trimmed = 1;
    std::map<Fsn, std::string> positions;
  };

  Fsn append_at(std::uint64_t seed, bool automatic, const std::string& position) {
    const Rows rows = rows_for(seed, kBytes);
    return slot_->append({rows.payload, rows.lengths, position, automatic});
  }
  /// What a machine finds after a power cut now: unsynced sectors are there or not, each by chance.
  void cut(const fs::path& to) {
    fs::remove_all(to);
    fs::create_directories(to / options_.sender_id);
    for (const auto& entry : fs::directory_iterator(folder())) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_regular_file() || name.ends_with("-shm")) continue;
      const std::string now = content_of(entry.path());
      std::string left = disk.synced(entry.path());
      const std::size_t longest = std::max(now.size(), left.size());
      const std::size_t unsynced_sectors = (longest - std::min(longest, left.size())) / kSectorBytes;
      const std::size_t size = now.size() <= left.size()
                                   ? left.size()
                                   : left.size() + random_.below(unsynced_sectors + 1) * kSectorBytes;
      left.resize(size, '\0');
      const std::uint64_t kept_of_eight = random_.below(9);
      for (std::size_t at = 0; at < std::min(size, now.size()); at += kSectorBytes)
        if (random_.below(8) < kept_of_eight)
          left.replace(at, std::min(kSectorBytes, left.size() - at), now, at,
                       std::min(kSectorBytes, left.size() - at));
      std::ofstream(to / options_.sender_id / name, std::ios::binary) << left;
    }
  }
  /// Opens what the cut left; returns the last frame before the first that is missing.
  Fsn check(const fs::path& where, const Run& run) {
    SlotOptions options = options_;
    options.sf_dir = where.string();
    options.durability = SlotDurability::memory;
    SlotReport report;
    const auto slot = Slot::open(options, clock_, random_, report);
    std::set<Fsn> seen;
    for (Fsn next = 0;;) {
      const auto some = slot->read(next, 1 << 20, 100);
      if (some.empty()) break;
      for (const auto& frame : some) {
        EXPECT_TRUE(seen.insert(frame->fsn).second);
        EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, kBytes));
        next = frame->fsn + 1;
      }
    }
    EXPECT_LE(slot->end() - 1, run.appended);
    Fsn last = run.trimmed - 1;
    while (seen.contains(last + 1)) ++last;
    const auto later = slot->take_damage();
    report.damage.insert(report.damage.end(), later.begin(), later.end());
    // Behind what was synced, frames may survive behind a hole: they are saved, and the hole is told.
    const bool hole = !seen.empty() && *seen.rbegin() > last;
    if (hole) {
      EXPECT_FALSE(report.damage.empty());
    }
    if (run.promised == run.appended) {
      EXPECT_TRUE(report.damage.empty()) << report.damage.front().message;
    }
    // With durability `memory` a position may stand behind a hole between two segments (I12).
    if (options_.durability != SlotDurability::memory && last >= run.trimmed) {
      EXPECT_EQ(slot->position(), run.positions.at(last)) << "a position never runs ahead of its rows";
    }
    return last;
  }
  /// `lost`: cuts that lost frames which append() had returned for.
  void expect_promise(SlotDurability durability, const std::string& key, int& states, int& lost,
                      int rounds = 6) {
    options_.durability = durability;
    options_.max_segment_bytes = 64 << 10;
    options_.key = key;
    options_.sync_interval = std::chrono::milliseconds(10);
    for (int round = 0; round < rounds; ++round) {
      fs::remove_all(folder());
      disk.start();
      open();
      Run run;
      for (int step = 0; step < 14; ++step) {
        const std::uint64_t count = 1 + random_.below(6);
        for (std::uint64_t n = 0; n < count; ++n) {
          const bool automatic = random_.below(3) != 0;
          const Fsn expected = run.appended + 1;
          run.positions[expected] = "p" + std::to_string(expected);
          run.appended = append_at(expected, automatic, run.positions[expected]);
          ASSERT_EQ(run.appended, expected);
          if (durability == SlotDurability::append || (durability == SlotDurability::flush && !automatic))
            run.promised = run.appended;
        }
        if (durability == SlotDurability::periodic && random_.below(2) == 0) {
          wait_for_the_background();
          run.promised = run.appended;
        }
        if (step == 8) {
          run.trimmed = 1 + run.promised / 2;
          slot_->trim(run.trimmed);
          wait_for_removals(run.trimmed);
        }
        const fs::path left = root_ / "left";
        cut(left);
        const Fsn last = check(left, run);
        ++states;
        lost += last < run.appended ? 1 : 0;
        EXPECT_GE(last, run.promised) << "of " << run.appended;
        if (HasFailure()) return;
      }
      disk.stop();
    }
  }
  /// A cut in the middle of a removal would copy half of it, which no disk shows.
  void wait_for_removals(Fsn trimmed) {
    const auto removed = [&] {
      const auto segments = files("seg-", ".db");
      return files("trimmed-", "").empty() &&
             (segments.size() < 2 || std::stoull(segments[1].stem().string().substr(4)) > trimmed);
    };
    for (int n = 0; n < 20'000 && !removed(); ++n) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_TRUE(removed());
  }
  /// Until the newest log is synced as it is.
  void wait_for_the_background() {
    const auto log = files("seg-", ".db-wal").back();
    for (int n = 0; n < 20'000 && disk.synced(log) != content_of(log); ++n)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_EQ(disk.synced(log).size(), content_of(log).size());
  }

  static constexpr std::size_t kBytes = 6000;
};

TEST_F(PowerLoss, AppendKeepsEveryFrame) {
  int states = 0;
  int lost = 0;
  expect_promise(SlotDurability::append, "", states, lost);
  EXPECT_EQ(states, 84);
  EXPECT_EQ(lost, 0);
}

TEST_F(PowerLoss, FlushKeepsEveryFlushAndWhatCameBeforeIt) {
  int states = 0;
  int lost = 0;
  expect_promise(SlotDurability::flush, "", states, lost);
  EXPECT_EQ(states, 84);
  EXPECT_GT(lost, 0) << "automatic flushes behind the newest flush do not wait";
}

TEST_F(PowerLoss, FlushOfAnEncryptedSlotKeepsTheSame) {
  int states = 0;
  int lost = 0;
  expect_promise(SlotDurability::flush, std::string(32, 'k'), states, lost);
  EXPECT_EQ(states, 84);
}

TEST_F(PowerLoss, PeriodicKeepsWhatTheBackgroundSynced) {
  int states = 0;
  int lost = 0;
  expect_promise(SlotDurability::periodic, "", states, lost);
  EXPECT_EQ(states, 84);
}

TEST_F(PowerLoss, MemoryLosesWhatWasNotSyncedAndDeliversNothingElse) {
  int states = 0;
  int lost = 0;
  expect_promise(SlotDurability::memory, "", states, lost, 2);
  EXPECT_EQ(states, 28);
  EXPECT_GT(lost, 10) << "the control: unless cuts lose frames here, the other levels prove nothing";
}

TEST_F(PowerLoss, PositionIsOnTheDiskBeforeTheSegmentThatBroughtItGoes) {  // I12
  options_.max_segment_bytes = 64 << 10;
  options_.durability = SlotDurability::memory;
  disk.start();
  open();
  append_at(1, false, "far");
  const fs::path first = files("seg-", ".db").front();
  for (std::uint64_t n = 2; n <= 40; ++n) append(n, kBytes);
  slot_->trim(30);
  for (int n = 0; n < 20'000 && fs::exists(first); ++n)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_FALSE(fs::exists(first));
  for (int state = 0; state < 20; ++state) {
    cut(root_ / "left");
    SlotOptions options = options_;
    options.sf_dir = (root_ / "left").string();
    SlotReport report;
    EXPECT_EQ(Slot::open(options, clock_, random_, report)->position(), "far");
  }
}

}  // namespace
}  // namespace questclient::buffer
