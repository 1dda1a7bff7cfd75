// A slot with each of its segments.
#include <algorithm>
#include <chrono>

#include <questclient/slot.hpp>

#include "base/file.hpp"
#include "buffer/outside.hpp"

namespace questclient {
namespace {

namespace fs = std::filesystem;
using buffer::SlotFolder;

/// nullopt: trimmed meanwhile. `limit`: where the next segment begins; 0: it is the newest.
std::optional<SegmentInfo> describe(const SlotFolder& folder, Fsn first, Fsn limit,
                                    std::optional<std::string>& position) {
  SegmentInfo info;
  info.path = folder.segment(first);
  info.bytes = folder.segment_bytes(first);
  try {
    auto reader = buffer::open_segment(folder, first, {});
    if (!reader) return std::nullopt;
    info.format = reader->format();
    if (!reader->header()) return info;
    const buffer::SegmentHeader& header = *reader->header();
    info.encrypted = !header.key_check.empty();
    info.salvaged = header.salvaged;
    info.stream = header.stream.to_string();
    info.stream_first = header.stream_first;
    info.created_wall_nanos = header.created;
    info.last_fsn = reader->highest(limit);
    if (info.last_fsn != 0) info.first_fsn = reader->lowest();
    info.damage = buffer::missing_frames(*reader, folder, first, info.last_fsn, limit);
    info.rows = info.last_fsn == 0 ? 0 : reader->rows_below(info.last_fsn + 1);
    if (!info.encrypted)
      if (auto known = reader->position(limit)) position = std::move(known);
  } catch (const buffer::SegmentDamaged& damage) {
    info.damage = damage.what();
  } catch (const buffer::SqliteError&) {
    if (fs::exists(info.path)) throw;
    return std::nullopt;
  }
  return info;
}

}  // namespace

PublishedStats published_stats(const fs::path& path) {
  return buffer::looking_into(path, [&] {
    PublishedStats stats;
    stats.json = base::read_file(path / "stats.json").value_or("");
    std::error_code unknown;
    const auto written = fs::last_write_time(path / "stats.json", unknown);
    if (stats.json.empty() || unknown) return stats;
    const auto wall = std::chrono::file_clock::to_sys(written).time_since_epoch();
    stats.wall_nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count();
    return stats;
  });
}

SlotDetails describe_slot(const fs::path& path) {
  SlotDetails details;
  details.slot = inspect_slot(path);
  buffer::looking_into(path, [&] {
    const SlotFolder folder(path);
    const std::vector<Fsn> segments = folder.segments();
    for (std::size_t at = 0; at < segments.size(); ++at) {
      const Fsn limit = at + 1 < segments.size() ? segments[at + 1] : 0;
      if (auto info = describe(folder, segments[at], limit, details.position))
        details.segments.push_back(std::move(*info));
    }
    details.stats = published_stats(path);
  });
  return details;
}

}  // namespace questclient
