#include <algorithm>

#include <questclient/error.hpp>

#include "buffer/disk_slot.hpp"

namespace questclient::buffer {
namespace {

/// When what would make room failed, nobody calls when it may succeed.
constexpr std::chrono::milliseconds kLookAgain{50};

}  // namespace

void DiskSlot::wait_for_room(Lock& lock, std::uint64_t cost) {
  const auto full = [&] { return used() + cost > options_.max_total_bytes; };
  if (cost + kMinDatabaseBytes > options_.max_total_bytes)
    throw Error(ErrorCode::slot_full, Disposition::fix_and_resend,
                "A frame that takes " + std::to_string(cost) +
                    " bytes on disk can never fit into the slot of " +
                    std::to_string(options_.max_total_bytes) +
                    " bytes: flush fewer rows or raise sf_max_total_bytes.");
  if (!full()) return;
  ++counted_.backpressure_stalls;
  const auto began = Steady::now();
  const auto deadline = began + options_.append_deadline;
  const auto count_time = [&] {
    counted_.backpressure_nanos +=
        static_cast<std::uint64_t>((Steady::now() - began) / std::chrono::nanoseconds(1));
  };
  while (full()) {
    auto wake = deadline;
    bool comes = false;
    try {
      if (make_room(lock, cost)) continue;
      comes = room_comes();
      if (comes) wake = Steady::now() + kLookAgain;
    } catch (const std::exception& failure) {
      note_failure("append", failure.what());
      wake = std::min(deadline, Steady::now() + kLookAgain);
    }
    changed_.wait_until(lock, wake);
    if (!comes && Steady::now() >= deadline && full()) {
      count_time();
      throw Error(ErrorCode::slot_full, Disposition::fix_and_resend,
                  "The slot " + folder_.path().string() + " is at its quota of " +
                      std::to_string(options_.max_total_bytes) + " bytes and stayed there for " +
                      std::to_string(options_.append_deadline.count()) +
                      " ms: the cluster takes rows too slowly or not at all. Nothing was appended; try again "
                      "later or raise sf_max_total_bytes.");
    }
  }
  count_time();
  watch_filling();
}

// Who drops the oldest waits beyond any deadline for what is on its way: files that are being unlinked, or
// the end of another one's work, after which more can be dropped.
bool DiskSlot::room_comes() const {
  return options_.overflow == SlotOverflow::drop_oldest && !upkeep_failed_ &&
         (leading_ || being_rescued_ != 0 || doomed_bytes_ != 0);
}

// Whether something changed, so that it is worth looking again at once. The lock may have been released.
bool DiskSlot::make_room(Lock& lock, std::uint64_t cost) {
  if (being_rescued_ != 0 || leading_) return false;
  // Everything is sent, only the segment being written is in the way: put it to rest so that it can go.
  const bool only_active_left = segments_.size() == 1 && end_ > segments_.rbegin()->first;
  const bool drops = options_.overflow == SlotOverflow::drop_oldest &&
                     segments_total_ + queued_bytes_ + cost > options_.max_total_bytes;
  if (only_active_left && (drops || (trimmed_ == end_ && queue_.empty()))) {
    put_newest_to_rest(lock);
    return true;
  }
  return drops && drop_oldest(lock);
}

// With the lock held, released while the rows are counted. The sender meets missing numbers and reports them.
bool DiskSlot::drop_oldest(Lock& lock) {
  if (segments_.size() < 2 || being_rescued_ != 0 || segments_.begin()->second.exchanging) return false;
  const Fsn first = segments_.begin()->first;
  const Fsn limit = segments_.begin()->second.limit;
  const Fsn from = std::max(first, trimmed_);
  being_rescued_ = first;
  lock.unlock();
  std::uint64_t rows = 0;
  std::string unknown;
  try {
    SegmentReader reader(folder_.segment(first));
    rows = reader.rows_below(limit) - reader.rows_below(from);
  } catch (const std::exception& failure) {
    unknown = std::string(", whose rows cannot be counted (") + failure.what() + ")";
  }
  lock.lock();
  being_rescued_ = 0;
  changed_.notify_all();
  if (trimmed_ > from) {  // the sender was faster: what it trimmed is not lost
    doom_trimmed();
    work_.notify_all();
    return true;
  }
  rows_trimmed_ += rows;
  set_trimmed(limit);
  counted_.rows_dropped += rows;
  SlotEvent event;
  event.kind = SlotEvent::Kind::rows_dropped;
  event.first = from;
  event.end = limit;
  event.rows = rows;
  event.message = "The slot " + folder_.path().string() + " is at its quota: frames " + std::to_string(from) +
                  " to " + std::to_string(limit - 1) + " were dropped" + unknown +
                  ". Raise sf_max_total_bytes, or set sf_overflow=wait to lose nothing.";
  news_.event(std::move(event));
  doom_trimmed();
  work_.notify_all();
  return true;
}

// With the lock held.
void DiskSlot::doom_trimmed() {
  while (segments_.size() > 1) {
    const auto oldest = segments_.begin();
    if (oldest->second.limit > trimmed_ || oldest->first == being_rescued_ || oldest->second.exchanging)
      return;
    doomed_.push_back(oldest->first);
    doomed_bytes_ += oldest->second.bytes;
    segments_total_ -= oldest->second.bytes;
    segments_.erase(oldest);
  }
}

void DiskSlot::watch_filling() {
  news_.watch_filling("The slot " + folder_.path().string() + " holds", used(), options_.max_total_bytes);
}

}  // namespace questclient::buffer
