#include "sender/drain_limit.hpp"

#include <algorithm>
#include <cmath>

namespace questclient::sender {
namespace {

constexpr double kBurstSeconds = 0.25;
constexpr double kNanosPerSecond = 1e9;

}  // namespace

DrainLimit::DrainLimit(std::uint64_t bytes_per_second) : rate_(static_cast<double>(bytes_per_second)) {}

// Before the first frame was sent nothing is known: such live frames bring nothing, and cost nothing.
double DrainLimit::mean_live_frame() const {
  return sent_frames_ == 0 ? 0 : sent_bytes_ / static_cast<double>(sent_frames_);
}

void DrainLimit::connected(base::Fsn end, base::Time now) {
  live_from_ = end_ = end;
  level_ = 0;
  filled_at_ = now;
  credited_bytes_ = 0;
  credited_frames_ = 0;
}

void DrainLimit::appended(base::Fsn end) {
  if (end <= end_) return;
  const std::uint64_t frames = end - end_;
  end_ = end;
  const double bytes = mean_live_frame() * static_cast<double>(frames);
  credited_bytes_ += bytes;
  credited_frames_ += frames;
  level_ += bytes;
}

bool DrainLimit::may_send(base::Time now) {
  if (rate_ == 0) return true;
  const double seconds = static_cast<double>((now - filled_at_).count()) / kNanosPerSecond;
  filled_at_ = std::max(filled_at_, now);
  const double most = credited_bytes_ + rate_ * kBurstSeconds;
  level_ = std::max(level_, std::min(most, level_ + std::max(seconds, 0.0) * rate_));
  return level_ >= -0.5;  // what rounding leaves of a byte
}

base::Time DrainLimit::next_at() const {
  if (rate_ == 0 || level_ >= 0) return filled_at_;
  return filled_at_ + base::Time(static_cast<std::int64_t>(std::ceil(-level_ / rate_ * kNanosPerSecond)));
}

void DrainLimit::sent(std::span<const base::FramePart> parts) {
  for (const base::FramePart& part : parts) {
    const auto bytes = static_cast<double>(part.bytes);
    sent_bytes_ += bytes;
    if (part.last) ++sent_frames_;
    if (part.fsn < live_from_) {
      level_ -= bytes;
    } else if (part.last && credited_frames_ > 0) {
      const double charge = credited_bytes_ / static_cast<double>(credited_frames_);
      credited_bytes_ -= charge;
      --credited_frames_;
      level_ -= charge;
    }
  }
}

std::size_t DrainLimit::max_request_bytes(std::size_t otherwise) const {
  if (rate_ == 0) return otherwise;
  return std::min(otherwise, static_cast<std::size_t>(std::max({1.0, level_, rate_ * kBurstSeconds})));
}

}  // namespace questclient::sender
