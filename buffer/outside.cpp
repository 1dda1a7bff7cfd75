#include "buffer/outside.hpp"

#include <algorithm>

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

bool is_gone(const fs::path& segment) {
  std::error_code unknown;
  return !fs::exists(segment, unknown) && !unknown;
}

// A reader that comes between the two steps of a removal makes SQLite create an empty log beside nothing.
void remove_litter(const fs::path& segment) {
  const fs::path log = with_suffix(segment, "-wal");
  std::error_code unimportant;
  if (!is_gone(segment) || !fs::exists(log, unimportant) || size_or_zero(log) != 0) return;
  fs::remove(log, unimportant);
  fs::remove(with_suffix(segment, "-shm"), unimportant);
}

}  // namespace

bool is_slot(const fs::path& path) {
  std::error_code unreadable;
  return fs::is_directory(path, unreadable) && fs::exists(path / ".lock", unreadable);
}

std::optional<SegmentReader> open_segment(const SlotFolder& folder, Fsn first, const std::string& key) {
  const fs::path path = folder.database(first);
  try {
    std::optional<SegmentReader> reader(std::in_place, path, key);
    if (!is_gone(path)) return reader;
  } catch (const SegmentDamaged&) {
    if (!is_gone(path)) throw;
    // A log alone holds frames that can be saved, unless its removal is under way.
    if (!folder.is_being_removed(first) && size_or_zero(with_suffix(path, "-wal")) != 0) throw;
  } catch (const SqliteError&) {
    if (!is_gone(path)) throw;
  }
  remove_litter(path);
  return std::nullopt;
}

std::string missing_frames(const SegmentReader& reader, const SlotFolder& folder, Fsn first, Fsn highest,
                           Fsn limit) {
  const Fsn from = std::max(first, highest + 1);
  if (limit == 0 || from >= limit || (reader.header() && reader.header()->salvaged)) return {};
  return folder.segment(first).string() + ": frames " + std::to_string(from) + " to " +
         std::to_string(limit - 1) + " are missing";
}

void throw_no_slot(const fs::path& path) {
  throw Error(
      ErrorCode::slot_io, Disposition::fix_and_resend,
      "There is no slot at " + path.string() + ": a slot is a folder <sf_dir>/<sender_id> with a .lock.");
}

void throw_unreadable(const fs::path& path, const char* why) {
  throw Error(
      ErrorCode::slot_io, Disposition::fix_and_resend,
      "The slot " + path.string() + " cannot be read: " + why + ". Check the permissions and the disk.");
}

}  // namespace questclient::buffer
