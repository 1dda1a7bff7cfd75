#pragma once

#include <cstdint>
#include <filesystem>

namespace questclient::buffer {

/// Which logs are kept to be written over, and how.
struct Recycling {
  std::uint64_t min_bytes = 0;  ///< A shorter one is not worth it,
  std::uint64_t max_bytes = 0;  ///< a longer one takes too much of the disk.
  std::uint64_t salt = 0;       ///< Random: tells frames of the next use from those of this one.
  bool synced = true;           ///< A power cut must not bring back what the log held.
};

/// Empties a log that nobody has open, for SQLite and for whoever looks into it otherwise, without giving its
/// space back. Throws std::system_error.
void restart_log(const std::filesystem::path& log, const Recycling& recycling);

}  // namespace questclient::buffer
