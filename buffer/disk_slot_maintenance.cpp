#include <algorithm>
#include <set>

#include "buffer/disk_slot.hpp"

namespace questclient::buffer {
namespace {

/// What failed, on a full disk for example, is tried again after this time.
constexpr std::chrono::seconds kRetryAfter{1};
/// Segments that stay open for the reader: three files and some 300 KiB each.
constexpr std::size_t kOpenAhead = 16;

}  // namespace

bool DiskSlot::has_work() const {
  if (stopping_ && queue_.empty()) return true;
  if (!retired_.empty() || sync_due()) return true;
  if (!queue_.empty() && queue_.front()->later && may_lead()) return true;
  if (stopping_) return false;  // but for what is queued, the rest is left to the next opening
  if (ahead_wanted_ != 0) return true;
  if (upkeep_failed_ && Steady::now() < upkeep_at_) return false;
  return !doomed_.empty() || next_ == NextSegment::wanted || (has_failed_syncs() && !leading_);
}

std::optional<DiskSlot::Steady::time_point> DiskSlot::next_wake() const {
  std::optional<Steady::time_point> wake;
  const auto at = [&wake](Steady::time_point time) { wake = wake ? std::min(*wake, time) : time; };
  if (upkeep_failed_ && !stopping_) at(upkeep_at_);
  if (options_.durability == SlotDurability::periodic && (!unsynced_.empty() || folder_unsynced_) &&
      !syncing_)
    at(next_sync_);
  if (!queue_.empty() && queue_.front()->later && !leading_ && retrying_) at(retry_at_);
  return wake;
}

void DiskSlot::maintain() {
  Lock lock(mutex_);
  for (;;) {
    while (!has_work()) {
      const auto wake = next_wake();
      if (wake)
        work_.wait_until(lock, *wake);
      else
        work_.wait(lock);
    }
    if (upkeep_failed_ && Steady::now() >= upkeep_at_) upkeep_failed_ = false;
    const bool failed_before = upkeep_failed_;
    close_retired(lock);
    lead_for_later(lock);
    sync_in_background(lock);
    if (!upkeep_failed_ || stopping_) remove_trimmed(lock);
    watch_filling();
    news_.tell(lock);
    if (stopping_ && queue_.empty() && !leading_) return;
    if (!stopping_ && !upkeep_failed_) create_next(lock);
    if (!stopping_) open_ahead(lock);
    if (upkeep_failed_ && !failed_before) upkeep_at_ = Steady::now() + kRetryAfter;
  }
}

void DiskSlot::close_retired(Lock& lock) {
  if (retired_.empty()) return;
  std::vector<Retired> retired = std::exchange(retired_, {});
  closing_retired_ = true;
  for (const Retired& segment : retired) open_before_closing(lock, segment);
  lock.unlock();
  retired.clear();
  lock.lock();
  closing_retired_ = false;
  changed_.notify_all();
}

// Commits what append_later queued, if nobody waits who would take it along.
void DiskSlot::lead_for_later(Lock& lock) {
  try {
    if (options_.overflow == SlotOverflow::drop_oldest && later_bytes_ != 0)
      while (segments_total_ + queued_bytes_ > options_.max_total_bytes && make_room(lock, 0)) {
      }
  } catch (const std::exception& failure) {
    note_failure("append", failure.what());  // so will the append, which is tried again
  }
  while (!queue_.empty() && queue_.front()->later && may_lead()) lead(lock);
}

// SQLite reads and checks the whole log of a segment that nobody has open. While the writer has it open that
// costs nothing: the next ones to be read stay open from then on.
void DiskSlot::open_before_closing(Lock& lock, const Retired& retired) {
  const auto segment = segments_.find(retired.first);
  const bool wanted = segment != segments_.end() && segment->second.id == retired.id && !stopping_;
  if (!wanted || ahead_.size() >= kOpenAhead) return;
  lock.unlock();
  std::optional<SegmentReader> reader = opened(retired.first);
  lock.lock();
  if (reader) ahead_.insert_or_assign(retired.id, std::move(*reader));
}

// The log of one that nobody has open is checked here, beside the reader's work on the segment before.
void DiskSlot::open_ahead(Lock& lock) {
  const Fsn first = std::exchange(ahead_wanted_, 0);
  const auto wanted = segments_.find(first);
  if (wanted == segments_.end() || wanted->second.exchanging || being_rescued_ == first) return;
  const std::uint64_t id = wanted->second.id;
  const auto next = std::next(wanted);
  const Fsn after = next == segments_.end() ? 0 : next->first;
  const bool is_open = ahead_.contains(id);
  opening_ahead_ = first;
  lock.unlock();
  if (after != 0) folder_.fetch_ahead(after);
  std::optional<SegmentReader> reader;
  if (!is_open) reader = opened(first);
  lock.lock();
  opening_ahead_ = 0;
  if (reader) ahead_.insert_or_assign(id, std::move(*reader));
  changed_.notify_all();
}

// Without the lock.
std::optional<SegmentReader> DiskSlot::opened(Fsn first) const {
  try {
    return SegmentReader(folder_.segment(first), options_.key);
  } catch (const std::exception&) {
    return std::nullopt;  // Who reads it meets the same, and knows what to do.
  }
}

// An open file would keep its bytes on the disk, and its log from being recycled.
void DiskSlot::close_useless_readers() {
  std::set<std::uint64_t> ids;
  for (const auto& [first, segment] : segments_) ids.insert(segment.id);
  std::erase_if(ahead_, [&](const auto& entry) { return !ids.contains(entry.first); });
}

void DiskSlot::create_next(Lock& lock) {
  if (next_ != NextSegment::wanted) return;
  next_ = NextSegment::in_work;
  lock.unlock();
  std::string why;
  try {
    lock_.require_held();
    create_segment_file(folder_.next(), nullptr);
  } catch (const std::exception& failure) {
    why = failure.what();  // The append that needs it tries again.
  }
  lock.lock();
  next_ = why.empty() ? NextSegment::ready : NextSegment::wanted;
  if (!why.empty()) {
    note_failure("prepare", why);
    upkeep_failed_ = true;
  }
  changed_.notify_all();
}

// What is removed may hold the newest position; a newer segment repeats it, and must be on the disk. On a
// full disk that may be impossible: then what is older than the newest that is there makes room.
std::vector<Fsn> DiskSlot::take_removable(Lock& lock) {
  Fsn limit = UINT64_MAX;
  if (position_ && carried_id_ != segments_.rbegin()->second.id) {
    sync_logs(lock);
    if (carried_id_ != segments_.rbegin()->second.id) limit = carried_first_;
  }
  const auto kept = std::partition(doomed_.begin(), doomed_.end(), [&](Fsn first) { return first < limit; });
  std::vector<Fsn> removable(doomed_.begin(), kept);
  doomed_.erase(doomed_.begin(), kept);
  upkeep_failed_ = upkeep_failed_ || !doomed_.empty();
  return removable;
}

// With the lock held. A log that is written over costs neither new pages nor new blocks; but no more of the
// disk is held for that than invariant 5 allows, and nothing on a disk that refuses.
std::optional<Recycling> DiskSlot::recycling() {
  const bool has_room = segments_total_ + queued_bytes_ + segment_bytes_ <= options_.max_total_bytes;
  if (stopping_ || failing_ || !has_room) return std::nullopt;
  return Recycling{segment_bytes_ / 2, segment_bytes_ * 2, random_.next(),
                   options_.durability != SlotDurability::memory};
}

void DiskSlot::remove_trimmed(Lock& lock) {
  if (doomed_.empty()) return;
  close_useless_readers();
  const std::vector<Fsn> doomed = take_removable(lock);
  if (doomed.empty()) return;
  const std::optional<Recycling> recycled = recycling();
  lock.unlock();
  std::uint64_t bytes = 0;
  for (const Fsn first : doomed) bytes += folder_.segment_bytes(first);
  std::string why;
  try {
    lock_.require_held();
    folder_.remove_spent(doomed, recycled);
  } catch (const std::exception& failure) {
    why = failure.what();
    for (const Fsn first : doomed) bytes -= std::min(bytes, folder_.segment_bytes(first));
  }
  lock.lock();
  doomed_bytes_ = doomed_.empty() && why.empty() ? 0 : doomed_bytes_ - std::min(doomed_bytes_, bytes);
  if (!why.empty()) {
    doomed_.insert(doomed_.end(), doomed.begin(), doomed.end());
    note_failure("remove", why);
    upkeep_failed_ = true;
  }
  changed_.notify_all();
}

}  // namespace questclient::buffer
