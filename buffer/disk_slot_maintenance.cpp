#include <algorithm>

#include "buffer/disk_slot.hpp"

namespace questclient::buffer {
namespace {

/// What failed, on a full disk for example, is tried again after this time.
constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

bool DiskSlot::has_work() const {
  if (stopping_ || !retired_.empty() || sync_due()) return true;
  if (!queue_.empty() && queue_.front()->later && may_lead()) return true;
  if (upkeep_failed_ && Steady::now() < upkeep_at_) return false;
  return !doomed_.empty() || next_ == NextSegment::wanted || (has_failed_syncs() && !leading_);
}

std::optional<DiskSlot::Steady::time_point> DiskSlot::next_wake() const {
  std::optional<Steady::time_point> wake;
  const auto at = [&wake](Steady::time_point time) { wake = wake ? std::min(*wake, time) : time; };
  if (upkeep_failed_) at(upkeep_at_);
  if (options_.durability == SlotDurability::periodic && !unsynced_.empty() && !syncing_) at(next_sync_);
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
    if (upkeep_failed_ && !failed_before) upkeep_at_ = Steady::now() + kRetryAfter;
  }
}

void DiskSlot::close_retired(Lock& lock) {
  if (retired_.empty()) return;
  std::vector<SegmentWriter> retired = std::exchange(retired_, {});
  closing_retired_ = true;
  lock.unlock();
  retired.clear();
  lock.lock();
  closing_retired_ = false;
  changed_.notify_all();
}

// Commits what append_later queued, if nobody waits who would take it along.
void DiskSlot::lead_for_later(Lock& lock) {
  if (options_.overflow == SlotOverflow::drop_oldest && later_bytes_ != 0)
    while (segments_total_ + queued_bytes_ > options_.max_total_bytes && make_room(lock, 0)) {
    }
  while (!queue_.empty() && queue_.front()->later && may_lead()) lead(lock);
}

void DiskSlot::create_next(Lock& lock) {
  if (next_ != NextSegment::wanted) return;
  next_ = NextSegment::in_work;
  lock.unlock();
  std::string why;
  try {
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

void DiskSlot::remove_trimmed(Lock& lock) {
  if (doomed_.empty()) return;
  // What is removed may hold the newest position; the newest segment repeats it, and must be on the disk.
  if (position_ && carried_id_ != segments_.rbegin()->second.id) {
    sync_logs(lock);
    if (carried_id_ != segments_.rbegin()->second.id) {
      upkeep_failed_ = true;
      return;
    }
  }
  const std::vector<Fsn> doomed = std::exchange(doomed_, {});
  const std::uint64_t bytes = doomed_bytes_;
  lock.unlock();
  std::vector<Fsn> left;
  std::uint64_t left_bytes = 0;
  std::string why;
  for (const Fsn first : doomed) {
    try {
      folder_.remove_segment(first);
    } catch (const std::exception& failure) {
      why = failure.what();
      left.push_back(first);
      left_bytes += folder_.segment_bytes(first);
    }
  }
  lock.lock();
  doomed_.insert(doomed_.end(), left.begin(), left.end());
  doomed_bytes_ -= bytes - left_bytes;
  if (!left.empty()) {
    note_failure("remove", why);
    upkeep_failed_ = true;
  }
  changed_.notify_all();
  lock.unlock();
  try {
    folder_.sync();
  } catch (const std::exception&) {
    // A removal that a power cut takes back is repeated at the next opening.
  }
  lock.lock();
}

}  // namespace questclient::buffer
