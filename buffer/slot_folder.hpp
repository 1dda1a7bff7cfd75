// The files of a slot: their names, and the steps that create and remove them. See README.md for the layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/delivery.hpp"
#include "buffer/spare_log.hpp"

namespace questclient::buffer {

/// A slot's folder. Holds no state beside the path; thread-safe as far as callers work on different files.
class SlotFolder {
 public:
  explicit SlotFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path segment(base::Fsn first) const;
  std::filesystem::path log(base::Fsn first) const;
  std::filesystem::path next() const { return path_ / "next.db"; }
  /// The emptied log of a removed segment, to be written over by a coming one.
  std::filesystem::path spare() const { return path_ / "spare.wal"; }
  std::filesystem::path dead() const { return path_ / "dead.db"; }
  std::filesystem::path quarantine() const { return path_ / "quarantine"; }
  std::filesystem::path salvage() const { return path_ / "salvage"; }
  std::filesystem::path rewrite() const { return path_ / "rewrite"; }
  /// What was saved of a damaged segment, complete: from its appearance on it is the segment.
  std::filesystem::path rescued(base::Fsn first) const;
  /// The .db that speaks for the segment: what was saved of it counts before what is damaged.
  std::filesystem::path database(base::Fsn first) const;
  /// Its removal has begun.
  bool is_being_removed(base::Fsn first) const;
  std::filesystem::path stats() const { return path_ / "stats.json"; }
  std::filesystem::path note() const { return path_ / "sender.json"; }

  /// First numbers of the segments, ascending, but for those that are spent. A log whose .db is missing
  /// counts: its frames can be saved.
  std::vector<base::Fsn> segments() const;
  /// First numbers of the segments whose rescue is not finished.
  std::vector<base::Fsn> unfinished_rescues() const;
  /// Bytes of a segment with its log and SQLite's index of it; 0 when it is gone.
  std::uint64_t segment_bytes(base::Fsn first) const;

  /// Unlinks the segments. Neither a kill nor a power cut in between leaves half a segment under a segment's
  /// name, only names that finish_removals() recognises; the next call repeats what failed.
  void remove_segments(const std::vector<base::Fsn>& segments) const;
  /// The same for segments that are trimmed, as are all before them: a power cut that removes only some of
  /// them leaves no hole. With `recycling` one log that nobody has open becomes the spare one, unless there
  /// is one.
  void remove_spent(const std::vector<base::Fsn>& segments,
                    const std::optional<Recycling>& recycling = std::nullopt) const;
  /// Gives the spare log, if there is one, to a segment that has none yet. REQUIRES: its .db has its name.
  void use_spare(base::Fsn first) const;
  void remove_spare() const noexcept;
  /// What an interrupted process left. A spare log goes: whether it was in use is not known.
  void finish_removals() const;
  /// Moves the files of a database into quarantine/ and returns where the .db lies now. Durable on return.
  std::filesystem::path set_aside(const std::filesystem::path& database) const;
  /// Files in quarantine/, logs not counted.
  std::uint64_t quarantined() const;
  void sync() const;
  /// Lets the disk fetch the log of a segment that is read soon. Only a hint: what fails is read all the
  /// same.
  void fetch_ahead(base::Fsn first) const noexcept;

 private:
  std::vector<base::Fsn> all_segments() const;
  void remove(const std::vector<base::Fsn>& segments, std::string_view prefix,
              const std::optional<Recycling>& recycling = std::nullopt) const;
  void finish_removal(const std::vector<base::Fsn>& segments, std::string_view prefix,
                      const std::optional<Recycling>& recycling = std::nullopt) const;
  void keep_log(const std::filesystem::path& log, const std::filesystem::path& database,
                const Recycling& recycling) const;

  std::filesystem::path path_;
};

/// Makes the folder and those above it, durable on return. Whether there was something to make.
bool make_folders(const std::filesystem::path& folder);

/// `path` with "-wal" or "-shm" behind its name.
std::filesystem::path with_suffix(const std::filesystem::path& path, const char* suffix);
/// 0 when there is no such file.
std::uint64_t size_or_zero(const std::filesystem::path& path);
/// Unlinks a database with its log and index, the database last. Nothing there is no error.
void remove_database(const std::filesystem::path& path);

}  // namespace questclient::buffer
