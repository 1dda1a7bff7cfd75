// One request's worth of rows, cut out of the frames of one stream.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/frame.hpp"
#include "base/shared_bytes.hpp"
#include "sender/buried_rows.hpp"

namespace questclient::sender {

struct BatchLimits {
  std::size_t join_bytes = 1 << 20;  ///< Whole frames are joined up to this; one may be larger.
  std::size_t cut_bytes = std::numeric_limits<std::size_t>::max();  ///< Frames are cut at this; one row may
                                                                    ///< be larger.
  std::uint32_t rows = std::numeric_limits<std::uint32_t>::max();
  /// Rows must follow one another, as a stream's token demands. Otherwise buried rows are left out in
  /// between.
  bool contiguous = true;
};

struct Batch {
  base::StreamHeader stream;
  std::vector<base::FramePart> parts;
  base::SharedBytes body;  ///< A part of one frame is not copied.
  std::uint32_t rows = 0;

  bool empty() const { return parts.empty(); }
  base::StreamPosition begin() const { return parts.front().begin(); }
  base::StreamPosition end() const { return parts.back().end(); }
  /// Where row `index` of the body comes from. REQUIRES: index < rows.
  base::StreamPosition row(std::uint32_t index) const;
};

/// The rows at and after `from` that are not buried. Empty when `frames` hold none.
/// REQUIRES: `frames` are of one stream, numbered without a gap.
Batch make_batch(std::span<const base::FramePtr> frames, base::StreamPosition from, const BuriedRows& buried,
                 const BatchLimits& limits);

/// The bytes of one row of a frame. REQUIRES: row < frame.rows().
std::string_view row_bytes(const base::Frame& frame, std::uint32_t row);

}  // namespace questclient::sender
