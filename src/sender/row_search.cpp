#include "sender/row_search.hpp"

#include <algorithm>

namespace questclient::sender {
namespace {

/// More rows than a request ever holds.
constexpr std::uint32_t kNoLimit = std::uint32_t{1} << 24;

}  // namespace

void RowSearch::refused(base::StreamPosition begin, base::StreamPosition end, std::uint32_t rows) {
  begin_ = begin;
  end_ = end;
  half_ = rows / 2;
}

void RowSearch::removed(std::uint32_t rows) {
  half_ = 0;
  if (accepted_rows_ < refused_rows_) crowd_limit_ = std::max<std::uint32_t>(rows / 2, 1);
  refused_rows_ = rows;
  accepted_rows_ = 0;
}

void RowSearch::accepted(std::uint32_t rows, base::StreamPosition cursor) {
  accepted_rows_ += rows;
  // A request that ended elsewhere than at the limit says nothing on it.
  if (rows >= crowd_limit_) crowd_limit_ = crowd_limit_ < kNoLimit ? crowd_limit_ * 2 : 0;
  if (half_ == 0 || cursor <= begin_) return;
  begin_ = cursor;
  // The first half was fine, so the bad row is in the other one.
  half_ = cursor < end_ ? std::max<std::uint32_t>(half_ / 2, 1) : 0;
}

std::uint32_t RowSearch::limit(base::StreamPosition cursor) const {
  // The cursor may have stepped back over a failover: what lies before has nothing to do with the search.
  const bool is_searched = half_ > 0 && begin_ <= cursor && cursor < end_;
  if (!is_searched) return crowd_limit_;
  return crowd_limit_ > 0 ? std::min(half_, crowd_limit_) : half_;
}

}  // namespace questclient::sender
