#include <algorithm>

#include <questclient/error.hpp>

#include "base/kill_point.hpp"
#include "buffer/disk_slot.hpp"

namespace questclient::buffer {
namespace {

/// One transaction takes at most this much, beside its first frame.
constexpr std::uint64_t kMaxBatchBytes = 4 << 20;
/// How far the slot is trimmed is written along after this many bytes: a kill repeats at most about as much.
constexpr std::uint64_t kBytesBetweenTrimRecords = 4 << 20;
/// Between two attempts after an I/O error; doubled each time.
constexpr std::chrono::milliseconds kFirstBackoff{5};
constexpr std::chrono::milliseconds kLongestBackoff{500};

std::optional<std::string> copied(const std::optional<std::string_view>& text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

Fsn DiskSlot::append(const AppendRows& rows) {
  check_append(rows);
  PendingAppend append =
      prepare_append(std::string(rows.payload), {rows.row_lengths.begin(), rows.row_lengths.end()},
                     copied(rows.position), clock_.wall_nanos());
  append.automatic = rows.automatic;
  Lock lock(mutex_);
  wait_for_room(lock, append.cost);
  enqueue(append);
  while (!append.done) {
    // What append_later queued in front has nobody who waits for it: whoever comes next takes it along.
    const bool is_next = !queue_.empty() && (queue_.front() == &append || queue_.front()->later);
    if (is_next && may_lead())
      lead(lock);
    else if (is_next && !leading_)
      changed_.wait_until(lock, retry_at_);
    else
      changed_.wait(lock);
  }
  news_.tell(lock);
  if (append.failure) std::rethrow_exception(append.failure);
  return append.fsn;
}

bool DiskSlot::append_later(LaterRows rows, std::function<void(Appended)> done) {
  check_append(rows);
  auto append = std::make_unique<PendingAppend>(prepare_append(
      std::move(rows.payload), std::move(rows.row_lengths), std::move(rows.position), clock_.wall_nanos()));
  append->automatic = rows.automatic;
  append->for_good = rows.for_good;
  append->later = std::move(done);
  const Lock lock(mutex_);
  const bool fits = used() + append->cost <= options_.max_total_bytes;
  // With drop_oldest the maintenance thread makes the room.
  const bool fits_once = append->cost + kMinDatabaseBytes <= options_.max_total_bytes;
  if (!fits_once || (!fits && options_.overflow == SlotOverflow::wait) || stopping_) return false;
  if (later_bytes_ != 0 && later_bytes_ + append->payload_bytes() > options_.max_memory_bytes) return false;
  enqueue(*append.release());
  work_.notify_all();
  return true;
}

void DiskSlot::enqueue(PendingAppend& append) {
  append.deadline = Steady::now() + options_.append_deadline;
  queued_bytes_ += append.cost;
  if (append.later) later_bytes_ += append.payload_bytes();
  queue_.push_back(&append);
}

bool DiskSlot::may_lead() const {
  return !leading_ && !queue_.empty() && (!retrying_ || Steady::now() >= retry_at_);
}

DiskSlot::Batch DiskSlot::take_batch() {
  Batch batch;
  std::uint64_t bytes = 0;
  while (!queue_.empty() && (batch.empty() || bytes + queue_.front()->cost <= kMaxBatchBytes)) {
    bytes += queue_.front()->cost;
    batch.push_back(queue_.front());
    queue_.pop_front();
  }
  return batch;
}

// Numbers the frames and returns what follows them; a position alone gets the number before it.
Fsn DiskSlot::number(const Batch& batch) {
  Fsn next = end_;
  for (PendingAppend* append : batch) {
    append->fsn = append->stored.frame ? next : next - 1;
    if (!append->stored.frame) continue;
    base::Frame& frame = *append->stored.frame;
    frame.fsn = next++;
    frame.stream = stream_;
    frame.stream_first = stream_first_;
  }
  return next;
}

// One attempt, called and left with the lock held; what fails is queued again, in front as it was.
void DiskSlot::lead(Lock& lock) {
  leading_ = true;
  const Batch batch = take_batch();
  std::string why;
  bool committed = false;
  try {
    if (must_sync(batch) && has_failed_syncs()) make_durable(lock, end_);
    if (wants_rotation()) rotate(lock);
    const Fsn end = number(batch);
    lock.unlock();
    write_batch(batch);
    const std::uint64_t bytes = writer_->bytes();
    lock.lock();
    committed = true;
    Segment& active = segments_.rbegin()->second;
    segments_total_ += bytes - active.bytes;
    active.bytes = bytes;
    note_commit();
    if (must_sync(batch)) make_durable(lock, end);
  } catch (const std::exception& failure) {
    why = failure.what();
    if (!lock.owns_lock()) lock.lock();
    if (committed) seal_in_doubt();
  }
  if (why.empty())
    publish(batch);
  else
    put_back(batch, why);
  watch_filling();
  leading_ = false;
  changed_.notify_all();
  if ((!queue_.empty() && queue_.front()->later) || has_failed_syncs()) work_.notify_all();
  news_.tell(lock);
}

// Leader, without the lock.
void DiskSlot::write_batch(const Batch& batch) {
  lock_.require_held();
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
    if (first) writer_->put_header(header_for(end_, trimmed));
    if (record_trim) writer_->put_trimmed(trimmed);
    for (const PendingAppend* append : batch) {
      if (append->stored.frame)
        writer_->put(append->stored);
      else
        writer_->put_position(*append->stored.position, append->fsn + 1);
    }
    base::kill_point("slot.before_commit");
    writer_->commit();
    base::kill_point("slot.after_commit");
  } catch (const std::exception& error) {
    // A full disk leaves the segment as it was. After anything else of the disk the statement may or may not
    // be on it, and a sync that failed once must not be repeated on the same file.
    const auto* of_disk = dynamic_cast<const SqliteError*>(&error);
    if (of_disk != nullptr && of_disk->disk_full()) folder_.remove_spare();
    if (!writer_->roll_back() || (of_disk != nullptr && !of_disk->disk_full())) {
      const Lock lock(mutex_);
      seal_in_doubt();
    }
    throw;
  }
  for (const PendingAppend* append : batch) bytes_since_trim_written_ += append->cost;
  if (record_trim || first) {
    trimmed_written_ = trimmed;
    bytes_since_trim_written_ = 0;
  }
}

// Leader, with the lock.
void DiskSlot::retire_writer() {
  if (!writer_) return;
  const auto& [first, segment] = *segments_.rbegin();
  retired_.push_back({std::move(*writer_), first, segment.id});
  writer_.reset();
}

// Leader, with the lock. The frames in doubt keep their numbers in the sealed segment, where the segment
// that begins with the same number hides them; a new stream makes the numbers different ones for the server.
void DiskSlot::seal_in_doubt() {
  retire_writer();
  rotation_wanted_ = true;
  doubt_ = true;
  stream_ = base::Uuid::random(random_);
  stream_first_ = end_;
  if (options_.durability == SlotDurability::memory) return;
  for (Unsynced& entry : unsynced_)
    if (entry.id == segments_.rbegin()->second.id) entry.failed = true;
}

void DiskSlot::publish(const Batch& batch) {
  for (PendingAppend* append : batch) {
    if (append->stored.position) position_ = std::move(append->stored.position);
    if (const auto& frame = append->stored.frame) {
      rows_total_ += frame->rows();
      end_ = frame->fsn + 1;
      if (frame->fsn >= trimmed_) ring_.push(frame);
    }
    finish(*append);
  }
  news_.appended();
  retrying_ = false;
  backoff_ = std::chrono::milliseconds(0);
  note_success();
}

void DiskSlot::put_back(const Batch& batch, const std::string& why) {
  note_failure("append", why);
  queue_.insert(queue_.begin(), batch.begin(), batch.end());
  refuse_expired(why);
  backoff_ = backoff_.count() == 0 ? kFirstBackoff : std::min(backoff_ * 2, kLongestBackoff);
  retrying_ = true;
  retry_at_ = Steady::now() + backoff_;
  work_.notify_all();
}

// What failed keeps everything behind it out as well: whose time is over leaves, wherever it stands.
void DiskSlot::refuse_expired(const std::string& why) {
  const auto now = Steady::now();
  for (PendingAppend* append : std::exchange(queue_, {})) {
    if (now < (append->for_good ? give_up_at_ : append->deadline)) {
      queue_.push_back(append);
      continue;
    }
    append->failure = std::make_exception_ptr(
        Error(ErrorCode::slot_io, Disposition::fix_and_resend,
              "The frame was not appended, and not for " + std::to_string(options_.append_deadline.count()) +
                  " ms: " + why +
                  ". What was flushed before is kept. Make sure that the disk has room and works, then "
                  "flush again."));
    finish(*append);
  }
}

void DiskSlot::finish(PendingAppend& append) {
  queued_bytes_ -= append.cost;
  append.done = true;
  if (!append.later) return;
  later_bytes_ -= append.payload_bytes();
  const std::unique_ptr<PendingAppend> ended(&append);  // append_later gave it away
  news_.finished(std::move(ended->later), {ended->failure ? 0 : ended->fsn, ended->failure});
}

}  // namespace questclient::buffer
