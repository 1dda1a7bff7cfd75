#include <algorithm>
#include <utility>

#include <questclient/error.hpp>
#include <questclient/slot.hpp>

#include "buffer/damaged_segment.hpp"
#include "buffer/dead_letters.hpp"
#include "buffer/outside.hpp"
#include "buffer/segment.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/slot_lock.hpp"

namespace questclient {
namespace {

namespace fs = std::filesystem;
using buffer::Fsn;
using buffer::SegmentReader;
using buffer::SlotFolder;

std::vector<fs::path> slots_below(const fs::path& sf_dir) {
  std::vector<fs::path> found;
  try {
    for (const auto& entry : fs::directory_iterator(sf_dir))
      if (buffer::is_slot(entry.path())) found.push_back(entry.path());
  } catch (const fs::filesystem_error& failure) {
    throw Error(ErrorCode::slot_io, Disposition::fix_and_resend,
                "The slots below " + sf_dir.string() + " cannot be listed: " + failure.what() +
                    ". Name the folder that sf_dir names.");
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string name_of(const fs::path& slot) {
  return slot.filename().empty() ? slot.parent_path().filename().string() : slot.filename().string();
}

/// Looks at as few segments as tell the numbers, so that the cost does not grow with the backlog.
class Look {
 public:
  Look(const SlotFolder& folder, SlotInfo& info)
      : folder_(folder), info_(info), segments_(folder.segments()) {}

  void run() {
    info_.segments = segments_.size();
    look_for_newest();
    if (info_.last_fsn == 0 || trimmed_ > info_.last_fsn) {
      info_.last_fsn = 0;
      return;
    }
    look_for_oldest();
  }

 private:
  // The newest ones tell where the numbers end and what was trimmed.
  void look_for_newest() {
    Fsn limit = 0;
    for (auto first = segments_.rbegin(); first != segments_.rend() && info_.last_fsn == 0; ++first) {
      auto reader = try_open(*first);
      const Fsn next = std::exchange(limit, *first);
      if (!reader || !reader->header()) continue;
      trimmed_ = std::max(trimmed_, reader->header()->trimmed);
      const Fsn highest = noting_damage([&] { return reader->highest(next); });
      if (auto missing = buffer::missing_frames(*reader, folder_, *first, highest, next); !missing.empty())
        note(missing);
      require_whole_log(*first);
      if (highest == 0) continue;
      info_.last_fsn = highest;
      rows_total_ = reader->header()->rows_before +
                    noting_damage([&] { return reader->rows_below(info_.last_fsn + 1); });
    }
  }

  // The oldest one that reaches beyond what was trimmed tells how many rows were before it.
  void look_for_oldest() {
    auto oldest = std::upper_bound(segments_.begin(), segments_.end(), std::max(trimmed_, segments_.front()));
    for (--oldest; oldest != segments_.end(); ++oldest) {
      auto reader = try_open(*oldest);
      if (!reader || !reader->header()) continue;
      const Fsn limit = std::next(oldest) == segments_.end() ? 0 : *std::next(oldest);
      const Fsn highest = noting_damage([&] { return reader->highest(limit); });
      if (auto missing = buffer::missing_frames(*reader, folder_, *oldest, highest, limit); !missing.empty())
        note(missing);
      if (highest == 0 || highest < trimmed_) continue;
      noting_damage([&] {
        info_.first_fsn = std::max(trimmed_, reader->lowest());
        info_.oldest_wall_nanos = reader->created_of(info_.first_fsn);
        const std::uint64_t before = reader->header()->rows_before + reader->rows_below(info_.first_fsn);
        info_.rows = rows_total_ - std::min(rows_total_, before);
        info_.frames = info_.last_fsn - info_.first_fsn + 1;
        return 0;
      });
      return;
    }
  }

  /// nullopt when the segment was trimmed meanwhile, or is damaged.
  std::optional<SegmentReader> try_open(Fsn first) {
    try {
      return buffer::open_segment(folder_, first, {});
    } catch (const buffer::SegmentDamaged& damage) {
      note(damage.what());
      return std::nullopt;
    }
  }

  template <class Work>
  auto noting_damage(Work&& work) -> decltype(work()) {
    try {
      return work();
    } catch (const buffer::SegmentDamaged& damage) {
      note(damage.what());
      return {};
    }
  }

  // On a live slot it would be read whole each time that somebody looks on.
  void require_whole_log(Fsn first) {
    if (info_.holder_pid) return;
    const fs::path database = folder_.database(first);
    try {
      buffer::require_whole_log(database);
    } catch (const buffer::SegmentDamaged& damage) {
      note(damage.what());
    } catch (const std::exception&) {
      // Somebody may have taken the slot and trimmed the segment meanwhile.
      if (buffer::size_or_zero(buffer::with_suffix(database, "-wal")) != 0) throw;
    }
  }

  void note(const std::string& damage) {
    if (info_.damage.find(damage) != std::string::npos) return;
    info_.damage += (info_.damage.empty() ? "" : "; ") + damage;
  }

  const SlotFolder& folder_;
  SlotInfo& info_;
  const std::vector<Fsn> segments_;
  Fsn trimmed_ = 0;
  std::uint64_t rows_total_ = 0;
};

void count_letters(const fs::path& path, SlotInfo& info) {
  try {
    const buffer::DeadLetterTotals dead = buffer::count_dead_letters(path);
    info.dead_letters = dead.letters;
    info.dead_letter_bytes = dead.bytes;
  } catch (const buffer::DeadLettersDamaged& damage) {
    info.dead_letter_damage = damage.what();
  }
}

SlotInfo inspect(const fs::path& path) {
  const SlotFolder folder(path);
  SlotInfo info;
  info.name = name_of(path);
  info.path = path;
  info.holder_pid = buffer::SlotLock::holder(path);
  Look(folder, info).run();
  std::error_code gone;
  for (auto entry = fs::recursive_directory_iterator(path, gone);
       !gone && entry != fs::recursive_directory_iterator(); entry.increment(gone)) {
    std::error_code vanished;
    if (entry->is_regular_file(vanished)) info.bytes += buffer::size_or_zero(entry->path());
  }
  count_letters(path, info);
  info.quarantined_files = folder.quarantined();
  return info;
}

bool is_held(const fs::path& path) noexcept {
  try {
    return buffer::SlotLock::holder(path).has_value();
  } catch (const std::exception&) {
    return false;
  }
}

SlotInfo in_trouble(const fs::path& path, const std::exception& why) {
  SlotInfo info;
  info.name = name_of(path);
  info.path = path;
  info.trouble = why.what();
  return info;
}

}  // namespace

void require_slot(const fs::path& path) {
  if (!buffer::is_slot(path)) buffer::throw_no_slot(path);
}

SlotInfo inspect_slot(const fs::path& path) {
  return buffer::looking_into(path, [&] { return inspect(path); });
}

std::vector<SlotInfo> list_slots(const fs::path& sf_dir) {
  std::vector<SlotInfo> slots;
  for (const fs::path& path : slots_below(sf_dir)) {
    try {
      slots.push_back(inspect_slot(path));
    } catch (const std::exception& failure) {
      slots.push_back(in_trouble(path, failure));
    }
  }
  return slots;
}

std::vector<SlotInfo> orphan_slots(const fs::path& sf_dir, std::string_view except,
                                   const std::function<void(const SlotInfo&)>& left_out) {
  std::vector<SlotInfo> orphans;
  for (const fs::path& path : slots_below(sf_dir)) {
    if (path.filename() == except) continue;
    std::optional<SlotInfo> unreadable;
    try {
      if (buffer::SlotLock::holder(path)) continue;
      SlotInfo slot = inspect_slot(path);
      // Of a damaged one the sender that opens it may save frames that are not seen here.
      if (!slot.holder_pid && (slot.frames != 0 || !slot.damage.empty())) orphans.push_back(std::move(slot));
    } catch (const std::exception& failure) {
      // It keeps nobody from the others. Who took it meanwhile sees to it himself.
      if (buffer::is_slot(path) && !is_held(path)) unreadable = in_trouble(path, failure);
    }
    if (unreadable && left_out) left_out(*unreadable);
  }
  return orphans;
}

}  // namespace questclient
