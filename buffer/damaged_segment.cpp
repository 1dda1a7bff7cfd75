#include "buffer/damaged_segment.hpp"

#include <algorithm>
#include <fcntl.h>

#include "base/file.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/sqlite_file.hpp"
#include "buffer/wal_check.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr Fsn kMaxMissesInARow = 4096;
constexpr std::uint64_t kCopyBytes = 1 << 20;

/// Ways to look at a damaged segment. Each shows frames that another one may not: where a page was damaged,
/// an older version of it may be good, and the other way round.
enum class Way {
  restamped,      ///< Every page of the log counts. The .db matters where someone has checkpointed it, and
                  ///< for a segment's row that was written before any frame.
  restamped_log,  ///< The same on fresh tables: the .db may be anything.
  as_sqlite_sees_it,  ///< Nothing behind the first bad checksum counts.
};

void copy_database(const fs::path& from, const fs::path& to) {
  const SqliteFile file(from, SqliteFile::Purpose::read_database);
  const std::uint64_t size = file.size();
  base::File copy(to, O_WRONLY | O_CREAT | O_TRUNC);
  std::string bytes;
  for (std::uint64_t at = 0; at < size; at += bytes.size()) {
    bytes.resize(std::min(size - at, kCopyBytes));
    file.read(at, bytes);
    copy.write_all(bytes);
  }
}

SegmentReader make_view(const fs::path& database, const fs::path& scratch, const SegmentHeader& fallback,
                        Way way, std::string_view key) {
  const fs::path view = scratch / ("view-" + std::to_string(static_cast<int>(way)) + ".db");
  const fs::path log = with_suffix(database, "-wal");
  create_segment_file(view, nullptr);
  std::string first_page = base::File(view, O_RDONLY).read_at(0, kPageBytes);
  if (way != Way::restamped_log) copy_database(database, view);
  if (way == Way::as_sqlite_sees_it) {
    if (fs::exists(log)) fs::copy_file(log, with_suffix(view, "-wal"));
  } else {
    restamp_wal(log, with_suffix(view, "-wal"), first_page,
                static_cast<std::uint32_t>(size_or_zero(view) / kPageBytes));
    base::File(view, O_WRONLY).write_all(first_page);
  }
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
      views_.push_back(make_view(database, scratch, fallback, way, key));
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

void require_whole_log(const fs::path& database) {
  if (hides_commits(with_suffix(database, "-wal")))
    throw SegmentDamaged(database.string() + ": its log breaks off before its last commit");
}

}  // namespace questclient::buffer
