#pragma once

#include <map>

#include "buffer/salvage.hpp"

namespace questclient::buffer {

/// What the files of a slot say when it is opened, after damage in the newest segments was mended.
struct SlotFindings {
  std::map<Fsn, std::uint64_t> segments;  ///< First number -> bytes on disk.
  Fsn end = 1;                            ///< What the next frame is numbered.
  Fsn trimmed = 1;
  std::uint64_t rows = 0;               ///< Ever appended.
  std::optional<std::string> position;  ///< The newest.
  std::vector<Fsn> needless;            ///< Segments without a frame, or of another key: to be removed.
};

/// Finishes what a kill interrupted and looks at the newest segments; the others are not even opened.
/// Throws SqliteError, std::system_error, and before anything is changed Error{slot_format, slot_key}.
SlotFindings look_into_slot(const SlotFolder& folder, base::RandomSource& random, std::int64_t now,
                            std::string_view key, SlotReport& report);

}  // namespace questclient::buffer
