#include "buffer/memory_slot.hpp"

#include <algorithm>
#include <utility>

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

MemorySlot::~MemorySlot() {
  end_appends();
}

void MemorySlot::end_appends() {
  const auto closed = std::make_exception_ptr(
      Error(ErrorCode::slot_full, Disposition::fix_and_resend,
            "The memory for unsent rows was full until the sender was closed: these rows were not appended. "
            "Set sf_dir to keep them on disk."));
  Lock lock(mutex_);
  later_bytes_ = 0;
  const std::deque<Pending> ended = std::exchange(later_, {});
  lock.unlock();
  for (const Pending& pending : ended) pending.done({0, closed});
}

MemorySlot::Pending MemorySlot::prepare(std::string payload, std::vector<std::uint32_t> row_lengths,
                                        std::optional<std::string> position) const {
  Pending pending;
  pending.position = std::move(position);
  if (row_lengths.empty()) return pending;
  pending.frame = std::make_shared<base::Frame>();
  pending.frame->payload = std::move(payload);
  pending.frame->row_lengths = std::move(row_lengths);
  pending.frame->flushed_wall_nanos = clock_.wall_nanos();
  pending.frame->stream = stream_;
  pending.frame->stream_first = 1;
  pending.cost = FrameRing::cost(*pending.frame);
  return pending;
}

Fsn MemorySlot::append(const AppendRows& rows) {
  check_append(rows);
  Pending pending = prepare(std::string(rows.payload), {rows.row_lengths.begin(), rows.row_lengths.end()},
                            rows.position ? std::optional<std::string>(*rows.position) : std::nullopt);
  Lock lock(mutex_);
  wait_for_room(lock, pending.cost);
  const Fsn fsn = take(pending);
  news_.tell(lock);
  return fsn;
}

bool MemorySlot::append_later(LaterRows rows, std::function<void(Appended)> done) {
  check_append(rows);
  Pending pending = prepare(std::move(rows.payload), std::move(rows.row_lengths), std::move(rows.position));
  pending.done = std::move(done);
  Lock lock(mutex_);
  if (pending.cost > options_.max_total_bytes) return false;
  if (later_.empty() && has_room(pending.cost)) {
    const Fsn fsn = take(pending);
    news_.finished(std::move(pending.done), {fsn, nullptr});
    news_.tell(lock);
    return true;
  }
  if (later_bytes_ != 0 && later_bytes_ + pending.cost > options_.max_memory_bytes) return false;
  later_bytes_ += pending.cost;
  later_.push_back(std::move(pending));
  return true;
}

void MemorySlot::wait_for_room(Lock& lock, std::uint64_t cost) {
  if (cost > options_.max_total_bytes)
    throw Error(ErrorCode::slot_full, Disposition::fix_and_resend,
                "A frame of " + std::to_string(cost) + " bytes can never fit into a memory of " +
                    std::to_string(options_.max_total_bytes) +
                    " bytes: flush fewer rows or raise sf_max_total_bytes.");
  const auto may_append = [&] { return later_.empty() && has_room(cost); };
  if (may_append()) return;
  ++counted_.backpressure_stalls;
  const auto began = std::chrono::steady_clock::now();
  const bool made = changed_.wait_for(lock, options_.append_deadline, may_append);
  counted_.backpressure_nanos +=
      static_cast<std::uint64_t>((std::chrono::steady_clock::now() - began) / std::chrono::nanoseconds(1));
  if (made) return;
  throw Error(ErrorCode::slot_full, Disposition::fix_and_resend,
              "The memory for unsent rows is at its quota of " + std::to_string(options_.max_total_bytes) +
                  " bytes and stayed there for " + std::to_string(options_.append_deadline.count()) +
                  " ms: the cluster takes rows too slowly or not at all. Nothing was appended; try again "
                  "later, raise sf_max_total_bytes or set sf_dir.");
}

bool MemorySlot::has_room(std::uint64_t cost) {
  if (!fits(cost) && options_.overflow == SlotOverflow::drop_oldest) drop_oldest(cost);
  return fits(cost);
}

void MemorySlot::drop_oldest(std::uint64_t cost) {
  SlotEvent event;
  event.kind = SlotEvent::Kind::rows_dropped;
  event.first = frames_.front()->fsn;
  while (!frames_.empty() && !fits(cost)) {
    event.rows += frames_.front()->rows();
    event.end = frames_.front()->fsn + 1;
    drop_front();
  }
  counted_.rows_dropped += event.rows;
  event.message = "The memory for unsent rows is at its quota: frames " + std::to_string(event.first) +
                  " to " + std::to_string(event.end - 1) +
                  " were dropped. Raise sf_max_total_bytes, or set sf_overflow=wait to lose nothing.";
  news_.event(std::move(event));
}

void MemorySlot::drop_front() {
  bytes_ -= FrameRing::cost(*frames_.front());
  rows_ -= frames_.front()->rows();
  frames_.pop_front();
}

Fsn MemorySlot::take(Pending& pending) {
  if (pending.position) position_ = std::move(pending.position);
  news_.appended();
  if (!pending.frame) return end_ - 1;
  pending.frame->fsn = end_++;
  bytes_ += pending.cost;
  rows_ += pending.frame->rows();
  frames_.push_back(std::move(pending.frame));
  watch_filling();
  return end_ - 1;
}

void MemorySlot::append_queued() {
  while (!later_.empty() && has_room(later_.front().cost)) {
    Pending pending = std::move(later_.front());
    later_.pop_front();
    later_bytes_ -= pending.cost;
    const Fsn fsn = take(pending);
    news_.finished(std::move(pending.done), {fsn, nullptr});
  }
}

void MemorySlot::watch_filling() {
  news_.watch_filling("The memory for unsent rows holds", bytes_, options_.max_total_bytes);
}

std::optional<std::string> MemorySlot::position() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return position_;
}

void MemorySlot::on_event(std::function<void(const SlotEvent&)> callback) {
  Lock lock(mutex_);
  news_.on_event(lock, std::move(callback));
}

void MemorySlot::on_appended(std::function<void()> callback) {
  const std::lock_guard<std::mutex> lock(mutex_);
  news_.on_appended(std::move(callback));
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
  Lock lock(mutex_);
  while (!frames_.empty() && frames_.front()->fsn < below) drop_front();
  append_queued();
  watch_filling();
  changed_.notify_all();
  news_.tell(lock);
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
  SlotStats stats = counted_;
  stats.first = frames_.empty() ? end_ : frames_.front()->fsn;
  stats.end = end_;
  stats.frames = frames_.size();
  stats.rows = rows_;
  stats.bytes = bytes_;
  stats.memory_bytes = bytes_;
  stats.oldest_wall_nanos = frames_.empty() ? 0 : frames_.front()->flushed_wall_nanos;
  stats.dead_letters = dead_.size();
  stats.dead_letter_bytes = dead_bytes_;
  return stats;
}

}  // namespace questclient::buffer
