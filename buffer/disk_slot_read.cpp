#include <algorithm>

#include "buffer/disk_slot.hpp"

namespace questclient::buffer {
namespace {

/// A rescue leaves only good frames; a disk that spoils these again has a defect that rescuing does not mend.
constexpr int kRescuesPerRead = 2;

}  // namespace

std::vector<base::FramePtr> DiskSlot::read(Fsn from, std::size_t max_bytes, std::size_t max_frames) {
  const std::lock_guard<std::mutex> reading(reader_mutex_);
  Lock lock(mutex_);
  for (;;) {
    from = std::max(from, trimmed_);
    if (from >= end_) return {};
    if (ring_.holds(from)) return ring_.read(from, max_bytes, max_frames);
    auto at = segments_.upper_bound(from);
    if (at == segments_.begin()) {
      from = at->first;
      continue;
    }
    const auto& [first, segment] = *std::prev(at);
    const Fsn limit = segment.limit == 0 ? end_ : segment.limit;
    if (from < limit) {
      std::vector<base::FramePtr> frames = read_segment(lock, first, from, max_bytes, max_frames);
      if (!frames.empty()) return frames;
    }
    from = limit;
  }
}

// With the lock held: what the maintenance thread has opened already, and what it shall open next.
void DiskSlot::take_reader_ahead(Lock& lock, Fsn first, std::uint64_t id) {
  if (reader_ && reader_id_ == id) return;
  // Opened once only: on a full disk a connection keeps the next one out.
  if (ahead_wanted_ == first) ahead_wanted_ = 0;
  changed_.wait(lock, [&] { return opening_ahead_ != first; });
  if (auto ahead = ahead_.extract(id)) {
    reader_ = std::move(ahead.mapped());
    reader_id_ = id;
  }
  const auto next = segments_.upper_bound(first);
  // The newest one needs no opening ahead: the writer has it open.
  if (next == segments_.end() || next->second.limit == 0) return;
  ahead_wanted_ = next->first;
  work_.notify_all();
}

void DiskSlot::open_reader(Fsn first, std::uint64_t id) {
  if (reader_ && reader_id_ == id) return;
  reader_.reset();
  reader_.emplace(folder_.segment(first), options_.key);
  reader_id_ = id;
}

// Entered and left with the lock held; empty when the segment holds nothing from `from` on.
std::vector<base::FramePtr> DiskSlot::read_segment(Lock& lock, Fsn first, Fsn from, std::size_t max_bytes,
                                                   std::size_t max_frames) {
  for (int rescues = 0;; ++rescues) {
    changed_.wait(lock, [&] { return being_rescued_ != first; });
    const auto at = segments_.find(first);
    if (at == segments_.end()) return {};
    if (at->second.exchanging)
      throw Error(ErrorCode::slot_io, Disposition::retrying,
                  folder_.segment(first).string() +
                      " is being replaced, and the disk refuses. Nothing is lost; it is tried again.");
    const std::uint64_t id = at->second.id;
    const Fsn limit = at->second.limit == 0 ? end_ : at->second.limit;
    const std::optional<ReadMarks::Mark> mark = read_marks_.find(from);
    std::string damage;
    take_reader_ahead(lock, first, id);
    lock.unlock();
    try {
      open_reader(first, id);
      std::vector<base::FramePtr> frames = reader_->read(from, limit, max_bytes, max_frames);
      const bool gap = frames.empty() || frames.front()->fsn != from;
      const std::optional<SegmentHeader> header = reader_->header();
      if (gap && !(header && header->salvaged))
        throw SegmentDamaged(folder_.segment(first).string() + ": frame " + std::to_string(from) +
                             " is missing");
      const std::uint64_t rows_before =
          frames.empty() ? 0 : count_before(frames.front()->fsn, gap ? std::nullopt : mark);
      lock.lock();
      const auto still = segments_.find(first);
      if (still != segments_.end() && header) still->second.rows_before = header->rows_before;
      note_read(frames, rows_before);
      return frames;
    } catch (const SegmentDamaged& found) {
      damage = found.what();
    } catch (const SqliteError& failure) {
      reader_.reset();
      lock.lock();
      if (!segments_.contains(first)) return {};  // trimmed meanwhile
      throw Error(ErrorCode::slot_io, Disposition::retrying,
                  std::string("The slot cannot be read now: ") + failure.what() +
                      ". Nothing is lost; reading is tried again.");
    }
    reader_.reset();
    lock.lock();
    if (rescues == kRescuesPerRead)
      throw Error(ErrorCode::slot_io, Disposition::retrying,
                  damage + ", again after it was rebuilt: the disk or the memory has a defect. Replace it.");
    rescue(lock, first, id, damage);
  }
}

// Entered and left with the lock held. A segment that was trimmed or replaced meanwhile is left alone.
void DiskSlot::rescue(Lock& lock, Fsn first, std::uint64_t id, const std::string& why) {
  const auto current = [&] {
    const auto at = segments_.find(first);
    return at != segments_.end() && at->second.id == id;
  };
  if (current() && segments_.rbegin()->first == first) put_newest_to_rest(lock);
  changed_.wait(lock, [this] { return !closing_retired_ && being_rescued_ == 0 && opening_ahead_ == 0; });
  if (!current()) return;
  std::vector<Retired> retired = std::exchange(retired_, {});
  ahead_.erase(id);
  const Fsn limit = segments_[first].limit;
  base::SeededRandom random(random_.next());
  being_rescued_ = first;
  lock.unlock();
  std::optional<Salvage> salvage;
  const auto finish = [&] {
    lock.lock();
    being_rescued_ = 0;
    changed_.notify_all();
  };
  try {
    retired.clear();
    as_slot_io("The damaged segment cannot be set aside", Disposition::retrying, [&] {
      salvage = salvage_segment(folder_, first, limit, why, random, clock_.wall_nanos(), options_.key);
    });
  } catch (...) {
    finish();
    throw;
  }
  const std::uint64_t bytes = folder_.segment_bytes(first);
  finish();
  damage_.push_back(salvage->damage);
  Segment& segment = segments_[first];
  segments_total_ += bytes - segment.bytes;
  segment.bytes = bytes;
  segment.id = ++last_id_;
  doom_trimmed();
  work_.notify_all();
}

void DiskSlot::trim(Fsn below) {
  {
    const Lock lock(mutex_);
    below = std::min(below, end_);
    if (below <= trimmed_) return;
    set_trimmed(below);
    doom_trimmed();
  }
  close_trimmed_reader();
  work_.notify_all();
  changed_.notify_all();
}

// Before the segment is removed: an open file would keep its bytes on the disk, and its log from being
// recycled.
void DiskSlot::close_trimmed_reader() {
  const std::unique_lock<std::mutex> reading(reader_mutex_, std::try_to_lock);
  if (!reading || !reader_) return;
  const Lock lock(mutex_);
  const bool in_use = std::any_of(segments_.begin(), segments_.end(),
                                  [this](const auto& entry) { return entry.second.id == reader_id_; });
  if (!in_use) reader_.reset();
}

// Without the lock. `mark`: that of the frame, if there was one.
std::uint64_t DiskSlot::count_before(Fsn fsn, const std::optional<ReadMarks::Mark>& mark) {
  const SegmentHeader& header = *reader_->header();  // or there would be no frame
  if (fsn == header.first) return header.rows_before;
  return mark ? mark->rows_before : header.rows_before + reader_->rows_below(fsn);
}

// With the lock held, as what follows. `rows_before`: of all frames below.
void DiskSlot::note_read(const std::vector<base::FramePtr>& frames, std::uint64_t rows_before) {
  if (frames.empty()) return;
  for (const base::FramePtr& frame : frames) {
    read_marks_.note(frame->fsn, {rows_before, frame->flushed_wall_nanos});
    rows_before += frame->rows();
  }
  const Fsn next = frames.back()->fsn + 1;
  if (!read_marks_.find(next)) read_marks_.note(next, {rows_before, 0});
}

// As far as it is known without a look at the disk, else fewer.
std::uint64_t DiskSlot::rows_below(Fsn fsn) const {
  if (fsn >= end_) return rows_total_;
  if (ring_.holds(fsn)) return rows_total_ - ring_.rows_from(fsn);
  std::uint64_t rows = rows_trimmed_;
  if (const auto mark = read_marks_.find_at_or_below(fsn)) rows = std::max(rows, mark->rows_before);
  const auto behind = segments_.upper_bound(fsn);
  if (behind != segments_.begin()) rows = std::max(rows, std::prev(behind)->second.rows_before.value_or(0));
  return rows;
}

void DiskSlot::set_trimmed(Fsn below) {
  rows_trimmed_ = rows_below(below);
  trimmed_ = below;
  ring_.drop_below(below);
  read_marks_.drop_below(below);
}

std::int64_t DiskSlot::oldest_wall_nanos() const {
  if (trimmed_ == end_) return 0;
  if (ring_.holds(trimmed_)) return ring_.read(trimmed_, 0, 1).front()->flushed_wall_nanos;
  const auto mark = read_marks_.find_at_or_below(trimmed_);
  return mark ? mark->wall_nanos : 0;
}

}  // namespace questclient::buffer
