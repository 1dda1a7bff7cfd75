#include "buffer/read_marks.hpp"

#include <iterator>

namespace questclient::buffer {

void ReadMarks::note(base::Fsn fsn, Mark mark) {
  last_fsn_ = fsn;
  last_ = mark;
  const auto behind = marks_.lower_bound(fsn);
  if (behind != marks_.begin() && fsn - std::prev(behind)->first < distance_) return;
  marks_[fsn] = mark;
  if (marks_.size() <= kMax) return;
  distance_ *= 2;
  for (auto at = std::next(marks_.begin()); at != marks_.end() && std::next(at) != marks_.end(); ++at)
    at = marks_.erase(at);
}

std::optional<ReadMarks::Mark> ReadMarks::find(base::Fsn fsn) const {
  if (fsn == last_fsn_) return last_;
  const auto found = marks_.find(fsn);
  if (found == marks_.end()) return std::nullopt;
  return found->second;
}

std::optional<ReadMarks::Mark> ReadMarks::find_at_or_below(base::Fsn fsn) const {
  const auto behind = marks_.upper_bound(fsn);
  if (behind == marks_.begin()) return std::nullopt;
  return std::prev(behind)->second;
}

void ReadMarks::drop_below(base::Fsn below) {
  const auto behind = marks_.upper_bound(below);
  if (behind != marks_.begin()) marks_.erase(marks_.begin(), std::prev(behind));
  if (marks_.size() < 2) distance_ = 1;
}

}  // namespace questclient::buffer
