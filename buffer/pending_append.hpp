// An append on its way into the slot: checked, copied and checksummed outside every lock.
#pragma once

#include <exception>
#include <span>
#include <string_view>

#include "buffer/segment.hpp"

namespace questclient::buffer {

struct PendingAppend {
  StoredFrame stored;
  std::uint64_t cost = 0;  ///< Upper estimate of its bytes on disk.
  bool done = false;
  std::exception_ptr failure;
};

/// Throws Error{invalid_value} when there is no row or the lengths do not add up to the payload.
void check_rows(std::string_view payload, std::span<const std::uint32_t> row_lengths);

/// REQUIRES: check_rows passes, else throws as it does.
PendingAppend prepare_append(std::string_view payload, std::span<const std::uint32_t> row_lengths,
                             std::int64_t wall_nanos);

}  // namespace questclient::buffer
