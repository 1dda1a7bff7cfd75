// Invariants W1 to W6 of server-stub/engine/README.md, without damage.
#include "engine/wal.hpp"

#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <sys/resource.h>
#include <system_error>
#include <thread>

#include <gtest/gtest.h>

#include "engine/memory_wal.hpp"
#include "unit/engine/wal_fixture.hpp"

namespace questnode::engine {
namespace {

/// The same promises hold for the WAL on disk and the one in memory.
class AnyWal : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { open(); }
  void open() {
    if (!GetParam()) {
      wal_ = std::make_unique<MemoryWal>();
      return;
    }
    wal_.reset();
    WalOptions options{scratch_.path(), 4096, 1500};
    wal_ = Wal::open(options);
  }
  Wal& wal() { return *wal_; }

 private:
  ScratchDirectory scratch_;
  std::unique_ptr<Wal> wal_;
};

TEST_P(AnyWal, BeginsEmpty) {
  EXPECT_EQ(wal().first(), 1U);
  EXPECT_EQ(wal().last(), 0U);
  EXPECT_EQ(wal().synced(), 0U);
  EXPECT_TRUE(wal().read(1, 10, 100).empty());
  EXPECT_FALSE(wal().last_mark());
}

TEST_P(AnyWal, ReadsWhatWasAppended) {
  append_entries(wal(), 1, 200);
  EXPECT_EQ(wal().last(), 200U);
  EXPECT_EQ(wal().synced(), 0U);
  expect_entries(wal(), 1, 200);
  expect_entries(wal(), 57, 93);
  EXPECT_TRUE(wal().read(201, 300, 100).empty());
}

TEST_P(AnyWal, ReadStopsAtTheBoundButGivesAtLeastOne) {
  append_entries(wal(), 1, 50);
  const std::size_t one = test_entry(1).size();
  for (const std::uint64_t from : {1U, 45U}) {
    EXPECT_EQ(wal().read(from, 50, 1).size(), 1U);
    EXPECT_EQ(wal().read(from, 50, 3 * one).size(), 3U);
    EXPECT_EQ(wal().read(from, from + 1, 100 * one).size(), 2U);
  }
}

TEST_P(AnyWal, RefusesAGap) {
  append_entries(wal(), 1, 2);
  EXPECT_THROW(wal().append(4, test_entry(4)), std::logic_error);
  EXPECT_THROW(wal().append(2, test_entry(2)), std::logic_error);
  EXPECT_EQ(wal().last(), 2U);
}

TEST_P(AnyWal, SyncTellsHowFar) {
  append_entries(wal(), 1, 60);
  EXPECT_EQ(wal().sync(), 60U);
  EXPECT_EQ(wal().synced(), 60U);
  append_entries(wal(), 61, 61);
  EXPECT_EQ(wal().synced(), 60U);
}

TEST_P(AnyWal, TruncationTakesEntriesAndTheirMarks) {
  append_entries(wal(), 1, 30);
  wal().mark(test_mark(20));
  append_entries(wal(), 31, 100);
  wal().mark(test_mark(90));
  wal().truncate_after(50);
  EXPECT_EQ(wal().last(), 50U);
  EXPECT_EQ(wal().synced(), 50U);
  EXPECT_EQ(wal().last_mark(), test_mark(20));
  append_entries(wal(), 51, 120, 100, 'y');
  expect_entries(wal(), 1, 50);
  expect_entries(wal(), 51, 120, 100, 'y');
}

TEST_P(AnyWal, TruncationKeepsAMarkThatWasMadeLater) {
  append_entries(wal(), 1, 100);
  wal().mark(test_mark(40));
  wal().mark(test_mark(60));
  wal().truncate_after(50);
  EXPECT_EQ(wal().last_mark(), test_mark(40));
}

TEST_P(AnyWal, TruncatedToNothingBeginsAgain) {
  append_entries(wal(), 1, 100);
  wal().mark(test_mark(1));
  wal().truncate_after(0);
  EXPECT_EQ(wal().first(), 1U);
  EXPECT_EQ(wal().last(), 0U);
  EXPECT_FALSE(wal().last_mark());
  append_entries(wal(), 1, 5, 100, 'z');
  expect_entries(wal(), 1, 5, 100, 'z');
}

TEST_P(AnyWal, TruncationBehindTheEndChangesNothing) {
  append_entries(wal(), 1, 10);
  wal().truncate_after(10);
  wal().truncate_after(99);
  EXPECT_EQ(wal().last(), 10U);
  expect_entries(wal(), 1, 10);
}

TEST_P(AnyWal, PurgedEntriesAreSaidToBeGone) {
  append_entries(wal(), 1, 200);
  wal().sync();
  wal().purge_through(150);
  EXPECT_GT(wal().first(), 100U);
  EXPECT_LE(wal().first(), 151U);
  EXPECT_THROW(wal().read(1, 10, 100), std::out_of_range);
  expect_entries(wal(), 151, 200);
  EXPECT_THROW(wal().truncate_after(50), std::logic_error);
}

TEST_P(AnyWal, AMarkNeedsItsEntry) {
  append_entries(wal(), 1, 3);
  EXPECT_THROW(wal().mark(test_mark(4)), std::logic_error);
  EXPECT_FALSE(wal().last_mark());
}

INSTANTIATE_TEST_SUITE_P(Storage, AnyWal, testing::Bool(),
                         [](const auto& each) { return each.param ? "Disk" : "Memory"; });

TEST(WalOnDisk, OpensAgainAsItWas) {
  ScratchDirectory scratch;
  const WalOptions options{scratch.path(), 4096};
  {
    auto wal = Wal::open(options);
    append_entries(*wal, 1, 100);
    wal->mark(test_mark(70));
    append_entries(*wal, 101, 200);
  }
  auto wal = Wal::open(options);
  EXPECT_EQ(wal->first(), 1U);
  EXPECT_EQ(wal->last(), 200U);
  EXPECT_EQ(wal->synced(), 200U);
  EXPECT_EQ(wal->last_mark(), test_mark(70));
  EXPECT_EQ(wal->recovery_note(), "");
  expect_entries(*wal, 1, 200);
  append_entries(*wal, 201, 210);
  expect_entries(*wal, 190, 210);
}

TEST(WalOnDisk, TruncationAndPurgeSurviveReopening) {
  ScratchDirectory scratch;
  const WalOptions options{scratch.path(), 4096};
  {
    auto wal = Wal::open(options);
    append_entries(*wal, 1, 200);
    wal->mark(test_mark(120));
    wal->mark(test_mark(190));
    wal->truncate_after(150);
    wal->purge_through(100);
  }
  auto wal = Wal::open(options);
  EXPECT_GT(wal->first(), 50U);
  EXPECT_EQ(wal->last(), 150U);
  EXPECT_EQ(wal->last_mark(), test_mark(120));
  expect_entries(*wal, wal->first(), 150);
}

TEST(WalOnDisk, TheMarkOutlivesItsSegment) {
  ScratchDirectory scratch;
  const WalOptions options{scratch.path(), 4096};
  {
    auto wal = Wal::open(options);
    append_entries(*wal, 1, 5);
    wal->mark(test_mark(5));
    append_entries(*wal, 6, 300);
    wal->sync();
    wal->purge_through(300);
    EXPECT_EQ(segment_files(scratch.path()).size(), 1U);
  }
  EXPECT_EQ(Wal::open(options)->last_mark(), test_mark(5));
}

TEST(WalOnDisk, AnEntryLargerThanASegmentStandsAlone) {
  ScratchDirectory scratch;
  const WalOptions options{scratch.path(), 4096, 100};
  {
    auto wal = Wal::open(options);
    append_entries(*wal, 1, 4, 3'000'000);
    EXPECT_EQ(segment_files(scratch.path()).size(), 4U);
    expect_entries(*wal, 1, 4, 3'000'000);
  }
  auto wal = Wal::open(options);
  expect_entries(*wal, 2, 4, 3'000'000);
}

TEST(WalOnDisk, AfterAFailedSyncNothingIsTaken) {
  ScratchDirectory scratch;
  WalOptions options{scratch.path()};
  bool fails = false;
  options.sync_file = [&fails](base::File& file) {
    if (fails) throw std::system_error(EIO, std::generic_category(), "cannot sync");
    file.sync_data();
  };
  auto wal = Wal::open(options);
  append_entries(*wal, 1, 2);
  wal->sync();
  append_entries(*wal, 3, 4);
  fails = true;
  EXPECT_THROW(wal->sync(), std::system_error);
  fails = false;
  EXPECT_THROW(wal->sync(), std::runtime_error);
  EXPECT_THROW(wal->append(5, test_entry(5)), std::runtime_error);
  EXPECT_THROW(wal->mark(test_mark(1)), std::runtime_error);
  EXPECT_EQ(wal->synced(), 2U);
  expect_entries(*wal, 1, 4);
}

TEST(WalOnDisk, AppendsGoOnDuringASync) {
  ScratchDirectory scratch;
  WalOptions options{scratch.path()};
  Wal* wal = nullptr;
  options.sync_file = [&wal](base::File& file) {
    if (wal != nullptr) std::thread([&wal] { append_entries(*wal, 6, 7); }).join();
    file.sync_data();
  };
  const auto owner = Wal::open(options);
  append_entries(*owner, 1, 5);
  wal = owner.get();
  EXPECT_EQ(owner->sync(), 5U) << "what was appended meanwhile is not promised";
  EXPECT_EQ(owner->synced(), 5U);
  wal = nullptr;
  EXPECT_EQ(owner->sync(), 7U);
}

/// Limits the size of the files that this process writes: write(2) fails half way.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit lower{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &lower);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

TEST(WalOnDisk, AnAppendThatFailedHalfWayLeavesNothingAndMayBeRepeated) {
  ScratchDirectory scratch;
  const WalOptions options{scratch.path()};
  {
    auto wal = Wal::open(options);
    append_entries(*wal, 1, 3, 1000);
    {
      const FileSizeLimit limit(4000);
      EXPECT_THROW(wal->append(4, test_entry(4, 1000)), std::system_error);
      wal->mark(test_mark(2));
      EXPECT_EQ(wal->last(), 3U);
      EXPECT_EQ(wal->sync(), 3U);
    }
    append_entries(*wal, 4, 6, 1000);
  }
  auto wal = Wal::open(options);
  EXPECT_EQ(wal->recovery_note(), "");
  expect_entries(*wal, 1, 6, 1000);
}

TEST(WalOnDisk, ReadersSeeWholeEntriesWhileOthersAppendAndSync) {
  ScratchDirectory scratch;
  auto wal = Wal::open({scratch.path(), 16 << 10, 2000});
  constexpr std::uint64_t kEntries = 3000;
  std::thread appender([&] { append_entries(*wal, 1, kEntries); });
  std::thread syncer([&] {
    while (wal->sync() < kEntries) std::this_thread::yield();
  });
  for (std::uint64_t next = 1; next <= kEntries;)
    for (const std::string& entry : wal->read(next, kEntries, 10'000)) ASSERT_EQ(entry, test_entry(next++));
  appender.join();
  syncer.join();
  EXPECT_EQ(wal->synced(), kEntries);
}

TEST(MemoryWal, APowerCutDropsWhatWasNotSynced) {
  MemoryWal wal;
  append_entries(wal, 1, 10);
  wal.mark(test_mark(4));
  wal.sync();
  wal.mark(test_mark(8));
  append_entries(wal, 11, 20);
  wal.power_cut();
  EXPECT_EQ(wal.last(), 10U);
  EXPECT_EQ(wal.last_mark(), test_mark(4));
  append_entries(wal, 11, 20, 100, 'y');
  wal.power_cut(3);
  EXPECT_EQ(wal.last(), 13U);
  EXPECT_EQ(wal.synced(), 13U);
  expect_entries(wal, 11, 13, 100, 'y');
}

TEST(MemoryWal, AKilledProcessLosesNothing) {
  MemoryWal wal;
  append_entries(wal, 1, 10);
  wal.mark(test_mark(9));
  wal.process_kill();
  EXPECT_EQ(wal.last(), 10U);
  EXPECT_EQ(wal.synced(), 10U);
  EXPECT_EQ(wal.last_mark(), test_mark(9));
}

TEST(MemoryWal, AFailingDiskTakesNothingUntilThePowerWasOff) {
  MemoryWal wal;
  append_entries(wal, 1, 3);
  wal.sync();
  append_entries(wal, 4, 6);
  wal.fail_syncs();
  EXPECT_THROW(wal.sync(), std::runtime_error);
  EXPECT_THROW(wal.append(7, test_entry(7)), std::runtime_error);
  wal.power_cut();
  EXPECT_EQ(wal.last(), 3U);
  append_entries(wal, 4, 4);
  EXPECT_EQ(wal.sync(), 4U);
}

}  // namespace
}  // namespace questnode::engine
