// Which rows of the frames in the slot lie in the dead letters and must not be sent again.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/delivery.hpp"

namespace questclient::sender {

/// Kept for this process only: a row that a later process sends again is rejected and buried again under the
/// same key.
class BuriedRows {
 public:
  /// `rows_in_frame`: all rows of frame `fsn`.
  void add(base::Fsn fsn, std::uint32_t first_row, std::uint32_t rows, std::uint32_t rows_in_frame);

  /// The first position at or after `from` that is not buried.
  base::StreamPosition skip(base::StreamPosition from) const;
  /// The first buried row of frame `fsn` at or after `row`; `none` when there is none.
  std::uint32_t next_buried(base::Fsn fsn, std::uint32_t row, std::uint32_t none) const;

  void forget_below(base::Fsn fsn) { frames_.erase(frames_.begin(), frames_.lower_bound(fsn)); }

 private:
  struct Range {
    std::uint32_t begin;
    std::uint32_t end;
  };
  struct Frame {
    std::uint32_t rows = 0;
    std::vector<Range> buried;  ///< In order, apart from each other.
  };
  std::map<base::Fsn, Frame> frames_;
};

}  // namespace questclient::sender
