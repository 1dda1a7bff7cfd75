// What makes commits survive a power cut, and what happens when the disk refuses.
#include <algorithm>

#include "base/kill_point.hpp"
#include "buffer/disk_slot.hpp"

namespace questclient::buffer {

bool DiskSlot::must_sync(const Batch& batch) const {
  if (options_.durability == SlotDurability::append) return true;
  return options_.durability == SlotDurability::flush &&
         std::any_of(batch.begin(), batch.end(),
                     [](const PendingAppend* append) { return !append->automatic; });
}

bool DiskSlot::has_failed_syncs() const {
  return std::any_of(unsynced_.begin(), unsynced_.end(), [](const Unsynced& entry) { return entry.failed; });
}

// Leader, with the lock held, after a commit to the newest segment.
void DiskSlot::note_commit() {
  const auto& [first, segment] = *segments_.rbegin();
  if (unsynced_.empty() && options_.durability == SlotDurability::periodic) {
    next_sync_ = Steady::now() + options_.sync_interval;
    work_.notify_all();
  }
  if (unsynced_.empty() || unsynced_.back().id != segment.id) {
    // Nobody asked for the others to be synced.
    if (options_.durability == SlotDurability::memory) unsynced_.clear();
    unsynced_.push_back({first, segment.id, 0, nullptr, false});
  }
  ++unsynced_.back().commits;
}

// Past the layer that joins writes: what is committed has been passed on there. No lock lies on a log.
std::shared_ptr<SqliteFile> DiskSlot::log_to_sync(Fsn first) const {
  return std::make_shared<SqliteFile>(folder_.log(first), SqliteFile::Purpose::sync_log);
}

// Leader, with the lock held. On return everything committed below `end` is on the disk, in older segments
// too.
void DiskSlot::make_durable(Lock& lock, Fsn end) {
  changed_.wait(lock, [this] { return !syncing_; });
  syncing_ = true;
  base::kill_point("slot.before_sync");
  try {
    while (!unsynced_.empty()) {
      Unsynced& entry = unsynced_.front();
      const auto at = segments_.find(entry.first);
      if (at == segments_.end() || at->second.id != entry.id) {  // trimmed, or rescued and synced by that
        unsynced_.pop_front();
        continue;
      }
      if (!entry.failed) {
        ++counted_.syncs;
        lock.unlock();
        if (!entry.log) entry.log = log_to_sync(entry.first);
        std::string why;
        try {
          entry.log->sync();
        } catch (const SqliteError& failure) {
          why = failure.what();
        }
        lock.lock();
        entry.failed = !why.empty();
        if (entry.failed) note_failure("sync", why);
      }
      if (entry.failed) rewrite(lock, end);
      if (!entry.failed) note_carried(entry.first, entry.id);
      unsynced_.pop_front();
    }
    if (folder_unsynced_) {
      lock.unlock();
      folder_.sync();
      lock.lock();
      folder_unsynced_ = false;
    }
  } catch (...) {
    if (!lock.owns_lock()) lock.lock();
    syncing_ = false;
    changed_.notify_all();
    throw;
  }
  syncing_ = false;
  changed_.notify_all();
}

// Leader, without the lock. The frames are still in the page cache, where they can be read; the pages count
// as clean, so syncing them again would say nothing.
void DiskSlot::exchange_files(Fsn first, Fsn limit) {
  bool copied = false;
  {
    const Lock lock(mutex_);
    copied = segments_.at(first).exchanging;
  }
  if (!copied) copy_segment(folder_, first, limit, options_.key);
  base::kill_point("slot.rewritten");
  bool active = false;
  {
    const Lock lock(mutex_);
    segments_.at(first).exchanging = true;
    active = segments_.rbegin()->first == first;
  }
  if (active) writer_.reset();
  folder_.remove_segments({first});
  finish_rewrite(folder_);
}

// Leader, with the lock held: the oldest of unsynced_ is replaced by a copy that is synced.
void DiskSlot::rewrite(Lock& lock, Fsn end) {
  changed_.wait(lock, [this] { return being_rescued_ == 0 && !closing_retired_ && opening_ahead_ == 0; });
  const Fsn first = unsynced_.front().first;
  const auto at = segments_.find(first);
  if (at == segments_.end() || at->second.id != unsynced_.front().id) return;
  const bool active = std::next(at) == segments_.end();
  const Fsn limit = active ? end : at->second.limit;
  const Fsn published = std::min(limit, end_);
  base::SeededRandom random(random_.next());
  std::vector<Retired> retired = std::exchange(retired_, {});
  ahead_.erase(at->second.id);
  being_rescued_ = first;
  lock.unlock();
  std::optional<Salvage> salvage;
  try {
    retired.clear();
    try {
      exchange_files(first, limit);
    } catch (const SegmentDamaged& damage) {
      if (active) writer_.reset();
      salvage = salvage_segment(folder_, first, published, damage.what(), random, clock_.wall_nanos(),
                                options_.key);
    }
  } catch (...) {
    lock.lock();
    being_rescued_ = 0;
    changed_.notify_all();
    throw;
  }
  const std::uint64_t bytes = folder_.segment_bytes(first);
  lock.lock();
  being_rescued_ = 0;
  changed_.notify_all();
  Segment& segment = segments_.at(first);
  segments_total_ += bytes - segment.bytes;
  segment.bytes = bytes;
  segment.id = ++last_id_;
  segment.exchanging = false;
  if (active) {
    rotation_wanted_ = true;
    note_carried(first, segment.id);
  }
  if (salvage) damage_.push_back(salvage->damage);
  doom_trimmed();
  work_.notify_all();
  if (salvage && published < limit)
    throw std::runtime_error("what was just committed is not in the file any more");
}

// With the lock held: what this segment begins with, the newest position before it, is on the disk.
void DiskSlot::note_carried(Fsn first, std::uint64_t id) {
  if (first < carried_first_) return;
  carried_first_ = first;
  carried_id_ = id;
}

bool DiskSlot::sync_due() const {
  return options_.durability == SlotDurability::periodic && (!unsynced_.empty() || folder_unsynced_) &&
         !syncing_ && Steady::now() >= next_sync_;
}

// The maintenance thread, with the lock held.
void DiskSlot::sync_in_background(Lock& lock) {
  if (sync_due()) {
    sync_logs(lock);
    next_sync_ = Steady::now() + options_.sync_interval;
  }
  if (!has_failed_syncs() || leading_ || upkeep_failed_) return;
  leading_ = true;
  try {
    make_durable(lock, end_);
  } catch (const std::exception& failure) {
    note_failure("rewrite", failure.what());
    upkeep_failed_ = true;
  }
  leading_ = false;
  changed_.notify_all();
}

// The maintenance thread, with the lock held: beside the leader, who goes on committing.
void DiskSlot::sync_logs(Lock& lock) {
  if (syncing_) return;
  syncing_ = true;
  std::vector<Unsynced> logs(unsynced_.begin(), unsynced_.end());
  const bool folder = std::exchange(folder_unsynced_, false);
  lock.unlock();
  std::vector<std::string> failures(logs.size());
  std::vector<bool> done(logs.size(), false);
  for (std::size_t at = 0; at < logs.size(); ++at) {
    if (logs[at].failed) continue;
    try {
      if (!logs[at].log) logs[at].log = log_to_sync(logs[at].first);
    } catch (const SqliteError&) {
      continue;  // trimmed, or for the next time
    }
    try {
      logs[at].log->sync();
      done[at] = true;
    } catch (const SqliteError& failure) {
      failures[at] = failure.what();
    }
  }
  bool folder_done = !folder;
  try {
    if (folder) folder_.sync();
    folder_done = true;
  } catch (const std::exception& failure) {
    failures.push_back(failure.what());
  }
  lock.lock();
  folder_unsynced_ = folder_unsynced_ || !folder_done;
  counted_.syncs += static_cast<std::uint64_t>(std::count(done.begin(), done.end(), true));
  for (const std::string& why : failures)
    if (!why.empty()) note_failure("sync", why);
  for (std::size_t at = 0; at < logs.size(); ++at) {
    const auto entry = std::find_if(unsynced_.begin(), unsynced_.end(),
                                    [&](const Unsynced& other) { return other.id == logs[at].id; });
    if (entry == unsynced_.end()) continue;
    entry->log = logs[at].log;
    entry->failed = entry->failed || !failures[at].empty();
    if (done[at]) note_carried(entry->first, entry->id);
    const auto segment = segments_.find(entry->first);
    const bool gone = segment == segments_.end() || segment->second.id != entry->id;
    if (gone || (done[at] && entry->commits == logs[at].commits && !entry->failed)) unsynced_.erase(entry);
  }
  syncing_ = false;
  changed_.notify_all();
}

}  // namespace questclient::buffer
