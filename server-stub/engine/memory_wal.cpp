#include "engine/memory_wal.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace questnode::engine {

void MemoryWal::refuse_if_broken() const {
  if (broken_) throw std::runtime_error("the WAL takes nothing any more: a sync failed");
}

void MemoryWal::append(std::uint64_t number, std::string entry) {
  const std::lock_guard lock(mutex_);
  refuse_if_broken();
  if (number != first_ + entries_.size())
    throw std::logic_error("WAL entry " + std::to_string(number) + " does not follow " +
                           std::to_string(first_ + entries_.size() - 1));
  entries_.push_back(std::move(entry));
}

std::uint64_t MemoryWal::sync() {
  const std::lock_guard lock(mutex_);
  refuse_if_broken();
  synced_ = first_ + entries_.size() - 1;
  for (MarkAt& each : marks_) each.synced = true;
  return synced_;
}

std::uint64_t MemoryWal::first() const {
  const std::lock_guard lock(mutex_);
  return first_;
}

std::uint64_t MemoryWal::last() const {
  const std::lock_guard lock(mutex_);
  return first_ + entries_.size() - 1;
}

std::uint64_t MemoryWal::synced() const {
  const std::lock_guard lock(mutex_);
  return synced_;
}

std::vector<std::string> MemoryWal::read(std::uint64_t from, std::uint64_t through,
                                         std::size_t max_bytes) const {
  const std::lock_guard lock(mutex_);
  if (from < first_)
    throw std::out_of_range("WAL entry " + std::to_string(from) + " was purged; the oldest kept is " +
                            std::to_string(first_));
  std::vector<std::string> out;
  std::size_t bytes = 0;
  for (std::uint64_t number = from; number <= through && number < first_ + entries_.size(); ++number) {
    const std::string& entry = entries_[number - first_];
    bytes += entry.size();
    if (bytes > max_bytes && !out.empty()) break;
    out.push_back(entry);
  }
  return out;
}

void MemoryWal::mark(const LogMark& mark) {
  const std::lock_guard lock(mutex_);
  refuse_if_broken();
  const std::uint64_t last = first_ + entries_.size() - 1;
  if (mark.through > last)
    throw std::logic_error("a mark speaks of entry " + std::to_string(mark.through) + ", the WAL ends with " +
                           std::to_string(last));
  marks_.push_back({mark, last, false});
}

std::optional<LogMark> MemoryWal::last_mark() const {
  const std::lock_guard lock(mutex_);
  if (marks_.empty()) return std::nullopt;
  return marks_.back().mark;
}

void MemoryWal::drop_after(std::uint64_t number) {
  while (first_ + entries_.size() - 1 > number) entries_.pop_back();
  std::erase_if(marks_, [number](const MarkAt& each) { return each.mark.through > number; });
  for (MarkAt& each : marks_) each.behind = std::min(each.behind, number);
  synced_ = std::min(synced_, number);
}

void MemoryWal::truncate_after(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  refuse_if_broken();
  if (number + 1 < first_)
    throw std::logic_error("the WAL begins with entry " + std::to_string(first_) +
                           ", it cannot be cut after " + std::to_string(number));
  if (number >= first_ + entries_.size() - 1) return;
  drop_after(number);
  synced_ = number;
  for (MarkAt& each : marks_) each.synced = true;
}

void MemoryWal::purge_through(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  // As on disk, what is not synced stays.
  for (; first_ <= std::min(number, synced_) && !entries_.empty(); ++first_) entries_.pop_front();
  // Of the marks that speak of purged entries only, the newest answers for all.
  auto newest = marks_.begin();
  for (auto at = marks_.begin(); at != marks_.end() && at->synced && at->mark.through < first_; ++at)
    newest = at;
  marks_.erase(marks_.begin(), newest);
}

void MemoryWal::power_cut(std::uint64_t lucky) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t keep = std::min(synced_ + lucky, first_ + entries_.size() - 1);
  std::erase_if(marks_, [keep](const MarkAt& each) { return !each.synced || each.behind > keep; });
  drop_after(keep);
  synced_ = keep;
  broken_ = false;
}

void MemoryWal::process_kill() {
  const std::lock_guard lock(mutex_);
  synced_ = first_ + entries_.size() - 1;
  for (MarkAt& each : marks_) each.synced = true;
  broken_ = false;
}

void MemoryWal::fail_syncs() {
  const std::lock_guard lock(mutex_);
  broken_ = true;
}

}  // namespace questnode::engine
