// What stands in a WAL segment file besides the entries. See README.md, "The WAL".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "engine/entry.hpp"
#include "engine/wal.hpp"

namespace questnode::engine {

inline constexpr std::uint32_t kWalFormatVersion = 1;

/// Opens every segment.
struct SegmentHeader {
  std::uint64_t first = 0;   ///< Number of its first entry.
  std::uint64_t synced = 0;  ///< Entries up to here were on the disk when the segment began.
};
inline constexpr std::size_t kSegmentHeaderBytes = 32;
std::string encode_segment_header(const SegmentHeader& header);
/// nullopt: damaged. Throws std::runtime_error for a newer format version.
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes);

/// Stands between entries: what was true when it was written.
struct WalNote {
  std::uint64_t synced = 0;  ///< Entries up to here were on the disk.
  std::optional<LogMark> mark;
};
inline constexpr std::size_t kNoteBytes = 80;
std::string encode_note(const WalNote& note);
/// The note that begins at the front of `bytes`; nullopt: there is none, or it is damaged.
std::optional<WalNote> decode_note(std::string_view bytes);

/// "wal-00000000000000000001.log"
std::string segment_file_name(std::uint64_t first);
/// The number in such a name.
std::optional<std::uint64_t> parse_segment_file_name(std::string_view name);

/// Walks over the entries and notes of a segment file.
class SegmentReader {
 public:
  enum class Kind : std::uint8_t { entry, note, end, damaged };
  struct Item {
    Kind kind = Kind::end;
    std::uint64_t offset = 0;
    std::uint64_t number = 0;  ///< entry
    std::string_view bytes;    ///< entry; valid until next().
    WalNote note;              ///< note
  };

  /// REQUIRES: `file` outlives it; an entry or note begins at `offset`. Reads nothing at or past `end`.
  SegmentReader(const base::File& file, std::uint64_t offset, std::uint64_t end)
      : file_(file), offset_(offset), end_(end) {}

  /// Throws std::system_error when the file cannot be read. Stays at `damaged` and `end`.
  Item next();

 private:
  bool read_more();

  const base::File& file_;
  std::uint64_t offset_;  ///< In the file, of window_[at_].
  std::uint64_t end_;
  std::string window_;
  std::size_t at_ = 0;
};

}  // namespace questnode::engine
