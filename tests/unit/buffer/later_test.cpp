// Appends that nobody waits for.
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

class Later : public SlotTest, public testing::WithParamInterface<bool> {
 protected:
  Later() {
    if (!GetParam()) options_.sf_dir.clear();
  }

  bool later(std::uint64_t seed, std::size_t bytes = 300,
             std::optional<std::string> position = std::nullopt) {
    Rows rows = rows_for(seed, bytes);
    return slot_->append_later({std::move(rows.payload), std::move(rows.lengths), std::move(position)},
                               [this, seed](const Appended& appended) {
                                 {
                                   const std::lock_guard<std::mutex> lock(mutex_);
                                   if (appended.failure) {
                                     ++failed_;
                                   } else {
                                     EXPECT_TRUE(done_.emplace(appended.fsn, seed).second);
                                   }
                                 }
                                 heard_.step();
                               });
  }
  std::size_t ended() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return done_.size() + failed_;
  }
  void wait_for(std::size_t count) {
    heard_.await_steps(count);
    ASSERT_EQ(ended(), count);
  }

  std::mutex mutex_;
  std::map<Fsn, std::uint64_t> done_;
  std::size_t failed_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Kinds, Later, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "OnDisk" : "InMemory"; });

TEST_P(Later, IsAppendedWithoutAnybodyWaiting) {
  open();
  Heard appended;
  slot_->on_appended([&appended] { appended.step(); });
  for (std::uint64_t n = 1; n <= 20; ++n) ASSERT_TRUE(later(n, 300, "at " + std::to_string(n)));
  wait_for(20);
  EXPECT_EQ(failed_, 0U);
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 20U);
  for (const auto& frame : frames) EXPECT_EQ(rows_of(*frame), rows_for(done_.at(frame->fsn)));
  for (std::uint64_t n = 1; n <= 20; ++n) EXPECT_EQ(done_.at(n), n) << "in the order of the calls";
  EXPECT_EQ(slot_->position(), "at 20");
  appended.await_steps(1);
  slot_.reset();
}

TEST_P(Later, KeepsItsPlaceBeforeALaterAppend) {
  open();
  for (std::uint64_t n = 1; n <= 50; ++n) {
    ASSERT_TRUE(later(2 * n));
    EXPECT_EQ(append(2 * n + 1), 2 * n);
  }
  wait_for(50);
  for (std::uint64_t n = 1; n <= 50; ++n) EXPECT_EQ(done_.at(2 * n - 1), 2 * n);
}

TEST_P(Later, EndsBeforeTheSlotIsGone) {
  open();
  for (std::uint64_t n = 1; n <= 30; ++n) ASSERT_TRUE(later(n, 3000));
  slot_.reset();
  EXPECT_EQ(ended(), 30U);
  EXPECT_EQ(failed_, 0U);
  if (!GetParam()) return;
  open();
  EXPECT_EQ(read_all().size(), 30U);
}

TEST_P(Later, RowsThatDoNotAddUpAreRefusedAtOnce) {
  open();
  EXPECT_THROW(slot_->append_later({"abc", {1}}, [](Appended) { FAIL(); }), Error);
}

TEST_P(Later, CallbackMayAppend) {
  open();
  std::promise<Fsn> second;
  Rows rows = rows_for(1);
  ASSERT_TRUE(
      slot_->append_later({std::move(rows.payload), std::move(rows.lengths)}, [&](const Appended& first) {
        EXPECT_EQ(first.fsn, 1U);
        second.set_value(append(2));
      }));
  EXPECT_EQ(second.get_future().get(), 2U);
}

TEST_P(Later, ManyThreadsOfBothKinds) {
  open();
  constexpr std::uint64_t kEach = 60;
  std::vector<std::future<std::map<Fsn, std::uint64_t>>> appenders;
  for (std::uint64_t thread = 0; thread < 2; ++thread)
    appenders.push_back(std::async(std::launch::async, [this, thread] {
      std::map<Fsn, std::uint64_t> numbers;
      for (std::uint64_t n = 0; n < kEach; ++n) numbers[append(thread * 1000 + n)] = thread * 1000 + n;
      return numbers;
    }));
  std::thread other([this] {
    for (std::uint64_t n = 0; n < kEach; ++n) ASSERT_TRUE(later(5000 + n));
  });
  other.join();
  std::map<Fsn, std::uint64_t> all;
  for (auto& appender : appenders) all.merge(appender.get());
  wait_for(kEach);
  all.merge(done_);
  ASSERT_EQ(all.size(), 3 * kEach);
  for (const auto& frame : read_all()) EXPECT_EQ(rows_of(*frame), rows_for(all.at(frame->fsn)));
}

TEST_P(Later, AtTheQuotaNothingIsTaken) {
  options_.max_total_bytes = GetParam() ? 512 << 10 : 20'000;
  options_.max_memory_bytes = 8'000;
  open();
  std::size_t taken = 0;
  while (later(taken, 3000)) {
    ++taken;
    if (GetParam()) wait_for(taken);
    ASSERT_LT(taken, 1000U);
  }
  EXPECT_GE(taken, 2U);
  EXPECT_FALSE(later(0, 3000));
  if (GetParam()) return;
  // In memory some are queued, and appended in order when there is room.
  const std::size_t at_once = ended();
  EXPECT_LT(at_once, taken);
  slot_->trim(slot_->end());
  EXPECT_EQ(ended(), taken);
  for (std::uint64_t n = 0; n < taken; ++n) EXPECT_EQ(done_.at(n + 1), n);
}

}  // namespace
}  // namespace questclient::buffer
