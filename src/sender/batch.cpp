#include "sender/batch.hpp"

#include <algorithm>
#include <numeric>

namespace questclient::sender {
namespace {

std::size_t offset_of(const base::Frame& frame, std::uint32_t row) {
  return std::accumulate(frame.row_lengths.begin(), frame.row_lengths.begin() + row, std::size_t{0});
}

/// Adds rows until a limit is met.
class BatchBuilder {
 public:
  BatchBuilder(const BuriedRows& buried, const BatchLimits& limits) : buried_(buried), limits_(limits) {}

  /// False: the batch ends here.
  bool add_frame(const base::FramePtr& shared, std::uint32_t row) {
    const base::Frame& frame = *shared;
    if (!batch_.empty() && bytes_ + frame.payload.size() > limits_.join_bytes) return false;
    std::size_t offset = offset_of(frame, row);
    while (true) {
      row = skip_buried(frame, row, offset);
      if (row >= frame.rows()) return true;
      if (!may_append({frame.fsn, row})) return false;
      const std::uint32_t taken = add_rows(shared, row, offset);
      if (taken == 0) return false;
      row += taken;
      if (row < frame.rows() && buried_.next_buried(frame.fsn, row, frame.rows()) != row) return false;
    }
  }
  Batch take() {
    if (pieces_.size() == 1) {
      batch_.body = pieces_.front();
    } else {
      std::string joined;
      joined.reserve(bytes_);
      for (const base::SharedBytes& piece : pieces_) joined += piece.view();
      batch_.body = std::move(joined);
    }
    return std::move(batch_);
  }

 private:
  std::uint32_t skip_buried(const base::Frame& frame, std::uint32_t row, std::size_t& offset) const {
    const base::StreamPosition next = buried_.skip({frame.fsn, row});
    const std::uint32_t end = next.fsn == frame.fsn ? next.row : frame.rows();
    for (; row < end; ++row) offset += frame.row_lengths[row];
    return row;
  }
  bool may_append(base::StreamPosition at) const {
    if (batch_.empty()) return true;
    return batch_.parts.size() < base::kMaxPartsPerRequest && (!limits_.contiguous || batch_.end() == at);
  }
  std::uint32_t add_rows(const base::FramePtr& shared, std::uint32_t first, std::size_t& offset) {
    const base::Frame& frame = *shared;
    const std::uint32_t stop = buried_.next_buried(frame.fsn, first, frame.rows());
    std::uint32_t row = first;
    std::size_t bytes = 0;
    for (; row < stop && batch_.rows + (row - first) < limits_.rows; ++row) {
      const std::size_t with_row = bytes_ + bytes + frame.row_lengths[row];
      if (with_row > limits_.cut_bytes && bytes_ + bytes > 0) break;
      bytes += frame.row_lengths[row];
    }
    if (row == first) return 0;
    pieces_.emplace_back(shared, std::string_view(frame.payload).substr(offset, bytes));
    bytes_ += bytes;
    batch_.parts.push_back({frame.fsn, first, row - first, bytes, row == frame.rows()});
    batch_.rows += row - first;
    offset += bytes;
    return row - first;
  }

  const BuriedRows& buried_;
  const BatchLimits& limits_;
  Batch batch_;  ///< Its body is what the pieces are.
  std::vector<base::SharedBytes> pieces_;
  std::size_t bytes_ = 0;
};

}  // namespace

base::StreamPosition Batch::row(std::uint32_t index) const {
  for (const base::FramePart& part : parts) {
    if (index < part.rows) return {part.fsn, part.first_row + index};
    index -= part.rows;
  }
  return end();
}

Batch make_batch(std::span<const base::FramePtr> frames, base::StreamPosition from, const BuriedRows& buried,
                 const BatchLimits& limits) {
  BatchBuilder builder(buried, limits);
  for (const base::FramePtr& frame : frames) {
    if (frame->fsn < from.fsn) continue;
    const std::uint32_t row = frame->fsn == from.fsn ? std::min(from.row, frame->rows()) : 0;
    if (!builder.add_frame(frame, row)) break;
  }
  Batch batch = builder.take();
  if (!batch.empty()) batch.stream = {frames.front()->stream, frames.front()->stream_first};
  return batch;
}

std::string_view row_bytes(const base::Frame& frame, std::uint32_t row) {
  return std::string_view(frame.payload).substr(offset_of(frame, row), frame.row_lengths[row]);
}

}  // namespace questclient::sender
