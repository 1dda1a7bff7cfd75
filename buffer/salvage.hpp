// Saves the good frames of a damaged segment and sets the damaged files aside.
#pragma once

#include "base/random.hpp"
#include "buffer/segment.hpp"
#include "buffer/slot.hpp"
#include "buffer/slot_folder.hpp"

namespace questclient::buffer {

struct Salvage {
  SlotReport::Damage damage;
};

/// Builds a new segment from what is good in segment `first`, moves the damaged files into quarantine/ and
/// puts the new one in their place. Killed at any instant it is repeated, or finished by finish_salvage();
/// a power cut takes no more than a kill.
/// `limit`: where the following segment begins; 0 when there is none.
/// REQUIRES: this process has no connection to the segment. Throws SqliteError, std::system_error: then
/// the damaged segment is still in place, or a repetition finishes what was begun.
Salvage salvage_segment(const SlotFolder& folder, Fsn first, Fsn limit, const std::string& why,
                        base::RandomSource& random, std::int64_t now, std::string_view key = {});

/// After a kill: puts finished rescues in place and reports them, throws away an unfinished one.
std::vector<SlotReport::Damage> finish_salvage(const SlotFolder& folder);

/// Copies the frames below `limit` of segment `first`, which can be read but not synced, into rewrite/,
/// complete and synced. Numbers, stream and positions stay. Throws SegmentDamaged, SqliteError,
/// std::system_error.
void copy_segment(const SlotFolder& folder, Fsn first, Fsn limit, std::string_view key);
/// Puts what copy_segment made in the place of the segment; also after a kill. Repeated until it succeeds.
void finish_rewrite(const SlotFolder& folder);

}  // namespace questclient::buffer
