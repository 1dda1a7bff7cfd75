// Goes through the frames of a slot from outside, past damage and past segments that vanish.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <questclient/slot.hpp>

#include "buffer/damaged_segment.hpp"
#include "buffer/scratch_folder.hpp"
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

  /// Where the frames that are not trimmed begin, and the newest frame that a sender would find when it opens
  /// the slot.
  void look();
  Fsn trimmed() const { return trimmed_; }
  Fsn newest() const { return newest_; }

  /// Gives the good frames numbered [from, to] to `take`: those that a sender would read, with the eyes of
  /// its rescue where there is damage. REQUIRES: look(). Numbers that are trimmed never count as missing.
  /// Throws SqliteError, std::system_error, Error{slot_key, slot_format}.
  Findings run(Fsn from, Fsn to, const std::function<void(const base::Frame&)>& take);

 private:
  bool look_at(Fsn first, Fsn limit);
  /// Throws SegmentDamaged: commits stand behind a break.
  void check_log(Fsn first) const;
  DamagedSegment& rescue(Fsn first);
  void walk_segment(Fsn first, Fsn from, Fsn limit);
  Fsn walk_frames(SegmentReader& reader, Fsn first, Fsn from, Fsn limit);
  void walk_damaged(Fsn first, Fsn from, Fsn limit, const std::string& why);
  void pass_over(Fsn limit);
  void take_frame(const base::Frame& frame);
  void note_missing(Fsn end);
  void show_progress(std::uint64_t bytes_done);

  const SlotFolder folder_;
  const std::string key_;
  const SlotProgressHandler& progress_;
  Fsn trimmed_ = 1;
  Fsn newest_ = 0;

  ScratchFolder scratch_;
  std::optional<DamagedSegment> damaged_;
  Fsn damaged_first_ = 0;  ///< Which one damaged_ is.

  const std::function<void(const base::Frame&)>* take_ = nullptr;
  Findings findings_;
  Fsn expected_ = 1;  ///< Every number below is found, missing or trimmed.
  std::uint64_t bytes_before_ = 0;
  std::uint64_t bytes_total_ = 0;
  std::uint64_t segment_bytes_ = 0;
};

}  // namespace questclient::buffer
