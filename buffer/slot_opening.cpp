#include "buffer/slot_opening.hpp"

#include <algorithm>

#include "buffer/wal_check.hpp"

namespace questclient::buffer {
namespace {

/// What one segment says; after damage, what its rescue says.
struct SegmentFindings {
  std::optional<SegmentHeader> header;
  Fsn highest = 0;
  std::uint64_t rows = 0;
};

/// `limit`: where the following segment begins, which hides what was refused to the producer; 0: none
/// follows.
SegmentFindings look_into(const SlotFolder& folder, Fsn first, Fsn limit) {
  SegmentReader reader(folder.segment(first));
  SegmentFindings findings;
  findings.header = reader.header();
  findings.highest = reader.highest(limit);
  findings.rows = findings.highest == 0 ? 0 : reader.rows_below(findings.highest + 1);
  if (hides_commits(with_suffix(folder.segment(first), "-wal")))
    throw SegmentDamaged(folder.segment(first).string() + ": its log breaks off before its last commit");
  return findings;
}

// A folder without segments still knows its numbers when an opening was killed before it named its segment.
// Returns where that segment was to begin; 0: there is none.
Fsn look_into_unnamed(const SlotFolder& folder, SlotFindings& findings) {
  if (size_or_zero(folder.next()) < kMinDatabaseBytes) return 0;
  try {
    const SegmentReader reader(folder.next());
    if (!reader.header()) return 0;
    findings.end = std::max(findings.end, reader.header()->first);
    findings.trimmed = std::max(findings.trimmed, reader.header()->trimmed);
    findings.rows = std::max(findings.rows, reader.header()->rows_before);
    return reader.header()->first;
  } catch (const SegmentDamaged&) {
    return 0;  // It holds no frame; it is made anew.
  }
}

}  // namespace

SlotFindings look_into_slot(const SlotFolder& folder, base::RandomSource& random, std::int64_t now,
                            SlotReport& report) {
  folder.finish_removals();
  finish_salvage(folder);
  SlotFindings findings;
  Fsn limit = look_into_unnamed(folder, findings);
  for (const Fsn first : folder.segments()) findings.segments[first] = 0;
  // From the newest backwards until one holds a frame: that is one segment, or a few after empty openings.
  for (auto at = findings.segments.rbegin(); at != findings.segments.rend(); ++at) {
    const Fsn first = at->first;
    SegmentFindings segment;
    try {
      segment = look_into(folder, first, limit);
    } catch (const SegmentDamaged& damage) {
      const Salvage salvage = salvage_segment(folder, first, limit, damage.what(), random, now);
      report.damage.push_back(salvage.damage);
      segment = look_into(folder, first, limit);
    }
    findings.end = std::max({findings.end, first, segment.highest + 1});
    if (segment.header) {
      findings.trimmed = std::max(findings.trimmed, segment.header->trimmed);
      findings.rows = std::max(findings.rows, segment.header->rows_before + segment.rows);
    }
    if (segment.highest != 0) break;
    findings.empty.push_back(first);
    limit = first;
  }
  for (const Fsn first : findings.empty) findings.segments.erase(first);
  for (auto& [first, bytes] : findings.segments) bytes = folder.segment_bytes(first);
  findings.end = std::max(findings.end, findings.trimmed);
  return findings;
}

}  // namespace questclient::buffer
