#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/frame.hpp"

namespace questclient::buffer {

/// The newest frames of a slot, in memory, up to a number of bytes. Not thread-safe.
/// Invariant: the frames are numbered without a gap and end with the newest.
class FrameRing {
 public:
  explicit FrameRing(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  /// What a frame occupies in memory.
  static std::uint64_t cost(const base::Frame& frame);

  /// REQUIRES: follows the last frame by number.
  void push(base::FramePtr frame);
  void drop_below(base::Fsn below);

  bool empty() const { return frames_.empty(); }
  bool holds(base::Fsn fsn) const {
    return !frames_.empty() && fsn >= frames_.front()->fsn && fsn <= frames_.back()->fsn;
  }
  /// REQUIRES: holds(from). As FrameStore::read.
  std::vector<base::FramePtr> read(base::Fsn from, std::size_t max_bytes, std::size_t max_frames) const;
  /// Rows of the frames numbered `from` and higher. REQUIRES: holds(from).
  std::uint64_t rows_from(base::Fsn from) const;
  std::uint64_t bytes() const { return bytes_; }

 private:
  void drop_oldest();

  std::uint64_t max_bytes_;
  std::uint64_t bytes_ = 0;
  std::uint64_t rows_ = 0;
  std::deque<base::FramePtr> frames_;
};

}  // namespace questclient::buffer
