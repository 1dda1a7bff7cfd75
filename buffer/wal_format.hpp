// The bytes of a write-ahead log, as SQLite's fileformat2.html, section 4.1, describes them: a header, then
// frames, each a page with a header of its own. All numbers are big-endian. Frames whose salt is not the log
// header's are left from an earlier use of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "buffer/segment.hpp"

namespace questclient::buffer {

inline constexpr std::size_t kLogHeaderBytes = 32;
inline constexpr std::size_t kLogFrameBytes = kLogFrameHeaderBytes + kPageBytes;
/// Where the header of a log is wrong, so many frames tell its salt.
inline constexpr std::uint64_t kFramesThatTellSalt = 16;

std::uint32_t big_endian(std::string_view bytes, std::size_t at);
void put_big_endian(std::string& bytes, std::size_t at, std::uint32_t value);
std::uint64_t salt_in(std::string_view bytes, std::size_t at);
void put_salt(std::string& bytes, std::size_t at, std::uint64_t salt);

/// Each frame's goes on from the one before, the first one's from the header's.
struct LogChecksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  bool operator==(const LogChecksum&) const = default;

  /// REQUIRES: a multiple of eight bytes.
  void add(std::string_view bytes);
  static LogChecksum stored(std::string_view bytes, std::size_t at);
};

/// A frame, or its header alone.
struct LogFrame {
  std::string bytes;

  std::uint32_t page() const { return big_endian(bytes, 0); }
  bool commits() const { return big_endian(bytes, 4) != 0; }
  std::uint64_t salt() const { return salt_in(bytes, 8); }
  LogChecksum stored() const { return LogChecksum::stored(bytes, 16); }
  /// REQUIRES: the whole frame.
  LogChecksum computed(LogChecksum before) const;
};

/// Reads a log.
class LogFile {
 public:
  explicit LogFile(const std::filesystem::path& path, std::size_t page_bytes = kPageBytes);

  /// Those of earlier uses included.
  std::uint64_t frames() const { return frames_; }
  std::size_t page_bytes() const { return page_bytes_; }
  std::size_t frame_bytes() const { return kLogFrameHeaderBytes + page_bytes_; }
  /// Throws std::runtime_error when the log was cut off meanwhile.
  LogFrame frame(std::uint64_t index) const;
  LogFrame frame_header(std::uint64_t index) const;
  /// The checksum that the first frame goes on from; nullopt when the header is wrong.
  std::optional<LogChecksum> start() const;
  /// Whether the file held another log before, as its header says.
  bool is_recycled() const;
  /// Whether a recycled log was begun since the machine started, so that no power cut can have torn it. False
  /// where that is not known.
  bool was_begun_in_this_boot() const;
  /// The salt that the frames of this log carry, even where the header is wrong; 0: no frame tells.
  std::uint64_t salt() const;

 private:
  LogFrame read(std::uint64_t index, std::size_t bytes) const;

  base::File file_;
  std::size_t page_bytes_;
  std::string header_;
  std::uint64_t frames_ = 0;
};

/// The header of a log whose frames carry `salt`, in a file that held another one. Leaves in `sum` what the
/// first frame goes on from. SQLite goes on with this salt; in a new file it makes its own.
std::string stamped_header(std::uint64_t salt, LogChecksum& sum, std::size_t page_bytes = kPageBytes);

}  // namespace questclient::buffer
