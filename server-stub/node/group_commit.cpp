#include "node/group_commit.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <limits>

namespace questnode::node {
namespace {

constexpr std::chrono::milliseconds kNosyncPause{50};
constexpr std::uint64_t kEverything = std::numeric_limits<std::uint64_t>::max();

}  // namespace

GroupCommit::GroupCommit(engine::Wal& wal, CommitMode mode, Events events)
    : wal_(wal), mode_(mode), events_(std::move(events)), thread_([this] { run(); }) {}

GroupCommit::~GroupCommit() {
  stop();
}

void GroupCommit::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  for (Waiter& waiter : take_waiters(kEverything)) waiter.done(false);
}

void GroupCommit::appended(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  target_ = std::max(target_, number);
  changed_.notify_one();
}

std::uint64_t GroupCommit::generation() const {
  std::lock_guard lock(mutex_);
  return generation_;
}

void GroupCommit::when_committed(std::uint64_t number, std::uint64_t generation,
                                 std::function<void(bool)> done) {
  bool committed = false;
  {
    std::lock_guard lock(mutex_);
    const bool possible = !failed_ && generation == generation_;
    committed = possible && (mode_ != CommitMode::sync || wal_.synced() >= number);
    if (possible && !committed && !stop_) {
      waiters_.push_back({number, std::move(done)});
      return;
    }
  }
  done(committed);
}

void GroupCommit::abandon() {
  {
    std::scoped_lock lock(sync_mutex_, mutex_);
    target_ = 0;
    ++generation_;
  }
  for (Waiter& waiter : take_waiters(kEverything)) waiter.done(false);
}

std::vector<GroupCommit::Waiter> GroupCommit::take_waiters(std::uint64_t through) {
  std::lock_guard lock(mutex_);
  const auto split = std::stable_partition(waiters_.begin(), waiters_.end(),
                                           [&](const Waiter& waiter) { return waiter.number > through; });
  std::vector<Waiter> taken(std::make_move_iterator(split), std::make_move_iterator(waiters_.end()));
  waiters_.erase(split, waiters_.end());
  return taken;
}

void GroupCommit::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || target_ > 0; });
    if (mode_ == CommitMode::nosync) changed_.wait_for(lock, kNosyncPause, [&] { return stop_; });
    if (target_ > 0) {
      lock.unlock();
      if (!sync_once()) return;
      lock.lock();
    }
    if (stop_ && target_ == 0) return;
  }
}

bool GroupCommit::sync_once() {
  std::uint64_t synced = 0;
  try {
    std::lock_guard syncing(sync_mutex_);
    {
      std::lock_guard lock(mutex_);
      if (target_ == 0) return true;  // Abandoned meanwhile.
    }
    synced = wal_.sync();
    std::lock_guard lock(mutex_);
    if (target_ <= synced) target_ = 0;
  } catch (const std::exception& error) {
    {
      std::lock_guard lock(mutex_);
      failed_ = true;
    }
    events_.failed(std::string("the write-ahead log cannot be synced: ") + error.what());
    for (Waiter& waiter : take_waiters(kEverything)) waiter.done(false);
    return false;
  }
  events_.synced(synced);
  for (Waiter& waiter : take_waiters(synced)) waiter.done(true);
  return true;
}

}  // namespace questnode::node
