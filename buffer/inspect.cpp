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

/// nullopt when the segment was trimmed meanwhile; its own damage is left for the holder to find.
std::optional<SegmentReader> try_open(const SlotFolder& folder, Fsn first) {
  try {
    return buffer::open_segment(folder, first, {});
  } catch (const buffer::SegmentDamaged&) {
    return std::nullopt;
  }
}

/// Whether the sender that opens the slot may save frames that inspect() does not see.
bool hides_frames(const fs::path& path) {
  const SlotFolder folder(path);
  for (const Fsn first : folder.segments()) {
    try {
      buffer::require_whole_log(folder.database(first));
      static_cast<void>(buffer::open_segment(folder, first, {}));
    } catch (const buffer::SegmentDamaged&) {
      return true;
    }
  }
  return false;
}

// The newest segments tell where the numbers end and what was trimmed; the oldest tells how many rows were
// before it. So the cost does not grow with the backlog.
void look_at_segments(const SlotFolder& folder, SlotInfo& info) {
  const std::vector<Fsn> segments = folder.segments();
  info.segments = segments.size();
  Fsn trimmed = 0;
  std::uint64_t rows_total = 0;
  Fsn limit = 0;
  for (auto first = segments.rbegin(); first != segments.rend() && info.last_fsn == 0; ++first) {
    auto reader = try_open(folder, *first);
    const Fsn next = std::exchange(limit, *first);
    if (!reader || !reader->header()) continue;
    trimmed = std::max(trimmed, reader->header()->trimmed);
    info.last_fsn = reader->highest(next);
    rows_total = std::max(rows_total, reader->header()->rows_before + reader->rows_below(info.last_fsn + 1));
  }
  if (info.last_fsn == 0 || trimmed > info.last_fsn) {
    info.last_fsn = 0;
    return;
  }
  // The oldest segment that reaches beyond what was trimmed.
  auto oldest = std::upper_bound(segments.begin(), segments.end(), std::max(trimmed, segments.front()));
  for (--oldest; oldest != segments.end(); ++oldest) {
    auto reader = try_open(folder, *oldest);
    if (!reader || !reader->header()) continue;
    const Fsn highest = reader->highest();
    if (highest == 0 || highest < trimmed) continue;
    info.first_fsn = std::max(trimmed, reader->lowest());
    info.oldest_wall_nanos = reader->created_of(info.first_fsn);
    info.rows =
        rows_total - std::min(rows_total, reader->header()->rows_before + reader->rows_below(info.first_fsn));
    info.frames = info.last_fsn - info.first_fsn + 1;
    return;
  }
}

SlotInfo inspect(const fs::path& path) {
  const SlotFolder folder(path);
  SlotInfo info;
  info.name = path.filename().empty() ? path.parent_path().filename().string() : path.filename().string();
  info.path = path;
  info.holder_pid = buffer::SlotLock::holder(path);
  look_at_segments(folder, info);
  std::error_code gone;
  for (auto entry = fs::recursive_directory_iterator(path, gone);
       !gone && entry != fs::recursive_directory_iterator(); entry.increment(gone)) {
    std::error_code vanished;
    if (entry->is_regular_file(vanished)) info.bytes += buffer::size_or_zero(entry->path());
  }
  const buffer::DeadLetterTotals dead = buffer::count_dead_letters(path);
  info.dead_letters = dead.letters;
  info.dead_letter_bytes = dead.bytes;
  info.quarantined_files = folder.quarantined();
  return info;
}

}  // namespace

SlotInfo inspect_slot(const fs::path& path) {
  return buffer::looking_into(path, [&] { return inspect(path); });
}

std::vector<SlotInfo> list_slots(const fs::path& sf_dir) {
  std::vector<SlotInfo> slots;
  for (const fs::path& path : slots_below(sf_dir)) slots.push_back(inspect_slot(path));
  return slots;
}

std::vector<SlotInfo> orphan_slots(const fs::path& sf_dir, std::string_view except) {
  std::vector<SlotInfo> orphans;
  for (const fs::path& path : slots_below(sf_dir)) {
    if (path.filename() == except) continue;
    try {
      if (buffer::SlotLock::holder(path)) continue;
      SlotInfo slot = inspect_slot(path);
      if (!slot.holder_pid && (slot.frames != 0 || hides_frames(path))) orphans.push_back(std::move(slot));
    } catch (const std::exception&) {
      // One slot that cannot be read now keeps nobody from the others.
    }
  }
  return orphans;
}

}  // namespace questclient
