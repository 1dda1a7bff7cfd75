// The files of a slot: their names, and the steps that create and remove them. See README.md for the layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/delivery.hpp"

namespace questclient::buffer {

/// A slot's folder. Holds no state beside the path; thread-safe as far as callers work on different files.
class SlotFolder {
 public:
  explicit SlotFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path segment(base::Fsn first) const;
  std::filesystem::path next() const { return path_ / "next.db"; }
  std::filesystem::path dead() const { return path_ / "dead.db"; }
  std::filesystem::path quarantine() const { return path_ / "quarantine"; }
  std::filesystem::path salvage() const { return path_ / "salvage"; }
  std::filesystem::path rewrite() const { return path_ / "rewrite"; }
  std::filesystem::path stats() const { return path_ / "stats.json"; }
  std::filesystem::path note() const { return path_ / "sender.json"; }

  /// First numbers of the segments, ascending. A log whose .db is missing counts: its frames can be saved.
  std::vector<base::Fsn> segments() const;
  /// Bytes of a segment with its log; 0 when it is gone.
  std::uint64_t segment_bytes(base::Fsn first) const;

  /// Unlinks the segment. A crash in between leaves names that finish_removals() recognises, never half a
  /// segment under a segment's name. The caller syncs the folder.
  void remove_segment(base::Fsn first) const;
  void finish_removals() const;
  /// Moves the segment's files into quarantine/ and returns where the .db lies now. Durable on return.
  std::filesystem::path set_aside(const std::filesystem::path& database) const;
  /// Files in quarantine/, logs not counted.
  std::uint64_t quarantined() const;
  void sync() const;

 private:
  std::filesystem::path path_;
};

/// `path` with "-wal" or "-shm" behind its name.
std::filesystem::path with_suffix(const std::filesystem::path& path, const char* suffix);
/// 0 when there is no such file.
std::uint64_t size_or_zero(const std::filesystem::path& path);
/// Unlinks a database with its log and index, the database last. Nothing there is no error.
void remove_database(const std::filesystem::path& path);

}  // namespace questclient::buffer
