// Looking into slots from outside, also while their producer runs. Read-only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace questclient {

struct SlotInfo {
  std::string name;  ///< The sender_id.
  std::filesystem::path path;
  std::optional<long> holder_pid;  ///< The process that has it open now.
  std::uint64_t segments = 0;
  std::uint64_t first_fsn = 0;  ///< 0: empty.
  std::uint64_t last_fsn = 0;
  std::uint64_t frames = 0;  ///< Not yet trimmed: the upper bound of what is to be sent.
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;             ///< On disk.
  std::int64_t oldest_wall_nanos = 0;  ///< When the oldest frame was flushed; 0: empty.
  std::uint64_t dead_letters = 0;
  std::uint64_t quarantined_files = 0;
};

/// Every slot below `sf_dir`, by name. A slot that cannot be read throws Error{slot_io}.
std::vector<SlotInfo> list_slots(const std::filesystem::path& sf_dir);

/// One slot. Throws Error{slot_io} when there is none at `path`.
SlotInfo inspect_slot(const std::filesystem::path& path);

}  // namespace questclient
