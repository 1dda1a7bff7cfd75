// What the sender needs of the buffer. Implemented by a slot on disk, by memory alone, and by the simulation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/delivery.hpp"
#include "base/frame.hpp"

namespace questclient::buffer {

using base::Fsn;

/// One row (or, where the server did not say which, a whole part of a frame) that a server refused.
/// Its key is (stream, fsn, first_row): burying it again replaces it.
struct DeadLetter {
  base::Uuid stream;
  Fsn fsn = 0;
  std::uint32_t first_row = 0;
  std::uint32_t rows = 1;
  std::string payload;  ///< The rows as they were encoded.
  std::string reason;   ///< The server's answer, unchanged.
  std::string host;
  std::int64_t wall_nanos = 0;  ///< When; 0: the slot stamps it.
};

/// The sender's side of a slot: frames in order, from the oldest that is not trimmed. The frames of a slot
/// may stem from several streams, one after the other; after damage there may be numbers missing in between.
/// Thread-safe against appends; the methods themselves belong to the one sender thread.
class FrameStore {
 public:
  virtual ~FrameStore() = default;

  /// The oldest frame with number >= `from` and those that follow it, until `max_bytes` of payload or
  /// `max_frames` are reached (at least one frame if there is any). Empty: nothing there yet. All frames
  /// returned are of the same stream and numbered without a gap: a read ends where either breaks.
  virtual std::vector<base::FramePtr> read(Fsn from, std::size_t max_bytes, std::size_t max_frames) = 0;

  /// The number that the next append gets.
  virtual Fsn end() const = 0;

  /// Frames below `below` are not needed any more. Never fails: what cannot be removed now is removed later.
  virtual void trim(Fsn below) = 0;

  /// Keeps the rows for people to look at and retry. Durable on return. Throws Error{slot_io}.
  virtual void bury(const DeadLetter& letter) = 0;

  /// Keeps a note of the sender's to itself, in place of the one before; a few KiB. Durable on return. Throws
  /// Error{slot_io}. A store that ends with its process keeps none.
  virtual void remember(std::string_view) {}
  /// The newest note, this time or by an earlier process; empty: none. Throws Error{slot_io}.
  virtual std::string remembered() const { return {}; }
};

}  // namespace questclient::buffer
