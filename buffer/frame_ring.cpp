#include "buffer/frame_ring.hpp"

#include <utility>

namespace questclient::buffer {

std::uint64_t FrameRing::cost(const base::Frame& frame) {
  return frame.payload.size() + frame.row_lengths.size() * sizeof(std::uint32_t) + sizeof(base::Frame);
}

void FrameRing::push(base::FramePtr frame) {
  bytes_ += cost(*frame);
  rows_ += frame->rows();
  frames_.push_back(std::move(frame));
  while (!frames_.empty() && bytes_ > max_bytes_) drop_oldest();
}

void FrameRing::drop_below(base::Fsn below) {
  while (!frames_.empty() && frames_.front()->fsn < below) drop_oldest();
}

void FrameRing::drop_oldest() {
  bytes_ -= cost(*frames_.front());
  rows_ -= frames_.front()->rows();
  frames_.pop_front();
}

std::vector<base::FramePtr> FrameRing::read(base::Fsn from, std::size_t max_bytes,
                                            std::size_t max_frames) const {
  std::vector<base::FramePtr> taken;
  std::size_t bytes = 0;
  for (std::size_t at = from - frames_.front()->fsn; at < frames_.size(); ++at) {
    const base::FramePtr& frame = frames_[at];
    if (!taken.empty() && (taken.size() >= max_frames || bytes + frame->payload.size() > max_bytes ||
                           frame->stream != taken.front()->stream))
      break;
    bytes += frame->payload.size();
    taken.push_back(frame);
  }
  return taken;
}

std::uint64_t FrameRing::rows_from(base::Fsn from) const {
  std::uint64_t rows = rows_;
  for (std::size_t at = 0; frames_[at]->fsn < from; ++at) rows -= frames_[at]->rows();
  return rows;
}

}  // namespace questclient::buffer
