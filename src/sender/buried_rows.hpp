// Rows that were given up (they lie in the dead letters, or a policy dropped them) and must not be sent
// again.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/delivery.hpp"

namespace questclient::sender {

/// Ranges of positions, apart from each other. Of frames that are still in the slot only those of this
/// process are known: a row that a later process sends again is rejected and buried again under the same key.
class BuriedRows {
 public:
  /// Everything at and after `from` and before `to`.
  struct Range {
    base::StreamPosition from, to;
    bool operator==(const Range&) const = default;
  };

  /// `rows_in_frame`: all rows of frame `fsn`.
  void add(base::Fsn fsn, std::uint32_t first_row, std::uint32_t rows, std::uint32_t rows_in_frame);
  void add(Range added);

  /// The first position at or after `from` that is not buried.
  base::StreamPosition skip(base::StreamPosition from) const;
  /// The first buried row of frame `fsn` at or after `row`; `none` when there is none.
  std::uint32_t next_buried(base::Fsn fsn, std::uint32_t row, std::uint32_t none) const;
  /// What is buried below `end`, in order.
  std::vector<Range> below(base::StreamPosition end) const;

  void forget_below(base::Fsn fsn);

 private:
  std::map<base::StreamPosition, base::StreamPosition> ends_;  ///< By where a range begins.
};

}  // namespace questclient::sender
