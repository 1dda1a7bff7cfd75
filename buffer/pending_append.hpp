// An append on its way into the slot: checked, copied and checksummed outside every lock.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <span>
#include <string_view>

#include "buffer/segment.hpp"
#include "buffer/slot.hpp"

namespace questclient::buffer {

struct PendingAppend {
  StoredFrame stored;      ///< Without a frame: a position alone.
  std::uint64_t cost = 0;  ///< Upper estimate of its bytes on disk.
  bool automatic = false;
  bool for_good = false;                           ///< Only closing sets a deadline.
  std::chrono::steady_clock::time_point deadline;  ///< Failures are not retried beyond it.
  std::function<void(Appended)> later;             ///< Of append_later; else the appender waits.
  bool done = false;
  Fsn fsn = 0;
  std::exception_ptr failure;

  std::size_t payload_bytes() const { return stored.frame ? stored.frame->payload.size() : 0; }
};

/// Throws Error{invalid_value} when there is no row or the lengths do not add up to the payload.
void check_rows(std::string_view payload, std::span<const std::uint32_t> row_lengths);
/// Throws Error{invalid_value}: as check_rows, but a position needs no rows; or the position is too long.
void check_append(const AppendRows& rows);
void check_append(const LaterRows& rows);

/// What is stored of the rows. REQUIRES: check_append passes. `payload` and `row_lengths` are taken over.
PendingAppend prepare_append(std::string payload, std::vector<std::uint32_t> row_lengths,
                             std::optional<std::string> position, std::int64_t wall_nanos);

}  // namespace questclient::buffer
