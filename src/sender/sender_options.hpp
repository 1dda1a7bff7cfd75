// What a sender's options mean to its parts.
#pragma once

#include <questclient/line_buffer.hpp>
#include <questclient/options.hpp>

#include "buffer/slot.hpp"
#include "sender/core.hpp"

namespace questclient::sender {

LineBuffer::Options buffer_options(const Options& options);

/// Reads the key, if one is set. Throws Error{slot_key}: it cannot be read, or is none.
buffer::SlotOptions slot_options(const Options& options);

CoreOptions core_options(const Options& options, bool asks_for_tokens);

}  // namespace questclient::sender
