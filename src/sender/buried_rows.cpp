#include "sender/buried_rows.hpp"

#include <algorithm>

namespace questclient::sender {

void BuriedRows::add(base::Fsn fsn, std::uint32_t first_row, std::uint32_t rows,
                     std::uint32_t rows_in_frame) {
  const std::uint32_t end = first_row + rows;
  add({{fsn, first_row},
       end < rows_in_frame ? base::StreamPosition{fsn, end} : base::StreamPosition{fsn + 1, 0}});
}

void BuriedRows::add(Range added) {
  auto next = ends_.upper_bound(added.from);
  if (next != ends_.begin() && std::prev(next)->second >= added.from) --next;
  while (next != ends_.end() && next->first <= added.to) {
    added.from = std::min(added.from, next->first);
    added.to = std::max(added.to, next->second);
    next = ends_.erase(next);
  }
  ends_.emplace(added.from, added.to);
}

base::StreamPosition BuriedRows::skip(base::StreamPosition from) const {
  const auto behind = ends_.upper_bound(from);
  if (behind == ends_.begin()) return from;
  return std::max(from, std::prev(behind)->second);
}

std::uint32_t BuriedRows::next_buried(base::Fsn fsn, std::uint32_t row, std::uint32_t none) const {
  const base::StreamPosition from{fsn, row};
  if (skip(from) != from) return row;
  const auto next = ends_.lower_bound(from);
  return next != ends_.end() && next->first.fsn == fsn ? next->first.row : none;
}

std::vector<BuriedRows::Range> BuriedRows::below(base::StreamPosition end) const {
  std::vector<Range> found;
  for (auto range = ends_.begin(); range != ends_.end() && range->first < end; ++range) {
    found.push_back({range->first, std::min(range->second, end)});
  }
  return found;
}

void BuriedRows::forget_below(base::Fsn fsn) {
  const base::StreamPosition begin{fsn, 0};
  const auto kept = ends_.lower_bound(begin);
  if (kept != ends_.begin() && begin < std::prev(kept)->second) ends_.emplace(begin, std::prev(kept)->second);
  ends_.erase(ends_.begin(), ends_.lower_bound(begin));
}

}  // namespace questclient::sender
