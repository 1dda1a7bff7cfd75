// Each disk operation fails once: an append that threw appended nothing, one that returned is kept, and the
// slot goes on (I1, I2, I11).
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <thread>

#include <sqlite3.h>

#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

enum class Operation { write, sync, open };

/// SQLite's file layer with one operation that fails on demand; below the slot's own layer.
class FailingDisk {
 public:
  FailingDisk() {
    platform_ = sqlite3_vfs_find(nullptr);
    vfs_ = *platform_;
    vfs_.pNext = nullptr;
    vfs_.zName = "failing";
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }

  /// The operation number `after` (from 0) fails with `code`, and `times` - 1 that follow.
  /// `only_logs`: of the segments' write-ahead logs, so that the maintenance thread does not take the blow.
  void fail(Operation operation, int after, int code, int times = 1, bool only_logs = false) {
    operation_ = operation;
    only_logs_ = only_logs;
    code_ = code;
    left_ = times;
    countdown_ = after;
  }
  void heal() { countdown_ = -1, left_ = 0; }
  void forget() {
    const std::lock_guard<std::mutex> lock(mutex_);
    failed_.clear();
    syncs_after_failure_ = 0;
  }
  bool fired() const { return fired_.exchange(false); }
  /// Syncs of files whose sync had failed.
  int syncs_after_failure() const { return syncs_after_failure_; }

 private:
  /// A platform's methods with ours in front. A file is told to be a log by the table that it uses.
  struct Methods {
    sqlite3_io_methods table{};  ///< First, so that a file's pMethods is the address of the whole.
    const sqlite3_io_methods* real = nullptr;
    bool is_log = false;
  };
  static const Methods& of(const sqlite3_file* file) {
    return *reinterpret_cast<const Methods*>(file->pMethods);
  }
  const sqlite3_io_methods* patched(const sqlite3_io_methods* real, bool is_log) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto& methods = methods_[{real, is_log}];
    if (!methods) {
      methods = std::make_unique<Methods>();
      methods->table = *real;
      methods->table.xWrite = write;
      methods->table.xSync = sync;
      methods->real = real;
      methods->is_log = is_log;
    }
    return &methods->table;
  }
  bool hits(Operation operation, bool is_log) {
    if (left_ == 0 || operation != operation_ || (only_logs_ && !is_log)) return false;
    if (countdown_ > 0) {
      --countdown_;
      return false;
    }
    --left_;
    fired_ = true;
    return true;
  }
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static int write(sqlite3_file* file, const void* bytes, int amount, sqlite3_int64 offset);
  static int sync(sqlite3_file* file, int flags);

  sqlite3_vfs vfs_{};
  sqlite3_vfs* platform_ = nullptr;
  std::mutex mutex_;
  std::map<std::pair<const sqlite3_io_methods*, bool>, std::unique_ptr<Methods>> methods_;
  std::atomic<bool> only_logs_ = false;
  std::atomic<Operation> operation_ = Operation::write;
  std::atomic<int> code_ = 0;
  std::atomic<int> countdown_ = -1;
  std::atomic<int> left_ = 0;
  mutable std::atomic<bool> fired_ = false;
  std::map<const sqlite3_file*, std::string> names_;  ///< Of logs; a closed file's place is used again.
  std::set<std::string> failed_;                      ///< Inodes, as text.
  std::atomic<int> syncs_after_failure_ = 0;

  void watch(sqlite3_file* file, bool fails);
};

// Registered before the first slot of the program is opened.
FailingDisk disk;

int FailingDisk::open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const bool is_log = (flags & SQLITE_OPEN_WAL) != 0 && std::string(name).find("seg-") != std::string::npos;
  if (disk.hits(Operation::open, is_log)) {
    file->pMethods = nullptr;
    return SQLITE_CANTOPEN;
  }
  const int code = disk.platform_->xOpen(disk.platform_, name, file, flags, out_flags);
  if (code == SQLITE_OK && file->pMethods != nullptr) file->pMethods = disk.patched(file->pMethods, is_log);
  if (is_log) {
    const std::lock_guard<std::mutex> lock(disk.mutex_);
    disk.names_[file] = name;
  }
  return code;
}

int FailingDisk::write(sqlite3_file* file, const void* bytes, int amount, sqlite3_int64 offset) {
  if (disk.hits(Operation::write, of(file).is_log)) return disk.code_;
  return of(file).real->xWrite(file, bytes, amount, offset);
}

// A replaced file of the same path is another one.
void FailingDisk::watch(sqlite3_file* file, bool fails) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto name = names_.find(file);
  if (name == names_.end()) return;
  struct stat status {};
  if (::stat(name->second.c_str(), &status) != 0) return;
  const std::string inode = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  if (failed_.contains(inode)) ++syncs_after_failure_;
  if (fails) failed_.insert(inode);
}

int FailingDisk::sync(sqlite3_file* file, int flags) {
  const bool fails = disk.hits(Operation::sync, of(file).is_log);
  if (of(file).is_log) disk.watch(file, fails);
  const int code = of(file).real->xSync(file, flags);
  return fails ? int{disk.code_} : code;
}

class Faults : public SlotTest {
 protected:
  Faults() { disk.forget(); }
  ~Faults() override { disk.heal(); }

  /// Another thread gets there by itself.
  template <class Reached>
  static void wait_until(Reached&& reached) {
    for (int n = 0; n < 20'000 && !reached(); ++n) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_TRUE(reached());
  }

  void append_and_note(std::uint64_t seed) {
    try {
      const Fsn fsn = append(seed, 9000);
      EXPECT_TRUE(kept_.emplace(fsn, seed).second) << "number " << fsn << " was given twice";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::slot_io) << error.what();
      ++refused_;
    }
  }
  void expect_exactly_what_was_kept() {
    std::map<Fsn, Rows> seen;
    std::map<std::pair<base::Uuid, Fsn>, Rows> named;
    Fsn before = 0;
    base::Uuid stream;
    for (const auto& frame : read_all(1, 3000)) {
      seen[frame->fsn] = rows_of(*frame);
      EXPECT_TRUE(named.emplace(std::pair(frame->stream, frame->fsn), rows_of(*frame)).second);
      if (frame->stream == stream) {
        EXPECT_EQ(frame->fsn, before + 1) << "no gap in a stream";
      }
      stream = frame->stream;
      before = frame->fsn;
    }
    EXPECT_EQ(seen.size(), kept_.size());
    for (const auto& [fsn, seed] : kept_) {
      ASSERT_TRUE(seen.contains(fsn)) << "frame " << fsn;
      EXPECT_EQ(seen[fsn], rows_for(seed, 9000));
    }
  }
  /// Fails operation number 0, 1, 2, ... of a run until none is reached any more.
  void sweep(Operation operation, int code, SlotDurability durability) {
    int reached = 0;
    for (int after = 0; after < 200; ++after) {
      std::filesystem::remove_all(folder());
      kept_.clear();
      refused_ = 0;
      options_.durability = durability;
      options_.max_segment_bytes = 64 << 10;
      options_.max_memory_bytes = 0;
      open();
      disk.fail(operation, after, code);
      for (std::uint64_t seed = 0; seed < 12; ++seed) append_and_note(seed);
      disk.heal();
      const bool fired = disk.fired();
      reached += fired ? 1 : 0;
      EXPECT_EQ(refused_, 0) << "operation " << after << ": one failure is retried";
      expect_exactly_what_was_kept();
      open();
      expect_exactly_what_was_kept();
      append_and_note(1000);
      expect_exactly_what_was_kept();
      slot_.reset();
      if (HasFailure() || !fired) break;
    }
    EXPECT_GT(reached, 3);
  }

  std::map<Fsn, std::uint64_t> kept_;
  int refused_ = 0;
};

TEST_F(Faults, EveryWriteFailsOnceForLackOfSpace) {
  sweep(Operation::write, SQLITE_FULL, SlotDurability::memory);
}

TEST_F(Faults, EveryWriteFailsOnceWithAnError) {
  sweep(Operation::write, SQLITE_IOERR_WRITE, SlotDurability::memory);
}

TEST_F(Faults, EveryWriteOfASyncedSlotFailsOnce) {
  sweep(Operation::write, SQLITE_IOERR_WRITE, SlotDurability::flush);
}

TEST_F(Faults, EverySyncFailsOnceAndItsSegmentIsRewritten) {
  sweep(Operation::sync, SQLITE_IOERR_FSYNC, SlotDurability::flush);
}

TEST_F(Faults, EverySyncOfEveryFrameFailsOnce) {
  sweep(Operation::sync, SQLITE_IOERR_FSYNC, SlotDurability::append);
}

TEST_F(Faults, EveryWriteOfAnEncryptedSlotFailsOnce) {
  options_.key = std::string(32, 'k');
  sweep(Operation::write, SQLITE_IOERR_WRITE, SlotDurability::flush);
}

TEST_F(Faults, EveryOpenFailsOnce) {
  sweep(Operation::open, SQLITE_CANTOPEN, SlotDurability::memory);
}

TEST_F(Faults, FailedSyncRewritesTheFramesUnderTheirNumbersAndStream) {  // I2, I11
  options_.durability = SlotDurability::flush;
  options_.max_memory_bytes = 0;
  open();
  append_and_note(1);
  const auto before = slot_->read(1, 1, 1).front();
  disk.fail(Operation::sync, 0, SQLITE_IOERR_FSYNC, 1, true);
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
  EXPECT_EQ(disk.syncs_after_failure(), 0) << "the file whose sync failed is never synced again";
  open();
  expect_exactly_what_was_kept();
}

TEST_F(Faults, DiskThatCannotSyncRefusesAndKeepsWhatWasSyncedBefore) {
  options_.durability = SlotDurability::flush;
  options_.append_deadline = std::chrono::milliseconds(20);
  open();
  append_and_note(1);
  append_and_note(2);
  disk.fail(Operation::sync, 0, SQLITE_IOERR_FSYNC, 1'000'000);
  append_and_note(3);
  EXPECT_EQ(refused_, 1);
  disk.heal();
  append_and_note(4);
  EXPECT_EQ(kept_.rbegin()->first, 3U);
  expect_exactly_what_was_kept();
  open();
  expect_exactly_what_was_kept();
}

TEST_F(Faults, ErrorsAreRetriedUntilTheDeadlineAndReportedOnce) {
  std::vector<SlotEvent> events;
  open();
  slot_->on_event([&events](const SlotEvent& event) { events.push_back(event); });
  append_and_note(1);
  disk.fail(Operation::write, 0, SQLITE_FULL, 3, true);
  append_and_note(2);
  EXPECT_EQ(refused_, 0);
  EXPECT_GE(slot_->stats().io_errors, 3U);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, SlotEvent::Kind::io_failed);
  EXPECT_NE(events[0].message.find("full"), std::string::npos) << events[0].message;
  EXPECT_EQ(events[1].kind, SlotEvent::Kind::io_recovered);
  expect_exactly_what_was_kept();
}

TEST_F(Faults, FailedSyncInTheBackgroundRewritesToo) {
  options_.durability = SlotDurability::periodic;
  options_.sync_interval = std::chrono::milliseconds(1);
  options_.max_memory_bytes = 0;
  open();
  append_and_note(1);
  wait_until([this] { return slot_->stats().syncs >= 1; });
  disk.fail(Operation::sync, 0, SQLITE_IOERR_FSYNC, 1, true);
  append_and_note(2);
  wait_until([this] { return slot_->stats().io_errors >= 1; });
  append_and_note(3);
  expect_exactly_what_was_kept();
  EXPECT_EQ(disk.syncs_after_failure(), 0);
  EXPECT_EQ(quarantined(), 0U);
  slot_.reset();
  open();
  expect_exactly_what_was_kept();
}

TEST_F(Faults, FullDiskRefusesUntilThereIsRoom) {
  options_.append_deadline = std::chrono::milliseconds(5);
  open();
  append_and_note(1);
  disk.fail(Operation::write, 0, SQLITE_FULL, 1'000'000, true);
  for (std::uint64_t seed = 2; seed < 12; ++seed) append_and_note(seed);
  EXPECT_EQ(refused_, 10);
  disk.heal();
  append_and_note(20);
  EXPECT_EQ(kept_.rbegin()->first, 2U);
  expect_exactly_what_was_kept();
  EXPECT_EQ(slot_->read(1, 1 << 20, 10).size(), 2U) << "a full disk does not end the stream";
}

TEST_F(Faults, DeadLetterThatCannotBeSyncedIsAnError) {
  open();
  DeadLetter letter;
  letter.fsn = 1;
  disk.fail(Operation::sync, 0, SQLITE_IOERR_FSYNC, 100);
  EXPECT_THROW(slot_->bury(letter), Error);
  disk.heal();
  slot_->bury(letter);
  EXPECT_TRUE(slot_->take_damage().empty());
}

TEST_F(Faults, SlotThatCannotBeOpenedOpensLater) {
  open();
  append_and_note(1);
  slot_.reset();
  disk.fail(Operation::open, 0, SQLITE_CANTOPEN, 1000);
  EXPECT_THROW(open(), Error);
  disk.heal();
  open();
  EXPECT_TRUE(report_.damage.empty());
  expect_exactly_what_was_kept();
}

}  // namespace

void fail_next_log_sync();
void fail_next_log_sync() {
  disk.fail(Operation::sync, 0, SQLITE_IOERR_FSYNC, 1, true);
}

}  // namespace questclient::buffer
