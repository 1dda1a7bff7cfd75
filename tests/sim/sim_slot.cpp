#include "sim/sim_slot.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace questclient::sim {

void SimSlot::open() {
  if (world_.bug == Bug::reuse_stream && !stream_.is_nil()) return;
  stream_ = base::Uuid::random(world_.random);
  stream_first_ = end_;
}

base::Fsn SimSlot::append(std::string payload, std::vector<std::uint32_t> row_lengths,
                          std::vector<std::uint64_t> row_ids) {
  auto frame = std::make_shared<base::Frame>();
  frame->fsn = end_;
  frame->stream = stream_;
  frame->stream_first = stream_first_;
  frame->payload = std::move(payload);
  frame->row_lengths = std::move(row_lengths);
  frames_.emplace(end_, Held{std::move(frame), std::move(row_ids), false});
  return end_++;
}

void SimSlot::sync() {
  for (auto& [fsn, held] : frames_) held.synced = true;
}

std::vector<std::uint64_t> SimSlot::power_cut() {
  std::vector<std::uint64_t> lost;
  while (!frames_.empty() && !frames_.rbegin()->second.synced) {
    const auto last = std::prev(frames_.end());
    lost.insert(lost.end(), last->second.row_ids.begin(), last->second.row_ids.end());
    end_ = last->first;  // the numbers are free again: nothing on the disk remembers them
    frames_.erase(last);
  }
  return lost;
}

std::vector<base::FramePtr> SimSlot::read(base::Fsn from, std::size_t max_bytes, std::size_t max_frames) {
  std::vector<base::FramePtr> found;
  std::size_t bytes = 0;
  for (auto at = frames_.lower_bound(from); at != frames_.end() && found.size() < max_frames; ++at) {
    const base::FramePtr& frame = at->second.frame;
    if (!found.empty()) {
      const bool follows = frame->stream == found.back()->stream && frame->fsn == found.back()->fsn + 1;
      if (!follows || bytes + frame->payload.size() > max_bytes) break;
    }
    bytes += frame->payload.size();
    found.push_back(frame);
  }
  return found;
}

void SimSlot::trim(base::Fsn below) {
  while (!frames_.empty() && frames_.begin()->first < below) {
    const auto& ids = frames_.begin()->second.row_ids;
    released_.insert(ids.begin(), ids.end());
    gone_[frames_.begin()->first] = ids;
    frames_.erase(frames_.begin());
  }
}

std::uint64_t SimSlot::row_id(base::Fsn fsn, std::uint32_t row) const {
  const auto held = frames_.find(fsn);
  if (held != frames_.end()) return held->second.row_ids.at(row);
  const auto gone = gone_.find(fsn);
  if (gone == gone_.end()) throw Violation("a row is given up whose frame was never in the slot");
  return gone->second.at(row);
}

void SimSlot::bury(const buffer::DeadLetter& letter) {
  for (std::uint32_t row = letter.first_row; row < letter.first_row + letter.rows; ++row) {
    buried_.insert(row_id(letter.fsn, row));
  }
}

void SimSlot::lose_one() {
  std::vector<base::Fsn> candidates;
  for (auto at = frames_.begin(); at != frames_.end(); ++at) {
    const auto next = std::next(at);
    if (next != frames_.end() && next->second.frame->stream == at->second.frame->stream)
      candidates.push_back(at->first);
  }
  if (candidates.empty()) return;
  const auto chosen = frames_.find(candidates[world_.random.below(candidates.size())]);
  world_.count("frame lost by the client's disk");
  lost_.insert(chosen->second.row_ids.begin(), chosen->second.row_ids.end());
  gone_[chosen->first] = chosen->second.row_ids;
  frames_.erase(chosen);
}

std::vector<std::uint64_t> SimSlot::row_ids(base::Fsn fsn, std::uint32_t row) const {
  const auto held = frames_.find(fsn);
  const auto gone = gone_.find(fsn);
  if (held == frames_.end() && gone == gone_.end()) return {};
  const auto& ids = held != frames_.end() ? held->second.row_ids : gone->second;
  return {ids.begin() + std::min<std::ptrdiff_t>(row, std::ssize(ids)), ids.end()};
}

SimSlot::Dropped SimSlot::drop_oldest(std::size_t keep) {
  Dropped dropped;
  dropped.first = frames_.begin()->first;
  while (frames_.size() > keep) {
    const auto oldest = frames_.begin();
    dropped.end = oldest->first + 1;
    const auto& ids = oldest->second.row_ids;
    dropped.row_ids.insert(dropped.row_ids.end(), ids.begin(), ids.end());
    gone_[oldest->first] = ids;
    frames_.erase(oldest);
  }
  return dropped;
}

}  // namespace questclient::sim
