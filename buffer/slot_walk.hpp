// Goes through the frames of a slot from outside, past damage and past segments that vanish.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <questclient/slot.hpp>

#include "buffer/segment.hpp"
#include "buffer/slot_folder.hpp"

namespace questclient::buffer {

/// One passage; see verify_slot and export_slot.
class SlotWalk {
 public:
  struct Findings {
    std::uint64_t segments = 0;
    std::uint64_t frames = 0;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    Fsn first_fsn = 0;
    Fsn last_fsn = 0;
    std::vector<SlotDamage> damage;
    std::vector<FsnRange> missing;
    bool complete = true;
  };

  SlotWalk(const std::filesystem::path& path, std::string key, const SlotProgressHandler& progress)
      : folder_(path), key_(std::move(key)), progress_(progress) {}

  /// Where the frames that are not trimmed begin, and the newest frame, as far as the segments tell.
  void look();
  Fsn trimmed() const { return trimmed_; }
  Fsn newest() const { return newest_; }

  /// Gives the good frames numbered [from, to] to `take`. REQUIRES: look(). `check_logs`: also finds commits
  /// that SQLite does not show because a page before them is damaged. Numbers that are trimmed never count as
  /// missing. Throws SqliteError, std::system_error, Error{slot_key, slot_format}.
  Findings run(Fsn from, Fsn to, bool check_logs, const std::function<void(const base::Frame&)>& take);

 private:
  void walk_segment(Fsn first, Fsn from, Fsn limit);
  void walk_frames(SegmentReader& reader, Fsn first, Fsn from, Fsn limit);
  void check_log(Fsn first);
  void take_frames(const std::vector<base::FramePtr>& frames);
  void note_missing(Fsn end);
  void note_damage(Fsn first, const std::string& message);
  void show_progress(std::uint64_t bytes_done);

  const SlotFolder folder_;
  const std::string key_;
  const SlotProgressHandler& progress_;
  Fsn trimmed_ = 1;
  Fsn newest_ = 0;

  const std::function<void(const base::Frame&)>* take_ = nullptr;
  Findings findings_;
  Fsn expected_ = 1;  ///< Every number below is found, missing or trimmed.
  std::uint64_t bytes_before_ = 0;
  std::uint64_t bytes_total_ = 0;
  std::uint64_t segment_bytes_ = 0;
};

/// Reads what reader.read() gives, with a clear error when the key does not fit.
void require_key(const SegmentReader& reader, const std::filesystem::path& segment, const std::string& key);

}  // namespace questclient::buffer
