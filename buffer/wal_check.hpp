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

/// Whether a commit lies behind a frame that fails its checksum. False for a log that ends with a torn
/// transaction, as after a kill, and for one that is not there. In a recycled file of an earlier boot a
/// transaction that is torn in its middle is the torn end, too, if it is the newest. In one of this boot the
/// broken frame counts itself: a kill in the middle of a commit's last page is taken for damage, and told.
/// Reads the whole log. Throws std::runtime_error when somebody cuts it off meanwhile.
bool hides_commits(const std::filesystem::path& wal, const LoggedDatabase& of = {});

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
