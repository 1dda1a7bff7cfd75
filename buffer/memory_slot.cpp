#include "buffer/memory_slot.hpp"

#include <algorithm>

#include <questclient/error.hpp>

#include "buffer/frame_ring.hpp"
#include "buffer/pending_append.hpp"

namespace questclient::buffer {
namespace {

std::uint64_t cost_of(const DeadLetter& letter) {
  return letter.payload.size() + letter.reason.size() + letter.host.size() + sizeof letter;
}

}  // namespace

MemorySlot::MemorySlot(const SlotOptions& options, const base::Clock& clock, base::RandomSource& random)
    : options_(options), clock_(clock), stream_(base::Uuid::random(random)) {}

Fsn MemorySlot::append(const AppendRows& rows) {
  check_rows(rows.payload, rows.row_lengths);
  auto frame = std::make_shared<base::Frame>();
  frame->payload = rows.payload;
  frame->row_lengths.assign(rows.row_lengths.begin(), rows.row_lengths.end());
  frame->flushed_wall_nanos = clock_.wall_nanos();
  frame->stream = stream_;
  frame->stream_first = 1;
  const std::uint64_t cost = FrameRing::cost(*frame);
  if (cost > options_.max_total_bytes)
    throw Error(ErrorCode::slot_full, Disposition::fix_and_resend,
                "A frame of " + std::to_string(cost) + " bytes can never fit into a memory of " +
                    std::to_string(options_.max_total_bytes) +
                    " bytes: flush fewer rows or raise sf_max_total_bytes.");
  std::unique_lock<std::mutex> lock(mutex_);
  const auto fits = [&] { return bytes_ + cost <= options_.max_total_bytes; };
  if (!fits()) {
    ++stalls_;
    if (!changed_.wait_for(lock, options_.append_deadline, fits))
      throw Error(ErrorCode::slot_full, Disposition::fix_and_resend,
                  "The memory for unsent rows is at its quota of " +
                      std::to_string(options_.max_total_bytes) + " bytes and stayed there for " +
                      std::to_string(options_.append_deadline.count()) +
                      " ms: the cluster takes rows too slowly or not at all. Nothing was appended; try again "
                      "later, raise sf_max_total_bytes or set sf_dir.");
  }
  const Fsn fsn = end_++;
  frame->fsn = fsn;
  bytes_ += cost;
  rows_ += frame->rows();
  frames_.push_back(std::move(frame));
  const std::function<void()> callback = callback_;
  lock.unlock();
  if (callback) callback();
  return fsn;
}

void MemorySlot::on_appended(std::function<void()> callback) {
  const std::lock_guard<std::mutex> lock(mutex_);
  callback_ = std::move(callback);
}

std::vector<base::FramePtr> MemorySlot::read(Fsn from, std::size_t max_bytes, std::size_t max_frames) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<base::FramePtr> taken;
  if (frames_.empty()) return taken;
  const Fsn first = frames_.front()->fsn;
  std::size_t bytes = 0;
  for (std::size_t at = std::max(from, first) - first; at < frames_.size(); ++at) {
    const base::FramePtr& frame = frames_[at];
    if (!taken.empty() && (taken.size() >= max_frames || bytes + frame->payload.size() > max_bytes)) break;
    bytes += frame->payload.size();
    taken.push_back(frame);
  }
  return taken;
}

Fsn MemorySlot::end() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return end_;
}

void MemorySlot::trim(Fsn below) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (!frames_.empty() && frames_.front()->fsn < below) {
      bytes_ -= FrameRing::cost(*frames_.front());
      rows_ -= frames_.front()->rows();
      frames_.pop_front();
    }
  }
  changed_.notify_all();
}

void MemorySlot::bury(const DeadLetter& letter) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto same = std::find_if(dead_.begin(), dead_.end(), [&](const DeadLetter& other) {
    return other.stream == letter.stream && other.fsn == letter.fsn && other.first_row == letter.first_row;
  });
  if (same != dead_.end()) {
    dead_bytes_ -= cost_of(*same);
    dead_.erase(same);
  }
  dead_bytes_ += cost_of(letter);
  dead_.push_back(letter);
  if (letter.wall_nanos == 0) dead_.back().wall_nanos = clock_.wall_nanos();
  while (dead_.size() > 1 && dead_bytes_ > kMaxDeadLetterBytes) {
    dead_bytes_ -= cost_of(dead_.front());
    dead_.pop_front();
  }
}

std::vector<DeadLetter> MemorySlot::dead_letters() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {dead_.begin(), dead_.end()};
}

SlotStats MemorySlot::stats() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  SlotStats stats;
  stats.first = frames_.empty() ? end_ : frames_.front()->fsn;
  stats.end = end_;
  stats.frames = frames_.size();
  stats.rows = rows_;
  stats.bytes = bytes_;
  stats.memory_bytes = bytes_;
  stats.backpressure_stalls = stalls_;
  return stats;
}

}  // namespace questclient::buffer
