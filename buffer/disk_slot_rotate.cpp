#include <cstdio>

#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "buffer/disk_slot.hpp"

namespace questclient::buffer {

bool DiskSlot::wants_rotation() const {
  return rotation_wanted_ || !writer_ || segments_.rbegin()->second.bytes >= segment_bytes_;
}

SegmentHeader DiskSlot::header_for(Fsn first, Fsn trimmed) const {
  SegmentHeader header;
  header.stream = stream_;
  header.stream_first = stream_first_;
  header.first = first;
  header.trimmed = trimmed;
  header.rows_before = rows_total_;
  header.created = clock_.wall_nanos();
  header.position = position_;
  header.position_end = first;
  return header;
}

// Leader, with the lock held. On return frames go into a new segment; on a throw the next append tries again.
// `carry`: the position goes into it now, not with the first frames.
void DiskSlot::rotate(Lock& lock, bool carry) {
  rotation_wanted_ = true;
  // A power cut must not lose the end of one segment and keep the next one: a later position would hide the
  // loss.
  if (options_.durability != SlotDurability::memory && !unsynced_.empty()) make_durable(lock, end_);
  const Fsn first = end_;
  const SegmentHeader header = header_for(first, trimmed_);
  bool ready = claim_next(lock);
  retire_writer();
  lock.unlock();
  try {
    lock_.require_held();
    // What is in doubt is hidden by a segment that says so itself from the start, position included.
    if (!ready || doubt_) create_segment_file(folder_.next(), doubt_ ? &header : nullptr, options_.key);
    start_segment(first);
    const bool synced =
        options_.durability == SlotDurability::flush || options_.durability == SlotDurability::append;
    // Before anything is written: a log without its .db would pass for a damaged segment.
    if (synced) folder_.sync();
    // Trimming the segments before must not lose the position.
    const bool carries = carry && header.position && !writer_->header_written();
    if (carries) writer_->put_header(header);
    lock.lock();
    folder_unsynced_ = !synced;
    if (carries)
      note_commit();
    else if (writer_->header_written())
      note_carried(first, segments_.rbegin()->second.id);
  } catch (...) {
    if (!lock.owns_lock()) lock.lock();
    next_ = NextSegment::wanted;
    throw;
  }
  rotation_wanted_ = false;
  next_ = NextSegment::wanted;
  work_.notify_all();
}

// Leader, without the lock. REQUIRES: next.db is complete.
void DiskSlot::start_segment(Fsn first) {
  const std::filesystem::path path = folder_.segment(first);
  // Of that name there can only be a segment whose every frame was refused to the producer.
  if (std::filesystem::exists(path)) folder_.remove_segments({first});
  if (::rename(folder_.next().c_str(), path.c_str()) != 0) base::throw_errno("cannot rename to", path);
  folder_.use_spare(first);
  base::kill_point("slot.after_rotate");
  writer_.emplace(path, false, options_.key);
  const std::uint64_t bytes = writer_->bytes();
  Lock lock(mutex_);
  if (!segments_.empty() && segments_.rbegin()->first != first) {
    const Fsn before = segments_.rbegin()->first;
    lock.unlock();
    const std::uint64_t bytes_before = folder_.segment_bytes(before);
    lock.lock();
    Segment& sealed = segments_.at(before);
    sealed.limit = first;
    segments_total_ += bytes_before - sealed.bytes;
    sealed.bytes = bytes_before;
  }
  Segment& segment = segments_[first];
  segments_total_ += bytes - segment.bytes;
  segment = Segment{++last_id_, bytes, 0, rows_total_};
  doubt_ = false;
  doom_trimmed();
}

// Leader: afterwards next.db is the leader's until it says otherwise. Whether it is complete.
bool DiskSlot::claim_next(Lock& lock) {
  changed_.wait(lock, [this] { return next_ != NextSegment::in_work; });
  const bool ready = next_ == NextSegment::ready;
  next_ = NextSegment::in_work;
  return ready;
}

// Entered and left with the lock held: afterwards appends go into another segment than now.
void DiskSlot::put_newest_to_rest(Lock& lock) {
  const Fsn first = segments_.rbegin()->first;
  changed_.wait(lock, [this] { return !leading_; });
  if (segments_.rbegin()->first != first) return;
  leading_ = true;
  const auto finish = [&] {
    if (!lock.owns_lock()) lock.lock();
    leading_ = false;
    changed_.notify_all();
  };
  try {
    as_slot_io("The slot cannot begin a new segment", Disposition::retrying, [&] {
      rotate(lock, true);
      // Two commits on their way to the disk at once could get there in the other order.
      if (options_.durability != SlotDurability::memory) make_durable(lock, end_);
    });
  } catch (...) {
    finish();
    throw;
  }
  finish();
}

}  // namespace questclient::buffer
