#include "node/applier.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engine/sqlite.hpp"

namespace questnode::node {
namespace {

constexpr std::size_t kBatchBytes = 8 << 20;
constexpr std::chrono::milliseconds kPauseWithoutRoom{200};

}  // namespace

Applier::Applier(engine::Wal& wal, engine::TableStore& tables, const base::Clock& clock,
                 std::chrono::milliseconds checkpoint_interval, Events events)
    : wal_(wal),
      tables_(tables),
      clock_(clock),
      checkpoint_interval_(checkpoint_interval),
      events_(std::move(events)),
      allowed_(tables.applied()),
      applied_(allowed_),
      checkpointed_(allowed_),
      thread_([this] { run(); }) {}

Applier::~Applier() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Applier::allow(std::uint64_t through) {
  std::lock_guard lock(mutex_);
  if (through <= allowed_) return;
  allowed_ = through;
  changed_.notify_one();
}

std::uint64_t Applier::applied() const {
  std::lock_guard lock(mutex_);
  return applied_;
}

void Applier::run() {
  try {
    work();
  } catch (const std::exception& error) {
    events_.failed(std::string("rows cannot be brought into the tables: ") + error.what());
  }
}

void Applier::work() {
  last_checkpoint_ = clock_.now();
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto woken = [&] { return stop_ || allowed_ > applied_; };
    if (checkpointed_ == applied_) {
      changed_.wait(lock, woken);
    } else {
      const base::Time due = last_checkpoint_ + checkpoint_interval_;
      changed_.wait_for(lock, std::max(due - clock_.now(), base::Time(0)), woken);
    }
    const std::uint64_t through = allowed_;
    const bool behind = through > applied_;
    lock.unlock();
    bool room = !behind || with_room([&] { apply_batch(through); });
    if (clock_.now() >= last_checkpoint_ + checkpoint_interval_) room &= with_room([this] { checkpoint(); });
    lock.lock();
    if (!room) changed_.wait_for(lock, kPauseWithoutRoom, [this] { return stop_; });
  }
  lock.unlock();
  with_room([this] { checkpoint(); });  // Without it the next start applies more of the WAL.
}

bool Applier::with_room(const std::function<void()>& step) {
  try {
    step();
  } catch (const std::exception& error) {
    if (!engine::is_failed_write(error)) throw;
    if (!std::exchange(no_room_, true)) events_.no_room(error.what());
    return false;
  }
  if (std::exchange(no_room_, false)) events_.no_room({});
  return true;
}

void Applier::apply_batch(std::uint64_t through) {
  auto encoded = wal_.read(tables_.applied() + 1, through, kBatchBytes);
  if (encoded.empty()) {
    throw std::runtime_error("the write-ahead log lacks entry " + std::to_string(tables_.applied() + 1));
  }
  std::vector<engine::Entry> entries;
  entries.reserve(encoded.size());
  for (std::string& bytes : encoded) {
    // Not both at once: an entry may be large.
    entries.push_back(engine::decode_entry(std::exchange(bytes, {})));
    events_.applying(entries.back());
  }
  tables_.apply(entries);
  const std::uint64_t number = tables_.applied();
  {
    std::lock_guard lock(mutex_);
    applied_ = number;
  }
  events_.applied(number);
}

void Applier::checkpoint() {
  last_checkpoint_ = clock_.now();
  if (checkpointed_ == tables_.applied()) return;
  checkpointed_ = tables_.checkpoint();
  wal_.purge_through(checkpointed_);
}

}  // namespace questnode::node
