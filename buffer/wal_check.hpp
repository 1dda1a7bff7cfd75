// Looks into a write-ahead log without SQLite, which takes the first wrong checksum for the end of the log:
// after a crash that is right, after a flipped bit it silently hides everything behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "buffer/segment.hpp"

namespace questclient::buffer {

/// The database that a log belongs to; by default a segment.
struct LoggedDatabase {
  std::size_t page_bytes = kPageBytes;
  std::uint64_t pages = 16;  ///< At least as many as it has without its log: that tells rubbish from frames.
};

enum class LogEnd {
  sound,  ///< Nothing that was committed is missing: it may end with a transaction that a kill cut off.
  torn,   ///< The newest transaction was committed, and parts of it are not there.
  hides_commits  ///< A commit lies behind a frame that fails its checksum.
};

/// A log that is not there is sound. `torn` is what a power cut leaves of what was not synced: in a recycled
/// file of an earlier boot. In one of this boot the broken frame counts itself: a kill in the middle of a
/// commit's last page is taken for damage, and told. Reads the whole log. Throws std::runtime_error when
/// somebody cuts it off meanwhile.
LogEnd end_of_log(const std::filesystem::path& wal, const LoggedDatabase& of = {});

inline bool hides_commits(const std::filesystem::path& wal, const LoggedDatabase& of = {}) {
  return end_of_log(wal, of) == LogEnd::hides_commits;
}

/// Whether nothing was written to the log since it was made, or since restart_log(). False where its header
/// is wrong.
bool is_unused_log(const std::filesystem::path& wal);

/// Copies the log with its checksums computed anew, so that SQLite shows every page in it, the wrong ones
/// included: the frames' own checksums then tell good from bad. Ends with the last commit. Page 1 holds
/// nothing but the tables' description: it becomes `first_page` throughout, with the number of pages
/// filled in, also in `first_page` itself. A log that is not there counts as empty, `pages` as its database's
/// size. REQUIRES: `first_page` is a page long.
void restamp_wal(const std::filesystem::path& from, const std::filesystem::path& to, std::string& first_page,
                 std::uint32_t pages);

}  // namespace questclient::buffer
