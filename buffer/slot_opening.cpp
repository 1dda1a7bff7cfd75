#include "buffer/slot_opening.hpp"

#include <algorithm>
#include <utility>

#include "buffer/damaged_segment.hpp"
#include "buffer/slot_key.hpp"

namespace questclient::buffer {
namespace {

/// What one segment says; after damage, what its rescue says.
struct SegmentFindings {
  std::optional<SegmentHeader> header;
  Fsn highest = 0;
  std::uint64_t rows = 0;
  std::optional<std::string> position;
  bool is_torn = false;
};

/// `limit`: where the following segment begins, which hides what was refused to the producer; 0: none
/// follows.
SegmentFindings look_into(const SlotFolder& folder, Fsn first, Fsn limit, std::string_view key) {
  SegmentReader reader(folder.segment(first), key);
  SegmentFindings findings;
  findings.header = reader.header();
  // With durability `memory` a power cut can bring back what a recycled log held.
  if (findings.header && findings.header->first != first)
    throw SegmentDamaged(folder.segment(first).string() + ": its log is that of an earlier segment");
  findings.highest = reader.highest(limit);
  findings.rows = findings.highest == 0 ? 0 : reader.rows_below(findings.highest + 1);
  findings.position = reader.position(limit);
  findings.is_torn = require_whole_log(folder.segment(first));
  return findings;
}

// A folder without segments still knows its numbers when an opening was killed before it named its segment.
// Returns where that segment was to begin; 0: there is none.
Fsn look_into_unnamed(const SlotFolder& folder, std::string_view key, SlotFindings& findings) {
  if (size_or_zero(folder.next()) < kMinDatabaseBytes) return 0;
  try {
    SegmentReader reader(folder.next(), key);
    if (!reader.header()) return 0;
    findings.position = reader.position();
    findings.end = std::max(findings.end, reader.header()->first);
    findings.trimmed = std::max(findings.trimmed, reader.header()->trimmed);
    findings.rows = std::max(findings.rows, reader.header()->rows_before);
    return reader.header()->first;
  } catch (const SegmentDamaged&) {
    return 0;  // It holds no frame; it is made anew.
  }
}

// After a rescue only. What is damaged itself is left for the reader to find.
std::optional<std::string> older_position(const SlotFolder& folder, const SlotFindings& findings,
                                          std::string_view key) {
  Fsn limit = 0;
  for (auto at = findings.segments.rbegin(); at != findings.segments.rend(); limit = (at++)->first) {
    try {
      SegmentReader reader(folder.segment(at->first), key);
      if (auto position = reader.position(limit)) return position;
      if (reader.header() && !reader.header()->salvaged) return std::nullopt;
    } catch (const SegmentDamaged&) {
      continue;
    }
  }
  return std::nullopt;
}

}  // namespace

SlotFindings look_into_slot(const SlotFolder& folder, base::RandomSource& random, std::int64_t now,
                            std::string_view key, SlotReport& report) {
  const bool changed_key = changes_key(folder, key);
  folder.finish_removals();
  report.damage = finish_salvage(folder);
  finish_rewrite(folder);
  SlotFindings findings;
  Fsn limit = look_into_unnamed(folder, key, findings);
  for (const Fsn first : folder.segments()) findings.segments[first] = 0;
  bool position_known = limit != 0;
  // From the newest backwards until one holds a frame: that is one segment, or a few after empty openings.
  for (auto at = findings.segments.rbegin(); at != findings.segments.rend(); ++at) {
    const Fsn first = at->first;
    SegmentFindings segment;
    try {
      segment = look_into(folder, first, limit, key);
    } catch (const SegmentDamaged& damage) {
      const Salvage salvage = salvage_segment(folder, first, limit, damage.what(), random, now, key);
      report.damage.push_back(salvage.damage);
      segment = look_into(folder, first, limit, key);
    }
    findings.end = std::max({findings.end, first, segment.highest + 1});
    if (segment.header) {
      // A rescue may have lost the position: then an older segment tells one.
      const bool tells = segment.position.has_value() || !segment.header->salvaged;
      if (!position_known && tells) findings.position = segment.position;
      position_known = position_known || tells;
      findings.trimmed = std::max(findings.trimmed, segment.header->trimmed);
      findings.rows = std::max(findings.rows, segment.header->rows_before + segment.rows);
    }
    // Once: afterwards a newer segment follows.
    if (segment.is_torn && limit == 0) report.unsynced_from = findings.end;
    if (segment.highest != 0) break;
    findings.needless.push_back(first);
    limit = first;
  }
  for (const Fsn first : findings.needless) findings.segments.erase(first);
  if (!position_known) findings.position = older_position(folder, findings, key);
  // Nothing in them is needed, and nobody who has the new key could read them.
  if (changed_key)
    for (const auto& [first, bytes] : std::exchange(findings.segments, {}))
      findings.needless.push_back(first);
  for (auto& [first, bytes] : findings.segments) bytes = folder.segment_bytes(first);
  findings.end = std::max(findings.end, findings.trimmed);
  return findings;
}

}  // namespace questclient::buffer
