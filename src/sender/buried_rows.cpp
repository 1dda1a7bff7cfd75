#include "sender/buried_rows.hpp"

#include <algorithm>

namespace questclient::sender {

void BuriedRows::add(base::Fsn fsn, std::uint32_t first_row, std::uint32_t rows,
                     std::uint32_t rows_in_frame) {
  Frame& frame = frames_[fsn];
  frame.rows = rows_in_frame;
  Range added{first_row, first_row + rows};
  std::vector<Range> merged;
  for (const Range& range : frame.buried) {
    if (range.end < added.begin || range.begin > added.end) {
      merged.push_back(range);
    } else {
      added = {std::min(added.begin, range.begin), std::max(added.end, range.end)};
    }
  }
  merged.push_back(added);
  std::sort(merged.begin(), merged.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  frame.buried = std::move(merged);
}

base::StreamPosition BuriedRows::skip(base::StreamPosition from) const {
  for (auto found = frames_.find(from.fsn); found != frames_.end(); found = frames_.find(from.fsn)) {
    const Frame& frame = found->second;
    for (const Range& range : frame.buried) {
      if (range.begin <= from.row && from.row < range.end) from.row = range.end;
    }
    if (from.row < frame.rows) return from;
    from = {from.fsn + 1, 0};
  }
  return from;
}

std::uint32_t BuriedRows::next_buried(base::Fsn fsn, std::uint32_t row, std::uint32_t none) const {
  const auto found = frames_.find(fsn);
  if (found == frames_.end()) return none;
  for (const Range& range : found->second.buried) {
    if (range.end > row) return std::max(range.begin, row);
  }
  return none;
}

}  // namespace questclient::sender
