#include "buffer/damaged_segment.hpp"

#include <algorithm>
#include <fcntl.h>

#include "base/file.hpp"
#include "buffer/damaged_view.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/wal_check.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr Fsn kMaxMissesInARow = 4096;

SegmentReader view_of(const fs::path& database, const fs::path& scratch, const SegmentHeader& fallback,
                      Way way, std::string_view key) {
  const fs::path view = scratch / ("view-" + std::to_string(static_cast<int>(way)) + ".db");
  create_segment_file(view, nullptr);
  make_view(database, view, way, kPageBytes, base::File(view, O_RDONLY).read_at(0, kPageBytes));
  return SegmentReader(view, fallback, key);
}

}  // namespace

DamagedSegment::DamagedSegment(const fs::path& database, const fs::path& scratch,
                               const SegmentHeader& fallback, std::string_view key)
    : header_(fallback) {
  const bool has_database = size_or_zero(database) >= kMinDatabaseBytes;
  for (const Way way : {Way::restamped, Way::restamped_log, Way::as_sqlite_sees_it}) {
    if (way != Way::restamped_log && !has_database) continue;
    try {
      views_.push_back(view_of(database, scratch, fallback, way, key));
      // Another number is that of a segment whose log this one was: a power cut brought it back.
      const SegmentHeader& shown = *views_.back().header();
      if (header_ == fallback && shown.first == fallback.first) header_ = shown;
    } catch (const SegmentDamaged&) {
      // Another way may show more.
    }
  }
}

std::optional<StoredFrame> DamagedSegment::probe(Fsn fsn) {
  for (SegmentReader& view : views_)
    if (auto frame = view.probe_stored(fsn)) return frame;
  return std::nullopt;
}

// 0: unknown.
Fsn DamagedSegment::highest_claimed() {
  Fsn highest = 0;
  for (SegmentReader& view : views_) {
    try {
      const Fsn claimed = view.highest();
      if (view.probe(claimed) != nullptr) highest = std::max(highest, claimed);
    } catch (const SegmentDamaged&) {
      // This one cannot tell.
    }
  }
  return highest;
}

bool DamagedSegment::visit(Fsn from, Fsn limit, const std::function<void(StoredFrame&)>& good,
                           const std::function<void(Fsn)>& bad) {
  const Fsn last = limit != 0 ? limit - 1 : highest_claimed();
  Fsn misses = 0;
  for (Fsn fsn = from; last != 0 ? fsn <= last : misses < kMaxMissesInARow; ++fsn) {
    if (auto frame = probe(fsn)) {
      misses = 0;
      good(*frame);
    } else {
      ++misses;
      bad(fsn);
    }
  }
  return last != 0;
}

Fsn DamagedSegment::highest(Fsn from, Fsn limit) {
  Fsn highest = 0;
  visit(
      from, limit, [&](const StoredFrame& frame) { highest = frame.frame->fsn; }, [](Fsn) {});
  return highest;
}

bool require_whole_log(const fs::path& database) {
  const LogEnd end = end_of_log(with_suffix(database, "-wal"));
  if (end == LogEnd::hides_commits)
    throw SegmentDamaged(database.string() + ": its log breaks off before its last commit");
  return end == LogEnd::torn;
}

}  // namespace questclient::buffer
