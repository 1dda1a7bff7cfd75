// Rows that the slot's own thread appends: for those who must not wait.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include <questclient/line_buffer.hpp>

#include "buffer/slot.hpp"

namespace questclient::sender {

/// Thread-safe. Its memory is bounded by the slot's queue of later appends (SlotOptions::max_memory_bytes):
/// once for the slot's copy and once for the rows that may have to be given back.
class LaterAppends {
 public:
  /// The frame's number and no rows, or the failure and the rows. Called under no lock.
  using Done = std::function<void(const buffer::Appended&, LineBuffer)>;
  using DoneForGood = std::function<void(buffer::Fsn, std::size_t rows, std::size_t bytes)>;

  /// `on_settled`: something ended, unfinished() may have become 0.
  LaterAppends(buffer::Slot& slot, std::function<void()> on_settled)
      : slot_(slot), on_settled_(std::move(on_settled)) {}

  /// Takes the rows out of `buffer`. False: there is no room, and nothing was taken. Else `done` is called
  /// exactly once. Throws what Slot::append_later throws.
  bool append(LineBuffer& buffer, Done done);
  /// The same, but rows that a disk refuses stay in the slot's queue until they are in the slot, which `done`
  /// tells, or the slot is closed. `automatic`: as in buffer::AppendRows.
  bool append_for_good(LineBuffer& buffer, bool automatic, DoneForGood done);

  /// Appends that have not ended.
  std::size_t unfinished() const { return unfinished_; }
  /// Rows of append_for_good() that closing the slot has cost.
  std::uint64_t rows_given_up() const { return rows_given_up_; }

 private:
  struct Manner {
    bool for_good = false;
    bool automatic = false;
  };
  bool start(const LineBuffer& rows, Manner manner, std::function<void(buffer::Appended)> done);
  void settle_one();

  buffer::Slot& slot_;
  const std::function<void()> on_settled_;
  std::atomic<std::size_t> unfinished_{0};
  std::atomic<std::uint64_t> rows_given_up_{0};
};

}  // namespace questclient::sender
