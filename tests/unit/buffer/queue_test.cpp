// What waits while the disk refuses: its order, and how it ends (I15).
#include <cerrno>
#include <future>
#include <mutex>
#include <numeric>
#include <thread>

#include "failing_disk.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

using std::chrono::milliseconds;

class Queue : public SlotTest {
 protected:
  ~Queue() override {
    disk_.heal();
    slot_.reset();
  }

  void refuse_everything() { disk_.fail(Operation::write, 0, ENOSPC, 1'000'000, true); }
  void await_failures(std::uint64_t count) {
    while (slot_->stats().io_errors < count) std::this_thread::yield();
  }
  bool later(std::uint64_t seed, bool for_good, std::size_t bytes = 300) {
    Rows rows = rows_for(seed, bytes);
    return slot_->append_later({std::move(rows.payload), std::move(rows.lengths), std::nullopt, for_good},
                               [this, seed](const Appended& appended) {
                                 {
                                   const std::lock_guard<std::mutex> lock(mutex_);
                                   (appended.failure ? refused_ : appended_).push_back(seed);
                                 }
                                 heard_.step();
                               });
  }
  /// As an application does: until it is taken.
  void append_patiently(std::uint64_t seed) {
    const Rows rows = rows_for(seed);
    for (bool taken = false; !taken;) {
      try {
        slot_->append({rows.payload, rows.lengths, "at " + std::to_string(seed)});
        taken = true;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::slot_io) << error.what();
      }
    }
  }
  void expect_frames(const std::vector<std::uint64_t>& seeds, std::size_t bytes = 300) {
    std::vector<Rows> expected, found;
    for (const std::uint64_t seed : seeds) expected.push_back(rows_for(seed, bytes));
    for (const auto& frame : read_all()) found.push_back(rows_of(*frame));
    EXPECT_EQ(found, expected);
  }

  FailingDisk disk_{root_};
  std::mutex mutex_;
  std::vector<std::uint64_t> appended_, refused_;
};

TEST_F(Queue, FailuresComeInTheOrderOfTheCalls) {
  options_.append_deadline = milliseconds(20);
  open();
  refuse_everything();
  for (std::uint64_t n = 1; n <= 10; ++n) ASSERT_TRUE(later(n, false));
  heard_.await_steps(10);
  std::vector<std::uint64_t> in_order(10);
  std::iota(in_order.begin(), in_order.end(), 1U);
  EXPECT_EQ(refused_, in_order);
}

TEST_F(Queue, NothingOvertakesWhatWasTakenForGood) {
  options_.append_deadline = milliseconds(60);
  open();
  refuse_everything();
  ASSERT_TRUE(later(1, true));
  await_failures(4);  // a part of the deadline
  auto younger = std::async(std::launch::async, [this] { append_patiently(2); });
  await_failures(5);  // more than the deadline of the first, less than that of the second
  disk_.heal();
  younger.get();
  heard_.await_steps(1);
  EXPECT_TRUE(refused_.empty());
  expect_frames({1, 2});
  EXPECT_EQ(slot_->position(), "at 2");
}

TEST_F(Queue, WhatWasTakenForGoodOutlastsEveryDeadlineInItsOrder) {
  options_.append_deadline = milliseconds(10);
  open();
  append(1);
  refuse_everything();
  for (std::uint64_t n = 2; n <= 6; ++n) ASSERT_TRUE(later(n, true));
  for (std::uint64_t n = 7; n <= 9; ++n) {
    const Rows rows = rows_for(n);
    EXPECT_EQ(code_of([&] { slot_->append({rows.payload, rows.lengths, "refused"}); }), ErrorCode::slot_io);
  }
  ASSERT_TRUE(later(10, false));
  heard_.await_steps(1);
  EXPECT_EQ(refused_, std::vector<std::uint64_t>{10}) << "it is given back at its own deadline";
  ASSERT_TRUE(later(11, true));
  disk_.heal();
  append_patiently(12);
  EXPECT_EQ(slot_->position(), "at 12");
  heard_.await_steps(7);
  EXPECT_EQ(appended_, (std::vector<std::uint64_t>{2, 3, 4, 5, 6, 11}));
  expect_frames({1, 2, 3, 4, 5, 6, 11, 12});
  open();
  expect_frames({1, 2, 3, 4, 5, 6, 11, 12});
}

TEST_F(Queue, ClosingTriesUntilOneMoreDeadlineIsOver) {
  options_.append_deadline = std::chrono::hours(1);
  open();
  disk_.fail(Operation::write, 0, ENOSPC, 3, true);
  ASSERT_TRUE(later(1, true));
  ASSERT_TRUE(later(2, false));
  slot_.reset();
  EXPECT_EQ(appended_, (std::vector<std::uint64_t>{1, 2}));
  open();
  expect_frames({1, 2});
}

TEST_F(Queue, ClosingGivesUpWhatTheDiskStillRefuses) {
  options_.append_deadline = milliseconds(10);
  options_.durability = SlotDurability::periodic;
  options_.sync_interval = milliseconds(1);
  open();
  append(1);
  refuse_everything();
  ASSERT_TRUE(later(2, true));
  ASSERT_TRUE(later(3, true));
  slot_.reset();
  EXPECT_EQ(refused_, (std::vector<std::uint64_t>{2, 3}));
  disk_.heal();
  open();
  expect_frames({1});
}

TEST_F(Queue, RoomThatCannotBeMadeForItIsTriedAgain) {
  options_.overflow = SlotOverflow::drop_oldest;
  options_.max_total_bytes = 256 << 10;
  open();
  append(1, 20'000);
  disk_.fail(Operation::rename, 0, EIO, 1'000'000);
  std::uint64_t taken = 1;
  for (; slot_->stats().io_errors < 3; std::this_thread::yield())
    if (taken < 20 && later(taken + 1, true, 20'000)) ++taken;
  disk_.heal();
  heard_.await_steps(taken - 1);
  EXPECT_EQ(appended_.size(), taken - 1);
  EXPECT_EQ(read_all().back()->fsn, taken);
}

}  // namespace
}  // namespace questclient::buffer
