// What is known of frames that were read from the disk and are not trimmed yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/delivery.hpp"

namespace questclient::buffer {

/// Not thread-safe. Bounded: where there are too many, marks lie further apart.
class ReadMarks {
 public:
  static constexpr std::size_t kMax = 4096;

  struct Mark {
    std::uint64_t rows_before = 0;  ///< Of all frames below.
    std::int64_t wall_nanos = 0;    ///< When the frame was flushed; 0: not known.
  };

  void note(base::Fsn fsn, Mark mark);
  /// The mark of this frame, if it is still there.
  std::optional<Mark> find(base::Fsn fsn) const;
  /// The mark of this frame, or of the next older one that has one.
  std::optional<Mark> find_at_or_below(base::Fsn fsn) const;
  /// What speaks for `below` stays.
  void drop_below(base::Fsn below);

 private:
  std::map<base::Fsn, Mark> marks_;
  base::Fsn distance_ = 1;  ///< Between two of them, at least.
  /// The last one that was noted is remembered in any case: reading goes on there.
  base::Fsn last_fsn_ = 0;
  Mark last_;
};

}  // namespace questclient::buffer
