#include "sender/poison.hpp"

#include <algorithm>

namespace questclient::sender {

void Poison::count_from_here(base::Time now) {
  refusals_ = 0;
  since_ = now;
}

Poison::Verdict Poison::refused(base::StreamPosition begin, base::StreamPosition end, std::uint32_t rows,
                                base::Time now) {
  if (refusals_ == 0 || begin != begin_) {
    if (begin >= suspect_end_ || begin < begin_) row_limit_ = 0;
    begin_ = begin;
    count_from_here(now);
  }
  ++refusals_;
  const bool often_and_long = refusals_ >= max_refusals_ && now - since_ >= window_;
  if (rows == 1) return often_and_long ? Verdict::convicted : Verdict::retry;
  // Once the rows are suspected each half that fails is halved at once; only the last row is given time
  // again.
  if (row_limit_ == 0 && !often_and_long) return Verdict::retry;
  row_limit_ = std::max<std::uint32_t>(rows / 2, 1);
  suspect_end_ = end;
  count_from_here(now);
  ++refusals_;
  return Verdict::retry;
}

void Poison::passed(base::StreamPosition cursor) {
  if ((refusals_ == 0 && row_limit_ == 0) || cursor <= begin_) return;
  refusals_ = 0;
  begin_ = cursor;
  // The first half was fine, so what they look for is in the other one.
  if (row_limit_ > 0) row_limit_ = cursor < suspect_end_ ? std::max<std::uint32_t>(row_limit_ / 2, 1) : 0;
}

}  // namespace questclient::sender
