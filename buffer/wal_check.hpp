// Looks into a write-ahead log without SQLite, which takes the first wrong checksum for the end of the log:
// after a crash that is right, after a flipped bit it silently hides everything behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace questclient::buffer {

/// Whether a commit lies behind a frame that fails its checksum. False for a log that ends with a torn
/// transaction, as after a kill, and for one that is not there. In a recycled file a transaction that is torn
/// in its middle is the torn end, too, if it is the newest. Reads the whole log. REQUIRES: the log was never
/// checkpointed since it was begun.
bool hides_commits(const std::filesystem::path& wal);

/// Whether nothing was written to the log since it was made, or since restart_log(). False where its header
/// is wrong.
bool is_unused_log(const std::filesystem::path& wal);

/// Copies the log with its checksums computed anew, so that SQLite shows every page in it, the wrong ones
/// included: the frames' own checksums then tell good from bad. Ends with the last commit. Page 1 holds
/// nothing but the tables' description: it becomes `first_page` throughout, with the number of pages
/// filled in, also in `first_page` itself. A log that is not there counts as empty, `pages` as its database's
/// size.
void restamp_wal(const std::filesystem::path& from, const std::filesystem::path& to, std::string& first_page,
                 std::uint32_t pages);

}  // namespace questclient::buffer
