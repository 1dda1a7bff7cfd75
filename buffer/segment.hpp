// One segment: a SQLite file with a run of frames of one stream, in its write-ahead log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/frame.hpp"
#include "buffer/sqlite.hpp"

namespace questclient::buffer {

using base::Fsn;

/// Of slots; a segment with a higher one was written by a newer release and is refused. Segments of every
/// lower one are read; 1 had no positions and no keys. New columns are only ever added behind the others, so
/// that the pages of an older segment can be read with today's tables (salvage does).
inline constexpr std::int64_t kSegmentFormat = 2;
/// SQLite's page size in every segment.
inline constexpr std::size_t kPageBytes = 8192;
/// In front of each page in the write-ahead log.
inline constexpr std::size_t kLogFrameHeaderBytes = 24;
/// The tables alone: a .db file is never shorter.
inline constexpr std::uint64_t kMinDatabaseBytes = 3 * kPageBytes;

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
  /// The newest position of the application that was committed before frame `position_end`; those that
  /// stand beside frames from there on are newer.
  std::optional<std::string> position;
  Fsn position_end = 0;
  /// Not empty: the frames are encrypted; opens with their key alone.
  std::string key_check;

  bool operator==(const SegmentHeader&) const = default;
};

/// A frame with what is stored beside it.
struct StoredFrame {
  std::shared_ptr<base::Frame> frame;
  std::string row_lengths;  ///< Encoded.
  std::uint32_t content_crc = 0;
  std::optional<std::string> position;
};

/// Makes a segment file with empty tables, complete in its .db and synced; then nobody has it open.
void create_segment_file(const std::filesystem::path& path, const SegmentHeader* header,
                         std::string_view key = {});

/// Appends to one segment. One thread at a time.
class SegmentWriter {
 public:
  /// REQUIRES: made by create_segment_file. `synced`: commit() returns after the sync. With a key what is put
  /// is encrypted.
  SegmentWriter(const std::filesystem::path& path, bool synced, std::string_view key = {});

  bool header_written() const { return committed_header_.has_value(); }
  void begin();
  void put_header(const SegmentHeader& header);
  void put(const StoredFrame& stored);
  void commit();
  /// Whether the segment is now as it was before begin().
  bool roll_back() noexcept;
  /// Records how far the slot is trimmed; within a transaction or alone. REQUIRES: header_written().
  void put_trimmed(Fsn trimmed);
  /// Records a position that comes without rows. REQUIRES: header_written() or put_header() before.
  void put_position(std::string_view position, Fsn position_end);
  /// Of .db and log.
  std::uint64_t bytes() const;
  /// Moves everything into the .db, synced, and closes. Only for a file that nobody else has open.
  void close_complete();

 private:
  Database database_;
  std::string key_;
  Statement begin_, insert_, commit_;
  std::uint64_t database_bytes_ = 0;  ///< Never changes: only the log grows.
  std::optional<SegmentHeader> header_;
  std::optional<SegmentHeader> committed_header_;
};

/// Reads one segment, also while a SegmentWriter appends to it. One thread at a time.
/// Throws SegmentDamaged when bytes are wrong, SqliteError when they cannot be read now, Error{slot_format}
/// when a newer release wrote them. Everything but frames and positions can be read without the key.
/// Needs no room: on a full disk a segment that nobody has open is locked while it is read.
class SegmentReader {
 public:
  explicit SegmentReader(const std::filesystem::path& path, std::string_view key = {});
  /// For rescue: goes on with `fallback` where the segment's own row is missing or wrong.
  SegmentReader(const std::filesystem::path& path, const SegmentHeader& fallback, std::string_view key = {});

  std::int64_t format() const { return format_; }
  /// nullopt: nothing was ever committed here. Without the key its position is missing.
  const std::optional<SegmentHeader>& header() const { return header_; }
  /// Whether the key is the one that the segment was written with; for a plain segment, whether there is
  /// none.
  bool key_fits() const;
  /// The newest position committed before frame `limit` (0: of all), if the segment knows one.
  std::optional<std::string> position(Fsn limit = 0);
  /// Whether it holds one, with this key or another.
  bool has_position();
  /// The lowest number, and the highest below `limit` (0: of all); 0 when there is none.
  Fsn lowest();
  Fsn highest(Fsn limit = 0);
  std::uint64_t rows_below(Fsn fsn);
  std::int64_t created_of(Fsn fsn);

  /// Frames numbered [from, limit), checked; ends as FrameStore::read does. Throws also Error{slot_key}.
  std::vector<base::FramePtr> read(Fsn from, Fsn limit, std::size_t max_bytes, std::size_t max_frames);
  /// The same with everything that is stored beside them.
  std::vector<StoredFrame> read_stored(Fsn from, Fsn limit, std::size_t max_bytes, std::size_t max_frames);
  /// The frame, or nullptr when there is none or it is bad.
  std::shared_ptr<base::Frame> probe(Fsn fsn) noexcept;
  std::optional<StoredFrame> probe_stored(Fsn fsn) noexcept;

 private:
  void open(const std::filesystem::path& path);
  StoredFrame take(const Statement& row) const;
  std::int64_t ask(const char* sql, Fsn argument);
  std::string opened(std::string_view sealed, const std::string& associated) const;

  Database database_;
  std::string key_;
  std::int64_t format_ = kSegmentFormat;
  std::optional<SegmentHeader> header_;
  Statement range_;
  /// SQLite reads a frame whole before it tells its size: the one that did not fit into the last answer.
  std::optional<StoredFrame> ahead_;
};

}  // namespace questclient::buffer
