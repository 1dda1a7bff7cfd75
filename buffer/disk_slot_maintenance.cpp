#include "buffer/disk_slot.hpp"

namespace questclient::buffer {
namespace {

/// What failed, on a full disk for example, is tried again after this time.
constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

void DiskSlot::maintain() {
  Lock lock(mutex_);
  for (;;) {
    const auto has_work = [this] {
      return stopping_ || !doomed_.empty() || !retired_.empty() || next_ == NextSegment::wanted;
    };
    if (upkeep_failed_)
      work_.wait_for(lock, kRetryAfter, [this] { return stopping_; });
    else
      work_.wait(lock, has_work);
    upkeep_failed_ = false;
    if (!retired_.empty()) {
      std::vector<SegmentWriter> retired = std::exchange(retired_, {});
      closing_retired_ = true;
      lock.unlock();
      retired.clear();
      lock.lock();
      closing_retired_ = false;
      changed_.notify_all();
    }
    remove_trimmed(lock);
    if (stopping_) return;
    create_next(lock);
  }
}

void DiskSlot::create_next(Lock& lock) {
  if (next_ != NextSegment::wanted) return;
  next_ = NextSegment::in_work;
  lock.unlock();
  bool made = true;
  try {
    create_segment_file(folder_.next(), nullptr);
  } catch (const std::exception&) {
    made = false;  // The append that needs it tries again and reports why.
  }
  lock.lock();
  next_ = made ? NextSegment::ready : NextSegment::wanted;
  upkeep_failed_ = upkeep_failed_ || !made;
  changed_.notify_all();
}

void DiskSlot::remove_trimmed(Lock& lock) {
  if (doomed_.empty()) return;
  const std::vector<Fsn> doomed = std::exchange(doomed_, {});
  const std::uint64_t bytes = doomed_bytes_;
  lock.unlock();
  std::vector<Fsn> left;
  std::uint64_t left_bytes = 0;
  for (const Fsn first : doomed) {
    try {
      folder_.remove_segment(first);
    } catch (const std::exception&) {
      left.push_back(first);
      left_bytes += folder_.segment_bytes(first);
    }
  }
  lock.lock();
  doomed_.insert(doomed_.end(), left.begin(), left.end());
  doomed_bytes_ -= bytes - left_bytes;
  upkeep_failed_ = upkeep_failed_ || !left.empty();
  changed_.notify_all();
  lock.unlock();
  try {
    folder_.sync();
  } catch (const std::exception&) {
    // A removal that a power cut takes back is repeated at the next opening.
  }
  lock.lock();
}

// Leader: afterwards next.db is the leader's until it says otherwise. Whether it is complete.
bool DiskSlot::claim_next(Lock& lock) {
  changed_.wait(lock, [this] { return next_ != NextSegment::in_work; });
  const bool ready = next_ == NextSegment::ready;
  next_ = NextSegment::in_work;
  return ready;
}

}  // namespace questclient::buffer
