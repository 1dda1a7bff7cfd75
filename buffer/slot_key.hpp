// Which key a slot may be opened with.
#pragma once

#include <string_view>

#include "buffer/slot_folder.hpp"

namespace questclient::buffer {

/// Whether the segments of the slot have another key than `key`, or none where this is one, or one where this
/// is none. That is allowed only when nothing is left that needs it: then none of the segments is needed any
/// more. Only reads. Throws Error{slot_key, slot_format}, SqliteError, std::system_error.
bool changes_key(const SlotFolder& folder, std::string_view key);

}  // namespace questclient::buffer
