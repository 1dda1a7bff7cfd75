// What can still be read of a damaged segment: the eyes of a rescue, and of who looks from outside.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "buffer/segment.hpp"

namespace questclient::buffer {

/// Looks at copies in which damage hides less than SQLite lets it hide: neither what stands behind a break in
/// the log, nor what an older version of a damaged page shows. Every frame that it gives has passed its own
/// checksum. One thread at a time. Throws SqliteError, std::system_error, Error{slot_format}.
class DamagedSegment {
 public:
  /// `database`: the segment's .db, of which nothing is changed; it or its log may be missing. `scratch`: an
  /// empty folder for the copies, about three times the segment's size, that outlives this object.
  /// `fallback`: stands in for the segment's own row when that is lost.
  DamagedSegment(const std::filesystem::path& database, const std::filesystem::path& scratch,
                 const SegmentHeader& fallback, std::string_view key);

  /// As far as it is known, else the fallback.
  const SegmentHeader& header() const { return header_; }

  /// Gives every good frame numbered [from, limit) to `good`, in order, and each number without one to
  /// `bad`. `limit` 0: as far as there are frames; where the highest is unknown many `bad` numbers follow
  /// it, that were perhaps never used: false then.
  bool visit(Fsn from, Fsn limit, const std::function<void(StoredFrame&)>& good,
             const std::function<void(Fsn)>& bad);
  /// The highest good frame of [from, limit); 0: none.
  Fsn highest(Fsn from, Fsn limit);

 private:
  std::optional<StoredFrame> probe(Fsn fsn);
  Fsn highest_claimed();

  std::vector<SegmentReader> views_;
  SegmentHeader header_;
};

/// Throws SegmentDamaged when commits stand behind a break in the log of the segment in `database`. Whether a
/// power cut tore its newest transaction, which was not synced then.
bool require_whole_log(const std::filesystem::path& database);

}  // namespace questclient::buffer
