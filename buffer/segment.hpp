// One segment: a SQLite file with a run of frames of one stream, in its write-ahead log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/frame.hpp"
#include "buffer/sqlite.hpp"

namespace questclient::buffer {

using base::Fsn;

/// Of slots; a segment with a higher one was written by a newer release and is refused.
inline constexpr std::int64_t kSegmentFormat = 1;
/// The tables alone: a .db file is never shorter.
inline constexpr std::uint64_t kMinDatabaseBytes = 3 * 8192;

/// The bytes of a segment are proven wrong.
class SegmentDamaged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The segment's own row. It is written in one transaction with the first frames, or before them.
struct SegmentHeader {
  base::Uuid stream;
  Fsn stream_first = 0;
  Fsn first = 0;
  Fsn trimmed = 0;                ///< Frames below were not needed any more when this was written.
  std::uint64_t rows_before = 0;  ///< Of all earlier segments of the slot, trimmed ones included.
  bool salvaged = false;          ///< Holds what could be saved of a damaged segment.
  std::int64_t created = 0;

  bool operator==(const SegmentHeader&) const = default;
};

/// A frame with what is stored beside it.
struct StoredFrame {
  std::shared_ptr<base::Frame> frame;
  std::string row_lengths;  ///< Encoded.
  std::uint32_t content_crc = 0;
};

/// Makes a segment file with empty tables, complete in its .db and synced; then nobody has it open.
void create_segment_file(const std::filesystem::path& path, const SegmentHeader* header);

/// Appends to one segment. One thread at a time.
class SegmentWriter {
 public:
  /// REQUIRES: made by create_segment_file. `synced`: commit() returns after the sync.
  SegmentWriter(const std::filesystem::path& path, bool synced);

  bool header_written() const { return header_written_; }
  void begin();
  void put_header(const SegmentHeader& header);
  void put(const StoredFrame& stored);
  void commit();
  /// Whether the segment is now as it was before begin().
  bool roll_back() noexcept;
  /// Records how far the slot is trimmed; within a transaction or alone. REQUIRES: header_written().
  void put_trimmed(Fsn trimmed);
  /// Of .db and log.
  std::uint64_t bytes() const;
  /// Moves everything into the .db, synced, and closes. Only for a file that nobody else has open.
  void close_complete();

 private:
  Database database_;
  Statement begin_, insert_, commit_;
  std::optional<SegmentHeader> header_;
  bool header_written_ = false;
};

/// Reads one segment, also while a SegmentWriter appends to it. One thread at a time.
/// Throws SegmentDamaged when bytes are wrong, SqliteError when they cannot be read now.
class SegmentReader {
 public:
  explicit SegmentReader(const std::filesystem::path& path);
  /// For rescue: goes on with `fallback` where the segment's own row is missing or wrong.
  SegmentReader(const std::filesystem::path& path, const SegmentHeader& fallback);

  /// nullopt: nothing was ever committed here.
  const std::optional<SegmentHeader>& header() const { return header_; }
  /// The lowest number, and the highest below `limit` (0: of all); 0 when there is none.
  Fsn lowest();
  Fsn highest(Fsn limit = 0);
  std::uint64_t rows_below(Fsn fsn);
  std::int64_t created_of(Fsn fsn);

  /// Frames numbered [from, limit), checked; ends as FrameStore::read does.
  std::vector<base::FramePtr> read(Fsn from, Fsn limit, std::size_t max_bytes, std::size_t max_frames);
  /// The frame, or nullptr when there is none or it is bad.
  std::shared_ptr<base::Frame> probe(Fsn fsn) noexcept;

 private:
  void open(const std::filesystem::path& path);
  std::shared_ptr<base::Frame> take(const Statement& row) const;
  std::int64_t ask(const char* sql, Fsn argument);

  Database database_;
  std::optional<SegmentHeader> header_;
  Statement range_;
};

}  // namespace questclient::buffer
