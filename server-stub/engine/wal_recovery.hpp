// Reads the segments that a node finds when it starts, and decides what a damaged place in them is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "engine/wal.hpp"

namespace questnode::engine {

/// Where an entry begins; one for every kIndexGapBytes.
struct IndexPoint {
  std::uint64_t number = 0;
  std::uint64_t offset = 0;
};
inline constexpr std::uint64_t kIndexGapBytes = 64U << 10;

struct Segment {
  base::File file;  ///< Opened for reading and appending.
  std::uint64_t first = 0;
  std::uint64_t size = 0;
  bool unsynced = false;
  std::vector<IndexPoint> index;

  /// Notes that entry `number` was written behind the `size` bytes counted so far.
  void index_entry(std::uint64_t number) {
    if (index.empty() || size - index.back().offset >= kIndexGapBytes) index.push_back({number, size});
  }
};

struct RecoveredWal {
  std::vector<std::shared_ptr<Segment>> segments;  ///< At least one; everything in them is synced.
  std::uint64_t last = 0;
  std::optional<LogMark> mark;
  std::string cut;  ///< What was cut off the end and why; empty: nothing.
};

/// Throws std::system_error, or std::runtime_error that names file and offset.
RecoveredWal recover_wal(const std::filesystem::path& directory);

/// A new segment that holds its header, and a note when there is a mark to carry on. Not synced.
std::shared_ptr<Segment> create_segment(const std::filesystem::path& directory, std::uint64_t first,
                                        std::uint64_t synced, const std::optional<LogMark>& mark);

}  // namespace questnode::engine
