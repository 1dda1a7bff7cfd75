#include "node/group_commit.hpp"

#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/memory_wal.hpp"

namespace questnode::node {
namespace {

/// A WAL whose sync waits until the test lets it go.
class HeldWal final : public engine::Wal {
 public:
  std::uint64_t sync() override {
    std::unique_lock lock(mutex_);
    ++syncs;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    return inner.sync();
  }
  void await_syncs(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return syncs >= count; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void append(std::uint64_t number, std::string entry) override { inner.append(number, std::move(entry)); }
  std::uint64_t first() const override { return inner.first(); }
  std::uint64_t last() const override { return inner.last(); }
  std::uint64_t synced() const override { return inner.synced(); }
  std::vector<std::string> read(std::uint64_t from, std::uint64_t through, std::size_t max) const override {
    return inner.read(from, through, max);
  }
  void mark(const engine::LogMark& mark) override { inner.mark(mark); }
  std::optional<engine::LogMark> last_mark() const override { return inner.last_mark(); }
  void truncate_after(std::uint64_t number) override { inner.truncate_after(number); }
  void purge_through(std::uint64_t number) override { inner.purge_through(number); }

  engine::MemoryWal inner;
  int syncs = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

struct Outcome {
  std::shared_ptr<std::promise<bool>> promise = std::make_shared<std::promise<bool>>();
  std::function<void(bool)> callback() {
    return [held = promise](bool committed) { held->set_value(committed); };
  }
  bool get() { return promise->get_future().get(); }
};

GroupCommit::Events ignore() {
  return {[](std::uint64_t) {}, [](const std::string&) {}};
}

TEST(GroupCommit, OneSyncServesAllThatCameDuringTheOneBefore) {
  HeldWal wal;
  GroupCommit commit(wal, CommitMode::sync, ignore());
  std::vector<Outcome> outcomes(20);
  wal.append(1, "e");
  commit.appended(1);
  commit.when_committed(1, 0, outcomes[0].callback());
  wal.await_syncs(1);
  for (std::uint64_t number = 2; number <= outcomes.size(); ++number) {
    wal.append(number, "e");
    commit.appended(number);
    commit.when_committed(number, 0, outcomes[number - 1].callback());
  }
  wal.open();
  for (Outcome& outcome : outcomes) EXPECT_TRUE(outcome.get());
  EXPECT_LE(wal.syncs, 2);
  EXPECT_EQ(wal.synced(), outcomes.size());
}

TEST(GroupCommit, AsyncAndNosyncAnswerWithoutTheDiskWhichFollows) {
  for (const CommitMode mode : {CommitMode::async, CommitMode::nosync}) {
    engine::MemoryWal wal;
    std::promise<std::uint64_t> synced;
    {
      GroupCommit commit(
          wal, mode, {[&](std::uint64_t number) { synced.set_value(number); }, [](const std::string&) {}});
      wal.append(1, "e");
      Outcome outcome;
      commit.when_committed(1, 0, outcome.callback());
      EXPECT_TRUE(outcome.get());
      EXPECT_EQ(wal.synced(), 0U);
      commit.appended(1);
      EXPECT_EQ(synced.get_future().get(), 1U);
    }
  }
}

TEST(GroupCommit, AnAbandonedEntryIsNeverCommittedThoughItsNumberIsSyncedAgain) {  // Invariant 3.
  engine::MemoryWal wal;
  GroupCommit commit(wal, CommitMode::sync, ignore());
  wal.append(1, "ours");
  const std::uint64_t generation = commit.generation();
  commit.abandon();
  wal.truncate_after(0);
  wal.append(1, "theirs");
  wal.sync();
  Outcome outcome;
  commit.when_committed(1, generation, outcome.callback());
  EXPECT_FALSE(outcome.get());
  Outcome adopted;
  commit.when_committed(1, commit.generation(), adopted.callback());
  EXPECT_TRUE(adopted.get());
}

TEST(GroupCommit, AbandonEndsTheWaitsAfterTheSyncUnderWay) {
  HeldWal wal;
  GroupCommit commit(wal, CommitMode::sync, ignore());
  wal.append(1, "e");
  Outcome second;
  commit.appended(1);
  wal.await_syncs(1);
  commit.when_committed(2, 0, second.callback());
  wal.open();
  commit.abandon();
  EXPECT_FALSE(second.get());
}

TEST(GroupCommit, ADiskThatFailsAnswersNobodyAndSaysSo) {
  engine::MemoryWal wal;
  wal.append(1, "e");
  wal.fail_syncs();
  std::promise<std::string> failure;
  GroupCommit commit(wal, CommitMode::sync,
                     {[](std::uint64_t) {}, [&](const std::string& message) { failure.set_value(message); }});
  Outcome outcome;
  commit.when_committed(1, 0, outcome.callback());
  commit.appended(1);
  EXPECT_FALSE(outcome.get());
  EXPECT_NE(failure.get_future().get().find("write-ahead log"), std::string::npos);
  Outcome later;
  commit.when_committed(1, 0, later.callback());
  EXPECT_FALSE(later.get());
}

TEST(GroupCommit, StoppingSyncsWhatIsLeft) {
  engine::MemoryWal wal;
  GroupCommit commit(wal, CommitMode::nosync, ignore());
  wal.append(1, "e");
  commit.appended(1);
  commit.stop();
  EXPECT_EQ(wal.synced(), 1U);
}

}  // namespace
}  // namespace questnode::node
