// Rows that the slot's own thread appends: for those who must not wait.
#pragma once

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <questclient/events.hpp>
#include <questclient/line_buffer.hpp>

#include "buffer/slot.hpp"

namespace questclient::sender {

/// Thread-safe. Its memory is bounded by the slot's queue of later appends (SlotOptions::max_memory_bytes):
/// once for the slot's copy and once for the rows as they may have to be given back.
class LaterAppends {
 public:
  /// The frame's number and no rows, or the failure and the rows. Called under no lock.
  using Done = std::function<void(const buffer::Appended&, LineBuffer)>;

  struct Callbacks {
    /// Rows that were promised to be kept could not be appended: retry() is to be called after a while.
    std::function<void(const std::exception_ptr&)> on_held;
    /// Something ended: unfinished() may have become 0.
    std::function<void()> on_settled;
  };

  LaterAppends(buffer::Slot& slot, Callbacks callbacks) : slot_(slot), callbacks_(std::move(callbacks)) {}

  /// Takes the rows out of `buffer`. False: there is no room, and nothing was taken. Else `done` is called
  /// exactly once. Throws what Slot::append_later throws.
  bool append(LineBuffer& buffer, Done done);
  /// The same, but rows that fail are kept here and tried again, before any others are taken. `done` is
  /// called when they are in the slot.
  bool append_for_good(LineBuffer& buffer,
                       std::function<void(Fsn, std::size_t rows, std::size_t bytes)> done);

  /// Gives what is held to the slot's thread again. True: all of it was taken. Never waits.
  bool retry();
  /// Appends what is held, in order, and waits for it. Throws what Slot::append throws; the rest stays held.
  void append_held();
  /// Gives up what is held; returns how many rows that were.
  std::size_t drop_held();
  bool holds() const;
  /// Appends that have not ended, those that are held included.
  std::size_t unfinished() const;

 private:
  struct Held {
    LineBuffer rows;
    std::function<void(Fsn, std::size_t, std::size_t)> done;
  };
  bool give(std::shared_ptr<Held> held);
  bool start(const LineBuffer& rows, std::function<void(buffer::Appended)> done);
  void settle_one();

  buffer::Slot& slot_;
  const Callbacks callbacks_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<Held>> held_;
  std::size_t under_way_ = 0;
  std::mutex retrying_;  // one retry at a time, so that the order stays
};

}  // namespace questclient::sender
