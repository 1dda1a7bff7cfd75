// How the slot commands write numbers, times and sizes, and read keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/slot.hpp>

namespace questclient::tool {

/// "2026-11-21T16:26:47Z"; empty for 0.
std::string utc(std::int64_t wall_nanos);
/// "4.0 KiB".
std::string readable_bytes(std::uint64_t bytes);
/// "350 us", "1.2 ms", "4.0 s", "2 min 5 s", "3 h 10 min".
std::string readable_time(std::chrono::nanoseconds time);
/// "3, 7-9".
std::string readable_ranges(const std::vector<FsnRange>& ranges);
/// On one line: control characters as \xNN, at most `longest` characters.
std::string one_line(std::string_view text, std::size_t longest = std::string::npos);
/// "1,234 rows", "1 row".
std::string counted(std::uint64_t number, const std::string& noun);

/// The 32 bytes in a key file (raw, or as 64 hexadecimal digits); empty without a path. Throws
/// cli::UsageError.
std::string read_key(const std::filesystem::path& path);

/// The slot's folder without a slash at its end: <sf_dir>/<sender_id>.
std::filesystem::path slot_folder(const std::string& argument);

}  // namespace questclient::tool
