#include <algorithm>
#include <cstdio>

#include <questclient/error.hpp>

#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "buffer/disk_slot.hpp"

namespace questclient::buffer {
namespace {

/// One transaction takes at most this much, beside its first frame.
constexpr std::uint64_t kMaxBatchBytes = 4 << 20;
/// How far the slot is trimmed is written along after this many bytes: a kill repeats at most about as much.
constexpr std::uint64_t kBytesBetweenTrimRecords = 4 << 20;

}  // namespace

Fsn DiskSlot::append(const AppendRows& rows) {
  PendingAppend append = prepare_append(rows.payload, rows.row_lengths, clock_.wall_nanos());
  Lock lock(mutex_);
  wait_for_room(lock, append.cost);
  queue_.push_back(&append);
  queued_bytes_ += append.cost;
  while (!append.done) {
    if (!leading_ && !queue_.empty() && queue_.front() == &append)
      lead(lock);
    else
      changed_.wait(lock);
  }
  if (append.failure) std::rethrow_exception(append.failure);
  return append.stored.frame->fsn;
}

void DiskSlot::wait_for_room(Lock& lock, std::uint64_t cost) {
  const auto full = [&] {
    return segments_total_ + doomed_bytes_ + queued_bytes_ + cost > options_.max_total_bytes;
  };
  if (cost + kMinDatabaseBytes > options_.max_total_bytes)
    throw Error(ErrorCode::slot_full, Disposition::fix_and_resend,
                "A frame that takes " + std::to_string(cost) +
                    " bytes on disk can never fit into the slot of " +
                    std::to_string(options_.max_total_bytes) +
                    " bytes: flush fewer rows or raise sf_max_total_bytes.");
  if (!full()) return;
  ++stalls_;
  const auto deadline = std::chrono::steady_clock::now() + options_.append_deadline;
  while (full()) {
    // Everything is sent, only the segment being written is in the way: put it to rest so that it can go.
    const bool only_active_left =
        segments_.size() == 1 && trimmed_ == end_ && end_ > segments_.rbegin()->first;
    if (only_active_left && !leading_ && queue_.empty()) {
      leading_ = true;
      rotation_wanted_ = true;
      try {
        as_slot_io("The slot cannot begin a new segment", Disposition::fix_and_resend, [&] { rotate(lock); });
      } catch (...) {
        if (!lock.owns_lock()) lock.lock();
        leading_ = false;
        changed_.notify_all();
        throw;
      }
      leading_ = false;
      changed_.notify_all();
      continue;
    }
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && full())
      throw Error(ErrorCode::slot_full, Disposition::fix_and_resend,
                  "The slot " + folder_.path().string() + " is at its quota of " +
                      std::to_string(options_.max_total_bytes) + " bytes and stayed there for " +
                      std::to_string(options_.append_deadline.count()) +
                      " ms: the cluster takes rows too slowly or not at all. Nothing was appended; try again "
                      "later or raise sf_max_total_bytes.");
  }
}

std::vector<PendingAppend*> DiskSlot::take_batch() {
  std::vector<PendingAppend*> batch;
  std::uint64_t bytes = 0;
  while (!queue_.empty() && (batch.empty() || bytes + queue_.front()->cost <= kMaxBatchBytes)) {
    bytes += queue_.front()->cost;
    batch.push_back(queue_.front());
    queue_.pop_front();
  }
  return batch;
}

bool DiskSlot::wants_rotation() const {
  return rotation_wanted_ || !writer_ || segments_.rbegin()->second.bytes >= segment_bytes_;
}

// Called and left with the lock held; the commit itself runs without it.
void DiskSlot::lead(Lock& lock) {
  leading_ = true;
  const std::vector<PendingAppend*> batch = take_batch();
  std::string why;
  try {
    if (wants_rotation()) rotate(lock);
    Fsn fsn = end_;
    for (PendingAppend* append : batch) {
      base::Frame& frame = *append->stored.frame;
      frame.fsn = fsn++;
      frame.stream = stream_;
      frame.stream_first = stream_first_;
    }
    lock.unlock();
    write_batch(batch);
  } catch (const std::exception& failure) {
    why = failure.what();
  }
  const std::uint64_t bytes = writer_ ? writer_->bytes() : 0;
  if (!lock.owns_lock()) lock.lock();
  if (writer_) {
    Segment& active = segments_.rbegin()->second;
    segments_total_ += bytes - active.bytes;
    active.bytes = bytes;
  }
  if (why.empty())
    publish(batch);
  else
    refuse(batch, why);
  leading_ = false;
  changed_.notify_all();
  if (!why.empty() || !callback_) return;
  const std::function<void()> callback = callback_;
  lock.unlock();
  callback();
  lock.lock();
}

// Leader, without the lock.
void DiskSlot::write_batch(const std::vector<PendingAppend*>& batch) {
  Fsn trimmed = 0;
  {
    const Lock lock(mutex_);
    trimmed = trimmed_;
  }
  const bool first = !writer_->header_written();
  const bool record_trim =
      !first && trimmed > trimmed_written_ && bytes_since_trim_written_ >= kBytesBetweenTrimRecords;
  try {
    writer_->begin();
    if (first) writer_->put_header(header_for(batch.front()->stored.frame->fsn, trimmed));
    if (record_trim) writer_->put_trimmed(trimmed);
    for (const PendingAppend* append : batch) writer_->put(append->stored);
    base::kill_point("slot.before_commit");
    writer_->commit();
    base::kill_point("slot.after_commit");
  } catch (const SqliteError& error) {
    // A full disk leaves the segment as it was. After anything else the statement may or may not be on the
    // disk, and a sync that failed once must not be repeated on the same file.
    if (!writer_->roll_back() || !error.disk_full()) seal_in_doubt(error.what());
    throw;
  }
  for (const PendingAppend* append : batch) bytes_since_trim_written_ += append->cost;
  if (record_trim || first) {
    trimmed_written_ = trimmed;
    bytes_since_trim_written_ = 0;
  }
}

// Leader, without the lock. The frames in doubt keep their numbers in the sealed segment, where the segment
// that begins with the same number hides them; a new stream makes the numbers different ones for the server.
void DiskSlot::seal_in_doubt(const std::string& why) {
  writer_.reset();
  const Lock lock(mutex_);
  rotation_wanted_ = true;
  doubt_ = true;
  stream_ = base::Uuid::random(random_);
  stream_first_ = end_;
  damage_.push_back({folder_.segment(segments_.rbegin()->first).string(),
                     why + ". The segment was sealed before frame " + std::to_string(end_) +
                         "; every frame that was acknowledged before is kept in it."});
}

void DiskSlot::publish(const std::vector<PendingAppend*>& batch) {
  for (PendingAppend* append : batch) {
    queued_bytes_ -= append->cost;
    rows_total_ += append->stored.frame->rows();
    end_ = append->stored.frame->fsn + 1;
    if (append->stored.frame->fsn >= trimmed_) ring_.push(append->stored.frame);
    append->done = true;
  }
}

void DiskSlot::refuse(const std::vector<PendingAppend*>& batch, const std::string& why) {
  const Error error(ErrorCode::slot_io, Disposition::fix_and_resend,
                    "The frame was not appended: " + why +
                        ". What was flushed before is kept. Make sure that the disk has room and works, then "
                        "flush again.");
  for (PendingAppend* append : batch) {
    queued_bytes_ -= append->cost;
    append->failure = std::make_exception_ptr(error);
    append->done = true;
  }
}

SegmentHeader DiskSlot::header_for(Fsn first, Fsn trimmed) const {
  SegmentHeader header;
  header.stream = stream_;
  header.stream_first = stream_first_;
  header.first = first;
  header.trimmed = trimmed;
  header.rows_before = rows_total_;
  header.created = clock_.wall_nanos();
  return header;
}

// Leader, with the lock held. On return frames go into a new segment; on a throw the next append tries again.
void DiskSlot::rotate(Lock& lock) {
  rotation_wanted_ = true;
  const Fsn first = end_;
  const bool ready = claim_next(lock);
  if (writer_) retired_.push_back(std::move(*writer_));
  writer_.reset();
  lock.unlock();
  try {
    if (!ready) create_segment_file(folder_.next(), nullptr);
    start_segment(first);
    if (options_.durability == SlotDurability::flush) folder_.sync();
  } catch (...) {
    lock.lock();
    next_ = NextSegment::wanted;
    throw;
  }
  lock.lock();
  rotation_wanted_ = false;
  next_ = NextSegment::wanted;
  work_.notify_all();
}

// Leader, without the lock. REQUIRES: next.db is complete.
void DiskSlot::start_segment(Fsn first) {
  const std::filesystem::path path = folder_.segment(first);
  // Of that name there can only be a segment whose every frame was refused to the producer.
  if (std::filesystem::exists(path)) folder_.remove_segment(first);
  if (::rename(folder_.next().c_str(), path.c_str()) != 0) base::throw_errno("cannot rename to", path);
  base::kill_point("slot.after_rotate");
  writer_.emplace(path, options_.durability == SlotDurability::flush, options_.key);
  const std::uint64_t bytes = writer_->bytes();
  const Lock lock(mutex_);
  if (!segments_.empty() && segments_.rbegin()->first != first) segments_.rbegin()->second.limit = first;
  Segment& segment = segments_[first];
  segments_total_ += bytes - segment.bytes;
  segment = Segment{++last_id_, bytes, 0, rows_total_};
  doubt_ = false;
  doom_trimmed();
}

}  // namespace questclient::buffer
